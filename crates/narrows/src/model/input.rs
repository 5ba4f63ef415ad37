//! What a model reads: raw rows of a schema, under a normalisation. And the way to what is shown.

use std::sync::Arc;

use narrows_kernels::Level;
use narrows_kernels::gather::from_present_numbers;

use super::ArchitectureError;
use crate::dataset::{
    DataError, Dataset, ImageShape, Missing, Normalisation, NormalisationError, NormalisationKind, Samples,
    Schema, ValueRange, Values,
};

/// What the data of a model looks like, and how it becomes the model's input.
#[derive(Clone, Debug, PartialEq)]
pub struct InputSpec {
    normalisation: Normalisation,
    schema: Arc<Schema>,
}

/// Data, codes or parameters that a model cannot work with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MismatchError {
    /// Rows of another length.
    #[error(
        "the model reads rows of {expected} numbers, {name} has {found} a row; give data of the shape it was trained on"
    )]
    Features {
        /// What the data is called.
        name: String,
        /// What the model reads.
        expected: usize,
        /// What the data has.
        found: usize,
    },
    /// Values of another range.
    #[error("the model reads values from {} to {}, {name} has {} to {}; was it scaled already?", expected.low, expected.high, found.low, found.high)]
    Range {
        /// What the data is called.
        name: String,
        /// What the model reads.
        expected: ValueRange,
        /// What the data has.
        found: ValueRange,
    },
    /// A value is missing, and the model has not learned to do without.
    #[error(
        "row {row}, column {column} (from 0) of {name} is missing, and the model was trained on whole rows; fill missing \
         values, or train with missing values masked"
    )]
    Missing {
        /// What the data is called.
        name: String,
        /// Which row, from 0.
        row: usize,
        /// The column's name, or its number from 0.
        column: String,
    },
    /// More reconstructions than may be in memory.
    #[error(
        "the rows are in a file, and their {rows} reconstructions would take {bytes} bytes of memory; {limit} are allowed. Choose fewer rows"
    )]
    Reconstructions {
        /// How many.
        rows: usize,
        /// What they would take.
        bytes: u64,
        /// What they may take.
        limit: u64,
    },
    /// Memory for another number of results.
    #[error("the result has {expected} numbers, the memory for it has {found}")]
    Memory {
        /// Numbers in the result.
        expected: usize,
        /// Numbers that there is room for.
        found: usize,
    },
    /// Codes that are no whole rows.
    #[error("the model's codes have {latent} numbers each, {numbers} numbers are no whole codes")]
    Codes {
        /// The size of a code.
        latent: usize,
        /// Numbers that were given.
        numbers: usize,
    },
    /// A code that is NaN or infinite.
    #[error("number {latent} of code {row} (from 0) is {value}; a code has finite numbers")]
    CodeNotFinite {
        /// Which code, from 0.
        row: usize,
        /// Which of its numbers, from 0.
        latent: usize,
        /// What it is.
        value: f32,
    },
    /// Raw rows that are none.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A normalisation of other rows.
    #[error(transparent)]
    Normalisation(#[from] NormalisationError),
    /// A model that cannot be built.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// A model whose parts do not belong together.
    #[error(
        "{what} has {expected} parameters, there are {found} of other shapes; take those that were made for it"
    )]
    Parameters {
        /// The architecture.
        what: String,
        /// Parameters that it has.
        expected: usize,
        /// Parameters that are there.
        found: usize,
    },
}

impl InputSpec {
    /// Rows of `schema`, under a normalisation.
    ///
    /// # Errors
    /// If there is neither one scale, nor one for each feature.
    pub fn new(normalisation: Normalisation, schema: Schema) -> Result<Self, NormalisationError> {
        normalisation.check(schema.features())?;
        Ok(Self { normalisation, schema: Arc::new(schema) })
    }

