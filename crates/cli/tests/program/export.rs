//! Models for other programs, and back: every format, what is refused, and that a model that comes back is the same to the bit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use narrows::dataset::format::{Limits, Source, Values, npy};
use narrows::evaluate::anomaly::AnomalyScorer;
use narrows::files::model;
use serde_json::Value;
use tempfile::TempDir;

use crate::narrows;
use crate::study::study;

/// A model that PyTorch has read (`golden/pytorch.py`).
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden").join(name)
}

/// A Python with `torch`, `numpy` and `safetensors`, which are too large for the test command to fetch.
const TORCH_VARIABLE: &str = "NARROWS_TORCH_PYTHON";

fn exported(format: &str, ending: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join(format!("digits.{ending}"));
    let model = golden("pytorch-model.safetensors");
    let printed = narrows!["export", model, "--format", format, "--out", &out].success();
    assert!(printed.starts_with(out.to_str().unwrap()), "{printed}");
    (folder, out)
}

#[test]
fn a_model_comes_back_from_onnx_as_it_was_with_its_threshold() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let (network, provenance) = model::load(&study().model("three-layer")).unwrap();
    let scorer = AnomalyScorer::given(0.125).unwrap();
    model::save_with_scorer(&file("model.safetensors"), &network, Some(&scorer), &provenance).unwrap();
    for part in ["whole", "scorer"] {
        let onnx = file(&format!("{part}.onnx"));
        narrows!["export", file("model.safetensors"), "--part", part, "--out", &onnx].success();
        let again = file(&format!("{part}.safetensors"));
        narrows!["import", &onnx, "--out", &again].success();
        assert!(fs::read(&again).unwrap() == fs::read(file("model.safetensors")).unwrap(), "{part}");
        let inspection = narrows!["inspect", &onnx, "--json"].json();
        let inspection = &inspection["models"][0];
        assert_eq!(inspection["scorer"]["threshold"], 0.125);
        assert_eq!(inspection["file"]["onnx"]["part"], *part);
        assert_eq!(inspection["file"]["onnx"]["opset"], 9);
        let text = narrows!["inspect", &onnx].success();
        for words in ["opset 9, IR version 4", part, "above 0.125 is an anomaly", "SHA-256"] {
            assert!(text.contains(words), "`{words}` is not in {text}");
        }
    }
    // An ONNX file is a model to other commands too.
    let codes = |model: PathBuf| {
        let encoded = narrows!["encode", model, "--rows", "test:7", "--json"].json();
        encoded["models"][0]["rows"].clone()
    };
    assert_eq!(codes(file("whole.onnx")), codes(file("model.safetensors")));
    // A threshold goes into model files alone.
    let onnx = file("whole.onnx");
    let before = fs::read(&onnx).unwrap();
    narrows!["score", &onnx, "--threshold", "0.5"].mistake(&["whole.onnx", "narrows import"]);
    assert!(fs::read(&onnx).unwrap() == before);
    for part in ["encoder", "decoder"] {
        let onnx = file(&format!("{part}.onnx"));
        narrows!["export", file("model.safetensors"), "--part", part, "--out", &onnx].success();
        narrows!["import", &onnx, "--out", file("x.safetensors")].mistake(&[
            part,
            "alone",
            "whole or scorer",
        ]);
    }
}

