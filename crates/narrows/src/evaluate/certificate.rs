//! Whether a trained linear model is PCA: its error beside the bound, its decoder's span beside the principal subspace.
//!
//! A linear autoencoder may have the principal subspace and yet none of the principal components: any invertible change
//! of the code leaves its reconstructions as they are (Baldi & Hornik 1989). So the certificate compares subspaces, and
//! recovers the components within the model's own.

use std::fmt;

use faer::{Mat, Side};
use serde::{Deserialize, Serialize};

use super::ReconstructionError;
use crate::model::Autoencoder;
use crate::pca::{Pca, PcaError};

/// The most that a training error may lie above the Eckart–Young bound, as a share of it, for the model to count as PCA:
/// a tenth of a percent is below what seeds make of a converged model.
pub const MAX_EXCESS: f64 = 1e-3;

/// The least mean squared cosine of the principal angles for the model to count as PCA: of the variance that the
/// subspaces may share, at most a hundredth is missed.
pub const MIN_MEAN_SQUARED_COSINE: f64 = 0.99;

/// A bound is 0 if it is less than this share of the variance: f32 cannot reconstruct better.
const NEGLIGIBLE: f64 = 1e-9;

/// A linear model beside exact PCA with as many components as the model's narrowest layer has units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// k: the units of the narrowest layer, and so the most that the rank of decoder∘encoder can be.
    pub components: usize,
    /// The least mean squared error per feature that k components allow on the training set (Eckart & Young 1936).
    pub bound: f64,
    /// The model's mean squared error per feature on the training set.
    pub error: f64,
    /// (error − bound) / bound; where the bound is 0, for all variance can be kept, the error over the variance per feature.
    pub excess: f64,
    /// The principal angles between the decoder's span and the principal subspace, in radians, the smallest first. A
    /// direction that the decoder does not have is a right angle away.
    pub angles: Vec<f64>,
    /// The mean of the squared cosines of the angles: 1 if the subspaces are one, 0 if they are orthogonal.
    pub mean_squared_cosine: f64,
    /// Variances of the training set along the components recovered from the decoder's span, the greatest first.
    pub recovered_variances: Vec<f64>,
    /// Variances along the exact principal components.
    pub exact_variances: Vec<f64>,
    /// Whether `excess` is below [`MAX_EXCESS`] and `mean_squared_cosine` at least [`MIN_MEAN_SQUARED_COSINE`].
    pub is_pca: bool,
    /// The recovered components, unit vectors of one number a feature each, in the order of `recovered_variances`, each
    /// with the sign that brings it nearer to the exact one.
    #[serde(skip)]
    pub recovered_components: Vec<Vec<f64>>,
}

/// A model that is not linear, whose span says nothing about it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CertificateError {
    /// It has an activation.
    #[error("only a linear model can be compared with PCA; this one has activations")]
    NotLinear,
    /// It reads other rows than PCA was fitted to.
    #[error("the model reads rows of {model} numbers, PCA was fitted to rows of {pca}")]
    Features {
        /// What the model reads.
        model: usize,
        /// What PCA was fitted to.
        pca: usize,
    },
    /// PCA of data in which values are missing is of filled data, and no bound for a model that learned around them.
    #[error(
        "{filled} values of the data are missing; PCA takes them for the means of their columns and a model's error leaves \
         them out, so the one is no bound for the other; fill the values to compare them"
    )]
    Missing {
        /// How many values PCA has filled.
        filled: usize,
    },
    /// No decomposition.
    #[error(transparent)]
    Decomposition(#[from] PcaError),
}

