//! One image held as numbers.

use std::borrow::Cow;

use crate::dataset::ImageShape;

/// What the numbers of one pixel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// One number: 0 is black, 1 is white.
    Grey,
    /// Three numbers: red, green, blue.
    Rgb,
}

impl Channels {
    /// How many numbers a pixel has.
    pub fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
        }
    }
}

/// An image: rows from the top, pixels from the left, the channels of a pixel together.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    height: usize,
    width: usize,
    channels: Channels,
    samples: Vec<u8>,
}

/// Why numbers do not make a picture.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PictureError {
    /// A side is 0, or longer than a PNG allows.
    #[error("a picture of {height} × {width} pixels cannot be drawn: each side must be 1 to 65535")]
    Side {
        /// The height that was given.
        height: usize,
        /// The width that was given.
        width: usize,
    },
    /// The count of numbers is not height × width × channels.
    #[error(
        "{expected} numbers make {height} × {width} pixels of {channels} channel(s), but {found} were given"
    )]
    Length {
        /// The height that was given.
        height: usize,
        /// The width that was given.
        width: usize,
        /// The numbers in a pixel.
        channels: usize,
        /// height × width × channels.
        expected: usize,
        /// The numbers that came.
        found: usize,
    },
}

impl Picture {
    /// A grey picture from `height × width` numbers, 0 for black to 1 for white.
    ///
    /// A number outside is shown as the nearest end, and one that is no number as black: a diverged model
    /// must still be shown.
    pub fn grey(height: usize, width: usize, pixels: &[f32]) -> Result<Self, PictureError> {
        Self::new(height, width, Channels::Grey, pixels)
    }

    /// An image of a data set: grey, or in colour where its shape has three channels.
    ///
    /// # Errors
    /// If there are more or fewer numbers than the shape has, or a side cannot be drawn.
    pub fn of(shape: ImageShape, pixels: &[f32]) -> Result<Self, PictureError> {
        let channels = if shape.channels == 3 { Channels::Rgb } else { Channels::Grey };
        Self::new(shape.height, shape.width, channels, pixels)
    }

    /// A picture from `height × width × channels` numbers, read as [`Picture::grey`] reads them.
    pub fn new(
        height: usize,
        width: usize,
        channels: Channels,
        pixels: &[f32],
    ) -> Result<Self, PictureError> {
        // 65535 bounds the product too, so that it cannot overflow.
        if !(1..=65535).contains(&height) || !(1..=65535).contains(&width) {
            return Err(PictureError::Side { height, width });
        }
        let expected = height * width * channels.count();
        if pixels.len() != expected {
            let (channels, found) = (channels.count(), pixels.len());
            return Err(PictureError::Length { height, width, channels, expected, found });
        }
        // A cast from float to integer saturates, and takes NaN to 0.
        let samples = pixels.iter().map(|pixel| (pixel * 255.0).round() as u8).collect();
        Ok(Self { height, width, channels, samples })
    }

    /// An image of a data set from its values, 0 for black to 1 for white, grey or in colour as its shape says.
    pub fn of_image(image: ImageShape, pixels: &[f32]) -> Result<Self, PictureError> {
        let channels = if image.channels == 1 { Channels::Grey } else { Channels::Rgb };
        Self::new(image.height, image.width, channels, pixels)
    }

