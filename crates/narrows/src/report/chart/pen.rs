//! What a chart is drawn with: units, inks and strokes, in the terms of plotters.
//!
//! Plotters counts in whole pixels, on which a curve of 150 points would be a staircase. So a chart is drawn
//! in units of a tenth of a pixel, and shown ten times smaller by its view box.

use std::io;

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::CurveStyle;
use crate::report::palette::{self, Dash};
use crate::report::typeface::{FAMILY, Weight, width};

/// The whole chart, to draw on in units.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// What drawing gives back.
pub(super) type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;
/// A place on the chart, in units from the top left.
pub(super) type Place = (i32, i32);

/// Units to the pixel.
const UNIT: f64 = 10.0;
/// The size of the title, and of all other text, in pixels.
pub(super) const TEXT: (f64, f64) = (15.0, 13.0);

/// Lines to compare with.
const REFERENCE: RGBColor = RGBColor(0x80, 0x80, 0x80);
/// Titles and names.
pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// What explains the axes.
pub(super) const MUTED: RGBColor = RGBColor(0x59, 0x59, 0x59);
/// The axes themselves.
pub(super) const AXIS: RGBColor = RGBColor(0x8C, 0x8C, 0x8C);
/// Lines across the plot.
pub(super) const GRID: RGBColor = RGBColor(0xE4, 0xE4, 0xE4);

/// `pixels` in whole units.
pub(super) fn units(pixels: f64) -> i32 {
    (pixels * UNIT).round() as i32
}

/// The place at `x` and `y` pixels.
pub(super) fn at(x: f64, y: f64) -> Place {
    (units(x), units(y))
}

/// The width of `text` as the chart writes it, in pixels.
pub(super) fn wide(text: &str) -> f64 {
    // A viewer's own font may be wider than the one measured.
    width(text, TEXT.1, Weight::Regular) * 1.1
}

/// The ink of a curve.
pub(super) fn colour(style: CurveStyle) -> RGBColor {
    match style {
        CurveStyle::Model(index) | CurveStyle::Validation(index) => {
            let [r, g, b] = palette::style(index).colour.light;
            RGBColor(r, g, b)
        }
        CurveStyle::Control => MUTED,
        CurveStyle::Published | CurveStyle::Bound => REFERENCE,
    }
}

/// A line of `pixels` thickness.
pub(super) fn line(colour: impl Color, pixels: f64) -> ShapeStyle {
    colour.stroke_width(units(pixels).unsigned_abs())
}

/// Text of the common size, that stands left of its place and around the height of it.
pub(super) fn text(colour: RGBColor) -> TextStyle<'static> {
    text_of(TEXT.1, FontStyle::Normal, colour)
}

/// The title's text.
pub(super) fn heading() -> TextStyle<'static> {
    text_of(TEXT.0, FontStyle::Bold, INK)
}

/// The text on the middle of its place.
pub(super) const CENTRE: Pos = Pos { h_pos: HPos::Center, v_pos: VPos::Center };

fn text_of(pixels: f64, weight: FontStyle, colour: RGBColor) -> TextStyle<'static> {
    // The SVG backend divides every size by 1.24, to be like the bitmap one.
    let font = (FontFamily::Name(FAMILY), pixels * UNIT * 1.24, weight);
    let mut style = TextStyle::from(font).pos(Pos::new(HPos::Left, VPos::Center));
    style.color = colour.to_backend_color();
    style
}

/// Draws a curve's line through `places`, with the strokes of its style.
pub(super) fn stroke(area: &Area, places: Vec<Place>, style: CurveStyle) -> Drawn {
    let whole = line(colour(style), 2.0);
    match style {
        CurveStyle::Control => area.draw(&PathElement::new(places, whole)),
        CurveStyle::Validation(_) => dashed(area, places, (4.0, 3.0), line(colour(style), 1.5)),
        CurveStyle::Published => dashed(area, places, (6.0, 4.0), line(colour(style), 1.5)),
        CurveStyle::Bound => dashed(area, places, (2.0, 4.0), line(colour(style), 1.5)),
        CurveStyle::Model(index) => match palette::style(index).dash {
            Dash::Solid => area.draw(&PathElement::new(places, whole)),
            Dash::Dashed => dashed(area, places, (8.0, 4.0), whole),
            Dash::Dotted => dashed(area, places, (2.0, 3.0), whole),
            Dash::LongDashed => dashed(area, places, (16.0, 3.0), whole),
        },
    }
}

/// Draws a line in dashes of so many pixels with so many between them.
pub(super) fn dashed(area: &Area, places: Vec<Place>, dash: (f64, f64), style: ShapeStyle) -> Drawn {
    area.draw(&DashedPathElement::new(places, units(dash.0), units(dash.1), style))
}
