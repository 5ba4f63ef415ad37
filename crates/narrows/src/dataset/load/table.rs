//! From a table to rows: which columns are inputs, which one names the classes, and what becomes of words.

use super::column::{Input, categories, names, one_hot, seconds};
use super::error::{LoadError, WordColumn, nearest};
use super::found::{Found, FoundValues, Kind, Labels};
use super::{LoadOptions, Wanted};
use crate::dataset::Values;
use crate::dataset::format::{Cells, Column, Table, Text};

/// The rows of a table.
pub(super) fn read(
    path: &str,
    mut table: Table,
    options: &LoadOptions,
    wanted: &Wanted<'_>,
    notes: &mut Vec<String>,
) -> Result<Found, LoadError> {
    rename(path, &mut table, options)?;
    let labels = match &options.label {
        Some(label) => named(path, &table, "label", label, "classes", wanted, notes)?.map(Labels::of_names),
        None => None,
    };
    let ids = match &options.id {
        Some(id) => named(path, &table, "id", id, "names", wanted, notes)?,
        None => None,
    };
    let inputs = match wanted.columns {
        Some(columns) => matched(path, &table, options, columns, notes)?,
        None => chosen(path, &table, options, wanted, notes)?,
    };
    if inputs.is_empty() {
        return Err(LoadError::NoNumbers(path.to_owned()));
    }
    if !wanted.keeps_missing(options) {
        refuse_missing(path, &table, &inputs)?;
    }
    let kind = Kind::Table(inputs.iter().map(|input| input.name.clone()).collect());
    let values = FoundValues::Memory(Values::Numbers(rows(&inputs, table.rows)));
    Ok(Found { path: path.to_owned(), kind, values, labels, ids })
}

fn rename(path: &str, table: &mut Table, options: &LoadOptions) -> Result<(), LoadError> {
    for (old, new) in &options.rename {
        find(path, table, "rename", old)?;
        let column = table.columns.iter_mut().find(|column| column.name == *old);
        column.expect("it was found").name.clone_from(new);
    }
    Ok(())
}

fn find<'a>(path: &str, table: &'a Table, option: &'static str, name: &str) -> Result<&'a Column, LoadError> {
    table.column(name).ok_or_else(|| {
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

/// What the column that an option names says of every row: its class, or its name. Data for a model may be without.
fn named(
    path: &str,
    table: &Table,
    option: &'static str,
    name: &str,
    lacks: &'static str,
    wanted: &Wanted<'_>,
    notes: &mut Vec<String>,
) -> Result<Option<Vec<String>>, LoadError> {
    if wanted.columns.is_some() && table.column(name).is_none() {
        notes.push(format!("{path} has no column `{name}`, so its rows have no {lacks}"));
        return Ok(None);
    }
    let column = find(path, table, option, name)?;
    if column.missing.count > 0 {
        let place = column.missing.first.map_or_else(|| "unknown".to_owned(), |line| format!("line {line}"));
        let (path, column, count) = (path.to_owned(), name.to_owned(), column.missing.count);
        return Err(LoadError::NoName { path, option, column, count, place });
    }
    Ok(Some(names(column).into_iter().flatten().collect()))
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
    for column in table.columns.iter().filter(|column| !left_out(&column.name)) {
        match &column.cells {
            _ if options.one_hot.contains(&column.name) => {
                let categories = categories(column);
                notes.push(format!(
                    "column `{}` becomes {} columns of 0 and 1: {}",
                    column.name,
                    categories.len(),
                    categories.join(", ")
                ));
                inputs.extend(one_hot(path, column, &categories, options, notes)?);
            }
            _ if options.dates.contains(&column.name) => inputs.push(seconds(path, column, notes)?),
            Cells::Numbers { values, rounded } => {
                if *rounded > 0 {
                    notes.push(format!(
                        "column `{}`: {rounded} whole numbers are beyond 16,777,216 and lose their last digits",
                        column.name
                    ));
                }
                inputs.push(Input { name: column.name.clone(), values: values.clone() });
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
            (Some(place), None) => match &table.columns[place].cells {
                Cells::Numbers { values, .. } => {
                    places.push(place);
                    inputs.push(Input { name: name.clone(), values: values.clone() });
                }
                Cells::Text(_) if options.dates.contains(name) => {
                    places.push(place);
                    inputs.push(seconds(path, &table.columns[place], notes)?);
                }
                Cells::Text(text) => {
                    let columns = vec![word_column(name, text)];
                    return Err(LoadError::Words { path: path.to_owned(), columns });
                }
            },
            (_, Some(column)) if inputs.iter().any(|input: &Input| input.name == *name) => {
                debug_assert!(category_of(column, name).is_some());
            }
            (_, Some(column)) => {
                // All categories of the column at once: they lie side by side.
                let known: Vec<String> =
                    columns.iter().filter_map(|name| category_of(column, name)).collect();
                let column = find(path, table, "one-hot", column)?;
                inputs.extend(one_hot(path, column, &known, options, notes)?);
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
        dates: text.as_seconds().is_some(),
    }
}

fn refuse_missing(path: &str, table: &Table, inputs: &[Input]) -> Result<(), LoadError> {
    let count = inputs.iter().map(|input| input.values.iter().filter(|value| value.is_nan()).count()).sum();
    if count == 0 {
        return Ok(());
    }
    let column = inputs.iter().find(|input| input.values.iter().any(|value| value.is_nan()));
    let name = column.map_or("", |input| input.name.as_str());
    let source = table.column(name).or_else(|| table.column(name.split_once('=')?.0));
    let line = source.and_then(|column| column.missing.first);
    let line = line.map_or_else(String::new, |line| format!("line {line}, "));
    Err(LoadError::Missing { path: path.to_owned(), count, place: format!("{line}column `{name}`") })
}

/// Columns as rows.
fn rows(inputs: &[Input], rows: usize) -> Vec<f32> {
    let mut values = Vec::with_capacity(rows * inputs.len());
    (0..rows).for_each(|row| values.extend(inputs.iter().map(|input| input.values[row])));
    values
}
