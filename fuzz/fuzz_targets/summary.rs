#![no_main]

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;

use narrows::compute::{Compute, Level};
use narrows::dataset::{Dataset, ImageShape, Parts, Schema, Values};
use narrows::experiment::{Existing, Experiment, FinishedRun, RunOptions, run_on};

const EXPERIMENT: &str = include_str!("summary.toml");

// A run of two small models, whose `summary.json` is replaced by the text: from it the report is made.
libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let folder = std::env::temp_dir().join(format!("narrows-fuzz-{}", std::process::id()));
    let data = data();
    if !folder.exists() {
        run(&folder, data.clone());
    }
    std::fs::write(folder.join("summary.json"), text).expect("the folder is there");
    if let Ok(run) = FinishedRun::read(&folder) {
        let _ = (run.live_models(), run.live_pairs(&data), run.compared(), run.bound());
        let _ = run.report(&data, &mut Compute::single(Level::detect())).map(|page| page.html());
    }
});

/// Forty images of 2 × 2 pixels, of two classes.
fn data() -> Parts {
    let classes = ["dark", "bright"].map(str::to_owned).to_vec();
    let schema = Schema::images(ImageShape::grey(2, 2)).and_then(|schema| schema.with_classes(classes)).expect("names differ");
    let bytes = (0..160_u8).map(|place| place.wrapping_mul(37)).collect();
    let dataset = Dataset::new("fuzz", schema, Values::Bytes(bytes), Some((0..40).map(|row| row % 2).collect())).expect("rows are whole");
    Parts::new(dataset.clone(), None, dataset).expect("they are the same")
}

fn run(folder: &Path, parts: Parts) {
    let experiment = Experiment::from_toml(EXPERIMENT).expect("it is one");
    let options = RunOptions { level: Level::detect(), threads: NonZeroUsize::MIN, existing: Existing::Keep, cpu: String::new() };
    run_on(parts.into(), &experiment, folder, &options, &|_| ControlFlow::Continue(())).expect("it can be run");
}
