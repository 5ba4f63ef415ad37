//! The entries of a folder, and removing some of them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(super) fn unless_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// What is in a folder; nothing if it is not there.
pub(super) fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// Removes the files in a folder whose names are wanted, and the folder if nothing else is in it.
pub(super) fn remove_files(folder: &Path, wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    remove_matching(folder, wanted)?;
    remove_if_empty(folder);
    Ok(())
}

pub(super) fn remove_matching(folder: &Path, wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    for path in entries(folder)? {
        if path.is_file() && path.file_name().and_then(|name| name.to_str()).is_some_and(&wanted) {
            unless_missing(fs::remove_file(&path))?;
        }
    }
    Ok(())
}

pub(super) fn remove_if_empty(folder: &Path) {
    // Refused where something is left, which then is not ours.
    let _ = fs::remove_dir(folder);
}
