//! Reading an ONNX file that narrows wrote: parameters by their names, the rest from its metadata.

use std::collections::HashMap;
use std::path::Path;

use super::fields::{Fields, Malformed, Value, packed};
use super::messages::FLOAT;
use super::metadata::PART;
use super::{MAX_BYTES, Part};
use crate::evaluate::anomaly::AnomalyScorer;
use crate::files::container::KEY;
use crate::files::model::{Header, read_header};
use crate::files::provenance::Provenance;
use crate::files::{LoadError, read_at_most};
use crate::model::{Autoencoder, Parameters};

/// A model from an ONNX file, and what the file has of it.
#[derive(Clone, Debug, PartialEq)]
pub struct OnnxModel {
    /// The model.
    pub model: Autoencoder,
    /// Which rows are anomalies to it, if that is known.
    pub scorer: Option<AnomalyScorer>,
    /// How it came about.
    pub provenance: Provenance,
    /// What the file computes.
    pub part: Part,
    /// The version of ONNX's operators that it uses.
    pub opset: u64,
    /// The version of ONNX's format that it has.
    pub ir_version: u64,
}

/// What is looked for in a file, borrowed from it.
#[derive(Default)]
struct Found<'a> {
    ir_version: u64,
    opset: u64,
    producer: &'a [u8],
    metadata: Option<&'a [u8]>,
    part: &'a [u8],
    graph: &'a [u8],
}

/// A tensor of a file, borrowed from it.
#[derive(Default)]
struct Tensor<'a> {
    name: &'a [u8],
    shape: Vec<u64>,
    data_type: u64,
    raw: &'a [u8],
}

/// Reads an ONNX file.
///
/// # Errors
/// [`LoadError`] if it cannot be read, narrows did not write it, or it has no whole model.
pub fn load(path: &Path) -> Result<OnnxModel, LoadError> {
    let name = path.display().to_string();
    let failed = |source| LoadError::Read { path: name.clone(), source };
    from_bytes(&read_at_most(path, MAX_BYTES).map_err(failed)?, name.clone())
}

/// A model from the bytes of its ONNX file, called `path` in errors.
///
/// # Errors
/// [`LoadError`] if narrows did not write them, or they are no whole model.
pub fn from_bytes(bytes: &[u8], path: impl Into<String>) -> Result<OnnxModel, LoadError> {
    let path = path.into();
    let malformed = |why: Malformed| LoadError::Onnx { path: path.clone(), why: why.to_string() };
    let found = Found::in_model(bytes).map_err(malformed)?;
    let foreign = |why: String| LoadError::Onnx { path: path.clone(), why };
    let text = found.metadata.and_then(|text| std::str::from_utf8(text).ok());
    let text = text.ok_or_else(|| foreign(found.not_ours()))?;
    let part = Part::ALL.into_iter().find(|part| part.name().as_bytes() == found.part);
    let part = part.ok_or_else(|| foreign("it does not say which part of a model it has".to_owned()))?;
    if matches!(part, Part::Encoder | Part::Decoder) {
        let has = part.name();
        return Err(foreign(format!(
            "it has the {has} alone; a model needs both: export it as whole or scorer"
        )));
    }
    let Header { architecture, input, scorer, provenance } = read_header(text, bytes.len(), &path)?;
    let mut parameters = Parameters::zeros(&architecture);
    read_parameters(found.graph, &mut parameters)
        .map_err(malformed)?
        .map_err(|what| LoadError::Tensor { path: path.clone(), what })?;
    let Found { opset, ir_version, .. } = found;
    let model = Autoencoder { architecture, parameters, input };
    Ok(OnnxModel { model, scorer, provenance, part, opset, ir_version })
}

