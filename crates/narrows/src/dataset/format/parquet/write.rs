//! Writing Parquet.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::Compression;
use ::parquet::file::properties::WriterProperties;
use arrow_array::{ArrayRef, Float32Array, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema};

use super::super::error::{Fault, FormatError, Problem};
use super::super::table::{Cells, Table};
use crate::dataset::output::{OutputColumn, OutputRows, TakeRows};
use crate::files::write_atomically_with;

/// Rows that are put together at a time.
const BATCH_ROWS: usize = 1 << 16;

/// A group of rows is in memory while it is written.
const GROUP_BYTES: usize = 32 << 20;

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

/// Writes rows that come some at a time, as [`write`] writes a table.
///
/// # Errors
/// Those of the file system and of `fill`; then nothing of that name has changed.
pub(in crate::dataset) fn write_rows<E: From<io::Error>>(
    path: &Path,
    fill: impl FnOnce(TakeRows<'_>) -> Result<(), E>,
) -> Result<(), E> {
    write_atomically_with(path, |file| {
        let mut writer: Option<ArrowWriter<&mut BufWriter<File>>> = None;
        let mut file = Some(file);
        fill(&mut |rows| {
            let batch = batch(rows)?;
            if let Some(file) = file.take() {
                let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
                let begun = ArrowWriter::try_new(file, batch.schema(), Some(properties));
                writer = Some(begun.map_err(io::Error::other)?);
            }
            let writer = writer.as_mut().expect("it was begun with the first rows");
            writer.write(&batch).map_err(io::Error::other)?;
            // What waits for its group of rows stays small.
            match writer.in_progress_size() > GROUP_BYTES {
                true => writer.flush().map_err(io::Error::other),
                false => Ok(()),
            }
        })?;
        match writer {
            Some(writer) => writer.close().map(|_| ()).map_err(io::Error::other)?,
            None => return Err(io::Error::other("there are no rows to write").into()),
        }
        Ok(())
    })
}

fn batch(rows: &OutputRows) -> io::Result<RecordBatch> {
    let number = |number: f32| (!number.is_nan()).then_some(number);
    let mut fields = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for (name, column) in &rows.columns {
        let (kind, array): (DataType, ArrayRef) = match column {
            OutputColumn::Counts(cells) => (DataType::UInt64, Arc::new(UInt64Array::from(cells.clone()))),
            OutputColumn::Numbers(cells) => {
                let cells = cells.iter().copied().map(number);
                (DataType::Float32, Arc::new(cells.collect::<Float32Array>()))
            }
            OutputColumn::Text(cells) => {
                let cells = cells.iter().map(Option::as_deref);
                (DataType::Utf8, Arc::new(cells.collect::<StringArray>()))
            }
        };
        fields.push(Field::new(name, kind, true));
        arrays.push(array);
    }
    for (index, name) in rows.names.iter().enumerate() {
        let cells = rows.numbers.iter().skip(index).step_by(rows.names.len()).copied().map(number);
        fields.push(Field::new(name, DataType::Float32, true));
        arrays.push(Arc::new(cells.collect::<Float32Array>()));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(io::Error::other)
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
