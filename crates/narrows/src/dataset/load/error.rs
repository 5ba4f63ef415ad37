//! Data that cannot be read as it was asked for: which path, what was found, what to do.

use std::path::PathBuf;

use crate::dataset::format::{DATES_READ, FormatError};
use crate::dataset::{BudgetError, DataError, PartsError, SchemaError, SplitError};

/// Data that cannot be read as it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file is not there, damaged, or of a format that is not read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A name that is no path, and near to that of the data that is built in.
    #[error("{0}: there is no such file or folder, and no such data set is built in; did you mean `mnist`?")]
    NotThere(String),
    /// More than the memory that data may take, where it cannot stay in its file.
    #[error(
        "{path} takes {} of memory, more than it may, and cannot be read block by block: {why}, or give more with --memory",
        bytesize::ByteSize(*bytes).display().si()
    )]
    NeedsMemory {
        /// Of which path.
        path: String,
        /// What it takes.
        bytes: u64,
        /// Why it cannot stay in its file.
        why: &'static str,
    },
    /// The cache cannot be written.
    #[error(
        "{}: {source}. Data that is larger than memory is written there, to be read block by block; make room, give another folder \
         (the variable XDG_CACHE_HOME), or more memory with --memory", place.display()
    )]
    Cache {
        /// Where in the cache.
        place: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What was read is not what it was when reading began.
    #[error("{0} was changed while it was read; wait until nothing writes to it, and start again")]
    Changed(String),
    /// Too little memory to read ahead.
    #[error("--memory: {0}")]
    Budget(#[from] BudgetError),
    /// The rows have no meaning together.
    #[error("{path}: {source}")]
    Schema {
        /// Of which path.
        path: String,
        /// Why.
        source: SchemaError,
    },
    /// The values are no data set.
    #[error("{path}: {source}")]
    Data {
        /// Of which path.
        path: String,
        /// Why.
        source: DataError,
    },
    /// The parts do not belong together.
    #[error(transparent)]
    Parts(#[from] PartsError),
    /// The rows cannot be split.
    #[error("{path}: {source}")]
    Split {
        /// Of which path.
        path: String,
        /// Why.
        source: SplitError,
    },
    /// The file of a split cannot be read.
    #[error("{path} cannot be read: {source}")]
    SplitFile {
        /// Which.
        path: String,
        /// Why.
        source: crate::files::ReadError,
    },
    /// A column that is not there.
    #[error("{path} has no column `{wanted}`, which --{option} names{}", instead(near.as_ref(), known))]
    NoColumn {
        /// Of which path.
        path: String,
        /// The flag, without its hyphens.
        option: &'static str,
        /// What was asked for.
        wanted: String,
        /// The column of the nearest name.
        near: Option<String>,
        /// The columns that there are.
        known: Vec<String>,
    },
    /// Columns that the model, or the training set, has and this data has not.
    #[error("{path} has no {}{}", columns_in_words(missing), renames(missing))]
    ColumnsMissing {
        /// Of which path.
        path: String,
        /// Each with the column of the nearest name.
        missing: Vec<(String, Option<String>)>,
    },
    /// Columns of words that no option names.
    #[error("{path}: {}", words_in_words(columns))]
    Words {
        /// Of which path.
        path: String,
        /// The columns.
        columns: Vec<WordColumn>,
    },
    /// Nothing is left to learn from.
    #[error("{0} has no column of numbers that is not left out, so there is nothing to learn from")]
    NoNumbers(String),
    /// A cell without a value.
    #[error(
        "{path}: {count} values are missing; the first is in {place}. Give --missing mean to fill each with its column's mean, \
         or --missing mask to learn without them"
    )]
    Missing {
        /// Of which path.
        path: String,
        /// How many.
        count: usize,
        /// Line and column of the first.
        place: String,
    },
    /// A value is missing, and the model has not learned to do without.
    #[error(
        "{path}: column `{column}` of row {row} (from 0) is missing, and the model was trained on whole rows; fill missing values, or \
         train with --missing mask"
    )]
    MissingForModel {
        /// Of which path.
        path: String,
        /// Which row, from 0.
        row: usize,
        /// The column's name, or its number from 0.
        column: String,
    },
    /// A row without a class or a name of its own.
    #[error(
        "{path}: {count} rows have no {column}, which --{option} names; the first is {place}. Remove these rows, or give no --{option}"
    )]
    NoName {
        /// Of which path.
        path: String,
        /// The flag, without its hyphens.
        option: &'static str,
        /// The column.
        column: String,
        /// How many.
        count: usize,
        /// The first.
        place: String,
    },
    /// Labels that are no names and no whole numbers, or not one for each row.
    #[error("{path}: the labels are {found}; expected one whole number or text for each row")]
    Labels {
        /// Of which path.
        path: String,
        /// What they are.
        found: String,
    },
    /// A category that the training set does not have.
    #[error(
        "{path}, row {row} (from 0): `{category}` in column `{column}` was not there in training; leave such rows out, or give \
         --unseen zeros to take them for none of the categories"
    )]
    NewCategory {
        /// Of which path.
        path: String,
        /// Which row.
        row: usize,
        /// Which column.
        column: String,
        /// What it says.
        category: String,
    },
    /// A cell that is no date.
    #[error(
        "{path}, {place}: column `{column}`, which --dates names, holds {found}; a date is written {DATES_READ}"
    )]
    NoDate {
        /// Of which path.
        path: String,
        /// The column.
        column: String,
        /// Which row.
        place: String,
        /// What is there.
        found: String,
    },
    /// Columns of which nothing can be learned.
    #[error(
        "{path}: column{} {} {} no value in the rows to train on, so nothing can be learned of {}; leave {} out with --drop {}",
        if columns.len() == 1 { "" } else { "s" }, some(columns), if columns.len() == 1 { "has" } else { "have" },
        them(columns.len()), them(columns.len()), columns.join(",")
    )]
    NoValues {
        /// Of which path.
        path: String,
        /// The columns.
        columns: Vec<String>,
    },
    /// An array that is no rows.
    #[error(
        "{path} has the shape {shape:?}; expected rows × features, rows × height × width, or with 1 or 3 channels behind or \
         before height × width"
    )]
    Shape {
        /// Of which path.
        path: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// An option that says nothing of this kind of data.
    #[error("--{option} is for {meant_for}, and {path} is {found}; leave it out")]
    Useless {
        /// The flag, without its hyphens.
        option: &'static str,
        /// What it is for.
        meant_for: &'static str,
        /// Of which path.
        path: String,
        /// What that is.
        found: &'static str,
    },
    /// Rows that are no images of the size asked for.
    #[error("--size {size} is {} pixels, and a row of {path} has {features} values", size.height * size.width)]
    Size {
        /// Of which path.
        path: String,
        /// What was asked for.
        size: super::ImageSize,
        /// Numbers in a row.
        features: usize,
    },
    /// A part that holds parts itself.
    #[error("{0} holds several parts, and was given as one of them; give a file or folder of one part")]
    SeveralParts(String),
    /// This narrows was built without the reader.
    #[error(
        "{path} is {what}; this narrows was built without the feature `{feature}`, which reads it; build it with `--features {feature}`"
    )]
    Feature {
        /// Of which path.
        path: PathBuf,
        /// What it is.
        what: &'static str,
        /// What to build with.
        feature: &'static str,
    },
}

