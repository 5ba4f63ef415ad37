//! What training says while it goes: one stream, with many readers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::Parameters;

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    /// A step is done; `step` of `steps` in this epoch, both counted from 1.
    Batch {
        /// The epoch that the step belongs to, from 1.
        epoch: usize,
        /// Which step of the epoch.
        step: usize,
        /// Steps in the epoch.
        steps: usize,
    },
    /// The parameters before the first step (`epoch` 0) and after every epoch, before its report: for pictures of how
    /// a model learns. They are lent, not copied.
    Parameters {
        /// The epochs that they have seen.
        epoch: usize,
        /// The parameters.
        parameters: &'a Parameters,
    },
    /// An epoch is done.
    Epoch(&'a EpochReport),
}

/// One line of a run's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    /// Counted from 1.
    pub epoch: usize,
    /// The mean of the epoch's batch losses, each before its step: the published study's "average loss".
    pub training_loss: f64,
    /// Mean squared error on the validation set after the epoch, where there is one.
    pub validation_loss: Option<f64>,
    /// Mean squared error on the test set after the epoch, where asked for.
    pub test_loss: Option<f64>,
    /// What the epoch took, the measuring of other losses not counted.
    pub duration: Duration,
}
