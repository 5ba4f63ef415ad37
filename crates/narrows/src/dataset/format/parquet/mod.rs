//! Parquet: tables in columns.
//!
//! Columns of numbers and truth values become numbers, text and dictionaries of text become text, dates and times become text that
//! [`Text::as_seconds`](super::Text::as_seconds) reads. A null and a NaN are missing values. Nested columns are refused. Compressions are
//! none, Snappy, gzip, LZ4 and zstd.

mod convert;
mod headers;
mod write;

use std::panic::{AssertUnwindSafe, catch_unwind};

use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::ChunkReader;
use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Schema};
use bytes::Bytes;

pub use write::write;

use super::Limits;
use super::error::{Fault, FormatError, Place, Problem};
use super::source::{Seekable, Source};
use super::table::{Table, distinct_names};
use headers::Checked;

/// What is wrong with a Parquet file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParquetProblem {
    /// Its frame is damaged, or it is compressed in a way that is not read.
    #[error("the Parquet file cannot be read: {0}; was it cut short or altered?")]
    File(ParquetError),
    /// Its columns are damaged.
    #[error("the columns of the Parquet file cannot be read: {0}; was it cut short or altered?")]
    Columns(ArrowError),
    /// So damaged that the decoder gave up.
    #[error("the Parquet file is damaged; fetch or write it again")]
    Damaged,
    /// No rows.
    #[error("the table has no rows")]
    NoRows,
    /// A type that has no meaning here.
    #[error(
        "the column is of type {0}; numbers, truth values, text and dates are read. Drop it, or write its parts as columns"
    )]
    Type(String),
    /// A number that no `f32` represents.
    #[error(
        "`{0:e}` is too great: values are kept as 32-bit numbers, which end at 3.4e38; rescale the column"
    )]
    BeyondSingle(f64),
}

/// Rows that are converted at a time.
const BATCH_ROWS: usize = 8192;

/// Reads a table.
///
/// # Errors
/// If it is damaged, has a column of another type, or takes more memory than allowed.
pub fn read(source: Source, limits: &Limits) -> Result<Table, FormatError> {
    read_with_text(source, &[], limits)
}

/// Reads a table; the columns that `text` names are text even if they hold numbers, as numbers of articles or of postal areas do. A name
/// that no column has does not count.
///
/// # Errors
/// As [`read`].
pub fn read_with_text(source: Source, text: &[String], limits: &Limits) -> Result<Table, FormatError> {
    let (path, reader) = source.into_seekable(limits)?;
    // The decoder checks most of what it reads, but panics on some damaged pages: no file may end the program.
    let table = catch_unwind(AssertUnwindSafe(|| match reader {
        Seekable::File(file) => read_parquet(file, text, limits),
        Seekable::Bytes(bytes) => read_parquet(Bytes::from(bytes.into_inner()), text, limits),
    }));
    table.unwrap_or_else(|_| Err(ParquetProblem::Damaged.into())).map_err(|fault| fault.in_file(&path))
}

fn read_parquet(
    reader: impl ChunkReader + 'static,
    text: &[String],
    limits: &Limits,
) -> Result<Table, Fault> {
    let reader = Checked::new(reader).map_err(ParquetProblem::File)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(reader).map_err(ParquetProblem::File)?;
    let claimed: i64 =
        builder.metadata().row_groups().iter().map(|group| group.total_byte_size().max(0)).sum();
    limits.check(claimed.unsigned_abs())?;
    let mut table = empty(builder.schema(), text)?;
    let batches = builder.with_batch_size(BATCH_ROWS).build().map_err(ParquetProblem::File)?;
    collect(batches, &mut table, limits)?;
    Ok(table)
}

/// The columns without rows; refuses what cannot be converted before anything is read.
fn empty(schema: &Schema, text: &[String]) -> Result<Table, Fault> {
    let names = distinct_names(schema.fields().iter().map(|field| field.name().clone()));
    let columns = names.into_iter().zip(schema.fields()).map(|(name, field)| {
        convert::column(&name, field.data_type(), text.contains(&name))
            .map_err(|problem| Problem::from(problem).at(Place::Column(name)))
    });
    Ok(Table { rows: 0, columns: columns.collect::<Result<_, _>>()? })
}

fn collect(
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    table: &mut Table,
    limits: &Limits,
) -> Result<(), Fault> {
    for batch in batches {
        let batch = batch.map_err(ParquetProblem::Columns)?;
        for (column, array) in table.columns.iter_mut().zip(batch.columns()) {
            convert::append(column, array.as_ref(), table.rows as u64).map_err(|(row, problem)| {
                Problem::from(problem).at(Place::Cell { line: row, column: column.name.clone() })
            })?;
        }
        table.rows += batch.num_rows();
        limits.check(table.memory())?;
    }
    if table.rows == 0 { Err(ParquetProblem::NoRows.into()) } else { Ok(()) }
}