    /// The input of a model that is trained on `dataset`.
    ///
    /// # Errors
    /// If the data cannot be normalised so.
    pub fn fit(kind: NormalisationKind, dataset: &Dataset) -> Result<Self, NormalisationError> {
        Self::new(Normalisation::fit(kind, dataset)?, dataset.schema().clone())
    }

    /// From raw values to the model's scale.
    pub fn normalisation(&self) -> &Normalisation {
        &self.normalisation
    }

    /// What the model's raw rows mean.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The shape of a row, if it is an image.
    pub fn image(&self) -> Option<ImageShape> {
        self.schema.image()
    }

    /// A data set as the model's input. No value is copied.
    ///
    /// # Errors
    /// If its rows or, of images, its value range are not those that the model was trained on; if values are missing, and those
    /// of the model's own schema are not masked.
    pub fn samples(&self, dataset: &Dataset) -> Result<Samples, MismatchError> {
        let name = || dataset.name().to_owned();
        let (expected, found) = (self.schema.features(), dataset.features());
        if expected != found {
            return Err(MismatchError::Features { name: name(), expected, found });
        }
        if let (Some(expected), Some(found)) = (self.schema.range(), dataset.schema().range())
            && dataset.image().is_some()
            && expected != found
        {
            return Err(MismatchError::Range { name: name(), expected, found });
        }
        if *self.schema.missing() != Missing::Mask
            && let Some((row, column)) = dataset.first_missing()?
        {
            let column = dataset.schema().column(column);
            return Err(MismatchError::Missing { name: name(), row, column });
        }
        Ok(self.normalisation.apply(dataset)?)
    }

    /// Raw rows from memory, one after the other, as the model's input.
    ///
    /// # Errors
    /// If they are no whole rows, or a value is not finite and not one that the schema fills.
    pub fn rows(&self, raw: Vec<f32>) -> Result<Samples, MismatchError> {
        let dataset = Dataset::new("rows", Schema::clone(&self.schema), Values::Numbers(raw), None)?;
        Ok(self.normalisation.apply(&dataset)?)
    }

    /// Rows in the model's scale, from their first feature on, as raw values: the normalisation undone.
    pub fn raw(&self, values: &[f32]) -> Vec<f32> {
        let mut raw = values.to_vec();
        self.make_raw(&mut raw);
        raw
    }

    /// As [`InputSpec::raw`], in place.
    pub(super) fn make_raw(&self, values: &mut [f32]) {
        for row in values.chunks_mut(self.schema.features()) {
            for (feature, value) in row.iter_mut().enumerate() {
                let (scale, offset) = self.normalisation.of_feature(feature);
                // In f64: the offset of a timestamp leaves f32 no digits for its spread.
                *value = ((f64::from(*value) - f64::from(offset)) / f64::from(scale)) as f32;
            }
        }
    }

    /// Checks that raw rows are whole, and that the model knows what to do where a value is missing.
    ///
    /// # Errors
    /// As [`InputSpec::rows`].
    pub(super) fn check_raw(&self, raw: &[f32]) -> Result<(), DataError> {
        let features = self.schema.features();
        if !raw.len().is_multiple_of(features) {
            return Err(DataError::Ragged { values: raw.len(), features });
        }
        let fills = *self.schema.missing() != Missing::Error;
        match raw.iter().position(|x| !(x.is_finite() || fills && x.is_nan())) {
            None => Ok(()),
            Some(index) => {
                let column = self.schema.column(index % features);
                Err(DataError::NotFinite { row: index / features, column, value: raw[index] })
            }
        }
    }

    /// A raw row to the model's scale, with zeros behind it: what [`InputSpec::rows`] and a reading of its samples give.
    pub(super) fn read(&self, level: Level, raw: &[f32], out: &mut [f32]) {
        from_present_numbers(level, raw, self.normalisation.scaling(), out);
        let Missing::Fill(values) = self.schema.missing() else { return };
        for (feature, (_, out)) in raw.iter().zip(out).enumerate().filter(|(_, (x, _))| x.is_nan()) {
            let (scale, offset) = self.normalisation.of_feature(feature);
            *out = values[feature].mul_add(scale, offset);
        }
    }

