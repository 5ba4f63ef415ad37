//! From a column of a table to what it is for: numbers, dates as seconds, a column for each category, or names.

use super::error::LoadError;
use super::found::sorted;
use super::{LoadOptions, UnseenRule};
use crate::dataset::format::{Cells, Column, Text};

/// A column as a model reads it; NaN where a cell is without a value.
pub(super) struct Input {
    pub name: String,
    pub values: Vec<f32>,
}

/// Dates as seconds since 1970 in UTC.
pub(super) fn seconds(path: &str, column: &Column, notes: &mut Vec<String>) -> Result<Input, LoadError> {
    let no_date = |place: String, found: String| {
        let (path, column) = (path.to_owned(), column.name.clone());
        LoadError::NoDate { path, column, place, found }
    };
    let name = column.name.clone();
    let text = match &column.cells {
        Cells::Text(text) => text,
        // Nothing in it says that it is no column of dates.
        Cells::Numbers { values, .. } => match values.iter().position(|value| !value.is_nan()) {
            None => return Ok(Input { name, values: values.clone() }),
            Some(row) => return Err(no_date(place(row), format!("the number {}", values[row]))),
        },
    };
    let Some(cells) = text.as_seconds() else {
        let (row, found) = text.first_without_date().unwrap_or_default();
        return Err(no_date(place(row), format!("`{found}`")));
    };
    let values: Vec<f32> = cells.iter().map(|cell| cell.map_or(f32::NAN, |seconds| seconds as f32)).collect();
    let off = |(cell, value): (&Option<f64>, &f32)| cell.map(|seconds| (f64::from(*value) - seconds).abs());
    let rounded = cells.iter().zip(&values).filter_map(off).fold(0.0, f64::max);
    let precision = match rounded {
        0.0 => String::new(),
        _ => format!(", rounded by at most {rounded} seconds, for values are numbers of 32 bits"),
    };
    notes.push(format!("column `{name}`: dates become seconds since 1970 in UTC{precision}"));
    Ok(Input { name, values })
}

/// A column of 0 and 1 for each of `categories`; all are missing where the cell is.
pub(super) fn one_hot(
    path: &str,
    column: &Column,
    categories: &[String],
    options: &LoadOptions,
    notes: &mut Vec<String>,
) -> Result<Vec<Input>, LoadError> {
    let said = names(column);
    let name = |category: &String| format!("{}={category}", column.name);
    let empty = |category| Input { name: name(category), values: vec![0.0; said.len()] };
    let mut inputs: Vec<Input> = categories.iter().map(empty).collect();
    let mut unseen: Vec<String> = Vec::new();
    for (row, category) in said.into_iter().enumerate() {
        let Some(category) = category else {
            inputs.iter_mut().for_each(|input| input.values[row] = f32::NAN);
            continue;
        };
        match categories.iter().position(|known| *known == category) {
            Some(place) => inputs[place].values[row] = 1.0,
            None if options.unseen == UnseenRule::Zeros => unseen.push(category),
            None => {
                let (path, column) = (path.to_owned(), column.name.clone());
                return Err(LoadError::NewCategory { path, row, column, category });
            }
        }
    }
    if !unseen.is_empty() {
        notes.push(format!(
            "column `{}`: {} rows of {path} are of categories that were not there in training, and become zeros: {}",
            column.name,
            unseen.len(),
            sorted(unseen).join(", ")
        ));
    }
    Ok(inputs)
}

/// What a column says, each once, in order.
pub(super) fn categories(column: &Column) -> Vec<String> {
    sorted(names(column).into_iter().flatten().collect())
}

/// What each cell says, as a name: `007` keeps its zeros. Where all are whole numbers, `1.0` is called `1`.
pub(super) fn names(column: &Column) -> Vec<Option<String>> {
    match &column.cells {
        Cells::Text(text) => names_of_text(text),
        Cells::Numbers { values, .. } => {
            values.iter().map(|value| (!value.is_nan()).then(|| value.to_string())).collect()
        }
    }
}

fn names_of_text(text: &Text) -> Vec<Option<String>> {
    let whole: Option<Vec<&str>> = text.categories().iter().map(|text| without_fraction(text)).collect();
    let categories: Vec<&str> =
        whole.unwrap_or_else(|| text.categories().iter().map(String::as_str).collect());
    text.codes().iter().map(|code| code.map(|code| categories[code as usize].to_owned())).collect()
}

/// A whole number as it is written, without a fraction of zeros.
fn without_fraction(text: &str) -> Option<&str> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && fraction.bytes().all(|byte| byte == b'0')).then_some(whole)
}

fn place(row: usize) -> String {
    format!("row {row} (from 0)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(cells: &[&str]) -> Vec<String> {
        let text: Text = cells.iter().copied().collect();
        names_of_text(&text).into_iter().flatten().collect()
    }

    #[test]
    fn names_keep_their_zeros_and_lose_a_fraction_that_says_nothing() {
        assert_eq!(named(&["007", "12", "-1"]), ["007", "12", "-1"]);
        assert_eq!(named(&["0.0", "1.00", "2."]), ["0", "1", "2"]);
        assert_eq!(named(&["1.0", "1.1"]), ["1.0", "1.1"]);
        assert_eq!(named(&["1.0", "cat"]), ["1.0", "cat"]);
    }
}
