//! Interpolation between two rows through the latent space, and what it is worth.

pub mod judge;
pub mod quality;

use crate::compute::Compute;
use crate::dataset::Samples;
use crate::model::{MismatchError, Predictor};

/// `steps` values of λ, evenly spaced from 0 to 1 (`numpy.linspace(0, 1, steps)`); a single one is 0.
pub fn lambdas(steps: usize) -> Vec<f32> {
    (0..steps).map(|i| i as f32 / steps.saturating_sub(1).max(1) as f32).collect()
}

/// `decoder(λ·encoder(to) + (1 − λ)·encoder(from))` for each λ: the way begins at `from`, λ = 0, and ends at `to`, λ = 1.
///
/// The rows are in the model's scale (features each); returns λs × features, in the model's scale.
///
/// # Errors
/// If a row is not as long as the model reads, or not finite.
pub fn interpolate(
    model: &Predictor,
    compute: &mut Compute,
    [from, to]: [&[f32]; 2],
    lambdas: &[f32],
) -> Result<Vec<f32>, MismatchError> {
    let ends = Samples::in_model_scale(model.architecture().inputs, [from, to].concat())?;
    let codes = model.encode(compute, &ends)?;
    let (from, to) = codes.split_at(model.architecture().latent());
    model.decode(compute, &blend([from, to], lambdas))
}

/// `λ·to + (1 − λ)·from` for each λ: the codes of a path or, of pixels, the blend that a latent space must beat.
pub fn blend([from, to]: [&[f32]; 2], lambdas: &[f32]) -> Vec<f32> {
    lambdas
        .iter()
        .flat_map(|&λ| to.iter().zip(from).map(move |(to, from)| λ * to + (1.0 - λ) * from))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_from_the_first_row_to_the_second() {
        assert_eq!(lambdas(1), [0.0]);
        assert_eq!(lambdas(3), [0.0, 0.5, 1.0]);
        assert_eq!(blend([&[3.0, 0.0], &[1.0, 8.0]], &lambdas(3)), [3.0, 0.0, 2.0, 4.0, 1.0, 8.0]);
    }
}
