//! Tables in columns: Parquet, and Arrow files (Feather version 2).
//!
//! Columns of numbers and truth values become numbers, text and dictionaries of text become text, dates and times become text that
//! [`Text::as_seconds`](super::Text::as_seconds) reads. A null and a NaN are missing values. Nested columns are refused.

mod convert;
mod write;

use std::io::{Read, Seek, SeekFrom};

use arrow_array::RecordBatch;
use arrow_ipc::reader::FileReader;
use arrow_schema::{ArrowError, Schema};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;

pub use write::write;

use super::error::{Fault, FormatError, Place, Problem};
use super::source::{Seekable, Source};
use super::table::{Table, distinct_names};
use super::{Format, Limits};

/// What is wrong with a table in columns.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnarProblem {
    /// Damaged, or compressed in a way that is not read.
    #[error("the Parquet file cannot be read: {0}; was it cut short or altered?")]
    Parquet(ParquetError),
    /// Damaged.
    #[error("the Arrow file cannot be read: {0}; was it cut short or altered?")]
    Arrow(ArrowError),
    /// No rows.
    #[error("the table has no rows")]
    NoRows,
    /// A type that has no meaning here.
    #[error("the column is of type {0}; numbers, truth values, text and dates are read. Drop it, or write its parts as columns")]
    Type(String),
    /// A number that no `f32` represents.
    #[error("`{0:e}` is too great: values are kept as 32-bit numbers, which end at 3.4e38; rescale the column")]
    BeyondSingle(f64),
}

/// Rows that are converted at a time.
const BATCH_ROWS: usize = 8192;

/// Reads a table from a Parquet or an Arrow file.
///
/// # Errors
/// If it is damaged, has a column of another type, or takes more memory than allowed.
pub fn read(source: Source, limits: &Limits) -> Result<Table, FormatError> {
    let format = source.format();
    let (path, reader) = source.into_seekable(limits)?;
    let table = match (format, reader) {
        (Format::Arrow, reader) => read_arrow(reader, limits),
        (_, Seekable::File(file)) => read_parquet(file, limits),
        (_, Seekable::Bytes(bytes)) => read_parquet(Bytes::from(bytes.into_inner()), limits),
    };
    table.map_err(|fault| fault.in_file(&path))
}

fn read_parquet(reader: impl ChunkReader + 'static, limits: &Limits) -> Result<Table, Fault> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(reader).map_err(ColumnarProblem::Parquet)?;
    let claimed: i64 = builder.metadata().row_groups().iter().map(|group| group.total_byte_size().max(0)).sum();
    limits.check(claimed.unsigned_abs())?;
    let mut table = empty(builder.schema())?;
    let batches = builder.with_batch_size(BATCH_ROWS).build().map_err(ColumnarProblem::Parquet)?;
    collect(batches, &mut table, limits)?;
    Ok(table)
}

fn read_arrow(mut reader: impl Read + Seek, limits: &Limits) -> Result<Table, Fault> {
    let length = reader.seek(SeekFrom::End(0)).and_then(|length| reader.rewind().map(|()| length));
    limits.check(length.map_err(Problem::from)?)?;
    let batches = FileReader::try_new(reader, None).map_err(ColumnarProblem::Arrow)?;
    let mut table = empty(&batches.schema())?;
    collect(batches, &mut table, limits)?;
    Ok(table)
}

/// The columns without rows; refuses what cannot be converted before anything is read.
fn empty(schema: &Schema) -> Result<Table, Fault> {
    let names = distinct_names(schema.fields().iter().map(|field| field.name().clone()));
    let columns = names.into_iter().zip(schema.fields()).map(|(name, field)| {
        convert::column(&name, field.data_type()).map_err(|problem| Problem::from(problem).at(Place::Column(name)))
    });
    Ok(Table { rows: 0, columns: columns.collect::<Result<_, _>>()? })
}

fn collect(
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    table: &mut Table,
    limits: &Limits,
) -> Result<(), Fault> {
    for batch in batches {
        let batch = batch.map_err(ColumnarProblem::Arrow)?;
        for (column, array) in table.columns.iter_mut().zip(batch.columns()) {
            convert::append(column, array.as_ref(), table.rows as u64).map_err(|(row, problem)| {
                Problem::from(problem).at(Place::Cell { line: row, column: column.name.clone() })
            })?;
        }
        table.rows += batch.num_rows();
        limits.check(table.memory())?;
    }
    if table.rows == 0 { Err(ColumnarProblem::NoRows.into()) } else { Ok(()) }
}
