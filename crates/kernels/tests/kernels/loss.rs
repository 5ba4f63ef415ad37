//! The squared error, and the gradient that the backward pass starts from.

use narrows_kernels::layout::BLOCK_ROWS;
use narrows_kernels::{Activation, squared_error, squared_error_gradient};

use crate::reference;
use crate::support::{Matrix, PANEL, Random, UNIT, all_bits, assert_all_zero, assert_close, on_every_level};

const OUTPUTS: [Activation; 5] =
    [Activation::Identity, Activation::Tanh, Activation::Sigmoid, Activation::Relu, Activation::LeakyRelu];

fn widths() -> impl Iterator<Item = usize> {
    (1..=40).chain([64, 130, 784])
}

fn gradient(f: Activation, scale: f32, x: &Matrix, z: &Matrix) -> (Matrix, Vec<f32>) {
    on_every_level(|level| {
        let (mut delta, mut errors) = (z.clone(), [f32::NAN; BLOCK_ROWS]);
        squared_error_gradient(level, f, scale, x.columns, x.block(0), delta.block_mut(0), &mut errors);
        (delta, errors.to_vec())
    })
}

/// What an error Σd² may be off by, when each d is, by `each`: one fused multiply-add for each panel, four halvings,
/// and one rounding of each difference, which its square doubles.
fn error_tolerance(differences: &[f64], each: f64) -> f64 {
    let squares: f64 = differences.iter().map(|d| d * d).sum();
    let sizes: f64 = differences.iter().map(|d| d.abs()).sum();
    let roundings = (differences.len().div_ceil(PANEL) + 4 + 2 + 1) as f64;
    UNIT * roundings * squares + 2.0 * each * sizes + differences.len() as f64 * each * each
}

#[test]
fn the_gradient_is_the_derivative_of_the_error() {
    let mut random = Random(17);
    for columns in widths() {
        for f in OUTPUTS {
            let x = Matrix::random(BLOCK_ROWS, columns, &mut random);
            let z = Matrix::from_fn(BLOCK_ROWS, columns, |_, _| {
                let z = 4.0 * random.signed();
                // Away from the kinks.
                if z.abs() > 1e-5 { z } else { 1.0 }
            });
            // As in a batch of 100 rows.
            let scale = (2.0 / (100.0 * columns as f64)) as f32;
            let (delta, errors) = gradient(f, scale, &x, &z);
            // An activation's own error, see `activations`.
            let each = if matches!(f, Activation::Tanh | Activation::Sigmoid) { 6.0 * UNIT } else { UNIT };
            for (row, &row_error) in errors.iter().enumerate() {
                let difference = |column: usize, z: f64| reference::activation(f, z) - x.at(row, column);
                let differences: Vec<f64> = (0..columns).map(|c| difference(c, z.at(row, c))).collect();
                let error: f64 = differences.iter().map(|d| d * d).sum();
                let what = format_args!("{f:?}, {columns} columns, row {row}");
                assert_close(row_error, error, error_tolerance(&differences, each * 4.0), what);
                for column in 0..columns {
                    let (z, h) = (z.at(row, column), 1e-6);
                    let square = |z| difference(column, z).powi(2);
                    // `scale` has the 2 of the square's derivative. The quotient itself errs by less than 10⁻⁸.
                    let expected = f64::from(scale) / 2.0 * (square(z + h) - square(z - h)) / (2.0 * h);
                    // A difference is at most 5 and its slope 1; with up to 12·2⁻²⁴ of error in the slope, 24 in the
                    // activation (of z ≤ 4), and 3 roundings: (5·12 + 24 + 3·5)·2⁻²⁴.
                    let tolerance = f64::from(scale) * (99.0 * UNIT + 1e-8);
                    assert_close(delta.row(row)[column], expected, tolerance, what);
                }
            }
            delta.assert_padding_is_zero(format_args!("{f:?}, {columns} columns"));
            delta.assert_nothing_beside_the_rows_is_touched();
        }
    }
}

/// The sums' padding is 0, and σ(0) = ½; or, in rows that are not in use, whatever was there.
#[test]
fn columns_and_rows_not_in_use_have_no_influence() {
    let mut random = Random(18);
    for columns in widths() {
        for f in OUTPUTS {
            let rows = 1 + columns % BLOCK_ROWS;
            let x = Matrix::random(rows, columns, &mut random);
            let z = Matrix::random(rows, columns, &mut random);
            let (mut spoiled_x, mut spoiled_z) = (x.clone(), z.clone());
            spoiled_x.spoil_unused_rows(&mut random);
            spoiled_z.spoil_unused_rows(&mut random);
            for row in 0..rows {
                spoiled_z.padded_mut(row)[columns..].fill_with(|| random.garbage());
            }
            let (delta, errors) = gradient(f, 0.125, &x, &z);
            let (spoiled_delta, spoiled_errors) = gradient(f, 0.125, &spoiled_x, &spoiled_z);
            for row in 0..rows {
                assert_eq!(
                    all_bits(delta.padded(row)),
                    all_bits(spoiled_delta.padded(row)),
                    "{f:?}, {columns}"
                );
                assert_eq!(errors[row].to_bits(), spoiled_errors[row].to_bits(), "{f:?}, {columns}");
                assert_all_zero(&spoiled_delta.padded(row)[columns..], format_args!("{f:?}, {columns}"));
            }
        }
    }
}

#[test]
fn the_squared_error_is_its_formula() {
    let mut random = Random(19);
    for columns in widths() {
        let x = Matrix::random(BLOCK_ROWS, columns, &mut random);
        let y = Matrix::random(BLOCK_ROWS, columns, &mut random);
        let errors = on_every_level(|level| {
            let mut errors = [f32::NAN; BLOCK_ROWS];
            squared_error(level, columns, x.block(0), y.block(0), &mut errors);
            errors.to_vec()
        });
        for (row, &error) in errors.iter().enumerate() {
            let differences: Vec<f64> = (0..columns).map(|c| y.at(row, c) - x.at(row, c)).collect();
            let expected = differences.iter().map(|d| d * d).sum();
            let what = format_args!("{columns} columns, row {row}");
            assert_close(error, expected, error_tolerance(&differences, 0.0), what);
        }
        // The error in training is the same number.
        let (_, in_training) = gradient(Activation::Identity, 1.0, &x, &y);
        assert_eq!(all_bits(&in_training), all_bits(&errors), "{columns} columns");
    }
}
