//! The weight gradient, with the optimiser applied while the gradient is still in registers.
//!
//! `G ← δᵀ·X`, then per weight the rule of PyTorch's optimiser of the same name. The sum over rows is that of [`crate::chunks`].

use std::ops::Range;

use crate::chunks::{VectorTree, Vectors, chunks};
use crate::gather::prefetch;
use crate::lanes::{LANES, Lanes};
use crate::layout::{BLOCK_ROWS, Batch, LayerShape, TILE};
use crate::level::{Kernel, Level};
use crate::product::{Strides, even_runs, tile, with_tile};

/// What becomes of a gradient g; p is the parameter, m and v are its moments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// `m ← g`; the parameter stays. For looking at gradients.
    KeepGradient,
    /// Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019), as PyTorch orders the operations:
    /// `p ← shrink·p; g ← g + weight_decay·p; m ← m + (1 − β₁)(g − m); v ← β₂v + (1 − β₂)g²;`
    /// `p ← p − step_size·m / (√v·inverse_root + ε)`.
    Adam {
        /// Learning rate over the bias correction 1 − β₁ᵗ.
        step_size: f32,
        /// 1 / √(1 − β₂ᵗ)
        inverse_root: f32,
        /// 1 − β₁
        one_minus_beta1: f32,
        /// β₂
        beta2: f32,
        /// 1 − β₂
        one_minus_beta2: f32,
        /// ε, above 0, so that the padding (0 / ε) stays 0
        epsilon: f32,
        /// Added to the gradient (Adam); 0 for AdamW.
        weight_decay: f32,
        /// 1 − learning rate · weight decay (AdamW); 1 for Adam.
        shrink: f32,
    },
    /// Stochastic gradient descent: `g ← g + weight_decay·p; m ← momentum·m + g;`
    /// `p ← p − learning_rate·(nesterov ? g + momentum·m : m)`.
    Sgd {
        /// Learning rate.
        learning_rate: f32,
        /// Momentum, 0 for none.
        momentum: f32,
        /// Added to the gradient.
        weight_decay: f32,
        /// Whether the step looks ahead along the momentum.
        nesterov: bool,
    },
    /// The first half of Muon, whose second half needs the whole matrix ([`crate::polar`]):
    /// `m ← m + (1 − momentum)(g − m); v ← nesterov ? m + (1 − momentum)(g − m) : m`. The parameter stays.
    Momentum {
        /// 1 − momentum
        one_minus_momentum: f32,
        /// Whether the step looks ahead along the momentum.
        nesterov: bool,
    },
}

impl Rule {
    /// Applies the rule to 16 parameters.
    #[inline(always)]
    pub(crate) fn apply<L: Lanes>(
        self,
        l: L,
        gradient: L::V,
        parameter: &mut [f32; LANES],
        first: &mut [f32; LANES],
        second: &mut [f32; LANES],
    ) {
        let minus = |v: L::V| l.sub(l.splat(0.0), v);
        match self {
            Self::KeepGradient => l.store(gradient, first),
            Self::Adam {
                step_size,
                inverse_root,
                one_minus_beta1,
                beta2,
                one_minus_beta2,
                epsilon,
                weight_decay,
                shrink,
            } => {
                let p = l.mul(l.load(parameter), l.splat(shrink));
                let g = l.mul_add(l.splat(weight_decay), p, gradient);
                let m = l.load(first);
                let m = l.mul_add(l.splat(one_minus_beta1), l.sub(g, m), m);
                let v =
                    l.mul_add(l.mul(l.splat(one_minus_beta2), g), g, l.mul(l.splat(beta2), l.load(second)));
                l.store(m, first);
                l.store(v, second);
                let denominator = l.mul_add(l.sqrt(v), l.splat(inverse_root), l.splat(epsilon));
                let step = l.div(m, denominator);
                l.store(l.mul_add(l.splat(-step_size), step, p), parameter);
            }
            Self::Sgd { learning_rate, momentum, weight_decay, nesterov } => {
                let p = l.load(parameter);
                let g = l.mul_add(l.splat(weight_decay), p, gradient);
                let m = l.mul_add(l.splat(momentum), l.load(first), g);
                l.store(m, first);
                let step = if nesterov { l.mul_add(l.splat(momentum), m, g) } else { m };
                l.store(l.mul_add(minus(l.splat(learning_rate)), step, p), parameter);
            }
            Self::Momentum { one_minus_momentum, nesterov } => {
                let rest = l.splat(one_minus_momentum);
                let m = l.load(first);
                let m = l.mul_add(rest, l.sub(gradient, m), m);
                l.store(m, first);
                let ahead = if nesterov { l.mul_add(rest, l.sub(gradient, m), m) } else { m };
                l.store(ahead, second);
            }
        }
    }
}

