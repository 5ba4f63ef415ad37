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

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::lock::{LOCK, RunLock};
use super::{Experiment, Summary};
use crate::dataset::Split;
use crate::files::checkpoint::Checkpoint;
use crate::files::judge::TrainedOn;
use crate::files::model::Provenance;
use crate::files::{
    self, LoadError, MAX_EXPERIMENT_BYTES, MAX_SUMMARY_BYTES, SaveError, is_temporary, judge, read_at_most,
    read_text, snapshots, write_atomically,
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
const MODEL_FILES: [&str; 3] = [MODEL, HISTORY, SNAPSHOTS];
pub(super) const MODEL: &str = "model.safetensors";
const HISTORY: &str = "history.csv";
pub(super) const SNAPSHOTS: &str = "snapshots.safetensors";

/// `seed-2.safetensors`
fn is_of_a_seed(name: &str) -> bool {
    let seed = name.strip_prefix("seed-").and_then(|name| name.strip_suffix(".safetensors"));
    seed.is_some_and(|seed| !seed.is_empty() && seed.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What begins the name of a checkpoint of the model, or of the same with another seed.
fn checkpoint_stem(seed: Option<u64>) -> String {
    seed.map_or("checkpoint".to_owned(), |seed| format!("seed-{seed}-checkpoint"))
}

fn is_checkpoint(name: &str) -> bool {
    let stem = name.strip_suffix(".safetensors").map(|name| name.strip_suffix("-previous").unwrap_or(name));
    stem.is_some_and(|stem| {
        let seed = stem.strip_prefix("seed-").and_then(|stem| stem.strip_suffix("-checkpoint"));
        stem == "checkpoint" || seed.is_some_and(|seed| is_of_a_seed(&format!("seed-{seed}.safetensors")))
    })
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
    /// Makes the folder, empty but for the experiment and what a run that is resumed has left, and locks it for as long as the lock lives.
    ///
    /// # Errors
    /// If it holds something already, another run is writing into it, or it cannot be made.
    pub fn create(
        path: &Path,
        experiment: &Experiment,
        existing: Existing,
    ) -> Result<(Self, RunLock), DirectoryError> {
        let directory = Self::at(path);
        let failed = |source| DirectoryError::Unusable { path: path.to_owned(), source };
        fs::create_dir_all(path).map_err(failed)?;
        let lock = RunLock::of(path)?;
        let is_empty = !entries(path).map_err(failed)?.iter().any(|entry| !is_passing(entry));
        match (is_empty, Self::is_run(path), existing) {
            (false, false, _) => return Err(DirectoryError::Foreign(path.to_owned())),
            (false, true, Existing::Keep) => return Err(DirectoryError::Run(path.to_owned())),
            (false, true, Existing::Resume) => {
                directory.check_same(experiment)?;
                directory.remove_temporaries().map_err(failed)?;
                return Ok((directory, lock));
            }
            (true, ..) | (false, true, Existing::Replace) => directory.clear().map_err(failed)?,
        }
        directory.write(EXPERIMENT, format!("{MARK}{}", experiment.to_toml()).as_bytes())?;
        Ok((directory, lock))
    }

    fn check_same(&self, experiment: &Experiment) -> Result<(), DirectoryError> {
        match Self::experiment_at(&self.path).is_some_and(|own| own == *experiment) {
            true => Ok(()),
            false => Err(DirectoryError::Other(self.path.clone())),
        }
    }

    /// What the run in a folder was asked to do, if there is one.
    pub fn experiment_at(path: &Path) -> Option<Experiment> {
        let text = read_text(&path.join(EXPERIMENT), MAX_EXPERIMENT_BYTES).ok()?;
        Experiment::from_toml(&text).ok()
    }

    /// Removes what a run that was killed was writing.
    fn remove_temporaries(&self) -> io::Result<()> {
        let folders = [self.path.clone(), self.path.join("figures"), self.path.join(BEST)];
        let models = entries(&self.path.join("models"))?;
        folders.iter().chain(&models).try_for_each(|folder| remove_matching(folder, is_temporary))
    }

    /// Removes what a run writes, and nothing else: a file that somebody put beside a model stays.
    fn clear(&self) -> io::Result<()> {
        let models = self.path.join("models");
        for folder in entries(&models)? {
            remove_files(&folder, |name| {
                MODEL_FILES.contains(&name) || is_of_a_seed(name) || is_checkpoint(name) || is_temporary(name)
            })?;
        }
        remove_if_empty(&models);
        remove_files(&self.path.join("figures"), |name| {
            name.ends_with(".png") || name.ends_with(".svg") || is_temporary(name)
        })?;
        remove_files(&self.path.join(BEST), |name| name == MODEL || is_temporary(name))?;
        remove_matching(&self.path, is_temporary)?;
        // The experiment last: if this is interrupted, what is left is still known as a run.
        [SUMMARY, SWEEP, SWEEP_TABLE, REPORT, JUDGE, SPLIT, EXPERIMENT]
            .into_iter()
            .try_for_each(|file| unless_missing(fs::remove_file(self.path.join(file))))
    }

    /// The one in a folder, to be read.
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Whether a folder belongs to a run.
    pub fn is_run(path: &Path) -> bool {
        read_at_most(&path.join(EXPERIMENT), MAX_EXPERIMENT_BYTES)
            .is_ok_and(|text| text.starts_with(MARK.as_bytes()))
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
        self.write(&format!("{folder}/{HISTORY}"), history_csv(history).as_bytes())
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
        self.write(&name, &files::model::to_bytes(model, provenance)?)
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

    /// The model files of the run in a folder, in the experiment's order; those that it does not name come last, by name.
    ///
    /// # Errors
    /// If the folder's models cannot be listed.
    pub fn model_files(path: &Path) -> io::Result<Vec<PathBuf>> {
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

/// Whether an entry of a run directory belongs to nobody: the lock's, or what a run that was killed was writing.
fn is_passing(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name == LOCK || is_temporary(name))
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
    remove_matching(folder, wanted)?;
    remove_if_empty(folder);
    Ok(())
}

fn remove_matching(folder: &Path, wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    for path in entries(folder)? {
        if path.is_file() && path.file_name().and_then(|name| name.to_str()).is_some_and(&wanted) {
            unless_missing(fs::remove_file(&path))?;
        }
    }
    Ok(())
}

fn remove_if_empty(folder: &Path) {
    // Refused where something is left, which then is not ours.
    let _ = fs::remove_dir(folder);
}

/// A header, then one line an epoch. The columns `validation_loss` and `test_loss` are there if they were measured; after
/// epochs without a measurement their field is empty, which programs read as a missing number.
pub fn history_csv(history: &[EpochReport]) -> String {
    type Loss = fn(&EpochReport) -> Option<f64>;
    let columns: [(&str, Loss); 2] =
        [("validation_loss", |epoch| epoch.validation_loss), ("test_loss", |epoch| epoch.test_loss)];
    let columns: Vec<(&str, Loss)> =
        columns.into_iter().filter(|(_, loss)| history.iter().any(|epoch| loss(epoch).is_some())).collect();
    let names: String = columns.iter().map(|(name, _)| format!("{name},")).collect();
    let mut csv = format!("epoch,training_loss,{names}seconds\n");
    for report in history {
        csv.push_str(&format!("{},{},", report.epoch, report.training_loss));
        for (_, loss) in &columns {
            csv.push_str(&format!("{},", loss(report).map(|loss| loss.to_string()).unwrap_or_default()));
        }
        csv.push_str(&format!("{:.4}\n", report.duration.as_secs_f64()));
    }
    csv
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn epoch(epoch: usize, test_loss: Option<f64>) -> EpochReport {
        let duration = Duration::from_millis(1500);
        EpochReport { epoch, training_loss: 0.5, validation_loss: None, test_loss, duration }
    }

    #[test]
    fn a_history_has_a_test_loss_only_where_it_was_measured() {
        let never = history_csv(&[epoch(1, None), epoch(2, None)]);
        assert_eq!(never, "epoch,training_loss,seconds\n1,0.5,1.5000\n2,0.5,1.5000\n");
        let every_second = history_csv(&[epoch(1, None), epoch(2, Some(0.25))]);
        assert_eq!(every_second, "epoch,training_loss,test_loss,seconds\n1,0.5,,1.5000\n2,0.5,0.25,1.5000\n");
    }

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
