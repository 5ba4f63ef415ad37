//! Training: what is asked for ([`Training`]), the steps, and the one stream of [`Event`]s that leaves it.
//!
//! ```text
//! Parameters 0         as drawn, before the first step
//! Batch, Batch, …      after every step; the observer may stop here, as after every event
//! Parameters 1         what the epoch has learned
//! Epoch 1              loss of the epoch, the test loss where asked for
//! …
//! ```
//!
//! The same seed, settings and data give the same bits, on any number of threads.

mod configuration;
mod event;
mod feed;
mod fit;
mod muon;
mod objective;
mod optimiser;
mod order;
mod pace;
mod propagation;
mod schedule;
mod step;
mod tasks;
mod trainer;

pub use configuration::{Training, TrainingError};
pub use event::{EpochReport, Event};
pub use fit::{train, train_classifier};
pub use muon::MuonStep;
pub use objective::{Objective, ReconstructionLoss};
pub use optimiser::{Optimiser, Rules};
pub(crate) use order::shuffle;
pub use pace::epochs_within;
pub use schedule::{Rates, Schedule};
pub use step::{Gradients, Step};
pub use trainer::{Best, Outcome, Position, Trained, Trainer, TrainerState, Watch};
