//! Pictures laid out with labels, as SVG.
//!
//! Every layout enlarges its pictures by a whole factor and asks viewers not to smooth them, so a pixel stays
//! a square. The background is white, labels are text, and widths follow the labels: a long row name makes
//! the figure wider, it is not cut or laid over a picture. A title is one line, or several: those after the first explain it, in
//! small text. A picture of many pixels is made smaller first, so that a figure stays as large as a page.

use std::borrow::Cow;

use maud::{Markup, html};

use super::data_uri;
use super::picture::Picture;
use super::theme::hex;
use super::typeface::{FAMILY, SMALL, Weight, fit, printable, width};

/// The space between the figure's edge and what it shows.
pub(super) const MARGIN: f64 = 16.0;
/// The space between two pictures.
const GAP: f64 = 6.0;
/// The space between a row's label and its first picture; within it, a bar in the row's colour after a space.
const LABEL_GAP: f64 = 18.0;
const BAR_GAP: f64 = 6.0;
const BAR: f64 = 4.0;
/// The size of row labels.
const LABEL: f64 = 13.0;
/// The height of a line of small text above or below a picture.
pub(super) const LINE: f64 = 18.0;
/// The size of a title, and the height it takes with the space below it.
const TITLE: (f64, f64) = (15.0, 32.0);
/// The ink of labels and of small text.
pub(super) const INK: (&str, &str) = ("#222222", "#595959");
/// The longest heading over a picture and note under it, in pixels; what is longer is cut.
const LONGEST_TEXT: f64 = 120.0;
/// A picture is drawn up to so many times the size that its layout asks for; one of more pixels is made smaller.
const LARGEST: f64 = 2.0;
/// The most columns in a row of steps along a way.
pub const MAX_STEPS: usize = 11;
/// A viewer's own font can be wider than the one measured; Verdana, among the widest, is by about a sixth.
const SLACK: f64 = 1.15;

/// A row of pictures with its name, such as one model's reconstructions.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// What stands left of the row.
    pub label: String,
    /// The pictures, one in each column.
    pub pictures: Vec<Picture>,
    /// Small text under each picture, such as its error; empty for none.
    pub notes: Vec<String>,
    /// A bar of this colour beside the name, such as the model's; none without.
    pub colour: Option<[u8; 3]>,
}

/// A picture with its caption.
#[derive(Clone, Debug)]
pub struct Captioned {
    /// The picture.
    pub picture: Picture,
    /// What stands under it.
    pub caption: String,
}

/// A picture on the way from one image to another.
#[derive(Clone, Debug)]
pub struct Step {
    /// The weight of the image at the end: 0 is where the way begins, 1 where it ends.
    pub lambda: f64,
    /// What the decoder makes of it.
    pub picture: Picture,
}

/// All `pictures`, ten in a row on black with five pixels around each, as the assignment shows a batch.
pub fn grid(title: &str, pictures: &[Picture]) -> String {
    const SIDE: f64 = 56.0;
    let pictures: Vec<Picture> = pictures.iter().map(|picture| shrunk(picture, SIDE).into_owned()).collect();
    let Some(mosaic) = Picture::mosaic(&pictures, 10, 5) else {
        return sheet(title, &[], &[]);
    };
    let scale = enlargement(&pictures, SIDE);
    let (columns, rows) = (mosaic.width() as f64 * scale, mosaic.height() as f64 * scale);
    let top = MARGIN + title_height(title);
    let wide = columns.max(title_width(title)) + 2.0 * MARGIN;
    document(title, wide, top + rows + MARGIN, html! { (image(&mosaic, MARGIN, top, scale)) })
}

/// Rows of pictures under one another, so that a column shows the same image as each model sees it.
pub fn rows(title: &str, rows: &[Row]) -> String {
    sheet(title, &[], rows)
}

/// Rows under one line of headings, such as the class of the image that each column shows.
pub fn headed_rows(title: &str, headings: &[String], rows: &[Row]) -> String {
    sheet(title, headings, rows)
}

