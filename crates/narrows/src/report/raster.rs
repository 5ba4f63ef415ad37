//! SVG to PNG, in pure Rust and with the embedded typeface, so that it needs nothing of the machine.

use resvg::{tiny_skia, usvg};

use super::typeface;

/// The most pixels a PNG may have: 100 million are 400 MB while it is drawn.
const MAX_PIXELS: f64 = 1e8;

/// Why an SVG could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum RasterError {
    /// The text is not an SVG document.
    #[error("this is not an SVG that can be drawn: {0}")]
    Svg(#[from] usvg::Error),
    /// The PNG would be empty or too large.
    #[error(
        "an SVG of {width} × {height} pixels, {scale} times as large, has no pixel or more than 100 million"
    )]
    Size {
        /// The SVG's own width in pixels.
        width: f32,
        /// The SVG's own height in pixels.
        height: f32,
        /// The scale that was asked for.
        scale: f32,
    },
    /// The PNG could not be written into memory.
    #[error("the PNG could not be encoded: {0}")]
    Encode(String),
}

/// Draws `svg` as a PNG of `scale` times its own size; 2 is crisp on today's screens and in print.
///
/// Text is set in the embedded typeface, whatever the SVG asks for. Images are drawn if the SVG carries them;
/// no file and no address is opened.
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>, RasterError> {
    let tree = usvg::Tree::from_str(svg, &typeface::OPTIONS)?;
    let (width, height) = (tree.size().width(), tree.size().height());
    let (columns, rows) = ((width * scale).round(), (height * scale).round());
    let size = || RasterError::Size { width, height, scale };
    // Written so that a scale that is no number fails too.
    let drawable = columns >= 1.0 && rows >= 1.0 && f64::from(columns) * f64::from(rows) <= MAX_PIXELS;
    if !drawable {
        return Err(size());
    }
    let mut pixmap = tiny_skia::Pixmap::new(columns as u32, rows as u32).ok_or_else(size)?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| RasterError::Encode(error.to_string()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::data_uri;
    use crate::report::picture::Picture;

    /// A PNG's columns, rows and pixels, each as red, green, blue.
    pub(crate) fn decode(png: &[u8]) -> (usize, usize, Vec<[u8; 3]>) {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().unwrap();
        let mut buffer = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut buffer).unwrap();
        let samples = info.color_type.samples();
        let pixels = buffer[..info.buffer_size()]
            .chunks(samples)
            .map(|pixel| if samples < 3 { [pixel[0]; 3] } else { [pixel[0], pixel[1], pixel[2]] })
            .collect();
        (info.width as usize, info.height as usize, pixels)
    }

    fn svg(inside: &str) -> String {
        format!(r#"<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">{inside}</svg>"#)
    }

    #[test]
    fn shapes_land_where_they_should_at_every_scale() {
        let half = svg(
            r##"<rect width="40" height="20" fill="#fff"/><rect width="20" height="20" fill="#D55E00"/>"##,
        );
        for scale in [1.0, 2.0, 2.5] {
            let (columns, rows, pixels) = decode(&png(&half, scale).unwrap());
            assert_eq!((columns, rows), ((40.0 * scale) as usize, (20.0 * scale) as usize));
            let middle = rows / 2 * columns;
            assert_eq!(pixels[middle + columns / 4], [0xd5, 0x5e, 0x00]);
            assert_eq!(pixels[middle + columns * 3 / 4], [255, 255, 255]);
        }
    }

    #[test]
    fn text_is_drawn_without_any_font_of_the_machine() {
        let white = r##"<rect width="40" height="20" fill="#fff"/>"##;
        let ink = |family: &str| {
            let text = format!(r#"{white}<text y="16" font-family="{family}" font-size="16">λ = 1</text>"#);
            let bytes = png(&svg(&text), 2.0).unwrap();
            (decode(&bytes).2.iter().filter(|pixel| pixel[0] < 128).count(), bytes)
        };
        let (dark, bytes) = ink("Inter");
        assert!(dark > 100, "only {dark} dark pixels");
        assert_eq!(bytes, ink("sans-serif").1, "another family was found");
        assert_eq!(bytes, ink("Inter").1, "not the same bytes twice");
    }

    #[test]
    fn what_cannot_be_drawn_is_said() {
        assert!(matches!(png("no svg", 1.0), Err(RasterError::Svg(_))));
        for scale in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e6] {
            assert!(matches!(png(&svg(""), scale), Err(RasterError::Size { .. })), "{scale}");
        }
    }

    #[test]
    fn no_file_is_opened() {
        let white = Picture::grey(1, 1, &[1.0]).unwrap().png();
        let path = std::env::temp_dir().join(format!("narrows-raster-{}.png", std::process::id()));
        std::fs::write(&path, &white).unwrap();
        let drawn = |address: &str| {
            let image = format!(r#"<image href="{address}" width="40" height="20"/>"#);
            decode(&png(&svg(&image), 1.0).unwrap()).2[10 * 40 + 20]
        };
        let (carried, on_disk) = (drawn(&data_uri("image/png", &white)), drawn(&path.display().to_string()));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(carried, [255; 3], "the image itself is good");
        assert_eq!(on_disk, [0; 3], "a file was opened");
    }
}
