//! Gradients against differences of the loss, of a model that is written down once more, plainly and in `f64`.

use std::f64::consts::PI;

use narrows::compute::Level;
use narrows::dataset::Samples;
use narrows::model::{Architecture, HiddenActivation, OutputActivation, Parameters};
use narrows::train::{Gradients, Objective, Step};

use crate::support::{
    HIDDEN_ACTIVATIONS, OUTPUT_ACTIVATIONS, as_bytes, assert_all_close, assert_close, compute, masked,
    numbers, random_parameters, sparse_bytes,
};

/// Half the distance of the two losses. What the quotient cuts off is h²/6 of a third derivative, here at most a few
/// units; what rounding adds is 2⁻⁵² of the loss, over h. Both are below 10⁻¹⁰.
const H: f64 = 1e-5;

/// Of the largest gradient of a tensor. A gradient is a sum over 19 rows of numbers which went, forward and backward, through
/// up to 8 layers of sums of up to 18 terms and 7 activations: some 200 roundings of 2⁻²⁴, which add up like a random
/// walk, to 20 or so. A wrong formula misses by a visible part of the gradient.
const TOLERANCE: f64 = 1.0 / (1 << 17) as f64;

/// The most hidden sizes, of which a model of depth d has the first d. The first is as wide as the layer that leaves
/// out zeros needs it to be.
const HIDDEN: [usize; 4] = [18, 7, 5, 3];
const INPUTS: usize = 18;
const ROWS: usize = 23;

#[derive(Clone, Copy)]
enum Activation {
    Hidden(HiddenActivation),
    Latent,
    Output(OutputActivation),
}

impl Activation {
    fn of(self, z: f64) -> f64 {
        let sigmoid = 1.0 / (1.0 + (-z).exp());
        match self {
            Self::Hidden(HiddenActivation::Relu) => z.max(0.0),
            Self::Hidden(HiddenActivation::LeakyRelu) => z.max(0.01 * z),
            Self::Hidden(HiddenActivation::Tanh) | Self::Output(OutputActivation::Tanh) => z.tanh(),
            Self::Hidden(HiddenActivation::Sigmoid) | Self::Output(OutputActivation::Sigmoid) => sigmoid,
            Self::Hidden(HiddenActivation::Gelu) => z * normal_distribution(z),
            Self::Hidden(HiddenActivation::Silu) => z * sigmoid,
            Self::Hidden(HiddenActivation::Identity)
            | Self::Latent
            | Self::Output(OutputActivation::Linear) => z,
        }
    }

    fn has_kink(self) -> bool {
        matches!(self, Self::Hidden(HiddenActivation::Relu | HiddenActivation::LeakyRelu))
    }
}

/// Φ by its series, ½ + φ(z)·(z + z³/3 + z⁵/(3·5) + …); 100 terms are enough for |z| < 8.
fn normal_distribution(z: f64) -> f64 {
    let (mut term, mut sum) = (z, z);
    for i in 1..100 {
        term *= z * z / f64::from(2 * i + 1);
        sum += term;
    }
    0.5 + sum * (-z * z / 2.0).exp() / (2.0 * PI).sqrt()
}

struct Exact {
    /// Inputs and what follows the layer, in order.
    layers: Vec<(usize, usize, Activation)>,
    /// A layer's weights (outputs, inputs), its bias, the next layer's weights …
    parameters: Vec<f64>,
}

impl Exact {
    fn new(architecture: &Architecture, parameters: &Parameters) -> Self {
        let depth = architecture.hidden.len();
        let mut sizes = vec![architecture.inputs];
        sizes.extend(&architecture.hidden);
        sizes.extend(architecture.hidden.iter().rev().skip(1));
        sizes.push(architecture.inputs);
        let activation = |layer| match layer {
            _ if layer + 1 == depth => Activation::Latent,
            _ if layer + 1 == 2 * depth => Activation::Output(architecture.output),
            _ => Activation::Hidden(architecture.activation),
        };
        let layers =
            sizes.windows(2).enumerate().map(|(i, pair)| (pair[0], pair[1], activation(i))).collect();
        Self { layers, parameters: parameters.values().iter().map(|&x| x.into()).collect() }
    }

    /// The mean squared error over the values that are not NaN, and how near a sum came to a kink.
    fn loss(&self, rows: &[Vec<f64>]) -> (f64, f64) {
        let (mut sum, mut nearest, mut count) = (0.0, f64::INFINITY, 0);
        for row in rows {
            let mut values: Vec<f64> = row.iter().map(|&x| if x.is_nan() { 0.0 } else { x }).collect();
            let mut rest = &self.parameters[..];
            for &(inputs, outputs, activation) in &self.layers {
                let (weights, after) = rest.split_at(inputs * outputs);
                let (bias, after) = after.split_at(outputs);
                rest = after;
                let sums = weights.chunks_exact(inputs).zip(bias).map(|(weights, bias)| {
                    bias + weights.iter().zip(&values).map(|(w, x)| w * x).sum::<f64>()
                });
                values = sums
                    .map(|z| {
                        if activation.has_kink() {
                            nearest = nearest.min(z.abs());
                        }
                        activation.of(z)
                    })
                    .collect();
            }
            assert!(rest.is_empty());
            let squares =
                values.iter().zip(row).map(|(y, x)| (y - x).powi(2)).filter(|square| !square.is_nan());
            count += squares.clone().count();
            sum += squares.sum::<f64>();
        }
        (sum / count as f64, nearest)
    }

