//! Naming one row of a data set: by its index, or as the n-th of a class.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Dataset, Part, Parts};

/// One row: `train:7` is the first of class 7 of the training set, `test:cat:3` the third cat of the test set, `test#42` the
/// row with index 42 (from 0). Without a part, the training set is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RowName {
    /// Where to look.
    pub part: Part,
    /// Which row of it.
    pub which: Which,
}

/// Which row of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// By index, from 0.
    Index(usize),
    /// The `nth` row of a class, from 1.
    OfClass {
        /// The name of the class.
        class: String,
        /// Which of that class.
        nth: usize,
    },
}

/// A row that cannot be named or found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowNameError {
    /// Not of the form.
    #[error(
        "`{0}` names no row; expected for instance 7 or train:7 (the first of class 7 of the training set), test:7:3 (the third of the test set) or test#42 (by index, from 0)"
    )]
    Form(String),
    /// The data has no such part.
    #[error("`{0}` is of the validation set, and the data has none; name a row of train or test")]
    NoPart(String),
    /// The index is beyond the last row.
    #[error("`{name}` is beyond the last row; there are {rows}, numbered from 0")]
    Index {
        /// What was asked for.
        name: String,
        /// How many rows there are.
        rows: usize,
    },
    /// There is no such class.
    #[error("there is no class {class} in {data}; its {classes}")]
    NoClass {
        /// What was asked for.
        class: String,
        /// What the data is called.
        data: String,
        /// Which classes there are, in words.
        classes: String,
    },
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
        // A part ends where a class or an index begins: a class may be called `tester`.
        let named = Part::ALL.into_iter().find_map(|part| {
            let rest = text.strip_prefix(part.name())?;
            rest.starts_with([':', '#']).then_some((part, rest))
        });
        let (part, rest) = named.unwrap_or((Part::Train, text));
        let which = if let Some(index) = rest.strip_prefix('#') {
            Which::Index(index.parse().map_err(|_| wrong())?)
        } else {
            Which::of_class(rest.strip_prefix(':').unwrap_or(rest)).ok_or_else(wrong)?
        };
        Ok(Self { part, which })
    }
}

impl Which {
    /// `7`, `cat` or `cat:3`. What stands behind the last colon counts, if it is a number.
    fn of_class(text: &str) -> Option<Self> {
        let counted = text.rsplit_once(':').and_then(|(class, nth)| Some((class, nth.parse().ok()?)));
        let (class, nth) = counted.unwrap_or((text, 1));
        (!class.is_empty() && nth > 0).then(|| Self::OfClass { class: class.to_owned(), nth })
    }
}

impl RowName {
    /// The data set that the row is of, and its index there.
    ///
    /// # Errors
    /// If there is no such row.
    pub fn find<'a>(&self, data: &'a Parts) -> Result<(&'a Dataset, usize), RowNameError> {
        let name = || self.to_string();
        let dataset = data.get(self.part).ok_or_else(|| RowNameError::NoPart(name()))?;
        let index = match &self.which {
            Which::Index(index) if *index < dataset.rows() => *index,
            Which::Index(_) => return Err(RowNameError::Index { name: name(), rows: dataset.rows() }),
            Which::OfClass { class, nth } => {
                let labels = dataset.labels().ok_or_else(|| RowNameError::NoLabels(name()))?;
                let label = find_class(dataset, class)?;
                let rows = || labels.iter().filter(|&&other| other == label).count();
                dataset
                    .nth_of_class(label, nth - 1)
                    .ok_or_else(|| RowNameError::Class { name: name(), rows: rows() })?
            }
        };
        Ok((dataset, index))
    }
}

/// The label of a class by its name.
///
/// # Errors
/// If no row of the data is of such a class, or the data has no labels.
pub fn find_class(dataset: &Dataset, class: &str) -> Result<u32, RowNameError> {
    let counts = dataset.class_counts().ok_or_else(|| RowNameError::NoLabels(class.to_owned()))?;
    let occurring: Vec<u32> = counts.into_iter().map(|(label, _)| label).collect();
    let label = dataset.schema().class(class).filter(|label| occurring.contains(label));
    label.ok_or_else(|| {
        let names: Vec<&str> = occurring.iter().map(|&label| dataset.class_name(label)).collect();
        RowNameError::NoClass {
            class: class.to_owned(),
            data: dataset.name().to_owned(),
            classes: in_words(&names),
        }
    })
}

