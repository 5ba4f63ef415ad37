//! `narrows encode`: the codes of some rows.

use clap::Args;
use narrows::compute::Compute;
use narrows::dataset::{Parts, RowName};
use serde::Serialize;

use crate::arguments::Common;
use crate::commands::data_arguments::{DataArguments, DataForModels, with_id};
use crate::commands::model_file::{LoadedModel, Models};
use crate::commands::output::{print, print_json};
use crate::failure::Failure;
use crate::table::Table;

/// Print the codes of some rows: the numbers that a model's encoder makes of each
///
/// A row is named by its class, 7 or train:7 (the first of the training set), test:7:3 (the third of the test set), by its
/// index from 0, test#42, or as the column that --id names calls it, @S0017.
#[derive(Debug, Args)]
pub struct Encode {
    #[command(flatten)]
    models: Models,

    #[command(flatten)]
    data: DataArguments,

    /// Which rows, for instance train:7,train:1
    #[arg(long, value_name = "ROW", num_args = 1.., value_delimiter = ',', required = true)]
    rows: Vec<RowName>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is printed as JSON.
#[derive(Debug, Serialize)]
struct Codes {
    data: String,
    models: Vec<ModelCodes>,
}

#[derive(Debug, Serialize)]
struct ModelCodes {
    model: String,
    description: String,
    rows: Vec<Code>,
}

#[derive(Debug, Serialize)]
struct Code {
    row: RowName,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    class: Option<String>,
    code: Vec<f32>,
}

impl Encode {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let loaded = self.models.load()?;
        let DataForModels { parts: data, name } = self.data.load_for(&loaded, common)?;
        let mut compute = common.compute()?;
        let models = loaded.iter().map(|model| codes(model, &self.rows, &data, &mut compute));
        let models = models.collect::<Result<Vec<_>, _>>()?;
        if self.json {
            return print_json(&Codes { data: name, models });
        }
        let tables: Vec<String> = models.iter().map(ModelCodes::text).collect();
        print(&tables.join("\n"))
    }
}

fn codes(
    loaded: &LoadedModel,
    names: &[RowName],
    data: &Parts,
    compute: &mut Compute,
) -> Result<ModelCodes, Failure> {
    let mut rows = Vec::new();
    let predictor = loaded.model.predictor()?;
    for name in names {
        let found = name.find(data)?;
        let code = predictor.encode(compute, &loaded.samples(&found.row()?)?)?;
        let class = found.class().map(str::to_owned);
        let id = data.id(found.part, found.index).map(str::to_owned);
        rows.push(Code { row: name.clone(), id, class, code });
    }
    let description = loaded.model.architecture.to_string();
    Ok(ModelCodes { model: loaded.name.clone(), description, rows })
}

impl ModelCodes {
    /// The model in a line, then a table: latents down, rows of the data across.
    fn text(&self) -> String {
        let names: Vec<String> =
            self.rows.iter().map(|code| with_id(&code.row, code.id.as_deref())).collect();
        let mut table =
            Table::new(&[&["latent"], &names.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
        let latents = self.rows.first().map_or(0, |code| code.code.len());
        for latent in 0..latents {
            let numbers = self.rows.iter().map(|code| format!("{:.4}", code.code[latent]));
            table.row(std::iter::once((latent + 1).to_string()).chain(numbers).collect());
        }
        format!("{}: {}\n{}", self.model, self.description, table.text())
    }
}
