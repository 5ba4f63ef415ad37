//! Exact principal component analysis: the best that a linear model can do (Eckart & Young 1936).

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, Mat, Par, Side};

use crate::compute::Compute;
use crate::dataset::Samples;
use crate::model::{Architecture, Autoencoder, HiddenActivation, InputSpec, OutputActivation, Parameters};

/// Rows that the covariance takes at a time: in f64, 784 columns of them are 3 MB.
const CHUNK_ROWS: usize = 512;

/// The mean, the principal directions and the variances along them, of normalised data.
#[derive(Clone, Debug)]
pub struct Pca {
    /// Mean of each feature.
    pub mean: Vec<f64>,
    /// Variances along all directions, the greatest first: the eigenvalues of the covariance (divided by n).
    pub variances: Vec<f64>,
    /// Unit vectors in the order of the variances, features each.
    pub components: Vec<Vec<f64>>,
}

/// The decomposition did not converge: the data holds numbers that are not finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the eigenvalues of the covariance cannot be computed; does the data hold NaN or infinite numbers?")]
pub struct PcaError;

impl Pca {
    /// Decomposes the covariance of `samples` (rows × features), in f64.
    ///
    /// # Errors
    /// If the data is not finite.
    pub fn fit(compute: &Compute, samples: &Samples<'_>) -> Result<Self, PcaError> {
        let (rows, features) = (samples.rows(), samples.features);
        let mut mean = vec![0.0; features];
        let mut row = vec![0.0; features.next_multiple_of(16)];
        for index in 0..rows {
            samples.read(compute.level, index, &mut row);
            mean.iter_mut().zip(&row).for_each(|(mean, &x)| *mean += f64::from(x));
        }
        mean.iter_mut().for_each(|mean| *mean /= rows as f64);

        // Centred before it is squared, so that nothing cancels.
        let mut covariance = Mat::<f64>::zeros(features, features);
        let mut centred = Mat::<f64>::zeros(features, CHUNK_ROWS);
        for start in (0..rows).step_by(CHUNK_ROWS) {
            let used = CHUNK_ROWS.min(rows - start);
            for index in 0..used {
                samples.read(compute.level, start + index, &mut row);
                for ((centred, &x), mean) in centred.col_as_slice_mut(index).iter_mut().zip(&row).zip(&mean) {
                    *centred = f64::from(x) - mean;
                }
            }
            let chunk = centred.subcols(0, used);
            matmul(
                covariance.as_mut(),
                BlockStructure::TriangularLower,
                Accum::Add,
                chunk,
                BlockStructure::Rectangular,
                chunk.transpose(),
                BlockStructure::Rectangular,
                1.0 / rows as f64,
                Par::Seq,
            );
        }

        let decomposition = covariance.self_adjoint_eigen(Side::Lower).map_err(|_| PcaError)?;
        let (values, vectors) = (decomposition.S().column_vector(), decomposition.U());
        // faer lists eigenvalues in ascending order.
        let order = (0..features).rev();
        let variances: Vec<f64> = order.clone().map(|i| values[i].max(0.0)).collect();
        if !variances.iter().all(|variance| variance.is_finite()) {
            return Err(PcaError);
        }
        let components = order.map(|i| oriented(vectors.col(i).iter().copied().collect())).collect();
        Ok(Self { mean, variances, components })
    }

    /// The least mean squared error per feature that any linear model with `latent` components has on the data that
    /// was fitted: the sum of the other variances, over the number of features.
    pub fn bound(&self, latent: usize) -> f64 {
        self.variances.iter().skip(latent).sum::<f64>() / self.mean.len() as f64
    }

    /// The share of the variance that `latent` components hold.
    pub fn explained_variance_ratio(&self, latent: usize) -> f64 {
        self.variances.iter().take(latent).sum::<f64>() / self.variances.iter().sum::<f64>()
    }

    /// The linear autoencoder that projects on the first `latent` components: encoder `z = U(x − μ)`,
    /// decoder `x = Uᵀz + μ`, with U (latent, features).
    ///
    /// # Panics
    /// If `latent` is 0 or more than the features.
    pub fn autoencoder(&self, latent: usize, input: InputSpec) -> Autoencoder {
        let features = self.mean.len();
        assert!((1..=features).contains(&latent), "{latent} components of {features}");
        let architecture = Architecture {
            inputs: features,
            hidden: vec![latent],
            activation: HiddenActivation::Identity,
            output: OutputActivation::Linear,
        };
        let mut parameters = Parameters::zeros(&architecture);
        let components = &self.components[..latent];
        let (weight, bias) = parameters.layer_mut(0);
        for ((row, bias), component) in weight.chunks_exact_mut(features).zip(bias).zip(components) {
            row.iter_mut().zip(component).for_each(|(w, &u)| *w = u as f32);
            *bias = -component.iter().zip(&self.mean).map(|(u, mean)| u * mean).sum::<f64>() as f32;
        }
        let (weight, bias) = parameters.layer_mut(1);
        for (feature, (row, bias)) in weight.chunks_exact_mut(latent).zip(bias).enumerate() {
            row.iter_mut().zip(components).for_each(|(w, component)| *w = component[feature] as f32);
            *bias = self.mean[feature] as f32;
        }
        Autoencoder { architecture, parameters, input }
    }
}

/// An eigenvector's sign is arbitrary: its largest entry becomes positive, as scikit-learn does.
fn oriented(mut vector: Vec<f64>) -> Vec<f64> {
    let largest = vector.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
    if largest < 0.0 {
        vector.iter_mut().for_each(|x| *x = -*x);
    }
    vector
}
