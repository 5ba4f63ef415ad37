//! The cross-entropy of a softmax with the right class, its gradient, and the softmax alone.

use crate::elementary::exp;
use crate::forward::{vector, vector_mut};
use crate::lanes::{LANES, Lanes, sum};
use crate::layout::{BLOCK_ROWS, Rows, RowsMut};
use crate::level::{Kernel, Level};
use crate::loss::without_padding;

/// For the rows of a block that have a label: the cross-entropy of each, and what the backward pass starts from.
///
/// With `p = softmax(Z[r])`, p_c = e^(z_c) / Σ_j e^(z_j):
/// `errors[r] ← −ln p_label[r]` and `δZ[r] ← scales[r]·(p − onehot(label[r]))`.
/// z: the last layer's sums, logits (rows, columns), which δZ replaces; with `scales[r] = 1 / rows of the batch` δZ is the
/// gradient of the batch's mean cross-entropy (`torch.nn.functional.cross_entropy`).
/// labels: one for each row in use, 16 at most; the other rows stay as they are. The padding of δZ becomes 0, whatever z
/// had there. A logit that is NaN or +∞ makes the row's error NaN.
///
/// # Panics
/// If a length does not fit, there are more labels than rows, or a label is not below `columns`.
pub fn cross_entropy_gradient(
    level: Level,
    scales: &[f32; BLOCK_ROWS],
    columns: usize,
    labels: &[u32],
    z: RowsMut<'_>,
    errors: &mut [f32; BLOCK_ROWS],
) {
    assert!(labels.len() <= BLOCK_ROWS, "{} labels for a block of rows", labels.len());
    let most = labels.iter().map(|&label| label as usize).max();
    assert!(most.is_none_or(|label| label < columns), "label {most:?} of {columns} classes");
    z.check(columns.div_ceil(LANES));
    level.run(CrossEntropyGradient { scales, columns, labels, z, errors });
}

struct CrossEntropyGradient<'a> {
    scales: &'a [f32; BLOCK_ROWS],
    columns: usize,
    labels: &'a [u32],
    z: RowsMut<'a>,
    errors: &'a mut [f32; BLOCK_ROWS],
}

impl Kernel for CrossEntropyGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        for (row, &label) in self.labels.iter().enumerate() {
            let scale = l.splat(self.scales[row]);
            let start = row * self.z.stride;
            let right = start + label as usize;
            let logit = self.z.data[right];
            let Exponentials { most, sum } = exponentials(l, self.columns, row, &mut self.z);
            self.errors[row] = (f64::from(most) - f64::from(logit) + ln(f64::from(sum))) as f32;
            let divisor = l.splat(sum);
            for column in (0..self.columns).step_by(LANES) {
                let z = vector_mut(&mut self.z, row, column);
                let mut p = l.div(l.load(z), divisor);
                if (column..column + LANES).contains(&(label as usize)) {
                    p = minus_one(l, p, label as usize - column);
                }
                l.store(l.mul(p, scale), z);
            }
        }
    }
}

/// `Z[r] ← softmax(Z[r])` for all 16 rows of a block; the padding becomes 0.
///
/// z: logits (rows, columns).
///
/// # Panics
/// If a length does not fit.
pub fn softmax(level: Level, columns: usize, z: RowsMut<'_>) {
    z.check(columns.div_ceil(LANES));
    level.run(Softmax { columns, z });
}

struct Softmax<'a> {
    columns: usize,
    z: RowsMut<'a>,
}

impl Kernel for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        for row in 0..BLOCK_ROWS {
            let Exponentials { sum, .. } = exponentials(l, self.columns, row, &mut self.z);
            for column in (0..self.columns).step_by(LANES) {
                let z = vector_mut(&mut self.z, row, column);
                l.store(l.div(l.load(z), l.splat(sum)), z);
            }
        }
    }
}

/// The greatest logit m of a row, and Σ e^(z − m), which is at least 1.
struct Exponentials {
    most: f32,
    sum: f32,
}

/// Replaces a row's logits by e^(z − m), and its padding by zeros.
#[inline(always)]
fn exponentials<L: Lanes>(l: L, columns: usize, row: usize, z: &mut RowsMut<'_>) -> Exponentials {
    let rows = Rows { data: z.data, stride: z.stride };
    let mut most = l.splat(f32::NEG_INFINITY);
    for column in (0..columns / LANES * LANES).step_by(LANES) {
        most = l.max(l.load(vector(&rows, row, column)), most);
    }
    let mut lanes = [0.0; LANES];
    l.store(most, &mut lanes);
    let mut most = f32::NEG_INFINITY;
    let tail = &rows.data[row * rows.stride..][columns / LANES * LANES..columns];
    for &x in lanes.iter().chain(tail) {
        most = if x > most { x } else { most };
    }

    // A NaN is not the greatest, but stays what it is in the sum.
    let mut total = l.splat(0.0);
    for column in (0..columns).step_by(LANES) {
        let z = vector_mut(z, row, column);
        let mut e = exp(l, l.sub(l.load(z), l.splat(most)));
        if columns - column < LANES {
            e = without_padding(l, e, columns - column);
        }
        total = l.add(total, e);
        l.store(e, z);
    }
    Exponentials { most, sum: sum(l, total) }
}

/// `p` with 1 taken from one lane.
#[inline(always)]
fn minus_one<L: Lanes>(l: L, p: L::V, lane: usize) -> L::V {
    let mut buffer = [0.0; LANES];
    l.store(p, &mut buffer);
    buffer[lane] -= 1.0;
    l.load(&buffer)
}

/// ln x of a normal number of at least 1; anything else gives NaN.
///
/// x = 2ⁿ·m with m in [√½, √2): n·ln 2 + 2·artanh f, f = (m − 1)/(m + 1), by its series up to f¹³. As |f| < 0.172, what is
/// left out is below 2⁻³⁵ of the result, far below a rounding to f32. The system's logarithm would do, were it the same
/// on every system.
fn ln(x: f64) -> f64 {
    if !(x >= 1.0 && x.is_finite()) {
        return f64::NAN;
    }
    const MANTISSA: u64 = (1 << 52) - 1;
    let mut exponent = (x.to_bits() >> 52) as i32 - 1023;
    let mut mantissa = f64::from_bits(x.to_bits() & MANTISSA | 1023 << 52);
    if mantissa >= std::f64::consts::SQRT_2 {
        mantissa *= 0.5;
        exponent += 1;
    }
    let f = (mantissa - 1.0) / (mantissa + 1.0);
    let square = f * f;
    let series =
        [13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0].into_iter().fold(0.0, |sum, odd| sum * square + 1.0 / odd);
    f64::from(exponent) * std::f64::consts::LN_2 + 2.0 * f * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_that_of_the_system() {
        for i in 0..100_000 {
            let x = 1.0 + f64::from(i) * 0.013 + f64::from(i % 97) * 1e-7;
            let (got, exact) = (ln(x), x.ln());
            assert!((got - exact).abs() <= 2f64.powi(-35) * exact, "ln {x}: {got}, {exact}");
        }
        assert!([0.5, f64::NAN, f64::INFINITY].into_iter().all(|x| ln(x).is_nan()));
    }
}
