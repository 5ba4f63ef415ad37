//! Panels side by side, as SVG: points and lines over two axes, each of numbers or of names.
//!
//! All panels of a figure are equally large. The horizontal axis is labelled under its panel, the vertical one above it, where it
//! can be read without turning the head. Names that are too long are cut, and of too many under one another every second, third,
//! … is written.

use maud::{Markup, html};

use super::chart::ticks;
use super::gallery::{INK, LINE, MARGIN, document, rounded, title_height, title_width};
use super::theme::hex;
use super::typeface::{SMALL, Weight, fit, printable, width};

/// What an axis counts.
#[derive(Clone, Debug)]
pub enum Axis {
    /// Numbers; this is what they are.
    Numbers(String),
    /// Names at 0, 1, 2, …: from the left or from the top.
    Names {
        /// What they are names of.
        label: String,
        /// The names.
        names: Vec<String>,
    },
}

/// How points are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    /// Each by itself, with this radius in pixels; many are let through one another.
    Dots(f64),
    /// Joined by a line of this width in pixels.
    Line(f64),
}

/// Points of one colour.
#[derive(Clone, Debug)]
pub struct Series {
    /// `(x, y)`. A point that is no number is left out.
    pub points: Vec<(f64, f64)>,
    /// Red, green, blue, on white.
    pub colour: [u8; 3],
    /// How they are drawn.
    pub mark: Mark,
}

/// Points and lines over one pair of axes.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What stands over it; may be empty.
    pub title: String,
    /// From left to right.
    pub x: Axis,
    /// From bottom to top, or of names from top to bottom.
    pub y: Axis,
    /// What is drawn, the first under the others.
    pub series: Vec<Series>,
    /// Whether the line y = x is drawn too.
    pub diagonal: bool,
}

/// What a colour stands for.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its name.
    pub label: String,
    /// Red, green, blue, on white.
    pub colour: [u8; 3],
}

/// The longest name beside and below a panel, in pixels.
const LONGEST_NAME: (f64, f64) = (170.0, 120.0);
/// The least distance of two names below a panel.
const NAME_GAP: f64 = 16.0;
/// The space between two panels.
const GAP: f64 = 28.0;
const GRID: &str = "#e4e4e4";
const AXIS: &str = "#8c8c8c";

/// `panels` of so many pixels each, `columns` in a row, under a title and a key of colours.
pub fn panels(
    title: &str,
    key: &[Key],
    (wide, high): (f64, f64),
    columns: usize,
    panels: &[Panel],
) -> String {
    let room = Room::of(panels);
    let columns = columns.clamp(1, panels.len().max(1));
    let total = (columns as f64 * (room.left + wide + GAP) - GAP).max(title_width(title)).max(300.0);
    let key = Keys::of(key, total);
    let top = MARGIN + title_height(title) + key.height();
    let mut body = vec![key.markup(MARGIN + title_height(title))];
    // Under one another, panels share the names below the last.
    let named = |panel: &Panel| matches!(panel.x, Axis::Names { .. });
    let shared = columns == 1 && panels.iter().all(named);
    let below = if shared { 0.0 } else { room.bottom };
    let pitch = room.top + high + below + GAP / 2.0;
    for (index, panel) in panels.iter().enumerate() {
        let left = MARGIN + (index % columns) as f64 * (room.left + wide + GAP) + room.left;
        let y = top + (index / columns) as f64 * pitch + room.top;
        let labelled = !shared || index + 1 == panels.len();
        body.push(Plot { left, top: y, wide, high, panel, labelled }.markup(room.left));
    }
    let rows = panels.len().div_ceil(columns) as f64;
    let height = top + rows * pitch + (room.bottom - below) + MARGIN / 2.0;
    document(title, total + 2.0 * MARGIN, height, html! { @for part in body { (part) } })
}

/// The room around each panel for its texts.
struct Room {
    left: f64,
    top: f64,
    bottom: f64,
}

impl Room {
    fn of(panels: &[Panel]) -> Self {
        let any = |test: fn(&Panel) -> bool| panels.iter().any(test);
        let left = panels.iter().map(|panel| beside(&panel.y, &values(panel, |p| p.1))).fold(40.0, f64::max);
        let below = |panel: &Panel| match &panel.x {
            Axis::Numbers(_) => 16.0,
            // Written at 45 degrees.
            Axis::Names { names, .. } => {
                let longest =
                    names.iter().map(|name| text_width(name).min(LONGEST_NAME.1)).fold(0.0, f64::max);
                longest * 0.71 + 14.0
            }
        };
        let titled = any(|panel| !panel.title.is_empty());
        Self {
            left,
            top: if titled { 2.0 * LINE + 4.0 } else { LINE + 4.0 },
            bottom: panels.iter().map(below).fold(16.0, f64::max) + LINE + 4.0,
        }
    }
}

