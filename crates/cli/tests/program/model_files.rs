//! Model files: read again they give the same figures, and altered ones are refused.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::narrows;
use crate::study::{EXACT, MODELS, study};

#[test]
fn evaluation_repeats_the_summary_to_the_last_digit() {
    for name in ["pca", "three-layer"] {
        let evaluation = narrows!["evaluate", study().model(name), "--json"].json();
        let parts = evaluation["models"][0]["parts"].as_array().unwrap();
        assert_eq!(parts.len(), 2);
        for (part, key) in parts.iter().zip(["train", "test"]) {
            assert_eq!(part["error"], study().model_summary(name)[key], "{name}, {key}");
        }
        let text = narrows!["evaluate", study().model(name)].success();
        let error = study().model_summary(name)["test"]["model_scale"].as_f64().unwrap();
        assert!(text.contains(&format!("{error:.6}")), "{text}");
    }
}

#[test]
fn a_comparison_repeats_the_summary_to_the_last_digit() {
    let comparison = narrows!["compare", study().model(EXACT), study().model("three-layer"), "--json"].json();
    for (compared, name) in comparison["models"].as_array().unwrap().iter().zip([EXACT, "three-layer"]) {
        let summary = study().model_summary(name);
        assert_eq!(compared["model"], name);
        for key in ["description", "train", "test", "certificate", "latent"] {
            assert_eq!(compared[key], summary[key], "{name}, {key}");
        }
    }
    // A run's folder stands for its models.
    let text = narrows!["compare", study().path()].success();
    for name in MODELS.into_iter().chain([EXACT]) {
        assert_eq!(text.lines().filter(|line| line.starts_with(&format!("{name} "))).count(), {
            let linear = ["pca", "pca-one-cycle", EXACT].contains(&name);
            1 + usize::from(linear)
        });
    }
    assert!(
        text.contains("pca-exact has found the PCA subspace: its training error is 0.000 % above"),
        "{text}"
    );
    narrows!["compare"].mistake(&["<MODEL>"]);
    let missing = study().path().join("models/three-lawyer");
    narrows!["compare", missing].mistake(&["three-lawyer", "three-layer-wide"]);
}

#[test]
fn inspection_shows_what_the_summary_says() {
    for name in MODELS.into_iter().chain([EXACT]) {
        let inspection = narrows!["inspect", study().model(name).parent().unwrap(), "--json"].json();
        let inspection = &inspection["models"][0];
        let summary = study().model_summary(name);
        for key in ["architecture", "description", "parameters"] {
            assert_eq!(inspection[key], summary[key], "{name}, {key}");
        }
        for key in ["training", "epochs", "training_loss", "name"] {
            assert_eq!(inspection["provenance"][key], summary[key], "{name}, {key}");
        }
    }
    let inspection = narrows!["inspect", study().model("three-layer"), "--json"].json();
    let names: Vec<&str> = inspection["models"][0]["tensors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tensor| tensor["name"].as_str().unwrap())
        .collect();
    let modules = ["encoder.0", "encoder.2", "encoder.4", "decoder.0", "decoder.2", "decoder.4"];
    for module in modules {
        assert!(
            names.contains(&&*format!("{module}.weight")) && names.contains(&&*format!("{module}.bias")),
            "{names:?}"
        );
    }
    assert_eq!(names.len(), 2 * modules.len());
    let text = narrows!["inspect", study().model("three-layer")].success();
    for words in
        ["784 → 64 → 32 → 16 → 32 → 64 → 784", "106464 parameters", "encoder.4", "1 of 1 epochs", "seed 5"]
    {
        assert!(text.contains(words), "`{words}` is not in {text}");
    }
}

/// A safetensors file: 8 bytes with the header's length, the header, the numbers.
struct Container {
    header: Value,
    data: Vec<u8>,
}

impl Container {
    fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        Self {
            header: serde_json::from_slice(&bytes[8..8 + length]).unwrap(),
            data: bytes[8 + length..].to_vec(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let header = self.header.to_string();
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &self.data[..]].concat()
    }

    /// Changes what narrows wrote beside the tensors.
    fn alter(&mut self, change: impl FnOnce(&mut Value)) {
        let text = self.header["__metadata__"]["narrows"].as_str().unwrap();
        let mut metadata = serde_json::from_str(text).unwrap();
        change(&mut metadata);
        self.header["__metadata__"]["narrows"] = Value::String(metadata.to_string());
    }
}

/// A folder to put wrong files into.
struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join("altered.safetensors");
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The study's two-layer model with something changed.
    fn altered(&self, change: impl FnOnce(&mut Container)) -> PathBuf {
        let mut container = Container::read(&study().model("two-layer"));
        change(&mut container);
        self.put(&container.bytes())
    }
}

#[test]
fn the_unaltered_file_is_read() {
    narrows!["inspect", Files::new().altered(|_| {})].success();
}

#[test]
fn a_truncated_file_is_refused_wherever_it_ends() {
    let (files, whole) = (Files::new(), fs::read(study().model("two-layer")).unwrap());
    for length in [0, 4, 8, 100, 2000, whole.len() / 2, whole.len() - 1] {
        let path = files.put(&whole[..length]);
        narrows!["evaluate", path].mistake(&["altered.safetensors", "cut short"]);
    }
    let longer = [&whole[..], b"more"].concat();
    narrows!["inspect", files.put(&longer)].mistake(&["altered.safetensors"]);
}

