//! `narrows evaluate`: the errors of models on data.

use clap::Args;
use narrows::compute::Compute;
use narrows::dataset::{Dataset, Part, Parts};
use narrows::evaluate::{ReconstructionError, reconstruction_error};
use serde::Serialize;

use crate::arguments::{Common, by_name};
use crate::commands::data_arguments::{DataArguments, DataForModels};
use crate::commands::model_file::{LoadedModel, Models};
use crate::commands::output::{print, print_json};
use crate::failure::Failure;
use crate::table::Table;

/// Measure the reconstruction errors of models, on the training and on the test set, and on the validation set where there is one
#[derive(Debug, Args)]
pub struct Evaluate {
    #[command(flatten)]
    models: Models,

    #[command(flatten)]
    data: DataArguments,

    /// Measure on these parts alone: train, validation or test
    #[arg(long, value_name = "PART", num_args = 1.., value_delimiter = ',', value_parser = by_name(Part::ALL, Part::name))]
    part: Vec<Part>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is printed as JSON.
#[derive(Debug, Serialize)]
struct Evaluations {
    models: Vec<Evaluation>,
}

#[derive(Debug, Serialize)]
struct Evaluation {
    model: String,
    path: String,
    parts: Vec<PartEvaluation>,
}

#[derive(Debug, Serialize)]
struct PartEvaluation {
    part: Part,
    data: String,
    rows: usize,
    error: ReconstructionError,
}

impl Evaluate {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let loaded = self.models.load()?;
        let DataForModels { parts: data, .. } = self.data.load_for(&loaded, common)?;
        let parts = self.parts(&data)?;
        for model in &loaded {
            model.samples(data.test())?;
        }
        let mut compute = common.compute()?;
        let models = loaded.iter().map(|model| evaluation(model, &parts, &mut compute));
        let models = models.collect::<Result<Vec<_>, _>>()?;
        if self.json { print_json(&Evaluations { models }) } else { print(&table(&models).text()) }
    }
}

impl Evaluate {
    /// The parts that are asked for, or all that there are.
    fn parts<'a>(&self, data: &'a Parts) -> Result<Vec<(Part, &'a Dataset)>, Failure> {
        if self.part.is_empty() {
            return Ok(Part::ALL.into_iter().filter_map(|part| Some((part, data.get(part)?))).collect());
        }
        let find = |&part: &Part| {
            let dataset = data.get(part).ok_or_else(|| {
                Failure::user(format!(
                    "{} has no {part} set; give --validation PATH, or draw one with --validation-share 0.1",
                    data.train().name()
                ))
            })?;
            Ok((part, dataset))
        };
        self.part.iter().map(find).collect()
    }
}

fn evaluation(
    loaded: &LoadedModel,
    of: &[(Part, &Dataset)],
    compute: &mut Compute,
) -> Result<Evaluation, Failure> {
    let mut parts = Vec::new();
    for &(part, dataset) in of {
        let samples = loaded.samples(dataset)?;
        let error = reconstruction_error(&loaded.model, compute, &samples)?;
        parts.push(PartEvaluation { part, data: dataset.name().to_owned(), rows: samples.rows(), error });
    }
    Ok(Evaluation { model: loaded.name.clone(), path: loaded.path.display().to_string(), parts })
}

fn table(models: &[Evaluation]) -> Table {
    let mut table = Table::new(&["model", "data", "rows", "mean squared error", "in [0, 1]"]);
    for Evaluation { model, parts, .. } in models {
        for PartEvaluation { data, rows, error, .. } in parts {
            let unit = error.unit_scale.map_or("–".to_owned(), |error| format!("{error:.6}"));
            let error = format!("{:.6}", error.model_scale);
            table.row(vec![model.clone(), data.clone(), rows.to_string(), error, unit]);
        }
    }
    table
}