fn beside(axis: &Axis, values: &[f64]) -> f64 {
    let texts = match axis {
        Axis::Names { names, .. } => names.clone(),
        Axis::Numbers(_) => ticks::labels(&Span::of(values).ticks(6)),
    };
    texts.iter().map(|text| text_width(text).min(LONGEST_NAME.0)).fold(0.0, f64::max).ceil() + 12.0
}

fn text_width(text: &str) -> f64 {
    // A viewer's own font may be wider than the one measured.
    width(text, SMALL, Weight::Regular) * 1.1
}

fn values(panel: &Panel, of: fn(&(f64, f64)) -> f64) -> Vec<f64> {
    let points = panel.series.iter().flat_map(|series| &series.points);
    points.filter(|point| point.0.is_finite() && point.1.is_finite()).map(of).collect()
}

/// From the least to the greatest value of an axis, with a little more on both sides.
#[derive(Clone, Copy)]
struct Span {
    low: f64,
    high: f64,
}

impl Span {
    fn of(values: &[f64]) -> Self {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if low > high {
            return Self { low: 0.0, high: 1.0 };
        }
        let more = if high > low { 0.04 * (high - low) } else { (0.05 * high.abs()).max(1.0) };
        Self { low: low - more, high: high + more }
    }

    fn names(count: usize) -> Self {
        Self { low: -0.6, high: count.max(1) as f64 - 0.4 }
    }

