//! Naming one row of a data set: by its index, as the n-th of a class, or as a column of its table names it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{DataError, Dataset, Part, Parts};

/// One row: `train:7` is the first of class 7 of the training set, `test:cat:3` the third cat of the test set, `test#42` the
/// row with index 42 (from 0). Without a part, the training set is meant. `@S0017` is the row that the column of names calls S0017,
/// in whichever part it is; `test@S0017` must be in the test set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RowName {
    /// Where to look; nothing for a row that is looked for in all parts by its own name.
    pub part: Option<Part>,
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
    /// As the column of names calls it.
    Called(String),
}

/// A row that was found.
#[derive(Clone, Copy, Debug)]
pub struct FoundRow<'a> {
    /// In which part.
    pub part: Part,
    /// The rows of that part.
    pub dataset: &'a Dataset,
    /// Its index among them.
    pub index: usize,
}

/// A row that cannot be named or found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowNameError {
    /// Not of the form.
    #[error(
        "`{0}` names no row; expected for instance 7 or train:7 (the first of class 7 of the training set), test:7:3 (the third of the test set), test#42 (by index, from 0) or @S0017 (by the name that --id COLUMN gives it)"
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
    #[error("there is no class {class} in {data}; its {classes}{}", if *is_id { format!("; a row is called so: @{class}") } else { String::new() })]
    NoClass {
        /// What was asked for.
        class: String,
        /// What the data is called.
        data: String,
        /// Which classes there are, in words.
        classes: String,
        /// Whether a row is called so.
        is_id: bool,
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
    /// The rows have no names of their own.
    #[error(
        "`{0}` names a row by a column, and the data has no column of names; say which it is with --id COLUMN"
    )]
    NoIds(String),
    /// No row is called so.
    #[error("`{0}`: no row is called so")]
    NoSuchId(String),
    /// Several rows are called so.
    #[error(
        "`{name}` could be any of {rows} rows that are called so; name one by its index, for instance {first}"
    )]
    SeveralRows {
        /// What was asked for.
        name: String,
        /// How many.
        rows: usize,
        /// The first of them.
        first: String,
    },
}

impl FromStr for RowName {
    type Err = RowNameError;

    fn from_str(text: &str) -> Result<Self, RowNameError> {
        let wrong = || RowNameError::Form(text.to_owned());
        // A part ends where a class or an index begins: a class may be called `tester`.
        let named = Part::ALL.into_iter().find_map(|part| {
            let rest = text.strip_prefix(part.name())?;
            rest.starts_with([':', '#', '@']).then_some((part, rest))
        });
        let rest = named.map_or(text, |(_, rest)| rest);
        if let Some(id) = rest.strip_prefix('@') {
            let which = Which::Called(id.to_owned());
            return if id.is_empty() {
                Err(wrong())
            } else {
                Ok(Self { part: named.map(|(part, _)| part), which })
            };
        }
        let part = Some(named.map_or(Part::Train, |(part, _)| part));
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
    /// Where the row is.
    ///
    /// # Errors
    /// If there is no such row.
    pub fn find<'a>(&self, data: &'a Parts) -> Result<FoundRow<'a>, RowNameError> {
        let name = || self.to_string();
        if let Which::Called(id) = &self.which {
            return self.called(id, data);
        }
        let part = self.part.unwrap_or_default();
        let dataset = data.get(part).ok_or_else(|| RowNameError::NoPart(name()))?;
        let index = match &self.which {
            Which::Called(_) => unreachable!("it was looked for above"),
            Which::Index(index) if *index < dataset.rows() => *index,
            Which::Index(_) => return Err(RowNameError::Index { name: name(), rows: dataset.rows() }),
            Which::OfClass { class, nth } => {
                let labels = dataset.labels().ok_or_else(|| RowNameError::NoLabels(name()))?;
                let is_id = || data.ids(part).is_some_and(|ids| ids.contains(class));
                let label = find_class(dataset, class).map_err(|error| error.with_id(is_id()))?;
                let rows = || labels.iter().filter(|&&other| other == label).count();
                dataset
                    .nth_of_class(label, nth - 1)
                    .ok_or_else(|| RowNameError::Class { name: name(), rows: rows() })?
            }
        };
        Ok(FoundRow { part, dataset, index })
    }

    fn called<'a>(&self, id: &str, data: &'a Parts) -> Result<FoundRow<'a>, RowNameError> {
        let name = || self.to_string();
        let parts: Vec<Part> =
            Part::ALL.into_iter().filter(|part| self.part.is_none_or(|asked| asked == *part)).collect();
        if parts.iter().all(|&part| data.get(part).is_none()) {
            return Err(RowNameError::NoPart(name()));
        }
        if parts.iter().all(|&part| data.ids(part).is_none()) {
            return Err(RowNameError::NoIds(name()));
        }
        let mut found = parts.into_iter().flat_map(|part| {
            let ids = data.ids(part).unwrap_or_default().iter().enumerate();
            ids.filter(|(_, other)| *other == id).map(move |(index, _)| (part, index))
        });
        let (part, index) = found.next().ok_or_else(|| RowNameError::NoSuchId(name()))?;
        match found.count() {
            0 => Ok(FoundRow { part, dataset: data.get(part).expect("its rows have names"), index }),
            others => {
                let first = format!("{part}#{index}");
                Err(RowNameError::SeveralRows { name: name(), rows: 1 + others, first })
            }
        }
    }
}

