//! File formats: the bytes of a file in, what the file holds out. Nothing here knows of models or of what a data set is for.
//!
//! [`Source::open`] tells what a path is by its content. Then each format has its module: [`idx`], [`npy`], [`csv`],
//! `parquet` (feature `parquet`), `images` (feature `images`). What is read is an [`Array`], a
//! [`Table`] or images. Every error is a [`FormatError`]: it carries the path and the place.
//!
//! No file is believed: sizes are checked before memory is taken, and [`Limits`] bounds it.

mod array;
mod array_file;
pub mod csv;
mod date;
mod error;
pub mod idx;
#[cfg(feature = "images")]
pub mod images;
pub mod npy;
#[cfg(feature = "parquet")]
pub mod parquet;
mod recognise;
mod source;
mod survey;
mod table;

pub(crate) use date::READ as DATES_READ;

pub use array::{Array, ArrayProblem, Element, Layout, Values};
pub use array_file::{ArrayFile, FileError, FileProblem};
pub use error::{FormatError, Place, Problem};
pub use recognise::Format;
pub use source::Source;
pub(super) use survey::digest_numbers;
pub use table::{Cells, Column, Missing, Table, Text};

/// The path that stands for the standard input.
pub const STANDARD_INPUT: &str = "-";

/// What reading one file may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory for what was decoded. What a compressed file claims, or what a damaged header does, ends here.
    pub bytes: u64,
}

impl Default for Limits {
    /// 8 GiB.
    fn default() -> Self {
        Self { bytes: 8 << 30 }
    }
}

impl Limits {
    fn check(&self, needed: u64) -> Result<(), Problem> {
        if needed > self.bytes { Err(Problem::TooLarge { needed, limit: self.bytes }) } else { Ok(()) }
    }
}
