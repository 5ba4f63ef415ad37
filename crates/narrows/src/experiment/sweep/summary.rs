//! What a sweep has found: `sweep.json`, and `sweep.csv` with a line a training.

use serde::{Deserialize, Serialize};

use super::elbow;
use crate::evaluate::ReconstructionError;
use crate::experiment::{DataSummary, Experiment};
use crate::interpolate::quality::student;
use crate::model::Architecture;
use crate::train::Training;

/// All figures of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepSummary {
    /// The version that wrote it.
    pub narrows: String,
    /// What was run.
    pub experiment: Experiment,
    /// What it was run on.
    pub data: DataSummary,
    /// How many rows were validated on.
    pub validation_rows: usize,
    /// The points by their mean validation error: first those that were trained to their end with all seeds, then those that were
    /// stopped before.
    pub points: Vec<PointSummary>,
    /// The best point of each latent size, the smallest first; once all is trained.
    pub curve: Vec<AtLatent>,
    /// The latent size at which the curve bends; absent where it does not.
    pub elbow: Option<usize>,
    /// That in a sentence, or why there is none.
    pub elbow_in_words: String,
    /// The model in `best/`; once all is trained.
    pub best: Option<BestModel>,
    /// How many trainings are done.
    pub trained: usize,
    /// Of how many.
    pub trainings: usize,
    /// How long the sweep took, since it was last begun or resumed.
    pub seconds: f64,
}

/// One combination of settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointSummary {
    /// What it is called, and its folder in `models/`.
    pub name: String,
    /// Its layers.
    pub architecture: Architecture,
    /// Its parameters.
    pub parameters: usize,
    /// How it was trained, with the first seed.
    pub training: Training,
    /// The epoch after which it was stopped, for others of its latent size were better then; absent where it was trained to its end.
    #[serde(default)]
    pub stopped_after: Option<usize>,
    /// The mean squared error on the validation set over all seeds; absent until all are trained, or where one has diverged.
    pub validation: Option<MeanError>,
    /// What each seed came to, those that are done.
    pub trainings: Vec<OneTraining>,
}

/// A point, trained with one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OneTraining {
    /// The seed.
    pub seed: u64,
    /// The epochs that the model's parameters have seen; absent if it has diverged.
    pub epochs: Option<usize>,
    /// The error on the validation set; absent if it has diverged.
    pub validation: Option<ReconstructionError>,
}

/// A mean over training seeds, in the scale of the models' input, with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeanError {
    /// The mean.
    pub mean: f64,
    /// Where the interval begins; absent with one seed.
    pub low: Option<f64>,
    /// Where it ends.
    pub high: Option<f64>,
}

/// The best of one latent size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AtLatent {
    /// The size.
    pub latent: usize,
    /// The best point of that size.
    pub point: String,
    /// Its error on the validation set.
    pub validation: MeanError,
    /// That of exact PCA with as many components; absent where the data has not as many, or is too wide to compute it.
    pub exact_pca: Option<f64>,
}

/// The model with the least validation error of the best point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BestModel {
    /// Its point.
    pub point: String,
    /// Its seed.
    pub seed: u64,
    /// Its error on the validation set, by which it was chosen.
    pub validation: ReconstructionError,
    /// Its error on the test set, which no other model of the sweep has seen.
    pub test: ReconstructionError,
}

impl MeanError {
    /// Of one error a seed: Student's t with one degree of freedom less than there are seeds.
    pub(super) fn of(errors: &[f64]) -> Option<Self> {
        let count = errors.len() as f64;
        let mean = errors.iter().sum::<f64>() / count;
        match errors.len() {
            0 => None,
            1 => Some(Self { mean, low: None, high: None }),
            _ => {
                let squares: f64 = errors.iter().map(|error| (error - mean).powi(2)).sum();
                let standard_error = (squares / (count - 1.0) / count).sqrt();
                let half = student(count - 1.0) * standard_error;
                Some(Self { mean, low: Some(mean - half), high: Some(mean + half) })
            }
        }
    }

    /// How far the interval reaches to either side.
    pub fn half_width(&self) -> Option<f64> {
        self.high.map(|high| high - self.mean)
    }
}

impl PointSummary {
    /// The size of the latent.
    pub fn latent(&self) -> usize {
        self.architecture.latent()
    }

    /// How long it was trained: `40`, or `5 of 40` where it was stopped.
    pub fn epochs_in_words(&self) -> String {
        let epochs = self.training.epochs;
        self.stopped_after.map_or_else(|| epochs.to_string(), |stopped| format!("{stopped} of {epochs}"))
    }

