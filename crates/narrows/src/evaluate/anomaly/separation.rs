//! How well scores separate anomalies from normal rows, where it is known which are which.
//!
//! **ROC AUC**: the probability that an anomaly has a greater score than a normal row, ties counting half. **Average precision**:
//! `Σ (Rₙ − Rₙ₋₁)·Pₙ` over the thresholds that differ, from the highest, with recall R and precision P. Both are as scikit-learn has
//! them (`roc_auc_score`, `average_precision_score`).
//!
//! Intervals are bootstrapped (Efron & Tibshirani 1993): anomalies and normal rows are drawn anew, each among themselves, and 95 % of the
//! results lie within. The same draws serve both scores of a comparison, so the interval of their difference is paired.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::random::below;

/// Rows that are drawn in all, so that a million rows take seconds.
const MAX_DRAWN: usize = 200_000_000;

/// Draws are between these.
const DRAWS: (usize, usize) = (100, 1000);

/// A figure with its interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// On the rows as they are.
    pub value: f64,
    /// 2.5 % of the draws are below.
    pub low: f64,
    /// 2.5 % of the draws are above.
    pub high: f64,
}

/// How well one score separates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Separation {
    /// 0.5 is no better than chance, 1 is perfect.
    pub roc_auc: Estimate,
    /// The share of anomalies is no better than chance, 1 is perfect.
    pub average_precision: Estimate,
}

/// Two scores of the same rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// The first score.
    pub first: Separation,
    /// The second score.
    pub second: Separation,
    /// ROC AUC of the first less that of the second.
    pub roc_auc_gain: Estimate,
    /// Average precision of the first less that of the second.
    pub average_precision_gain: Estimate,
}

/// Rows that nothing can be said about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{anomalies} anomalies and {normal} normal rows with a score; at least one of each is needed to see how well they are separated"
)]
pub struct SeparationError {
    /// Anomalies that have a score.
    pub anomalies: usize,
    /// Normal rows that have a score.
    pub normal: usize,
}

