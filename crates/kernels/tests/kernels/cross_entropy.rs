//! The cross-entropy of a softmax, its gradient, and the softmax alone.

use narrows_kernels::layout::BLOCK_ROWS;
use narrows_kernels::{cross_entropy_gradient, softmax};

use crate::support::{Matrix, Random, UNIT, all_bits, assert_all_zero, assert_close, on_every_level};

/// Every tail, and every number of classes that a label of a byte can name.
fn widths() -> impl Iterator<Item = usize> {
    (1..=50).chain([64, 100, 255, 256])
}

fn gradient(scale: f32, labels: &[u32], z: &Matrix) -> (Matrix, Vec<f32>) {
    on_every_level(|level| {
        let (mut delta, mut errors) = (z.clone(), [f32::NAN; BLOCK_ROWS]);
        cross_entropy_gradient(
            level,
            &[scale; BLOCK_ROWS],
            z.columns,
            labels,
            delta.block_mut(0),
            &mut errors,
        );
        (delta, errors.to_vec())
    })
}

fn logits(rows: usize, columns: usize, size: f32, random: &mut Random) -> (Matrix, Vec<u32>) {
    let z = Matrix::from_fn(rows, columns, |_, _| size * random.signed());
    let labels = (0..rows).map(|_| random.below(columns) as u32).collect();
    (z, labels)
}

/// ln Σ_c e^(z_c) of a row, in f64, without a shift: for logits below 700.
fn log_of_sum(z: &Matrix, row: usize) -> f64 {
    (0..z.columns).map(|column| z.at(row, column).exp()).sum::<f64>().ln()
}

/// What a share e^(z − m)/Σ may be off by, relative: m − z is rounded, by `UNIT·|z − m|`, e^ errs by 0.9 ulp (of up to
/// 2 `UNIT`), a sum of positive numbers by one `UNIT` for each addition of panels and four for the halves, and the quotient
/// by one.
fn share_tolerance(columns: usize, size: f64) -> f64 {
    UNIT * (2.0 * (2.0 * size + 2.0) + (columns.div_ceil(16) + 4) as f64 + 2.0)
}

#[test]
fn the_error_and_its_gradient_are_their_formulas() {
    let mut random = Random(31);
    for columns in widths() {
        for size in [1.0_f32, 12.0, 40.0] {
            let (z, labels) = logits(BLOCK_ROWS, columns, size, &mut random);
            // As in a batch of 100 rows.
            let scale = 0.01_f32;
            let (delta, errors) = gradient(scale, &labels, &z);
            let tolerance = share_tolerance(columns, size.into());
            for (row, &label) in labels.iter().enumerate() {
                let what = format_args!("{columns} columns of size {size}, row {row}");
                let log_of_sum = log_of_sum(&z, row);
                let expected = log_of_sum - z.at(row, label as usize);
                // A relative error of the sum is an absolute one of its logarithm; then one rounding.
                assert_close(errors[row], expected, tolerance + UNIT * expected, what);
                for column in 0..columns {
                    let share = (z.at(row, column) - log_of_sum).exp();
                    let right = f64::from(u8::from(column == label as usize));
                    let expected = f64::from(scale) * (share - right);
                    // 1 − p rounds once more, and so does the product.
                    let allowed = f64::from(scale) * (tolerance * share + 2.0 * UNIT) + 1e-38;
                    assert_close(delta.row(row)[column], expected, allowed, what);
                }
            }
            delta.assert_padding_is_zero(format_args!("{columns} columns"));
            delta.assert_nothing_beside_the_rows_is_touched();
        }
    }
}

#[test]
fn the_gradient_is_the_derivative_of_the_error() {
    let mut random = Random(32);
    for columns in [1, 2, 10, 17, 40] {
        let (z, labels) = logits(BLOCK_ROWS, columns, 3.0, &mut random);
        let (delta, _) = gradient(1.0, &labels, &z);
        for (row, &label) in labels.iter().enumerate() {
            for column in 0..columns {
                let error = |step: f64| {
                    let moved = |c: usize| z.at(row, c) + if c == column { step } else { 0.0 };
                    (0..columns).map(|c| moved(c).exp()).sum::<f64>().ln() - moved(label as usize)
                };
                let h = 1e-5;
                let expected = (error(h) - error(-h)) / (2.0 * h);
                // The quotient errs by h²/6 of a third derivative below 1, and by 2⁻⁵²·3/h; the kernel as above.
                let tolerance = 1e-9 + share_tolerance(columns, 3.0) + 2.0 * UNIT;
                assert_close(delta.row(row)[column], expected, tolerance, format_args!("{columns} columns"));
            }
        }
    }
}

