//! The run directory: which files a run leaves, and where.
//!
//! ```text
//! runs/assignment/
//!   experiment.toml                    what was run
//!   summary.json                       all figures
//!   report.html                        everything to look at
//!   models/three-layer/model.safetensors
//!   models/three-layer/history.csv
//!   figures/…                          PNG, charts also as SVG
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Experiment, Summary};
use crate::export::safetensors::Provenance;
use crate::export::{safetensors, write_atomically};
use crate::model::Autoencoder;
use crate::train::EpochReport;

const EXPERIMENT: &str = "experiment.toml";
const SUMMARY: &str = "summary.json";

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
        let failed = |source| DirectoryError::Write { path: path.to_owned(), source };
        let is_run = path.join(EXPERIMENT).is_file();
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
        fs::create_dir_all(path).map_err(failed)?;
        directory.write(EXPERIMENT, experiment.to_toml().as_bytes())?;
        Ok(directory)
    }

    /// Removes what a run writes, and nothing else.
    fn clear(&self) -> io::Result<()> {
        for folder in ["models", "figures"] {
            match fs::remove_dir_all(self.path.join(folder)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        for file in [SUMMARY, "report.html", EXPERIMENT] {
            match fs::remove_file(self.path.join(file)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
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

    /// Writes a model and its history.
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
        self.write(&format!("{folder}/model.safetensors"), &safetensors::to_bytes(model, provenance))?;
        self.write(&format!("{folder}/history.csv"), history_csv(history).as_bytes())
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

/// A header, then one line an epoch; the test loss is empty where it was not measured.
pub fn history_csv(history: &[EpochReport]) -> String {
    let mut csv = "epoch,training_loss,test_loss,seconds\n".to_owned();
    for EpochReport { epoch, training_loss, test_loss, duration } in history {
        let test_loss = test_loss.map(|loss| loss.to_string()).unwrap_or_default();
        csv.push_str(&format!("{epoch},{training_loss},{test_loss},{:.4}\n", duration.as_secs_f64()));
    }
    csv
}
