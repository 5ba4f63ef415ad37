//! The names of the curves: each beside the end of its curve, none over another.
//!
//! They stand in one column right of the plot. Where curves end close together their names are pushed apart,
//! no further than needed, and a line leads from each curve's end to its name; a curve that ends before the
//! others is carried on by dots.
//!
//! Published curves all look the same. If each has a name of its own it stands beside it; if they share one,
//! it is said once, above the plot, with a piece of the line.

use plotters::prelude::*;

use super::pen::{self, Area, Drawn, INK, MUTED, Place, at, text, units, wide};
use super::{CurveStyle, Line};
use crate::report::typeface::{Weight, fit};

/// From the right end of the plot to a name: the part that leads up or down, and the level end.
const LEADER: (f64, f64) = (16.0, 14.0);
/// The height of a name.
const LINE: f64 = 18.0;
/// The most room for names: more would leave the curves less than half of the chart.
const WIDEST: f64 = 240.0;
/// The length of line in the key above the plot.
const SAMPLE: f64 = 28.0;

/// The names of a chart's curves.
pub(super) struct Names<'a> {
    /// What stands beside a curve, and the point where the curve ends.
    beside: Vec<(String, &'a Line<'a>, (f64, f64))>,
    /// What all published curves are called, if they share a name.
    key: Option<String>,
}

impl<'a> Names<'a> {
    /// The names of all curves that have a point and a name.
    pub(super) fn of(lines: &'a [Line<'a>]) -> Self {
        let short = |label: &str| fit(label, pen::TEXT.1, Weight::Regular, WIDEST);
        let ends = lines.iter().filter(|line| !line.curve.label.is_empty());
        let ends: Vec<_> = ends.filter_map(|line| Some((line, line.points().last()?))).collect();
        let published: Vec<&str> = ends
            .iter()
            .filter(|(line, _)| line.published())
            .map(|(line, _)| line.curve.label.as_str())
            .collect();
        let shared = published.len() > 1 && published.iter().all(|label| *label == published[0]);
        let beside = ends
            .iter()
            .filter(|(line, _)| !(shared && line.published()))
            .map(|(line, end)| (short(&line.curve.label), *line, *end))
            .collect();
        Self { beside, key: shared.then(|| short(published[0])) }
    }

    /// The pixels that the names take beside the plot.
    pub(super) fn room(&self) -> f64 {
        let widest = self.beside.iter().map(|(name, ..)| wide(name)).fold(0.0, f64::max);
        if self.beside.is_empty() { 0.0 } else { LEADER.0 + LEADER.1 + 8.0 + widest.ceil() }
    }

    /// The pixels that the key takes above the plot.
    pub(super) fn key_room(&self) -> f64 {
        self.key.as_ref().map_or(0.0, |key| wide(key) + SAMPLE + 24.0)
    }

    /// Draws the key so that it ends `right`, at the height `middle`, both in pixels.
    pub(super) fn draw_key(&self, area: &Area, right: f64, middle: f64) -> Drawn {
        let Some(key) = &self.key else { return Ok(()) };
        let left = right - wide(key);
        let sample = vec![at(left - SAMPLE - 8.0, middle), at(left - 8.0, middle)];
        pen::stroke(area, sample, CurveStyle::Published)?;
        area.draw(&Text::new(key.clone(), at(left, middle), text(MUTED)))
    }

    /// Draws the names right of the plot, which ends at `right` and reaches from the first to the second of
    /// `height`, in units; `place` says where a point lies.
    pub(super) fn draw(
        &self,
        area: &Area,
        place: impl Fn((f64, f64)) -> Place,
        right: i32,
        height: (i32, i32),
    ) -> Drawn {
        let ends: Vec<Place> = self.beside.iter().map(|(.., end)| place(*end)).collect();
        let wanted: Vec<f64> = ends.iter().map(|end| f64::from(end.1)).collect();
        let placed = spread(&wanted, f64::from(units(LINE)), (height.0.into(), height.1.into()));
        for (((name, line, _), end), level) in self.beside.iter().zip(ends).zip(placed) {
            let level = level.round() as i32;
            let style = line.curve.style;
            let colour = pen::colour(style);
            let turn = right + units(LEADER.0);
            let stop = turn + units(LEADER.1);
            let mut leader = vec![(right, end.1), (turn, level)];
            // A curve that ends by the edge needs no dots to get there.
            if right - end.0 > units(12.0) {
                let from = end.0 + units(7.0);
                pen::dashed(area, vec![(from, end.1), (right, end.1)], (1.5, 4.0), pen::line(colour, 1.5))?;
            } else {
                leader.insert(0, end);
            }
            area.draw(&PathElement::new(leader, pen::line(colour.mix(0.6), 1.0)))?;
            pen::stroke(area, vec![(turn, level), (stop, level)], style)?;
            let ink = if line.is_reference() { MUTED } else { INK };
            area.draw(&Text::new(name.clone(), (stop + units(6.0), level), text(ink)))?;
        }
        Ok(())
    }
}