    /// The training with the least validation error.
    pub fn best_training(&self) -> Option<&OneTraining> {
        let error = |training: &OneTraining| training.validation.map(|error| error.model_scale);
        let measured = self.trainings.iter().filter(|training| training.validation.is_some());
        measured.min_by(|a, b| error(a).partial_cmp(&error(b)).unwrap_or(std::cmp::Ordering::Equal))
    }

    /// Whether a seed has diverged.
    pub fn has_diverged(&self) -> bool {
        self.trainings.iter().any(|training| training.validation.is_none())
    }

    /// Notes a training; with the last of all seeds there is a mean.
    pub(super) fn add(&mut self, training: OneTraining, seeds: u64) {
        let place = self.trainings.partition_point(|other| other.seed < training.seed);
        self.trainings.insert(place, training);
        let errors = self.trainings.iter().map(|training| Some(training.validation?.model_scale));
        let errors: Option<Vec<f64>> = errors.collect();
        self.validation =
            errors.filter(|errors| errors.len() as u64 == seeds).and_then(|errors| MeanError::of(&errors));
    }
}

impl SweepSummary {
    /// Puts the points in order: those that were trained to their end, those that were stopped, those without a mean; each by their
    /// error, and those of one error in the order of the grid.
    pub(super) fn sort(&mut self) {
        let key = |point: &PointSummary| match point.validation {
            Some(error) => (u8::from(point.stopped_after.is_some()), error.mean),
            None => (2, f64::INFINITY),
        };
        self.points.sort_by(|a, b| {
            let ((a_rank, a), (b_rank, b)) = (key(a), key(b));
            a_rank.cmp(&b_rank).then(a.total_cmp(&b))
        });
    }

    /// Draws the curve, and looks for its elbow; the points are in order.
    pub(super) fn find_elbow(&mut self, exact_pca: impl Fn(usize) -> Option<f64>) {
        let mut curve: Vec<AtLatent> = Vec::new();
        for point in &self.points {
            let (latent, Some(validation)) = (point.latent(), point.validation) else { continue };
            if !curve.iter().any(|at| at.latent == latent) {
                let exact_pca = exact_pca(latent);
                curve.push(AtLatent { latent, point: point.name.clone(), validation, exact_pca });
            }
        }
        curve.sort_by_key(|at| at.latent);
        let found = elbow::elbow(&curve);
        self.elbow = found.ok();
        self.elbow_in_words = elbow::sentence(found);
        self.curve = curve;
    }

    /// Whether the models differ in their latents.
    pub fn has_curve(&self) -> bool {
        self.curve.len() > 1
    }

    /// A header, then one line a training, in the order of the points. What is not known is left empty, as programs read a missing
    /// number.
    pub(super) fn csv(&self) -> String {
        let mut csv = String::from(
            "point,seed,latent,hidden_widths,activation,optimiser,learning_rate,batch_size,epochs,parameters,stopped_after,\
             trained_epochs,validation_error\n",
        );
        for point in &self.points {
            let PointSummary { name, architecture, parameters, training, .. } = point;
            let (_, widths) = architecture.hidden.split_last().unwrap_or((&0, &[]));
            let widths = widths.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
            let (activation, latent) = (architecture.activation, point.latent());
            let (optimiser, rate) = (training.optimiser.kind(), training.optimiser.learning_rate());
            let (batch, epochs) = (training.batch_size, training.epochs);
            let known = |epochs: Option<usize>| epochs.map_or(String::new(), |epochs| epochs.to_string());
            let stopped = known(point.stopped_after);
            for &OneTraining { seed, epochs: trained, validation } in &point.trainings {
                let trained = known(trained);
                let error = validation.map_or(String::new(), |error| error.model_scale.to_string());
                csv.push_str(&format!(
                    "{name},{seed},{latent},{widths},{activation},{optimiser},{rate},{batch},{epochs},{parameters},{stopped},\
                     {trained},{error}\n"
                ));
            }
        }
        csv
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_that_of_students_t() {
        // t with 2 degrees of freedom, a variance of 1, three values.
        let found = MeanError::of(&[1.0, 2.0, 3.0]).unwrap();
        assert!((found.mean - 2.0).abs() < 1e-12);
        assert!((found.half_width().unwrap() - 4.302_653 / 3_f64.sqrt()).abs() < 1e-4, "{found:?}");
        let one = MeanError { mean: 0.5, low: None, high: None };
        assert_eq!((MeanError::of(&[0.5]), MeanError::of(&[])), (Some(one), None));
    }
}
