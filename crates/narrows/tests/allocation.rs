//! A step allocates nothing: all memory is taken when training begins, and at the end of an epoch. Nor does a prediction of raw rows
//! after the first.

#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, and these are their helpers")]

use std::alloc::System;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use narrows::compute::{Compute, Level};
use narrows::dataset::format::{ArrayFile, Values as FileValues, npy};
use narrows::dataset::{Dataset, Missing, Normalisation, ReadAhead, Samples, Schema, Values};
use narrows::model::{
    Architecture, Autoencoder, HiddenActivation, Initialisation, InputSpec, OutputActivation,
};
use narrows::train::{Event, Optimiser, Schedule, Training, train};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Counts what any thread allocates. This file has one test, so that no other runs beside it.
#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const EPOCHS: usize = 3;
const STEPS: usize = 5;

fn allocations() -> usize {
    let stats = COUNTING.stats();
    stats.allocations + stats.reallocations
}

/// What is allocated from the end of one step to the end of the next, in each epoch.
fn allocations_of_steps(
    architecture: &Architecture,
    training: &Training,
    samples: &Samples,
    compute: &mut Compute,
) -> [[usize; STEPS - 1]; EPOCHS] {
    let mut after = [[0; STEPS]; EPOCHS];
    let before = allocations();
    train(architecture, training, samples, None, compute, &mut |event| {
        if let &Event::Batch { epoch, step, steps } = event {
            assert_eq!(steps, STEPS);
            after[epoch - 1][step - 1] = allocations();
        }
        ControlFlow::Continue(())
    })
    .expect("the settings are good");
    assert!(after[0][0] > before, "the counter counts");
    after.map(|epoch| std::array::from_fn(|step| epoch[step + 1] - epoch[step]))
}

#[test]
fn nothing_is_allocated_in_a_step_or_for_a_row() {
    steps();
    rows();
}

fn rows() {
    let (features, latent) = (45, 5);
    let hidden = vec![19, latent];
    let architecture = Architecture {
        inputs: features,
        hidden,
        activation: HiddenActivation::Silu,
        output: OutputActivation::Tanh,
    };
    let parameters = Initialisation::Pytorch.draw(&architecture, 0);
    let input = InputSpec::new(Normalisation::identity(), Schema::rows(features).unwrap()).unwrap();
    let predictor = Autoencoder { architecture, parameters, input }.predictor().unwrap();
    for (threads, rows) in [(1, 1), (1, 100), (2, 1), (2, 16)] {
        let mut compute = Compute::new(NonZeroUsize::new(threads).expect("at least one")).expect("threads");
        let raw = vec![0.5; rows * features];
        let (mut codes, mut reconstructions) = (vec![0.0; rows * latent], raw.clone());
        let mut predict = || {
            let before = allocations();
            predictor.encode_into(&mut compute, &raw, &mut codes).unwrap();
            predictor.reconstruct_into(&mut compute, &raw, &mut reconstructions).unwrap();
            allocations() - before
        };
        predict();
        // The thread that waits for this test may allocate meanwhile.
        let least = (0..3).map(|_| predict()).min();
        assert_eq!(least, Some(0), "{rows} rows, {threads} threads");
    }
}

