//! Rows as a model's input: raw rows and a normalisation, which is applied while a batch is gathered.
//!
//! A value that is missing is read as 0, which is its column's mean after standardising.

use std::sync::Arc;

use narrows_kernels::Level;
use narrows_kernels::gather::{Affine, Scaling};
use narrows_kernels::sparse::SparseBytes;

use super::pieces::Pieces;
use super::storage::{Storage, Values};
use super::view::StoredRows;
use super::{DataError, Moments, Normalisation, Schema};

/// Rows × features values in a model's scale: what models are trained on and evaluated with. Copies share the values.
#[derive(Clone, Debug)]
pub struct Samples {
    rows: StoredRows,
    /// Absent where the values are in the model's scale as they are.
    normalisation: Option<Arc<Normalisation>>,
}

impl Samples {
    /// Rows of `features` numbers that are in the model's scale already.
    ///
    /// # Errors
    /// If they are no whole rows, or one is not finite.
    pub fn in_model_scale(features: usize, numbers: Vec<f32>) -> Result<Self, DataError> {
        let ragged = DataError::Ragged { values: numbers.len(), features };
        let schema = Schema::rows(features).map_err(|_| ragged)?;
        let storage = Storage::new(&schema, Values::Numbers(numbers))?;
        Ok(Self { rows: StoredRows::all(storage), normalisation: None })
    }

    /// Rows under a normalisation that fits them.
    pub(super) fn normalised(rows: StoredRows, normalisation: Normalisation) -> Self {
        Self { rows, normalisation: Some(Arc::new(normalisation)) }
    }

    /// Numbers in a row.
    pub fn features(&self) -> usize {
        self.rows.storage().features()
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows.count()
    }

    /// Whether the values are in memory, and not in a file.
    pub fn is_in_memory(&self) -> bool {
        self.rows.is_in_memory()
    }

    /// Whether a value is missing in any row of the data that these are rows of.
    pub fn has_missing(&self) -> bool {
        self.rows.storage().has_missing()
    }

    /// How many values of row `index` are there.
    ///
    /// # Panics
    /// If it is beyond the last row, or in a file: see [`Samples::read_rows`].
    pub fn present(&self, index: usize) -> usize {
        self.rows.storage().present(self.rows.stored(index))
    }

    /// How many values of all rows are there.
    ///
    /// # Errors
    /// If they are in a file that can no longer be read.
    pub fn all_present(&self) -> Result<usize, DataError> {
        if !self.has_missing() {
            return Ok(self.rows() * self.features());
        }
        let mut present = 0;
        self.for_each_piece(|piece| {
            present += (0..piece.rows()).map(|row| piece.present(row)).sum::<usize>();
            Ok::<_, DataError>(())
        })?;
        Ok(present)
    }

    /// Mean, variance and extent of each feature, in the model's scale.
    ///
    /// # Errors
    /// If the values are in a file that can no longer be read.
    pub(crate) fn moments(&self) -> Result<Vec<Moments>, DataError> {
        self.rows.moments(self.scaling())
    }

    /// Row `index`, with 0 for a value that is missing.
    ///
    /// # Panics
    /// If it is beyond the last row, or in a file: see [`Samples::read_rows`].
    pub fn row(&self, index: usize) -> Vec<f32> {
        let mut row = vec![0.0; self.features().next_multiple_of(16)];
        self.read(Level::scalar(), index, &mut row);
        row.truncate(self.features());
        row
    }

    /// Row `index`, with NaN for a value that is missing.
    pub(crate) fn row_with_nan(&self, index: usize) -> Vec<f32> {
        let mut row = vec![0.0; self.features().next_multiple_of(16)];
        self.read_with_nan(Level::scalar(), index, &mut row);
        row.truncate(self.features());
        row
    }

    /// Turns `row`, which a model gives for row `index`, to raw units, and puts what is there in its place.
    pub(crate) fn complete(&self, index: usize, row: &mut [f32]) {
        let mut raw = vec![0.0; self.features().next_multiple_of(16)];
        self.read_raw(Level::scalar(), index, &mut raw);
        for (feature, (value, &raw)) in row.iter_mut().zip(&raw).enumerate() {
            *value = match &self.normalisation {
                _ if !raw.is_nan() => raw,
                Some(normalisation) => normalisation.raw_of(feature, *value),
                None => *value,
            };
        }
    }

    /// The rows at `indices`, one after the other.
    ///
    /// # Errors
    /// If they are in a file that can no longer be read.
    ///
    /// # Panics
    /// If one is beyond the last row.
    pub fn read_rows(&self, indices: &[usize]) -> Result<Vec<f32>, DataError> {
        let rows = self.rows.subset(indices).read_all()?;
        Ok(Self { rows, normalisation: self.normalisation.clone() }.to_vec())
    }

    /// What `of` makes of all rows, one after the other: rows in memory are given to it at once, those of a file a piece at a time.
    ///
    /// # Errors
    /// If the file can no longer be read.
    pub(crate) fn map_pieces(&self, mut of: impl FnMut(&Self) -> Vec<f32>) -> Result<Vec<f32>, DataError> {
        if self.is_in_memory() {
            return Ok(of(self));
        }
        let mut all = Vec::new();
        self.for_each_piece(|piece| {
            all.extend(of(piece));
            Ok::<_, DataError>(())
        })?;
        Ok(all)
    }

