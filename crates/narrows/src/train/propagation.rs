//! The first phase of a step: some blocks of rows, from raw values to the δ of every layer.

use narrows_kernels::gather::Affine;
use narrows_kernels::layout::{BLOCK_ROWS, RowsMut};
use narrows_kernels::sparse::{SparseBytes, SparseLayer, SparseLayout, sparse_forward};
use narrows_kernels::{Level, backward};

use super::objective::{BatchRows, LastLayer};
use super::step::PANEL;
use crate::dataset::Samples;
use crate::model::network::{BlockPlaces, Network, PackedLayer, cached_runs};

/// What the first phase knows of the model and the data.
pub(super) struct Propagation<'a> {
    pub level: Level,
    pub network: &'a Network,
    pub places: &'a BlockPlaces,
    pub samples: &'a Samples,
    pub first: Option<SparseFirst<'a>>,
    pub last: LastLayer<'a>,
}

/// A first layer on sparse bytes.
#[derive(Clone, Copy)]
pub(super) struct SparseFirst<'a> {
    pub layout: SparseLayout,
    pub bytes: &'a SparseBytes,
    pub affine: Affine,
    pub column_sums: &'a [f32],
}

impl Propagation<'_> {
    pub fn prefetch(&self, rows: &[u32]) {
        self.samples.prefetch_stored(rows);
        if let Some(SparseFirst { bytes, .. }) = self.first {
            bytes.prefetch(rows);
        }
    }

    /// The rows of some blocks, from raw values to δ of every layer.
    pub fn run(&self, rows: BatchRows<'_>, blocks: &mut [f32], errors: &mut [f32]) {
        let Self { level, network, places, .. } = *self;
        let blocks = &mut blocks[..rows.stored.len().div_ceil(BLOCK_ROWS) * places.len];
        for (rows, block) in rows.blocks().zip(blocks.chunks_exact_mut(places.len)) {
            self.gather(rows, block);
        }
        let last = network.layers.len() - 1;
        for (index, layer) in network.layers[..last].iter().enumerate() {
            match self.first.filter(|_| index == 0) {
                None => network.forward(level, places, blocks, index, layer.activation),
                Some(first) => self.sparse_forward(first, rows.stored, blocks),
            }
        }
        self.last.run(rows, blocks, errors);
        for index in (1..=last).rev() {
            let PackedLayer { shape, ref weights, .. } = network.layers[index];
            let weights = &network.backward[weights.clone()];
            let activation = network.layers[index - 1].activation;
            let [delta, out] = [index + 1, index].map(|i| places.deltas[i].expect("hidden layers have a δ"));
            let kept = places.sums[index].unwrap_or(places.values[index]);
            for panels in cached_runs(shape.input_panels(), shape.output_panels()) {
                for block in blocks.chunks_exact_mut(places.len) {
                    let (head, tail) = block.split_at_mut(out.start);
                    let (delta, kept) = (places.rows(head, delta), places.rows(head, kept));
                    let out = RowsMut { data: &mut tail[..BLOCK_ROWS * out.stride], stride: out.stride };
                    backward(level, shape, weights, delta, (activation, kept), out, panels.clone());
                }
            }
        }
    }

    /// The rows of a block as the first layer reads them, and as the last is to give them, where that is not the same.
    fn gather(&self, rows: BatchRows<'_>, block: &mut [f32]) {
        let Self { level, places, samples, .. } = *self;
        if self.first.is_none() {
            let input = places.values[0];
            for (&row, out) in rows.stored.iter().zip(block[input.start..].chunks_exact_mut(input.stride)) {
                samples.read_stored(level, row as usize, out);
            }
        }
        let Some(place) = places.targets else { return };
        let targets = self.last.objective.other_targets().unwrap_or(samples);
        for (&row, out) in rows.indices.iter().zip(block[place.start..].chunks_exact_mut(place.stride)) {
            targets.read_with_nan(level, row as usize, out);
        }
    }

    /// The first layer, one group of outputs after the other.
    fn sparse_forward(&self, first: SparseFirst<'_>, rows: &[u32], blocks: &mut [f32]) {
        let Self { level, network, places, .. } = *self;
        let SparseFirst { layout, bytes, affine, column_sums } = first;
        let PackedLayer { activation, ref weights, ref bias, .. } = network.layers[0];
        let (weights, bias) = (&network.backward[weights.clone()], &network.bias[bias.clone()]);
        for group in 0..layout.groups() {
            let sums = |group| layout.column_sums_start(group, 0, bytes.segments());
            let panels = layout.first_panel(group)..layout.first_panel(group) + layout.group_panels(group);
            let layer = SparseLayer {
                layout: layout.group(group),
                weights: &weights[layout.weights_start(group, 0)..layout.weights_end(group)],
                bias: &bias[panels.start * PANEL..panels.end * PANEL],
                column_sums: &column_sums[sums(group)..][..panels.len() * PANEL * bytes.segments()],
            };
            for (rows, block) in rows.chunks(BLOCK_ROWS).zip(blocks.chunks_exact_mut(places.len)) {
                let (_, y, sums) = places.layer(block, 0, panels.start);
                sparse_forward(level, layer, affine, activation, (bytes, rows), y, sums);
            }
        }
    }
}
