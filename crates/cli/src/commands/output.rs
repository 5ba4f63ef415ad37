//! What commands write: text on standard output, files elsewhere.

use std::io::{ErrorKind, Write};
use std::path::Path;

use narrows::files::write_atomically;
use serde::Serialize;

use crate::failure::Failure;

/// Writes text to standard output. A reader that has gone away (`narrows … | head`) is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a value as JSON to standard output.
pub fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(value).map_err(Failure::failed)?;
    print(&(json + "\n"))
}

/// Writes a file whole or not at all.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_atomically(path, bytes)
        .map_err(|error| Failure::failed(format!("{} cannot be written: {error}", path.display())))
}
