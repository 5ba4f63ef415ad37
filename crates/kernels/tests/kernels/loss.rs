//! The squared error, and the gradient that the backward pass starts from.

use narrows_kernels::gather::{Affine, Scaling, from_bytes};
use narrows_kernels::layout::{BLOCK_ROWS, LayerShape};
use narrows_kernels::{
    Activation, Level, OutputLoss, Target, forward, masked_squared_error, output_gradient, squared_error,
};

use crate::reference;
use crate::support::{
    Dense, Matrix, PANEL, Random, UNIT, all_bits, assert_all_zero, assert_close, on_every_level,
};

const OUTPUTS: [Activation; 5] =
    [Activation::Identity, Activation::Tanh, Activation::Sigmoid, Activation::Relu, Activation::LeakyRelu];

fn widths() -> impl Iterator<Item = usize> {
    (1..=40).chain([64, 130, 784])
}

/// With a layer that leaves its inputs as they are, so that `z` is what the activation is applied to.
fn gradient(f: Activation, scale: f32, x: &Matrix, z: &Matrix) -> (Matrix, Vec<f32>) {
    gradient_towards(f, scale, Target::Numbers(x.block(0)), z)
}

fn gradient_towards(f: Activation, scale: f32, target: Target<'_>, z: &Matrix) -> (Matrix, Vec<f32>) {
    gradient_of(OutputLoss::SquaredError(f), scale, target, z)
}

fn gradient_of(loss: OutputLoss, scale: f32, target: Target<'_>, z: &Matrix) -> (Matrix, Vec<f32>) {
    let shape = LayerShape { inputs: z.columns, outputs: z.columns };
    let identity: Vec<f32> =
        (0..z.columns * z.columns).map(|i| f32::from(u8::from(i % (z.columns + 1) == 0))).collect();
    let dense = Dense::new(shape, &identity, vec![0.0; shape.bias_len()]);
    output(&dense, loss, &[scale; BLOCK_ROWS], z, target)
}

fn output(
    dense: &Dense,
    loss: OutputLoss,
    scales: &[f32; BLOCK_ROWS],
    x: &Matrix,
    target: Target<'_>,
) -> (Matrix, Vec<f32>) {
    on_every_level(|level| {
        let mut delta = Matrix::stale(x.rows, dense.shape.outputs, &mut Random(21));
        let mut errors = [0.0; BLOCK_ROWS];
        let (layer, x, out) = (dense.layer(), x.block(0), delta.block_mut(0));
        output_gradient(level, layer, loss, scales, x, target, out, &mut errors);
        (delta, errors.to_vec())
    })
}

