//! The loss of outputs, with the layer that it is of: outputs go from the registers that summed them to the gradient.
//! The cross-entropy of classes is in `cross_entropy`.

use crate::activation::{Activation, DerivativeFrom};
use crate::elementary::{sigmoid, softplus_above_ramp};
use crate::forward::{Layer, vector, vector_mut};
use crate::gather::Affine;
use crate::lanes::{LANES, Lanes, sum};
use crate::layout::{BLOCK_ROWS, LayerShape, Rows, RowsMut};
use crate::level::{Kernel, Level};
use crate::product::{even_runs, with_tile};

/// What the outputs of some rows are compared with.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// Numbers (rows, outputs).
    Numbers(Rows<'a>),
    /// Numbers (rows, outputs), of which those that are NaN are missing, and ask for nothing.
    Masked(Rows<'a>),
    /// `scale·p + offset` of the bytes p of some rows.
    Bytes {
        /// Any number of rows, the first of them from the column that is the first output's.
        bytes: &'a [u8],
        /// Distance between rows.
        stride: usize,
        /// Which of them, at most 16.
        rows: &'a [u32],
        /// What a byte stands for.
        affine: Affine,
    },
}

/// How outputs are compared with targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputLoss {
    /// `(f(Z) − T)²`, f the activation.
    SquaredError(Activation),
    /// `−T·ln y − (1 − T)·ln(1 − y)` with `y = 1 / (1 + e^(−Z))`, computed from Z: `max(Z, 0) − Z·T + ln(1 + e^(−|Z|))`
    /// (`torch.nn.BCEWithLogitsLoss`). Targets are from 0 to 1.
    BinaryCrossEntropy,
}

/// The last layer of an autoencoder, forward and the first step back, for a block of rows.
///
/// With `Z = X·Wᵀ + b`, T the target and `E(Z, T)` the loss of an output,
/// `δZ[r] ← scales[r]·D(Z[r], T[r])` and `errors[r] ← errors[r] + Σ_c E(Z[r][c], T[r][c])`, where D is half the derivative of the
/// squared error, `(f(Z) − T) ⊙ f′(Z)`, and the derivative of the binary cross-entropy, `y − T`.
/// x: (rows, inputs), W: (outputs, inputs), b: (outputs), δZ: (rows, outputs); with
/// `scales[r] = 2 / (rows of the batch · outputs)` δZ is the gradient of the batch's mean squared error. Z itself is never
/// stored. Rows that the target does not have are computed from garbage; the padding of δZ becomes 0.
///
/// Where a masked target is missing, δZ is 0, and nothing is added to the error. The mean is then over the targets that are there, and
/// `scales[r] = 2 / (their number in the batch)`.
///
/// # Panics
/// If a length does not fit, a row of the target is beyond the last, or the activation's derivative cannot be had from
/// its output.
#[allow(clippy::too_many_arguments, reason = "a layer's, and four of the loss")]
pub fn output_gradient(
    level: Level,
    layer: Layer<'_>,
    loss: OutputLoss,
    scales: &[f32; BLOCK_ROWS],
    x: Rows<'_>,
    target: Target<'_>,
    delta: RowsMut<'_>,
    errors: &mut [f32; BLOCK_ROWS],
) {
    if let OutputLoss::SquaredError(activation) = loss {
        assert_eq!(activation.derivative_from(), DerivativeFrom::Output, "{activation:?} as an output");
    }
    let LayerShape { outputs, .. } = layer.shape;
    layer.check();
    x.check(layer.shape.input_panels());
    delta.check(layer.shape.output_panels());
    match target {
        Target::Numbers(rows) | Target::Masked(rows) => rows.check(layer.shape.output_panels()),
        Target::Bytes { bytes, stride, rows, .. } => {
            assert!(rows.len() <= BLOCK_ROWS, "{} rows in a block", rows.len());
            for &row in rows {
                let end = (row as usize).saturating_mul(stride).saturating_add(outputs);
                assert!(end <= bytes.len(), "row {row}, {stride} apart, of {} bytes", bytes.len());
            }
        }
    }
    level.run(OutputGradient { layer, loss, scales, x, target, delta, errors });
}

struct OutputGradient<'a> {
    layer: Layer<'a>,
    loss: OutputLoss,
    scales: &'a [f32; BLOCK_ROWS],
    x: Rows<'a>,
    target: Target<'a>,
    delta: RowsMut<'a>,
    errors: &'a mut [f32; BLOCK_ROWS],
}

impl Kernel for OutputGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        match self.target {
            Target::Masked(_) => self.of_loss::<L, true>(l),
            Target::Numbers(_) | Target::Bytes { .. } => self.of_loss::<L, false>(l),
        }
    }
}

