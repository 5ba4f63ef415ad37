//! What a training run is asked to do.

use serde::{Deserialize, Serialize};

use super::{Optimiser, Schedule};
use crate::dataset::DataError;
use crate::dataset::load::is_default;
use crate::model::{ArchitectureError, Initialisation};

/// The settings of one training run. The data, the architecture and these determine its result to the bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Passes over the training set.
    pub epochs: usize,
    /// Rows in a step; the last step of an epoch takes what is left.
    pub batch_size: usize,
    /// How gradients change parameters.
    pub optimiser: Optimiser,
    /// How the learning rate goes.
    pub schedule: Schedule,
    /// How parameters begin.
    pub initialisation: Initialisation,
    /// Names the initial parameters and the order of the rows.
    pub seed: u64,
    /// Measure the loss of the test set every so many epochs; 0 for never, even where a test set is given.
    pub test_every: usize,
    /// Stop where the loss on the validation set has not become less for so many epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
    /// By how much the loss on the validation set must become less to count as such.
    #[serde(default, skip_serializing_if = "is_default")]
    pub min_change: f64,
}

impl Default for Training {
    /// The settings of the published study: 100 epochs of batches of 128, Adam at 10⁻³ with weight decay 10⁻⁵.
    fn default() -> Self {
        Self {
            epochs: 100,
            batch_size: 128,
            optimiser: Optimiser::adam(1e-3, 1e-5),
            schedule: Schedule::Constant,
            initialisation: Initialisation::Pytorch,
            seed: 0,
            test_every: 0,
            patience: None,
            min_change: 0.0,
        }
    }
}

/// A training run that cannot begin or go on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TrainingError {
    /// The architecture cannot be built.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// The system gives no thread.
    #[error("the system gives no thread to read the rows with: {0}")]
    NoThread(String),
    /// A state of another training.
    #[error("the state is of another training: {what} is {found}; expected {expected}")]
    OtherState {
        /// What differs.
        what: &'static str,
        /// What the training has.
        expected: String,
        /// What the state has.
        found: String,
    },
    /// The rows could no longer be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A setting is out of its range.
    #[error("{setting} is {found}; expected {expected}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// No rows.
    #[error("the {set} set has no rows")]
    NoRows {
        /// Of which: training or test.
        set: &'static str,
    },
    /// Rows, but nothing in them.
    #[error("every value of the {set} set is missing; a model learns from those that are there")]
    NoValues {
        /// Of which: training or test.
        set: &'static str,
    },
    /// Rows of another length than the architecture's inputs.
    #[error("the architecture reads rows of {expected} numbers, the {set} set has {found} a row")]
    Features {
        /// Which: training or test.
        set: &'static str,
        /// What the architecture reads.
        expected: usize,
        /// What the set has.
        found: usize,
    },
}

impl TrainingError {
    pub(super) fn setting(setting: &'static str, expected: &'static str, found: impl ToString) -> Self {
        Self::Setting { setting, expected, found: found.to_string() }
    }
}

impl Training {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`TrainingError::Setting`] with the first that is out of range.
    pub fn validate(&self) -> Result<(), TrainingError> {
        let at_least_one = |setting, value: usize| match value {
            0 => Err(TrainingError::setting(setting, "at least 1", value)),
            _ => Ok(()),
        };
        at_least_one("epochs", self.epochs)?;
        at_least_one("batch_size", self.batch_size)?;
        if let Some(patience) = self.patience {
            at_least_one("patience", patience)?;
        }
        if !(self.min_change >= 0.0 && self.min_change.is_finite()) {
            return Err(TrainingError::setting("min_change", "a number of at least 0", self.min_change));
        }
        self.optimiser.validate()?;
        self.schedule.validate()
    }
}