#[test]
fn onnx_files_of_others_and_damaged_ones_are_refused() {
    let (folder, onnx) = exported("onnx", "onnx");
    let out = folder.path().join("out.safetensors");
    let refused = |bytes: &[u8], says: &[&str]| {
        let path = folder.path().join("altered.onnx");
        fs::write(&path, bytes).unwrap();
        narrows!["import", &path, "--out", &out].mistake(&[&["altered.onnx"], says].concat());
        assert!(!out.exists());
    };
    let whole = fs::read(onnx).unwrap();
    // The last time that it occurs: the first may be in a node, and nodes are not read.
    let replaced = |from: &str, to: &str| {
        let place = whole.windows(from.len()).rposition(|bytes| bytes == from.as_bytes()).unwrap();
        let mut bytes = whole.clone();
        bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    // IR version 8, written by PyTorch, without a graph.
    refused(b"\x08\x08\x12\x07pytorch", &["`pytorch` wrote it", "only ONNX files that narrows wrote"]);
    refused(b"", &["another program wrote it"]);
    refused(&whole[..whole.len() / 2], &["cut short"]);
    refused(&replaced("encoder.2.bias", "encoder.9.bias"), &["encoder.", "missing"]);
    refused(&replaced("\"hidden\":[64,32,16]", "\"hidden\":[64,16,32]"), &["encoder.2.weight", "[16, 64]"]);
    refused(&replaced("\"hidden\":[64", "\"hiding\":[64"), &["hidden"]);
    let (network, _) = model::load(&golden("pytorch-model.safetensors")).unwrap();
    let first = network.parameters.values()[0].to_le_bytes();
    let place = whole.windows(4).position(|bytes| bytes == first).unwrap();
    let mut bytes = whole.clone();
    bytes[place..place + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    refused(&bytes, &["NaN or infinite"]);
}

#[test]
fn what_is_there_is_kept_and_formats_follow_from_endings() {
    let folder = tempfile::tempdir().unwrap();
    let model = golden("pytorch-model.safetensors");
    let file = |name: &str| folder.path().join(name);
    narrows!["export", &model, "--out", file("a.txt")].mistake(&["--format onnx", ".onnx"]);
    narrows!["export", &model].mistake(&["--format onnx"]);
    narrows!["export", &model, "--out", file("a.npz"), "--part", "encoder"].mistake(&["--part is for"]);
    narrows!["export", study().path(), "--format", "onnx"].mistake(&["one model is needed", "two-layer"]);
    for name in ["a.onnx", "b.npz", "c.safetensors", "d.py"] {
        narrows!["export", &model, "--out", file(name)].success();
        let written = fs::read(file(name)).unwrap();
        narrows!["export", &model, "--out", file(name)].mistake(&[name, "exists", "--force"]);
        fs::write(file(name), "old").unwrap();
        narrows!["export", &model, "--out", file(name), "--force"].success();
        assert!(fs::read(file(name)).unwrap() == written, "the same model gives the same bytes: {name}");
    }
    // The weights that a Python file would load are not replaced either.
    fs::remove_file(file("d.py")).unwrap();
    narrows!["export", &model, "--out", file("d.py")].mistake(&["d.safetensors", "exists"]);
    assert!(!file("d.py").exists());
    assert_eq!(model::load(&file("c.safetensors")).unwrap(), model::load(&model).unwrap());
    let nowhere = file("no/such/folder/a.onnx");
    narrows!["export", file("c.safetensors"), "--out", nowhere].failure(1, &["cannot be written"]);
}

#[test]
fn an_npz_has_the_parameters_and_all_that_is_said() {
    let (_folder, out) = exported("npz", "npz");
    let (network, _) = model::load(&golden("pytorch-model.safetensors")).unwrap();
    let mut archive = npy::Archive::open(Source::open(&out).unwrap(), &Limits::default()).unwrap();
    for spec in network.parameters.tensors() {
        let array = archive.read(&spec.name, &Limits::default()).unwrap();
        assert_eq!(array.shape, spec.shape);
        assert_eq!(array.values, Values::Numbers(network.parameters.values()[spec.range.clone()].to_vec()));
    }
    let scale = archive.read("scale", &Limits::default()).unwrap().values;
    assert_eq!(scale, Values::Numbers(network.input.normalisation().scale().to_vec()));
    let Values::Text(text) = archive.read("metadata", &Limits::default()).unwrap().values else { panic!() };
    let metadata: Value = serde_json::from_str(&text[0]).unwrap();
    assert_eq!(metadata["architecture"]["hidden"], serde_json::json!([64, 32, 16]));
}

/// `golden/pytorch.py` has run this very file with PyTorch, and loaded the weights with `strict=True`.
#[test]
fn the_pytorch_module_is_the_one_that_pytorch_has_run() {
    let (folder, out) = exported("pytorch", "py");
    assert!(folder.path().join("digits.safetensors").is_file());
    assert_eq!(fs::read_to_string(out).unwrap(), fs::read_to_string(golden("pytorch_module.py")).unwrap());
}

#[test]
fn a_state_dict_becomes_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let trained = golden("pytorch-model.safetensors");
    // As PyTorch saves it: without narrows' metadata.
    let bytes = fs::read(&trained).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    header["__metadata__"] = serde_json::json!({ "format": "pt" });
    let header = header.to_string();
    let state_dict = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &bytes[8 + length..]].concat();
    fs::write(file("weights.safetensors"), state_dict).unwrap();

    let (weights, out) = (file("weights.safetensors"), file("imported.safetensors"));
    narrows!["import", &weights, "--out", &out].mistake(&["weights.safetensors", "`activation`"]);
    let activations = ["--activation", "relu", "--output", "tanh"];
    let import = |more: &[&str]| {
        let arguments =
            ["import".into(), weights.clone().into_os_string(), "--out".into(), out.clone().into()];
        crate::called(
            arguments
                .into_iter()
                .chain(activations.iter().chain(more).map(|&word| std::ffi::OsString::from(word))),
        )
    };
    import(&["--image", "28x29", "--normalisation", "symmetric"]).mistake(&["784", "812"]);
    import(&["--image", "28x28", "--normalisation", "standard"]).mistake(&["symmetric or unit"]);
    assert!(!out.exists());
    import(&["--image", "28x28", "--normalisation", "symmetric", "--name", "digits"]).success();
    import(&[]).mistake(&["imported.safetensors", "exists"]);
    let codes = |model: &Path| {
        let encoded =
            narrows!["encode", model, "--data", "mnist", "--rows", "test:7,test:1", "--json"].json();
        encoded["models"][0]["rows"].clone()
    };
    assert_eq!(codes(&out), codes(&trained));
    let text = narrows!["inspect", &out].success();
    assert!(text.contains("it was imported") && text.contains("digits: 784 → 64"), "{text}");
    import(&["--like", trained.to_str().unwrap(), "--force"]).success();
    assert_eq!(model::load(&out).unwrap().0, model::load(&trained).unwrap().0);
    narrows!["import", &trained, "--out", file("x.safetensors")].mistake(&["it is one already"]);
}

