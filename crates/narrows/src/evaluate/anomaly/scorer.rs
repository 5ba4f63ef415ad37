//! From scores to labels and percentiles: a threshold, and the scores that it rests on.

use crate::dataset::Part;
use crate::evaluate::spread::quantile;

/// Quantiles that are kept of the scores: every tenth of a percent, with both ends.
const QUANTILES: usize = 1001;

/// Where a threshold comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Threshold {
    /// The share of the rows, between 0 and 0.5, that are taken for anomalies: the threshold is the quantile 1 − share of their scores,
    /// as `numpy.percentile` computes it, and as PyOD does.
    Contamination(f64),
    /// A score that the user has given.
    Given(f64),
}

/// A threshold for anomaly scores, and how the scores of the rows that it was fitted on are spread.
#[derive(Clone, Debug, PartialEq)]
pub struct AnomalyScorer {
    threshold: f64,
    contamination: Option<f64>,
    fitted_on: Option<FittedOn>,
}

/// The scores that a scorer has seen.
#[derive(Clone, Debug, PartialEq)]
struct FittedOn {
    part: Part,
    rows: usize,
    /// Ascending, finite, `QUANTILES` of them.
    quantiles: Vec<f64>,
}

/// A scorer that cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScorerError {
    /// No share of the rows.
    #[error(
        "a contamination is above 0 and at most 0.5, for it is the share of anomalies among the rows; found {0}"
    )]
    Contamination(f64),
    /// A threshold that no score is compared with.
    #[error("a threshold is a finite number, and at least 0, as scores are; found {0}")]
    Threshold(f64),
    /// Nothing to fit to.
    #[error(
        "a threshold is fitted on the scores of rows, and none of the {rows} rows has one; give rows with values"
    )]
    NoScores {
        /// Rows that were given.
        rows: usize,
    },
    /// Quantiles that are none.
    #[error("quantiles are {QUANTILES} finite numbers in ascending order; found {0}")]
    Quantiles(String),
}

impl AnomalyScorer {
    /// Fits a threshold on the scores of some rows, those of one part of a data set. NaN, the score of a row without values, does not
    /// count.
    ///
    /// # Errors
    /// If no row has a score, or the threshold is none.
    pub fn fit(scores: &[f64], threshold: Threshold, part: Part) -> Result<Self, ScorerError> {
        let mut sorted: Vec<f64> = scores.iter().copied().filter(|score| score.is_finite()).collect();
        if sorted.is_empty() {
            return Err(ScorerError::NoScores { rows: scores.len() });
        }
        sorted.sort_by(f64::total_cmp);
        let last = (QUANTILES - 1) as f64;
        let quantiles = (0..QUANTILES).map(|index| quantile(&sorted, index as f64 / last)).collect();
        let fitted_on = Some(FittedOn { part, rows: sorted.len(), quantiles });
        match threshold {
            Threshold::Contamination(share) => {
                check_contamination(share)?;
                let threshold = quantile(&sorted, 1.0 - share);
                Ok(Self { threshold, contamination: Some(share), fitted_on })
            }
            Threshold::Given(threshold) => Ok(Self { fitted_on, ..Self::given(threshold)? }),
        }
    }

    /// A threshold that rests on no scores.
    ///
    /// # Errors
    /// If it is not finite, or negative.
    pub fn given(threshold: f64) -> Result<Self, ScorerError> {
        match threshold.is_finite() && threshold >= 0.0 {
            true => Ok(Self { threshold, contamination: None, fitted_on: None }),
            false => Err(ScorerError::Threshold(threshold)),
        }
    }

    /// What a file says of a scorer.
    pub(crate) fn from_parts(
        threshold: f64,
        contamination: Option<f64>,
        fitted_on: Option<(Part, usize, Vec<f64>)>,
    ) -> Result<Self, ScorerError> {
        contamination.map(check_contamination).transpose()?;
        let fitted_on = fitted_on.map(|(part, rows, quantiles)| {
            let wrong = |found: String| Err(ScorerError::Quantiles(found));
            if quantiles.len() != QUANTILES {
                return wrong(format!("{} numbers", quantiles.len()));
            }
            if let Some(index) = quantiles.iter().position(|quantile| !quantile.is_finite()) {
                return wrong(format!("{} at place {index} (from 0)", quantiles[index]));
            }
            if let Some(index) = quantiles.windows(2).position(|pair| pair[0] > pair[1]) {
                return wrong(format!("{} before {}", quantiles[index], quantiles[index + 1]));
            }
            Ok(FittedOn { part, rows, quantiles })
        });
        Ok(Self { contamination, fitted_on: fitted_on.transpose()?, ..Self::given(threshold)? })
    }

    /// A score above it is an anomaly.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// The share of the rows that the threshold was fitted by; nothing if it was given.
    pub fn contamination(&self) -> Option<f64> {
        self.contamination
    }

