//! The typeface of every chart and picture, carried along so that a PNG has the same letters on any machine.
//!
//! Inter, in two weights, cut down to Latin, Greek and common signs (`font/README.md` says how). An SVG only
//! names it, and a viewer without it takes the next family of [`FAMILY`]; that is why layouts leave room
//! beside what [`width`] says.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use resvg::usvg;

/// The families an SVG asks for, best first.
pub(super) const FAMILY: &str = "Inter, 'Helvetica Neue', Arial, sans-serif";

/// The smallest size of any text, in pixels.
pub(super) const SMALL: f64 = 12.0;

/// The thickness of the strokes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    SemiBold,
}

impl Weight {
    /// The value of the SVG attribute `font-weight`.
    pub(super) fn number(self) -> u16 {
        match self {
            Self::Regular => 400,
            Self::SemiBold => 600,
        }
    }
}

/// How SVG is read: with the embedded typeface for every family asked for, with no other font, and with no
/// access to files.
pub(super) static OPTIONS: LazyLock<usvg::Options<'static>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(include_bytes!("font/Inter-Regular.ttf").to_vec());
    fonts.load_font_data(include_bytes!("font/Inter-SemiBold.ttf").to_vec());
    fonts.set_serif_family("Inter");
    fonts.set_sans_serif_family("Inter");
    fonts.set_monospace_family("Inter");
    fonts.set_cursive_family("Inter");
    fonts.set_fantasy_family("Inter");
    usvg::Options {
        font_family: "Inter".to_owned(),
        fontdb: Arc::new(fonts),
        image_href_resolver: usvg::ImageHrefResolver {
            // An image that is not carried inside the SVG would be a file on this machine.
            resolve_string: Box::new(|_, _| None),
            ..Default::default()
        },
        ..Default::default()
    }
});

/// The width of `text` in pixels, asked of the engine that will draw it (so kerning counts).
pub(super) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let svg = maud::html! {
        svg xmlns="http://www.w3.org/2000/svg" {
            text font-family="Inter" font-size=(size) font-weight=(weight.number()) { (printable(text)) }
        }
    };
    // Nothing but spaces has no box, and takes no room here.
    usvg::Tree::from_str(&svg.into_string(), &OPTIONS)
        .map_or(0.0, |tree| f64::from(tree.root().bounding_box().width()))
}

/// `text`, cut to `room` pixels with an ellipsis if it is longer.
pub(super) fn fit(text: &str, size: f64, weight: Weight, room: f64) -> String {
    let text = printable(text);
    if width(&text, size, weight) <= room {
        return text.into_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    // The longest beginning that fits, by bisection: `fits` always does, `too_long` never does.
    let (mut fits, mut too_long) = (0, characters.len());
    while fits + 1 < too_long {
        let middle = usize::midpoint(fits, too_long);
        if width(&shortened(&characters[..middle]), size, weight) <= room {
            fits = middle;
        } else {
            too_long = middle;
        }
    }
    shortened(&characters[..fits])
}

fn shortened(characters: &[char]) -> String {
    format!("{}…", characters.iter().collect::<String>().trim_end())
}

/// `text` without the characters that XML forbids: an SVG with one of them in a label would not open at all.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    let forbidden = |c: char| matches!(c, '\0'..='\u{1f}' | '\u{7f}' | '\u{fffe}' | '\u{ffff}');
    if text.contains(forbidden) {
        Cow::Owned(
            text.replace(|c: char| c.is_whitespace() && forbidden(c), " ").replace(forbidden, "\u{fffd}"),
        )
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_embedded_font() {
        // Of 2048 units to the em, "0" takes 1292 and "λ" 1314 (read from the font's hmtx table).
        for (text, units) in [("0000", 4.0 * 1292.0), ("λ", 1314.0)] {
            let wide = width(text, 20.48, Weight::Regular);
            assert!((wide - units / 100.0).abs() < 0.02, "{text}: {wide}");
        }
        assert!(
            width("reconstruction", 14.0, Weight::SemiBold) > width("reconstruction", 14.0, Weight::Regular)
        );
        assert_eq!(width("", 14.0, Weight::Regular), 0.0);
    }

    #[test]
    fn every_sign_of_the_labels_is_in_both_weights() {
        for bytes in
            [&include_bytes!("font/Inter-Regular.ttf")[..], include_bytes!("font/Inter-SemiBold.ttf")]
        {
            let mut fonts = usvg::fontdb::Database::new();
            fonts.load_font_data(bytes.to_vec());
            assert_eq!(fonts.len(), 1);
            assert_eq!(fonts.faces().next().map(|face| face.families[0].0.clone()), Some("Inter".to_owned()));
        }
        // A sign that is missing is drawn as the same empty box as any other that is missing.
        let missing = width("\u{4e00}", 100.0, Weight::Regular);
        for sign in "λ×·−²→↔⁻⁰¹²³⁴⁵⁶⁷⁸⁹≤≈…–—’#=".chars() {
            for weight in [Weight::Regular, Weight::SemiBold] {
                let here = width(&sign.to_string(), 100.0, weight);
                assert!(here > 0.0 && (here - missing).abs() > 1e-3, "{sign} is missing from the subset");
            }
        }
    }

    #[test]
    fn long_text_is_cut_where_it_still_fits() {
        assert_eq!(fit("short", 13.0, Weight::Regular, 200.0), "short");
        let cut = fit(&"long ".repeat(40), 13.0, Weight::Regular, 120.0);
        assert!(cut.ends_with('…') && width(&cut, 13.0, Weight::Regular) <= 120.0);
        assert!(width(&cut, 13.0, Weight::Regular) > 100.0, "cut too early: {cut}");
        assert_eq!(fit("anything", 13.0, Weight::Regular, 0.0), "…");
    }

    #[test]
    fn what_xml_forbids_is_replaced() {
        assert_eq!(printable("a\u{0}b\nc"), "a\u{fffd}b c");
        assert!(matches!(printable("λ = 0.5"), Cow::Borrowed(_)));
    }
}
