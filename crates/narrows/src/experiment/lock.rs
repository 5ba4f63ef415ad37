//! The lock of a run directory: two runs at once would mix their files.
//!
//! The system gives a lock back when its process ends, however it ends. On Unix the folder itself is locked, so nothing stays
//! behind. Elsewhere folders cannot be locked; there it is a file `.lock`, which only a process that is killed leaves behind, and
//! which the next run takes over.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use super::DirectoryError;

/// The file that is locked where a folder cannot be.
pub(super) const LOCK: &str = ".lock";

/// A run directory in which no other process begins a run, as long as this lives.
#[derive(Debug)]
pub struct RunLock {
    /// Closing it gives the lock back.
    _file: File,
    #[cfg(not(unix))]
    path: std::path::PathBuf,
}

impl RunLock {
    /// Locks a folder that exists.
    ///
    /// # Errors
    /// If another run has the lock, or the folder cannot be opened.
    pub fn of(folder: &Path) -> Result<Self, DirectoryError> {
        let failed = |source| DirectoryError::Unusable { path: folder.to_owned(), source };
        let lock = Self::open(folder).map_err(failed)?;
        match lock._file.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => Err(DirectoryError::Busy(folder.to_owned())),
            // Some network file systems lock no folders. A run there is worth more than its lock.
            Err(TryLockError::Error(_)) => Ok(lock),
        }
    }

    #[cfg(unix)]
    fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self { _file: File::open(folder)? })
    }

    #[cfg(not(unix))]
    fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(LOCK);
        let _file = File::options().create(true).truncate(false).write(true).open(&path)?;
        Ok(Self { _file, path })
    }
}

#[cfg(not(unix))]
impl Drop for RunLock {
    fn drop(&mut self) {
        // Refused while another process has it open, which then has the lock.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_locked_once_and_again_after_that() {
        let folder = tempfile::tempdir().unwrap();
        let lock = RunLock::of(folder.path()).unwrap();
        let refused = RunLock::of(folder.path()).unwrap_err();
        assert!(matches!(refused, DirectoryError::Busy(_)), "{refused}");
        drop(lock);
        drop(RunLock::of(folder.path()).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(RunLock::of(&folder.path().join("missing")).is_err());
    }
}
