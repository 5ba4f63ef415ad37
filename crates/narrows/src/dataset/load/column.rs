//! From a column of a table to what it is for: numbers, dates as seconds, a column for each category, or names.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::UnseenRule;
use super::error::LoadError;
use super::found::{Labels, sorted};
use crate::dataset::format::{Cells, Column, Text};

/// A column of a table that is an input of a model, and the columns that it becomes.
pub(super) struct Input {
    /// Its place in the table.
    pub place: usize,
    /// What the model calls it.
    pub names: Vec<String>,
    becomes: Becomes,
}

enum Becomes {
    Numbers,
    /// Seconds since 1970 in UTC.
    Seconds,
    /// A column of 0 and 1 for each of these; all are missing where the cell is.
    Categories {
        known: HashMap<String, usize>,
        naming: Naming,
        unseen: UnseenRule,
    },
}

impl Input {
    pub fn numbers(place: usize, name: String) -> Self {
        Self { place, names: vec![name], becomes: Becomes::Numbers }
    }

    pub fn seconds(place: usize, name: String) -> Self {
        Self { place, names: vec![name], becomes: Becomes::Seconds }
    }

    /// A column of 0 and 1 for each of `known`, which `column` may all have.
    pub fn categories(place: usize, column: &Column, known: Vec<String>, unseen: UnseenRule) -> Self {
        let names = known.iter().map(|category| format!("{}={category}", column.name)).collect();
        let known = known.into_iter().zip(0..).collect();
        let naming = Naming::of(&text(column));
        Self { place, names, becomes: Becomes::Categories { known, naming, unseen } }
    }

    /// The values of a column, of which the first is that of row `first`.
    pub fn read<'a>(
        &self,
        path: &str,
        column: &'a Column,
        first: usize,
        seen: &mut Seen,
    ) -> Result<Cellwise<'a>, LoadError> {
        match &self.becomes {
            Becomes::Numbers => match &column.cells {
                Cells::Numbers { values, .. } => Ok(Cellwise::Values(Cow::Borrowed(values))),
                Cells::Text(_) => unreachable!("a column of text becomes no numbers by itself"),
            },
            Becomes::Seconds => seconds(path, column, first, seen).map(Cellwise::Values),
            Becomes::Categories { known, naming, unseen } => {
                let text = text(column);
                let places: Vec<Option<usize>> = text
                    .categories()
                    .iter()
                    .map(|category| known.get(naming.name(category)).copied())
                    .collect();
                let new = |code: &u32| places[*code as usize].is_none();
                let mut new_rows = text.codes().iter().enumerate().filter_map(|(row, code)| {
                    let code = code.filter(&new)?;
                    Some((row, naming.name(&text.categories()[code as usize])))
                });
                match unseen {
                    UnseenRule::Zeros => new_rows.for_each(|(_, name)| seen.add_new(name)),
                    UnseenRule::Error => {
                        if let Some((row, category)) = new_rows.next() {
                            let (path, column) = (path.to_owned(), column.name.clone());
                            let category = category.to_owned();
                            return Err(LoadError::NewCategory { path, row: first + row, column, category });
                        }
                    }
                }
                Ok(Cellwise::Categories { count: known.len(), places, codes: text })
            }
        }
    }

    /// What was found out while the column called `column` was read.
    pub fn told(&self, path: &str, column: &str, seen: Seen) -> Option<String> {
        match self.becomes {
            Becomes::Numbers => None,
            Becomes::Seconds if !seen.any_date => None,
            Becomes::Seconds => {
                let precision = match seen.rounded {
                    0.0 => String::new(),
                    by => format!(", rounded by at most {by} seconds, for values are numbers of 32 bits"),
                };
                Some(format!("column `{column}`: dates become seconds since 1970 in UTC{precision}"))
            }
            Becomes::Categories { .. } if seen.new_rows == 0 => None,
            Becomes::Categories { .. } => Some(format!(
                "column `{column}`: {} rows of {path} are of categories that were not there in training, and become zeros: {}",
                seen.new_rows,
                sorted(seen.new.into_iter().collect()).join(", ")
            )),
        }
    }
}

/// What was seen of a column, piece after piece.
#[derive(Clone, Default)]
pub(super) struct Seen {
    any_date: bool,
    /// The greatest difference between a date and its value.
    rounded: f64,
    /// Rows of categories that are not known.
    new_rows: usize,
    new: BTreeSet<String>,
}

impl Seen {
    fn add_new(&mut self, category: &str) {
        self.new_rows += 1;
        if !self.new.contains(category) {
            self.new.insert(category.to_owned());
        }
    }
}