    fn joined(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    fn ticks(self, count: usize) -> Vec<f64> {
        let ticks = ticks::linear(self.low, self.high, count, 0.0);
        ticks.into_iter().filter(|tick| (self.low..=self.high).contains(tick)).collect()
    }

    fn share(self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// A panel at its place.
struct Plot<'a> {
    left: f64,
    top: f64,
    wide: f64,
    high: f64,
    panel: &'a Panel,
    /// Whether names stand below it.
    labelled: bool,
}

impl Plot<'_> {
    fn spans(&self) -> (Span, Span) {
        let Panel { x, y, .. } = self.panel;
        let span = |axis: &Axis, of: fn(&(f64, f64)) -> f64| match axis {
            Axis::Numbers(_) => Span::of(&values(self.panel, of)),
            Axis::Names { names, .. } => Span::names(names.len()),
        };
        let (across, down) = (span(x, |p| p.0), span(y, |p| p.1));
        if self.panel.diagonal {
            let both = across.joined(down);
            return (both, both);
        }
        (across, down)
    }

    fn markup(&self, room: f64) -> Markup {
        let (across, down) = self.spans();
        let from_top = matches!(self.panel.y, Axis::Names { .. });
        let x = |value: f64| rounded(self.left + self.wide * across.share(value));
        let y = |value: f64| {
            let share = down.share(value);
            rounded(self.top + self.high * if from_top { share } else { 1.0 - share })
        };
        let Panel { title, series, diagonal, .. } = self.panel;
        html! {
            (self.headings(title, room))
            (self.horizontal(across, x))
            (self.vertical(down, y))
            @if *diagonal {
                line x1=(x(across.low)) y1=(y(across.low)) x2=(x(across.high)) y2=(y(across.high)) stroke=(AXIS) stroke-dasharray="4 3" {}
            }
            @for one in series { (drawn(one, x, y)) }
            rect x=(self.left) y=(self.top) width=(self.wide) height=(self.high) fill="none" stroke=(AXIS) {}
        }
    }

    /// The panel's title, and what its vertical axis counts.
    fn headings(&self, title: &str, room: f64) -> Markup {
        let (Axis::Numbers(label) | Axis::Names { label, .. }) = &self.panel.y;
        let space = room + self.wide;
        html! {
            @if !title.is_empty() {
                text x=(self.left) y=(self.top - LINE - 8.0) font-size="13" font-weight="600" fill=(INK.0) {
                    (fit(title, 13.0, Weight::SemiBold, self.wide))
                }
            }
            text x=(self.left - room + 4.0) y=(self.top - 8.0) font-size=(SMALL) fill=(INK.1) { (fit(label, SMALL, Weight::Regular, space)) }
        }
    }

    fn horizontal(&self, span: Span, place: impl Fn(f64) -> f64) -> Markup {
        let bottom = self.top + self.high;
        let middle = self.left + self.wide / 2.0;
        match &self.panel.x {
            Axis::Numbers(label) => {
                let ticks = span.ticks((self.wide / 90.0) as usize + 1);
                let labels = ticks::labels(&ticks);
                html! {
                    @for (tick, label) in ticks.iter().zip(&labels) {
                        line x1=(place(*tick)) y1=(self.top) x2=(place(*tick)) y2=(bottom) stroke=(GRID) {}
                        text x=(place(*tick)) y=(bottom + 15.0) text-anchor="middle" font-size=(SMALL) fill=(INK.1) { (label) }
                    }
                    text x=(middle) y=(bottom + 15.0 + LINE) text-anchor="middle" font-size=(SMALL) fill=(INK.1) { (fit(label, SMALL, Weight::Regular, self.wide * 1.1)) }
                }
            }
            Axis::Names { names, label } => {
                let every = (NAME_GAP * names.len() as f64 / self.wide).ceil().max(1.0) as usize;
                let longest =
                    names.iter().map(|name| text_width(name).min(LONGEST_NAME.1)).fold(0.0, f64::max);
                html! {
                    @for (index, name) in names.iter().enumerate() {
                        @let x = place(index as f64);
                        line x1=(x) y1=(self.top) x2=(x) y2=(bottom) stroke=(GRID) {}
                        @if self.labelled && index % every == 0 {
                            text x=(x + 4.0) y=(bottom + 12.0) text-anchor="end" font-size=(SMALL) fill=(INK.1) transform=(format!("rotate(-45 {x} {})", bottom + 10.0)) {
                                (fit(name, SMALL, Weight::Regular, LONGEST_NAME.1))
                            }
                        }
                    }
                    @if self.labelled { text x=(middle) y=(rounded(bottom + longest * 0.71 + 14.0 + LINE)) text-anchor="middle" font-size=(SMALL) fill=(INK.1) { (printable(label)) } }
                }
            }
        }
    }

    fn vertical(&self, span: Span, place: impl Fn(f64) -> f64) -> Markup {
        let (ticks, labels): (Vec<f64>, Vec<String>) = match &self.panel.y {
            Axis::Names { names, .. } => {
                let short = |name: &String| fit(name, SMALL, Weight::Regular, LONGEST_NAME.0 / 1.1);
                ((0..names.len()).map(|index| index as f64).collect(), names.iter().map(short).collect())
            }
            Axis::Numbers(_) => {
                let ticks = span.ticks((self.high / 50.0) as usize + 1);
                let labels = ticks::labels(&ticks);
                (ticks, labels)
            }
        };
        let (left, right) = (self.left, self.left + self.wide);
        html! {
            @for (tick, label) in ticks.iter().zip(&labels) {
                line x1=(left) y1=(place(*tick)) x2=(right) y2=(place(*tick)) stroke=(GRID) {}
                text x=(left - 6.0) y=(place(*tick) + 4.0) text-anchor="end" font-size=(SMALL) fill=(INK.1) { (label) }
            }
        }
    }
}

fn drawn(series: &Series, x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) -> Markup {
    let finite: Vec<_> =
        series.points.iter().filter(|point| point.0.is_finite() && point.1.is_finite()).collect();
    let colour = hex(series.colour);
    match series.mark {
        // One path for all dots: a circle for each of thousands would make a large file.
        Mark::Dots(radius) => {
            let dot = |point: &&(f64, f64)| format!("M{} {}h.01", x(point.0), y(point.1));
            let path: String = finite.iter().map(dot).collect();
            let opacity = if finite.len() > 100 { "0.6" } else { "1" };
            html! { path d=(path) stroke=(colour) stroke-width=(2.0 * radius) stroke-linecap="round" stroke-opacity=(opacity) fill="none" {} }
        }
        Mark::Line(wide) => {
            let corner = |point: &&(f64, f64)| format!("{},{}", x(point.0), y(point.1));
            let corners: Vec<String> = finite.iter().map(corner).collect();
            html! { polyline points=(corners.join(" ")) stroke=(colour) stroke-width=(wide) stroke-linejoin="round" fill="none" {} }
        }
    }
}

/// The key above all panels, in as many lines as it takes.
struct Keys<'a> {
    lines: Vec<Vec<(f64, &'a Key, String)>>,
}

impl<'a> Keys<'a> {
    fn of(keys: &'a [Key], room: f64) -> Self {
        let mut lines: Vec<Vec<(f64, &Key, String)>> = Vec::new();
        let mut left = f64::INFINITY;
        for key in keys {
            let label = fit(&key.label, SMALL, Weight::Regular, LONGEST_NAME.0);
            let wide = text_width(&label) + 34.0;
            if left + wide > room {
                lines.push(Vec::new());
                left = 0.0;
            }
            if let Some(line) = lines.last_mut() {
                line.push((left, key, label));
            }
            left += wide;
        }
        Self { lines }
    }