/// Parameters and what the rule remembers of each, in equal order and length.
#[derive(Debug)]
pub struct Moments<'a> {
    /// m
    pub first: &'a mut [f32],
    /// v
    pub second: &'a mut [f32],
}

/// Some successive tiles of a layer's weights, to be updated.
#[derive(Debug)]
pub struct WeightTiles<'a> {
    /// Which tiles of the layer these are.
    pub range: Range<usize>,
    /// Backward tiles: read and written.
    pub backward: &'a mut [f32],
    /// Forward tiles: written.
    pub forward: &'a mut [f32],
    /// Moments, in the order of the backward tiles.
    pub moments: Moments<'a>,
}

/// Computes the gradient of some tiles of a layer's weights, `G ← δᵀ·X`, and applies `rule`.
///
/// delta: δ (rows, outputs); x: (rows, inputs).
///
/// # Panics
/// If a length does not fit.
pub fn update_weights(
    level: Level,
    rule: Rule,
    shape: LayerShape,
    delta: Batch<'_>,
    x: Batch<'_>,
    tiles: WeightTiles<'_>,
) {
    delta.check(shape.output_panels());
    x.check(shape.input_panels());
    assert_eq!(delta.rows, x.rows, "rows of δ and x");
    assert!(tiles.range.end <= shape.tiles(), "tiles {:?} of {shape:?}", tiles.range);
    let len = tiles.range.len() * TILE;
    for (name, slice) in [
        ("backward", &*tiles.backward),
        ("forward", &*tiles.forward),
        ("first moments", &*tiles.moments.first),
        ("second moments", &*tiles.moments.second),
    ] {
        assert_eq!(slice.len(), len, "{name} of tiles {:?}", tiles.range);
    }
    level.run(UpdateWeights { rule, shape, delta, x, tiles });
}

struct UpdateWeights<'a> {
    rule: Rule,
    shape: LayerShape,
    delta: Batch<'a>,
    x: Batch<'a>,
    tiles: WeightTiles<'a>,
}

impl Kernel for UpdateWeights<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        let input_panels = self.shape.input_panels();
        let Range { start, end } = self.tiles.range.clone();
        let mut next = start;
        while next < end {
            // As far as the panel of outputs goes.
            let panel_end = end.min((next / input_panels + 1) * input_panels);
            for (offset, panels) in even_runs(panel_end - next, L::TILE_PANELS) {
                let first_tile = next + offset;
                with_tile!(L, panels, |R, P| for n in (0..LANES).step_by(R) {
                    self.tile::<L, R, P>(l, first_tile, n);
                });
            }
            next = panel_end;
        }
        let backward = self.tiles.backward.as_chunks::<TILE>().0;
        let forward = self.tiles.forward.as_chunks_mut::<TILE>().0;
        for (from, to) in backward.iter().zip(forward) {
            l.transpose(from, to);
        }
    }
}

