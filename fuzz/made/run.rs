//! A run of two small models on small data, whose summary is exchanged by what reads it damaged: the fuzz target and the tests.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;

use narrows::compute::Level;
use narrows::dataset::{Dataset, ImageShape, Parts, Schema, Values};
use narrows::experiment::{CheckpointEvery, Existing, Experiment, RunOptions, run_on};

/// Forty images of 2 × 2 pixels, of two classes.
pub fn data() -> Parts {
    let classes = ["dark", "bright"].map(str::to_owned).to_vec();
    let schema = Schema::images(ImageShape::grey(2, 2)).and_then(|schema| schema.with_classes(classes));
    let bytes = (0..160_u8).map(|place| place.wrapping_mul(37)).collect();
    let labels = (0..40).map(|row| row % 2).collect();
    let dataset = Dataset::new("small", schema.expect("names differ"), Values::Bytes(bytes), Some(labels));
    let dataset = dataset.expect("rows are whole");
    Parts::new(dataset.clone(), None, dataset).expect("they are the same")
}

/// Runs the experiment into a folder.
pub fn run(folder: &Path) {
    let experiment = Experiment::from_toml(include_str!("run.toml")).expect("it is an experiment");
    let options = RunOptions {
        level: Level::detect(),
        threads: NonZeroUsize::MIN,
        existing: Existing::Replace,
        cpu: String::new(),
        checkpoints: CheckpointEvery::default(),
    };
    let observe = |_: narrows::experiment::RunEvent<'_>| ControlFlow::Continue(());
    run_on(data().into(), &experiment, folder, &options, &observe).expect("it can be run");
}
