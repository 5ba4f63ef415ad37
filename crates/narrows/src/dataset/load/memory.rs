//! Whether data fits into what memory is left, and what becomes of an array that does not.

use std::path::Path;

use bytesize::ByteSize;

use super::error::LoadError;
use super::found::FoundParts;
use super::{Reader, array};
use crate::dataset::ReadAhead;
use crate::dataset::format::{ArrayFile, FormatError, Layout, STANDARD_INPUT, Source};

impl Reader<'_> {
    /// An array that stays in its file, for it is too large for what memory is left. Its header is read by `layout`, of another
    /// opening of the file; the standard input has none, and is read whole.
    pub fn left_in_file(
        &mut self,
        path: &str,
        is_compressed: bool,
        layout: impl FnOnce(Source) -> Result<Layout, FormatError>,
    ) -> Result<Option<FoundParts>, LoadError> {
        if self.memory_left.is_none() || path == STANDARD_INPUT {
            return Ok(None);
        }
        let layout = layout(Source::open(Path::new(path))?)?;
        let Some(ahead) = self.stays_in_file(path, &layout, is_compressed)? else { return Ok(None) };
        let array = ArrayFile::open(Path::new(path))?;
        let found = array::streamed(path, array, None, ahead, self.options, &mut self.notes)?;
        Ok(Some(FoundParts::one(found)))
    }

    /// How an array is read ahead that is too large for what memory is left; nothing if it fits, and is counted then.
    fn stays_in_file(
        &mut self,
        path: &str,
        layout: &Layout,
        is_compressed: bool,
    ) -> Result<Option<ReadAhead>, LoadError> {
        let bytes = layout.memory_bytes();
        let Some(left) = self.exceeded(bytes) else { return Ok(None) };
        let why = match () {
            () if is_compressed => {
                Some("a compressed file can be read only from its beginning; decompress it")
            }
            () if !layout.has_contiguous_rows() => Some(
                "its columns lie in one piece each, not its rows (Fortran order); write it anew with `numpy.ascontiguousarray`",
            ),
            () => None,
        };
        if let Some(why) = why {
            return Err(LoadError::NeedsMemory { path: path.to_owned(), bytes, why });
        }
        let ahead = self.read_ahead(left)?;
        self.notes.push(stays_in_file(path, bytes, left));
        Ok(Some(ahead))
    }

    /// What memory is left, if values of so many bytes are more; nothing if they fit, and are counted then.
    pub fn exceeded(&mut self, bytes: u64) -> Option<u64> {
        let left = self.memory_left?;
        if bytes > left {
            return Some(left);
        }
        self.memory_left = Some(left - bytes);
        None
    }

    /// What is read ahead of data that does not fit.
    pub fn read_ahead(&mut self, left: u64) -> Result<ReadAhead, LoadError> {
        let budget = self.options.memory.map_or(left, |memory| memory.as_u64());
        let ahead = ReadAhead::within(budget)?;
        self.memory_left = Some(left.saturating_sub(ahead.held_bytes()));
        Ok(ahead)
    }
}

/// The beginning of a sentence.
pub(super) fn too_large(path: &str, bytes: u64, left: u64) -> String {
    let size = |bytes| ByteSize(bytes).display().si();
    format!("{path}: {} of values are more than the {} that data may take", size(bytes), size(left))
}

/// What becomes of values that are read from where they are.
pub(super) fn stays_in_file(path: &str, bytes: u64, left: u64) -> String {
    format!("{}, so they stay in the file and are read block by block", too_large(path, bytes, left))
}
