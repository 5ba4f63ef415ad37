//! What a model is worth, measured.

mod reconstruction;

pub use reconstruction::{ReconstructionError, reconstruction_error};