    /// The rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The pixels of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// What the numbers of a pixel mean.
    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// The picture as a PNG, one pixel for each of its own.
    pub fn png(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height as u32);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_color(match self.channels {
            Channels::Grey => png::ColorType::Grayscale,
            Channels::Rgb => png::ColorType::Rgb,
        });
        encoder.set_compression(png::Compression::High);
        encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&self.samples))
            .expect("the sides are not 0, the samples fill them, and memory takes every byte");
        bytes
    }

    /// The picture with neither side longer than `side`: the mean of each square of pixels, as many to a side as it takes.
    /// One that is small enough is as it was.
    #[must_use]
    pub(super) fn within(&self, side: usize) -> Cow<'_, Self> {
        let square = self.height.max(self.width).div_ceil(side.max(1));
        if square <= 1 {
            return Cow::Borrowed(self);
        }
        let (height, width) = (self.height.div_ceil(square), self.width.div_ceil(square));
        let channels = self.channels.count();
        let mean = |row: usize, column: usize, channel: usize| {
            let rows = row * square..((row + 1) * square).min(self.height);
            let columns = column * square..((column + 1) * square).min(self.width);
            let count = rows.len() * columns.len();
            let sample = |y, x| usize::from(self.samples[(y * self.width + x) * channels + channel]);
            let sum: usize =
                rows.flat_map(|y| columns.clone().map(move |x| (y, x))).map(|(y, x)| sample(y, x)).sum();
            // A mean of bytes, rounded.
            ((sum + count / 2) / count) as u8
        };
        let mut samples = Vec::with_capacity(height * width * channels);
        for row in 0..height {
            for column in 0..width {
                samples.extend((0..channels).map(|channel| mean(row, column, channel)));
            }
        }
        Cow::Owned(Self { height, width, channels: self.channels, samples })
    }

    /// The pictures on black, `columns` to a row, with `padding` black pixels around each: what torchvision's
    /// `make_grid` makes. Pictures smaller than the largest sit at the top left of their place.
    pub(super) fn mosaic(pictures: &[Self], columns: usize, padding: usize) -> Option<Self> {
        let cell_height = pictures.iter().map(|picture| picture.height).max()? + padding;
        let cell_width = pictures.iter().map(|picture| picture.width).max()? + padding;
        let columns = columns.clamp(1, pictures.len());
        let height = pictures.len().div_ceil(columns) * cell_height + padding;
        let width = columns * cell_width + padding;
        let channels = if pictures.iter().all(|picture| picture.channels == Channels::Grey) {
            Channels::Grey
        } else {
            Channels::Rgb
        };
        let mut samples = vec![0; height * width * channels.count()];
        for (index, picture) in pictures.iter().enumerate() {
            let (top, left) =
                (index / columns * cell_height + padding, index % columns * cell_width + padding);
            let from = picture.samples_as(channels);
            let length = picture.width * channels.count();
            for row in 0..picture.height {
                let start = ((top + row) * width + left) * channels.count();
                samples[start..start + length].copy_from_slice(&from[row * length..][..length]);
            }
        }
        Some(Self { height, width, channels, samples })
    }

    /// The samples in `channels`, which holds at least as much as the picture's own.
    fn samples_as(&self, channels: Channels) -> Cow<'_, [u8]> {
        if self.channels == channels {
            Cow::Borrowed(&self.samples)
        } else {
            Cow::Owned(self.samples.iter().flat_map(|sample| [*sample; 3]).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::raster::tests::decode;

    #[test]
    fn a_png_holds_the_rounded_pixels() {
        let picture = Picture::grey(2, 3, &[0.0, 0.25, 0.5, 1.0, 2.0, -1.0]).unwrap();
        let (width, height, pixels) = decode(&picture.png());
        assert_eq!((width, height), (3, 2));
        assert_eq!(pixels, [0, 64, 128, 255, 255, 0].map(|sample| [sample; 3]));
        let colour = Picture::new(1, 2, Channels::Rgb, &[1.0, 0.0, 0.0, 0.0, 0.2, 1.0]).unwrap();
        assert_eq!(decode(&colour.png()).2, [[255, 0, 0], [0, 51, 255]]);
    }

    #[test]
    fn what_is_no_number_is_black_and_infinity_is_an_end() {
        let picture = Picture::grey(1, 3, &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY]).unwrap();
        assert_eq!(decode(&picture.png()).2, [0, 255, 0].map(|sample| [sample; 3]));
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        assert_eq!(Picture::grey(0, 3, &[]), Err(PictureError::Side { height: 0, width: 3 }));
        assert_eq!(
            Picture::grey(usize::MAX, 2, &[]),
            Err(PictureError::Side { height: usize::MAX, width: 2 })
        );
        let error = Picture::new(2, 2, Channels::Rgb, &[0.0; 4]).unwrap_err();
        assert_eq!(error.to_string(), "12 numbers make 2 × 2 pixels of 3 channel(s), but 4 were given");
    }

    #[test]
    fn a_mosaic_is_what_make_grid_makes() {
        // make_grid of three 2×2 images, two a row, padding 1: 7 rows of 7.
        let pictures: Vec<_> = [0.2, 0.4, 0.6].map(|grey| Picture::grey(2, 2, &[grey; 4]).unwrap()).into();
        let mosaic = Picture::mosaic(&pictures, 2, 1).unwrap();
        assert_eq!((mosaic.height(), mosaic.width()), (7, 7));
        #[rustfmt::skip]
        let expected = [
            0,   0,   0, 0,   0,   0, 0,
            0,  51,  51, 0, 102, 102, 0,
            0,  51,  51, 0, 102, 102, 0,
            0,   0,   0, 0,   0,   0, 0,
            0, 153, 153, 0,   0,   0, 0,
            0, 153, 153, 0,   0,   0, 0,
            0,   0,   0, 0,   0,   0, 0,
        ];
        assert_eq!(mosaic.samples, expected);
        assert_eq!(Picture::mosaic(&[], 10, 5), None);
        assert_eq!(
            Picture::mosaic(&pictures[..1], 10, 5).map(|mosaic| mosaic.width()),
            Some(12),
            "no empty columns"
        );
    }

    #[test]
    fn a_large_picture_is_made_smaller_by_means_of_squares() {
        let colours =
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 1.0, 1.0], [0.2, 0.2, 0.2], [0.6; 3]];
        let picture = Picture::new(2, 3, Channels::Rgb, &colours.concat()).unwrap();
        assert!(matches!(picture.within(3), Cow::Borrowed(_)));
        let small = picture.within(2);
        // Squares of two: four pixels, and the two that are left over at the right.
        assert_eq!((small.height(), small.width()), (1, 2));
        assert_eq!(small.samples, [140, 140, 77, 77, 77, 204]);
    }

    #[test]
    fn grey_and_colour_share_a_mosaic() {
        let grey = Picture::grey(1, 1, &[0.2]).unwrap();
        let red = Picture::new(1, 1, Channels::Rgb, &[1.0, 0.0, 0.0]).unwrap();
        let mosaic = Picture::mosaic(&[grey, red], 2, 0).unwrap();
        assert_eq!(mosaic.samples, [51, 51, 51, 255, 0, 0]);
    }
}
