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

/// `decoder(λ·encoder(first) + (1 − λ)·encoder(second))` for each λ: at λ = 0 the second row, at λ = 1 the first.
///
/// The rows are in the model's scale (features each); returns λs × features, in the model's scale.
///
/// # Errors
/// If a row is not as long as the model reads, or not finite.
pub fn interpolate(
    model: &Predictor,
    compute: &mut Compute,
    [first, second]: [&[f32]; 2],
    lambdas: &[f32],
) -> Result<Vec<f32>, MismatchError> {
    let ends = Samples::in_model_scale(model.architecture().inputs, [first, second].concat())?;
    let codes = model.encode(compute, &ends)?;
    let (first, second) = codes.split_at(model.architecture().latent());
    model.decode(compute, &blend([first, second], lambdas))
}

/// `λ·first + (1 − λ)·second` for each λ: the codes of a path or, of pixels, the blend that a latent space must beat.
pub fn blend([first, second]: [&[f32]; 2], lambdas: &[f32]) -> Vec<f32> {
    lambdas.iter().flat_map(|&λ| first.iter().zip(second).map(move |(a, b)| λ * a + (1.0 - λ) * b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_begins_at_the_second_and_ends_at_the_first() {
        assert_eq!(lambdas(1), [0.0]);
        assert_eq!(lambdas(3), [0.0, 0.5, 1.0]);
        assert_eq!(blend([&[1.0, 8.0], &[3.0, 0.0]], &lambdas(3)), [3.0, 0.0, 2.0, 4.0, 1.0, 8.0]);
    }
}
