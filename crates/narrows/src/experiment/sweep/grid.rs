//! The points of a sweep: which there are, which of them are trained, and what they are called.

use std::collections::{BTreeSet, HashSet};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::Sweep;
use crate::experiment::validation::{MAX_NAME, MAX_SEEDS};
use crate::experiment::{Experiment, ExperimentError, MAX_SEED, ModelKind, ModelSettings};
use crate::model::HiddenActivation;
use crate::random::below;
use crate::train::{Optimiser, Training};

/// More combinations than anybody looks at.
const MAX_POINTS: usize = 4096;

/// The keys that list settings, as an error says them.
const KEYS: &str = "latent, hidden_widths, learning_rate, batch_size, epochs, activation, optimiser";

/// One value of a list.
#[derive(Clone, Debug)]
enum Setting {
    HiddenWidths(Vec<usize>),
    Latent(usize),
    Activation(HiddenActivation),
    Optimiser(Optimiser),
    LearningRate(f64),
    BatchSize(usize),
    Epochs(usize),
}

/// One list of a sweep.
struct Axis {
    key: &'static str,
    values: Vec<Setting>,
}

impl Experiment {
    /// The experiment with every point of its sweep as a model, and without the sweep. Without a sweep, itself.
    ///
    /// # Errors
    /// If the sweep cannot be.
    pub fn expanded(&self) -> Result<Self, ExperimentError> {
        let Some(sweep) = &self.sweep else { return Ok(self.clone()) };
        let wrong = |why: String| Err(ExperimentError::Sweep(why));
        let base = match &self.models[..] {
            [base] if base.kind == ModelKind::Autoencoder => base,
            [_] => {
                return wrong(
                    "varies a model that is trained; exact PCA is computed beside it anyway".to_owned(),
                );
            }
            models => {
                let found = models.len();
                return wrong(format!(
                    "needs one [[models]] entry, which all combinations share; found {found}"
                ));
            }
        };
        for (table, found) in [
            ("[interpolation]", self.interpolation.is_some()),
            ("[[questions]]", !self.questions.is_empty()),
            ("compare_with", self.compare_with.is_some()),
        ] {
            if found {
                return wrong(format!("compares models by their validation error alone; remove {table}"));
            }
        }
        if !(1..=MAX_SEEDS).contains(&sweep.seeds) {
            return wrong(format!("seeds is {}; expected 1 to {MAX_SEEDS}", sweep.seeds));
        }
        if self.seed > MAX_SEED - (sweep.seeds - 1) {
            return Err(ExperimentError::Seed(self.seed.saturating_add(sweep.seeds - 1)));
        }
        let axes = sweep.axes()?;
        let shared = self.training.optimiser.unwrap_or(Training::default().optimiser);
        let mut models: Vec<ModelSettings> = chosen(&axes, sweep.samples, self.seed)?
            .into_iter()
            .map(|place| point(base, shared, &axes, &settings_at(&axes, place)))
            .collect();
        if sweep.halving && axes.iter().all(|axis| axis.key == "latent" || axis.values.len() < 2) {
            return wrong(
                "halving stops the worse of several combinations of one latent size, and here each size has one; list values of \
                 another setting too, such as learning_rate, or leave halving out"
                    .to_owned(),
            );
        }
        if models.iter().any(|model| model.name.len() > MAX_NAME) {
            let digits = models.len().to_string().len();
            for (place, model) in models.iter_mut().enumerate() {
                model.name = format!("point-{:0digits$}", place + 1);
            }
        }
        Ok(Self { models, sweep: None, ..self.clone() })
    }
}

impl Sweep {
    /// Nothing but the seeds: every list is still to be given.
    pub fn of_seeds(seeds: u64) -> Self {
        Self {
            seeds,
            samples: None,
            halving: false,
            latent: None,
            hidden_widths: None,
            learning_rate: None,
            batch_size: None,
            epochs: None,
            activation: None,
            optimiser: None,
        }
    }

