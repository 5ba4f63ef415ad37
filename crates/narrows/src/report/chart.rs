//! Line charts as SVG.
//!
//! Every curve is named where it ends, so that no one has to match colours with a legend; the names stand in
//! a column right of the plot, pushed apart where curves end close together, and a thin line leads from each
//! curve to its name. The horizontal axis is labelled under it, the vertical one above it, where it can be
//! read without turning the head.
//!
//! Drawn with plotters (`pen` says how its whole pixels are made finer); where ticks stand (`ticks`) and
//! where names stand (`names`) is ours.

mod names;
mod pen;
pub(super) mod ticks;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::prelude::*;

use self::names::Names;
use self::pen::{AXIS, Area, CENTRE, Drawn, GRID, MUTED, Place, TEXT, at, heading, line, text, units, wide};
use super::typeface::{Weight, fit, printable};

/// How the vertical axis is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal steps are equal differences.
    #[default]
    Linear,
    /// Equal steps are equal ratios. Values of zero and below cannot be shown, and are left out.
    Log,
}

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CurveStyle {
    /// In the colour and line style of the model at this place ([`palette`](super::palette)).
    Model(usize),
    /// Dashed, in the colour of the model at this place: what was measured of it on other rows.
    Validation(usize),
    /// A grey line: what is no model, such as a blend of pixels.
    Control,
    /// A dashed grey line under all others: figures of someone else, to compare with.
    Published,
    /// A dotted grey line under all others: what cannot be passed.
    Bound,
}

/// One line of a chart.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Its name.
    pub label: String,
    /// `(x, y)` from left to right. A point that is no number, or that the scale cannot show, makes a gap.
    pub points: Vec<(f64, f64)>,
    /// How it is drawn.
    pub style: CurveStyle,
}

/// Where a curve may as well be, such as a 95 % interval of each of its points: an area of its colour behind all curves.
#[derive(Clone, Debug)]
pub struct Band {
    /// `(x, low, high)` from left to right. A point that is no number, or that the scale cannot show, is left out.
    pub points: Vec<(f64, f64, f64)>,
    /// How its curve is drawn.
    pub style: CurveStyle,
}

/// Some curves over one pair of axes.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// What the chart shows; may be empty.
    pub title: String,
    /// What the horizontal axis counts, such as "epoch".
    pub x_label: String,
    /// What the vertical axis measures.
    pub y_label: String,
    /// How the vertical axis is divided.
    pub y_scale: Scale,
    /// The curves; those to compare with are drawn first.
    pub curves: Vec<Curve>,
    /// Areas behind the curves.
    pub bands: Vec<Band>,
}

/// The size of every chart in pixels.
const SIZE: (f64, f64) = (720.0, 420.0);
/// The space around everything.
const MARGIN: f64 = 16.0;
/// The height of a line of text above the plot.
const LINE: f64 = 26.0;
/// The height of the labels below the plot: the ticks' and the axis's.
const FOOT: f64 = 46.0;
/// The least distance between two labels of the vertical axis.
const TICK_GAP: f64 = 26.0;
/// Up to this many points, each gets a mark: with so few epochs the points are what was measured.
const MARKED: usize = 12;
/// The space between the ends of the axes and the curves, as a part of the axis.
const PADDING: (f64, f64) = (0.015, 0.04);
/// Faint enough for two bands to be told apart where they meet.
const BAND_OPACITY: f64 = 0.18;
/// A larger number has no place on an axis: the difference of two could overflow.
const LARGEST: f64 = 1e300;

impl Chart {
    /// The chart as an SVG document of 720 × 420 pixels.
    ///
    /// ```
    /// use narrows::report::chart::{Chart, Curve, CurveStyle, Scale};
    ///
    /// let loss = Curve {
    ///     label: "three-layer".into(),
    ///     points: vec![(1.0, 0.23), (2.0, 0.14), (3.0, 0.11)],
    ///     style: CurveStyle::Model(0),
    /// };
    /// let chart = Chart {
    ///     title: "Training error".into(),
    ///     x_label: "epoch".into(),
    ///     y_label: "mean squared error per pixel".into(),
    ///     y_scale: Scale::Log,
    ///     curves: vec![loss],
    ///     bands: Vec::new(),
    /// };
    /// assert!(chart.svg().starts_with("<svg"));
    /// ```
    pub fn svg(&self) -> String {
        let mut drawn = String::new();
        let size = (units(SIZE.0).unsigned_abs(), units(SIZE.1).unsigned_abs());
        let root = SVGBackend::with_string(&mut drawn, size).into_drawing_area();
        self.draw(&root).expect("the backend writes into memory, and loads no font");
        drop(root);
        // Shown at its size in pixels, while the view box keeps the units it is drawn in.
        let (_, body) = drawn.split_once('>').unwrap_or_default();
        let root = maud::html! {
            svg xmlns="http://www.w3.org/2000/svg" width=(SIZE.0) height=(SIZE.1)
                viewBox=(format!("0 0 {} {}", units(SIZE.0), units(SIZE.1)))
                stroke-linejoin="round" role="img" aria-label=(printable(&self.title)) {}
        };
        root.into_string().replacen("</svg>", body, 1)
    }

