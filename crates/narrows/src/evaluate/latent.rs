//! What a model's latent space is worth, on the test set. `docs/measures.md` says what each measure can tell.

use serde::{Deserialize, Serialize};

use super::classes::{Labelled, neighbour_accuracy};
use super::neighbours::Points;
use super::probe::{LinearProbe, linear_probe};
use super::spread::{LatentUnit, effective_rank, hidden_units, latent_units};
use super::structure::structure;
use crate::compute::Compute;
use crate::dataset::{Dataset, Samples, TrainAndTest};
use crate::model::{Autoencoder, MismatchError};
use crate::train::shuffle;

/// How to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatentSettings {
    /// Nearest codes that vote on a class.
    pub voters: usize,
    /// Size of the neighbourhoods of trustworthiness and continuity.
    pub neighbours: usize,
    /// Test rows that trustworthiness and continuity look at: their work grows with the square of it.
    pub sample: usize,
    /// Of the sample.
    pub seed: u64,
    /// How many of the rows reconstructed best and worst to list.
    pub extremes: usize,
}

impl Default for LatentSettings {
    fn default() -> Self {
        Self { voters: 5, neighbours: 12, sample: 2000, seed: 0, extremes: 10 }
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatentQuality {
    /// The share of test rows whose class the majority of the 5 nearest training codes has; absent without labels.
    pub knn_accuracy: Option<f64>,
    /// Whether planes separate the classes; absent without labels.
    pub linear_probe: Option<LinearProbe>,
    /// Whether codes that are near belong to rows that are near, from 0 to 1; absent where rows are too few.
    pub trustworthiness: Option<f64>,
    /// Whether rows that are near have codes that are near, from 0 to 1; absent where rows are too few.
    pub continuity: Option<f64>,
    /// Rows that these two have looked at.
    pub sample: usize,
    /// Directions in use, from 0 to the latent size.
    pub effective_rank: f64,
    /// Every number of the code.
    pub latents: Vec<LatentUnit>,
    /// Numbers of the code that the output does not depend on.
    pub dead_latents: usize,
    /// Units of the hidden layers, without the latent.
    pub hidden_units: usize,
    /// Those whose output is the same for every test row.
    pub dead_hidden_units: usize,
    /// The reconstruction error of every class of the test set; absent without labels.
    pub class_errors: Option<Vec<ClassError>>,
    /// The test rows with the least reconstruction errors, the least first.
    pub best: Vec<RowError>,
    /// The test rows with the greatest reconstruction errors, the greatest first.
    pub worst: Vec<RowError>,
}

/// The reconstruction error of a class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassError {
    /// Which.
    pub class: u8,
    /// How many rows it has.
    pub rows: usize,
    /// Mean squared error per feature, in the model's scale.
    pub error: f64,
}

/// The reconstruction error of a row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowError {
    /// Its index, from 0.
    pub row: usize,
    /// Mean squared error per feature, in the model's scale.
    pub error: f64,
}

/// A latent space that cannot be measured.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LatentError {
    /// The data is not the model's.
    #[error(transparent)]
    Mismatch(#[from] MismatchError),
    /// There is nothing to measure.
    #[error("{0} has no rows; its latent space cannot be measured")]
    Empty(String),
    /// Not numbers.
    #[error("the codes of {0} are not all finite; has the model diverged?")]
    NotFinite(String),
}

