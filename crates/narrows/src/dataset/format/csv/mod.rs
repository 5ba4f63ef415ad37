//! Tables as text: CSV, TSV, and their relatives with semicolons or vertical bars.
//!
//! RFC 4180 as files really write it: the delimiter, the header and a decimal comma are found out from the beginning and told
//! ([`Dialect`]); a byte order mark, blank lines and either kind of line break do not matter; a quote opens at the beginning of a
//! cell and may hold delimiters, line breaks and doubled quotes.
//!
//! A column in which every cell is a number, missing, or `true` or `false` (1 and 0) is a column of numbers, each read as `f64` and then
//! rounded to the nearest `f32`. Missing is what pandas takes for it (an empty cell, `NA`, `NaN`, `null`, `None` and so on) and `?`. Any other
//! column is text, and says which cell made it so.

mod blocks;
mod cells;
mod chunks;
mod dialect;
mod parse;
mod write;

use std::io::{Cursor, Read, Seek, SeekFrom};
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub use blocks::{Blocks, blocks};
pub use dialect::Dialect;
pub use write::write;
pub(in crate::dataset) use write::write_blocks;

use self::chunks::{Chunk, Chunks};
use self::parse::{Columns, Parsed};
use super::Limits;
use super::error::{Fault, FormatError, Place, Problem};
use super::source::Source;
use super::table::{Table, distinct_names};

/// What the user says of a file, in place of what is found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What stands between two cells.
    pub delimiter: Option<u8>,
    /// Whether the first line names the columns.
    pub header: Option<bool>,
    /// Whether decimals are written with a comma.
    pub decimal_comma: Option<bool>,
    /// Columns that are text even if every cell is a number; a name that no column has does not count.
    pub text: Vec<String>,
}

/// A table of text that is malformed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CsvProblem {
    /// Nothing but a header, or nothing at all.
    #[error("the table has no rows")]
    NoRows,
    /// Rows of different lengths.
    #[error("{found} cells where the first line has {expected}; is a delimiter missing, or not in quotes?")]
    Ragged {
        /// Cells of the first line.
        expected: usize,
        /// Cells of this line.
        found: usize,
    },
    /// A quote without its partner.
    #[error("the quote that opens here is never closed; write a quote within a cell as two quotes")]
    OpenQuote,
    /// A line that does not end.
    #[error("this line is longer than {limit} bytes; is this a table?")]
    LongRecord {
        /// As long as a line may be.
        limit: usize,
    },
    /// A cell that holds a document.
    #[error("this cell has {found} bytes, and {limit} are allowed; drop the column")]
    LongCell {
        /// Its length.
        found: usize,
        /// As long as a cell may be.
        limit: usize,
    },
    /// More columns than any model has inputs.
    #[error("the first line has {found} cells, and {limit} are allowed; is the line break missing?")]
    Columns {
        /// How many.
        found: usize,
        /// As many as there may be.
        limit: usize,
    },
    /// A number that no `f32` represents.
    #[error("`{0}` is too great: values are kept as 32-bit numbers, which end at 3.4e38; rescale the column")]
    BeyondSingle(String),
    /// Text after the beginning had only numbers.
    #[error(
        "`{0}` is no number, and the column has only numbers before. If it is one of a few categories, read the column as text; \
         if it means a missing value, write an empty cell"
    )]
    NotANumber(String),
}

/// As much decides the delimiter.
const HEAD_BYTES: usize = 1 << 16;

/// A layer on more inputs has 25 million weights for 256 hidden units.
const MAX_COLUMNS: usize = 100_000;

/// Reads a whole table, on so many threads.
///
/// # Errors
/// If rows differ in length, a quote is open, text is not UTF-8, or the table takes more memory than allowed.
pub fn read(
    source: Source,
    options: &Options,
    limits: &Limits,
    threads: NonZeroUsize,
) -> Result<(Table, Dialect), FormatError> {
    let (path, mut reader) = source.into_seekable(limits)?;
    let mut read_all = || {
        let mut text = Vec::new();
        loop {
            reader.seek(SeekFrom::Start(0)).map_err(Problem::from)?;
            let mut beginning = Beginning::read(&mut reader, options)?;
            beginning.columns.add_text(&text);
            let dialect = beginning.columns.dialect;
            let Parsed { table, texts } = parse_all(beginning, limits, threads)?;
            if texts.is_empty() {
                return if table.rows == 0 { Err(CsvProblem::NoRows.into()) } else { Ok((table, dialect)) };
            }
            // Text in columns that began with numbers: these cells are read again, as text.
            text.extend(texts.into_keys());
        }
    };
    read_all().map_err(|fault: Fault| fault.in_file(&path))
}

