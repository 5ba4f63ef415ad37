//! Commands that take several models: run directories, names that meet, codes.

use std::fs;

use crate::narrows;
use crate::study::{EXACT, study};

/// All models of the study, as its experiment has them.
const ORDER: [&str; 8] = [
    "pca",
    "pca-one-cycle",
    EXACT,
    "pca-tanh",
    "two-layer",
    "two-layer-wide",
    "three-layer",
    "three-layer-wide",
];

fn names(json: &serde_json::Value) -> Vec<String> {
    json["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["model"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_run_directory_stands_for_its_models_in_the_experiments_order() {
    let run = study().path();
    assert_eq!(names(&narrows!["evaluate", &run, "--json"].json()), ORDER);
    assert_eq!(names(&narrows!["inspect", &run, "--json"].json()), ORDER);
    let text = narrows!["evaluate", &run].success();
    for name in ORDER {
        assert_eq!(text.lines().filter(|line| line.starts_with(&format!("{name} "))).count(), 2, "{text}");
    }
    let text = narrows!["inspect", &run].success();
    for name in ORDER {
        assert!(text.contains(&format!("{name}: 784 → ")), "{text}");
    }
    assert!(text.contains("trained: –") && text.contains("last training loss: –"), "exact PCA: {text}");
}

#[test]
fn a_model_that_is_named_twice_counts_once() {
    let run = study().path();
    let twice = narrows!["inspect", &run, study().model("pca"), run.join("models/pca"), "--json"].json();
    assert_eq!(names(&twice), ORDER);
    let chosen = narrows!["inspect", study().model("two-layer"), study().model("pca"), "--json"].json();
    assert_eq!(names(&chosen), ["two-layer", "pca"], "as they were named");
}

#[test]
fn models_of_one_name_are_told_apart_by_their_paths() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::copy(study().model("pca"), other.join("model.safetensors")).unwrap();
    let file = folder.path().join("kept.safetensors");
    fs::copy(study().model("pca"), &file).unwrap();
    let models =
        narrows!["inspect", &other, &file, study().model("pca"), study().model("two-layer"), "--json"];
    let folder_of_study = study().path().join("models/pca");
    let paths = [&other, &file, &folder_of_study].map(|path| path.display().to_string());
    assert_eq!(names(&models.json()), [&paths[0], &paths[1], &paths[2], "two-layer"]);
}

#[test]
fn a_folder_without_a_model_is_told() {
    let folder = tempfile::tempdir().unwrap();
    narrows!["evaluate", folder.path()].mistake(&["model.safetensors"]);
    fs::create_dir(folder.path().join("models")).unwrap();
    narrows!["evaluate", folder.path()].mistake(&["holds no models", "run directory"]);
    // One of several that is not there is told before anything is measured.
    narrows!["evaluate", study().path(), "nowhere"].mistake(&["nowhere"]);
}

#[test]
fn codes_are_those_that_the_encoder_gives() {
    let codes = narrows!["encode", study().path(), "--rows", "train:7,train:1", "test#42", "--json"].json();
    assert_eq!((codes["data"].as_str(), names(&codes)), (Some("mnist"), ORDER.map(str::to_owned).into()));
    for model in codes["models"].as_array().unwrap() {
        let rows = model["rows"].as_array().unwrap();
        let of_rows: Vec<_> =
            rows.iter().map(|row| (row["row"].as_str().unwrap(), row["class"].as_str())).collect();
        assert_eq!(of_rows, [("train:7", Some("7")), ("train:1", Some("1")), ("test#42", Some("4"))]);
        assert!(rows.iter().all(|row| row["code"].as_array().unwrap().len() == 16));
    }
    // A linear encoder: the code of an image is W·x + b, computed here in f64 from the file.
    let bytes = fs::read(study().model("pca")).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let tensor = |name: &str| -> Vec<f64> {
        let range =
            [0, 1].map(|end| header[name]["data_offsets"][end].as_u64().unwrap() as usize + 8 + length);
        let numbers = bytes[range[0]..range[1]].as_chunks().0.iter();
        numbers.map(|&bytes| f64::from(f32::from_le_bytes(bytes))).collect()
    };
    let (weight, bias) = (tensor("encoder.0.weight"), tensor("encoder.0.bias"));
    let data = narrows!["data", "--rows", "train:7", "--json"].json();
    let values = data["rows"][0]["values"].as_array().unwrap().iter();
    let x: Vec<f64> = values.map(|value| value.as_f64().unwrap() / 127.5 - 1.0).collect();
    for (latent, row) in weight.chunks_exact(784).enumerate() {
        let expected = bias[latent] + row.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>();
        let code = codes["models"][0]["rows"][0]["code"][latent].as_f64().unwrap();
        // 784 products of single precision, of which the greatest are about 1.
        assert!((code - expected).abs() < 1e-4, "latent {latent}: {code}, expected {expected}");
    }
}

#[test]
fn codes_stand_in_a_table_latents_down_and_rows_across() {
    let text =
        narrows!["encode", study().model("pca"), study().model("two-layer"), "--rows", "7,1"].success();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "pca: 784 → 16 → 784, linear output");
    assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), ["latent", "train:7", "train:1"]);
    assert_eq!(lines[17].split_whitespace().next(), Some("16"));
    assert_eq!((lines[18], lines.len()), ("", 2 * 18 + 1));
    assert!(lines[19].starts_with("two-layer: "), "{text}");
}

#[test]
fn a_comparison_has_a_dash_for_what_a_model_does_not_have() {
    let text = narrows!["compare", study().model(EXACT), study().model("two-layer")].success();
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().trim_end();
    assert!(line(EXACT).ends_with(" –"), "exact PCA has no hidden units: {text}");
    assert!(line("two-layer").ends_with(" of 64"), "{text}");
}
