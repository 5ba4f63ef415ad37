//! Muon's second half: each weight matrix takes a step along the polar factor of its momentum.
//!
//! ```text
//! M ← momentum of W's gradient (Nesterov's), or its transpose: (rows, columns), the longer side first
//! A ← MᵀM / ‖M‖²
//! repeat:  P ← a·I + b·A + c·A²;   F ← F·P;   A ← P·A·P
//! W ← (1 − rate·decay)·W − rate·0.2·√rows · M·F / ‖M‖
//! ```
//!
//! Each round maps every singular value σ of M/‖M‖ to a·σ + b·σ³ + c·σ⁵, and so closer to 1. ‖M‖ is the Frobenius norm, and a, b, c
//! are of the round (Polar Express: Amsel et al. 2025, arXiv 2505.16932). Rounds on A (columns, columns) instead of M cost
//! 2·columns³ multiplications each, for only half of a symmetric matrix is computed, where rounds on M cost 2·rows·columns² + columns³.
//! Muon: Jordan et al. 2024; the factor 0.2·√rows gives updates the size of Adam's: Liu et al. 2025, arXiv 2502.16982.

use narrows_kernels::layout::{BLOCK_ROWS, Batch, TILE};
use narrows_kernels::polar::{
    Descent, OutputPanels, Polynomial, WeightMatrix, descend, gather_rows, symmetric_panel,
};
use narrows_kernels::sparse::GROUP_PANELS;
use narrows_kernels::team::{Bounds, Split, Team};
use narrows_kernels::{Aligned, Level, gram_panel};

use super::step::PANEL;
use crate::compute::Compute;
use crate::model::network::{Network, WeightOrder};

/// Panels of columns up to which a layer is one thread's work: 128 columns. The rounds of a larger one are shared out to the
/// team, one after the other.
const MAX_ALONE: usize = 8;

/// Panels of outputs that a thread updates at once: one group of weights by input.
const STEP_PANELS: usize = GROUP_PANELS;

/// Below this norm a gradient is no direction; PyTorch's ε.
const MIN_NORM: f32 = 1e-7;

/// a, b and c of the rounds of Polar Express. Its first polynomials suit singular values down to 1/1000 of the norm; from the
/// last on it stays.
const POLAR_EXPRESS: [[f64; 3]; 8] = [
    [8.2872, -23.5959, 17.3004],
    [4.1071, -2.9478, 0.5448],
    [3.9487, -2.9089, 0.5518],
    [3.3184, -2.4885, 0.5100],
    [2.3007, -1.6689, 0.4188],
    [1.8913, -1.2680, 0.3768],
    [1.8750, -1.2500, 0.3750],
    [1.8750, -1.2500, 0.3750],
];

/// Rounding may leave a singular value above 1, where the polynomials grow fast: each takes σ/1.01.
const SAFETY: f64 = 1.01;

/// The second half of a step of Muon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MuonStep {
    /// Of the schedule.
    pub learning_rate: f64,
    /// 1 − learning rate · weight decay
    pub shrink: f32,
    /// Rounds of the iteration.
    pub ns_steps: usize,
    /// a, b and c, the same in all rounds; without them those of Polar Express.
    pub ns_coefficients: Option<[f64; 3]>,
}

impl MuonStep {
    /// As many rounds as PyTorch allows.
    pub(super) const MAX_ROUNDS: usize = 99;

    /// a, b and c of a round, from 0.
    fn coefficients(&self, round: usize) -> [f32; 3] {
        let [a, b, c] = self.ns_coefficients.unwrap_or_else(|| {
            let [a, b, c] = POLAR_EXPRESS[round.min(POLAR_EXPRESS.len() - 1)];
            [a / SAFETY, b / SAFETY.powi(3), c / SAFETY.powi(5)]
        });
        [a as f32, b as f32, c as f32]
    }
}

/// The memory that Muon needs beside the moments.
#[derive(Debug)]
pub(super) struct Muon {
    layers: Vec<Layer>,
    /// Of each layer its scratch, one after the other.
    scratch: Aligned,
    scratch_bounds: Bounds,
    /// Where the weights of each layer end.
    weight_bounds: Bounds,
}

/// One layer's weights as a matrix.
#[derive(Debug)]
struct Layer {
    matrix: WeightMatrix,
    row_bounds: Bounds,
    /// Of the square matrices, and of the triangle, by panels of rows.
    square_bounds: Bounds,
    triangle_bounds: Bounds,
    /// Of the weights, by [`STEP_PANELS`] panels of outputs.
    step_bounds: Bounds,
}

