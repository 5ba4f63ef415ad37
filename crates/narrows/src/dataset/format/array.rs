//! Arrays of numbers as IDX and NumPy files hold them: one layout, one way to decode it.
//!
//! Bytes stay bytes; every other number becomes the nearest `f32`, which training works with.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;

use half::f16;

use super::Limits;
use super::error::{Fault, Place, Problem};

/// What an element is in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Element {
    /// 0 or 1.
    Bool,
    /// 8 bits, unsigned.
    U8,
    /// 8 bits, signed.
    I8,
    /// 16 bits, unsigned.
    U16,
    /// 16 bits, signed.
    I16,
    /// 32 bits, unsigned.
    U32,
    /// 32 bits, signed.
    I32,
    /// 64 bits, unsigned.
    U64,
    /// 64 bits, signed.
    I64,
    /// Half precision.
    F16,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// Text of so many characters, four bytes each, filled up with zeros.
    Characters(usize),
    /// Text of so many bytes, filled up with zeros.
    Bytes(usize),
}

impl Element {
    /// Bytes that one takes in the file.
    pub fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
            Self::Characters(length) => 4 * length,
            Self::Bytes(length) => length,
        }
    }
}

/// Where an array lies in a file, and how. The sizes are checked: they neither overflow nor are 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    element: Element,
    big_endian: bool,
    shape: Vec<usize>,
    column_major: bool,
    offset: u64,
    values: usize,
    bytes: u64,
}

impl Layout {
    pub(super) fn new(
        element: Element,
        big_endian: bool,
        shape: Vec<usize>,
        column_major: bool,
        offset: u64,
    ) -> Result<Self, ArrayProblem> {
        if shape.is_empty() || shape.len() > MAX_DIMENSIONS {
            return Err(ArrayProblem::Dimensions { found: shape.len() });
        }
        if shape.contains(&0) {
            return Err(ArrayProblem::NoValues { shape });
        }
        let values = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
        let bytes = values.and_then(|values| values.checked_mul(element.size()));
        let (Some(values), Some(bytes)) = (values, bytes.and_then(|bytes| isize::try_from(bytes).ok())) else {
            return Err(ArrayProblem::Oversized { shape });
        };
        Ok(Self { element, big_endian, shape, column_major, offset, values, bytes: bytes.unsigned_abs() as u64 })
    }

    /// What an element is.
    pub fn element(&self) -> Element {
        self.element
    }

    /// The sizes, 1 to 4 of them, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The first size: how many rows there are.
    pub fn rows(&self) -> usize {
        self.shape[0]
    }

    /// Values of one row: the product of all sizes but the first.
    pub fn row_values(&self) -> usize {
        self.values / self.rows()
    }

    /// Whether a row is one piece of the file, so that [`Layout::read_rows`] works.
    pub fn has_contiguous_rows(&self) -> bool {
        !self.column_major || self.shape.len() == 1
    }

