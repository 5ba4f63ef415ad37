//! From a table to rows: which columns are inputs, which one names the classes, and what becomes of words.
//!
//! What becomes of the columns is planned from what is known of all their cells ([`Plan`]); then the values are read, all at once or
//! piece after piece ([`Rows`]).

pub(super) use super::column::Seen;
use super::column::{Cellwise, Input, categories, labels, names};
use super::error::{LoadError, WordColumn, nearest};
use super::found::{Found, FoundValues, Kind, Labels};
use super::{LoadOptions, Wanted};
use crate::dataset::Values;
use crate::dataset::format::{Cells, Column, Table, Text};

/// What becomes of a table.
pub(super) struct Plan {
    inputs: Vec<Input>,
    /// The class of each row.
    pub labels: Option<Labels>,
    /// The name of each row.
    pub ids: Option<Vec<String>>,
}

/// The rows of a table in memory.
pub(super) fn read(
    path: &str,
    mut table: Table,
    options: &LoadOptions,
    wanted: &Wanted<'_>,
    notes: &mut Vec<String>,
) -> Result<Found, LoadError> {
    rename(path, &mut table, options)?;
    let plan = Plan::new(path, &table, options, wanted, notes)?;
    let mut values = Vec::with_capacity(table.rows * plan.columns().len());
    let mut rows = Rows::new(path, &plan);
    rows.append(&table, &mut values)?;
    notes.extend(rows.told(&table));
    let values = FoundValues::Memory(Values::Numbers(values));
    let kind = Kind::Table(plan.columns());
    Ok(Found { path: path.to_owned(), kind, values, labels: plan.labels, ids: plan.ids })
}

impl Plan {
    /// What becomes of the columns of `table`. Of columns that the options name as `label` and `id`, all cells are needed; of those
    /// that they name as `one_hot`, all categories; of others, whether they are numbers or text, and how many are missing.
    pub fn new(
        path: &str,
        table: &Table,
        options: &LoadOptions,
        wanted: &Wanted<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Self, LoadError> {
        let labels = match &options.label {
            Some(label) => named(path, table, "label", label, "classes", wanted, notes)?.map(labels),
            None => None,
        };
        let ids = match &options.id {
            Some(id) => named(path, table, "id", id, "names", wanted, notes)?
                .map(|column| names(column).into_iter().flatten().collect()),
            None => None,
        };
        let inputs = match wanted.columns {
            Some(columns) => matched(path, table, options, columns, notes)?,
            None => chosen(path, table, options, wanted, notes)?,
        };
        if inputs.is_empty() {
            return Err(LoadError::NoNumbers(path.to_owned()));
        }
        if !wanted.keeps_missing(options) {
            refuse_missing(path, table, &inputs)?;
        }
        Ok(Self { inputs, labels, ids })
    }

    /// The columns that a row has.
    pub fn columns(&self) -> Vec<String> {
        self.inputs.iter().flat_map(|input| input.names.iter().cloned()).collect()
    }
}

/// Reads rows as they were planned.
pub(super) struct Rows<'a> {
    path: &'a str,
    plan: &'a Plan,
    /// How many were read.
    count: usize,
    /// What was seen of each input.
    seen: Vec<Seen>,
}

impl<'a> Rows<'a> {
    pub fn new(path: &'a str, plan: &'a Plan) -> Self {
        let seen = plan.inputs.iter().map(|_| Seen::default()).collect();
        Self { path, plan, count: 0, seen }
    }

    /// Goes on behind the `count` rows of earlier pieces, of which this was `seen`: nothing, or what [`Rows::into_seen`] gave.
    pub fn going_on(path: &'a str, plan: &'a Plan, count: usize, seen: Option<Vec<Seen>>) -> Self {
        let fresh = Self::new(path, plan);
        Self { count, seen: seen.unwrap_or(fresh.seen), ..fresh }
    }

