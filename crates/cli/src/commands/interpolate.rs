//! `narrows interpolate`: from one image to another through the latent spaces of models.

use clap::Args;
use narrows::compute::Compute;
use narrows::dataset::{Parts, RowName};
use narrows::interpolate::{blend, lambdas};
use narrows::report::gallery::{Row, strips};
use narrows::report::palette;
use narrows::report::panels::panels;
use serde::Serialize;

use crate::arguments::Common;
use crate::commands::data_arguments::{DataArguments, DataForModels, with_id};
use crate::commands::interpolation_quality;
use crate::commands::model_file::{LoadedModel, Models};
use crate::commands::output::{print, print_json};
use crate::commands::pictures::{PictureFile, Pictures};
use crate::commands::profiles::{GREY, PANEL, Profiles, SCALE};
use crate::failure::Failure;

/// What only drawing needs. clap does not ask for --measure, which other options require, where these forbid it; so they forbid
/// the others too.
const DRAWING: [&str; 4] = ["from", "to", "steps", "out"];

/// Draw the way between two images through the latent spaces of models, or measure many such ways
///
/// The way begins at --from, on the left, where λ is 0, and ends at --to, on the right, where λ is 1. What is decoded between
/// them is λ times the code of --to plus 1 − λ times the code of --from. In the picture each model has a row, under a row of
/// blended pixels. Rows of a table are lines over its columns, one for each λ, the palest at λ = 0.
///
/// An image is named by its class, 7 or train:7 (the first of the training set), test:7:3 (the third of the test set), or
/// by its index from 0, test#42. A row of a table may be named as the column that --id names calls it: @S0017.
#[derive(Debug, Args)]
pub struct Interpolate {
    #[command(flatten)]
    models: Models,

    #[command(flatten)]
    data: DataArguments,

    /// Where the way begins: λ = 0
    #[arg(long, value_name = "ROW", required_unless_present = "measure")]
    from: Option<RowName>,

    /// Where it ends: λ = 1
    #[arg(long, value_name = "ROW", required_unless_present = "measure")]
    to: Option<RowName>,

    /// How many images, both ends among them
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..=1000))]
    steps: u16,

    /// The picture to write, PNG or SVG by its ending
    #[arg(long, value_name = "PICTURE", default_value = "interpolation.png", conflicts_with = "json")]
    out: PictureFile,

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

    /// Print JSON: with --measure what was measured, else the codes and images of the way, instead of drawing them
    #[arg(long)]
    json: bool,
}

/// What is printed as JSON of a way.
#[derive(Debug, Serialize)]
struct Ways {
    data: String,
    from: RowName,
    to: RowName,
    lambdas: Vec<f32>,
    models: Vec<Way>,
}

/// Codes and images, one for each λ, in the scale of the model's input.
#[derive(Debug, Serialize)]
struct Way {
    model: String,
    codes: Vec<Vec<f32>>,
    images: Vec<Vec<f32>>,
}

/// A model with the way through it.
struct Walked<'a> {
    loaded: &'a LoadedModel,
    /// λ = 0, then λ = 1, in the model's scale.
    ends: [Vec<f32>; 2],
    codes: Vec<f32>,
    images: Vec<f32>,
}

