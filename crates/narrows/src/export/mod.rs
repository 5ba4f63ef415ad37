//! Models as files.

mod file;
mod input;
pub mod judge;
pub mod safetensors;
#[cfg(feature = "report")]
pub mod snapshots;

pub use file::{write_atomically, write_atomically_with};
