//! The input of a model as files have it.

use serde::{Deserialize, Serialize};

use crate::dataset::{ImageShape, Normalisation, Schema, SchemaError, ValueRange};
use crate::model::InputSpec;

/// From version 2 of a file on a normalisation and a schema. Version 1 had, instead of a schema, the value range and an
/// image's height and width.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InputRecord {
    normalisation: Normalisation,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<Schema>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<ValueRange>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<ImageShape>,
}

impl InputRecord {
    pub fn of(input: &InputSpec) -> Self {
        let normalisation = input.normalisation().clone();
        Self { normalisation, schema: Some(input.schema().clone()), range: None, image: None }
    }

    /// The input of a model that reads `features` numbers.
    ///
    /// # Errors
    /// What does not fit, in words.
    pub fn into_input(self, features: usize) -> Result<InputSpec, String> {
        let Self { normalisation, schema, range, image } = self;
        let schema = match (schema, range, image) {
            (Some(schema), None, None) => schema,
            (None, ..) => schema_of_version_1(features, range, image).map_err(|error| error.to_string())?,
            _ => return Err("it has a schema and, beside it, a range or an image's shape".to_owned()),
        };
        if schema.features() != features {
            return Err(format!(
                "its schema has {} features, the architecture reads {features}",
                schema.features()
            ));
        }
        InputSpec::new(normalisation, schema).map_err(|error| error.to_string())
    }
}

fn schema_of_version_1(
    features: usize,
    range: Option<ValueRange>,
    image: Option<ImageShape>,
) -> Result<Schema, SchemaError> {
    let schema = match image {
        Some(image) => Schema::images(image)?,
        None => Schema::rows(features)?,
    };
    match range {
        Some(range) => schema.with_range(range),
        None => Ok(schema),
    }
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
        let schema = Schema::table(vec!["a".to_owned(), "b".to_owned()]).unwrap();
        let normalisation = Normalisation::new(vec![1.0, 2.0], vec![0.0, 3.0]).unwrap();
        let input = InputSpec::new(normalisation, schema).unwrap();
        let text = serde_json::to_string(&InputRecord::of(&input)).unwrap();
        assert_eq!(read(&text, 2).unwrap(), input);
    }
}
