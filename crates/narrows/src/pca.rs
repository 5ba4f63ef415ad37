//! Exact principal component analysis: the best that a linear model can do (Eckart & Young 1936).
//!
//! A value that is missing is taken for the mean of its column. So PCA has a value everywhere, but what it minimises is no
//! longer the error over the values that are there, and its bound says nothing about that error.

use faer::{Mat, Side};
use narrows_kernels::layout::{BLOCK_ROWS, Batch, TILE, row_stride};
use narrows_kernels::team::{Bounds, Split};
use narrows_kernels::{Aligned, gram_panel};

use crate::compute::Compute;
use crate::dataset::{DataError, Samples};
use crate::model::{Architecture, Autoencoder, HiddenActivation, InputSpec, OutputActivation, Parameters};

/// Rows that are summed in f32 before they are added up in f64. Of bytes, so many products are below 2²⁴ in all, and
/// the sum is exact; of numbers, its relative error is below 2⁻¹⁶.
const CHUNK_ROWS: usize = 256;

/// Numbers in a panel of columns.
const PANEL: usize = 16;

/// The mean, the principal directions and the variances along them, of normalised data.
#[derive(Clone, Debug)]
pub struct Pca {
    /// Mean of each feature.
    pub mean: Vec<f64>,
    /// Variances along all directions, the greatest first: the eigenvalues of the covariance (divided by n).
    pub variances: Vec<f64>,
    /// Unit vectors in the order of the variances, features each.
    pub components: Vec<Vec<f64>>,
    /// How many values were missing, and taken for the means of their columns.
    pub filled: usize,
}

/// Data that has no principal components.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PcaError {
    /// No rows.
    #[error("the data has no rows, so it has no principal components")]
    NoRows,
    /// The rows could no longer be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Numbers so large that their products are not finite, or codes that are NaN.
    #[error(
        "the covariance of the data is not finite; are there values beyond ±1e18, or has the model diverged?"
    )]
    NotFinite,
    /// The eigenvalues did not converge.
    #[error("the eigenvalues of the covariance did not converge")]
    NotConverged,
}

