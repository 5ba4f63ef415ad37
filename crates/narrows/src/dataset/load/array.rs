//! From arrays (IDX, NumPy) to rows: images by their shape, else rows of numbers.

use super::error::LoadError;
use super::found::{Found, FoundValues, Kind, Labels};
#[cfg(feature = "images")]
use super::image::reshaped;
use super::{ImageSize, LoadOptions, Wanted, table};
use crate::dataset::format::{self, Array, ArrayFile, Cells, Column, Element, Table};
use crate::dataset::{ImageShape, ReadAhead, ValueRange, Values};

/// The rows of an array, with an array of labels if there is one.
pub(super) fn read(
    path: &str,
    array: Array,
    labels: Option<Array>,
    options: &LoadOptions,
    wanted: &Wanted<'_>,
    notes: &mut Vec<String>,
) -> Result<Found, LoadError> {
    let Array { element, shape, values, rounded } = array;
    let values = match values {
        format::Values::Bytes(bytes) => Values::Bytes(bytes),
        format::Values::Numbers(numbers) => Values::Numbers(numbers),
        format::Values::Text(_) => {
            let found = "an array of text, where numbers were expected".to_owned();
            return Err(LoadError::Labels { path: path.to_owned(), found });
        }
    };
    if rounded > 0 {
        notes.push(format!(
            "{path}: {rounded} whole numbers are beyond 16,777,216 and lose their last digits"
        ));
    }
    let labels = labels.map(|labels| of_array(path, labels, shape[0])).transpose()?;
    let (kind, values) = match shape[..] {
        [_, features] if options.size.is_none() => {
            if options.names_columns() || wanted.columns.is_some() {
                let table = named(values, features);
                let found = table::read(path, table, options, wanted, notes)?;
                return Ok(Found { labels: found.labels.or(labels), ..found });
            }
            (Kind::Rows(features), values)
        }
        [_, features] => images_of_rows(path, options.size, features, values, notes)?,
        _ => {
            options.refuse_columns(path, "an array of images")?;
            let (image, values) = image_shape(path, &shape, values, notes)?;
            let (kind, values) = as_images(path, element, image, values, notes);
            in_size(path, kind, values, options, notes)?
        }
    };
    Ok(Found { path: path.to_owned(), kind, values: FoundValues::Memory(values), labels, ids: None })
}

/// The rows of an array that stays in its file.
pub(super) fn streamed(
    path: &str,
    array: ArrayFile,
    labels: Option<Array>,
    ahead: ReadAhead,
    options: &LoadOptions,
    notes: &mut Vec<String>,
) -> Result<Found, LoadError> {
    let shape = array.layout().shape().to_vec();
    let whole = |why| LoadError::NeedsMemory { path: path.to_owned(), bytes: array.memory_bytes(), why };
    if options.column_option().is_some() {
        return Err(whole("columns are chosen in memory; write a file of those that you want"));
    }
    let labels = labels.map(|labels| of_array(path, labels, shape[0])).transpose()?;
    let image = match (&shape[..], options.size) {
        (&[_, features], None) => {
            let (kind, path) = (Kind::Rows(features), path.to_owned());
            return Ok(Found { path, kind, values: FoundValues::File(array, ahead), labels, ids: None });
        }
        (&[_, features], Some(size)) => image_of_row(path, size, features)?,
        (&[_, height, width], None) => ImageShape::grey(height, width),
        (&[_, height, width, channels @ (1 | 3)], None) => ImageShape { height, width, channels },
        (_, Some(_)) => return Err(whole("images are resized in memory; write them in their size")),
        (&[_, 1 | 3, _, _], None) => {
            return Err(whole(
                "channels are put behind height and width in memory; write them so (`numpy.moveaxis`)",
            ));
        }
        _ => return Err(LoadError::Shape { path: path.to_owned(), shape }),
    };
    let survey =
        array.survey().map_err(|error| LoadError::Data { path: path.to_owned(), source: error.into() })?;
    let extent = survey.extent;
    let bytes = array.layout().element().becomes_bytes();
    let range = match extent {
        (_, high) if bytes && high <= 1.0 => ValueRange { low: 0.0, high: 1.0 },
        _ if bytes => ValueRange::BYTES,
        extent => range_of(extent),
    };
    if range != ValueRange::BYTES {
        notes.push(told_range(path, range));
    }
    let (kind, path) = (Kind::Images { shape: image, range }, path.to_owned());
    Ok(Found { path, kind, values: FoundValues::File(array, ahead), labels, ids: None })
}

