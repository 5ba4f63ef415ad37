//! Thresholds and separation against NumPy and scikit-learn; `golden/anomaly.py` writes their numbers.

use narrows::dataset::Part;
use narrows::evaluate::anomaly::{AnomalyScorer, Threshold, separation};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    scores: Vec<f64>,
    anomalies: Vec<bool>,
    roc_auc: f64,
    average_precision: f64,
    contamination: f64,
    threshold: f64,
}

#[test]
fn separation_and_thresholds_are_those_of_scikit_learn_and_numpy() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../../../golden/anomaly.json")).unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let found = separation(&case.scores, &case.anomalies).unwrap();
        // Sums of some thousand numbers of at most 1, in another order.
        assert!((found.roc_auc.value - case.roc_auc).abs() < 1e-12);
        assert!((found.average_precision.value - case.average_precision).abs() < 1e-12);
        for estimate in [found.roc_auc, found.average_precision] {
            assert!(estimate.low < estimate.value && estimate.value < estimate.high, "{estimate:?}");
        }
        let contamination = Threshold::Contamination(case.contamination);
        let scorer = AnomalyScorer::fit(&case.scores, contamination, Part::Train).unwrap();
        assert!((scorer.threshold() - case.threshold).abs() < 1e-12 * case.threshold);
        let expected = case.scores.iter().filter(|&&score| score > case.threshold).count();
        assert_eq!(case.scores.iter().filter(|&&score| scorer.is_anomaly(score)).count(), expected);
    }
}