    pub fn into_seen(self) -> Vec<Seen> {
        self.seen
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// Puts the rows of a table, or of the next piece of it, behind `values`.
    pub fn append(&mut self, table: &Table, values: &mut Vec<f32>) -> Result<(), LoadError> {
        let inputs = self.plan.inputs.iter().zip(&mut self.seen);
        let cells: Vec<Cellwise<'_>> = inputs
            .map(|(input, seen)| input.read(self.path, &table.columns[input.place], self.count, seen))
            .collect::<Result<_, _>>()?;
        (0..table.rows).for_each(|row| cells.iter().for_each(|cells| cells.push(row, values)));
        self.count += table.rows;
        Ok(())
    }

    /// What was found out, a sentence each; `table` has the columns.
    pub fn told(self, table: &Table) -> Vec<String> {
        let inputs = self.plan.inputs.iter().zip(self.seen);
        let told =
            |(input, seen): (&Input, Seen)| input.told(self.path, &table.columns[input.place].name, seen);
        inputs.filter_map(told).collect()
    }
}

/// Calls the columns what the options want them to be called.
pub(super) fn rename(path: &str, table: &mut Table, options: &LoadOptions) -> Result<(), LoadError> {
    for (old, new) in &options.rename {
        let place = find(path, table, "rename", old)?;
        table.columns[place].name.clone_from(new);
    }
    Ok(())
}

/// The place of a column.
fn find(path: &str, table: &Table, option: &'static str, name: &str) -> Result<usize, LoadError> {
    table.columns.iter().position(|column| column.name == name).ok_or_else(|| {
        let known: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        LoadError::NoColumn {
            path: path.to_owned(),
            option,
            wanted: name.to_owned(),
            near: nearest(name, &known),
            known,
        }
    })
}

/// The column that an option names, which says something of every row: its class, or its name. Data for a model may be without.
fn named<'a>(
    path: &str,
    table: &'a Table,
    option: &'static str,
    name: &str,
    lacks: &'static str,
    wanted: &Wanted<'_>,
    notes: &mut Vec<String>,
) -> Result<Option<&'a Column>, LoadError> {
    if wanted.columns.is_some() && table.column(name).is_none() {
        notes.push(format!("{path} has no column `{name}`, so its rows have no {lacks}"));
        return Ok(None);
    }
    let column = &table.columns[find(path, table, option, name)?];
    if column.missing.count > 0 {
        let place = column.missing.first.map_or_else(|| "unknown".to_owned(), |line| format!("line {line}"));
        let (path, column, count) = (path.to_owned(), name.to_owned(), column.missing.count);
        return Err(LoadError::NoName { path, option, column, count, place });
    }
    Ok(Some(column))
}

/// The columns that the options leave, in the order of the file.
fn chosen(
    path: &str,
    table: &Table,
    options: &LoadOptions,
    wanted: &Wanted<'_>,
    notes: &mut Vec<String>,
) -> Result<Vec<Input>, LoadError> {
    for (option, names) in [
        ("drop", &options.drop),
        ("columns", &options.columns),
        ("one-hot", &options.one_hot),
        ("dates", &options.dates),
    ] {
        names.iter().try_for_each(|name| find(path, table, option, name).map(drop))?;
    }
    if let Some(id) = &options.id {
        find(path, table, "id", id)?;
    }
    let left_out = |name: &String| {
        options.label.as_ref() == Some(name)
            || options.id.as_ref() == Some(name)
            || options.drop.contains(name)
            || !(options.columns.is_empty()
                || options.columns.contains(name)
                || options.one_hot.contains(name)
                || options.dates.contains(name))
    };
    let (mut inputs, mut words) = (Vec::new(), Vec::new());
    let columns = table.columns.iter().enumerate();
    for (place, column) in columns.filter(|(_, column)| !left_out(&column.name)) {
        match &column.cells {
            _ if options.one_hot.contains(&column.name) => {
                let categories = categories(column);
                notes.push(format!(
                    "column `{}` becomes {} columns of 0 and 1: {}",
                    column.name,
                    categories.len(),
                    categories.join(", ")
                ));
                inputs.push(Input::categories(place, column, categories, options.unseen));
            }
            _ if options.dates.contains(&column.name) => {
                inputs.push(Input::seconds(place, column.name.clone()))
            }
            Cells::Numbers { rounded, .. } => {
                if *rounded > 0 {
                    notes.push(format!(
                        "column `{}`: {rounded} whole numbers are beyond 16,777,216 and lose their last digits",
                        column.name
                    ));
                }
                inputs.push(Input::numbers(place, column.name.clone()));
            }
            Cells::Text(text) => words.push(word_column(&column.name, text)),
        }
    }
    if words.is_empty() {
        return Ok(inputs);
    }
    if !wanted.leaves_out_words {
        return Err(LoadError::Words { path: path.to_owned(), columns: words });
    }
    let names: Vec<&str> = words.iter().map(|column| column.name.as_str()).collect();
    notes.push(format!(
        "{path}: {} of words: {}; left out here, and for training to be named by --label, --id, --one-hot, --dates or --drop",
        if names.len() == 1 { "1 column".to_owned() } else { format!("{} columns", names.len()) },
        names.join(", ")
    ));
    Ok(inputs)
}

