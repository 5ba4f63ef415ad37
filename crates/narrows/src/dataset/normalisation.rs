//! From raw values to a model's input: `x = raw·scale + offset`.

use std::sync::OnceLock;

use narrows_kernels::Level;
use narrows_kernels::gather::{self, Affine};
use narrows_kernels::sparse::SparseBytes;
use serde::{Deserialize, Serialize};

use super::{Dataset, RawValues, ValueRange};

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
#[serde(deny_unknown_fields)]
pub struct Normalisation {
    /// One number, or one a feature; none is 0.
    pub scale: Vec<f32>,
    /// As many as scales.
    pub offset: Vec<f32>,
}

impl Normalisation {
    /// Fits a normalisation to a data set.
    pub fn fit(kind: NormalisationKind, dataset: &Dataset) -> Self {
        let ValueRange { low, high } = dataset.range;
        match kind {
            NormalisationKind::Symmetric => Self::affine(2.0 / (high - low), -(high + low) / (high - low)),
            NormalisationKind::Unit => Self::affine(1.0 / (high - low), -low / (high - low)),
            NormalisationKind::Standard => Self::standard(dataset),
        }
    }

    fn affine(scale: f32, offset: f32) -> Self {
        Self { scale: vec![scale], offset: vec![offset] }
    }

    fn standard(dataset: &Dataset) -> Self {
        let mut sums = vec![(0.0_f64, 0.0_f64); dataset.features];
        let mut visit = |row: &mut dyn Iterator<Item = f64>| {
            for ((sum, squares), value) in sums.iter_mut().zip(row) {
                *sum += value;
                *squares += value * value;
            }
        };
        match &dataset.raw {
            RawValues::Bytes(bytes) => {
                bytes
                    .chunks_exact(dataset.features)
                    .for_each(|row| visit(&mut row.iter().map(|&x| f64::from(x))));
            }
            RawValues::Numbers(numbers) => {
                numbers
                    .chunks_exact(dataset.features)
                    .for_each(|row| visit(&mut row.iter().map(|&x| f64::from(x))));
            }
        }
        let rows = dataset.rows() as f64;
        sums.into_iter()
            .map(|(sum, squares)| {
                let mean = sum / rows;
                let variance = (squares / rows - mean * mean).max(0.0);
                // What is left of a constant feature is rounding.
                let constant = variance <= mean * mean * f64::EPSILON * rows;
                let scale = if constant { 1.0 } else { 1.0 / variance.sqrt() };
                (scale as f32, (-mean * scale) as f32)
            })
            .unzip()
            .into()
    }

    /// The scale and offset of feature `index`.
    pub fn of_feature(&self, index: usize) -> (f32, f32) {
        let index = if self.scale.len() == 1 { 0 } else { index };
        (self.scale[index], self.offset[index])
    }

    /// Back from a model's output to [0, 1] of the value range, clamped, for showing.
    ///
    /// For the symmetric normalisation this is `clamp(0.5·(x + 1), 0, 1)`.
    pub fn to_unit(&self, range: ValueRange, values: &[f32]) -> Vec<f32> {
        values
            .iter()
            .enumerate()
            .map(|(i, x)| {
                let (scale, offset) = self.of_feature(i % self.scale.len());
                let raw = (x - offset) / scale;
                ((raw - range.low) / (range.high - range.low)).clamp(0.0, 1.0)
            })
            .collect()
    }

    /// What a squared error in the model's scale is to be multiplied with to be in the [0, 1] scale of the value
    /// range; nothing if the features have different scales.
    pub fn squared_error_to_unit(&self, range: ValueRange) -> Option<f64> {
        let [scale] = self.scale[..] else { return None };
        Some((f64::from(scale) * f64::from(range.high - range.low)).powi(-2))
    }

    /// A data set as a model's input.
    pub fn apply<'a>(&self, dataset: &'a Dataset) -> Samples<'a> {
        let values = match (&dataset.raw, &self.scale[..], &self.offset[..]) {
            (RawValues::Bytes(bytes), &[scale], &[offset]) => Values::Bytes { bytes, scale, offset },
            (RawValues::Bytes(bytes), ..) => Values::Numbers(self.numbers(dataset.features, bytes)),
            (RawValues::Numbers(numbers), ..) => Values::Numbers(self.numbers(dataset.features, numbers)),
        };
        Samples::new(dataset.features, values)
    }

    fn numbers<T: Copy + Into<f32>>(&self, features: usize, raw: &[T]) -> Vec<f32> {
        raw.iter()
            .enumerate()
            .map(|(i, &value)| {
                let (scale, offset) = self.of_feature(i % features);
                value.into().mul_add(scale, offset)
            })
            .collect()
    }
}

impl From<(Vec<f32>, Vec<f32>)> for Normalisation {
    fn from((scale, offset): (Vec<f32>, Vec<f32>)) -> Self {
        Self { scale, offset }
    }
}

/// Of bytes, the greatest share that may differ from 0 for the sparse first layer to be worth while: picking a number
/// costs about twice what multiplying it in a dense product does.
const SPARSE: f64 = 0.4;

