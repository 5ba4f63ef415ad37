//! The run directory: which files a run leaves, and where.
//!
//! ```text
//! runs/assignment/
//!   experiment.toml                    what was run
//!   summary.json                       all figures
//!   report.html                        everything to look at
//!   models/three-layer/model.safetensors
//!   models/three-layer/history.csv    epoch, training loss, seconds; test loss if it was measured
//!   models/three-layer/snapshots.safetensors
//!   models/three-layer/seed-2.safetensors  where the verdict rests on several seeds
//!   models/three-layer/checkpoint.safetensors  and checkpoint-previous.safetensors, while it is trained
//!   sweep.json, sweep.csv, best/model.safetensors  of a sweep, in place of summary.json
//!   judge.safetensors                  who judged interpolations
//!   figures/…                          PNG, charts also as SVG
//! ```

mod claim;
mod entries;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use self::entries::{entries, unless_missing};
use super::{Experiment, Summary};
use crate::dataset::Split;
use crate::files::checkpoint::Checkpoint;
use crate::files::judge::TrainedOn;
use crate::files::model::Provenance;
use crate::files::{
    self, LoadError, MAX_EXPERIMENT_BYTES, MAX_SUMMARY_BYTES, SaveError, judge, read_at_most, read_text,
    snapshots, write_atomically,
};
use crate::interpolate::judge::Judge;
use crate::model::Autoencoder;
use crate::report::live::Snapshot;
use crate::train::EpochReport;

/// What tells a run directory from a folder in which somebody keeps an experiment of their own.
const MARK: &str = "# What was run in this folder, written by narrows.\n\n";
const EXPERIMENT: &str = "experiment.toml";
pub(super) const SUMMARY: &str = "summary.json";
const REPORT: &str = "report.html";
pub(super) const SWEEP: &str = "sweep.json";
pub(super) const SWEEP_TABLE: &str = "sweep.csv";
/// The folder of a sweep's best model.
pub(super) const BEST: &str = "best";
const SPLIT: &str = "split.json";
pub(super) const JUDGE: &str = "judge.safetensors";
pub(super) const MODEL: &str = "model.safetensors";
const HISTORY: &str = "history.csv";
pub(super) const SNAPSHOTS: &str = "snapshots.safetensors";

/// What begins the name of a checkpoint of the model, or of the same with another seed.
fn checkpoint_stem(seed: Option<u64>) -> String {
    seed.map_or("checkpoint".to_owned(), |seed| format!("seed-{seed}-checkpoint"))
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
    #[error(
        "{} already holds a run; go on with it by --resume, replace it by --force, or give another folder with --out",
        .0.display()
    )]
    Run(PathBuf),
    /// It holds a run of another experiment, which cannot be gone on with.
    #[error(
        "{} holds a run of another experiment, or with other settings ({EXPERIMENT} there says which); --resume needs the same. \
         Give another folder with --out, or replace the run by --force",
        .0.display()
    )]
    Other(PathBuf),
    /// It holds something else, which is not ours to replace.
    #[error("{} is not empty and holds no run of narrows; give another folder with --out", .0.display())]
    Foreign(PathBuf),
    /// Another run is writing into it.
    #[error(
        "another narrows is running into {} now; wait until it has ended, end it, or give another folder with --out",
        .0.display()
    )]
    Busy(PathBuf),
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
    /// Go on with it, if it is of the same experiment; without a run, begin one.
    Resume,
}

impl RunDirectory {
    /// The one in a folder, to be read.
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Whether a folder belongs to a run.
    pub fn is_run(path: &Path) -> bool {
        read_at_most(&path.join(EXPERIMENT), MAX_EXPERIMENT_BYTES)
            .is_ok_and(|text| text.starts_with(MARK.as_bytes()))
    }

    /// Whether that run is a sweep.
    pub fn is_sweep(path: &Path) -> bool {
        let text = read_text(&path.join(EXPERIMENT), MAX_EXPERIMENT_BYTES).unwrap_or_default();
        Self::is_run(path) && Experiment::from_toml(&text).is_ok_and(|experiment| experiment.sweep.is_some())
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
        self.write(&format!("{folder}/{MODEL}"), &files::model::to_bytes(model, provenance)?)?;
        if provenance.training.is_none() {
            return Ok(());
        }
        self.write(&format!("{folder}/{HISTORY}"), files::history::to_csv(history).as_bytes())
    }

