//! What an earlier run of the same experiment has left in its directory: finished models are kept, begun ones go on.

use super::directory::RunDirectory;
use super::finished::load_snapshots;
use super::{FinishedRunError, ModelSummary, RunError, Summary};
use crate::dataset::Parts;
use crate::files::checkpoint::Checkpoint;
use crate::files::{judge, model};
use crate::interpolate::judge::Judge;
use crate::interpolate::quality::InterpolationQuality;
use crate::model::{Architecture, Autoencoder};
use crate::report::live::Snapshot;
use crate::train::Training;

/// What is there of an earlier run; a new one begins in an empty folder, and finds nothing.
#[derive(Debug)]
pub(super) struct Resumed {
    summary: Option<Summary>,
}

impl Resumed {
    /// Looks at what is there.
    pub fn of(directory: &RunDirectory) -> Self {
        Self { summary: RunDirectory::read_summary(directory.path()) }
    }

    /// A model that was finished, with its snapshots.
    ///
    /// # Errors
    /// If its files cannot be read, or it was trained on other data.
    pub fn finished(
        &self,
        directory: &RunDirectory,
        name: &str,
        data: &Parts,
    ) -> Result<Option<(ModelSummary, Autoencoder, Vec<Snapshot>)>, RunError> {
        let summary = self.summary.iter().flat_map(|summary| &summary.models);
        let Some(summary) = summary.into_iter().find(|model| model.name == name && !model.was_stopped())
        else {
            return Ok(None);
        };
        let (model, provenance) = model::load(&directory.model(name))?;
        same_data(directory, provenance.data_hash.as_deref(), data)?;
        let snapshots = snapshots(directory, name, data)?;
        Ok(Some((summary.clone(), model, snapshots)))
    }

    /// A model that was trained with another seed than the experiment's, if it is done, and the epochs it took.
    ///
    /// # Errors
    /// If its file cannot be read, or it was trained on other data.
    pub fn of_seed(
        &self,
        directory: &RunDirectory,
        name: &str,
        training: &Training,
        data: &Parts,
    ) -> Result<Option<(Autoencoder, usize)>, RunError> {
        let path = directory.model_of_seed(name, training.seed);
        if !path.is_file() {
            return Ok(None);
        }
        let (model, provenance) = model::load(&path)?;
        same_data(directory, provenance.data_hash.as_deref(), data)?;
        Ok(Some((model, provenance.epochs)))
    }

    /// Where a model's training was left.
    ///
    /// # Errors
    /// If its files cannot be read, or it was begun on other data or in another way.
    pub fn checkpoint(
        &self,
        directory: &RunDirectory,
        name: &str,
        seed: Option<u64>,
        (architecture, training): (&Architecture, &Training),
        data: &Parts,
    ) -> Result<Option<Checkpoint>, RunError> {
        let read = directory.read_checkpoint(name, seed).map_err(RunError::Checkpoint)?;
        let Some(checkpoint) = read else { return Ok(None) };
        same_data(directory, Some(&checkpoint.data_hash), data)?;
        match checkpoint.architecture == *architecture && checkpoint.training == *training {
            true => Ok(Some(checkpoint)),
            false => Err(RunError::OtherTraining(name.to_owned())),
        }
    }

    /// How interpolations were measured and by whom, if that was done.
    pub fn quality(&self, directory: &RunDirectory, data: &Parts) -> Option<(InterpolationQuality, Judge)> {
        let quality = self.summary.as_ref()?.interpolation_quality.clone()?;
        let (judge, trained_on) = judge::load(&directory.judge()).ok()?;
        (trained_on.hash.as_deref() == Some(data.train().content_hash())).then_some((quality, judge))
    }
}

/// The snapshots of a model, as many as were written.
pub(super) fn snapshots(
    directory: &RunDirectory,
    name: &str,
    data: &Parts,
) -> Result<Vec<Snapshot>, RunError> {
    load_snapshots(&directory.model_folder(name), data).map_err(|error| match error {
        FinishedRunError::File(error) => error.into(),
        other => RunError::Snapshots(other.to_string()),
    })
}

fn same_data(directory: &RunDirectory, hash: Option<&str>, data: &Parts) -> Result<(), RunError> {
    match hash == Some(data.train().content_hash()) {
        true => Ok(()),
        false => Err(RunError::OtherData(directory.path().to_owned())),
    }
}
