//! Bounds the work that the headers of a file ask of the decoder.
//!
//! The footer and the header of each page are structs in [Thrift's compact protocol]. The decoder skips fields that it does not
//! know, and takes a boolean within a list for no bytes at all: a list of six bytes can claim 2³¹ of them, and is gone through to its end.
//! The format's headers have no such lists. So each header is walked here first, and one with a long list of booleans is refused.
//!
//! [Thrift's compact protocol]: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

use std::io::{self, Read};

use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::reader::{ChunkReader, Length};
use bytes::Bytes;

/// More booleans in one list than any writer has use for, and few enough to be gone through for every four bytes of a header.
const MAX_BOOLEANS: u64 = 1024;

/// The decoder goes 64 levels into what it does not know, which lies a few levels deep.
const MAX_DEPTH: u32 = 100;

/// The length of the footer's header, and [`MAGIC`].
const TAIL_BYTES: u64 = 8;

const MAGIC: &[u8] = b"PAR1";

/// A file whose headers are walked before the decoder has them.
pub(super) struct Checked<R>(R);

impl<R: ChunkReader> Checked<R> {
    /// Walks the footer; page headers are walked when they are read.
    pub fn new(file: R) -> Result<Self> {
        let length = file.len();
        if let Some(start) = length.checked_sub(TAIL_BYTES) {
            let tail = file.get_bytes(start, TAIL_BYTES as usize)?;
            if let (Some(size), Some(MAGIC)) = (tail.first_chunk(), tail.get(4..))
                && let Some(start) = start.checked_sub(u64::from(u32::from_le_bytes(*size)))
            {
                check(file.get_read(start)?)?;
            }
        }
        Ok(Self(file))
    }
}

impl<R: ChunkReader> Length for Checked<R> {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl<R: ChunkReader> ChunkReader for Checked<R> {
    type T = R::T;

    /// The decoder reads page headers so and, besides them, only the end of the file.
    fn get_read(&self, start: u64) -> Result<R::T> {
        if start.saturating_add(TAIL_BYTES) < self.len() {
            check(self.0.get_read(start)?)?;
        }
        self.0.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.0.get_bytes(start, length)
    }
}

/// Walks one struct.
///
/// # Errors
/// If it has a long list of booleans. What else is wrong with it is for the decoder to say.
fn check(mut header: impl Read) -> Result<()> {
    match skip(&mut header, STRUCT, MAX_DEPTH) {
        Err(Obstacle::Booleans(count)) => Err(ParquetError::General(format!(
            "a header has a list of {count} booleans, of which the format has none"
        ))),
        Ok(()) | Err(Obstacle::Damage) => Ok(()),
    }
}

/// Why a struct is not walked to its end.
#[derive(Debug, PartialEq, Eq)]
enum Obstacle {
    /// A list or map of so many booleans.
    Booleans(u64),
    /// It is cut short, or no struct.
    Damage,
}

impl From<io::Error> for Obstacle {
    fn from(_: io::Error) -> Self {
        Self::Damage
    }
}

/// The protocol's number of a struct; [`skip`] has the others.
const STRUCT: u8 = 12;

/// Skips a value of a type, taking as many bytes for it as the decoder does.
fn skip(header: &mut impl Read, kind: u8, depth: u32) -> std::result::Result<(), Obstacle> {
    let depth = depth.checked_sub(1).ok_or(Obstacle::Damage)?;
    match kind {
        kind if is_boolean(kind) => Ok(()),
        // A byte.
        3 => skip_bytes(header, 1),
        // Integers of 16, 32 and 64 bits.
        4..=6 => integer(header).map(drop),
        // A number of double precision.
        7 => skip_bytes(header, 8),
        // Bytes or text.
        8 => {
            let length = integer(header)?;
            skip_bytes(header, length)
        }
        // A list or a set.
        9 | 10 => {
            let first = byte(header)?;
            let count = if first >> 4 == 15 { integer(header)? } else { u64::from(first >> 4) };
            skip_elements(header, count, &[first & 15], depth)
        }
        // A map.
        11 => match integer(header)? {
            0 => Ok(()),
            count => {
                let kinds = byte(header)?;
                skip_elements(header, count, &[kinds >> 4, kinds & 15], depth)
            }
        },
        STRUCT => loop {
            let field = byte(header)?;
            if field & 15 == 0 {
                return Ok(());
            }
            // The field's number, where it is not the difference to the one before.
            if field >> 4 == 0 {
                integer(header)?;
            }
            skip(header, field & 15, depth)?;
        },
        // A UUID.
        13 => skip_bytes(header, 16),
        _ => Err(Obstacle::Damage),
    }
}

/// Skips so many elements, each of values of these types.
fn skip_elements(
    header: &mut impl Read,
    count: u64,
    kinds: &[u8],
    depth: u32,
) -> std::result::Result<(), Obstacle> {
    if count > MAX_BOOLEANS && kinds.iter().all(|&kind| is_boolean(kind)) {
        return Err(Obstacle::Booleans(count));
    }
    (0..count).try_for_each(|_| kinds.iter().try_for_each(|&kind| skip(header, kind, depth)))
}

fn is_boolean(kind: u8) -> bool {
    matches!(kind, 1 | 2)
}

fn byte(header: &mut impl Read) -> io::Result<u8> {
    let mut byte = [0];
    header.read_exact(&mut byte)?;
    Ok(byte[0])
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn integer(header: &mut impl Read) -> std::result::Result<u64, Obstacle> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = byte(header)?;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Obstacle::Damage)
}

