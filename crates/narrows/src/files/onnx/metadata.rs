//! What an ONNX file says beside its graph: what whoever deploys it wants to know, under plain keys; and all that a model file says,
//! under `narrows`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Part;
use super::messages::StringStringEntryProto;
use crate::dataset::{Missing, Schema};
use crate::evaluate::anomaly::AnomalyScorer;
use crate::files::container::KEY;
use crate::files::model;
use crate::files::provenance::Provenance;
use crate::model::Autoencoder;

/// The key that says which part of the model a file has.
pub const PART: &str = "part";

/// Lists and objects are JSON.
pub fn of(
    model: &Autoencoder,
    scorer: Option<&AnomalyScorer>,
    provenance: &Provenance,
    part: Part,
) -> Vec<StringStringEntryProto> {
    let schema = model.input.schema();
    let entries = [
        (KEY, Some(model::header_text(model, scorer, provenance))),
        (PART, Some(part.name().to_owned())),
        ("name", Some(provenance.name.clone())),
        ("architecture", Some(model.architecture.to_string())),
        ("narrows_version", Some(env!("CARGO_PKG_VERSION").to_owned())),
        ("data", Some(provenance.data.clone())),
        ("data_hash", provenance.data_hash.clone()),
        ("columns", schema.columns().map(json)),
        ("column_sources", column_sources(schema, provenance).as_ref().map(json)),
        ("classes", schema.classes().map(json)),
        ("image", schema.image().as_ref().map(json)),
        ("range", schema.range().as_ref().map(json)),
        ("missing", Some(missing(schema.missing()).to_owned())),
        ("threshold", scorer.map(|scorer| scorer.threshold().to_string())),
    ];
    entries
        .into_iter()
        .filter_map(|(key, value)| Some(StringStringEntryProto { key: key.to_owned(), value: value? }))
        .collect()
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data is JSON")
}

/// How columns that are no numbers in the table become numbers: each column of the model with a sentence.
fn column_sources(schema: &Schema, provenance: &Provenance) -> Option<BTreeMap<String, String>> {
    let (source, columns) = (provenance.source.as_ref()?, schema.columns()?);
    let of_category = |column: &str| {
        let named =
            |table: &&String| column.strip_prefix(&***table).is_some_and(|rest| rest.starts_with('='));
        let table = source.one_hot.iter().find(named)?;
        let category = &column[table.len() + 1..];
        Some(format!("1 where `{table}` is `{category}`, else 0; NaN where `{table}` is missing"))
    };
    let of_date = |column: &String| {
        let sentence = "seconds since 1970 in UTC, rounded to 32-bit floats";
        source.dates.contains(column).then(|| sentence.to_owned())
    };
    let sources = columns
        .iter()
        .filter_map(|column| Some((column.clone(), of_category(column).or_else(|| of_date(column))?)));
    let sources: BTreeMap<String, String> = sources.collect();
    (!sources.is_empty()).then_some(sources)
}

fn missing(missing: &Missing) -> &'static str {
    match missing {
        Missing::Error => "must not occur: the model was trained on whole rows",
        Missing::Fill(_) => "NaN; taken for the mean of the column in the training set",
        Missing::Mask => "NaN; the model does without, and its reconstruction fills it in",
    }
}
