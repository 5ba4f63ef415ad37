//! Folders of images: PNG, JPEG, BMP, WebP, the first frame of a GIF, TIFF.
//!
//! A folder holds images (no classes), folders of images (each a class), or `train`, `validation` and `test` with either in them
//! ([`list`]). Files are told by content and sorted by name, so that the result does not depend on the file system. [`read`] decodes them on
//! all threads it is given, row after row:
//!
//! - turned as their EXIF orientation says;
//! - 16 bits a channel become 8 by rounding `v · 255 / 65535`; palettes become colours;
//! - where an image has an alpha channel, it is laid on white;
//! - grey is `0.299 R + 0.587 G + 0.114 B` (ITU-R BT.601), in the whole numbers that Pillow uses, and as in Pillow for every pixel;
//! - resized, if asked, to exactly the size asked for, by a triangle filter as wide as a pixel of the result (Pillow's and torchvision's
//!   `BILINEAR`; at most one of 255 levels away from Pillow's).

mod decode;
mod list;
mod pieces;
mod resize;
mod write;

use std::io::BufReader;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

pub use list::{ImageFile, Listing, Role, list};
pub(in crate::dataset) use pieces::{Piece, Pieces};
pub use resize::{Target, grey_bytes, grey_numbers, resize_bytes, resize_numbers};
pub use write::{write_folder, write_pictures};

use super::Limits;
use super::error::{Fault, FormatError, Problem};
use super::source::Source;
use decode::Header;

/// How images become rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Height and width of every row; without it, all images must have one size already.
    pub size: Option<(usize, usize)>,
    /// Grey or colour.
    pub colour: Colour,
    /// Leave out what cannot be read instead of failing.
    pub skip_unreadable: bool,
}

/// Grey or colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// Grey, if all pixels of all images are grey, whatever their files are able to hold.
    #[default]
    AsFound,
    /// One channel.
    Grey,
    /// Three channels: red, green, blue.
    Colour,
}

/// Images of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// 1 (grey) or 3 (red, green, blue, side by side for each pixel).
    pub channels: usize,
    /// Image after image, each `height × width × channels`.
    pub pixels: Vec<u8>,
    /// The file of each image.
    pub files: Vec<ImageFile>,
    /// The names of the classes, which [`ImageFile::class`] counts from 0.
    pub classes: Vec<String>,
    /// What could not be read and was left out.
    pub unreadable: Vec<Unreadable>,
}

/// An image that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its path within the folder.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// What is known of the images of a folder before they are decoded.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The shape of a row; three channels where it is not known yet whether all pixels are grey.
    pub target: Target,
    /// Images whose headers cannot be read.
    unreadable: Vec<Unreadable>,
}

/// What is wrong with a folder of images.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImagesProblem {
    /// No images anywhere in it.
    #[error(
        "the folder holds no images ({ignored} other files); PNG, JPEG, BMP, WebP, GIF and TIFF are read"
    )]
    NoImages {
        /// Files that are no images.
        ignored: usize,
    },
    /// Images beside folders of images.
    #[error("`{}` lies beside the folder `{}`: put every image into the folder of its class, or all into one folder", .image.display(), .folder.display())]
    Beside {
        /// An image directly in the folder.
        image: PathBuf,
        /// A folder with images.
        folder: PathBuf,
    },
    /// Images of different sizes.
    #[error(
        "images differ in size: `{}` has {}x{} pixels, `{}` has {}x{} (height x width); give one to which all are resized, for \
         instance `--size {}x{}`", .first.display(), .first_size.0, .first_size.1, .other.display(), .other_size.0,
         .other_size.1, .first_size.0, .first_size.1
    )]
    Sizes {
        /// The first image.
        first: PathBuf,
        /// Its height and width.
        first_size: (usize, usize),
        /// The first image of another size.
        other: PathBuf,
        /// Its height and width.
        other_size: (usize, usize),
    },
    /// Images that cannot be read.
    #[error("{} of {total} images cannot be read: {}. Mend or remove them, or leave them out with `--skip-unreadable`", .unreadable.len(), some(.unreadable))]
    Unreadable {
        /// How many images there are.
        total: usize,
        /// Those that cannot be read.
        unreadable: Vec<Unreadable>,
    },
    /// A size that no image has.
    #[error("images cannot be resized to {height}x{width}; each side must be 1 to {MAX_SIDE}")]
    Size {
        /// The height that was asked for.
        height: usize,
        /// The width that was asked for.
        width: usize,
    },
    /// A class whose name cannot be the name of a folder.
    #[error("the class `{0}` cannot be the name of a folder")]
    FolderName(String),
}

