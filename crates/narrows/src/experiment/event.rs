//! What a run says while it goes.

use super::{Estimated, ModelSummary, ModelWithoutEpoch};
use crate::train::Event;

/// Something that happened in a run. Models are named by their place in the experiment; several go on at once.
#[derive(Debug)]
pub enum RunEvent<'a> {
    /// The data is there, training begins.
    Started {
        /// How the models are shared out, in a sentence.
        schedule: &'a str,
        /// What was found out about the data, a sentence each.
        data: &'a [String],
    },
    /// The first epochs are done, and tell about how long the run will take.
    Estimated(Estimated),
    /// A model was begun by an earlier run, and goes on.
    Resumed {
        /// Which model.
        model: usize,
        /// After how many epochs.
        epoch: usize,
    },
    /// A model was finished by an earlier run, and is kept.
    Kept {
        /// Which model.
        model: usize,
    },
    /// A model's training says something.
    Training {
        /// Which model.
        model: usize,
        /// What.
        event: &'a Event<'a>,
    },
    /// A model is trained, evaluated and written.
    Trained {
        /// Which model.
        model: usize,
        /// What it came to.
        summary: &'a ModelSummary,
    },
    /// A model's training has ended before its first epoch did.
    WithoutEpoch {
        /// Which model.
        model: usize,
        /// Why.
        why: &'a ModelWithoutEpoch,
    },
    /// The training of a model with another seed, for the verdict on interpolations, says something.
    OtherSeed {
        /// Which model.
        model: usize,
        /// Its seed.
        seed: u64,
        /// What.
        event: &'a Event<'a>,
    },
    /// All models are trained; this one's latent space is measured.
    Measuring {
        /// Which model.
        model: usize,
    },
    /// Something of this model cannot be measured; the run goes on.
    NotMeasured {
        /// Which model.
        model: usize,
        /// What, and why.
        why: &'a str,
    },
    /// Their interpolations are measured.
    MeasuringInterpolations,
    /// Figures and report follow.
    Drawing,
}
