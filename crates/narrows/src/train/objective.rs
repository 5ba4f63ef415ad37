//! What a step makes smaller: the loss of a batch, and with it the gradient that the backward pass starts from.
//!
//! ```text
//! squared error          L = Σ (y − x)² / (rows · features)              δ = 2/(rows · features) · (y − x) ⊙ f′
//!   with missing values  L = Σ m·(y − x)² / Σ m                          δ = 2/Σ m · m ⊙ (y − x) ⊙ f′
//! cross-entropy          L = Σ −ln softmax(z)[label] / rows              δ = 1/rows · (softmax(z) − [label])
//! ```
//!
//! x: a row of the batch in the model's scale; y = f(z): what the last layer makes of it; m: 1 for a value that is there, 0
//! for one that is missing, which counts for nothing. Σ m is of the whole batch; a batch without any value has the loss 0 and
//! no gradient.

use narrows_kernels::layout::{BLOCK_ROWS, Rows, RowsMut};
use narrows_kernels::{Activation, Level, Target, cross_entropy_gradient, squared_error_output};

use super::step::PANEL;
use crate::dataset::Samples;
use crate::model::network::{BlockPlaces, Network, PackedLayer, cached_runs};

/// What the last layer should give for a row.
#[derive(Clone, Copy, Debug)]
pub enum Objective<'a> {
    /// The row itself: the mean of (y − x)² over the values of the batch that are there.
    SquaredError,
    /// The class of each of the samples' rows: the mean over rows of −ln softmax(z)\[label\], where z is what the last layer
    /// gives.
    CrossEntropy(&'a [u32]),
}

/// The last layer of a network, forward and the first step back, with an objective.
pub(super) struct LastLayer<'a> {
    pub level: Level,
    pub network: &'a Network,
    pub places: &'a BlockPlaces,
    pub samples: &'a Samples,
    pub objective: Objective<'a>,
    /// Whether the first layer reads the samples' bytes themselves, so that no block has them as numbers.
    pub from_bytes: bool,
    /// What δ is multiplied with.
    pub scale: f32,
}

impl Objective<'_> {
    /// The rows of `samples` that have something to learn from.
    pub(super) fn rows(self, samples: &Samples) -> Vec<u32> {
        let all = (0..).take(samples.rows());
        match self {
            Self::SquaredError => all.filter(|&row| samples.present(row as usize) > 0).collect(),
            Self::CrossEntropy(_) => all.collect(),
        }
    }

    /// What the errors of a batch are divided by: its rows lie at `located` in the storage of the samples.
    pub(super) fn count(self, samples: &Samples, located: &[u32]) -> usize {
        match self {
            Self::SquaredError => samples.present_stored(located).max(1),
            Self::CrossEntropy(_) => located.len(),
        }
    }

    /// What δ is multiplied with, where errors are divided by `count`: a square's derivative brings a 2.
    pub(super) fn scale(self, count: usize) -> f32 {
        match self {
            Self::SquaredError => 2.0 / count as f32,
            Self::CrossEntropy(_) => 1.0 / count as f32,
        }
    }
}

impl LastLayer<'_> {
    /// For some blocks: where their rows lie in the storage, and which of the samples they are. Leaves δ behind, and the
    /// error of each row.
    pub fn run(&self, (rows, indices): (&[u32], &[u32]), blocks: &mut [f32], errors: &mut [f32]) {
        match self.objective {
            Objective::SquaredError => self.reconstruct(rows, blocks, errors),
            Objective::CrossEntropy(labels) => self.classify(labels, indices, blocks, errors),
        }
    }

    fn reconstruct(&self, rows: &[u32], blocks: &mut [f32], errors: &mut [f32]) {
        let Self { level, network, places, samples, scale, .. } = *self;
        let last = network.layers.len() - 1;
        let PackedLayer { shape, activation, .. } = network.layers[last];
        let output = places.values[last + 1];
        let bytes = samples.bytes().filter(|_| self.from_bytes);
        errors.fill(0.0);
        for panels in cached_runs(shape.output_panels(), shape.input_panels()) {
            let layer = network.layer(last, panels.clone());
            let column = panels.start * PANEL;
            for ((rows, block), errors) in rows
                .chunks(BLOCK_ROWS)
                .zip(blocks.chunks_exact_mut(places.len))
                .zip(errors.as_chunks_mut::<BLOCK_ROWS>().0)
            {
                let (head, tail) = block.split_at_mut(output.start);
                let from_column = |place| {
                    let Rows { data, stride } = places.rows(head, place);
                    Rows { data: &data[column..], stride }
                };
                let target = match (bytes, places.targets) {
                    (Some((bytes, affine)), _) => {
                        Target::Bytes { bytes: &bytes[column..], stride: samples.features(), rows, affine }
                    }
                    (None, Some(targets)) => Target::Masked(from_column(targets)),
                    (None, None) => Target::Numbers(from_column(places.values[0])),
                };
                let x = places.rows(head, places.values[last]);
                let delta =
                    RowsMut { data: &mut tail[column..BLOCK_ROWS * output.stride], stride: output.stride };
                squared_error_output(level, layer, activation, scale, x, target, delta, errors);
            }
        }
    }

    /// The softmax is part of the loss.
    fn classify(&self, labels: &[u32], rows: &[u32], blocks: &mut [f32], errors: &mut [f32]) {
        let Self { level, network, places, scale, .. } = *self;
        let last = network.layers.len() - 1;
        network.forward(level, places, blocks, last, Activation::Identity);
        for ((rows, block), errors) in rows
            .chunks(BLOCK_ROWS)
            .zip(blocks.chunks_exact_mut(places.len))
            .zip(errors.as_chunks_mut::<BLOCK_ROWS>().0)
        {
            let mut own = [0; BLOCK_ROWS];
            own.iter_mut().zip(rows).for_each(|(own, &row)| *own = labels[row as usize]);
            let (_, z, _) = places.layer(block, last, 0);
            let classes = network.layers[last].shape.outputs;
            cross_entropy_gradient(level, scale, classes, &own[..rows.len()], z, errors);
        }
    }
}
