//! Telling a format by content: the first bytes of a file, the names in a folder.
//!
//! A file's name decides nothing, so that `data.bin` or a name without an ending works, and a wrong ending misleads nobody.

use std::path::Path;

use super::error::{Fault, Place, Problem};
use super::idx;

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// One array in the format of MNIST: [`super::idx`].
    Idx,
    /// One NumPy array: [`super::npy`].
    Npy,
    /// Named NumPy arrays: [`super::npy::Archive`].
    Npz,
    /// A table as text, separated by commas, semicolons, tabs or vertical bars: [`super::csv`].
    Csv,
    /// A table in columns: `super::parquet`.
    Parquet,
    /// A single picture; data sets are folders of them.
    Image,
    /// A folder of IDX files.
    IdxFolder,
    /// Any other folder: images, if it holds any.
    Folder,
}

/// Formats that people have, that narrows does not read, and what to do with them.
const FOREIGN: [(&[u8], &str, &str); 16] = [
    (b"%PDF", "this is a PDF document", "narrows reads images, tables and arrays"),
    (b"\x89HDF\r\n\x1a\n", "this is an HDF5 file", "save its array with NumPy as .npy"),
    (b"SQLite format 3\0", "this is an SQLite database", "write its table as CSV"),
    (b"Rar!", "this is a RAR archive", "unpack it, and give the folder"),
    (b"7z\xBC\xAF\x27\x1C", "this is a 7-Zip archive", "unpack it, and give the folder or file in it"),
    (b"\xFD7zXZ\0", "this is compressed by xz", "unpack it first"),
    (b"BZh", "this is compressed by bzip2", "unpack it first"),
    (b"\x28\xB5\x2F\xFD", "this is compressed by zstd", "unpack it first"),
    (b"\xFF\xFE", "this is text in the encoding UTF-16", "save it with the encoding UTF-8"),
    (b"\xFE\xFF", "this is text in the encoding UTF-16", "save it with the encoding UTF-8"),
    (b"ARROW1", "this is an Arrow (Feather) file", "write the table as Parquet"),
    (b"FEA1", "this is a Feather file", "write the table as Parquet"),
    (b"MATLAB", "this is a MATLAB file", "save its array with NumPy as .npy"),
    (b"\xD0\xCF\x11\xE0", "this is an old Excel file", "save the sheet as CSV"),
    (
        b"<!DOCTYPE",
        "this is a web page",
        "was an error page saved in place of the data? Fetch the file again",
    ),
    (b"<html", "this is a web page", "was an error page saved in place of the data? Fetch the file again"),
];

const PICKLE: (&str, &str) = (
    "this is a Python pickle, which can run any program and is never read",
    "save the arrays with numpy.savez",
);

pub(super) fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1F, 0x8B, 8])
}

/// The format of a file that begins with `head`.
pub(super) fn bytes(head: &[u8]) -> Result<Format, Fault> {
    if head.is_empty() {
        return Err(Problem::Empty.into());
    }
    if head.starts_with(b"\x93NUMPY") {
        return Ok(Format::Npy);
    }
    if head.starts_with(b"PAR1") {
        return Ok(Format::Parquet);
    }
    if is_image(head) {
        return Ok(Format::Image);
    }
    if idx::is_magic(head) {
        return Ok(Format::Idx);
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return zip(head);
    }
    if is_gzip(head) {
        return Err(foreign("this is compressed by gzip twice", "unpack it once"));
    }
    for (magic, found, advice) in FOREIGN {
        if head.starts_with(magic) {
            return Err(foreign(found, advice));
        }
    }
    text(head)
}

/// Whether a folder holds IDX files; whether it may be read at all.
pub(super) fn folder(path: &Path) -> Result<Format, Fault> {
    for entry in std::fs::read_dir(path).map_err(Problem::from)? {
        let name = entry.map_err(Problem::from)?.file_name();
        if idx::is_usual_name(&name.to_string_lossy()) {
            return Ok(Format::IdxFolder);
        }
    }
    Ok(Format::Folder)
}

/// Whether a file that begins with `head` is a picture that narrows reads.
pub(super) fn is_image(head: &[u8]) -> bool {
    head.starts_with(b"\x89PNG\r\n\x1a\n")
        || head.starts_with(b"\xFF\xD8\xFF")
        || head.starts_with(b"GIF87a")
        || head.starts_with(b"GIF89a")
        || (head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP"))
        || head.starts_with(b"II*\0")
        || head.starts_with(b"MM\0*")
        // `BM` alone begins many words: the two reserved fields are 0 in every bitmap.
        || (head.starts_with(b"BM") && head.get(6..10) == Some(&[0; 4]))
}

/// Archives of arrays are told from other zip files by the name of their first member.
fn zip(head: &[u8]) -> Result<Format, Fault> {
    let name_length =
        head.get(26..28).map_or(0, |bytes| usize::from(u16::from_le_bytes([bytes[0], bytes[1]])));
    let name = head.get(30..30 + name_length).unwrap_or_default();
    if name.ends_with(b".npy") || head.starts_with(b"PK\x05\x06") {
        return Ok(Format::Npz);
    }
    if name == b"[Content_Types].xml" {
        return Err(foreign("this is an Excel or Office file", "save the sheet as CSV"));
    }
    Err(foreign(
        "this is a zip archive whose first member is no array",
        "unpack it, and give the folder or file in it",
    ))
}

/// Text is a table; what is not text is nothing we know.
fn text(head: &[u8]) -> Result<Format, Fault> {
    if let [0x80, 2..=5, ..] = head {
        return Err(foreign(PICKLE.0, PICKLE.1));
    }
    if head.iter().any(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31)) {
        return Err(foreign("this is no format that narrows knows", KNOWN));
    }
    // An error without a length is a character that the end of `head` cuts in two.
    if let Err(error) = std::str::from_utf8(head)
        && error.error_len().is_some()
    {
        let offset = error.valid_up_to();
        return Err(Problem::NotUtf8 { byte: head[offset] }.at(Place::Byte(offset as u64)));
    }
    match head.trim_ascii_start().first() {
        Some(b'{' | b'[') => Err(foreign("this looks like JSON", "write the table as CSV")),
        Some(b'<') => Err(foreign("this looks like XML or a web page", "write the table as CSV")),
        _ => Ok(Format::Csv),
    }
}

const KNOWN: &str =
    "it reads IDX, NPY, NPZ, CSV, TSV, Parquet, and folders of PNG, JPEG, BMP, WebP, GIF or TIFF images";

fn foreign(found: &'static str, advice: &'static str) -> Fault {
    Problem::Unrecognised { found, advice }.into()
}