/// M, and square matrices that belong to it.
struct Scratch<'a> {
    rows: &'a mut [f32],
    gram: &'a mut [f32],
    polynomial: &'a mut [f32],
    between: &'a mut [f32],
    factor: &'a mut [f32],
    triangle: &'a mut [f32],
}

impl Muon {
    pub fn new(network: &Network) -> Self {
        let layers: Vec<Layer> = network
            .layers
            .iter()
            .map(|layer| {
                let by_input = matches!(layer.order, WeightOrder::ByInput(_));
                Layer::new(WeightMatrix { shape: layer.shape, by_input })
            })
            .collect();
        let (mut scratch_bounds, mut weight_bounds) = (vec![0], vec![0]);
        for (layer, packed) in layers.iter().zip(&network.layers) {
            scratch_bounds.push(scratch_bounds[scratch_bounds.len() - 1] + layer.scratch_len());
            weight_bounds.push(packed.weights.end);
        }
        Self {
            scratch: Aligned::zeros(scratch_bounds[layers.len()]),
            scratch_bounds: Bounds::new(scratch_bounds),
            weight_bounds: Bounds::new(weight_bounds),
            layers,
        }
    }

    /// Takes the step of every weight matrix; `momentum` lies as the weights of the network do.
    pub fn take(&mut self, compute: &mut Compute, step: MuonStep, network: &mut Network, momentum: &[f32]) {
        let Self { layers, scratch, scratch_bounds, weight_bounds } = self;
        let (level, layers) = (compute.level, &*layers);
        let Network { layers: packed, backward, forward, .. } = network;
        let splits = [
            Split::new(scratch, scratch_bounds),
            Split::new(backward, weight_bounds),
            Split::new(forward, weight_bounds),
        ];
        compute.team.for_each(splits, |i, [scratch, backward, forward]| {
            let layer = &layers[i];
            if layer.is_small() {
                let momentum = &momentum[packed[i].weights.clone()];
                layer.take(level, &mut Alone, step, momentum, scratch, [backward, forward]);
            }
        });
        for (i, layer) in layers.iter().enumerate().filter(|(_, layer)| !layer.is_small()) {
            let weights = packed[i].weights.clone();
            let weights_of = [&mut backward[weights.clone()], &mut forward[weights.clone()]];
            let scratch = &mut scratch[scratch_bounds.range(i)];
            layer.take(level, &mut compute.team, step, &momentum[weights], scratch, weights_of);
        }
    }
}

impl Layer {
    fn new(matrix: WeightMatrix) -> Self {
        let panels = matrix.column_panels();
        let outputs = matrix.shape.output_panels();
        let steps = (0..=outputs.div_ceil(STEP_PANELS)).map(|i| outputs.min(i * STEP_PANELS));
        let step_bounds = steps.map(|end| matrix.output_range(&(0..end)).end).collect();
        Self {
            row_bounds: Bounds::even(matrix.row_panels(), BLOCK_ROWS * matrix.stride()),
            square_bounds: Bounds::even(panels, BLOCK_ROWS * matrix.stride()),
            triangle_bounds: Bounds::even(panels, panels * TILE),
            step_bounds: Bounds::new(step_bounds),
            matrix,
        }
    }

    fn is_small(&self) -> bool {
        self.matrix.column_panels() <= MAX_ALONE
    }

    fn scratch_len(&self) -> usize {
        self.row_bounds.end() + 4 * self.square_bounds.end() + self.triangle_bounds.end()
    }

