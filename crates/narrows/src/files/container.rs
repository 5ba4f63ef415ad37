//! The container of models, judges and snapshots: safetensors, with everything that is no tensor as JSON under one key of its
//! metadata. One key, so that equal content is equal bytes: safetensors orders keys at random.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors};
use safetensors::{SafeTensorError, View};
use serde::{Deserialize, Serialize};

use super::lenient::unknown_keys;
use super::read::{ReadError, open_regular};
use super::write_atomically;
use crate::model::{ArchitectureError, MismatchError, Parameters};

/// The key of the metadata.
pub(super) const KEY: &str = "narrows";

/// The layout of models and judges that is written. All layouts before it are read.
pub(super) const VERSION: u32 = 2;

/// The bytes that say how long the header is.
const LENGTH_BYTES: u64 = 8;

/// The longest header that the crate `safetensors` reads.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// The most bytes of tensors: 4 for each parameter that a model may have.
const MAX_DATA_BYTES: u64 = 4 << 30;

/// A file that is no model of narrows, or not whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// It cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        source: ReadError,
    },
    /// It is not safetensors, or cut short.
    #[error("{path} is no whole safetensors file ({source}); was it cut short or altered?")]
    Container {
        /// Which file.
        path: String,
        /// Why.
        source: SafeTensorError,
    },
    /// It is a whole file, but not of narrows.
    #[error("{path} is no model of narrows: {why}")]
    Foreign {
        /// Which file.
        path: String,
        /// What is missing or wrong.
        why: String,
    },
    /// It has a layout that this narrows does not know.
    #[error(
        "{path} has a layout of version {found}, and this narrows ({}) reads versions 1 to {newest}; install a newer narrows",
        env!("CARGO_PKG_VERSION")
    )]
    Version {
        /// Which file.
        path: String,
        /// Its version.
        found: u32,
        /// The last version that is known.
        newest: u32,
    },
    /// It says something that this narrows does not know about what the model computes.
    #[error(
        "{path} says `{}`, which this narrows ({}) does not know. It may change what the model computes, so the file is not \
         used; install a newer narrows",
        keys.join("`, `"), env!("CARGO_PKG_VERSION")
    )]
    Unknown {
        /// Which file.
        path: String,
        /// The unknown keys.
        keys: Vec<String>,
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
    /// It is no ONNX file that narrows wrote, or not whole.
    #[error("{path} is no ONNX file with a model of narrows: {why}")]
    Onnx {
        /// Which file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// It is no history of a training.
    #[error("{path} is no history of a training: {why}")]
    History {
        /// Which file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
}

/// A model that is not written, for it could not be read again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
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
    /// It has more bytes than an ONNX file may have.
    #[error(
        "the model cannot be written as ONNX: the file would have {bytes} bytes, and {limit} are the most; export encoder and decoder alone, or another format"
    )]
    OnnxTooLarge {
        /// Those of the file, or of its parameters.
        bytes: u64,
        /// The most.
        limit: u64,
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

/// A tensor of parameters. Its bytes are made when they are written: of a large model, memory may have no room for them all.
struct Numbers<'a> {
    shape: &'a [usize],
    values: &'a [f32],
}

impl View for Numbers<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn data_len(&self) -> usize {
        size_of_val(self.values)
    }
}

/// The tensors of parameters, each under its name behind that of their group.
pub(super) fn tensors_of<'a>(
    group: &'a str,
    parameters: &'a Parameters,
) -> impl Iterator<Item = (String, impl View + 'a)> {
    parameters.tensors().iter().map(move |tensor| {
        let values = &parameters.values()[tensor.range.clone()];
        (format!("{group}{}", tensor.name), Numbers { shape: &tensor.shape, values })
    })
}

/// A file of these parameters, with everything else in its metadata.
pub(super) fn of_parameters(metadata: &impl Serialize, parameters: &Parameters) -> Vec<u8> {
    of_tensors(metadata, tensors_of("", parameters))
}

/// A file of these tensors.
pub(super) fn of_tensors<N: AsRef<str> + Ord + std::fmt::Display>(
    metadata: &impl Serialize,
    tensors: impl IntoIterator<Item = (N, impl View)>,
) -> Vec<u8> {
    let metadata = serde_json::to_string(metadata).expect("plain data is JSON");
    let metadata = HashMap::from([(KEY.to_owned(), metadata)]);
    safetensors::serialize(tensors, Some(metadata)).expect("shapes and bytes agree")
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

/// The bytes of a file of narrows. The header comes first: of a file that is something else, no more than that is read.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    read_if(path, |header, name| metadata_of(header, name).map(drop))
}

