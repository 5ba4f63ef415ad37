//! The TOML file of an experiment.

use serde::{Deserialize, Serialize};

use super::{ExperimentError, Sweep};
use crate::dataset::load::{LoadOptions, deserialize_short, is_default, serialize_short};
use crate::dataset::{NormalisationKind, RowName};
use crate::interpolate::quality::comparable;
use crate::model::{Architecture, HiddenActivation, Initialisation, OutputActivation};
use crate::train::{Optimiser, Schedule, Training};

/// What one TOML file says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The report's title.
    pub title: String,
    /// What the experiment asks, in a paragraph.
    #[serde(default)]
    pub question: String,
    /// The data: a path or `mnist`, or a table of how it is read.
    #[serde(serialize_with = "serialize_short", deserialize_with = "deserialize_short")]
    pub data: LoadOptions,
    /// How raw values become the models' input.
    #[serde(default)]
    pub normalisation: NormalisationKind,
    /// Of initial parameters and the order of the rows.
    #[serde(default)]
    pub seed: u64,
    /// Another experiment, whose results the report shows beside these if it has been run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare_with: Option<String>,
    /// What to know about the published figures: a footnote of the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_note: Option<String>,
    /// What all models share.
    #[serde(default)]
    pub training: TrainingSettings,
    /// The models, in the order of the report; with a sweep one, which all its points share.
    pub models: Vec<ModelSettings>,
    /// Between which rows to interpolate, and with which models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpolation: Option<Interpolation>,
    /// What the report's first page answers, in this order. Without any, it answers what the models and the interpolation suggest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
    /// Lists of settings, each combination of which is trained with several seeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
}

/// A question that a report answers on its first page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What to call it, such as `A2`.
    pub id: String,
    /// What is asked, in a sentence.
    pub asks: String,
    /// What answers it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shows: Topic,
    /// Which models answer it; without any, all that can.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
}

/// What answers a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Models with their errors, beside what was published, and compared by their widths.
    #[default]
    Models,
    /// The same images, reconstructed by each model.
    Reconstructions,
    /// The latent codes of the images to interpolate between.
    Codes,
    /// What is decoded between them.
    Interpolation,
    /// Which model interpolates better.
    Verdict,
}

/// Settings of training; a model's own stand before those that all share, and the published study's behind both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingSettings {
    /// Passes over the training set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Rows in a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// How gradients change parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimiser: Option<Optimiser>,
    /// How the learning rate goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// How parameters begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initialisation: Option<Initialisation>,
    /// Measure the test loss every so many epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_every: Option<usize>,
    /// Stop a model whose validation loss has not become less for so many epochs; needs a validation set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
    /// By how much the validation loss must become less to count as such: 0 if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_change: Option<f64>,
    /// After each hidden layer but the latent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<HiddenActivation>,
}

/// How a model of an experiment comes about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// It is trained.
    #[default]
    Autoencoder,
    /// Exact PCA: it is computed, and its settings are its name and as `hidden` the number of components.
    PcaExact,
}

/// One model of an experiment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSettings {
    /// What to call it; letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// How it comes about.
    #[serde(default, skip_serializing_if = "is_default")]
    pub kind: ModelKind,
    /// Sizes of the encoder's layers, the latent's last; the decoder mirrors them.
    pub hidden: Vec<usize>,
    /// After the last layer; tanh if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputActivation>,
    /// After each hidden layer but the latent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<HiddenActivation>,
    /// As in [`TrainingSettings`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// As in [`TrainingSettings`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// As in [`TrainingSettings`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimiser: Option<Optimiser>,
    /// As in [`TrainingSettings`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// As in [`TrainingSettings`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initialisation: Option<Initialisation>,
    /// The file of a model of the same architecture, whose parameters this one begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What somebody published of this model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Published>,
}

/// Published figures of a model, to stand beside ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The last epoch's average training loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_loss: Option<f64>,
    /// The test loss, as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_loss: Option<f64>,
    /// The test loss without a known mistake in what was printed; `published_note` says which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected_test_loss: Option<f64>,
    /// The training curve's name in `experiments/published_curves.csv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curve: Option<String>,
}

/// Interpolation through the latent spaces: every pair by every model, and one strip per pair in which the linear and the
/// deep model stand under the blend of pixels. If neither is named, all models do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interpolation {
    /// How many λ, evenly spaced from 0 to 1.
    #[serde(default = "ten")]
    pub steps: usize,
    /// The name of the linear model to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linear: Option<String>,
    /// The name of the deep model to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deep: Option<String>,
    /// Whether to measure 1,000 paths between the pairs' classes, and between all, with every model.
    #[serde(default = "yes")]
    pub measure: bool,
    /// How many training seeds the verdict on the linear and the deep model rests on: the experiment's and those after it.
    #[serde(default = "one")]
    pub seeds: u64,
    /// The rows to go between.
    pub pairs: Vec<Pair>,
}

fn ten() -> usize {
    10
}

fn yes() -> bool {
    true
}

fn one() -> u64 {
    1
}

/// Two rows to go between: the code at λ is `λ·encoder(to) + (1 − λ)·encoder(from)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Where the way begins: λ = 0, at the left of every picture.
    #[serde(alias = "second")]
    pub from: RowName,
    /// Where it ends: λ = 1, at the right.
    #[serde(alias = "first")]
    pub to: RowName,
}

impl Experiment {
    /// Reads and checks an experiment.
    ///
    /// # Errors
    /// If the text is no TOML, says something unknown, or something that cannot be.
    pub fn from_toml(text: &str) -> Result<Self, ExperimentError> {
        let experiment: Self = toml::from_str(text)
            .map_err(|error| ExperimentError::Toml(error.to_string().trim_end().to_owned()))?;
        experiment.validate()?;
        Ok(experiment)
    }

