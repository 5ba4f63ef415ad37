//! Reading the files that PyTorch wrote; golden/README.md says what each holds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use safetensors::{Dtype, SafeTensors};
use serde::de::DeserializeOwned;

/// A golden file: what its metadata says, and its tensors.
pub struct Golden<D> {
    pub description: D,
    pub tensors: BTreeMap<String, Tensor>,
}

/// Numbers of either width: every `f32` is an `f64`.
pub struct Tensor {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

impl Tensor {
    /// The numbers, of a tensor that holds `f32` exactly.
    pub fn singles(&self) -> Vec<f32> {
        self.values.iter().map(|&value| value as f32).collect()
    }
}

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../golden")
}

pub fn read<D: DeserializeOwned>(name: &str) -> Golden<D> {
    let path = folder().join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    let case = &metadata.metadata().as_ref().expect("a golden file describes itself")["case"];
    let description = serde_json::from_str(case).unwrap_or_else(|error| panic!("{name}: {error}"));
    let tensors = SafeTensors::deserialize(&bytes)
        .unwrap()
        .iter()
        .map(|(name, view)| {
            let values = match view.dtype() {
                Dtype::F32 => {
                    view.data().as_chunks().0.iter().map(|&x| f32::from_le_bytes(x).into()).collect()
                }
                Dtype::F64 => view.data().as_chunks().0.iter().map(|&x| f64::from_le_bytes(x)).collect(),
                other => panic!("{name} is of {other:?}"),
            };
            (name.to_owned(), Tensor { shape: view.shape().to_vec(), values })
        })
        .collect();
    Golden { description, tensors }
}
