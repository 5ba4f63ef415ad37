//! `narrows train`: one model from flags.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use narrows::dataset::NormalisationKind;
use narrows::experiment::{Existing, Experiment, MOST_SEED, ModelSettings, TrainingSettings};
use narrows::model::{HiddenActivation, Initialisation, OutputActivation};
use narrows::train::{Optimiser, Schedule};
use serde::de::DeserializeOwned;

use crate::arguments::{Common, count};
use crate::commands::model_file::DataArgument;
use crate::commands::run::carry_out;
use crate::failure::Failure;

/// Train one model, described by flags
///
/// The defaults are the published study's. It leaves a folder like that of `narrows run`: report, summary, figures, model.
#[derive(Debug, Args)]
pub struct Train {
    #[command(flatten)]
    data: DataArgument,

    /// Sizes of the encoder's layers, the latent's last; the decoder mirrors them
    ///
    /// 128,16 and [128, 16] mean the same: an encoder from the input to 128 and to 16 numbers.
    #[arg(long, value_name = "N,N,…", required = true, num_args = 1..)]
    hidden: Vec<String>,

    /// After each hidden layer but the latent: relu, leaky_relu, tanh, sigmoid, gelu, silu or identity
    #[arg(long, value_name = "NAME", default_value = "relu", value_parser = named::<HiddenActivation>)]
    activation: HiddenActivation,

    /// After the last layer: linear, tanh or sigmoid
    #[arg(long, value_name = "NAME", default_value = "tanh", value_parser = named::<OutputActivation>)]
    output: OutputActivation,

    /// From raw values to the model's scale: symmetric, unit or standard
    #[arg(long, value_name = "NAME", default_value = "symmetric", value_parser = named::<NormalisationKind>)]
    normalisation: NormalisationKind,

    /// Passes over the training set
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = count)]
    epochs: usize,

    /// Rows in a step
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = count)]
    batch_size: usize,

    /// How gradients change parameters
    #[arg(long, value_name = "NAME", value_enum, default_value_t = OptimiserName::Adam)]
    optimiser: OptimiserName,

    /// The step's length, or its greatest under a schedule
    #[arg(long, value_name = "X", default_value_t = 1e-3, allow_negative_numbers = true)]
    learning_rate: f64,

    /// Weight decay [default: 1e-5 for adam, 0.01 for adamw, 0 for sgd]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    weight_decay: Option<f64>,

    /// Momentum of sgd
    #[arg(long, value_name = "X", default_value_t = 0.0, allow_negative_numbers = true)]
    momentum: f64,

    /// Nesterov's momentum, with sgd
    #[arg(long, requires = "momentum")]
    nesterov: bool,

    /// How the learning rate goes
    #[arg(long, value_name = "NAME", value_enum, default_value_t = ScheduleName::Constant)]
    schedule: ScheduleName,

    /// Share of the steps that warm up, with the cosine schedule
    #[arg(long, value_name = "X", default_value_t = 0.05, allow_negative_numbers = true)]
    warm_up: f64,

    /// How parameters begin: pytorch, xavier or he
    #[arg(long, value_name = "NAME", default_value = "pytorch", value_parser = named::<Initialisation>)]
    initialisation: Initialisation,

    /// The seed of initial parameters and of the order of the rows
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=MOST_SEED))]
    seed: u64,

    /// Measure the test loss every so many epochs, 0 for never
    #[arg(long, value_name = "N", default_value_t = 0)]
    test_every: usize,

    /// What to call the model
    #[arg(id = "model_name", long = "name", value_name = "NAME", default_value = "model")]
    name: String,

    /// The folder for the results [default: runs/NAME]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// Replace the run that is already in the folder
    #[arg(long)]
    force: bool,

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
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        let out = self.out.clone().unwrap_or_else(|| Path::new("runs").join(&self.name));
        carry_out(&self.experiment()?, &out, existing, self.json, None, common)
    }

    fn experiment(&self) -> Result<Experiment, Failure> {
        let training = TrainingSettings {
            epochs: Some(self.epochs),
            batch_size: Some(self.batch_size),
            optimiser: Some(self.optimiser()),
            schedule: Some(match self.schedule {
                ScheduleName::Constant => Schedule::Constant,
                ScheduleName::Cosine => Schedule::Cosine { warm_up: self.warm_up },
                ScheduleName::OneCycle => Schedule::one_cycle(),
            }),
            initialisation: Some(self.initialisation),
            test_every: Some(self.test_every),
            activation: Some(self.activation),
        };
        let model = ModelSettings {
            name: self.name.clone(),
            hidden: sizes(&self.hidden)?,
            output: Some(self.output),
            ..ModelSettings::default()
        };
        Ok(Experiment {
            title: format!("{} on {}", self.name, self.data.source()?),
            question: String::new(),
            data: self.data.source()?.to_string(),
            normalisation: self.normalisation,
            seed: self.seed,
            compare_with: None,
            published_note: None,
            training,
            models: vec![model],
            interpolation: None,
            questions: Vec::new(),
        })
    }

    fn optimiser(&self) -> Optimiser {
        let (learning_rate, decay) = (self.learning_rate, self.weight_decay);
        match self.optimiser {
            OptimiserName::Adam => Optimiser::adam(learning_rate, decay.unwrap_or(1e-5)),
            OptimiserName::Adamw => Optimiser::adamw(learning_rate, decay.unwrap_or(1e-2)),
            OptimiserName::Sgd => Optimiser::Sgd {
                learning_rate,
                momentum: self.momentum,
                weight_decay: decay.unwrap_or(0.0),
                nesterov: self.nesterov,
            },
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

/// A value by the name that experiments use for it.
fn named<T: DeserializeOwned>(name: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).map_err(|error| error.to_string())
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
