//! All rows of data for one model, some at a time: those of a path in their order, or those of the model's own data by their parts.

use clap::Args;
use narrows::dataset::load::{block_rows, row_blocks};
use narrows::dataset::output::OutputColumn;
use narrows::dataset::{Dataset, Part};

use crate::arguments::{Common, by_name};
use crate::commands::data_arguments::{DataArguments, DataForModels};
use crate::commands::model_file::LoadedModel;
use crate::failure::{Failure, complain};

/// Which rows of which data.
#[derive(Debug, Args)]
pub struct AllRows {
    #[command(flatten)]
    data: DataArguments,

    /// Only these parts of the data: train, validation or test. Without it, all rows of --data in their order, or all parts of the model's
    /// own data
    #[arg(long, value_name = "PART", num_args = 1.., value_delimiter = ',', value_parser = by_name(Part::ALL, Part::name))]
    part: Vec<Part>,
}

/// Some rows.
#[derive(Debug)]
pub struct Block {
    /// In memory.
    pub rows: Dataset,
    /// The place of the first among all rows, or those of its part.
    pub first: usize,
    /// Of which part, where the data is read in parts.
    pub part: Option<Part>,
    /// What each is called, and what the column is that says so.
    pub ids: Option<(String, Vec<String>)>,
}

impl AllRows {
    /// All rows of data.
    pub fn of(data: DataArguments) -> Self {
        Self { data, part: Vec::new() }
    }

    /// The data.
    pub fn data(&self) -> &DataArguments {
        &self.data
    }

    /// Hands over all rows for a model. What was found out about them is told afterwards.
    pub fn for_each(
        &self,
        model: &LoadedModel,
        common: &Common,
        mut take: impl FnMut(Block) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match self.data.path().is_some() && self.part.is_empty() {
            true => self.streamed(model, common, &mut take),
            false => self.in_parts(model, common, &mut take),
        }
    }

    fn streamed(
        &self,
        model: &LoadedModel,
        common: &Common,
        take: &mut dyn FnMut(Block) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let options = self.data.options_for(std::slice::from_ref(model))?;
        let failed = |error| self.data.failed(model, error);
        let mut blocks =
            row_blocks(model.model.input.schema(), &options, common.threads()).map_err(failed)?;
        let mut result = Ok(());
        for block in &mut blocks {
            let taken = block.map_err(failed).and_then(|block| {
                let ids = options.id.clone().zip(block.ids);
                take(Block { rows: block.rows, first: block.first, part: None, ids })
            });
            if taken.is_err() {
                result = taken;
                break;
            }
        }
        if !common.quiet && !matches!(result, Err(Failure::User(_))) {
            blocks.notes().iter().for_each(|note| complain(note));
        }
        result
    }

    fn in_parts(
        &self,
        model: &LoadedModel,
        common: &Common,
        take: &mut dyn FnMut(Block) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let models = std::slice::from_ref(model);
        let id = self.data.options_for(models)?.id;
        let DataForModels { parts: data, .. } = self.data.load_for(models, common)?;
        let wanted = if self.part.is_empty() { &Part::ALL[..] } else { &self.part };
        for &part in wanted {
            let Some(rows) = data.get(part) else {
                if self.part.is_empty() {
                    continue;
                }
                return Err(Failure::user(format!("{} has no {part} set", data.train().name())));
            };
            let step = block_rows(rows.features());
            for first in (0..rows.rows()).step_by(step) {
                let indices: Vec<usize> = (first..rows.rows().min(first + step)).collect();
                let ids = data.ids(part).map(|ids| indices.iter().map(|&row| ids[row].clone()).collect());
                let rows = rows.read_rows(&indices)?;
                take(Block { rows, first, part: Some(part), ids: id.clone().zip(ids) })?;
            }
        }
        Ok(())
    }
}

impl Block {
    /// How a row is called that has no name of its own: `test#42`, or its number.
    pub fn name(&self, row: usize) -> String {
        let place = self.first + row;
        self.part.map_or_else(|| place.to_string(), |part| format!("{part}#{place}"))
    }

    /// What says of each row which it is: its name where it has one; else, where the order does not say it, part and place.
    pub fn names(&self) -> Vec<(String, OutputColumn)> {
        match (&self.ids, self.part) {
            (Some((column, ids)), _) => {
                vec![(column.clone(), OutputColumn::Text(ids.iter().cloned().map(Some).collect()))]
            }
            (None, Some(_)) => {
                let names = (0..self.rows.rows()).map(|row| Some(self.name(row)));
                vec![("row".to_owned(), OutputColumn::Text(names.collect()))]
            }
            (None, None) => Vec::new(),
        }
    }
}
