//! Writing Parquet.

use std::io;
use std::path::Path;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::Compression;
use ::parquet::file::properties::WriterProperties;
use arrow_array::{ArrayRef, Float32Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};

use super::super::error::{Fault, FormatError, Problem};
use super::super::table::{Cells, Table};
use crate::files::write_atomically_with;

/// Rows that are put together at a time.
const BATCH_ROWS: usize = 1 << 16;

/// Writes a table as Parquet, compressed by Snappy: numbers as `f32`, a missing value as null.
///
/// # Errors
/// If the file cannot be written; then nothing of that name has changed.
pub fn write(path: &Path, table: &Table) -> Result<(), FormatError> {
    let fields = table.columns.iter().map(|column| {
        let kind = if matches!(column.cells, Cells::Text(_)) { DataType::Utf8 } else { DataType::Float32 };
        Field::new(&column.name, kind, true)
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    write_atomically_with(path, |file| {
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let mut writer =
            ArrowWriter::try_new(file, schema.clone(), Some(properties)).map_err(io::Error::other)?;
        for first in (0..table.rows).step_by(BATCH_ROWS) {
            let rows = first..table.rows.min(first + BATCH_ROWS);
            let columns = table.columns.iter().map(|column| array(&column.cells, rows.clone())).collect();
            let batch = RecordBatch::try_new(schema.clone(), columns).map_err(io::Error::other)?;
            writer.write(&batch).map_err(io::Error::other)?;
        }
        writer.close().map(|_| ()).map_err(io::Error::other)
    })
    .map_err(|error| Fault::from(Problem::from(error)).in_file(path))
}

fn array(cells: &Cells, rows: std::ops::Range<usize>) -> ArrayRef {
    match cells {
        Cells::Numbers { values, .. } => {
            let cells = values[rows].iter().map(|value| (!value.is_nan()).then_some(*value));
            Arc::new(cells.collect::<Float32Array>())
        }
        Cells::Text(text) => Arc::new(rows.map(|row| text.get(row)).collect::<StringArray>()),
    }
}
