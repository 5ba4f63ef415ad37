//! What an experiment may say: checked before anything is read or trained.

use super::{Experiment, Interpolation, ModelKind, ModelSettings};
use crate::model::{ArchitectureError, OutputActivation};

/// The greatest seed: experiments are TOML, whose whole numbers have 63 bits and a sign.
pub const MAX_SEED: u64 = i64::MAX as u64;

/// More training runs than anybody waits for.
pub(super) const MAX_SEEDS: u64 = 1000;

/// The longest name of a model: it is a folder's, and stands in tables.
pub(super) const MAX_NAME: usize = 64;

/// Weeks of training, and a history that is still a file one can open.
const MAX_EPOCHS: usize = 1_000_000;

/// An experiment that cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ExperimentError {
    /// Not TOML, or a key that is unknown or of another type; the text says where and what is allowed.
    #[error("{0}")]
    Toml(String),
    /// No models.
    #[error("an experiment needs at least one [[models]] entry")]
    NoModels,
    /// A name that cannot be a folder's, or one twice.
    #[error(
        "the model name `{0}` cannot be used: names are letters, digits, `-`, `_` and `.`, do not begin with `.`, and differ from each other"
    )]
    Name(String),
    /// A model's settings are out of range.
    #[error("model `{model}`: {why}")]
    Model {
        /// Which.
        model: String,
        /// What is wrong.
        why: String,
    },
    /// A seed that TOML cannot hold.
    #[error("seed is {0}; expected at most {MAX_SEED}, the greatest number of TOML")]
    Seed(u64),
    /// A model that is not there.
    #[error("there is no model `{name}` in the experiment; there are: {}", known.join(", "))]
    UnknownModel {
        /// What was asked for.
        name: String,
        /// The experiment's models.
        known: Vec<String>,
    },
    /// Too few steps.
    #[error("[interpolation] steps is {0}; expected 2 to 1000")]
    Steps(usize),
    /// No seed, or too many.
    #[error("[interpolation] seeds is {0}; expected 1 to {MAX_SEEDS}")]
    Seeds(u64),
    /// Seeds without a verdict to rest on them.
    #[error(
        "several seeds are for the verdict on interpolations, which this experiment does not come to: it needs \
         [interpolation] with measure = true, a linear model and another one of the same latent size"
    )]
    NothingToCompare,
    /// A sweep that cannot be.
    #[error("[sweep] {0}")]
    Sweep(String),
}

impl Experiment {
    /// Checks what TOML cannot.
    ///
    /// # Errors
    /// [`ExperimentError`] with the first thing that is wrong.
    pub fn validate(&self) -> Result<(), ExperimentError> {
        if self.models.is_empty() {
            return Err(ExperimentError::NoModels);
        }
        if self.seed > MAX_SEED {
            return Err(ExperimentError::Seed(self.seed));
        }
        for (index, model) in self.models.iter().enumerate() {
            let name = &model.name;
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            let taken = self.models[..index].iter().any(|other| other.name.eq_ignore_ascii_case(name));
            if name.is_empty()
                || name.len() > MAX_NAME
                || name.starts_with('.')
                || !name.chars().all(allowed)
                || taken
            {
                return Err(ExperimentError::Name(name.clone()));
            }
            let wrong = |why: String| ExperimentError::Model { model: name.clone(), why };
            // The inputs are the data's to say; any number will do to check the rest.
            self.architecture(model, 1).validate().map_err(|error| wrong(error.to_string()))?;
            if let Some(key) = model.superfluous_key() {
                return Err(wrong(format!(
                    "exact PCA is computed, not trained, so `{key}` says nothing; remove it"
                )));
            }
            if model.kind == ModelKind::PcaExact && model.hidden.len() > 1 {
                let sizes = &model.hidden;
                return Err(wrong(format!(
                    "exact PCA has one size, its number of components; hidden is {sizes:?}"
                )));
            }
            if let Some(training) = self.training(model) {
                training.validate().map_err(|error| wrong(error.to_string()))?;
                if training.epochs > MAX_EPOCHS {
                    let epochs = training.epochs;
                    return Err(wrong(format!("epochs is {epochs}; expected at most {MAX_EPOCHS}")));
                }
            }
        }
        if let Some(Interpolation { steps, linear, deep, seeds, .. }) = &self.interpolation {
            if !(2..=1000).contains(steps) {
                return Err(ExperimentError::Steps(*steps));
            }
            if !(1..=MAX_SEEDS).contains(seeds) {
                return Err(ExperimentError::Seeds(*seeds));
            }
            if self.seed > MAX_SEED - (seeds - 1) {
                return Err(ExperimentError::Seed(self.seed.saturating_add(seeds - 1)));
            }
            self.all_known([linear, deep].into_iter().flatten())?;
        }
        self.all_known(self.questions.iter().flat_map(|question| &question.models))?;
        match &self.sweep {
            Some(_) => self.expanded()?.validate(),
            None => Ok(()),
        }
    }

    /// Checks what only the data tells.
    ///
    /// # Errors
    /// If exact PCA is to have more components than a row of the data has numbers, or a model too many parameters.
    pub fn validate_on(&self, inputs: usize) -> Result<(), ExperimentError> {
        for model in &self.models {
            let wrong = |error: ArchitectureError| ExperimentError::Model {
                model: model.name.clone(),
                why: error.to_string(),
            };
            self.architecture(model, inputs).validate().map_err(wrong)?;
        }
        let exact = self.models.iter().filter(|model| model.kind == ModelKind::PcaExact);
        for model in exact {
            if let Some(components) = model.hidden.iter().find(|&&components| components > inputs) {
                let why = format!(
                    "rows of {inputs} numbers have {inputs} principal components, {components} are asked for"
                );
                return Err(ExperimentError::Model { model: model.name.clone(), why });
            }
        }
        Ok(())
    }

    fn all_known<'a>(&self, mut names: impl Iterator<Item = &'a String>) -> Result<(), ExperimentError> {
        let known = self.model_names();
        match names.find(|name| !known.contains(name)) {
            Some(name) => Err(ExperimentError::UnknownModel { name: name.clone(), known }),
            None => Ok(()),
        }
    }
}

impl ModelSettings {
    /// The first key that is given although the model's kind has no use for it.
    fn superfluous_key(&self) -> Option<&'static str> {
        let keys = [
            ("output", self.output.is_some_and(|output| output != OutputActivation::Linear)),
            ("activation", self.activation.is_some()),
            ("epochs", self.epochs.is_some()),
            ("batch_size", self.batch_size.is_some()),
            ("optimiser", self.optimiser.is_some()),
            ("schedule", self.schedule.is_some()),
            ("initialisation", self.initialisation.is_some()),
            ("from", self.from.is_some()),
        ];
        let given = keys.into_iter().find(|(_, given)| *given);
        given.filter(|_| self.kind == ModelKind::PcaExact).map(|(key, _)| key)
    }
}