impl OutputGradient<'_> {
    #[inline(always)]
    fn of_loss<L: Lanes, const MASKED: bool>(&mut self, l: L) {
        use OutputLoss::{BinaryCrossEntropy, SquaredError};
        // A constant, so that each is compiled for itself.
        match self.loss {
            SquaredError(Activation::Identity) => {
                self.rows::<L, MASKED>(l, SquaredError(Activation::Identity))
            }
            SquaredError(Activation::Tanh) => self.rows::<L, MASKED>(l, SquaredError(Activation::Tanh)),
            SquaredError(Activation::Sigmoid) => self.rows::<L, MASKED>(l, SquaredError(Activation::Sigmoid)),
            SquaredError(other) => self.rows::<L, MASKED>(l, SquaredError(other)),
            BinaryCrossEntropy => self.rows::<L, MASKED>(l, BinaryCrossEntropy),
        }
    }

    #[inline(always)]
    fn rows<L: Lanes, const MASKED: bool>(&mut self, l: L, loss: OutputLoss) {
        let mut errors = [[0.0; LANES]; BLOCK_ROWS];
        for (panel, panels) in even_runs(self.layer.shape.output_panels(), L::TILE_PANELS) {
            with_tile!(L, panels, |R, P| for row in (0..BLOCK_ROWS).step_by(R) {
                self.tile::<L, R, P, MASKED>(l, loss, row, panel, &mut errors);
            });
        }
        for (error, lanes) in self.errors.iter_mut().zip(&errors) {
            *error += sum(l, l.load(lanes));
        }
    }

    #[inline(always)]
    fn tile<L: Lanes, const R: usize, const P: usize, const MASKED: bool>(
        &mut self,
        l: L,
        loss: OutputLoss,
        row: usize,
        panel: usize,
        errors: &mut [[f32; LANES]; BLOCK_ROWS],
    ) {
        let LayerShape { outputs, .. } = self.layer.shape;
        // SAFETY: `output_gradient` has checked the layer and x.
        let sums = unsafe { self.layer.sums::<L, R, P>(l, self.x, row, panel) };
        for (r, sums) in sums.into_iter().enumerate() {
            let mut error = l.load(&errors[row + r]);
            let scale = l.splat(self.scales[row + r]);
            for (p, sum) in sums.into_iter().enumerate() {
                let column = (panel + p) * LANES;
                let target = self.target.vector(l, outputs, row + r, column);
                let left = outputs - column;
                let gradient = match loss {
                    OutputLoss::SquaredError(activation) => {
                        let y = activation.apply(l, sum);
                        let difference = used::<L, MASKED>(l, l.sub(y, target), target, left);
                        error = l.mul_add(difference, difference, error);
                        l.mul(l.mul(difference, scale), activation.derivative(l, y))
                    }
                    OutputLoss::BinaryCrossEntropy => {
                        error = l.add(
                            error,
                            used::<L, MASKED>(l, binary_cross_entropy(l, sum, target), target, left),
                        );
                        let difference = l.sub(sigmoid(l, sum), target);
                        l.mul(used::<L, MASKED>(l, difference, target, left), scale)
                    }
                };
                l.store(gradient, vector_mut(&mut self.delta, row + r, column));
            }
            l.store(error, &mut errors[row + r]);
        }
    }
}

/// `v` with zeros where the target is missing, and from lane `left` on.
#[inline(always)]
fn used<L: Lanes, const MASKED: bool>(l: L, v: L::V, target: L::V, left: usize) -> L::V {
    let v = if MASKED { l.select_nan(target, l.splat(0.0), v) } else { v };
    if left < LANES { without_padding(l, v, left) } else { v }
}

/// `max(z, 0) − z·t + ln(1 + e^(−|z|))`
#[inline(always)]
fn binary_cross_entropy<L: Lanes>(l: L, z: L::V, t: L::V) -> L::V {
    let minus = l.sub(l.splat(0.0), z);
    l.add(l.mul_add(minus, t, l.max(z, l.splat(0.0))), softplus_above_ramp(l, z))
}

impl Target<'_> {
    /// Sixteen numbers of a row; what lies behind the last column is of no account.
    #[inline(always)]
    fn vector<L: Lanes>(&self, l: L, columns: usize, row: usize, column: usize) -> L::V {
        match *self {
            Target::Numbers(rows) | Target::Masked(rows) => l.load(vector(&rows, row, column)),
            Target::Bytes { bytes, stride, rows, affine } => {
                let Some(&index) = rows.get(row) else { return l.splat(0.0) };
                let row = &bytes[index as usize * stride..][column..columns];
                let bytes = match row.first_chunk() {
                    Some(bytes) => l.load_bytes(bytes),
                    None => {
                        let mut padded = [0; LANES];
                        padded[..row.len()].copy_from_slice(row);
                        l.load_bytes(&padded)
                    }
                };
                l.mul_add(bytes, l.splat(affine.scale), l.splat(affine.offset))
            }
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
    level.run(SquaredError::<false> { panels, x, y, errors });
}

/// As [`squared_error`], of the columns alone in which X is a number: where it is NaN, a value is missing.
///
/// # Panics
/// If a length does not fit.
pub fn masked_squared_error(
    level: Level,
    columns: usize,
    x: Rows<'_>,
    y: Rows<'_>,
    errors: &mut [f32; BLOCK_ROWS],
) {
    let panels = columns.div_ceil(LANES);
    x.check(panels);
    y.check(panels);
    level.run(SquaredError::<true> { panels, x, y, errors });
}

struct SquaredError<'a, const MASKED: bool> {
    panels: usize,
    x: Rows<'a>,
    y: Rows<'a>,
    errors: &'a mut [f32; BLOCK_ROWS],
}

impl<const MASKED: bool> Kernel for SquaredError<'_, MASKED> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        for (row, out) in self.errors.iter_mut().enumerate() {
            let mut error = l.splat(0.0);
            for column in (0..self.panels * LANES).step_by(LANES) {
                let (x, y) = (l.load(vector(&self.x, row, column)), l.load(vector(&self.y, row, column)));
                let mut difference = l.sub(y, x);
                if MASKED {
                    difference = l.select_nan(x, l.splat(0.0), difference);
                }
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
