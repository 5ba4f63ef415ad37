//! The program `narrows`: arguments in, tables, pictures and run directories out.

mod arguments;
mod commands;
mod failure;
mod interrupt;
mod memory;
mod plan;
mod progress;
mod table;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser};

use crate::arguments::{Arguments, Command};
use crate::failure::{Failure, nearest};

fn main() -> ExitCode {
    let arguments = Arguments::try_parse().unwrap_or_else(|error| suggest_command(error).exit());
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.exit_code()
        }
    }
}

/// clap suggests a command only if it is very near: `rnu` is not near enough to `run`.
fn suggest_command(mut error: clap::Error) -> clap::Error {
    let asked = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(asked)) if error.get(ContextKind::SuggestedSubcommand).is_none() => {
            asked.clone()
        }
        _ => return error,
    };
    let command = Arguments::command();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    if let Some(name) = nearest(&asked, names) {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![name.to_owned()]));
    }
    error
}

fn dispatch(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.version {
        return commands::version::run(arguments.verbose);
    }
    let Some(command) = &arguments.command else {
        return Err(Failure::user(
            "a command is needed; `narrows --help` lists them. The main job: narrows run assignment",
        ));
    };
    let common = &arguments.common;
    match command {
        Command::Run(command) => command.run(common),
        Command::Train(command) => command.run(common),
        Command::Sweep(command) => command.run(common),
        Command::Evaluate(command) => command.run(common),
        Command::Encode(command) => command.run(common),
        Command::Decode(command) => command.run(common),
        Command::Detect(command) => command.run(common),
        Command::Score(command) => command.run(common),
        Command::Compare(command) => command.run(common),
        Command::Reconstruct(command) => command.run(common),
        Command::Interpolate(command) => command.run(common),
        Command::Page(command) => command.run(common),
        Command::Inspect(command) => command.run(),
        Command::Export(command) => command.run(),
        Command::Import(command) => command.run(),
        Command::Data(command) => command.run(common),
        Command::Experiments(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    }
}
