//! From a folder of images to rows.

use std::num::NonZeroUsize;
use std::path::Path;

use super::error::LoadError;
use super::found::{Found, FoundParts, FoundValues, Kind, Labels, grouped};
use super::{ImageSize, LoadOptions, Progress};
use crate::dataset::format::images::{self, Colour, Images, Role};
use crate::dataset::format::{Limits, Source};
use crate::dataset::{ImageShape, ValueRange, Values};

/// The images of a folder, in the parts that its folders name.
pub(super) fn folder(
    path: &str,
    options: &LoadOptions,
    threads: NonZeroUsize,
    progress: Progress<'_>,
    notes: &mut Vec<String>,
) -> Result<FoundParts, LoadError> {
    let listing = images::list(Path::new(path))?;
    let read = images::read(&listing, &reading(options), &Limits::default(), threads, progress)?;
    notes.push(told(path, &read, listing.ignored));
    if !read.unreadable.is_empty() {
        let named = read.unreadable.iter().map(|one| format!("{} ({})", one.path.display(), one.reason));
        notes.push(format!(
            "{} images cannot be read and are left out: {}",
            read.unreadable.len(),
            named.collect::<Vec<_>>().join(", ")
        ));
    }
    Ok(parts(path, read))
}

/// A single image, as a data set of one row.
pub(super) fn file(path: &str, source: Source, options: &LoadOptions) -> Result<FoundParts, LoadError> {
    let read = images::read_one(source, &reading(options), &Limits::default())?;
    Ok(parts(path, read))
}

/// Images of an array, made grey if asked, and in another size if one is given.
pub(super) fn reshaped(
    path: &str,
    shape: ImageShape,
    values: Values,
    grey: bool,
    size: Option<ImageSize>,
) -> Result<(ImageShape, Values), LoadError> {
    let (mut shape, mut values) = (shape, values);
    if grey {
        shape.channels = 1;
        values = match values {
            Values::Bytes(pixels) => Values::Bytes(images::grey_bytes(&pixels)),
            Values::Numbers(pixels) => Values::Numbers(images::grey_numbers(&pixels)),
        };
    }
    let Some(ImageSize { height, width }) = size else { return Ok((shape, values)) };
    let from = images::Target { height: shape.height, width: shape.width, channels: shape.channels };
    let (path, size, limits) = (Path::new(path), (height, width), Limits::default());
    let values = match values {
        Values::Bytes(pixels) => Values::Bytes(images::resize_bytes(path, &pixels, from, size, &limits)?),
        Values::Numbers(pixels) => {
            Values::Numbers(images::resize_numbers(path, &pixels, from, size, &limits)?)
        }
    };
    Ok((ImageShape { height, width, ..shape }, values))
}

fn reading(options: &LoadOptions) -> images::Options {
    images::Options {
        size: options.size.map(|size| (size.height, size.width)),
        colour: if options.grey { Colour::Grey } else { Colour::AsFound },
        skip_unreadable: options.skip_unreadable,
    }
}

fn told(path: &str, read: &Images, ignored: usize) -> String {
    let colour = if read.channels == 1 { "grey" } else { "in colour" };
    let classes = match read.classes.len() {
        0 => "no folders, so no classes".to_owned(),
        1..=12 => format!("classes by folder: {}", read.classes.join(", ")),
        many => format!("{many} classes by folder"),
    };
    let ignored = if ignored > 0 { format!("; {ignored} other files") } else { String::new() };
    let count = grouped(read.files.len());
    format!("{path}: {count} images {colour}, {} x {} pixels, {classes}{ignored}", read.height, read.width)
}

/// Files are sorted by role, so each part is one piece.
fn parts(path: &str, read: Images) -> FoundParts {
    let Images { height, width, channels, mut pixels, mut files, classes, .. } = read;
    let shape = ImageShape { height, width, channels };
    let mut part = |role: fn(Option<Role>) -> bool| {
        let first = files.iter().position(|file| role(file.role))?;
        let here = files.split_off(first);
        let values = pixels.split_off(first * height * width * channels);
        let class = |file: &images::ImageFile| file.class.map(|class| classes[class as usize].clone());
        let names: Option<Vec<String>> = here.iter().map(class).collect();
        Some(Found {
            path: path.to_owned(),
            kind: Kind::Images { shape, range: ValueRange::BYTES },
            values: FoundValues::Memory(Values::Bytes(values)),
            labels: names.map(Labels::of_names),
            ids: None,
        })
    };
    let test = part(|role| role == Some(Role::Test));
    let validation = part(|role| role == Some(Role::Validation));
    match (part(|_| true), test, validation) {
        (Some(train), test, validation) => FoundParts { train, validation, test },
        // Folders of one role alone: they are what there is.
        (None, Some(only), None) | (None, None, Some(only)) => FoundParts::one(only),
        (None, Some(test), Some(validation)) => {
            FoundParts { train: validation, validation: None, test: Some(test) }
        }
        (None, None, None) => unreachable!("a list of images is not empty"),
    }
}
