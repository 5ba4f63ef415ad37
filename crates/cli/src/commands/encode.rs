//! `narrows encode`: the codes of some rows, printed, or of all rows, written to a file.

use clap::Args;
use narrows::compute::Compute;
use narrows::dataset::output::OutputRows;
use narrows::dataset::{Parts, RowName};
use serde::Serialize;

use crate::arguments::Common;
use crate::commands::blocks::AllRows;
use crate::commands::data_arguments::{DataForModels, with_id};
use crate::commands::model_file::{LoadedModel, Models, only};
use crate::commands::output::{print, print_json};
use crate::commands::rows_out::{Replacing, RowsFile};
use crate::failure::Failure;
use crate::table::Table;

/// The codes of rows, the numbers that a model's encoder makes of each: of some rows to be looked at, or of all rows into a file
///
/// With --out, all rows are read block by block, so neither the data nor the codes need fit into memory. In tables the codes are the columns
/// z1, z2, …, behind the column that --id names. With --rows, a row is named by its class, 7 or train:7 (the first of the training set), test:7:3 (the third of the test set), by its
/// index from 0, test#42, or as the column that --id names calls it, @S0017.
#[derive(Debug, Args)]
pub struct Encode {
    #[command(flatten)]
    models: Models,

    #[command(flatten)]
    data: AllRows,

    /// Print the codes of these rows, for instance train:7,train:1
    #[arg(long, value_name = "ROW", num_args = 1.., value_delimiter = ',', required_unless_present = "out")]
    rows: Vec<RowName>,

    /// Write the codes of all rows: .csv, .tsv, .npy or .parquet by its ending, or - for CSV on the standard output
    #[arg(long, value_name = "FILE", conflicts_with = "rows")]
    out: Option<RowsFile>,

    #[command(flatten)]
    replacing: Replacing,

    /// Print JSON
    #[arg(long, requires = "rows")]
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
        if let Some(out) = &self.out {
            return self.write(only(loaded)?, out, common);
        }
        let DataForModels { parts: data, name } = self.data.data().load_for(&loaded, common)?;
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

impl Encode {
    /// The codes of all rows of one model.
    fn write(&self, model: LoadedModel, out: &RowsFile, common: &Common) -> Result<(), Failure> {
        out.check(self.replacing)?;
        let (predictor, mut compute) = (model.model.predictor()?, common.compute()?);
        let names: Vec<String> = (1..=model.model.architecture.latent()).map(code_column).collect();
        out.write(|take| {
            self.data.for_each(&model, common, |block| {
                let numbers = predictor.encode(&mut compute, &model.samples(&block.rows)?)?;
                take(&OutputRows { columns: block.names(), names: names.clone(), numbers })
            })
        })
    }
}

/// What the column of a latent, from 1, is called.
pub fn code_column(latent: usize) -> String {
    format!("z{latent}")
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
