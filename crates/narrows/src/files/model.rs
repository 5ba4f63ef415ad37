//! A model as one safetensors file, `model.safetensors`: parameters under PyTorch's names, everything else in the metadata.
//!
//! The metadata is JSON: `version` (of this layout: 2), `architecture`, `input` (normalisation and schema), `scorer` (which rows are
//! anomalies; absent from most) and `provenance` (how the model came about, with the hash of the data that it was trained on). All but
//! the last decide what the model computes; a key in them that is not known is an error. `provenance` is read as far as it is
//! understood. Version 1, whose input had a value range and an image's shape instead of a schema, is read for ever.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::architecture::ArchitectureRecord;
use super::container::{
    VERSION, check_finite, check_known, check_version, of_parameters, open, read, read_parameters, write,
};
use super::input::InputRecord;
pub use super::provenance::Provenance;
use super::scorer::ScorerRecord;
use super::{LoadError, SaveError};
use crate::evaluate::anomaly::AnomalyScorer;
use crate::model::{Architecture, Autoencoder, InputSpec, Parameters};

/// What the metadata says beside the tensors.
#[derive(Serialize, Deserialize)]
struct Metadata {
    version: u32,
    #[serde(with = "ArchitectureRecord")]
    architecture: Architecture,
    input: InputRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scorer: Option<ScorerRecord>,
    #[serde(default)]
    provenance: Provenance,
}

/// The bytes of a model file. The same model gives the same bytes.
///
/// # Errors
/// [`SaveError`] if [`load`] would refuse the file.
pub fn to_bytes(model: &Autoencoder, provenance: &Provenance) -> Result<Vec<u8>, SaveError> {
    bytes_of(model, None, provenance)
}

/// Writes a model file, without a scorer.
///
/// # Errors
/// [`SaveError`] if the file cannot be written, or [`load`] would refuse it; then nothing of that name has changed.
pub fn save(path: &Path, model: &Autoencoder, provenance: &Provenance) -> Result<(), SaveError> {
    write(path, &to_bytes(model, provenance)?)
}

/// Writes a model file that says which rows are anomalies, if that is known.
///
/// # Errors
/// As [`save`].
pub fn save_with_scorer(
    path: &Path,
    model: &Autoencoder,
    scorer: Option<&AnomalyScorer>,
    provenance: &Provenance,
) -> Result<(), SaveError> {
    write(path, &bytes_of(model, scorer, provenance)?)
}

/// Reads a model file.
///
/// # Errors
/// [`LoadError`] if it cannot be read, or is not a whole model.
pub fn load(path: &Path) -> Result<(Autoencoder, Provenance), LoadError> {
    from_bytes(&read(path)?, path.display().to_string())
}

/// Which rows are anomalies to the model of a file, if the file says it.
///
/// # Errors
/// [`LoadError`] if it cannot be read, or is not a whole model.
pub fn load_scorer(path: &Path) -> Result<Option<AnomalyScorer>, LoadError> {
    Ok(all_of(&read(path)?, path.display().to_string())?.scorer)
}

/// A model from the bytes of its file, called `path` in errors.
///
/// # Errors
/// [`LoadError`] if they are not a whole model.
pub fn from_bytes(bytes: &[u8], path: impl Into<String>) -> Result<(Autoencoder, Provenance), LoadError> {
    let Contents { model, provenance, .. } = all_of(bytes, path.into())?;
    Ok((model, provenance))
}

/// Everything that a file holds.
struct Contents {
    model: Autoencoder,
    scorer: Option<AnomalyScorer>,
    provenance: Provenance,
}

/// Everything that a file says beside its tensors.
pub(super) struct Header {
    pub architecture: Architecture,
    pub input: InputSpec,
    pub scorer: Option<AnomalyScorer>,
    pub provenance: Provenance,
}

/// A header as JSON.
pub(super) fn header_text(
    model: &Autoencoder,
    scorer: Option<&AnomalyScorer>,
    provenance: &Provenance,
) -> String {
    serde_json::to_string(&metadata_of(model, scorer, provenance)).expect("plain data is JSON")
}

/// Reads and checks the header of a file of `length` bytes: after this, memory may be taken for the parameters.
pub(super) fn read_header(text: &str, length: usize, path: &str) -> Result<Header, LoadError> {
    check_version(text, VERSION, path)?;
    let foreign = |why: String| LoadError::Foreign { path: path.to_owned(), why };
    let metadata: Metadata = serde_json::from_str(text).map_err(|error| foreign(error.to_string()))?;
    check_known(text, &metadata, path)?;
    let Metadata { architecture, input, scorer, provenance, .. } = metadata;
    architecture.validate().map_err(|source| LoadError::Architecture { path: path.to_owned(), source })?;
    let input = input.into_input(architecture.inputs).map_err(foreign)?;
    let scorer = scorer.map(ScorerRecord::into_scorer).transpose();
    let scorer = scorer.map_err(|error| foreign(error.to_string()))?;
    // A small file must not make a large model.
    if length / 4 < architecture.parameter_count() {
        let what = format!("{architecture} has more parameters than the file has room for");
        return Err(LoadError::Tensor { path: path.to_owned(), what });
    }
    Ok(Header { architecture, input, scorer, provenance })
}

fn metadata_of(model: &Autoencoder, scorer: Option<&AnomalyScorer>, provenance: &Provenance) -> Metadata {
    Metadata {
        version: VERSION,
        architecture: model.architecture.clone(),
        input: InputRecord::of(&model.input),
        scorer: scorer.map(ScorerRecord::of),
        provenance: provenance.clone(),
    }
}

fn bytes_of(
    model: &Autoencoder,
    scorer: Option<&AnomalyScorer>,
    provenance: &Provenance,
) -> Result<Vec<u8>, SaveError> {
    model.check()?;
    check_finite(&model.parameters)?;
    Ok(of_parameters(&metadata_of(model, scorer, provenance), &model.parameters))
}

fn all_of(bytes: &[u8], path: String) -> Result<Contents, LoadError> {
    let (tensors, text) = open(bytes, &path)?;
    let Header { architecture, input, scorer, provenance } = read_header(&text, bytes.len(), &path)?;
    let mut parameters = Parameters::zeros(&architecture);
    read_parameters(&tensors, &mut parameters, &architecture.to_string(), &path)?;
    let model = Autoencoder { architecture, parameters, input };
    Ok(Contents { model, scorer, provenance })
}
