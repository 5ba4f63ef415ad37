//! From the bytes of an image to a row of pixels.

use std::io::{BufRead, BufReader, Seek};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use fast_image_resize::Resizer;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader};

use super::super::error::{Fault, Problem};
use super::super::source::open_regular;
use super::Listing;
use super::resize::{Target, luma, resize};

/// An image with more pixels is taken for a decompression bomb. Pillow refuses 179 million.
const MAX_PIXELS: u64 = 100_000_000;

/// Bytes that a decoder may take: four channels of as many pixels.
const MAX_DECODER_BYTES: u64 = 4 * MAX_PIXELS;

/// Decoders of some formats read the whole file first.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// What an image says of itself, after its orientation.
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub height: usize,
    pub width: usize,
    /// Whether it has no channels of colour.
    pub grey: bool,
}

/// What came of a list of images beside the pixels.
#[derive(Default)]
pub(super) struct Decoded {
    /// Which images cannot be read, and why.
    pub failures: Vec<(usize, String)>,
    /// Whether any pixel of three channels is not grey.
    pub any_colour: bool,
}

/// The header of every file, in order.
pub(super) fn headers(listing: &Listing, threads: NonZeroUsize) -> Vec<Result<Header, String>> {
    let mut headers: Vec<_> = listing.files.iter().map(|_| Err(String::new())).collect();
    let tasks = Mutex::new(listing.files.iter().zip(&mut headers));
    let work = || {
        while let Some((file, header)) = next(&tasks) {
            *header = read_header(&listing.folder.join(&file.path));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.get() {
            // What a thread that the system does not give would have done, the others do.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    headers
}

/// Decodes every file into its row of `pixels`.
pub(super) fn all(
    listing: &Listing,
    target: Target,
    pixels: &mut [u8],
    threads: NonZeroUsize,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Decoded, Fault> {
    let row = target.height * target.width * target.channels;
    let tasks = Mutex::new(listing.files.iter().enumerate().zip(pixels.chunks_exact_mut(row)));
    let stop = AtomicBool::new(false);
    let mut decoded = Decoded::default();
    let mut stopped = false;
    let work = |sender: mpsc::Sender<_>| {
        let mut resizer = Resizer::new();
        while let Some(((index, file), row)) = next(&tasks).filter(|_| !stop.load(Ordering::Relaxed)) {
            let result = decode_file(&listing.folder.join(&file.path), target, &mut resizer, row);
            if sender.send((index, result)).is_err() {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let started = (0..threads.get()).filter(|_| {
            let (sender, work) = (sender.clone(), &work);
            std::thread::Builder::new().spawn_scoped(scope, move || work(sender)).is_ok()
        });
        // What a thread that the system does not give would have done, the others do.
        match started.count() {
            0 => work(sender),
            _ => drop(sender),
        }
        for (done, (index, result)) in receiver.iter().enumerate() {
            match result {
                Ok(colour) => decoded.any_colour |= colour,
                Err(reason) => decoded.failures.push((index, reason)),
            }
            if !stopped && progress(done + 1, listing.files.len()).is_break() {
                stopped = true;
                stop.store(true, Ordering::Relaxed);
            }
        }
    });
    if stopped { Err(Problem::Stopped.into()) } else { Ok(decoded) }
}

fn next<T>(tasks: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    tasks.lock().expect("no thread panics while it holds the lock").next()
}

fn read_header(path: &Path) -> Result<Header, String> {
    let (decoder, orientation) = decoder(open(path)?, MAX_DECODER_BYTES)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    let (width, height) = if is_turned(orientation) { (height, width) } else { (width, height) };
    Ok(Header { height, width, grey: !decoder.color_type().has_color() })
}

/// Decodes one file into `row`; whether a pixel of it has colour.
fn decode_file(path: &Path, target: Target, resizer: &mut Resizer, row: &mut [u8]) -> Result<bool, String> {
    decode(open(path)?, target, resizer, row)
}

fn open(path: &Path) -> Result<BufReader<std::fs::File>, String> {
    let file = open_regular(path).map_err(|problem| problem.to_string())?;
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    if length > MAX_FILE_BYTES {
        return Err(format!("it has {length} bytes, and {MAX_FILE_BYTES} are allowed"));
    }
    Ok(BufReader::new(file))
}

/// Decodes one image of any size into `row`; whether a pixel of it has colour.
fn decode(
    reader: impl BufRead + Seek,
    target: Target,
    resizer: &mut Resizer,
    row: &mut [u8],
) -> Result<bool, String> {
    let (samples, size) = samples(reader, MAX_DECODER_BYTES)?;
    let pixels = samples.with_channels(target.channels);
    resize(&pixels, size, target, resizer, row)?;
    Ok(has_colour(row, target.channels))
}

/// Whether any pixel is not grey.
pub(super) fn has_colour(pixels: &[u8], channels: usize) -> bool {
    channels == 3 && pixels.as_chunks::<3>().0.iter().any(|[r, g, b]| r != g || g != b)
}

/// Decodes one image to the size asked for or to its own, in three channels or one. Its pixels may take so many bytes.
pub(super) fn one(
    reader: impl BufRead + Seek,
    size: Option<(usize, usize)>,
    channels: usize,
    max_bytes: u64,
) -> Result<(Target, Vec<u8>), String> {
    let (samples, (width, height)) = samples(reader, max_bytes.min(MAX_DECODER_BYTES))?;
    let (target_height, target_width) = size.unwrap_or((height as usize, width as usize));
    let target = Target { height: target_height, width: target_width, channels };
    let mut row = vec![0; target.height * target.width * channels];
    resize(&samples.with_channels(channels), (width, height), target, &mut Resizer::new(), &mut row)?;
    Ok((target, row))
}

/// The samples of an image, turned upright, with its width and height.
fn samples(reader: impl BufRead + Seek, max_bytes: u64) -> Result<(Samples, (u32, u32)), String> {
    let (decoder, orientation) = decoder(reader, max_bytes)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| error.to_string())?;
    image.apply_orientation(orientation);
    let size = (image.width(), image.height());
    Ok((Samples::of(image)?, size))
}

/// A decoder that knows its limits, before it has taken any memory for pixels.
fn decoder<'a>(
    reader: impl BufRead + Seek + 'a,
    max_bytes: u64,
) -> Result<(impl ImageDecoder + 'a, Orientation), String> {
    let mut reader = ImageReader::new(reader).with_guessed_format().map_err(|error| error.to_string())?;
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(max_bytes);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || pixels > MAX_PIXELS {
        return Err(format!("it claims {width} x {height} pixels, and 1 to {MAX_PIXELS} are allowed"));
    }
    // The decoder's own limit is on what it takes beside the pixels.
    let bytes = decoder.total_bytes();
    if bytes > max_bytes {
        return Err(format!("its pixels take {bytes} bytes, and {max_bytes} are allowed"));
    }
    // A damaged EXIF block says nothing of the pixels.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((decoder, orientation))
}

fn is_turned(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// Eight bits a sample: grey, grey and alpha, colour, or colour and alpha.
struct Samples {
    values: Vec<u8>,
    channels: usize,
}

impl Samples {
    fn of(image: DynamicImage) -> Result<Self, String> {
        let (values, channels) = match image {
            DynamicImage::ImageLuma8(image) => (image.into_raw(), 1),
            DynamicImage::ImageLumaA8(image) => (image.into_raw(), 2),
            DynamicImage::ImageRgb8(image) => (image.into_raw(), 3),
            DynamicImage::ImageRgba8(image) => (image.into_raw(), 4),
            DynamicImage::ImageLuma16(image) => (eight_bits(&image), 1),
            DynamicImage::ImageLumaA16(image) => (eight_bits(&image), 2),
            DynamicImage::ImageRgb16(image) => (eight_bits(&image), 3),
            DynamicImage::ImageRgba16(image) => (eight_bits(&image), 4),
            _ => return Err("its pixels are floating-point numbers; save such arrays as .npy".into()),
        };
        Ok(Self { values, channels })
    }

    /// Laid on white, as grey or as colour.
    fn with_channels(self, channels: usize) -> Vec<u8> {
        match (self.channels, channels) {
            (1, 1) | (3, 3) => self.values,
            (1, _) => self.values.iter().flat_map(|&grey| [grey; 3]).collect(),
            (2, 1) => {
                self.values.as_chunks::<2>().0.iter().map(|&[grey, alpha]| on_white(grey, alpha)).collect()
            }
            (2, _) => self
                .values
                .as_chunks::<2>()
                .0
                .iter()
                .flat_map(|&[grey, alpha]| [on_white(grey, alpha); 3])
                .collect(),
            (3, _) => self.values.as_chunks::<3>().0.iter().map(|&colour| luma(colour)).collect(),
            (_, 1) => {
                self.values.as_chunks::<4>().0.iter().map(|&pixel| luma(colour_on_white(pixel))).collect()
            }
            _ => self.values.as_chunks::<4>().0.iter().flat_map(|&pixel| colour_on_white(pixel)).collect(),
        }
    }
}

/// The nearest of 256 levels.
fn eight_bits(samples: &[u16]) -> Vec<u8> {
    let nearest = |sample: u16| ((u32::from(sample) * 255 + 32_767) / 65_535) as u8;
    samples.iter().map(|&sample| nearest(sample)).collect()
}

/// α·sample + (1 − α)·255, rounded to the nearest.
fn on_white(sample: u8, alpha: u8) -> u8 {
    let (sample, alpha) = (u32::from(sample), u32::from(alpha));
    ((sample * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

fn colour_on_white([red, green, blue, alpha]: [u8; 4]) -> [u8; 3] {
    [on_white(red, alpha), on_white(green, alpha), on_white(blue, alpha)]
}
