//! What a row of a data set means: its features, the shape of an image, the classes, and what a missing value stands for.

use serde::{Deserialize, Serialize};

use super::Moments;

/// The most classes that labels may have: far beyond any photo set, and 16 bits hold them.
pub const MAX_CLASSES: usize = 1 << 16;

/// Height, width and channels of an image; a pixel's channels lie side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageShape {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// 1 of a grey image, 3 (red, green, blue) of one in colour.
    #[serde(default = "grey")]
    pub channels: usize,
}

fn grey() -> usize {
    1
}

impl ImageShape {
    /// The shape of a grey image.
    pub const fn grey(height: usize, width: usize) -> Self {
        Self { height, width, channels: 1 }
    }

    /// Numbers in a row, unless they are more than can be counted.
    pub fn features(self) -> Option<usize> {
        self.height.checked_mul(self.width)?.checked_mul(self.channels)
    }
}

/// The least and the greatest raw value that the data can have by its nature, as bytes have: shown as black and as white.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueRange {
    /// Shown as black.
    pub low: f32,
    /// Shown as white.
    pub high: f32,
}

impl ValueRange {
    /// The range of bytes.
    pub const BYTES: Self = Self { low: 0.0, high: 255.0 };

    /// From a raw value to [0, 1] of the range; what is beyond it is beyond that.
    pub fn unit_of(self, raw: f32) -> f32 {
        (raw - self.low) / (self.high - self.low)
    }

    /// From [0, 1] of the range to a raw value.
    pub fn raw_of(self, unit: f32) -> f32 {
        self.low + unit * (self.high - self.low)
    }
}

/// A brightness from 0 to 1 as a byte.
pub fn byte_of(unit: f32) -> u8 {
    (unit * 255.0).round() as u8
}

/// What a missing value, a NaN in a raw row, stands for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Missing {
    /// For nothing: it is an error, which names the row and the column.
    #[default]
    Error,
    /// For the value of its column here, as the mean of the training set; one number a feature.
    Fill(Vec<f32>),
    /// For a value that is absent: it stays NaN. A model reads 0 in its place, and it is no target, so a model learns around it,
    /// and errors are over the values that are there.
    Mask,
}

/// What all rows of a data set have in common. It goes into the file of every model that is trained on them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Schema(Fields);

/// The fields as files have them, before they are checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    features: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    columns: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<ImageShape>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    classes: Option<Vec<String>>,
    #[serde(default)]
    missing: Missing,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    range: Option<ValueRange>,
}

/// A schema that contradicts itself.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SchemaError {
    /// Rows of nothing.
    #[error("a row needs at least one feature; the schema has none")]
    NoFeatures,
    /// Names of columns that are not one for each feature.
    #[error("rows of {features} features have {columns} names of columns; give one for each")]
    Columns {
        /// Numbers in a row.
        features: usize,
        /// Names.
        columns: usize,
    },
    /// The same name twice.
    #[error("two {what} are called `{name}`; give each its own name")]
    SameName {
        /// Columns or classes.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A shape that the rows do not have.
    #[error(
        "images of {} × {} pixels with {} channels are not rows of {features}; channels are 1 (grey) or 3 (colour)",
        image.height, image.width, image.channels
    )]
    Image {
        /// The shape.
        image: ImageShape,
        /// Numbers in a row.
        features: usize,
    },
    /// Images without a range have no black and no white.
    #[error("images need a value range, of which the low end is shown as black and the high end as white")]
    ImageWithoutRange,
    /// No class, or too many.
    #[error("labels are of 1 to {MAX_CLASSES} classes; the schema names {0}")]
    Classes(usize),
    /// A range without an extent.
    #[error("the value range goes from {} to {}; it needs two finite numbers, the lesser first", .0.low, .0.high)]
    Range(ValueRange),
    /// A column of which no value is there, and so no mean.
    #[error("column {0} has no values, so it has no mean to fill missing ones with; leave the column out")]
    NoMean(String),
    /// Fill values that are not one finite number for each feature.
    #[error(
        "missing values of {features} features are filled with {values} values; give one finite number for each"
    )]
    Fill {
        /// Numbers in a row.
        features: usize,
        /// Fill values.
        values: usize,
    },
}

