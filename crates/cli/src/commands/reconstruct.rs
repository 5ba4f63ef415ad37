//! `narrows reconstruct`: images over what models make of them.

use clap::Args;
use narrows::dataset::{FoundRow, Part, Parts, RowName, Which};
use narrows::report::gallery::{Row, rows};
use narrows::report::palette;

use crate::arguments::Common;
use crate::commands::data_arguments::{DataArguments, DataForModels, with_id};
use crate::commands::model_file::Models;
use crate::commands::output::print;
use crate::commands::pictures::{PictureFile, Pictures};
use crate::failure::Failure;

/// Draw images and, under them, each model's reconstructions
///
/// Errors are per pixel, in the scale of the model's input.
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
        let pictures = models.iter().map(Pictures::of).collect::<Result<Vec<_>, _>>()?;
        let predictors =
            models.iter().map(|loaded| loaded.model.predictor()).collect::<Result<Vec<_>, _>>()?;
        let DataForModels { parts: data, name: source } = self.data.load_for(&models, common)?;
        let names = if self.rows.is_empty() { first_of_each_class(&data) } else { self.rows.clone() };
        let found = names.iter().map(|name| name.find(&data)).collect::<Result<Vec<_>, _>>()?;
        let mut compute = common.compute()?;
        let mut originals = Row { label: "original".to_owned(), ..Row::default() };
        let note = |(name, found): (&RowName, &FoundRow<'_>)| with_id(name, data.id(found.part, found.index));
        originals.notes = names.iter().zip(&found).map(note).collect();
        let mut drawn: Vec<Row> =
            models.iter().enumerate().map(|(place, model)| empty_row(&model.name, place)).collect();
        for found in found {
            let row = found.row()?;
            for (place, (loaded, row_of_pictures)) in models.iter().zip(&mut drawn).enumerate() {
                let samples = loaded.samples(&row)?;
                if place == 0 {
                    originals.pictures.extend(pictures[0].draw(&samples.row(0)));
                }
                let predictor = &predictors[place];
                let squared_error = predictor.squared_errors(&mut compute, &samples)?[0];
                let error = squared_error / samples.present(0) as f32;
                let reconstruction = predictor.reconstruct(&mut compute, &samples)?;
                row_of_pictures.pictures.extend(pictures[place].draw(&reconstruction));
                row_of_pictures.notes.push(format!("{error:.4}"));
            }
        }
        drawn.insert(0, originals);
        let title =
            format!("{source}: images over their reconstructions, with the mean squared error per pixel");
        self.out.write(&rows(&title, &drawn))?;
        print(&format!("{}\n", self.out.shown()))
    }
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
