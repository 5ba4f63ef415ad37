//! Rows of a data set: all of a storage or some of it, with labels, and what they mean. Copies share the values.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use narrows_kernels::Level;
use narrows_kernels::gather::Scaling;
use sha2::{Digest, Sha256};

use super::file::ReadAhead;
use super::format::{ArrayFile, FileError};
use super::pieces::Pieces;
use super::storage::{Storage, Values};
use super::{ImageShape, Moments, Schema};
use crate::files::hexadecimal;

/// Rows beyond which a data set is examined by some of them: neighbours of 100,000 rows among 100,000 take seconds.
pub(crate) const MAX_EXAMINED: usize = 100_000;

/// Rows with a schema and, maybe, labels.
///
/// It never changes once it is made, and [`Dataset::subset`] and copies take no memory for values.
#[derive(Clone, Debug)]
pub struct Dataset {
    name: String,
    schema: Arc<Schema>,
    rows: StoredRows,
    labels: Option<Arc<[u32]>>,
    hash: Arc<OnceLock<String>>,
}

/// Rows of a data set that stand for all of them.
#[derive(Clone, Debug)]
pub(crate) struct Examined {
    /// In memory.
    pub dataset: Dataset,
    /// Which of the whole data set they are.
    pub rows: Vec<usize>,
}

/// All rows of a storage, or some of them.
#[derive(Clone, Debug)]
pub(super) struct StoredRows {
    storage: Storage,
    chosen: Option<Arc<[u32]>>,
}

/// Values or labels that are no data set.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DataError {
    /// No whole rows.
    #[error("{values} values are no whole rows of {features}")]
    Ragged {
        /// How many values.
        values: usize,
        /// Numbers in a row.
        features: usize,
    },
    /// A file of other rows.
    #[error("{} has rows of {found} values; expected {expected}", path.display())]
    Features {
        /// Which.
        path: PathBuf,
        /// Numbers in a row.
        expected: usize,
        /// What the file has.
        found: usize,
    },
    /// The file could no longer be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// More rows than can be counted.
    #[error("{0} rows are more than the 4,294,967,295 that a data set may have")]
    TooManyRows(usize),
    /// A value is NaN or infinite.
    #[error("row {row}, column {column} (from 0) is {value}; expected a finite number")]
    NotFinite {
        /// Which row, from 0.
        row: usize,
        /// The column's name, or its number from 0.
        column: String,
        /// What is there.
        value: f32,
    },
    /// Not one label for each row.
    #[error("{rows} rows have {labels} labels; expected one for each")]
    Labels {
        /// Rows.
        rows: usize,
        /// Labels.
        labels: usize,
    },
    /// A label without a class.
    #[error("row {row} (from 0) has label {label}, the schema names {classes} classes, from 0")]
    Label {
        /// Which row.
        row: usize,
        /// Its label.
        label: u32,
        /// How many classes there are.
        classes: usize,
    },
}

impl Dataset {
    /// Rows of these values, with the label of each row if there are any: the place of its class among the schema's.
    ///
    /// # Errors
    /// If the values are no whole rows or not finite, or labels are not one for each row, each of a class of the schema.
    pub fn new(
        name: impl Into<String>,
        schema: Schema,
        values: Values,
        labels: Option<Vec<u32>>,
    ) -> Result<Self, DataError> {
        let storage = Storage::new(&schema, values)?;
        Self::of_storage(name.into(), schema, storage, labels)
    }

    /// Rows of an array that stays in its file: all are read once now, and checked, and then, many at a time, when they are needed.
    ///
    /// Models are trained on them and evaluated with them as on rows in memory. What looks at single rows needs those in memory:
    /// [`Dataset::read_rows`].
    ///
    /// # Errors
    /// As [`Dataset::new`]; or if the file is of other rows, or cannot be read.
    pub fn open_file(
        name: impl Into<String>,
        schema: Schema,
        array: ArrayFile,
        labels: Option<Vec<u32>>,
        ahead: ReadAhead,
    ) -> Result<Self, DataError> {
        let storage = Storage::open(&schema, Arc::new(array), ahead)?;
        Self::of_storage(name.into(), schema, storage, labels)
    }

