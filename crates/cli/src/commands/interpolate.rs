//! `narrows interpolate`: from one image to another through a model's latent space.

use std::path::PathBuf;

use clap::Args;
use narrows::dataset::RowName;
use narrows::interpolate::{interpolate, lambdas};
use narrows::report::gallery::{Step, interpolation};
use narrows::report::raster;

use crate::arguments::Common;
use crate::commands::model_file::{DataArgument, ModelFile, Pictures};
use crate::commands::output::{print, write_file};
use crate::failure::Failure;

/// Draw the way between two images through a model's latent space
///
/// An image is named by its class, 7 or train:7 (the first of the training set), test:7:3 (the third of the test set), or
/// by its index from 0: test#42.
#[derive(Debug, Args)]
pub struct Interpolate {
    #[command(flatten)]
    model: ModelFile,

    #[command(flatten)]
    data: DataArgument,

    /// Where the way begins: λ = 0
    #[arg(long, value_name = "ROW")]
    from: RowName,

    /// Where it ends: λ = 1
    #[arg(long, value_name = "ROW")]
    to: RowName,

    /// How many images, both ends among them
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..=1000))]
    steps: u16,

    /// The picture to write
    #[arg(long, value_name = "PNG", default_value = "interpolation.png")]
    out: PathBuf,
}

impl Interpolate {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let (model, provenance) = self.model.load()?;
        let data = self.data.load()?;
        let mut compute = common.compute()?;
        let pictures = Pictures::of(&model)?;
        let mut ends = Vec::new();
        for name in [self.to, self.from] {
            let (dataset, index) = name.find(&data)?;
            ends.push(model.samples(&dataset.subset(&[index]))?.row(0));
        }
        let lambdas = lambdas(usize::from(self.steps));
        let images = interpolate(&model, &mut compute, [&ends[0], &ends[1]], &lambdas);
        let steps: Vec<Step> = lambdas
            .iter()
            .zip(pictures.draw(&images))
            .map(|(&lambda, picture)| Step { lambda: f64::from(lambda), picture })
            .collect();
        let title = format!("{} → {} by {}", self.from, self.to, provenance.name);
        let png = raster::png(&interpolation(&title, &steps), 2.0).map_err(Failure::failed)?;
        write_file(&self.out, &png)?;
        print(&format!("{}\n", self.out.display()))
    }
}
