//! What is wrong with a file: which file, where in it, what was expected and found, and what to do.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A file that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}{place}: {problem}", shown(path))]
pub struct FormatError {
    /// The file or folder, as it was given.
    pub path: PathBuf,
    /// Where in it.
    pub place: Place,
    /// What is wrong, and what to do.
    pub problem: Box<Problem>,
}

/// Where in a file something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The whole of it.
    File,
    /// A byte, counted from 0.
    Byte(u64),
    /// A value of an array, counted from 0 in the order of the file.
    Value(u64),
    /// A line of a text file, counted from 1.
    Line(u64),
    /// A cell of a table.
    Cell {
        /// The line of a text file counted from 1; the row of other tables, from 0.
        line: u64,
        /// The column's name.
        column: String,
    },
    /// A column of a table.
    Column(String),
    /// An array of an archive.
    Array(String),
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => Ok(()),
            Self::Byte(offset) => write!(formatter, ", byte {offset}"),
            Self::Value(index) => write!(formatter, ", value {index}"),
            Self::Line(line) => write!(formatter, ", line {line}"),
            Self::Cell { line, column } => write!(formatter, ", line {line}, column `{column}`"),
            Self::Column(column) => write!(formatter, ", column `{column}`"),
            Self::Array(name) => write!(formatter, ", array `{name}`"),
        }
    }
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The system refused.
    #[error("{0}")]
    Io(io::Error),
    /// Nothing has that name.
    #[error("there is no such file or folder")]
    Missing,
    /// The user may not read it.
    #[error("permission to read it is missing")]
    Permission,
    /// A device, a pipe or a socket.
    #[error(
        "this is {0}; a file or a folder was expected. To read from a pipe, give `-` and redirect it into narrows"
    )]
    Special(&'static str),
    /// A file where a folder was expected, or the other way round.
    #[error("{expected} was expected, and this is {found}")]
    Kind {
        /// What was expected.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// Another format than the formats that narrows reads.
    #[error("{found}; {advice}")]
    Unrecognised {
        /// What it seems to be.
        found: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// It ends too early.
    #[error(
        "the file ends too early: its header promises {expected} bytes of values, and {found} are there; was it cut short?"
    )]
    Truncated {
        /// Bytes that the header promises.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// It goes on after its end.
    #[error(
        "the file goes on after the {expected} bytes of values that its header promises; was it altered, or does it hold several arrays?"
    )]
    Surplus {
        /// Bytes that the header promises.
        expected: u64,
    },
    /// More than the caller's limit.
    #[error("this takes {needed} bytes of memory, and the limit is {limit}")]
    TooLarge {
        /// Bytes it takes; where they are not known beforehand, the bytes that were met.
        needed: u64,
        /// Bytes that are allowed.
        limit: u64,
    },
    /// Compressed data that does not decompress.
    #[error("the gzip data is damaged or cut short ({0}); fetch the file again")]
    Gzip(io::Error),
    /// Text that is not UTF-8.
    #[error("byte 0x{byte:02X} is no UTF-8 text; save the file with the encoding UTF-8")]
    NotUtf8 {
        /// The first byte that does not fit.
        byte: u8,
    },
    /// An array that is malformed or not supported.
    #[error(transparent)]
    Array(#[from] super::array::ArrayProblem),
    /// IDX that is malformed, or a folder of IDX files that is not whole.
    #[error(transparent)]
    Idx(#[from] super::idx::IdxProblem),
    /// NumPy's formats.
    #[error(transparent)]
    Npy(#[from] super::npy::NpyProblem),
    /// A table of text.
    #[error(transparent)]
    Csv(#[from] super::csv::CsvProblem),
    /// A folder of images.
    #[cfg(feature = "images")]
    #[error(transparent)]
    Images(#[from] super::images::ImagesProblem),
    /// Parquet.
    #[cfg(feature = "parquet")]
    #[error(transparent)]
    Parquet(#[from] super::parquet::ParquetProblem),
    /// The caller's progress function said so.
    #[error("reading was stopped")]
    Stopped,
}

impl Problem {
    /// At a place of a file that the caller knows.
    pub(super) fn at(self, place: Place) -> Fault {
        Fault { place, problem: self }
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Permission,
            // Errors that our own readers pass through `Read`.
            _ => match error.downcast::<Self>() {
                Ok(problem) => problem,
                Err(error) => Self::Io(error),
            },
        }
    }
}

/// A problem and its place, before the file's name is known.
#[derive(Debug)]
pub(super) struct Fault {
    pub place: Place,
    pub problem: Problem,
}

impl Fault {
    pub fn in_file(self, path: &Path) -> FormatError {
        FormatError { path: path.to_owned(), place: self.place, problem: Box::new(self.problem) }
    }
}

impl<P: Into<Problem>> From<P> for Fault {
    fn from(problem: P) -> Self {
        Self { place: Place::File, problem: problem.into() }
    }
}

/// How a path is called in a message.
fn shown(path: &Path) -> String {
    if path == Path::new(super::STANDARD_INPUT) {
        "standard input".into()
    } else {
        path.display().to_string()
    }
}