    fn of_storage(
        name: String,
        schema: Schema,
        storage: Storage,
        labels: Option<Vec<u32>>,
    ) -> Result<Self, DataError> {
        if let Some(labels) = &labels {
            let (rows, classes) = (storage.rows(), schema.classes().map_or(0, <[String]>::len));
            if labels.len() != rows {
                return Err(DataError::Labels { rows, labels: labels.len() });
            }
            if let Some(row) = labels.iter().position(|&label| label as usize >= classes) {
                return Err(DataError::Label { row, label: labels[row], classes });
            }
        }
        Ok(Self {
            name,
            schema: Arc::new(schema),
            rows: StoredRows { storage, chosen: None },
            labels: labels.map(Into::into),
            hash: Arc::default(),
        })
    }

    /// The same rows under another name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// What to call it, for instance `mnist (test)`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the rows mean.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Numbers in a row.
    pub fn features(&self) -> usize {
        self.schema.features()
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows.count()
    }

    /// The shape of a row, if it is an image.
    pub fn image(&self) -> Option<ImageShape> {
        self.schema.image()
    }

    /// The class of each row as its place among the schema's classes, if known.
    pub fn labels(&self) -> Option<&[u32]> {
        self.labels.as_deref()
    }

    /// The name of the class of row `index`, if known.
    pub fn class_of(&self, index: usize) -> Option<&str> {
        Some(self.class_name(self.labels()?[index]))
    }

    /// The name of a class.
    ///
    /// # Panics
    /// If there is none of this label.
    pub fn class_name(&self, label: u32) -> &str {
        &self.schema.classes().expect("labels are of the schema's classes")[label as usize]
    }

    /// The rows at `indices`, in that order.
    ///
    /// # Panics
    /// If one is beyond the last row.
    #[must_use]
    pub fn subset(&self, indices: &[usize]) -> Self {
        let labels = self.labels().map(|labels| indices.iter().map(|&index| labels[index]).collect());
        Self {
            rows: self.rows.subset(indices),
            labels,
            hash: Arc::default(),
            name: self.name.clone(),
            schema: Arc::clone(&self.schema),
        }
    }

    /// The same without labels.
    #[must_use]
    pub fn without_labels(&self) -> Self {
        Self { labels: None, hash: Arc::default(), ..self.clone() }
    }

    /// The index of the `n`-th row (from 0) of a class.
    pub fn nth_of_class(&self, label: u32, n: usize) -> Option<usize> {
        let labels = self.labels()?.iter().enumerate();
        labels.filter(|&(_, &other)| other == label).nth(n).map(|(index, _)| index)
    }

    /// How many rows each class has, of the classes that have any, or nothing without labels.
    pub fn class_counts(&self) -> Option<Vec<(u32, usize)>> {
        let mut counts = vec![0; self.schema.classes().map_or(0, <[String]>::len)];
        self.labels()?.iter().for_each(|&label| counts[label as usize] += 1);
        Some((0..).zip(counts).filter(|&(_, count)| count > 0).collect())
    }

    /// The first row of each class, of ten classes at most; without labels the first ten rows. For showing.
    pub fn examples(&self) -> Vec<usize> {
        match self.class_counts() {
            Some(classes) => {
                classes.iter().take(10).filter_map(|&(class, _)| self.nth_of_class(class, 0)).collect()
            }
            None => (0..self.rows().min(10)).collect(),
        }
    }

    /// Row and column of the first value that is missing.
    ///
    /// # Errors
    /// If the values are in a file that can no longer be read.
    pub fn first_missing(&self) -> Result<Option<(usize, usize)>, DataError> {
        let (features, mut found, mut first) = (self.features(), None, 0);
        if !self.rows.storage().has_missing() {
            return Ok(None);
        }
        Pieces::new(&self.rows).for_each(|piece| {
            let lacks_one = |&row: &usize| piece.storage().present(piece.stored(row)) < features;
            if let Some(row) = (0..piece.count()).find(lacks_one).filter(|_| found.is_none()) {
                let column = piece.raw_row(row).iter().position(|value| value.is_nan());
                found = column.map(|column| (first + row, column));
            }
            first += piece.count();
            Ok::<_, DataError>(())
        })?;
        Ok(found)
    }

    /// Whether the values are in memory, and not in a file.
    pub fn is_in_memory(&self) -> bool {
        self.rows.is_in_memory()
    }