impl Certificate {
    /// Compares a linear `model`, whose error on the training set is `train`, with `pca` of that training set.
    ///
    /// With D the decoder's matrix (features, latent), the product of its weights; Q an orthonormal basis of its span;
    /// U the first k principal components as columns; C the covariance:
    ///
    /// - the cosines of the principal angles are the singular values of `QᵀU`, their sines those of `U − Q(QᵀU)`; an angle
    ///   is taken from its sine where that is the smaller of the two, for near 1 a cosine says little about an angle
    ///   (Björck & Golub 1973);
    /// - the recovered components are `Q·V`, with V the eigenvectors of `QᵀCQ` and its eigenvalues their variances.
    ///
    /// # Errors
    /// If the model is not linear, or of other data, or values of the data are missing.
    pub fn of(model: &Autoencoder, pca: &Pca, train: &ReconstructionError) -> Result<Self, CertificateError> {
        let architecture = &model.architecture;
        if !architecture.is_linear() {
            return Err(CertificateError::NotLinear);
        }
        let features = pca.mean.len();
        if architecture.inputs != features {
            return Err(CertificateError::Features { model: architecture.inputs, pca: features });
        }
        if pca.filled > 0 {
            return Err(CertificateError::Missing { filled: pca.filled });
        }
        let narrowest = architecture.hidden.iter().copied().min().unwrap_or(features);
        let components = narrowest.min(features);
        let basis = orthonormal_basis(&decoder_matrix(model));
        let exact = Mat::from_fn(features, components, |feature, k| pca.components[k][feature]);
        let angles = principal_angles(&basis, &exact)?;
        let squared_cosines: f64 = angles.iter().map(|&angle| libm::cos(angle).powi(2)).sum();
        let mean_squared_cosine = squared_cosines / components as f64;
        let (recovered_variances, recovered_components) = recovered(&basis, pca)?;

        let bound = pca.bound(components);
        let variance = pca.bound(0);
        let scale = if bound > NEGLIGIBLE * variance { bound } else { variance };
        let excess = if scale > 0.0 { (train.model_scale - bound) / scale } else { 0.0 };
        Ok(Self {
            components,
            bound,
            error: train.model_scale,
            excess,
            angles,
            mean_squared_cosine,
            recovered_variances,
            exact_variances: pca.variances[..components].to_vec(),
            is_pca: excess < MAX_EXCESS && mean_squared_cosine >= MIN_MEAN_SQUARED_COSINE,
            recovered_components,
        })
    }
}

impl Certificate {
    /// `0.123 %`
    pub fn excess_in_percent(&self) -> String {
        // Adding 0 makes a negative zero positive: exact PCA in f32 may be 1e-8 below the bound.
        format!("{:.3} %", (1e5 * self.excess).round() / 1e3 + 0.0)
    }
}

impl fmt::Display for Certificate {
    /// What follows a model's name: `has found the PCA subspace: …` or `has not found the PCA subspace: …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has = if self.is_pca { "has" } else { "has not" };
        let largest = self.angles.last().copied().unwrap_or(0.0).to_degrees();
        write!(
            f,
            "{has} found the PCA subspace: its training error is {} above the bound of {:.5} for {} components \
             (less than {} % is asked for), and the mean squared cosine between its decoder's span and the principal \
             subspace is {:.4} (at least {MIN_MEAN_SQUARED_COSINE} is asked for); the largest of the {} principal angles \
             is {largest:.1}°",
            self.excess_in_percent(),
            self.bound,
            self.components,
            100.0 * MAX_EXCESS,
            self.mean_squared_cosine,
            self.components,
        )
    }
}

/// The product of the decoder's weights, (features, latent): the linear part of the decoder.
fn decoder_matrix(model: &Autoencoder) -> Mat<f64> {
    let depth = model.architecture.depth();
    let layers = model.architecture.layers();
    let weights = layers.iter().zip(model.parameters.layers()).skip(depth).map(|(layer, (weight, _))| {
        let (inputs, outputs) = (layer.shape.inputs, layer.shape.outputs);
        Mat::from_fn(outputs, inputs, |n, k| f64::from(weight[n * inputs + k]))
    });
    weights.reduce(|product, weight| &weight * &product).expect("a decoder has a layer")
}

/// An orthonormal basis of the span of the columns of `matrix`, as many vectors as its numerical rank.
///
/// The columns are taken in the order of what they add (QR with pivoting); those that add less than rounding are left out.
fn orthonormal_basis(matrix: &Mat<f64>) -> Mat<f64> {
    let decomposition = matrix.col_piv_qr();
    let r = decomposition.thin_R();
    let size = matrix.nrows().min(matrix.ncols());
    let diagonal = |i: usize| r[(i, i)].abs();
    // As `numpy.linalg.matrix_rank` does, in the precision of the weights.
    let negligible = diagonal(0) * f64::from(f32::EPSILON) * matrix.nrows().max(matrix.ncols()) as f64;
    let rank = (0..size).take_while(|&i| diagonal(i) > negligible).count();
    decomposition.compute_thin_Q().subcols(0, rank).to_owned()
}

/// The angles between the spans of two orthonormal bases `q` (features, r) and `u` (features, k), r ≤ k: k of them, the
/// smallest first; those beyond r are right angles.
fn principal_angles(q: &Mat<f64>, u: &Mat<f64>) -> Result<Vec<f64>, PcaError> {
    let right = std::f64::consts::FRAC_PI_2;
    if q.ncols() == 0 {
        return Ok(vec![right; u.ncols()]);
    }
    let common = q.transpose() * u;
    let cosines = common.singular_values().map_err(|_| PcaError::NotConverged)?;
    // What the larger space lacks of the smaller: r columns.
    let lacking = q - u * common.transpose();
    let mut sines = lacking.singular_values().map_err(|_| PcaError::NotConverged)?;
    // Singular values come in descending order, and the largest sine belongs to the smallest cosine.
    sines.reverse();
    let mut angles: Vec<f64> = cosines
        .iter()
        .zip(&sines)
        .map(|(&cosine, &sine)| {
            if cosine * cosine >= 0.5 {
                sine.clamp(0.0, 1.0).asin()
            } else {
                libm::acos(cosine.clamp(0.0, 1.0))
            }
        })
        .collect();
    angles.resize(u.ncols(), right);
    Ok(angles)
}

