//! `narrows train`: one model from flags.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use narrows::dataset::NormalisationKind;
use narrows::dataset::load::{LoadOptions, Loaded};
use narrows::experiment::{
    Defaults, Existing, Experiment, MAX_SEED, ModelSettings, RunDirectory, RunError, TrainingSettings,
    defaults,
};
use narrows::model::{Architecture, HiddenActivation, Initialisation, InputSpec, OutputActivation};
use narrows::train::{Optimiser, Schedule, epochs_within};

use crate::arguments::{Common, count, duration, named};
use crate::commands::data_arguments::{DataArguments, read};
use crate::commands::model_file::ModelFile;
use crate::commands::run::{GoingOn, carry_out, check};
use crate::failure::Failure;

/// Train one model, described by flags
///
/// What is not said is chosen for the data, by the rule of docs/learning.md, and told. It leaves a folder like that of `narrows run`: report, summary, figures, model.
#[derive(Debug, Args)]
pub struct Train {
    #[command(flatten)]
    data: DataArguments,

    /// Begin with the parameters of a trained model, whose sizes and activations are taken too: fine-tuning
    #[arg(long, value_name = "MODEL")]
    from: Option<PathBuf>,

    /// Sizes of the encoder's layers, the latent's last; the decoder mirrors them
    ///
    /// 128,16 and [128, 16] mean the same: an encoder from the input to 128 and to 16 numbers.
    #[arg(long, value_name = "N,N,…", num_args = 1..)]
    hidden: Option<Vec<String>>,

    /// After each hidden layer but the latent
    #[arg(long, value_name = "NAME", value_parser = named::<HiddenActivation>())]
    activation: Option<HiddenActivation>,

    /// After the last layer
    #[arg(long, value_name = "NAME", value_parser = named::<OutputActivation>())]
    output: Option<OutputActivation>,

    /// From raw values to the model's scale
    #[arg(long, value_name = "NAME", value_parser = named::<NormalisationKind>())]
    normalisation: Option<NormalisationKind>,

    /// Passes over the training set
    #[arg(long, value_name = "N", value_parser = count)]
    epochs: Option<usize>,

    /// Train for about this time, as 30s or 10min: with as many epochs as it takes here; one at least
    #[arg(long, value_name = "TIME", conflicts_with = "epochs", value_parser = duration)]
    time: Option<Duration>,

    /// Rows in a step
    #[arg(long, value_name = "N", value_parser = count)]
    batch_size: Option<usize>,

    /// How gradients change parameters [default: muon]
    #[arg(long, value_name = "NAME", value_enum)]
    optimiser: Option<OptimiserName>,

    /// The step's length, or its greatest under a schedule [default: 0.02 for muon, less for more than 784 values a row; else 0.001]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    learning_rate: Option<f64>,

    /// Weight decay [default: 1e-5 for adam, 0.01 for adamw, 0 for sgd, chosen for the data for muon]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    weight_decay: Option<f64>,

    /// Momentum of sgd or muon [default: 0 for sgd, 0.95 for muon]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    momentum: Option<f64>,

    /// Nesterov's momentum, with sgd
    #[arg(long, requires = "momentum")]
    nesterov: bool,

    /// How the learning rate goes [default: for muon one cycle, with a rise of a fifth of the steps; else constant]
    #[arg(long, value_name = "NAME", value_enum)]
    schedule: Option<ScheduleName>,

    /// Share of the steps that warm up, with the cosine schedule; none by default, as in an experiment and in PyTorch
    #[arg(long, value_name = "X", default_value_t = 0.0, allow_negative_numbers = true)]
    warm_up: f64,

    /// How parameters begin
    #[arg(long, value_name = "NAME", default_value = "pytorch", value_parser = named::<Initialisation>())]
    initialisation: Initialisation,