    /// The rows that it was fitted on: of which part, and how many.
    pub fn fitted_on(&self) -> Option<(Part, usize)> {
        self.fitted_on.as_ref().map(|fitted| (fitted.part, fitted.rows))
    }

    /// Quantiles of the scores of those rows: 0, 0.001, … 1.
    pub fn quantiles(&self) -> Option<&[f64]> {
        self.fitted_on.as_ref().map(|fitted| &fitted.quantiles[..])
    }

    /// The same with a threshold that is given.
    ///
    /// # Errors
    /// If it is not finite, or negative.
    pub fn with_threshold(self, threshold: f64) -> Result<Self, ScorerError> {
        Ok(Self { fitted_on: self.fitted_on, ..Self::given(threshold)? })
    }

    /// Whether a row of this score is an anomaly: label 1 in PyOD, whose label 0 is normal.
    pub fn is_anomaly(&self, score: f64) -> bool {
        score > self.threshold
    }

    /// How many percent of the rows that it was fitted on have at most this score, from 0 to 100, to a tenth of a percent. Nothing
    /// if it rests on no scores, or there is no score.
    pub fn percentile(&self, score: f64) -> Option<f64> {
        let quantiles = &self.fitted_on.as_ref()?.quantiles;
        if score.is_nan() {
            return None;
        }
        let above = quantiles.partition_point(|&quantile| quantile <= score);
        let percent = |place: f64| 100.0 * place / (QUANTILES - 1) as f64;
        Some(match above {
            0 => 0.0,
            QUANTILES => 100.0,
            _ => {
                let (low, high) = (quantiles[above - 1], quantiles[above]);
                percent((above - 1) as f64 + (score - low) / (high - low))
            }
        })
    }
}

fn check_contamination(share: f64) -> Result<(), ScorerError> {
    // More than half cannot be anomalies; PyOD has the same bounds.
    if share > 0.0 && share <= 0.5 { Ok(()) } else { Err(ScorerError::Contamination(share)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_numpys_quantile_and_labels_are_pyods() {
        // numpy.percentile([3, 1, 2, 10, 4, 0.5], 90) is 7.0.
        let scores = [3.0, 1.0, 2.0, 10.0, f64::NAN, 4.0, 0.5];
        let scorer = AnomalyScorer::fit(&scores, Threshold::Contamination(0.1), Part::Train).unwrap();
        assert!((scorer.threshold() - 7.0).abs() < 1e-12, "{}", scorer.threshold());
        assert_eq!(scorer.fitted_on(), Some((Part::Train, 6)));
        let labels = scores.map(|score| scorer.is_anomaly(score));
        assert_eq!(labels, [false, false, false, true, false, false, false]);
        assert!(!scorer.is_anomaly(scorer.threshold()), "a score at the threshold is normal");
    }

    #[test]
    fn percentiles_lie_between_the_scores_that_were_fitted() {
        let scores: Vec<f64> = (0..=100).map(f64::from).collect();
        let scorer = AnomalyScorer::fit(&scores, Threshold::Given(50.0), Part::Validation).unwrap();
        for (score, expected) in
            [(-1.0, 0.0), (0.0, 0.0), (25.0, 25.0), (99.5, 99.5), (100.0, 100.0), (1e9, 100.0)]
        {
            let found = scorer.percentile(score).unwrap();
            assert!((found - expected).abs() < 1e-9, "{score}: {found}");
        }
        assert_eq!(scorer.percentile(f64::NAN), None);
        assert_eq!(scorer.contamination(), None);
        assert_eq!(AnomalyScorer::given(1.0).unwrap().percentile(1.0), None);
        let equal = AnomalyScorer::fit(&[2.0; 5], Threshold::Contamination(0.5), Part::Train).unwrap();
        assert_eq!([1.0, 2.0, 3.0].map(|score| equal.percentile(score).unwrap()), [0.0, 100.0, 100.0]);
    }

    #[test]
    fn what_is_no_scorer_is_refused() {
        let fit = |scores: &[f64], threshold| AnomalyScorer::fit(scores, threshold, Part::Train);
        for share in [0.0, -0.1, 0.51, f64::NAN] {
            let refused = fit(&[1.0], Threshold::Contamination(share));
            assert!(matches!(refused, Err(ScorerError::Contamination(_))), "{share}");
        }
        for threshold in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(fit(&[1.0], Threshold::Given(threshold)), Err(ScorerError::Threshold(_))));
        }
        assert_eq!(fit(&[f64::NAN], Threshold::Given(1.0)), Err(ScorerError::NoScores { rows: 1 }));
        let of_quantiles =
            |quantiles| AnomalyScorer::from_parts(1.0, None, Some((Part::Train, 9, quantiles)));
        let mut falling = vec![0.0; QUANTILES];
        falling[0] = 1.0;
        let mut endless = vec![0.0; QUANTILES];
        endless[7] = f64::INFINITY;
        for wrong in [vec![0.0; 5], falling, endless] {
            assert!(matches!(of_quantiles(wrong), Err(ScorerError::Quantiles(_))));
        }
    }
}
