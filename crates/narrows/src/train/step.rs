//! One step: forward, loss, backward, update.
//!
//! Two phases, each shared out to the team. In the first every block of 16 rows goes forward and backward, from its
//! raw values to the δ of every layer: rows do not meet. In the second every run of weight tiles sums its gradient
//! over all rows, in their order, and applies the optimiser. So every number has one owner and one order of
//! summation, and the number of threads has no influence on the result.

use std::ops::Range;

use narrows_kernels::layout::{BLOCK_ROWS, RowsMut, TILE};
use narrows_kernels::team::{Bounds, Split};
use narrows_kernels::{
    Activation, BiasPanels, Level, Moments, Rule, WeightTiles, backward, squared_error_gradient, update_bias,
    update_weights,
};

use crate::compute::Compute;
use crate::dataset::Samples;
use crate::model::network::{BlockPlaces, Network};
use crate::model::{Architecture, Parameters};

/// Tiles of weights in one piece of work: 16 kB, a few microseconds, so that a team's threads end about together.
const TASK_TILES: usize = 16;

/// Numbers in a panel of the bias.
const PANEL: usize = 16;

/// A model in training: parameters, moments and the memory of one batch. Nothing is allocated in a step.
#[derive(Debug)]
pub struct Step {
    network: Network,
    weight_moments: [Vec<f32>; 2],
    bias_moments: [Vec<f32>; 2],
    places: BlockPlaces,
    blocks: Vec<f32>,
    block_bounds: Bounds,
    errors: Vec<f32>,
    error_bounds: Bounds,
    tasks: Vec<Task>,
    weight_bounds: Bounds,
    bias_bounds: Bounds,
}

/// A run of a layer's weight tiles, and the panels of its bias that are updated with them.
#[derive(Debug)]
struct Task {
    layer: usize,
    tiles: Range<usize>,
    first_bias_panel: usize,
}

/// The gradient of one batch's loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// Mean squared error of the batch.
    pub loss: f64,
    /// By each parameter, under its name.
    pub by_parameter: Parameters,
}

impl Step {
    /// A model that begins with `parameters`, for batches of at most `batch_size` rows.
    pub fn new(architecture: &Architecture, parameters: &Parameters, batch_size: usize) -> Self {
        let network = Network::new(architecture, parameters);
        let places = BlockPlaces::for_training(&network);
        let blocks = batch_size.div_ceil(BLOCK_ROWS);
        let (tasks, weight_bounds, bias_bounds) = share_out(&network);
        Self {
            weight_moments: [vec![0.0; network.backward.len()], vec![0.0; network.backward.len()]],
            bias_moments: [vec![0.0; network.bias.len()], vec![0.0; network.bias.len()]],
            blocks: vec![0.0; blocks * places.len],
            block_bounds: Bounds::even(blocks, places.len),
            errors: vec![0.0; blocks * BLOCK_ROWS],
            error_bounds: Bounds::even(blocks, BLOCK_ROWS),
            network,
            places,
            tasks,
            weight_bounds,
            bias_bounds,
        }
    }

    /// The parameters as they are now.
    pub fn parameters(&self, out: &mut Parameters) {
        self.network.store(out);
    }

    /// The loss of the rows `batch` of `samples`, before any change; leaves the δ of every layer behind.
    pub(super) fn loss(&mut self, compute: &mut Compute, samples: &Samples<'_>, batch: &[u32]) -> f64 {
        let Self { network, places, blocks, block_bounds, errors, error_bounds, .. } = self;
        let (network, places) = (&*network, &*places);
        let level = compute.level;
        // δ of the mean over batch and features of (y − x)².
        let scale = 2.0 / (batch.len() * samples.features) as f32;
        let parts = batch.len().div_ceil(BLOCK_ROWS);
        let splits =
            [Split::first(blocks, block_bounds, parts), Split::first(errors, error_bounds, parts)];
        compute.team.for_each(splits, |i, [block, errors]| {
            let rows = &batch[i * BLOCK_ROWS..batch.len().min((i + 1) * BLOCK_ROWS)];
            let errors = errors.first_chunk_mut().expect("an error for each row of a block");
            propagate(level, network, places, samples, rows, scale, block, errors);
        });
        let sum: f64 = errors[..batch.len()].iter().map(|&error| f64::from(error)).sum();
        sum / (batch.len() * samples.features) as f64
    }