    /// The seed of initial parameters and of the order of the rows
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=MAX_SEED))]
    seed: u64,

    /// Measure the test loss every so many epochs, 0 for never
    #[arg(long, value_name = "N", default_value_t = 0)]
    test_every: usize,

    /// Stop where the validation loss has not become less for so many epochs; needs --validation or --validation-share
    #[arg(long, value_name = "EPOCHS")]
    patience: Option<usize>,

    /// By how much the validation loss must become less to count as such [default: 0]
    #[arg(long, value_name = "X", requires = "patience")]
    min_change: Option<f64>,

    /// What to call the model
    #[arg(id = "model_name", long = "name", value_name = "NAME", default_value = "model")]
    name: String,

    /// The folder for the results [default: runs/NAME]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    #[command(flatten)]
    going_on: GoingOn,

    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

/// Optimisers by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum OptimiserName {
    Adam,
    Adamw,
    Sgd,
    Muon,
}

/// Schedules by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum ScheduleName {
    Constant,
    Cosine,
    OneCycle,
}

impl Train {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let out = self.out.clone().unwrap_or_else(|| Path::new("runs").join(&self.name));
        let hidden = self.hidden.as_deref().map(sizes).transpose()?;
        let mut data = self.data.options();
        let mut loaded = read(&mut data, common)?;
        let mut chosen = defaults(loaded.parts.schema(), loaded.parts.train().rows());
        let from = self.from.as_deref().map(ModelFile::at);
        if let Some(from) = &from {
            let (model, _) = from.load()?;
            let Architecture { hidden, activation, output, .. } = model.architecture;
            chosen = Defaults { hidden, activation, output, ..chosen };
        }
        let from = from.map(|from| from.path().display().to_string());
        let mut experiment = self.experiment(data, hidden, from, &chosen);
        if let Some(time) = self.time {
            let epochs = self.epochs_within(time, &experiment, &loaded, &out, common)?;
            experiment.training.epochs = Some(epochs);
            loaded.notes.push(format!("{epochs} epochs: as many as take about {} s here", time.as_secs()));
        }
        self.tell(&experiment, &chosen, &mut loaded);
        carry_out(&experiment, loaded, &out, &self.going_on, self.json, None, common)
    }

    /// How many epochs take the time; a run that goes on has as many as it began with.
    fn epochs_within(
        &self,
        time: Duration,
        experiment: &Experiment,
        loaded: &Loaded,
        out: &Path,
        common: &Common,
    ) -> Result<usize, Failure> {
        let begun = RunDirectory::experiment_at(out).filter(|_| self.going_on.existing() == Existing::Resume);
        if let Some(epochs) = begun.and_then(|begun| begun.training.epochs) {
            return Ok(epochs);
        }
        check(experiment, loaded, common)?;
        let (model, train) = (&experiment.models[0], loaded.parts.train());
        let architecture = experiment.architecture(model, train.features());
        let training = experiment.training(model).expect("a model of `train` is trained");
        let input = InputSpec::fit(experiment.normalisation, train).map_err(RunError::from)?;
        let samples = input.samples(train)?;
        epochs_within(time, &architecture, &training, &samples, &mut common.compute()?)
            .map_err(|source| RunError::Training { model: model.name.clone(), source }.into())
    }

    fn experiment(
        &self,
        data: LoadOptions,
        hidden: Option<Vec<usize>>,
        from: Option<String>,
        chosen: &Defaults,
    ) -> Experiment {
        let schedule = self.schedule.map(|schedule| schedule.schedule(self.warm_up));
        let chosen_schedule = if self.is_by_muon() { chosen.schedule } else { Schedule::Constant };
        let training = TrainingSettings {
            epochs: Some(self.epochs.unwrap_or(chosen.epochs)),
            batch_size: Some(self.batch_size.unwrap_or(chosen.batch_size)),
            optimiser: Some(self.optimiser(chosen)),
            schedule: Some(schedule.unwrap_or(chosen_schedule)),
            initialisation: Some(self.initialisation),
            test_every: Some(self.test_every),
            patience: self.patience,
            min_change: self.min_change,
            activation: Some(self.activation.unwrap_or(chosen.activation)),
        };
        let model = ModelSettings {
            name: self.name.clone(),
            hidden: hidden.unwrap_or_else(|| chosen.hidden.clone()),
            output: Some(self.output.unwrap_or(chosen.output)),
            from,
            ..ModelSettings::default()
        };
        Experiment {
            title: format!("{} on {}", self.name, data.name()),
            data,
            normalisation: self.normalisation.unwrap_or(chosen.normalisation),
            seed: self.seed,
            training,
            models: vec![model],
            ..Experiment::default()
        }
    }

    /// Says what is trained, and why what nobody asked for was chosen.
    fn tell(&self, experiment: &Experiment, chosen: &Defaults, loaded: &mut Loaded) {
        let architecture = experiment.architecture(&experiment.models[0], loaded.parts.schema().features());
        loaded.notes.push(format!("{}: {architecture}", self.name));
        let was_asked = [
            self.normalisation.is_some() && self.output.is_some(),
            self.hidden.is_some() || self.from.is_some(),
            self.optimiser.is_some() || self.learning_rate.is_some(),
            self.epochs.is_some() || self.batch_size.is_some() || self.time.is_some(),
        ];
        let reasons = chosen.reasons.iter().zip(was_asked).filter(|(_, asked)| !asked);
        loaded.notes.extend(reasons.map(|(reason, _)| format!("  chosen: {reason}")));
    }

    /// Whether the rate and the schedule are those that were chosen for the data; they suit Muon alone.
    fn is_by_muon(&self) -> bool {
        matches!(self.optimiser, None | Some(OptimiserName::Muon))
    }

    fn optimiser(&self, chosen: &Defaults) -> Optimiser {
        let (learning_rate, decay) = (self.learning_rate.unwrap_or(1e-3), self.weight_decay);
        match self.optimiser.unwrap_or(OptimiserName::Muon) {
            OptimiserName::Adam => Optimiser::adam(learning_rate, decay.unwrap_or(1e-5)),
            OptimiserName::Adamw => Optimiser::adamw(learning_rate, decay.unwrap_or(1e-2)),
            OptimiserName::Sgd => Optimiser::Sgd {
                learning_rate,
                momentum: self.momentum.unwrap_or(0.0),
                weight_decay: decay.unwrap_or(0.0),
                nesterov: self.nesterov,
            },
            OptimiserName::Muon => {
                let mut muon = chosen.optimiser;
                if let Optimiser::Muon { learning_rate, weight_decay, momentum, .. } = &mut muon {
                    *learning_rate = self.learning_rate.unwrap_or(*learning_rate);
                    *weight_decay = decay.unwrap_or(*weight_decay);
                    *momentum = self.momentum.unwrap_or(*momentum);
                }
                muon
            }
        }
    }
}

