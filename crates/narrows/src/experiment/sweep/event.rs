//! What a sweep says while it goes.

use super::OneTraining;
use crate::experiment::Estimated;
use crate::train::Event;

/// Something that happened in a sweep. Points are named as their models; several trainings go on at once.
#[derive(Debug)]
pub enum SweepEvent<'a> {
    /// The data is there, training begins.
    Started {
        /// How many points are trained.
        points: usize,
        /// How many trainings that is.
        trainings: usize,
        /// How they are shared out, in a sentence.
        schedule: &'a str,
        /// What was found out about the data, a sentence each.
        data: &'a [String],
    },
    /// The first epochs are done, and tell about how long it will take.
    Estimated(Estimated),
    /// A training says something.
    Training {
        /// Which point.
        point: &'a str,
        /// Its seed.
        seed: u64,
        /// What.
        event: &'a Event<'a>,
    },
    /// A training is done, now or by an earlier run, and noted.
    Trained {
        /// Which point.
        point: &'a str,
        /// What it came to.
        training: &'a OneTraining,
        /// How many are done, of how many.
        progress: (usize, usize),
    },
    /// A point is stopped before its end, for its error was in the worse half of those of its latent size.
    Stopped {
        /// Which point.
        point: &'a str,
        /// After which epoch.
        epoch: usize,
    },
    /// The best is measured on the test set; figure and report follow.
    Concluding,
}