impl<'a> Found<'a> {
    fn in_model(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut found = Self::default();
        for field in Fields::of(bytes) {
            match field? {
                (1, Value::Number(version)) => found.ir_version = version,
                (2, Value::Bytes(name)) => found.producer = name,
                (7, Value::Bytes(graph)) => found.graph = graph,
                (8, Value::Bytes(set)) => {
                    // A file of narrows has one set, that of ONNX itself.
                    for field in Fields::of(set) {
                        if let (2, Value::Number(version)) = field? {
                            found.opset = version;
                        }
                    }
                }
                (14, Value::Bytes(entry)) => {
                    let (key, value) = entry_of(entry)?;
                    match key {
                        _ if key == KEY.as_bytes() => found.metadata = Some(value),
                        _ if key == PART.as_bytes() => found.part = value,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn not_ours(&self) -> String {
        let producer = match String::from_utf8_lossy(self.producer) {
            name if name.is_empty() => "another program".to_owned(),
            // It may be anything.
            name => format!("`{}`", name.chars().take(40).collect::<String>().escape_debug()),
        };
        format!(
            "{producer} wrote it; only ONNX files that narrows wrote can be read, for only they say what the model's data is"
        )
    }
}

/// Key and value of a `StringStringEntryProto`.
fn entry_of(entry: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
    for field in Fields::of(entry) {
        match field? {
            (1, Value::Bytes(text)) => key = text,
            (2, Value::Bytes(text)) => value = text,
            _ => {}
        }
    }
    Ok((key, value))
}

/// Reads every one of `parameters` from the initializers of a graph, which has constants beside. The inner error says what is wrong
/// with which tensor.
fn read_parameters(graph: &[u8], parameters: &mut Parameters) -> Result<Result<(), String>, Malformed> {
    let specs = parameters.tensors().to_vec();
    let places: HashMap<&[u8], usize> =
        specs.iter().enumerate().map(|(index, spec)| (spec.name.as_bytes(), index)).collect();
    let mut is_read = vec![false; specs.len()];
    for field in Fields::of(graph) {
        let (5, Value::Bytes(tensor)) = field? else { continue };
        let tensor = Tensor::of(tensor)?;
        let Some(&index) = places.get(tensor.name) else { continue };
        let spec = &specs[index];
        let shape: Vec<u64> = spec.shape.iter().map(|&extent| extent as u64).collect();
        let (name, range) = (&spec.name, spec.range.clone());
        if tensor.data_type != FLOAT as u64 || tensor.shape != shape || tensor.raw.len() != 4 * range.len() {
            let (found, bytes, kind) = (&tensor.shape, tensor.raw.len(), tensor.data_type);
            return Ok(Err(format!(
                "tensor `{name}` should be 32-bit floats (data type {FLOAT}) of shape {shape:?}, it is of data type {kind} and \
                 shape {found:?}, with {bytes} bytes"
            )));
        }
        let numbers = tensor.raw.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
        for (value, number) in parameters.values_mut()[range].iter_mut().zip(numbers) {
            *value = number;
        }
        is_read[index] = true;
    }
    if let Some(index) = is_read.iter().position(|&is_read| !is_read) {
        return Ok(Err(format!("tensor `{}` is missing", specs[index].name)));
    }
    if !parameters.values().iter().all(|value| value.is_finite()) {
        return Ok(Err("some parameters are NaN or infinite".to_owned()));
    }
    Ok(Ok(()))
}

impl<'a> Tensor<'a> {
    fn of(message: &'a [u8]) -> Result<Self, Malformed> {
        // More than a parameter has.
        const MAX_DIMENSIONS: usize = 8;
        let mut tensor = Self::default();
        for field in Fields::of(message) {
            match field? {
                (1, Value::Number(_)) if tensor.shape.len() == MAX_DIMENSIONS => return Err(Malformed),
                (1, Value::Number(extent)) => tensor.shape.push(extent),
                (1, Value::Bytes(extents)) => tensor.shape = packed(extents, MAX_DIMENSIONS)?,
                (2, Value::Number(kind)) => tensor.data_type = kind,
                (8, Value::Bytes(name)) => tensor.name = name,
                (9, Value::Bytes(raw)) => tensor.raw = raw,
                _ => {}
            }
        }
        Ok(tensor)
    }
}