impl ScheduleName {
    fn schedule(self, warm_up: f64) -> Schedule {
        match self {
            Self::Constant => Schedule::Constant,
            Self::Cosine => Schedule::Cosine { warm_up },
            Self::OneCycle => Schedule::one_cycle(),
        }
    }
}

/// The sizes of `128,16`, of `[128,16]`, and of `[128, 16]`, of which a shell makes two arguments.
fn sizes(arguments: &[String]) -> Result<Vec<usize>, Failure> {
    let text = arguments.join(" ");
    let inside = text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let wrong = |part: &str| {
        Failure::user(format!(
            "invalid value '{part}' in --hidden {text}: expected whole numbers of at least 1, the latent's last, for instance \
             128,16 or [128, 16]"
        ))
    };
    let parts = inside.unwrap_or(&text).split(',').map(str::trim);
    parts.map(|part| count(part).map_err(|_| wrong(part))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_brackets() {
        let read = |arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
            sizes(&arguments).ok()
        };
        for arguments in [
            &["128,16"][..],
            &["[128,16]"],
            &["[128, 16]"],
            &["[128,", "16]"],
            &["128,", "16"],
            &[" 128 , 16 "],
        ] {
            assert_eq!(read(arguments), Some(vec![128, 16]), "{arguments:?}");
        }
        assert_eq!(read(&["16"]), Some(vec![16]));
        for arguments in [
            &[""][..],
            &["[]"],
            &["[16"],
            &["16]"],
            &["16,"],
            &["0"],
            &["16", "8"],
            &["1.5"],
            &["[[16]]"],
            &["-1"],
        ] {
            assert_eq!(read(arguments), None, "{arguments:?}");
        }
    }
}
