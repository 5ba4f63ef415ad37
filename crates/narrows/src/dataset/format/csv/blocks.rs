//! Tables that are read block by block.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::super::error::{Fault, FormatError, Place, Problem};
use super::super::source::{Source, Stream};
use super::super::table::Table;
use super::chunks::{Chunk, Chunks};
use super::parse::{Columns, Parsed};
use super::{Beginning, CsvProblem, Dialect, Options, Text};

/// Reads a table block by block, on so many threads, so that neither the file nor the table need fit into memory.
///
/// What the columns are is decided by the beginning: text in a column of numbers later on is an error, unless
/// [`Options::text`] names it.
///
/// # Errors
/// As [`read`](super::read), for the beginning.
pub fn blocks(source: Source, options: &Options, threads: NonZeroUsize) -> Result<Blocks, FormatError> {
    let (path, stream, _) = source.into_stream()?;
    match Beginning::read(stream, options) {
        Ok(Beginning { columns, first, chunks }) => Ok(Blocks {
            path,
            columns,
            first: Some(first),
            chunks,
            threads,
            bytes: 0,
            rows: 0,
            late_text: Vec::new(),
            failed: false,
        }),
        Err(fault) => Err(fault.in_file(&path)),
    }
}

/// The blocks of a table: for each thread a megabyte of the file.
pub struct Blocks {
    path: PathBuf,
    columns: Columns,
    first: Option<Chunk>,
    chunks: Chunks<Text<Stream>>,
    threads: NonZeroUsize,
    /// Of the text, in the blocks so far.
    bytes: u64,
    /// In the blocks so far.
    rows: usize,
    /// Columns of numbers in which the last block has text.
    late_text: Vec<String>,
    failed: bool,
}

impl Blocks {
    /// How the file writes its table.
    pub fn dialect(&self) -> Dialect {
        self.columns.dialect
    }

    /// The names of the columns, and whether each holds text.
    pub fn columns(&self) -> impl Iterator<Item = (&str, bool)> {
        self.columns.names.iter().map(String::as_str).zip(self.columns.text.iter().copied())
    }

    /// Reads columns as text, which then may begin with numbers. To be said before the first block is read.
    pub(in crate::dataset) fn read_as_text(&mut self, is_text: impl Fn(&str) -> bool) {
        for (name, text) in self.columns.names.iter().zip(&mut self.columns.text) {
            *text |= is_text(name);
        }
    }

    /// Bytes of the text that were read.
    pub(in crate::dataset) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What all cells of a text of so many bytes take as 32-bit numbers, if the rest of it is as its beginning. To be asked before the first
    /// block is read.
    pub(in crate::dataset) fn memory_bytes(&self, text_bytes: u64) -> u64 {
        let Some(first) = &self.first else { return 0 };
        let rows = first.bytes.iter().filter(|&&byte| byte == b'\n').count().max(1);
        let cells = (rows * self.columns.names.len()) as u128 * u128::from(text_bytes);
        let bytes = cells / (first.bytes.len() as u128).max(1) * size_of::<f32>() as u128;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    /// The columns that begin with numbers and hold text in the block that was refused for it.
    pub(in crate::dataset) fn late_text(&self) -> &[String] {
        &self.late_text
    }

    fn block(&mut self) -> Result<Option<Table>, Fault> {
        let is_first = self.first.is_some();
        let mut chunks: Vec<Chunk> = self.first.take().into_iter().collect();
        let mut end = Ok(());
        while chunks.len() < self.threads.get() {
            match self.chunks.next() {
                Ok(Some(chunk)) => chunks.push(chunk),
                Ok(None) => break,
                // What is wrong with the rows before it comes first.
                Err(fault) => {
                    end = Err(fault);
                    break;
                }
            }
        }
        self.bytes += chunks.iter().map(|chunk| chunk.bytes.len() as u64).sum::<u64>();
        let mut parsed = parse(&self.columns, &chunks, is_first).into_iter();
        let Some(first) = parsed.next() else {
            end?;
            return if self.rows == 0 { Err(CsvProblem::NoRows.into()) } else { Ok(None) };
        };
        let Parsed { mut table, mut texts } = first?;
        for later in parsed {
            let later = later?;
            table.append(later.table);
            later.texts.into_iter().for_each(|(column, text)| {
                texts.entry(column).or_insert(text);
            });
        }
        end?;
        self.late_text = texts.keys().map(|&column| self.columns.names[column].clone()).collect();
        match texts.into_iter().min_by_key(|(_, (line, _))| *line) {
            Some((column, (line, text))) => {
                let place = Place::Cell { line, column: self.columns.names[column].clone() };
                Err(Problem::from(CsvProblem::NotANumber(text)).at(place))
            }
            None => {
                self.rows += table.rows;
                Ok(Some(table))
            }
        }
    }
}

impl Iterator for Blocks {
    type Item = Result<Table, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let block = self.block().map_err(|fault| fault.in_file(&self.path));
        self.failed = block.is_err();
        block.transpose()
    }
}

/// Parses chunks side by side; the first of a file begins with its header.
fn parse(columns: &Columns, chunks: &[Chunk], is_first: bool) -> Vec<Result<Parsed, Fault>> {
    let parse = |index: usize| columns.parse(&chunks[index], is_first && index == 0);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (1..chunks.len())
            .map(|index| std::thread::Builder::new().spawn_scoped(scope, move || parse(index)).ok())
            .collect();
        let first = (!chunks.is_empty()).then(|| parse(0));
        let others = threads.into_iter().zip(1..).map(|(thread, index)| match thread {
            Some(thread) => thread.join().expect("parsing does not panic"),
            // What a thread that the system does not give would have done.
            None => parse(index),
        });
        first.into_iter().chain(others).collect()
    })
}
