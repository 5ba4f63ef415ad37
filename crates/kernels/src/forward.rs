//! `Y ← activation(X·Wᵀ + b)` and its backward pass `δX ← (δY·W) ⊙ activation′`.

use std::ops::Range;

use crate::activation::Activation;
use crate::lanes::{LANES, Lanes};
use crate::layout::{BLOCK_ROWS, LayerShape, Rows, RowsMut, TILE};
use crate::level::{Kernel, Level};
use crate::product::{Strides, even_runs, tile, with_panels, with_tile};

/// A dense layer, as [`forward`] reads it.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// Inputs and outputs.
    pub shape: LayerShape,
    /// Weights as forward tiles.
    pub weights: &'a [f32],
    /// One number an output, padded.
    pub bias: &'a [f32],
}

/// `Y ← activation(X·Wᵀ + b)` for a block of rows.
///
/// x: (rows, inputs), y: (rows, outputs), W: (outputs, inputs), b: (outputs). All 16 rows of the block are computed,
/// whether in use or not. `sums`, if given, receives `X·Wᵀ + b`, for activations whose derivative needs it.
///
/// # Panics
/// If a length does not fit the shape.
pub fn forward(
    level: Level,
    layer: Layer<'_>,
    activation: Activation,
    x: Rows<'_>,
    y: RowsMut<'_>,
    sums: Option<RowsMut<'_>>,
) {
    layer.check();
    x.check(layer.shape.input_panels());
    y.check(layer.shape.output_panels());
    if let Some(sums) = &sums {
        sums.check(layer.shape.output_panels());
    }
    level.run(Forward { layer, activation, x, y, sums, first_row_alone: false });
}

/// As [`forward`], of the first row of the block alone: the same bits, in less time than all 16 take. The other rows stay.
///
/// # Panics
/// If a length does not fit the shape.
pub fn forward_row(level: Level, layer: Layer<'_>, activation: Activation, x: Rows<'_>, y: RowsMut<'_>) {
    layer.check();
    x.check(layer.shape.input_panels());
    y.check(layer.shape.output_panels());
    level.run(Forward { layer, activation, x, y, sums: None, first_row_alone: true });
}

/// Panels that a row's products are summed for at once: as many sums side by side hide the latency of one another.
const ROW_PANELS: usize = 4;

struct Forward<'a> {
    layer: Layer<'a>,
    activation: Activation,
    x: Rows<'a>,
    y: RowsMut<'a>,
    sums: Option<RowsMut<'a>>,
    first_row_alone: bool,
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let panels = self.layer.shape.output_panels();
        if self.first_row_alone {
            for (panel, panels) in even_runs(panels, ROW_PANELS) {
                with_panels!(panels, |P| self.tile::<L, 1, P>(l, 0, panel));
            }
        } else {
            for (panel, panels) in even_runs(panels, L::TILE_PANELS) {
                with_tile!(L, panels, |R, P| for row in (0..BLOCK_ROWS).step_by(R) {
                    self.tile::<L, R, P>(l, row, panel);
                });
            }
        }
        self.y.clear_padding(self.layer.shape.outputs);
    }
}

impl Layer<'_> {
    /// # Panics
    /// If the weights or the bias do not fit the shape.
    pub(crate) fn check(&self) {
        assert_eq!(self.weights.len(), self.shape.weights_len(), "weights of {:?}", self.shape);
        assert_eq!(self.bias.len(), self.shape.bias_len(), "bias of {:?}", self.shape);
    }

    /// `X·Wᵀ + b` for R rows from `row` on and P panels of outputs from `panel` on.
    ///
    /// # Safety
    /// [`Layer::check`] has passed; x holds a block of rows of `inputs` numbers; rows and panels are within.
    #[inline(always)]
    pub(crate) unsafe fn sums<L: Lanes, const R: usize, const P: usize>(
        &self,
        l: L,
        x: Rows<'_>,
        row: usize,
        panel: usize,
    ) -> [[L::V; P]; R] {
        let panel_len = self.shape.input_panels() * TILE;
        let mut bias = [l.splat(0.0); P];
        for (p, bias) in bias.iter_mut().enumerate() {
            *bias = l.load(&self.bias.as_chunks().0[panel + p]);
        }
        let x_strides = Strides { across: x.stride, depth: 1, chunk: LANES };
        let w_strides = Strides { across: panel_len, depth: LANES, chunk: TILE };
        // SAFETY: the caller's promise: a block of rows of `inputs` numbers, and for each panel of outputs `panel_len`
        // weights, 16 for each input.
        unsafe {
            let (x, w) = (x.data.as_ptr().add(row * x.stride), self.weights.as_ptr().add(panel * panel_len));
            tile(l, [bias; R], (x, x_strides), (w, w_strides), self.shape.inputs)
        }
    }
}

