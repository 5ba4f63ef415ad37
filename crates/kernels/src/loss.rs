//! The mean squared error, its gradient, and the derivative of the last activation, in one pass. The cross-entropy is in
//! `cross_entropy`.

use crate::activation::{Activation, DerivativeFrom};
use crate::forward::{vector, vector_mut};
use crate::lanes::{LANES, Lanes, sum};
use crate::layout::{BLOCK_ROWS, Rows, RowsMut};
use crate::level::{Kernel, Level};

/// For a block of rows: the squared error of each, and what the backward pass starts from.
///
/// `δZ ← scale·(activation(Z) − X) ⊙ activation′(Z)` and `errors[r] ← Σ_c (activation(Z[r][c]) − X[r][c])²`.
/// x: the target (rows, columns); z: the last layer's sums (rows, columns), which δZ replaces; with
/// `scale = 2 / (rows of the batch · columns)` δZ is the gradient of the batch's mean squared error.
/// All 16 rows of the block are computed, whether in use or not; the padding of δZ becomes 0, whatever z had there.
///
/// # Panics
/// If a length does not fit, or the activation's derivative cannot be had from its output.
pub fn squared_error_gradient(
    level: Level,
    activation: Activation,
    scale: f32,
    columns: usize,
    x: Rows<'_>,
    z: RowsMut<'_>,
    errors: &mut [f32; BLOCK_ROWS],
) {
    assert_eq!(activation.derivative_from(), DerivativeFrom::Output, "{activation:?} as an output");
    let panels = columns.div_ceil(LANES);
    x.check(panels);
    z.check(panels);
    level.run(SquaredErrorGradient { activation, scale, columns, x, z, errors });
}

struct SquaredErrorGradient<'a> {
    activation: Activation,
    scale: f32,
    columns: usize,
    x: Rows<'a>,
    z: RowsMut<'a>,
    errors: &'a mut [f32; BLOCK_ROWS],
}

impl Kernel for SquaredErrorGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        match self.activation {
            Activation::Identity => self.rows(l, Activation::Identity),
            Activation::Tanh => self.rows(l, Activation::Tanh),
            Activation::Sigmoid => self.rows(l, Activation::Sigmoid),
            other => self.rows(l, other),
        }
    }
}

impl SquaredErrorGradient<'_> {
    #[inline(always)]
    fn rows<L: Lanes>(&mut self, l: L, activation: Activation) {
        let scale = l.splat(self.scale);
        for row in 0..BLOCK_ROWS {
            let mut error = l.splat(0.0);
            for column in (0..self.columns).step_by(LANES) {
                let z = vector_mut(&mut self.z, row, column);
                let mut y = activation.apply(l, l.load(z));
                if self.columns - column < LANES {
                    y = without_padding(l, y, self.columns - column);
                }
                let difference = l.sub(y, l.load(vector(&self.x, row, column)));
                error = l.mul_add(difference, difference, error);
                let gradient = l.mul(l.mul(difference, scale), activation.derivative(l, y));
                l.store(gradient, z);
            }
            self.errors[row] = sum(l, error);
        }
    }
}

/// For a block of rows, `errors[r] ← Σ_c (Y[r][c] − X[r][c])²`, both (rows, columns) and padded with zeros.
///
/// # Panics
/// If a length does not fit.
pub fn squared_error(level: Level, columns: usize, x: Rows<'_>, y: Rows<'_>, errors: &mut [f32; BLOCK_ROWS]) {
    let panels = columns.div_ceil(LANES);
    x.check(panels);
    y.check(panels);
    level.run(SquaredError { panels, x, y, errors });
}

struct SquaredError<'a> {
    panels: usize,
    x: Rows<'a>,
    y: Rows<'a>,
    errors: &'a mut [f32; BLOCK_ROWS],
}

impl Kernel for SquaredError<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        for (row, out) in self.errors.iter_mut().enumerate() {
            let mut error = l.splat(0.0);
            for column in (0..self.panels * LANES).step_by(LANES) {
                let difference =
                    l.sub(l.load(vector(&self.y, row, column)), l.load(vector(&self.x, row, column)));
                error = l.mul_add(difference, difference, error);
            }
            *out = sum(l, error);
        }
    }
}

/// `y` with zeros from lane `used` on.
#[inline(always)]
pub(crate) fn without_padding<L: Lanes>(l: L, y: L::V, used: usize) -> L::V {
    let mut buffer = [0.0; LANES];
    l.store(y, &mut buffer);
    buffer[used..].fill(0.0);
    l.load(&buffer)
}
