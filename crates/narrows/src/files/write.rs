//! Writing files so that a reader sees the old or the new, never half.

use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// What temporary names begin and end with; between them are letters drawn at random.
const TEMPORARY: [&str; 2] = [".narrows-", ".tmp"];

/// Writes `bytes` to `path`: under a temporary name in the same folder, flushed to the disk, then renamed.
///
/// A new file has the permissions that the user's umask leaves; one that is replaced keeps its own. A symbolic link stays, and
/// what it points to is replaced.
///
/// # Errors
/// Those of the file system, or if something else than a file has that name; then nothing of that name has changed.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_atomically_with(path, |writer| writer.write_all(bytes))
}

/// The same for a file that is too large to be put together in memory: `write` is given the temporary file.
///
/// # Errors
/// As for [`write_atomically`], and those of `write`; then nothing of that name has changed.
pub fn write_atomically_with<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
) -> Result<(), E> {
    if path.file_name().is_none() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a path to a file is needed").into());
    }
    let path = &behind_links(path);
    let replaced = fs::symlink_metadata(path).ok();
    if let Some(metadata) = &replaced {
        super::read::check_regular(metadata).map_err(io::Error::other)?;
    }
    let folder = folder_of(path);
    let temporary = create(folder, replaced.as_ref())?;
    let mut writer = BufWriter::new(temporary.as_file().try_clone()?);
    write(&mut writer)?;
    writer.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    // Dropped on any error above, the temporary file is removed.
    temporary.persist(path).map_err(|failed| match failed.error.kind() {
        // Made while this was written.
        io::ErrorKind::IsADirectory => io::Error::other(super::OpenError::Folder),
        _ => failed.error,
    })?;
    Ok(sync_folder(folder)?)
}

/// Writes a folder that does not exist: `write` fills one with a temporary name, which is then renamed.
///
/// # Errors
/// Those of the file system and of `write`; then there is no folder of that name.
pub(crate) fn write_folder_atomically<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    with_umask(&mut builder, 0o777);
    let temporary = builder.tempdir_in(folder)?;
    // Dropped on any error, the temporary folder is removed with all that is in it.
    write(temporary.path())?;
    fs::rename(temporary.path(), path)?;
    // It has another name now.
    let _ = temporary.keep();
    Ok(sync_folder(folder)?)
}

/// Whether a file of this name was left by a process that was killed while it wrote.
#[cfg(any(test, feature = "report"))]
pub(crate) fn is_temporary(name: &str) -> bool {
    let [start, end] = TEMPORARY;
    name.starts_with(start) && name.ends_with(end)
}

/// The file that a symbolic link points to; a link to nothing is replaced itself.
fn behind_links(path: &Path) -> PathBuf {
    match path.is_symlink() {
        true => fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
        false => path.to_owned(),
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Our temporary names, and the permissions `mode`, of which the umask takes its part.
fn with_umask(builder: &mut tempfile::Builder<'static, 'static>, mode: u32) {
    let [start, end] = TEMPORARY;
    builder.prefix(start).suffix(end);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
}

fn create(folder: &Path, replaced: Option<&Metadata>) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    with_umask(&mut builder, 0o666);
    let temporary = builder.tempfile_in(folder)?;
    if let Some(metadata) = replaced {
        temporary.as_file().set_permissions(metadata.permissions())?;
    }
    Ok(temporary)
}

/// Flushes the folder's entry for a file, without which a power cut could undo the renaming.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // Not every file system can do this, and not every folder that may be written in may be read.
        Err(error) if [InvalidInput, PermissionDenied, Unsupported].contains(&error.kind()) => Ok(()),
        other => other,
    }
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(write_atomically(&folder.path().join("missing").join("b"), b"").is_err());
        let failed = write_atomically_with(&path, |writer| {
            writer.write_all(b"half")?;
            Err(io::Error::other("the disk is full"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "the disk is full");
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn the_longest_name_that_a_file_system_takes_is_written() {
        let folder = tempfile::tempdir().unwrap();
        write_atomically(&folder.path().join("a".repeat(255)), b"text").unwrap();
    }

    #[test]
    fn many_threads_write_one_file_and_a_reader_sees_one_of_them_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let written: Vec<Vec<u8>> = (0..8).map(|thread| vec![thread; 100_000]).collect();
        std::thread::scope(|scope| {
            for bytes in &written {
                scope.spawn(|| (0..20).for_each(|_| write_atomically(&path, bytes).unwrap()));
            }
        });
        assert!(written.contains(&fs::read(&path).unwrap()));
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn what_is_no_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("folder");
        fs::create_dir(&below).unwrap();
        let error = write_atomically(&below, b"").unwrap_err().to_string();
        assert!(error.contains("a folder"), "{error}");
        assert!(below.is_dir());
        #[cfg(unix)]
        {
            let socket = folder.path().join("socket");
            let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
            let error = write_atomically(&socket, b"").unwrap_err().to_string();
            assert!(error.contains("a socket"), "{error}");
        }
        assert!(!names(folder.path()).iter().any(|name| is_temporary(name)));
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_has_the_permissions_of_any_other_and_a_replaced_one_keeps_its_own() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        fs::write(folder.path().join("usual"), "").unwrap();
        write_atomically(&folder.path().join("ours"), b"").unwrap();
        assert_eq!(mode("ours"), mode("usual"));
        for private in [0o100_600, 0o100_664] {
            fs::set_permissions(folder.path().join("ours"), fs::Permissions::from_mode(private)).unwrap();
            write_atomically(&folder.path().join("ours"), b"new").unwrap();
            assert_eq!(mode("ours"), private);
        }
    }

    #[test]
    fn a_folder_appears_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        let failed = write_folder_atomically(&path, |inside| {
            fs::write(inside.join("file"), "half")?;
            Err(io::Error::other("the disk is full"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "the disk is full");
        assert_eq!(names(&folder.path().join("a")), [""; 0]);
        write_folder_atomically(&path, |inside| fs::write(inside.join("file"), "whole")).unwrap();
        assert_eq!(fs::read(path.join("file")).unwrap(), b"whole");
        assert_eq!(names(&folder.path().join("a")), ["b"]);
        #[cfg(unix)]
        {
            let usual = folder.path().join("usual");
            fs::create_dir(&usual).unwrap();
            assert_eq!(fs::metadata(path).unwrap().permissions(), fs::metadata(usual).unwrap().permissions());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_what_it_points_to_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (other, file) = (folder.path().join("other"), folder.path().join("other/file"));
        fs::create_dir(&other).unwrap();
        fs::write(&file, "old").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("other/file", &link).unwrap();
        write_atomically(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(names(&other), ["file"]);
    }
}
