//! One step: forward, loss, backward, update.
//!
//! Two phases, each shared out to the team. In the first every block of 16 rows goes forward and backward, from its
//! raw values to the δ of every layer: rows do not meet. In the second every run of weight tiles sums its gradient
//! over all rows, in the one shape that [`narrows_kernels::chunks`] gives every sum, and applies the optimiser. So every number has one
//! owner and one order of summation, and the number of threads has no influence on the result.

mod gradient;

use narrows_kernels::chunks::{CHUNK_ROWS, TreeSum};
use narrows_kernels::layout::BLOCK_ROWS;
use narrows_kernels::sparse::{SparseLayout, SparseSegment, sparse_column_sums, sparse_update};
use narrows_kernels::team::{Bounds, Split};
use narrows_kernels::{Aligned, BiasPanels, Level, Moments, WeightTiles, update_bias, update_weights};

pub use self::gradient::Gradients;
use self::gradient::PackedGradient;
use super::muon::{Muon, MuonStep};
use super::objective::{BatchRows, LastLayer, Objective};
use super::optimiser::Rules;
use super::propagation::{Propagation, SparseFirst};
use super::tasks::{Piece, Task, Tasks};
use crate::compute::Compute;
use crate::dataset::Samples;
use crate::model::network::{BlockPlaces, Network, WeightOrder};
use crate::model::{Architecture, LayerSpec, Parameters};

/// Numbers from which on the weights of a model no longer stay in a cache of the second level, one block of rows after the
/// other: 1 MB.
const CACHED_WEIGHTS: usize = 1 << 18;

/// Blocks that then go through a layer together: 64 rows, for which a run of weights is fetched once. A power of two.
const MAX_BLOCKS: usize = 4;

/// Numbers in a panel of the bias.
pub(super) const PANEL: usize = 16;

/// Panels of outputs from which on a sparse first layer is worth while: with a single one, picking the numbers costs
/// more than multiplying them all.
const MIN_SPARSE_PANELS: usize = 2;

const SPARSE_SAMPLES: &str = "a step for sparse samples is given those samples";

/// A model in training: parameters, moments and the memory of one batch. Nothing is allocated in a step.
#[derive(Debug)]
pub struct Step {
    network: Network,
    weight_moments: [Aligned; 2],
    bias_moments: [Aligned; 2],
    places: BlockPlaces,
    blocks: Aligned,
    errors: Vec<f32>,
    groups: Vec<Groups>,
    column_sums: Aligned,
    branches: Aligned,
    tasks: Tasks,
    /// From the first step of Muon on.
    muon: Option<Box<Muon>>,
    /// From the first gradient on that is asked for or given.
    gradient: Option<Box<PackedGradient>>,
    /// Where the rows of the batch lie in the storage of the samples.
    located: Vec<u32>,
    /// See [`Step::announce`]; at most a batch.
    announced: Vec<u32>,
    /// Where the announced rows lie.
    announced_located: Vec<u32>,
}

/// The first phase cut into groups of blocks.
#[derive(Debug)]
struct Groups {
    /// In each group, but perhaps the last.
    blocks: usize,
    block_bounds: Bounds,
    error_bounds: Bounds,
}

impl Step {
    /// A model that begins with `parameters`, for batches of at most `batch_size` rows of any samples in which no value is
    /// missing.
    ///
    /// # Panics
    /// If the parameters are of another architecture, or the architecture has no layers.
    pub fn new(architecture: &Architecture, parameters: &Parameters, batch_size: usize) -> Self {
        let network = Network::of_layers(&architecture.layers(), parameters, WeightOrder::Tiles);
        Self::of_network(network, batch_size, 0, false)
    }

    /// A model for batches of these samples alone: where they are bytes and most of them 0, only the others are
    /// multiplied.
    ///
    /// # Panics
    /// As [`Step::new`]; or if the samples' rows are not as long as the model reads.
    pub fn for_samples(
        architecture: &Architecture,
        parameters: &Parameters,
        batch_size: usize,
        samples: &Samples,
    ) -> Self {
        Self::of_layers(&architecture.layers(), parameters, batch_size, (samples, Objective::default()))
    }

