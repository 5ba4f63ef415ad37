//! `δX ← (δY·W) ⊙ activation′`.

use narrows_kernels::layout::{BLOCK_ROWS, LayerShape};
use narrows_kernels::{Activation, Level, backward};

use crate::reference;
use crate::support::{
    ACTIVATIONS, Dense, Matrix, Random, UNIT, all_bits, assert_close, on_every_level, shapes,
};

fn run(level: Level, dense: &Dense, delta: &Matrix, f: Activation, kept: &Matrix) -> Matrix {
    let mut out = Matrix::stale(BLOCK_ROWS, dense.shape.inputs, &mut Random(0));
    let kept = (f, kept.block(0));
    let panels = 0..dense.shape.input_panels();
    backward(level, dense.shape, &dense.backward, delta.block(0), kept, out.block_mut(0), panels);
    out
}

#[test]
fn backward_is_its_formula() {
    let mut random = Random(7);
    for (i, shape) in shapes().into_iter().enumerate() {
        let f = ACTIVATIONS[i % ACTIVATIONS.len()];
        let dense = Dense::random(shape, &mut random);
        let delta = Matrix::random(BLOCK_ROWS, shape.outputs, &mut random);
        let z = Matrix::from_fn(BLOCK_ROWS, shape.inputs, |_, _| {
            let z = 4.0 * random.signed();
            // Away from the kinks, which have their own test.
            if z.abs() > 1e-5 { z } else { 1.0 }
        });
        let kept = Matrix::from_fn(BLOCK_ROWS, shape.inputs, |row, k| reference::kept(f, z.row(row)[k]));
        let out = on_every_level(|level| run(level, &dense, &delta, f, &kept));
        for row in 0..BLOCK_ROWS {
            for k in 0..shape.inputs {
                let products = || (0..shape.outputs).map(|n| delta.at(row, n) * dense.weight(n, k));
                let sum = products().sum::<f64>();
                let size = products().map(f64::abs).sum::<f64>();
                // The sum rounds once a term; the slope, at most 1.13, is good to 12 roundings of 1 (see
                // `activations`); their product rounds once.
                let slope = reference::derivative(f, z.at(row, k));
                let tolerance =
                    UNIT * ((shape.outputs + 1) as f64 * size * slope.abs() + 12.0 * sum.abs() + size);
                let what = format_args!("{shape:?}, row {row}, input {k}, {f:?}");
                assert_close(out.row(row)[k], sum * slope, tolerance, what);
            }
        }
        out.assert_padding_is_zero(format_args!("{shape:?}, {f:?}"));
        out.assert_nothing_beside_the_rows_is_touched();
    }
}

#[test]
fn unused_rows_and_padding_of_the_gradient_have_no_influence() {
    let mut random = Random(8);
    for rows in 1..BLOCK_ROWS {
        let shape = LayerShape { inputs: 39, outputs: 10 + rows };
        let dense = Dense::random(shape, &mut random);
        let delta = Matrix::random(rows, shape.outputs, &mut random);
        let kept = Matrix::random(rows, shape.inputs, &mut random);
        let (mut spoiled, mut spoiled_kept) = (delta.clone(), kept.clone());
        spoiled.spoil_unused_rows(&mut random);
        spoiled_kept.spoil_unused_rows(&mut random);
        for row in 0..rows {
            spoiled.padded_mut(row)[shape.outputs..].fill(f32::MAX);
        }
        let out = on_every_level(|level| run(level, &dense, &delta, Activation::Tanh, &kept));
        let spoiled = on_every_level(|level| run(level, &dense, &spoiled, Activation::Tanh, &spoiled_kept));
        for row in 0..rows {
            assert_eq!(all_bits(out.padded(row)), all_bits(spoiled.padded(row)), "row {row} of {rows}");
        }
    }
}
