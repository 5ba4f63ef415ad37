//! Writing a table as text.

use std::borrow::Borrow;
use std::io;
use std::path::Path;

use super::super::error::{Fault, FormatError, Problem};
use super::super::table::{Cells, Table};
use crate::files::write_atomically_with;

/// Writes a table with a header: numbers so that reading gives the same `f32`, a missing value as an empty cell.
///
/// # Errors
/// If the file cannot be written; then nothing of that name has changed.
pub fn write(path: &Path, table: &Table, delimiter: u8) -> Result<(), FormatError> {
    write_blocks(path, std::iter::once(Ok(table)), delimiter)
}

/// The same for a table whose rows come in several, with the same columns.
///
/// # Errors
/// As [`write`], and the first error among the blocks.
pub(in crate::dataset) fn write_blocks<T: Borrow<Table>>(
    path: &Path,
    blocks: impl Iterator<Item = io::Result<T>>,
    delimiter: u8,
) -> Result<(), FormatError> {
    write_atomically_with(path, |file| {
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(file);
        for (block, place) in blocks.zip(0..) {
            let block = block?;
            let table = block.borrow();
            if place == 0 {
                writer.write_record(table.columns.iter().map(|column| column.name.as_str()))?;
            }
            for row in 0..table.rows {
                for column in &table.columns {
                    match &column.cells {
                        Cells::Numbers { values, .. } => writer.write_field(shortest(values[row]))?,
                        Cells::Text(text) => writer.write_field(text.get(row).unwrap_or(""))?,
                    }
                }
                writer.write_record(None::<&[u8]>)?;
            }
        }
        writer.into_inner().map(|_| ()).map_err(|error| io::Error::other(error.to_string()))
    })
    .map_err(|error| Fault::from(Problem::from(error)).in_file(path))
}

/// The fewest digits that are this number.
fn shortest(number: f32) -> String {
    let size = number.abs();
    if number.is_nan() {
        String::new()
    } else if size != 0.0 && !(1e-5..1e16).contains(&size) && size.is_finite() {
        format!("{number:e}")
    } else {
        number.to_string()
    }
}