    /// Writes a model that was trained with a seed of its own, and its history.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_model_of_seed(
        &self,
        model: &Autoencoder,
        provenance: &Provenance,
        history: &[EpochReport],
        seed: u64,
    ) -> Result<(), DirectoryError> {
        let stem = format!("models/{}/seed-{seed}", provenance.name);
        // The model last: a training whose model is there is done, and has its history.
        self.write(&format!("{stem}-{HISTORY}"), files::history::to_csv(history).as_bytes())?;
        self.write(&format!("{stem}.safetensors"), &files::model::to_bytes(model, provenance)?)
    }

    /// Writes where the training of a model is, or of the same with another seed; the checkpoint before it is kept too.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_checkpoint(
        &self,
        model: &str,
        seed: Option<u64>,
        checkpoint: &Checkpoint,
    ) -> Result<(), DirectoryError> {
        let [newest, previous] = self.checkpoints(model, seed);
        // A run that is killed between these has the previous one.
        unless_missing(fs::rename(&newest, &previous))
            .map_err(|source| DirectoryError::Write { path: previous, source })?;
        let name = format!("models/{model}/{}.safetensors", checkpoint_stem(seed));
        self.write(&name, &files::checkpoint::to_bytes(checkpoint))
    }

    /// The newest checkpoint of a model that can be read, if it has any.
    ///
    /// # Errors
    /// If there are some, and none can be read.
    pub fn read_checkpoint(&self, model: &str, seed: Option<u64>) -> Result<Option<Checkpoint>, LoadError> {
        let mut first_error = None;
        for path in self.checkpoints(model, seed).iter().filter(|path| path.exists()) {
            match files::checkpoint::load(path) {
                Ok(checkpoint) => return Ok(Some(checkpoint)),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        first_error.map_or(Ok(None), Err)
    }

    /// Removes the checkpoints of a model that is finished.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn remove_checkpoints(&self, model: &str, seed: Option<u64>) -> Result<(), DirectoryError> {
        self.checkpoints(model, seed).into_iter().try_for_each(|path| {
            unless_missing(fs::remove_file(&path)).map_err(|source| DirectoryError::Write { path, source })
        })
    }

    /// Where the newest checkpoint and the one before it are.
    fn checkpoints(&self, model: &str, seed: Option<u64>) -> [PathBuf; 2] {
        let stem = checkpoint_stem(seed);
        [stem.clone(), format!("{stem}-previous")]
            .map(|name| self.model_folder(model).join(format!("{name}.safetensors")))
    }

    /// The folder of a model.
    pub(super) fn model_folder(&self, name: &str) -> PathBuf {
        self.path.join("models").join(name)
    }

    /// The file of a model.
    pub(super) fn model(&self, name: &str) -> PathBuf {
        self.model_folder(name).join(MODEL)
    }

    /// The file of a model that was trained with another seed than the experiment's.
    pub(super) fn model_of_seed(&self, name: &str, seed: u64) -> PathBuf {
        self.model_folder(name).join(format!("seed-{seed}.safetensors"))
    }

    /// The file of the judge.
    pub(super) fn judge(&self) -> PathBuf {
        self.path.join(JUDGE)
    }

    /// Writes how a model reconstructed the test images `rows` while it learned, if there is anything to show.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_snapshots(
        &self,
        model: &str,
        rows: &[usize],
        taken: &[Snapshot],
    ) -> Result<(), DirectoryError> {
        if taken.is_empty() {
            return Ok(());
        }
        self.write(&format!("models/{model}/{SNAPSHOTS}"), &snapshots::to_bytes(rows, taken))
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

    /// Writes which rows are trained on, validated on and tested on, to be given again.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_split(&self, split: &Split) -> Result<(), DirectoryError> {
        self.write(SPLIT, format!("{}\n", split.to_json()).as_bytes())
    }

    /// The model files of the run in a folder, in the experiment's order; those that it does not name come last, by name. Of a sweep,
    /// the best.
    ///
    /// # Errors
    /// If the folder's models cannot be listed.
    pub fn model_files(path: &Path) -> io::Result<Vec<PathBuf>> {
        let best = path.join(BEST).join(MODEL);
        if best.is_file() {
            return Ok(vec![best]);
        }
        let order = experiment_order(&path.join(EXPERIMENT));
        let mut folders = entries(&path.join("models"))?;
        folders.retain(|folder| folder.join(MODEL).is_file());
        folders.sort_by_key(|folder| {
            let name = folder.file_name().unwrap_or_default().to_owned();
            (order.iter().position(|model| *name == **model).unwrap_or(order.len()), name)
        });
        Ok(folders.into_iter().map(|folder| folder.join(MODEL)).collect())
    }

    /// The summary of the run that an experiment is to be compared with, beside this one, if it has been run.
    pub(super) fn compared_with(&self, experiment: &Experiment) -> Option<Summary> {
        Self::read_summary(&self.path.parent()?.join(experiment.compare_with.as_ref()?))
    }

    /// The summary of the run in a folder, if there is one that this narrows can read.
    pub fn read_summary(path: &Path) -> Option<Summary> {
        serde_json::from_slice(&read_at_most(&path.join(SUMMARY), MAX_SUMMARY_BYTES).ok()?).ok()
    }
}

/// The names of an experiment's models. Nothing else is read, so that experiments of other versions have an order too.
fn experiment_order(file: &Path) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        name: String,
    }
    #[derive(serde::Deserialize)]
    struct Models {
        models: Vec<Named>,
    }
    let text = read_text(file, MAX_EXPERIMENT_BYTES).unwrap_or_default();
    let models = toml::from_str(&text).map(|Models { models }| models).unwrap_or_default();
    models.into_iter().map(|model| model.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_come_in_the_order_of_the_experiment_and_strangers_last() {
        let folder = std::env::temp_dir().join(format!("narrows-directory-{}", std::process::id()));
        for name in ["a", "b", "c", "stranger"] {
            fs::create_dir_all(folder.join("models").join(name)).unwrap();
            fs::write(folder.join("models").join(name).join("model.safetensors"), b"").unwrap();
        }
        fs::create_dir_all(folder.join("models/not-begun")).unwrap();
        let experiment = "title = 'x'\n[[models]]\nname = 'c'\n[[models]]\nname = 'not-begun'\n[[models]]\nname = 'a'\n\
                          [[models]]\nname = 'b'\n";
        fs::write(folder.join(EXPERIMENT), experiment).unwrap();
        let models = RunDirectory::model_files(&folder).unwrap();
        let names = ["c", "a", "b", "stranger"];
        assert_eq!(models, names.map(|name| folder.join("models").join(name).join("model.safetensors")));
        fs::remove_dir_all(&folder).unwrap();
    }
}
