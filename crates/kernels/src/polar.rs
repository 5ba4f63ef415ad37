//! What Muon needs of a layer's weights as one matrix: the polar factor of their momentum, and the step along it.
//!
//! The weights (outputs, inputs), or their transpose, are read as M, whose rows are the longer side. With M = U·S·Vᵀ, its
//! polar factor is U·Vᵀ: the nearest matrix whose columns are orthonormal. Whoever calls iterates on the small MᵀM alone, with
//! [`gram_panel`](crate::gram_panel) and [`symmetric_panel`], until it has the factor F with `M·F ≈ U·Vᵀ`; [`descend`] then
//! takes the step `W ← shrink·W − step·M·F`.

use std::ops::Range;

use crate::lanes::{LANES, Lanes};
use crate::layout::{LayerShape, TILE, row_stride};
use crate::level::{Kernel, Level};
use crate::product::{Strides, even_runs, tile, with_tile};
use crate::sparse::{GROUP_PANELS, SparseLayout};

/// Where the numbers of a layer's weights lie, and which side of them is the longer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightMatrix {
    /// Inputs and outputs.
    pub shape: LayerShape,
    /// Whether the weights lie by input, as [`SparseLayout`] says; else as backward tiles.
    pub by_input: bool,
}

impl WeightMatrix {
    /// Whether M's rows are outputs; they are inputs where there are at least as many of those.
    const fn rows_are_outputs(self) -> bool {
        self.shape.outputs > self.shape.inputs
    }

    /// Whether a stored tile is the transpose of M's.
    const fn is_transposed(self) -> bool {
        self.by_input == self.rows_are_outputs()
    }

    const fn layout(self) -> SparseLayout {
        SparseLayout { shape: self.shape }
    }

    /// Numbers in the padded weights.
    pub const fn weights_len(self) -> usize {
        if self.by_input { self.layout().weights_len() } else { self.shape.weights_len() }
    }

    /// Panels of 16 rows of M, the last padded.
    pub const fn row_panels(self) -> usize {
        if self.rows_are_outputs() { self.shape.output_panels() } else { self.shape.input_panels() }
    }

    /// Panels of 16 columns of M, the last padded.
    pub const fn column_panels(self) -> usize {
        if self.rows_are_outputs() { self.shape.input_panels() } else { self.shape.output_panels() }
    }

    /// The distance between two rows of M, and of the square matrices that belong to it.
    pub const fn stride(self) -> usize {
        row_stride(self.column_panels() * LANES)
    }

    /// Where some panels of outputs lie among the weights.
    pub const fn output_range(self, panels: &Range<usize>) -> Range<usize> {
        let width = if self.by_input { self.shape.inputs } else { self.shape.input_panels() * LANES };
        panels.start * width * LANES..panels.end * width * LANES
    }

    /// Where the numbers of input `k` for a panel of outputs begin, of weights by input.
    const fn by_input_start(self, output_panel: usize, k: usize) -> usize {
        let layout = self.layout();
        let group = output_panel / GROUP_PANELS;
        layout.weights_start(group, k) + (output_panel - layout.first_panel(group)) * LANES
    }
}

/// One panel of M's rows: out: (16, columns), rows [`WeightMatrix::stride`] apart; the padding becomes 0.
///
/// `numbers` lie as the layer's weights do.
///
/// # Panics
/// If a length does not fit, or the panel is beyond the last.
pub fn gather_rows(level: Level, matrix: WeightMatrix, numbers: &[f32], panel: usize, out: &mut [f32]) {
    assert_eq!(numbers.len(), matrix.weights_len(), "numbers of {matrix:?}");
    assert!(panel < matrix.row_panels(), "panel {panel} of the rows of {matrix:?}");
    assert_eq!(out.len(), LANES * matrix.stride(), "a panel of rows of {matrix:?}");
    level.run(GatherRows { matrix, numbers, panel, out });
}

struct GatherRows<'a> {
    matrix: WeightMatrix,
    numbers: &'a [f32],
    panel: usize,
    out: &'a mut [f32],
}

impl Kernel for GatherRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self { matrix, numbers, panel, out } = self;
        let inputs = matrix.shape.inputs;
        for column_panel in 0..matrix.column_panels() {
            let (n, k) =
                if matrix.rows_are_outputs() { (panel, column_panel) } else { (column_panel, panel) };
            let mut stored = [0.0; TILE];
            if matrix.by_input {
                for (row, k) in (k * LANES..inputs.min((k + 1) * LANES)).enumerate() {
                    let start = matrix.by_input_start(n, k);
                    stored[row * LANES..(row + 1) * LANES].copy_from_slice(&numbers[start..start + LANES]);
                }
            } else {
                let start = (n * matrix.shape.input_panels() + k) * TILE;
                stored.copy_from_slice(&numbers[start..start + TILE]);
            }
            let mut turned = [0.0; TILE];
            let tile = if matrix.is_transposed() {
                l.transpose(&stored, &mut turned);
                &turned
            } else {
                &stored
            };
            for (row, numbers) in out.chunks_exact_mut(matrix.stride()).zip(tile.as_chunks::<LANES>().0) {
                row[column_panel * LANES..(column_panel + 1) * LANES].copy_from_slice(numbers);
            }
        }
    }
}

