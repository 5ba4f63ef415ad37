//! Tables: named columns of numbers or of text.

use std::collections::HashMap;

use super::date::seconds_since_1970;

/// Columns of equal length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Cells in each column.
    pub rows: usize,
    /// The columns, in the order of the file.
    pub columns: Vec<Column>,
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name: no two columns share one.
    pub name: String,
    /// Its cells.
    pub cells: Cells,
    /// Cells without a value.
    pub missing: Missing,
}

/// Cells without a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// How many.
    pub count: usize,
    /// The line of the first in a text file, counted from 1; its row in another, from 0.
    pub first: Option<u64>,
}

/// The cells of a column, from the first row to the last.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Numbers; NaN where a cell is missing.
    Numbers {
        /// The nearest `f32` of each.
        values: Vec<f32>,
        /// How many integers lost their last digits, because `f32` holds every integer only up to 16,777,216.
        rounded: usize,
    },
    /// Text.
    Text(Text),
}

/// Cells of text, each different text stored once.
#[derive(Clone, Debug, Default)]
pub struct Text {
    categories: Vec<String>,
    index: HashMap<String, u32>,
    codes: Vec<Option<u32>>,
    first: Option<(u64, u32)>,
    numbers: usize,
}

impl Missing {
    pub(super) fn add(&mut self, place: u64) {
        self.count += 1;
        self.first.get_or_insert(place);
    }

    fn append(&mut self, later: Self) {
        self.count += later.count;
        self.first = self.first.or(later.first);
    }
}

impl Column {
    /// Forgets what each cell is; of all of them together it is still known how many are missing or rounded, and which texts there are.
    pub(in crate::dataset) fn forget_cells(&mut self) {
        match &mut self.cells {
            Cells::Numbers { values, .. } => *values = Vec::new(),
            Cells::Text(text) => text.codes = Vec::new(),
        }
    }

    /// Forgets which texts there are, too.
    pub(in crate::dataset) fn forget_texts(&mut self) {
        if let Cells::Text(text) = &mut self.cells {
            *text = Text::default();
        }
    }
}

impl Cells {
    pub(super) fn no_numbers() -> Self {
        Self::Numbers { values: Vec::new(), rounded: 0 }
    }
}

impl Text {
    /// The different texts, in the order in which they occur first.
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// For each row the index of its text in [`Text::categories`]; nothing where the cell is missing.
    pub fn codes(&self) -> &[Option<u32>] {
        &self.codes
    }