    /// The rows at `indices`, in that order, in memory. Of data in memory, this is [`Dataset::subset`].
    ///
    /// # Errors
    /// If they are in a file that can no longer be read.
    ///
    /// # Panics
    /// If one is beyond the last row.
    pub fn read_rows(&self, indices: &[usize]) -> Result<Self, DataError> {
        let subset = self.subset(indices);
        Ok(Self { rows: subset.rows.read_all()?, ..subset })
    }

    /// Row `index` as it was read; NaN where a value is missing.
    ///
    /// # Panics
    /// If it is beyond the last row, or in a file: see [`Dataset::read_rows`].
    pub fn raw_row(&self, index: usize) -> Vec<f32> {
        self.rows.raw_row(index)
    }

    /// The same rows under another rule for missing values.
    ///
    /// # Errors
    /// If the schema is of other rows, or a value is missing that may not be.
    pub(super) fn with_missing(&self, schema: &Schema) -> Result<Self, DataError> {
        let storage = match self.rows.storage().file() {
            Some(file) => Storage::reopen(schema, file)?,
            None => {
                let values = (0..self.rows()).flat_map(|row| self.raw_row(row)).collect();
                Storage::new(schema, Values::Numbers(values))?
            }
        };
        let chosen = self.rows.chosen.clone().filter(|_| !self.is_in_memory());
        Ok(Self {
            rows: StoredRows { storage, chosen },
            schema: Arc::new(schema.clone()),
            hash: Arc::default(),
            ..self.clone()
        })
    }

    /// The rows by which a data set is examined, row by row or each beside each: all of them, or of very many so many, evenly
    /// spread. They are in memory.
    ///
    /// # Errors
    /// If they are in a file that can no longer be read.
    pub(crate) fn examined(&self) -> Result<Examined, DataError> {
        let of_file = self.rows.storage().file().map(|file| {
            let row = self.features() * if self.rows.storage().is_bytes() { 1 } else { size_of::<f32>() };
            usize::try_from(file.ahead().window_bytes()).unwrap_or(usize::MAX) / row
        });
        let most = MAX_EXAMINED.min(of_file.unwrap_or(MAX_EXAMINED)).max(1);
        let all = self.rows();
        if all <= most {
            let rows: Vec<usize> = (0..all).collect();
            let dataset = if self.is_in_memory() { self.clone() } else { self.read_rows(&rows)? };
            return Ok(Examined { dataset, rows });
        }
        let rows: Vec<usize> = (0..most).map(|i| (i as u128 * all as u128 / most as u128) as usize).collect();
        Ok(Examined { dataset: self.read_rows(&rows)?, rows })
    }

    /// Mean, variance and extent of each column, as it was read.
    ///
    /// # Errors
    /// If the values are in a file that can no longer be read.
    pub fn moments(&self) -> Result<Vec<Moments>, DataError> {
        self.rows.moments(None)
    }

    /// SHA-256 of the values, row after row: a byte as it is, a number as the four bytes of an `f32`, the lowest first. Of rows
    /// chosen of a file, it is of all the file's values and of the rows' indices in it, as the four bytes of a `u32` each.
    pub fn values_hash(&self) -> String {
        hexadecimal(self.digest())
    }

    /// What tells this data from any other: SHA-256 of the values as [`Dataset::values_hash`] takes them and, behind them,
    /// of the labels, if there are any, as the four bytes of a `u32` each, the lowest first. Computed once.
    pub fn content_hash(&self) -> &str {
        self.hash.get_or_init(|| {
            let mut digest = self.digest();
            self.labels().into_iter().flatten().for_each(|label| digest.update(label.to_le_bytes()));
            hexadecimal(digest)
        })
    }

    fn digest(&self) -> Sha256 {
        if let Some(file) = self.rows.storage.file() {
            let mut digest = file.digest();
            self.rows
                .chosen
                .iter()
                .flat_map(|rows| rows.iter())
                .for_each(|row| digest.update(row.to_le_bytes()));
            return digest;
        }
        let mut digest = Sha256::new();
        (0..self.rows()).for_each(|row| self.rows.storage.digest(self.rows.stored(row), &mut digest));
        digest
    }

    pub(super) fn stored(&self) -> &StoredRows {
        &self.rows
    }
}

impl StoredRows {
    /// All rows of a storage.
    pub fn all(storage: Storage) -> Self {
        Self { storage, chosen: None }
    }

    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Of a window.
    pub fn storage_mut(&mut self) -> &mut Storage {
        &mut self.storage
    }

