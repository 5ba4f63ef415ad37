//! NumPy's formats: `.npy` holds one array, `.npz` several by name.
//!
//! `\x93NUMPY`, a version, the length of the header, and a Python dictionary with the keys `descr`, `fortran_order` and `shape`; then the
//! values (`numpy.lib.format`, versions 1.0 to 3.0). Read are truth values, integers and floating-point numbers of every width, and
//! text, in both byte orders and both orders of axes. Arrays of Python objects are pickles, which can run any program: they are
//! refused and never looked into. An `.npz` is a zip archive whose members are `.npy` files.

mod archive;
mod header;
mod write;

pub use archive::{Archive, Choice};
pub use header::NpyProblem;
pub(in crate::dataset) use write::{RowWriter, write_pieces, write_rows};
pub use write::{write, write_archive};

use super::Limits;
use super::array::{Array, Layout};
use super::error::{Fault, FormatError};
use super::source::{Source, Stream};

/// Reads an array.
///
/// # Errors
/// If it is not NumPy's format, holds objects, or its length is not what its header says.
pub fn read(source: Source, limits: &Limits) -> Result<Array, FormatError> {
    let (path, mut stream, length) = source.into_stream()?;
    header::read(&mut stream)
        .and_then(|layout| {
            let available = length.map(|length| length.saturating_sub(layout.offset()));
            layout.read_all(&mut stream, available, limits)
        })
        .map_err(|fault| fault.in_file(&path))
}

/// Reads only the header: type, sizes, and where the values lie. With [`Layout::read_rows`], rows are read from their place.
///
/// # Errors
/// If it is not NumPy's format, or holds objects.
pub fn layout(source: Source) -> Result<Layout, FormatError> {
    let (path, mut stream, _) = source.into_stream()?;
    header_of(&mut stream).map_err(|fault| fault.in_file(&path))
}

/// Reads from the first byte to the first value.
pub(super) fn header_of(stream: &mut Stream) -> Result<Layout, Fault> {
    header::read(stream)
}
