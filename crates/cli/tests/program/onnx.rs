//! ONNX files in onnxruntime: what comes out is what narrows computes, of images and of a table with all that tables have.
//!
//! `cargo xtask test` makes the Python environment and names its Python in `NARROWS_ONNX_PYTHON`.

use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;

use narrows::compute::Compute;
use narrows::dataset::format::{Limits, Source, Values, npy};
use narrows::dataset::{Missing, Normalisation, Schema};
use narrows::evaluate::anomaly::{AnomalyScorer, Part, Threshold, anomaly_scores};
use narrows::files::model;
use narrows::model::{
    Architecture, Autoencoder, HiddenActivation, Initialisation, InputSpec, OutputActivation, Predictor,
};
use tempfile::TempDir;

use crate::narrows;
use crate::study::study;

/// A Python with `onnx` and `onnxruntime`.
const VARIABLE: &str = "NARROWS_ONNX_PYTHON";

/// Codes and values in the model's scale: sums of 784 products in single precision, each program in an order of its own.
const TOLERANCE: f64 = 1e-5;

/// Of a score s, 10⁻⁶·(s + √s): where y and x differ by d, an error of δ in either changes d² by 2·d·δ, and δ is some 3·10⁻⁷.
const SCORE_TOLERANCE: f64 = 1e-6;

fn python() -> PathBuf {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/onnx-python/bin/python");
    let python = std::env::var_os(VARIABLE).map_or(made, PathBuf::from);
    assert!(
        python.is_file(),
        "{} is not there; `cargo xtask test` makes a Python with onnx and onnxruntime, or set {VARIABLE} to one",
        python.display()
    );
    python
}

/// A model, rows, and a folder for what is made of them.
struct Case {
    folder: TempDir,
    model: PathBuf,
    loaded: Autoencoder,
    predictor: Predictor,
    compute: Compute,
    /// As an NPY file.
    rows: PathBuf,
    raw: Vec<f32>,
}

impl Case {
    fn new(model_file: &Path, rows: PathBuf, folder: TempDir) -> Self {
        // A copy, which gets a threshold.
        let model = folder.path().join("model.safetensors");
        fs::copy(model_file, &model).unwrap();
        let (loaded, _) = model::load(&model).unwrap();
        let raw = numbers(&rows);
        let predictor = loaded.predictor().unwrap();
        let compute = Compute::new(NonZeroUsize::MIN).unwrap();
        Self { folder, model, loaded, predictor, compute, rows, raw }
    }

    /// What onnxruntime makes of a part of the model, by the names of its outputs.
    fn run(&self, part: &str, rows: &Path) -> impl Fn(&str) -> Vec<f32> + use<> {
        let file = self.folder.path().join(format!("{part}.onnx"));
        narrows!["export", &self.model, "--part", part, "--out", &file].success();
        let out = self.folder.path().join(part);
        fs::create_dir(&out).unwrap();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/run_onnx.py");
        let ended = Command::new(python()).arg(program).args([&file, rows, &out]).output().unwrap();
        assert!(ended.status.success(), "{part}: {}", String::from_utf8_lossy(&ended.stderr));
        move |name| numbers(&out.join(format!("{name}.npy")))
    }

    /// Compares every part of the model with what narrows computes.
    fn check(&mut self) {
        let samples = self.loaded.input.rows(self.raw.clone()).unwrap();
        let codes = self.predictor.encode(&mut self.compute, &samples).unwrap();
        let written = self.predictor.reconstruct(&mut self.compute, &samples).unwrap();
        let errors = self.predictor.squared_errors_by_feature(&mut self.compute, &samples).unwrap();
        let scores = anomaly_scores(&self.predictor, &mut self.compute, &samples).unwrap();
        let scorer = AnomalyScorer::fit(&scores, Threshold::Contamination(0.05), Part::Train).unwrap();
        let provenance = model::Provenance::default();
        model::save_with_scorer(&self.model, &self.loaded, Some(&scorer), &provenance).unwrap();

        for part in ["encoder", "whole", "scorer"] {
            let out = self.run(part, &self.rows);
            near(&out("code"), &codes, TOLERANCE, part);
            if part != "encoder" {
                self.near_in_model_scale(&out("reconstruction"), &written, part);
            }
            if part == "scorer" {
                near(&out("squared_error"), &errors, TOLERANCE, part);
                check_scores(&out("score"), &out("label"), &scores, &scorer);
            }
        }
        let file = self.folder.path().join("codes.npy");
        let latent = self.loaded.architecture.latent();
        npy::write(&file, &[codes.len() / latent, latent], &Values::Numbers(codes)).unwrap();
        self.near_in_model_scale(&self.run("decoder", &file)("reconstruction"), &written, "decoder");
    }

