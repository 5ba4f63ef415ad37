//! The run directory: which files a run leaves, and where.
//!
//! ```text
//! runs/assignment/
//!   experiment.toml                    what was run
//!   summary.json                       all figures
//!   report.html                        everything to look at
//!   models/three-layer/model.safetensors
//!   models/three-layer/history.csv
//!   models/three-layer/seed-2.safetensors  where the verdict rests on several seeds
//!   judge.safetensors                  who judged interpolations
//!   figures/…                          PNG, charts also as SVG
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Experiment, Summary};
use crate::export::judge::TrainedOn;
use crate::export::safetensors::Provenance;
use crate::export::safetensors::SaveError;
use crate::export::{judge, safetensors, write_atomically};
use crate::interpolate::judge::Judge;
use crate::model::Autoencoder;
use crate::train::EpochReport;

/// What tells a run directory from a folder in which somebody keeps an experiment of their own.
const MARK: &str = "# What was run in this folder, written by narrows.\n\n";
const EXPERIMENT: &str = "experiment.toml";
const SUMMARY: &str = "summary.json";
const REPORT: &str = "report.html";
const JUDGE: &str = "judge.safetensors";
const MODEL_FILES: [&str; 2] = ["model.safetensors", "history.csv"];

/// `seed-2.safetensors`
fn is_of_a_seed(name: &str) -> bool {
    let seed = name.strip_prefix("seed-").and_then(|name| name.strip_suffix(".safetensors"));
    seed.is_some_and(|seed| !seed.is_empty() && seed.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A folder that belongs to one run.
#[derive(Clone, Debug)]
pub struct RunDirectory {
    path: PathBuf,
}

/// A run directory that cannot be had, or written.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It holds another run.
    #[error("{} already holds a run; give another folder with --out, or replace it with --force", .0.display())]
    Run(PathBuf),
    /// It holds something else, which is not ours to replace.
    #[error("{} is not empty and holds no run of narrows; give another folder with --out", .0.display())]
    Foreign(PathBuf),
    /// It cannot be made, or not be looked into.
    #[error("{} cannot be a run directory: {source}; give another folder with --out", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A model that could not be read again.
    #[error(transparent)]
    Model(#[from] SaveError),
    /// Something cannot be written.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What to do with a run that is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Refuse.
    Keep,
    /// Remove it.
    Replace,
}

impl RunDirectory {
    /// Makes the folder, empty but for the experiment.
    ///
    /// # Errors
    /// If it holds something already, or cannot be made.
    pub fn create(path: &Path, experiment: &Experiment, existing: Existing) -> Result<Self, DirectoryError> {
        let directory = Self { path: path.to_owned() };
        let failed = |source| DirectoryError::Unusable { path: path.to_owned(), source };
        let is_run = fs::read(path.join(EXPERIMENT)).is_ok_and(|text| text.starts_with(MARK.as_bytes()));
        let is_empty = match fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(failed(error)),
        };
        match (is_empty, is_run, existing) {
            (true, ..) => {}
            (false, false, _) => return Err(DirectoryError::Foreign(path.to_owned())),
            (false, true, Existing::Keep) => return Err(DirectoryError::Run(path.to_owned())),
            (false, true, Existing::Replace) => directory.clear().map_err(failed)?,
        }
        let text = format!("{MARK}{}", experiment.to_toml());
        fs::create_dir_all(path)
            .and_then(|()| write_atomically(&path.join(EXPERIMENT), text.as_bytes()))
            .map_err(failed)?;
        Ok(directory)
    }

    /// Removes what a run writes, and nothing else: a file that somebody put beside a model stays.
    fn clear(&self) -> io::Result<()> {
        let models = self.path.join("models");
        for folder in entries(&models)? {
            remove_files(&folder, |name| MODEL_FILES.contains(&name) || is_of_a_seed(name))?;
        }
        remove_if_empty(&models);
        remove_files(&self.path.join("figures"), |name| name.ends_with(".png") || name.ends_with(".svg"))?;
        // The experiment last: if this is interrupted, what is left is still known as a run.
        [SUMMARY, REPORT, JUDGE, EXPERIMENT]
            .into_iter()
            .try_for_each(|file| unless_missing(fs::remove_file(self.path.join(file))))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file of this name, with the folders in its way.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), DirectoryError> {
        let path = self.path.join(name);
        let parent = path.parent().unwrap_or(&self.path);
        fs::create_dir_all(parent)
            .and_then(|()| write_atomically(&path, bytes))
            .map_err(|source| DirectoryError::Write { path, source })
    }

    /// Writes a model and, if it was trained, its history.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_model(
        &self,
        model: &Autoencoder,
        provenance: &Provenance,
        history: &[EpochReport],
    ) -> Result<(), DirectoryError> {
        let folder = format!("models/{}", provenance.name);
        let [model_file, history_file] = MODEL_FILES;
        self.write(&format!("{folder}/{model_file}"), &safetensors::to_bytes(model, provenance)?)?;
        if provenance.training.is_none() {
            return Ok(());
        }
        self.write(&format!("{folder}/{history_file}"), history_csv(history).as_bytes())
    }

    /// Writes a model that was trained with another seed than the experiment's.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_model_of_seed(
        &self,
        model: &Autoencoder,
        provenance: &Provenance,
        seed: u64,
    ) -> Result<(), DirectoryError> {
        let name = format!("models/{}/seed-{seed}.safetensors", provenance.name);
        self.write(&name, &safetensors::to_bytes(model, provenance)?)
    }

    /// Writes the judge of interpolations, if it has learned anything.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_judge(&self, judge: &Judge, data: &TrainedOn) -> Result<(), DirectoryError> {
        judge::to_bytes(judge, data)?.map_or(Ok(()), |bytes| self.write(JUDGE, &bytes))
    }

    /// Writes the report.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_report(&self, html: &str) -> Result<(), DirectoryError> {
        self.write(REPORT, html.as_bytes())
    }

    /// Writes the summary.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_summary(&self, summary: &Summary) -> Result<(), DirectoryError> {
        let mut json = serde_json::to_string_pretty(summary).expect("plain data is JSON");
        json.push('\n');
        self.write(SUMMARY, json.as_bytes())
    }

    /// The summary of the run in a folder, if there is one that this narrows can read.
    pub fn read_summary(path: &Path) -> Option<Summary> {
        serde_json::from_slice(&fs::read(path.join(SUMMARY)).ok()?).ok()
    }
}

fn unless_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// What is in a folder; nothing if it is not there.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// Removes the files in a folder whose names are wanted, and the folder if nothing else is in it.
fn remove_files(folder: &Path, wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    for path in entries(folder)? {
        if path.is_file() && path.file_name().and_then(|name| name.to_str()).is_some_and(&wanted) {
            unless_missing(fs::remove_file(&path))?;
        }
    }
    remove_if_empty(folder);
    Ok(())
}

fn remove_if_empty(folder: &Path) {
    // Refused where something is left, which then is not ours.
    let _ = fs::remove_dir(folder);
}

/// A header, then one line an epoch; the test loss is empty where it was not measured.
pub fn history_csv(history: &[EpochReport]) -> String {
    let mut csv = "epoch,training_loss,test_loss,seconds\n".to_owned();
    for EpochReport { epoch, training_loss, test_loss, duration } in history {
        let test_loss = test_loss.map(|loss| loss.to_string()).unwrap_or_default();
        csv.push_str(&format!("{epoch},{training_loss},{test_loss},{:.4}\n", duration.as_secs_f64()));
    }
    csv
}