    fn draw(&self, root: &Area) -> Drawn {
        root.fill(&WHITE)?;
        let lines: Vec<Line> = self.curves.iter().map(|curve| Line::of(curve, self.y_scale)).collect();
        let bands: Vec<Outline> = self.bands.iter().map(|band| Outline::of(band, self.y_scale)).collect();
        let (x, y) = (horizontal(&lines), vertical(&lines, &bands, self.y_scale));
        let names = Names::of(&lines);

        // The text above the plot, and the room that text takes beside it.
        let title_height = if self.title.is_empty() { 0.0 } else { LINE };
        let above = if self.y_label.is_empty() && names.key_room() == 0.0 { 0.0 } else { LINE };
        let top = MARGIN + title_height + above;
        let left = y.ticks.iter().map(|(_, label)| wide(label)).fold(0.0, f64::max).ceil() + 12.0;
        let title = fit(&self.title, TEXT.0, Weight::SemiBold, SIZE.0 - 2.0 * MARGIN);
        root.draw(&Text::new(title, at(MARGIN, MARGIN + 8.0), heading()))?;
        let y_label = fit(&self.y_label, TEXT.1, Weight::Regular, SIZE.0 - 2.0 * MARGIN - names.key_room());
        root.draw(&Text::new(y_label, at(MARGIN, MARGIN + title_height + 8.0), text(MUTED)))?;

        let mut plot = ChartBuilder::on(root)
            .margin_left(units(MARGIN))
            .margin_right(units(MARGIN + names.room()))
            .margin_top(units(top))
            .margin_bottom(units(MARGIN / 2.0))
            .x_label_area_size(units(FOOT))
            .y_label_area_size(units(left))
            .build_cartesian_2d(&x, &y)?;
        plot.configure_mesh()
            .disable_x_mesh()
            .bold_line_style(line(GRID, 1.0))
            .light_line_style(TRANSPARENT)
            .axis_style(line(AXIS, 1.0))
            .set_all_tick_mark_size(units(4.0))
            .x_label_style(text(MUTED))
            .y_label_style(text(MUTED))
            // Centred by the height of an x, digits would stand a little high.
            .y_label_offset(units(1.0))
            .x_label_formatter(&|position| x.label(*position))
            .y_label_formatter(&|position| y.label(*position))
            .draw()?;
        let (across, down) = plot.plotting_area().get_pixel_range();
        let middle = (across.start + across.end) / 2;
        let x_label = fit(&self.x_label, TEXT.1, Weight::Regular, SIZE.0 - 2.0 * MARGIN);
        root.draw(&Text::new(x_label, (middle, units(SIZE.1 - MARGIN)), text(MUTED).pos(CENTRE)))?;

        names.draw_key(root, SIZE.0 - MARGIN, MARGIN + title_height + 8.0)?;
        for Outline { points, style } in &bands {
            let points: Vec<Place> = points.iter().map(|point| plot.backend_coord(point)).collect();
            root.draw(&Polygon::new(points, pen::colour(*style).mix(BAND_OPACITY)))?;
        }
        let (under, over): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.is_reference());
        for line in under.iter().chain(&over) {
            line.draw(root, |point| plot.backend_coord(&point))?;
        }
        names.draw(root, |point| plot.backend_coord(&point), across.end, (down.start, down.end))?;
        if lines.iter().all(|line| line.pieces.is_empty()) {
            let centre = (middle, (down.start + down.end) / 2);
            root.draw(&Text::new("nothing to show", centre, text(MUTED).pos(CENTRE)))?;
        }
        Ok(())
    }
}

