//! Trains autoencoders, compares them with PCA, and lets people see and use what was learned.
//!
//! An autoencoder is wide, narrow, wide. This library trains them on rows of numbers ([`dataset`]), by
//! [`train`], to a [`model`] that encodes, decodes and reconstructs; [`mod@evaluate`], [`interpolate`] and [`pca`]
//! say what it is worth; [`files`] writes and reads it; [`experiment`] does all of that from one TOML file.
//!
//! It never prints, reads no clock but through the events of training, and keeps no global state.
#![forbid(unsafe_code)]

pub mod compute;
pub mod dataset;
pub mod evaluate;
#[cfg(feature = "report")]
pub mod experiment;
pub mod files;
pub mod interpolate;
pub mod model;
pub mod pca;
mod random;
#[cfg(feature = "report")]
pub mod report;
pub mod train;