/// The bytes of a safetensors file of anyone whose header is right.
pub(super) fn read_if(
    path: &Path,
    check: impl FnOnce(&[u8], &str) -> Result<(), LoadError>,
) -> Result<Vec<u8>, LoadError> {
    let name = path.display().to_string();
    let failed = |source: ReadError| LoadError::Read { path: name.clone(), source };
    let read =
        |file: &mut std::fs::File, count: u64, bytes: &mut Vec<u8>| match file.take(count).read_to_end(bytes)
        {
            Ok(_) => Ok(()),
            Err(error) => Err(failed(error.into())),
        };
    let mut file = open_regular(path).map_err(|error| failed(error.into()))?;
    let length = file.metadata().map_err(|error| failed(error.into()))?.len();
    let mut bytes = Vec::new();
    read(&mut file, LENGTH_BYTES, &mut bytes)?;
    let header = header_length(&bytes, length)
        .map_err(|source| LoadError::Container { path: name.clone(), source })?;
    read(&mut file, header, &mut bytes)?;
    check(&bytes[LENGTH_BYTES as usize..], &name)?;
    let limit = LENGTH_BYTES + header + MAX_DATA_BYTES;
    if length > limit {
        return Err(failed(ReadError::TooLarge { limit }));
    }
    bytes.reserve_exact((length - LENGTH_BYTES - header) as usize);
    read(&mut file, MAX_DATA_BYTES, &mut bytes)?;
    Ok(bytes)
}

fn header_length(first: &[u8], file_length: u64) -> Result<u64, SafeTensorError> {
    let first: [u8; LENGTH_BYTES as usize] = first.try_into().map_err(|_| SafeTensorError::HeaderTooSmall)?;
    match u64::from_le_bytes(first) {
        length if length > MAX_HEADER_BYTES => Err(SafeTensorError::HeaderTooLarge),
        length if length > file_length.saturating_sub(LENGTH_BYTES) => {
            Err(SafeTensorError::InvalidHeaderLength)
        }
        length => Ok(length),
    }
}

/// What narrows has written beside the tensors.
fn metadata_of(header: &[u8], path: &str) -> Result<String, LoadError> {
    all_metadata(header, path)?.remove(KEY).ok_or_else(|| {
        let why = format!("it has no metadata `{KEY}`");
        LoadError::Foreign { path: path.to_owned(), why }
    })
}

/// What a header says beside the tensors, whoever wrote it.
pub(super) fn all_metadata(header: &[u8], path: &str) -> Result<HashMap<String, String>, LoadError> {
    #[derive(Deserialize)]
    struct Header {
        #[serde(default, rename = "__metadata__")]
        metadata: HashMap<String, String>,
    }
    let Header { metadata } = serde_json::from_slice(header).map_err(|error| {
        let source = SafeTensorError::InvalidHeaderDeserialization(error);
        LoadError::Container { path: path.to_owned(), source }
    })?;
    Ok(metadata)
}

/// The tensors of a file, and its metadata.
pub(super) fn open<'a>(bytes: &'a [u8], path: &str) -> Result<(SafeTensors<'a>, String), LoadError> {
    let (tensors, header) = open_any(bytes, path)?;
    Ok((tensors, metadata_of(header, path)?))
}

/// The tensors of a file of anyone, and its header.
pub(super) fn open_any<'a>(bytes: &'a [u8], path: &str) -> Result<(SafeTensors<'a>, &'a [u8]), LoadError> {
    let container = |source| LoadError::Container { path: path.to_owned(), source };
    let (header, _) = SafeTensors::read_metadata(bytes).map_err(container)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(container)?;
    Ok((tensors, &bytes[LENGTH_BYTES as usize..][..header]))
}

/// Checks that the layout is one of the versions up to `newest`. What a later one means by the other keys is not known here, so
/// this comes first.
pub(super) fn check_version(metadata: &str, newest: u32, path: &str) -> Result<(), LoadError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let Versioned { version } = serde_json::from_str(metadata)
        .map_err(|error| LoadError::Foreign { path: path.to_owned(), why: error.to_string() })?;
    match (1..=newest).contains(&version) {
        true => Ok(()),
        false => Err(LoadError::Version { path: path.to_owned(), found: version, newest }),
    }
}

/// Checks that `read`, which was made of the metadata, has all that the metadata says.
pub(super) fn check_known(metadata: &str, read: &impl Serialize, path: &str) -> Result<(), LoadError> {
    let foreign =
        |error: serde_json::Error| LoadError::Foreign { path: path.to_owned(), why: error.to_string() };
    let said = serde_json::from_str(metadata).map_err(foreign)?;
    let keys = unknown_keys(&said, &serde_json::to_value(read).map_err(foreign)?);
    match keys.is_empty() {
        true => Ok(()),
        false => Err(LoadError::Unknown { path: path.to_owned(), keys }),
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
    read_group(tensors, "", parameters, path)
}

/// Reads every one of `parameters` from the tensor of its name behind `group`.
pub(super) fn read_group(
    tensors: &SafeTensors<'_>,
    group: &str,
    parameters: &mut Parameters,
    path: &str,
) -> Result<(), LoadError> {
    let wrong = |what: String| LoadError::Tensor { path: path.to_owned(), what };
    for spec in parameters.tensors().to_vec() {
        let name = format!("{group}{}", spec.name);
        let view = tensors.tensor(&name).map_err(|_| wrong(format!("tensor `{name}` is missing")))?;
        if view.dtype() != Dtype::F32 || view.shape() != spec.shape {
            let (dtype, shape) = (view.dtype(), view.shape());
            return Err(wrong(format!(
                "tensor `{name}` should be F32 {:?}, it is {dtype:?} {shape:?}",
                spec.shape
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
