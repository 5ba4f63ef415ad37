//! The reconstruction error.

use serde::{Deserialize, Serialize};

use crate::compute::Compute;
use crate::dataset::Samples;
use crate::model::{Autoencoder, MismatchError};

/// Mean squared error per pixel (or feature), over all rows; over the values that are there, where some are missing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReconstructionError {
    /// In the scale of the model's input.
    pub model_scale: f64,
    /// In the [0, 1] scale of the value range; absent if the features have different
    /// scales, or the data no range.
    pub unit_scale: Option<f64>,
}

/// The mean of `(decoder(encoder(x)) − x)²` over all values that are there.
///
/// # Errors
/// If the model cannot read the rows.
pub fn reconstruction_error(
    model: &Autoencoder,
    compute: &mut Compute,
    samples: &Samples,
) -> Result<ReconstructionError, MismatchError> {
    let errors = model.squared_errors(compute, samples)?;
    let sum: f64 = errors.iter().map(|&error| f64::from(error)).sum();
    let model_scale = sum / samples.all_present().map_err(MismatchError::from)? as f64;
    Ok(ReconstructionError::new(model, model_scale))
}

impl ReconstructionError {
    /// An error in the scale of a model's input, and what it is in the [0, 1] scale.
    pub fn new(model: &Autoencoder, model_scale: f64) -> Self {
        let factor = model.input.unit_scale().and_then(|scale| scale.squared_error());
        Self { model_scale, unit_scale: factor.map(|factor| model_scale * factor) }
    }
}
