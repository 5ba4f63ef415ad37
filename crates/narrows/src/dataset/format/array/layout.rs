//! Where an array lies in a file, and reading it from there, whole or by rows.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;

use super::super::Limits;
use super::super::error::{Fault, Place, Problem};
use super::{Array, ArrayProblem, Element, Values};

/// As many bytes as are decoded at a time: they stay in the cache of a core.
const PIECE_BYTES: usize = 1 << 18;

/// Rows of images with channels have four dimensions.
const MAX_DIMENSIONS: usize = 4;

/// Where an array lies in a file, and how. The sizes are checked: they neither overflow nor are 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    pub(super) element: Element,
    pub(super) big_endian: bool,
    shape: Vec<usize>,
    column_major: bool,
    offset: u64,
    values: usize,
    bytes: u64,
}

impl Layout {
    /// The bytes that the values take in memory: one each where they are bytes, and else four.
    pub fn memory_bytes(&self) -> u64 {
        let each = if self.element().becomes_bytes() { 1 } else { 4 };
        self.rows() as u64 * self.row_values() as u64 * each
    }

    pub(in super::super) fn new(
        element: Element,
        big_endian: bool,
        shape: Vec<usize>,
        column_major: bool,
        offset: u64,
    ) -> Result<Self, ArrayProblem> {
        if shape.is_empty() || shape.len() > MAX_DIMENSIONS {
            return Err(ArrayProblem::Dimensions { found: shape.len() });
        }
        if shape.contains(&0) {
            return Err(ArrayProblem::NoValues { shape });
        }
        let values = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
        let bytes = values.and_then(|values| values.checked_mul(element.size()));
        let (Some(values), Some(bytes)) = (values, bytes.and_then(|bytes| isize::try_from(bytes).ok()))
        else {
            return Err(ArrayProblem::Oversized { shape });
        };
        Ok(Self {
            element,
            big_endian,
            shape,
            column_major,
            offset,
            values,
            bytes: bytes.unsigned_abs() as u64,
        })
    }

    /// What an element is.
    pub fn element(&self) -> Element {
        self.element
    }

    /// The sizes, 1 to 4 of them, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The first size: how many rows there are.
    pub fn rows(&self) -> usize {
        self.shape[0]
    }

    /// Values of one row: the product of all sizes but the first.
    pub fn row_values(&self) -> usize {
        self.values / self.rows()
    }

    /// Whether a row is one piece of the file, so that [`Layout::read_rows`] works.
    pub fn has_contiguous_rows(&self) -> bool {
        !self.column_major || self.shape.len() == 1
    }

    /// The byte of the file at which the first value begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes that all values take in the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The values of some rows, read from their place in the file; the rest of it is not touched.
    ///
    /// # Errors
    /// If the file ends before them (another program may have cut it short), or a value is beyond `f32`.
    ///
    /// # Panics
    /// If rows are not contiguous, or the range goes beyond the last row.
    pub fn read_rows(&self, file: &File, rows: Range<usize>) -> Result<Values, Problem> {
        assert!(self.has_contiguous_rows() && rows.start <= rows.end && rows.end <= self.rows());
        let mut values = Values::none(self.element);
        self.append_rows(file, rows, &mut Vec::new(), &mut values)?;
        Ok(values)
    }

    /// As [`Layout::read_rows`], behind the values that are there, of the same kind. `piece` is memory for the bytes on their
    /// way.
    pub(in crate::dataset) fn append_rows(
        &self,
        file: &File,
        rows: Range<usize>,
        piece: &mut Vec<u8>,
        values: &mut Values,
    ) -> Result<(), Problem> {
        let row_bytes = self.row_values() * self.element.size();
        let [mut start, end] = [rows.start, rows.end].map(|row| (row * row_bytes) as u64);
        let whole_elements = PIECE_BYTES / self.element.size() * self.element.size();
        while start < end {
            // At most `whole_elements`, so it fits.
            piece.resize((end - start).min(whole_elements as u64) as usize, 0);
            read_exact_at(file, piece, self.offset + start).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => Problem::Truncated {
                    expected: self.bytes,
                    found: file.metadata().map_or(0, |metadata| metadata.len().saturating_sub(self.offset)),
                },
                _ => Problem::from(error),
            })?;
            self.decode(piece, values)?;
            start += piece.len() as u64;
        }
        Ok(())
    }

    /// All values of `reader`, which stands at the first of them and ends after the last.
    ///
    /// `available` is how many bytes are left, where that is known: then nothing is taken before it fits.
    pub(in super::super) fn read_all(
        self,
        reader: &mut impl Read,
        available: Option<u64>,
        limits: &Limits,
    ) -> Result<Array, Fault> {
        match available {
            Some(found) if found < self.bytes => {
                return Err(Problem::Truncated { expected: self.bytes, found }.into());
            }
            Some(found) if found > self.bytes => return Err(Problem::Surplus { expected: self.bytes }.into()),
            _ => {}
        }
        limits.check(self.memory())?;
        let mut values = Values::none(self.element);
        if available.is_some() {
            values
                .reserve(self.values)
                .map_err(|_| Problem::TooLarge { needed: self.memory(), limit: limits.bytes })?;
        }
        let piece = PIECE_BYTES / self.element.size().max(1) * self.element.size().max(1);
        let mut bytes = Vec::with_capacity(piece.min(usize::try_from(self.bytes).unwrap_or(piece)));
        let mut done = 0_u64;
        let mut rounded = 0;
        while done < self.bytes {
            bytes.clear();
            let wanted = (self.bytes - done).min(piece as u64);
            let found = reader.by_ref().take(wanted).read_to_end(&mut bytes).map_err(Problem::from)? as u64;
            if found < wanted {
                return Err(Problem::Truncated { expected: self.bytes, found: done + found }.into());
            }
            rounded += self.decode(&bytes, &mut values).map_err(|problem| match problem {
                ArrayProblem::BeyondSingle { index, .. } => Problem::from(problem).at(Place::Value(index)),
                other => other.into(),
            })?;
            done += found;
        }
        if reader.by_ref().take(1).read_to_end(&mut bytes).map_err(Problem::from)? != 0 {
            return Err(Problem::Surplus { expected: self.bytes }.into());
        }
        if self.column_major && self.shape.len() > 1 {
            values = values.row_major(&self.shape);
        }
        Ok(Array { element: self.element, shape: self.shape, values, rounded })
    }

    /// Bytes of memory that the decoded values take.
    fn memory(&self) -> u64 {
        let each = match self.element {
            Element::Bool | Element::U8 => 1,
            Element::Characters(length) | Element::Bytes(length) => size_of::<String>() + 4 * length,
            _ => size_of::<f32>(),
        };
        (self.values as u64).saturating_mul(each as u64)
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                bytes = &mut bytes[read..];
                offset += read as u64;
            }
        }
    }
    Ok(())
}
