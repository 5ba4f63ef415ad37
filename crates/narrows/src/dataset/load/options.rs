//! How data is read: what the flags of the commands say, and the `[data]` table of an experiment.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use bytesize::ByteSize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Where data lies, and how it becomes rows. The keys are those of an experiment's `[data]` table and, with hyphens, the flags of
/// the commands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoadOptions {
    /// A file, a folder, `-` for the standard input, or `mnist`, which is built in.
    pub path: String,
    /// Another file or folder, to test on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// Another file or folder, to validate on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<String>,
    /// The column of a table that names each row's class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// A column of a table that names each row: no input of a model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Columns that are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<String>,
    /// The only columns that are kept; without any, all are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Columns of categories: each category becomes a column that is 1 in its rows and 0 in all others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub one_hot: Vec<String>,
    /// What becomes of a category that was not there in training.
    #[serde(skip_serializing_if = "is_default")]
    pub unseen: UnseenRule,
    /// Columns of dates, which become seconds since 1970 in UTC.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<String>,
    /// What the data calls columns, and what they are to be called instead.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rename: BTreeMap<String, String>,
    /// What to do with cells without a value.
    #[serde(skip_serializing_if = "is_default")]
    pub missing: MissingRule,
    /// The size of every image: those of a folder are resized to it, rows of a table are read as such images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<ImageSize>,
    /// Colour images become grey.
    #[serde(skip_serializing_if = "is_default")]
    pub grey: bool,
    /// Images that cannot be read are left out, instead of being an error.
    #[serde(skip_serializing_if = "is_default")]
    pub skip_unreadable: bool,
    /// The share of the rows that is tested on, where no file says which; 0.1 if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_share: Option<f64>,
    /// The share of the rows that is validated on; none if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_share: Option<f64>,
    /// A file in which a split was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// The seed by which shares are drawn.
    #[serde(skip_serializing_if = "is_default")]
    pub split_seed: u64,
    /// What the values may take of memory, written `200MB`: what takes more is read block by block, an array from its file, all else from
    /// [`cache`](Self::cache). Without it, everything is read into memory.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exact_size")]
    pub memory: Option<ByteSize>,
    /// A folder for copies of tables and images that take more than the memory allows: they are read into it once, and from there block by
    /// block. Without it, they are read into memory. It decides nothing but where files lie, so it is no part of what is written of
    /// the options.
    #[serde(skip)]
    pub cache: Option<PathBuf>,
}

/// What to do with cells without a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingRule {
    /// They are an error that names the first of them.
    #[default]
    Error,
    /// Each becomes the mean of its column in the training set.
    Mean,
    /// They stay absent: neither input nor target.
    Mask,
}

/// What becomes of a category that was not there in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnseenRule {
    /// It is an error that names it.
    #[default]
    Error,
    /// Its row is of none of the categories: all of their columns are 0.
    Zeros,
}

/// Height and width of an image, written `28x28`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageSize {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

impl LoadOptions {
    /// Everything of a path, as it is.
    pub fn of(path: impl Into<String>) -> Self {
        Self { path: path.into(), ..Self::default() }
    }

    /// Whether nothing but the path is said.
    pub fn is_path_alone(&self) -> bool {
        *self == Self::of(self.path.clone())
    }

    /// What to call the data: the path's last part without its ending.
    pub fn name(&self) -> String {
        let path = std::path::Path::new(&self.path);
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = name.filter(|name| !name.is_empty() && name != "-").unwrap_or_else(|| "data".to_owned());
        name.strip_suffix(".csv").or(name.strip_suffix(".tsv")).map_or(name.clone(), str::to_owned)
    }
}

/// Writes options as their path, where nothing else is said, and as a table otherwise.
///
/// # Errors
/// Those of the serializer.
pub fn serialize_short<S: Serializer>(options: &LoadOptions, serializer: S) -> Result<S::Ok, S::Error> {
    if options.is_path_alone() {
        return serializer.serialize_str(&options.path);
    }
    options.serialize(serializer)
}

/// Reads a path, or a table of options.
///
/// # Errors
/// If it is neither, or a key is unknown.
pub fn deserialize_short<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LoadOptions, D::Error> {
    struct PathOrTable;

    impl<'de> Visitor<'de> for PathOrTable {
        type Value = LoadOptions;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a path, or a table with the key `path`")
        }

        fn visit_str<E>(self, path: &str) -> Result<LoadOptions, E> {
            Ok(LoadOptions::of(path))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LoadOptions, A::Error> {
            let options = LoadOptions::deserialize(MapAccessDeserializer::new(map))?;
            match options.path.is_empty() {
                true => Err(serde::de::Error::missing_field("path")),
                false => Ok(options),
            }
        }
    }

    deserializer.deserialize_any(PathOrTable)
}

impl FromStr for ImageSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        /// As long as any side of a picture that is trained on.
        const MAX_SIDE: usize = 1 << 14;
        let wrong = || format!("`{text}` is no size; expected height x width in pixels, for instance 28x28");
        let (height, width) = text.split_once(['x', '×']).ok_or_else(wrong)?;
        let side = |text: &str| text.trim().parse().ok().filter(|side| (1..=MAX_SIDE).contains(side));
        Ok(Self { height: side(height).ok_or_else(wrong)?, width: side(width).ok_or_else(wrong)? })
    }
}

impl fmt::Display for ImageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.height, self.width)
    }
}

impl Serialize for ImageSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ImageSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A size as its number of bytes: in other units it would be rounded.
pub(crate) fn exact_size<S: Serializer>(size: &Option<ByteSize>, serializer: S) -> Result<S::Ok, S::Error> {
    size.map(|size| size.as_u64()).serialize(serializer)
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        #[serde(serialize_with = "serialize_short", deserialize_with = "deserialize_short")]
        data: LoadOptions,
    }

    #[test]
    fn a_path_is_short_for_a_table_with_nothing_else() {
        let short: Holder = toml::from_str("data = \"mnist\"").unwrap();
        assert_eq!(short.data, LoadOptions::of("mnist"));
        assert_eq!(toml::to_string(&short).unwrap().trim(), "data = \"mnist\"");
    }

    #[test]
    fn a_table_reads_back_as_it_was_written() {
        let text = "[data]\npath = \"a.csv\"\nlabel = \"kind\"\nmissing = \"mean\"\nsize = \"4x5\"\none_hot = [\"b\"]\nunseen = \"zeros\"\ndates = [\"day\", \"hour\"]\n";
        let holder: Holder = toml::from_str(text).unwrap();
        assert_eq!(holder.data.size, Some(ImageSize { height: 4, width: 5 }));
        assert_eq!((holder.data.missing, holder.data.unseen), (MissingRule::Mean, UnseenRule::Zeros));
        assert_eq!(holder.data.dates, ["day", "hour"]);
        let again: Holder = toml::from_str(&toml::to_string(&holder).unwrap()).unwrap();
        assert_eq!(again, holder);
        for (wrong, what) in [
            ("[data]\nlabel = \"kind\"", "path"),
            ("[data]\npath = \"a\"\nlabels = \"kind\"", "labels"),
            ("[data]\npath = \"a\"\nsize = \"28\"", "28x28"),
            ("data = 3", "a path"),
        ] {
            let error = toml::from_str::<Holder>(wrong).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }
}
