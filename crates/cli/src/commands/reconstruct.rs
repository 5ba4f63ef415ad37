//! `narrows reconstruct`: images over what models make of them, or rows of a table beside it; or the reconstructions of all rows, written to
//! a file.

use std::str::FromStr;

use clap::Args;
use narrows::compute::Compute;
use narrows::dataset::{FoundRow, Part, Parts, RowName, Which};
use narrows::report::gallery::{Row, rows};
use narrows::report::palette;
use narrows::report::panels::{Key, panels};

use crate::arguments::Common;
use crate::commands::blocks::AllRows;
use crate::commands::data_arguments::{DataForModels, with_id};
use crate::commands::decode::DecodedFile;
use crate::commands::model_file::{LoadedModel, Models, only};
use crate::commands::output::print;
use crate::commands::pictures::{PictureFile, Pictures};
use crate::commands::profiles::{GREY, Line, PANEL, Profiles, SCALE};
use crate::commands::rows_out::Replacing;
use crate::failure::Failure;

/// Draw images and, under them, each model's reconstructions; or rows of a table as lines, with each model's over them
///
/// Errors are per pixel or column, in the scale of the model's input. What is missing in a row of a table is a gap in its line; the
/// models' lines fill it.
///
/// With an --out of rows (.csv, .tsv, .npy, .parquet, or - for CSV on the standard output) or, of images, a folder of PNGs, the
/// reconstructions of all rows are written, in the units of the data. They are read and written block by block, so neither need fit into
/// memory.
#[derive(Debug, Args)]
pub struct Reconstruct {
    #[command(flatten)]
    models: Models,

    #[command(flatten)]
    data: AllRows,

    /// Which images are drawn, for instance 7, test:7:3 or test#42 [default: the first of each class of the test set]
    #[arg(long, value_name = "ROW", num_args = 1.., value_delimiter = ',')]
    rows: Vec<RowName>,

    /// The picture to write, .png or .svg; or the file or folder for the reconstructions of all rows
    #[arg(long, value_name = "FILE", default_value = "reconstructions.png")]
    out: Out,

    /// With a file of rows: fill in what is missing, and leave the other values as they are
    #[arg(long)]
    fill: bool,

    #[command(flatten)]
    replacing: Replacing,
}

/// What is written.
#[derive(Clone, Debug)]
enum Out {
    Picture(PictureFile),
    Rows(DecodedFile),
}

impl FromStr for Out {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(picture) => Ok(Self::Picture(picture)),
            Err(why) => {
                let why: String = why;
                text.parse().map(Self::Rows).map_err(|other: String| format!("{why}; {other}"))
            }
        }
    }
}

impl Reconstruct {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let models = self.models.load()?;
        let out = match &self.out {
            Out::Picture(out) => out,
            Out::Rows(out) if self.rows.is_empty() => return self.write(only(models)?, out, common),
            Out::Rows(_) => {
                return Err(Failure::user(
                    "--rows names rows to be drawn, and --out is no picture; give an --out that ends in .png or .svg, or no --rows",
                ));
            }
        };
        if self.fill {
            return Err(Failure::user(
                "--fill goes with a file of rows; give an --out that ends in .csv, for instance",
            ));
        }
        let DataForModels { parts: data, name: source } = self.data.data().load_for(&models, common)?;
        let names = if self.rows.is_empty() { first_of_each_class(&data) } else { self.rows.clone() };
        let mut compute = common.compute()?;
        let drawn = match data.schema().image() {
            Some(_) => images(&models, &data, &source, &names, &mut compute)?,
            None => lines(&models, &data, &source, &names, &mut compute)?,
        };
        out.write(&drawn)?;
        print(&format!("{}\n", out.shown()))
    }

    /// The reconstructions of all rows by one model.
    fn write(&self, model: LoadedModel, out: &DecodedFile, common: &Common) -> Result<(), Failure> {
        out.check(&model, self.replacing)?;
        let (predictor, mut compute) = (model.model.predictor()?, common.compute()?);
        out.write(&model, |take| {
            self.data.for_each(&model, common, |block| {
                let samples = model.samples(&block.rows)?;
                let raw = match self.fill {
                    true => predictor.filled(&mut compute, &samples)?,
                    false => model.model.input.raw(&predictor.reconstruct(&mut compute, &samples)?),
                };
                take(block.names(), raw)
            })
        })
    }
}

