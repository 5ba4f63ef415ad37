//! A run that has ended, read back from its directory: for pages of several runs.

use std::path::{Path, PathBuf};

use super::directory::{JUDGE, MODEL, SNAPSHOTS, SUMMARY};
use super::figures::{DrawError, draw};
use super::live::{bound, compared, live_judge, live_models, live_pairs};
use super::page::page;
use super::{ModelSummary, RunDirectory, Summary};
use crate::compute::Compute;
use crate::dataset::{Parts, RowNameError};
use crate::evaluate::{Certificate, CertificateError};
use crate::files::LoadError;
use crate::files::{self, MAX_SUMMARY_BYTES, ReadError, judge, read_at_most, snapshots};
use crate::interpolate::judge::Judge;
use crate::model::{Autoencoder, MismatchError};
use crate::pca::{Pca, PcaError};
use crate::report::live::{self, Bound, LiveModel, LivePair, Snapshot};
use crate::report::page::Page;

/// What a run left, as far as a page shows it.
#[derive(Debug)]
pub struct FinishedRun {
    directory: RunDirectory,
    summary: Summary,
    /// In the summary's order, which is the experiment's.
    models: Vec<Autoencoder>,
    /// Of each model; none of runs that were made before snapshots were kept.
    snapshots: Vec<Vec<Snapshot>>,
    judge: Option<Judge>,
}

