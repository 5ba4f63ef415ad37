//! Sweeps: one model with lists of settings, every combination of which is trained with several seeds, and compared on a
//! validation set.

mod coordinates;
mod elbow;
mod event;
mod finished;
mod grid;
mod halving;
mod points;
mod report;
mod run;
mod summary;

use serde::{Deserialize, Serialize};

use crate::model::HiddenActivation;
use crate::train::Optimiser;

pub use self::event::SweepEvent;
pub use self::finished::{FinishedSweep, SweptModel};
pub(super) use self::halving::shares;
pub use self::run::{CompletedSweep, run_sweep};
pub use self::summary::{AtLatent, BestModel, MeanError, OneTraining, PointSummary, SweepSummary};

/// The share of the rows that a sweep validates on where nothing is said.
pub const VALIDATION_SHARE: f64 = 0.1;

/// Lists of settings: the table `[sweep]` of an experiment. What it does not list is as the experiment's one model has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// How many times each combination is trained: with the experiment's seed and those after it.
    #[serde(default = "three")]
    pub seeds: u64,
    /// Train so many combinations, drawn by the experiment's seed, instead of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<usize>,
    /// Stop hopeless combinations before their end, by successive halving: those of one latent size compete.
    #[serde(default, skip_serializing_if = "is_not")]
    pub halving: bool,
    /// Latent sizes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latent: Option<Vec<usize>>,
    /// Sizes of the encoder's layers before the latent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden_widths: Option<Vec<Vec<usize>>>,
    /// Learning rates of the optimiser; under a schedule, its greatest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<Vec<f64>>,
    /// Rows in a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<Vec<usize>>,
    /// Passes over the training set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<Vec<usize>>,
    /// Activations after each hidden layer but the latent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Vec<HiddenActivation>>,
    /// Optimisers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimiser: Option<Vec<Optimiser>>,
}

fn three() -> u64 {
    3
}

fn is_not(asked: &bool) -> bool {
    !asked
}