/// The columns of these names, in this order; others that the table has do not count.
fn matched(
    path: &str,
    table: &Table,
    options: &LoadOptions,
    columns: &[String],
    notes: &mut Vec<String>,
) -> Result<Vec<Input>, LoadError> {
    let category_of = |column: &String, name: &str| {
        name.strip_prefix(column.as_str()).and_then(|rest| rest.strip_prefix('=')).map(str::to_owned)
    };
    let (mut inputs, mut missing, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for name in columns {
        let found = table.columns.iter().position(|column| column.name == *name);
        let one_hot_of = options.one_hot.iter().find(|column| category_of(column, name).is_some());
        match (found, one_hot_of) {
            (Some(place), None) => {
                inputs.push(match &table.columns[place].cells {
                    Cells::Numbers { .. } => Input::numbers(place, name.clone()),
                    Cells::Text(_) if options.dates.contains(name) => Input::seconds(place, name.clone()),
                    Cells::Text(text) => {
                        let columns = vec![word_column(name, text)];
                        return Err(LoadError::Words { path: path.to_owned(), columns });
                    }
                });
                places.push(place);
            }
            (_, Some(_)) if inputs.iter().any(|input: &Input| input.names.contains(name)) => {}
            (_, Some(column)) => {
                // All categories of the column at once: they lie side by side.
                let known = columns.iter().filter_map(|name| category_of(column, name)).collect();
                let place = find(path, table, "one-hot", column)?;
                inputs.push(Input::categories(place, &table.columns[place], known, options.unseen));
            }
            (None, None) => missing.push(name.clone()),
        }
    }
    if !missing.is_empty() {
        let free = table.columns.iter().map(|column| &column.name).filter(|name| !columns.contains(name));
        let free: Vec<String> = free.cloned().collect();
        let missing = missing.into_iter().map(|name| (name.clone(), nearest(&name, &free))).collect();
        return Err(LoadError::ColumnsMissing { path: path.to_owned(), missing });
    }
    if !places.is_sorted() {
        notes.push(format!("the columns of {path} stand in another order; they are matched by name"));
    }
    Ok(inputs)
}

fn word_column(name: &str, text: &Text) -> WordColumn {
    WordColumn {
        name: name.to_owned(),
        first: text.first_text().map(|(line, text)| (line, text.chars().take(40).collect())),
        numbers: text.numbers(),
        categories: text.categories().len(),
        dates: text.is_dates(),
    }
}

fn refuse_missing(path: &str, table: &Table, inputs: &[Input]) -> Result<(), LoadError> {
    let missing = |input: &Input| table.columns[input.place].missing;
    let count = inputs.iter().map(|input| input.names.len() * missing(input).count).sum();
    let Some(input) = inputs.iter().find(|input| missing(input).count > 0) else { return Ok(()) };
    let line = missing(input).first.map_or_else(String::new, |line| format!("line {line}, "));
    let place = format!("{line}column `{}`", input.names[0]);
    Err(LoadError::Missing { path: path.to_owned(), count, place })
}
