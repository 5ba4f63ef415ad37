//! Which rows of a data set are for training, for validation and for testing, where no file says so.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::{Dataset, Part, Parts};
use crate::random::shuffle;

/// The stream of random numbers of a split: parameters have stream 0, and no training reaches so many epochs.
const STREAM: u64 = u64::MAX;

/// The shares of the rows that are not trained on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    /// From 0, for no validation set, to below 1.
    pub validation: f64,
    /// Above 0 and below 1.
    pub test: f64,
}

impl Default for Shares {
    fn default() -> Self {
        Self { validation: 0.0, test: 0.1 }
    }
}

/// The rows that are validated and tested on; all others are trained on.
///
/// It is written as JSON, and knows of which data it is: other data is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// How many rows the data has.
    rows: usize,
    /// Its content hash.
    data_hash: String,
    /// Ascending.
    validation: Vec<u32>,
    /// Ascending.
    test: Vec<u32>,
}

/// A split that cannot be drawn or used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SplitError {
    /// Shares that are none.
    #[error(
        "the {part} share is {share}; shares are from 0 to below 1, the test share above 0, and leave rows to train on"
    )]
    Share {
        /// Of which part.
        part: Part,
        /// What was given.
        share: f64,
    },
    /// Too few rows.
    #[error("{rows} rows cannot be split so that {part} has any; give more rows, or another share")]
    TooFew {
        /// Which part would have none.
        part: Part,
        /// How many there are in all.
        rows: usize,
    },
    /// It is of other data.
    #[error(
        "the split is of data with {expected} rows and the hash {expected_hash}, {name} has {found} rows and the hash {found_hash}; split it anew"
    )]
    Data {
        /// What the data is called.
        name: String,
        /// Rows that the split is of.
        expected: usize,
        /// Hash that the split is of.
        expected_hash: String,
        /// Rows of the data.
        found: usize,
        /// Hash of the data.
        found_hash: String,
    },
    /// A row that is not there, or in two places.
    #[error("row {0} of the split is beyond the last, or is named twice")]
    Row(u32),
    /// No JSON of a split.
    #[error("this is no split of rows: {0}")]
    Form(String),
}

