//! `narrows reconstruct`: images beside what a model makes of them.

use std::path::PathBuf;

use clap::Args;
use narrows::dataset::{Part, Parts, RowName, Which};
use narrows::report::gallery::{Row, rows};
use narrows::report::raster;

use crate::arguments::Common;
use crate::commands::model_file::{DataArgument, ModelFile, Pictures};
use crate::commands::output::{print, write_file};
use crate::failure::Failure;

/// Draw images and a model's reconstructions of them
#[derive(Debug, Args)]
pub struct Reconstruct {
    #[command(flatten)]
    model: ModelFile,

    #[command(flatten)]
    data: DataArgument,

    /// Which images, for instance 7, test:7:3 or test#42 [default: the first of each class of the test set]
    #[arg(long, value_name = "ROW", num_args = 1.., value_delimiter = ',')]
    rows: Vec<RowName>,

    /// The picture to write
    #[arg(long, value_name = "PNG", default_value = "reconstructions.png")]
    out: PathBuf,
}

impl Reconstruct {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let (model, provenance) = self.model.load()?;
        let data = self.data.load()?;
        let mut compute = common.compute()?;
        let (pictures, predictor) = (Pictures::of(&model)?, model.predictor()?);
        let names = if self.rows.is_empty() { first_of_each_class(&data) } else { self.rows.clone() };
        let (mut originals, mut reconstructions, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        for name in &names {
            let (dataset, index) = name.find(&data)?;
            let row = dataset.subset(&[index]);
            let samples = predictor.samples(&row)?;
            let error = predictor.squared_errors(&mut compute, &samples)?[0] / samples.features() as f32;
            originals.extend(pictures.draw(&samples.row(0)));
            reconstructions.extend(pictures.draw(&predictor.reconstruct(&mut compute, &samples)?));
            notes.push(format!("{error:.4}"));
        }
        let captions = names.iter().map(ToString::to_string).collect();
        let svg = rows(
            "",
            &[
                Row { label: "original".to_owned(), pictures: originals, notes: captions },
                Row { label: provenance.name, pictures: reconstructions, notes },
            ],
        );
        write_file(&self.out, &raster::png(&svg, 2.0).map_err(Failure::failed)?)?;
        print(&format!("{}\n", self.out.display()))
    }
}

fn first_of_each_class(data: &Parts) -> Vec<RowName> {
    let test = data.test();
    let which = |index: usize| match test.class_of(index) {
        Some(class) => Which::OfClass { class: class.to_owned(), nth: 1 },
        None => Which::Index(index),
    };
    test.examples().into_iter().map(which).map(|which| RowName { part: Part::Test, which }).collect()
}
