//! Training: what is asked for ([`Training`]), the steps, and the one stream of [`Event`]s that leaves it.
//!
//! ```text
//! Epoch 0 (before the first step)      parameters as drawn
//! Batch, Batch, …                      after every step; the observer may stop here
//! Epoch 1                              loss of the epoch, the test loss where asked for
//! …
//! ```
//!
//! The same seed, settings and data give the same bits, on any number of threads.

mod configuration;
mod event;
mod optimiser;
mod schedule;
mod step;
mod trainer;

pub use configuration::{Training, TrainingError};
pub use event::{EpochReport, Event};
pub use optimiser::Optimiser;
pub use schedule::{Rates, Schedule};
pub use step::{Gradients, Step, Targets};
pub use trainer::{Outcome, Trained, train, train_classifier};
