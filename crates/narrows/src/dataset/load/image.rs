//! From a folder of images to rows.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use super::cache::{CachedPart, array_name, rewrite};
use super::error::LoadError;
use super::found::{Found, FoundParts, FoundValues, Kind, Labels, grouped};
use super::{ImageSize, LoadOptions, Progress};
use crate::dataset::format::images::{
    self, Colour, ImageFile, Images, Listing, Piece, Pieces, Plan, Role, Target,
};
use crate::dataset::format::npy::RowWriter;
use crate::dataset::format::{self, Limits, Source};
use crate::dataset::{ImageShape, Part, ValueRange, Values};

/// A folder of images that are not decoded yet.
pub(super) struct ImageFolder<'a> {
    path: &'a str,
    options: images::Options,
    listing: Listing,
    plan: Plan,
    threads: NonZeroUsize,
}

impl<'a> ImageFolder<'a> {
    /// Finds the images and the size of their rows.
    pub fn open(path: &'a str, options: &LoadOptions, threads: NonZeroUsize) -> Result<Self, LoadError> {
        let options = reading(options);
        let listing = images::list(Path::new(path))?;
        let plan = images::plan(&listing, &options, threads)?;
        Ok(Self { path, options, listing, plan, threads })
    }

    /// The bytes that the pixels take while it is not known yet whether all are grey.
    pub fn memory_bytes(&self) -> u64 {
        let Target { height, width, channels } = self.plan.target;
        self.listing.files.len() as u64 * (height * width * channels) as u64
    }

    /// The files that are read.
    pub fn files(&self) -> Vec<PathBuf> {
        self.listing.files.iter().map(|file| self.listing.folder.join(&file.path)).collect()
    }

    /// Decodes all images into memory, in the parts that the folders name.
    pub fn read(self, progress: Progress<'_>, notes: &mut Vec<String>) -> Result<FoundParts, LoadError> {
        let Self { path, options, listing, plan, threads } = self;
        let read = images::read_planned(&listing, plan, &options, &Limits::default(), threads, progress)?;
        tell(path, &read, listing.ignored, notes);
        Ok(parts(path, read))
    }

    /// Decodes the images some at a time into an array for each part, in the folder `into`.
    pub fn write(
        self,
        into: &Path,
        progress: Progress<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Vec<CachedPart>, LoadError> {
        let Self { path, options, listing, plan, threads } = self;
        let failed = |source| LoadError::Cache { place: into.to_owned(), source };
        let Target { height, width, channels } = plan.target;
        let mut pieces = Pieces::new(&listing, plan, options, threads);
        let mut writers: Vec<(Part, RowWriter)> = Vec::new();
        while let Some(Piece { role, pixels }) = pieces.next(progress)? {
            let part = part_of(role);
            if writers.last().is_none_or(|(last, _)| *last != part) {
                let file = into.join(array_name(part));
                writers.push((part, RowWriter::of_bytes(&file, &[height, width, channels]).map_err(failed)?));
            }
            let (_, writer) = writers.last_mut().expect("one was added");
            writer.append_bytes(pixels).map_err(failed)?;
        }
        let read = pieces.finish()?;
        tell(path, &read, listing.ignored, notes);
        writers.retain(|(_, writer)| !writer.is_empty());
        let mut parts = Vec::new();
        for (part, writer) in writers {
            writer.finish().map_err(failed)?;
            if channels != read.channels {
                rewrite(&into.join(array_name(part)), &[height, width], first_channel)?;
            }
            let shape = ImageShape { height, width, channels: read.channels };
            let kind = Kind::Images { shape, range: ValueRange::BYTES };
            let of_part = read.files.iter().filter(|file| part_of(file.role) == part);
            parts.push(CachedPart { part, kind, labels: labels(of_part, &read.classes), ids: None });
        }
        Ok(parts)
    }
}

/// Of pixels in three channels that are all the same, one.
fn first_channel(values: format::Values) -> Vec<u8> {
    match values {
        format::Values::Bytes(mut pixels) => {
            images::keep_first_channel(&mut pixels);
            pixels
        }
        _ => unreachable!("images are written as bytes"),
    }
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
    let from = Target { height: shape.height, width: shape.width, channels: shape.channels };
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

/// Says what was read, and what could not be.
fn tell(path: &str, read: &Images, ignored: usize, notes: &mut Vec<String>) {
    notes.push(told(path, read, ignored));
    if !read.unreadable.is_empty() {
        let named = read.unreadable.iter().map(|one| format!("{} ({})", one.path.display(), one.reason));
        notes.push(format!(
            "{} images cannot be read and are left out: {}",
            read.unreadable.len(),
            named.collect::<Vec<_>>().join(", ")
        ));
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
        Some(Found {
            path: path.to_owned(),
            kind: Kind::Images { shape, range: ValueRange::BYTES },
            values: FoundValues::Memory(Values::Bytes(values)),
            labels: labels(&here, &classes),
            ids: None,
        })
    };
    let test = part(|role| role == Some(Role::Test));
    let validation = part(|role| role == Some(Role::Validation));
    FoundParts::of_any(part(|_| true), validation, test).expect("a list of images is not empty")
}

/// The class of each image, if all have one.
fn labels<'a>(files: impl IntoIterator<Item = &'a ImageFile>, classes: &[String]) -> Option<Labels> {
    let class = |file: &ImageFile| file.class.map(|class| classes[class as usize].clone());
    let names: Option<Vec<String>> = files.into_iter().map(class).collect();
    names.map(Labels::of_names)
}

/// What images of a role are for.
fn part_of(role: Option<Role>) -> Part {
    match role {
        None | Some(Role::Training) => Part::Train,
        Some(Role::Validation) => Part::Validation,
        Some(Role::Test) => Part::Test,
    }
}