impl Forward<'_> {
    #[inline(always)]
    fn tile<L: Lanes, const R: usize, const P: usize>(&mut self, l: L, row: usize, panel: usize) {
        // SAFETY: `forward` has checked the layer and x.
        let sums = unsafe { self.layer.sums::<L, R, P>(l, self.x, row, panel) };
        for (r, sums) in sums.into_iter().enumerate() {
            for (p, sum) in sums.into_iter().enumerate() {
                let column = (panel + p) * LANES;
                if let Some(kept) = &mut self.sums {
                    l.store(sum, vector_mut(kept, row + r, column));
                }
                l.store(self.activation.apply(l, sum), vector_mut(&mut self.y, row + r, column));
            }
        }
    }
}

/// `δX ← (δY·W) ⊙ activation′` for a block of rows, where `activation` is that of the layer which made x.
///
/// `weights` are backward tiles of W (outputs, inputs); delta: δY (rows, outputs); `kept`: of the layer which made x
/// its output or its sums, as [`Activation::derivative_from`] says (rows, inputs); out: δX (rows, inputs), of which the
/// panels `panels` are written.
///
/// # Panics
/// If a length does not fit the shape.
pub fn backward(
    level: Level,
    shape: LayerShape,
    weights: &[f32],
    delta: Rows<'_>,
    (activation, kept): (Activation, Rows<'_>),
    out: RowsMut<'_>,
    panels: Range<usize>,
) {
    assert!(panels.end <= shape.input_panels(), "panels {panels:?} of the inputs of {shape:?}");
    assert_eq!(weights.len(), shape.weights_len(), "weights of {shape:?}");
    delta.check(shape.output_panels());
    kept.check(shape.input_panels());
    out.check(shape.input_panels());
    level.run(Backward { shape, weights, delta, activation, kept, out, panels });
}

struct Backward<'a> {
    shape: LayerShape,
    weights: &'a [f32],
    delta: Rows<'a>,
    activation: Activation,
    kept: Rows<'a>,
    out: RowsMut<'a>,
    panels: Range<usize>,
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let first = self.panels.start;
        for (panel, panels) in even_runs(self.panels.len(), L::TILE_PANELS) {
            with_tile!(L, panels, |R, P| for row in (0..BLOCK_ROWS).step_by(R) {
                self.tile::<L, R, P>(l, row, first + panel);
            });
        }
    }
}

impl Backward<'_> {
    #[inline(always)]
    fn tile<L: Lanes, const R: usize, const P: usize>(&mut self, l: L, row: usize, panel: usize) {
        // SAFETY: `backward` has checked that delta holds a block of rows of `outputs` numbers, and the weights a
        // tile for each panel of outputs and of inputs.
        let sums = unsafe {
            tile(
                l,
                [[l.splat(0.0); P]; R],
                (
                    self.delta.data.as_ptr().add(row * self.delta.stride),
                    Strides { across: self.delta.stride, depth: 1, chunk: LANES },
                ),
                (
                    self.weights.as_ptr().add(panel * TILE),
                    Strides { across: TILE, depth: LANES, chunk: self.shape.input_panels() * TILE },
                ),
                self.shape.outputs,
            )
        };
        for (r, sums) in sums.into_iter().enumerate() {
            for (p, sum) in sums.into_iter().enumerate() {
                let column = (panel + p) * LANES;
                let kept = l.load(vector(&self.kept, row + r, column));
                let product = l.mul(sum, self.activation.derivative(l, kept));
                l.store(product, vector_mut(&mut self.out, row + r, column));
            }
        }
    }
}

/// Sixteen numbers of a row.
#[inline(always)]
pub(crate) fn vector<'a>(rows: &Rows<'a>, row: usize, column: usize) -> &'a [f32; LANES] {
    let start = row * rows.stride + column;
    rows.data[start..start + LANES].as_array().expect("the range has this length")
}

/// Sixteen numbers of a row, to be written.
#[inline(always)]
pub(crate) fn vector_mut<'a>(rows: &'a mut RowsMut<'_>, row: usize, column: usize) -> &'a mut [f32; LANES] {
    let start = row * rows.stride + column;
    rows.data[start..start + LANES].as_mut_array().expect("the range has this length")
}