/// The way between two images in rows of five, or of ten where there are many, each step under its `λ`.
pub fn interpolation(title: &str, steps: &[Step]) -> String {
    let columns = if steps.len() > 20 { 10 } else { 5 };
    // Beyond 101 steps, two neighbours would have the same two digits.
    let digits = if steps.len() > 101 { 3 } else { 2 };
    let blocks: Vec<(Vec<String>, Row)> = steps
        .chunks(columns)
        .map(|steps| {
            let pictures = steps.iter().map(|step| step.picture.clone()).collect();
            (
                steps.iter().map(|step| heading(step.lambda, digits)).collect(),
                Row { pictures, ..Row::default() },
            )
        })
        .collect();
    blocks_of(title, &blocks, 84.0)
}

/// The way between two images as each method goes it: one row a method, one column for each of `lambdas`.
pub fn strips(title: &str, lambdas: &[f64], rows: &[Row]) -> String {
    let headings: Vec<_> = lambdas.iter().map(|lambda| heading(*lambda, 2)).collect();
    sheet(title, &headings, rows)
}

/// Pictures side by side, each over its caption; five in a row.
pub fn captioned(title: &str, pictures: &[Captioned]) -> String {
    let blocks: Vec<(Vec<String>, Row)> = pictures
        .chunks(5)
        .map(|pictures| {
            let row = Row {
                label: String::new(),
                pictures: pictures.iter().map(|one| one.picture.clone()).collect(),
                notes: pictures.iter().map(|one| one.caption.clone()).collect(),
                colour: None,
            };
            (Vec::new(), row)
        })
        .collect();
    blocks_of(title, &blocks, 112.0)
}

/// `λ = 0.33`
fn heading(lambda: f64, digits: usize) -> String {
    format!("λ = {lambda:.digits$}")
}

/// Rows that share one line of column headings.
fn sheet(title: &str, headings: &[String], rows: &[Row]) -> String {
    let blocks: Vec<(Vec<String>, Row)> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| (if index == 0 { headings.to_vec() } else { Vec::new() }, row.clone()))
        .collect();
    blocks_of(title, &blocks, 56.0)
}

/// The layout under all others but the grid: rows, each with optional headings above its pictures and notes
/// below.
///
/// All columns are equally wide: as the widest picture, or as the widest text over or under one. `side` is
/// about how large a picture is drawn.
fn blocks_of(title: &str, blocks: &[(Vec<String>, Row)], side: f64) -> String {
    let blocks: Vec<(Vec<String>, Row)> = blocks.iter().map(|block| fitted(block, side)).collect();
    let pictures = || blocks.iter().flat_map(|(_, row)| &row.pictures);
    let scale = enlargement(pictures(), side);
    let tallest = pictures().map(Picture::height).max().unwrap_or(0) as f64 * scale;
    let widest = pictures().map(Picture::width).max().unwrap_or(0) as f64 * scale;
    let text = blocks.iter().flat_map(|(headings, row)| headings.iter().chain(&row.notes));
    let small = text.map(|text| width(text, SMALL, Weight::Regular) * SLACK).fold(0.0, f64::max);
    let pitch = (widest + GAP).max(small + 10.0).ceil();
    let longest =
        blocks.iter().map(|(_, row)| width(&row.label, LABEL, Weight::Regular) * SLACK).fold(0.0, f64::max);
    let left = MARGIN + if longest > 0.0 { longest.ceil() + LABEL_GAP } else { 0.0 };
    let columns =
        blocks.iter().map(|(headings, row)| row.pictures.len().max(headings.len())).max().unwrap_or(0) as f64;

    let mut top = MARGIN + title_height(title);
    let mut bottom = top;
    let mut body = Vec::new();
    for (index, (headings, row)) in blocks.iter().enumerate() {
        let middle = |column: usize| left + (column as f64 + 0.5) * pitch - GAP / 2.0;
        if !headings.is_empty() {
            for (column, heading) in headings.iter().enumerate() {
                body.push(small_text(middle(column), top + SMALL, heading));
            }
            top += LINE;
        }
        if !row.label.is_empty() {
            let (end, baseline) = (left - LABEL_GAP, rounded(top + tallest / 2.0 + LABEL * 0.36));
            body.push(html! {
                text x=(end) y=(baseline) text-anchor="end" font-size=(LABEL) fill=(INK.0) {
                    (printable(&row.label))
                }
                @if let Some(colour) = row.colour {
                    rect x=(left - LABEL_GAP + BAR_GAP) y=(top) width=(BAR) height=(tallest) fill=(hex(colour)) {}
                }
            });
        }
        for (column, picture) in row.pictures.iter().enumerate() {
            body.push(image(
                picture,
                rounded(middle(column) - picture.width() as f64 * scale / 2.0),
                top,
                scale,
            ));
        }
        bottom = top + tallest;
        if !row.notes.is_empty() {
            for (column, note) in row.notes.iter().enumerate() {
                body.push(small_text(middle(column), bottom + LINE - 3.0, note));
            }
            bottom += LINE;
        }
        // Text between two rows needs more room than pictures among themselves.
        let text_follows = blocks.get(index + 1).is_some_and(|(headings, _)| !headings.is_empty());
        top = bottom + if text_follows || !row.notes.is_empty() { 2.0 * GAP } else { GAP };
    }
    let wide = (left + columns * pitch - GAP).max(MARGIN + title_width(title)) + MARGIN;
    document(title, wide, bottom + MARGIN, html! { @for part in body { (part) } })
}

