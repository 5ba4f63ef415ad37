//! Writing arrays: version 1.0, little-endian, the last index changing fastest.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::super::array::Values;
use super::super::error::{Fault, FormatError, Problem};
use crate::files::write_atomically_with;

/// Values begin at a multiple of this, as NumPy's do.
const ALIGNMENT: usize = 64;

/// As long as any header of bytes or numbers, however many rows there will be.
const HEADER_ROOM: usize = 2 * ALIGNMENT;

const BYTES: &str = "|u1";
const NUMBERS: &str = "<f4";

/// An array that is written row by row, of which it need not be known beforehand how many rows it will have.
pub(in crate::dataset) struct RowWriter {
    writer: BufWriter<File>,
    description: &'static str,
    /// The shape of a row.
    shape: Vec<usize>,
    values: usize,
}

impl RowWriter {
    /// A file that does not exist, for rows of bytes of this shape.
    pub fn of_bytes(path: &Path, shape: &[usize]) -> io::Result<Self> {
        Self::create(path, shape, BYTES)
    }

    /// The same for rows of numbers.
    pub fn of_numbers(path: &Path, shape: &[usize]) -> io::Result<Self> {
        Self::create(path, shape, NUMBERS)
    }

    fn create(path: &Path, shape: &[usize], description: &'static str) -> io::Result<Self> {
        let mut writer = BufWriter::with_capacity(1 << 20, File::create_new(path)?);
        writer.write_all(&[0; HEADER_ROOM])?;
        Ok(Self { writer, description, shape: shape.to_vec(), values: 0 })
    }

    /// Adds rows of bytes.
    pub fn append_bytes(&mut self, rows: &[u8]) -> io::Result<()> {
        debug_assert_eq!(self.description, BYTES);
        self.values += rows.len();
        self.writer.write_all(rows)
    }

    /// Adds rows of numbers.
    pub fn append_numbers(&mut self, rows: &[f32]) -> io::Result<()> {
        debug_assert_eq!(self.description, NUMBERS);
        self.values += rows.len();
        write_numbers(&mut self.writer, rows)
    }

    /// Whether nothing was added.
    #[cfg(feature = "images")]
    pub fn is_empty(&self) -> bool {
        self.values == 0
    }