fn output_of(dense: &Dense, f: Activation, x: &Matrix, target: Target<'_>) -> (Matrix, Vec<f32>) {
    output(dense, OutputLoss::SquaredError(f), &[0.5; BLOCK_ROWS], x, target)
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

/// The sums' padding is 0, and σ(0) = ½; rows that are not in use hold whatever was there.
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

/// The sums are those of [`forward`](narrows_kernels::forward), to the bit, so what holds with a layer that changes nothing
/// holds with any.
#[test]
fn the_layer_is_the_one_of_the_forward_pass() {
    let mut random = Random(22);
    for (inputs, outputs) in [(1, 1), (5, 16), (16, 33), (33, 49), (64, 784)] {
        let dense = Dense::random(LayerShape { inputs, outputs }, &mut random);
        let x = Matrix::random(BLOCK_ROWS, inputs, &mut random);
        let target = Matrix::random(BLOCK_ROWS, outputs, &mut random);
        let mut z = Matrix::zeros(BLOCK_ROWS, outputs);
        forward(Level::scalar(), dense.layer(), Activation::Identity, x.block(0), z.block_mut(0), None);
        for f in OUTPUTS {
            let (delta, errors) = output_of(&dense, f, &x, Target::Numbers(target.block(0)));
            let (expected, expected_errors) = gradient(f, 0.5, &target, &z);
            assert_eq!(all_bits(&delta.data), all_bits(&expected.data), "{f:?}, {inputs}-{outputs}");
            assert_eq!(all_bits(&errors), all_bits(&expected_errors), "{f:?}, {inputs}-{outputs}");
        }
    }
}

#[test]
fn bytes_are_a_target_like_the_numbers_they_stand_for() {
    let mut random = Random(23);
    let affine = Affine { scale: 2.0 / 255.0, offset: -1.0 };
    for columns in widths() {
        let bytes: Vec<u8> = (0..columns * 40).map(|_| random.bits() as u8).collect();
        for used in [1, 7, BLOCK_ROWS] {
            let rows: Vec<u32> = (0..used).map(|_| random.below(40) as u32).collect();
            let mut numbers = Matrix::zeros(used, columns);
            for (row, &index) in rows.iter().enumerate() {
                let bytes = &bytes[index as usize * columns..][..columns];
                from_bytes(Level::scalar(), bytes, Scaling::Same(affine), numbers.padded_mut(row));
            }
            let dense = Dense::random(LayerShape { inputs: 3, outputs: columns }, &mut random);
            let x = Matrix::random(used, 3, &mut random);
            let target = Target::Bytes { bytes: &bytes, stride: columns, rows: &rows, affine };
            let (delta, errors) = output_of(&dense, Activation::Tanh, &x, target);
            let target = Target::Numbers(numbers.block(0));
            let (expected, expected_errors) = output_of(&dense, Activation::Tanh, &x, target);
            for row in 0..used {
                let [delta, expected] = [&delta, &expected].map(|matrix| all_bits(matrix.padded(row)));
                assert_eq!(delta, expected, "{columns} columns, row {row} of {used}");
                assert_eq!(errors[row].to_bits(), expected_errors[row].to_bits(), "{columns} columns");
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

/// Of which about a third are missing; of the first row all, and of the second column.
fn with_holes(columns: usize, random: &mut Random) -> Matrix {
    Matrix::from_fn(BLOCK_ROWS, columns, |row, column| {
        if row == 0 || column == 1 || random.below(3) == 0 { f32::NAN } else { random.signed() }
    })
}

#[test]
fn missing_targets_have_no_gradient_and_no_error() {
    let mut random = Random(24);
    for columns in widths() {
        for f in OUTPUTS {
            let x = with_holes(columns, &mut random);
            let z = Matrix::random(BLOCK_ROWS, columns, &mut random);
            let (delta, errors) = gradient_towards(f, 0.125, Target::Masked(x.block(0)), &z);
            let each = if matches!(f, Activation::Tanh | Activation::Sigmoid) { 6.0 * UNIT } else { UNIT };
            for (row, &row_error) in errors.iter().enumerate() {
                let what = format_args!("{f:?}, {columns} columns, row {row}");
                let differences: Vec<f64> = (0..columns)
                    .filter(|&column| !x.at(row, column).is_nan())
                    .map(|column| reference::activation(f, z.at(row, column)) - x.at(row, column))
                    .collect();
                let error: f64 = differences.iter().map(|d| d * d).sum();
                // Not what the number of present values would allow: which lane each is in decides its order.
                let tolerance = error_tolerance(&differences, each) + UNIT * columns as f64 * error;
                assert_close(row_error, error, tolerance, what);
            }
            // Elsewhere it is what it is without holes, to the bit.
            let filled = Matrix::from_fn(BLOCK_ROWS, columns, |row, column| {
                let x = x.row(row)[column];
                if x.is_nan() { 0.5 } else { x }
            });
            let (whole, _) = gradient(f, 0.125, &filled, &z);
            for row in 0..BLOCK_ROWS {
                for column in 0..columns {
                    let missing = x.at(row, column).is_nan();
                    let expected = if missing { 0.0 } else { whole.row(row)[column] };
                    let what = format_args!("{f:?}, {columns} columns, row {row}, column {column}");
                    assert_eq!(delta.row(row)[column], expected, "{what}");
                    assert!(missing || delta.row(row)[column].to_bits() == expected.to_bits(), "{what}");
                }
            }
            assert_eq!(errors[0], 0.0, "a row without any value");
            delta.assert_padding_is_zero(format_args!("{f:?}, {columns} columns"));
            delta.assert_nothing_beside_the_rows_is_touched();
        }
    }
}

#[test]
fn a_mask_without_holes_changes_no_bit() {
    let mut random = Random(25);
    for columns in widths() {
        for f in OUTPUTS {
            let x = Matrix::random(BLOCK_ROWS, columns, &mut random);
            let z = Matrix::random(BLOCK_ROWS, columns, &mut random);
            let (delta, errors) = gradient_towards(f, 0.125, Target::Masked(x.block(0)), &z);
            let (expected, expected_errors) = gradient(f, 0.125, &x, &z);
            assert_eq!(all_bits(&delta.data), all_bits(&expected.data), "{f:?}, {columns} columns");
            assert_eq!(all_bits(&errors), all_bits(&expected_errors), "{f:?}, {columns} columns");
        }
    }
}

/// A model that has diverged must not look like one that has met its targets.
#[test]
fn an_output_that_is_no_number_is_seen_behind_a_mask() {
    let z = Matrix::from_fn(BLOCK_ROWS, 20, |row, column| if row == column { f32::NAN } else { 0.5 });
    let x = Matrix::from_fn(BLOCK_ROWS, 20, |row, _| if row < 8 { 0.25 } else { f32::NAN });
    let (_, errors) = gradient_towards(Activation::Tanh, 1.0, Target::Masked(x.block(0)), &z);
    assert!(errors[..8].iter().all(|error| error.is_nan()), "{errors:?}");
}

#[test]
fn the_masked_squared_error_is_that_of_training() {
    let mut random = Random(26);
    for columns in widths() {
        let x = with_holes(columns, &mut random);
        let y = Matrix::random(BLOCK_ROWS, columns, &mut random);
        let errors = on_every_level(|level| {
            let mut errors = [f32::NAN; BLOCK_ROWS];
            masked_squared_error(level, columns, x.block(0), y.block(0), &mut errors);
            errors.to_vec()
        });
        let target = Target::Masked(x.block(0));
        let (_, in_training) = gradient_towards(Activation::Identity, 1.0, target, &y);
        assert_eq!(all_bits(&in_training), all_bits(&errors), "{columns} columns");
    }
}

/// Towards 0 and 1 too, where the sigmoid has long reached them.
#[test]
fn the_binary_cross_entropy_and_its_gradient_are_their_formulas() {
    let mut random = Random(27);
    for columns in widths() {
        let t = Matrix::from_fn(BLOCK_ROWS, columns, |_, _| match random.below(4) {
            0 => 0.0,
            1 => 1.0,
            _ => random.signed().abs(),
        });
        let z = Matrix::from_fn(BLOCK_ROWS, columns, |row, _| [4.0, 40.0][row % 2] * random.signed());
        let (delta, errors) =
            gradient_of(OutputLoss::BinaryCrossEntropy, 0.25, Target::Numbers(t.block(0)), &z);
        for (row, &row_error) in errors.iter().enumerate() {
            // −t·ln y − (1 − t)·ln(1 − y), with −ln y = ln(1 + e^(−z)) and −ln(1 − y) = ln(1 + e^z).
            let exact = |column: usize| {
                let (t, z) = (t.at(row, column), z.at(row, column));
                t * (-z).exp().ln_1p() + (1.0 - t) * z.exp().ln_1p()
            };
            let (error, size) = (0..columns).fold((0.0, 0.0), |(error, size), c| {
                (error + exact(c), size + exact(c) + z.at(row, c).abs())
            });
            let what = format_args!("{columns} columns, row {row}");
            // Each term rounds four times, and the sums once a panel and four times for the halves.
            let roundings = (columns.div_ceil(PANEL) + 4 + 4) as f64;
            assert_close(row_error, error, UNIT * roundings * size, what);
            for column in 0..columns {
                let y = 1.0 / (1.0 + (-z.at(row, column)).exp());
                let expected = 0.25 * (y - t.at(row, column));
                assert_close(delta.row(row)[column], expected, 0.25 * 4.0 * UNIT, what);
            }
        }
        delta.assert_padding_is_zero(format_args!("{columns} columns"));
        delta.assert_nothing_beside_the_rows_is_touched();
    }
}

#[test]
fn a_missing_target_has_no_binary_cross_entropy_and_no_gradient() {
    let mut random = Random(28);
    for columns in widths() {
        let t = Matrix::from_fn(BLOCK_ROWS, columns, |row, _| {
            if row == 0 || random.below(3) == 0 { f32::NAN } else { random.signed().abs() }
        });
        let filled = Matrix::from_fn(BLOCK_ROWS, columns, |row, column| {
            let t = t.row(row)[column];
            if t.is_nan() { 0.5 } else { t }
        });
        let z = Matrix::random(BLOCK_ROWS, columns, &mut random);
        let of = |target| gradient_of(OutputLoss::BinaryCrossEntropy, 1.0, target, &z);
        let ((delta, errors), (whole, _)) =
            (of(Target::Masked(t.block(0))), of(Target::Numbers(filled.block(0))));
        assert_eq!(errors[0], 0.0, "a row without any value");
        for row in 0..BLOCK_ROWS {
            for column in 0..columns {
                let missing = t.at(row, column).is_nan();
                let expected = if missing { 0.0 } else { whole.row(row)[column] };
                assert_eq!(delta.row(row)[column], expected, "{columns} columns, row {row}");
            }
        }
        delta.assert_padding_is_zero(format_args!("{columns} columns"));
    }
}

#[test]
fn every_row_has_its_own_scale() {
    let mut random = Random(29);
    let dense = Dense::random(LayerShape { inputs: 20, outputs: 37 }, &mut random);
    let x = Matrix::random(BLOCK_ROWS, 20, &mut random);
    let target = Matrix::random(BLOCK_ROWS, 37, &mut random);
    let scales: [f32; BLOCK_ROWS] = std::array::from_fn(|row| row as f32 / 4.0);
    for loss in [OutputLoss::SquaredError(Activation::Tanh), OutputLoss::BinaryCrossEntropy] {
        let target = Target::Numbers(target.block(0));
        let (delta, errors) = output(&dense, loss, &scales, &x, target);
        for (row, &scale) in scales.iter().enumerate() {
            let (alone, its_errors) = output(&dense, loss, &[scale; BLOCK_ROWS], &x, target);
            assert_eq!(all_bits(delta.row(row)), all_bits(alone.row(row)), "row {row}");
            assert_eq!(errors[row], its_errors[row], "an error has no scale");
        }
    }
}