    fn axes(&self) -> Result<Vec<Axis>, ExperimentError> {
        let lists = [
            list("hidden_widths", &self.hidden_widths, Setting::HiddenWidths),
            list("latent", &self.latent, Setting::Latent),
            list("activation", &self.activation, Setting::Activation),
            list("optimiser", &self.optimiser, Setting::Optimiser),
            list("learning_rate", &self.learning_rate, Setting::LearningRate),
            list("batch_size", &self.batch_size, Setting::BatchSize),
            list("epochs", &self.epochs, Setting::Epochs),
        ];
        let axes: Vec<Axis> = lists.into_iter().flatten().collect();
        if axes.is_empty() {
            return Err(ExperimentError::Sweep(format!(
                "lists nothing to try; give at least one of: {KEYS}"
            )));
        }
        for Axis { key, values } in &axes {
            if values.is_empty() {
                let why = format!("{key} is empty; give at least one value, or leave the key out");
                return Err(ExperimentError::Sweep(why));
            }
            let mut known = HashSet::new();
            if let Some(twice) = values.iter().find(|value| !known.insert(format!("{value:?}"))) {
                let why = format!("{key} lists {} twice; give each value once", twice.in_words());
                return Err(ExperimentError::Sweep(why));
            }
        }
        Ok(axes)
    }
}

fn list<T: Clone>(key: &'static str, values: &Option<Vec<T>>, setting: fn(T) -> Setting) -> Option<Axis> {
    let values = values.as_ref()?.iter().cloned().map(setting).collect();
    Some(Axis { key, values })
}

/// Which points of the grid are trained, in its order; the last list varies fastest.
fn chosen(axes: &[Axis], samples: Option<usize>, seed: u64) -> Result<Vec<usize>, ExperimentError> {
    let wrong = |why: String| Err(ExperimentError::Sweep(why));
    let size = axes.iter().try_fold(1_usize, |size, axis| size.checked_mul(axis.values.len()));
    let Some(size) = size else {
        return wrong("has more combinations than can be counted; list fewer values".to_owned());
    };
    let wanted = samples.unwrap_or(size);
    if wanted == 0 {
        return wrong("samples is 0; expected at least 1".to_owned());
    }
    if wanted.min(size) > MAX_POINTS {
        return wrong(format!(
            "has {} combinations to train; expected at most {MAX_POINTS}. List fewer values, or give samples = 100 for a random \
             sample of them",
            wanted.min(size)
        ));
    }
    if wanted >= size {
        return Ok((0..size).collect());
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut places = BTreeSet::new();
    while places.len() < wanted {
        places.insert(below(&mut random, size));
    }
    Ok(places.into_iter().collect())
}

fn settings_at(axes: &[Axis], mut place: usize) -> Vec<Setting> {
    let mut settings = Vec::new();
    for Axis { values, .. } in axes.iter().rev() {
        settings.push(values[place % values.len()].clone());
        place /= values.len();
    }
    settings.reverse();
    settings
}

fn point(base: &ModelSettings, shared: Optimiser, axes: &[Axis], settings: &[Setting]) -> ModelSettings {
    let mut model = base.clone();
    let mut names = Vec::new();
    for (setting, axis) in settings.iter().zip(axes) {
        setting.apply(&mut model, shared);
        if axis.values.len() > 1 {
            names.push(setting.in_name(axis));
        }
    }
    if !names.is_empty() {
        model.name = names.join("-");
    }
    model
}

impl Setting {
    fn apply(&self, model: &mut ModelSettings, shared: Optimiser) {
        match self {
            Self::HiddenWidths(widths) => {
                let latent = model.hidden.pop();
                model.hidden = widths.iter().copied().chain(latent).collect();
            }
            Self::Latent(latent) => {
                model.hidden.pop();
                model.hidden.push(*latent);
            }
            Self::Activation(activation) => model.activation = Some(*activation),
            Self::Optimiser(optimiser) => model.optimiser = Some(*optimiser),
            Self::LearningRate(rate) => {
                model.optimiser = Some(model.optimiser.unwrap_or(shared).with_learning_rate(*rate));
            }
            Self::BatchSize(rows) => model.batch_size = Some(*rows),
            Self::Epochs(epochs) => model.epochs = Some(*epochs),
        }
    }

    /// Its part of a model's name. Two optimisers of one kind are told apart by their places in the list.
    fn in_name(&self, axis: &Axis) -> String {
        match self {
            Self::HiddenWidths(widths) if widths.is_empty() => "hidden-none".to_owned(),
            Self::HiddenWidths(widths) => format!("hidden-{}", joined(widths)),
            Self::Latent(latent) => format!("latent-{latent}"),
            Self::Activation(activation) => activation.to_string().replace(' ', "-"),
            Self::Optimiser(optimiser) => {
                let kinds: HashSet<&str> = axis.values.iter().filter_map(Self::optimiser_kind).collect();
                let place = axis.values.iter().position(|value| format!("{value:?}") == format!("{self:?}"));
                match place.filter(|_| kinds.len() < axis.values.len()) {
                    Some(place) => format!("optimiser-{}", place + 1),
                    None => optimiser.kind().to_owned(),
                }
            }
            Self::LearningRate(rate) => format!("lr-{rate}"),
            Self::BatchSize(rows) => format!("batch-{rows}"),
            Self::Epochs(epochs) => format!("epochs-{epochs}"),
        }
    }

    fn optimiser_kind(&self) -> Option<&'static str> {
        match self {
            Self::Optimiser(optimiser) => Some(optimiser.kind()),
            _ => None,
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::HiddenWidths(widths) => format!("{widths:?}"),
            Self::Latent(number) | Self::BatchSize(number) | Self::Epochs(number) => number.to_string(),
            Self::Activation(activation) => activation.to_string(),
            Self::Optimiser(optimiser) => format!("`{optimiser}`"),
            Self::LearningRate(rate) => rate.to_string(),
        }
    }
}