impl Interpolate {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let models = self.models.load()?;
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => self.walk(&models, from, to, common),
            _ => {
                let classes = self.from_class.as_deref().zip(self.to_class.as_deref());
                interpolation_quality::measure(&models, &self.data, classes, self.json, common)
            }
        }
    }

    fn walk(
        &self,
        models: &[LoadedModel],
        from: &RowName,
        to: &RowName,
        common: &Common,
    ) -> Result<(), Failure> {
        let DataForModels { parts, name: data } = self.data.load_for(models, common)?;
        let mut compute = common.compute()?;
        let lambdas = lambdas(usize::from(self.steps));
        let mut walked = Vec::new();
        for loaded in models {
            walked.push(walk(loaded, [from, to], &lambdas, &parts, &mut compute)?);
        }
        if self.json {
            let models = walked.iter().map(Walked::numbers).collect();
            return print_json(&Ways { data, from: from.clone(), to: to.clone(), lambdas, models });
        }
        let [from, to] = [named(from, &parts)?, named(to, &parts)?];
        let title = format!("{data}: {from} at λ = 0, {to} at λ = 1");
        let drawn = match parts.schema().image() {
            Some(_) => {
                let shown: Vec<f64> = lambdas.iter().map(|&lambda| f64::from(lambda)).collect();
                strips(&title, &shown, &rows(&walked, &lambdas)?)
            }
            None => lines(&title, &walked, &lambdas, &parts)?,
        };
        self.out.write(&drawn)?;
        print(&format!("{}\n", self.out.shown()))
    }
}

/// A row as it was asked for, with what the data calls it.
fn named(name: &RowName, data: &Parts) -> Result<String, Failure> {
    let found = name.find(data)?;
    Ok(with_id(name, data.id(found.part, found.index)))
}

fn walk<'a>(
    loaded: &'a LoadedModel,
    ends: [&RowName; 2],
    lambdas: &[f32],
    data: &Parts,
    compute: &mut Compute,
) -> Result<Walked<'a>, Failure> {
    let predictor = loaded.model.predictor()?;
    let (mut of_ends, mut codes_of_ends) = (Vec::new(), Vec::new());
    for name in ends {
        let samples = loaded.samples(&name.find(data)?.row()?)?;
        codes_of_ends.push(predictor.encode(compute, &samples)?);
        of_ends.push(samples.row(0));
    }
    let codes = blend([&codes_of_ends[0], &codes_of_ends[1]], lambdas);
    let images = predictor.decode(compute, &codes)?;
    let ends = of_ends.try_into().expect("there are two ends");
    Ok(Walked { loaded, ends, codes, images })
}

impl Walked<'_> {
    fn numbers(&self) -> Way {
        let architecture = &self.loaded.model.architecture;
        let rows = |values: &[f32], width: usize| values.chunks_exact(width).map(<[f32]>::to_vec).collect();
        Way {
            model: self.loaded.name.clone(),
            codes: rows(&self.codes, architecture.latent()),
            images: rows(&self.images, architecture.inputs),
        }
    }
}

/// A row of pictures for each model, under the blend of pixels, which a latent space must beat.
fn rows(walked: &[Walked<'_>], lambdas: &[f32]) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for (place, Walked { loaded, ends: [from, to], images, .. }) in walked.iter().enumerate() {
        let pictures = Pictures::of(loaded)?;
        if rows.is_empty() {
            let pictures = pictures.draw(&blend([from, to], lambdas));
            rows.push(Row { label: "pixel blend".to_owned(), pictures, ..Row::default() });
        }
        rows.push(Row {
            label: loaded.name.clone(),
            pictures: pictures.draw(images),
            notes: Vec::new(),
            colour: Some(palette::style(place).colour.light),
        });
    }
    Ok(rows)
}

/// A panel of lines for each model, under the blend of values.
fn lines(title: &str, walked: &[Walked<'_>], lambdas: &[f32], data: &Parts) -> Result<String, Failure> {
    let profiles = Profiles::of(data)?;
    let mut drawn = Vec::new();
    for (place, Walked { loaded, ends: [from, to], images, .. }) in walked.iter().enumerate() {
        let input = &loaded.model.input;
        if drawn.is_empty() {
            let blended = input.raw(&blend([from, to], lambdas));
            drawn.push(profiles.way("blend of values".to_owned(), &blended, GREY));
        }
        let colour = palette::style(place).colour.light;
        drawn.push(profiles.way(loaded.name.clone(), &input.raw(images), colour));
    }
    let title = format!("{title}\nOne line for each λ, the palest at λ = 0. {SCALE}{}", profiles.left_out());
    Ok(panels(&title, &[], PANEL, 1, &drawn))
}
