//! Values that stay in their file: checked once when they are opened, then read many rows at a time.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::format::{self, ArrayFile};
use super::storage::{MAX_SPARSE_SHARE, check_finite};
use super::{DataError, Missing, Schema, Values};

/// Bytes of values that are read at a time where rows are read in order: enough that the calls cost nothing.
const PIECE_BYTES: usize = 4 << 20;

/// Rows of a piece are a multiple of this: exact PCA adds up so many at a time, and gives the same bits as in memory.
const PIECE_STEP: usize = 256;

/// The same for rows so wide that 256 of them would break the budget: a block of inference.
const PIECE_STEP_OF_WIDE_ROWS: usize = 16;

/// How much of a file is in memory at a time while a model is trained from it.
///
/// While a model is trained on the rows of one window, a thread reads the next: so there are two. A window consists of
/// many blocks of rows that lie side by side in the file. Both sizes have an influence on the order of the rows, so on a
/// result's bits: `docs/data.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadAhead {
    block_bytes: u64,
    window_bytes: u64,
}

/// Memory that does not suffice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{budget} bytes of memory are too few to train from a file; give at least {}", ReadAhead::MIN_BUDGET)]
pub struct BudgetError {
    /// What was given.
    pub budget: u64,
}

/// Values in a file, and what is known of them.
#[derive(Debug)]
pub(super) struct StoredFile {
    array: Arc<ArrayFile>,
    schema: Schema,
    ahead: ReadAhead,
    /// Of all values, row after row.
    digest: Sha256,
}

/// What opening finds of all values.
pub(super) struct Survey {
    /// Whether a value is missing.
    pub has_missing: bool,
    /// Whether they are bytes, and so many of them 0 that picking the others is worth while.
    pub mostly_zero: bool,
}

impl Default for ReadAhead {
    /// Blocks of 256 KiB, windows of 256 blocks.
    fn default() -> Self {
        Self { block_bytes: 1 << 18, window_bytes: 1 << 26 }
    }
}

impl ReadAhead {
    /// The least that [`ReadAhead::within`] takes: room for two windows of 64 KiB, and as much again for all else.
    pub const MIN_BUDGET: u64 = 4 << 16;

    /// Blocks and windows of so many bytes of memory; they are rounded to whole rows, of which each has at least one.
    pub fn new(block_bytes: u64, window_bytes: u64) -> Self {
        Self { block_bytes, window_bytes: window_bytes.max(block_bytes) }
    }

    /// What is read ahead where data may take `budget` bytes of memory: the default where two windows fit into three quarters of
    /// it, else half as much, or a quarter, and so on, so that few budgets have an order of rows of their own.
    ///
    /// # Errors
    /// If the budget is below [`ReadAhead::MIN_BUDGET`].
    pub fn within(budget: u64) -> Result<Self, BudgetError> {
        if budget < Self::MIN_BUDGET {
            return Err(BudgetError { budget });
        }
        let mut ahead = Self::default();
        while ahead.held_bytes() > budget / 4 * 3 {
            ahead = Self { block_bytes: ahead.block_bytes / 2, window_bytes: ahead.window_bytes / 2 };
        }
        Ok(ahead)
    }

    /// What the two windows take.
    pub fn held_bytes(self) -> u64 {
        self.window_bytes.saturating_mul(2)
    }

    /// What one window takes.
    pub(crate) fn window_bytes(self) -> u64 {
        self.window_bytes
    }

    /// Rows of a block and of a window, of which each takes `row_bytes` of memory.
    pub(super) fn rows(self, row_bytes: u64) -> (usize, usize) {
        let rows = |bytes: u64| usize::try_from(bytes / row_bytes.max(1)).unwrap_or(usize::MAX).max(1);
        (rows(self.block_bytes), rows(self.window_bytes))
    }
}

impl StoredFile {
    /// Checks all values, which are read for it if they have not been yet.
    pub fn open(
        schema: &Schema,
        array: Arc<ArrayFile>,
        ahead: ReadAhead,
    ) -> Result<(Self, Survey), DataError> {
        let (expected, found) = (schema.features(), array.layout().row_values());
        if expected != found {
            return Err(DataError::Features { path: array.path().to_owned(), expected, found });
        }
        let rows = array.layout().rows();
        if u32::try_from(rows).is_err() {
            return Err(DataError::TooManyRows(rows));
        }
        let survey = array.survey()?;
        let missing = survey.first_missing.map(|place| (place, f32::NAN));
        let wrong = match schema.missing() {
            Missing::Error => {
                missing.into_iter().chain(survey.first_infinite).min_by_key(|(place, _)| *place)
            }
            Missing::Mask | Missing::Fill(_) => survey.first_infinite,
        };
        if let Some((place, value)) = wrong {
            let (row, column) = (place / found, schema.column(place % found));
            return Err(DataError::NotFinite { row, column, value });
        }
        let all = rows * found;
        let of_values = Survey {
            has_missing: missing.is_some() && *schema.missing() == Missing::Mask,
            mostly_zero: array.layout().element().becomes_bytes()
                && survey.used as f64 <= MAX_SPARSE_SHARE * all as f64,
        };
        let digest = survey.digest.clone();
        let mut file = Self { array: Arc::clone(&array), schema: schema.clone(), ahead, digest };
        if missing.is_some() && matches!(schema.missing(), Missing::Fill(_)) {
            file.digest = file.digest_of_filled()?;
        }
        Ok((file, of_values))
    }

