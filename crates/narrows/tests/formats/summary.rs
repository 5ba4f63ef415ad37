//! The summary of a run, damaged: the report that is made of it is an error, and never a panic.

use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use narrows::compute::{Compute, Level};
use narrows::dataset::{Dataset, ImageShape, Parts, Schema, Values};
use narrows::experiment::{Existing, Experiment, FinishedRun, RunOptions, run_on};

/// Forty images of 2 × 2 pixels, of two classes, as the fuzz target has them.
fn data() -> Parts {
    let classes = ["dark", "bright"].map(str::to_owned).to_vec();
    let schema = Schema::images(ImageShape::grey(2, 2)).unwrap().with_classes(classes).unwrap();
    let bytes = (0..160_u8).map(|place| place.wrapping_mul(37)).collect();
    let labels = (0..40).map(|row| row % 2).collect();
    let dataset = Dataset::new("fuzz", schema, Values::Bytes(bytes), Some(labels)).unwrap();
    Parts::new(dataset.clone(), None, dataset).unwrap()
}

/// A run of two small models.
fn run(data: &Parts) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("damaged-summary");
    let options = RunOptions {
        level: Level::detect(),
        threads: NonZeroUsize::MIN,
        existing: Existing::Replace,
        cpu: String::new(),
    };
    let experiment = include_str!("../../../../fuzz/fuzz_targets/summary.toml");
    let experiment = Experiment::from_toml(experiment).unwrap();
    run_on(data.clone().into(), &experiment, &folder, &options, &|_| ControlFlow::Continue(())).unwrap();
    folder
}

/// Reads the run with this summary, and makes its report.
fn report(folder: &Path, summary: &[u8], data: &Parts) -> Result<String, String> {
    fs::write(folder.join("summary.json"), summary).unwrap();
    let run = FinishedRun::read(folder).map_err(|error| error.to_string())?;
    let page = run.report(data, &mut Compute::single(Level::detect())).map_err(|error| error.to_string())?;
    Ok(page.html())
}

#[test]
fn a_damaged_summary_is_an_error() {
    let data = data();
    let folder = run(&data);
    let whole = fs::read_to_string(folder.join("summary.json")).unwrap();
    assert!(report(&folder, whole.as_bytes(), &data).unwrap().contains("Fuzzed"));
    for (from, to, expected) in [
        // A seed that the experiment's file cannot hold, for TOML's numbers end before.
        ("\"seed\":0", "\"seed\":9223372036854775808", "at most 9223372036854775807"),
        ("\"steps\":10", "\"steps\":1000000000000", "expected 2 to 1000"),
        ("\"best\":[{\"row\":", "\"best\":[{\"row\":4", "the test set has 40"),
        ("\"hidden\":[2,1],\"activation\"", "\"hidden\":[],\"activation\"", "in its file"),
    ] {
        let found = whole.split_once(from).map(|(before, after)| [before, to, after].concat());
        let error = report(&folder, found.expect(from).as_bytes(), &data).unwrap_err();
        assert!(error.contains("summary.json cannot be read") && error.contains(expected), "{error}");
    }
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/summary");
    for file in fs::read_dir(corpus).unwrap() {
        let _ = report(&folder, &fs::read(file.unwrap().path()).unwrap(), &data);
    }
}