/// What numbers are, together.
pub(super) struct Extent {
    low: f32,
    high: f32,
    /// Whether all are whole numbers from 0 to 255.
    fit_bytes: bool,
}

impl Default for Extent {
    fn default() -> Self {
        Self { low: f32::INFINITY, high: f32::NEG_INFINITY, fit_bytes: true }
    }
}

impl Extent {
    /// Sees more of them. What is not finite has no place in a range.
    pub fn add(&mut self, numbers: &[f32]) {
        for &value in numbers {
            if value.is_finite() {
                self.low = self.low.min(value);
                self.high = self.high.max(value);
            }
            self.fit_bytes &= (0.0..=255.0).contains(&value) && value.fract() == 0.0;
        }
    }

    /// The least and the greatest of those that are finite.
    pub fn ends(&self) -> (f32, f32) {
        (self.low, self.high)
    }

    /// The range that images of these values have, and whether they become bytes.
    pub fn range_of_images(&self, path: &str, notes: &mut Vec<String>) -> (ValueRange, bool) {
        let range = range_of((self.low, self.high));
        let as_bytes = range == ValueRange::BYTES && self.fit_bytes;
        notes.push(match as_bytes {
            true => format!("{path}: all values are whole numbers from 0 to 255, and kept as bytes"),
            false => told_range(path, range),
        });
        (range, as_bytes)
    }
}

/// Rows of a table, or of an array with two dimensions, as images of the size that was asked for.
pub(super) fn images_of_rows(
    path: &str,
    size: Option<ImageSize>,
    features: usize,
    values: Values,
    notes: &mut Vec<String>,
) -> Result<(Kind, Values), LoadError> {
    let Some(size) = size else { return Ok((Kind::Rows(features), values)) };
    let image = image_of_row(path, size, features)?;
    Ok(as_images(path, Element::U8, image, values, notes))
}

/// The shape of images of which a row has so many values.
pub(super) fn image_of_row(path: &str, size: ImageSize, features: usize) -> Result<ImageShape, LoadError> {
    let ImageSize { height, width } = size;
    let channels = [1, 3].into_iter().find(|channels| height * width * channels == features);
    let channels = channels.ok_or_else(|| LoadError::Size { path: path.to_owned(), size, features })?;
    Ok(ImageShape { height, width, channels })
}

/// Height, width and channels of rows, channels side by side for each pixel.
fn image_shape(
    path: &str,
    shape: &[usize],
    values: Values,
    notes: &mut Vec<String>,
) -> Result<(ImageShape, Values), LoadError> {
    match *shape {
        [_, height, width] => Ok((ImageShape::grey(height, width), values)),
        [_, height, width, channels @ (1 | 3)] => Ok((ImageShape { height, width, channels }, values)),
        [_, channels @ (1 | 3), height, width] => {
            notes.push(format!("{path}: its channels stand before height and width; they are put behind"));
            let image = ImageShape { height, width, channels };
            Ok((
                image,
                match values {
                    Values::Bytes(bytes) => Values::Bytes(channels_last(&bytes, image)),
                    Values::Numbers(numbers) => Values::Numbers(channels_last(&numbers, image)),
                },
            ))
        }
        _ => Err(LoadError::Shape { path: path.to_owned(), shape: shape.to_vec() }),
    }
}

fn channels_last<T: Copy>(values: &[T], image: ImageShape) -> Vec<T> {
    let pixels = image.height * image.width;
    let turn = |row: &[T]| -> Vec<T> {
        (0..pixels)
            .flat_map(|pixel| (0..image.channels).map(move |channel| channel * pixels + pixel))
            .map(|i| row[i])
            .collect()
    };
    values.chunks_exact(pixels * image.channels).flat_map(turn).collect()
}

/// Images with the range of their values; whole numbers from 0 to 255 become bytes.
fn as_images(
    path: &str,
    element: Element,
    image: ImageShape,
    values: Values,
    notes: &mut Vec<String>,
) -> (Kind, Values) {
    let (range, values) = match values {
        Values::Bytes(bytes) => {
            let binary = element == Element::Bool || bytes.iter().all(|&byte| byte <= 1);
            if binary {
                notes.push(format!("{path}: all pixels are 0 or 1, so 0 is black and 1 is white"));
            }
            (
                if binary { ValueRange { low: 0.0, high: 1.0 } } else { ValueRange::BYTES },
                Values::Bytes(bytes),
            )
        }
        Values::Numbers(numbers) => {
            let mut extent = Extent::default();
            extent.add(&numbers);
            match extent.range_of_images(path, notes) {
                (range, true) => {
                    let bytes = numbers.iter().map(|&value| value as u8).collect();
                    (range, Values::Bytes(bytes))
                }
                (range, false) => (range, Values::Numbers(numbers)),
            }
        }
    };
    (Kind::Images { shape: image, range }, values)
}

