//! The arguments that all commands share, and the list of commands.

use std::num::NonZeroUsize;

use clap::{Args, Parser, Subcommand};
use narrows::compute::{Compute, Level};

use crate::commands;
use crate::failure::Failure;

/// The environment variable that forces an instruction set.
const LEVEL_VARIABLE: &str = "NARROWS_CPU";

/// Trains autoencoders, compares them with PCA, and shows what they have learned.
#[derive(Debug, Parser)]
#[command(name = "narrows", disable_version_flag = true, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "The main job: narrows run assignment\n\nNARROWS_CPU=scalar|avx2|avx512|neon forces an instruction set.")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// What all commands share.
    #[command(flatten)]
    pub common: Common,

    /// Print the version.
    #[arg(short = 'V', long, exclusive = false)]
    version: bool,

    /// With --version: also the instruction set and the threads.
    #[arg(long, requires = "version")]
    pub verbose: bool,
}

/// What all commands share.
#[derive(Clone, Copy, Debug, Args)]
pub struct Common {
    /// Threads to use; all processors by default. Results do not depend on it.
    #[arg(long, global = true, value_name = "N")]
    threads: Option<NonZeroUsize>,

    /// Say nothing while working.
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Run(commands::run::Run),
    Train(commands::train::Train),
    Evaluate(commands::evaluate::Evaluate),
    Reconstruct(commands::reconstruct::Reconstruct),
    Interpolate(commands::interpolate::Interpolate),
    Inspect(commands::inspect::Inspect),
    Data(commands::data::Data),
    Experiments(commands::experiments::Experiments),
    Completions(commands::completions::Completions),
    Man(commands::man::Man),
}

impl Common {
    /// The threads asked for, or one a processor.
    pub fn threads(&self) -> NonZeroUsize {
        let available = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.threads.unwrap_or_else(available)
    }

    /// What to compute on.
    pub fn compute(&self) -> Result<Compute, Failure> {
        Ok(Compute::at(level()?, self.threads()))
    }
}

/// The instruction set that the environment asks for, or the widest.
pub fn level() -> Result<Level, Failure> {
    match std::env::var(LEVEL_VARIABLE) {
        Ok(name) => Level::named(&name).map_err(|error| Failure::user(format!("{LEVEL_VARIABLE}: {error}"))),
        Err(_) => Ok(Level::detect()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_hold_together() {
        Arguments::command().debug_assert();
    }
}
