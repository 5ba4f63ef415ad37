//! `narrows import`: a model from the files of other programs.

use std::path::PathBuf;

use clap::Args;
use narrows::dataset::load::ImageSize;
use narrows::dataset::{
    Dataset, ImageShape, Normalisation, NormalisationError, NormalisationKind, Schema, Values,
};
use narrows::files::model::{Provenance, save, save_with_scorer};
use narrows::files::onnx;
use narrows::files::state_dict::{self, Activations};
use narrows::model::{Autoencoder, HiddenActivation, InputSpec, OutputActivation};

use crate::arguments::named;
use crate::commands::model_file::{ModelFile, is_onnx};
use crate::commands::output::print;
use crate::commands::rows_out::{Replacing, refuse_existing};
use crate::failure::Failure;

/// Make a model file of a PyTorch state dict, or of an ONNX file that narrows wrote
///
/// A state dict is a safetensors file with encoder.0.weight, encoder.0.bias, encoder.2.weight … and the same of decoder. It says
/// nothing of the data: --like takes that from another model, --image says it of images.
#[derive(Debug, Args)]
pub struct Import {
    /// A state dict (.safetensors) or an ONNX file (.onnx)
    file: PathBuf,

    /// The model file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// The activation after each hidden layer of a state dict, if its metadata does not say it
    #[arg(long, value_name = "NAME", value_parser = named::<HiddenActivation>())]
    activation: Option<HiddenActivation>,

    /// The activation after the last layer of a state dict, if its metadata does not say it
    #[arg(long, value_name = "NAME", value_parser = named::<OutputActivation>())]
    output: Option<OutputActivation>,

    /// A model that reads the same data: columns, normalisation and missing values are as in this one
    #[arg(long, value_name = "MODEL", conflicts_with_all = ["image", "normalisation"])]
    like: Option<PathBuf>,

    /// The data of a state dict is images of bytes of this size: 28x28
    #[arg(long, value_name = "HEIGHTxWIDTH", requires = "normalisation")]
    image: Option<ImageSize>,

    /// How such images become the model's input: symmetric, to [-1, 1], or unit, to [0, 1]
    #[arg(long, value_name = "NAME", requires = "image", value_parser = named::<NormalisationKind>())]
    normalisation: Option<NormalisationKind>,

    /// What to call the model; a state dict's file name, if nothing is said
    #[arg(long)]
    name: Option<String>,

    #[command(flatten)]
    replacing: Replacing,
}

impl Import {
    /// Does it.
    pub fn run(&self) -> Result<(), Failure> {
        refuse_existing(&self.out, self.replacing)?;
        match is_onnx(&self.file) {
            true => self.import_onnx()?,
            false => self.import_state_dict()?,
        }
        print(&format!("{}\n", self.out.display()))
    }

    fn import_onnx(&self) -> Result<(), Failure> {
        let is_of_state_dicts =
            self.activation.is_some() || self.output.is_some() || self.like.is_some() || self.image.is_some();
        if is_of_state_dicts {
            return Err(Failure::user(
                "--activation, --output, --like and --image are for state dicts; an ONNX file says all this itself",
            ));
        }
        let onnx::OnnxModel { model, scorer, mut provenance, .. } = onnx::load(&self.file)?;
        if let Some(name) = &self.name {
            provenance.name.clone_from(name);
        }
        Ok(save_with_scorer(&self.out, &model, scorer.as_ref(), &provenance)?)
    }

    fn import_state_dict(&self) -> Result<(), Failure> {
        let given = Activations { hidden: self.activation, output: self.output };
        let (architecture, parameters) = state_dict::load(&self.file, given)?;
        let input = self.input(architecture.inputs)?;
        let stem = || self.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let provenance = Provenance {
            name: self.name.clone().unwrap_or_else(stem),
            narrows: env!("CARGO_PKG_VERSION").to_owned(),
            ..Provenance::default()
        };
        Ok(save(&self.out, &Autoencoder { architecture, parameters, input }, &provenance)?)
    }

    /// What the data of a state dict with so many inputs looks like.
    fn input(&self, features: usize) -> Result<InputSpec, Failure> {
        if let Some(like) = &self.like {
            return Ok(ModelFile::at(like).load()?.0.input);
        }
        let (Some(ImageSize { height, width }), Some(kind)) = (self.image, self.normalisation) else {
            let schema = Schema::rows(features).map_err(Failure::user)?;
            return InputSpec::new(Normalisation::identity(), schema).map_err(Failure::user);
        };
        let channels = features / (height * width).max(1);
        let schema = Schema::images(ImageShape { height, width, channels }).ok();
        let schema = schema.filter(|schema| schema.features() == features).ok_or_else(|| {
            let pixels = height * width;
            Failure::user(format!(
                "the model reads {features} numbers, and images of {height} × {width} pixels have {pixels} in grey and {} in colour",
                3 * pixels
            ))
        })?;
        // Of images, a normalisation follows from the range of bytes: no row is needed.
        let images = Dataset::new("images", schema, Values::Bytes(Vec::new()), None)?;
        InputSpec::fit(kind, &images).map_err(|error| match error {
            NormalisationError::NoRows(_) => {
                Failure::user("standard is fitted to data, which is not here; expected symmetric or unit")
            }
            error => Failure::user(error),
        })
    }
}
