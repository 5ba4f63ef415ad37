//! IDX, the format of MNIST and of the sets made after it.
//!
//! Two zero bytes, a byte for the type, a byte for the number of dimensions; each size in four bytes; then the values:
//! all numbers big-endian (Y. LeCun, C. Cortes, "The MNIST database"). Nothing marks the end, so a file must be as long
//! as its header says.
//!
//! A folder holds the usual four files: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`,
//! `t10k-labels-idx1-ubyte`, plain or with `.gz`, with a dot in place of the last hyphen but one, or with the name of a set of EMNIST
//! before them (`emnist-letters-train-images-idx3-ubyte.gz`; its test files say `test`). EMNIST's authors store every image transposed;
//! [`Folder::read_images`] turns them upright. Where their `emnist-letters-mapping.txt` lies there too, it says which letters the labels are: a label
//! and the codes of its characters in each line.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::array::{Array, Element, Layout, Values};
use super::error::{Fault, FormatError, Place, Problem};
use super::source::{Source, Stream, open_regular};
use super::{Format, Limits};
use crate::files::write_atomically_with;

/// The longest, of 62 classes, has some 500.
const MAX_MAPPING_BYTES: u64 = 1 << 16;

/// The usual files of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// What to train on.
    pub train: PartFiles,
    /// What to test with, if it is there.
    pub test: Option<PartFiles>,
    /// Whether the images are stored transposed, as EMNIST's are.
    pub transposed: bool,
    /// What the labels mean, if there is a file of it: `emnist-balanced-mapping.txt`.
    pub mapping: Option<PathBuf>,
}

/// The files of the training or of the test set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartFiles {
    /// The images.
    pub images: PathBuf,
    /// Their classes, if there is a file of them.
    pub labels: Option<PathBuf>,
}

/// IDX that is malformed, or a folder that is not whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdxProblem {
    /// The file ends within its header.
    #[error("the file ends within its header of {expected} bytes; was it cut short?")]
    Header {
        /// How long the header must be.
        expected: usize,
    },
    /// Several sets in one folder.
    #[error("the folder holds several sets ({}); say which one", .found.join(", "))]
    SeveralSets {
        /// Their names.
        found: Vec<String>,
    },
    /// No such set.
    #[error("the folder holds no set `{wanted}`; it has {}", .found.join(", "))]
    NoSuchSet {
        /// What was asked for.
        wanted: String,
        /// What there is.
        found: Vec<String>,
    },
    /// No training images.
    #[error("the folder holds no training images; `{expected}` was expected")]
    NoImages {
        /// The usual name.
        expected: String,
    },
    /// As many labels as images are needed.
    #[error("{images} images and {labels} labels: each image needs one label")]
    Labels {
        /// How many images.
        images: usize,
        /// How many labels.
        labels: usize,
    },
    /// No mapping of labels.
    #[error("expected a label and the codes of its characters, such as `10 65`; found `{0}`")]
    Mapping(String),
    /// An array of this type cannot be written.
    #[error("IDX has no type for text; write the classes as numbers")]
    Text,
}

/// Whether a file that begins with `head` is IDX: no other format begins with two zeros and one of these types.
pub(super) fn is_magic(head: &[u8]) -> bool {
    matches!(head, [0, 0, kind, 1..=4, ..] if element(*kind).is_some())
}

/// Reads an array.
///
/// # Errors
/// If it is not IDX, or its length is not what its header says.
pub fn read(source: Source, limits: &Limits) -> Result<Array, FormatError> {
    let (path, mut stream, length) = source.into_stream()?;
    read_stream(&mut stream, length, limits).map_err(|fault| fault.in_file(&path))
}

/// Reads only the header: type, sizes, and where the values lie.
///
/// # Errors
/// If it is not IDX.
pub fn layout(source: Source) -> Result<Layout, FormatError> {
    let (path, mut stream, _) = source.into_stream()?;
    header(&mut stream).map_err(|fault| fault.in_file(&path))
}

/// Finds the usual files; `set` is needed where the files of several sets of EMNIST lie in one folder.
///
/// # Errors
/// If the training images are missing, or it is not clear which set is meant.
pub fn find(folder: &Path, set: Option<&str>) -> Result<Folder, FormatError> {
    find_in(folder, set).map_err(|fault| fault.in_file(folder))
}