impl Scale {
    /// Where `value` stands on an axis of this scale.
    fn position(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.log10(),
        }
    }

    fn shows(self, value: f64) -> bool {
        value.abs() <= LARGEST && (self == Self::Linear || value >= f64::MIN_POSITIVE)
    }
}

/// An axis: its ends and its ticks, each a position and what is written there.
struct Axis {
    low: f64,
    high: f64,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    fn label(&self, position: f64) -> String {
        self.ticks.iter().find(|tick| tick.0 == position).map_or_else(String::new, |tick| tick.1.clone())
    }
}

impl Ranged for &Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, position: &f64, limit: Place) -> i32 {
        let along = (position - self.low) / (self.high - self.low);
        (f64::from(limit.0) + along * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Light points are for lines between the ticks, of which there are none.
        if hint.weight().allow_light_points() {
            Vec::new()
        } else {
            self.ticks.iter().map(|tick| tick.0).collect()
        }
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.low..self.high
    }
}

/// The least and the largest of `values`, or `None` of none.
fn span(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |ends, value| {
        let (low, high) = ends.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}

/// The horizontal axis. If all of `lines` lie over whole numbers, such as epochs, so do its ticks.
fn horizontal(lines: &[Line]) -> Axis {
    let values = || lines.iter().flat_map(Line::points).map(|point| point.0);
    let Some((low, high)) = span(values()) else {
        return Axis { low: 0.0, high: 1.0, ticks: Vec::new() };
    };
    let whole = values().all(|value| value.fract() == 0.0);
    let ticks = ticks::linear(low, high, 7, if whole { 1.0 } else { 0.0 });
    let (low, high) = padded(low, high, PADDING.0);
    let labels = ticks::labels(&ticks);
    Axis { low, high, ticks: ticks.into_iter().zip(labels).collect() }
}

/// The vertical axis, in positions of `scale`. A linear one begins at zero unless the curves stay far from
/// it.
fn vertical(lines: &[Line], bands: &[Outline], scale: Scale) -> Axis {
    let of_bands = bands.iter().flat_map(|band| band.points.iter().copied());
    let Some((low, high)) = span(lines.iter().flat_map(Line::points).chain(of_bands).map(|point| point.1))
    else {
        return Axis { low: 0.0, high: 1.0, ticks: Vec::new() };
    };
    let (low, high) = match scale {
        Scale::Linear if low >= 0.0 && low < 0.5 * high => (0.0, high + PADDING.1 * high),
        _ => padded(low, high, PADDING.1),
    };
    let ticks = match scale {
        Scale::Linear => ticks::linear(low, high, 8, 0.0),
        Scale::Log => {
            // Text above and below, but no title: a tick more or less is no matter.
            let length = SIZE.1 - 2.0 * LINE - FOOT - MARGIN;
            ticks::logarithmic(10f64.powf(low), 10f64.powf(high), length, TICK_GAP)
        }
    };
    let labels = ticks::labels(&ticks);
    Axis { low, high, ticks: ticks.into_iter().map(|tick| scale.position(tick)).zip(labels).collect() }
}

/// The ends moved apart by `part` of their distance; if they are one point, to either side of it.
fn padded(low: f64, high: f64, part: f64) -> (f64, f64) {
    let by = (high - low) * part;
    // Against rounding too: two ends that differ by the last bit are one point.
    if by > low.abs().max(high.abs()) * 1e-12 {
        return (low - by, high + by);
    }
    let by = if low == 0.0 { 0.5 } else { low.abs() * 0.05 };
    (low - by, high + by)
}

/// A band, ready to be drawn: along its upper side and back along its lower one, in positions of the axes.
struct Outline {
    points: Vec<(f64, f64)>,
    style: CurveStyle,
}

impl Outline {
    fn of(band: &Band, scale: Scale) -> Self {
        let shown: Vec<_> = band
            .points
            .iter()
            .filter(|(x, low, high)| x.abs() <= LARGEST && scale.shows(*low) && scale.shows(*high))
            .collect();
        let above = shown.iter().map(|(x, _, high)| (*x, scale.position(*high)));
        let below = shown.iter().rev().map(|(x, low, _)| (*x, scale.position(*low)));
        Self { points: above.chain(below).collect(), style: band.style }
    }
}

/// A curve, ready to be drawn: its points in positions of the axes, in pieces without a gap.
struct Line<'a> {
    curve: &'a Curve,
    pieces: Vec<Vec<(f64, f64)>>,
}

