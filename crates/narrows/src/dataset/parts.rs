//! A data set in its parts: what models are trained on, and what they are measured on.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Dataset, Schema};

/// What the rows of a part are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What models are trained on.
    #[default]
    Train,
    /// What settings are chosen by, and training may be stopped by.
    Validation,
    /// What models are measured on in the end.
    Test,
}

/// A training set and a test set and, maybe, a validation set, of one schema.
#[derive(Clone, Debug)]
pub struct Parts {
    train: Dataset,
    validation: Option<Dataset>,
    test: Dataset,
    ids: [Option<Arc<[String]>>; 3],
}

/// Parts that do not belong together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{first} and {second} are no parts of one data set: they differ in {what}")]
pub struct PartsError {
    first: String,
    second: String,
    what: &'static str,
}

impl Parts {
    /// What is trained on, what may be validated on, and what is tested on.
    ///
    /// # Errors
    /// If their schemas differ.
    pub fn new(train: Dataset, validation: Option<Dataset>, test: Dataset) -> Result<Self, PartsError> {
        for other in validation.iter().chain([&test]) {
            if let Some(what) = difference(train.schema(), other.schema()) {
                let [first, second] = [&train, other].map(|part| part.name().to_owned());
                return Err(PartsError { first, second, what });
            }
        }
        Ok(Self { train, validation, test, ids: Default::default() })
    }

    /// The same, with what each row of a part is called.
    ///
    /// # Panics
    /// If the part is not there, or there is not one name for each of its rows.
    #[must_use]
    pub fn with_ids(mut self, part: Part, ids: Vec<String>) -> Self {
        let rows = self.get(part).map(Dataset::rows);
        assert_eq!(rows, Some(ids.len()), "rows of the {part} set, and their names");
        self.ids[part as usize] = Some(ids.into());
        self
    }

    /// What row `index` of a part is called, if the data says it.
    pub fn id(&self, part: Part, index: usize) -> Option<&str> {
        Some(&self.ids(part)?[index])
    }

    /// What the rows of a part are called, if the data says it.
    pub fn ids(&self, part: Part) -> Option<&[String]> {
        self.ids[part as usize].as_deref()
    }

    /// What all parts have in common.
    pub fn schema(&self) -> &Schema {
        self.train.schema()
    }

    /// What models are trained on.
    pub fn train(&self) -> &Dataset {
        &self.train
    }

    /// What settings are chosen by.
    pub fn validation(&self) -> Option<&Dataset> {
        self.validation.as_ref()
    }

    /// What models are measured on.
    pub fn test(&self) -> &Dataset {
        &self.test
    }

    /// One of them, if it is there.
    pub fn get(&self, part: Part) -> Option<&Dataset> {
        match part {
            Part::Train => Some(&self.train),
            Part::Validation => self.validation.as_ref(),
            Part::Test => Some(&self.test),
        }
    }
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// As rows are named: `train`, `validation`, `test`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn difference(a: &Schema, b: &Schema) -> Option<&'static str> {
    let same = [
        ("the number of features", a.features() == b.features()),
        ("the columns", a.columns() == b.columns()),
        ("the images' shape", a.image() == b.image()),
        ("the classes", a.classes() == b.classes()),
        ("the value range", a.range() == b.range()),
        ("what missing values stand for", a.missing() == b.missing()),
    ];
    same.into_iter().find(|(_, same)| !same).map(|(what, _)| what)
}