/// The principal components within the span of `q` (features, r): variances, the greatest first, and unit vectors.
fn recovered(q: &Mat<f64>, pca: &Pca) -> Result<(Vec<f64>, Vec<Vec<f64>>), PcaError> {
    let features = pca.mean.len();
    // QᵀCQ = (QᵀW)·Λ·(QᵀW)ᵀ, with all components W and variances Λ: the covariance itself is not needed any more.
    let all = Mat::from_fn(features, features, |feature, k| pca.components[k][feature]);
    let projected = q.transpose() * &all;
    let scaled = Mat::from_fn(q.ncols(), features, |i, k| projected[(i, k)] * pca.variances[k]);
    let covariance = scaled * projected.transpose();
    let decomposition = covariance.self_adjoint_eigen(Side::Lower).map_err(|_| PcaError::NotConverged)?;
    let vectors = q * decomposition.U();
    // faer lists eigenvalues in ascending order.
    let order = (0..q.ncols()).rev();
    let variances = order.clone().map(|i| decomposition.S().column_vector()[i].max(0.0)).collect();
    let components = order
        .enumerate()
        .map(|(place, i)| {
            let vector: Vec<f64> = vectors.col(i).iter().copied().collect();
            let along: f64 = vector.iter().zip(&pca.components[place]).map(|(a, b)| a * b).sum();
            if along < 0.0 { vector.iter().map(|x| -x).collect() } else { vector }
        })
        .collect();
    Ok((variances, components))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plane of the first two axes, and one whose vectors are turned out of it by two angles.
    fn planes(angles: [f64; 2]) -> [Mat<f64>; 2] {
        let flat = Mat::from_fn(6, 2, |i, j| if i == j { 1.0 } else { 0.0 });
        let turned = Mat::from_fn(6, 2, |i, j| match i {
            _ if i == j => angles[j].cos(),
            _ if i == j + 2 => angles[j].sin(),
            _ => 0.0,
        });
        [flat, turned]
    }

    #[test]
    fn small_angles_come_from_their_sines_and_large_ones_from_their_cosines() {
        let right = std::f64::consts::FRAC_PI_2;
        // The cosine of 1e-9 is 1 in f64, and so is the sine of what is 1e-9 short of a right angle.
        for expected in [[1e-12, 1e-9], [0.3, 1.2], [1e-9, right - 1e-9], [0.0, right]] {
            let [flat, turned] = planes(expected);
            let angles = principal_angles(&turned, &flat).unwrap();
            for (angle, expected) in angles.iter().zip(expected) {
                assert!((angle - expected).abs() <= 1e-15 + 1e-15 * expected, "{angle:e} for {expected:e}");
            }
        }
    }

    #[test]
    fn a_direction_that_is_missing_is_a_right_angle_away() {
        let [flat, turned] = planes([0.1, 0.2]);
        let one = turned.subcols(0, 1).to_owned();
        let angles = principal_angles(&one, &flat).unwrap();
        assert!((angles[0] - 0.1).abs() < 1e-15 && angles[1] == std::f64::consts::FRAC_PI_2, "{angles:?}");
        assert_eq!(principal_angles(&Mat::zeros(6, 0), &flat).unwrap(), [std::f64::consts::FRAC_PI_2; 2]);
    }

    #[test]
    fn a_basis_has_as_many_vectors_as_there_are_directions() {
        // The third column is the sum of the others.
        let matrix = Mat::from_fn(5, 3, |i, j| {
            let column = |j: usize| ((i + 1) as f64).powi(j as i32 + 1);
            if j == 2 { column(0) + column(1) } else { column(j) }
        });
        let basis = orthonormal_basis(&matrix);
        assert_eq!((basis.nrows(), basis.ncols()), (5, 2));
        let gram = basis.transpose() * &basis;
        assert!((gram[(0, 0)] - 1.0).abs() < 1e-14 && gram[(0, 1)].abs() < 1e-14);
        assert_eq!(orthonormal_basis(&Mat::zeros(5, 3)).ncols(), 0);
    }
}