/// Rows × features normalised values: what models are trained on and evaluated with.
#[derive(Clone, Debug)]
pub struct Samples<'a> {
    /// Numbers in a row.
    pub features: usize,
    /// Row after row.
    pub values: Values<'a>,
    /// The bytes that are not 0, picked when they are first asked for.
    sparse: OnceLock<Option<SparseBytes>>,
}

/// The values of [`Samples`].
#[derive(Clone, Debug)]
pub enum Values<'a> {
    /// Bytes b, standing for b·scale + offset.
    Bytes {
        /// Row after row.
        bytes: &'a [u8],
        /// What one step of a byte is worth.
        scale: f32,
        /// What byte 0 is worth.
        offset: f32,
    },
    /// Normalised numbers.
    Numbers(Vec<f32>),
}

impl<'a> Samples<'a> {
    /// Samples of `features` numbers a row.
    pub fn new(features: usize, values: Values<'a>) -> Self {
        Self { features, values, sparse: OnceLock::new() }
    }

    /// The bytes that are not 0, if the values are bytes and few enough of them are.
    pub(crate) fn sparse(&self) -> Option<(&SparseBytes, Affine)> {
        let Values::Bytes { bytes, scale, offset } = self.values else { return None };
        let picked = self.sparse.get_or_init(|| SparseBytes::pick(bytes, self.features, SPARSE));
        Some((picked.as_ref()?, Affine { scale, offset }))
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        match &self.values {
            Values::Bytes { bytes, .. } => bytes.len() / self.features,
            Values::Numbers(numbers) => numbers.len() / self.features,
        }
    }

    /// Writes row `index` to the front of `row`, and zeros behind it.
    pub(crate) fn read(&self, level: Level, index: usize, row: &mut [f32]) {
        let range = index * self.features..(index + 1) * self.features;
        match &self.values {
            Values::Bytes { bytes, scale, offset } => {
                gather::from_bytes(level, &bytes[range], *scale, *offset, row)
            }
            Values::Numbers(numbers) => {
                row[..self.features].copy_from_slice(&numbers[range]);
                row[self.features..].fill(0.0);
            }
        }
    }

    /// Asks for some rows to be brought into the cache.
    ///
    /// # Panics
    /// If a row is beyond the last.
    pub(crate) fn prefetch(&self, rows: &[u32]) {
        for &row in rows {
            let range = row as usize * self.features..(row as usize + 1) * self.features;
            match &self.values {
                Values::Bytes { bytes, .. } => gather::prefetch(&bytes[range]),
                Values::Numbers(numbers) => gather::prefetch(&numbers[range]),
            }
        }
    }

    /// Row `index`.
    pub fn row(&self, index: usize) -> Vec<f32> {
        let mut row = vec![0.0; self.features.next_multiple_of(16)];
        self.read(Level::scalar(), index, &mut row);
        row.truncate(self.features);
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(raw: &[u8], features: usize) -> Dataset {
        Dataset {
            name: "test".to_owned(),
            features,
            raw: RawValues::Bytes(raw.to_vec()),
            range: ValueRange { low: 0.0, high: 255.0 },
            image: None,
            labels: None,
        }
    }

    #[test]
    fn symmetric_is_what_torchvision_does() {
        let all: Vec<u8> = (0..=255).collect();
        let dataset = bytes(&all, 256);
        let samples = Normalisation::fit(NormalisationKind::Symmetric, &dataset).apply(&dataset);
        for (p, x) in all.iter().zip(samples.row(0)) {
            let expected = (f32::from(*p) / 255.0 - 0.5) / 0.5;
            assert!((x - expected).abs() <= 2.0 * f32::EPSILON, "{p}: {x} for {expected}");
        }
    }

    #[test]
    fn standard_has_mean_0_and_variance_1_and_leaves_a_constant_feature_finite() {
        let dataset = bytes(&[1, 7, 2, 7, 6, 7, 3, 7], 2);
        let samples = Normalisation::fit(NormalisationKind::Standard, &dataset).apply(&dataset);
        let rows: Vec<Vec<f32>> = (0..4).map(|i| samples.row(i)).collect();
        let mean: f32 = rows.iter().map(|row| row[0]).sum::<f32>() / 4.0;
        let variance: f32 = rows.iter().map(|row| row[0] * row[0]).sum::<f32>() / 4.0;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6, "{mean}, {variance}");
        assert!(rows.iter().all(|row| row[1] == 0.0), "{rows:?}");
    }

    #[test]
    fn showing_undoes_normalisation() {
        let dataset = bytes(&[0, 51, 255], 3);
        for kind in [NormalisationKind::Symmetric, NormalisationKind::Unit] {
            let normalisation = Normalisation::fit(kind, &dataset);
            let shown = normalisation.to_unit(dataset.range, &normalisation.apply(&dataset).row(0));
            for (x, expected) in shown.iter().zip([0.0, 0.2, 1.0]) {
                assert!((x - expected).abs() < 1e-6, "{kind:?}: {shown:?}");
            }
        }
        let symmetric = Normalisation::fit(NormalisationKind::Symmetric, &dataset);
        assert!((symmetric.squared_error_to_unit(dataset.range).unwrap() - 0.25).abs() < 1e-6);
    }
}
