//! The arguments that all commands share, and the list of commands.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand};
use narrows::compute::{Compute, Level};
use narrows::experiment;

use serde::de::DeserializeOwned;
use serde_aux::serde_introspection::serde_introspect;

use crate::commands;
use crate::failure::Failure;

/// The environment variable that forces an instruction set.
const LEVEL_VARIABLE: &str = "NARROWS_CPU";

/// Far above the processors of any machine, and few enough to start.
const MAX_THREADS: usize = 1024;

/// In a command's help, what all commands share stands behind the command's own, and before --help.
const SHARED_ORDER: usize = 900;

/// Trains autoencoders, compares them with PCA, and shows what they have learned.
#[derive(Debug, Parser)]
#[command(name = "narrows", disable_version_flag = true, arg_required_else_help = true, max_term_width = 100)]
#[command(
    after_help = "The main job: narrows run assignment\n\nNARROWS_CPU=scalar|avx2|avx512|neon forces an instruction set."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// What all commands share.
    #[command(flatten)]
    pub common: Common,

    /// Print the version
    #[arg(short = 'V', long, action = ArgAction::SetTrue)]
    pub version: bool,

    /// With --version: also the instruction set and the threads
    #[arg(long, requires = "version")]
    pub verbose: bool,
}

/// What all commands share.
#[derive(Clone, Copy, Debug, Args)]
pub struct Common {
    /// Threads to use; all processors by default. Results do not depend on it
    #[arg(long, global = true, value_name = "N", value_parser = threads, display_order = SHARED_ORDER)]
    threads: Option<NonZeroUsize>,

    /// Show no progress
    #[arg(short, long, global = true, display_order = SHARED_ORDER)]
    pub quiet: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Run(commands::run::Run),
    Train(Box<commands::train::Train>),
    Sweep(Box<commands::sweep::Sweep>),
    Evaluate(Box<commands::evaluate::Evaluate>),
    Encode(Box<commands::encode::Encode>),
    Decode(commands::decode::Decode),
    Detect(Box<commands::detect::Detect>),
    Score(Box<commands::score::Score>),
    Compare(commands::compare::Compare),
    Reconstruct(Box<commands::reconstruct::Reconstruct>),
    Interpolate(Box<commands::interpolate::Interpolate>),
    Page(commands::page::MakePage),
    Inspect(commands::inspect::Inspect),
    Export(commands::export::Export),
    Import(commands::import::Import),
    Data(Box<commands::data::Data>),
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
        Ok(Compute::at(level()?, self.threads())?)
    }
}

/// The instruction set that the environment asks for, or the widest.
pub fn level() -> Result<Level, Failure> {
    match std::env::var_os(LEVEL_VARIABLE) {
        Some(name) => Level::named(&name.to_string_lossy())
            .map_err(|error| Failure::user(format!("the environment variable {LEVEL_VARIABLE}: {error}"))),
        None => Ok(Level::detect()),
    }
}

/// A count from the command line: a whole number of at least 1.
pub fn count(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|&count| count > 0)
        .ok_or_else(|| "expected a whole number of at least 1".to_owned())
}

/// A time.
pub fn duration(text: &str) -> Result<Duration, String> {
    experiment::duration(text).ok_or_else(|| "expected a time, as 30s, 10min or 2h".to_owned())
}

/// A value by the name that experiments use for it: one of those that its type has.
pub fn named<T: DeserializeOwned + Clone + Send + Sync + 'static>() -> impl TypedValueParser<Value = T> {
    let find =
        |name: String| serde_json::from_value(name.into()).expect("these are the names that the type has");
    PossibleValuesParser::new(serde_introspect::<T>()).map(find)
}

/// One of some values, by its name.
pub fn by_name<T: Copy + Send + Sync + 'static, const N: usize>(
    all: [T; N],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let find =
        move |text: String| all.into_iter().find(|&one| name(one) == text).expect("clap knows the names");
    PossibleValuesParser::new(all.map(name)).map(find)
}

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .ok()
        .filter(|threads: &NonZeroUsize| threads.get() <= MAX_THREADS)
        .ok_or_else(|| format!("expected a whole number from 1 to {MAX_THREADS}"))
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
