//! Data, models and comparisons that the tests share.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroUsize;

use narrows::compute::{Compute, Level};
use narrows::dataset::{Dataset, Missing, Normalisation, Samples, Schema, Values};
use narrows::model::{
    Architecture, Autoencoder, HiddenActivation, Initialisation, InputSpec, OutputActivation, Parameters,
};
use narrows::train::Optimiser;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::golden::Golden;

pub const HIDDEN_ACTIVATIONS: [HiddenActivation; 7] = [
    HiddenActivation::Relu,
    HiddenActivation::LeakyRelu,
    HiddenActivation::Tanh,
    HiddenActivation::Sigmoid,
    HiddenActivation::Gelu,
    HiddenActivation::Silu,
    HiddenActivation::Identity,
];

pub const OUTPUT_ACTIVATIONS: [OutputActivation; 3] =
    [OutputActivation::Linear, OutputActivation::Tanh, OutputActivation::Sigmoid];

/// Features of a row in tests without a file: no multiple of 16, as in the golden files.
pub const FEATURES: usize = 45;

pub fn architecture(hidden: &[usize]) -> Architecture {
    Architecture {
        inputs: FEATURES,
        hidden: hidden.to_vec(),
        activation: HiddenActivation::Relu,
        output: OutputActivation::Tanh,
    }
}

pub fn sgd(learning_rate: f64, momentum: f64) -> Optimiser {
    Optimiser::Sgd { learning_rate, momentum, weight_decay: 0.0, nesterov: false }
}

pub fn compute(level: Level, threads: usize) -> Compute {
    Compute::at(level, NonZeroUsize::new(threads).unwrap()).unwrap()
}

pub fn random_bytes(count: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; count];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

/// Bytes of which a quarter are not 0, about as in pictures of digits; the first row is all 0, the second all 255.
pub fn sparse_bytes(rows: usize, features: usize, seed: u64) -> Vec<u8> {
    let random = random_bytes(2 * rows * features, seed);
    let mut bytes: Vec<u8> =
        random.chunks_exact(2).map(|pair| if pair[0] < 64 { pair[1] } else { 0 }).collect();
    bytes[..features].fill(0);
    bytes[features..2 * features].fill(255);
    bytes
}

/// As MNIST is read.
const SCALE: f32 = 2.0 / 255.0;
const OFFSET: f32 = -1.0;

/// Bytes, to be scaled and shifted.
pub fn as_bytes(bytes: &[u8], features: usize) -> Samples {
    let schema = Schema::rows(features).unwrap();
    let dataset = Dataset::new("bytes", schema, Values::Bytes(bytes.to_vec()), None).unwrap();
    Normalisation::new(vec![SCALE], vec![OFFSET]).unwrap().apply(&dataset).unwrap()
}

/// The numbers that [`as_bytes`] stands for, rounded once.
pub fn as_numbers(bytes: &[u8], features: usize) -> Samples {
    let numbers = bytes.iter().map(|&b| f32::from(b).mul_add(SCALE, OFFSET)).collect();
    Samples::in_model_scale(features, numbers).unwrap()
}

/// `rows` rows in [−1, 1), multiples of 1/128.
pub fn numbers(rows: usize, features: usize, seed: u64) -> Samples {
    let numbers = random_bytes(rows * features, seed).iter().map(|&b| f32::from(b) / 128.0 - 1.0).collect();
    Samples::in_model_scale(features, numbers).unwrap()
}

/// Rows in the model's scale, of which those that are NaN are missing.
pub fn masked(features: usize, values: Vec<f32>) -> Samples {
    let schema = Schema::rows(features).unwrap().with_missing(Missing::Mask).unwrap();
    let dataset = Dataset::new("masked", schema, Values::Numbers(values), None).unwrap();
    Normalisation::identity().apply(&dataset).unwrap()
}

/// Parameters in which every bias counts too.
pub fn random_parameters(architecture: &Architecture, seed: u64) -> Parameters {
    Initialisation::Pytorch.draw(architecture, seed)
}

/// A model that reads its input as it is.
pub fn autoencoder(architecture: &Architecture, parameters: &Parameters) -> Autoencoder {
    Autoencoder {
        architecture: architecture.clone(),
        parameters: parameters.clone(),
        input: InputSpec::new(Normalisation::identity(), Schema::rows(architecture.inputs).unwrap()).unwrap(),
    }
}

pub fn all_bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

#[track_caller]
pub fn assert_close(actual: f64, expected: f64, tolerance: f64, what: fmt::Arguments<'_>) {
    let error = (actual - expected).abs();
    // Written so that a NaN fails.
    assert!(error <= tolerance, "{what}: {actual:e} is {error:e} from {expected:e}, allowed {tolerance:e}");
}

#[track_caller]
pub fn assert_all_close(actual: &[f32], expected: &[f64], tolerance: f64, what: fmt::Arguments<'_>) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    for (i, (&actual, &expected)) in actual.iter().zip(expected).enumerate() {
        assert_close(actual.into(), expected, tolerance, format_args!("{what}, number {i}"));
    }
}

impl<D> Golden<D> {
    /// `parameters` with the file's tensors of `group`, which must be those, by name and shape.
    pub fn parameters(&self, mut parameters: Parameters, group: &str) -> Parameters {
        let specs = parameters.tensors().to_vec();
        let names: BTreeSet<String> = specs.iter().map(|spec| format!("{group}/{}", spec.name)).collect();
        let prefix = format!("{group}/");
        let in_file = self.tensors.keys().filter(|name| name.starts_with(&prefix)).cloned().collect();
        assert_eq!(names, in_file, "{group}");
        for spec in specs {
            let tensor = &self.tensors[&format!("{group}/{}", spec.name)];
            assert_eq!(tensor.shape, spec.shape, "{group}/{}", spec.name);
            parameters.get_mut(&spec.name).unwrap().copy_from_slice(&tensor.singles());
        }
        parameters
    }

    /// Compares parameters, or gradients by them, with the file's tensors of `group`; `name` is the case's.
    pub fn compare(&self, actual: &Parameters, group: &str, tolerance: f64, name: &str) {
        for spec in actual.tensors() {
            let expected = &self.tensors[&format!("{group}/{}", spec.name)].values;
            let what = format_args!("{name}, {group}/{}", spec.name);
            assert_all_close(actual.get(&spec.name).unwrap(), expected, tolerance, what);
        }
    }
}
