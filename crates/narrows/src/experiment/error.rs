//! Why a run or a sweep fails.

use std::path::PathBuf;

use super::figures::DrawError;
use super::{DirectoryError, ExperimentError};
use crate::compute::ThreadsError;
use crate::dataset::{NormalisationError, RowNameError, load};
use crate::files::LoadError;
use crate::interpolate::judge::JudgeError;
use crate::interpolate::quality::QualityError;
use crate::model::MismatchError;
use crate::pca::PcaError;
use crate::train::TrainingError;

/// A run that failed. What was written before stays.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The experiment cannot be.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] load::LoadError),
    /// A row to interpolate from or to is not there.
    #[error("[interpolation] {0}")]
    Row(#[from] RowNameError),
    /// The run directory cannot be had, or written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The data cannot be normalised as the experiment says.
    #[error(transparent)]
    Normalisation(#[from] NormalisationError),
    /// A model cannot read the data, or what another gives.
    #[error(transparent)]
    Mismatch(#[from] MismatchError),
    /// A model cannot be trained on the data.
    #[error("model `{model}`: {source}")]
    Training {
        /// Which.
        model: String,
        /// Why.
        source: TrainingError,
    },
    /// The system gives no threads.
    #[error(transparent)]
    Threads(#[from] ThreadsError),
    /// A file of a model, or what an earlier run left, cannot be read.
    #[error(transparent)]
    File(#[from] LoadError),
    /// The checkpoint that an earlier run left cannot be read.
    #[error("{0}; remove it to begin that model anew")]
    Checkpoint(LoadError),
    /// A model is to begin with the parameters of one of another architecture.
    #[error(
        "model `{model}` is {expected}; {path}, which it is to begin with, is {found}; give it the same sizes and activations"
    )]
    From {
        /// Which.
        model: String,
        /// The other's file.
        path: String,
        /// Its architecture.
        expected: String,
        /// The other's.
        found: String,
    },
    /// The pictures of an earlier run are of other images.
    #[error("{0}")]
    Snapshots(String),
    /// An earlier run was on other data.
    #[error("{} holds a run on other data: the training set has changed since; give another folder with --out, or --force", .0.display())]
    OtherData(PathBuf),
    /// An earlier run trained a model in another way.
    #[error(
        "the checkpoint of model `{0}` is of another way of training; remove it, or begin the run anew by --force"
    )]
    OtherTraining(String),
    /// There is nothing to choose by.
    #[error(
        "[sweep] settings are chosen by the error on a validation set, and there is none; give validation_share = 0.1, or say \
         which rows with validation or split"
    )]
    NoValidation,
    /// Exact PCA failed.
    #[error(transparent)]
    Pca(#[from] PcaError),
    /// There is nobody to judge interpolations.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// Interpolations cannot be measured.
    #[error("[interpolation] {0}")]
    Quality(#[from] QualityError),
    /// A figure cannot be drawn.
    #[error(transparent)]
    Figure(#[from] DrawError),
}
