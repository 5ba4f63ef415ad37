//! The MODEL argument: a model file, or a folder that holds one.

use std::path::{Path, PathBuf};

use clap::Args;
use narrows::dataset::{ImageShape, Parts, Source};
use narrows::export::safetensors::{Provenance, load};
use narrows::model::Autoencoder;
use narrows::report::picture::Picture;

use crate::failure::{Failure, with_suggestion};

/// Which model.
#[derive(Debug, Args)]
pub struct ModelFile {
    /// A model file, or its folder: runs/assignment/models/three-layer
    #[arg(value_name = "MODEL")]
    path: PathBuf,
}

impl ModelFile {
    /// The one at a path.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Reads it.
    pub fn load(&self) -> Result<(Autoencoder, Provenance), Failure> {
        let path = if self.path.is_dir() { self.path.join("model.safetensors") } else { self.path.clone() };
        load(&path).map_err(|error| match siblings(&path) {
            Some(models) if !path.exists() => {
                Failure::user(format!("{error}; models there: {}", models.join(", ")))
            }
            _ => error.into(),
        })
    }
}

/// The models of the run that a missing file would be in.
fn siblings(path: &Path) -> Option<Vec<String>> {
    let run = path.ancestors().skip(1).find(|folder| folder.is_dir())?;
    let models = if run.join("models").is_dir() { run.join("models") } else { run.to_owned() };
    let mut names: Vec<String> = std::fs::read_dir(models)
        .ok()?
        .flatten()
        .filter(|entry| entry.path().join("model.safetensors").is_file())
        .map(|entry| entry.path().display().to_string())
        .collect();
    names.sort();
    (!names.is_empty()).then_some(names)
}

/// Which data.
#[derive(Debug, Args)]
pub struct DataArgument {
    /// The data set, by name
    #[arg(id = "data", long, value_name = "NAME", default_value = "mnist")]
    name: String,
}

impl DataArgument {
    /// The source by its name.
    pub fn source(&self) -> Result<Source, Failure> {
        source(&self.name)
    }

    /// Reads the data.
    pub fn load(&self) -> Result<Parts, Failure> {
        Ok(self.source()?.load())
    }
}

/// A source of data by name; an unknown one names the nearest.
pub fn source(name: &str) -> Result<Source, Failure> {
    name.parse().map_err(|error: narrows::dataset::UnknownSource| {
        Failure::user(with_suggestion(error.to_string(), name, Source::NAMES))
    })
}

/// How a model's rows are drawn.
pub struct Pictures<'a> {
    model: &'a Autoencoder,
    image: ImageShape,
}

impl<'a> Pictures<'a> {
    /// Of a model of images; of another, there is nothing to draw.
    pub fn of(model: &'a Autoencoder) -> Result<Self, Failure> {
        let image = model
            .input
            .image()
            .ok_or_else(|| Failure::user("this model does not read images, so there is nothing to draw"))?;
        Ok(Self { model, image })
    }

    /// Rows in the model's scale as pictures.
    pub fn draw(&self, values: &[f32]) -> Vec<Picture> {
        let shown = self.model.input.unit_scale().expect("images have a range").of_model(values);
        shown
            .chunks_exact(self.model.architecture.inputs)
            .map(|pixels| {
                Picture::grey(self.image.height, self.image.width, pixels)
                    .expect("a model's image shape fits its rows")
            })
            .collect()
    }
}
