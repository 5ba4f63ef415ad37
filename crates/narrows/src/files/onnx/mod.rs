//! Models as ONNX files, for any program that runs ONNX: raw rows in, codes, raw reconstructions and scores out.
//!
//! A file is of opset 9 and IR version 4, of 2019: the oldest that have all operators of a model (`Where`, `IsNaN` and `Erf` are of
//! opset 9) and constants that are no inputs. All values are 32-bit floats, and the first dimension of all is `rows`, any number.
//! `docs/deployment.md` says what goes in, what comes out, and what the metadata holds.
//!
//! [`from_bytes`] reads these files again: parameters by their names, everything else from the metadata `narrows`, which is that of a
//! [model file](super::model). Nodes are not read.

mod fields;
mod graph;
mod messages;
mod metadata;
mod read;

use std::path::Path;

use prost::Message;

use self::messages::{ModelProto, OperatorSetIdProto};
pub use self::read::{OnnxModel, from_bytes, load};
use super::SaveError;
use super::container::{check_finite, write};
use super::provenance::Provenance;
use crate::evaluate::anomaly::AnomalyScorer;
use crate::model::Autoencoder;

/// The version of ONNX's operators that files use.
pub const OPSET: i64 = 9;

/// The version of ONNX's format that files have.
pub const IR_VERSION: i64 = 4;

/// The longest file: protocol buffers count bytes in 31 bits.
const MAX_BYTES: u64 = (1 << 31) - 1;

const PRODUCER: &str = "narrows";

/// What of a model a file has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// `input` to `code`.
    Encoder,
    /// `code` to `reconstruction`.
    Decoder,
    /// `input` to `code` and `reconstruction`.
    #[default]
    Whole,
    /// `input` to `code`, `reconstruction`, `squared_error` and `score`; and to `label`, where the model has a threshold.
    Scorer,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Encoder, Self::Decoder, Self::Whole, Self::Scorer];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Encoder => "encoder",
            Self::Decoder => "decoder",
            Self::Whole => "whole",
            Self::Scorer => "scorer",
        }
    }
}

/// The bytes of an ONNX file. The same model gives the same bytes.
///
/// # Errors
/// [`SaveError`] if the parts of the model do not belong together, a parameter is not finite, or the file would exceed 2 GiB.
pub fn to_bytes(
    model: &Autoencoder,
    scorer: Option<&AnomalyScorer>,
    provenance: &Provenance,
    part: Part,
) -> Result<Vec<u8>, SaveError> {
    model.check()?;
    check_finite(&model.parameters)?;
    // Before anything is copied: parameters are nearly all of a file.
    let too_large = |bytes: u64| SaveError::OnnxTooLarge { bytes, limit: MAX_BYTES };
    let bytes = 4 * model.parameters.values().len() as u64;
    if part != Part::Encoder && part != Part::Decoder && bytes > MAX_BYTES {
        return Err(too_large(bytes));
    }
    let file = ModelProto {
        ir_version: IR_VERSION,
        producer_name: PRODUCER.to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: format!("{}: {}", provenance.name, model.architecture),
        graph: Some(graph::of(model, part, scorer.map(AnomalyScorer::threshold))),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        metadata_props: metadata::of(model, scorer, provenance, part),
    };
    match file.encoded_len() as u64 {
        bytes if bytes > MAX_BYTES => Err(too_large(bytes)),
        _ => Ok(file.encode_to_vec()),
    }
}

/// Writes an ONNX file.
///
/// # Errors
/// [`SaveError`] if it cannot be written, or as for [`to_bytes`]; then nothing of that name has changed.
pub fn save(
    path: &Path,
    model: &Autoencoder,
    scorer: Option<&AnomalyScorer>,
    provenance: &Provenance,
    part: Part,
) -> Result<(), SaveError> {
    write(path, &to_bytes(model, scorer, provenance, part)?)
}