    fn scratch<'a>(&self, memory: &'a mut [f32]) -> Scratch<'a> {
        let square = self.square_bounds.end();
        let (rows, memory) = memory.split_at_mut(self.row_bounds.end());
        let (gram, memory) = memory.split_at_mut(square);
        let (polynomial, memory) = memory.split_at_mut(square);
        let (between, memory) = memory.split_at_mut(square);
        let (factor, triangle) = memory.split_at_mut(square);
        Scratch { rows, gram, polynomial, between, factor, triangle }
    }

    fn take(
        &self,
        level: Level,
        workers: &mut impl Workers,
        step: MuonStep,
        momentum: &[f32],
        scratch: &mut [f32],
        weights: [&mut [f32]; 2],
    ) {
        let mut scratch = self.scratch(scratch);
        let norm = self.polar_factor(level, workers, step, momentum, &mut scratch);
        let rows = self.matrix.shape.inputs.max(self.matrix.shape.outputs) as f64;
        let length = step.learning_rate * 0.2 * rows.sqrt();
        let descent = Descent { step: length as f32 / norm, shrink: step.shrink };
        let Scratch { rows, factor, .. } = scratch;
        let (rows, factor) = (&*rows, &*factor);
        let outputs = self.matrix.shape.output_panels();
        workers.for_parts(weights, &self.step_bounds, &|i, [weights, forward]| {
            let range = i * STEP_PANELS..outputs.min((i + 1) * STEP_PANELS);
            descend(level, self.matrix, descent, (rows, factor), OutputPanels { range, weights, forward });
        });
    }

    /// Leaves M and F in the scratch, and gives ‖M‖.
    fn polar_factor(
        &self,
        level: Level,
        workers: &mut impl Workers,
        step: MuonStep,
        momentum: &[f32],
        scratch: &mut Scratch<'_>,
    ) -> f32 {
        let Scratch { rows, gram, polynomial, between, factor, triangle } = scratch;
        workers.for_parts([rows], &self.row_bounds, &|panel, [out]| {
            gather_rows(level, self.matrix, momentum, panel, out);
        });
        self.product(level, workers, [rows, rows], triangle);
        let norm = self.trace(triangle).sqrt().max(MIN_NORM);
        let scaled = Polynomial { identity: 0.0, linear: None, product: 1.0 / (norm * norm) };
        self.symmetric(level, workers, scaled, triangle, gram);
        let whole = Polynomial { identity: 0.0, linear: None, product: 1.0 };
        for round in 0..step.ns_steps {
            let [a, b, c] = step.coefficients(round);
            self.product(level, workers, [gram, gram], triangle);
            let of_gram = Polynomial { identity: a, linear: Some((b, gram)), product: c };
            let into = if round == 0 { &mut *factor } else { &mut *polynomial };
            self.symmetric(level, workers, of_gram, triangle, into);
            if round == 0 {
                polynomial.copy_from_slice(factor);
            } else {
                self.product(level, workers, [factor, polynomial], triangle);
                self.symmetric(level, workers, whole, triangle, factor);
            }
            if round + 1 < step.ns_steps {
                self.product(level, workers, [gram, polynomial], triangle);
                self.symmetric(level, workers, whole, triangle, between);
                self.product(level, workers, [between, polynomial], triangle);
                self.symmetric(level, workers, whole, triangle, gram);
            }
        }
        norm
    }

    /// The lower triangle of AᵀB, which is symmetric.
    fn product(&self, level: Level, workers: &mut impl Workers, [a, b]: [&[f32]; 2], triangle: &mut [f32]) {
        let [a, b] = [a, b].map(|data| self.batch(data));
        workers.for_parts([triangle], &self.triangle_bounds, &|panel, [out]| {
            gram_panel(level, a, b, panel, &mut out[..(panel + 1) * TILE]);
        });
    }

    /// All of a symmetric matrix, or a polynomial with it, of whose last term the lower triangle is known.
    fn symmetric(
        &self,
        level: Level,
        workers: &mut impl Workers,
        polynomial: Polynomial<'_>,
        triangle: &[f32],
        out: &mut [f32],
    ) {
        let panels = self.matrix.column_panels();
        workers.for_parts([out], &self.square_bounds, &|panel, [out]| {
            symmetric_panel(level, polynomial, triangle, (panel, panels), out);
        });
    }

    fn batch<'a>(&self, data: &'a [f32]) -> Batch<'a> {
        let stride = self.matrix.stride();
        Batch { data, offset: 0, block_stride: BLOCK_ROWS * stride, stride, rows: data.len() / stride }
    }

    /// ‖M‖², from the lower triangle of MᵀM.
    fn trace(&self, triangle: &[f32]) -> f32 {
        let panels = self.matrix.column_panels();
        let diagonal = |column: usize| {
            let (panel, n) = (column / PANEL, column % PANEL);
            triangle[(panel * panels + panel) * TILE + n * PANEL + n]
        };
        (0..panels * PANEL).map(diagonal).sum()
    }
}

/// Who does the panels of a matrix, which may be done in any order.
trait Workers {
    fn for_parts<const M: usize>(
        &mut self,
        out: [&mut [f32]; M],
        bounds: &Bounds,
        work: &(impl Fn(usize, [&mut [f32]; M]) + Sync),
    );
}

