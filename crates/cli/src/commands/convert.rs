//! `narrows data convert`: data in another format.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use narrows::dataset::Part;
use narrows::dataset::convert::{FileFormat, convert};
use narrows::dataset::load::{LoadOptions, load_unsplit};

use crate::arguments::Common;
use crate::commands::data_arguments::{Reading, reading};
use crate::commands::output::print;
use crate::failure::{Failure, complain};

/// Write data as IDX, NPY, NPZ, CSV, TSV, Parquet, or a folder of PNG images
#[derive(Debug, Args)]
pub struct Convert {
    /// A file or folder of data, - for the standard input, or mnist, which is built in
    path: String,

    /// The file or folder to write: its ending says the format, and a name without an ending is a folder of PNG images
    #[arg(long, value_name = "FILE or FOLDER")]
    out: PathBuf,

    /// The format, where the ending does not say it: idx, for a folder of the usual four files
    #[arg(long, value_name = "NAME", value_enum)]
    format: Option<FormatName>,

    /// Write one part alone: train, validation or test
    #[arg(long, value_name = "PART", value_enum)]
    part: Option<PartName>,

    #[command(flatten)]
    reading: Reading,
}

/// Formats by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    Csv,
    Tsv,
    Parquet,
    Npy,
    Npz,
    Idx,
    Png,
}

/// Parts by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum PartName {
    Train,
    Validation,
    Test,
}

impl Convert {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let format = self.format.map(FormatName::format).or_else(|| FileFormat::of_path(&self.out));
        let format = format.ok_or_else(|| {
            Failure::user(format!(
                "the ending of {} says no format that is written; expected .csv, .tsv, .parquet, .npy or .npz, a folder's name \
                 without an ending, or --format",
                self.out.display()
            ))
        })?;
        // Formats are written from memory.
        let options = LoadOptions { memory: None, ..self.reading.over(LoadOptions::of(self.path.clone())) };
        let mut unsplit = reading(common, |progress| {
            load_unsplit(&options, common.threads(), progress).map_err(Failure::from)
        })?;
        if !common.quiet {
            unsplit.notes.iter().for_each(|note| complain(note));
        }
        if let Some(part) = self.part.map(PartName::part) {
            unsplit.parts.retain(|(other, _)| *other == part);
            if unsplit.parts.is_empty() {
                return Err(Failure::user(format!("{} has no {part} part", options.path)));
            }
        }
        convert(&unsplit.parts, format, &self.out)?;
        print(&format!("{}\n", self.out.display()))
    }
}

impl FormatName {
    fn format(self) -> FileFormat {
        match self {
            Self::Csv => FileFormat::Csv,
            Self::Tsv => FileFormat::Tsv,
            Self::Parquet => FileFormat::Parquet,
            Self::Npy => FileFormat::Npy,
            Self::Npz => FileFormat::Npz,
            Self::Idx => FileFormat::Idx,
            Self::Png => FileFormat::Png,
        }
    }
}

impl PartName {
    fn part(self) -> Part {
        match self {
            Self::Train => Part::Train,
            Self::Validation => Part::Validation,
            Self::Test => Part::Test,
        }
    }
}