/// e^1000 is beyond f32, and f64.
#[test]
fn large_logits_neither_overflow_nor_lose_the_error() {
    let z =
        Matrix::from_fn(BLOCK_ROWS, 3, |row, column| if column == 1 { 1000.0 + row as f32 } else { -1000.0 });
    let (delta, errors) = gradient(1.0, &[1; BLOCK_ROWS], &z);
    assert_eq!(errors, [0.0; BLOCK_ROWS]);
    assert!((0..BLOCK_ROWS).all(|row| delta.row(row) == [0.0; 3]));
    let (delta, errors) = gradient(1.0, &[2; BLOCK_ROWS], &z);
    for (row, error) in errors.into_iter().enumerate() {
        assert_eq!((error, delta.row(row)), (2000.0 + row as f32, &[0.0, 1.0, -1.0][..]));
    }
}

#[test]
fn what_is_not_a_number_is_seen_in_the_error() {
    for (wrong, columns) in [(f32::NAN, 10), (f32::INFINITY, 10), (f32::NAN, 16), (f32::INFINITY, 17)] {
        for place in [0, columns - 1] {
            let z =
                Matrix::from_fn(BLOCK_ROWS, columns, |_, column| if column == place { wrong } else { 1.0 });
            let (_, errors) = gradient(1.0, &[3; BLOCK_ROWS], &z);
            assert!(errors.iter().all(|error| error.is_nan()), "{wrong} at {place} of {columns}");
        }
    }
}

#[test]
fn columns_and_rows_not_in_use_have_no_influence() {
    let mut random = Random(33);
    for columns in widths() {
        let rows = 1 + columns % BLOCK_ROWS;
        let (z, labels) = logits(rows, columns, 5.0, &mut random);
        let mut spoiled = z.clone();
        spoiled.spoil_unused_rows(&mut random);
        for row in 0..rows {
            spoiled.padded_mut(row)[columns..].fill_with(|| random.garbage());
        }
        let (delta, errors) = gradient(0.125, &labels, &z);
        let (spoiled_delta, spoiled_errors) = gradient(0.125, &labels, &spoiled);
        for row in 0..rows {
            assert_eq!(all_bits(delta.padded(row)), all_bits(spoiled_delta.padded(row)), "{columns}");
            assert_eq!(errors[row].to_bits(), spoiled_errors[row].to_bits(), "{columns}");
            assert_all_zero(&spoiled_delta.padded(row)[columns..], format_args!("{columns}"));
        }
        assert!(errors[rows..].iter().all(|error| error.is_nan()), "rows without a label are left alone");
    }
}

#[test]
fn the_softmax_is_its_formula_and_sums_to_one() {
    let mut random = Random(34);
    for columns in widths() {
        let (z, _) = logits(BLOCK_ROWS, columns, 20.0, &mut random);
        let shares = on_every_level(|level| {
            let mut shares = z.clone();
            for row in 0..BLOCK_ROWS {
                shares.padded_mut(row)[columns..].fill(7.0);
            }
            softmax(level, columns, shares.block_mut(0));
            shares
        });
        let tolerance = share_tolerance(columns, 20.0);
        for row in 0..BLOCK_ROWS {
            let log_of_sum = log_of_sum(&z, row);
            for column in 0..columns {
                let expected = (z.at(row, column) - log_of_sum).exp();
                let what = format_args!("{columns} columns, row {row}");
                assert_close(shares.row(row)[column], expected, tolerance * expected, what);
            }
            let sum: f64 = (0..columns).map(|column| shares.at(row, column)).sum();
            assert!((sum - 1.0).abs() <= tolerance, "{columns} columns sum to {sum}");
        }
        shares.assert_padding_is_zero(format_args!("{columns} columns"));
        shares.assert_nothing_beside_the_rows_is_touched();
    }
}
