//! What `golden/data/expected.json` says, and what tests share.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use narrows::dataset::format::{Limits, Source, Values};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Expected {
    pub idx: Vec<ArrayFile>,
    pub npy: Vec<ArrayFile>,
    pub npz: Vec<ArchiveFile>,
    pub csv: Vec<TableFile>,
    #[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "read with the feature"))]
    pub parquet: Vec<TableFile>,
    #[cfg_attr(not(feature = "images"), expect(dead_code, reason = "read with the feature"))]
    pub images: Vec<ImageFile>,
    #[cfg_attr(not(feature = "images"), expect(dead_code, reason = "read with the feature"))]
    pub resized: Vec<ResizedFile>,
    pub refused: Vec<Refused>,
}

#[derive(Deserialize)]
pub struct ArrayFile {
    pub file: String,
    pub shape: Vec<usize>,
    #[serde(default)]
    pub values: Vec<Number>,
    #[serde(default)]
    pub text: Vec<String>,
    #[serde(default)]
    pub rounded: usize,
    pub role: Option<String>,
    #[serde(default)]
    pub labels: Vec<Number>,
}

#[derive(Deserialize)]
pub struct ArchiveFile {
    pub file: String,
    pub choice: Option<[Option<String>; 4]>,
    pub arrays: std::collections::BTreeMap<String, ArchiveArray>,
}

#[derive(Deserialize)]
pub struct ArchiveArray {
    pub shape: Vec<usize>,
    pub values: Vec<Number>,
}

#[derive(Deserialize)]
pub struct TableFile {
    pub file: String,
    pub delimiter: Option<char>,
    pub header: Option<bool>,
    pub decimal_comma: Option<bool>,
    pub columns: Vec<ColumnFile>,
}

#[derive(Deserialize)]
pub struct ColumnFile {
    pub name: String,
    pub numbers: Option<Vec<Number>>,
    pub text: Option<Vec<Option<String>>>,
    pub seconds: Option<Vec<f64>>,
}

#[cfg_attr(not(feature = "images"), expect(dead_code, reason = "read with the feature"))]
#[derive(Deserialize)]
pub struct ImageFile {
    pub file: String,
    pub shape: [usize; 2],
    pub grey_file: bool,
    pub tolerance: u8,
    pub colour: Vec<u8>,
    pub grey: Vec<u8>,
}

#[cfg_attr(not(feature = "images"), expect(dead_code, reason = "read with the feature"))]
#[derive(Deserialize)]
pub struct ResizedFile {
    pub file: String,
    pub size: [usize; 2],
    pub values: Vec<u8>,
}

#[derive(Deserialize)]
pub struct Refused {
    pub file: String,
    pub problem: String,
}

/// JSON has neither NaN nor infinity: they are text there.
#[derive(Clone, Copy, Deserialize)]
#[serde(from = "Spelled")]
pub struct Number(pub f64);

#[derive(Deserialize)]
#[serde(untagged)]
enum Spelled {
    Number(f64),
    Text(String),
}

impl From<Spelled> for Number {
    fn from(spelled: Spelled) -> Self {
        match spelled {
            Spelled::Number(number) => Self(number),
            Spelled::Text(text) => Self(text.parse().expect("nan, inf or -inf")),
        }
    }
}

pub static EXPECTED: LazyLock<Expected> = LazyLock::new(|| {
    let text = std::fs::read_to_string(path("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
});

pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/data").join(name)
}

pub fn open(name: &str) -> Source {
    Source::open(&path(name)).unwrap_or_else(|error| panic!("{error}"))
}

pub fn limits() -> Limits {
    Limits { bytes: 64 << 20 }
}

/// The nearest `f32` of what NumPy or pandas has: equal to the bit, NaN to NaN.
pub fn assert_numbers(found: &[f32], expected: &[Number], name: &str) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let expected = expected.0 as f32;
        assert!(
            found == &expected || (found.is_nan() && expected.is_nan()),
            "{name}, value {index}: {found} instead of {expected}"
        );
    }
}

pub fn assert_values(found: &Values, expected: &[Number], name: &str) {
    match found {
        Values::Bytes(bytes) => {
            let numbers: Vec<f32> = bytes.iter().map(|&byte| byte.into()).collect();
            assert_numbers(&numbers, expected, name);
        }
        Values::Numbers(numbers) => assert_numbers(numbers, expected, name),
        Values::Text(_) => panic!("{name} is text"),
    }
}

/// A folder for one test, removed at its end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("narrows-formats-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
