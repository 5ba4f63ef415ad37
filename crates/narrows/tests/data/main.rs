//! Data sets, and what is refused: each of these was once accepted in silence, or ended in a panic.

#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, and these are their helpers")]

mod cached;
mod columns;
#[cfg(feature = "report")]
mod defaults;
mod files;
mod in_file;
mod loading;
mod refusals;
mod splits;
mod tables;

use narrows::compute::{Compute, Level};
use narrows::dataset::{Dataset, Normalisation, Samples, Schema, Values};
use narrows::model::{
    Architecture, Autoencoder, HiddenActivation, Initialisation, InputSpec, OutputActivation,
};

const FEATURES: usize = 30;

fn compute() -> Compute {
    Compute::single(Level::detect())
}

/// Rows of small whole numbers.
fn rows(rows: usize, features: usize) -> Dataset {
    let numbers = (0..rows * features).map(|i| (i * 31 % 17) as f32 - 8.0).collect();
    Dataset::new("rows", Schema::rows(features).unwrap(), Values::Numbers(numbers), None).unwrap()
}

fn samples(count: usize, features: usize) -> Samples {
    Normalisation::identity().apply(&rows(count, features)).unwrap()
}

fn architecture(hidden: &[usize]) -> Architecture {
    Architecture {
        inputs: FEATURES,
        hidden: hidden.to_vec(),
        activation: HiddenActivation::Silu,
        output: OutputActivation::Linear,
    }
}

/// Of 30 features, with codes of 2 numbers.
fn model() -> Autoencoder {
    let architecture = architecture(&[8, 2]);
    Autoencoder {
        parameters: Initialisation::Pytorch.draw(&architecture, 1),
        input: InputSpec::new(Normalisation::identity(), Schema::rows(FEATURES).unwrap()).unwrap(),
        architecture,
    }
}