impl UpdateWeights<'_> {
    /// Outputs `n..n + R` of the panel, against the inputs of P tiles.
    #[inline(always)]
    fn tile<L: Lanes, const R: usize, const P: usize>(&mut self, l: L, first_tile: usize, n: usize) {
        let (output_panel, input_panel) =
            (first_tile / self.shape.input_panels(), first_tile % self.shape.input_panels());
        // The optimiser's numbers come from beyond the nearest cache, while the products are summed.
        for p in 0..P {
            let start = ((first_tile - self.tiles.range.start + p) * LANES + n) * LANES;
            let range = start..start + R * LANES;
            prefetch(&self.tiles.backward[range.clone()]);
            prefetch(&self.tiles.moments.first[range.clone()]);
            prefetch(&self.tiles.moments.second[range]);
        }
        let columns = (output_panel * LANES + n, input_panel * LANES);
        let mut tree = VectorTree::<R, P>::new();
        let mut gradients: Vectors<R, P> = [[[0.0; LANES]; P]; R];
        for rows in chunks(self.x.rows) {
            let is_last = rows.end == self.x.rows;
            let sums = self.products::<L, R, P>(l, columns, rows);
            for (gradients, sums) in gradients.iter_mut().zip(sums) {
                for (gradient, sum) in gradients.iter_mut().zip(sums) {
                    l.store(sum, gradient);
                }
            }
            tree.push(l, &mut gradients, is_last);
        }
        for (r, gradients) in gradients.iter().enumerate() {
            for (p, gradient) in gradients.iter().enumerate() {
                let vector = (first_tile - self.tiles.range.start + p) * LANES + n + r;
                self.rule.apply(
                    l,
                    l.load(gradient),
                    &mut self.tiles.backward.as_chunks_mut().0[vector],
                    &mut self.tiles.moments.first.as_chunks_mut().0[vector],
                    &mut self.tiles.moments.second.as_chunks_mut().0[vector],
                );
            }
        }
    }

    /// `δᵀ·X` of R outputs and P panels of inputs, from these columns of δ and X on, summed over the rows of one chunk.
    #[inline(always)]
    fn products<L: Lanes, const R: usize, const P: usize>(
        &self,
        l: L,
        (output, input): (usize, usize),
        rows: Range<usize>,
    ) -> [[L::V; P]; R] {
        let Self { delta, x, .. } = self;
        let block = rows.start / BLOCK_ROWS;
        // SAFETY: `update_weights` has checked that the batches hold `rows` rows with all panels of the shape; a chunk begins with a
        // block, and lies within them.
        unsafe {
            tile(
                l,
                [[l.splat(0.0); P]; R],
                (
                    delta.data.as_ptr().add(delta.offset + block * delta.block_stride + output),
                    Strides { across: 1, depth: delta.stride, chunk: delta.block_stride },
                ),
                (
                    x.data.as_ptr().add(x.offset + block * x.block_stride + input),
                    Strides { across: LANES, depth: x.stride, chunk: x.block_stride },
                ),
                rows.len(),
            )
        }
    }
}

/// Some successive panels of a layer's bias, to be updated.
#[derive(Debug)]
pub struct BiasPanels<'a> {
    /// Which panel the first is.
    pub first_panel: usize,
    /// Read and written.
    pub bias: &'a mut [f32],
    /// Moments, in the order of the bias.
    pub moments: Moments<'a>,
}

/// Computes the gradient of some panels of a layer's bias, the sum of δ (rows, outputs) over the rows, and applies `rule`.
///
/// # Panics
/// If a length does not fit.
pub fn update_bias(level: Level, rule: Rule, delta: Batch<'_>, panels: BiasPanels<'_>) {
    assert!(
        panels.bias.len().is_multiple_of(LANES),
        "{} numbers of the bias are no whole panels",
        panels.bias.len()
    );
    delta.check(panels.first_panel.saturating_add(panels.bias.len() / LANES));
    assert_eq!(panels.bias.len(), panels.moments.first.len(), "first moments of the bias");
    assert_eq!(panels.bias.len(), panels.moments.second.len(), "second moments of the bias");
    level.run(UpdateBias { rule, delta, panels });
}

/// Panels whose sums run side by side, for each waits for its last addition.
const PANELS_AT_ONCE: usize = 4;

struct UpdateBias<'a> {
    rule: Rule,
    delta: Batch<'a>,
    panels: BiasPanels<'a>,
}

