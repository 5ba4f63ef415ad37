//! An experiment: data, several models, pairs to interpolate between. One TOML file in, one run directory out.

mod checkpoints;
mod defaults;
mod directory;
mod error;
mod estimate;
mod event;
mod figures;
mod finished;
mod jobs;
mod live;
mod lock;
mod measure;
mod memory;
mod page;
mod quality;
mod resume;
mod run;
mod snapshots;
mod specification;
mod summary;
mod sweep;
mod trainings;
mod validation;
mod work;
mod workers;

pub use checkpoints::{CheckpointEvery, IntervalError, duration};
pub use defaults::{Defaults, defaults};
pub use directory::{DirectoryError, Existing, RunDirectory};
pub use error::RunError;
pub use estimate::Estimated;
pub use event::RunEvent;
pub use figures::DrawError;
pub use finished::{FinishedRun, FinishedRunError, load_snapshots};
pub use live::{curves, study_pairs};
pub use lock::RunLock;
pub use memory::MemoryNeeded;
pub use run::{Completed, run, run_on};
pub use specification::{
    Experiment, Interpolation, ModelKind, ModelSettings, Pair, Published, Question, Topic, TrainingSettings,
};
pub use summary::{
    DataSummary, EpochSummary, Machine, ModelSummary, ModelWithoutEpoch, PcaSummary, RowCode, Summary,
};
pub use sweep::{
    AtLatent, BestModel, CompletedSweep, FinishedSweep, MeanError, OneTraining, PointSummary, Sweep,
    SweepEvent, SweepSummary, SweptModel, VALIDATION_SHARE, run_sweep,
};
pub use validation::{ExperimentError, MAX_SEED};
pub use work::RunOptions;

/// Name and TOML of every built-in experiment.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("assignment", include_str!("../../experiments/assignment.toml")),
    ("quick", include_str!("../../experiments/quick.toml")),
    ("records", include_str!("../../experiments/records.toml")),
];