impl Split {
    /// Draws a split by seed. Of every class each part has its share, rounded so that the parts' sizes are `⌈share·rows⌉`
    /// (largest remainders first, then lesser labels): as scikit-learn's `StratifiedShuffleSplit`, but for the draw.
    ///
    /// The rows depend on the data, the shares and the seed alone, and the test rows not on the validation share.
    ///
    /// # Errors
    /// If a share is out of range, or a part would have no rows.
    pub fn draw(dataset: &Dataset, shares: Shares, seed: u64) -> Result<Self, SplitError> {
        let Shares { validation, test } = shares;
        for (part, share, good) in [
            (Part::Test, test, test > 0.0 && test < 1.0),
            (Part::Validation, validation, validation >= 0.0 && validation + test < 1.0),
        ] {
            if !good {
                return Err(SplitError::Share { part, share });
            }
        }
        let rows = dataset.rows();
        let [test, validation] = [test, validation].map(|share| (share * rows as f64).ceil() as usize);
        for (part, has_rows) in [(Part::Test, test > 0), (Part::Train, test + validation < rows)] {
            if !has_rows {
                return Err(SplitError::TooFew { part, rows });
            }
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(STREAM);
        let mut classes = rows_by_class(dataset);
        classes.iter_mut().for_each(|rows| shuffle(rows, &mut random));
        let [test, validation] = [test, validation].map(|count| take(&mut classes, rows, count));
        Ok(Self { rows, data_hash: dataset.content_hash().to_owned(), validation, test })
    }

    /// The parts of the data that the split was drawn for.
    ///
    /// # Errors
    /// If the data is other data, or a row is named twice or not there.
    pub fn apply(&self, dataset: &Dataset) -> Result<Parts, SplitError> {
        if (self.rows, self.data_hash.as_str()) != (dataset.rows(), dataset.content_hash()) {
            return Err(SplitError::Data {
                name: dataset.name().to_owned(),
                expected: self.rows,
                expected_hash: self.data_hash.clone(),
                found: dataset.rows(),
                found_hash: dataset.content_hash().to_owned(),
            });
        }
        let mut trained_on = vec![true; self.rows];
        for &row in self.validation.iter().chain(&self.test) {
            match trained_on.get_mut(row as usize) {
                Some(free @ true) => *free = false,
                _ => return Err(SplitError::Row(row)),
            }
        }
        let train: Vec<usize> = (0..self.rows).filter(|&row| trained_on[row]).collect();
        for (part, rows) in [(Part::Train, train.len()), (Part::Test, self.test.len())] {
            if rows == 0 {
                return Err(SplitError::TooFew { part, rows: self.rows });
            }
        }
        let part =
            |part: Part, rows: &[usize]| dataset.subset(rows).named(format!("{} ({part})", dataset.name()));
        let [validation, test] = [&self.validation, &self.test]
            .map(|rows| rows.iter().map(|&row| row as usize).collect::<Vec<_>>());
        let validation = (!validation.is_empty()).then(|| part(Part::Validation, &validation));
        let parts = Parts::new(part(Part::Train, &train), validation, part(Part::Test, &test));
        Ok(parts.expect("all are of one data set"))
    }

    /// The rows of a part, ascending.
    pub fn rows_of(&self, part: Part) -> Vec<u32> {
        match part {
            Part::Validation => self.validation.clone(),
            Part::Test => self.test.clone(),
            Part::Train => {
                let held: std::collections::HashSet<&u32> =
                    self.validation.iter().chain(&self.test).collect();
                (0..).take(self.rows).filter(|row| !held.contains(row)).collect()
            }
        }
    }

    /// As it is written.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("plain data is JSON")
    }

    /// A split that was written.
    ///
    /// # Errors
    /// If it is none. Whether it fits the data is found by [`Split::apply`].
    pub fn from_json(text: &str) -> Result<Self, SplitError> {
        serde_json::from_str(text).map_err(|error| SplitError::Form(error.to_string()))
    }
}

/// The rows of each class; without labels all rows are of one.
fn rows_by_class(dataset: &Dataset) -> Vec<Vec<u32>> {
    let Some(labels) = dataset.labels() else {
        return vec![(0..).take(dataset.rows()).collect()];
    };
    let mut classes = vec![Vec::new(); dataset.schema().classes().map_or(0, <[String]>::len)];
    for (row, &label) in (0..).zip(labels) {
        classes[label as usize].push(row);
    }
    classes
}

/// Takes `count` of all `rows` rows from the ends of the classes, of each as many as its share of what is left; ascending.
fn take(classes: &mut [Vec<u32>], rows: usize, count: usize) -> Vec<u32> {
    let left: usize = classes.iter().map(Vec::len).sum();
    debug_assert!(count <= left && left <= rows);
    // Integers: no rounding has an influence.
    let share = |class: &Vec<u32>| (class.len() * count / left.max(1), class.len() * count % left.max(1));
    let mut taken: Vec<usize> = classes.iter().map(|class| share(class).0).collect();
    let missing = count - taken.iter().sum::<usize>();
    let mut by_remainder: Vec<usize> = (0..classes.len()).collect();
    // Stable: of equal remainders the lesser label comes first.
    by_remainder.sort_by_key(|&class| std::cmp::Reverse(share(&classes[class]).1));
    by_remainder.iter().take(missing).for_each(|&class| taken[class] += 1);
    let mut out: Vec<u32> = classes
        .iter_mut()
        .zip(taken)
        .flat_map(|(class, taken)| class.split_off(class.len() - taken))
        .collect();
    out.sort_unstable();
    out
}
