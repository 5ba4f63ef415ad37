//! How many epochs fit a time.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::{Event, Trainer, Training, TrainingError, Watch};
use crate::compute::Compute;
use crate::dataset::Samples;
use crate::model::Architecture;

/// The share of the time that finding out may take: one in so many.
const SHARE: u32 = 20;

/// Longer than this nothing more is found out.
const MAX_TRIAL: Duration = Duration::from_secs(1);

/// Steps that are not counted: memory is touched for the first time, and threads wake.
const FIRST_STEPS: usize = 3;

/// How many epochs of a training take `time`, on this machine, as it is now busy: at least 1, and then it may be too short
/// for one. Some steps are taken to find out, and forgotten; `training.epochs` is not looked at.
///
/// # Errors
/// As [`Trainer::new`] and [`Trainer::epoch`].
pub fn epochs_within(
    time: Duration,
    architecture: &Architecture,
    training: &Training,
    samples: &Samples,
    compute: &mut Compute,
) -> Result<usize, TrainingError> {
    let training = Training { epochs: 1, test_every: 0, patience: None, ..training.clone() };
    let mut trainer = Trainer::new(architecture, &training, samples)?;
    let begin = Instant::now();
    let trial = (time / SHARE).min(MAX_TRIAL);
    let (mut start, mut counted, mut all) = (begin, 0, 0);
    trainer.epoch(Watch::default(), compute, &mut |event| {
        let &Event::Batch { step, steps, .. } = event else { return ControlFlow::Continue(()) };
        if step == FIRST_STEPS {
            start = Instant::now();
        }
        (counted, all) = (step.saturating_sub(FIRST_STEPS), steps);
        let enough = counted > 0 && begin.elapsed() >= trial;
        if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    // The first step had no finite loss: how long an epoch takes is of no consequence.
    if all == 0 {
        return Ok(1);
    }
    // Of an epoch of few steps, all count.
    let (spent, steps) = if counted > 0 { (start.elapsed(), counted) } else { (begin.elapsed(), all) };
    let epoch = spent.as_secs_f64() / steps as f64 * all as f64;
    let left = time.saturating_sub(begin.elapsed()).as_secs_f64();
    Ok(((left / epoch) as usize).max(1))
}