    /// Of the values, where those that are missing are filled.
    fn digest_of_filled(&self) -> Result<Sha256, DataError> {
        let (mut piece, mut values, mut present) = (Vec::new(), self.no_values(), Vec::new());
        let (rows, step, mut digest) = (self.rows(), self.piece_rows(), Sha256::new());
        for first in (0..rows).step_by(step) {
            let run = std::iter::once(first..rows.min(first + step));
            self.read(run, &mut piece, &mut values, &mut present)?;
            match &values {
                Values::Bytes(bytes) => digest.update(bytes),
                Values::Numbers(numbers) => format::digest_numbers(numbers, &mut digest),
            }
        }
        Ok(digest)
    }

    pub fn array(&self) -> Arc<ArrayFile> {
        Arc::clone(&self.array)
    }

    pub fn path(&self) -> &Path {
        self.array.path()
    }

    pub fn rows(&self) -> usize {
        self.array.layout().rows()
    }

    pub fn ahead(&self) -> ReadAhead {
        self.ahead
    }

    /// Whether values become bytes, or else numbers.
    pub fn is_bytes(&self) -> bool {
        self.array.layout().element().becomes_bytes()
    }

    /// The digest of all values, row after row.
    pub fn digest(&self) -> Sha256 {
        self.digest.clone()
    }

    /// Rows that are read at a time where they are read in order.
    pub fn piece_rows(&self) -> usize {
        let row = self.schema.features() * if self.is_bytes() { 1 } else { size_of::<f32>() };
        let window = usize::try_from(self.ahead.window_bytes).unwrap_or(usize::MAX);
        let step = match PIECE_STEP * row <= window.max(PIECE_BYTES) {
            true => PIECE_STEP,
            false => PIECE_STEP_OF_WIDE_ROWS,
        };
        (PIECE_BYTES.min(window) / row / step).max(1) * step
    }

    /// Rows in place of the `values` that are there, and how many values each has in place of what `present` was: nothing if
    /// all have all.
    pub fn read(
        &self,
        runs: impl Iterator<Item = Range<usize>>,
        piece: &mut Vec<u8>,
        values: &mut Values,
        present: &mut Vec<usize>,
    ) -> Result<(), DataError> {
        clear(values);
        for run in runs {
            self.fetch(run, piece, values)?;
        }
        if let Values::Numbers(numbers) = values {
            // They were finite when the file was opened.
            check_finite(&self.schema, numbers, present).map_err(|_| self.array.changed())?;
        }
        Ok(())
    }

    /// Puts rows behind the values that are there.
    fn fetch(&self, rows: Range<usize>, piece: &mut Vec<u8>, values: &mut Values) -> Result<(), DataError> {
        // The same vectors under the names that formats have for them: none is copied.
        let mut read = match std::mem::replace(values, Values::Bytes(Vec::new())) {
            Values::Bytes(bytes) => format::Values::Bytes(bytes),
            Values::Numbers(numbers) => format::Values::Numbers(numbers),
        };
        let result = self.array.append_rows(rows, piece, &mut read);
        *values = match read {
            format::Values::Bytes(bytes) => Values::Bytes(bytes),
            format::Values::Numbers(numbers) => Values::Numbers(numbers),
            format::Values::Text(_) => unreachable!("an array file holds numbers"),
        };
        Ok(result?)
    }

    fn no_values(&self) -> Values {
        if self.is_bytes() { Values::Bytes(Vec::new()) } else { Values::Numbers(Vec::new()) }
    }
}

fn clear(values: &mut Values) {
    match values {
        Values::Bytes(bytes) => bytes.clear(),
        Values::Numbers(numbers) => numbers.clear(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_fit_the_budget_and_few_budgets_have_their_own() {
        assert_eq!(ReadAhead::within(200_000_000), Ok(ReadAhead::default()));
        assert_eq!(ReadAhead::within(u64::MAX), Ok(ReadAhead::default()));
        assert_eq!(ReadAhead::within(1000), Err(BudgetError { budget: 1000 }));
        for budget in [ReadAhead::MIN_BUDGET, 1 << 20, 3 << 20, 50_000_000, 100_000_000] {
            let ahead = ReadAhead::within(budget).unwrap();
            assert!(
                ahead.held_bytes() <= budget / 4 * 3 && ahead.held_bytes() > budget / 8 * 3 - 4,
                "{ahead:?}"
            );
            assert_eq!(ahead.window_bytes, 256 * ahead.block_bytes);
        }
        assert_eq!(ReadAhead::new(100, 1000).rows(30), (3, 33));
        assert_eq!(ReadAhead::new(0, 0).rows(30), (1, 1));
    }
}