/// What a model makes of a row.
struct Reconstruction {
    /// In the model's scale.
    values: Vec<f32>,
    /// The mean squared error of the values that are there, in the same scale.
    error: f32,
}

/// A row of images over a row of reconstructions for each model.
fn images(
    models: &[LoadedModel],
    data: &Parts,
    source: &str,
    names: &[RowName],
    compute: &mut Compute,
) -> Result<String, Failure> {
    let pictures = models.iter().map(Pictures::of).collect::<Result<Vec<_>, _>>()?;
    let mut originals = Row { label: "original".to_owned(), ..Row::default() };
    let mut drawn: Vec<Row> =
        models.iter().enumerate().map(|(place, model)| empty_row(&model.name, place)).collect();
    for name in names {
        let found = name.find(data)?;
        originals.notes.push(note(name, &found, data));
        originals.pictures.extend(pictures[0].draw(&models[0].samples(&found.row()?)?.row(0)));
        for (place, (model, row_of_pictures)) in models.iter().zip(&mut drawn).enumerate() {
            let reconstruction = reconstruct(model, &found, compute)?;
            row_of_pictures.pictures.extend(pictures[place].draw(&reconstruction.values));
            row_of_pictures.notes.push(format!("{:.4}", reconstruction.error));
        }
    }
    drawn.insert(0, originals);
    let title = format!("{source}: images over their reconstructions, with the mean squared error per pixel");
    Ok(rows(&title, &drawn))
}

/// A panel for each row of a table, with its line and those of all models.
fn lines(
    models: &[LoadedModel],
    data: &Parts,
    source: &str,
    names: &[RowName],
    compute: &mut Compute,
) -> Result<String, Failure> {
    let profiles = Profiles::of(data)?;
    let colour = |place: usize| palette::style(place).colour.light;
    let mut drawn = Vec::new();
    for name in names {
        let found = name.find(data)?;
        let (mut raw, mut errors) = (vec![found.row()?.raw_row(0)], Vec::new());
        for model in models {
            let Reconstruction { values, error } = reconstruct(model, &found, compute)?;
            raw.push(model.model.input.raw(&values));
            errors.push(format!("{error:.4}"));
        }
        let colours = std::iter::once(GREY).chain((0..models.len()).map(colour));
        let lines: Vec<Line<'_>> =
            raw.iter().zip(colours).map(|(raw, colour)| Line { raw, colour }).collect();
        let title = format!("{}: mean squared error {}", note(name, &found, data), errors.join(", "));
        drawn.push(profiles.panel(title, &lines));
    }
    let mut key = vec![Key { label: "original".to_owned(), colour: GREY }];
    key.extend(
        models
            .iter()
            .enumerate()
            .map(|(place, model)| Key { label: model.name.clone(), colour: colour(place) }),
    );
    let title = format!("{source}: rows and their reconstructions\n{SCALE}{}", profiles.left_out());
    Ok(panels(&title, &key, PANEL, 1, &drawn))
}

fn reconstruct(
    loaded: &LoadedModel,
    found: &FoundRow<'_>,
    compute: &mut Compute,
) -> Result<Reconstruction, Failure> {
    let samples = loaded.samples(&found.row()?)?;
    let predictor = loaded.model.predictor()?;
    let error = predictor.squared_errors(compute, &samples)?[0] / samples.present(0) as f32;
    Ok(Reconstruction { values: predictor.reconstruct(compute, &samples)?, error })
}

fn note(name: &RowName, found: &FoundRow<'_>, data: &Parts) -> String {
    with_id(name, data.id(found.part, found.index))
}

fn empty_row(name: &str, place: usize) -> Row {
    let colour = Some(palette::style(place).colour.light);
    Row { label: name.to_owned(), colour, ..Row::default() }
}

fn first_of_each_class(data: &Parts) -> Vec<RowName> {
    let test = data.test();
    let which = |index: usize| match test.class_of(index) {
        Some(class) => Which::OfClass { class: class.to_owned(), nth: 1 },
        None => Which::Index(index),
    };
    test.examples().into_iter().map(which).map(|which| RowName { part: Some(Part::Test), which }).collect()
}