/// `identity·I + linear·A + product·C`, with C the symmetric matrix whose lower triangle is known.
#[derive(Clone, Copy, Debug)]
pub struct Polynomial<'a> {
    /// Factor of the identity.
    pub identity: f32,
    /// A, all of its rows, and its factor.
    pub linear: Option<(f32, &'a [f32])>,
    /// Factor of C.
    pub product: f32,
}

/// One panel of 16 rows of a symmetric matrix of `panels` panels.
///
/// lower: for each panel p of C's rows `panels` tiles, of which the first p + 1 are as [`gram_panel`](crate::gram_panel) leaves
/// them; out: (16, columns), rows [`row_stride`] apart.
///
/// # Panics
/// If a length does not fit, or the panel is beyond the last.
pub fn symmetric_panel(
    level: Level,
    polynomial: Polynomial<'_>,
    lower: &[f32],
    (panel, panels): (usize, usize),
    out: &mut [f32],
) {
    let stride = row_stride(panels * LANES);
    assert!(panel < panels, "panel {panel} of {panels}");
    assert_eq!(lower.len(), panels * panels * TILE, "tiles of {panels} panels");
    assert_eq!(out.len(), LANES * stride, "a panel of rows of {panels} panels");
    if let Some((_, a)) = polynomial.linear {
        assert_eq!(a.len(), panels * LANES * stride, "rows of {panels} panels");
    }
    level.run(SymmetricPanel { polynomial, lower, panel, panels, out });
}

struct SymmetricPanel<'a> {
    polynomial: Polynomial<'a>,
    lower: &'a [f32],
    panel: usize,
    panels: usize,
    out: &'a mut [f32],
}

impl Kernel for SymmetricPanel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self { polynomial: Polynomial { identity, linear, product }, lower, panel, panels, out } = self;
        let stride = row_stride(panels * LANES);
        let tiles = lower.as_chunks::<TILE>().0;
        for q in 0..panels {
            let mut turned = [0.0; TILE];
            let tile = if q <= panel {
                &tiles[panel * panels + q]
            } else {
                l.transpose(&tiles[q * panels + panel], &mut turned);
                &turned
            };
            for (n, numbers) in tile.as_chunks::<LANES>().0.iter().enumerate() {
                let mut sum = l.mul(l.splat(product), l.load(numbers));
                if let Some((factor, a)) = linear {
                    let start = (panel * LANES + n) * stride + q * LANES;
                    let a = a[start..start + LANES].as_array().expect("the range has this length");
                    sum = l.mul_add(l.splat(factor), l.load(a), sum);
                }
                let start = n * stride + q * LANES;
                let out = out[start..start + LANES].as_mut_array().expect("the range has this length");
                l.store(sum, out);
                if q == panel {
                    out[n] += identity;
                }
            }
        }
    }
}

/// How far a step goes: `W ← shrink·W − step·M·F`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Descent {
    /// What the direction is multiplied with.
    pub step: f32,
    /// What the weights are multiplied with.
    pub shrink: f32,
}

impl Descent {
    /// One vector of weights.
    #[inline(always)]
    fn apply<L: Lanes>(self, l: L, direction: &[f32; LANES], weights: &mut [f32; LANES]) {
        let shrunk = l.mul(l.load(weights), l.splat(self.shrink));
        l.store(l.mul_add(l.splat(-self.step), l.load(direction), shrunk), weights);
    }
}

/// Weights of some panels of outputs, to be updated.
#[derive(Debug)]
pub struct OutputPanels<'a> {
    /// Which panels; of weights by input, whole groups.
    pub range: Range<usize>,
    /// Read and written, in the order of [`WeightMatrix`].
    pub weights: &'a mut [f32],
    /// Forward tiles: written. Of weights by input there are none, and this is left alone.
    pub forward: &'a mut [f32],
}

