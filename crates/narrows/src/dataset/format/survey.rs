//! What is known of all values of an array that stays in its file, from one reading of them.

use sha2::{Digest, Sha256};

use super::array::Values;
use super::array_file::{ArrayFile, FileError};

/// Values that are read at a time.
const PIECE: usize = 1 << 20;

/// What is known of all values.
#[derive(Clone, Debug)]
pub(in crate::dataset) struct Survey {
    /// The least and the greatest of those that are finite.
    pub extent: (f32, f32),
    /// How many are not 0.
    pub used: usize,
    /// The place of the first NaN among all.
    pub first_missing: Option<usize>,
    /// The first that is infinite, with its place.
    pub first_infinite: Option<(usize, f32)>,
    /// SHA-256 of them, row after row: of a byte as it is, of a number as its four bytes, the lowest first.
    pub digest: Sha256,
}

impl Survey {
    /// Reads all values.
    pub(super) fn of(array: &ArrayFile) -> Result<Self, FileError> {
        let mut survey = Self {
            extent: (f32::INFINITY, f32::NEG_INFINITY),
            used: 0,
            first_missing: None,
            first_infinite: None,
            digest: Sha256::new(),
        };
        let (rows, row) = (array.layout().rows(), array.layout().row_values());
        let (step, mut values, mut piece) = ((PIECE / row).max(1), array.no_values(), Vec::new());
        for first in (0..rows).step_by(step) {
            match &mut values {
                Values::Bytes(bytes) => bytes.clear(),
                Values::Numbers(numbers) => numbers.clear(),
                Values::Text(_) => {}
            }
            array.append_rows(first..rows.min(first + step), &mut piece, &mut values)?;
            match &values {
                Values::Bytes(bytes) => survey.see_bytes(bytes),
                Values::Numbers(numbers) => survey.see_numbers(numbers, first * row),
                Values::Text(_) => unreachable!("an array file holds numbers"),
            }
        }
        Ok(survey)
    }

    fn see_bytes(&mut self, bytes: &[u8]) {
        let low = bytes.iter().copied().min().map_or(f32::INFINITY, f32::from);
        let high = bytes.iter().copied().max().map_or(f32::NEG_INFINITY, f32::from);
        self.extent = (self.extent.0.min(low), self.extent.1.max(high));
        self.used += bytes.iter().filter(|&&byte| byte != 0).count();
        self.digest.update(bytes);
    }

    fn see_numbers(&mut self, numbers: &[f32], before: usize) {
        for (&number, place) in numbers.iter().zip(before..) {
            if number.is_finite() {
                self.extent = (self.extent.0.min(number), self.extent.1.max(number));
                self.used += usize::from(number != 0.0);
            } else if number.is_nan() {
                self.first_missing.get_or_insert(place);
            } else {
                self.first_infinite.get_or_insert((place, number));
            }
        }
        digest_numbers(numbers, &mut self.digest);
    }
}

/// Adds numbers to a digest, in pieces that are worth a call.
pub(in crate::dataset) fn digest_numbers(numbers: &[f32], digest: &mut Sha256) {
    let mut bytes = [[0; 4]; 1024];
    for numbers in numbers.chunks(bytes.len()) {
        for (bytes, number) in bytes.iter_mut().zip(numbers) {
            *bytes = number.to_le_bytes();
        }
        digest.update(bytes[..numbers.len()].as_flattened());
    }
}
