//! Where rows are written: a file of one of several formats, or the standard output.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use narrows::dataset::output::{OutputRows, RowFormat, write_rows, write_text};

use crate::failure::Failure;

/// The file for rows. Its ending says in which format; another ending is refused before anything is computed.
#[derive(Clone, Debug)]
pub enum RowsFile {
    /// Text on the standard output.
    StandardOutput,
    /// A file.
    File(PathBuf, RowFormat),
}

/// What to do with a file that is there already.
#[derive(Clone, Copy, Debug, Args)]
pub struct Replacing {
    /// Replace the file that is there already
    #[arg(long)]
    pub force: bool,
}

impl FromStr for RowsFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "-" {
            return Ok(Self::StandardOutput);
        }
        let path = PathBuf::from(text);
        match RowFormat::of_path(&path) {
            Some(format) => Ok(Self::File(path, format)),
            None => Err("rows are written as .csv, .tsv, .npy or .parquet, by the ending of the name; or as CSV to the \
                         standard output, by -"
                .to_owned()),
        }
    }
}

impl RowsFile {
    /// Refuses a file that is there already, unless it is to be replaced.
    pub fn check(&self, replacing: Replacing) -> Result<(), Failure> {
        match self {
            Self::File(path, _) => refuse_existing(path, replacing),
            Self::StandardOutput => Ok(()),
        }
    }

    /// Whether rows are written as an array, which has room for numbers alone.
    pub fn is_array(&self) -> bool {
        matches!(self, Self::File(_, RowFormat::Npy))
    }

    /// Its path as text.
    pub fn shown(&self) -> String {
        match self {
            Self::File(path, _) => path.display().to_string(),
            Self::StandardOutput => "standard output".to_owned(),
        }
    }

    /// Writes what `fill` hands to what it is given, all of it or nothing.
    pub fn write(
        &self,
        fill: impl FnOnce(&mut dyn FnMut(&OutputRows) -> Result<(), Failure>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let written = match self {
            Self::File(path, format) => write_rows(path, *format, |take| fill(&mut |rows| Ok(take(rows)?))),
            Self::StandardOutput => {
                write_text(std::io::stdout().lock(), b',', |take| fill(&mut |rows| Ok(take(rows)?)))
            }
        };
        written.map_err(|failure| match (self, failure) {
            (Self::StandardOutput, Failure::Write(error)) if error.kind() == ErrorKind::BrokenPipe => {
                Failure::ReaderGone
            }
            (_, failure) => failure.writing(self.shown()),
        })
    }
}

/// Refuses a file or folder that is there already, unless it is to be replaced.
pub fn refuse_existing(path: &Path, replacing: Replacing) -> Result<(), Failure> {
    match !replacing.force && path.symlink_metadata().is_ok() {
        true => Err(Failure::user(format!(
            "{} exists already; give --force to replace it, or another name",
            path.display()
        ))),
        false => Ok(()),
    }
}
