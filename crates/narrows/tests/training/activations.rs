//! Activations and their derivatives against PyTorch's, each seen through a layer that hands its numbers on unchanged.

use narrows::compute::Level;
use narrows_kernels::layout::{BLOCK_ROWS, LayerShape, Rows, RowsMut, row_stride};
use narrows_kernels::{Activation, DerivativeFrom, Layer, backward, forward};
use serde::Deserialize;

use crate::golden::{Golden, read};
use crate::support::assert_close;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "naming a field is knowing it")]
struct Description {
    written_by: String,
    activations: Vec<String>,
    leaky_relu_negative_slope: f64,
}

fn named(name: &str) -> Activation {
    match name {
        "identity" => Activation::Identity,
        "relu" => Activation::Relu,
        "leaky_relu" => Activation::LeakyRelu,
        "tanh" => Activation::Tanh,
        "sigmoid" => Activation::Sigmoid,
        "gelu" => Activation::Gelu,
        "silu" => Activation::Silu,
        other => panic!("the golden file has an activation `{other}`"),
    }
}

/// The relative error of one rounding.
const UNIT: f64 = 1.0 / (1 << 24) as f64;

/// How far f(x) may be from `exact`.
///
/// tanh, σ and Φ are good to 2 units in the last place, 4 roundings; a product with x adds one. Φ, whose tail is made
/// of numbers near 1, is so only absolutely. What is below the least normal number may become 0 on the way.
fn tolerance(f: Activation, x: f64, exact: f64) -> f64 {
    let tiny = f64::from(f32::MIN_POSITIVE);
    match f {
        Activation::Identity | Activation::Relu => 0.0,
        // 0.01 is rounded, and so is the product.
        Activation::LeakyRelu => 2.0 * UNIT * exact.abs() + UNIT * tiny,
        Activation::Tanh | Activation::Sigmoid => 4.0 * UNIT * exact.abs() + tiny,
        Activation::Silu => 5.0 * UNIT * exact.abs() + tiny * x.abs().max(1.0),
        Activation::Gelu => 5.0 * UNIT * x.abs() + UNIT * tiny,
    }
}

/// How far f′(x) may be from the exact one, absolutely: derivatives are at most 1.13.
///
/// From an output y with an error of 4 roundings, 1 − y² and y(1 − y) have 8 and 3 more; Φ + x·φ and
/// σ + x·σ·(1 − σ) have 4 for each of their terms, of which the second are below ½, and 2 more. In 1 − σ the error of σ,
/// 2 roundings where σ is near 1, is all that counts; x multiplies it. (PyTorch's float32 has the same.)
fn derivative_tolerance(f: Activation, x: f64) -> f64 {
    match f {
        // Beyond 20 σ is 1, and x·(1 − σ) below a rounding.
        Activation::Silu => (11.0 + 2.0 * x.abs().min(20.0)) * UNIT,
        _ => 11.0 * UNIT,
    }
}

/// Rows of a block that are all the same, so that their order has no say.
fn block(row: &[f32]) -> (Vec<f32>, usize) {
    let stride = row_stride(row.len());
    let mut data = vec![0.0; BLOCK_ROWS * stride];
    data.chunks_exact_mut(stride).for_each(|padded| padded[..row.len()].copy_from_slice(row));
    (data, stride)
}

/// f(x) and f′(x) of every x. The layer forward has an input 1, weights −0 and the bias x (−0 + x is x, even for
/// x = −0); the one backward has an output whose δ is 1, and weights 1.
fn apply(level: Level, f: Activation, x: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let shape = LayerShape { inputs: 1, outputs: x.len() };
    let mut bias = vec![0.0; shape.bias_len()];
    bias[..x.len()].copy_from_slice(x);
    let (one, one_stride) = block(&[1.0]);
    let (mut y, stride) = block(x);
    let layer = Layer { shape, weights: &vec![-0.0; shape.weights_len()], bias: &bias };
    let input = Rows { data: &one, stride: one_stride };
    forward(level, layer, f, input, RowsMut { data: &mut y, stride }, None);

    let shape = LayerShape { inputs: x.len(), outputs: 1 };
    let mut weights = vec![0.0; shape.weights_len()];
    shape.pack(&vec![1.0; x.len()], &mut weights);
    let kept = match f.derivative_from() {
        DerivativeFrom::Output => y.clone(),
        DerivativeFrom::Sum => block(x).0,
    };
    let mut slopes = vec![0.0; y.len()];
    let delta = Rows { data: &one, stride: one_stride };
    let kept = Rows { data: &kept, stride };
    let panels = 0..shape.input_panels();
    backward(level, shape, &weights, delta, (f, kept), RowsMut { data: &mut slopes, stride }, panels);
    (y[..x.len()].to_vec(), slopes[..x.len()].to_vec())
}

#[test]
fn activations_and_derivatives_are_those_of_pytorch() {
    let Golden { description, tensors } = read::<Description>("activations.safetensors");
    assert_eq!(description.activations.len(), 7);
    assert_eq!(description.leaky_relu_negative_slope as f32, narrows_kernels::LEAKY_SLOPE);
    let x = tensors["x"].singles();
    for name in &description.activations {
        let f = named(name);
        let [values, derivatives] =
            ["value", "derivative"].map(|kind| &tensors[&format!("{name}/{kind}")].values);
        assert_eq!([values.len(), derivatives.len()], [x.len(); 2]);
        for level in Level::available() {
            let (actual_values, actual_derivatives) = apply(level, f, &x);
            for (i, &x) in x.iter().enumerate() {
                let what = format!("{name} of {x:e} at {level}");
                let x = f64::from(x);
                compare(actual_values[i], values[i], tolerance(f, x, values[i]), &what);
                let what = format!("slope of {what}");
                compare(actual_derivatives[i], derivatives[i], derivative_tolerance(f, x), &what);
            }
        }
    }
}

/// Where PyTorch has no number, 0·∞, there may be none, or the limit, 0 or 1 to a rounding; its infinities are to be ours.
fn compare(actual: f32, expected: f64, tolerance: f64, what: &str) {
    if expected.is_nan() {
        let limit = [0.0, 1.0].iter().any(|limit| (f64::from(actual) - limit).abs() <= UNIT);
        assert!(actual.is_nan() || limit, "{what}: {actual} for NaN");
    } else if expected.is_infinite() {
        assert_eq!(f64::from(actual), expected, "{what}");
    } else {
        assert_close(actual.into(), expected, tolerance, format_args!("{what}"));
    }
}

#[test]
fn no_activation_hides_a_number_that_is_none() {
    // Else a run that diverged would go on unseen.
    for f in ["identity", "relu", "leaky_relu", "tanh", "sigmoid", "gelu", "silu"].map(named) {
        for level in Level::available() {
            let (values, _) = apply(level, f, &[f32::NAN, 1.0, -f32::NAN]);
            assert!(
                values[0].is_nan() && !values[1].is_nan() && values[2].is_nan(),
                "{f:?} at {level}: {values:?}"
            );
        }
    }
}
