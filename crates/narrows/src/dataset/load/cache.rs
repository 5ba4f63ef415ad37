//! What is too large for memory, and lies in a format that cannot be read block by block, as arrays that can.
//!
//! A folder of the cache holds what one path was read as: an array for each part (`train.npy` …), a record of all else, and
//! [`SUMS`] with the SHA-256 of each of these files, as `sha256sum` writes it. The folder's name holds a hash of what it was made
//! from ([`place`]), and it appears when it is whole: it is found again as long as nothing of that changes, and made anew otherwise.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::LoadError;
use super::found::{Found, FoundParts, FoundValues, Kind, Labels};
use super::memory::too_large;
use super::{LoadOptions, MissingRule, Reader, Wanted};
use crate::dataset::format::npy::RowWriter;
use crate::dataset::format::{self, ArrayFile};
use crate::dataset::{Part, ReadAhead};
use crate::files::hexadecimal;
use crate::files::{self, write_folder_atomically};

/// What lies in a folder, beside the arrays.
const RECORD: &str = "record.json";

/// The checksums of all other files of a folder.
const SUMS: &str = "SHA256SUMS";

/// Another number for another meaning of what lies in a folder.
const VERSION: u32 = 1;

/// The longest record that is read, 1 GiB: names and classes of many million rows.
const MAX_RECORD_BYTES: u64 = 1 << 30;

/// All that was found out, without the values.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    parts: Vec<CachedPart>,
    /// A sentence each.
    notes: Vec<String>,
}

/// One part of a data set, of which the values are an array beside the record.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CachedPart {
    pub part: Part,
    pub kind: Kind,
    pub labels: Option<Labels>,
    pub ids: Option<Vec<String>>,
}

/// What does not fit into memory.
#[derive(Clone, Copy)]
pub(super) struct Needed<'a> {
    pub path: &'a str,
    /// All files that are read for it.
    pub files: &'a [PathBuf],
    /// What its values take.
    pub bytes: u64,
    /// What memory is left.
    pub left: u64,
    pub wanted: Wanted<'a>,
}

impl Reader<'_> {
    /// Values of so many bytes, which are more than the memory that is left, as an earlier reading wrote them into the cache, or as
    /// `make` writes them into a folder now.
    pub fn through_cache(
        &mut self,
        cache: &Path,
        needed: Needed<'_>,
        make: impl FnOnce(&mut Self, &Path) -> Result<Vec<CachedPart>, LoadError>,
    ) -> Result<FoundParts, LoadError> {
        let Needed { path, files, bytes, left, wanted } = needed;
        let ahead = self.read_ahead(left)?;
        let options = self.options;
        let place = |wanted: &Wanted<'_>| {
            place(cache, path, files, options, wanted)
                .map_err(|source| LoadError::Cache { place: cache.to_owned(), source })
        };
        let (why, there) = (too_large(path, bytes, left), place(&wanted)?);
        // What a model was trained on is also what the model wants, where the columns are the same.
        let mut known = vec![there.clone(), place(&Wanted::default())?];
        known.dedup();
        for place in known {
            let record = read(&place).filter(|record| record.has_columns(wanted.columns));
            let Some(record) = record else { continue };
            self.notes.push(format!(
                "{why}; they are read block by block from {}, where they were written before",
                place.display()
            ));
            self.notes.extend(record.notes.iter().cloned());
            return record.found(path, &place, ahead);
        }
        let said = self.notes.len();
        let record = write(&there, |folder| {
            let parts = make(self, folder)?;
            match place(&wanted)? == there {
                true => Ok(Record { parts, notes: self.notes.split_off(said) }),
                false => Err(LoadError::Changed(path.to_owned())),
            }
        })?;
        self.notes.push(format!(
            "{why}; they were written to {}, are read from there block by block, and kept for the next time",
            there.display()
        ));
        self.notes.extend(record.notes.iter().cloned());
        record.found(path, &there, ahead)
    }
}

/// The file of a part's values.
pub(super) fn array_name(part: Part) -> String {
    format!("{part}.npy")
}

/// Writes an array of the cache anew, as rows of bytes of the shape `shape`.
pub(super) fn rewrite(
    path: &Path,
    shape: &[usize],
    bytes_of: impl Fn(format::Values) -> Vec<u8>,
) -> Result<(), LoadError> {
    /// Values that are read at a time.
    const PIECE: usize = 1 << 20;
    let failed = |source| LoadError::Cache { place: path.to_owned(), source };
    let array = ArrayFile::open(path)?;
    let (rows, row) = (array.layout().rows(), array.layout().row_values());
    let new = path.with_extension("new");
    let mut writer = RowWriter::of_bytes(&new, shape).map_err(failed)?;
    let (step, mut piece) = ((PIECE / row).max(1), Vec::new());
    for first in (0..rows).step_by(step) {
        let mut values = array.no_values();
        array
            .append_rows(first..rows.min(first + step), &mut piece, &mut values)
            .map_err(|error| failed(io::Error::other(error)))?;
        writer.append_bytes(&bytes_of(values)).map_err(failed)?;
    }
    writer.finish().and_then(|()| fs::rename(&new, path)).map_err(failed)
}