impl Folder {
    /// Reads images; those that are stored transposed are turned upright.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read_images(&self, part: &PartFiles, limits: &Limits) -> Result<Array, FormatError> {
        let images = read_expected(&part.images, limits)?;
        Ok(if self.transposed { upright(images) } else { images })
    }

    /// What classes are called, by label, if a file says so.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn classes(&self) -> Result<Option<BTreeMap<u32, String>>, FormatError> {
        self.mapping.as_deref().map(read_mapping).transpose()
    }
}

impl PartFiles {
    /// Reads the label of each of so many images, if there is a file of labels.
    ///
    /// # Errors
    /// If the file cannot be read, or has another number of labels.
    pub fn read_labels(&self, images: usize, limits: &Limits) -> Result<Option<Array>, FormatError> {
        let Some(path) = &self.labels else { return Ok(None) };
        let labels = read_expected(path, limits)?;
        match labels.shape[0] {
            labels if labels != images => {
                Err(Fault::from(IdxProblem::Labels { images, labels }).in_file(&self.images))
            }
            _ => Ok(Some(labels)),
        }
    }
}

/// Writes an array: bytes as unsigned bytes, numbers as 32-bit floating point.
///
/// # Errors
/// If it is text, or the file cannot be written; then nothing of that name has changed.
pub fn write(path: &Path, shape: &[usize], values: &Values) -> Result<(), FormatError> {
    let written = match values {
        Values::Text(_) => Err(Problem::from(IdxProblem::Text)),
        _ => write_atomically_with(path, |writer| write_to(writer, shape, values)).map_err(Problem::from),
    };
    written.map_err(|problem| Fault::from(problem).in_file(path))
}

/// What a label's characters are: of `1 65 97` those of A and a.
fn read_mapping(path: &Path) -> Result<BTreeMap<u32, String>, FormatError> {
    let read = || -> Result<_, Fault> {
        let mut text = String::new();
        open_regular(path)?.take(MAX_MAPPING_BYTES).read_to_string(&mut text).map_err(Problem::from)?;
        let mut classes = BTreeMap::new();
        for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
            let wrong = || {
                Problem::from(IdxProblem::Mapping(line.chars().take(40).collect())).at(Place::Line(number))
            };
            let numbers: Option<Vec<u32>> =
                line.split_whitespace().map(|number| number.parse().ok()).collect();
            let numbers = numbers.filter(|numbers| numbers.len() > 1).ok_or_else(wrong)?;
            let name: Option<String> = numbers[1..].iter().map(|&code| char::from_u32(code)).collect();
            classes.insert(numbers[0], name.ok_or_else(wrong)?);
        }
        Ok(classes)
    };
    read().map_err(|fault| fault.in_file(path))
}

fn read_expected(path: &Path, limits: &Limits) -> Result<Array, FormatError> {
    let source = Source::open(path)?;
    match source.format() {
        Format::Idx => read(source, limits),
        _ => {
            let problem = Problem::Kind { expected: "an IDX file", found: "another format" };
            Err(Fault::from(problem).in_file(path))
        }
    }
}

fn read_stream(stream: &mut Stream, length: Option<u64>, limits: &Limits) -> Result<Array, Fault> {
    let layout = header(stream)?;
    let available = length.map(|length| length.saturating_sub(layout.offset()));
    layout.read_all(stream, available, limits)
}

pub(super) fn header(stream: &mut Stream) -> Result<Layout, Fault> {
    let magic: [u8; 4] = read_array(stream, 4)?;
    let [0, 0, kind, dimensions @ 1..=4] = magic else {
        return Err(Problem::Kind { expected: "an IDX file", found: "another format" }.into());
    };
    let element = element(kind).ok_or(Problem::Kind { expected: "an IDX file", found: "another format" })?;
    let length = 4 + 4 * usize::from(dimensions);
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        let size = u32::from_be_bytes(read_array(stream, length)?);
        shape.push(usize::try_from(size).expect("sizes of 32 bits fit"));
    }
    Ok(Layout::new(element, true, shape, false, length as u64)?)
}

fn read_array<const N: usize>(stream: &mut Stream, header: usize) -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Problem::from(IdxProblem::Header { expected: header }),
        _ => error.into(),
    })?;
    Ok(bytes)
}

fn element(kind: u8) -> Option<Element> {
    Some(match kind {
        0x08 => Element::U8,
        0x09 => Element::I8,
        0x0B => Element::I16,
        0x0C => Element::I32,
        0x0D => Element::F32,
        0x0E => Element::F64,
        _ => return None,
    })
}

