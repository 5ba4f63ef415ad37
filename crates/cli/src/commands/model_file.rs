//! The MODEL argument: a model file, its folder, or a run directory, which stands for all of its models.

use std::path::{Path, PathBuf};

use clap::Args;
use narrows::dataset::{Dataset, Samples};
use narrows::evaluate::anomaly::AnomalyScorer;
use narrows::experiment::RunDirectory;
use narrows::files::model::{Provenance, load, load_scorer, save_with_scorer};
use narrows::files::onnx;
use narrows::model::Autoencoder;

use crate::failure::Failure;

const FILE: &str = "model.safetensors";

/// Which models.
#[derive(Debug, Args)]
pub struct Models {
    /// Model files (also ONNX files that narrows wrote), their folders, or run directories, which stand for all of their models: runs/assignment
    #[arg(value_name = "MODEL", required = true, num_args = 1..)]
    paths: Vec<PathBuf>,
}

/// A model that was named on the command line.
#[derive(Debug)]
pub struct LoadedModel {
    /// Its name; where several have the same, its path.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// The model.
    pub model: Autoencoder,
    /// How it came about.
    pub provenance: Provenance,
}

/// One model file.
#[derive(Debug)]
pub struct ModelFile {
    path: PathBuf,
}

impl Models {
    /// Those at one path.
    pub fn of(path: &Path) -> Self {
        Self { paths: vec![path.to_owned()] }
    }

    /// Reads them, in the order in which they are named; those of a run directory in its experiment's order. A model that is
    /// named twice is read once.
    pub fn load(&self) -> Result<Vec<LoadedModel>, Failure> {
        let mut files: Vec<PathBuf> = Vec::new();
        for path in &self.paths {
            for file in model_files(path)? {
                if !files.iter().any(|known| is_same(known, &file)) {
                    files.push(file);
                }
            }
        }
        let mut loaded = Vec::new();
        for path in files {
            let (model, provenance) = ModelFile { path: path.clone() }.load()?;
            let name = match provenance.name.is_empty() {
                true => path.display().to_string(),
                false => provenance.name.clone(),
            };
            loaded.push(LoadedModel { name, path, model, provenance });
        }
        tell_apart(&mut loaded);
        Ok(loaded)
    }
}

/// One model.
#[derive(Debug, Args)]
pub struct OneModel {
    /// A model file, its folder, or a run directory with one model: runs/assignment/models/three-layer
    #[arg(value_name = "MODEL")]
    path: PathBuf,
}

impl OneModel {
    /// Reads it.
    pub fn load(&self) -> Result<LoadedModel, Failure> {
        only(Models::of(&self.path).load()?)
    }
}

/// The one model that was named, where a command takes one.
pub fn only(mut models: Vec<LoadedModel>) -> Result<LoadedModel, Failure> {
    match (models.pop(), models.is_empty()) {
        (Some(model), true) => Ok(model),
        (last, _) => {
            let paths = models.iter().chain(&last).map(|model| model.folder().display().to_string());
            let paths: Vec<String> = paths.collect();
            Err(Failure::user(format!(
                "one model is needed here, and these are several: {}; name one",
                paths.join(", ")
            )))
        }
    }
}

impl LoadedModel {
    /// Which rows are anomalies to it, if its file says that.
    pub fn scorer(&self) -> Result<Option<AnomalyScorer>, Failure> {
        Ok(match is_onnx(&self.path) {
            true => onnx::load(&self.path)?.scorer,
            false => load_scorer(&self.path)?,
        })
    }

    /// Writes which rows are anomalies to it into its file.
    pub fn keep_scorer(&self, scorer: &AnomalyScorer) -> Result<(), Failure> {
        if is_onnx(&self.path) {
            let path = self.path.display();
            return Err(Failure::user(format!(
                "{path} is an ONNX file, which stays as it is; `narrows import {path} --out FILE.safetensors` makes a model \
                 file that keeps a threshold"
            )));
        }
        Ok(save_with_scorer(&self.path, &self.model, Some(scorer), &self.provenance)?)
    }

    /// Its folder, where its file has the usual name; else its file.
    fn folder(&self) -> &Path {
        let folder = self.path.parent().filter(|_| self.path.ends_with(FILE));
        folder.unwrap_or(&self.path)
    }

    /// What to call files that are made of it. A name from a file may be anything, also a path.
    pub fn file_stem(&self) -> String {
        let kept = |c: char| if c.is_alphanumeric() || "-_.+=".contains(c) { c } else { '_' };
        match self.provenance.name.chars().map(kept).collect::<String>().trim_start_matches('.') {
            "" => "model".to_owned(),
            name => name.to_owned(),
        }
    }

    /// Rows in the model's scale, if it reads such rows.
    pub fn samples(&self, data: &Dataset) -> Result<Samples, Failure> {
        self.model.samples(data).map_err(|error| Failure::user(format!("{}: {error}", self.name)))
    }
}

impl ModelFile {
    /// The one at a path, or in the folder there.
    pub fn at(path: &Path) -> Self {
        Self { path: if path.is_dir() { path.join(FILE) } else { path.to_owned() } }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it.
    pub fn load(&self) -> Result<(Autoencoder, Provenance), Failure> {
        let loaded = match is_onnx(&self.path) {
            true => onnx::load(&self.path).map(|onnx| (onnx.model, onnx.provenance)),
            false => load(&self.path),
        };
        loaded.map_err(|error| match siblings(&self.path) {
            Some(models) if !self.path.exists() => {
                Failure::user(format!("{error}; models there: {}", models.join(", ")))
            }
            _ => error.into(),
        })
    }
}

/// Whether a file is ONNX by its ending; other models are safetensors.
pub fn is_onnx(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx"))
}

/// The model files that a path stands for.
fn model_files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let is_run = path.join("models").is_dir() && !path.join(FILE).is_file();
    if !is_run {
        return Ok(vec![ModelFile::at(path).path]);
    }
    let files = RunDirectory::model_files(path)
        .map_err(|error| Failure::user(format!("{} cannot be read: {error}", path.display())))?;
    if files.is_empty() {
        return Err(Failure::user(format!(
            "{} holds no models; expected a model file, its folder, or a run directory with trained models",
            path.display()
        )));
    }
    Ok(files)
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// Gives models of one name their paths as names.
fn tell_apart(models: &mut [LoadedModel]) {
    let names: Vec<String> = models.iter().map(|model| model.name.clone()).collect();
    for model in models {
        if names.iter().filter(|name| **name == model.name).count() > 1 {
            model.name = model.folder().display().to_string();
        }
    }
}

/// The models of the run that a missing file would be in.
fn siblings(path: &Path) -> Option<Vec<String>> {
    let run = path.ancestors().skip(1).find(|folder| folder.is_dir())?;
    let models = if run.join("models").is_dir() { run.join("models") } else { run.to_owned() };
    let mut names: Vec<String> = std::fs::read_dir(models)
        .ok()?
        .flatten()
        .filter(|entry| entry.path().join(FILE).is_file())
        .map(|entry| entry.path().display().to_string())
        .collect();
    names.sort();
    (!names.is_empty()).then_some(names)
}
