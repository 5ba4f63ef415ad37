//! Whether classes lie apart in the latent space: nearest neighbours that vote.

use super::neighbours::{Itself, Points, References};
use crate::compute::Compute;

/// Codes with the classes of their rows.
#[derive(Clone, Copy, Debug)]
pub struct Labelled<'a> {
    /// Codes, or any other numbers.
    pub codes: Points<'a>,
    /// The class of each row.
    pub labels: &'a [u8],
}

impl Labelled<'_> {
    pub(super) fn check(&self) {
        let (codes, labels) = (self.codes.rows(), self.labels.len());
        assert!(codes == labels && labels > 0, "{codes} codes and {labels} labels");
    }
}

/// The share of `test` whose class the majority of its `k` nearest codes of `train` has; of classes with as many votes, the
/// least is taken, as scikit-learn's `KNeighborsClassifier` does.
///
/// # Panics
/// If there are fewer than `k` rows to train on, none to test, or codes and labels of a set are not as many.
pub fn neighbour_accuracy(compute: &mut Compute, train: Labelled<'_>, test: Labelled<'_>, k: usize) -> f64 {
    train.check();
    test.check();
    let neighbours = References::new(train.codes).nearest(compute, test.codes, k, Itself::Counts);
    let right = neighbours
        .chunks_exact(k)
        .zip(test.labels)
        .filter(|(neighbours, label)| {
            majority(neighbours.iter().map(|&i| train.labels[i as usize])) == **label
        })
        .count();
    right as f64 / test.labels.len() as f64
}

fn majority(votes: impl Iterator<Item = u8>) -> u8 {
    let mut counts = [0_usize; 256];
    votes.for_each(|label| counts[usize::from(label)] += 1);
    // `max_by_key` takes the last of equals; the least class is to win.
    (0..=u8::MAX).rev().max_by_key(|&label| counts[usize::from(label)]).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_equally_frequent_classes_wins() {
        assert_eq!(majority([3, 7, 7, 3, 9].into_iter()), 3);
        assert_eq!(majority([9, 7, 7, 3, 9, 9].into_iter()), 9);
        assert_eq!(majority([255].into_iter()), 255);
    }
}
