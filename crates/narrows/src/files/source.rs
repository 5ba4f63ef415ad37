//! Where data was read from, and how, as files have it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytesize::ByteSize;
use serde::{Deserialize, Serialize};

use crate::dataset::load::{ImageSize, LoadOptions, MissingRule, UnseenRule, exact_size, is_default};

/// The keys are those of an experiment's `[data]` table.
#[derive(Serialize, Deserialize)]
#[serde(remote = "LoadOptions", default = "LoadOptions::default")]
pub(super) struct SourceRecord {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    drop: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    columns: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    one_hot: Vec<String>,
    #[serde(with = "UnseenRuleRecord", skip_serializing_if = "is_default")]
    unseen: UnseenRule,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dates: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    rename: BTreeMap<String, String>,
    #[serde(with = "MissingRuleRecord", skip_serializing_if = "is_default")]
    missing: MissingRule,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<ImageSize>,
    #[serde(skip_serializing_if = "is_default")]
    grey: bool,
    #[serde(skip_serializing_if = "is_default")]
    skip_unreadable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_share: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_share: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    split_seed: u64,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exact_size")]
    memory: Option<ByteSize>,
    #[serde(skip)]
    cache: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "UnseenRule", rename_all = "snake_case")]
enum UnseenRuleRecord {
    Error,
    Zeros,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "MissingRule", rename_all = "snake_case")]
enum MissingRuleRecord {
    Error,
    Mean,
    Mask,
}
