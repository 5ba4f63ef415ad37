//! Training from beginning to end: short loops over [`Trainer`].

use std::ops::ControlFlow;

use super::{Event, Trained, Trainer, Training, TrainingError, Watch};
use crate::compute::Compute;
use crate::dataset::Samples;
use crate::model::{Architecture, ClassifierArchitecture};

/// Trains an autoencoder on `samples`, and says so to `observe`, which may stop it.
///
/// `test` is measured after every [`Training::test_every`]-th epoch. Where that is 0, which is the default, it is not looked
/// at: neither measured nor checked.
///
/// Values that are missing are no targets, and count in no loss; a row without any value is left out.
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
    observe: &mut dyn FnMut(&Event<'_>) -> ControlFlow<()>,
) -> Result<Trained, TrainingError> {
    let trainer = Trainer::new(architecture, training, samples)?;
    let watch = Watch { test, validation: None };
    watch.check(architecture, training)?;
    run(trainer, watch, compute, observe)
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
    observe: &mut dyn FnMut(&Event<'_>) -> ControlFlow<()>,
) -> Result<Trained, TrainingError> {
    let trainer = Trainer::of_classifier(architecture, training, samples, labels)?;
    run(trainer, Watch::default(), compute, observe)
}

/// Goes on to the end.
///
/// # Errors
/// If a file of rows can no longer be read.
pub(crate) fn run(
    mut trainer: Trainer,
    watch: Watch<'_>,
    compute: &mut Compute,
    observe: &mut dyn FnMut(&Event<'_>) -> ControlFlow<()>,
) -> Result<Trained, TrainingError> {
    loop {
        let ended = match trainer.outcome() {
            None => trainer.epoch(watch, compute, observe)?,
            ended => ended,
        };
        if let Some(outcome) = ended {
            return Ok(trainer.end(outcome));
        }
    }
}
