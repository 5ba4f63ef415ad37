//! What a step makes smaller: the loss of a batch, and with it the gradient that the backward pass starts from.
//!
//! ```text
//! squared error          L = Σ w·m·(y − t)² / Σ w·m                                δ = 2/Σ w·m · w·m ⊙ (y − t) ⊙ f′
//! binary cross-entropy   L = Σ w·m·(−t·ln y − (1 − t)·ln(1 − y)) / Σ w·m           δ = 1/Σ w·m · w·m ⊙ (y − t)
//! cross-entropy          L = Σ w·(−ln softmax(z)[label]) / Σ w                     δ = 1/Σ w · w·(softmax(z) − [label])
//! ```
//!
//! Sums are over the rows of the batch, and but for the last over their features. y = f(z): what the last layer makes of a row; t: its
//! targets in the model's scale, which are the row itself unless others are given; m: 1 for a target that is there, 0 for one that is
//! missing, which counts for nothing; w: the weight of the row, 1 unless others are given. A batch in which nothing counts has the loss
//! 0 and no gradient.

use std::sync::Arc;

use narrows_kernels::layout::{BLOCK_ROWS, Rows, RowsMut};
use narrows_kernels::{Activation, Level, OutputLoss, Target, cross_entropy_gradient, output_gradient};

use super::TrainingError;
use super::step::PANEL;
use crate::dataset::{Moments, Samples};
use crate::model::network::{BlockPlaces, Network, PackedLayer, cached_runs};
use crate::model::{Architecture, OutputActivation};

/// How a model's outputs are compared with targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReconstructionLoss {
    /// The mean of `(y − t)²` (`torch.nn.MSELoss`).
    #[default]
    SquaredError,
    /// The mean of `−t·ln y − (1 − t)·ln(1 − y)`, for outputs of a sigmoid and targets from 0 to 1 (`torch.nn.BCEWithLogitsLoss` of
    /// what the sigmoid is applied to).
    BinaryCrossEntropy,
}

/// What the last layer should give for a row, and what a row counts for.
#[derive(Clone, Copy, Debug)]
pub struct Objective<'a> {
    towards: Towards<'a>,
    weights: Option<&'a [f32]>,
}

#[derive(Clone, Copy, Debug)]
enum Towards<'a> {
    /// The rows themselves, or those of other samples.
    Rows(ReconstructionLoss, Option<&'a Samples>),
    Classes(&'a [u32]),
}

impl Default for Objective<'_> {
    /// The row itself, by the squared error.
    fn default() -> Self {
        Self::reconstruction(ReconstructionLoss::SquaredError)
    }
}

impl<'a> Objective<'a> {
    /// The row itself.
    pub fn reconstruction(loss: ReconstructionLoss) -> Self {
        Self { towards: Towards::Rows(loss, None), weights: None }
    }

    /// The row of `targets` that has the same index; in memory. A value that is missing there asks for nothing.
    pub fn targets(loss: ReconstructionLoss, targets: &'a Samples) -> Self {
        Self { towards: Towards::Rows(loss, Some(targets)), weights: None }
    }

    /// The class of each of the samples' rows, by a softmax.
    pub fn classes(labels: &'a [u32]) -> Self {
        Self { towards: Towards::Classes(labels), weights: None }
    }

    /// The same, where each of the samples' rows counts as much as its weight says: a finite number of at least 0.
    pub fn weighted(self, weights: &'a [f32]) -> Self {
        Self { weights: Some(weights), ..self }
    }

    /// Checks that it fits an autoencoder and its data.
    ///
    /// # Errors
    /// See [`Trainer::towards`](super::Trainer::towards).
    pub(super) fn check(self, architecture: &Architecture, samples: &Samples) -> Result<(), TrainingError> {
        let Towards::Rows(loss, other) = self.towards else {
            return Err(TrainingError::setting("objective", "rows to reconstruct", "classes"));
        };
        if (other.is_some() || self.weights.is_some()) && !samples.is_in_memory() {
            return Err(TrainingError::setting(
                "objective",
                "the rows themselves, for rows in a file",
                "another",
            ));
        }
        let targets = other.unwrap_or(samples);
        if !(targets.rows() == samples.rows() && (targets.is_in_memory() || other.is_none())) {
            let expected = "in memory, one for each row to train on";
            return Err(TrainingError::setting("targets", expected, format!("{} rows", targets.rows())));
        }
        let (expected, found) = (architecture.inputs, targets.features());
        if found != expected {
            return Err(TrainingError::Features { set: "target", expected, found });
        }
        if loss == ReconstructionLoss::BinaryCrossEntropy {
            if architecture.output != OutputActivation::Sigmoid {
                let expected = "the squared error, or an architecture whose output is a sigmoid";
                return Err(TrainingError::setting("loss", expected, "the binary cross-entropy"));
            }
            let outside = |moments: &Moments| !(moments.least >= 0.0 && moments.greatest <= 1.0);
            if let Some(Moments { least, greatest, .. }) = targets.moments()?.into_iter().find(outside) {
                let expected = "from 0 to 1, for the binary cross-entropy";
                return Err(TrainingError::setting(
                    "targets",
                    expected,
                    format!("from {least} to {greatest}"),
                ));
            }
        }
        let Some(weights) = self.weights else { return Ok(()) };
        if weights.len() != samples.rows() {
            return Err(TrainingError::setting("weights", "one for each row", weights.len()));
        }
        match weights.iter().find(|&&weight| !(weight >= 0.0 && weight.is_finite())) {
            Some(weight) => Err(TrainingError::setting("weight", "a finite number of at least 0", weight)),
            None if weights.iter().all(|&weight| weight == 0.0) => {
                Err(TrainingError::setting("weights", "at least one above 0", "all 0"))
            }
            None => Ok(()),
        }
    }