    /// Writes the header, now that it is known how many rows there are, and flushes the file to the disk.
    pub fn finish(mut self) -> io::Result<()> {
        let rows = self.values / self.shape.iter().product::<usize>().max(1);
        let shape: Vec<usize> = std::iter::once(rows).chain(self.shape.iter().copied()).collect();
        let header = header(&shape, self.description, HEADER_ROOM);
        self.writer.seek(SeekFrom::Start(0))?;
        self.writer.write_all(&header)?;
        self.writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}

/// Writes one array: bytes as `|u1`, numbers as `<f4`, text as `<U` of the longest.
///
/// # Errors
/// If the file cannot be written; then nothing of that name has changed.
pub fn write(path: &Path, shape: &[usize], values: &Values) -> Result<(), FormatError> {
    write_atomically_with(path, |writer| write_to(writer, shape, values))
        .map_err(|error| Fault::from(Problem::from(error)).in_file(path))
}

/// Writes one array of numbers or bytes, whose rows come in several pieces of the same kind.
///
/// # Errors
/// As [`write`], and the first error among the pieces.
pub(in crate::dataset) fn write_pieces(
    path: &Path,
    shape: &[usize],
    as_bytes: bool,
    mut pieces: impl Iterator<Item = io::Result<Values>>,
) -> Result<(), FormatError> {
    let description = if as_bytes { BYTES } else { NUMBERS };
    write_atomically_with(path, |writer| {
        writer.write_all(&header(shape, description, ALIGNMENT))?;
        pieces.try_for_each(|values| write_values(writer, &values?))
    })
    .map_err(|error| Fault::from(Problem::from(error)).in_file(path))
}

/// Writes one array of numbers or bytes, of which it need not be known beforehand how many rows it will have: `fill` is given what takes
/// the next rows, whole ones of the same kind, and the shape of a row, which it may still say.
///
/// # Errors
/// Those of the file system and of `fill`; then nothing of that name has changed.
pub(in crate::dataset) fn write_rows<E: From<io::Error>>(
    path: &Path,
    row_shape: &mut Vec<usize>,
    as_bytes: bool,
    fill: impl FnOnce(&mut dyn FnMut(&Values) -> io::Result<()>, &mut Vec<usize>) -> Result<(), E>,
) -> Result<(), E> {
    let description = if as_bytes { BYTES } else { NUMBERS };
    write_atomically_with(path, |writer| {
        writer.write_all(&[0; HEADER_ROOM])?;
        let mut count = 0;
        let mut take = |values: &Values| {
            count += match values {
                Values::Bytes(bytes) => bytes.len(),
                Values::Numbers(numbers) => numbers.len(),
                Values::Text(_) => unreachable!("text is not written by rows"),
            };
            write_values(writer, values)
        };
        fill(&mut take, row_shape)?;
        let rows = count / row_shape.iter().product::<usize>().max(1);
        let shape: Vec<usize> = std::iter::once(rows).chain(row_shape.iter().copied()).collect();
        writer.seek(SeekFrom::Start(0))?;
        writer.write_all(&header(&shape, description, HEADER_ROOM))?;
        Ok(())
    })
}

/// Writes several arrays into one `.npz`, without compression as `numpy.savez` does.
///
/// # Errors
/// If the file cannot be written; then nothing of that name has changed.
pub fn write_archive(path: &Path, arrays: &[(&str, &[usize], &Values)]) -> Result<(), FormatError> {
    write_atomically_with(path, |writer| {
        let mut zip = ZipWriter::new(writer);
        let options =
            SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
        for (name, shape, values) in arrays {
            zip.start_file(format!("{name}.npy"), options)?;
            write_to(&mut zip, shape, values)?;
        }
        zip.finish().map(|_| ()).map_err(io::Error::from)
    })
    .map_err(|error| Fault::from(Problem::from(error)).in_file(path))
}

fn write_to(writer: &mut impl Write, shape: &[usize], values: &Values) -> io::Result<()> {
    writer.write_all(&header(shape, &description(values), ALIGNMENT))?;
    write_values(writer, values)
}

fn write_values(writer: &mut impl Write, values: &Values) -> io::Result<()> {
    match values {
        Values::Bytes(values) => writer.write_all(values),
        Values::Numbers(values) => write_numbers(writer, values),
        Values::Text(values) => {
            let longest = longest(values);
            values.iter().try_for_each(|text| {
                let filled = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(longest);
                filled.into_iter().try_for_each(|code| writer.write_all(&code.to_le_bytes()))
            })
        }
    }
}

/// In pieces that are worth a call.
fn write_numbers(writer: &mut impl Write, numbers: &[f32]) -> io::Result<()> {
    let mut bytes = [[0; 4]; 1024];
    numbers.chunks(bytes.len()).try_for_each(|numbers| {
        for (bytes, number) in bytes.iter_mut().zip(numbers) {
            *bytes = number.to_le_bytes();
        }
        writer.write_all(bytes[..numbers.len()].as_flattened())
    })
}

fn description(values: &Values) -> String {
    match values {
        Values::Bytes(_) => BYTES.to_owned(),
        Values::Numbers(_) => NUMBERS.to_owned(),
        Values::Text(values) => format!("<U{}", longest(values)),
    }
}

/// Filled with blanks to a multiple of the alignment, and to `room`.
fn header(shape: &[usize], description: &str, room: usize) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let sizes = if shape.len() == 1 { sizes.trim_end() } else { sizes.trim_end_matches(", ") };
    let mut dictionary =
        format!("{{'descr': '{description}', 'fortran_order': False, 'shape': ({sizes}), }}");
    let unpadded = 10 + dictionary.len() + 1;
    dictionary.extend(std::iter::repeat_n(' ', unpadded.next_multiple_of(ALIGNMENT).max(room) - unpadded));
    dictionary.push('\n');
    let length = u16::try_from(dictionary.len()).expect("a header of few sizes is short");
    [b"\x93NUMPY\x01\x00".as_slice(), &length.to_le_bytes(), dictionary.as_bytes()].concat()
}

/// In characters; at least one, for NumPy has no type of empty text.
fn longest(values: &[String]) -> usize {
    values.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1)
}
