//! Making a folder a run's own: nothing of somebody else is replaced, and of an earlier run what was asked for.

use std::fs;
use std::io;
use std::path::Path;

use super::entries::{entries, remove_files, remove_if_empty, remove_matching, unless_missing};
use super::{
    BEST, DirectoryError, EXPERIMENT, Existing, HISTORY, JUDGE, MARK, MODEL, REPORT, RunDirectory, SNAPSHOTS,
    SPLIT, SUMMARY, SWEEP, SWEEP_TABLE,
};
use crate::experiment::Experiment;
use crate::experiment::lock::{LOCK, RunLock};
use crate::files::{MAX_EXPERIMENT_BYTES, is_temporary, read_text};

/// `exact-pca.safetensors` was put beside a model by `score` or `detect`.
const MODEL_FILES: [&str; 4] = [MODEL, HISTORY, SNAPSHOTS, "exact-pca.safetensors"];

/// What `detect` puts into a run's folder.
const DETECTED: [&str; 3] = ["anomalies.html", "anomalies.csv", "scores.csv"];

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
        DETECTED
            .into_iter()
            .chain([SUMMARY, SWEEP, SWEEP_TABLE, REPORT, JUDGE, SPLIT, EXPERIMENT])
            .try_for_each(|file| unless_missing(fs::remove_file(self.path.join(file))))
    }
}

/// Whether an entry of a run directory belongs to nobody: the lock's, or what a run that was killed was writing.
fn is_passing(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name == LOCK || is_temporary(name))
}

/// `seed-2.safetensors`, `seed-2-history.csv`
fn is_of_a_seed(name: &str) -> bool {
    let rest = name.strip_prefix("seed-");
    let seed = rest.and_then(|rest| rest.strip_suffix(".safetensors").or(rest.strip_suffix("-history.csv")));
    seed.is_some_and(|seed| !seed.is_empty() && seed.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_checkpoint(name: &str) -> bool {
    let stem = name.strip_suffix(".safetensors").map(|name| name.strip_suffix("-previous").unwrap_or(name));
    stem.is_some_and(|stem| {
        let seed = stem.strip_prefix("seed-").and_then(|stem| stem.strip_suffix("-checkpoint"));
        stem == "checkpoint" || seed.is_some_and(|seed| is_of_a_seed(&format!("seed-{seed}.safetensors")))
    })
}
