//! The models that the page of a sweep runs, and a sweep that has ended, read back from its directory.

use std::path::{Path, PathBuf};

use super::coordinates::coordinates;
use super::report;
use super::summary::{OneTraining, PointSummary, SweepSummary};
use crate::compute::Compute;
use crate::dataset::Parts;
use crate::evaluate::ReconstructionError;
use crate::experiment::directory::SWEEP;
use crate::experiment::live::{curves, study_pairs};
use crate::experiment::{EpochSummary, FinishedRunError, RunDirectory};
use crate::files::{LoadError, MAX_SUMMARY_BYTES, history, model, read_at_most};
use crate::model::{Autoencoder, MismatchError};
use crate::report::live::{Curves, Live, LiveModel, Subject};
use crate::report::page::Page;

/// As many as there are colours.
const MAX_MODELS: usize = 12;

/// The best model of a latent size.
#[derive(Debug)]
pub struct SweptModel {
    /// Its point.
    pub point: String,
    /// The epochs that its parameters have seen.
    pub epochs: Option<usize>,
    /// Its error on the test set, which was measured for the best of all alone.
    pub test: Option<ReconstructionError>,
    autoencoder: Autoencoder,
    curves: Curves,
}

/// What a sweep left, as far as a page shows it.
#[derive(Debug)]
pub struct FinishedSweep {
    directory: RunDirectory,
    summary: SweepSummary,
    models: Vec<SweptModel>,
}

impl FinishedSweep {
    /// Reads the directory of a sweep.
    ///
    /// # Errors
    /// [`FinishedRunError`] if the sweep has not ended, or a file cannot be read.
    pub fn read(path: &Path) -> Result<Self, FinishedRunError> {
        let file = path.join(SWEEP);
        let not_finished = || FinishedRunError::SweepNotFinished(path.to_owned());
        let text = match read_at_most(&file, MAX_SUMMARY_BYTES) {
            Ok(text) => text,
            Err(error) if error.is_missing() => return Err(not_finished()),
            Err(source) => return Err(FinishedRunError::Read { path: file, source }),
        };
        let wrong = |why: String| FinishedRunError::Summary { path: file.clone(), why };
        let summary: SweepSummary =
            serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        summary.experiment.validate().map_err(|error| wrong(error.to_string()))?;
        if summary.best.is_none() {
            return Err(not_finished());
        }
        let directory = RunDirectory::at(path);
        let models = shown(&summary, &directory)?;
        match models.is_empty() {
            true => Err(FinishedRunError::NoModels(path.to_owned())),
            false => Ok(Self { directory, summary, models }),
        }
    }

    /// What it found.
    pub fn summary(&self) -> &SweepSummary {
        &self.summary
    }

    /// The best model of each latent size, the smallest first; there is one.
    pub fn models(&self) -> &[SweptModel] {
        &self.models
    }

    /// The first of its models.
    pub fn first_model(&self) -> &Autoencoder {
        &self.models[0].autoencoder
    }

    /// The folder of one of its points.
    pub fn model_folder(&self, point: &str) -> PathBuf {
        self.directory.model_folder(point)
    }

    /// Its models, with what is known of their training.
    pub fn live_models(&self) -> Vec<LiveModel<'_>> {
        live_models(&self.models)
    }

    /// Its report, drawn anew, without the live parts.
    pub fn report(&self) -> Page {
        let (chart, coordinates) = figures(&self.summary);
        report::page(&self.summary, chart, coordinates)
    }
}

/// The figures of a sweep, as SVG: error against latent size, and all points over what varies; each where there is something to draw.
pub(super) fn figures(summary: &SweepSummary) -> (Option<String>, Option<String>) {
    (summary.has_curve().then(|| report::elbow_chart(summary)), coordinates(summary))
}

/// The live parts of a sweep's report: its models.
pub(super) fn live(
    models: &[SweptModel],
    data: &Parts,
    compute: &mut Compute,
) -> Result<Live, MismatchError> {
    let subject = Subject {
        data,
        models: live_models(models),
        compared: None,
        bound: None,
        pairs: study_pairs(data),
        judge: None,
    };
    Live::new(&subject, compute)
}

/// Reads the best model of each latent size; where a page has no room for all sizes, those with the least errors.
pub(super) fn shown(summary: &SweepSummary, directory: &RunDirectory) -> Result<Vec<SweptModel>, LoadError> {
    let mut sizes: Vec<_> = summary.curve.iter().collect();
    sizes.sort_by(|a, b| a.validation.mean.total_cmp(&b.validation.mean));
    sizes.truncate(MAX_MODELS);
    sizes.sort_by_key(|at| at.latent);
    let point = |name: &String| summary.points.iter().find(|point| point.name == *name);
    let points = sizes.into_iter().filter_map(|at| point(&at.point));
    points.filter_map(|point| Some(read(summary, directory, point, point.best_training()?))).collect()
}

fn read(
    summary: &SweepSummary,
    directory: &RunDirectory,
    point: &PointSummary,
    &OneTraining { seed, epochs, .. }: &OneTraining,
) -> Result<SweptModel, LoadError> {
    let file = directory.model_of_seed(&point.name, seed);
    let (autoencoder, provenance) = model::load(&file)?;
    let history = history::load(&history::beside(&file))?;
    let history: Vec<EpochSummary> = history.iter().map(EpochSummary::from).collect();
    let best = summary.best.as_ref().filter(|best| best.point == point.name);
    Ok(SweptModel {
        point: point.name.clone(),
        epochs,
        test: best.map(|best| best.test),
        autoencoder,
        curves: curves(&history, provenance.epochs),
    })
}

fn live_models(models: &[SweptModel]) -> Vec<LiveModel<'_>> {
    fn live(model: &SweptModel) -> LiveModel<'_> {
        LiveModel {
            name: &model.point,
            autoencoder: &model.autoencoder,
            test_error: model.test.map(|error| error.model_scale),
            curves: model.curves.clone(),
            snapshots: &[],
        }
    }
    models.iter().map(live).collect()
}