/// A column of words that no option names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordColumn {
    /// Its name.
    pub name: String,
    /// The first text that is no number, with its line or row.
    pub first: Option<(u64, String)>,
    /// How many of its cells are numbers.
    pub numbers: usize,
    /// How many different texts there are.
    pub categories: usize,
    /// Whether every text is a date.
    pub dates: bool,
}

/// The name that is nearest to `wanted`, if one is near.
pub(super) fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a String>) -> Option<String> {
    /// Below it, two names have little in common.
    const NEAR: f64 = 0.6;
    let similarity = |name: &String| {
        let same_but_case = name.eq_ignore_ascii_case(wanted);
        if same_but_case { 1.0 } else { strsim::normalized_damerau_levenshtein(wanted, name) }
    };
    let best = known.into_iter().map(|name| (similarity(name), name)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(similarity, _)| *similarity >= NEAR).map(|(_, name)| name.clone())
}

fn instead(near: Option<&String>, known: &[String]) -> String {
    match near {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; it has {}", some(known)),
    }
}

/// The first few of many.
fn some(names: &[String]) -> String {
    /// More would not be read.
    const SHOWN: usize = 12;
    let mut text = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text += &format!(" and {} more", names.len() - SHOWN);
    }
    text
}

fn columns_in_words(missing: &[(String, Option<String>)]) -> String {
    let names: Vec<String> = missing.iter().map(|(name, _)| name.clone()).collect();
    format!("column{} {}", if names.len() == 1 { "" } else { "s" }, some(&names))
}

fn renames(missing: &[(String, Option<String>)]) -> String {
    let flags = missing.iter().filter_map(|(name, near)| Some(format!("--rename {}={name}", near.as_ref()?)));
    let flags: Vec<String> = flags.take(12).collect();
    if flags.is_empty() {
        String::new()
    } else {
        format!("; it has columns of near names: give {}", flags.join(" "))
    }
}

fn words_in_words(columns: &[WordColumn]) -> String {
    let describe = |column: &WordColumn| {
        let WordColumn { name, first, numbers, categories, dates } = column;
        let first =
            first.as_ref().map_or(String::new(), |(line, text)| format!(", such as `{text}` in line {line}"));
        let kind = match (dates, numbers) {
            (true, _) => format!("dates{first}"),
            (false, 0) => format!("{categories} different words{first}"),
            (false, numbers) => format!("{numbers} numbers, and words beside them{first}"),
        };
        format!("column `{name}` holds {kind}")
    };
    let described: Vec<String> = columns.iter().map(describe).collect();
    let names = |dates: bool| -> Vec<&str> {
        columns.iter().filter(|column| column.dates == dates).map(|column| column.name.as_str()).collect()
    };
    let (dates, all) = (names(true), [names(true), names(false)].concat());
    let seconds = match dates.is_empty() {
        true => String::new(),
        false => format!("give --dates {} to read dates as seconds since 1970; ", dates.join(",")),
    };
    format!(
        "{}. Models read numbers: {seconds}leave {} out with --drop {}, or say what a column is: --label COLUMN (classes), \
         --id COLUMN (the name of a row), --one-hot COLUMN (a number for each category)",
        described.join("; "),
        them(all.len()),
        all.join(",")
    )
}

fn them(count: usize) -> &'static str {
    if count == 1 { "it" } else { "them" }
}
