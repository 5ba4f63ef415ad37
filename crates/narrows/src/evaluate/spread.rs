//! How a latent space is used: how many directions, how far along each, and what the decoder makes of them.

use serde::{Deserialize, Serialize};

use crate::compute::Compute;
use crate::dataset::{Moments, Samples};
use crate::model::{MismatchError, Predictor};
use crate::pca::{Pca, PcaError};

/// A latent is dead if moving it by a standard deviation changes the output by less than this share of what the most
/// sensitive latent does.
const DEAD_SHARE: f64 = 0.01;

/// A hidden unit is dead if its outputs differ by no more than this share of the largest of them: rounding.
const CONSTANT: f32 = 1e-6;

/// Codes about which the decoder's sensitivity is measured, if the latents are few.
const PROBES: usize = 500;

/// Decoded rows in all, from which the probes of a wide latent space follow.
const DECODED_ROWS: usize = 64_000;

/// One number of the code.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatentUnit {
    /// The 1st percentile over the rows.
    pub low: f64,
    /// The 99th percentile.
    pub high: f64,
    /// The standard deviation over the rows.
    pub standard_deviation: f64,
    /// The root mean square, over codes and outputs, of what changes in the output as this number goes from half a standard
    /// deviation below the code to half of one above it; in the model's scale.
    pub sensitivity: f64,
    /// Whether the sensitivity is less than a hundredth of the greatest one of the model.
    pub dead: bool,
}

/// The effective rank (Roy & Vetterli 2007) of centred codes (rows × `latent`): `exp(−Σ pᵢ ln pᵢ)` with pᵢ their singular
/// values over the sum of them. From 1, all variance along one direction, to `latent`, as much along each; 0 if all codes are
/// the same.
///
/// # Errors
/// If the codes are not finite.
pub fn effective_rank(compute: &mut Compute, codes: &[f32], latent: usize) -> Result<f64, PcaError> {
    let samples = Samples::in_model_scale(latent, codes.to_vec()).map_err(|_| PcaError::NotFinite)?;
    // Singular values are the roots of the variances, times that of the rows, which the shares do not see.
    let roots: Vec<f64> =
        Pca::fit(compute, &samples)?.variances.iter().map(|variance| variance.sqrt()).collect();
    let sum: f64 = roots.iter().sum();
    if sum == 0.0 {
        return Ok(0.0);
    }
    let entropy: f64 =
        roots.iter().map(|root| root / sum).filter(|&p| p > 0.0).map(|p| -p * libm::log(p)).sum();
    Ok(libm::exp(entropy))
}

/// Range, spread and sensitivity of every number of the codes (rows × latent).
pub(super) fn latent_units(
    model: &Predictor,
    compute: &mut Compute,
    codes: &[f32],
    probes: &[usize],
) -> Result<Vec<LatentUnit>, MismatchError> {
    let latent = model.architecture().latent();
    let probes = &probes[..probes.len().min(PROBES).min((DECODED_ROWS / latent / 2).max(1))];
    let probed: Vec<f32> = probes.iter().flat_map(|&row| &codes[row * latent..][..latent]).copied().collect();
    let mut units: Vec<LatentUnit> = (0..latent)
        .map(|j| {
            let mut values: Vec<f32> = codes.iter().skip(j).step_by(latent).copied().collect();
            values.sort_by(f32::total_cmp);
            let standard_deviation = Moments::of_rows(&values, 1)[0].variance().sqrt();
            Ok(LatentUnit {
                low: quantile(&values, 0.01),
                high: quantile(&values, 0.99),
                standard_deviation,
                sensitivity: sensitivity(model, compute, &probed, j, standard_deviation)?,
                dead: false,
            })
        })
        .collect::<Result<_, MismatchError>>()?;
    let greatest = units.iter().map(|unit| unit.sensitivity).fold(0.0, f64::max);
    units.iter_mut().for_each(|unit| unit.dead = unit.sensitivity <= DEAD_SHARE * greatest);
    Ok(units)
}

fn sensitivity(
    model: &Predictor,
    compute: &mut Compute,
    codes: &[f32],
    j: usize,
    deviation: f64,
) -> Result<f64, MismatchError> {
    let latent = model.architecture().latent();
    let mut moved = |by: f64| {
        let mut codes = codes.to_vec();
        codes.iter_mut().skip(j).step_by(latent).for_each(|z| *z += (by * deviation) as f32);
        model.decode(compute, &codes)
    };
    let (above, below) = (moved(0.5)?, moved(-0.5)?);
    let squares: f64 = above.iter().zip(&below).map(|(a, b)| f64::from(a - b).powi(2)).sum();
    Ok((squares / above.len() as f64).sqrt())
}

/// As `numpy.quantile`: between the two nearest of the sorted values, linearly.
pub(super) fn quantile<T: Copy + Into<f64>>(sorted: &[T], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let [low, high] = [place.floor(), place.ceil()].map(|place| sorted[place as usize].into());
    low + (place - place.floor()) * (high - low)
}

/// Hidden units in all, without the latent, and those whose output is the same for every row: of ReLU, always 0.
pub(super) fn hidden_units(
    model: &Predictor,
    compute: &mut Compute,
    samples: &Samples,
) -> Result<(usize, usize), MismatchError> {
    let depth = model.architecture().depth();
    let layers = model.architecture().layers();
    let hidden = (0..layers.len() - 1).filter(|&layer| layer != depth - 1);
    let (mut all, mut dead) = (0, 0);
    for layer in hidden {
        let units = layers[layer].shape.outputs;
        let values = model.layer_outputs(compute, samples, layer)?;
        let (mut low, mut high) = (vec![f32::INFINITY; units], vec![f32::NEG_INFINITY; units]);
        for row in values.chunks_exact(units) {
            low.iter_mut().zip(row).for_each(|(low, &x)| *low = low.min(x));
            high.iter_mut().zip(row).for_each(|(high, &x)| *high = high.max(x));
        }
        all += units;
        dead += low
            .iter()
            .zip(&high)
            .filter(|&(low, high)| high - low <= CONSTANT * high.abs().max(low.abs()))
            .count();
    }
    Ok((all, dead))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_two_values() {
        let sorted = [1.0, 2.0, 4.0];
        assert_eq!(
            [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| quantile(&sorted, share)),
            [1.0, 1.5, 2.0, 3.0, 4.0]
        );
    }
}