/// The calling thread.
struct Alone;

impl Workers for Alone {
    fn for_parts<const M: usize>(
        &mut self,
        mut out: [&mut [f32]; M],
        bounds: &Bounds,
        work: &(impl Fn(usize, [&mut [f32]; M]) + Sync),
    ) {
        for part in 0..bounds.parts() {
            work(part, out.each_mut().map(|out| &mut out[bounds.range(part)]));
        }
    }
}

impl Workers for Team {
    fn for_parts<const M: usize>(
        &mut self,
        out: [&mut [f32]; M],
        bounds: &Bounds,
        work: &(impl Fn(usize, [&mut [f32]; M]) + Sync),
    ) {
        self.for_each(out.map(|out| Split::new(out, bounds)), work);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use narrows_kernels::layout::LayerShape;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::*;

    /// M·F/‖M‖ for weights (outputs, inputs), row-major, by a team of `threads` or alone.
    fn polar(shape: LayerShape, weights: &[f32], threads: Option<usize>) -> Vec<f32> {
        let layer = Layer::new(WeightMatrix { shape, by_input: false });
        let mut momentum = vec![0.0; shape.weights_len()];
        shape.pack(weights, &mut momentum);
        let mut scratch = Aligned::zeros(layer.scratch_len());
        let [mut after, mut forward] = [(); 2].map(|()| Aligned::zeros(shape.weights_len()));
        // W ← 0·W + 1·M·F/‖M‖
        let length = 0.2 * (shape.inputs.max(shape.outputs) as f64).sqrt();
        let step = MuonStep { learning_rate: -1.0 / length, shrink: 0.0, ns_steps: 5, ns_coefficients: None };
        let out = [&mut *after, &mut *forward];
        match threads.and_then(NonZeroUsize::new) {
            None => layer.take(Level::detect(), &mut Alone, step, &momentum, &mut scratch, out),
            Some(threads) => {
                let mut team = Team::new(threads).unwrap();
                layer.take(Level::detect(), &mut team, step, &momentum, &mut scratch, out);
            }
        }
        let mut result = vec![0.0; weights.len()];
        shape.unpack(&after, &mut result);
        result
    }

    /// From −1 to 1.
    fn numbers(shape: LayerShape) -> Vec<f32> {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut number = || (random.next_u32() >> 8) as f32 * (-23_f32).exp2() - 1.0;
        (0..shape.inputs * shape.outputs).map(|_| number()).collect()
    }

    #[test]
    fn the_shorter_sides_vectors_become_about_orthonormal() {
        for (inputs, outputs) in [(40, 7), (7, 40), (150, 20), (1, 30), (30, 1), (1, 1), (200, 160)] {
            let shape = LayerShape { inputs, outputs };
            let polar = polar(shape, &numbers(shape), None);
            let short = inputs.min(outputs);
            let at = |short: usize, long: usize| {
                f64::from(if outputs <= inputs {
                    polar[short * inputs + long]
                } else {
                    polar[long * inputs + short]
                })
            };
            for i in 0..short {
                for j in 0..=i {
                    let product: f64 = (0..inputs.max(outputs)).map(|d| at(i, d) * at(j, d)).sum();
                    let expected = f64::from(u8::from(i == j));
                    // Five rounds leave singular values of 0.001 to 1 between 0.88 and 1.13 (Polar Express, table 1).
                    assert!((product - expected).abs() < 0.3, "({i}, {j}) of {shape:?}: {product}");
                }
            }
        }
    }

    #[test]
    fn one_thread_and_a_team_give_the_same_bits() {
        let shape = LayerShape { inputs: 200, outputs: 150 };
        let alone = polar(shape, &numbers(shape), None);
        for threads in [1, 2, 3] {
            assert_eq!(polar(shape, &numbers(shape), Some(threads)), alone, "{threads} threads");
        }
    }

    #[test]
    fn no_gradient_is_no_step_and_a_tiny_one_a_whole() {
        let shape = LayerShape { inputs: 9, outputs: 20 };
        assert_eq!(polar(shape, &[0.0; 180], None), vec![0.0; 180]);
        let numbers = numbers(shape);
        let tiny: Vec<f32> = numbers.iter().map(|x| x * 1e-6).collect();
        for (of_tiny, of_all) in polar(shape, &tiny, None).iter().zip(polar(shape, &numbers, None)) {
            assert!((of_tiny - of_all).abs() < 1e-3, "{of_tiny} for {of_all}");
        }
    }
}
