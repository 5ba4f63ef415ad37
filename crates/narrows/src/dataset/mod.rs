//! Data sets: rows of numbers, with labels and an image's shape where there are any.

pub mod format;
#[cfg(feature = "mnist")]
pub mod mnist;
mod normalisation;
mod row_name;
mod source;

pub use normalisation::{Normalisation, NormalisationKind, Samples, Values};
pub use row_name::{Part, RowName, RowNameError, Which};
use serde::{Deserialize, Serialize};
pub use source::{Source, UnknownSource};

/// Height and width of an image, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageShape {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

/// The least and the greatest raw value that the data can have, for showing them and for errors in [0, 1] scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValueRange {
    /// Shown as black.
    pub low: f32,
    /// Shown as white.
    pub high: f32,
}

/// Rows × features raw values, as they were read.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// What to call it, for instance `mnist (test)`.
    pub name: String,
    /// Numbers in a row.
    pub features: usize,
    /// Row after row.
    pub raw: RawValues,
    /// The values that can occur.
    pub range: ValueRange,
    /// The shape of a row, if it is an image.
    pub image: Option<ImageShape>,
    /// The class of each row, if known.
    pub labels: Option<Vec<u8>>,
}

/// Raw values, bytes kept as bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum RawValues {
    /// 0..=255 each.
    Bytes(Vec<u8>),
    /// Any finite number.
    Numbers(Vec<f32>),
}

impl Dataset {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        let values = match &self.raw {
            RawValues::Bytes(bytes) => bytes.len(),
            RawValues::Numbers(numbers) => numbers.len(),
        };
        values / self.features
    }

    /// The rows at `indices`, in that order.
    ///
    /// # Panics
    /// If one is beyond the last row.
    #[must_use]
    pub fn subset(&self, indices: &[usize]) -> Self {
        let range = |&index: &usize| index * self.features..(index + 1) * self.features;
        let raw = match &self.raw {
            RawValues::Bytes(bytes) => RawValues::Bytes(
                indices.iter().flat_map(|index| bytes[range(index)].iter().copied()).collect(),
            ),
            RawValues::Numbers(numbers) => RawValues::Numbers(
                indices.iter().flat_map(|index| numbers[range(index)].iter().copied()).collect(),
            ),
        };
        let labels = self.labels.as_ref().map(|labels| indices.iter().map(|&index| labels[index]).collect());
        Self { raw, labels, name: self.name.clone(), ..*self }
    }

    /// The index of the `n`-th row (from 0) of a class.
    pub fn nth_of_class(&self, class: u8, n: usize) -> Option<usize> {
        let labels = self.labels.as_ref()?;
        labels.iter().enumerate().filter(|(_, label)| **label == class).nth(n).map(|(index, _)| index)
    }

    /// How many rows each class has, by class, or nothing without labels.
    pub fn class_counts(&self) -> Option<Vec<(u8, usize)>> {
        let mut counts = [0; 256];
        for &label in self.labels.as_ref()? {
            counts[usize::from(label)] += 1;
        }
        Some((0..=u8::MAX).zip(counts).filter(|(_, count)| *count > 0).collect())
    }
}

/// A data set in its two parts.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainAndTest {
    /// What models are trained on.
    pub train: Dataset,
    /// What they are tested on.
    pub test: Dataset,
}