/// More than any model has inputs, and few enough that no product overflows.
const MAX_SIDE: usize = 65_535;

/// Decodes the images of a list, on so many threads. `progress` is told how many of how many files are done, and may stop.
///
/// # Errors
/// If sizes differ and none was given, images cannot be read and are not to be skipped, the images take more memory than
/// allowed, or `progress` stopped.
pub fn read(
    listing: &Listing,
    options: &Options,
    limits: &Limits,
    threads: NonZeroUsize,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Images, FormatError> {
    let plan = plan(listing, options, threads)?;
    read_planned(listing, plan, options, limits, threads, progress)
}

/// Finds the shape of the rows. Without a size, every header is read for it.
///
/// # Errors
/// If sizes differ and none was given, or no image can be read.
pub fn plan(listing: &Listing, options: &Options, threads: NonZeroUsize) -> Result<Plan, FormatError> {
    target(listing, options, threads).map_err(|fault| fault.in_file(&listing.folder))
}

/// As [`read`], where the plan is known already.
///
/// # Errors
/// As [`read`].
pub fn read_planned(
    listing: &Listing,
    plan: Plan,
    options: &Options,
    limits: &Limits,
    threads: NonZeroUsize,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Images, FormatError> {
    read_listed(listing, plan, options, limits, threads, progress)
        .map_err(|fault| fault.in_file(&listing.folder))
}

/// Decodes a single image.
///
/// # Errors
/// If it cannot be read, or takes more memory than allowed.
pub fn read_one(source: Source, options: &Options, limits: &Limits) -> Result<Images, FormatError> {
    let (path, reader) = source.into_seekable(limits)?;
    check_size(options.size).map_err(|problem| Fault::from(problem).in_file(&path))?;
    let channels = if options.colour == Colour::Grey { 1 } else { 3 };
    if let Some((height, width)) = options.size {
        let needed = (height * width * channels) as u64;
        limits.check(needed).map_err(|problem| Fault::from(problem).in_file(&path))?;
    }
    let decoded = decode::one(BufReader::new(reader), options.size, channels, limits.bytes);
    let (target, pixels) = decoded.map_err(|reason| {
        let unreadable = vec![Unreadable { path: path.clone(), reason }];
        Fault::from(ImagesProblem::Unreadable { total: 1, unreadable }).in_file(&path)
    })?;
    let any_colour = decode::has_colour(&pixels, target.channels);
    let files = vec![ImageFile { path, class: None, role: None }];
    Ok(images(target, pixels, any_colour, options.colour, files))
}

/// Images without classes; grey ones in three channels keep one, unless colour was asked for.
fn images(
    target: Target,
    mut pixels: Vec<u8>,
    any_colour: bool,
    colour: Colour,
    files: Vec<ImageFile>,
) -> Images {
    let Target { height, width, mut channels } = target;
    if colour == Colour::AsFound && channels == 3 && !any_colour {
        keep_first_channel(&mut pixels);
        channels = 1;
    }
    Images { height, width, channels, pixels, files, classes: Vec::new(), unreadable: Vec::new() }
}

fn read_listed(
    listing: &Listing,
    plan: Plan,
    options: &Options,
    limits: &Limits,
    threads: NonZeroUsize,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Images, Fault> {
    let Plan { target, unreadable } = plan;
    let count = listing.files.len();
    let row = target.height * target.width * target.channels;
    let needed = count.saturating_mul(row) as u64;
    limits.check(needed)?;
    let mut pixels = Vec::new();
    let too_large = |_| Problem::TooLarge { needed, limit: limits.bytes };
    pixels.try_reserve_exact(count * row).map_err(too_large)?;
    pixels.resize(count * row, 0);

    let decoded = decode::all(listing, target, &mut pixels, threads, progress)?;
    let mut readable = vec![true; count];
    decoded.failures.iter().for_each(|(index, _)| readable[*index] = false);
    let unreadable = all_unreadable(listing, options, unreadable, decoded.failures)?;
    let files = those(&listing.files, &readable);
    if files.len() < count {
        keep_rows(&mut pixels, row, &readable);
    }
    let images = images(target, pixels, decoded.any_colour, options.colour, files);
    Ok(Images { classes: listing.classes.clone(), unreadable, ..images })
}

/// What cannot be read, by its header or by its pixels, with the number of its file; it is an error unless it is to be skipped.
fn all_unreadable(
    listing: &Listing,
    options: &Options,
    mut unreadable: Vec<Unreadable>,
    failures: Vec<(usize, String)>,
) -> Result<Vec<Unreadable>, ImagesProblem> {
    let total = listing.files.len();
    for (index, reason) in failures {
        let path = listing.files[index].path.clone();
        // What the header told already is not told twice.
        unreadable.retain(|known| known.path != path);
        unreadable.push(Unreadable { path, reason });
    }
    unreadable.sort_by(|a, b| a.path.cmp(&b.path));
    match unreadable.len() == total || (!unreadable.is_empty() && !options.skip_unreadable) {
        true => Err(ImagesProblem::Unreadable { total, unreadable }),
        false => Ok(unreadable),
    }
}

fn those(files: &[ImageFile], kept: &[bool]) -> Vec<ImageFile> {
    files.iter().zip(kept).filter(|(_, kept)| **kept).map(|(file, _)| file.clone()).collect()
}

fn target(listing: &Listing, options: &Options, threads: NonZeroUsize) -> Result<Plan, Fault> {
    let channels = |all_grey| match options.colour {
        Colour::Grey => 1,
        Colour::AsFound if all_grey => 1,
        Colour::AsFound | Colour::Colour => 3,
    };
    check_size(options.size)?;
    if let Some((height, width)) = options.size {
        let target = Target { height, width, channels: channels(false) };
        return Ok(Plan { target, unreadable: Vec::new() });
    }
    let mut unreadable = Vec::new();
    let mut first: Option<(&ImageFile, Header)> = None;
    let mut all_grey = true;
    for (file, header) in listing.files.iter().zip(decode::headers(listing, threads)) {
        let header = match header {
            Ok(header) => header,
            Err(reason) => {
                unreadable.push(Unreadable { path: file.path.clone(), reason });
                continue;
            }
        };
        all_grey &= header.grey;
        let (first_file, first) = *first.get_or_insert((file, header));
        if (header.height, header.width) != (first.height, first.width) {
            return Err(ImagesProblem::Sizes {
                first: first_file.path.clone(),
                first_size: (first.height, first.width),
                other: file.path.clone(),
                other_size: (header.height, header.width),
            }
            .into());
        }
    }
    match first {
        Some((_, Header { height, width, .. })) => {
            Ok(Plan { target: Target { height, width, channels: channels(all_grey) }, unreadable })
        }
        None => Err(ImagesProblem::Unreadable { total: listing.files.len(), unreadable }.into()),
    }
}

fn check_size(size: Option<(usize, usize)>) -> Result<(), ImagesProblem> {
    match size {
        Some((height, width)) if !(1..=MAX_SIDE).contains(&height) || !(1..=MAX_SIDE).contains(&width) => {
            Err(ImagesProblem::Size { height, width })
        }
        _ => Ok(()),
    }
}

/// Moves the rows that are kept together.
fn keep_rows(pixels: &mut Vec<u8>, row: usize, keep: &[bool]) {
    let mut kept = 0;
    for (index, &keep) in keep.iter().enumerate() {
        if keep {
            pixels.copy_within(index * row..(index + 1) * row, kept * row);
            kept += 1;
        }
    }
    pixels.truncate(kept * row);
}

pub(in crate::dataset) fn keep_first_channel(pixels: &mut Vec<u8>) {
    for pixel in 0..pixels.len() / 3 {
        pixels[pixel] = pixels[3 * pixel];
    }
    pixels.truncate(pixels.len() / 3);
    pixels.shrink_to_fit();
}

/// The first few, for a message.
fn some(unreadable: &[Unreadable]) -> String {
    const SHOWN: usize = 5;
    let mut shown: Vec<String> =
        unreadable.iter().take(SHOWN).map(|one| format!("`{}` ({})", shown(&one.path), one.reason)).collect();
    if unreadable.len() > SHOWN {
        shown.push(format!("and {} more", unreadable.len() - SHOWN));
    }
    shown.join(", ")
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