    pub fn count(&self) -> usize {
        self.chosen.as_ref().map_or(self.storage.rows(), |chosen| chosen.len())
    }

    /// Where row `index` lies in the storage.
    #[inline]
    pub fn stored(&self, index: usize) -> usize {
        match &self.chosen {
            Some(chosen) => chosen[index] as usize,
            None => index,
        }
    }

    /// Whether rows lie in the storage where their indices say.
    pub fn are_all(&self) -> bool {
        self.chosen.is_none()
    }

    pub fn is_in_memory(&self) -> bool {
        self.storage.file().is_none()
    }

    /// Where rows lie in the storage, as runs of rows side by side.
    pub fn runs(&self, rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let mut next = rows.start;
        std::iter::from_fn(move || {
            let start = next;
            let first = (start < rows.end).then(|| self.stored(start))?;
            next = if self.are_all() { rows.end } else { start + 1 };
            while next < rows.end && self.stored(next) == first + (next - start) {
                next += 1;
            }
            Some(first..first + (next - start))
        })
    }

    /// All rows in memory.
    pub fn read_all(&self) -> Result<Self, DataError> {
        if self.is_in_memory() {
            return Ok(self.clone());
        }
        let mut storage = self.storage.window(self.count(), false);
        storage.refill(&self.storage, self.runs(0..self.count()), &mut Vec::new())?;
        Ok(Self::all(storage))
    }

    /// Row `index` into the front of `out`, scaled, and zeros behind it.
    pub fn read(&self, level: Level, index: usize, scaling: Option<Scaling<'_>>, out: &mut [f32]) {
        self.storage.read(level, self.stored(index), scaling, out);
    }

    /// Row `index` as it was read.
    pub fn raw_row(&self, index: usize) -> Vec<f32> {
        let features = self.storage.features();
        let mut row = vec![0.0; features.next_multiple_of(16)];
        self.read(Level::scalar(), index, None, &mut row);
        row.truncate(features);
        row
    }

    /// Of each column, scaled; a value that is missing counts for nothing.
    pub fn moments(&self, scaling: Option<Scaling<'_>>) -> Result<Vec<Moments>, DataError> {
        let features = self.storage.features();
        let mut padded = vec![0.0; features.next_multiple_of(16)];
        let (mut pieces, mut failed) = (Pieces::new(self), None);
        let moments = Moments::of_columns(features, self.count(), |row, out| match pieces.with(row) {
            Ok((piece, row)) => {
                piece.read(Level::scalar(), row, scaling, &mut padded);
                out.copy_from_slice(&padded[..features]);
            }
            Err(error) => failed = failed.take().or(Some(error)),
        });
        failed.map_or(Ok(moments), Err)
    }

