//! `narrows experiments`: what can be run by name.

use std::path::Path;

use clap::Args;
use narrows::experiment::{BUILT_IN, Experiment};
use narrows::files::{MAX_EXPERIMENT_BYTES, read_text};

use crate::commands::output::print;
use crate::failure::{Failure, with_suggestion};
use crate::table::Table;

/// List the built-in experiments, or print one as TOML to start from
#[derive(Debug, Args)]
pub struct Experiments {
    /// Which to print
    name: Option<String>,
}

impl Experiments {
    /// Does it.
    pub fn run(&self) -> Result<(), Failure> {
        match &self.name {
            Some(name) => print(built_in(name).ok_or_else(|| unknown(name))?),
            None => {
                let mut table = Table::new(&["experiment", "models", "title"]);
                for (name, text) in BUILT_IN {
                    let experiment = Experiment::from_toml(text)?;
                    table.row(vec![name.to_owned(), experiment.models.len().to_string(), experiment.title]);
                }
                print(&table.text())
            }
        }
    }
}

fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

fn unknown(name: &str) -> Failure {
    let names = BUILT_IN.map(|(known, _)| known);
    let message =
        format!("there is no experiment `{name}`, and no such file; built in are {}", names.join(", "));
    Failure::user(with_suggestion(message, name, names))
}

/// An experiment by name, or from a file; and the name for its run directory.
pub fn find(name: &str) -> Result<(String, Experiment), Failure> {
    if let Some(text) = built_in(name) {
        return Ok((name.to_owned(), Experiment::from_toml(text)?));
    }
    let path = Path::new(name);
    if !path.exists() {
        return Err(unknown(name));
    }
    let text = read_text(path, MAX_EXPERIMENT_BYTES)
        .map_err(|error| Failure::user(format!("{name} cannot be read: {error}")))?;
    let experiment =
        Experiment::from_toml(&text).map_err(|error| Failure::user(format!("{name}: {error}")))?;
    let stem =
        path.file_stem().map_or_else(|| "experiment".to_owned(), |stem| stem.to_string_lossy().into_owned());
    Ok((stem, experiment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_experiment_can_be_run() {
        for (name, text) in BUILT_IN {
            let experiment = Experiment::from_toml(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(Experiment::from_toml(&experiment.to_toml()).unwrap(), experiment, "{name}");
        }
    }
}
