//! `narrows decode`: what a decoder makes of codes, written to a file or a folder.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use narrows::dataset::format::Values;
use narrows::dataset::load::{LoadError, LoadOptions, row_blocks};
use narrows::dataset::output::{OutputColumn, OutputRows, RowFormat, write_array, write_pictures};
use narrows::dataset::{DataError, ImageShape, Schema, ValueRange, byte_of};

use crate::arguments::Common;
use crate::commands::encode::code_column;
use crate::commands::model_file::{LoadedModel, OneModel};
use crate::commands::rows_out::{Replacing, RowsFile, refuse_existing};
use crate::failure::Failure;

/// Make rows of codes: what a model's decoder makes of each, in the units of the data
///
/// Codes are what `encode --out` writes: an array with a row for each code, or a table with the columns z1, z2, … They are read and written
/// block by block, so neither need fit into memory.
#[derive(Debug, Args)]
pub struct Decode {
    #[command(flatten)]
    model: OneModel,

    /// The codes: .npy, .csv, .parquet, …, told by content, or - for the standard input
    codes: String,

    /// What to write: .npy, .csv, .tsv or .parquet by its ending, - for CSV on the standard output; of images, a name without an ending
    /// is a folder of PNGs
    #[arg(long, value_name = "FILE or FOLDER")]
    out: DecodedFile,

    /// The column of the codes that names each row, to be written in front of what it becomes
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,

    #[command(flatten)]
    replacing: Replacing,
}

/// Where decoded rows go.
#[derive(Clone, Debug)]
pub enum DecodedFile {
    /// A file of rows.
    Rows(RowsFile),
    /// A folder of PNGs.
    Folder(PathBuf),
}

/// Takes rows in the units of the data, and what they are called.
type TakeRaw<'a> = &'a mut dyn FnMut(Vec<(String, OutputColumn)>, Vec<f32>) -> Result<(), Failure>;

impl FromStr for DecodedFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        match text != "-" && path.extension().is_none() && path.file_name().is_some() {
            true => Ok(Self::Folder(path)),
            false => text.parse().map(Self::Rows),
        }
    }
}

impl DecodedFile {
    /// Refuses what is there already, and a folder of pictures of rows that are none.
    pub fn check(&self, model: &LoadedModel, replacing: Replacing) -> Result<(), Failure> {
        match self {
            Self::Rows(file) => file.check(replacing),
            Self::Folder(folder) => {
                if model.model.input.image().is_none() {
                    return Err(Failure::user(format!(
                        "{} has no ending, so it is a folder for pictures, and {} does not read images; give a name that ends in \
                         .csv, .npy or .parquet",
                        folder.display(),
                        model.name
                    )));
                }
                // A folder of somebody's is never removed.
                refuse_existing(folder, Replacing { force: false }).map_err(|_| {
                    Failure::user(format!(
                        "{} exists already; give the name of a new folder",
                        folder.display()
                    ))
                })
            }
        }
    }

    /// Writes the rows that `fill` hands over, of a model; all of them or none.
    pub fn write(
        &self,
        model: &LoadedModel,
        fill: impl FnOnce(TakeRaw<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let input = &model.model.input;
        let image = input.image();
        match (self, image) {
            (Self::Folder(path), Some(image)) => {
                let range = input.schema().range().unwrap_or(ValueRange::BYTES);
                let written = write_pictures(path, image, |take| {
                    fill(&mut |_, raw| {
                        let bytes: Vec<u8> =
                            raw.iter().map(|&raw| byte_of(range.unit_of(raw).clamp(0.0, 1.0))).collect();
                        Ok(take(&bytes)?)
                    })
                });
                written.map_err(|failure: Failure| failure.writing(path.display()))
            }
            (Self::Rows(RowsFile::File(path, RowFormat::Npy)), Some(image)) => {
                let as_bytes = input.schema().range() == Some(ValueRange::BYTES);
                let written = write_array(path, &shape(image), as_bytes, |take| {
                    fill(&mut |_, raw| {
                        let values = match as_bytes {
                            // The conversion ends at 0 and at 255.
                            true => Values::Bytes(raw.iter().map(|raw| raw.round() as u8).collect()),
                            false => Values::Numbers(raw),
                        };
                        Ok(take(&values)?)
                    })
                });
                written.map_err(|failure: Failure| failure.writing(path.display()))
            }
            (Self::Rows(file), _) => {
                let schema = input.schema();
                let name = |index: usize| match schema.columns() {
                    Some(columns) => columns[index].clone(),
                    None => format!("x{index}"),
                };
                let names: Vec<String> = (0..schema.features()).map(name).collect();
                file.write(|take| {
                    fill(&mut |columns, numbers| take(&OutputRows { columns, names: names.clone(), numbers }))
                })
            }
            (Self::Folder(_), None) => unreachable!("it was checked that there are images"),
        }
    }
}

impl Decode {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let model = self.model.load()?;
        self.out.check(&model, self.replacing)?;
        let latent = model.model.architecture.latent();
        let schema = Schema::table((1..=latent).map(code_column).collect()).map_err(Failure::failed)?;
        let options = LoadOptions { id: self.id.clone(), ..LoadOptions::of(self.codes.clone()) };
        let wrong = |error: LoadError| match error {
            LoadError::Data { path, source: DataError::Features { found, .. } } => Failure::user(format!(
                "{path} has codes of {found} numbers, and those of {} have {latent}; give codes that this model has made",
                model.name
            )),
            error => error.into(),
        };
        let blocks = row_blocks(&schema, &options, common.threads()).map_err(wrong)?;
        let (predictor, mut compute) = (model.model.predictor()?, common.compute()?);
        self.out.write(&model, |take| {
            for block in blocks {
                let block = block.map_err(wrong)?;
                let codes: Vec<f32> =
                    (0..block.rows.rows()).flat_map(|row| block.rows.raw_row(row)).collect();
                let raw = model.model.input.raw(&predictor.decode(&mut compute, &codes)?);
                let text = |ids: Vec<String>| OutputColumn::Text(ids.into_iter().map(Some).collect());
                let ids = self.id.clone().zip(block.ids.map(text));
                take(ids.into_iter().collect(), raw)?;
            }
            Ok(())
        })
    }
}

fn shape(image: ImageShape) -> Vec<usize> {
    match image.channels {
        1 => vec![image.height, image.width],
        channels => vec![image.height, image.width, channels],
    }
}
