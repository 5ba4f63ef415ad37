//! What a model reads, as files have it: normalisation and schema. All of it is needed to predict, so it is read strictly.

use serde::{Deserialize, Serialize};

use crate::dataset::{ImageShape, Missing, Normalisation, Schema, SchemaError, ValueRange};
use crate::model::InputSpec;

/// From version 2 of a file on a normalisation and a schema. Version 1 had, instead of a schema, the value range and an
/// image's height and width.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct InputRecord {
    normalisation: NormalisationRecord,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<SchemaRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<RangeRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<ImageRecord>,
}

/// `x = raw·scale + offset`: one number for all features, or one for each.
#[derive(Debug, Serialize, Deserialize)]
struct NormalisationRecord {
    scale: Vec<f32>,
    offset: Vec<f32>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SchemaRecord {
    features: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<ImageRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    classes: Option<Vec<String>>,
    #[serde(default)]
    missing: MissingRecord,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<RangeRecord>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct ImageRecord {
    height: usize,
    width: usize,
    #[serde(default = "grey")]
    channels: usize,
}

fn grey() -> usize {
    1
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct RangeRecord {
    low: f32,
    high: f32,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MissingRecord {
    #[default]
    Error,
    Fill(Vec<f32>),
    Mask,
}

impl InputRecord {
    pub fn of(input: &InputSpec) -> Self {
        let (scale, offset) = (input.normalisation().scale(), input.normalisation().offset());
        let normalisation = NormalisationRecord { scale: scale.to_vec(), offset: offset.to_vec() };
        Self { normalisation, schema: Some(SchemaRecord::of(input.schema())), range: None, image: None }
    }

    /// The input of a model that reads `features` numbers.
    ///
    /// # Errors
    /// What does not fit, in words.
    pub fn into_input(self, features: usize) -> Result<InputSpec, String> {
        let Self { normalisation: NormalisationRecord { scale, offset }, schema, range, image } = self;
        let schema = match (schema, range, image) {
            (Some(schema), None, None) => schema,
            (None, range, image) => schema_of_version_1(features, range, image),
            _ => return Err("it has a schema and, beside it, a range or an image's shape".to_owned()),
        };
        let schema = schema.into_schema()?;
        if schema.features() != features {
            return Err(format!(
                "its schema has {} features, the architecture reads {features}",
                schema.features()
            ));
        }
        let normalisation = Normalisation::new(scale, offset).map_err(|error| error.to_string())?;
        InputSpec::new(normalisation, schema).map_err(|error| error.to_string())
    }
}

impl SchemaRecord {
    fn of(schema: &Schema) -> Self {
        Self {
            features: schema.features(),
            columns: schema.columns().map(<[String]>::to_vec),
            image: schema.image().map(|ImageShape { height, width, channels }| ImageRecord {
                height,
                width,
                channels,
            }),
            classes: schema.classes().map(<[String]>::to_vec),
            missing: match schema.missing() {
                Missing::Error => MissingRecord::Error,
                Missing::Fill(values) => MissingRecord::Fill(values.clone()),
                Missing::Mask => MissingRecord::Mask,
            },
            range: schema.range().map(|ValueRange { low, high }| RangeRecord { low, high }),
        }
    }

    fn into_schema(self) -> Result<Schema, String> {
        let Self { features, columns, image, classes, missing, range } = self;
        let mut schema = match (image, columns) {
            (Some(_), Some(_)) => return Err("its schema is of images, and names columns".to_owned()),
            (Some(image), None) => Schema::images(image.into()),
            (None, Some(columns)) => Schema::table(columns),
            (None, None) => Schema::rows(features),
        }
        .map_err(|error| error.to_string())?;
        if schema.features() != features {
            return Err(format!(
                "its schema has {features} features, and describes rows of {}",
                schema.features()
            ));
        }
        match range {
            Some(range) => schema = schema.with_range(range.into()).map_err(|error| error.to_string())?,
            None if image.is_some() => return Err(SchemaError::ImageWithoutRange.to_string()),
            None => {}
        }
        if let Some(classes) = classes {
            schema = schema.with_classes(classes).map_err(|error| error.to_string())?;
        }
        schema.with_missing(missing.into()).map_err(|error| error.to_string())
    }
}

impl From<ImageRecord> for ImageShape {
    fn from(ImageRecord { height, width, channels }: ImageRecord) -> Self {
        Self { height, width, channels }
    }
}

impl From<RangeRecord> for ValueRange {
    fn from(RangeRecord { low, high }: RangeRecord) -> Self {
        Self { low, high }
    }
}

impl From<MissingRecord> for Missing {
    fn from(missing: MissingRecord) -> Self {
        match missing {
            MissingRecord::Error => Self::Error,
            MissingRecord::Fill(values) => Self::Fill(values),
            MissingRecord::Mask => Self::Mask,
        }
    }
}

/// Version 1 said no range of images of bytes.
fn schema_of_version_1(
    features: usize,
    range: Option<RangeRecord>,
    image: Option<ImageRecord>,
) -> SchemaRecord {
    let ValueRange { low, high } = ValueRange::BYTES;
    let range = range.or(image.map(|_| RangeRecord { low, high }));
    let features = image.and_then(|image| ImageShape::from(image).features()).unwrap_or(features);
    SchemaRecord { features, columns: None, image, classes: None, missing: MissingRecord::Error, range }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, features: usize) -> Result<InputSpec, String> {
        serde_json::from_str::<InputRecord>(text).map_err(|error| error.to_string())?.into_input(features)
    }

    const NORMALISATION: &str = r#""normalisation":{"scale":[0.5],"offset":[0.0]}"#;

    #[test]
    fn an_input_of_version_1_becomes_a_schema() {
        let image = format!(
            r#"{{{NORMALISATION},"range":{{"low":0.0,"high":255.0}},"image":{{"height":2,"width":3}}}}"#
        );
        let schema = Schema::images(ImageShape::grey(2, 3)).unwrap();
        assert_eq!(read(&image, 6).unwrap().schema(), &schema);
        assert!(read(&image, 7).unwrap_err().contains("6 features, the architecture reads 7"));
        let rows = format!(r#"{{{NORMALISATION},"range":{{"low":-1.0,"high":1.0}},"image":null}}"#);
        let schema = Schema::rows(7).unwrap().with_range(ValueRange { low: -1.0, high: 1.0 }).unwrap();
        assert_eq!(read(&rows, 7).unwrap().schema(), &schema);
    }

    #[test]
    fn an_input_is_read_back_as_it_was() {
        let names = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        let table = || Schema::table(names(["a", "b"])).unwrap();
        let image = Schema::images(ImageShape { height: 2, width: 1, channels: 3 }).unwrap();
        for schema in [
            table(),
            table().with_missing(Missing::Mask).unwrap(),
            table().with_missing(Missing::Fill(vec![0.1, -3.5e-7])).unwrap(),
            table().with_classes(names(["x", "y"])).unwrap(),
            Schema::rows(2).unwrap().with_range(ValueRange { low: -0.1, high: 1e30 }).unwrap(),
            image.with_range(ValueRange { low: 0.0, high: 1.0 }).unwrap(),
        ] {
            let features = schema.features();
            // Numbers of which few decimals would not be enough.
            let scale = (1..=features).map(|i| 1.0 / (i as f32 + 6.0)).collect();
            let normalisation = Normalisation::new(scale, vec![f32::MIN_POSITIVE; features]).unwrap();
            let input = InputSpec::new(normalisation, schema).unwrap();
            let text = serde_json::to_string(&InputRecord::of(&input)).unwrap();
            assert_eq!(read(&text, features).unwrap(), input, "{text}");
        }
    }

    #[test]
    fn a_schema_that_contradicts_itself_is_refused() {
        let wrong = |schema: &str, features: usize| {
            read(&format!(r#"{{{NORMALISATION},"schema":{schema}}}"#), features).unwrap_err()
        };
        let image = r#""image":{"height":2,"width":3}"#;
        let range = r#""range":{"low":0,"high":1}"#;
        assert!(wrong(&format!(r#"{{"features":6,{image}}}"#), 6).contains("need a value range"));
        assert!(wrong(&format!(r#"{{"features":7,{image},{range}}}"#), 7).contains("7 features"));
        assert!(wrong(r#"{"features":2,"columns":["a"]}"#, 2).contains("2 features"));
        assert!(wrong(r#"{"features":2,"columns":["a","a"]}"#, 2).contains("called `a`"));
        assert!(
            wrong(&format!(r#"{{"features":6,"columns":["a"],{image},{range}}}"#), 6)
                .contains("names columns")
        );
        assert!(wrong(r#"{"features":2,"missing":"guess"}"#, 2).contains("guess"));
        assert!(wrong(r#"{"features":2,"range":{"low":1,"high":0}}"#, 2).contains("from 1 to 0"));
    }
}