    /// The text of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn get(&self, row: usize) -> Option<&str> {
        self.codes[row].map(|code| self.categories[code as usize].as_str())
    }

    /// The first cell that is no number, with its line (of a text file) or row: it is why this column is no column of numbers.
    pub fn first_text(&self) -> Option<(u64, &str)> {
        self.first.map(|(place, code)| (place, self.categories[code as usize].as_str()))
    }

    /// How many cells are numbers all the same.
    pub fn numbers(&self) -> usize {
        self.numbers
    }

    /// Numbers as they are written.
    pub(in crate::dataset) fn of_numbers(values: &[f32]) -> Self {
        let mut text = Self::default();
        for (&value, place) in values.iter().zip(0..) {
            if value.is_nan() { text.push_missing() } else { text.push(&value.to_string(), place, true) }
        }
        text
    }

    /// Whether every text is a date.
    pub(in crate::dataset) fn is_dates(&self) -> bool {
        !self.categories.is_empty() && self.categories.iter().all(|text| seconds_since_1970(text).is_some())
    }

    /// The cells as seconds since 1970 in UTC, if every text of the column is a date.
    pub fn as_seconds(&self) -> Option<Vec<Option<f64>>> {
        let seconds: Vec<f64> =
            self.categories.iter().map(|text| seconds_since_1970(text)).collect::<Option<_>>()?;
        (!seconds.is_empty())
            .then(|| self.codes.iter().map(|code| code.map(|code| seconds[code as usize])).collect())
    }

    /// The first cell that is no date: its row, from 0, and its text.
    pub fn first_without_date(&self) -> Option<(usize, &str)> {
        let code = self.categories.iter().position(|text| seconds_since_1970(text).is_none())?;
        let row = self.codes.iter().position(|other| other.is_some_and(|other| other as usize == code))?;
        Some((row, &self.categories[code]))
    }

    pub(super) fn push_missing(&mut self) {
        self.codes.push(None);
    }

    /// Adds the text at `place`; `number` says that it could be read as a number too.
    pub(super) fn push(&mut self, text: &str, place: u64, number: bool) {
        let code = self.code(text);
        self.codes.push(Some(code));
        if number {
            self.numbers += 1;
        } else {
            self.first.get_or_insert((place, code));
        }
    }

    fn code(&mut self, text: &str) -> u32 {
        if let Some(&code) = self.index.get(text) {
            return code;
        }
        let code = u32::try_from(self.categories.len()).expect("2³² texts exceed every limit on memory");
        self.categories.push(text.to_owned());
        self.index.insert(text.to_owned(), code);
        code
    }

    fn append(&mut self, later: &Self) {
        let codes: Vec<u32> = later.categories.iter().map(|text| self.code(text)).collect();
        let renamed = |code: u32| codes[code as usize];
        self.codes.extend(later.codes.iter().map(|code| code.map(renamed)));
        self.first = self.first.or(later.first.map(|(place, code)| (place, renamed(code))));
        self.numbers += later.numbers;
    }

    /// Bytes that the texts and codes take.
    fn memory(&self) -> usize {
        let texts: usize =
            self.categories.iter().map(|text| 2 * (text.len() + size_of::<String>()) + 16).sum();
        texts + self.codes.len() * size_of::<Option<u32>>()
    }
}

impl<'a> FromIterator<&'a str> for Text {
    fn from_iter<I: IntoIterator<Item = &'a str>>(texts: I) -> Self {
        let mut column = Self::default();
        (0..).zip(texts).for_each(|(place, text)| column.push(text, place, false));
        column
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.categories == other.categories && self.codes == other.codes
    }
}

impl Table {
    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Adds the rows of a table with the same columns.
    pub(in crate::dataset) fn append(&mut self, later: Self) {
        self.rows += later.rows;
        for (column, later) in self.columns.iter_mut().zip(later.columns) {
            column.missing.append(later.missing);
            match (&mut column.cells, later.cells) {
                (Cells::Numbers { values, rounded }, Cells::Numbers { values: more, rounded: later }) => {
                    values.extend_from_slice(&more);
                    *rounded += later;
                }
                (Cells::Text(text), Cells::Text(later)) => text.append(&later),
                _ => unreachable!("blocks of one file have the same kinds of columns"),
            }
        }
    }

    /// Bytes of memory that the cells take.
    pub(super) fn memory(&self) -> u64 {
        let columns = self.columns.iter().map(|column| match &column.cells {
            Cells::Numbers { values, .. } => size_of_val(&values[..]) as u64,
            Cells::Text(text) => text.memory() as u64,
        });
        columns.sum()
    }
}

/// Makes every name different from the others: a name that occurred before gets `.1`, `.2` … at its end, and a column
/// without a name is called by its number, from 1.
pub(super) fn distinct_names(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut seen = HashMap::new();
    let mut distinct: Vec<String> = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        let name = if name.is_empty() { format!("column {}", index + 1) } else { name };
        let mut candidate = name.clone();
        while seen.contains_key(&candidate) {
            let count: &mut usize =
                seen.get_mut(&name).unwrap_or_else(|| unreachable!("a candidate begins as the name"));
            *count += 1;
            candidate = format!("{name}.{count}");
        }
        seen.insert(candidate.clone(), 0);
        distinct.push(candidate);
    }
    distinct
}
