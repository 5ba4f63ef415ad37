//! The first rows of an array, to be looked at before all others are read.

use std::path::Path;

use super::found::FoundParts;
use super::{LoadError, LoadOptions, UnsplitPart, Wanted, array, assemble};
use crate::dataset::format::{ArrayFile, Format, STANDARD_INPUT, Source, npy};

/// More bytes than these are not read only to be looked at: far more than a page of pictures, and read at once.
const MAX_BYTES: u64 = 64 << 20;

/// The first `count` rows of an NPY file, without reading its other rows; nothing for data that has to be read whole. The value range
/// of numbers is that of these rows alone, so it may differ from the range of all.
///
/// # Errors
/// [`LoadError`]: a mistake in the options, or a file that cannot be read.
pub fn first_rows(options: &LoadOptions, count: usize) -> Result<Option<UnsplitPart>, LoadError> {
    let is_one_file = options.test.is_none() && options.validation.is_none();
    if options.path == STANDARD_INPUT || !is_one_file {
        return Ok(None);
    }
    let Ok(source) = Source::open(Path::new(&options.path)) else { return Ok(None) };
    if source.format() != Format::Npy || source.is_gzip() || !npy::layout(source)?.has_contiguous_rows() {
        return Ok(None);
    }
    let file = ArrayFile::open(Path::new(&options.path))?;
    let count = count.min(file.layout().rows());
    let row_bytes = file.memory_bytes() / (file.layout().rows().max(1) as u64);
    if row_bytes.saturating_mul(count as u64) > MAX_BYTES {
        return Ok(None);
    }
    let path = options.path.clone();
    let rows =
        file.first(count).map_err(|error| LoadError::Data { path: path.clone(), source: error.into() })?;
    let wanted = Wanted { leaves_missing: true, ..Wanted::default() };
    let found = array::read(&path, rows, None, options, &wanted, &mut Vec::new())?;
    Ok(assemble::unsplit(FoundParts::one(found), options, None)?.pop())
}