fn steps() {
    let (rows, features) = (300, 45);
    let dense: Vec<u8> = (0..rows * features).map(|i| (i * i % 251) as u8).collect();
    let sparse: Vec<u8> = dense.iter().map(|&b| if b < 60 { b } else { 0 }).collect();
    let raw = |values| Dataset::new("raw", Schema::rows(features).unwrap(), values, None).unwrap();
    let normalised = |values, scale: Vec<f32>, offset| {
        Normalisation::new(scale, offset).unwrap().apply(&raw(values)).unwrap()
    };
    let bytes = |bytes| normalised(Values::Bytes(bytes), vec![2.0 / 255.0], vec![-1.0]);
    let numbers: Vec<f32> = dense.iter().map(|&b| f32::from(b) / 128.0 - 1.0).collect();
    let some: Vec<usize> = (0..2 * rows).step_by(2).collect();
    let chosen = raw(Values::Bytes([&sparse[..], &dense].concat())).subset(&some);
    let chosen = Normalisation::new(vec![2.0 / 255.0], vec![-1.0]).unwrap().apply(&chosen).unwrap();
    let table = normalised(Values::Numbers(numbers.clone()), vec![2.0; features], vec![0.5; features]);
    let schema = Schema::rows(features).unwrap().with_missing(Missing::Mask).unwrap();
    let holed = numbers.iter().enumerate().map(|(i, &x)| if i * i % 7 == 1 { f32::NAN } else { x }).collect();
    let masked = Dataset::new("masked", schema, Values::Numbers(holed), None).unwrap();
    let masked =
        Normalisation::new(vec![2.0; features], vec![0.5; features]).unwrap().apply(&masked).unwrap();
    let numbers = Samples::in_model_scale(features, numbers).unwrap();
    // Windows of two batches, so that they change within every epoch.
    let path = std::env::temp_dir().join(format!("narrows-allocation-{}.npy", std::process::id()));
    npy::write(&path, &[rows, features], &FileValues::Bytes(sparse.clone())).unwrap();
    let row = 2 * features as u64 + 4;
    let schema = Schema::rows(features).unwrap();
    let ahead = ReadAhead::new(10 * row, 130 * row);
    let file = Dataset::open_file("file", schema, ArrayFile::open(&path).unwrap(), None, ahead).unwrap();
    let file = Normalisation::new(vec![2.0 / 255.0], vec![-1.0]).unwrap().apply(&file).unwrap();
    let [dense, sparse] = [dense.clone(), sparse.clone()].map(bytes);
    let sgd = Optimiser::Sgd { learning_rate: 0.1, momentum: 0.9, weight_decay: 0.0, nesterov: true };
    for threads in [1, 2] {
        for level in Level::available() {
            for (name, samples, optimiser, activation) in [
                ("dense bytes", &dense, Optimiser::adam(1e-3, 1e-5), HiddenActivation::Relu),
                ("sparse bytes", &sparse, Optimiser::adamw(1e-3, 0.1), HiddenActivation::Silu),
                ("sparse bytes, Muon", &sparse, Optimiser::muon(1e-3, 0.1), HiddenActivation::Silu),
                ("numbers", &numbers, sgd, HiddenActivation::Gelu),
                ("a table", &table, Optimiser::adam(1e-3, 0.0), HiddenActivation::Tanh),
                ("missing values", &masked, Optimiser::adam(1e-3, 0.0), HiddenActivation::Relu),
                ("a file", &file, Optimiser::adam(1e-3, 0.0), HiddenActivation::Relu),
                ("rows of others", &chosen, Optimiser::adam(1e-3, 0.0), HiddenActivation::Relu),
            ] {
                let output = OutputActivation::Tanh;
                let architecture = Architecture { inputs: features, hidden: vec![19, 5], activation, output };
                let schedule = Schedule::one_cycle();
                let training =
                    Training { epochs: EPOCHS, batch_size: 64, optimiser, schedule, ..Training::default() };
                let mut compute =
                    Compute::at(level, NonZeroUsize::new(threads).expect("at least one")).expect("threads");
                // The thread that waits for this test may allocate meanwhile, now and then. A step that does always
                // does: what is left in the best of three runs is its own.
                let mut least = [[usize::MAX; STEPS - 1]; EPOCHS];
                for _ in 0..3 {
                    let counts = allocations_of_steps(&architecture, &training, samples, &mut compute);
                    for (least, count) in least.as_flattened_mut().iter_mut().zip(counts.as_flattened()) {
                        *least = (*least).min(*count);
                    }
                }
                // The thread that reads a file takes its memory while the first epoch goes on.
                let first = if samples.is_in_memory() { 0 } else { 1 };
                let least = &least[first..];
                assert_eq!(least, &[[0; STEPS - 1]; EPOCHS][first..], "{name}, {threads} threads, {level}");
            }
        }
    }
    std::fs::remove_file(&path).unwrap();
}
