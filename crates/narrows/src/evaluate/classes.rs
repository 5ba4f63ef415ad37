//! Whether classes lie apart in the latent space: nearest neighbours that vote.

use super::neighbours::{Itself, Points, References};
use crate::compute::Compute;

/// Codes, or any other numbers, with the classes of their rows.
#[derive(Clone, Copy, Debug)]
pub struct Labelled<'a> {
    pub(super) codes: Points<'a>,
    pub(super) labels: &'a [u32],
}

/// Codes, labels or neighbours of which no measure can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClassesError {
    /// Not one label for each code, or none at all.
    #[error("{codes} codes have {labels} labels; expected one for each, and at least one")]
    Labels {
        /// How many codes.
        codes: usize,
        /// How many labels.
        labels: usize,
    },
    /// A code that is NaN or infinite.
    #[error("code {0} (from 0) is not finite; has the model diverged?")]
    NotFinite(usize),
    /// As many neighbours as cannot vote.
    #[error("{voters} of {rows} neighbours cannot vote; expected at least 1, and no more than there are")]
    Voters {
        /// How many were asked for.
        voters: usize,
        /// How many there are.
        rows: usize,
    },
    /// Codes of different sizes.
    #[error("codes of {train} numbers to learn from, and of {test} to measure on, are not of one space")]
    Sizes {
        /// Numbers of a code to learn from.
        train: usize,
        /// Numbers of a code to measure on.
        test: usize,
    },
}

impl<'a> Labelled<'a> {
    /// Codes with the class of each.
    ///
    /// # Errors
    /// If there are no codes, labels are not one for each, or a number is not finite.
    pub fn new(codes: Points<'a>, labels: &'a [u32]) -> Result<Self, ClassesError> {
        let rows = codes.rows();
        if rows != labels.len() || rows == 0 {
            return Err(ClassesError::Labels { codes: rows, labels: labels.len() });
        }
        match codes.values.iter().position(|z| !z.is_finite()) {
            Some(index) => Err(ClassesError::NotFinite(index / codes.dimension)),
            None => Ok(Self { codes, labels }),
        }
    }

    /// Whether these codes can say something of others.
    pub(super) fn check_space_of(&self, test: &Self) -> Result<(), ClassesError> {
        match [self, test].map(|labelled| labelled.codes.dimension) {
            [train, test] if train != test => Err(ClassesError::Sizes { train, test }),
            _ => Ok(()),
        }
    }
}

/// The share of `test` whose class the majority of its `k` nearest codes of `train` has; of classes with as many votes, the
/// least is taken, as scikit-learn's `KNeighborsClassifier` does.
///
/// # Errors
/// If `k` is 0, or there are fewer rows to learn from, or the codes are of different sizes.
pub fn neighbour_accuracy(
    compute: &mut Compute,
    train: Labelled<'_>,
    test: Labelled<'_>,
    k: usize,
) -> Result<f64, ClassesError> {
    train.check_space_of(&test)?;
    if !(1..=train.codes.rows()).contains(&k) {
        return Err(ClassesError::Voters { voters: k, rows: train.codes.rows() });
    }
    let neighbours = References::new(train.codes).nearest(compute, test.codes, k, Itself::Counts);
    let right = neighbours
        .chunks_exact(k)
        .zip(test.labels)
        .filter(|(neighbours, label)| {
            majority(neighbours.iter().map(|&i| train.labels[i as usize])) == **label
        })
        .count();
    Ok(right as f64 / test.labels.len() as f64)
}

fn majority(votes: impl Iterator<Item = u32>) -> u32 {
    let mut votes: Vec<u32> = votes.collect();
    votes.sort_unstable();
    // `max_by_key` takes the last of equals; the least class is to win.
    votes.chunk_by(|a, b| a == b).rev().max_by_key(|same| same.len()).map_or(0, |same| same[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_equally_frequent_classes_wins() {
        assert_eq!(majority([3, 7, 7, 3, 9].into_iter()), 3);
        assert_eq!(majority([9, 7, 7, 3, 9, 9].into_iter()), 9);
        assert_eq!(majority([70_000].into_iter()), 70_000);
    }
}