impl Pca {
    /// Decomposes the covariance of `samples` (rows × features), in f64.
    ///
    /// # Errors
    /// If there are no rows, their covariance is not finite, or a file of rows can no longer be read.
    pub fn fit(compute: &mut Compute, samples: &Samples) -> Result<Self, PcaError> {
        let features = samples.features();
        if samples.rows() == 0 {
            return Err(PcaError::NoRows);
        }
        let (mean, covariance) = covariance(compute, samples)?;
        // Checked here: a NaN among them would become a variance of 0 below.
        let finite = (0..features).all(|k| (k..features).all(|n| covariance[(n, k)].is_finite()));
        if !finite {
            return Err(PcaError::NotFinite);
        }
        let decomposition = covariance.self_adjoint_eigen(Side::Lower).map_err(|_| PcaError::NotConverged)?;
        let (values, vectors) = (decomposition.S().column_vector(), decomposition.U());
        // faer lists eigenvalues in ascending order.
        let order = (0..features).rev();
        let variances: Vec<f64> = order.clone().map(|i| values[i].max(0.0)).collect();
        let components = order.map(|i| oriented(vectors.col(i).iter().copied().collect())).collect();
        let filled = samples.rows() * features - samples.all_present()?;
        Ok(Self { mean, variances, components, filled })
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

/// The mean of each feature, and the lower triangle of the covariance (divided by n).
///
/// Sums are of shifted values, `E[(x − c)(x − c)ᵀ] − (μ − c)(μ − c)ᵀ`, so that little cancels: of bytes p, with x = scale·p +
/// offset, of the bytes themselves, whose sums are exact; of numbers, of their distance from the first row or, where values
/// are missing, from the mean of those that are there, from which a missing value has the distance 0.
pub(crate) fn covariance(
    compute: &mut Compute,
    samples: &Samples,
) -> Result<(Vec<f64>, Mat<f64>), DataError> {
    let (all_rows, features, level) = (samples.rows(), samples.features(), compute.level);
    let panels = features.div_ceil(PANEL);
    let bytes = samples.bytes_affine();
    let shift = match (bytes, samples.has_missing()) {
        (Some(_), _) => vec![0.0; features],
        (None, false) => samples.read_rows(&[0])?,
        (None, true) => samples.moments()?.iter().map(|column| column.mean as f32).collect(),
    };

    let stride = row_stride(features);
    let block_stride = BLOCK_ROWS * stride;
    let mut x = Aligned::zeros(CHUNK_ROWS * stride);
    let block_bounds = Bounds::even(CHUNK_ROWS / BLOCK_ROWS, block_stride);
    // Tiles of panel p with panels 0 to p, panel after panel.
    let panel_bounds = Bounds::new((0..=panels).map(|p| p * (p + 1) / 2 * TILE).collect());
    let sum_bounds = Bounds::even(panels, PANEL);
    let mut products = Aligned::zeros(panels * (panels + 1) / 2 * TILE);
    let mut totals = vec![0.0_f64; products.len()];
    let mut sums = vec![0.0_f64; panels * PANEL];
    samples.for_each_piece(|samples| {
        let rows = samples.rows();
        for start in (0..rows).step_by(CHUNK_ROWS) {
            let used = CHUNK_ROWS.min(rows - start);
            compute.team.for_each([Split::new(&mut x, &block_bounds)], |block, [x]| {
                for (row, out) in (block * BLOCK_ROWS..used).zip(x.chunks_exact_mut(stride)) {
                    if bytes.is_some() {
                        samples.read_raw(level, start + row, out);
                        continue;
                    }
                    samples.read_with_nan(level, start + row, out);
                    out.iter_mut().zip(&shift).for_each(|(x, shift)| *x -= shift);
                    if samples.has_missing() {
                        out.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = 0.0);
                    }
                }
            });
            let batch = Batch { data: &x, offset: 0, block_stride, stride, rows: used };
            compute.team.for_each([Split::new(&mut products, &panel_bounds)], |panel, [products]| {
                gram_panel(level, batch, batch, panel, products);
            });
            compute.team.for_each(
                [Split::new(&mut totals, &panel_bounds), Split::new(&mut sums, &sum_bounds)],
                {
                    let (products, x) = (&products, &x);
                    move |panel, [totals, sums]| {
                        let first = panel * (panel + 1) / 2 * TILE;
                        for (total, &product) in totals.iter_mut().zip(&products[first..]) {
                            *total += f64::from(product);
                        }
                        for row in x.chunks_exact(stride).take(used) {
                            for (sum, &x) in sums.iter_mut().zip(&row[panel * PANEL..]) {
                                *sum += f64::from(x);
                            }
                        }
                    }
                },
            );
        }
        Ok::<_, DataError>(())
    })?;

    let (scale, offset) =
        bytes.map_or((1.0, 0.0), |affine| (f64::from(affine.scale), f64::from(affine.offset)));
    let shifted: Vec<f64> = sums[..features].iter().map(|sum| sum / all_rows as f64).collect();
    let covariance = Mat::from_fn(features, features, |n, k| {
        if k > n {
            return 0.0;
        }
        let (panel, q) = (n / PANEL, k / PANEL);
        let total = totals[(panel * (panel + 1) / 2 + q) * TILE + n % PANEL * PANEL + k % PANEL];
        scale * scale * (total / all_rows as f64 - shifted[n] * shifted[k])
    });
    let mean =
        shifted.iter().zip(&shift).map(|(mean, &shift)| scale * mean + f64::from(shift) + offset).collect();
    Ok((mean, covariance))
}

/// An eigenvector's sign is arbitrary: its largest entry becomes positive, as scikit-learn does.
fn oriented(mut vector: Vec<f64>) -> Vec<f64> {
    let largest = vector.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
    if largest < 0.0 {
        vector.iter_mut().for_each(|x| *x = -*x);
    }
    vector
}