    /// Hands over all rows in memory: those of a file a piece at a time, of which each but the last has a multiple
    /// of 256 rows, or of 16 where rows are very wide.
    ///
    /// # Errors
    /// The first of `take`; or if the file can no longer be read.
    pub(crate) fn for_each_piece<E: From<DataError>>(
        &self,
        mut take: impl FnMut(&Self) -> Result<(), E>,
    ) -> Result<(), E> {
        Pieces::new(&self.rows)
            .for_each(|rows| take(&Self { rows: rows.clone(), normalisation: self.normalisation.clone() }))
    }

    /// Rows, their labels aside, that are trained on at a time, if they are in a file.
    pub(super) fn window(&self, rows: usize) -> Self {
        let storage = self.rows.storage().window(rows, self.affine().is_some());
        Self { rows: StoredRows::all(storage), normalisation: self.normalisation.clone() }
    }

    pub(super) fn stored(&self) -> &StoredRows {
        &self.rows
    }

    /// Of a window.
    pub(super) fn stored_mut(&mut self) -> &mut StoredRows {
        &mut self.rows
    }

    /// The most bytes that one result of rows in a file may take.
    pub(crate) fn result_limit(&self) -> Option<u64> {
        Some(self.rows.storage().file()?.ahead().window_bytes())
    }

    /// All rows, one after the other, with 0 for a value that is missing.
    ///
    /// # Panics
    /// If they are in a file: see [`Samples::read_rows`].
    pub fn to_vec(&self) -> Vec<f32> {
        let (features, mut row) = (self.features(), vec![0.0; self.features().next_multiple_of(16)]);
        let mut all = Vec::with_capacity(self.rows() * features);
        for index in 0..self.rows() {
            self.read(Level::scalar(), index, &mut row);
            all.extend_from_slice(&row[..features]);
        }
        all
    }

    /// Writes row `index` to the front of `row`, with 0 for a value that is missing, and zeros behind it.
    pub(crate) fn read(&self, level: Level, index: usize, row: &mut [f32]) {
        self.read_stored(level, self.rows.stored(index), row);
    }

    /// As [`Samples::read`], with NaN for a value that is missing.
    pub(crate) fn read_with_nan(&self, level: Level, index: usize, row: &mut [f32]) {
        self.read_stored_with_nan(level, self.rows.stored(index), row);
    }

    /// As [`Samples::read`], of a row where it lies in the storage.
    #[inline]
    pub(crate) fn read_stored(&self, level: Level, stored: usize, row: &mut [f32]) {
        self.rows.storage().read_present(level, stored, self.scaling(), row);
    }

    /// As [`Samples::read_with_nan`], of a row where it lies in the storage.
    #[inline]
    pub(crate) fn read_stored_with_nan(&self, level: Level, stored: usize, row: &mut [f32]) {
        self.rows.storage().read(level, stored, self.scaling(), row);
    }

    /// How many values some rows of the storage have.
    pub(crate) fn present_stored(&self, stored: &[u32]) -> usize {
        match self.has_missing() {
            true => stored.iter().map(|&row| self.rows.storage().present(row as usize)).sum(),
            false => stored.len() * self.features(),
        }
    }

    fn scaling(&self) -> Option<Scaling<'_>> {
        self.normalisation.as_ref().map(|normalisation| normalisation.scaling())
    }

    /// Where rows lie in the storage, into `out`, which is emptied first.
    pub(crate) fn locate(&self, rows: &[u32], out: &mut Vec<u32>) {
        out.clear();
        match self.rows.are_all() {
            true => out.extend_from_slice(rows),
            // A storage has fewer rows than 2³².
            false => out.extend(rows.iter().map(|&row| self.rows.stored(row as usize) as u32)),
        }
    }

    /// The bytes that are not 0 of all rows of the storage, if the values are bytes, few enough of them are, and one scale
    /// and offset serves all. Of a file, they say whether its windows have them, and are of no rows.
    pub(crate) fn sparse(&self) -> Option<(&SparseBytes, Affine)> {
        let affine = self.bytes_affine()?;
        Some((self.rows.storage().sparse()?, affine))
    }

    /// All bytes of the storage with the scale and offset of them all, if they are bytes in memory and there is one.
    pub(crate) fn bytes(&self) -> Option<(&[u8], Affine)> {
        Some((self.rows.storage().bytes()?, self.affine()?))
    }

    /// The scale and offset of all bytes, if the values are bytes and there is one.
    pub(crate) fn bytes_affine(&self) -> Option<Affine> {
        self.affine().filter(|_| self.rows.storage().is_bytes())
    }

    fn affine(&self) -> Option<Affine> {
        self.normalisation.as_ref()?.affine()
    }

    /// As [`Samples::read_with_nan`], of the raw values.
    pub(crate) fn read_raw(&self, level: Level, index: usize, row: &mut [f32]) {
        self.rows.read(level, index, None, row);
    }

    /// Asks for some rows of the storage to be brought into the cache.
    ///
    /// # Panics
    /// If a row is beyond the last.
    pub(crate) fn prefetch_stored(&self, stored: &[u32]) {
        stored.iter().for_each(|&row| self.rows.storage().prefetch(row as usize));
    }
}
