//! Parallel coordinates as SVG (Inselberg 1985): an axis for each setting, a line for each combination, so that one sees which
//! values good combinations share.

use maud::{Markup, html};

use super::gallery::{INK, LINE, MARGIN, document, rounded, title_height};
use super::palette;
use super::theme::hex;
use super::typeface::{SMALL, Weight, fit, width};

/// An upright axis.
#[derive(Clone, Debug)]
pub struct ParallelAxis {
    /// What it counts.
    pub label: String,
    /// What is written along it: a place from 0, at the bottom, to 1, and a text.
    pub ticks: Vec<(f64, String)>,
}

/// A line from axis to axis.
#[derive(Clone, Debug)]
pub struct ParallelLine {
    /// Where it crosses each axis, from 0 to 1.
    pub places: Vec<f64>,
    /// Whether it stands out.
    pub is_best: bool,
}

const HEIGHT: f64 = 280.0;
/// The least room for one axis, and the least width of all together.
const PITCH: f64 = 130.0;
const WIDTH: f64 = 688.0;
/// The space between the ends of an axis and its first and last tick.
const PADDING: f64 = 18.0;
const AXIS: &str = "#8c8c8c";

/// The lines over the axes, under a title. The best ones are drawn last, in the colour of the first model.
pub fn parallel_coordinates(title: &str, axes: &[ParallelAxis], lines: &[ParallelLine]) -> String {
    let widest = |axis: Option<&ParallelAxis>| {
        let ticks = axis.into_iter().flat_map(|axis| &axis.ticks);
        ticks.map(|(_, text)| width(text, SMALL, Weight::Regular) * 1.15).fold(0.0, f64::max)
    };
    let pitch = (WIDTH / axes.len().max(1) as f64).max(PITCH);
    // Ticks stand right of their axis; the last axis needs room for its own.
    let left = MARGIN + 8.0;
    let x = |axis: usize| rounded(left + pitch * axis as f64);
    let top = MARGIN + title_height(title) + LINE;
    let y = |place: f64| rounded(top + PADDING + (1.0 - place) * (HEIGHT - 2.0 * PADDING));
    let right = x(axes.len().saturating_sub(1)) + widest(axes.last()).max(PITCH - 30.0) + MARGIN;
    let (under, over): (Vec<_>, Vec<_>) = lines.iter().partition(|line| !line.is_best);
    let best = hex(palette::style(0).colour.light);
    let body = html! {
        @for line in under { (drawn(line, x, y, AXIS, 1.0)) }
        @for line in over { (drawn(line, x, y, &best, 2.5)) }
        @for (place, axis) in axes.iter().enumerate() {
            @let x = x(place);
            line x1=(x) y1=(top) x2=(x) y2=(top + HEIGHT) stroke=(INK.1) {}
            text x=(x - 8.0) y=(top - 8.0) font-size=(SMALL) font-weight="600" fill=(INK.0) {
                (fit(&axis.label, SMALL, Weight::SemiBold, pitch - 12.0))
            }
            @for (at, text) in &axis.ticks {
                line x1=(x - 3.0) y1=(y(*at)) x2=(x + 3.0) y2=(y(*at)) stroke=(INK.1) {}
                // A rim of the paper's colour keeps text legible over lines.
                text x=(x + 7.0) y=(y(*at) - 5.0) font-size=(SMALL) fill=(INK.0) stroke="#ffffff" stroke-width="4" stroke-linejoin="round" paint-order="stroke" {
                    (fit(text, SMALL, Weight::Regular, pitch - 16.0))
                }
            }
        }
    };
    document(title, right.max(left + WIDTH), top + HEIGHT + MARGIN, body)
}

fn drawn(
    line: &ParallelLine,
    x: impl Fn(usize) -> f64,
    y: impl Fn(f64) -> f64,
    colour: &str,
    wide: f64,
) -> Markup {
    let corner = |(axis, place): (usize, &f64)| format!("{},{}", x(axis), y(*place));
    let corners: Vec<String> = line.places.iter().enumerate().map(corner).collect();
    html! { polyline points=(corners.join(" ")) stroke=(colour) stroke-width=(wide) stroke-opacity="0.8" stroke-linejoin="round" fill="none" {} }
}

#[cfg(test)]
mod tests {
    use resvg::usvg::roxmltree::Document;

    use super::*;

    #[test]
    fn every_combination_is_a_line_and_the_best_lies_above() {
        let axis = |label: &str| ParallelAxis {
            label: label.to_owned(),
            ticks: vec![(0.0, "2".to_owned()), (1.0, "<8>".to_owned())],
        };
        let line = |places: [f64; 2], is_best| ParallelLine { places: places.to_vec(), is_best };
        let lines = [line([1.0, 0.0], true), line([0.0, 1.0], false), line([0.0, 0.0], false)];
        let svg = parallel_coordinates("Points", &[axis("latent"), axis("error")], &lines);
        let document = Document::parse(&svg).unwrap();
        let drawn: Vec<_> = document.descendants().filter(|node| node.has_tag_name("polyline")).collect();
        let colours: Vec<_> = drawn.iter().filter_map(|line| line.attribute("stroke")).collect();
        assert_eq!(colours, [AXIS, AXIS, "#0072b2"]);
        let heights = |points: &str| -> Vec<f64> {
            points.split(' ').map(|point| point.split_once(',').unwrap().1.parse().unwrap()).collect()
        };
        let best = heights(drawn[2].attribute("points").unwrap());
        assert!((best[1] - best[0] - (HEIGHT - 2.0 * PADDING)).abs() < 0.02, "{best:?}");
        assert!(svg.contains("&lt;8&gt;"));
    }
}
