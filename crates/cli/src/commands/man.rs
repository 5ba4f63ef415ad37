//! `narrows man`.

use std::path::PathBuf;

use clap::{Args, CommandFactory};

use crate::arguments::Arguments;
use crate::commands::output::print;
use crate::failure::Failure;

/// Print the manual page, or write those of all commands
#[derive(Debug, Args)]
pub struct Man {
    /// Write a page for every command into this folder
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl Man {
    /// Does it.
    pub fn run(&self) -> Result<(), Failure> {
        let command = Arguments::command();
        match &self.out {
            Some(folder) => std::fs::create_dir_all(folder)
                .and_then(|()| clap_mangen::generate_to(command, folder))
                .map_err(|error| Failure::failed(format!("{} cannot be written: {error}", folder.display()))),
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(command).render(&mut page).map_err(Failure::failed)?;
                print(&String::from_utf8_lossy(&page))
            }
        }
    }
}
