//! The plane in which the codes of a model are shown.

use serde::Serialize;

use crate::compute::Compute;
use crate::dataset::Samples;
use crate::pca::Pca;

/// A plane through the codes: `z = mean + u·first + v·second`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Plane {
    pub mean: Vec<f32>,
    pub first: Vec<f32>,
    pub second: Vec<f32>,
    /// The share of the codes' variance in it; NaN of codes that are not finite, which have no plane.
    pub share: f64,
}

impl Plane {
    /// The plane of the first two principal directions of the codes, rows × latent; of two latents, the latents themselves;
    /// of one, a line.
    pub fn of(codes: &[f32], latent: usize, compute: &mut Compute) -> Self {
        let unit = |axis: usize| (0..latent).map(|i| if i == axis { 1.0 } else { 0.0 }).collect();
        if latent <= 2 {
            return Self { mean: vec![0.0; latent], first: unit(0), second: unit(1), share: 1.0 };
        }
        let samples = Samples::in_model_scale(latent, codes.to_vec()).ok();
        match samples.map(|samples| Pca::fit(compute, &samples)) {
            Some(Ok(pca)) => {
                let single = |vector: &[f64]| vector.iter().map(|&x| x as f32).collect();
                Self {
                    mean: single(&pca.mean),
                    first: single(&pca.components[0]),
                    second: single(&pca.components[1]),
                    share: pca.explained_variance_ratio(2),
                }
            }
            // Codes that are not finite have no plane; their model shows nothing anyway.
            _ => Self { mean: vec![0.0; latent], first: unit(0), second: unit(1), share: f64::NAN },
        }
    }

    /// Where each code stands in it: u and v.
    pub fn places(&self, codes: &[f32]) -> Vec<(f64, f64)> {
        let along = |code: &[f32], axis: &[f32]| -> f64 {
            let terms = code.iter().zip(&self.mean).zip(axis);
            terms.map(|((z, mean), axis)| f64::from(z - mean) * f64::from(*axis)).sum()
        };
        codes
            .chunks_exact(self.mean.len())
            .map(|code| (along(code, &self.first), along(code, &self.second)))
            .collect()
    }
}
