//! A model as one `.npz`, for NumPy: parameters under PyTorch's names, `scale` and `offset`, and `metadata`, one text: that of a
//! [model file](super::model), JSON.

use std::path::Path;

use super::container::check_finite;
use super::provenance::Provenance;
use super::{SaveError, model};
use crate::dataset::format::{FormatError, Values, npy};
use crate::evaluate::anomaly::AnomalyScorer;
use crate::model::Autoencoder;

/// A model that could not be written as NPZ.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NpzError {
    /// It is no whole model.
    #[error(transparent)]
    Model(#[from] SaveError),
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] FormatError),
}

/// Writes a model.
///
/// # Errors
/// If its parts do not belong together, a parameter is not finite, or the file cannot be written; then nothing of that name has
/// changed.
pub fn save(
    path: &Path,
    model: &Autoencoder,
    scorer: Option<&AnomalyScorer>,
    provenance: &Provenance,
) -> Result<(), NpzError> {
    model.check().map_err(SaveError::from)?;
    check_finite(&model.parameters)?;
    let numbers = |values: &[f32]| Values::Numbers(values.to_vec());
    let normalisation = model.input.normalisation();
    let (scale, offset) = (normalisation.scale(), normalisation.offset());
    let mut arrays: Vec<(&str, Vec<usize>, Values)> = model
        .parameters
        .tensors()
        .iter()
        .map(|tensor| {
            let values = &model.parameters.values()[tensor.range.clone()];
            (tensor.name.as_str(), tensor.shape.clone(), numbers(values))
        })
        .collect();
    arrays.push(("scale", vec![scale.len()], numbers(scale)));
    arrays.push(("offset", vec![offset.len()], numbers(offset)));
    arrays.push(("metadata", vec![1], Values::Text(vec![model::header_text(model, scorer, provenance)])));
    let arrays: Vec<(&str, &[usize], &Values)> =
        arrays.iter().map(|(name, shape, values)| (*name, &shape[..], values)).collect();
    Ok(npy::write_archive(path, &arrays)?)
}
