//! What one path holds, before classes, columns and missing values are those of all paths together.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::dataset::format::ArrayFile;
use crate::dataset::{ImageShape, ReadAhead, ValueRange, Values};

/// One part of a data set.
#[derive(Debug)]
pub(super) struct Found {
    /// The path, as it was given.
    pub path: String,
    pub kind: Kind,
    pub values: FoundValues,
    pub labels: Option<Labels>,
    /// What each row is called, where a column says it.
    pub ids: Option<Vec<String>>,
}

/// Where the values are.
#[derive(Debug)]
pub(super) enum FoundValues {
    Memory(Values),
    File(ArrayFile, ReadAhead),
}

/// What a row is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Images {
        shape: ImageShape,
        range: ValueRange,
    },
    /// Named columns.
    Table(Vec<String>),
    /// So many numbers without names.
    Rows(usize),
}

/// The parts that one path holds.
#[derive(Debug)]
pub(super) struct FoundParts {
    pub train: Found,
    pub validation: Option<Found>,
    pub test: Option<Found>,
}

impl Found {
    /// Numbers in a row.
    pub fn features(&self) -> usize {
        self.kind.features()
    }
}

impl Kind {
    /// Numbers in a row.
    pub fn features(&self) -> usize {
        match self {
            // It was counted when the values were read.
            Self::Images { shape, .. } => shape.features().unwrap_or(0),
            Self::Table(columns) => columns.len(),
            Self::Rows(features) => *features,
        }
    }
}

impl FoundParts {
    /// A path that does not say what its rows are for.
    pub fn one(train: Found) -> Self {
        Self { train, validation: None, test: None }
    }

    /// The parts that there are. Where none is for training, the others are what there is to train on.
    pub fn of_any(train: Option<Found>, validation: Option<Found>, test: Option<Found>) -> Option<Self> {
        match (train, validation, test) {
            (Some(train), validation, test) => Some(Self { train, validation, test }),
            (None, Some(only), None) | (None, None, Some(only)) => Some(Self::one(only)),
            (None, Some(validation), Some(test)) => {
                Some(Self { train: validation, validation: None, test: Some(test) })
            }
            (None, None, None) => None,
        }
    }
}

/// The class of each row.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Labels {
    /// Names of classes, in the order in which they occur.
    pub names: Vec<String>,
    /// For each row the place of its class among them.
    pub of_rows: Vec<u32>,
}

impl Labels {
    /// From the name of each row's class.
    pub fn of_names<S: Into<String>>(rows: impl IntoIterator<Item = S>) -> Self {
        let (mut labels, mut places) = (Self::default(), HashMap::new());
        for name in rows {
            let name = name.into();
            // Fewer than 2³² rows.
            let next = labels.names.len() as u32;
            let place = *places.entry(name.clone()).or_insert(next);
            if place == next {
                labels.names.push(name);
            }
            labels.of_rows.push(place);
        }
        labels
    }

    /// The same with other names for classes, where `name` knows one.
    pub fn renamed(self, name: impl Fn(&str) -> Option<String>) -> Self {
        let new = |old: &String| name(old).unwrap_or_else(|| old.clone());
        let names: Vec<String> = self.names.iter().map(new).collect();
        Self::of_names(self.of_rows.iter().map(|&place| names[place as usize].clone()))
    }

    /// The label of each row among `classes`, which hold all names.
    pub fn among(&self, classes: &[String]) -> Vec<u32> {
        let places: HashMap<&String, u32> = classes.iter().zip(0..).collect();
        let renamed: Vec<u32> = self.names.iter().map(|name| places[name]).collect();
        self.of_rows.iter().map(|&place| renamed[place as usize]).collect()
    }
}

/// Class names in their order: numbers by value if all are numbers, else by letters.
pub(super) fn sorted(mut names: Vec<String>) -> Vec<String> {
    let value = |name: &String| name.parse::<f64>().ok().filter(|value| value.is_finite());
    if names.iter().all(|name| value(name).is_some()) {
        names.sort_by(|a, b| {
            value(a).unwrap_or(0.0).total_cmp(&value(b).unwrap_or(0.0)).then_with(|| a.cmp(b))
        });
    } else {
        names.sort();
    }
    names.dedup();
    names
}

/// A count with its thousands apart.
pub(crate) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_that_are_numbers_stand_by_value_and_others_by_letters() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(sorted(names(&["10", "9", "-1", "9"])), names(&["-1", "9", "10"]));
        assert_eq!(sorted(names(&["dog", "10", "9"])), names(&["10", "9", "dog"]));
        let labels = Labels::of_names(["dog", "cat", "dog"]);
        assert_eq!(labels.among(&names(&["cat", "dog"])), [1, 0, 1]);
        assert_eq!([grouped(7), grouped(1000), grouped(50_000_000)], ["7", "1,000", "50,000,000"]);
    }
}