impl Kernel for UpdateBias<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let Self { rule, delta, panels } = self;
        let bias = panels.bias.as_chunks_mut::<LANES>().0.chunks_mut(PANELS_AT_ONCE);
        let first = panels.moments.first.as_chunks_mut::<LANES>().0.chunks_mut(PANELS_AT_ONCE);
        let second = panels.moments.second.as_chunks_mut::<LANES>().0.chunks_mut(PANELS_AT_ONCE);
        for (run, ((bias, first), second)) in bias.zip(first).zip(second).enumerate() {
            let column = delta.offset + (panels.first_panel + run * PANELS_AT_ONCE) * LANES;
            let mut tree = VectorTree::<1, PANELS_AT_ONCE>::new();
            let mut gradients: Vectors<1, PANELS_AT_ONCE> = [[[0.0; LANES]; PANELS_AT_ONCE]];
            for rows in chunks(delta.rows) {
                let is_last = rows.end == delta.rows;
                let sums = panel_sums(l, delta, rows, column, bias.len());
                for (gradient, sum) in gradients[0].iter_mut().zip(sums) {
                    l.store(sum, gradient);
                }
                tree.push(l, &mut gradients, is_last);
            }
            for (panel, bias) in bias.iter_mut().enumerate() {
                rule.apply(l, l.load(&gradients[0][panel]), bias, &mut first[panel], &mut second[panel]);
            }
        }
    }
}

/// The sums of some panels of δ, from a column on, over the rows of one chunk.
#[inline(always)]
fn panel_sums<L: Lanes>(
    l: L,
    delta: Batch<'_>,
    rows: Range<usize>,
    column: usize,
    panels: usize,
) -> [L::V; PANELS_AT_ONCE] {
    let mut sums = [l.splat(0.0); PANELS_AT_ONCE];
    for row in rows {
        let start = column + row / BLOCK_ROWS * delta.block_stride + row % BLOCK_ROWS * delta.stride;
        let vectors = delta.data[start..start + panels * LANES].as_chunks().0;
        for (sum, vector) in sums.iter_mut().zip(vectors) {
            *sum = l.add(*sum, l.load(vector));
        }
    }
    sums
}

/// Applies `rule` with a gradient that is known, however parameters lie, if the gradient and the moments lie as they do.
///
/// # Panics
/// If the lengths differ, or are no whole vectors.
pub fn apply(level: Level, rule: Rule, gradient: &[f32], parameters: &mut [f32], moments: Moments<'_>) {
    struct Apply<'a>(Rule, &'a [f32], &'a mut [f32], Moments<'a>);
    impl Kernel for Apply<'_> {
        type Output = ();
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) {
            let Self(rule, gradient, parameters, moments) = self;
            let parameters = parameters.as_chunks_mut().0.iter_mut();
            let moments = moments.first.as_chunks_mut().0.iter_mut().zip(moments.second.as_chunks_mut().0);
            for ((gradient, p), (first, second)) in gradient.as_chunks().0.iter().zip(parameters).zip(moments)
            {
                rule.apply(l, l.load(gradient), p, first, second);
            }
        }
    }
    let len = parameters.len();
    assert!(len.is_multiple_of(LANES), "{len} parameters are no whole vectors");
    for (name, slice) in
        [("gradient", gradient), ("first moments", &*moments.first), ("second moments", &*moments.second)]
    {
        assert_eq!(slice.len(), len, "{name} of {len} parameters");
    }
    level.run(Apply(rule, gradient, parameters, moments));
}

/// Copies backward tiles to forward tiles.
///
/// # Panics
/// If the lengths differ, or are not whole tiles.
pub fn forward_tiles(level: Level, backward: &[f32], forward: &mut [f32]) {
    struct Transpose<'a>(&'a [[f32; TILE]], &'a mut [[f32; TILE]]);
    impl Kernel for Transpose<'_> {
        type Output = ();
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) {
            for (from, to) in self.0.iter().zip(self.1) {
                l.transpose(from, to);
            }
        }
    }
    assert_eq!(backward.len(), forward.len(), "backward and forward tiles");
    let ((from, rest), (to, _)) = (backward.as_chunks(), forward.as_chunks_mut());
    assert!(rest.is_empty(), "{} numbers are no whole tiles", backward.len());
    level.run(Transpose(from, to));
}
