//! The program `narrows`: arguments in, tables, pictures and run directories out.

mod arguments;
mod commands;
mod failure;
mod interrupt;
mod progress;
mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.exit_code()
        }
    }
}

fn dispatch(arguments: &Arguments) -> Result<(), Failure> {
    let Some(command) = &arguments.command else {
        return commands::version::run(arguments.verbose);
    };
    let common = &arguments.common;
    match command {
        Command::Run(command) => command.run(common),
        Command::Train(command) => command.run(common),
        Command::Evaluate(command) => command.run(common),
        Command::Reconstruct(command) => command.run(common),
        Command::Interpolate(command) => command.run(common),
        Command::Inspect(command) => command.run(),
        Command::Data(command) => command.run(),
        Command::Experiments(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    }
}
