//! Latent spaces and linear models, measured: against scikit-learn and SciPy, against plain loops, and on models that were
//! made to have what is to be found.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod anomaly;
mod certificate;
mod made;
mod neighbours;
mod reference;

#[allow(dead_code, reason = "the tests of training read more of a file than these")]
#[path = "../training/golden.rs"]
mod golden;

use std::num::NonZeroUsize;

use narrows::compute::{Compute, Level};
use narrows::dataset::{Dataset, Parts, Schema, ValueRange, Values};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

fn compute() -> Compute {
    Compute::at(Level::detect(), NonZeroUsize::new(2).unwrap()).unwrap()
}

/// Numbers in [−1, 1), multiples of 2⁻²³.
fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| (random.next_u32() >> 8) as f32 / 8_388_608.0 - 1.0).collect()
}

/// Rows of numbers in [−1, 1] as both parts of a data set.
fn dataset(values: Vec<f32>, features: usize, labels: Option<Vec<u32>>) -> Parts {
    let part = Dataset::new("made", schema(features), Values::Numbers(values), labels).unwrap();
    Parts::new(part.clone(), None, part).unwrap()
}

/// Rows from −8 to 8 of ten classes.
fn schema(features: usize) -> Schema {
    let classes = (0..10).map(|class| class.to_string()).collect();
    let schema = Schema::rows(features).and_then(|schema| schema.with_classes(classes));
    schema.and_then(|schema| schema.with_range(ValueRange { low: -8.0, high: 8.0 })).unwrap()
}
