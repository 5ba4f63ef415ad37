//! Writing arrays: version 1.0, little-endian, the last index changing fastest.

use std::io::{self, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::super::array::Values;
use super::super::error::{Fault, FormatError, Problem};
use crate::files::write_atomically_with;

/// Values begin at a multiple of this, as NumPy's do.
const ALIGNMENT: usize = 64;

/// Writes one array: bytes as `|u1`, numbers as `<f4`, text as `<U` of the longest.
///
/// # Errors
/// If the file cannot be written; then nothing of that name has changed.
pub fn write(path: &Path, shape: &[usize], values: &Values) -> Result<(), FormatError> {
    write_atomically_with(path, |writer| write_to(writer, shape, values))
        .map_err(|error| Fault::from(Problem::from(error)).in_file(path))
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
    writer.write_all(&header(shape, values))?;
    match values {
        Values::Bytes(values) => writer.write_all(values),
        Values::Numbers(values) => values.iter().try_for_each(|value| writer.write_all(&value.to_le_bytes())),
        Values::Text(values) => {
            let longest = longest(values);
            values.iter().try_for_each(|text| {
                let filled = text.chars().map(u32::from).chain(std::iter::repeat(0)).take(longest);
                filled.into_iter().try_for_each(|code| writer.write_all(&code.to_le_bytes()))
            })
        }
    }
}

fn header(shape: &[usize], values: &Values) -> Vec<u8> {
    let description = match values {
        Values::Bytes(_) => "|u1".to_owned(),
        Values::Numbers(_) => "<f4".to_owned(),
        Values::Text(values) => format!("<U{}", longest(values)),
    };
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let sizes = if shape.len() == 1 { sizes.trim_end() } else { sizes.trim_end_matches(", ") };
    let mut dictionary =
        format!("{{'descr': '{description}', 'fortran_order': False, 'shape': ({sizes}), }}");
    let unpadded = 10 + dictionary.len() + 1;
    dictionary.extend(std::iter::repeat_n(' ', unpadded.next_multiple_of(ALIGNMENT) - unpadded));
    dictionary.push('\n');
    let length = u16::try_from(dictionary.len()).expect("a header of few sizes is short");
    [b"\x93NUMPY\x01\x00".as_slice(), &length.to_le_bytes(), dictionary.as_bytes()].concat()
}

/// In characters; at least one, for NumPy has no type of empty text.
fn longest(values: &[String]) -> usize {
    values.iter().map(|text| text.chars().count()).max().unwrap_or(0).max(1)
}