    fn derivative(&mut self, rows: &[Vec<f64>], parameter: usize) -> f64 {
        let start = self.parameters[parameter];
        let [above, below] = [start + H, start - H].map(|nudged| {
            self.parameters[parameter] = nudged;
            self.loss(rows).0
        });
        self.parameters[parameter] = start;
        (above - below) / (2.0 * H)
    }
}

#[test]
fn gradients_are_those_of_the_loss_at_depth_1() {
    check(1);
}

#[test]
fn gradients_are_those_of_the_loss_at_depth_2() {
    check(2);
}

#[test]
fn gradients_are_those_of_the_loss_at_depth_3() {
    check(3);
}

#[test]
fn gradients_are_those_of_the_loss_at_depth_4() {
    check(4);
}

#[derive(Clone, Copy, Debug)]
enum Data {
    Numbers,
    SparseBytes,
    /// A quarter is missing, and a whole row of the batch.
    Masked,
}

fn check(depth: usize) {
    // More than a block of rows, in an order and with gaps, from a set which has more.
    let batch: Vec<u32> = (0..19).map(|i| (7 * i + 3) % ROWS as u32).collect();
    let mut compute = compute(Level::detect(), 1);
    for activation in HIDDEN_ACTIVATIONS {
        for output in OUTPUT_ACTIVATIONS {
            for data in [Data::Numbers, Data::SparseBytes, Data::Masked] {
                let name = format!("depth {depth}, {activation}, {output}, {data:?}");
                let hidden = HIDDEN[..depth].to_vec();
                let architecture = Architecture { inputs: INPUTS, hidden, activation, output };
                let seed = seed_away_from_kinks(&architecture, data, &batch);
                let parameters = random_parameters(&architecture, seed);
                let bytes = sparse_bytes(ROWS, INPUTS, seed);
                let samples = samples(data, &bytes, seed);
                let mut step = Step::for_samples(&architecture, &parameters, batch.len(), &samples);
                let zeros = Parameters::zeros(&architecture);
                let gradients = step.gradients(&mut compute, &samples, Objective::default(), &batch, &zeros);
                compare(
                    &gradients,
                    Exact::new(&architecture, &parameters),
                    &rows(data, &samples, &batch),
                    &name,
                );
            }
        }
    }
}

fn samples(data: Data, bytes: &[u8], seed: u64) -> Samples {
    match data {
        Data::Numbers => numbers(ROWS, INPUTS, seed),
        Data::SparseBytes => as_bytes(bytes, INPUTS),
        Data::Masked => {
            let mut values = numbers(ROWS, INPUTS, seed).to_vec();
            let missing = (0..values.len()).filter(|i| is_missing(i / INPUTS, i % INPUTS));
            missing.for_each(|i| values[i] = f32::NAN);
            masked(INPUTS, values)
        }
    }
}

fn is_missing(row: usize, column: usize) -> bool {
    row == 10 || (row * 31 + column * 17) % 23 < 6
}

fn rows(data: Data, samples: &Samples, batch: &[u32]) -> Vec<Vec<f64>> {
    let value = |row: usize, (column, x): (usize, f32)| match data {
        Data::Masked if is_missing(row, column) => f64::NAN,
        _ => x.into(),
    };
    let row = |&row: &u32| {
        samples.row(row as usize).into_iter().enumerate().map(|x| value(row as usize, x)).collect()
    };
    batch.iter().map(row).collect()
}

fn compare(gradients: &Gradients, mut exact: Exact, rows: &[Vec<f64>], name: &str) {
    let loss = exact.loss(rows).0;
    assert_close(gradients.loss, loss, TOLERANCE * loss, format_args!("{name}, loss"));
    for spec in gradients.by_parameter.tensors() {
        let actual = &gradients.by_parameter.values()[spec.range.clone()];
        let expected: Vec<f64> = spec.range.clone().map(|i| exact.derivative(rows, i)).collect();
        let largest = expected.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
        assert!(largest > 0.0, "{name}, {}: nothing to compare", spec.name);
        let tolerance = TOLERANCE * largest + 1e-10;
        assert_all_close(actual, &expected, tolerance, format_args!("{name}, {}", spec.name));
    }
}

/// Of parameters and data in which no hidden sum is so near a kink that the differences, or `f32`, would fall on the
/// other side of it.
fn seed_away_from_kinks(architecture: &Architecture, data: Data, batch: &[u32]) -> u64 {
    let is_away = |&seed: &u64| {
        let bytes = sparse_bytes(ROWS, INPUTS, seed);
        let exact = Exact::new(architecture, &random_parameters(architecture, seed));
        // A parameter nudged by H moves a sum by less than ten times as much.
        exact.loss(&rows(data, &samples(data, &bytes, seed), batch)).1 > 10.0 * H
    };
    (0..100).find(is_away).expect("some seed keeps away from the kinks")
}
