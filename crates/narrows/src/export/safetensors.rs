//! A model as one safetensors file: parameters under PyTorch's names, everything else in the metadata.
//!
//! The metadata has one key, `narrows`, so that equal models are equal bytes (safetensors orders keys at random). Its
//! value is JSON: `version` (of this layout: 2), `architecture`, `input` (normalisation and schema) and `provenance` (how the
//! model came about, with the hash of the data that it was trained on). Version 1, whose input had a value range and an image's
//! shape instead of a schema, is read for ever.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Deserializer, Serialize};

use super::input::InputRecord;
use super::write_atomically;
use crate::dataset::load::LoadOptions;
use crate::model::{Architecture, ArchitectureError, Autoencoder, MismatchError, Parameters};
use crate::train::Training;

pub(super) const KEY: &str = "narrows";
pub(super) const VERSION: u32 = 2;

/// What the metadata says beside the tensors.
#[derive(Debug, Serialize, Deserialize)]
struct Metadata {
    version: u32,
    architecture: Architecture,
    input: InputRecord,
    provenance: Provenance,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// How a model came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// What it is called.
    pub name: String,
    /// The data it was trained on.
    pub data: String,
    /// The [`content_hash`](crate::dataset::Dataset::content_hash) of its training set; unknown in files of narrows 0.1.
    #[serde(default)]
    pub data_hash: Option<String>,
    /// Where that data was read from, and how; unknown in files of narrows 0.1, and where a later one reads in another way.
    #[serde(default, deserialize_with = "known", skip_serializing_if = "Option::is_none")]
    pub source: Option<LoadOptions>,
    /// How it was trained; absent for exact PCA.
    pub training: Option<Training>,
    /// Epochs that were done.
    pub epochs: usize,
    /// The last epoch's average training loss.
    pub training_loss: Option<f64>,
    /// The narrows that made it.
    pub narrows: String,
}

/// How a model came about is read leniently: what is not known is left out.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<LoadOptions>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// A file that is no model of narrows, or not whole.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is not safetensors, or cut short.
    #[error("{path} is no whole safetensors file ({source}); was it cut short or altered?")]
    Container {
        /// Which file.
        path: String,
        /// Why.
        source: safetensors::SafeTensorError,
    },
    /// It is safetensors, but not of narrows.
    #[error("{path} is a safetensors file, but no model of narrows: {why}")]
    Foreign {
        /// Which file.
        path: String,
        /// What is missing or unknown.
        why: String,
    },
    /// The sizes in it are impossible.
    #[error("{path} describes a model that cannot be: {source}")]
    Architecture {
        /// Which file.
        path: String,
        /// Why.
        source: ArchitectureError,
    },
    /// A tensor is missing, surplus or of another shape.
    #[error("{path}: {what}")]
    Tensor {
        /// Which file.
        path: String,
        /// What is wrong with which.
        what: String,
    },
}

/// A model that is not written, for it could not be read again.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Its parts do not belong together.
    #[error("the model cannot be written: {0}")]
    Model(#[from] MismatchError),
    /// A parameter is NaN or infinite.
    #[error("the model cannot be written: number {index} of {tensor} is {value}; has it diverged?")]
    NotFinite {
        /// Of which tensor.
        tensor: String,
        /// Which of its numbers, from 0.
        index: usize,
        /// What it is.
        value: f32,
    },
    /// The file cannot be written.
    #[error("{path} cannot be written: {source}")]
    Write {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// The bytes of a model file. The same model gives the same bytes.
///
/// # Errors
/// [`SaveError`] if [`load`] would refuse the file.
pub fn to_bytes(model: &Autoencoder, provenance: &Provenance) -> Result<Vec<u8>, SaveError> {
    model.check()?;
    check_finite(&model.parameters)?;
    let metadata = Metadata {
        version: VERSION,
        architecture: model.architecture.clone(),
        input: InputRecord::of(&model.input),
        provenance: provenance.clone(),
    };
    Ok(file(&metadata, &model.parameters))
}

/// A file of these parameters, with everything else in its metadata.
pub(super) fn file(metadata: &impl Serialize, parameters: &Parameters) -> Vec<u8> {
    let metadata = serde_json::to_string(metadata).expect("plain data is JSON");
    let metadata = HashMap::from([(KEY.to_owned(), metadata)]);
    let bytes: Vec<u8> = parameters.values().iter().flat_map(|value| value.to_le_bytes()).collect();
    let views = parameters.tensors().iter().map(|tensor| {
        let bytes = &bytes[4 * tensor.range.start..4 * tensor.range.end];
        let view = TensorView::new(Dtype::F32, tensor.shape.clone(), bytes).expect("4 bytes a number");
        (&tensor.name, view)
    });
    safetensors::serialize(views, Some(metadata)).expect("shapes and bytes agree")
}

/// Writes a model file.
///
/// # Errors
/// [`SaveError`] if the file cannot be written, or [`load`] would refuse it; then nothing of that name has changed.
pub fn save(path: &Path, model: &Autoencoder, provenance: &Provenance) -> Result<(), SaveError> {
    write(path, &to_bytes(model, provenance)?)
}

/// Writes a file whole.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), SaveError> {
    let failed = |source| SaveError::Write { path: path.display().to_string(), source };
    write_atomically(path, bytes).map_err(failed)
}

/// Checks that all parameters are numbers.
pub(super) fn check_finite(parameters: &Parameters) -> Result<(), SaveError> {
    for spec in parameters.tensors() {
        let values = &parameters.values()[spec.range.clone()];
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            let tensor = spec.name.clone();
            return Err(SaveError::NotFinite { tensor, index, value: values[index] });
        }
    }
    Ok(())
}

