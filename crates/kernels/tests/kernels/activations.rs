//! Activations and derivatives over a wide range of sums, each seen through a layer that hands them on unchanged.

use narrows_kernels::layout::{BLOCK_ROWS, LayerShape};
use narrows_kernels::{Activation, backward, forward};

use crate::reference;
use crate::support::{ACTIVATIONS, Dense, Matrix, Random, UNIT, assert_close, on_every_level};

/// Sums of every size, both signs, and the awkward ones: one for each (row, column).
fn sums(columns: usize) -> Matrix {
    let awkward = [
        0.0,
        -0.0,
        1e-45,
        -1e-45,
        f32::MIN_POSITIVE,
        1e-20,
        -1e-6,
        0.5,
        9.01,
        -9.02,
        15.9,
        -17.4,
        88.8,
        -88.8,
        104.5,
        -104.5,
        1e4,
        -1e4,
        f32::MAX,
        f32::MIN,
        f32::INFINITY,
        f32::NEG_INFINITY,
    ];
    let mut random = Random(6);
    Matrix::from_fn(BLOCK_ROWS, columns, |row, column| match row {
        0 if column < awkward.len() => awkward[column],
        _ => random.signed() * ((row as f32) - 9.0).exp2(),
    })
}

/// f(z), where a layer of one input 1 and weights 0 has the bias z, row by row.
fn applied(f: Activation, z: &Matrix) -> Matrix {
    let shape = LayerShape { inputs: 1, outputs: z.columns };
    let one = Matrix::from_fn(BLOCK_ROWS, 1, |_, _| 1.0);
    on_every_level(|level| {
        let mut all = Matrix::zeros(BLOCK_ROWS, z.columns);
        for row in 0..BLOCK_ROWS {
            // −0 + z is z, even for z = −0.
            let dense = Dense::new(shape, &vec![-0.0; z.columns], z.padded(row).to_vec());
            let mut y = Matrix::zeros(BLOCK_ROWS, z.columns);
            forward(level, dense.layer(), f, one.block(0), y.block_mut(0), None);
            all.padded_mut(row).copy_from_slice(y.padded(row));
        }
        all
    })
}

/// f′(z), where a layer of one output 1 and weights 1 brings a gradient of 1.
fn differentiated(f: Activation, kept: &Matrix) -> Matrix {
    let shape = LayerShape { inputs: kept.columns, outputs: 1 };
    let dense = Dense::new(shape, &vec![1.0; kept.columns], vec![0.0; shape.bias_len()]);
    let one = Matrix::from_fn(BLOCK_ROWS, 1, |_, _| 1.0);
    on_every_level(|level| {
        let mut out = Matrix::zeros(BLOCK_ROWS, kept.columns);
        backward(
            level,
            shape,
            &dense.backward,
            one.block(0),
            (f, kept.block(0)),
            out.block_mut(0),
            0..dense.shape.input_panels(),
        );
        out
    })
}

#[test]
fn activations_are_their_formulas() {
    let z = sums(100);
    for f in ACTIVATIONS {
        let y = applied(f, &z);
        for row in 0..BLOCK_ROWS {
            for column in 0..z.columns {
                let z = z.at(row, column);
                if z.is_infinite() {
                    // Only that every level agrees: z·0 is no number, and PyTorch's is none either.
                    continue;
                }
                // Φ, σ and tanh, none above 1, are good to 6·2⁻²⁴ together with their argument's roundings; two
                // functions multiply them by z and round once more. Their last bits are tested where they are made.
                let size = match f {
                    Activation::Identity | Activation::Relu => 0.0,
                    Activation::LeakyRelu => 0.02 * z.abs(),
                    Activation::Tanh | Activation::Sigmoid => 6.0,
                    Activation::Gelu | Activation::Silu => 7.0 * z.abs(),
                };
                let tolerance = UNIT * size + f64::from(f32::MIN_POSITIVE) * UNIT;
                let expected = reference::activation(f, z);
                assert_close(y.row(row)[column], expected, tolerance, format_args!("{f:?} of {z:e}"));
            }
        }
    }
}

#[test]
fn derivatives_are_those_of_the_activations() {
    let all = sums(100);
    let z = Matrix::from_fn(BLOCK_ROWS, all.columns, |row, column| {
        let z = all.row(row)[column];
        // The kinks are tested below; beyond 4 the difference quotient loses its digits, and nothing changes.
        if z.abs() > 1e-5 { z.clamp(-4.0, 4.0) } else { 0.25 }
    });
    for f in ACTIVATIONS {
        let kept =
            Matrix::from_fn(BLOCK_ROWS, z.columns, |row, column| reference::kept(f, z.row(row)[column]));
        let slopes = differentiated(f, &kept);
        for row in 0..BLOCK_ROWS {
            for column in 0..z.columns {
                // A derivative, at most 1.13, is made of numbers up to 1 by at most 3 roundings, of a kept output
                // with one rounding (which 1 − y² doubles) or from Φ or σ with 6.
                let (z, tolerance) = (z.at(row, column), 12.0 * UNIT);
                let expected = reference::derivative(f, z);
                assert_close(slopes.row(row)[column], expected, tolerance, format_args!("{f:?} at {z:e}"));
            }
        }
    }
}

#[test]
fn derivatives_at_a_kink_are_those_of_pytorch() {
    for zero in [0.0, -0.0] {
        let kept = Matrix::from_fn(BLOCK_ROWS, 5, |_, _| zero);
        for (f, slope) in [(Activation::Relu, 0.0), (Activation::LeakyRelu, 0.01)] {
            assert_eq!(differentiated(f, &kept).row(3), [slope; 5], "{f:?}");
        }
    }
}

#[test]
fn every_level_gives_the_bits_of_the_scalar_level_for_awkward_sums() {
    for f in ACTIVATIONS {
        differentiated(f, &sums(100));
    }
}