/// `W ← shrink·W − step·M·F` for some panels of outputs.
///
/// rows: M (row panels · 16, columns); factor: F (columns, columns), symmetric; rows of both [`WeightMatrix::stride`] apart.
///
/// # Panics
/// If a length does not fit, a panel is beyond the last, or weights by input are no whole groups.
pub fn descend(
    level: Level,
    matrix: WeightMatrix,
    descent: Descent,
    (rows, factor): (&[f32], &[f32]),
    panels: OutputPanels<'_>,
) {
    let stride = matrix.stride();
    assert_eq!(rows.len(), matrix.row_panels() * LANES * stride, "rows of {matrix:?}");
    assert_eq!(factor.len(), matrix.column_panels() * LANES * stride, "factor of {matrix:?}");
    let Range { start, end } = panels.range;
    assert!(start <= end && end <= matrix.shape.output_panels(), "panels {:?} of {matrix:?}", panels.range);
    let whole = |panel: usize| panel.is_multiple_of(GROUP_PANELS) || panel == matrix.shape.output_panels();
    assert!(!matrix.by_input || whole(start) && whole(end), "panels {:?} are no whole groups", panels.range);
    let len = matrix.output_range(&panels.range).len();
    assert_eq!(panels.weights.len(), len, "weights of panels {:?} of {matrix:?}", panels.range);
    assert_eq!(panels.forward.len(), len, "forward tiles of panels {:?} of {matrix:?}", panels.range);
    level.run(Descend { matrix, descent, rows, factor, panels });
}

struct Descend<'a> {
    matrix: WeightMatrix,
    descent: Descent,
    rows: &'a [f32],
    factor: &'a [f32],
    panels: OutputPanels<'a>,
}

impl Kernel for Descend<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let Range { start, end } = self.panels.range;
        let inputs = self.matrix.shape.input_panels();
        let (row_panels, column_panels) =
            if self.matrix.rows_are_outputs() { (start..end, 0..inputs) } else { (0..inputs, start..end) };
        for row_panel in row_panels {
            for (offset, panels) in even_runs(column_panels.len(), L::TILE_PANELS) {
                let first = column_panels.start + offset;
                with_tile!(L, panels, |R, P| self.tiles::<L, R, P>(l, row_panel, first));
            }
        }
    }
}

impl Descend<'_> {
    /// The directions of P successive tiles of a panel of rows, and the steps along them.
    #[inline(always)]
    fn tiles<L: Lanes, const R: usize, const P: usize>(&mut self, l: L, row_panel: usize, first: usize) {
        let stride = self.matrix.stride();
        let mut directions = [[0.0; TILE]; P];
        for n in (0..LANES).step_by(R) {
            // SAFETY: `descend` has checked that there are all rows of M and of F, with all panels of columns, of which
            // `run` names no other.
            let sums = unsafe {
                let numbers = self.rows.as_ptr().add((row_panel * LANES + n) * stride);
                let vectors = self.factor.as_ptr().add(first * LANES);
                tile(
                    l,
                    [[l.splat(0.0); P]; R],
                    (numbers, Strides { across: stride, depth: 1, chunk: LANES }),
                    (vectors, Strides { across: LANES, depth: stride, chunk: LANES * stride }),
                    self.matrix.column_panels() * LANES,
                )
            };
            for (r, sums) in sums.into_iter().enumerate() {
                for (p, sum) in sums.into_iter().enumerate() {
                    l.store(sum, &mut directions[p].as_chunks_mut().0[n + r]);
                }
            }
        }
        for (p, direction) in directions.iter().enumerate() {
            let (output_panel, input_panel) =
                if self.matrix.rows_are_outputs() { (row_panel, first + p) } else { (first + p, row_panel) };
            let mut turned = [0.0; TILE];
            let direction = if self.matrix.is_transposed() {
                l.transpose(direction, &mut turned);
                &turned
            } else {
                direction
            };
            self.step(l, output_panel, input_panel, direction);
        }
    }

    /// The step of one tile, whose direction lies as the weights do.
    #[inline(always)]
    fn step<L: Lanes>(&mut self, l: L, output_panel: usize, input_panel: usize, direction: &[f32; TILE]) {
        let Self { matrix, descent, ref mut panels, .. } = *self;
        let before = matrix.output_range(&(0..panels.range.start)).end;
        let directions = direction.as_chunks::<LANES>().0;
        if matrix.by_input {
            let inputs = input_panel * LANES..matrix.shape.inputs.min((input_panel + 1) * LANES);
            for (k, direction) in inputs.zip(directions) {
                let start = matrix.by_input_start(output_panel, k) - before;
                let weights = panels.weights[start..start + LANES].as_mut_array();
                descent.apply(l, direction, weights.expect("the range has this length"));
            }
        } else {
            let start = (output_panel * matrix.shape.input_panels() + input_panel) * TILE - before;
            let weights = &mut panels.weights.as_chunks_mut::<TILE>().0[start / TILE];
            for (weights, direction) in weights.as_chunks_mut::<LANES>().0.iter_mut().zip(directions) {
                descent.apply(l, direction, weights);
            }
            l.transpose(weights, &mut panels.forward.as_chunks_mut::<TILE>().0[start / TILE]);
        }
    }
}