    /// Compares raw values with what the model wrote, each in its column's scale. Raw values are rounded to single precision.
    fn near_in_model_scale(&self, raw: &[f32], written: &[f32], what: &str) {
        let expected = self.loaded.input.raw(written);
        assert_eq!(raw.len(), expected.len(), "{what}");
        let features = self.loaded.architecture.inputs;
        for (index, (&found, &expected)) in raw.iter().zip(&expected).enumerate() {
            let (scale, _) = self.loaded.input.normalisation().of_feature(index % features);
            let rounding = f64::from(expected.abs()) * f64::from(f32::EPSILON);
            let most = TOLERANCE / f64::from(scale.abs()) + rounding;
            let distance = f64::from((found - expected).abs());
            assert!(distance <= most, "{what}, number {index}: {found} for {expected}");
        }
    }
}

/// Compares scores, and the labels that follow from them: 0 and 1, as floats.
fn check_scores(found: &[f32], labels: &[f32], scores: &[f64], scorer: &AnomalyScorer) {
    assert_eq!((found.len(), labels.len()), (scores.len(), scores.len()));
    for (row, ((&found, &label), &score)) in found.iter().zip(labels).zip(scores).enumerate() {
        let most = SCORE_TOLERANCE * (score + score.sqrt());
        assert!((f64::from(found) - score).abs() <= most, "score of row {row}: {found} for {score}");
        // A row on the threshold itself may be on either side of it.
        if (score - scorer.threshold()).abs() > most {
            assert_eq!(label == 1.0, scorer.is_anomaly(score), "label of row {row}, of score {score}");
        }
    }
    let anomalies = labels.iter().filter(|&&label| label == 1.0).count();
    assert!((anomalies * 20).abs_diff(labels.len()) <= 40, "{anomalies} of {}", labels.len());
}

#[track_caller]
fn near(found: &[f32], expected: &[f32], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let most = tolerance * f64::from(expected.abs().max(1.0));
        let is_near = f64::from((found - expected).abs()) <= most || (found.is_nan() && expected.is_nan());
        assert!(is_near, "{what}, number {index}: {found} for {expected}");
    }
}

fn numbers(path: &Path) -> Vec<f32> {
    let array = npy::read(Source::open(path).unwrap(), &Limits { bytes: 1 << 30 }).unwrap();
    match array.values {
        Values::Numbers(values) => values,
        Values::Bytes(values) => values.into_iter().map(f32::from).collect(),
        Values::Text(_) => panic!("numbers were expected"),
    }
}

#[test]
fn images_give_what_narrows_gives() {
    let folder = tempfile::tempdir().unwrap();
    let rows = folder.path().join("test.npy");
    narrows!["data", "convert", "mnist", "--part", "test", "--out", &rows].success();
    let mut case = Case::new(&study().model("three-layer"), rows, folder);
    assert_eq!(case.raw.len(), 10_000 * 784);
    case.check();
}

