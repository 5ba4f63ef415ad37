//! Anomaly scores: how badly a model reconstructs a row that is unlike those it has learned.
//!
//! ```text
//! score(x) = mean over the values of x that are there of (decoder(encoder(x)) − x)²
//! ```
//!
//! in the model's scale, as `f64`. As in PyOD (`decision_scores_`), a larger score is more anomalous; a row is an anomaly, label 1,
//! if its score is above the threshold.
//!
//! ```
//! # use narrows::{compute::Compute, dataset::*, evaluate::anomaly::*, model::*};
//! # let architecture = Architecture {
//! #     inputs: 2, hidden: vec![1], activation: HiddenActivation::Relu, output: OutputActivation::Linear,
//! # };
//! # let model = Autoencoder {
//! #     parameters: Initialisation::Pytorch.draw(&architecture, 0),
//! #     input: InputSpec::new(Normalisation::identity(), Schema::rows(2)?)?,
//! #     architecture,
//! # };
//! let mut compute = Compute::new(std::num::NonZeroUsize::MIN)?;
//! let predictor = model.predictor()?;
//! let training = predictor.input().rows(vec![0.5, 1.0, 0.4, 0.9, 0.6, 1.1, 0.5, 0.8])?;
//! let scores = anomaly_scores(&predictor, &mut compute, &training)?;
//! let scorer = AnomalyScorer::fit(&scores, Threshold::Contamination(0.25), Part::Train)?;
//! let new = anomaly_scores(&predictor, &mut compute, &predictor.input().rows(vec![90.0, -90.0])?)?;
//! assert!(scorer.is_anomaly(new[0]));
//! assert_eq!(scorer.percentile(new[0]), Some(100.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod reasons;
mod scorer;
mod separation;

use crate::compute::Compute;
use crate::dataset::Samples;
use crate::model::{MismatchError, Predictor};

pub use crate::dataset::Part;
pub use reasons::{Reason, reasons};
pub use scorer::{AnomalyScorer, ScorerError, Threshold};
pub use separation::{Comparison, Estimate, Separation, SeparationError, compare, separation};

/// The anomaly score of every row; NaN of a row without any value.
///
/// # Errors
/// If rows are not as long as the model reads; or if they are in a file that can no longer be read.
pub fn anomaly_scores(
    predictor: &Predictor,
    compute: &mut Compute,
    samples: &Samples,
) -> Result<Vec<f64>, MismatchError> {
    let mut scores = Vec::with_capacity(samples.rows());
    samples.for_each_piece(|piece| {
        let errors = predictor.squared_errors(compute, piece)?;
        let score = |(row, error): (usize, &f32)| f64::from(*error) / piece.present(row) as f64;
        scores.extend(errors.iter().enumerate().map(score));
        Ok::<_, MismatchError>(())
    })?;
    Ok(scores)
}
