//! `narrows reconstruct`: images beside what a model makes of them.

use std::path::PathBuf;

use clap::Args;
use narrows::dataset::{Part, RowName, TrainAndTest, Which};
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
        let pictures = Pictures::of(&model)?;
        let names = if self.rows.is_empty() { first_of_each_class(&data) } else { self.rows.clone() };
        let (mut originals, mut reconstructions, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        for name in &names {
            let (dataset, index) = name.find(&data)?;
            let row = dataset.subset(&[index]);
            let samples = model.samples(&row)?;
            let error = model.squared_errors(&mut compute, &samples)[0] / samples.features as f32;
            originals.extend(pictures.draw(&samples.row(0)));
            reconstructions.extend(pictures.draw(&model.reconstruct(&mut compute, &samples)));
            notes.push(format!("{error:.4}"));
        }
        let captions = names.iter().map(ToString::to_string).collect();
        let svg = rows(
            "",
            &[
                Row { label: "original".to_owned(), pictures: originals, notes: captions, colour: None },
                Row { label: provenance.name, pictures: reconstructions, notes, colour: None },
            ],
        );
        write_file(&self.out, &raster::png(&svg, 2.0).map_err(Failure::failed)?)?;
        print(&format!("{}\n", self.out.display()))
    }
}

fn first_of_each_class(data: &TrainAndTest) -> Vec<RowName> {
    let classes = data.test.class_counts();
    let which: Vec<Which> = match classes {
        Some(classes) => {
            classes.iter().take(10).map(|&(class, _)| Which::OfClass { class, nth: 1 }).collect()
        }
        None => (0..data.test.rows().min(10)).map(Which::Index).collect(),
    };
    which.into_iter().map(|which| RowName { part: Part::Test, which }).collect()
}
