//! `narrows export`: a model for other programs.

use std::path::{Path, PathBuf};

use clap::Args;
use narrows::files::model;
use narrows::files::onnx::{self, Part};
use narrows::files::{npz, pytorch};

use crate::arguments::by_name;
use crate::commands::model_file::{LoadedModel, OneModel};
use crate::commands::output::{print, write_file};
use crate::commands::rows_out::{Replacing, refuse_existing};
use crate::failure::Failure;

/// Write a model for other programs: ONNX, NumPy's NPZ, a PyTorch module, or safetensors
///
/// ONNX files read and write raw rows: normalisation and missing values are part of them. They run in onnxruntime and any other
/// program for ONNX of opset 9 or later. The scorer gives the reconstruction error of each feature and each row too.
#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    model: OneModel,

    /// The format: onnx, npz, pytorch or safetensors; without it, what the ending of --out says
    #[arg(long, value_name = "NAME", value_parser = by_name(Format::ALL, Format::name))]
    format: Option<Format>,

    /// The file to write; the model's name in the current folder, if nothing is said
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// What of the model an ONNX file has: encoder, decoder, whole, or scorer, the whole with errors [default: whole]
    #[arg(long, value_name = "PART", value_parser = by_name(Part::ALL, Part::name))]
    part: Option<Part>,

    #[command(flatten)]
    replacing: Replacing,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Onnx,
    Npz,
    Pytorch,
    Safetensors,
}

impl Format {
    const ALL: [Self; 4] = [Self::Onnx, Self::Npz, Self::Pytorch, Self::Safetensors];

    fn name(self) -> &'static str {
        match self {
            Self::Onnx => "onnx",
            Self::Npz => "npz",
            Self::Pytorch => "pytorch",
            Self::Safetensors => "safetensors",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Pytorch => "py",
            other => other.name(),
        }
    }

    fn of_path(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_lowercase();
        Self::ALL.into_iter().find(|format| format.ending() == ending)
    }
}

impl Export {
    /// Does it.
    pub fn run(&self) -> Result<(), Failure> {
        let format = self.format.or_else(|| Format::of_path(self.out.as_deref()?));
        let format = format.ok_or_else(|| {
            Failure::user(
                "it is not said which format to write; expected --format onnx, npz, pytorch or safetensors, or --out with \
                 a file's name that ends with .onnx, .npz, .py or .safetensors",
            )
        })?;
        if self.part.is_some() && format != Format::Onnx {
            return Err(Failure::user("--part is for --format onnx; other formats have the whole model"));
        }
        let loaded = self.model.load()?;
        let out = self.out.clone().unwrap_or_else(|| self.default_path(&loaded, format));
        let mut written = vec![out.clone()];
        if format == Format::Pytorch {
            written.push(out.with_extension("safetensors"));
        }
        written.iter().try_for_each(|path| refuse_existing(path, self.replacing))?;
        self.write(&loaded, format, &written)?;
        print(&written.iter().map(|path| format!("{}\n", path.display())).collect::<String>())
    }

    fn write(&self, loaded: &LoadedModel, format: Format, paths: &[PathBuf]) -> Result<(), Failure> {
        let LoadedModel { model, provenance, .. } = loaded;
        let scorer = loaded.scorer()?;
        let scorer = scorer.as_ref();
        let save_model = |path: &Path| model::save_with_scorer(path, model, scorer, provenance);
        let path = &paths[0];
        match format {
            Format::Onnx => onnx::save(path, model, scorer, provenance, self.part.unwrap_or_default())?,
            Format::Npz => npz::save(path, model, scorer, provenance)?,
            Format::Safetensors => save_model(path)?,
            Format::Pytorch => {
                let weights = &paths[1];
                save_model(weights)?;
                let name = weights.file_name().unwrap_or_default().to_string_lossy();
                write_file(path, pytorch::module(model, provenance, &name).as_bytes())?;
            }
        }
        Ok(())
    }

    /// The model's name, with that of the part and of the format; as a Python module, a name that can be imported.
    fn default_path(&self, loaded: &LoadedModel, format: Format) -> PathBuf {
        let name = loaded.file_stem();
        let name = match (format, self.part) {
            (Format::Pytorch, _) => name.replace(|c: char| !c.is_ascii_alphanumeric(), "_"),
            (_, Some(part)) => format!("{name}-{}", part.name()),
            _ => name,
        };
        PathBuf::from(format!("{name}.{}", format.ending()))
    }
}
