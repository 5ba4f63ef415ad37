//! From one size of an image to another, and from colour to grey.

use std::path::Path;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::super::Limits;
use super::super::error::{Fault, FormatError, Problem};
use super::check_size;

/// The shape of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// 1 (grey) or 3 (red, green, blue, side by side for each pixel).
    pub channels: usize,
}

/// Images of bytes, one after the other, in another height and width, as those of files are resized.
///
/// # Errors
/// If no image has such a size, or the images would take more memory than allowed.
pub fn resize_bytes(
    path: &Path,
    pixels: &[u8],
    from: Target,
    size: (usize, usize),
    limits: &Limits,
) -> Result<Vec<u8>, FormatError> {
    let resized = || -> Result<_, Fault> {
        let (target, count) = (sized(from, size)?, pixels.len() / from.values().max(1));
        limits.check(count.saturating_mul(target.values()) as u64)?;
        let mut rows = vec![0; count * target.values()];
        let (mut resizer, side) = (Resizer::new(), (side(from.width)?, side(from.height)?));
        for (image, row) in pixels.chunks_exact(from.values()).zip(rows.chunks_exact_mut(target.values())) {
            resize(image, side, target, &mut resizer, row).map_err(failed)?;
        }
        Ok(rows)
    };
    resized().map_err(|fault| fault.in_file(path))
}

/// Images of numbers, as [`resize_bytes`] resizes those of bytes; nothing is rounded.
///
/// # Errors
/// As [`resize_bytes`].
pub fn resize_numbers(
    path: &Path,
    pixels: &[f32],
    from: Target,
    size: (usize, usize),
    limits: &Limits,
) -> Result<Vec<f32>, FormatError> {
    let resized = || -> Result<_, Fault> {
        let (target, count) = (sized(from, size)?, pixels.len() / from.values().max(1));
        let needed = count.saturating_mul(target.values()).saturating_mul(size_of::<f32>());
        limits.check(needed as u64)?;
        let kind = if from.channels == 1 { PixelType::F32 } else { PixelType::F32x3 };
        let mut source = Image::new(side(from.width)?, side(from.height)?, kind);
        let mut resized = Image::new(side(target.width)?, side(target.height)?, kind);
        let (mut resizer, mut rows) = (Resizer::new(), Vec::with_capacity(count * target.values()));
        for image in pixels.chunks_exact(from.values()) {
            let bytes = source.buffer_mut().as_chunks_mut::<4>().0;
            bytes.iter_mut().zip(image).for_each(|(bytes, pixel)| *bytes = pixel.to_ne_bytes());
            resizer.resize(&source, &mut resized, &bilinear()).map_err(failed)?;
            rows.extend(resized.buffer().as_chunks::<4>().0.iter().map(|&bytes| f32::from_ne_bytes(bytes)));
        }
        Ok(rows)
    };
    resized().map_err(|fault| fault.in_file(path))
}

/// Pixels of three channels as grey.
pub fn grey_bytes(pixels: &[u8]) -> Vec<u8> {
    pixels.as_chunks::<3>().0.iter().map(|&colour| luma(colour)).collect()
}

/// Pixels of three channels as grey: `0.299 R + 0.587 G + 0.114 B` (ITU-R BT.601).
pub fn grey_numbers(pixels: &[f32]) -> Vec<f32> {
    let grey = |[red, green, blue]: &[f32; 3]| 0.299 * red + 0.587 * green + 0.114 * blue;
    pixels.as_chunks::<3>().0.iter().map(grey).collect()
}

impl Target {
    /// Numbers in a row.
    pub fn values(self) -> usize {
        self.height * self.width * self.channels
    }
}

/// Resizes one image of bytes into `row`.
pub(super) fn resize(
    pixels: &[u8],
    (width, height): (u32, u32),
    target: Target,
    resizer: &mut Resizer,
    row: &mut [u8],
) -> Result<(), String> {
    if (height as usize, width as usize) == (target.height, target.width) {
        row.copy_from_slice(pixels);
        return Ok(());
    }
    let kind = if target.channels == 1 { PixelType::U8 } else { PixelType::U8x3 };
    let side = |side: usize| u32::try_from(side).map_err(|_| format!("{side} pixels are too many"));
    let source = ImageRef::new(width, height, pixels, kind).map_err(|error| error.to_string())?;
    let mut resized = Image::from_slice_u8(side(target.width)?, side(target.height)?, row, kind)
        .map_err(|error| error.to_string())?;
    resizer.resize(&source, &mut resized, &bilinear()).map_err(|error| error.to_string())
}

/// ITU-R BT.601 in 16 bits after the point, rounded to the nearest, as Pillow computes it.
pub(super) fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 19_595 + u32::from(green) * 38_470 + u32::from(blue) * 7_471 + 0x8000) >> 16) as u8
}

fn bilinear() -> ResizeOptions {
    ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
}

fn sized(from: Target, (height, width): (usize, usize)) -> Result<Target, Fault> {
    check_size(Some((from.height, from.width)))?;
    check_size(Some((height, width)))?;
    Ok(Target { height, width, channels: from.channels })
}

fn side(side: usize) -> Result<u32, Fault> {
    u32::try_from(side).map_err(failed)
}

fn failed(error: impl ToString) -> Fault {
    Problem::Io(std::io::Error::other(error.to_string())).into()
}
