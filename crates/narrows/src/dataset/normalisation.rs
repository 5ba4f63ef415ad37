//! From raw values to a model's input: `x = raw·scale + offset`.

use narrows_kernels::gather::{Affine, Scaling};
use serde::{Deserialize, Serialize};

use super::{DataError, Dataset, Samples, ValueRange};

/// Which normalisation a data set gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NormalisationKind {
    /// The value range to [−1, 1], as `Normalize((0.5,), (0.5,))` does in torchvision.
    #[default]
    Symmetric,
    /// The value range to [0, 1].
    Unit,
    /// Each feature to mean 0 and variance 1; a constant feature only to mean 0.
    Standard,
}

/// `x = raw·scale + offset`, with one scale and offset for all features or one for each. It belongs to the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Normalisation(Fields);

/// The fields as files have them, before they are checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    scale: Vec<f32>,
    offset: Vec<f32>,
}

/// A normalisation that cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NormalisationError {
    /// Not as many scales as offsets, or none.
    #[error(
        "a normalisation has as many scales as offsets, one or one for each feature; there are {scales} and {offsets}"
    )]
    Lengths {
        /// Scales.
        scales: usize,
        /// Offsets.
        offsets: usize,
    },
    /// Neither one scale, nor one for each feature.
    #[error(
        "the normalisation is of {scales} features, rows have {features}; expected 1 scale, or {features}"
    )]
    Features {
        /// Scales.
        scales: usize,
        /// Numbers in a row.
        features: usize,
    },
    /// A scale of 0, or a number that is not finite.
    #[error(
        "feature {index} would be scaled by {scale} and shifted by {offset}; a scale is a finite number other than 0, an offset a finite one"
    )]
    Number {
        /// Which, from 0.
        index: usize,
        /// Its scale.
        scale: f32,
        /// Its offset.
        offset: f32,
    },
    /// The rows could no longer be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// There is nothing to learn a mean and a variance from.
    #[error("{0} has no rows, so it has no mean and no variance")]
    NoRows(String),
    /// The data has no range that could become [−1, 1] or [0, 1].
    #[error(
        "{0} has no value range by its nature, as images have; normalise it by `standard`, each column by its mean and variance"
    )]
    NoRange(String),
}

impl Normalisation {
    /// One scale and offset, or one for each feature.
    ///
    /// # Errors
    /// If there are not as many of both, a scale is 0, or a number is not finite.
    pub fn new(scale: Vec<f32>, offset: Vec<f32>) -> Result<Self, NormalisationError> {
        let (scales, offsets) = (scale.len(), offset.len());
        if scales != offsets || scales == 0 {
            return Err(NormalisationError::Lengths { scales, offsets });
        }
        let pairs = scale.iter().zip(&offset).enumerate();
        match pairs.into_iter().find(|(_, (scale, offset))| !(scale.is_normal() && offset.is_finite())) {
            Some((index, (&scale, &offset))) => Err(NormalisationError::Number { index, scale, offset }),
            None => Ok(Self(Fields { scale, offset })),
        }
    }

    /// The one that leaves values as they are.
    pub fn identity() -> Self {
        Self(Fields { scale: vec![1.0], offset: vec![0.0] })
    }

    /// Fits a normalisation to a data set.
    ///
    /// # Errors
    /// If the data has no range, of which the other kinds are made, or no rows, of which [`NormalisationKind::Standard`] is,
    /// or is in a file that can no longer be read.
    pub fn fit(kind: NormalisationKind, dataset: &Dataset) -> Result<Self, NormalisationError> {
        if kind == NormalisationKind::Standard {
            return Self::standard(dataset);
        }
        let no_range = || NormalisationError::NoRange(dataset.name().to_owned());
        let ValueRange { low, high } = dataset.schema().range().ok_or_else(no_range)?;
        let (scale, offset) = match kind {
            NormalisationKind::Symmetric => (2.0 / (high - low), -(high + low) / (high - low)),
            _ => (1.0 / (high - low), -low / (high - low)),
        };
        Self::new(vec![scale], vec![offset])
    }

    fn standard(dataset: &Dataset) -> Result<Self, NormalisationError> {
        if dataset.rows() == 0 {
            return Err(NormalisationError::NoRows(dataset.name().to_owned()));
        }
        let (scale, offset) = dataset
            .moments()?
            .into_iter()
            .map(|column| {
                let scale = if column.is_constant() { 1.0 } else { 1.0 / column.variance().sqrt() } as f32;
                // Of the scale as it is rounded, so that the mean becomes 0 whatever the scale.
                (scale, (-column.mean * f64::from(scale)) as f32)
            })
            .unzip();
        Self::new(scale, offset)
    }

    /// One number, or one a feature; none is 0.
    pub fn scale(&self) -> &[f32] {
        &self.0.scale
    }

    /// As many as scales.
    pub fn offset(&self) -> &[f32] {
        &self.0.offset
    }

    /// The raw value that `x`, feature `index` of a model's input or output, stands for: `(x − offset)/scale`.
    pub fn raw_of(&self, index: usize, x: f32) -> f32 {
        let (scale, offset) = self.of_feature(index);
        (x - offset) / scale
    }

    /// The scale and offset of feature `index`.
    pub fn of_feature(&self, index: usize) -> (f32, f32) {
        let index = if self.0.scale.len() == 1 { 0 } else { index };
        (self.0.scale[index], self.0.offset[index])
    }

    /// A data set as the input of a model with this normalisation. No value is copied.
    ///
    /// # Errors
    /// If there is neither one scale, nor one for each of its features.
    pub fn apply(&self, dataset: &Dataset) -> Result<Samples, NormalisationError> {
        self.check(dataset.features())?;
        Ok(Samples::normalised(dataset.stored().clone(), self.clone()))
    }

    /// Checks that rows of so many features can be normalised.
    ///
    /// # Errors
    /// If there is neither one scale, nor one for each of them.
    pub(crate) fn check(&self, features: usize) -> Result<(), NormalisationError> {
        let scales = self.0.scale.len();
        match [1, features].contains(&scales) {
            true => Ok(()),
            false => Err(NormalisationError::Features { scales, features }),
        }
    }

    /// The scale and offset, if they are the same for all features.
    pub(crate) fn affine(&self) -> Option<Affine> {
        match (self.scale(), self.offset()) {
            (&[scale], &[offset]) => Some(Affine { scale, offset }),
            _ => None,
        }
    }

    /// As the gather kernels want it.
    pub(crate) fn scaling(&self) -> Scaling<'_> {
        match self.affine() {
            Some(affine) => Scaling::Same(affine),
            None => Scaling::Each { scale: self.scale(), offset: self.offset() },
        }
    }
}

impl TryFrom<Fields> for Normalisation {
    type Error = NormalisationError;

    fn try_from(Fields { scale, offset }: Fields) -> Result<Self, NormalisationError> {
        Self::new(scale, offset)
    }
}

impl From<Normalisation> for Fields {
    fn from(normalisation: Normalisation) -> Self {
        normalisation.0
    }
}