    /// As [`Step::for_samples`], for any layers, each of which reads what the one before it gives, and with an objective like this.
    ///
    /// # Panics
    /// As [`Step::new`]; or if the samples' rows are not as long as the first layer reads.
    pub fn of_layers(
        layers: &[LayerSpec],
        parameters: &Parameters,
        batch_size: usize,
        (samples, objective): (&Samples, Objective<'_>),
    ) -> Self {
        let layout = SparseLayout { shape: layers[0].shape };
        assert_eq!(samples.features(), layout.shape.inputs, "features of a row, inputs of the model");
        let targets = objective.needs_targets(samples);
        match samples.sparse().filter(|_| layout.shape.output_panels() >= MIN_SPARSE_PANELS) {
            Some((bytes, _)) => {
                let network = Network::of_layers(layers, parameters, WeightOrder::ByInput(layout));
                let mut step = Self::of_network(network, batch_size, bytes.segments(), targets);
                step.sum_columns(Level::scalar(), samples);
                step
            }
            None => {
                let network = Network::of_layers(layers, parameters, WeightOrder::Tiles);
                Self::of_network(network, batch_size, 0, targets)
            }
        }
    }

    /// `segments` of a sparse first layer; `targets`: whether they are not the rows as they are read.
    fn of_network(network: Network, batch_size: usize, segments: usize, targets: bool) -> Self {
        let places = BlockPlaces::for_training(&network, targets);
        let most = if network.backward.len() > CACHED_WEIGHTS { MAX_BLOCKS } else { 1 };
        let groups: Vec<Groups> = (0..=most.ilog2())
            .map(|power| {
                let group = 1 << power;
                let parts = batch_size.div_ceil(group * BLOCK_ROWS);
                Groups {
                    blocks: group,
                    block_bounds: Bounds::even(parts, group * places.len),
                    error_bounds: Bounds::even(parts, group * BLOCK_ROWS),
                }
            })
            .collect();
        let blocks = batch_size.div_ceil(most * BLOCK_ROWS) * most;
        let tasks = Tasks::share_out(&network, segments, batch_size);
        Self {
            weight_moments: [(); 2].map(|()| Aligned::zeros(network.backward.len())),
            bias_moments: [(); 2].map(|()| Aligned::zeros(network.bias.len())),
            blocks: Aligned::zeros(blocks * places.len),
            errors: vec![0.0; blocks * BLOCK_ROWS],
            groups,
            column_sums: Aligned::zeros(segments * network.layers[0].shape.bias_len()),
            branches: Aligned::zeros(tasks.branch_bounds.end()),
            located: Vec::with_capacity(blocks * BLOCK_ROWS),
            announced: Vec::with_capacity(blocks * BLOCK_ROWS),
            announced_located: Vec::with_capacity(blocks * BLOCK_ROWS),
            network,
            places,
            tasks,
            muon: None,
            gradient: None,
        }
    }

    /// The column sums of weights that no update has just left them of, where the first layer reads sparse bytes.
    fn sum_columns(&mut self, level: Level, samples: &Samples) {
        let WeightOrder::ByInput(layout) = self.network.layers[0].order else { return };
        let (bytes, _) = samples.sparse().expect(SPARSE_SAMPLES);
        let segments = bytes.segments();
        for group in 0..layout.groups() {
            for segment in 0..segments {
                let weights = layout.weights_start(group, bytes.segment_start(segment))
                    ..layout.weights_start(group, bytes.segment_start(segment + 1));
                let sums = layout.column_sums_start(group, segment, segments)
                    ..layout.column_sums_start(group, segment + 1, segments);
                sparse_column_sums(level, &self.network.backward[weights], &mut self.column_sums[sums]);
            }
        }
    }

    /// The parameters as they are now.
    pub fn parameters(&self, out: &mut Parameters) {
        self.network.store(out);
    }

    /// The moments of the optimiser as they are now, the first and the second, each number under its parameter's name.
    pub fn moments(&self, out: [&mut Parameters; 2]) {
        for ((weights, bias), out) in self.weight_moments.iter().zip(&self.bias_moments).zip(out) {
            self.network.store_from(weights, bias, out);
        }
    }

    /// Takes over moments that [`Step::moments`] gave.
    ///
    /// # Panics
    /// If they are of other layers.
    pub fn set_moments(&mut self, moments: [&Parameters; 2]) {
        for ((weights, bias), from) in self.weight_moments.iter_mut().zip(&mut self.bias_moments).zip(moments)
        {
            self.network.load_into(from, weights, bias);
        }
    }

    /// Names the rows of the batch after the next, which [`Step::take`] will bring into the cache while it works on the
    /// next. Without effect on the result.
    pub fn announce(&mut self, rows: &[u32]) {
        self.announced.clear();
        self.announced.extend(rows.iter().take(self.announced.capacity()));
    }

    /// Takes one step: `rules`, applied with the gradient of the loss of the rows `batch` of `samples`. Returns that
    /// loss, from before the step: the mean of (y − x)² over the values that are there. If it is not a finite number, the
    /// parameters are lost.
    ///
    /// # Panics
    /// If the batch is empty, larger than this memory was made for, or names a row that is not there, or if rows are
    /// not as long as the model reads, or lack values where the step was not made for such samples.
    pub fn take(
        &mut self,
        compute: &mut Compute,
        samples: &Samples,
        batch: &[u32],
        rules: impl Into<Rules>,
    ) -> f64 {
        self.take_towards(compute, samples, Objective::default(), batch, rules)
    }

    /// As [`Step::take`], with another objective.
    ///
    /// # Panics
    /// As [`Step::take`]; or if a row has no label, or one that is not below the last layer's outputs, no weight or no targets, or if
    /// the step was not made for targets that are not the rows.
    pub fn take_towards(
        &mut self,
        compute: &mut Compute,
        samples: &Samples,
        objective: Objective<'_>,
        batch: &[u32],
        rules: impl Into<Rules>,
    ) -> f64 {
        let rules = rules.into();
        let count = self.count(samples, objective, batch);
        let loss = self.propagate(compute, samples, objective, batch, count);
        self.update(compute, rules, samples);
        if let Some(step) = rules.muon {
            self.take_muon(compute, step, samples);
        }
        loss
    }

    /// The second half of a step of Muon, along the momentum that the update has left as second moments.
    fn take_muon(&mut self, compute: &mut Compute, step: MuonStep, samples: &Samples) {
        let Self { muon, network, weight_moments: [_, momentum], .. } = self;
        let muon = muon.get_or_insert_with(|| Box::new(Muon::new(network)));
        muon.take(compute, step, network, momentum);
        self.sum_columns(compute.level, samples);
    }

    /// What the errors of the rows `batch` of `samples` are divided by.
    fn count(&mut self, samples: &Samples, objective: Objective<'_>, batch: &[u32]) -> f64 {
        samples.locate(batch, &mut self.located);
        objective.count(samples, batch, &self.located)
    }

    /// The first phase: the errors of the rows `batch` of `samples` divided by `count`, added chunk by chunk, before any change; leaves
    /// the δ of every layer behind.
    fn propagate(
        &mut self,
        compute: &mut Compute,
        samples: &Samples,
        objective: Objective<'_>,
        batch: &[u32],
        count: f64,
    ) -> f64 {
        assert!(!batch.is_empty(), "a step needs rows");
        let inputs = self.network.layers[0].shape.inputs;
        assert_eq!(samples.features(), inputs, "features of a row, inputs of the model");
        assert!(
            self.places.targets.is_some() || !objective.needs_targets(samples),
            "a step for missing values, or for targets that are not the rows, is made for them"
        );
        samples.locate(batch, &mut self.located);
        samples.locate(&self.announced, &mut self.announced_located);
        let Self { network, places, blocks, groups, errors, column_sums, .. } = self;
        let (located, announced) = (&self.located[..], &self.announced_located);
        let first = match network.layers[0].order {
            WeightOrder::Tiles => None,
            WeightOrder::ByInput(layout) => {
                let (bytes, affine) = samples.sparse().expect(SPARSE_SAMPLES);
                Some(SparseFirst { layout, bytes, affine, column_sums })
            }
        };
        let (level, from_bytes) = (compute.level, first.is_some());
        let last = LastLayer { level, network, places, samples, objective, from_bytes, count };
        let propagation = Propagation { level, network, places, samples, first, last };
        let blocks_used = batch.len().div_ceil(BLOCK_ROWS);
        let Groups { blocks: group, block_bounds, error_bounds } = groups
            .iter()
            .rev()
            .find(|g| blocks_used >= g.blocks * compute.team.threads())
            .unwrap_or(&groups[0]);
        let parts = blocks_used.div_ceil(*group);
        let splits = [Split::first(blocks, block_bounds, parts), Split::first(errors, error_bounds, parts)];
        let rows_each = group * BLOCK_ROWS;
        let rows = BatchRows { indices: batch, stored: located };
        compute.team.for_each(splits, |i, [blocks, errors]| {
            propagation.prefetch(announced.chunks(rows_each).nth(i).unwrap_or_default());
            propagation.prefetch(rows.part(i + 1, rows_each).stored);
            propagation.run(rows.part(i, rows_each), blocks, errors);
        });
        let mut sum = TreeSum::new();
        for chunk in errors[..batch.len()].chunks(CHUNK_ROWS) {
            sum.push(chunk.iter().map(|&error| f64::from(error)).sum::<f64>() / count);
        }
        sum.total().unwrap_or_default()
    }

    /// The second phase: applies the rules with the gradients of the rows that were propagated last.
    fn update(&mut self, compute: &mut Compute, rules: Rules, samples: &Samples) {
        let Self { network, places, blocks, tasks, column_sums, branches, located, .. } = self;
        let located = &located[..];
        let Network { layers, backward, forward, bias, .. } = network;
        let (layers, places, blocks) = (&*layers, &*places, &*blocks);
        let Tasks { pieces, weight_bounds, bias_bounds, column_sum_bounds, branch_bounds } = tasks;
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
            Split::new(column_sums, column_sum_bounds),
            Split::new(branches, branch_bounds),
        ];
        compute.team.for_each(splits, |i, parts| {
            let [backward, forward, first, second, bias, bias_first, bias_second, column_sums, branches] =
                parts;
            let Task { layer, weights, first_bias_panel } = &pieces[i];
            let delta = places.deltas[layer + 1].expect("every layer but the input has a δ");
            let delta = places.batch(blocks, delta, located.len());
            let moments = Moments { first, second };
            match *weights {
                Piece::Tiles(ref range) => {
                    let x = places.batch(blocks, places.values[*layer], located.len());
                    let tiles = WeightTiles { range: range.clone(), backward, forward, moments };
                    update_weights(level, rules.weights, layers[*layer].shape, delta, x, tiles);
                }
                Piece::Segment { layout, group, segment } => {
                    let (bytes, affine) = samples.sparse().expect(SPARSE_SAMPLES);
                    let weights = backward;
                    let segment = SparseSegment { group, segment, weights, moments, column_sums, branches };
                    sparse_update(level, rules.weights, layout, affine, (bytes, located), delta, segment);
                }
            }
            let moments = Moments { first: bias_first, second: bias_second };
            update_bias(
                level,
                rules.biases,
                delta,
                BiasPanels { first_panel: *first_bias_panel, bias, moments },
            );
        });
    }
}
