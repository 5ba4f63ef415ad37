//! `cargo xtask …`: what a developer of narrows runs.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod bench;
mod command;
mod packages;
mod page_tools;
mod python;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask test           all tests, on every instruction set of this machine; what they need is installed first
cargo xtask test --quick   unit tests and fast integration tests: under a minute, no browser
cargo xtask crash          kills a shortened study a hundred times, goes on each time, and compares what it ends with
cargo xtask lint           format, clippy and rustdoc, warnings denied; licences, where cargo-deny is installed
cargo xtask package        each crate as a package, which is built alone
cargo xtask golden         write the golden files anew with PyTorch, in a Python environment of its own";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["test"] => test::test(),
        ["test", "--quick"] => test::quick(),
        ["crash"] => test::crash(),
        ["lint"] => test::lint(),
        ["golden"] => test::golden(),
        ["package"] => test::package(),
        ["bench", ref arguments @ ..] => bench::bench(arguments),
        _ => {
            eprintln!("{USAGE}\n{}", bench::USAGE);
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