impl<'a> Line<'a> {
    fn of(curve: &'a Curve, scale: Scale) -> Self {
        let pieces = curve
            .points
            .split(|point| !(point.0.abs() <= LARGEST && scale.shows(point.1)))
            .filter(|piece| !piece.is_empty())
            .map(|piece| piece.iter().map(|point| (point.0, scale.position(point.1))).collect())
            .collect();
        Self { curve, pieces }
    }

    fn published(&self) -> bool {
        self.curve.style == CurveStyle::Published
    }

    fn is_reference(&self) -> bool {
        matches!(self.curve.style, CurveStyle::Published | CurveStyle::Bound)
    }

    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.pieces.iter().flatten().copied()
    }

    fn draw(&self, root: &Area, place: impl Fn((f64, f64)) -> Place) -> Drawn {
        let few = self.points().count() <= MARKED;
        for piece in &self.pieces {
            let points: Vec<_> = piece.iter().map(|point| place(*point)).collect();
            // A point alone is no line: without a mark it could not be seen.
            if points.len() == 1 || (few && !self.is_reference()) {
                let radius = if points.len() == 1 { 4.0 } else { 3.0 };
                for point in &points {
                    root.draw(&Circle::new(*point, units(radius), pen::colour(self.curve.style).filled()))?;
                }
            }
            pen::stroke(root, points, self.curve.style)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use resvg::usvg::roxmltree::{Document, Node};

    use super::*;
    use crate::report::raster;
    use crate::report::typeface::width;

    fn curve(label: &str, style: CurveStyle, points: &[(f64, f64)]) -> Curve {
        Curve { label: label.to_owned(), points: points.to_vec(), style }
    }

    fn chart(y_scale: Scale, curves: Vec<Curve>) -> Chart {
        let [title, x_label, y_label] = ["Training error", "epoch", "error"].map(str::to_owned);
        Chart { title, x_label, y_label, y_scale, curves, bands: Vec::new() }
    }

    #[test]
    fn a_band_lies_behind_its_curve_and_the_axis_has_room_for_it() {
        let points = [(0.0, 1.0), (1.0, 2.0)];
        let mut chart = chart(Scale::Linear, vec![curve("a", CurveStyle::Model(0), &points)]);
        chart.bands.push(Band {
            points: vec![(0.0, 0.5, 1.5), (1.0, 1.0, 6.0), (2.0, f64::NAN, 1.0)],
            style: CurveStyle::Model(0),
        });
        let svg = chart.svg();
        let document = Document::parse(&svg).unwrap();
        let band = document.descendants().find(|node| node.has_tag_name("polygon")).unwrap();
        assert_eq!(band.attribute("fill"), Some("#0072B2"));
        assert!((number(band, "opacity") - BAND_OPACITY).abs() < 1e-9);
        let corners: Vec<(f64, f64)> = band
            .attribute("points")
            .unwrap()
            .split_whitespace()
            .map(|pair| {
                let (x, y) = pair.split_once(',').unwrap();
                (x.parse::<f64>().unwrap() / 10.0, y.parse::<f64>().unwrap() / 10.0)
            })
            .collect();
        let line = &polylines(&document, "#0072B2")[0];
        // Upper side to the right, lower side back; the curve is between them, and all of it within the picture.
        assert_eq!(corners.len(), 4, "{corners:?}");
        assert!((corners[0].0 - line[0].0).abs() < 0.11 && (corners[1].0 - line[1].0).abs() < 0.11);
        assert!(corners[0].1 < line[0].1 && line[0].1 < corners[3].1, "{corners:?}, {line:?}");
        assert!(corners.iter().all(|&(_, y)| y > LINE && y < SIZE.1 - FOOT));
        let curve_at = svg.find("stroke=\"#0072B2\"").unwrap();
        assert!(svg.find("<polygon").unwrap() < curve_at, "the curve is drawn over its band");
    }

    /// 150 epochs that fall from 0.3 to 0.04.
    fn falling() -> Vec<(f64, f64)> {
        (0..150).map(|epoch| (f64::from(epoch), 0.04 + 0.26 * (-f64::from(epoch) / 12.0).exp())).collect()
    }

    fn number(node: Node, attribute: &str) -> f64 {
        node.attribute(attribute).unwrap().parse().unwrap()
    }

    /// Every text of the chart with its place, in pixels.
    fn texts(document: &Document) -> Vec<(String, f64, f64)> {
        let texts = document.descendants().filter(|node| node.has_tag_name("text"));
        texts
            .map(|node| {
                (node.text().unwrap().trim().to_owned(), number(node, "x") / 10.0, number(node, "y") / 10.0)
            })
            .collect()
    }

    /// The points of every polyline of a colour, in pixels.
    fn polylines(document: &Document, colour: &str) -> Vec<Vec<(f64, f64)>> {
        let lines = document.descendants().filter(|node| {
            node.has_tag_name("polyline")
                && node.attribute("stroke") == Some(colour)
                && node.attribute("opacity") == Some("1")
        });
        let point = |pair: &str| {
            let (x, y) = pair.split_once(',').unwrap();
            (x.parse::<f64>().unwrap() / 10.0, y.parse::<f64>().unwrap() / 10.0)
        };
        lines.map(|node| node.attribute("points").unwrap().split_whitespace().map(point).collect()).collect()
    }

    #[test]
    fn a_logarithmic_axis_has_several_labels_at_the_logarithms_of_their_values() {
        let svg = chart(Scale::Log, vec![curve("a", CurveStyle::Model(0), &falling())]).svg();
        let document = Document::parse(&svg).unwrap();
        let ticks: Vec<(f64, f64)> = texts(&document)
            .into_iter()
            .filter_map(|(text, _, y)| text.contains('.').then(|| (text.parse::<f64>().unwrap().log10(), y)))
            .collect();
        assert!(ticks.len() >= 5, "{ticks:?}");
        let (first, last) = (ticks[0], ticks[ticks.len() - 1]);
        for tick in &ticks {
            let expected = first.1 + (tick.0 - first.0) / (last.0 - first.0) * (last.1 - first.1);
            assert!((tick.1 - expected).abs() <= 0.2, "a label is off its place: {tick:?}, {expected}");
        }
        // And the curve is on the same scale: it begins at the value 0.3, which is a tick.
        let begin = polylines(&document, "#0072B2")[0][0];
        let of_tick = ticks.iter().find(|tick| (tick.0 - 0.3f64.log10()).abs() < 1e-9).unwrap();
        // Labels stand a pixel below their ticks.
        assert!((begin.1 + 1.0 - of_tick.1).abs() <= 0.3, "{begin:?} {of_tick:?}");
    }

    #[test]
    fn a_linear_axis_places_points_in_proportion() {
        let points = [(0.0, 0.0), (5.0, 0.1), (10.0, 0.4)];
        let svg = chart(Scale::Linear, vec![curve("a", CurveStyle::Model(0), &points)]).svg();
        let document = Document::parse(&svg).unwrap();
        let line = &polylines(&document, "#0072B2")[0];
        assert!(((line[1].0 - line[0].0) - (line[2].0 - line[1].0)).abs() <= 0.2);
        let ratio = (line[0].1 - line[1].1) / (line[0].1 - line[2].1);
        assert!((ratio - 0.25).abs() < 0.002, "{ratio}");
        let written: Vec<_> = texts(&document).into_iter().map(|(text, ..)| text).collect();
        for label in ["0.0", "0.4", "0", "10", "epoch", "error", "Training error", "a"] {
            assert!(written.iter().any(|text| text == label), "{label} is not in {written:?}");
        }
    }

    #[test]
    fn a_single_point_is_seen() {
        let svg = chart(Scale::Log, vec![curve("one", CurveStyle::Model(1), &[(1.0, 0.2)])]).svg();
        let document = Document::parse(&svg).unwrap();
        let mark = document.descendants().find(|node| node.has_tag_name("circle")).unwrap();
        assert_eq!(mark.attribute("fill"), Some("#D55E00"));
        assert!((number(mark, "r") - 40.0).abs() < 1e-9);
        let (columns, _, pixels) = raster::tests::decode(&raster::png(&svg, 1.0).unwrap());
        let at = (number(mark, "cy") / 10.0) as usize * columns + (number(mark, "cx") / 10.0) as usize;
        assert_eq!(pixels[at], [0xd5, 0x5e, 0x00]);
    }

    #[test]
    fn what_is_no_number_makes_a_gap() {
        let points = [
            (0.0, 0.3),
            (1.0, 0.2),
            (2.0, f64::NAN),
            (3.0, 0.1),
            (4.0, 0.1),
            (f64::NAN, 0.1),
            (6.0, -0.1),
            (7.0, 0.1),
        ];
        let svg = chart(Scale::Log, vec![curve("", CurveStyle::Model(0), &points)]).svg();
        let document = Document::parse(&svg).unwrap();
        let lengths: Vec<_> = polylines(&document, "#0072B2").iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 2, 1], "two lines, and a point that stands alone");
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn no_values_make_it_panic() {
        let extremes = [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN,
            1e300,
            -1e300,
            5e-324,
            0.0,
            -1.0,
            1.0,
        ];
        for y_scale in [Scale::Linear, Scale::Log] {
            for a in extremes {
                for b in extremes {
                    let points = [(a, b), (b, a), (a, a)];
                    let svg = chart(y_scale, vec![curve("x", CurveStyle::Model(usize::MAX), &points)]).svg();
                    assert!(Document::parse(&svg).is_ok() && !svg.contains("NaN"), "{a} {b}");
                }
            }
            for curves in [vec![], vec![curve("none", CurveStyle::Published, &[])]] {
                let svg = chart(y_scale, curves).svg();
                let document = Document::parse(&svg).unwrap();
                assert!(texts(&document).iter().any(|(text, ..)| text == "nothing to show"));
            }
        }
    }

    #[test]
    fn published_curves_lie_under_ours() {
        let curves = vec![
            curve("ours", CurveStyle::Model(0), &falling()),
            curve("published", CurveStyle::Published, &falling()),
        ];
        let svg = chart(Scale::Log, curves).svg();
        let (ours, published) = (svg.find("#0072B2").unwrap(), svg.find("#808080").unwrap());
        assert!(published < ours, "what is written later lies above");
        let document = Document::parse(&svg).unwrap();
        assert!(polylines(&document, "#808080").len() > 20, "published curves are dashed");
    }

    #[test]
    fn a_name_that_published_curves_share_is_said_once() {
        let names = |labels: [&str; 2]| {
            let curves = labels.map(|label| curve(label, CurveStyle::Published, &falling())).to_vec();
            let svg = chart(Scale::Log, curves).svg();
            let document = Document::parse(&svg).unwrap();
            texts(&document).iter().filter(|(text, ..)| labels.contains(&text.as_str())).count()
        };
        assert_eq!(names(["published", "published"]), 1);
        assert_eq!(names(["published, deep", "published, linear"]), 2);
    }

    #[test]
    fn eight_names_are_legible_and_within_the_chart() {
        let label = |index: usize| format!("three-layer-wide-{index}");
        let curves = (0..8).map(|index| curve(&label(index), CurveStyle::Model(index), &falling())).collect();
        let svg = chart(Scale::Log, curves).svg();
        let document = Document::parse(&svg).unwrap();
        let mut names: Vec<_> =
            texts(&document).into_iter().filter(|(text, ..)| text.starts_with("three")).collect();
        assert_eq!(names.len(), 8);
        names.sort_by(|a, b| a.2.total_cmp(&b.2));
        assert!(names.windows(2).all(|pair| pair[1].2 - pair[0].2 >= 16.0), "{names:?}");
        for (text, x, y) in &names {
            assert!(x + width(text, 13.0, Weight::Regular) <= SIZE.0 && *y > 0.0 && *y < SIZE.1);
        }
        let sizes = document.descendants().filter_map(|node| node.attribute("font-size"));
        assert!(
            sizes.map(|size| size.parse::<f64>().unwrap()).all(|size| size >= 120.0),
            "text under 12 pixels"
        );
    }

    #[test]
    fn any_text_is_only_text() {
        let evil = "</text><script>alert(1)</script> & \"it's\" \u{0}";
        let mut chart = chart(Scale::Log, vec![curve(evil, CurveStyle::Model(0), &falling())]);
        (chart.title, chart.x_label, chart.y_label) = (evil.to_owned(), evil.to_owned(), evil.to_owned());
        let svg = chart.svg();
        let document = Document::parse(&svg).unwrap();
        assert!(!document.descendants().any(|node| node.has_tag_name("script")));
        assert!(
            texts(&document)
                .iter()
                .any(|(text, ..)| text.starts_with("</text><script>alert(1)</script> & \"it's\""))
        );
    }

    #[test]
    fn the_same_chart_is_the_same_bytes() {
        let chart = chart(Scale::Log, vec![curve("a", CurveStyle::Model(0), &falling())]);
        assert_eq!(chart.svg(), chart.svg());
        assert_eq!(raster::png(&chart.svg(), 2.0).unwrap(), raster::png(&chart.svg(), 2.0).unwrap());
    }
}
