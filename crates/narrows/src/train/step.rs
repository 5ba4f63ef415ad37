//! One step: forward, loss, backward, update.
//!
//! Two phases, each shared out to the team. In the first every block of 16 rows goes forward and backward, from its
//! raw values to the δ of every layer: rows do not meet. In the second every run of weight tiles sums its gradient
//! over all rows, in their order, and applies the optimiser. So every number has one owner and one order of
//! summation, and the number of threads has no influence on the result.

use narrows_kernels::layout::BLOCK_ROWS;
use narrows_kernels::sparse::{SparseBytes, SparseLayout, SparseSegment, sparse_column_sums, sparse_update};
use narrows_kernels::team::{Bounds, Split};
use narrows_kernels::{Aligned, BiasPanels, Level, Moments, Rule, WeightTiles, update_bias, update_weights};

use super::muon::{Muon, MuonStep};
use super::objective::{LastLayer, Objective};
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
    tasks: Tasks,
    /// From the first step of Muon on.
    muon: Option<Box<Muon>>,
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

/// The gradient of one batch's loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// The loss of the batch.
    pub loss: f64,
    /// By each parameter, under its name.
    pub by_parameter: Parameters,
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
        Self::of_layers(&architecture.layers(), parameters, batch_size, samples)
    }

    /// As [`Step::for_samples`], for any layers, each of which reads what the one before it gives.
    ///
    /// # Panics
    /// As [`Step::new`]; or if the samples' rows are not as long as the first layer reads.
    pub fn of_layers(
        layers: &[LayerSpec],
        parameters: &Parameters,
        batch_size: usize,
        samples: &Samples,
    ) -> Self {
        let layout = SparseLayout { shape: layers[0].shape };
        assert_eq!(samples.features(), layout.shape.inputs, "features of a row, inputs of the model");
        match samples.sparse().filter(|_| layout.shape.output_panels() >= MIN_SPARSE_PANELS) {
            Some((bytes, _)) => {
                let network = Network::of_layers(layers, parameters, WeightOrder::ByInput(layout));
                let mut step = Self::of_network(network, batch_size, bytes.segments(), false);
                step.sum_columns(Level::scalar(), bytes, layout);
                step
            }
            None => {
                let network = Network::of_layers(layers, parameters, WeightOrder::Tiles);
                Self::of_network(network, batch_size, 0, samples.has_missing())
            }
        }
    }

    /// `segments` of a sparse first layer; `missing`: whether values may be.
    fn of_network(network: Network, batch_size: usize, segments: usize, missing: bool) -> Self {
        let places = BlockPlaces::for_training(&network, missing);
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
        let tasks = Tasks::share_out(&network, segments);
        Self {
            weight_moments: [(); 2].map(|()| Aligned::zeros(network.backward.len())),
            bias_moments: [(); 2].map(|()| Aligned::zeros(network.bias.len())),
            blocks: Aligned::zeros(blocks * places.len),
            errors: vec![0.0; blocks * BLOCK_ROWS],
            groups,
            column_sums: Aligned::zeros(segments * network.layers[0].shape.bias_len()),
            located: Vec::with_capacity(blocks * BLOCK_ROWS),
            announced: Vec::with_capacity(blocks * BLOCK_ROWS),
            announced_located: Vec::with_capacity(blocks * BLOCK_ROWS),
            network,
            places,
            tasks,
            muon: None,
        }
    }

    /// The column sums of weights that no update has just left them of.
    fn sum_columns(&mut self, level: Level, bytes: &SparseBytes, layout: SparseLayout) {
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
        self.take_towards(compute, samples, Objective::SquaredError, batch, rules)
    }

    /// As [`Step::take`], with another objective.
    ///
    /// # Panics
    /// As [`Step::take`]; or if a row has no label, or one that is not below the last layer's outputs.
    pub fn take_towards(
        &mut self,
        compute: &mut Compute,
        samples: &Samples,
        objective: Objective<'_>,
        batch: &[u32],
        rules: impl Into<Rules>,
    ) -> f64 {
        let rules = rules.into();
        let loss = self.loss(compute, samples, objective, batch);
        self.update(compute, rules, samples, batch);
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
        if let WeightOrder::ByInput(layout) = network.layers[0].order {
            let (bytes, _) = samples.sparse().expect(SPARSE_SAMPLES);
            self.sum_columns(compute.level, bytes, layout);
        }
    }

    /// The loss of the rows `batch` of `samples`, before any change; leaves the δ of every layer behind.
    fn loss(
        &mut self,
        compute: &mut Compute,
        samples: &Samples,
        objective: Objective<'_>,
        batch: &[u32],
    ) -> f64 {
        assert!(!batch.is_empty(), "a step needs rows");
        let inputs = self.network.layers[0].shape.inputs;
        assert_eq!(samples.features(), inputs, "features of a row, inputs of the model");
        let masked = self.places.targets.is_some();
        assert!(masked || !samples.has_missing(), "a step for samples with missing values is made for them");
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
        let count = objective.count(samples, located);
        let scale = objective.scale(count);
        let last = LastLayer { level, network, places, samples, objective, from_bytes, scale };
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
        compute.team.for_each(splits, |i, [blocks, errors]| {
            let mut parts = located.chunks(rows_each).skip(i);
            let (rows, next) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            propagation.prefetch(announced.chunks(rows_each).nth(i).unwrap_or_default());
            propagation.prefetch(next);
            let indices = batch.chunks(rows_each).nth(i).unwrap_or_default();
            propagation.run((rows, indices), blocks, errors);
        });
        let sum: f64 = errors[..batch.len()].iter().map(|&error| f64::from(error)).sum();
        sum / count as f64
    }

    /// Applies the rules with the gradients of `batch`, whose [`Step::loss`] was computed last.
    fn update(&mut self, compute: &mut Compute, rules: Rules, samples: &Samples, batch: &[u32]) {
        let Self { network, places, blocks, tasks, column_sums, located, .. } = self;
        let located = &located[..];
        let Network { layers, backward, forward, bias } = network;
        let (layers, places, blocks) = (&*layers, &*places, &*blocks);
        let Tasks { pieces, weight_bounds, bias_bounds, column_sum_bounds } = tasks;
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
        ];
        compute.team.for_each(splits, |i, parts| {
            let [backward, forward, first, second, bias, bias_first, bias_second, column_sums] = parts;
            let Task { layer, weights, first_bias_panel } = &pieces[i];
            let delta = places.deltas[layer + 1].expect("every layer but the input has a δ");
            let delta = places.batch(blocks, delta, batch.len());
            let moments = Moments { first, second };
            match *weights {
                Piece::Tiles(ref range) => {
                    let x = places.batch(blocks, places.values[*layer], batch.len());
                    let tiles = WeightTiles { range: range.clone(), backward, forward, moments };
                    update_weights(level, rules.weights, layers[*layer].shape, delta, x, tiles);
                }
                Piece::Segment { layout, group, segment } => {
                    let (bytes, affine) = samples.sparse().expect(SPARSE_SAMPLES);
                    let segment = SparseSegment { group, segment, weights: backward, moments, column_sums };
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

    /// The gradient of the loss of the rows `batch` of `samples`. The moments are lost; the parameters stay.
    pub fn gradients(
        self,
        compute: &mut Compute,
        samples: &Samples,
        batch: &[u32],
        by_parameter: Parameters,
    ) -> Gradients {
        self.gradients_towards(compute, samples, Objective::SquaredError, batch, by_parameter)
    }

    /// As [`Step::gradients`], with another objective.
    pub fn gradients_towards(
        mut self,
        compute: &mut Compute,
        samples: &Samples,
        objective: Objective<'_>,
        batch: &[u32],
        mut by_parameter: Parameters,
    ) -> Gradients {
        let loss = self.loss(compute, samples, objective, batch);
        self.update(compute, Rule::KeepGradient.into(), samples, batch);
        self.network.store_from(&self.weight_moments[0], &self.bias_moments[0], &mut by_parameter);
        Gradients { loss, by_parameter }
    }
}