fn told_range(path: &str, range: ValueRange) -> String {
    format!("{path}: {} is black and {} is white, by the values found", range.low, range.high)
}

/// The images in the size and the colours that the options ask for, as those of a folder.
fn in_size(
    path: &str,
    kind: Kind,
    values: Values,
    options: &LoadOptions,
    notes: &mut Vec<String>,
) -> Result<(Kind, Values), LoadError> {
    let Kind::Images { shape, range } = kind else { return Ok((kind, values)) };
    let ImageShape { height, width, channels } = shape;
    let grey = options.grey && channels == 3;
    let size = options.size.filter(|size| (size.height, size.width) != (height, width));
    if !grey && size.is_none() {
        return Ok((kind, values));
    }
    // Between 0 and 1 a byte has no values left.
    let values = match values {
        Values::Bytes(bytes) if range != ValueRange::BYTES => {
            Values::Numbers(bytes.into_iter().map(f32::from).collect())
        }
        values => values,
    };
    let mut resized = reshaped(path, shape, values, grey, size)?;
    if let Values::Numbers(numbers) = &mut resized.1 {
        // Rounding may step over an end of the range.
        numbers.iter_mut().for_each(|value| *value = value.clamp(range.low, range.high));
    }
    if let Some(size) = size {
        notes.push(format!("{path}: images of {height}x{width} pixels are resized to {size}"));
    }
    let (shape, values) = resized;
    Ok((Kind::Images { shape, range }, values))
}

#[cfg(not(feature = "images"))]
fn reshaped(
    path: &str,
    _: ImageShape,
    _: Values,
    _: bool,
    _: Option<ImageSize>,
) -> Result<(ImageShape, Values), LoadError> {
    Err(LoadError::Feature {
        path: path.into(),
        what: "an array of images to be resized or made grey",
        feature: "images",
    })
}

/// The usual range that holds all values, or their own.
pub(super) fn range_of((low, high): (f32, f32)) -> ValueRange {
    let usual = [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)];
    // Pixels from 0 to 16 are no dark bytes: white is taken for a usual one only if some value comes near it.
    let fits = |&(least, greatest): &(f32, f32)| low >= least && high <= greatest && high > 0.5 * greatest;
    let (low, high) = match usual.into_iter().find(fits) {
        Some(range) => range,
        None if low < high => (low, high),
        // One value everywhere, or none that is finite, which is refused later.
        None => (0.0, 1.0),
    };
    ValueRange { low, high }
}

/// The columns of an array, named by their numbers from 0.
pub(super) fn named(values: Values, features: usize) -> Table {
    let numbers = match values {
        Values::Bytes(bytes) => bytes.into_iter().map(f32::from).collect(),
        Values::Numbers(numbers) => numbers,
    };
    let column = |index: usize| {
        let values: Vec<f32> = numbers.iter().skip(index).step_by(features).copied().collect();
        let count = values.iter().filter(|value| value.is_nan()).count();
        let first = values.iter().position(|value| value.is_nan()).map(|row| row as u64);
        let missing = format::Missing { count, first };
        Column { name: index.to_string(), cells: Cells::Numbers { values, rounded: 0 }, missing }
    };
    Table { rows: numbers.len() / features, columns: (0..features).map(column).collect() }
}

/// Labels of an array of whole numbers or text.
fn of_array(path: &str, labels: Array, rows: usize) -> Result<Labels, LoadError> {
    let wrong = |found: String| LoadError::Labels { path: path.to_owned(), found };
    if labels.shape.iter().skip(1).any(|&size| size != 1) || labels.shape[0] != rows {
        return Err(wrong(format!("of the shape {:?} for {rows} rows", labels.shape)));
    }
    match labels.values {
        format::Values::Bytes(bytes) => Ok(Labels::of_names(bytes.iter().map(u8::to_string))),
        format::Values::Text(names) => Ok(Labels::of_names(names)),
        format::Values::Numbers(numbers) => match numbers.iter().find(|number| number.fract() != 0.0) {
            Some(number) => Err(wrong(format!("numbers such as {number}"))),
            None => Ok(Labels::of_names(numbers.iter().map(f32::to_string))),
        },
    }
}