/// Places as near as can be to `wanted`, at least `gap` apart and within `bounds` if they all fit.
///
/// Wishes that are too close form a group that is spread evenly about the mean of its wishes; groups that
/// then touch become one. This is the least sum of squares of all displacements (isotonic regression by
/// pooling neighbours).
fn spread(wanted: &[f64], gap: f64, bounds: (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    // A group: how many, and where its first stands.
    let mut groups: Vec<(usize, f64)> = Vec::new();
    for index in &order {
        let mut group = (1, wanted[*index]);
        while let Some(before) = groups.pop_if(|before| before.1 + before.0 as f64 * gap > group.1) {
            // Each start is the mean of its members' wishes, each less its distance from the start.
            let (count, start) = (before.0 + group.0, group.1 - before.0 as f64 * gap);
            group = (count, (before.1 * before.0 as f64 + start * group.0 as f64) / count as f64);
        }
        groups.push(group);
    }
    let mut placed = vec![0.0; wanted.len()];
    let starts =
        groups.iter().flat_map(|(count, start)| (0..*count).map(move |place| start + place as f64 * gap));
    for (rank, (index, place)) in order.iter().zip(starts).enumerate() {
        // Room for those above and those below.
        let (above, below) = (rank as f64 * gap, (wanted.len() - 1 - rank) as f64 * gap);
        placed[*index] = place.min(bounds.1 - below).max(bounds.0 + above);
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_fit_stay_where_they_belong() {
        assert_eq!(spread(&[10.0, 80.0, 40.0], 18.0, (0.0, 100.0)), [10.0, 80.0, 40.0]);
        assert_eq!(spread(&[], 18.0, (0.0, 100.0)), [0.0; 0]);
    }

    #[test]
    fn names_that_clash_move_apart_equally() {
        assert_eq!(spread(&[50.0, 50.0], 18.0, (0.0, 100.0)), [41.0, 59.0]);
        // The pair at 50 reaches 59; the wish for 70 is then too near, and all three move.
        assert_eq!(
            spread(&[50.0, 70.0, 50.0], 18.0, (0.0, 100.0)),
            [116.0 / 3.0, 116.0 / 3.0 + 36.0, 116.0 / 3.0 + 18.0]
        );
    }

    #[test]
    fn names_stay_within_the_plot() {
        assert_eq!(spread(&[99.0, 100.0], 18.0, (0.0, 100.0)), [82.0, 100.0]);
        assert_eq!(spread(&[1.0, 0.0], 18.0, (0.0, 100.0)), [18.0, 0.0]);
        let crowded = spread(&[50.0; 8], 18.0, (0.0, 60.0));
        assert!(crowded.windows(2).all(|pair| (pair[1] - pair[0] - 18.0).abs() < 1e-9), "{crowded:?}");
    }
}
