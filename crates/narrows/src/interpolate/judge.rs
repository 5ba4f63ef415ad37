//! Who says what an image is: a classifier that has seen real images only, and no model's output.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::compute::Compute;
use crate::dataset::{Dataset, NormalisationKind, Parts, Samples};
use crate::model::{Classifier, ClassifierArchitecture, InputSpec, MismatchError};
use crate::train::{Event, Optimiser, Outcome, Schedule, Training, TrainingError, train_classifier};

/// Units of the judge's hidden layer, which are the features φ.
const HIDDEN: usize = 128;

/// Gives an image features φ, in which distances mean something, and says what class it is of.
#[derive(Clone, Debug, PartialEq)]
pub enum Judge {
    /// For data with labels: 784–128–10, trained on the real training images; φ is what its ReLU gives.
    Classifier {
        /// The classifier.
        classifier: Classifier,
        /// The share of the test images that it classes as they are labelled.
        test_accuracy: f64,
    },
    /// For data without: φ is the image itself, in [0, 1], or the row itself, standardised, and there are no classes.
    Pixels {
        /// Numbers in an image.
        features: usize,
    },
}

/// A judge that cannot be had.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum JudgeError {
    /// It cannot read the data.
    #[error("the judge of interpolations cannot read the data: {0}")]
    Mismatch(#[from] MismatchError),
    /// Its training cannot begin.
    #[error("the judge of interpolations cannot be trained: {0}")]
    Training(#[from] TrainingError),
    /// It diverged.
    #[error("the judge of interpolations did not learn: its loss is no longer a finite number")]
    Diverged,
    /// The observer stopped it.
    #[error("the training of the judge of interpolations was stopped")]
    Stopped,
}

/// What a judge is, for the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgeSummary {
    /// `classifier`, or `pixels` for data without labels.
    pub kind: String,
    /// In words.
    pub description: String,
    /// The share of the test images that it classes as they are labelled.
    pub test_accuracy: Option<f64>,
}

/// What a judge sees in some images.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// φ: images × [`Judge::features`].
    pub features: Vec<f32>,
    /// Of each image the most probable class and its probability; nothing without classes.
    pub classes: Option<Vec<(u32, f32)>>,
}

impl Judge {
    /// How a judge is trained: six epochs of Adam at a one-cycle rate up to 5·10⁻³, batches of 128, seed 0.
    pub fn training() -> Training {
        Training {
            epochs: 6,
            optimiser: Optimiser::adam(5e-3, 0.0),
            schedule: Schedule::one_cycle(),
            ..Training::default()
        }
    }

    /// Trains a judge on the training images and measures it on the test images; of data without labels it is
    /// [`Judge::Pixels`].
    ///
    /// # Errors
    /// If training fails, or `observe` says stop, which is asked after every step.
    pub fn train(
        data: &Parts,
        compute: &mut Compute,
        observe: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Self, JudgeError> {
        let (train, features) = (data.train(), data.schema().features());
        let (Some(labels), Some(_), Some(classes)) =
            (train.labels(), data.test().labels(), data.schema().classes())
        else {
            return Ok(Self::Pixels { features });
        };
        let architecture =
            ClassifierArchitecture { inputs: features, hidden: HIDDEN, classes: classes.len() };
        let input = judged_scale(train)?;
        let samples = input.samples(train)?;
        let mut going_on = |_: &Event<'_>| observe();
        let trained =
            train_classifier(&architecture, &Self::training(), (&samples, labels), compute, &mut going_on)?;
        match trained.outcome {
            Outcome::Finished | Outcome::StoppedEarly => {}
            Outcome::Stopped => return Err(JudgeError::Stopped),
            Outcome::Diverged { .. } => return Err(JudgeError::Diverged),
        }
        let classifier = Classifier { architecture, parameters: trained.parameters, input };
        let test = data.test().examined().map_err(MismatchError::from)?.dataset;
        let test_accuracy = accuracy(&classifier, compute, &test)?;
        Ok(Self::Classifier { classifier, test_accuracy })
    }

    /// Numbers in φ.
    pub fn features(&self) -> usize {
        match self {
            Self::Classifier { classifier, .. } => classifier.architecture.hidden,
            &Self::Pixels { features } => features,
        }
    }

    /// Numbers in an image.
    pub fn inputs(&self) -> usize {
        match self {
            Self::Classifier { classifier, .. } => classifier.architecture.inputs,
            &Self::Pixels { features } => features,
        }
    }

    /// What it sees in `images`, images × inputs in the [0, 1] scale of the value range, or standardised without one.
    ///
    /// # Errors
    /// If the images are no whole rows, or not finite.
    pub fn look(&self, compute: &mut Compute, images: Vec<f32>) -> Result<Judged, MismatchError> {
        let Self::Classifier { classifier, .. } = self else {
            return Ok(Judged { features: images, classes: None });
        };
        let images = match classifier.input.unit_scale() {
            Some(scale) => scale.to_model(images),
            None => images,
        };
        let samples = Samples::in_model_scale(self.inputs(), images).map_err(MismatchError::from)?;
        let features = classifier.features(compute, &samples)?;
        let probabilities = classifier.probabilities(compute, &features)?;
        let classes =
            probabilities.chunks_exact(classifier.architecture.classes).map(most_probable).collect();
        Ok(Judged { features, classes: Some(classes) })
    }

    /// What it is, for the record.
    pub fn summary(&self) -> JudgeSummary {
        match self {
            Self::Classifier { classifier, test_accuracy } => {
                let ClassifierArchitecture { inputs, hidden, classes } = classifier.architecture;
                let things = if classifier.input.schema().image().is_some() { "images" } else { "rows" };
                JudgeSummary {
                    kind: "classifier".to_owned(),
                    description: format!(
                        "a classifier {inputs}–{hidden}–{classes}, trained on the real training {things}; distances are \
                         between what its {hidden} hidden units give"
                    ),
                    test_accuracy: Some(*test_accuracy),
                }
            }
            Self::Pixels { .. } => JudgeSummary {
                kind: "pixels".to_owned(),
                description: "the data has no labels, so distances are between the values themselves"
                    .to_owned(),
                test_accuracy: None,
            },
        }
    }
}

/// The scale in which images and rows are judged: [0, 1] of the value range; of data without one, each column standardised over
/// the training set.
///
/// # Errors
/// If the training set has no rows.
pub(crate) fn judged_scale(train: &Dataset) -> Result<InputSpec, MismatchError> {
    let kind = match train.schema().range() {
        Some(_) => NormalisationKind::Unit,
        None => NormalisationKind::Standard,
    };
    Ok(InputSpec::fit(kind, train)?)
}

/// The first of the most probable classes, and its probability.
fn most_probable(probabilities: &[f32]) -> (u32, f32) {
    let first = (0, probabilities.first().copied().unwrap_or(0.0));
    (0..).zip(probabilities.iter().copied()).fold(
        first,
        |best, next| {
            if next.1 > best.1 { next } else { best }
        },
    )
}

fn accuracy(classifier: &Classifier, compute: &mut Compute, data: &Dataset) -> Result<f64, MismatchError> {
    let features = classifier.features(compute, &classifier.input.samples(data)?)?;
    let probabilities = classifier.probabilities(compute, &features)?;
    let classes = probabilities.chunks_exact(classifier.architecture.classes).map(most_probable);
    let right =
        classes.zip(data.labels().unwrap_or_default()).filter(|((class, _), label)| class == *label).count();
    Ok(right as f64 / data.rows().max(1) as f64)
}