    /// The byte of the file at which the first value begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes that all values take in the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The values of some rows, read from their place in the file; the rest of it is not touched.
    ///
    /// # Errors
    /// If the file ends before them (another program may have cut it short), or a value is beyond `f32`.
    ///
    /// # Panics
    /// If rows are not contiguous, or the range goes beyond the last row.
    pub fn read_rows(&self, file: &File, rows: Range<usize>) -> Result<Values, Problem> {
        assert!(self.has_contiguous_rows() && rows.start <= rows.end && rows.end <= self.rows());
        let row_bytes = self.row_values() * self.element.size();
        let mut bytes = vec![0; rows.len() * row_bytes];
        let first = self.offset + (rows.start * row_bytes) as u64;
        read_exact_at(file, &mut bytes, first).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Problem::Truncated {
                expected: self.bytes,
                found: file.metadata().map_or(0, |metadata| metadata.len().saturating_sub(self.offset)),
            },
            _ => Problem::from(error),
        })?;
        let mut values = Values::none(self.element);
        self.decode(&bytes, &mut values)?;
        Ok(values)
    }

    /// All values of `reader`, which stands at the first of them and ends after the last.
    ///
    /// `available` is how many bytes are left, where that is known: then nothing is taken before it fits.
    pub(super) fn read_all(
        self,
        reader: &mut impl Read,
        available: Option<u64>,
        limits: &Limits,
    ) -> Result<Array, Fault> {
        match available {
            Some(found) if found < self.bytes => {
                return Err(Problem::Truncated { expected: self.bytes, found }.into());
            }
            Some(found) if found > self.bytes => return Err(Problem::Surplus { expected: self.bytes }.into()),
            _ => {}
        }
        limits.check(self.memory())?;
        let mut values = Values::none(self.element);
        if available.is_some() {
            values.reserve(self.values).map_err(|_| Problem::TooLarge { needed: self.memory(), limit: limits.bytes })?;
        }
        let piece = PIECE_BYTES / self.element.size().max(1) * self.element.size().max(1);
        let mut bytes = Vec::with_capacity(piece.min(usize::try_from(self.bytes).unwrap_or(piece)));
        let mut done = 0_u64;
        let mut rounded = 0;
        while done < self.bytes {
            bytes.clear();
            let wanted = (self.bytes - done).min(piece as u64);
            let found = reader.by_ref().take(wanted).read_to_end(&mut bytes).map_err(Problem::from)? as u64;
            if found < wanted {
                return Err(Problem::Truncated { expected: self.bytes, found: done + found }.into());
            }
            rounded += self.decode(&bytes, &mut values).map_err(|problem| match problem {
                ArrayProblem::BeyondSingle { index, .. } => Problem::from(problem).at(Place::Value(index)),
                other => other.into(),
            })?;
            done += found;
        }
        if reader.by_ref().take(1).read_to_end(&mut bytes).map_err(Problem::from)? != 0 {
            return Err(Problem::Surplus { expected: self.bytes }.into());
        }
        if self.column_major && self.shape.len() > 1 {
            values = values.row_major(&self.shape);
        }
        Ok(Array { element: self.element, shape: self.shape, values, rounded })
    }

    /// Bytes of memory that the decoded values take.
    fn memory(&self) -> u64 {
        let each = match self.element {
            Element::Bool | Element::U8 => 1,
            Element::Characters(length) | Element::Bytes(length) => size_of::<String>() + 4 * length,
            _ => size_of::<f32>(),
        };
        (self.values as u64).saturating_mul(each as u64)
    }

    /// Adds the values of `bytes`, whole elements in the order of the file. Says how many integers were rounded.
    fn decode(&self, bytes: &[u8], values: &mut Values) -> Result<usize, ArrayProblem> {
        match (values, self.element) {
            (Values::Bytes(values), Element::Bool) => values.extend(bytes.iter().map(|&byte| u8::from(byte != 0))),
            (Values::Bytes(values), _) => values.extend_from_slice(bytes),
            (Values::Text(values), Element::Characters(_)) => {
                for text in bytes.chunks_exact(self.element.size()) {
                    values.push(characters(text, self.big_endian)?);
                }
            }
            (Values::Text(values), _) => {
                for text in bytes.chunks_exact(self.element.size()) {
                    let end = text.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
                    let text = std::str::from_utf8(&text[..end]).map_err(|_| ArrayProblem::Text)?;
                    values.push(text.to_owned());
                }
            }
            (Values::Numbers(numbers), element) => return self.decode_numbers(element, bytes, numbers),
        }
        Ok(0)
    }

    #[rustfmt::skip] // A table.
    #[allow(clippy::cast_precision_loss, reason = "the nearest f32 is what is documented")]
    fn decode_numbers(&self, element: Element, bytes: &[u8], numbers: &mut Vec<f32>) -> Result<usize, ArrayProblem> {
        let big = self.big_endian;
        let first = numbers.len();
        match element {
            Element::I8 => numbers.extend(bytes.iter().map(|&byte| f32::from(byte.cast_signed()))),
            Element::U16 => extend(numbers, bytes, big, |x| f32::from(u16::from_le_bytes(x))),
            Element::I16 => extend(numbers, bytes, big, |x| f32::from(i16::from_le_bytes(x))),
            Element::U32 => extend(numbers, bytes, big, |x| u32::from_le_bytes(x) as f32),
            Element::I32 => extend(numbers, bytes, big, |x| i32::from_le_bytes(x) as f32),
            Element::U64 => extend(numbers, bytes, big, |x| u64::from_le_bytes(x) as f32),
            Element::I64 => extend(numbers, bytes, big, |x| i64::from_le_bytes(x) as f32),
            Element::F16 => extend(numbers, bytes, big, |x| f16::from_le_bytes(x).to_f32()),
            Element::F32 => extend(numbers, bytes, big, f32::from_le_bytes),
            Element::F64 => {
                extend(numbers, bytes, big, |x| f64::from_le_bytes(x) as f32);
                self.check_range(bytes, numbers, first)?;
            }
            Element::Bool | Element::U8 | Element::Characters(_) | Element::Bytes(_) => {
                unreachable!("these do not become numbers")
            }
        }
        let exact = |number: &f32| number.abs() <= LAST_EXACT_INTEGER;
        Ok(if numbers[first..].iter().all(exact) { 0 } else { self.count_rounded(bytes) })
    }

    /// How many integers are not exactly what their `f32` is.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "it is what is counted")]
    fn count_rounded(&self, bytes: &[u8]) -> usize {
        fn count<const N: usize>(bytes: &[u8], big_endian: bool, integer: impl Fn([u8; N]) -> i128) -> usize {
            let integers = bytes.as_chunks().0.iter().map(|&element| {
                let mut element = element;
                if big_endian {
                    element.reverse();
                }
                integer(element)
            });
            integers.filter(|&integer| integer as f32 as i128 != integer).count()
        }
        match self.element {
            Element::U32 => count(bytes, self.big_endian, |x| u32::from_le_bytes(x).into()),
            Element::I32 => count(bytes, self.big_endian, |x| i32::from_le_bytes(x).into()),
            Element::U64 => count(bytes, self.big_endian, |x| u64::from_le_bytes(x).into()),
            Element::I64 => count(bytes, self.big_endian, |x| i64::from_le_bytes(x).into()),
            _ => 0,
        }
    }

    /// A finite `f64` that became infinite is beyond what training can represent.
    fn check_range(&self, bytes: &[u8], numbers: &[f32], first: usize) -> Result<(), ArrayProblem> {
        let infinite = numbers[first..].iter().enumerate().filter(|(_, number)| number.is_infinite());
        for (index, _) in infinite {
            let mut element: [u8; 8] = bytes[8 * index..][..8].try_into().expect("eight bytes");
            if self.big_endian {
                element.reverse();
            }
            let value = f64::from_le_bytes(element);
            if value.is_finite() {
                return Err(ArrayProblem::BeyondSingle { index: (first + index) as u64, value });
            }
        }
        Ok(())
    }
}