impl Schema {
    /// Rows of so many numbers, of which nothing else is known.
    ///
    /// # Errors
    /// If there are none.
    pub fn rows(features: usize) -> Result<Self, SchemaError> {
        let (columns, image, classes, missing, range) = (None, None, None, Missing::Error, None);
        Self::try_from(Fields { features, columns, image, classes, missing, range })
    }

    /// A table with these columns.
    ///
    /// # Errors
    /// If there are none, or two are called the same.
    pub fn table(columns: Vec<String>) -> Result<Self, SchemaError> {
        let mut fields = Self::rows(columns.len())?.0;
        fields.columns = Some(columns);
        Self::try_from(fields)
    }

    /// Images whose values are bytes.
    ///
    /// # Errors
    /// If the shape has no pixel, or neither one nor three channels.
    pub fn images(image: ImageShape) -> Result<Self, SchemaError> {
        let features = image.features().ok_or(SchemaError::Image { image, features: 0 })?;
        let mut fields = Self::rows(features)?.0;
        (fields.image, fields.range) = (Some(image), Some(ValueRange::BYTES));
        Self::try_from(fields)
    }

    /// The same with these classes: label i is of the i-th.
    ///
    /// # Errors
    /// If there are none or too many, or two are called the same.
    pub fn with_classes(self, classes: Vec<String>) -> Result<Self, SchemaError> {
        Self::try_from(Fields { classes: Some(classes), ..self.0 })
    }

    /// The same with this range of values.
    ///
    /// # Errors
    /// If it has no extent.
    pub fn with_range(self, range: ValueRange) -> Result<Self, SchemaError> {
        Self::try_from(Fields { range: Some(range), ..self.0 })
    }

    /// The same with another meaning of missing values.
    ///
    /// # Errors
    /// If there is not one finite fill value for each feature.
    pub fn with_missing(self, missing: Missing) -> Result<Self, SchemaError> {
        Self::try_from(Fields { missing, ..self.0 })
    }

    /// The same, with missing values filled by the means of `values`, rows of the training set in which NaN is missing.
    ///
    /// # Errors
    /// If the values are no whole rows, or a column has none.
    pub fn filled_with_means(self, values: &[f32]) -> Result<Self, SchemaError> {
        let features = self.features();
        if !values.len().is_multiple_of(features) {
            return Err(SchemaError::Fill { features, values: values.len() });
        }
        let columns = Moments::of_rows(values, features);
        if let Some(index) = columns.iter().position(|column| column.count == 0) {
            return Err(SchemaError::NoMean(self.column(index)));
        }
        self.with_missing(Missing::Fill(columns.iter().map(|column| column.mean as f32).collect()))
    }

    /// Numbers in a row.
    pub fn features(&self) -> usize {
        self.0.features
    }

    /// The names of the columns of a table.
    pub fn columns(&self) -> Option<&[String]> {
        self.0.columns.as_deref()
    }

    /// What to call feature `index`: its column's name, else its number, from 0.
    pub fn column(&self, index: usize) -> String {
        match self.columns() {
            Some(columns) => columns[index].clone(),
            None => index.to_string(),
        }
    }

    /// The shape of a row, if it is an image.
    pub fn image(&self) -> Option<ImageShape> {
        self.0.image
    }

    /// The names of the classes, by label; nothing without labels.
    pub fn classes(&self) -> Option<&[String]> {
        self.0.classes.as_deref()
    }

    /// The label of the class of this name.
    pub fn class(&self, name: &str) -> Option<u32> {
        // At most `MAX_CLASSES`.
        self.classes()?.iter().position(|class| class == name).map(|label| label as u32)
    }

    /// What a missing value stands for.
    pub fn missing(&self) -> &Missing {
        &self.0.missing
    }

