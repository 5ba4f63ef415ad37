//! Arrays of numbers as IDX and NumPy files hold them: one layout, one way to decode it.
//!
//! Bytes stay bytes; every other number becomes the nearest `f32`, which training works with.

mod decode;
mod layout;

pub use layout::Layout;

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
    /// Whether values become bytes in memory, or else numbers.
    pub fn becomes_bytes(self) -> bool {
        matches!(self, Self::U8 | Self::Bool)
    }

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
    #[error(
        "the array has {found} dimensions; 1 (labels) to 4 (rows, height, width, channels) were expected"
    )]
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
    #[error(
        "the array claims the shape {shape:?}, which is more than any memory holds; the header is damaged"
    )]
    Oversized {
        /// The sizes.
        shape: Vec<usize>,
    },
    /// A number that no `f32` represents.
    #[error(
        "the value {value:e} is too great: values are kept as 32-bit numbers, which end at 3.4e38; rescale the data"
    )]
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
