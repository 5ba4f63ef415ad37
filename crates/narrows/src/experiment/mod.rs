//! An experiment: data, several models, pairs to interpolate between. One TOML file in, one run directory out.

mod directory;
mod figures;
mod finished;
mod live;
mod measure;
mod page;
mod quality;
mod quality_page;
mod run;
mod snapshots;
mod specification;
mod summary;

pub use directory::{DirectoryError, Existing, RunDirectory, history_csv};
pub use figures::DrawError;
pub use finished::{FinishedRun, FinishedRunError, load_snapshots};
pub use run::{Completed, RunError, RunEvent, RunOptions, run};
pub use specification::{
    Experiment, ExperimentError, Interpolation, MOST_SEED, ModelKind, ModelSettings, Pair, Published,
    TrainingSettings,
};
pub use summary::{DataSummary, EpochSummary, Machine, ModelSummary, ModelWithoutEpoch, PcaSummary, Summary};
