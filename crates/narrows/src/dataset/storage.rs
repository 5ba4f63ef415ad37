//! The values of a data set: checked once, then never changed, and shared by all that read them.
//!
//! They are in memory, or in a file ([`StoredFile`]). Rows in memory are read one by one. Rows of a file are read into a
//! storage in memory first, many at a time, which can fail.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use narrows_kernels::Level;
use narrows_kernels::gather::{self, Scaling};
use narrows_kernels::sparse::SparseBytes;
use sha2::{Digest, Sha256};

use super::file::{ReadAhead, StoredFile};
use super::format::ArrayFile;
use super::{DataError, Missing, Schema};

/// Of bytes, the greatest share that may differ from 0 for the sparse first layer to be worth while: picking a number
/// costs about twice what multiplying it in a dense product does.
pub(super) const MAX_SPARSE_SHARE: f64 = 0.4;

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
#[derive(Clone, Debug)]
pub(super) struct Storage(Arc<Stored>);

#[derive(Debug)]
struct Stored {
    place: Place,
    features: usize,
    rows: usize,
    /// Whether a value of any row is missing; of a window, in its whole file.
    has_missing: bool,
    /// How many values each row has; empty where all have all, and of rows in a file.
    present: Vec<usize>,
    /// The bytes that are not 0, picked when they are first asked for.
    sparse: OnceLock<Option<SparseBytes>>,
}