    /// The experiment as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("plain data is TOML")
    }

    /// The names of the models.
    pub fn model_names(&self) -> Vec<String> {
        self.models.iter().map(|model| model.name.clone()).collect()
    }

    /// Keeps only the models named, in the experiment's order. Pairs are interpolated by those that are kept.
    ///
    /// # Errors
    /// If one is not there.
    pub fn keep_only(&mut self, names: &[String]) -> Result<(), ExperimentError> {
        let known = self.model_names();
        if let Some(name) = names.iter().find(|name| !known.contains(name)) {
            return Err(ExperimentError::UnknownModel { name: name.clone(), known });
        }
        self.models.retain(|model| names.contains(&model.name));
        self.questions.retain_mut(|question| {
            let of_all = question.models.is_empty();
            question.models.retain(|name| names.contains(name));
            of_all || !question.models.is_empty()
        });
        if let Some(Interpolation { linear, deep, .. }) = &mut self.interpolation {
            *linear = linear.take().filter(|name| names.contains(name));
            *deep = deep.take().filter(|name| names.contains(name));
        }
        Ok(())
    }

    /// Sets the epochs of every model.
    pub fn set_epochs(&mut self, epochs: usize) {
        self.training.epochs = Some(epochs);
        self.models.iter_mut().for_each(|model| model.epochs = None);
        if let Some(sweep) = &mut self.sweep {
            sweep.epochs = None;
        }
    }

    /// Asks for so many training seeds of a sweep's points, or of the models that a verdict compares.
    ///
    /// # Errors
    /// If the experiment comes to no verdict.
    pub fn set_seeds(&mut self, seeds: u64) -> Result<(), ExperimentError> {
        if let Some(sweep) = &mut self.sweep {
            sweep.seeds = seeds;
            return Ok(());
        }
        if seeds > 1 && self.compared().is_none() {
            return Err(ExperimentError::NothingToCompare);
        }
        if let Some(interpolation) = &mut self.interpolation {
            interpolation.seeds = seeds;
        }
        Ok(())
    }

    /// The places of the two models that the verdict on interpolations compares, linear and deep: those that are named, else
    /// [`comparable`]. Nothing if there are no two of the same latent size, or nothing is to be measured.
    pub fn compared(&self) -> Option<[usize; 2]> {
        let Interpolation { linear, deep, .. } = self.interpolation.as_ref().filter(|i| i.measure)?;
        let place = |name: &String| self.models.iter().position(|model| model.name == *name);
        // The inputs are the data's to say, and have no influence here.
        let architectures: Vec<Architecture> =
            self.models.iter().map(|model| self.architecture(model, 1)).collect();
        match (linear, deep) {
            (Some(linear), Some(deep)) => {
                let places = [place(linear)?, place(deep)?];
                let [linear, deep] = places.map(|place| architectures[place].latent());
                (linear == deep).then_some(places)
            }
            _ => comparable(&architectures),
        }
    }

    /// The place of exact PCA with as many components as the model at `place` has latents, where the experiment has it.
    pub fn exact_pca_like(&self, place: usize) -> Option<usize> {
        let latent = self.models[place].hidden.last();
        self.models
            .iter()
            .position(|model| model.kind == ModelKind::PcaExact && model.hidden.last() == latent)
    }

    /// How many times a model is trained or computed: a sweep's points once for each seed, others once; but a model that the verdict
    /// compares is trained once for each of its seeds.
    pub fn seeds_of(&self, model: usize) -> usize {
        let count = |seeds| usize::try_from(seeds).unwrap_or(usize::MAX);
        if let Some(sweep) = &self.sweep {
            return count(sweep.seeds);
        }
        let is_trained = self.models[model].kind == ModelKind::Autoencoder;
        let compared = is_trained && self.compared().is_some_and(|places| places.contains(&model));
        let seeds = self.interpolation.as_ref().map_or(1, |interpolation| interpolation.seeds);
        if compared { count(seeds) } else { 1 }
    }

    /// A model's architecture on rows of `inputs` numbers.
    pub fn architecture(&self, model: &ModelSettings, inputs: usize) -> Architecture {
        let hidden = model.hidden.clone();
        let (activation, output) = match model.kind {
            ModelKind::Autoencoder => (
                model.activation.or(self.training.activation).unwrap_or_default(),
                model.output.unwrap_or_default(),
            ),
            ModelKind::PcaExact => (HiddenActivation::Identity, OutputActivation::Linear),
        };
        Architecture { inputs, hidden, activation, output }
    }

    /// A model's training: its own settings, then those that all share, then the published study's. Exact PCA has
    /// none.
    pub fn training(&self, model: &ModelSettings) -> Option<Training> {
        let (shared, default) = (&self.training, Training::default());
        let training = Training {
            epochs: model.epochs.or(shared.epochs).unwrap_or(default.epochs),
            batch_size: model.batch_size.or(shared.batch_size).unwrap_or(default.batch_size),
            optimiser: model.optimiser.or(shared.optimiser).unwrap_or(default.optimiser),
            schedule: model.schedule.or(shared.schedule).unwrap_or(default.schedule),
            initialisation: model.initialisation.or(shared.initialisation).unwrap_or(default.initialisation),
            seed: self.seed,
            test_every: shared.test_every.unwrap_or(default.test_every),
            patience: shared.patience,
            min_change: shared.min_change.unwrap_or(default.min_change),
        };
        (model.kind == ModelKind::Autoencoder).then_some(training)
    }
}