    /// Applies `rule` with the gradients of the batch whose [`Step::loss`] was computed last, of `rows` rows.
    pub(super) fn update(&mut self, compute: &mut Compute, rule: Rule, rows: usize) {
        let Self { network, places, blocks, tasks, weight_bounds, bias_bounds, .. } = self;
        let Network { layers, backward, forward, bias } = network;
        let (layers, places, blocks) = (&*layers, &*places, &*blocks);
        let [first, second] = &mut self.weight_moments;
        let [bias_first, bias_second] = &mut self.bias_moments;
        let level = compute.level;
        let splits = [
            Split::new(backward, weight_bounds),
            Split::new(forward, weight_bounds),
            Split::new(first, weight_bounds),
            Split::new(second, weight_bounds),
            Split::new(bias, bias_bounds),
            Split::new(bias_first, bias_bounds),
            Split::new(bias_second, bias_bounds),
        ];
        compute.team.for_each(splits, |i, [backward, forward, first, second, bias, bias_first, bias_second]| {
            let Task { layer, tiles, first_bias_panel } = &tasks[i];
            let delta = places.deltas[layer + 1].expect("every layer but the input has a δ");
            let delta = places.batch(blocks, delta, rows);
            let x = places.batch(blocks, places.values[*layer], rows);
            let moments = Moments { first, second };
            let tiles = WeightTiles { range: tiles.clone(), backward, forward, moments };
            update_weights(level, rule, layers[*layer].shape, delta, x, tiles);
            let moments = Moments { first: bias_first, second: bias_second };
            update_bias(level, rule, delta, BiasPanels { first_panel: *first_bias_panel, bias, moments });
        });
    }

    /// The gradient of the loss of the rows `batch` of `samples`. The moments are lost; the parameters stay.
    pub fn gradients(
        mut self,
        compute: &mut Compute,
        samples: &Samples<'_>,
        batch: &[u32],
        mut by_parameter: Parameters,
    ) -> Gradients {
        let loss = self.loss(compute, samples, batch);
        self.update(compute, Rule::KeepGradient, batch.len());
        self.network.store_from(&self.weight_moments[0], &self.bias_moments[0], &mut by_parameter);
        Gradients { loss, by_parameter }
    }
}

/// A block's rows, from raw values to δ of every layer.
#[allow(clippy::too_many_arguments, reason = "the body of one loop, which only the team's closure calls")]
fn propagate(
    level: Level,
    network: &Network,
    places: &BlockPlaces,
    samples: &Samples<'_>,
    rows: &[u32],
    scale: f32,
    block: &mut [f32],
    errors: &mut [f32; BLOCK_ROWS],
) {
    let input = places.values[0];
    for (&index, row) in rows.iter().zip(block[input.start..].chunks_exact_mut(input.stride)) {
        samples.read(level, index as usize, row);
    }

    let last = network.layers.len();
    for (index, layer) in network.layers.iter().enumerate() {
        // The last activation is computed with the loss, in one pass.
        let activation = if index + 1 == last { Activation::Identity } else { layer.activation };
        network.forward(level, places, block, index, activation);
    }

    let output = places.values[last];
    let (head, tail) = block.split_at_mut(output.start);
    let x = places.rows(head, input);
    let z = RowsMut { data: &mut tail[..BLOCK_ROWS * output.stride], stride: output.stride };
    squared_error_gradient(level, network.layers[last - 1].activation, scale, samples.features, x, z, errors);

    for index in (1..last).rev() {
        let layer = &network.layers[index];
        let [delta, out] = [index + 1, index].map(|i| places.deltas[i].expect("hidden layers have a δ"));
        let kept = places.sums[index].unwrap_or(places.values[index]);
        let (head, tail) = block.split_at_mut(out.start);
        backward(
            level,
            layer.shape,
            &network.backward[layer.weights.clone()],
            places.rows(head, delta),
            (network.layers[index - 1].activation, places.rows(head, kept)),
            RowsMut { data: &mut tail[..BLOCK_ROWS * out.stride], stride: out.stride },
        );
    }
}

/// Cuts the weights of all layers into tasks; the bias panel of some outputs goes with their first tile.
fn share_out(network: &Network) -> (Vec<Task>, Bounds, Bounds) {
    let (mut tasks, mut weight_bounds, mut bias_bounds) = (Vec::new(), vec![0], vec![0]);
    for (layer, packed) in network.layers.iter().enumerate() {
        let input_panels = packed.shape.input_panels();
        // Whole panels of outputs where several fit a task, else even pieces of one.
        let pieces: Vec<Range<usize>> = if input_panels <= TASK_TILES {
            let step = TASK_TILES / input_panels * input_panels;
            (0..packed.shape.tiles()).step_by(step).map(|t| t..packed.shape.tiles().min(t + step)).collect()
        } else {
            let cuts = input_panels.div_ceil(TASK_TILES);
            (0..packed.shape.output_panels())
                .flat_map(|panel| {
                    (0..cuts).map(move |cut| {
                        let at = |cut: usize| panel * input_panels + cut * input_panels / cuts;
                        at(cut)..at(cut + 1)
                    })
                })
                .collect()
        };
        for tiles in pieces {
            let panels_begun = |tile: usize| tile.div_ceil(input_panels);
            weight_bounds.push(packed.weights.start + tiles.end * TILE);
            bias_bounds.push(packed.bias.start + panels_begun(tiles.end) * PANEL);
            tasks.push(Task { layer, first_bias_panel: panels_begun(tiles.start), tiles });
        }
    }
    (tasks, Bounds::new(weight_bounds), Bounds::new(bias_bounds))
}
