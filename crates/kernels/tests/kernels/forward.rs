//! `Y ← activation(X·Wᵀ + b)`.

use narrows_kernels::layout::{BLOCK_ROWS, LayerShape};
use narrows_kernels::{Activation, Level, forward, forward_row};

use crate::reference;
use crate::support::{
    ACTIVATIONS, Dense, Matrix, Random, UNIT, all_bits, assert_close, on_every_level, shapes,
};

/// The outputs and the sums of one block.
fn run(level: Level, dense: &Dense, f: Activation, x: &Matrix) -> [Matrix; 2] {
    let mut random = Random(0);
    let mut y = Matrix::stale(BLOCK_ROWS, dense.shape.outputs, &mut random);
    let mut sums = y.clone();
    forward(level, dense.layer(), f, x.block(0), y.block_mut(0), Some(sums.block_mut(0)));
    [y, sums]
}

#[test]
fn forward_is_its_formula() {
    let mut random = Random(2);
    for (i, shape) in shapes().into_iter().enumerate() {
        let f = ACTIVATIONS[i % ACTIVATIONS.len()];
        let dense = Dense::random(shape, &mut random);
        let x = Matrix::random(BLOCK_ROWS, shape.inputs, &mut random);
        let [y, sums] = on_every_level(|level| run(level, &dense, f, &x));
        for row in 0..BLOCK_ROWS {
            for n in 0..shape.outputs {
                let bias = f64::from(dense.bias[n]);
                let products = || (0..shape.inputs).map(|k| x.at(row, k) * dense.weight(n, k));
                let sum = bias + products().sum::<f64>();
                let size = bias.abs() + products().map(f64::abs).sum::<f64>();
                // One rounding a fused multiply-add, each of a partial sum no larger than `size`. Errors of errors
                // are below one more rounding while inputs² < 2²⁴.
                let roundings = (shape.inputs + 1) as f64;
                let what = format_args!("{shape:?}, row {row}, output {n}, {f:?}");
                assert_close(sums.row(row)[n], sum, roundings * UNIT * size, what);
                // The activation itself: see `activations`.
                let expected = reference::activation(f, sums.at(row, n));
                assert_close(y.row(row)[n], expected, 8.0 * UNIT * (1.0 + sums.at(row, n).abs()), what);
            }
        }
        // Also where f(0) is not 0.
        y.assert_padding_is_zero(format_args!("{shape:?}, {f:?}"));
        sums.assert_padding_is_zero(format_args!("sums of {shape:?}, {f:?}"));
        y.assert_nothing_beside_the_rows_is_touched();
        sums.assert_nothing_beside_the_rows_is_touched();
    }
}

#[test]
fn outputs_do_not_depend_on_whether_sums_are_kept() {
    let mut random = Random(3);
    let shape = LayerShape { inputs: 20, outputs: 70 };
    let dense = Dense::random(shape, &mut random);
    let x = Matrix::random(BLOCK_ROWS, shape.inputs, &mut random);
    for f in ACTIVATIONS {
        let alone = on_every_level(|level| {
            let mut y = Matrix::stale(BLOCK_ROWS, shape.outputs, &mut Random(0));
            forward(level, dense.layer(), f, x.block(0), y.block_mut(0), None);
            y
        });
        let [y, _] = run(Level::scalar(), &dense, f, &x);
        assert_eq!(all_bits(&alone.data), all_bits(&y.data), "{f:?}");
    }
}

#[test]
fn unused_rows_and_padding_of_the_input_have_no_influence() {
    let mut random = Random(4);
    for rows in 1..BLOCK_ROWS {
        let shape = LayerShape { inputs: 10 + rows, outputs: 39 };
        let dense = Dense::random(shape, &mut random);
        let x = Matrix::random(rows, shape.inputs, &mut random);
        let mut spoiled = x.clone();
        spoiled.spoil_unused_rows(&mut random);
        for row in 0..rows {
            spoiled.padded_mut(row)[shape.inputs..].fill(f32::MAX);
        }
        let [y, sums] = on_every_level(|level| run(level, &dense, Activation::Sigmoid, &x));
        let [spoiled_y, spoiled_sums] =
            on_every_level(|level| run(level, &dense, Activation::Sigmoid, &spoiled));
        for row in 0..rows {
            assert_eq!(all_bits(y.padded(row)), all_bits(spoiled_y.padded(row)), "row {row} of {rows}");
            assert_eq!(all_bits(sums.padded(row)), all_bits(spoiled_sums.padded(row)), "row {row} of {rows}");
        }
    }
}

/// A diverged run must show, not hide behind a ReLU.
#[test]
fn a_nan_passes_every_activation() {
    let shape = LayerShape { inputs: 3, outputs: 20 };
    let dense = Dense::random(shape, &mut Random(5));
    let x =
        Matrix::from_fn(BLOCK_ROWS, shape.inputs, |row, k| if (row, k) == (7, 1) { f32::NAN } else { 1.0 });
    for f in ACTIVATIONS {
        let [y, _] = on_every_level(|level| run(level, &dense, f, &x));
        for row in 0..BLOCK_ROWS {
            assert!(y.row(row).iter().all(|y| y.is_nan() == (row == 7)), "{f:?}, row {row}");
        }
        y.assert_padding_is_zero(format_args!("{f:?}"));
    }
}

#[test]
fn a_row_alone_has_the_bits_that_it_has_in_a_block() {
    let mut random = Random(7);
    for (i, shape) in shapes().into_iter().enumerate() {
        let f = ACTIVATIONS[i % ACTIVATIONS.len()];
        let dense = Dense::random(shape, &mut random);
        let x = Matrix::random(BLOCK_ROWS, shape.inputs, &mut random);
        let [block, _] = run(Level::detect(), &dense, f, &x);
        let alone = on_every_level(|level| {
            let mut y = Matrix::stale(BLOCK_ROWS, shape.outputs, &mut Random(0));
            forward_row(level, dense.layer(), f, x.block(0), y.block_mut(0));
            y
        });
        assert_eq!(all_bits(alone.padded(0)), all_bits(block.padded(0)), "{shape:?}, {f:?}");
        alone.assert_nothing_beside_the_rows_is_touched();
    }
}
