//! Opening what a path names: it is known what it is before more than its beginning is read.

use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::error::{Fault, FormatError, Problem};
use super::recognise::{self, Format};
use super::{Limits, STANDARD_INPUT};
use crate::files::{self, OpenError};

/// As much as decides what a file is: CSV is the format that needs the most.
const HEAD_BYTES: usize = 4096;

/// An opened file, folder or stream, whose format is known.
pub struct Source {
    path: PathBuf,
    format: Format,
    gzip: bool,
    origin: Origin,
}

enum Origin {
    Folder,
    File(File),
    Stream(Stream),
}

/// Bytes in order: those of a file after its compression.
pub(super) type Stream = Box<dyn Read + Send>;

impl Source {
    /// Opens what `path` names; `-` is the standard input.
    ///
    /// # Errors
    /// If there is nothing of that name, it may not be read, it is a device, a pipe or a socket (then nothing is
    /// read at all), or a format that narrows does not read.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        if path == Path::new(STANDARD_INPUT) {
            return Self::from_reader(path, io::stdin());
        }
        Self::open_file_or_folder(path).map_err(|fault| fault.in_file(path))
    }

    /// Takes bytes from anywhere; `path` is what messages call them.
    ///
    /// # Errors
    /// If reading fails, or the format is none that narrows reads.
    pub fn from_reader(path: &Path, reader: impl Read + Send + 'static) -> Result<Self, FormatError> {
        Self::recognised(path, Box::new(reader)).map_err(|fault| fault.in_file(path))
    }

    /// The path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is, inside its compression if it has one.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether it is compressed by gzip: then it can only be read from beginning to end.
    pub fn is_gzip(&self) -> bool {
        self.gzip
    }

    /// How many bytes there are after the compression, as far as that is known without reading them: gzip says at its end how long its last
    /// member is, in 32 bits.
    pub(in crate::dataset) fn content_bytes(&self) -> Result<u64, FormatError> {
        let length_of = || -> Result<u64, Fault> {
            let mut file = open_regular(&self.path)?;
            let length = file.metadata().map_err(Problem::from)?.len();
            if !self.gzip || length < 4 {
                return Ok(length);
            }
            file.seek(SeekFrom::End(-4)).map_err(Problem::from)?;
            let mut of_member = [0; 4];
            file.read_exact(&mut of_member).map_err(Problem::from)?;
            // So long a file may well hold more than 32 bits can say; text is compressed to a third or less.
            let at_least = if length > 1 << 30 { 3 * length } else { length };
            Ok(u64::from(u32::from_le_bytes(of_member)).max(at_least))
        };
        length_of().map_err(|fault| fault.in_file(&self.path))
    }

    fn open_file_or_folder(path: &Path) -> Result<Self, Fault> {
        let metadata = fs::metadata(path).map_err(Problem::from)?;
        if metadata.is_dir() {
            let format = recognise::folder(path)?;
            return Ok(Self { path: path.to_owned(), format, gzip: false, origin: Origin::Folder });
        }
        let mut file = open_regular(path)?;
        let mut head = Vec::new();
        (&mut file).take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(Problem::from)?;
        file.seek(SeekFrom::Start(0)).map_err(Problem::from)?;
        if recognise::is_gzip(&head) {
            return Self::recognised(path, Box::new(file));
        }
        let format = recognise::bytes(&head)?;
        Ok(Self { path: path.to_owned(), format, gzip: false, origin: Origin::File(file) })
    }

    fn recognised(path: &Path, mut reader: Stream) -> Result<Self, Fault> {
        let mut head = read_head(&mut reader)?;
        let gzip = recognise::is_gzip(&head);
        if gzip {
            reader = Box::new(Gunzip(MultiGzDecoder::new(BufReader::new(Cursor::new(head).chain(reader)))));
            head = read_head(&mut reader)?;
        }
        let format = recognise::bytes(&head)?;
        let stream = Box::new(Cursor::new(head).chain(reader));
        Ok(Self { path: path.to_owned(), format, gzip, origin: Origin::Stream(stream) })
    }

    /// The path, and the bytes in order with their number where it is known beforehand.
    pub(super) fn into_stream(self) -> Result<(PathBuf, Stream, Option<u64>), FormatError> {
        match self.origin {
            Origin::Stream(stream) => Ok((self.path, stream, None)),
            Origin::File(file) => {
                let length = file.metadata().map(|metadata| metadata.len());
                let length = length.map_err(|error| Fault::from(error).in_file(&self.path))?;
                Ok((self.path, Box::new(file), Some(length)))
            }
            Origin::Folder => Err(a_file_was_expected(&self.path)),
        }
    }

    /// The file itself, if it is one that can be read from anywhere.
    pub(super) fn into_file(self) -> Result<File, FormatError> {
        match self.origin {
            Origin::File(file) => Ok(file),
            Origin::Folder => Err(a_file_was_expected(&self.path)),
            Origin::Stream(_) => {
                let problem =
                    Problem::Kind { expected: "a file that can be read from anywhere", found: "a stream" };
                Err(Fault::from(problem).in_file(&self.path))
            }
        }
    }

    /// The path, and bytes that can be read from anywhere: a file's in place, a stream's after they were read whole.
    pub(super) fn into_seekable(self, limits: &Limits) -> Result<(PathBuf, Seekable), FormatError> {
        match self.origin {
            Origin::File(file) => Ok((self.path, Seekable::File(file))),
            Origin::Stream(stream) => {
                let bytes = read_whole(stream, None, limits).map_err(|fault| fault.in_file(&self.path))?;
                Ok((self.path, Seekable::Bytes(Cursor::new(bytes))))
            }
            Origin::Folder => Err(a_file_was_expected(&self.path)),
        }
    }
}

/// A file in place, or bytes in memory.
pub(super) enum Seekable {
    File(File),
    Bytes(Cursor<Vec<u8>>),
}

impl Read for Seekable {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Bytes(bytes) => bytes.read(buffer),
        }
    }
}

impl Seek for Seekable {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(position),
            Self::Bytes(bytes) => bytes.seek(position),
        }
    }
}

/// Opens a regular file, as everything in this library does.
pub(super) fn open_regular(path: &Path) -> Result<File, Problem> {
    files::open_regular(path).map_err(|error| match error {
        OpenError::Io(error) => error.into(),
        OpenError::Folder => Problem::Kind { expected: "a file", found: "a folder" },
        OpenError::Special(kind) => Problem::Special(kind),
    })
}

/// All bytes of a stream, no more than the limit allows; `length` is their number where it is known.
pub(super) fn read_whole(mut stream: Stream, length: Option<u64>, limits: &Limits) -> Result<Vec<u8>, Fault> {
    limits.check(length.unwrap_or(0))?;
    let mut bytes = Vec::new();
    if let Some(length) = length.and_then(|length| usize::try_from(length).ok()) {
        bytes
            .try_reserve_exact(length)
            .map_err(|_| Problem::TooLarge { needed: length as u64, limit: limits.bytes })?;
    }
    (&mut stream).take(limits.bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(Problem::from)?;
    limits.check(bytes.len() as u64)?;
    Ok(bytes)
}

fn read_head(reader: &mut Stream) -> Result<Vec<u8>, Problem> {
    let mut head = Vec::new();
    reader.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn a_file_was_expected(path: &Path) -> FormatError {
    Fault::from(Problem::Kind { expected: "a file", found: "a folder" }).in_file(path)
}

/// Says of every error that it comes from the compression.
struct Gunzip<R>(MultiGzDecoder<R>);

impl<R: io::BufRead> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                io::Error::other(Problem::Gzip(error))
            }
            _ => error,
        })
    }
}