fn skip_bytes(header: &mut impl Read, count: u64) -> std::result::Result<(), Obstacle> {
    match io::copy(&mut header.take(count), &mut io::sink())? {
        skipped if skipped == count => Ok(()),
        _ => Err(Obstacle::Damage),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A struct with one field: its number, its type, and its bytes.
    fn header(field: u8, kind: u8, bytes: &[u8]) -> Vec<u8> {
        [&[field << 4 | kind], bytes, &[0]].concat()
    }

    fn walk(bytes: &[u8]) -> std::result::Result<(), Obstacle> {
        skip(&mut &bytes[..], STRUCT, MAX_DEPTH)
    }

    #[test]
    fn a_struct_is_walked_to_its_end() {
        let list_of_structs = [&[0x2C][..], &header(1, 6, &[0x80, 1]), &header(2, 8, b"\x03abc")].concat();
        let map = [1, 0x85, 3, b'a', b'b', b'c', 7];
        for bytes in [
            header(1, 9, &list_of_structs),
            header(1, 11, &map),
            header(3, 7, &[0; 8]),
            header(3, 13, &[0; 16]),
            header(1, 1, &[]),
        ] {
            let mut rest = &bytes[..];
            assert_eq!(skip(&mut rest, STRUCT, MAX_DEPTH), Ok(()), "{bytes:?}");
            assert!(rest.is_empty(), "{bytes:?}");
            for length in 0..bytes.len() {
                assert_eq!(walk(&bytes[..length]), Err(Obstacle::Damage), "{length} bytes of {bytes:?}");
            }
        }
    }

    #[test]
    fn a_long_list_of_booleans_is_refused_wherever_it_stands() {
        let claims = [0xFF, 0xFF, 0xFF, 0xFF, 7];
        let list = header(15, 9, &[&[0xF2][..], &claims].concat());
        let map = header(15, 11, &[&claims[..], &[0x12]].concat());
        for bytes in
            [list.clone(), map, header(5, STRUCT, &list), header(5, 9, &[&[0x1C][..], &list].concat())]
        {
            assert_eq!(walk(&bytes), Err(Obstacle::Booleans(0x7FFF_FFFF)), "{bytes:?}");
            assert!(check(&bytes[..]).is_err());
        }
        assert_eq!(walk(&header(15, 9, &[0xF2, 0x80, 8])), Ok(()), "1024 of them are few");
    }

    #[test]
    fn depth_is_bounded() {
        assert_eq!(walk(&[0x1C; 1 << 20]), Err(Obstacle::Damage));
    }
}
