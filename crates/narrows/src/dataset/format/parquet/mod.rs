//! Parquet: tables in columns.
//!
//! Columns of numbers and truth values become numbers, text and dictionaries of text become text, dates and times become text that
//! [`Text::as_seconds`](super::Text::as_seconds) reads. A null and a NaN are missing values. Nested columns are refused. Compressions are
//! none, Snappy, gzip, LZ4 and zstd.

mod convert;
mod headers;
mod write;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::RowGroupMetaData;
use ::parquet::file::reader::ChunkReader;
use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Schema};
use bytes::Bytes;

pub use write::write;
pub(in crate::dataset) use write::write_rows;

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
    let mut batches = batches(source, text, limits)?;
    let mut table = batches.columns.clone();
    limits.check(batches.claimed_bytes).map_err(|problem| batches.in_file(problem.into()))?;
    while batches.append_to(&mut table)? {
        limits.check(table.memory()).map_err(|problem| batches.in_file(problem.into()))?;
    }
    Ok(table)
}

/// Reads a table some thousand rows at a time, so that it need not fit into memory; `limits` are for a group of rows.
///
/// # Errors
/// If it is damaged, or has a column of another type.
pub fn batches(source: Source, text: &[String], limits: &Limits) -> Result<Batches, FormatError> {
    let (path, reader) = source.into_seekable(limits)?;
    caught(|| match reader {
        Seekable::File(file) => Batches::open(&path, file, text, limits),
        Seekable::Bytes(bytes) => Batches::open(&path, Bytes::from(bytes.into_inner()), text, limits),
    })
    .map_err(|fault| fault.in_file(&path))
}

/// The rows of a table, some thousand at a time.
pub struct Batches {
    path: PathBuf,
    /// Without rows.
    columns: Table,
    batches: ParquetRecordBatchReader,
    /// What the header says of all rows.
    claimed_rows: u64,
    claimed_bytes: u64,
    /// How many rows were read.
    rows: u64,
    ended: bool,
}

impl Batches {
    fn open(
        path: &Path,
        reader: impl ChunkReader + 'static,
        text: &[String],
        limits: &Limits,
    ) -> Result<Self, Fault> {
        let reader = Checked::new(reader).map_err(ParquetProblem::File)?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(reader).map_err(ParquetProblem::File)?;
        let groups = builder.metadata().row_groups();
        let group_bytes = groups.iter().map(|group| group.total_byte_size().max(0).unsigned_abs());
        limits.check(group_bytes.max().unwrap_or(0))?;
        let claimed = |count: &dyn Fn(&RowGroupMetaData) -> i64| {
            groups.iter().fold(0_u64, |sum, group| sum.saturating_add(count(group).max(0).unsigned_abs()))
        };
        Ok(Self {
            path: path.to_owned(),
            claimed_rows: claimed(&RowGroupMetaData::num_rows),
            claimed_bytes: claimed(&RowGroupMetaData::total_byte_size),
            columns: empty(builder.schema(), text)?,
            batches: builder.with_batch_size(BATCH_ROWS).build().map_err(ParquetProblem::File)?,
            rows: 0,
            ended: false,
        })
    }

    /// How many rows were read, of how many that the header claims.
    pub(in crate::dataset) fn progress(&self) -> (u64, u64) {
        (self.rows, self.claimed_rows)
    }

    /// What all cells take as 32-bit numbers, if there are as many rows as the header claims.
    pub(in crate::dataset) fn memory_bytes(&self) -> u64 {
        self.claimed_rows.saturating_mul((self.columns.columns.len() * size_of::<f32>()) as u64)
    }

    /// Puts the next rows behind those of `table`, or says that there are none.
    fn append_to(&mut self, table: &mut Table) -> Result<bool, FormatError> {
        if self.ended {
            return Ok(false);
        }
        let appended = caught(|| match self.batches.next() {
            None if self.rows == 0 => Err(ParquetProblem::NoRows.into()),
            None => Ok(false),
            Some(batch) => {
                let batch = batch.map_err(ParquetProblem::Columns)?;
                append(&batch, table, self.rows)?;
                self.rows += batch.num_rows() as u64;
                Ok(true)
            }
        });
        self.ended = !matches!(appended, Ok(true));
        appended.map_err(|fault| self.in_file(fault))
    }

    fn in_file(&self, fault: Fault) -> FormatError {
        fault.in_file(&self.path)
    }
}

impl Iterator for Batches {
    type Item = Result<Table, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut table = self.columns.clone();
        match self.append_to(&mut table) {
            Ok(true) => Some(Ok(table)),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

/// The decoder checks most of what it reads, but panics on some damaged pages: no file may end the program.
fn caught<T>(read: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(ParquetProblem::Damaged.into()))
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

/// Adds the rows of a batch, of which the first is row `first`.
fn append(batch: &RecordBatch, table: &mut Table, first: u64) -> Result<(), Fault> {
    for (column, array) in table.columns.iter_mut().zip(batch.columns()) {
        convert::append(column, array.as_ref(), first).map_err(|(row, problem)| {
            Problem::from(problem).at(Place::Cell { line: row, column: column.name.clone() })
        })?;
    }
    table.rows += batch.num_rows();
    Ok(())
}