/// A run directory from which no page can be made.
#[derive(Debug, thiserror::Error)]
pub enum FinishedRunError {
    /// It has no summary.
    #[error(
        "{} holds a run without {SUMMARY}, which is written when all its models are trained; is it still running, or was it \
         interrupted? Its models, once they are trained, can be given one by one",
        .0.display()
    )]
    NotFinished(PathBuf),
    /// A sweep has not ended.
    #[error(
        "{} holds a sweep that has not ended, so it has no best models yet; go on with it by `narrows sweep` and --resume. Its models, \
         once they are trained, can be given one by one",
        .0.display()
    )]
    SweepNotFinished(PathBuf),
    /// Its summary cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: ReadError,
    },
    /// Its summary is none that this narrows knows.
    #[error("{} cannot be read: {why}; was it written by another version of narrows?", path.display())]
    Summary {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// None of its models has an epoch.
    #[error("{} has no trained model; give a run that has one", .0.display())]
    NoModels(PathBuf),
    /// One of its files cannot be read.
    #[error(transparent)]
    File(#[from] LoadError),
    /// Its snapshots show other images than pages do.
    #[error(
        "{} shows the test images {found:?}, a page shows {expected:?}; without this file the page is made without snapshots",
        path.display()
    )]
    OtherImages {
        /// Which file.
        path: PathBuf,
        /// What it shows.
        found: Vec<usize>,
        /// What it should show.
        expected: Vec<usize>,
    },
    /// A figure of its report cannot be drawn.
    #[error(transparent)]
    Figure(#[from] DrawError),
    /// A model does not read the data.
    #[error(transparent)]
    Mismatch(#[from] MismatchError),
    /// The exact components that a figure shows cannot be computed.
    #[error(transparent)]
    Pca(#[from] PcaError),
    /// The components of a linear model that a figure shows cannot be computed.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

impl FinishedRun {
    /// Reads a run directory.
    ///
    /// # Errors
    /// [`FinishedRunError`] if a file is missing or cannot be read. A run without snapshots or without a classifier is whole.
    pub fn read(path: &Path) -> Result<Self, FinishedRunError> {
        let file = path.join(SUMMARY);
        let text = match read_at_most(&file, MAX_SUMMARY_BYTES) {
            Ok(text) => text,
            Err(error) if error.is_missing() => return Err(FinishedRunError::NotFinished(path.to_owned())),
            Err(source) => return Err(FinishedRunError::Read { path: file, source }),
        };
        let wrong = |why: String| FinishedRunError::Summary { path: file.clone(), why };
        let summary: Summary = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        summary.experiment.validate().map_err(|error| wrong(error.to_string()))?;
        if summary.models.is_empty() {
            return Err(FinishedRunError::NoModels(path.to_owned()));
        }
        let folder = |name: &str| path.join("models").join(name);
        let models = summary.models.iter().map(|model| files::model::load(&folder(&model.name).join(MODEL)));
        let models: Vec<Autoencoder> =
            models.map(|loaded| loaded.map(|(model, _)| model)).collect::<Result<_, _>>()?;
        for (model, read) in summary.models.iter().zip(&models) {
            let ModelSummary { name, architecture, .. } = model;
            if *architecture != read.architecture {
                let why =
                    format!("model `{name}` is {architecture} there, and {} in its file", read.architecture);
                return Err(wrong(why));
            }
        }
        let judge_file = path.join(JUDGE);
        let judge =
            judge_file.exists().then(|| judge::load(&judge_file)).transpose()?.map(|(judge, _)| judge);
        let directory = RunDirectory::at(path);
        let snapshots = vec![Vec::new(); models.len()];
        Ok(Self { directory, summary, models, snapshots, judge })
    }

    /// Reads the snapshots, which show images of `data`.
    ///
    /// # Errors
    /// [`FinishedRunError`] if they cannot be read, or show other images.
    pub fn read_snapshots(&mut self, data: &Parts) -> Result<(), FinishedRunError> {
        let models = self.summary.models.iter();
        self.snapshots = models
            .map(|model| load_snapshots(&self.model_folder(&model.name), data))
            .collect::<Result<_, _>>()?;
        Ok(())
    }

    /// What it found.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The first of its models; there is one.
    pub fn first_model(&self) -> &Autoencoder {
        &self.models[0]
    }

    /// The folder of one of its models.
    pub fn model_folder(&self, name: &str) -> PathBuf {
        self.directory.path().join("models").join(name)
    }

    /// Its models, in the experiment's order, with what is known of their training.
    pub fn live_models(&self) -> Vec<LiveModel<'_>> {
        live_models(&self.summary, &self.models, &self.snapshots)
    }

    /// The pairs that it interpolates between.
    ///
    /// # Errors
    /// If the data has no such row.
    pub fn live_pairs(&self, data: &Parts) -> Result<Vec<LivePair>, RowNameError> {
        live_pairs(&self.summary.experiment, data)
    }

    /// The two models that it compares, as places among [`live_models`](Self::live_models).
    pub fn compared(&self) -> Option<[usize; 2]> {
        compared(&self.summary)
    }

    /// The training error of exact PCA, where it has linear models.
    pub fn bound(&self) -> Option<Bound<'_>> {
        bound(&self.summary)
    }

    /// The classifier that judged its interpolations, if it has one.
    pub fn live_judge(&self) -> Option<live::Judge<'_>> {
        self.judge.as_ref().and_then(live_judge)
    }

    /// Its report, drawn anew, without the live parts.
    ///
    /// # Errors
    /// If a figure cannot be drawn.
    pub fn report(&self, data: &Parts, compute: &mut Compute) -> Result<Page, FinishedRunError> {
        self.check_rows(data)?;
        let (summary, pca) = self.with_components(data, compute)?;
        let figures = draw(&summary, &self.models, data, pca.as_ref(), compute)?;
        let other = self.directory.compared_with(&summary.experiment);
        Ok(page(&summary, other.as_ref(), &figures))
    }

    /// Checks that the test rows which the summary names are there.
    fn check_rows(&self, data: &Parts) -> Result<(), FinishedRunError> {
        let rows = data.test().rows();
        let measured = self.summary.models.iter().filter_map(|model| model.latent.as_ref());
        let mut named = measured.flat_map(|latent| latent.best.iter().chain(&latent.worst));
        match named.find(|named| named.row >= rows) {
            Some(named) => {
                let why = format!("it names test row {}, and the test set has {rows}, from 0", named.row);
                Err(FinishedRunError::Summary { path: self.directory.path().join(SUMMARY), why })
            }
            None => Ok(()),
        }
    }

    /// The summary with the components that linear models have found, which are too large to be kept in a file, and exact PCA
    /// to compare them with.
    fn with_components(
        &self,
        data: &Parts,
        compute: &mut Compute,
    ) -> Result<(Summary, Option<Pca>), FinishedRunError> {
        let mut summary = self.summary.clone();
        let Some(first) = summary.models.iter().position(|model| model.certificate.is_some()) else {
            return Ok((summary, None));
        };
        let pca = Pca::fit(compute, &self.models[first].samples(data.train())?)?;
        for (model, autoencoder) in summary.models.iter_mut().zip(&self.models) {
            if model.certificate.is_some() {
                model.certificate = Some(Certificate::of(autoencoder, &pca, &model.train)?);
            }
        }
        Ok((summary, Some(pca)))
    }
}

/// The snapshots in a model's folder, which show images of `data`; none if the folder has no such file.
///
/// # Errors
/// [`FinishedRunError`] if they cannot be read, or show other images than a page does.
pub fn load_snapshots(folder: &Path, data: &Parts) -> Result<Vec<Snapshot>, FinishedRunError> {
    let path = folder.join(SNAPSHOTS);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let (found, snapshots) = snapshots::load(&path, data.test().features())?;
    let expected = data.test().examples();
    if found != expected {
        return Err(FinishedRunError::OtherImages { path, found, expected });
    }
    Ok(snapshots)
}
