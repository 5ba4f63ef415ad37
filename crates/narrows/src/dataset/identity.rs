//! Whether data is what a model was trained on.

use super::{Parts, Schema};

/// What data is to a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The very data that it was trained on.
    Same,
    /// Other data of the same shape.
    Other,
    /// Data of the same shape; the model's file does not say which it was trained on.
    Unknown,
}

impl Identity {
    /// Compares the training set with the hash that a model file has of its own; nothing if the rows are of another shape.
    pub fn of(model: &Schema, hash: Option<&str>, data: &Parts) -> Option<Self> {
        let schema = data.schema();
        let columns_agree = match (model.columns(), schema.columns()) {
            (Some(model), Some(data)) => model == data,
            _ => true,
        };
        if model.features() != schema.features() || model.image() != schema.image() || !columns_agree {
            return None;
        }
        Some(match hash {
            None => Self::Unknown,
            Some(hash) if hash == data.train().content_hash() => Self::Same,
            Some(_) => Self::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Dataset, Values};

    fn parts(columns: [&str; 2], value: f32) -> Parts {
        let schema = Schema::table(columns.map(str::to_owned).to_vec()).unwrap();
        let numbers = Values::Numbers(vec![value, 1.0]);
        let dataset = Dataset::new("d", schema, numbers, None).unwrap();
        Parts::new(dataset.clone(), None, dataset).unwrap()
    }

    #[test]
    fn data_is_known_by_its_hash_and_its_columns() {
        let own = parts(["a", "b"], 0.0);
        let hash = Some(own.train().content_hash());
        assert_eq!(Identity::of(own.schema(), hash, &own), Some(Identity::Same));
        assert_eq!(Identity::of(own.schema(), None, &own), Some(Identity::Unknown));
        assert_eq!(Identity::of(own.schema(), hash, &parts(["a", "b"], 2.0)), Some(Identity::Other));
        assert_eq!(Identity::of(own.schema(), hash, &parts(["a", "c"], 0.0)), None);
    }
}
