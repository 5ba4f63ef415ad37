//! The second phase of a step, cut into pieces of work: each a run of weights, with the bias that is updated beside them.

use std::ops::Range;

use narrows_kernels::chunks::levels;
use narrows_kernels::layout::{LayerShape, TILE};
use narrows_kernels::sparse::{SparseBytes, SparseLayout};
use narrows_kernels::team::Bounds;

use super::step::PANEL;
use crate::model::network::{Network, WeightOrder};

/// Tiles of weights in one piece of work: 16 kB, a few microseconds, so that a team's threads end about together.
const TASK_TILES: usize = 16;

/// The second phase cut into pieces, and where each piece's parameters end.
#[derive(Debug)]
pub(super) struct Tasks {
    pub pieces: Vec<Task>,
    pub weight_bounds: Bounds,
    pub bias_bounds: Bounds,
    pub column_sum_bounds: Bounds,
    /// Of the gradients of chunks of rows that wait to be added, of a first layer on sparse bytes.
    pub branch_bounds: Bounds,
}

/// A piece of a layer's weights, and the panels of its bias that are updated with them.
#[derive(Debug)]
pub(super) struct Task {
    pub layer: usize,
    pub weights: Piece,
    pub first_bias_panel: usize,
}

/// Which of a layer's weights.
#[derive(Debug)]
pub(super) enum Piece {
    /// Successive tiles.
    Tiles(Range<usize>),
    /// A segment of inputs for a group of outputs, of a first layer on sparse bytes.
    Segment { layout: SparseLayout, group: usize, segment: usize },
}

impl Tasks {
    /// Cuts the weights of all layers into pieces, for batches of at most `batch_size` rows; the bias panel of some outputs goes with
    /// their first weights.
    pub fn share_out(network: &Network, segments: usize, batch_size: usize) -> Self {
        let (mut weight_bounds, mut bias_bounds, mut column_sum_bounds) = (vec![0], vec![0], vec![0]);
        let mut branch_bounds = vec![0];
        let mut pieces = Vec::new();
        for (index, layer) in network.layers.iter().enumerate() {
            match layer.order {
                WeightOrder::Tiles => {
                    for tiles in tile_runs(layer.shape) {
                        let panels_begun = |tile: usize| tile.div_ceil(layer.shape.input_panels());
                        weight_bounds.push(layer.weights.start + tiles.end * TILE);
                        bias_bounds.push(layer.bias.start + panels_begun(tiles.end) * PANEL);
                        column_sum_bounds.push(column_sum_bounds[column_sum_bounds.len() - 1]);
                        branch_bounds.push(branch_bounds[branch_bounds.len() - 1]);
                        let first_bias_panel = panels_begun(tiles.start);
                        pieces.push(Task { layer: index, weights: Piece::Tiles(tiles), first_bias_panel });
                    }
                }
                WeightOrder::ByInput(layout) => {
                    let mut panels_begun = 0;
                    for group in 0..layout.groups() {
                        for segment in 0..segments {
                            let end =
                                SparseBytes::segment_start_of(layer.shape.inputs, segments, segment + 1);
                            let first_bias_panel = panels_begun;
                            if segment == 0 {
                                panels_begun += layout.group_panels(group);
                            }
                            let weights = layer.weights.start + layout.weights_start(group, end);
                            let waiting =
                                levels(batch_size) * (weights - weight_bounds[weight_bounds.len() - 1]);
                            branch_bounds.push(branch_bounds[branch_bounds.len() - 1] + waiting);
                            weight_bounds.push(weights);
                            bias_bounds.push(layer.bias.start + panels_begun * PANEL);
                            column_sum_bounds.push(layout.column_sums_start(group, segment + 1, segments));
                            let weights = Piece::Segment { layout, group, segment };
                            pieces.push(Task { layer: index, weights, first_bias_panel });
                        }
                    }
                }
            }
        }
        Self {
            pieces,
            weight_bounds: Bounds::new(weight_bounds),
            bias_bounds: Bounds::new(bias_bounds),
            column_sum_bounds: Bounds::new(column_sum_bounds),
            branch_bounds: Bounds::new(branch_bounds),
        }
    }
}

/// Runs of a layer's tiles: whole panels of outputs where several fit a task, else even pieces of one.
fn tile_runs(shape: LayerShape) -> Vec<Range<usize>> {
    let (inputs, tiles) = (shape.input_panels(), shape.tiles());
    if inputs <= TASK_TILES {
        let step = TASK_TILES / inputs * inputs;
        return (0..tiles).step_by(step).map(|start| start..tiles.min(start + step)).collect();
    }
    let cuts = inputs.div_ceil(TASK_TILES);
    let at = |panel: usize, cut: usize| panel * inputs + cut * inputs / cuts;
    (0..shape.output_panels())
        .flat_map(|panel| (0..cuts).map(move |cut| at(panel, cut)..at(panel, cut + 1)))
        .collect()
}