/// `classes are 0 to 9`, `classes are 1, 5 and 7`, or the first of many.
fn in_words(classes: &[&str]) -> String {
    /// More would not be read.
    const LISTED: usize = 12;
    let numbers: Option<Vec<u32>> = classes.iter().map(|class| class.parse().ok()).collect();
    let without_gaps = numbers.is_some_and(|numbers| numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    match classes {
        [first, _, .., last] if without_gaps => format!("classes are {first} to {last}"),
        _ if classes.len() > LISTED => {
            format!("{} classes begin with {}", classes.len(), classes[..LISTED].join(", "))
        }
        [others @ .., last] if !others.is_empty() => {
            format!("classes are {} and {last}", others.join(", "))
        }
        one => format!("class is {}", one.concat()),
    }
}

impl fmt::Display for RowName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.part.name())?;
        match &self.which {
            Which::Index(index) => write!(f, "#{index}"),
            // A number at the end of a class's own name would be taken for a count.
            Which::OfClass { class, nth: 1 } if Which::of_class(class) == Some(self.which.clone()) => {
                write!(f, ":{class}")
            }
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
    use crate::dataset::{Schema, Values};

    fn parts(classes: &[&str], train: &[u32], test: &[u32]) -> Parts {
        let classes: Vec<String> = classes.iter().map(|&class| class.to_owned()).collect();
        let part = |name: &str, labels: &[u32]| {
            let schema = Schema::rows(1).unwrap().with_classes(classes.clone()).unwrap();
            Dataset::new(name, schema, Values::Bytes(vec![0; labels.len()]), Some(labels.to_vec())).unwrap()
        };
        Parts::new(part("train", train), None, part("test", test)).unwrap()
    }

    fn digits() -> Parts {
        parts(&["0", "1", "2", "3", "4", "5", "6", "7"], &[5, 7, 1, 7], &[7, 1])
    }

    fn animals() -> Parts {
        parts(&["cat", "tester", "size:3"], &[1, 0, 2, 0], &[0, 2, 1])
    }

    #[test]
    fn rows_are_found_by_class_and_by_index() {
        for (data, name, set, index) in [
            (digits(), "7", "train", 1),
            (digits(), "train:7:2", "train", 3),
            (digits(), "test:1", "test", 1),
            (digits(), "#2", "train", 2),
            (digits(), "test#0", "test", 0),
            (animals(), "cat", "train", 1),
            (animals(), "train:cat:2", "train", 3),
            (animals(), "tester", "train", 0),
            (animals(), "test:tester:1", "test", 2),
            (animals(), "test:size:3:1", "test", 1),
        ] {
            let (dataset, found) = name.parse::<RowName>().unwrap().find(&data).unwrap();
            assert_eq!((dataset.name(), found), (set, index), "{name}");
        }
    }

    #[test]
    fn a_name_reads_back_as_it_is_written() {
        for name in
            ["train:7", "test:7:3", "test#42", "train#0", "validation:cat:2", "train:a:b", "test:size:3:1"]
        {
            assert_eq!(name.parse::<RowName>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn wrong_names_say_what_is_expected() {
        for name in ["", "train:", "7:0", "#", "#-1", "test#x", ":"] {
            assert_eq!(name.parse::<RowName>(), Err(RowNameError::Form(name.to_owned())));
        }
        let find = |name: &str| name.parse::<RowName>().unwrap().find(&digits()).map(|found| found.1);
        assert_eq!(find("7:3"), Err(RowNameError::Class { name: "train:7:3".to_owned(), rows: 2 }));
        assert_eq!(find("#4"), Err(RowNameError::Index { name: "train#4".to_owned(), rows: 4 }));
        assert_eq!(find("validation:7"), Err(RowNameError::NoPart("validation:7".to_owned())));
        let error =
            |data: &Parts, name: &str| name.parse::<RowName>().unwrap().find(data).unwrap_err().to_string();
        assert_eq!(error(&digits(), "12"), "there is no class 12 in train; its classes are 1, 5 and 7");
        assert_eq!(error(&digits(), "3"), "there is no class 3 in train; its classes are 1, 5 and 7");
        assert_eq!(
            error(&animals(), "test:dog"),
            "there is no class dog in test; its classes are cat, tester and size:3"
        );
    }

    #[test]
    fn classes_are_told_as_a_range_or_one_by_one() {
        assert_eq!(in_words(&["0", "1", "2", "3"]), "classes are 0 to 3");
        assert_eq!(in_words(&["2", "3", "5"]), "classes are 2, 3 and 5");
        assert_eq!(in_words(&["4"]), "class is 4");
        assert_eq!(in_words(&["a"; 13]), format!("13 classes begin with {}", ["a"; 12].join(", ")));
    }
}