impl FoundRow<'_> {
    /// The row alone, in memory.
    ///
    /// # Errors
    /// If it is in a file that can no longer be read.
    pub fn row(&self) -> Result<Dataset, DataError> {
        self.dataset.read_rows(&[self.index])
    }

    /// The name of its class, if known.
    pub fn class(&self) -> Option<&str> {
        self.dataset.class_of(self.index)
    }
}

impl RowNameError {
    fn with_id(self, known: bool) -> Self {
        match self {
            Self::NoClass { class, data, classes, .. } => {
                Self::NoClass { class, data, classes, is_id: known }
            }
            other => other,
        }
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
            is_id: false,
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
        f.write_str(self.part.map_or("", Part::name))?;
        match &self.which {
            Which::Called(id) => write!(f, "@{id}"),
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
            let found = name.parse::<RowName>().unwrap().find(&data).unwrap();
            assert_eq!((found.dataset.name(), found.index), (set, index), "{name}");
        }
    }

    #[test]
    fn a_name_reads_back_as_it_is_written() {
        for name in [
            "train:7",
            "test:7:3",
            "test#42",
            "train#0",
            "validation:cat:2",
            "train:a:b",
            "test:size:3:1",
            "@S0017",
            "test@a:b#c",
        ] {
            assert_eq!(name.parse::<RowName>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn wrong_names_say_what_is_expected() {
        for name in ["", "train:", "7:0", "#", "#-1", "test#x", ":", "@", "test@"] {
            assert_eq!(name.parse::<RowName>(), Err(RowNameError::Form(name.to_owned())));
        }
        let find = |name: &str| name.parse::<RowName>().unwrap().find(&digits()).map(|found| found.index);
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
    fn a_row_is_found_by_its_own_name_in_whichever_part_it_is() {
        let ids = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect();
        let data = digits()
            .with_ids(Part::Train, ids(&["007", "7", "b", "twice"]))
            .with_ids(Part::Test, ids(&["c", "twice"]));
        let find = |name: &str| name.parse::<RowName>().unwrap().find(&data);
        for (name, part, index) in [
            ("@007", Part::Train, 0),
            ("@7", Part::Train, 1),
            ("@c", Part::Test, 0),
            ("train@twice", Part::Train, 3),
            ("test@twice", Part::Test, 1),
            ("7", Part::Train, 1),
        ] {
            let found = find(name).unwrap();
            assert_eq!((found.part, found.index), (part, index), "{name}");
        }
        let error = |name: &str| find(name).unwrap_err().to_string();
        assert!(
            error("@twice").contains("2 rows") && error("@twice").contains("train#3"),
            "{}",
            error("@twice")
        );
        assert_eq!(error("train@c"), "`train@c`: no row is called so");
        assert!(error("train:b").ends_with("a row is called so: @b"), "{}", error("train:b"));
        assert!(error("validation@b").contains("validation set"), "{}", error("validation@b"));
        let unnamed = "@b".parse::<RowName>().unwrap().find(&digits()).unwrap_err().to_string();
        assert!(unnamed.contains("--id COLUMN"), "{unnamed}");
    }

    #[test]
    fn classes_are_told_as_a_range_or_one_by_one() {
        assert_eq!(in_words(&["0", "1", "2", "3"]), "classes are 0 to 3");
        assert_eq!(in_words(&["2", "3", "5"]), "classes are 2, 3 and 5");
        assert_eq!(in_words(&["4"]), "class is 4");
        assert_eq!(in_words(&["a"; 13]), format!("13 classes begin with {}", ["a"; 12].join(", ")));
    }
}