    fn height(&self) -> f64 {
        self.lines.len() as f64 * LINE + if self.lines.is_empty() { 0.0 } else { 8.0 }
    }

    fn markup(&self, top: f64) -> Markup {
        html! {
            @for (number, line) in self.lines.iter().enumerate() {
                @let y = top + number as f64 * LINE;
                @for (left, key, label) in line {
                    rect x=(rounded(MARGIN + left)) y=(y + 2.0) width="12" height="10" rx="2" fill=(hex(key.colour)) {}
                    text x=(rounded(MARGIN + left + 18.0)) y=(y + 11.0) font-size=(SMALL) fill=(INK.0) { (label) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use resvg::usvg::roxmltree::Document;

    use super::*;
    use crate::report::raster::{self, tests::decode};

    fn panel(x: Axis, y: Axis, points: Vec<(f64, f64)>, mark: Mark) -> Panel {
        Panel {
            title: "a".to_owned(),
            x,
            y,
            series: vec![Series { points, colour: [0, 114, 178], mark }],
            diagonal: false,
        }
    }

    fn numbers() -> Axis {
        Axis::Numbers("value".to_owned())
    }

    fn named(count: usize, length: usize) -> Axis {
        let names = (0..count).map(|i| format!("{i}{}", "m".repeat(length))).collect();
        Axis::Names { label: "column".to_owned(), names }
    }

    #[test]
    fn points_stand_where_their_values_are() {
        let svg = panels(
            "",
            &[],
            (200.0, 100.0),
            1,
            &[panel(numbers(), numbers(), vec![(0.0, 0.0), (10.0, 5.0)], Mark::Line(2.0))],
        );
        let document = Document::parse(&svg).unwrap();
        let line = document.descendants().find(|node| node.has_tag_name("polyline")).unwrap();
        let frame = document.descendants().rfind(|node| node.has_tag_name("rect")).unwrap();
        let number = |name| frame.attribute(name).unwrap().parse::<f64>().unwrap();
        let corners: Vec<Vec<f64>> = line
            .attribute("points")
            .unwrap()
            .split(' ')
            .map(|corner| corner.split(',').map(|x| x.parse().unwrap()).collect())
            .collect();
        // Four hundredths of the extent lie on each side.
        let (left, top) = (number("x"), number("y"));
        let expected = [
            [left + 200.0 * 0.04 / 1.08, top + 100.0 * 1.04 / 1.08],
            [left + 200.0 * 1.04 / 1.08, top + 100.0 * 0.04 / 1.08],
        ];
        for (corner, expected) in corners.iter().zip(expected) {
            assert!(corner.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.02), "{corners:?}");
        }
    }

    #[test]
    fn names_are_cut_and_thinned_so_that_none_lies_on_another() {
        let svg = panels(
            "many",
            &[],
            (300.0, 200.0),
            1,
            &[panel(named(100, 60), numbers(), vec![(0.0, 1.0)], Mark::Dots(3.0))],
        );
        let document = Document::parse(&svg).unwrap();
        let written: Vec<f64> = document
            .descendants()
            .filter(|node| node.attribute("transform").is_some())
            .map(|node| node.attribute("x").unwrap().parse().unwrap())
            .collect();
        assert!(
            written.len() >= 10 && written.windows(2).all(|pair| pair[1] - pair[0] >= NAME_GAP - 0.1),
            "{written:?}"
        );
        assert!(
            document.descendants().filter(|n| n.has_tag_name("text")).all(|n| n
                .text()
                .unwrap()
                .chars()
                .count()
                < 30)
        );
    }

    #[test]
    fn nothing_numbers_that_are_none_and_one_value_are_figures_too() {
        for points in [vec![], vec![(f64::NAN, 1.0), (1.0, f64::INFINITY)], vec![(3.0, 3.0)]] {
            for (x, y) in [(numbers(), numbers()), (named(3, 2), numbers()), (numbers(), named(0, 0))] {
                let mut one = panel(x, y, points.clone(), Mark::Dots(3.0));
                one.diagonal = true;
                let svg = panels(
                    "t",
                    &[Key { label: "k".repeat(200), colour: [0; 3] }],
                    (100.0, 100.0),
                    2,
                    &[one.clone(), one],
                );
                let (wide, _, pixels) = decode(&raster::png(&svg, 1.0).unwrap());
                assert!(wide > 200 && !pixels.is_empty());
            }
        }
    }
}
