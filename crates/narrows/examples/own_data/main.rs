//! Writes the data of the worked examples in docs/data.md: a folder of colour images, a CSV with missing values and classes, and an NPY
//! of 256 MB.
//!
//! ```text
//! cargo run --release -p narrows --example own_data -- FOLDER
//! ```
//!
//! The same folder has the same data every time: nothing is drawn from a clock.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod generate;

use std::path::PathBuf;
use std::process::ExitCode;

use generate::{Amount, write};

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1).map(PathBuf::from) else {
        eprintln!("own_data: say which folder to write to, for instance `own_data examples`");
        return ExitCode::from(2);
    };
    match write(&folder, &Amount::default()) {
        Ok(paths) => {
            paths.iter().for_each(|path| println!("{}", path.display()));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("own_data: {} cannot be written: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}