/// A row whose pictures are no larger than the layout can use, and whose texts are no longer than their columns can be.
fn fitted((headings, row): &(Vec<String>, Row), side: f64) -> (Vec<String>, Row) {
    let short =
        |texts: &[String]| texts.iter().map(|text| fit(text, SMALL, Weight::Regular, LONGEST_TEXT)).collect();
    let row = Row {
        label: row.label.clone(),
        pictures: row.pictures.iter().map(|picture| shrunk(picture, side).into_owned()).collect(),
        notes: short(&row.notes),
        colour: row.colour,
    };
    (short(headings), row)
}

fn shrunk(picture: &Picture, side: f64) -> Cow<'_, Picture> {
    picture.within((side * LARGEST) as usize)
}

/// At most so many of `count` steps, evenly spread, the first and the last among them.
pub fn thinned(count: usize, most: usize) -> Vec<usize> {
    if count <= most.max(2) {
        return (0..count).collect();
    }
    (0..most).map(|place| (place * (count - 1) + (most - 1) / 2) / (most - 1)).collect()
}

/// The whole factor that brings the largest side of `pictures` nearest to `side` pixels; at least 1.
fn enlargement<'a>(pictures: impl IntoIterator<Item = &'a Picture>, side: f64) -> f64 {
    let largest =
        pictures.into_iter().map(|picture| picture.height().max(picture.width())).max().unwrap_or(1);
    (side / largest as f64).round().max(1.0)
}

pub(super) fn title_height(title: &str) -> f64 {
    let notes = title.lines().count().saturating_sub(1) as f64;
    if title.is_empty() { 0.0 } else { TITLE.1 + notes * LINE }
}

pub(super) fn title_width(title: &str) -> f64 {
    let mut lines = title.lines();
    let first = lines.next().map_or(0.0, |line| width(line, TITLE.0, Weight::SemiBold));
    lines.map(|line| width(line, SMALL, Weight::Regular)).fold(first, f64::max) * SLACK
}

/// Hundredths of a pixel: more digits only make the file longer.
pub(super) fn rounded(position: f64) -> f64 {
    (position * 100.0).round() / 100.0
}

fn small_text(middle: f64, baseline: f64, text: &str) -> Markup {
    html! {
        text x=(rounded(middle)) y=(rounded(baseline)) text-anchor="middle" font-size=(SMALL) fill=(INK.1) {
            (printable(text))
        }
    }
}

/// `picture`, each pixel a square of `scale`.
fn image(picture: &Picture, left: f64, top: f64, scale: f64) -> Markup {
    // Viewers of SVG 1.1 know the attribute, those of SVG 2 the style; either way nothing is smoothed.
    html! {
        image x=(left) y=(top) width=(picture.width() as f64 * scale) height=(picture.height() as f64 * scale)
            preserveAspectRatio="none" image-rendering="optimizeSpeed" style="image-rendering:pixelated"
            href=(data_uri("image/png", &picture.png())) {}
    }
}

