//! Data sets as files of other programs' formats.

use std::io;
use std::path::{Path, PathBuf};

use super::format::{self, FormatError, csv, idx, npy};
use super::load::UnsplitPart;
use super::{DataError, Dataset, Part};

/// A format in which data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// Text, separated by commas; classes are the last column.
    Csv,
    /// Text, separated by tabs.
    Tsv,
    /// A table in columns.
    Parquet,
    /// One array, without classes.
    Npy,
    /// Arrays of all parts: `x_train`, `y_train`, `x_test` …
    Npz,
    /// A folder of the usual files: `train-images-idx3-ubyte` …
    Idx,
    /// A folder of images, in folders of their parts and classes.
    Png,
}

/// Data that cannot be written so.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The file cannot be written.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The data is in a file that can no longer be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The folder cannot be made.
    #[error("{path} cannot be written: {source}")]
    Folder {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A format that holds one part.
    #[error("the format holds one part, and the data has {}; say which one with --part, or write .npz", names(.0))]
    SeveralParts(Vec<Part>),
    /// Rows that are no images of bytes.
    #[error(
        "{0} holds no images of whole numbers from 0 to 255, which is what is written as {1}; write .npy or .csv"
    )]
    NoImages(String, &'static str),
    /// Two columns of one name.
    #[error(
        "a column is called `{0}` already, as the column of classes or of names is to be; give it another name with --rename"
    )]
    Taken(String),
    /// This narrows was built without the writer.
    #[error(
        "this narrows was built without the feature `{0}`, which writes that format; build it with `--features {0}`"
    )]
    Feature(&'static str),
}

/// What the column of classes is called.
const CLASS_COLUMN: &str = "class";

/// What the column of the rows' own names is called.
const ID_COLUMN: &str = "id";

impl FileFormat {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Csv, Self::Tsv, Self::Parquet, Self::Npy, Self::Npz, Self::Idx, Self::Png];

    /// As a user names it: `csv`, `tsv` …
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Parquet => "parquet",
            Self::Npy => "npy",
            Self::Npz => "npz",
            Self::Idx => "idx",
            Self::Png => "png",
        }
    }

    /// By the ending of a path; one without an ending is a folder of images. Nothing where the ending is unknown.
    pub fn of_path(path: &Path) -> Option<Self> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        Some(match ending.as_deref() {
            None => Self::Png,
            Some("csv") => Self::Csv,
            Some("tsv") => Self::Tsv,
            Some("parquet") => Self::Parquet,
            Some("npy") => Self::Npy,
            Some("npz") => Self::Npz,
            Some(_) => return None,
        })
    }
}

/// Writes parts of a data set. Data in a file is written as NPY or as text without being read into memory whole; of other formats, all
/// data is to be in memory.
///
/// # Errors
/// If the format does not hold such data, or the file cannot be written.
pub fn convert(parts: &[UnsplitPart], format: FileFormat, path: &Path) -> Result<(), ConvertError> {
    let only = || match parts {
        [only] => Ok(only),
        _ => Err(ConvertError::SeveralParts(parts.iter().map(|one| one.part).collect())),
    };
    match format {
        FileFormat::Csv => text(only()?, path, b','),
        FileFormat::Tsv => text(only()?, path, b'\t'),
        FileFormat::Parquet => parquet(&table(only()?)?, path),
        FileFormat::Npy => one_array(&only()?.dataset, path),
        FileFormat::Npz => archive(parts, path),
        FileFormat::Idx => idx_folder(parts, path),
        FileFormat::Png => folder(parts, path),
    }
}

/// The rows in their order, in memory: all of them, or of a file some at a time.
fn blocks(dataset: &Dataset) -> impl Iterator<Item = Result<Dataset, DataError>> {
    /// Values that are read at a time.
    const BLOCK: usize = 1 << 22;
    let rows = dataset.rows();
    let step = match dataset.is_in_memory() {
        true => rows.max(1),
        false => (BLOCK / dataset.features()).max(1),
    };
    (0..rows).step_by(step).map(move |first| {
        let block: Vec<usize> = (first..rows.min(first + step)).collect();
        dataset.read_rows(&block)
    })
}