/// As many bytes as are decoded at a time: they stay in the cache of a core.
const PIECE_BYTES: usize = 1 << 18;

/// 2²⁴: beyond it, an `f32` skips integers.
const LAST_EXACT_INTEGER: f32 = 16_777_216.0;

/// Rows of images with channels have four dimensions.
const MAX_DIMENSIONS: usize = 4;

/// An array that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// What an element was in the file.
    pub element: Element,
    /// The sizes, outermost first.
    pub shape: Vec<usize>,
    /// The values, the last index changing fastest whatever the order of the file was.
    pub values: Values,
    /// How many integers lost their last digits, because `f32` holds every integer only up to 16,777,216.
    pub rounded: usize,
}

/// The values of an array.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// From unsigned bytes and truth values.
    Bytes(Vec<u8>),
    /// From all other numbers.
    Numbers(Vec<f32>),
    /// Text: the names of classes.
    Text(Vec<String>),
}

impl Values {
    /// How many there are.
    #[allow(clippy::len_without_is_empty, reason = "an array has at least one value")]
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Numbers(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }

    fn none(element: Element) -> Self {
        match element {
            Element::Bool | Element::U8 => Self::Bytes(Vec::new()),
            Element::Characters(_) | Element::Bytes(_) => Self::Text(Vec::new()),
            _ => Self::Numbers(Vec::new()),
        }
    }

