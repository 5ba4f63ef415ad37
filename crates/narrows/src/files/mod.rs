//! What narrows writes for itself and reads again: models, judges, snapshots, histories. `docs/files.md` documents each of them.
//!
//! What lies in a file has types of its own here (`…Record`), so that the library may change without a file becoming unreadable.
//! What a model needs to predict is read strictly, how it came about leniently ([`model`]).

mod architecture;
pub mod checkpoint;
mod container;
pub mod history;
mod input;
pub mod judge;
mod lenient;
pub mod model;
pub mod npz;
pub mod onnx;
mod provenance;
pub mod pytorch;
mod read;
mod scorer;
#[cfg(feature = "report")]
pub mod snapshots;
mod source;
pub mod state_dict;
mod write;

pub use container::{LoadError, SaveError};
pub use read::{
    MAX_EXPERIMENT_BYTES, MAX_SPLIT_BYTES, MAX_SUMMARY_BYTES, OpenError, ReadError, read_at_most, read_text,
    sha256,
};
pub(crate) use read::{hexadecimal, open_regular};
#[cfg(feature = "report")]
pub(crate) use write::is_temporary;
pub(crate) use write::write_folder_atomically;
pub use write::{write_atomically, write_atomically_with};
