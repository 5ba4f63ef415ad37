//! An array that stays in its file: rows are read from their place when they are wanted.
//!
//! The file is opened once and read by positioned reads, never mapped into memory: a file that another program cuts short
//! would end a process that has it mapped. A file that is replaced by another of the same name stays readable as it was,
//! for it stays open; one that is written to is found by its length and the time of its last change.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use super::array::{Array, Element, Layout, Values};
use super::error::{Fault, FormatError, Problem};
use super::source::{Source, Stream};
use super::survey::Survey;
use super::{ArrayProblem, Format, idx, npy};

/// An opened file of NumPy (`.npy`) or IDX, of whole rows of numbers.
#[derive(Debug)]
pub struct ArrayFile {
    path: PathBuf,
    file: File,
    layout: Layout,
    state: State,
    survey: OnceLock<Box<Survey>>,
}

/// What changes when a file is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    length: u64,
    /// Not every file system knows it.
    modified: Option<SystemTime>,
}

/// A file that could no longer be read as it was when it was opened.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}, byte {offset}: {problem}", path.display())]
pub struct FileError {
    /// Which.
    pub path: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// What is wrong, and what to do.
    pub problem: FileProblem,
}

/// What happened to a file while it was read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// It is shorter than it was.
    #[error(
        "the file ends here, and had {expected} bytes when it was opened; it was cut short while it was read. Begin again with the whole file"
    )]
    CutShort {
        /// Bytes that it had.
        expected: u64,
    },
    /// It was written to.
    #[error("the file was changed while it was read; let no program write to it, and begin again")]
    Changed,
    /// A number that no `f32` represents.
    #[error(
        "the value {0:e} is too great: values are kept as 32-bit numbers, which end at 3.4e38; rescale the data"
    )]
    TooGreat(f64),
    /// The system refused.
    #[error("{0}")]
    Io(String),
}

impl ArrayFile {
    /// Opens a file, and checks its header and its length; no value is read.
    ///
    /// # Errors
    /// If it is no array of numbers, its length is not what its header says, or its rows do not lie in one piece each, as in
    /// compressed files and in arrays whose columns lie in one piece.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let source = Source::open(path)?;
        let format = source.format();
        if source.is_gzip() {
            let problem = Problem::Kind {
                expected: "an array that can be read from anywhere",
                found: "a compressed file; decompress it first",
            };
            return Err(Fault::from(problem).in_file(path));
        }
        let file = source.into_file()?;
        Self::of_file(path, file, format).map_err(|fault| fault.in_file(path))
    }

    fn of_file(path: &Path, file: File, format: Format) -> Result<Self, Fault> {
        let mut stream: Stream = Box::new(file.try_clone().map_err(Problem::from)?);
        let layout = match format {
            Format::Idx => idx::header(&mut stream)?,
            Format::Npy => npy::header_of(&mut stream)?,
            _ => {
                return Err(
                    Problem::Kind { expected: "an array as .npy or IDX", found: "another format" }.into()
                );
            }
        };
        if matches!(layout.element(), Element::Characters(_) | Element::Bytes(_)) {
            return Err(Problem::Kind { expected: "numbers", found: "an array of text" }.into());
        }
        if !layout.has_contiguous_rows() {
            let found = "one whose columns do (Fortran order); save it with `numpy.ascontiguousarray`";
            return Err(Problem::Kind { expected: "an array whose rows lie in one piece", found }.into());
        }
        let state = State::of(&file).map_err(Problem::from)?;
        let (expected, found) = (layout.bytes(), state.length.saturating_sub(layout.offset()));
        if found < expected {
            return Err(Problem::Truncated { expected, found }.into());
        }
        if found > expected {
            return Err(Problem::Surplus { expected }.into());
        }
        Ok(Self { path: path.to_owned(), file, layout, state, survey: OnceLock::new() })
    }

    /// As it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What lies in it, and where.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The bytes that its values take in memory.
    pub(in crate::dataset) fn memory_bytes(&self) -> u64 {
        self.layout.memory_bytes()
    }

    /// What is known of all values, which are read for it once.
    pub(in crate::dataset) fn survey(&self) -> Result<&Survey, FileError> {
        if let Some(survey) = self.survey.get() {
            return Ok(survey);
        }
        let survey = Box::new(Survey::of(self)?);
        Ok(self.survey.get_or_init(|| survey))
    }

    /// What rows are put behind, before there are any.
    pub(in crate::dataset) fn no_values(&self) -> Values {
        match self.layout.element().becomes_bytes() {
            true => Values::Bytes(Vec::new()),
            false => Values::Numbers(Vec::new()),
        }
    }

    /// Puts rows behind the values that are there, of the same kind. `piece` is memory for bytes on their way.
    pub(in crate::dataset) fn append_rows(
        &self,
        rows: Range<usize>,
        piece: &mut Vec<u8>,
        values: &mut Values,
    ) -> Result<(), FileError> {
        let row_bytes = (self.layout.row_values() * self.layout.element().size()) as u64;
        let offset = self.layout.offset() + rows.start as u64 * row_bytes;
        let read = self.layout.append_rows(&self.file, rows, piece, values);
        // Afterwards, so that no change before the reading goes unseen.
        let now =
            State::of(&self.file).map_err(|error| self.error(offset, FileProblem::Io(error.to_string())))?;
        if now.length < self.state.length {
            return Err(self.error(now.length, FileProblem::CutShort { expected: self.state.length }));
        }
        if now != self.state {
            return Err(self.error(offset, FileProblem::Changed));
        }
        read.map_err(|problem| match problem {
            Problem::Array(ArrayProblem::BeyondSingle { value, .. }) => {
                self.error(offset, FileProblem::TooGreat(value))
            }
            problem => self.error(offset, FileProblem::Io(problem.to_string())),
        })
    }

    /// The first `count` rows as an array of their own; the others are not read.
    pub(in crate::dataset) fn first(&self, count: usize) -> Result<Array, FileError> {
        let element = self.layout.element();
        let mut values = self.no_values();
        self.append_rows(0..count, &mut Vec::new(), &mut values)?;
        let mut shape = self.layout.shape().to_vec();
        shape[0] = count;
        Ok(Array { element, shape, values, rounded: 0 })
    }

    /// Rows that were found good once are good no longer.
    pub(in crate::dataset) fn changed(&self) -> FileError {
        self.error(self.layout.offset(), FileProblem::Changed)
    }

    fn error(&self, offset: u64, problem: FileProblem) -> FileError {
        FileError { path: self.path.clone(), offset, problem }
    }
}

impl State {
    fn of(file: &File) -> std::io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self { length: metadata.len(), modified: metadata.modified().ok() })
    }
}
