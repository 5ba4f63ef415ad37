//! `summary.json`: everything that a run found, for programs. `docs/summary.md` documents its keys.

use serde::{Deserialize, Serialize};

use super::{Experiment, ModelKind, Published};
use crate::dataset::NormalisationKind;
use crate::evaluate::{Certificate, LatentQuality, ReconstructionError};
use crate::interpolate::quality::InterpolationQuality;
use crate::model::Architecture;
use crate::train::{EpochReport, Schedule, Training};

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
    /// The latent codes of the images to interpolate between, by every model.
    #[serde(default)]
    pub codes: Vec<RowCode>,
    /// What interpolations are worth, where the experiment asks for it.
    #[serde(default)]
    pub interpolation_quality: Option<InterpolationQuality>,
    /// Seconds from the beginning of the run to the writing of this file.
    pub seconds: f64,
}

impl Summary {
    /// The scale of losses and errors, in words: that of the models' input.
    pub(super) fn scale(&self) -> &'static str {
        self.experiment.scale()
    }

    /// What a squared error is the mean of.
    pub(super) fn per_feature(&self) -> &'static str {
        self.data.per_feature()
    }

    /// A text that speaks of images and pixels, in the words of the data: a table has rows and columns.
    pub(super) fn worded(&self, text: &str) -> String {
        if self.data.image {
            return text.to_owned();
        }
        let words = [
            ("blend of pixels", "blend of values"),
            ("pixel blend", "blend of values"),
            ("an image", "a row"),
            ("An image", "A row"),
            ("image", "row"),
            ("Image", "Row"),
            ("pixel", "column"),
            ("Pale and blurred", "Unremarkable"),
        ];
        words.iter().fold(text.to_owned(), |text, (of_images, of_tables)| text.replace(of_images, of_tables))
    }

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

impl Experiment {
    /// The scale of losses and errors, in words: that of the models' input.
    pub(super) fn scale(&self) -> &'static str {
        match self.normalisation {
            NormalisationKind::Symmetric => "the [−1, 1] scale",
            NormalisationKind::Unit => "the [0, 1] scale",
            NormalisationKind::Standard => "standardised units",
        }
    }
}

impl DataSummary {
    /// What a squared error is the mean of.
    pub(super) fn per_feature(&self) -> &'static str {
        if self.image { "per pixel" } else { "per column" }
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
    /// Whether a row is an image.
    #[serde(default)]
    pub image: bool,
    /// Whether rows have labels; absent in files of narrows 0.2 and before, whose data had them.
    #[serde(default)]
    pub labelled: Option<bool>,
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

/// The latent code of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowCode {
    /// Whose code.
    pub model: String,
    /// Of which row, such as `train:7`.
    pub row: String,
    /// What the data calls the row, where a column of it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `encoder(row)`.
    pub code: Vec<f32>,
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
    /// What could not be measured, and why, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_measured: Vec<String>,
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
    /// On the validation set, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_loss: Option<f64>,
    /// On the test set, where asked for.
    pub test_loss: Option<f64>,
}

impl From<&EpochReport> for EpochSummary {
    fn from(report: &EpochReport) -> Self {
        let &EpochReport { epoch, training_loss, validation_loss, test_loss, .. } = report;
        Self { epoch, training_loss, validation_loss, test_loss }
    }
}

impl ModelSummary {
    /// Whether its training was stopped, so that a run which is resumed goes on with it.
    pub(super) fn was_stopped(&self) -> bool {
        self.outcome == STOPPED
    }
}

/// The outcome of a model that somebody stopped.
pub(super) const STOPPED: &str = "stopped";

/// A fall of the training loss, from one tenth of the epochs to the last, from which on more epochs would tell: the study's models
/// end below 1 %.
const STILL_FALLING: f64 = 0.02;

/// A linear model this far above exact PCA's training error is not what it could be: the study's ends 0.5 % above it.
pub(super) const FAR_FROM_PCA: f64 = 0.02;

/// Why a model could be better than it is, as a sentence: it was stopped, its loss was still falling at a constant rate, or it is
/// linear and far from exact PCA. Where the rate falls to nothing, the loss falls with it, and tells nothing.
pub(super) fn not_trained_out(model: &ModelSummary) -> Option<String> {
    let name = &model.name;
    let training = model.training.as_ref()?;
    let planned = training.epochs;
    if model.epochs < planned {
        return Some(format!("{name} was trained for {} of {planned} epochs only.", model.epochs));
    }
    if let Some(excess) = model.excess_over_exact_pca {
        let percent = 100.0 * excess;
        return (excess > FAR_FROM_PCA).then(|| {
            format!(
                "{name} is not trained out: its training error is {percent:.1} % above that of exact PCA."
            )
        });
    }
    if model.history.len() == 1 {
        return Some(format!("{name} is not trained out: it was trained for one epoch."));
    }
    let fall = last_fall(&model.history).filter(|_| training.schedule == Schedule::Constant)?;
    (fall > STILL_FALLING).then(|| {
        let percent = 100.0 * fall;
        format!("{name} is not trained out: in the last tenth of its epochs its loss still fell by {percent:.1} %.")
    })
}

/// By what share the mean training loss of the last tenth of the epochs lies under that of the tenth before; nothing of less
/// than two epochs.
fn last_fall(history: &[EpochSummary]) -> Option<f64> {
    let tenth = history.len().div_ceil(10);
    let first = history.len().checked_sub(2 * tenth)?;
    let mean =
        |epochs: &[EpochSummary]| epochs.iter().map(|epoch| epoch.training_loss).sum::<f64>() / tenth as f64;
    let (before, last) = history[first..].split_at(tenth);
    (tenth > 0).then(|| 1.0 - mean(last) / mean(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(losses: &[f64]) -> Vec<EpochSummary> {
        let epochs = losses.iter().zip(1..);
        epochs
            .map(|(&training_loss, epoch)| EpochSummary {
                epoch,
                training_loss,
                validation_loss: None,
                test_loss: None,
            })
            .collect()
    }

    #[test]
    fn the_last_tenth_of_the_epochs_is_compared_with_the_tenth_before() {
        assert_eq!(last_fall(&history(&[])), None);
        assert_eq!(last_fall(&history(&[1.0])), None);
        assert_eq!(last_fall(&history(&[1.0, 0.75])), Some(0.25));
        // Twenty epochs: the last two beside the two before.
        let mut losses = vec![1.0; 16];
        losses.extend([0.5, 0.5, 0.5, 0.48]);
        assert!((last_fall(&history(&losses)).unwrap() - 0.02).abs() < 1e-12);
    }
}