    /// The way between the model's scale and [0, 1], where the data has a value range.
    pub fn unit_scale(&self) -> Option<UnitScale<'_>> {
        Some(UnitScale { normalisation: &self.normalisation, range: self.schema.range()? })
    }
}

/// Between raw values, a model's scale, and [0, 1] of the value range, in which images are shown and errors compared.
#[derive(Clone, Copy, Debug)]
pub struct UnitScale<'a> {
    normalisation: &'a Normalisation,
    range: ValueRange,
}

impl UnitScale<'_> {
    /// Rows in the model's scale, from their first feature on, to [0, 1], clamped.
    ///
    /// For the symmetric normalisation this is `clamp(0.5·(x + 1), 0, 1)`.
    pub fn of_model(self, values: &[f32]) -> Vec<f32> {
        let unit = |(x, (scale, offset)): (&f32, (f32, f32))| {
            self.range.unit_of((x - offset) / scale).clamp(0.0, 1.0)
        };
        values.iter().zip(self.by_feature()).map(unit).collect()
    }

    /// Rows in [0, 1], from their first feature on, to the model's scale.
    pub fn to_model(self, unit: Vec<f32>) -> Vec<f32> {
        if self.is_model_scale() {
            return unit;
        }
        let model = |(x, (scale, offset)): (f32, (f32, f32))| self.range.raw_of(x).mul_add(scale, offset);
        unit.into_iter().zip(self.by_feature()).map(model).collect()
    }

    /// What a squared error in the model's scale is to be multiplied with to be in [0, 1]; nothing if the features have
    /// different scales.
    pub fn squared_error(self) -> Option<f64> {
        let scale = self.normalisation.affine()?.scale;
        Some((f64::from(scale) * f64::from(self.range.high - self.range.low)).powi(-2))
    }

    /// From a byte p, 0 at the range's low end and 255 at its high one, to the model's scale: `x = scale·p + offset`, one of each
    /// for all features or for each.
    pub fn of_bytes(self) -> (Vec<f32>, Vec<f32>) {
        let ValueRange { low, high } = self.range;
        let step = (high - low) / 255.0;
        let pairs = self.normalisation.scale().iter().zip(self.normalisation.offset());
        pairs.map(|(scale, offset)| (scale * step, offset + scale * low)).unzip()
    }

    /// Whether the model's scale is [0, 1] itself.
    fn is_model_scale(self) -> bool {
        let ValueRange { low, high } = self.range;
        let affine = self.normalisation.affine();
        affine
            .is_some_and(|affine| affine.scale == 1.0 / (high - low) && affine.offset == -low / (high - low))
    }

    fn by_feature(&self) -> impl Iterator<Item = (f32, f32)> {
        self.normalisation.scale().iter().copied().zip(self.normalisation.offset().iter().copied()).cycle()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(raw: &[u8], features: usize) -> Dataset {
        let schema = Schema::rows(features).unwrap().with_range(ValueRange::BYTES).unwrap();
        Dataset::new("test", schema, Values::Bytes(raw.to_vec()), None).unwrap()
    }

    fn fitted(kind: NormalisationKind, dataset: &Dataset) -> InputSpec {
        InputSpec::fit(kind, dataset).unwrap()
    }

    #[test]
    fn symmetric_is_what_torchvision_does() {
        let all: Vec<u8> = (0..=255).collect();
        let dataset = bytes(&all, 256);
        let samples = fitted(NormalisationKind::Symmetric, &dataset).samples(&dataset).unwrap();
        for (p, x) in all.iter().zip(samples.row(0)) {
            let expected = (f32::from(*p) / 255.0 - 0.5) / 0.5;
            assert!((x - expected).abs() <= 2.0 * f32::EPSILON, "{p}: {x} for {expected}");
        }
    }

    #[test]
    fn standard_has_mean_0_and_variance_1_and_leaves_a_constant_feature_finite() {
        let dataset = bytes(&[1, 7, 2, 7, 6, 7, 3, 7], 2);
        let samples = fitted(NormalisationKind::Standard, &dataset).samples(&dataset).unwrap();
        let rows: Vec<Vec<f32>> = (0..4).map(|i| samples.row(i)).collect();
        let mean: f32 = rows.iter().map(|row| row[0]).sum::<f32>() / 4.0;
        let variance: f32 = rows.iter().map(|row| row[0] * row[0]).sum::<f32>() / 4.0;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6, "{mean}, {variance}");
        assert!(rows.iter().all(|row| row[1] == 0.0), "{rows:?}");
    }

    #[test]
    fn showing_undoes_normalisation_and_back() {
        let dataset = bytes(&[0, 51, 255], 3);
        for kind in [NormalisationKind::Symmetric, NormalisationKind::Unit] {
            let input = fitted(kind, &dataset);
            let model = input.samples(&dataset).unwrap().row(0);
            let scale = input.unit_scale().unwrap();
            let shown = scale.of_model(&model);
            for (x, expected) in shown.iter().zip([0.0, 0.2, 1.0]) {
                assert!((x - expected).abs() < 1e-6, "{kind:?}: {shown:?}");
            }
            for (x, expected) in scale.to_model(shown).iter().zip(&model) {
                assert!((x - expected).abs() < 1e-6, "{kind:?}: {x} for {expected}");
            }
        }
        let symmetric = fitted(NormalisationKind::Symmetric, &dataset);
        assert!((symmetric.unit_scale().unwrap().squared_error().unwrap() - 0.25).abs() < 1e-6);
    }

    #[test]
    fn raw_values_come_back_from_the_models_scale() {
        let raw = vec![1.0, -400.0, 2.5, 1e6, 3.0, 0.0];
        let schema = Schema::table(vec!["a".to_owned(), "b".to_owned()]).unwrap();
        let dataset = Dataset::new("test", schema, Values::Numbers(raw.clone()), None).unwrap();
        let input = fitted(NormalisationKind::Standard, &dataset);
        let model = input.samples(&dataset).unwrap().to_vec();
        // Six digits of what each column spreads over.
        for (index, (x, expected)) in input.raw(&model).iter().zip(&raw).enumerate() {
            let tolerance = [2e-6, 1.0][index % 2];
            assert!((x - expected).abs() <= tolerance, "{x} for {expected}");
        }
    }

    #[test]
    fn a_byte_becomes_the_input_that_its_raw_value_does() {
        let range = ValueRange { low: -2.0, high: 6.0 };
        let schema = Schema::rows(2).unwrap().with_range(range).unwrap();
        let normalisation = Normalisation::new(vec![0.5, 3.0], vec![0.25, -1.0]).unwrap();
        let input = InputSpec::new(normalisation.clone(), schema).unwrap();
        let (scales, offsets) = input.unit_scale().unwrap().of_bytes();
        for byte in [0_u8, 1, 100, 255] {
            let raw = -2.0 + 8.0 * f32::from(byte) / 255.0;
            for feature in 0..2 {
                let (scale, offset) = normalisation.of_feature(feature);
                let (expected, found) =
                    (scale * raw + offset, scales[feature] * f32::from(byte) + offsets[feature]);
                assert!((expected - found).abs() < 1e-5, "{expected} {found}");
            }
        }
    }

    #[test]
    fn another_range_or_number_of_features_is_refused() {
        let input = fitted(NormalisationKind::Symmetric, &bytes(&[0; 30], 30));
        for found in [29, 31, 48, 49] {
            let refused = input.samples(&bytes(&vec![0; found], found)).unwrap_err();
            assert_eq!(refused, MismatchError::Features { name: "test".to_owned(), expected: 30, found });
        }
        assert!(matches!(
            input.rows(vec![0.0; 61]),
            Err(MismatchError::Data(DataError::Ragged { values: 61, features: 30 }))
        ));
    }
}
