//! What docs/pytorch.md does with PyTorch, `narrows interpolate` does too. `cargo xtask golden` runs the document and writes
//! the numbers that are compared here.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::narrows;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden").join(name)
}

/// The numbers of the file's one tensor, and what the file says of itself.
fn images() -> (Vec<f32>, Value) {
    let bytes = fs::read(golden("pytorch.safetensors")).unwrap();
    let (length, rest) = bytes.split_at(8);
    let (header, data) = rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
    let header: Value = serde_json::from_slice(header).unwrap();
    assert_eq!(header["images"]["dtype"], "F32");
    assert_eq!(header["images"]["shape"], serde_json::json!([10, 784]));
    let case = header["__metadata__"]["case"].as_str().unwrap();
    let numbers = data.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    (numbers, serde_json::from_str(case).unwrap())
}

#[test]
fn pytorch_decodes_the_same_images_on_the_way_from_1_to_7() {
    let way =
        narrows!["interpolate", golden("pytorch-model.safetensors"), "--from", "1", "--to", "7", "--json"]
            .json();
    assert_eq!((way["from"].as_str(), way["to"].as_str()), (Some("train:1"), Some("train:7")));
    let (expected, case) = images();
    let ours = way["models"][0]["images"].as_array().unwrap();
    let ours: Vec<f64> =
        ours.iter().flat_map(|image| image.as_array().unwrap()).map(|x| x.as_f64().unwrap()).collect();
    assert_eq!(ours.len(), expected.len());
    let tolerance = case["tolerance"].as_f64().unwrap();
    for (index, (&expected, ours)) in expected.iter().zip(ours).enumerate() {
        let difference = (f64::from(expected) - ours).abs();
        assert!(difference < tolerance, "pixel {} of image {}: {difference}", index % 784, index / 784);
    }
}

#[test]
fn the_document_holds_the_lines_that_were_run() {
    let document = fs::read_to_string(golden("../docs/pytorch.md")).unwrap();
    let snippet = images().1["snippet"].as_str().unwrap().to_owned();
    assert!(document.contains(&snippet), "docs/pytorch.md has changed; run `cargo xtask golden`");
    assert!(snippet.lines().count() <= 12, "it is to be short");
}
