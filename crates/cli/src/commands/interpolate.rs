//! `narrows interpolate`: from one image to another through a model's latent space.

use std::path::PathBuf;

use clap::Args;
use narrows::dataset::RowName;
use narrows::interpolate::{interpolate, lambdas};
use narrows::report::gallery::{Step, interpolation};
use narrows::report::raster;

use crate::arguments::Common;
use crate::commands::interpolation_quality;
use crate::commands::model_file::{DataArgument, ModelFile, Pictures};
use crate::commands::output::{print, write_file};
use crate::failure::Failure;

/// What only drawing needs. clap does not ask for --measure, which other options require, where these forbid it; so they forbid
/// the others too.
const DRAWING: [&str; 4] = ["from", "to", "steps", "out"];

/// Draw the way between two images through a model's latent space, or measure many such ways
///
/// An image is named by its class, 7 or train:7 (the first of the training set), test:7:3 (the third of the test set), or
/// by its index from 0: test#42.
#[derive(Debug, Args)]
pub struct Interpolate {
    /// A model file, or its folder: runs/assignment/models/three-layer; with --measure, several
    #[arg(value_name = "MODEL", required = true, num_args = 1..)]
    models: Vec<PathBuf>,

    #[command(flatten)]
    data: DataArgument,

    /// Where the way begins: λ = 0
    #[arg(long, value_name = "ROW", required_unless_present = "measure")]
    from: Option<RowName>,

    /// Where it ends: λ = 1
    #[arg(long, value_name = "ROW", required_unless_present = "measure")]
    to: Option<RowName>,

    /// How many images, both ends among them
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..=1000))]
    steps: u16,

    /// The picture to write
    #[arg(long, value_name = "PNG", default_value = "interpolation.png")]
    out: PathBuf,

    /// Measure 1,000 ways between test images instead, beside real images and a blend of pixels
    ///
    /// docs/measures.md says what is measured. If one model is linear and another of the same latent size is not, they are
    /// compared.
    #[arg(long, conflicts_with_all = DRAWING)]
    measure: bool,

    /// With --measure: only ways between images of this class and of --to-class
    #[arg(long, value_name = "CLASS", requires_all = ["measure", "to_class"], conflicts_with_all = DRAWING)]
    from_class: Option<String>,

    /// With --measure: the class of the other end
    #[arg(long, value_name = "CLASS", requires_all = ["measure", "from_class"], conflicts_with_all = DRAWING)]
    to_class: Option<String>,

    /// With --measure: print JSON
    #[arg(long, requires = "measure", conflicts_with_all = DRAWING)]
    json: bool,
}

impl Interpolate {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let (Some(from), Some(to)) = (&self.from, &self.to) else {
            let classes = self.from_class.as_deref().zip(self.to_class.as_deref());
            return interpolation_quality::measure(&self.models, &self.data, classes, self.json, common);
        };
        let [model] = &self.models[..] else {
            return Err(Failure::user(
                "one way is drawn through one model; to compare several, use --measure",
            ));
        };
        let (model, provenance) = ModelFile::at(model).load()?;
        let data = self.data.load()?;
        let mut compute = common.compute()?;
        let (pictures, predictor) = (Pictures::of(&model)?, model.predictor()?);
        let mut ends = Vec::new();
        for name in [to, from] {
            let (dataset, index) = name.find(&data)?;
            ends.push(predictor.samples(&dataset.subset(&[index]))?.row(0));
        }
        let lambdas = lambdas(usize::from(self.steps));
        let images = interpolate(&predictor, &mut compute, [&ends[0], &ends[1]], &lambdas)?;
        let steps: Vec<Step> = lambdas
            .iter()
            .zip(pictures.draw(&images))
            .map(|(&lambda, picture)| Step { lambda: f64::from(lambda), picture })
            .collect();
        let title = format!("{from} → {to} by {}", provenance.name);
        let png = raster::png(&interpolation(&title, &steps), 2.0).map_err(Failure::failed)?;
        write_file(&self.out, &png)?;
        print(&format!("{}\n", self.out.display()))
    }
}
