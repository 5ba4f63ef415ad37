//! The loop: epochs of shuffled batches.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::feed::{Feed, Portion, with_feed};
use super::objective::Objective;
use super::step::Step;
use super::{EpochReport, Event, Training, TrainingError};
use crate::compute::Compute;
use crate::dataset::Samples;
use crate::model::network::{Network, WeightOrder};
use crate::model::{Architecture, ClassifierArchitecture, LayerSpec, Parameters};

/// What training has come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The last good parameters: those at the end of the last whole epoch.
    pub parameters: Parameters,
    /// The epochs that `parameters` have seen.
    pub history: Vec<EpochReport>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All epochs are done.
    Finished,
    /// The observer stopped it.
    Stopped,
    /// The loss or a parameter is no longer a finite number.
    Diverged {
        /// The epoch in which that was seen, from 1.
        epoch: usize,
        /// The step of the epoch, from 1.
        step: usize,
    },
}

/// Trains an autoencoder on `samples`, and says so to `observe`, which may stop it.
///
/// `test` is measured after every [`Training::test_every`]-th epoch. Where that is 0, which is the default, it is not looked
/// at: neither measured nor checked.
///
/// Values that are missing are no targets, and count in no loss; a row without any value is left out.
///
/// Rows in a file are read ahead, window by window, in an order of their own: `docs/data.md`.
///
/// # Errors
/// If a setting is out of range, the data does not fit the architecture, or a file of rows can no longer be read.
pub fn train(
    architecture: &Architecture,
    training: &Training,
    samples: &Samples,
    test: Option<&Samples>,
    compute: &mut Compute,
    observe: &mut dyn FnMut(&Event) -> ControlFlow<()>,
) -> Result<Trained, TrainingError> {
    architecture.validate()?;
    training.validate()?;
    let test = test.filter(|_| training.test_every > 0);
    for (set, samples) in [("training", Some(samples)), ("test", test)] {
        if let Some(samples) = samples {
            check(set, samples, architecture)?;
        }
    }
    let mut measure = test.map(|test| {
        |parameters: &Parameters, compute: &mut Compute| test_loss(architecture, parameters, test, compute)
    });
    let measure = measure.as_mut().map(|measure| measure as &mut Measure<'_>);
    fit(&architecture.layers(), training, (samples, Objective::SquaredError), measure, compute, observe)
}

/// Trains a classifier on `samples` and the class of each, and says so to `observe`, which may stop it. The loss is the mean
/// cross-entropy.
///
/// # Errors
/// If a setting is out of range, or the data does not fit the architecture.
pub fn train_classifier(
    architecture: &ClassifierArchitecture,
    training: &Training,
    (samples, labels): (&Samples, &[u32]),
    compute: &mut Compute,
    observe: &mut dyn FnMut(&Event) -> ControlFlow<()>,
) -> Result<Trained, TrainingError> {
    architecture.validate()?;
    let (expected, found) = (architecture.inputs, samples.features());
    if found != expected {
        return Err(TrainingError::Features { set: "training", expected, found });
    }
    if labels.len() != samples.rows() {
        return Err(TrainingError::setting("labels", "one for each row", labels.len()));
    }
    if let Some(label) = labels.iter().find(|&&label| label as usize >= architecture.classes) {
        return Err(TrainingError::setting("label", "a number below the number of classes", label));
    }
    fit(&architecture.layers(), training, (samples, Objective::CrossEntropy(labels)), None, compute, observe)
}

/// Measures the test loss.
pub(crate) type Measure<'a> = dyn FnMut(&Parameters, &mut Compute) -> Result<f64, TrainingError> + 'a;

/// The loop itself: trains any layers with any objective.
///
/// # Errors
/// If a setting is out of range, there are no rows, or a file of rows can no longer be read.
pub(crate) fn fit(
    layers: &[LayerSpec],
    training: &Training,
    (samples, objective): (&Samples, Objective<'_>),
    mut measure: Option<&mut Measure<'_>>,
    compute: &mut Compute,
    observe: &mut dyn FnMut(&Event) -> ControlFlow<()>,
) -> Result<Trained, TrainingError> {
    training.validate()?;
    if samples.rows() == 0 {
        return Err(TrainingError::NoRows { set: "training" });
    }
    let order = if samples.is_in_memory() { objective.rows(samples) } else { Vec::new() };
    let rows = if samples.is_in_memory() { order.len() } else { samples.rows() };
    let batch_size = training.batch_size.min(rows);
    let parameters = training.initialisation.draw_layers(layers, training.seed);
    let model = Step::of_layers(layers, &parameters, batch_size, samples);
    let start = Start { model, parameters, batch_size, steps: rows.div_ceil(batch_size) };
    with_feed((samples, objective), order, training, batch_size, |feed| {
        run(start, training, feed, &mut measure, compute, observe)
    })
}

/// What the loop begins with.
struct Start {
    model: Step,
    parameters: Parameters,
    batch_size: usize,
    /// In an epoch.
    steps: usize,
}

fn run(
    Start { mut model, mut parameters, batch_size, steps }: Start,
    training: &Training,
    feed: &mut Feed<'_>,
    measure: &mut Option<&mut Measure<'_>>,
    compute: &mut Compute,
    observe: &mut dyn FnMut(&Event) -> ControlFlow<()>,
) -> Result<Trained, TrainingError> {
    let total_steps = (steps as u64).saturating_mul(training.epochs as u64);
    let mut history = Vec::new();
    let mut steps_done = 0;

    let (drawn, stop) = tell(0, parameters, observe);
    parameters = drawn;
    if stop {
        return Ok(Trained { parameters, history, outcome: Outcome::Stopped });
    }
    for epoch in 1..=training.epochs {
        let start = Instant::now();
        feed.begin(epoch);
        let (mut losses, mut step) = (0.0, 0);
        while let Some(Portion { samples, objective, order }) = feed.next()? {
            for (index, batch) in order.chunks(batch_size).enumerate() {
                step += 1;
                model.announce(order.chunks(batch_size).nth(index + 1).unwrap_or_default());
                let rates =
                    training.schedule.rates(training.optimiser.learning_rate(), steps_done, total_steps);
                steps_done += 1;
                let rule = training.optimiser.rule(steps_done, rates);
                let loss = model.take_towards(compute, samples, objective, batch, rule);
                if !loss.is_finite() {
                    let outcome = Outcome::Diverged { epoch, step };
                    return Ok(Trained { parameters, history, outcome });
                }
                losses += loss;
                if observe(&Event::Batch { epoch, step, steps }).is_break() {
                    return Ok(Trained { parameters, history, outcome: Outcome::Stopped });
                }
            }
        }
        let duration = start.elapsed();

        let mut candidate = parameters.clone();
        model.parameters(&mut candidate);
        if !candidate.values().iter().all(|value| value.is_finite()) {
            return Ok(Trained { parameters, history, outcome: Outcome::Diverged { epoch, step: steps } });
        }
        let (learned, stop_here) = tell(epoch, candidate, observe);
        parameters = learned;
        let test_loss = measure
            .as_mut()
            .filter(|_| training.test_every > 0 && epoch.is_multiple_of(training.test_every))
            .map(|measure| measure(&parameters, compute))
            .transpose()?;
        let report = EpochReport { epoch, training_loss: losses / steps as f64, test_loss, duration };
        let stop = observe(&Event::Epoch(report.clone())).is_break() || stop_here;
        history.push(report);
        if stop && epoch < training.epochs {
            return Ok(Trained { parameters, history, outcome: Outcome::Stopped });
        }
    }
    Ok(Trained { parameters, history, outcome: Outcome::Finished })
}

impl Trained {
    /// What the epochs took in all.
    pub fn duration(&self) -> Duration {
        self.history.iter().map(|epoch| epoch.duration).sum()
    }
}

/// Lends the parameters to the observer; whether it wants to stop.
fn tell(
    epoch: usize,
    parameters: Parameters,
    observe: &mut dyn FnMut(&Event) -> ControlFlow<()>,
) -> (Parameters, bool) {
    let event = Event::Parameters { epoch, parameters };
    let stop = observe(&event).is_break();
    match event {
        Event::Parameters { parameters, .. } => (parameters, stop),
        _ => unreachable!("made above"),
    }
}

fn check(set: &'static str, samples: &Samples, architecture: &Architecture) -> Result<(), TrainingError> {
    let (expected, found) = (architecture.inputs, samples.features());
    if found != expected {
        return Err(TrainingError::Features { set, expected, found });
    }
    if samples.rows() == 0 {
        return Err(TrainingError::NoRows { set });
    }
    if samples.all_present()? == 0 {
        return Err(TrainingError::NoValues { set });
    }
    Ok(())
}

fn test_loss(
    architecture: &Architecture,
    parameters: &Parameters,
    test: &Samples,
    compute: &mut Compute,
) -> Result<f64, TrainingError> {
    let network = Network::new(architecture, parameters, WeightOrder::Tiles);
    let errors = test.map_pieces(|rows| network.squared_errors(compute, rows))?;
    let sum: f64 = errors.iter().map(|&error| f64::from(error)).sum();
    Ok(sum / test.all_present()? as f64)
}

/// Permutes `order` (Fisher & Yates), with ChaCha8 of `seed`, stream `epoch`; where it begins has an influence, so
/// epoch e is the e-th of successive shuffles.
pub(crate) fn shuffle(order: &mut [u32], seed: u64, epoch: usize) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(epoch as u64);
    shuffle_with(order, &mut random);
}

/// Fisher & Yates.
pub(crate) fn shuffle_with(order: &mut [u32], random: &mut ChaCha8Rng) {
    for last in (1..order.len()).rev() {
        // A number below last + 1; the bias of the multiplication is below 2⁻³².
        let other = (u128::from(random.next_u64()) * (last as u128 + 1)) >> 64;
        order.swap(last, other as usize);
    }
}