    fn reserve(&mut self, more: usize) -> Result<(), std::collections::TryReserveError> {
        match self {
            Self::Bytes(values) => values.try_reserve_exact(more),
            Self::Numbers(values) => values.try_reserve_exact(more),
            Self::Text(values) => values.try_reserve_exact(more),
        }
    }

    /// From the order in which the first index changes fastest to that in which the last does.
    fn row_major(self, shape: &[usize]) -> Self {
        match self {
            Self::Bytes(values) => Self::Bytes(row_major(&values, shape)),
            Self::Numbers(values) => Self::Numbers(row_major(&values, shape)),
            Self::Text(values) => Self::Text(row_major(&values, shape)),
        }
    }
}

/// An array that is malformed or not supported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArrayProblem {
    /// More dimensions than rows of colour images have, or none.
    #[error("the array has {found} dimensions; 1 (labels) to 4 (rows, height, width, channels) were expected")]
    Dimensions {
        /// How many it has.
        found: usize,
    },
    /// One size is 0.
    #[error("the array has the shape {shape:?}, so it holds no values")]
    NoValues {
        /// The sizes.
        shape: Vec<usize>,
    },
    /// Its sizes multiply to more than any memory.
    #[error("the array claims the shape {shape:?}, which is more than any memory holds; the header is damaged")]
    Oversized {
        /// The sizes.
        shape: Vec<usize>,
    },
    /// A number that no `f32` represents.
    #[error("the value {value:e} is too great: values are kept as 32-bit numbers, which end at 3.4e38; rescale the data")]
    BeyondSingle {
        /// Its index among the values that were read.
        index: u64,
        /// The number.
        value: f64,
    },
    /// Text that is none.
    #[error("an element of text is malformed")]
    Text,
}

/// Adds numbers of N bytes each.
fn extend<const N: usize>(numbers: &mut Vec<f32>, bytes: &[u8], big_endian: bool, number: impl Fn([u8; N]) -> f32) {
    let elements = bytes.as_chunks().0.iter();
    if big_endian {
        numbers.extend(elements.map(|&element| {
            let mut element = element;
            element.reverse();
            number(element)
        }));
    } else {
        numbers.extend(elements.map(|&element| number(element)));
    }
}

/// Text of four bytes a character, without the zeros at its end.
fn characters(bytes: &[u8], big_endian: bool) -> Result<String, ArrayProblem> {
    let code = |&bytes: &[u8; 4]| if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
    let codes: Vec<u32> = bytes.as_chunks().0.iter().map(code).collect();
    let end = codes.iter().rposition(|&code| code != 0).map_or(0, |last| last + 1);
    codes[..end].iter().map(|&code| char::from_u32(code).ok_or(ArrayProblem::Text)).collect()
}

fn row_major<T: Clone>(values: &[T], shape: &[usize]) -> Vec<T> {
    let mut strides = vec![1; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    let mut index = vec![0; shape.len()];
    let mut sorted = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        let place: usize = index.iter().zip(&strides).map(|(index, stride)| index * stride).sum();
        sorted.push(values[place].clone());
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    sorted
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                bytes = &mut bytes[read..];
                offset += read as u64;
            }
        }
    }
    Ok(())
}