impl Estimate {
    /// Whether 0 lies outside of the interval.
    pub fn differs_from_0(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// How well a score separates. Rows without a score (NaN) do not count.
///
/// # Errors
/// If there are no anomalies, or nothing else.
pub fn separation(scores: &[f64], anomalies: &[bool]) -> Result<Separation, SeparationError> {
    Ok(compare(scores, scores, anomalies)?.first)
}

/// How well two scores of the same rows separate, and how much they differ. Rows without a score (NaN) do not count.
///
/// # Errors
/// If there are no anomalies, or nothing else.
///
/// # Panics
/// If there is not one of each for every row.
pub fn compare(first: &[f64], second: &[f64], anomalies: &[bool]) -> Result<Comparison, SeparationError> {
    assert!(first.len() == anomalies.len() && second.len() == anomalies.len());
    let scored = |&row: &usize| !first[row].is_nan() && !second[row].is_nan();
    let rows: Vec<usize> = (0..anomalies.len()).filter(scored).collect();
    let groups: [Vec<usize>; 2] = [true, false]
        .map(|wanted| (0..rows.len()).filter(|&place| anomalies[rows[place]] == wanted).collect());
    if groups.iter().any(Vec::is_empty) {
        return Err(SeparationError { anomalies: groups[0].len(), normal: groups[1].len() });
    }
    let of = |scores: &[f64]| Ranking::new(rows.iter().map(|&row| (scores[row], anomalies[row])));
    let rankings = [of(first), of(second)];
    let once = vec![1; rows.len()];
    let values = rankings.each_ref().map(|ranking| ranking.figures(&once));

    let draws = (MAX_DRAWN / rows.len()).clamp(DRAWS.0, DRAWS.1);
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut drawn: [Vec<[f64; 2]>; 2] = Default::default();
    let mut weights = vec![0; rows.len()];
    for _ in 0..draws {
        weights.fill(0);
        for group in &groups {
            (0..group.len()).for_each(|_| weights[group[below(&mut random, group.len())]] += 1);
        }
        for (drawn, ranking) in drawn.iter_mut().zip(&rankings) {
            drawn.push(ranking.figures(&weights));
        }
    }
    let estimate = |scorer: usize, figure: usize| {
        interval(values[scorer][figure], drawn[scorer].iter().map(|draw| draw[figure]).collect())
    };
    let gain = |figure: usize| {
        let gains = drawn[0].iter().zip(&drawn[1]).map(|(first, second)| first[figure] - second[figure]);
        interval(values[0][figure] - values[1][figure], gains.collect())
    };
    let of = |scorer| Separation { roc_auc: estimate(scorer, 0), average_precision: estimate(scorer, 1) };
    Ok(Comparison { first: of(0), second: of(1), roc_auc_gain: gain(0), average_precision_gain: gain(1) })
}

/// Rows from the highest score to the lowest.
struct Ranking {
    /// Which row, whether it is an anomaly, and whether the next has a lesser score.
    rows: Vec<(usize, bool, bool)>,
}

impl Ranking {
    fn new(rows: impl Iterator<Item = (f64, bool)>) -> Self {
        let rows: Vec<(f64, bool)> = rows.collect();
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by(|&a, &b| rows[b].0.total_cmp(&rows[a].0));
        let ends =
            |place: usize| order.get(place + 1).is_none_or(|&next| rows[next].0 < rows[order[place]].0);
        let ranked = order.iter().enumerate().map(|(place, &row)| (row, rows[row].1, ends(place)));
        Self { rows: ranked.collect() }
    }

    /// ROC AUC and average precision, where each row counts as often as its weight says.
    fn figures(&self, weights: &[u32]) -> [f64; 2] {
        let count = |wanted: bool| -> f64 {
            let counted = self.rows.iter().filter(|row| row.1 == wanted);
            counted.map(|row| f64::from(weights[row.0])).sum()
        };
        let (anomalies, normal) = (count(true), count(false));
        let (mut true_positives, mut false_positives) = (0.0, 0.0);
        let (mut group, mut area, mut precision) = ([0.0, 0.0], 0.0, 0.0);
        for &(row, is_anomaly, ends) in &self.rows {
            group[usize::from(is_anomaly)] += f64::from(weights[row]);
            if !ends {
                continue;
            }
            let [negatives, positives] = std::mem::take(&mut group);
            area += negatives * (true_positives + positives / 2.0);
            true_positives += positives;
            false_positives += negatives;
            if positives > 0.0 {
                precision += positives * true_positives / (true_positives + false_positives);
            }
        }
        [area / (anomalies * normal), precision / anomalies]
    }
}

fn interval(value: f64, mut draws: Vec<f64>) -> Estimate {
    draws.sort_by(f64::total_cmp);
    let cut = draws.len() / 40;
    Estimate { value, low: draws[cut], high: draws[draws.len() - 1 - cut] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_count_half_and_anomalies_on_top_are_perfect() {
        // scikit-learn's example for both figures: 0.75 and 0.8333….
        let found = separation(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]).unwrap();
        assert_eq!(found.roc_auc.value, 0.75);
        assert!((found.average_precision.value - 5.0 / 6.0).abs() < 1e-15);
        let tied = separation(&[1.0; 8], &[true, false, false, false, true, false, false, false]).unwrap();
        assert_eq!((tied.roc_auc.value, tied.average_precision.value), (0.5, 0.25));
        let perfect = separation(&[9.0, 1.0, f64::NAN, 8.0], &[true, false, false, true]).unwrap();
        assert_eq!(perfect.roc_auc, Estimate { value: 1.0, low: 1.0, high: 1.0 });
        assert_eq!(perfect.average_precision, Estimate { value: 1.0, low: 1.0, high: 1.0 });
    }

    #[test]
    fn one_kind_of_rows_says_nothing() {
        let only = separation(&[1.0, f64::NAN], &[false, true]);
        assert_eq!(only, Err(SeparationError { anomalies: 0, normal: 1 }));
    }

    #[test]
    fn a_score_does_not_differ_from_itself_and_does_from_its_opposite() {
        let anomalies: Vec<bool> = (0..300).map(|row| row % 10 == 0).collect();
        let good: Vec<f64> =
            (0..300).map(|row| f64::from(row * 37 % 100) + if row % 10 == 0 { 60.0 } else { 0.0 }).collect();
        let bad: Vec<f64> = good.iter().map(|score| -score).collect();
        let same = compare(&good, &good, &anomalies).unwrap();
        assert_eq!(same.roc_auc_gain, Estimate { value: 0.0, low: 0.0, high: 0.0 });
        assert!(!same.average_precision_gain.differs_from_0());
        let other = compare(&good, &bad, &anomalies).unwrap();
        assert!(other.roc_auc_gain.differs_from_0() && other.roc_auc_gain.low > 0.0);
        assert!((other.first.roc_auc.value + other.second.roc_auc.value - 1.0).abs() < 1e-12);
        // The standard error of Hanley & McNeil (1982), of which an interval is four.
        let Estimate { value: auc, low, high } = same.first.roc_auc;
        let (q1, q2) = (auc / (2.0 - auc), 2.0 * auc * auc / (1.0 + auc));
        let variance =
            (auc * (1.0 - auc) + 29.0 * (q1 - auc * auc) + 269.0 * (q2 - auc * auc)) / (30.0 * 270.0);
        let ratio = (high - low) / (4.0 * variance.sqrt());
        assert!((0.6..1.5).contains(&ratio), "{ratio}");
    }
}
