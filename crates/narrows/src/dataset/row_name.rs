//! Naming one row of a data set: by its index, or as the n-th of a class.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Dataset, NoSuchClass, TrainAndTest};

/// The training or the test part of a data set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What models are trained on.
    #[default]
    Train,
    /// What they are tested on.
    Test,
}

/// One row: `train:7` is the first 7 of the training set, `test:7:3` the third of the test set, `test#42` the row with
/// index 42 (from 0). Without a part, the training set is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RowName {
    /// Where to look.
    pub part: Part,
    /// Which row of it.
    pub which: Which,
}

/// Which row of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// By index, from 0.
    Index(usize),
    /// The `nth` row of a class, from 1.
    OfClass {
        /// The label.
        class: u8,
        /// Which of that class.
        nth: usize,
    },
}

/// A row that cannot be named or found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowNameError {
    /// Not of the form.
    #[error(
        "`{0}` names no row; expected for instance 7 or train:7 (the first 7 of the training set), test:7:3 (the third of the test set) or test#42 (by index, from 0)"
    )]
    Form(String),
    /// The index is beyond the last row.
    #[error("`{name}` is beyond the last row; there are {rows}, numbered from 0")]
    Index {
        /// What was asked for.
        name: String,
        /// How many rows there are.
        rows: usize,
    },
    /// The data has no such class.
    #[error(transparent)]
    NoClass(#[from] NoSuchClass),
    /// The class has not so many rows.
    #[error("`{name}` asks for more rows of that class than there are ({rows})")]
    Class {
        /// What was asked for.
        name: String,
        /// How many rows the class has.
        rows: usize,
    },
    /// The data has no labels.
    #[error("`{0}` names a class, but the data has no labels; name a row by its index, for instance test#42")]
    NoLabels(String),
}

impl FromStr for RowName {
    type Err = RowNameError;

    fn from_str(text: &str) -> Result<Self, RowNameError> {
        let wrong = || RowNameError::Form(text.to_owned());
        let (part, rest) = match text {
            _ if text.starts_with("train") => (Part::Train, &text["train".len()..]),
            _ if text.starts_with("test") => (Part::Test, &text["test".len()..]),
            _ => (Part::Train, text),
        };
        let named = rest.len() < text.len();
        let which = if let Some(index) = rest.strip_prefix('#') {
            Which::Index(index.parse().map_err(|_| wrong())?)
        } else {
            let rest = if named { rest.strip_prefix(':').ok_or_else(wrong)? } else { rest };
            let (class, nth) = rest.split_once(':').unwrap_or((rest, "1"));
            let nth = nth.parse().ok().filter(|&nth: &usize| nth > 0).ok_or_else(wrong)?;
            Which::OfClass { class: class.parse().map_err(|_| wrong())?, nth }
        };
        Ok(Self { part, which })
    }
}

impl RowName {
    /// The data set that the row is of, and its index there.
    ///
    /// # Errors
    /// If there is no such row.
    pub fn find<'a>(&self, data: &'a TrainAndTest) -> Result<(&'a Dataset, usize), RowNameError> {
        let dataset = match self.part {
            Part::Train => &data.train,
            Part::Test => &data.test,
        };
        let name = || self.to_string();
        let index = match self.which {
            Which::Index(index) if index < dataset.rows() => index,
            Which::Index(_) => return Err(RowNameError::Index { name: name(), rows: dataset.rows() }),
            Which::OfClass { class, nth } => {
                let labels = dataset.labels.as_ref().ok_or_else(|| RowNameError::NoLabels(name()))?;
                dataset.check_class(class)?;
                let rows = || labels.iter().filter(|&&label| label == class).count();
                dataset
                    .nth_of_class(class, nth - 1)
                    .ok_or_else(|| RowNameError::Class { name: name(), rows: rows() })?
            }
        };
        Ok((dataset, index))
    }
}

impl fmt::Display for RowName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.part {
            Part::Train => "train",
            Part::Test => "test",
        })?;
        match self.which {
            Which::Index(index) => write!(f, "#{index}"),
            Which::OfClass { class, nth: 1 } => write!(f, ":{class}"),
            Which::OfClass { class, nth } => write!(f, ":{class}:{nth}"),
        }
    }
}

impl TryFrom<String> for RowName {
    type Error = RowNameError;

    fn try_from(text: String) -> Result<Self, RowNameError> {
        text.parse()
    }
}

impl From<RowName> for String {
    fn from(name: RowName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{RawValues, ValueRange};

    fn data() -> TrainAndTest {
        let part = |name: &str, labels: &[u8]| Dataset {
            name: name.to_owned(),
            features: 1,
            raw: RawValues::Bytes(vec![0; labels.len()]),
            range: ValueRange { low: 0.0, high: 1.0 },
            image: None,
            labels: Some(labels.to_vec()),
        };
        TrainAndTest { train: part("train", &[5, 7, 1, 7]), test: part("test", &[7, 1]) }
    }

    #[test]
    fn rows_are_found_by_class_and_by_index() {
        let data = data();
        for (name, set, index) in [
            ("7", "train", 1),
            ("train:7:2", "train", 3),
            ("test:1", "test", 1),
            ("#2", "train", 2),
            ("test#0", "test", 0),
        ] {
            let (dataset, found) = name.parse::<RowName>().unwrap().find(&data).unwrap();
            assert_eq!((dataset.name.as_str(), found), (set, index), "{name}");
        }
    }

    #[test]
    fn a_name_reads_back_as_it_is_written() {
        for name in ["train:7", "test:7:3", "test#42", "train#0"] {
            assert_eq!(name.parse::<RowName>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn wrong_names_say_what_is_expected() {
        for name in ["", "seven", "train", "train7", "train:", "7:0", "#", "#-1", "test:7:3:1", "256"] {
            assert_eq!(name.parse::<RowName>(), Err(RowNameError::Form(name.to_owned())));
        }
        let find = |name: &str| name.parse::<RowName>().unwrap().find(&data()).map(|found| found.1);
        assert_eq!(find("7:3"), Err(RowNameError::Class { name: "train:7:3".to_owned(), rows: 2 }));
        let classes = "1, 5 and 7".to_owned();
        let data_name = "train".to_owned();
        let missing = NoSuchClass { class: 3, data: data_name, classes };
        assert_eq!(missing.to_string(), "there is no class 3 in train; its classes are 1, 5 and 7");
        assert_eq!(find("train:3"), Err(RowNameError::NoClass(missing)));
        assert_eq!(find("#4"), Err(RowNameError::Index { name: "train#4".to_owned(), rows: 4 }));
    }
}
