//! Running other programs, and saying so.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs a program in the root of the repository, with some variables set; prints the command first.
///
/// # Errors
/// If it cannot be started or does not succeed.
pub fn run(variables: &[(&str, &str)], program: &str, arguments: &[&str]) -> Result<(), String> {
    let shown: Vec<String> = variables
        .iter()
        .map(|(name, value)| format!("{name}='{value}'"))
        .chain([program.to_owned()])
        .chain(arguments.iter().map(|&argument| argument.to_owned()))
        .collect();
    let shown = shown.join(" ");
    println!("==> {shown}");
    let status = Command::new(program)
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(root())
        .status()
        .map_err(|error| format!("`{shown}` cannot be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` ended with {status}")) }
}
