//! The values of a data set: checked once, then never changed, and shared by all that read them.

use std::sync::{Arc, OnceLock};

use narrows_kernels::Level;
use narrows_kernels::gather::{self, Scaling};
use narrows_kernels::sparse::SparseBytes;
use sha2::{Digest, Sha256};

use super::{DataError, Missing, Schema};

/// Of bytes, the greatest share that may differ from 0 for the sparse first layer to be worth while: picking a number
/// costs about twice what multiplying it in a dense product does.
const MAX_SPARSE_SHARE: f64 = 0.4;

/// The scaling that changes nothing.
const AS_THEY_ARE: Scaling<'_> = Scaling::Same(gather::Affine { scale: 1.0, offset: 0.0 });

/// Raw values, row after row; bytes are kept as bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// 0..=255 each.
    Bytes(Vec<u8>),
    /// Finite numbers; NaN where a value is missing.
    Numbers(Vec<f32>),
}

/// Rows × features values, and what is derived from them once for all models.
///
/// Rows are read by the methods alone, so that a file which is read by blocks can stand in for memory.
#[derive(Clone, Debug)]
pub(super) struct Storage(Arc<Stored>);

#[derive(Debug)]
struct Stored {
    values: Values,
    features: usize,
    rows: usize,
    /// How many values each row has, where some are missing.
    present: Option<Vec<usize>>,
    /// The bytes that are not 0, picked when they are first asked for.
    sparse: OnceLock<Option<SparseBytes>>,
}

impl Storage {
    /// Checks the values, and fills those that are missing, as the schema says.
    ///
    /// # Errors
    /// If they are no whole rows, or one is not finite.
    pub fn new(schema: &Schema, mut values: Values) -> Result<Self, DataError> {
        let features = schema.features();
        let count = values.len();
        if !count.is_multiple_of(features) {
            return Err(DataError::Ragged { values: count, features });
        }
        let present = match &mut values {
            Values::Bytes(_) => None,
            Values::Numbers(numbers) => check_finite(schema, numbers)?,
        };
        let rows = count / features;
        if u32::try_from(rows).is_err() {
            return Err(DataError::TooManyRows(rows));
        }
        Ok(Self(Arc::new(Stored { values, features, rows, present, sparse: OnceLock::new() })))
    }

    pub fn features(&self) -> usize {
        self.0.features
    }

    pub fn rows(&self) -> usize {
        self.0.rows
    }

    /// Whether a value is missing in any row.
    #[inline]
    pub fn has_missing(&self) -> bool {
        self.0.present.is_some()
    }

    /// How many values of row `row` are there.
    #[inline]
    pub fn present(&self, row: usize) -> usize {
        self.0.present.as_ref().map_or(self.0.features, |present| present[row])
    }

    /// As [`Storage::read`], with 0 for a value that is missing.
    #[inline]
    pub fn read_present(&self, level: Level, row: usize, scaling: Option<Scaling<'_>>, out: &mut [f32]) {
        match &self.0.values {
            Values::Numbers(numbers) if self.has_missing() => {
                let scaling = scaling.unwrap_or(AS_THEY_ARE);
                gather::from_present_numbers(level, self.row(numbers, row), scaling, out);
            }
            _ => self.read(level, row, scaling, out),
        }
    }

    /// Row `row` into the front of `out`, scaled, and zeros behind it; without a scaling, numbers are copied. A value that is
    /// missing is NaN.
    #[inline]
    pub fn read(&self, level: Level, row: usize, scaling: Option<Scaling<'_>>, out: &mut [f32]) {
        match (&self.0.values, scaling) {
            (Values::Bytes(bytes), scaling) => {
                gather::from_bytes(level, self.row(bytes, row), scaling.unwrap_or(AS_THEY_ARE), out);
            }
            (Values::Numbers(numbers), Some(scaling)) => {
                gather::from_numbers(level, self.row(numbers, row), scaling, out);
            }
            (Values::Numbers(numbers), None) => {
                let (row_out, padding) = out.split_at_mut(self.0.features);
                row_out.copy_from_slice(self.row(numbers, row));
                padding.fill(0.0);
            }
        }
    }

    /// Asks for a row to be brought into the cache.
    #[inline]
    pub fn prefetch(&self, row: usize) {
        match &self.0.values {
            Values::Bytes(bytes) => gather::prefetch(self.row(bytes, row)),
            Values::Numbers(numbers) => gather::prefetch(self.row(numbers, row)),
        }
    }

    /// All bytes, row after row, if the values are bytes.
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.0.values {
            Values::Bytes(bytes) => Some(bytes),
            Values::Numbers(_) => None,
        }
    }

    /// The bytes that are not 0, if the values are bytes and few enough of them are. All models share them.
    pub fn sparse(&self) -> Option<&SparseBytes> {
        let pick = || SparseBytes::pick(self.bytes()?, self.0.features, MAX_SPARSE_SHARE);
        self.0.sparse.get_or_init(pick).as_ref()
    }

    /// Adds a row to a digest: a byte as it is, a number as its four bytes, the lowest first.
    pub fn digest(&self, row: usize, digest: &mut Sha256) {
        match &self.0.values {
            Values::Bytes(bytes) => digest.update(self.row(bytes, row)),
            Values::Numbers(numbers) => {
                self.row(numbers, row).iter().for_each(|number| digest.update(number.to_le_bytes()));
            }
        }
    }

    #[inline]
    fn row<'a, T>(&self, values: &'a [T], row: usize) -> &'a [T] {
        &values[row * self.0.features..(row + 1) * self.0.features]
    }
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }
}

/// How many values each row has, if some are missing once those that the schema fills are filled.
fn check_finite(schema: &Schema, numbers: &mut [f32]) -> Result<Option<Vec<usize>>, DataError> {
    let features = schema.features();
    let mut present: Option<Vec<usize>> = None;
    let rows = numbers.len() / features;
    for (index, number) in numbers.iter_mut().enumerate().filter(|(_, number)| !number.is_finite()) {
        let (row, column) = (index / features, index % features);
        match schema.missing() {
            Missing::Fill(values) if number.is_nan() => *number = values[column],
            Missing::Mask if number.is_nan() => present.get_or_insert_with(|| vec![features; rows])[row] -= 1,
            _ => return Err(DataError::NotFinite { row, column: schema.column(column), value: *number }),
        }
    }
    Ok(present)
}
