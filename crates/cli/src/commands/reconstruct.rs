//! `narrows reconstruct`: images over what models make of them, or rows of a table beside it.

use clap::Args;
use narrows::compute::Compute;
use narrows::dataset::{FoundRow, Part, Parts, RowName, Which};
use narrows::report::gallery::{Row, rows};
use narrows::report::palette;
use narrows::report::panels::{Key, panels};

use crate::arguments::Common;
use crate::commands::data_arguments::{DataArguments, DataForModels, with_id};
use crate::commands::model_file::{LoadedModel, Models};
use crate::commands::output::print;
use crate::commands::pictures::{PictureFile, Pictures};
use crate::commands::profiles::{GREY, Line, PANEL, Profiles, SCALE};
use crate::failure::Failure;

/// Draw images and, under them, each model's reconstructions; or rows of a table as lines, with each model's over them
///
/// Errors are per pixel or column, in the scale of the model's input. What is missing in a row of a table is a gap in its line; the
/// models' lines fill it.
#[derive(Debug, Args)]
pub struct Reconstruct {
    #[command(flatten)]
    models: Models,

    #[command(flatten)]
    data: DataArguments,

    /// Which images, for instance 7, test:7:3 or test#42 [default: the first of each class of the test set]
    #[arg(long, value_name = "ROW", num_args = 1.., value_delimiter = ',')]
    rows: Vec<RowName>,

    /// The picture to write, PNG or SVG by its ending
    #[arg(long, value_name = "PICTURE", default_value = "reconstructions.png")]
    out: PictureFile,
}

impl Reconstruct {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let models = self.models.load()?;
        let DataForModels { parts: data, name: source } = self.data.load_for(&models, common)?;
        let names = if self.rows.is_empty() { first_of_each_class(&data) } else { self.rows.clone() };
        let mut compute = common.compute()?;
        let drawn = match data.schema().image() {
            Some(_) => images(&models, &data, &source, &names, &mut compute)?,
            None => lines(&models, &data, &source, &names, &mut compute)?,
        };
        self.out.write(&drawn)?;
        print(&format!("{}\n", self.out.shown()))
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
