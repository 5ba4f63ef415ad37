//! Models as files.

mod file;
pub mod safetensors;

pub use file::write_atomically;