    /// The rows of `samples` that have something to learn from.
    pub(super) fn rows(self, samples: &Samples) -> Vec<u32> {
        let targets = self.other_targets().unwrap_or(samples);
        let counts = |row: usize| self.weights.is_none_or(|weights| weights[row] > 0.0);
        let has_targets = |row: usize| match self.towards {
            Towards::Rows(..) => targets.present(row) > 0,
            Towards::Classes(_) => true,
        };
        (0..).take(samples.rows()).filter(|&row| counts(row as usize) && has_targets(row as usize)).collect()
    }

    /// Whether a block needs room for targets, because they are not the rows as the first layer reads them.
    pub(super) fn needs_targets(self, samples: &Samples) -> bool {
        match self.towards {
            Towards::Rows(_, targets) => targets.is_some() || samples.has_missing(),
            Towards::Classes(_) => false,
        }
    }

    /// Targets that are not the rows themselves.
    pub(super) fn other_targets(self) -> Option<&'a Samples> {
        match self.towards {
            Towards::Rows(_, targets) => targets,
            Towards::Classes(_) => None,
        }
    }

    /// What the errors of a batch of `samples` are divided by: its rows, and where they lie in the storage.
    pub(super) fn count(self, samples: &Samples, batch: &[u32], located: &[u32]) -> f64 {
        let targets_of = |row: usize| match self.towards {
            Towards::Rows(_, targets) => targets.unwrap_or(samples).present(row),
            Towards::Classes(_) => 1,
        };
        let count = match (self.weights, self.towards) {
            (None, Towards::Rows(_, None)) => samples.present_stored(located) as f64,
            (None, _) => batch.iter().map(|&row| targets_of(row as usize)).sum::<usize>() as f64,
            (Some(weights), _) => {
                let of_row = |&row: &u32| f64::from(weights[row as usize]) * targets_of(row as usize) as f64;
                batch.iter().map(of_row).sum()
            }
        };
        if count > 0.0 { count } else { 1.0 }
    }

    /// What δ is multiplied with, where errors are divided by `count`: a square's derivative brings a 2.
    fn scale(self, count: f64) -> f32 {
        match self.towards {
            Towards::Rows(ReconstructionLoss::SquaredError, _) => 2.0 / count as f32,
            Towards::Rows(ReconstructionLoss::BinaryCrossEntropy, _) | Towards::Classes(_) => {
                1.0 / count as f32
            }
        }
    }
}

/// An objective that a training keeps.
#[derive(Clone, Debug)]
pub(super) struct Goal {
    loss: ReconstructionLoss,
    targets: Option<Samples>,
    labels: Option<Arc<[u32]>>,
    weights: Option<Arc<[f32]>>,
}

impl From<Objective<'_>> for Goal {
    fn from(Objective { towards, weights }: Objective<'_>) -> Self {
        let weights = weights.map(Arc::from);
        match towards {
            Towards::Rows(loss, targets) => Self { loss, targets: targets.cloned(), labels: None, weights },
            Towards::Classes(labels) => {
                let loss = ReconstructionLoss::default();
                Self { loss, targets: None, labels: Some(labels.into()), weights }
            }
        }
    }
}

impl Goal {
    /// Where rows come from a file, their labels come with each window.
    pub fn objective<'a>(&'a self, window_labels: Option<&'a [u32]>) -> Objective<'a> {
        let towards = match self.labels.as_deref() {
            Some(labels) => Towards::Classes(window_labels.unwrap_or(labels)),
            None => Towards::Rows(self.loss, self.targets.as_ref()),
        };
        Objective { towards, weights: self.weights.as_deref() }
    }

    pub fn labels(&self) -> Option<&Arc<[u32]>> {
        self.labels.as_ref()
    }
}