/// Exchanges height and width of every image.
fn upright(array: Array) -> Array {
    let [count, height, width] = array.shape[..] else { return array };
    let values = match &array.values {
        Values::Bytes(pixels) => Values::Bytes(transposed(pixels, count, height, width)),
        Values::Numbers(pixels) => Values::Numbers(transposed(pixels, count, height, width)),
        Values::Text(_) => return array,
    };
    Array { shape: vec![count, width, height], values, ..array }
}

fn transposed<T: Copy>(pixels: &[T], count: usize, height: usize, width: usize) -> Vec<T> {
    let mut turned = Vec::with_capacity(pixels.len());
    for image in pixels.chunks_exact(height * width).take(count) {
        turned.extend((0..width).flat_map(|x| (0..height).map(move |y| image[y * width + x])));
    }
    turned
}

/// The part that a file plays, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    TrainImages,
    TrainLabels,
    TestImages,
    TestLabels,
}

pub(super) fn is_usual_name(name: &str) -> bool {
    part(name).is_some()
}

/// The set (empty, or `emnist-letters`) and the part of a usual name.
fn part(name: &str) -> Option<(&str, Part)> {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    [
        ("train-images", "idx3-ubyte", Part::TrainImages),
        ("train-labels", "idx1-ubyte", Part::TrainLabels),
        ("t10k-images", "idx3-ubyte", Part::TestImages),
        ("t10k-labels", "idx1-ubyte", Part::TestLabels),
        ("test-images", "idx3-ubyte", Part::TestImages),
        ("test-labels", "idx1-ubyte", Part::TestLabels),
    ]
    .into_iter()
    .find_map(|(stem, ending, part)| {
        let before = name.strip_suffix(ending)?.strip_suffix(['-', '.'])?.strip_suffix(stem)?;
        let set = before.strip_suffix('-').or(before.is_empty().then_some(""))?;
        Some((set, part))
    })
}

fn find_in(folder: &Path, set: Option<&str>) -> Result<Folder, Fault> {
    let mut sets: BTreeMap<String, BTreeMap<Part, PathBuf>> = BTreeMap::new();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Problem::from)? {
        names.push(entry.map_err(Problem::from)?.file_name());
    }
    // Sorted, a file lies before its compressed form, and is the one that is taken.
    names.sort();
    for name in names {
        if let Some((set, part)) = name.to_str().and_then(part) {
            sets.entry(set.to_owned()).or_default().entry(part).or_insert_with(|| folder.join(&name));
        }
    }
    let found: Vec<String> = sets.keys().cloned().collect();
    let name = match (set, &found[..]) {
        (Some(wanted), _) if sets.contains_key(wanted) => wanted.to_owned(),
        (Some(wanted), _) => return Err(IdxProblem::NoSuchSet { wanted: wanted.to_owned(), found }.into()),
        (None, [one]) => one.clone(),
        (None, []) => String::new(),
        (None, _) => return Err(IdxProblem::SeveralSets { found }.into()),
    };
    let mut files = sets.remove(&name).unwrap_or_default();
    let Some(train_images) = files.remove(&Part::TrainImages) else {
        let before = if name.is_empty() { String::new() } else { format!("{name}-") };
        return Err(IdxProblem::NoImages { expected: format!("{before}train-images-idx3-ubyte") }.into());
    };
    let test_images = files.remove(&Part::TestImages);
    Ok(Folder {
        train: PartFiles { images: train_images, labels: files.remove(&Part::TrainLabels) },
        test: test_images.map(|images| PartFiles { images, labels: files.remove(&Part::TestLabels) }),
        transposed: name.starts_with("emnist"),
        mapping: Some(folder.join(format!("{name}-mapping.txt"))).filter(|path| path.is_file()),
    })
}

fn write_to(writer: &mut BufWriter<std::fs::File>, shape: &[usize], values: &Values) -> io::Result<()> {
    let kind = if matches!(values, Values::Bytes(_)) { 0x08 } else { 0x0D };
    let too_large = |_| io::Error::new(io::ErrorKind::InvalidInput, "IDX holds sizes below 2³² only");
    let dimensions = u8::try_from(shape.len()).map_err(too_large)?;
    writer.write_all(&[0, 0, kind, dimensions])?;
    for &size in shape {
        writer.write_all(&u32::try_from(size).map_err(too_large)?.to_be_bytes())?;
    }
    match values {
        Values::Bytes(values) => writer.write_all(values)?,
        Values::Numbers(values) => {
            values.iter().try_for_each(|value| writer.write_all(&value.to_be_bytes()))?
        }
        Values::Text(_) => unreachable!("refused before"),
    }
    Ok(())
}