/// Measures a model's latent space: codes of the test set, and for classes those of the training set.
///
/// # Errors
/// If the model cannot read the data, there is none, or its codes are not finite.
pub fn latent_quality(
    model: &Autoencoder,
    compute: &mut Compute,
    data: &TrainAndTest,
    settings: &LatentSettings,
) -> Result<LatentQuality, LatentError> {
    let latent = model.architecture.latent();
    let mut encode = |dataset: &Dataset| {
        let codes = model.encode(compute, &model.samples(dataset)?);
        match (codes.is_empty(), codes.iter().all(|z| z.is_finite())) {
            (true, _) => Err(LatentError::Empty(dataset.name.clone())),
            (_, false) => Err(LatentError::NotFinite(dataset.name.clone())),
            _ => Ok(codes),
        }
    };
    let (train_codes, codes) = (encode(&data.train)?, encode(&data.test)?);
    let not_finite = || LatentError::NotFinite(data.test.name.clone());

    let classes = labelled(&train_codes, latent, &data.train).zip(labelled(&codes, latent, &data.test));
    let voters = settings.voters.min(data.train.rows());
    let knn_accuracy = classes.map(|(train, test)| neighbour_accuracy(compute, train, test, voters));
    let linear_probe = classes.map(|(train, test)| linear_probe(compute, train, test));

    let samples = model.samples(&data.test)?;
    let order = random_order(data.test.rows(), settings.seed);
    let sample = &order[..settings.sample.min(order.len())];
    let structure = (settings.neighbours >= 1 && 2 * settings.neighbours < sample.len()).then(|| {
        let rows: Vec<f32> = sample.iter().flat_map(|&row| samples.row(row)).collect();
        let codes: Vec<f32> =
            sample.iter().flat_map(|&row| &codes[row * latent..][..latent]).copied().collect();
        structure(
            compute,
            Points::new(&rows, samples.features),
            Points::new(&codes, latent),
            settings.neighbours,
        )
    });

    let latents = latent_units(model, compute, &codes, &order);
    let (hidden_units, dead_hidden_units) = hidden_units(model, compute, &samples);
    let errors = row_errors(model, compute, &samples);
    let (best, worst) = extremes(&errors, settings.extremes);
    Ok(LatentQuality {
        knn_accuracy,
        linear_probe,
        trustworthiness: structure.map(|structure| structure.trustworthiness),
        continuity: structure.map(|structure| structure.continuity),
        sample: structure.map_or(0, |_| sample.len()),
        effective_rank: effective_rank(compute, &codes, latent).map_err(|_| not_finite())?,
        dead_latents: latents.iter().filter(|unit| unit.dead).count(),
        latents,
        hidden_units,
        dead_hidden_units,
        class_errors: data.test.labels.as_ref().map(|labels| class_errors(labels, &errors)),
        best,
        worst,
    })
}

fn labelled<'a>(codes: &'a [f32], latent: usize, dataset: &'a Dataset) -> Option<Labelled<'a>> {
    Some(Labelled { codes: Points::new(codes, latent), labels: dataset.labels.as_ref()? })
}

fn random_order(rows: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<u32> = (0..rows as u32).collect();
    shuffle(&mut order, seed, 0);
    order.into_iter().map(|row| row as usize).collect()
}

/// The mean squared error per feature of every row.
fn row_errors(model: &Autoencoder, compute: &mut Compute, samples: &Samples<'_>) -> Vec<f64> {
    let errors = model.squared_errors(compute, samples);
    errors.iter().map(|&error| f64::from(error) / samples.features as f64).collect()
}

fn class_errors(labels: &[u8], errors: &[f64]) -> Vec<ClassError> {
    let mut sums = [(0_usize, 0.0); 256];
    for (&label, error) in labels.iter().zip(errors) {
        let (rows, sum) = &mut sums[usize::from(label)];
        (*rows, *sum) = (*rows + 1, *sum + error);
    }
    (0..=u8::MAX)
        .zip(sums)
        .filter(|(_, (rows, _))| *rows > 0)
        .map(|(class, (rows, sum))| ClassError { class, rows, error: sum / rows as f64 })
        .collect()
}

/// The `count` rows with the least errors, the least first, and with the greatest, the greatest first.
fn extremes(errors: &[f64], count: usize) -> (Vec<RowError>, Vec<RowError>) {
    let mut rows: Vec<RowError> =
        errors.iter().enumerate().map(|(row, &error)| RowError { row, error }).collect();
    rows.sort_by(|a, b| a.error.total_cmp(&b.error));
    let count = count.min(rows.len());
    (rows[..count].to_vec(), rows.iter().rev().take(count).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_by_class_and_at_both_ends() {
        let errors = [0.5, 0.1, 0.3, 0.2];
        let class = |class, rows, error| ClassError { class, rows, error };
        assert_eq!(class_errors(&[4, 1, 4, 1], &errors), [class(1, 2, (0.1 + 0.2) / 2.0), class(4, 2, 0.4)]);
        let (best, worst) = extremes(&errors, 2);
        let rows = |rows: &[RowError]| rows.iter().map(|row| row.row).collect::<Vec<_>>();
        assert_eq!((rows(&best), rows(&worst)), (vec![1, 3], vec![0, 2]));
        assert_eq!(extremes(&errors, 9).0.len(), 4);
    }
}
