//! A training that is to go on later, as one safetensors file, `checkpoint.safetensors`.
//!
//! Each parameter stands under its name behind one of these:
//!
//! ```text
//! parameters/…  as they are now
//! first/…       the optimiser's first moments of them (Adam's m, SGD's momentum)
//! second/…      its second moments (Adam's v)
//! settled/…     as they were at the end of the last whole epoch; absent where that is now
//! best/…        those with the least validation loss; absent without a validation set
//! ```
//!
//! The metadata says the rest, and all of it decides bits, so a key that is not known is an error: a checkpoint is for the
//! narrows that wrote it, and for later ones that train as it does.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::LoadError;
use super::architecture::ArchitectureRecord;
use super::container::{check_known, check_version, of_tensors, open, read, read_group, tensors_of};
use super::provenance::Trained;
use crate::model::{Architecture, Parameters};
use crate::train::{Best, EpochReport, Position, TrainerState, Training};

const VERSION: u32 = 1;

const PARAMETERS: &str = "parameters/";
const MOMENTS: [&str; 2] = ["first/", "second/"];
const SETTLED: &str = "settled/";
const BEST: &str = "best/";

/// A training under way, and of what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// What is trained.
    pub architecture: Architecture,
    /// How.
    pub training: Training,
    /// The [`content_hash`](crate::dataset::Dataset::content_hash) of the training set.
    pub data_hash: String,
    /// How far it is.
    pub state: TrainerState,
}

#[derive(Serialize, Deserialize)]
struct Metadata {
    version: u32,
    #[serde(with = "ArchitectureRecord")]
    architecture: Architecture,
    training: Trained,
    data_hash: String,
    /// Epochs that are done.
    epoch: usize,
    /// Steps of the next one.
    step: usize,
    /// The sum of their losses.
    losses: f64,
    /// What they took.
    seconds: f64,
    /// What the order of the rows depends on beside the seed.
    order: String,
    best: Option<BestRecord>,
    history: Vec<EpochRecord>,
}

#[derive(Serialize, Deserialize)]
struct BestRecord {
    epoch: usize,
    validation_loss: f64,
}

#[derive(Serialize, Deserialize)]
struct EpochRecord {
    epoch: usize,
    training_loss: f64,
    validation_loss: Option<f64>,
    test_loss: Option<f64>,
    seconds: f64,
}

/// The bytes of a checkpoint.
pub fn to_bytes(checkpoint: &Checkpoint) -> Vec<u8> {
    let Checkpoint { architecture, training, data_hash, state } = checkpoint;
    let TrainerState { position, spent, parameters, moments, settled, best, history, order } = state;
    let metadata = Metadata {
        version: VERSION,
        architecture: architecture.clone(),
        training: Trained(training.clone()),
        data_hash: data_hash.clone(),
        epoch: position.epoch,
        step: position.step,
        losses: position.losses,
        seconds: spent.as_secs_f64(),
        order: order.clone(),
        best: best
            .as_ref()
            .map(|best| BestRecord { epoch: best.epoch, validation_loss: best.validation_loss }),
        history: history.iter().map(EpochRecord::of).collect(),
    };
    let mut groups = vec![(PARAMETERS, parameters), (MOMENTS[0], &moments[0]), (MOMENTS[1], &moments[1])];
    groups.extend(settled.as_ref().map(|settled| (SETTLED, settled)));
    groups.extend(best.as_ref().map(|best| (BEST, &best.parameters)));
    of_tensors(&metadata, groups.into_iter().flat_map(|(group, parameters)| tensors_of(group, parameters)))
}

/// Reads a checkpoint.
///
/// # Errors
/// [`LoadError`] if it cannot be read, or is not whole.
pub fn load(path: &Path) -> Result<Checkpoint, LoadError> {
    from_bytes(&read(path)?, &path.display().to_string())
}

/// A checkpoint from the bytes of its file, called `path` in errors.
///
/// # Errors
/// [`LoadError`] if they are not a whole checkpoint.
pub fn from_bytes(bytes: &[u8], path: &str) -> Result<Checkpoint, LoadError> {
    let (tensors, text) = open(bytes, path)?;
    check_version(&text, VERSION, path)?;
    let foreign =
        |error: serde_json::Error| LoadError::Foreign { path: path.to_owned(), why: error.to_string() };
    let metadata: Metadata = serde_json::from_str(&text).map_err(foreign)?;
    check_known(&text, &metadata, path)?;
    let Metadata { architecture, training: Trained(training), data_hash, .. } = metadata;
    let Metadata { epoch, step, losses, seconds, order, best, history, .. } = metadata;
    architecture.validate().map_err(|source| LoadError::Architecture { path: path.to_owned(), source })?;
    let wrong = |what: &str| LoadError::Tensor { path: path.to_owned(), what: what.to_owned() };
    // Before the parameters are allocated: a small file must not make a large model.
    if bytes.len() / 4 < 3 * architecture.parameter_count() {
        return Err(wrong("the model has more parameters than the file has room for"));
    }
    let group = |name: &str| {
        let mut parameters = Parameters::zeros(&architecture);
        read_group(&tensors, name, &mut parameters, path).map(|()| parameters)
    };
    let has = |name: &str| tensors.names().iter().any(|tensor| tensor.starts_with(name));
    if let Some(stranger) = tensors.names().iter().find(|name| {
        ![PARAMETERS, MOMENTS[0], MOMENTS[1], SETTLED, BEST].iter().any(|group| name.starts_with(group))
    }) {
        return Err(wrong(&format!("tensor `{stranger}` does not belong to a checkpoint")));
    }
    if best.is_some() != has(BEST) || (step > 0) != has(SETTLED) {
        return Err(wrong("parameters are missing, or surplus"));
    }
    let seconds_of = |seconds: f64| {
        Duration::try_from_secs_f64(seconds).map_err(|_| wrong("a duration is no number of seconds"))
    };
    let state = TrainerState {
        position: Position { epoch, step, losses },
        spent: seconds_of(seconds)?,
        parameters: group(PARAMETERS)?,
        moments: [group(MOMENTS[0])?, group(MOMENTS[1])?],
        settled: (step > 0).then(|| group(SETTLED)).transpose()?,
        best: best
            .map(|BestRecord { epoch, validation_loss }| {
                group(BEST).map(|parameters| Best { epoch, validation_loss, parameters })
            })
            .transpose()?,
        history: history
            .into_iter()
            .map(|epoch| Ok(epoch.report(seconds_of(epoch.seconds)?)))
            .collect::<Result<_, LoadError>>()?,
        order,
    };
    Ok(Checkpoint { architecture, training, data_hash, state })
}

impl EpochRecord {
    fn of(report: &EpochReport) -> Self {
        let &EpochReport { epoch, training_loss, validation_loss, test_loss, duration } = report;
        Self { epoch, training_loss, validation_loss, test_loss, seconds: duration.as_secs_f64() }
    }

    fn report(&self, duration: Duration) -> EpochReport {
        let &Self { epoch, training_loss, validation_loss, test_loss, .. } = self;
        EpochReport { epoch, training_loss, validation_loss, test_loss, duration }
    }
}