/// Reads a model file.
///
/// # Errors
/// [`LoadError`] if it cannot be read, or is not a whole model.
pub fn load(path: &Path) -> Result<(Autoencoder, Provenance), LoadError> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| LoadError::Read { path: name.clone(), source })?;
    from_bytes(&bytes, name)
}

/// A model from the bytes of its file, called `path` in errors.
///
/// # Errors
/// [`LoadError`] if they are not a whole model.
pub fn from_bytes(bytes: &[u8], path: String) -> Result<(Autoencoder, Provenance), LoadError> {
    let (tensors, metadata) = open(bytes, &path)?;
    let foreign = |why: String| LoadError::Foreign { path: path.clone(), why };
    // The version first: what a later one means by the other keys is not known here.
    let Version { version } = serde_json::from_str(&metadata).map_err(|error| foreign(error.to_string()))?;
    check_version(version).map_err(foreign)?;
    let metadata = serde_json::from_str(&metadata).map_err(|error| foreign(error.to_string()))?;
    let Metadata { architecture, input, provenance, .. } = metadata;
    architecture.validate().map_err(|source| LoadError::Architecture { path: path.clone(), source })?;
    let input = input.into_input(architecture.inputs).map_err(foreign)?;

    let wrong = |what: String| LoadError::Tensor { path: path.clone(), what };
    // Before the parameters are allocated: a small file must not make a large model.
    if bytes.len() / 4 < architecture.parameter_count() {
        return Err(wrong(format!("{architecture} has more parameters than the file has room for")));
    }
    let mut parameters = Parameters::zeros(&architecture);
    read_parameters(&tensors, &mut parameters, &format!("{architecture}"), &path)?;
    Ok((Autoencoder { architecture, parameters, input }, provenance))
}

/// Whether the layout of this version is known.
pub(super) fn check_version(version: u32) -> Result<(), String> {
    match version {
        1..=VERSION => Ok(()),
        _ => Err(format!("its layout is version {version}, this narrows reads versions 1 to {VERSION}")),
    }
}

/// The tensors of a file, and its metadata.
pub(super) fn open<'a>(bytes: &'a [u8], path: &str) -> Result<(SafeTensors<'a>, String), LoadError> {
    let container = |source| LoadError::Container { path: path.to_owned(), source };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(container)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(container)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    match metadata.get(KEY) {
        Some(metadata) => Ok((tensors, metadata.clone())),
        None => {
            let why = format!("it has no metadata `{KEY}`");
            Err(LoadError::Foreign { path: path.to_owned(), why })
        }
    }
}

/// Reads every one of `parameters`, which are those of `what`; there must be no others.
pub(super) fn read_parameters(
    tensors: &SafeTensors<'_>,
    parameters: &mut Parameters,
    what: &str,
    path: &str,
) -> Result<(), LoadError> {
    let wrong = |what: String| LoadError::Tensor { path: path.to_owned(), what };
    if let Some(surplus) = tensors.names().iter().find(|name| parameters.get(name).is_none()) {
        return Err(wrong(format!("tensor `{surplus}` does not belong to {what}")));
    }
    for spec in parameters.tensors().to_vec() {
        let view =
            tensors.tensor(&spec.name).map_err(|_| wrong(format!("tensor `{}` is missing", spec.name)))?;
        if view.dtype() != Dtype::F32 || view.shape() != spec.shape {
            let (dtype, shape) = (view.dtype(), view.shape());
            return Err(wrong(format!(
                "tensor `{}` should be F32 {:?}, it is {dtype:?} {shape:?}",
                spec.name, spec.shape
            )));
        }
        let numbers = view.data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
        for (value, number) in parameters.values_mut()[spec.range].iter_mut().zip(numbers) {
            *value = number;
        }
    }
    if !parameters.values().iter().all(|value| value.is_finite()) {
        return Err(wrong("some parameters are NaN or infinite".to_owned()));
    }
    Ok(())
}