    /// The values that can occur, where the data has such a range by its nature.
    pub fn range(&self) -> Option<ValueRange> {
        self.0.range
    }
}

impl TryFrom<Fields> for Schema {
    type Error = SchemaError;

    fn try_from(fields: Fields) -> Result<Self, SchemaError> {
        let Fields { features, columns, image, classes, missing, range } = &fields;
        let features = *features;
        if features == 0 {
            return Err(SchemaError::NoFeatures);
        }
        if let Some(columns) = columns {
            if columns.len() != features {
                return Err(SchemaError::Columns { features, columns: columns.len() });
            }
            check_distinct("columns", columns)?;
        }
        if let Some(image) = *image
            && (image.features() != Some(features) || ![1, 3].contains(&image.channels))
        {
            return Err(SchemaError::Image { image, features });
        }
        if image.is_some() && range.is_none() {
            return Err(SchemaError::ImageWithoutRange);
        }
        if let Some(classes) = classes {
            if !(1..=MAX_CLASSES).contains(&classes.len()) {
                return Err(SchemaError::Classes(classes.len()));
            }
            check_distinct("classes", classes)?;
        }
        if let Some(range) = *range
            && !(range.low.is_finite() && range.high.is_finite() && range.low < range.high)
        {
            return Err(SchemaError::Range(range));
        }
        if let Missing::Fill(values) = missing
            && (values.len() != features || !values.iter().all(|value| value.is_finite()))
        {
            return Err(SchemaError::Fill { features, values: values.len() });
        }
        Ok(Self(fields))
    }
}

impl From<Schema> for Fields {
    fn from(schema: Schema) -> Self {
        schema.0
    }
}

fn check_distinct(what: &'static str, names: &[String]) -> Result<(), SchemaError> {
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(SchemaError::SameName { what, name: pair[0].clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_schema_that_contradicts_itself_is_refused() {
        let image = |height, width, channels| Schema::images(ImageShape { height, width, channels });
        assert_eq!(Schema::rows(0), Err(SchemaError::NoFeatures));
        assert_eq!(Schema::table(Vec::new()), Err(SchemaError::NoFeatures));
        assert!(matches!(Schema::table(names(&["a", "b", "a"])), Err(SchemaError::SameName { .. })));
        assert!(matches!(image(4, 4, 2), Err(SchemaError::Image { .. })));
        assert!(matches!(image(1 << 40, 1 << 40, 1), Err(SchemaError::Image { .. })));
        assert_eq!(image(0, 4, 1), Err(SchemaError::NoFeatures));
        let rows = || Schema::rows(2).unwrap();
        assert_eq!(rows().with_classes(Vec::new()), Err(SchemaError::Classes(0)));
        assert!(matches!(rows().with_classes(names(&["x", "x"])), Err(SchemaError::SameName { .. })));
        for (low, high) in [(0.0, 0.0), (1.0, 0.0), (f32::NAN, 1.0), (0.0, f32::INFINITY)] {
            assert!(matches!(rows().with_range(ValueRange { low, high }), Err(SchemaError::Range(_))));
        }
        for fill in [vec![1.0], vec![1.0, f32::NAN]] {
            let filled = rows().with_missing(Missing::Fill(fill));
            assert!(matches!(filled, Err(SchemaError::Fill { .. })));
        }
    }

    #[test]
    fn a_schema_reads_back_as_it_was_written_and_is_checked_then_too() {
        let schema = Schema::images(ImageShape { height: 2, width: 3, channels: 3 }).unwrap();
        let schema = schema.with_classes(names(&["cat", "dog"])).unwrap();
        let text = serde_json::to_string(&schema).unwrap();
        assert_eq!(serde_json::from_str::<Schema>(&text).unwrap(), schema);
        let altered = text.replace("\"features\":18", "\"features\":17");
        let error = serde_json::from_str::<Schema>(&altered).unwrap_err();
        assert!(error.to_string().contains("not rows of 17"), "{error}");
    }
}
