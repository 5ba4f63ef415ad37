//! Training, from one step to a whole run, against PyTorch's numbers, against differences, and against itself.

#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, and these are their helpers")]

mod activations;
mod behaviour;
mod bits;
mod classifier;
mod differences;
mod golden;
mod initialisation;
mod masked;
mod objectives;
mod processes;
mod resuming;
mod schedules;
mod sparse;
mod steps;
mod support;