/// The text after its byte order mark: what was read already, and the rest.
type Text<R> = std::io::Chain<Cursor<Vec<u8>>, R>;

/// What the beginning of a file says of the rest.
struct Beginning<R> {
    columns: Columns,
    first: Chunk,
    chunks: Chunks<Text<R>>,
}

impl<R: Read> Beginning<R> {
    fn read(mut reader: R, options: &Options) -> Result<Self, Fault> {
        let mut head = Vec::new();
        reader.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(Problem::from)?;
        let complete = head.len() < HEAD_BYTES;
        if head.starts_with(b"\xEF\xBB\xBF") {
            head.drain(..3);
        }
        let delimiter = options.delimiter.unwrap_or_else(|| dialect::delimiter(&head, complete));
        let mut chunks = Chunks::new(Cursor::new(head).chain(reader), Vec::new(), delimiter);
        let first = chunks.next()?.ok_or(CsvProblem::NoRows)?;
        let found = dialect::dialect(&first.bytes, delimiter);
        let dialect = Dialect {
            delimiter,
            header: options.header.unwrap_or(found.header),
            decimal_comma: options.decimal_comma.unwrap_or(found.decimal_comma),
        };
        let names = names(&first.bytes, dialect)?;
        let mut columns = Columns { text: dialect::text_columns(&first.bytes, dialect), names, dialect };
        for (name, text) in columns.names.iter().zip(&mut columns.text) {
            *text |= options.text.contains(name);
        }
        Ok(Self { columns, first, chunks })
    }
}

fn names(records: &[u8], dialect: Dialect) -> Result<Vec<String>, Fault> {
    let first = dialect::sample(records, dialect.delimiter).into_iter().next().ok_or(CsvProblem::NoRows)?;
    if first.len() > MAX_COLUMNS {
        return Err(
            Problem::from(CsvProblem::Columns { found: first.len(), limit: MAX_COLUMNS }).at(Place::Line(1))
        );
    }
    let name = |cell: &[u8]| {
        if !dialect.header {
            return Ok(String::new());
        }
        parse::text(cell.trim_ascii()).map(str::to_owned)
    };
    let names: Vec<String> =
        first.iter().map(name).collect::<Result<_, _>>().map_err(|problem| problem.at(Place::Line(1)))?;
    Ok(distinct_names(names))
}

/// Parses the chunks on several threads, which take them in turns.
fn parse_all<R: Read + Send>(
    beginning: Beginning<R>,
    limits: &Limits,
    threads: NonZeroUsize,
) -> Result<Parsed, Fault> {
    let Beginning { columns, first, chunks } = beginning;
    let queue = Mutex::new(Queue { first: Some(first), chunks, taken: 0 });
    let results = Mutex::new(Vec::new());
    let (stop, memory) = (AtomicBool::new(false), AtomicU64::new(0));
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let (index, chunk) = match queue.lock().expect("no thread panics").take() {
                (_, Ok(None)) => return,
                (index, Ok(Some(chunk))) => (index, Ok(chunk)),
                (index, Err(fault)) => (index, Err(fault)),
            };
            let parsed = chunk.and_then(|chunk| columns.parse(&chunk, index == 0)).and_then(|parsed| {
                let more = parsed.table.memory();
                limits.check(memory.fetch_add(more, Ordering::Relaxed) + more)?;
                Ok(parsed)
            });
            // Chunks before a wrong one were taken before it, so the first error is among the results.
            stop.fetch_or(parsed.is_err(), Ordering::Relaxed);
            results.lock().expect("no thread panics").push((index, parsed));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.get() {
            // What a thread that the system does not give would have done, the others do.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let mut results = results.into_inner().expect("no thread panics");
    results.sort_by_key(|(index, _)| *index);
    let mut all = Parsed { table: columns.empty(), ..Parsed::default() };
    for (_, parsed) in results {
        let parsed = parsed?;
        all.table.append(parsed.table);
        for (column, text) in parsed.texts {
            all.texts.entry(column).or_insert(text);
        }
    }
    Ok(all)
}

/// Chunks with their numbers.
struct Queue<R> {
    first: Option<Chunk>,
    chunks: Chunks<R>,
    taken: usize,
}

impl<R: Read> Queue<R> {
    fn take(&mut self) -> (usize, Result<Option<Chunk>, Fault>) {
        let index = self.taken;
        self.taken += 1;
        match self.first.take() {
            Some(chunk) => (index, Ok(Some(chunk))),
            None => (index, self.chunks.next()),
        }
    }
}
