//! Error against seconds, for docs/learning.md: trains every combination of some settings and prints a line of JSON for each.
//!
//! ```text
//! learning KEY=VALUE[,VALUE…] …
//!
//! data=mnist|PATH.npy       PATH.npy: rows of numbers; a tenth of them is the test set
//! hidden=64-32-16           sizes of the encoder's layers, the latent's last
//! activation=silu output=tanh scale=symmetric|unit|standard
//! optimiser=adam|adamw|sgd|muon   rate=0.01   decay=0   batch=128   epochs=2   rise=0.3   cycle=true   rounds=5
//! seed=0  threads=2
//! error=test|validation     validation: a tenth of the training rows, which is not trained on
//! every=1                   epochs between two measurements
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::collections::BTreeMap;
use std::error::Error;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Instant;

use narrows::compute::Compute;
use narrows::dataset::load::{LoadOptions, load};
use narrows::dataset::{Normalisation, NormalisationKind, Samples, Shares, Split};
use narrows::model::Architecture;
use narrows::train::{Event, Optimiser, Schedule, Training, train};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;
type Settings = BTreeMap<String, String>;

const DEFAULTS: &str = "data=mnist hidden=64-32-16 activation=silu output=tanh scale=symmetric optimiser=muon rate=0.02 decay=0 \
                        batch=128 epochs=2 rise=0.3 cycle=true rounds=5 seed=0 threads=2 error=test every=1";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("learning: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut lists = BTreeMap::new();
    let arguments = std::env::args().skip(1);
    for word in DEFAULTS.split_whitespace().map(str::to_owned).chain(arguments) {
        let (key, values) = word.split_once('=').ok_or_else(|| format!("{word} is no KEY=VALUE"))?;
        let known = lists.insert(key.to_owned(), values.to_owned()).is_some();
        if !known && !DEFAULTS.contains(&format!("{key}=")) {
            return Err(format!("there is no setting {key}").into());
        }
    }
    let mut combinations = vec![Settings::new()];
    for (key, values) in lists {
        combinations = combinations
            .into_iter()
            .flat_map(|settings| {
                values.split(',').map(|value| with(&settings, &key, value)).collect::<Vec<_>>()
            })
            .collect();
    }
    let mut kept: Option<(String, Sets)> = None;
    for settings in combinations {
        let key = ["data", "scale", "error"].map(|key| settings[key].as_str()).join(" ");
        if kept.as_ref().is_none_or(|(of, _)| *of != key) {
            kept = Some((key, Sets::load(&settings)?));
        }
        let sets = &kept.as_ref().expect("just loaded").1;
        println!("{}", measure(&settings, sets)?);
    }
    Ok(())
}

fn with(settings: &Settings, key: &str, value: &str) -> Settings {
    let mut settings = settings.clone();
    settings.insert(key.to_owned(), value.to_owned());
    settings
}

/// What is trained on, and what the error is measured on.
struct Sets {
    training: Samples,
    measured: Samples,
}

impl Sets {
    fn load(settings: &Settings) -> Result<Self> {
        let options = LoadOptions::of(&settings["data"]);
        let parts = load(&options, NonZeroUsize::MIN, &mut |_, _| ControlFlow::Continue(()))?.parts;
        let (train, test) = (parts.train().clone(), parts.test().clone());
        let (train, measured) = match settings["error"].as_str() {
            "test" => (train, test),
            "validation" => {
                let parts = Split::draw(&train, Shares::default(), 0)?.apply(&train)?;
                (parts.train().clone(), parts.test().clone())
            }
            other => return Err(format!("error={other} is neither test nor validation").into()),
        };
        let kind: NormalisationKind = named(&settings["scale"])?;
        let normalisation = Normalisation::fit(kind, &train)?;
        Ok(Self { training: normalisation.apply(&train)?, measured: normalisation.apply(&measured)? })
    }
}

fn measure(settings: &Settings, sets: &Sets) -> Result<Value> {
    let number = |key: &str| settings[key].parse::<f64>().map_err(|error| format!("{key}: {error}"));
    let whole = |key: &str| settings[key].parse::<usize>().map_err(|error| format!("{key}: {error}"));
    let architecture = Architecture {
        inputs: sets.training.features(),
        hidden: settings["hidden"].split('-').map(str::parse).collect::<std::result::Result<_, _>>()?,
        activation: named(&settings["activation"])?,
        output: named(&settings["output"])?,
    };
    let training = Training {
        epochs: whole("epochs")?,
        batch_size: whole("batch")?,
        optimiser: optimiser(&settings["optimiser"], number("rate")?, number("decay")?, whole("rounds")?)?,
        schedule: Schedule::OneCycle {
            rise: number("rise")?,
            start_divisor: 25.0,
            end_divisor: 1e4,
            cycle_momentum: settings["cycle"].parse()?,
        },
        seed: whole("seed")? as u64,
        test_every: whole("every")?,
        ..Training::default()
    };
    let mut compute = Compute::new(whole("threads")?.try_into()?)?;
    let (start, mut seconds, mut points) = (Instant::now(), 0.0, Vec::new());
    let trained =
        train(&architecture, &training, &sets.training, Some(&sets.measured), &mut compute, &mut |event| {
            if let Event::Epoch(report) = event {
                seconds += report.duration.as_secs_f64();
                if let Some(error) = report.test_loss {
                    points.push(json!([report.epoch, seconds, error, report.training_loss]));
                }
            }
            ControlFlow::Continue(())
        })?;
    let outcome = format!("{:?}", trained.outcome);
    let all = start.elapsed().as_secs_f64();
    Ok(
        json!({ "settings": settings, "outcome": outcome, "seconds_with_measuring": all, "epoch_seconds_error_training_loss": points }),
    )
}

fn optimiser(name: &str, rate: f64, decay: f64, rounds: usize) -> Result<Optimiser> {
    let mut optimiser: Optimiser = serde_json::from_value(json!({ "kind": name, "weight_decay": decay }))?;
    if let Optimiser::Muon { ns_steps, .. } = &mut optimiser {
        *ns_steps = rounds;
    }
    Ok(optimiser.with_learning_rate(rate))
}

/// A setting by its name in TOML.
fn named<T: DeserializeOwned>(name: &str) -> Result<T> {
    Ok(serde_json::from_value(Value::String(name.to_owned()))?)
}
