//! What a data set holds, in figures.

use serde::Serialize;

use super::{DataError, Dataset, ImageShape, Moments, ValueRange};

/// What a data set holds, in figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Description {
    /// What it is called.
    pub name: String,
    /// Rows.
    pub rows: usize,
    /// Numbers in a row.
    pub features: usize,
    /// The shape of a row, if it is an image.
    pub image: Option<ImageShape>,
    /// The range that values have by their nature, if they have one.
    pub range: Option<ValueRange>,
    /// The least value; nothing if none is there.
    pub least: Option<f32>,
    /// The greatest value.
    pub greatest: Option<f32>,
    /// The mean of all values.
    pub mean: f64,
    /// The share of the values that are 0.
    pub zeros: f64,
    /// Values that are missing.
    pub missing: usize,
    /// Each column, of a table.
    pub columns: Option<Vec<ColumnDescription>>,
    /// Each class that has rows, if there are labels.
    pub classes: Option<Vec<ClassDescription>>,
    /// SHA-256 of the values.
    pub sha256: String,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnDescription {
    /// Its name, or its number from 0.
    pub column: String,
    /// Its least value; nothing if none is there.
    pub least: Option<f32>,
    /// Its greatest value.
    pub greatest: Option<f32>,
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation, divided by the number of values.
    pub deviation: f64,
    /// Values that are missing.
    pub missing: usize,
}

/// A class and its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassDescription {
    /// Its name.
    pub class: String,
    /// How many rows it has.
    pub rows: usize,
}

impl Description {
    /// Describes a data set.
    ///
    /// # Errors
    /// If its values are in a file that can no longer be read.
    pub fn of(dataset: &Dataset) -> Result<Self, DataError> {
        let moments = dataset.moments()?;
        let rows = dataset.rows();
        let present: usize = moments.iter().map(|column| column.count).sum();
        let sum: f64 = moments.iter().map(|column| column.mean * column.count as f64).sum();
        let least = moments.iter().map(|column| column.least).fold(f32::INFINITY, f32::min);
        let greatest = moments.iter().map(|column| column.greatest).fold(f32::NEG_INFINITY, f32::max);
        let zeros: usize = moments.iter().map(|column| column.zeros).sum();
        let class = |(label, rows)| ClassDescription { class: dataset.class_name(label).to_owned(), rows };
        Ok(Self {
            name: dataset.name().to_owned(),
            rows,
            features: dataset.features(),
            image: dataset.image(),
            range: dataset.schema().range(),
            least: finite(least),
            greatest: finite(greatest),
            mean: sum / (present.max(1)) as f64,
            zeros: zeros as f64 / (present.max(1)) as f64,
            missing: rows * dataset.features() - present,
            columns: dataset.image().is_none().then(|| columns(dataset, &moments)),
            classes: dataset.class_counts().map(|classes| classes.into_iter().map(class).collect()),
            sha256: dataset.values_hash(),
        })
    }
}

fn columns(dataset: &Dataset, moments: &[Moments]) -> Vec<ColumnDescription> {
    let describe = |(index, column): (usize, &Moments)| ColumnDescription {
        column: dataset.schema().column(index),
        least: finite(column.least),
        greatest: finite(column.greatest),
        mean: column.mean,
        deviation: column.variance().sqrt(),
        missing: dataset.rows() - column.count,
    };
    moments.iter().enumerate().map(describe).collect()
}

fn finite(value: f32) -> Option<f32> {
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Missing, Schema, Values};

    #[test]
    fn a_column_is_described_over_the_values_that_are_there() {
        let schema = Schema::table(vec!["a".to_owned(), "b".to_owned()]).unwrap();
        let schema = schema.with_missing(Missing::Mask).unwrap();
        let values = vec![1.0, f32::NAN, 3.0, f32::NAN, 0.0, f32::NAN];
        let dataset = Dataset::new("d", schema, Values::Numbers(values), None).unwrap();
        let described = Description::of(&dataset).unwrap();
        assert_eq!((described.missing, described.zeros, described.mean), (3, 1.0 / 3.0, 4.0 / 3.0));
        let columns = described.columns.unwrap();
        // numpy: np.std([1, 3, 0]) = 1.247219128924647
        assert!((columns[0].deviation - 1.247_219_128_924_647).abs() < 1e-12);
        assert_eq!((columns[1].least, columns[1].missing), (None, 3));
    }
}