/// The values of some cells.
pub(super) enum Cellwise<'a> {
    /// One for each; NaN where it is missing.
    Values(Cow<'a, [f32]>),
    /// So many for each, of which the one at the place of the cell's category is 1.
    Categories { count: usize, places: Vec<Option<usize>>, codes: Cow<'a, Text> },
}

impl Cellwise<'_> {
    /// Writes the values of a row.
    pub fn push(&self, row: usize, into: &mut Vec<f32>) {
        match self {
            Self::Values(values) => into.push(values[row]),
            Self::Categories { count, places, codes } => {
                let start = into.len();
                let Some(code) = codes.codes()[row] else {
                    into.resize(start + count, f32::NAN);
                    return;
                };
                into.resize(start + count, 0.0);
                if let Some(place) = places[code as usize] {
                    into[start + place] = 1.0;
                }
            }
        }
    }
}

fn seconds<'a>(
    path: &str,
    column: &'a Column,
    first: usize,
    seen: &mut Seen,
) -> Result<Cow<'a, [f32]>, LoadError> {
    let no_date = |row: usize, found: String| {
        let (path, column, place) = (path.to_owned(), column.name.clone(), place(first + row));
        LoadError::NoDate { path, column, place, found }
    };
    let text = match &column.cells {
        Cells::Text(text) => text,
        // Nothing in it says that it is no column of dates.
        Cells::Numbers { values, .. } => match values.iter().position(|value| !value.is_nan()) {
            None => return Ok(Cow::Borrowed(values)),
            Some(row) => return Err(no_date(row, format!("the number {}", values[row]))),
        },
    };
    if let Some((row, found)) = text.first_without_date() {
        return Err(no_date(row, format!("`{found}`")));
    }
    let Some(cells) = text.as_seconds() else { return Ok(vec![f32::NAN; text.codes().len()].into()) };
    let values: Vec<f32> = cells.iter().map(|cell| cell.map_or(f32::NAN, |seconds| seconds as f32)).collect();
    let off = |(cell, value): (&Option<f64>, &f32)| cell.map(|seconds| (f64::from(*value) - seconds).abs());
    seen.any_date = true;
    seen.rounded = cells.iter().zip(&values).filter_map(off).fold(seen.rounded, f64::max);
    Ok(values.into())
}

/// What a column says, each once, in order.
pub(super) fn categories(column: &Column) -> Vec<String> {
    let text = text(column);
    let naming = Naming::of(&text);
    sorted(text.categories().iter().map(|category| naming.name(category).to_owned()).collect())
}

/// What each cell says, as a name.
pub(super) fn names(column: &Column) -> Vec<Option<String>> {
    let text = text(column);
    let naming = Naming::of(&text);
    let name = |code: u32| naming.name(&text.categories()[code as usize]).to_owned();
    text.codes().iter().map(|code| code.map(name)).collect()
}

/// The class of each row, which all have one.
pub(super) fn labels(column: &Column) -> Labels {
    let text = text(column);
    let naming = Naming::of(&text);
    // Texts of one name are one class.
    let of_texts = Labels::of_names(text.categories().iter().map(|category| naming.name(category)));
    let of_rows = text.codes().iter().flatten().map(|&code| of_texts.of_rows[code as usize]).collect();
    Labels { names: of_texts.names, of_rows }
}

/// The cells as they are written.
fn text(column: &Column) -> Cow<'_, Text> {
    match &column.cells {
        Cells::Text(text) => Cow::Borrowed(text),
        Cells::Numbers { values, .. } => Cow::Owned(Text::of_numbers(values)),
    }
}

/// How a text becomes a name: `007` keeps its zeros. Where all texts of a column are whole numbers, `1.0` is called `1`.
struct Naming {
    whole: bool,
}

impl Naming {
    fn of(text: &Text) -> Self {
        Self { whole: text.categories().iter().all(|text| without_fraction(text).is_some()) }
    }

    fn name<'a>(&self, text: &'a str) -> &'a str {
        if self.whole { without_fraction(text).unwrap_or(text) } else { text }
    }
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
    use crate::dataset::format::Missing;

    fn named(cells: &[&str]) -> Vec<String> {
        let cells = Cells::Text(cells.iter().copied().collect());
        let column = Column { name: "x".to_owned(), cells, missing: Missing::default() };
        names(&column).into_iter().flatten().collect()
    }

    #[test]
    fn names_keep_their_zeros_and_lose_a_fraction_that_says_nothing() {
        assert_eq!(named(&["007", "12", "-1"]), ["007", "12", "-1"]);
        assert_eq!(named(&["0.0", "1.00", "2."]), ["0", "1", "2"]);
        assert_eq!(named(&["1.0", "1.1"]), ["1.0", "1.1"]);
        assert_eq!(named(&["1.0", "cat"]), ["1.0", "cat"]);
    }
}
