//! What a model's latent space is worth, on the test set. `docs/measures.md` says what each measure can tell.
//!
//! Where values are missing, codes are computed from the others, errors are over the others, and distances between rows take
//! a missing value for what the model reads in its place.

use serde::{Deserialize, Deserializer, Serialize};

use super::classes::{ClassesError, Labelled, neighbour_accuracy};
use super::neighbours::Points;
use super::probe::{LinearProbe, linear_probe};
use super::spread::{LatentUnit, effective_rank, hidden_units, latent_units};
use super::structure::structure;
use crate::compute::Compute;
use crate::dataset::{Dataset, Examined, Part, Parts, Samples};
use crate::model::{Autoencoder, MismatchError, Predictor};
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassError {
    /// What it is called.
    #[serde(deserialize_with = "name_or_number")]
    pub class: String,
    /// How many rows it has, those without any value aside.
    pub rows: usize,
    /// Mean squared error per feature, in the model's scale.
    pub error: f64,
}

/// The reconstruction error of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowError {
    /// Its index, from 0.
    pub row: usize,
    /// What the data calls it, where a column of it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Mean squared error per feature, in the model's scale.
    pub error: f64,
}

/// A latent space that cannot be measured.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LatentError {
    /// The data is not the model's.
    #[error(transparent)]
    Mismatch(#[from] MismatchError),
    /// A measure that cannot be had so.
    #[error(transparent)]
    Classes(#[from] ClassesError),
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
/// If the model cannot read the data, there is none, its codes are not finite, or nobody is to vote on the classes.
pub fn latent_quality(
    model: &Autoencoder,
    compute: &mut Compute,
    data: &Parts,
    settings: &LatentSettings,
) -> Result<LatentQuality, LatentError> {
    let model = model.predictor()?;
    let latent = model.architecture().latent();
    let mut encode = |dataset: &Dataset| {
        let codes = model.encode(compute, &model.samples(dataset)?)?;
        match (codes.is_empty(), codes.iter().all(|z| z.is_finite())) {
            (true, _) => Err(LatentError::Empty(dataset.name().to_owned())),
            (_, false) => Err(LatentError::NotFinite(dataset.name().to_owned())),
            _ => Ok(codes),
        }
    };
    let examined = |dataset: &Dataset| dataset.examined().map_err(MismatchError::from);
    let (Examined { dataset: train, .. }, Examined { dataset: test, rows: test_rows }) =
        (examined(data.train())?, examined(data.test())?);
    let (train, test) = (&train, &test);
    let (train_codes, codes) = (encode(train)?, encode(test)?);
    let not_finite = || LatentError::NotFinite(test.name().to_owned());

    let (mut knn_accuracy, mut probe) = (None, None);
    if let (Some(train_labels), Some(labels)) = (train.labels(), test.labels()) {
        let train_classes = Labelled::new(Points::new(&train_codes, latent), train_labels)?;
        let classes = Labelled::new(Points::new(&codes, latent), labels)?;
        let voters = settings.voters.min(train.rows());
        knn_accuracy = Some(neighbour_accuracy(compute, train_classes, classes, voters)?);
        probe = Some(linear_probe(compute, train_classes, classes)?);
    }

    let samples = model.samples(test)?;
    let order = random_order(test.rows(), settings.seed);
    let sample = &order[..settings.sample.min(order.len())];
    let sample_rows = samples.read_rows(sample).map_err(MismatchError::from)?;
    let structure = (settings.neighbours >= 1 && 2 * settings.neighbours < sample.len()).then(|| {
        let codes: Vec<f32> =
            sample.iter().flat_map(|&row| &codes[row * latent..][..latent]).copied().collect();
        structure(
            compute,
            Points::new(&sample_rows, samples.features()),
            Points::new(&codes, latent),
            settings.neighbours,
        )
    });

    let latents = latent_units(&model, compute, &codes, &order)?;
    let (hidden_units, dead_hidden_units) = hidden_units(&model, compute, &samples)?;
    let errors = row_errors(&model, compute, &samples)?;
    let (mut best, mut worst) = extremes(&errors, settings.extremes);
    for row in best.iter_mut().chain(&mut worst) {
        row.row = test_rows[row.row];
        row.id = data.id(Part::Test, row.row).map(str::to_owned);
    }
    Ok(LatentQuality {
        knn_accuracy,
        linear_probe: probe,
        trustworthiness: structure.map(|structure| structure.trustworthiness),
        continuity: structure.map(|structure| structure.continuity),
        sample: structure.map_or(0, |_| sample.len()),
        effective_rank: effective_rank(compute, &codes, latent).map_err(|_| not_finite())?,
        dead_latents: latents.iter().filter(|unit| unit.dead).count(),
        latents,
        hidden_units,
        dead_hidden_units,
        class_errors: class_errors(test, &errors),
        best,
        worst,
    })
}

fn random_order(rows: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<u32> = (0..rows as u32).collect();
    shuffle(&mut order, seed, 0);
    order.into_iter().map(|row| row as usize).collect()
}

/// The mean squared error per feature of every row that has a value.
fn row_errors(
    model: &Predictor,
    compute: &mut Compute,
    samples: &Samples,
) -> Result<Vec<RowError>, MismatchError> {
    let errors = model.squared_errors(compute, samples)?;
    let of_row = |(row, &error): (usize, &f32)| {
        let present = samples.present(row);
        (present > 0).then(|| RowError { row, id: None, error: f64::from(error) / present as f64 })
    };
    Ok(errors.iter().enumerate().filter_map(of_row).collect())
}

/// The mean error of each class of the rows; nothing without labels.
fn class_errors(dataset: &Dataset, errors: &[RowError]) -> Option<Vec<ClassError>> {
    let (labels, counts) = (dataset.labels()?, dataset.class_counts()?);
    let of_class = |(label, _): (u32, usize)| {
        let own: Vec<f64> =
            errors.iter().filter(|error| labels[error.row] == label).map(|error| error.error).collect();
        let (class, rows) = (dataset.class_name(label).to_owned(), own.len());
        (rows > 0).then(|| ClassError { class, rows, error: own.iter().sum::<f64>() / rows as f64 })
    };
    Some(counts.into_iter().filter_map(of_class).collect())
}

/// A class's name; summaries of narrows 0.1 have a number.
fn name_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Class {
        Name(String),
        Number(u64),
    }
    Ok(match Class::deserialize(deserializer)? {
        Class::Name(name) => name,
        Class::Number(number) => number.to_string(),
    })
}

/// The `count` rows with the least errors, the least first, and with the greatest, the greatest first.
fn extremes(errors: &[RowError], count: usize) -> (Vec<RowError>, Vec<RowError>) {
    let mut rows = errors.to_vec();
    rows.sort_by(|a, b| a.error.total_cmp(&b.error));
    let count = count.min(rows.len());
    (rows[..count].to_vec(), rows.iter().rev().take(count).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Schema, Values};

    #[test]
    fn errors_are_told_by_class_and_at_both_ends() {
        let errors = [0.5, 0.1, 0.3, 0.2];
        let errors: Vec<RowError> =
            errors.into_iter().enumerate().map(|(row, error)| RowError { row, id: None, error }).collect();
        let classes = ["a", "b", "c"].map(str::to_owned).to_vec();
        let schema = Schema::rows(1).unwrap().with_classes(classes).unwrap();
        let rows = Dataset::new("d", schema, Values::Bytes(vec![0; 4]), Some(vec![2, 1, 2, 1])).unwrap();
        let class = |class: &str, rows, error| ClassError { class: class.to_owned(), rows, error };
        let expected = vec![class("b", 2, (0.1 + 0.2) / 2.0), class("c", 2, 0.4)];
        assert_eq!(class_errors(&rows, &errors), Some(expected));
        assert_eq!(class_errors(&rows.without_labels(), &errors), None);
        let (best, worst) = extremes(&errors, 2);
        let rows = |rows: &[RowError]| rows.iter().map(|row| row.row).collect::<Vec<_>>();
        assert_eq!((rows(&best), rows(&worst)), (vec![1, 3], vec![0, 2]));
        assert_eq!(extremes(&errors, 9).0.len(), 4);
    }
}