/// Where in the cache lies what `path` was read as. Its name depends on the version of this library, the path, the length and the
/// time of the last change of each file that is read, and on all that has an influence on values: options, and what is wanted.
fn place(
    cache: &Path,
    path: &str,
    files: &[PathBuf],
    options: &LoadOptions,
    wanted: &Wanted<'_>,
) -> io::Result<PathBuf> {
    let of_values = LoadOptions {
        path: String::new(),
        test: None,
        validation: None,
        test_share: None,
        validation_share: None,
        split: None,
        split_seed: 0,
        memory: None,
        cache: None,
        // What becomes of missing values is decided later, where they may be there at all.
        missing: MissingRule::Error,
        ..options.clone()
    };
    let wanted = (wanted.columns, wanted.leaves_out_words, wanted.keeps_missing(options));
    let version = (VERSION, env!("CARGO_PKG_VERSION"));
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(&(version, of_values, wanted))?);
    add_text(&mut hash, fs::canonicalize(path)?.as_os_str().as_encoded_bytes());
    for file in files {
        add_text(&mut hash, file.as_os_str().as_encoded_bytes());
        hash.update(state(&fs::metadata(file)?));
    }
    let hash = hexadecimal(hash);
    // As much of the name as leaves room for the hash in what file systems take.
    let name: String = LoadOptions::of(path).name().chars().take(40).collect();
    Ok(cache.join(format!("{name}-{}", &hash[..32])))
}

/// With its length, so that no two texts are taken for one.
fn add_text(hash: &mut Sha256, text: &[u8]) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
}

/// The length, and the time of the last change where the file system knows it.
fn state(metadata: &Metadata) -> [u8; 24] {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let mut state = [0; 24];
    state[..8].copy_from_slice(&metadata.len().to_le_bytes());
    state[8..].copy_from_slice(&modified.map_or(0, |since| since.as_nanos()).to_le_bytes());
    state
}

/// What an earlier reading left at this place; nothing if there is nothing, or it is not what was written.
fn read(place: &Path) -> Option<Record> {
    let sums = files::read_text(&place.join(SUMS), MAX_RECORD_BYTES).ok()?;
    let sums: Vec<(&str, &str)> = sums.lines().map(|line| line.split_once("  ")).collect::<Option<_>>()?;
    let is_whole = |name: &str| {
        let known = sums.iter().find(|(_, other)| *other == name);
        known.is_some_and(|(known, _)| files::sha256(&place.join(name)).is_ok_and(|found| found == *known))
    };
    if !is_whole(RECORD) {
        return None;
    }
    let text = files::read_text(&place.join(RECORD), MAX_RECORD_BYTES).ok()?;
    let record: Record = serde_json::from_str(&text).ok()?;
    let is_sound = |part: &CachedPart| is_whole(&array_name(part.part)) && part.fits(place);
    record.parts.iter().all(is_sound).then_some(record)
}

/// Lets `make` write the arrays into a folder, which then appears at `place` in place of what was there.
fn write(place: &Path, make: impl FnOnce(&Path) -> Result<Record, LoadError>) -> Result<Record, LoadError> {
    let failed = |source| LoadError::Cache { place: place.to_owned(), source };
    if fs::symlink_metadata(place).is_ok() {
        fs::remove_dir_all(place).map_err(failed)?;
    }
    let mut record = None;
    let written = write_folder_atomically(place, |folder| {
        let made = make(folder)?;
        fs::write(folder.join(RECORD), serde_json::to_vec(&made).map_err(io::Error::from)?)?;
        let arrays = made.parts.iter().map(|part| array_name(part.part));
        let mut sums = File::create_new(folder.join(SUMS))?;
        for name in arrays.chain([RECORD.to_owned()]) {
            writeln!(sums, "{}  {name}", files::sha256(&folder.join(&name))?)?;
        }
        record = Some(made);
        sums.sync_all().map_err(Stop::from)
    });
    match (written, record) {
        (Ok(()), Some(record)) => Ok(record),
        // Another process was faster, and wrote the same.
        (Err(Stop::Io(_)), Some(record)) if read(place).is_some() => Ok(record),
        (Err(Stop::Load(error)), _) => Err(error),
        (Err(Stop::Io(error)), _) => Err(failed(error)),
        (Ok(()), None) => unreachable!("the folder is there once it was filled"),
    }
}

/// What ends the writing.
enum Stop {
    Io(io::Error),
    Load(LoadError),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<LoadError> for Stop {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl CachedPart {
    /// Whether rows, labels and names are as many as the array at `place` has.
    fn fits(&self, place: &Path) -> bool {
        let Ok(array) = ArrayFile::open(&place.join(array_name(self.part))) else { return false };
        let rows = array.layout().rows();
        let labels = self.labels.as_ref().is_none_or(|labels| {
            labels.of_rows.len() == rows
                && labels.of_rows.iter().all(|&label| (label as usize) < labels.names.len())
        });
        labels
            && self.ids.as_ref().is_none_or(|ids| ids.len() == rows)
            && self.kind.features() == array.layout().row_values()
    }
}

impl Record {
    /// Whether all parts have these columns, where some are wanted.
    fn has_columns(&self, wanted: Option<&[String]>) -> bool {
        let has = |part: &CachedPart, wanted: &[String]| matches!(&part.kind, Kind::Table(columns) if columns == wanted);
        wanted.is_none_or(|wanted| self.parts.iter().all(|part| has(part, wanted)))
    }

    /// The parts, whose values are read from `place`.
    fn found(self, path: &str, place: &Path, ahead: ReadAhead) -> Result<FoundParts, LoadError> {
        let [mut train, mut validation, mut test] = [None, None, None];
        for CachedPart { part, kind, labels, ids } in self.parts {
            let array = ArrayFile::open(&place.join(array_name(part)))?;
            let values = FoundValues::File(array, ahead);
            let found = Some(Found { path: path.to_owned(), kind, values, labels, ids });
            match part {
                Part::Train => train = found,
                Part::Validation => validation = found,
                Part::Test => test = found,
            }
        }
        FoundParts::of_any(train, validation, test).ok_or_else(|| LoadError::Cache {
            place: place.to_owned(),
            source: io::Error::other("it has no parts; remove the folder"),
        })
    }
}
