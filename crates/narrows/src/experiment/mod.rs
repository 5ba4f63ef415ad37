//! An experiment: data, several models, pairs to interpolate between. One TOML file in, one run directory out.

mod defaults;
mod directory;
mod estimate;
mod figures;
mod finished;
mod jobs;
mod live;
mod measure;
mod page;
mod quality;
mod run;
mod snapshots;
mod specification;
mod summary;
mod trainings;
mod validation;

pub use defaults::{Defaults, defaults};
pub use directory::{DirectoryError, Existing, RunDirectory, history_csv};
pub use estimate::Estimated;
pub use figures::DrawError;
pub use finished::{FinishedRun, FinishedRunError, load_snapshots};
pub use run::{Completed, RunError, RunEvent, RunOptions, run, run_on};
pub use specification::{
    Experiment, Interpolation, ModelKind, ModelSettings, Pair, Published, Question, Topic, TrainingSettings,
};
pub use summary::{
    DataSummary, EpochSummary, Machine, ModelSummary, ModelWithoutEpoch, PcaSummary, RowCode, Summary,
};
pub use validation::{ExperimentError, MAX_SEED};
