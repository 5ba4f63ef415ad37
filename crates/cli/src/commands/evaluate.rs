//! `narrows evaluate`: a model's error on data.

use clap::Args;
use narrows::evaluate::{ReconstructionError, reconstruction_error};
use serde::Serialize;

use crate::arguments::Common;
use crate::commands::model_file::{DataArgument, ModelFile};
use crate::commands::output::{print, print_json};
use crate::failure::Failure;
use crate::table::Table;

/// Measure a model's reconstruction error
#[derive(Debug, Args)]
pub struct Evaluate {
    #[command(flatten)]
    model: ModelFile,

    #[command(flatten)]
    data: DataArgument,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is printed as JSON.
#[derive(Debug, Serialize)]
struct Evaluation {
    model: String,
    parts: Vec<PartEvaluation>,
}

#[derive(Debug, Serialize)]
struct PartEvaluation {
    data: String,
    rows: usize,
    error: ReconstructionError,
}

impl Evaluate {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let (model, provenance) = self.model.load()?;
        let data = self.data.load()?;
        let mut compute = common.compute()?;
        let mut parts = Vec::new();
        for dataset in [data.train(), data.test()] {
            let samples = model.samples(dataset)?;
            let error = reconstruction_error(&model, &mut compute, &samples)?;
            parts.push(PartEvaluation { data: dataset.name().to_owned(), rows: samples.rows(), error });
        }
        if self.json {
            return print_json(&Evaluation { model: provenance.name, parts });
        }
        let mut table = Table::new(&["data", "rows", "mean squared error", "in [0, 1]"]);
        for PartEvaluation { data, rows, error } in parts {
            let unit = error.unit_scale.map_or("–".to_owned(), |error| format!("{error:.6}"));
            table.row(vec![data, rows.to_string(), format!("{:.6}", error.model_scale), unit]);
        }
        print(&table.text())
    }
}