/// Ten thousand rows of six columns that follow two numbers, with times, holes, and machines of three kinds.
fn table(folder: &Path) -> PathBuf {
    let mut text = "time,a,b,c,d,e,f,machine\n".to_owned();
    for row in 0..10_000 {
        let (x, y) = ((row * 37 % 1013) as f64 / 500.0 - 1.0, (row * 53 % 977) as f64 / 480.0 - 1.0);
        write!(text, "2024-0{}-{:02}T{:02}:{:02}", row % 9 + 1, row % 28 + 1, row % 24, row % 60).unwrap();
        for (column, value) in [x, y, x + y, x * y, x - 2.0 * y, x * x].into_iter().enumerate() {
            let is_hole = (row + 3 * column) % 23 == 0;
            let scaled = value * 10_f64.powi(column as i32 - 2);
            if is_hole { text.push(',') } else { write!(text, ",{scaled:.6}").unwrap() }
        }
        writeln!(text, ",m{}", row % 3).unwrap();
    }
    let path = folder.join("sensors.csv");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_table_gives_what_narrows_gives_with_missing_values_masked_or_filled() {
    for missing in ["mask", "mean"] {
        let folder = tempfile::tempdir().unwrap();
        let csv = table(folder.path());
        let reading = ["--one-hot", "machine", "--dates", "time"];
        let run = folder.path().join("run");
        let train = ["--hidden", "8,3", "--epochs", "3", "--missing", missing];
        let name = ["train", "--name", "sensors", "--data"];
        let arguments = name.iter().map(|&word| word.into()).chain([csv.clone().into()]);
        let arguments = arguments.chain(train.iter().chain(&reading).map(|&word| word.into()));
        crate::called(arguments.chain(["--out".into(), run.clone().into_os_string()])).success();
        let rows = folder.path().join("rows.npy");
        // Missing values stay NaN.
        let words = [&reading[..], &["--missing", "mask", "--out"]].concat();
        let arguments = ["data".into(), "convert".into(), csv.clone().into_os_string()];
        let arguments = arguments.into_iter().chain(words.iter().map(|&word| word.into()));
        crate::called(arguments.chain([rows.clone().into_os_string()])).success();
        let model = run.join("models/sensors/model.safetensors");
        let mut case = Case::new(&model, rows, folder);
        assert_eq!(case.raw.len(), 10_000 * 10);
        assert!(case.raw.iter().filter(|value| value.is_nan()).count() > 2_000);
        case.check();
    }
}

/// A model with parameters at random, and its file.
fn made(folder: &Path, hidden: &[usize], activation: HiddenActivation, output: OutputActivation) -> PathBuf {
    let inputs = 12;
    let architecture = Architecture { inputs, hidden: hidden.to_vec(), activation, output };
    let schema = Schema::rows(inputs).unwrap().with_missing(Missing::Mask).unwrap();
    // Of nothing, of a shift alone, of a scale alone, and of both.
    let scales: Vec<f32> = [1.0, 1.0, 0.25, 3.0].into_iter().cycle().take(inputs).collect();
    let offsets: Vec<f32> = [0.0, -2.5, 0.0, 1.5].into_iter().cycle().take(inputs).collect();
    let normalisation = match activation {
        HiddenActivation::Relu => Normalisation::identity(),
        _ => Normalisation::new(scales, offsets).unwrap(),
    };
    let made = Autoencoder {
        parameters: Initialisation::Pytorch.draw(&architecture, 3),
        input: InputSpec::new(normalisation, schema).unwrap(),
        architecture,
    };
    let path = folder.join("made.safetensors");
    model::save(&path, &made, &model::Provenance::default()).unwrap();
    path
}

#[test]
fn every_activation_gives_what_narrows_gives() {
    use {HiddenActivation as H, OutputActivation as O};
    let cases: [(&[usize], H, O); 7] = [
        (&[9, 5, 4], H::Gelu, O::Linear),
        (&[9, 4], H::Silu, O::Sigmoid),
        (&[9, 4], H::LeakyRelu, O::Tanh),
        (&[9, 4], H::Sigmoid, O::Linear),
        (&[9, 4], H::Tanh, O::Sigmoid),
        (&[9, 4], H::Identity, O::Linear),
        (&[4], H::Relu, O::Linear),
    ];
    for (hidden, activation, output) in cases {
        let folder = tempfile::tempdir().unwrap();
        let model = made(folder.path(), hidden, activation, output);
        let rows = folder.path().join("rows.npy");
        let value = |index: usize| match index % 41 {
            0 => f32::NAN,
            _ => (index * 7919 % 2003) as f32 / 400.0 - 2.5,
        };
        let raw: Vec<f32> = (0..100 * 12).map(value).collect();
        npy::write(&rows, &[100, 12], &Values::Numbers(raw)).unwrap();
        Case::new(&model, rows, folder).check();
    }
}

/// A line of README.md that is a command, without what stands behind it.
fn command(readme: &str, begins: &str) -> Vec<String> {
    let line = readme.lines().find(|line| line.starts_with(begins)).unwrap();
    let words = line.split('#').next().unwrap().split_whitespace();
    words.skip(1).map(str::to_owned).collect()
}

#[test]
fn the_readme_finds_the_strangest_row_as_printed() {
    let folder = crate::examples::data("deployment");
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    for begins in ["narrows train --data examples/machines.csv", "narrows export runs/machines"] {
        let output = crate::program(command(&readme, begins)).current_dir(&folder).output().unwrap();
        crate::ended(&output).success();
    }
    let section = readme.split("\n## ").find(|section| section.starts_with("In production")).unwrap();
    let lines = section.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(lines.lines().filter(|line| !line.is_empty()).count() <= 10, "it is to be short");
    let ended = Command::new(python()).args(["-c", lines]).current_dir(&folder).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));

    let rows = folder.join("rows.npy");
    let reading = ["--label", "state", "--id", "serial", "--missing", "mask", "--out"];
    let arguments = ["data", "convert", "examples/machines.csv"].iter().chain(&reading);
    let arguments = arguments.map(|&word| word.into()).chain([rows.clone().into_os_string()]);
    crate::ended(&crate::program(arguments).current_dir(&folder).output().unwrap()).success();
    let (model, _) = model::load(&folder.join("runs/machines/models/machines/model.safetensors")).unwrap();
    let samples = model.input.rows(numbers(&rows)).unwrap();
    let mut compute = Compute::new(NonZeroUsize::MIN).unwrap();
    let scores = anomaly_scores(&model.predictor().unwrap(), &mut compute, &samples).unwrap();
    let worst = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap();
    let expected = format!("Row {worst} has the largest score, {:.2}, and its ", scores[worst]);
    let printed = String::from_utf8(ended.stdout).unwrap();
    assert!(printed.starts_with(&expected), "{printed} for {expected}");
}
