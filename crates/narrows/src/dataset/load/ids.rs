//! What rows are called, where a column says it, while they are shared out into parts.

use super::found::{Found, FoundParts};
use crate::dataset::{Part, Parts, Split};

/// What the rows of each part are called.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    pub train: Option<Vec<String>>,
    pub validation: Option<Vec<String>>,
    pub test: Option<Vec<String>>,
    /// Whether rows to validate on come from elsewhere than the rows to train on.
    has_validation: bool,
}

impl Ids {
    /// Those of the files.
    pub fn take(found: &mut FoundParts) -> Self {
        let of = |part: &mut Option<Found>| part.as_mut().and_then(|part| part.ids.take());
        Self {
            train: found.train.ids.take(),
            has_validation: found.validation.is_some(),
            validation: of(&mut found.validation),
            test: of(&mut found.test),
        }
    }

    /// Those of parts.
    pub fn of(parts: &Parts) -> Self {
        let [train, validation, test] = Part::ALL.map(|part| parts.ids(part).map(<[String]>::to_vec));
        Self { train, validation, test, has_validation: parts.validation().is_some() }
    }

    /// Those of the parts into which a split shares the training set out.
    pub fn split(self, split: &Split) -> Self {
        let drawn = |part: Part| rows_of(self.train.as_deref(), &split.rows_of(part));
        let (train, test) = (drawn(Part::Train), drawn(Part::Test));
        let validation = match self.has_validation {
            true => self.validation,
            false => drawn(Part::Validation).filter(|ids| !ids.is_empty()),
        };
        Self { train, validation, test, ..self }
    }

    /// Those of parts of which the split's test rows become the validation set.
    pub fn held_out(parts: &Parts, split: &Split) -> Self {
        let of = Self::of(parts);
        let drawn = |part: Part| rows_of(of.train.as_deref(), &split.rows_of(part));
        Self { train: drawn(Part::Train), validation: drawn(Part::Test), test: of.test, has_validation: true }
    }

    /// The parts with their rows' names.
    pub fn name(self, parts: Parts) -> Parts {
        let named = [(Part::Train, self.train), (Part::Validation, self.validation), (Part::Test, self.test)];
        named.into_iter().fold(parts, |parts, (part, ids)| match ids {
            Some(ids) => parts.with_ids(part, ids),
            None => parts,
        })
    }
}

fn rows_of(ids: Option<&[String]>, rows: &[u32]) -> Option<Vec<String>> {
    ids.map(|ids| rows.iter().map(|&row| ids[row as usize].clone()).collect())
}