/// Where values are.
#[derive(Debug)]
enum Place {
    Memory(Values),
    File(Box<StoredFile>),
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
        let mut present = Vec::new();
        let has_missing = match &mut values {
            Values::Bytes(_) => false,
            Values::Numbers(numbers) => check_finite(schema, numbers, &mut present)?,
        };
        let rows = count / features;
        if u32::try_from(rows).is_err() {
            return Err(DataError::TooManyRows(rows));
        }
        Ok(Self(Arc::new(Stored {
            place: Place::Memory(values),
            features,
            rows,
            has_missing,
            present,
            sparse: OnceLock::new(),
        })))
    }

    /// Values that stay in their file. All are read once, and checked.
    ///
    /// # Errors
    /// If rows are not as long as the schema says, one is not finite, or the file cannot be read.
    pub fn open(schema: &Schema, array: Arc<ArrayFile>, ahead: ReadAhead) -> Result<Self, DataError> {
        let (file, survey) = StoredFile::open(schema, array, ahead)?;
        let (features, rows, has_missing) = (schema.features(), file.rows(), survey.has_missing);
        // Of no rows: what is picked lies in the windows, and whether it is, is decided by the whole file.
        let picked = survey.mostly_zero.then(|| SparseBytes::with_capacity(features, 0, 0));
        let place = Place::File(Box::new(file));
        let present = Vec::new();
        Ok(Self(Arc::new(Stored { place, features, rows, has_missing, present, sparse: picked.into() })))
    }

    /// The values of an opened file under another rule for missing values. All are read once, and checked.
    ///
    /// # Errors
    /// As [`Storage::open`].
    pub fn reopen(schema: &Schema, file: &StoredFile) -> Result<Self, DataError> {
        Self::open(schema, file.array(), file.ahead())
    }

    /// Memory for rows of this storage, which is in a file: empty, for [`Storage::refill`]. Where `pick`, the bytes that are
    /// not 0 are picked too, if those of the whole file are.
    pub fn window(&self, rows: usize, pick: bool) -> Self {
        let features = self.0.features;
        let values = rows * features;
        let picked = self.sparse().filter(|_| pick).map(|_| {
            // Untouched memory takes none, so too much of it is no loss.
            SparseBytes::with_capacity(features, rows, values / 2)
        });
        let values = match self.is_bytes() {
            true => Values::Bytes(Vec::with_capacity(values)),
            false => Values::Numbers(Vec::with_capacity(values)),
        };
        let has_missing = self.has_missing();
        let present = Vec::with_capacity(if has_missing { rows } else { 0 });
        let place = Place::Memory(values);
        Self(Arc::new(Stored { place, features, rows: 0, has_missing, present, sparse: picked.into() }))
    }

    /// Takes rows of a file in place of those that are here. Nothing is allocated but, the first time, `piece`.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn refill(
        &mut self,
        file: &Self,
        runs: impl Iterator<Item = Range<usize>>,
        piece: &mut Vec<u8>,
    ) -> Result<(), DataError> {
        let file = file.file().expect("windows are of files");
        let stored = Arc::get_mut(&mut self.0).expect("a window is refilled by its only owner");
        let Place::Memory(values) = &mut stored.place else { unreachable!("a window is memory") };
        file.read(runs, piece, values, &mut stored.present)?;
        stored.rows = values.len() / stored.features;
        if let (Some(Some(picked)), Values::Bytes(bytes)) = (stored.sparse.get_mut(), &*values) {
            picked.refill(bytes);
        }
        Ok(())
    }

    /// The file, if the values are in one.
    pub fn file(&self) -> Option<&StoredFile> {
        match &self.0.place {
            Place::File(file) => Some(file),
            Place::Memory(_) => None,
        }
    }

    /// Whether values are bytes, in memory or in a file.
    pub fn is_bytes(&self) -> bool {
        match &self.0.place {
            Place::Memory(values) => matches!(values, Values::Bytes(_)),
            Place::File(file) => file.is_bytes(),
        }
    }

    /// The values, which are in memory.
    ///
    /// # Panics
    /// If they are in a file.
    fn values(&self) -> &Values {
        match &self.0.place {
            Place::Memory(values) => values,
            Place::File(file) => {
                unreachable!("rows of {} are read into memory before they are used", file.path().display())
            }
        }
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
        self.0.has_missing
    }

    /// How many values of row `row`, which is in memory, are there.
    #[inline]
    pub fn present(&self, row: usize) -> usize {
        if self.0.present.is_empty() { self.0.features } else { self.0.present[row] }
    }

    /// As [`Storage::read`], with 0 for a value that is missing.
    #[inline]
    pub fn read_present(&self, level: Level, row: usize, scaling: Option<Scaling<'_>>, out: &mut [f32]) {
        match self.values() {
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
        match (self.values(), scaling) {
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
        match self.values() {
            Values::Bytes(bytes) => gather::prefetch(self.row(bytes, row)),
            Values::Numbers(numbers) => gather::prefetch(self.row(numbers, row)),
        }
    }

    /// All bytes, row after row, if the values are bytes in memory.
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.0.place {
            Place::Memory(Values::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// The bytes that are not 0, if the values are bytes and few enough of them are. All models share them. Of a file, this says
    /// whether its windows have them, and has no rows.
    pub fn sparse(&self) -> Option<&SparseBytes> {
        let pick = || SparseBytes::pick(self.bytes()?, self.0.features, MAX_SPARSE_SHARE);
        self.0.sparse.get_or_init(pick).as_ref()
    }

    /// Adds a row to a digest: a byte as it is, a number as its four bytes, the lowest first.
    pub fn digest(&self, row: usize, digest: &mut Sha256) {
        match self.values() {
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
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }
}

/// Fills values that are missing as the schema says. Whether some are missing still; then `present` is how many values each
/// row has, and else empty.
pub(super) fn check_finite(
    schema: &Schema,
    numbers: &mut [f32],
    present: &mut Vec<usize>,
) -> Result<bool, DataError> {
    present.clear();
    let features = schema.features();
    let rows = numbers.len() / features;
    for (index, number) in numbers.iter_mut().enumerate().filter(|(_, number)| !number.is_finite()) {
        let (row, column) = (index / features, index % features);
        match schema.missing() {
            Missing::Fill(values) if number.is_nan() => *number = values[column],
            Missing::Mask if number.is_nan() => {
                present.resize(rows, features);
                present[row] -= 1;
            }
            _ => return Err(DataError::NotFinite { row, column: schema.column(column), value: *number }),
        }
    }
    Ok(!present.is_empty())
}
