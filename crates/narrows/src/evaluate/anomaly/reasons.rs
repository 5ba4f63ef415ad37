//! Why a row is strange: the features that contribute most to its score, and what the model expected there.

use crate::compute::Compute;
use crate::dataset::Samples;
use crate::model::{MismatchError, Predictor};

/// What one feature contributes to a row's score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reason {
    /// Which feature, from 0.
    pub feature: usize,
    /// Its share of the row's squared error, from 0 to 1.
    pub share: f64,
    /// What is there, in the units of the data.
    pub found: f32,
    /// What the model makes of the row there, in the units of the data.
    pub expected: f32,
}

/// For each row the features that contribute most to its score, at most `most`, the greatest first. A feature without an error, or without
/// a value, is none of them.
///
/// # Errors
/// If rows are not as long as the model reads; or if they are in a file and too many for memory.
pub fn reasons(
    predictor: &Predictor,
    compute: &mut Compute,
    samples: &Samples,
    most: usize,
) -> Result<Vec<Vec<Reason>>, MismatchError> {
    let input = predictor.input();
    let reconstructions = predictor.reconstruct(compute, samples)?;
    let of_row = |(row, expected): (usize, &[f32])| {
        let found = samples.row_with_nan(row);
        let squared = |feature: usize| {
            let error = f64::from(expected[feature]) - f64::from(found[feature]);
            error * error
        };
        let there = |&feature: &usize| found[feature].is_finite() && squared(feature) > 0.0;
        let mut features: Vec<usize> = (0..found.len()).filter(there).collect();
        let all: f64 = features.iter().map(|&feature| squared(feature)).sum();
        features.sort_by(|&a, &b| squared(b).total_cmp(&squared(a)).then(a.cmp(&b)));
        features.truncate(most);
        let (found, expected) = (input.raw(&found), input.raw(expected));
        let reason = |feature: usize| Reason {
            feature,
            share: squared(feature) / all,
            found: found[feature],
            expected: expected[feature],
        };
        features.iter().map(|&feature| reason(feature)).collect()
    };
    Ok(reconstructions.chunks_exact(samples.features()).enumerate().map(of_row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Missing, Normalisation, Schema};
    use crate::model::{
        Architecture, Autoencoder, HiddenActivation, InputSpec, OutputActivation, Parameters,
    };

    /// A model that expects 0 everywhere, in its scale: half of the raw values.
    fn of_zeros() -> Autoencoder {
        let architecture = Architecture {
            inputs: 4,
            hidden: vec![1],
            activation: HiddenActivation::Identity,
            output: OutputActivation::Linear,
        };
        let schema = Schema::rows(4).unwrap().with_missing(Missing::Mask).unwrap();
        let normalisation = Normalisation::new(vec![0.5; 4], vec![1.0; 4]).unwrap();
        let input = InputSpec::new(normalisation, schema).unwrap();
        Autoencoder { parameters: Parameters::zeros(&architecture), architecture, input }
    }

    #[test]
    fn shares_are_of_the_values_that_are_there_and_the_greatest_comes_first() {
        let model = of_zeros();
        let mut compute = Compute::single(crate::compute::Level::scalar());
        let predictor = model.predictor().unwrap();
        // In the model's scale: 1, –, −3, 0; squared: 1, –, 9, 0.
        let rows = predictor.input().rows(vec![0.0, f32::NAN, -8.0, -2.0]).unwrap();
        let reasons = reasons(&predictor, &mut compute, &rows, 3).unwrap();
        let expected = [
            Reason { feature: 2, share: 0.9, found: -8.0, expected: -2.0 },
            Reason { feature: 0, share: 0.1, found: 0.0, expected: -2.0 },
        ];
        assert_eq!(reasons, [expected]);
        let scores = super::super::anomaly_scores(&predictor, &mut compute, &rows).unwrap();
        assert_eq!(scores, [10.0 / 3.0]);
    }
}