/// Writes what is made of each block by `write`, which stops at an error among them.
fn in_blocks<T>(
    dataset: &Dataset,
    make: impl Fn(Dataset) -> Result<T, ConvertError>,
    write: impl FnOnce(&mut dyn Iterator<Item = io::Result<T>>) -> Result<(), FormatError>,
) -> Result<(), ConvertError> {
    let mut stopped = None;
    let mut made = blocks(dataset).map(|block| {
        block.map_err(ConvertError::from).and_then(&make).map_err(|error| {
            stopped = Some(error);
            io::Error::other("a block cannot be had")
        })
    });
    let written = write(&mut made);
    drop(made);
    stopped.map_or(written.map_err(ConvertError::from), Err)
}

fn one_array(dataset: &Dataset, path: &Path) -> Result<(), ConvertError> {
    let as_bytes = dataset.image().is_some()
        && blocks(dataset).try_fold(true, |all, block| block.map(|block| all && bytes(&block).is_some()))?;
    let values = |block: Dataset| {
        let bytes = as_bytes.then(|| bytes(&block)).flatten();
        Ok(bytes.map_or_else(|| format::Values::Numbers(numbers(&block)), format::Values::Bytes))
    };
    in_blocks(dataset, values, |values| npy::write_pieces(path, &shape(dataset), as_bytes, values))
}

fn text(part: &UnsplitPart, path: &Path, delimiter: u8) -> Result<(), ConvertError> {
    let rows = std::cell::Cell::new(0);
    let block_table = |dataset: Dataset| {
        let first = rows.replace(rows.get() + dataset.rows());
        let ids = part.ids.as_ref().map(|ids| ids[first..first + dataset.rows()].to_vec());
        table(&UnsplitPart { part: part.part, dataset, ids })
    };
    in_blocks(&part.dataset, block_table, |tables| csv::write_blocks(path, tables, delimiter))
}

/// The sizes of an array of all rows: those of images if they are.
fn shape(dataset: &Dataset) -> Vec<usize> {
    let mut shape = vec![dataset.rows()];
    match dataset.image() {
        Some(image) if image.channels == 1 => shape.extend([image.height, image.width]),
        Some(image) => shape.extend([image.height, image.width, image.channels]),
        None => shape.push(dataset.features()),
    }
    shape
}

/// All rows.
fn array(dataset: &Dataset) -> (Vec<usize>, format::Values) {
    let shape = shape(dataset);
    (shape, bytes(dataset).map_or_else(|| format::Values::Numbers(numbers(dataset)), format::Values::Bytes))
}

fn numbers(dataset: &Dataset) -> Vec<f32> {
    let mut values = Vec::with_capacity(dataset.rows() * dataset.features());
    (0..dataset.rows()).for_each(|row| values.extend_from_slice(&dataset.raw_row(row)));
    values
}

/// The values as bytes, where they are images of bytes.
fn bytes(dataset: &Dataset) -> Option<Vec<u8>> {
    dataset.image()?;
    let byte = |value: f32| (value.fract() == 0.0 && (0.0..=255.0).contains(&value)).then_some(value as u8);
    let mut values = Vec::with_capacity(dataset.rows() * dataset.features());
    for row in 0..dataset.rows() {
        for value in dataset.raw_row(row) {
            values.push(byte(value)?);
        }
    }
    Some(values)
}

fn table(UnsplitPart { dataset, ids, .. }: &UnsplitPart) -> Result<format::Table, ConvertError> {
    let features = dataset.features();
    let numbers = numbers(dataset);
    let mut columns: Vec<format::Column> = (0..features)
        .map(|index| {
            let values = numbers.iter().skip(index).step_by(features).copied().collect();
            let name = match dataset.schema().columns() {
                Some(columns) => columns[index].clone(),
                // No number: a first line of numbers is read as a row.
                None => format!("x{index}"),
            };
            format::Column {
                name,
                cells: format::Cells::Numbers { values, rounded: 0 },
                missing: Default::default(),
            }
        })
        .collect();
    let added = [(ID_COLUMN, ids.is_some()), (CLASS_COLUMN, dataset.labels().is_some())];
    let taken = |name: &str| columns.iter().any(|column| column.name == name);
    if let Some((name, _)) = added.into_iter().find(|&(name, added)| added && taken(name)) {
        return Err(ConvertError::Taken(name.to_owned()));
    }
    let text = |name: &str, cells| format::Column {
        name: name.to_owned(),
        cells: format::Cells::Text(cells),
        missing: Default::default(),
    };
    if let Some(ids) = ids {
        columns.insert(0, text(ID_COLUMN, ids.iter().map(String::as_str).collect()));
    }
    if dataset.labels().is_some() {
        let classes = (0..dataset.rows()).map(|row| dataset.class_of(row).unwrap_or_default());
        columns.push(text(CLASS_COLUMN, classes.collect()));
    }
    Ok(format::Table { rows: dataset.rows(), columns })
}