/// Runs where a Python with PyTorch is named.
#[test]
fn pytorch_runs_the_module_and_gives_what_narrows_gives() {
    let Some(python) = std::env::var_os(TORCH_VARIABLE) else {
        println!("{TORCH_VARIABLE} names no Python with torch: golden/pytorch_module.py alone stands for it");
        return;
    };
    let (folder, _) = exported("pytorch", "py");
    let lines = "import digits, json, torch\n\
                 model = digits.load()\n\
                 rows = torch.tensor([r['values'] for r in json.load(open('rows.json'))['rows']])\n\
                 print(json.dumps(model.encode(rows).tolist()))";
    let rows = narrows!["data", "mnist", "--rows", "test:7,test:1", "--json"].success();
    fs::write(folder.path().join("rows.json"), rows).unwrap();
    let ended = Command::new(python).args(["-c", lines]).current_dir(folder.path()).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let theirs: Vec<Vec<f64>> = serde_json::from_slice(&ended.stdout).unwrap();
    let model = golden("pytorch-model.safetensors");
    let ours = narrows!["encode", model, "--data", "mnist", "--rows", "test:7,test:1", "--json"].json();
    for (row, theirs) in theirs.iter().enumerate() {
        for (latent, theirs) in theirs.iter().enumerate() {
            let ours = ours["models"][0]["rows"][row]["code"][latent].as_f64().unwrap();
            assert!((ours - theirs).abs() < 1e-5, "{ours} for {theirs}");
        }
    }
}