/// Some rows of a batch.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BatchRows<'a> {
    /// Which of the samples they are.
    pub indices: &'a [u32],
    /// Where they lie in the storage of the samples.
    pub stored: &'a [u32],
}

impl<'a> BatchRows<'a> {
    /// The `i`-th part of `rows_each` rows, the last perhaps of fewer; no rows behind that.
    pub fn part(self, i: usize, rows_each: usize) -> Self {
        let part = |rows: &'a [u32]| rows.chunks(rows_each).nth(i).unwrap_or_default();
        Self { indices: part(self.indices), stored: part(self.stored) }
    }

    /// Block by block.
    pub fn blocks(self) -> impl Iterator<Item = Self> {
        let blocks = self.indices.chunks(BLOCK_ROWS).zip(self.stored.chunks(BLOCK_ROWS));
        blocks.map(|(indices, stored)| Self { indices, stored })
    }
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
    /// What errors are divided by.
    pub count: f64,
}

impl LastLayer<'_> {
    /// Leaves the δ of some blocks behind, and the error of each of their rows.
    pub fn run(&self, rows: BatchRows<'_>, blocks: &mut [f32], errors: &mut [f32]) {
        match self.objective.towards {
            Towards::Rows(loss, _) => self.reconstruct(loss, rows, blocks, errors),
            Towards::Classes(labels) => self.classify(labels, rows, blocks, errors),
        }
        if let Some(weights) = self.objective.weights {
            for (error, &row) in errors.iter_mut().zip(rows.indices) {
                *error *= weights[row as usize];
            }
        }
    }

    fn reconstruct(
        &self,
        loss: ReconstructionLoss,
        rows: BatchRows<'_>,
        blocks: &mut [f32],
        errors: &mut [f32],
    ) {
        let Self { level, network, places, samples, .. } = *self;
        let last = network.layers.len() - 1;
        let PackedLayer { shape, activation, .. } = network.layers[last];
        let loss = match loss {
            ReconstructionLoss::SquaredError => OutputLoss::SquaredError(activation),
            ReconstructionLoss::BinaryCrossEntropy => OutputLoss::BinaryCrossEntropy,
        };
        let output = places.values[last + 1];
        let bytes = samples.bytes().filter(|_| self.from_bytes);
        errors.fill(0.0);
        for panels in cached_runs(shape.output_panels(), shape.input_panels()) {
            let layer = network.layer(last, panels.clone());
            let column = panels.start * PANEL;
            for ((rows, block), errors) in rows
                .blocks()
                .zip(blocks.chunks_exact_mut(places.len))
                .zip(errors.as_chunks_mut::<BLOCK_ROWS>().0)
            {
                let (head, tail) = block.split_at_mut(output.start);
                let from_column = |place| {
                    let Rows { data, stride } = places.rows(head, place);
                    Rows { data: &data[column..], stride }
                };
                let target = match (places.targets, bytes) {
                    (Some(targets), _) => Target::Masked(from_column(targets)),
                    (None, Some((bytes, affine))) => {
                        let (bytes, stride) = (&bytes[column..], samples.features());
                        Target::Bytes { bytes, stride, rows: rows.stored, affine }
                    }
                    (None, None) => Target::Numbers(from_column(places.values[0])),
                };
                let x = places.rows(head, places.values[last]);
                let delta =
                    RowsMut { data: &mut tail[column..BLOCK_ROWS * output.stride], stride: output.stride };
                output_gradient(level, layer, loss, &self.scales(rows), x, target, delta, errors);
            }
        }
    }

    /// The softmax is part of the loss.
    fn classify(&self, labels: &[u32], rows: BatchRows<'_>, blocks: &mut [f32], errors: &mut [f32]) {
        let Self { level, network, places, .. } = *self;
        let last = network.layers.len() - 1;
        network.forward(level, places, blocks, last, Activation::Identity);
        for ((rows, block), errors) in
            rows.blocks().zip(blocks.chunks_exact_mut(places.len)).zip(errors.as_chunks_mut::<BLOCK_ROWS>().0)
        {
            let mut own = [0; BLOCK_ROWS];
            own.iter_mut().zip(rows.indices).for_each(|(own, &row)| *own = labels[row as usize]);
            let (_, z, _) = places.layer(block, last, 0);
            let classes = network.layers[last].shape.outputs;
            let own = &own[..rows.indices.len()];
            cross_entropy_gradient(level, &self.scales(rows), classes, own, z, errors);
        }
    }

    /// What the δ of each row of a block is multiplied with.
    fn scales(&self, rows: BatchRows<'_>) -> [f32; BLOCK_ROWS] {
        let mut scales = [self.objective.scale(self.count); BLOCK_ROWS];
        if let Some(weights) = self.objective.weights {
            for (scale, &row) in scales.iter_mut().zip(rows.indices) {
                *scale *= weights[row as usize];
            }
        }
        scales
    }
}
