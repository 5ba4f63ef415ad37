//! `narrows data convert`: data in another format.

use std::path::PathBuf;

use clap::Args;
use narrows::dataset::Part;
use narrows::dataset::convert::{FileFormat, convert};
use narrows::dataset::load::{LoadOptions, load_unsplit};

use crate::arguments::{Common, by_name};
use crate::commands::data_arguments::{Reading, reading, within_memory};
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
    #[arg(long, value_name = "NAME", value_parser = by_name(FileFormat::ALL, FileFormat::name))]
    format: Option<FileFormat>,

    /// Write one part alone: train, validation or test
    #[arg(long, value_name = "PART", value_parser = by_name(Part::ALL, Part::name))]
    part: Option<Part>,

    #[command(flatten)]
    reading: Reading,
}

impl Convert {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let format = self.format.or_else(|| FileFormat::of_path(&self.out));
        let format = format.ok_or_else(|| {
            Failure::user(format!(
                "the ending of {} says no format that is written; expected .csv, .tsv, .parquet, .npy or .npz, a folder's name \
                 without an ending, or --format",
                self.out.display()
            ))
        })?;
        let options = self.reading.over(LoadOptions::of(self.path.clone()));
        let options = match format {
            FileFormat::Npy | FileFormat::Csv | FileFormat::Tsv => within_memory(options),
            // Other formats are written from memory.
            _ => LoadOptions { memory: None, ..options },
        };
        let mut unsplit = reading(common, |progress| {
            load_unsplit(&options, common.threads(), progress).map_err(Failure::from)
        })?;
        if !common.quiet {
            unsplit.notes.iter().for_each(|note| complain(note));
        }
        if let Some(part) = self.part {
            unsplit.parts.retain(|other| other.part == part);
            if unsplit.parts.is_empty() {
                return Err(Failure::user(format!("{} has no {part} part", options.path)));
            }
        }
        convert(&unsplit.parts, format, &self.out)?;
        print(&format!("{}\n", self.out.display()))
    }
}