#[test]
fn no_flipped_bit_in_the_header_crashes_the_program() {
    let (files, whole) = (Files::new(), fs::read(study().model("two-layer")).unwrap());
    let header = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    for (turn, at) in (0..8).chain((8..header).step_by(header / 40)).enumerate() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (turn % 8);
        let ended = narrows!["inspect", files.put(&bytes)];
        // A flipped bit may leave a file that is right, with another seed or name.
        assert!([0, 2].contains(&ended.code), "bit {} of byte {at}: {ended:?}", turn % 8);
    }
}

#[test]
fn parameters_that_are_not_numbers_are_refused() {
    let files = Files::new();
    for value in [f32::NAN, f32::INFINITY] {
        let path = files.altered(|file| file.data[400..404].copy_from_slice(&value.to_le_bytes()));
        narrows!["evaluate", path].mistake(&["altered.safetensors", "NaN or infinite"]);
    }
}

#[test]
fn sizes_that_do_not_fit_each_other_are_refused() {
    let files = Files::new();
    let shape = |shape: Value| files.altered(|file| file.header["encoder.0.weight"]["shape"] = shape);
    narrows!["inspect", shape(json!([784, 32]))].mistake(&["encoder.0.weight", "[32, 784]", "[784, 32]"]);

    let hidden = |hidden: Value| {
        files.altered(|file| file.alter(|metadata| metadata["architecture"]["hidden"] = hidden))
    };
    narrows!["inspect", hidden(json!([32, 8]))].mistake(&["altered.safetensors", "should be"]);
    narrows!["inspect", hidden(json!([32]))].mistake(&["altered.safetensors", "does not belong"]);
    narrows!["inspect", hidden(json!([]))].mistake(&["cannot be", "at least one hidden size"]);
    narrows!["inspect", hidden(json!([0]))].mistake(&["cannot be", "0 was given"]);
    narrows!["inspect", hidden(json!([1_000_000, 1000]))].mistake(&["cannot be", "at most"]);
    narrows!["inspect", hidden(json!([500_000]))].mistake(&["more parameters than the file has room for"]);
    let missing = files.altered(|file| {
        let bias = file.header["decoder.2.bias"].clone();
        file.header["surplus"] = bias;
        file.header.as_object_mut().unwrap().remove("decoder.2.bias");
    });
    narrows!["inspect", missing].mistake(&["altered.safetensors", "surplus"]);
}

#[test]
fn normalisations_that_cannot_be_are_refused() {
    let files = Files::new();
    for scale in [json!([0.0]), json!([null]), json!([]), json!([1.0, 1.0]), json!([1e300])] {
        let path = files.altered(|file| {
            file.alter(|metadata| metadata["input"]["normalisation"]["scale"] = scale.clone());
        });
        narrows!["evaluate", &path].mistake(&["altered.safetensors"]);
    }
    let path = files.altered(|file| {
        file.alter(|metadata| {
            metadata["input"]["schema"]["image"] =
                json!({ "height": 4_294_967_296_u64, "width": 4_294_967_296_u64 })
        });
    });
    narrows!["reconstruct", &path].mistake(&["altered.safetensors"]);
}

#[test]
fn files_of_others_and_of_later_versions_are_refused() {
    let files = Files::new();
    let foreign = files.altered(|file| drop(file.header.as_object_mut().unwrap().remove("__metadata__")));
    narrows!["evaluate", foreign].mistake(&["no model of narrows", "altered.safetensors"]);
    let later = files.altered(|file| file.alter(|metadata| metadata["version"] = json!(3)));
    narrows!["inspect", later].mistake(&["version 3", "versions 1 to 2"]);
    narrows!["inspect", files.put(b"PK\x03\x04 something else entirely")].mistake(&["altered.safetensors"]);
    narrows!["inspect", study().path().join("summary.json")].mistake(&["summary.json", "safetensors"]);
}

#[test]
fn data_of_another_width_is_refused() {
    // A model of 10 inputs, with all tensors of the right shape.
    let tensors = [
        ("encoder.0.weight", vec![4, 10]),
        ("encoder.0.bias", vec![4]),
        ("decoder.0.weight", vec![10, 4]),
        ("decoder.0.bias", vec![10]),
    ];
    let files = Files::new();
    let path = files.altered(|file| {
        file.alter(|metadata| {
            metadata["architecture"]["inputs"] = json!(10);
            metadata["architecture"]["hidden"] = json!([4]);
            metadata["input"]["schema"] = json!({ "features": 10, "missing": "error" });
        });
        let (metadata, mut at) = (file.header["__metadata__"].clone(), 0);
        file.header = json!({ "__metadata__": metadata });
        for (name, shape) in tensors {
            let end = at + 4 * shape.iter().product::<usize>();
            file.header[name] = json!({ "dtype": "F32", "shape": shape, "data_offsets": [at, end] });
            at = end;
        }
        file.data.truncate(at);
    });
    narrows!["inspect", &path].success();
    narrows!["evaluate", &path].mistake(&["rows of 10 numbers", "784"]);
    narrows!["reconstruct", &path].mistake(&["does not read images"]);
}

#[test]
fn a_missing_model_is_told_with_those_that_are_there() {
    let folder = study().path().join("models");
    narrows!["evaluate", folder.join("four-layer")].mistake(&["four-layer", "models there", "three-layer"]);
    narrows!["inspect", &folder].mistake(&["models there", "three-layer-wide"]);
    narrows!["inspect", "nowhere/at/all"].mistake(&["nowhere/at/all"]);
}
