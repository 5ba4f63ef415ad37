//! Which images to go between.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::random::shuffle;

/// Which ends the paths of a comparison have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Between {
    /// One end of each class, by label.
    Classes(u32, u32),
    /// Any two images of different classes; without labels, any two.
    All,
}

impl Between {
    /// `7↔1`, or `all classes`; `names` are those of classes, by label.
    pub fn name(self, names: Option<&[String]>) -> String {
        match self.classes(names) {
            Some([first, second]) => format!("{first}↔{second}"),
            None => "all classes".to_owned(),
        }
    }

    /// The two classes, if it is between two: by name, or as the label of one that has none.
    pub fn classes(self, names: Option<&[String]>) -> Option<[String; 2]> {
        let name = |label: u32| match names.and_then(|names| names.get(label as usize)) {
            Some(name) => name.clone(),
            None => label.to_string(),
        };
        match self {
            Self::Classes(first, second) => Some([first, second].map(name)),
            Self::All => None,
        }
    }

    /// Whether an image of this class can be an end.
    pub fn holds(self, label: Option<u32>) -> bool {
        match self {
            Self::Classes(first, second) => label.is_some_and(|label| label == first || label == second),
            Self::All => true,
        }
    }
}

/// Too few images to go between.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there are too few test rows to go between for {0}: at least two of each class are needed; `narrows data` lists them"
)]
pub struct NoPairs(pub String);

/// Draws up to `count` pairs of `rows` images, with ChaCha8 of `seed`: the first end, then the second.
///
/// Between two classes the i-th pair is of the i-th images of both, in a shuffled order, which begins anew where a class
/// is at its end: of 1,000 pairs, an image of a class of 974 is in two at most. No pair comes twice, so of small classes there are
/// fewer. Of all classes, an image is in one pair at most; so there may be fewer pairs than asked for.
///
/// Nothing if there is no pair, or a class has one image, about whose fellows nothing could be said.
pub fn draw(
    between: Between,
    rows: usize,
    labels: Option<&[u32]>,
    count: usize,
    seed: u64,
) -> Option<Vec<[usize; 2]>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let label = |row: usize| labels.map(|labels| labels[row]);
    let pairs: Vec<[usize; 2]> = match between {
        Between::Classes(..) if labels.is_none() => Vec::new(),
        Between::Classes(first, second) => {
            let [first, second] = [first, second].map(|class| {
                let mut of_class: Vec<usize> = (0..rows).filter(|&row| label(row) == Some(class)).collect();
                shuffle(&mut of_class, &mut random);
                of_class
            });
            different(first.len(), second.len())
                .map(|(a, b)| [first[a], second[b]])
                .filter(|[a, b]| a != b)
                .take(count)
                .collect()
        }
        Between::All => {
            let mut all: Vec<usize> = (0..rows).collect();
            shuffle(&mut all, &mut random);
            let differ = |pair: &[usize; 2]| labels.is_none() || label(pair[0]) != label(pair[1]);
            all.as_chunks().0.iter().copied().filter(differ).take(count).collect()
        }
    };
    let images = |end: usize| pairs.iter().any(|pair| pair[end] != pairs[0][end]);
    (images(0) && images(1)).then_some(pairs)
}

/// All pairs of `a` and `b` things, each once, and each thing about as often as the others: both run in a circle, and one of them
/// is moved on by one whenever the pairs would begin anew.
fn different(a: usize, b: usize) -> impl Iterator<Item = (usize, usize)> {
    let round = if a == 0 || b == 0 { 1 } else { a / greatest_common_divisor(a, b) * b };
    (0..a * b).map(move |i| (i % a, (i + i / round) % b))
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// `count` of `rows` rows, in ascending order; all if there are no more.
pub fn sample(rows: usize, count: usize, seed: u64) -> Vec<usize> {
    let mut all: Vec<usize> = (0..rows).collect();
    shuffle(&mut all, &mut ChaCha8Rng::seed_from_u64(seed));
    all.truncate(count);
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_of_their_classes_and_differ() {
        let labels: Vec<u32> = (0..100).map(|i| i % 3).collect();
        let pairs = draw(Between::Classes(2, 0), 100, Some(&labels), 60, 1).unwrap();
        assert_eq!(pairs.len(), 60);
        assert!(pairs.iter().all(|&[a, b]| labels[a] == 2 && labels[b] == 0));
        assert_eq!(pairs, draw(Between::Classes(2, 0), 100, Some(&labels), 60, 1).unwrap());
        assert_ne!(pairs, draw(Between::Classes(2, 0), 100, Some(&labels), 60, 2).unwrap());
        // 33 of class 2: none a third time before each came twice.
        let uses = |row| pairs.iter().filter(|pair| pair[0] == row).count();
        assert!((0..100).filter(|&row| labels[row] == 2).all(|row| (1..=2).contains(&uses(row))));

        let mixed = draw(Between::All, 100, Some(&labels), 1000, 1).unwrap();
        let mut rows: Vec<usize> = mixed.iter().flatten().copied().collect();
        assert!(mixed.iter().all(|&[a, b]| labels[a] != labels[b]));
        assert!(mixed.len() > 20, "two of three pairs differ in class: {}", mixed.len());
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), 2 * mixed.len());
        assert_eq!(draw(Between::All, 100, None, 1000, 1).unwrap().len(), 50);
    }

    #[test]
    fn without_an_end_there_is_no_pair() {
        assert!(draw(Between::Classes(7, 1), 4, Some(&[1, 1, 2, 3]), 10, 0).is_none());
        assert!(draw(Between::Classes(7, 1), 4, None, 10, 0).is_none());
        assert!(draw(Between::All, 4, Some(&[1; 4]), 10, 0).is_none());
    }
}
