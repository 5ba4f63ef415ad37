//! Reading files: it is known what a path names before it is opened, and how long it may be before it is read.

use std::fmt::Write as _;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

/// The longest experiment that is read, 1 MiB: hundreds of models.
pub const MAX_EXPERIMENT_BYTES: u64 = 1 << 20;

/// The longest summary that is read, 256 MiB: that of the study has a third of one.
pub const MAX_SUMMARY_BYTES: u64 = 1 << 28;

/// The longest history that is read, 64 MiB: a million epochs.
pub const MAX_HISTORY_BYTES: u64 = 1 << 26;

/// The longest split that is read, 1 GiB: a hundred million rows.
pub const MAX_SPLIT_BYTES: u64 = 1 << 30;

/// What cannot be opened as a file.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A folder.
    #[error("this is a folder; a file was expected")]
    Folder,
    /// A device, a pipe or a socket: what is read from it may never end.
    #[error("this is {0}; a file was expected")]
    Special(&'static str),
}

/// What cannot be read as a file of its kind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It cannot be opened, or not be read on.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// More bytes than such a file has.
    #[error("it is larger than {limit} bytes, which such a file never is; is it the right one?")]
    TooLarge {
        /// Bytes that are allowed.
        limit: u64,
    },
    /// Text that is not UTF-8.
    #[error("byte {0} (from 0) is no UTF-8 text; save the file with the encoding UTF-8")]
    NotUtf8(usize),
}

impl ReadError {
    /// Whether nothing has that name.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Open(OpenError::Io(error)) if error.kind() == io::ErrorKind::NotFound)
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Open(error.into())
    }
}

/// Opens a regular file; pipes and devices are refused before they are opened, for opening alone may block.
///
/// # Errors
/// If there is none of that name, or it is something else.
pub(crate) fn open_regular(path: &Path) -> Result<File, OpenError> {
    check_regular(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    // Another program may have exchanged it since.
    check_regular(&file.metadata()?)?;
    Ok(file)
}

/// Checks that something is a regular file.
pub(crate) fn check_regular(metadata: &Metadata) -> Result<(), OpenError> {
    match metadata {
        _ if metadata.is_file() => Ok(()),
        _ if metadata.is_dir() => Err(OpenError::Folder),
        _ => Err(OpenError::Special(special_kind(metadata))),
    }
}

/// Reads a file of no more than `limit` bytes.
///
/// # Errors
/// If it cannot be read, is no regular file, or is longer; then no more than that of it has been read.
pub fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    let file = open_regular(path)?;
    if file.metadata()?.len() > limit {
        return Err(ReadError::TooLarge { limit });
    }
    let mut bytes = Vec::new();
    // Some files, those of /proc among them, do not say their length.
    file.take(limit + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > limit {
        true => Err(ReadError::TooLarge { limit }),
        false => Ok(bytes),
    }
}

/// Reads a file of text of no more than `limit` bytes.
///
/// # Errors
/// As for [`read_at_most`], and if it is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> Result<String, ReadError> {
    String::from_utf8(read_at_most(path, limit)?)
        .map_err(|error| ReadError::NotUtf8(error.utf8_error().valid_up_to()))
}

#[cfg(unix)]
fn special_kind(metadata: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special_kind(_: &Metadata) -> &'static str {
    "a device"
}

/// The SHA-256 of a file, as hexadecimal digits.
///
/// # Errors
/// If it is no file, or cannot be read.
pub fn sha256(path: &Path) -> io::Result<String> {
    let mut file = open_regular(path).map_err(io::Error::other)?;
    let (mut digest, mut piece) = (Sha256::new(), vec![0; 1 << 18]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hexadecimal(digest)),
            read => digest.update(&piece[..read]),
        }
    }
}

/// A digest as it is written down.
pub(crate) fn hexadecimal(digest: Sha256) -> String {
    digest.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing into a string does not fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_limit_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "twelve bytes").unwrap();
        assert_eq!(read_text(&path, 12).unwrap(), "twelve bytes");
        assert!(matches!(read_at_most(&path, 11), Err(ReadError::TooLarge { limit: 11 })));
        fs::write(&path, b"ab\xff").unwrap();
        assert!(matches!(read_text(&path, 12), Err(ReadError::NotUtf8(2))));
        assert!(read_at_most(&folder.path().join("b"), 12).unwrap_err().is_missing());
        assert!(matches!(read_at_most(folder.path(), 12), Err(ReadError::Open(OpenError::Folder))));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_does_not_say_its_length_is_read_within_the_limit_too() {
        let path = Path::new("/proc/self/status");
        assert_eq!(fs::metadata(path).unwrap().len(), 0);
        assert!(read_text(path, 1 << 16).unwrap().starts_with("Name:"));
        assert!(matches!(read_at_most(path, 10), Err(ReadError::TooLarge { limit: 10 })));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn devices_are_refused() {
        for device in ["/dev/zero", "/dev/null"] {
            assert!(matches!(open_regular(Path::new(device)), Err(OpenError::Special("a device"))));
        }
    }
}
