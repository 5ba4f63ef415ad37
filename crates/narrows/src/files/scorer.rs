//! A scorer of anomalies in a model file: needed to label rows, so it is read strictly.

use serde::{Deserialize, Serialize};

use crate::dataset::Part;
use crate::evaluate::anomaly::{AnomalyScorer, ScorerError};

/// As a file has it.
#[derive(Serialize, Deserialize)]
pub(super) struct ScorerRecord {
    threshold: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contamination: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fitted_on: Option<FittedOnRecord>,
}

#[derive(Serialize, Deserialize)]
struct FittedOnRecord {
    part: PartRecord,
    rows: usize,
    quantiles: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PartRecord {
    Train,
    Validation,
    Test,
}

impl ScorerRecord {
    pub fn of(scorer: &AnomalyScorer) -> Self {
        let fitted_on = scorer.fitted_on().zip(scorer.quantiles());
        let record = |((part, rows), quantiles): ((Part, usize), &[f64])| FittedOnRecord {
            part: match part {
                Part::Train => PartRecord::Train,
                Part::Validation => PartRecord::Validation,
                Part::Test => PartRecord::Test,
            },
            rows,
            quantiles: quantiles.to_vec(),
        };
        Self {
            threshold: scorer.threshold(),
            contamination: scorer.contamination(),
            fitted_on: fitted_on.map(record),
        }
    }

    pub fn into_scorer(self) -> Result<AnomalyScorer, ScorerError> {
        let fitted_on = self.fitted_on.map(|FittedOnRecord { part, rows, quantiles }| {
            let part = match part {
                PartRecord::Train => Part::Train,
                PartRecord::Validation => Part::Validation,
                PartRecord::Test => Part::Test,
            };
            (part, rows, quantiles)
        });
        AnomalyScorer::from_parts(self.threshold, self.contamination, fitted_on)
    }
}
