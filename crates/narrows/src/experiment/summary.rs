//! `summary.json`: everything that a run found, for programs. `docs/summary.md` documents its keys.

use serde::{Deserialize, Serialize};

use super::{Experiment, ModelKind, Published};
use crate::evaluate::Certificate;
use crate::evaluate::{LatentQuality, ReconstructionError};
use crate::interpolate::quality::InterpolationQuality;
use crate::model::Architecture;
use crate::train::{EpochReport, Training};

/// What a run found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The version of narrows.
    pub narrows: String,
    /// The experiment as it was run.
    pub experiment: Experiment,
    /// What it ran on.
    pub machine: Machine,
    /// The data.
    pub data: DataSummary,
    /// Exact PCA, the yardstick.
    pub exact_pca: Option<PcaSummary>,
    /// The models that have at least one epoch, in the experiment's order.
    pub models: Vec<ModelSummary>,
    /// The other models, in the experiment's order.
    #[serde(default)]
    pub models_without_epoch: Vec<ModelWithoutEpoch>,
    /// What interpolations are worth, where the experiment asks for it.
    #[serde(default)]
    pub interpolation_quality: Option<InterpolationQuality>,
    /// Seconds from the beginning of the run to the writing of this file.
    pub seconds: f64,
}

impl Summary {
    /// Exact PCA, unless it is one of the models and stands among them.
    pub fn yardstick_beside_models(&self) -> Option<&PcaSummary> {
        let kinds = self.experiment.models.iter();
        let exact: Vec<&str> = kinds
            .filter(|model| model.kind == ModelKind::PcaExact)
            .map(|model| model.name.as_str())
            .collect();
        self.exact_pca.as_ref().filter(|pca| {
            !self.models.iter().any(|model| {
                exact.contains(&model.name.as_str()) && model.architecture.latent() == pca.components
            })
        })
    }
}

/// What a run ran on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// The operating system and architecture.
    pub system: String,
    /// The instruction set of the kernels.
    pub instruction_set: String,
    /// Threads in all.
    pub threads: usize,
    /// How the models were shared out, in a sentence.
    pub schedule: String,
}

/// The data of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataSummary {
    /// By name.
    pub name: String,
    /// Rows of the training set.
    pub train_rows: usize,
    /// Rows of the test set.
    pub test_rows: usize,
    /// Numbers in a row.
    pub features: usize,
}

/// Exact PCA on the data of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PcaSummary {
    /// How many components: the latent size of the linear model.
    pub components: usize,
    /// On the training set: the least that a linear model can have (Eckart & Young).
    pub train: ReconstructionError,
    /// On the test set.
    pub test: ReconstructionError,
    /// The share of the training set's variance.
    pub explained_variance_ratio: f64,
    /// What it took.
    pub seconds: f64,
}

/// One model of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSummary {
    /// Its name.
    pub name: String,
    /// Sizes and activations.
    pub architecture: Architecture,
    /// The same in words.
    pub description: String,
    /// Weights and biases.
    pub parameters: usize,
    /// How it was trained; absent for exact PCA, which is computed.
    pub training: Option<Training>,
    /// Epochs done.
    pub epochs: usize,
    /// `finished`, `stopped` or in which step it diverged.
    pub outcome: String,
    /// The last epoch's average loss, as the published study prints it; absent for exact PCA.
    pub training_loss: Option<f64>,
    /// The trained model on the whole training set.
    pub train: ReconstructionError,
    /// The trained model on the test set.
    pub test: ReconstructionError,
    /// What somebody published.
    pub published: Option<Published>,
    /// Training errors above exact PCA's on the training set, as a share of it: only linear models of PCA's size.
    pub excess_over_exact_pca: Option<f64>,
    /// Whether it is PCA: only linear models.
    #[serde(default)]
    pub certificate: Option<Certificate>,
    /// What its latent space is worth; absent if the run was stopped before it was measured, or could not be measured.
    #[serde(default)]
    pub latent: Option<LatentQuality>,
    /// Seconds of training, or of the decomposition.
    pub seconds: f64,
    /// Seconds of an epoch, the median; absent for exact PCA.
    pub seconds_per_epoch: Option<f64>,
    /// The epochs' losses; times are in `history.csv`.
    pub history: Vec<EpochSummary>,
}

/// A model whose first epoch did not end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelWithoutEpoch {
    /// Its name.
    pub name: String,
    /// `not begun`, `stopped` or in which step it diverged.
    pub outcome: String,
}

/// One epoch of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochSummary {
    /// From 1.
    pub epoch: usize,
    /// The mean of its batch losses.
    pub training_loss: f64,
    /// On the test set, where asked for.
    pub test_loss: Option<f64>,
}

impl From<&EpochReport> for EpochSummary {
    fn from(report: &EpochReport) -> Self {
        Self { epoch: report.epoch, training_loss: report.training_loss, test_loss: report.test_loss }
    }
}