#[cfg(feature = "parquet")]
fn parquet(table: &format::Table, path: &Path) -> Result<(), ConvertError> {
    Ok(format::parquet::write(path, table)?)
}

#[cfg(not(feature = "parquet"))]
fn parquet(_: &format::Table, _: &Path) -> Result<(), ConvertError> {
    Err(ConvertError::Feature("parquet"))
}

fn archive(parts: &[UnsplitPart], path: &Path) -> Result<(), ConvertError> {
    let mut arrays = Vec::new();
    for UnsplitPart { part, dataset, .. } in parts {
        let (shape, values) = array(dataset);
        arrays.push((format!("x_{part}"), shape, values));
        if dataset.labels().is_some() {
            let names = (0..dataset.rows()).map(|row| dataset.class_of(row).unwrap_or_default().to_owned());
            arrays.push((format!("y_{part}"), vec![dataset.rows()], format::Values::Text(names.collect())));
        }
    }
    let arrays: Vec<(&str, &[usize], &format::Values)> =
        arrays.iter().map(|(name, shape, values)| (name.as_str(), &shape[..], values)).collect();
    Ok(npy::write_archive(path, &arrays)?)
}

/// Labels are numbers in IDX: the places of the classes among their names.
fn idx_folder(parts: &[UnsplitPart], path: &Path) -> Result<(), ConvertError> {
    for UnsplitPart { part, dataset, .. } in parts {
        let grey = dataset.image().is_some_and(|image| image.channels == 1);
        let fits = grey && bytes(dataset).is_some() && *part != Part::Validation;
        if !fits || dataset.schema().classes().is_some_and(|classes| classes.len() > 256) {
            return Err(ConvertError::NoImages(
                dataset.name().to_owned(),
                "IDX (grey, with at most 256 classes, without a validation set)",
            ));
        }
    }
    std::fs::create_dir_all(path)
        .map_err(|source| ConvertError::Folder { path: path.display().to_string(), source })?;
    for UnsplitPart { part, dataset, .. } in parts {
        let stem = if *part == Part::Test { "t10k" } else { "train" };
        let (shape, values) = array(dataset);
        idx::write(&path.join(format!("{stem}-images-idx3-ubyte")), &shape, &values)?;
        if let Some(labels) = dataset.labels() {
            let labels = labels.iter().map(|&label| label as u8).collect();
            let file = path.join(format!("{stem}-labels-idx1-ubyte"));
            idx::write(&file, &[dataset.rows()], &format::Values::Bytes(labels))?;
        }
    }
    Ok(())
}

#[cfg(feature = "images")]
fn folder(parts: &[UnsplitPart], path: &Path) -> Result<(), ConvertError> {
    use format::images::{ImageFile, Images, Role, write_folder};

    let (mut pixels, mut files) = (Vec::new(), Vec::new());
    let no_images = |dataset: &Dataset| ConvertError::NoImages(dataset.name().to_owned(), "PNG");
    for UnsplitPart { part, dataset, .. } in parts {
        pixels.extend(bytes(dataset).ok_or_else(|| no_images(dataset))?);
        let role = (parts.len() > 1).then_some(match part {
            Part::Train => Role::Training,
            Part::Validation => Role::Validation,
            Part::Test => Role::Test,
        });
        let class = |row: usize| dataset.labels().map(|labels| labels[row]);
        files.extend((0..dataset.rows()).map(|row| ImageFile {
            path: PathBuf::new(),
            class: class(row),
            role,
        }));
    }
    let Some(UnsplitPart { dataset: first, .. }) = parts.first() else { return Ok(()) };
    let image = first.image().ok_or_else(|| no_images(first))?;
    let classes = first.schema().classes().unwrap_or_default().to_vec();
    let (height, width, channels) = (image.height, image.width, image.channels);
    let unreadable = Vec::new();
    Ok(write_folder(path, &Images { height, width, channels, pixels, files, classes, unreadable })?)
}

#[cfg(not(feature = "images"))]
fn folder(_: &[UnsplitPart], path: &Path) -> Result<(), ConvertError> {
    let _ = PathBuf::from(path);
    Err(ConvertError::Feature("images"))
}

fn names(parts: &[Part]) -> String {
    parts.iter().map(|part| part.name()).collect::<Vec<_>>().join(" and ")
}