/// The SVG around `body`, with the title at its top left.
pub(super) fn document(title: &str, width: f64, height: f64, body: Markup) -> String {
    let (width, height) = (width.ceil(), height.ceil());
    let lines: Vec<_> = title.lines().map(printable).collect();
    let description = lines.join(". ");
    html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height)
            viewBox=(format!("0 0 {width} {height}")) font-family=(FAMILY) role="img" aria-label=[(!description.is_empty()).then_some(&description)] {
            rect width=(width) height=(height) fill="#ffffff" {}
            @for (number, line) in lines.iter().enumerate() {
                @let y = MARGIN + TITLE.0 * 0.9 + number as f64 * LINE;
                @if number == 0 {
                    text x=(MARGIN) y=(y) font-size=(TITLE.0) font-weight=(Weight::SemiBold.number()) fill=(INK.0) { (line) }
                } @else {
                    text x=(MARGIN) y=(y) font-size=(SMALL) fill=(INK.1) { (line) }
                }
            }
            (body)
        }
    }
    .into_string()
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use resvg::usvg::roxmltree::{Document, Node};

    use super::*;
    use crate::report::raster::{self, tests::decode};

    /// A picture in which no two neighbours are alike, and no two `seed`s either.
    fn picture(seed: usize) -> Picture {
        let pixels: Vec<f32> =
            (0..28 * 28).map(|index| ((index * 37 + seed * 101) % 256) as f32 / 255.0).collect();
        Picture::grey(28, 28, &pixels).unwrap()
    }

    fn pictures(count: usize) -> Vec<Picture> {
        (0..count).map(picture).collect()
    }

    fn row(label: &str, count: usize) -> Row {
        Row { label: label.to_owned(), pictures: pictures(count), ..Row::default() }
    }

    fn number(node: Node, attribute: &str) -> f64 {
        node.attribute(attribute).unwrap().parse().unwrap()
    }

    /// Left, top, width and height of every image.
    fn images(document: &Document) -> Vec<[f64; 4]> {
        let images = document.descendants().filter(|node| node.has_tag_name("image"));
        images.map(|node| ["x", "y", "width", "height"].map(|name| number(node, name))).collect()
    }

    /// Every text with its place and whether that is its start, middle or end.
    fn texts(document: &Document) -> Vec<(String, f64, f64, String)> {
        let texts = document.descendants().filter(|node| node.has_tag_name("text"));
        texts
            .map(|node| {
                let anchor = node.attribute("text-anchor").unwrap_or("start").to_owned();
                (node.text().unwrap().to_owned(), number(node, "x"), number(node, "y"), anchor)
            })
            .collect()
    }

    /// Draws `svg` and compares every pixel of every picture, at its centre, with what the SVG carries.
    fn assert_each_pixel_is_a_square(svg: &str, scale: f32) {
        let (columns, _, drawn) = decode(&raster::png(svg, scale).unwrap());
        let document = Document::parse(svg).unwrap();
        for node in document.descendants().filter(|node| node.has_tag_name("image")) {
            let carried = node.attribute("href").unwrap().strip_prefix("data:image/png;base64,").unwrap();
            let (width, height, pixels) = decode(&STANDARD.decode(carried).unwrap());
            let [left, top, wide, high] = ["x", "y", "width", "height"].map(|name| number(node, name));
            for y in 0..height {
                for x in 0..width {
                    let at_x = (left + wide * (x as f64 + 0.5) / width as f64) * f64::from(scale);
                    let at_y = (top + high * (y as f64 + 0.5) / height as f64) * f64::from(scale);
                    assert_eq!(
                        drawn[at_y as usize * columns + at_x as usize],
                        pixels[y * width + x],
                        "pixel {x}, {y}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_layout_keeps_pixels_square() {
        let step = |index| Step { lambda: index as f64 / 9.0, picture: picture(index) };
        let captioned_ones: Vec<_> = (0..4)
            .map(|index| Captioned { picture: picture(index), caption: format!("train #{index} · label 7") })
            .collect();
        for scale in [1.0, 2.0] {
            assert_each_pixel_is_a_square(&grid("batch", &pictures(13)), scale);
            assert_each_pixel_is_a_square(&rows("", &[row("original", 3), row("pca", 3)]), scale);
            assert_each_pixel_is_a_square(&interpolation("", &(0..10).map(step).collect::<Vec<_>>()), scale);
            assert_each_pixel_is_a_square(&captioned("", &captioned_ones), scale);
        }
    }

    #[test]
    fn a_grid_is_black_between_its_pictures_and_white_around() {
        let svg = grid("", &pictures(49));
        let document = Document::parse(&svg).unwrap();
        // Ten and five pictures of 28 with 5 around each, enlarged twice.
        assert_eq!(images(&document), [[16.0, 16.0, 670.0, 340.0]]);
        let (columns, rows, pixels) = decode(&raster::png(&svg, 1.0).unwrap());
        assert_eq!((columns, rows), (702, 372));
        assert_eq!(pixels[8 * columns + 8], [255; 3]);
        assert_eq!(pixels[20 * columns + 20], [0; 3], "the padding");
        assert_eq!(
            pixels[(16 + 10 + 1) * columns + 16 + 10 + 1],
            [0; 3],
            "the first pixel of the first picture is 0"
        );
        assert_eq!(pixels[(16 + 10 + 1) * columns + 16 + 76 + 1], [101; 3], "of the second it is 101");
    }

    #[test]
    fn columns_stand_under_one_another_and_rows_beside_their_labels() {
        let svg = rows("Reconstructions", &[row("original", 10), row("three-layer-wide", 10)]);
        let document = Document::parse(&svg).unwrap();
        let images = images(&document);
        assert_eq!(images.len(), 20);
        for column in 0..10 {
            assert_eq!(images[column][0], images[column + 10][0]);
        }
        assert!(images[10][1] >= images[0][1] + images[0][3] + GAP);
        for (label, first) in [("original", images[0]), ("three-layer-wide", images[10])] {
            let (_, end, baseline, anchor) =
                texts(&document).into_iter().find(|text| text.0 == label).unwrap();
            assert_eq!(anchor, "end");
            assert!(
                end + 10.0 <= first[0] && end - width(label, LABEL, Weight::Regular) >= MARGIN,
                "{label}"
            );
            assert!(baseline > first[1] && baseline < first[1] + first[3]);
        }
    }

    #[test]
    fn long_texts_widen_the_figure() {
        let long = "a model whose name goes on and on until no one can remember how it began, [784, 128, 16]";
        let mut noted = row(long, 2);
        noted.notes = vec!["an error of 0.0521".to_owned(), "short".to_owned()];
        let svg = rows(long, &[noted]);
        let document = Document::parse(&svg).unwrap();
        let edge = number(document.root_element(), "width");
        for (text, x, _, anchor) in texts(&document) {
            let size = if anchor == "middle" { SMALL } else { LABEL };
            let wide = width(&text, size, Weight::Regular);
            let start = match anchor.as_str() {
                "end" => x - wide,
                "middle" => x - wide / 2.0,
                _ => x,
            };
            assert!(
                start >= MARGIN - 1.0 && start + wide <= edge,
                "{text} is cut: {start} + {wide} of {edge}"
            );
        }
        let notes: Vec<_> = texts(&document).into_iter().filter(|text| text.3 == "middle").collect();
        let apart =
            width(&notes[0].0, SMALL, Weight::Regular) / 2.0 + width("short", SMALL, Weight::Regular) / 2.0;
        assert!(notes[1].1 - notes[0].1 > apart, "notes run into each other");
    }

    #[test]
    fn an_interpolation_is_two_rows_of_five_with_their_lambdas() {
        let steps: Vec<_> =
            (0..10).map(|index| Step { lambda: index as f64 / 9.0, picture: picture(index) }).collect();
        let svg = interpolation("7 → 1", &steps);
        let document = Document::parse(&svg).unwrap();
        let images = images(&document);
        assert!(images[..5].iter().all(|image| image[1] == images[0][1]));
        assert!(
            images[5..]
                .iter()
                .all(|image| image[1] == images[5][1] && image[1] > images[0][1] + images[0][3])
        );
        let headings: Vec<_> = texts(&document).into_iter().filter(|text| text.0.starts_with('λ')).collect();
        let written: Vec<_> = headings.iter().map(|heading| heading.0.trim_start_matches("λ = ")).collect();
        assert_eq!(written, ["0.00", "0.11", "0.22", "0.33", "0.44", "0.56", "0.67", "0.78", "0.89", "1.00"]);
        for (heading, image) in headings.iter().zip(&images) {
            assert!(
                (heading.1 - (image[0] + image[2] / 2.0)).abs() < 0.01,
                "a heading is not over its picture"
            );
            assert!(heading.2 < image[1] && heading.2 > image[1] - LINE);
        }
    }

    #[test]
    fn strips_have_their_lambdas_once() {
        let lambdas: Vec<f64> = (0..7).map(|index| f64::from(index) / 6.0).collect();
        let svg = strips("1 to 7", &lambdas, &[row("pixel blend", 7), row("pca", 7), row("three-layer", 7)]);
        let document = Document::parse(&svg).unwrap();
        assert_eq!(texts(&document).iter().filter(|text| text.0.starts_with('λ')).count(), 7);
        let tops: Vec<f64> = images(&document).iter().step_by(7).map(|image| image[1]).collect();
        assert_eq!(tops[1] - tops[0], tops[2] - tops[1], "rows are equally far apart");
    }

    #[test]
    fn steps_are_thinned_evenly_between_both_ends() {
        assert_eq!(thinned(10, MAX_STEPS), (0..10).collect::<Vec<_>>());
        let kept = thinned(50, MAX_STEPS);
        assert_eq!((kept.len(), kept[0], kept[10]), (MAX_STEPS, 0, 49));
        assert!(kept.windows(2).all(|pair| (4..=6).contains(&(pair[1] - pair[0]))), "{kept:?}");
    }

    #[test]
    fn large_pictures_in_colour_make_no_larger_figure() {
        use crate::report::picture::Channels;
        let red: Vec<f32> = [1.0, 0.25, 0.0].repeat(400 * 300);
        let picture = Picture::new(300, 400, Channels::Rgb, &red).unwrap();
        let svg = rows("", &[Row { label: "a".to_owned(), pictures: vec![picture; 3], ..Row::default() }]);
        let document = Document::parse(&svg).unwrap();
        assert!(images(&document).iter().all(|image| image[2] <= 112.0 && image[3] <= 112.0));
        let (columns, _, pixels) = decode(&raster::png(&svg, 1.0).unwrap());
        assert!(pixels.chunks(columns).any(|row| row.contains(&[255, 64, 0])));
    }

    #[test]
    fn any_text_is_only_text() {
        let evil = "<script>alert(1)</script> & \"quotes\" \u{1}";
        let mut noted = row(evil, 1);
        noted.notes = vec![evil.to_owned()];
        let svg = rows(evil, &[noted]);
        let document = Document::parse(&svg).unwrap();
        assert!(!document.descendants().any(|node| node.has_tag_name("script")));
        assert_eq!(texts(&document).iter().filter(|text| text.0.starts_with("<script>alert(1)")).count(), 3);
    }

    #[test]
    fn nothing_to_show_is_still_a_figure() {
        for svg in [
            grid("", &[]),
            rows("none", &[]),
            interpolation("", &[]),
            strips("", &[0.0, 1.0], &[]),
            captioned("", &[]),
        ] {
            assert!(Document::parse(&svg).is_ok());
            assert!(raster::png(&svg, 2.0).is_ok(), "{svg}");
        }
        // Fewer pictures than notes or headings, and pictures of different sizes.
        let odd = Row {
            label: String::new(),
            pictures: vec![Picture::grey(1, 300, &[0.5; 300]).unwrap(), picture(0)],
            notes: vec![String::new(); 4],
            colour: None,
        };
        assert!(raster::png(&strips("", &[0.5; 3], &[odd]), 1.0).is_ok());
    }
}