    pub fn subset(&self, indices: &[usize]) -> Self {
        let rows = self.count();
        let stored = |&index: &usize| {
            assert!(index < rows, "row {index} of {rows}");
            // A storage has fewer rows than 2³².
            self.stored(index) as u32
        };
        Self { storage: self.storage.clone(), chosen: Some(indices.iter().map(stored).collect()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Missing, Normalisation};

    fn schema(features: usize) -> Schema {
        Schema::rows(features).unwrap()
    }

    fn classes(names: &[&str]) -> Schema {
        schema(1).with_classes(names.iter().map(|&name| name.to_owned()).collect()).unwrap()
    }

    #[test]
    fn what_is_no_data_set_is_refused_and_named() {
        let new = |values, labels| Dataset::new("d", classes(&["a", "b"]), values, labels).err();
        let bytes = || Values::Bytes(vec![1, 2, 3]);
        assert_eq!(new(bytes(), Some(vec![0, 1, 1])), None);
        assert_eq!(new(bytes(), Some(vec![0, 1])), Some(DataError::Labels { rows: 3, labels: 2 }));
        let label = DataError::Label { row: 1, label: 2, classes: 2 };
        assert_eq!(new(bytes(), Some(vec![0, 2, 1])), Some(label));
        assert_eq!(new(Values::Numbers(Vec::new()), Some(Vec::new())), None);
        let ragged = Dataset::new("d", schema(30), Values::Numbers(vec![0.0; 61]), None).err();
        assert_eq!(ragged, Some(DataError::Ragged { values: 61, features: 30 }));
    }

    #[test]
    fn a_value_that_is_not_finite_is_named_by_row_and_column() {
        let table = Schema::table(vec!["time".to_owned(), "heat".to_owned()]).unwrap();
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let values = Values::Numbers(vec![0.0, 1.0, 2.0, value, 4.0, 5.0]);
            let error = Dataset::new("d", table.clone(), values, None).unwrap_err().to_string();
            assert!(error.contains("row 1") && error.contains("heat"), "{error}");
        }
    }

    #[test]
    fn missing_values_are_filled_where_the_schema_says_with_what() {
        let fill = |values| Missing::Fill(values);
        let schema = schema(2).with_missing(fill(vec![7.0, 8.0])).unwrap();
        let values = vec![f32::NAN, 1.0, 2.0, f32::NAN];
        let filled = Dataset::new("d", schema.clone(), Values::Numbers(values), None).unwrap();
        assert_eq!([filled.raw_row(0), filled.raw_row(1)], [[7.0, 1.0], [2.0, 8.0]]);
        let by_means = Schema::rows(2).unwrap().filled_with_means(&[1.0, f32::NAN, 3.0, 5.0]);
        assert_eq!(by_means.unwrap().missing(), &fill(vec![2.0, 5.0]));
        let infinite = Values::Numbers(vec![f32::INFINITY, 1.0]);
        assert!(matches!(Dataset::new("d", schema, infinite, None), Err(DataError::NotFinite { .. })));
    }

    #[test]
    fn a_masked_value_stays_missing_and_a_model_reads_zero_in_its_place() {
        let masked = schema(2).with_missing(Missing::Mask).unwrap();
        let values = Values::Numbers(vec![1.0, 2.0, f32::NAN, 4.0, 5.0, 0.0]);
        let dataset = Dataset::new("d", masked, values, None).unwrap();
        assert_eq!((dataset.moments().unwrap()[0].count, dataset.moments().unwrap()[0].mean), (2, 3.0));
        assert_eq!(dataset.first_missing(), Ok(Some((1, 0))));
        assert!(dataset.raw_row(1)[0].is_nan());
        assert_eq!(dataset.subset(&[0, 2]).first_missing(), Ok(None));
        let samples = Normalisation::new(vec![1.0, 2.0], vec![-3.0, 1.0]).unwrap().apply(&dataset).unwrap();
        assert_eq!(samples.to_vec(), [-2.0, 5.0, 0.0, 9.0, 2.0, 1.0]);
        assert_eq!((samples.has_missing(), samples.present(0), samples.present(1)), (true, 2, 1));
        assert_eq!(samples.all_present(), Ok(5));
    }

    #[test]
    fn a_subset_has_its_rows_and_labels_and_copies_no_values() {
        let all =
            Dataset::new("d", classes(&["a", "b"]), Values::Bytes(vec![5, 6, 7, 8]), Some(vec![0, 1, 0, 1]));
        let all = all.unwrap();
        let some = all.subset(&[3, 0, 3]).subset(&[2, 1]);
        assert_eq!((some.raw_row(0), some.raw_row(1)), (vec![8.0], vec![5.0]));
        assert_eq!(some.labels(), Some(&[1, 0][..]));
        assert_eq!((some.class_of(0), some.class_counts()), (Some("b"), Some(vec![(0, 1), (1, 1)])));
        let places = [&all, &some].map(|set| set.rows.storage.bytes().unwrap().as_ptr());
        assert_eq!(places[0], places[1]);
    }

    #[test]
    fn the_hash_is_that_of_values_and_labels_in_order() {
        // printf '\x01\x02' | sha256sum, and of 01 02 01 00 00 00 00 00 00 00
        let values = "a12871fee210fb8619291eaea194581cbd2531e4b23759d225f6806923f63222";
        let new =
            |labels| Dataset::new("d", classes(&["a", "b"]), Values::Bytes(vec![1, 2]), labels).unwrap();
        assert_eq!(new(None).content_hash(), values);
        let labelled = new(Some(vec![1, 0]));
        assert_eq!(labelled.values_hash(), values);
        assert_eq!(
            labelled.content_hash(),
            "6cacbccdcf2cc9393b6d452e2fd73dcabac6d32b97042bc7bbeed5eb1fccf289"
        );
        let turned = labelled.subset(&[1, 0]);
        assert_ne!(turned.content_hash(), labelled.content_hash());
        assert_eq!(turned.subset(&[1, 0]).content_hash(), labelled.content_hash());
    }
}