fn joined(sizes: &[usize]) -> String {
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(sweep: &str) -> Result<Experiment, ExperimentError> {
        Experiment::from_toml(&format!(
            "title = 'x'\ndata = 'mnist'\nseed = 3\n[[models]]\nname = 'base'\nhidden = [64, 16]\n[sweep]\n{sweep}"
        ))
    }

    fn points(sweep: &str) -> Vec<ModelSettings> {
        experiment(sweep).unwrap().expanded().unwrap().models
    }

    fn names(sweep: &str) -> Vec<String> {
        points(sweep).into_iter().map(|model| model.name).collect()
    }

    #[track_caller]
    fn refused(sweep: &str, says: &str) {
        let error = experiment(sweep).unwrap_err().to_string();
        assert!(error.contains(says), "`{says}` is not in: {error}");
    }

    #[test]
    fn every_combination_is_a_model_named_by_what_differs() {
        let sweep = "latent = [2, 8]\nlearning_rate = [0.01, 0.001]\nbatch_size = [128]\n";
        let models = points(sweep);
        let expected = ["latent-2-lr-0.01", "latent-2-lr-0.001", "latent-8-lr-0.01", "latent-8-lr-0.001"];
        assert_eq!(names(sweep), expected);
        assert_eq!((&models[2].hidden[..], models[2].batch_size), (&[64, 8][..], Some(128)));
        let rates = models.iter().map(|model| model.optimiser.unwrap().learning_rate());
        assert_eq!(rates.collect::<Vec<_>>(), [0.01, 0.001, 0.01, 0.001]);
        // What the learning rate does not say stays as it was.
        assert_eq!(models[1].optimiser, Some(Training::default().optimiser));
    }

    #[test]
    fn widths_stand_before_the_latent() {
        let models = points("hidden_widths = [[], [128, 32]]\nactivation = ['leaky_relu', 'silu']\n");
        let found: Vec<_> = models.iter().map(|model| (model.name.as_str(), &model.hidden[..])).collect();
        let expected = [
            ("hidden-none-leaky-ReLU", &[16][..]),
            ("hidden-none-SiLU", &[16]),
            ("hidden-128-32-leaky-ReLU", &[128, 32, 16]),
            ("hidden-128-32-SiLU", &[128, 32, 16]),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn optimisers_are_named_by_kind_or_else_by_place() {
        let kinds = "optimiser = [{ kind = 'adam' }, { kind = 'sgd', momentum = 0.9 }]\n";
        assert_eq!(names(kinds), ["adam", "sgd"]);
        let places = "optimiser = [{ kind = 'sgd', momentum = 0.5 }, { kind = 'sgd', momentum = 0.9 }]\n";
        assert_eq!(names(places), ["optimiser-1", "optimiser-2"]);
    }

    #[test]
    fn one_value_differs_from_nothing_and_long_names_become_numbers() {
        assert_eq!(names("latent = [4]\n"), ["base"]);
        let widths = (1..=9).map(|width| (1000 * width).to_string()).collect::<Vec<_>>().join(", ");
        let long = format!("hidden_widths = [[{widths}, 100, 100, 100, 100, 100, 100], [64]]\n");
        assert_eq!(names(&long), ["point-1", "point-2"]);
    }

    #[test]
    fn a_sample_is_the_seeds_and_lies_in_the_grid() {
        let lists = "latent = [1, 2, 3, 4, 5, 6, 7, 8]\nepochs = [1, 2, 3, 4, 5, 6, 7, 8]\n";
        let all = names(lists);
        let sample = names(&format!("{lists}samples = 10\n"));
        assert_eq!((all.len(), sample.len()), (64, 10));
        let places: Vec<_> =
            sample.iter().map(|name| all.iter().position(|known| known == name).unwrap()).collect();
        assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "{places:?}");
        assert_eq!(sample, names(&format!("{lists}samples = 10\n")));
        assert_eq!(names(&format!("{lists}samples = 1000\n")), all);
        let mut other = experiment(&format!("{lists}samples = 10\n")).unwrap();
        other.seed = 4;
        assert_ne!(other.expanded().unwrap().model_names(), sample);
    }

    #[test]
    fn what_cannot_be_is_told() {
        refused("", "lists nothing to try");
        refused("latents = [2]\n", "latents");
        refused("latent = []\n", "latent is empty");
        refused("latent = [2, 2]\n", "lists 2 twice");
        refused("latent = [0]\n", "0 was given");
        refused("latent = [2]\nseeds = 0\n", "seeds is 0; expected 1 to 1000");
        refused("latent = [2]\nsamples = 0\n", "samples is 0");
        refused("latent = [2, 4]\nepochs = [5]\nhalving = true\n", "each size has one");
        let many = (1..=70).map(|number: usize| number.to_string()).collect::<Vec<_>>().join(", ");
        refused(&format!("latent = [{many}]\nepochs = [{many}]\n"), "4900 combinations");
        refused("latent = [2]\n[[models]]\nname = 'second'\nhidden = [2]\n", "found 2");
        refused("latent = [2]\n[interpolation]\npairs = []\n", "remove [interpolation]");
        refused("learning_rate = [-1.0]\n", "learning_rate is -1");
    }

    #[test]
    fn a_sweep_is_written_and_read_again() {
        let text =
            "latent = [2, 8]\nhidden_widths = [[], [32]]\noptimiser = [{ kind = 'adam' }]\nsamples = 3\n";
        let experiment = experiment(text).unwrap();
        assert_eq!(Experiment::from_toml(&experiment.to_toml()).unwrap(), experiment);
    }
}
