//! Rows of tables as lines over their columns: what pictures are to images.

use narrows::dataset::{Moments, Parts};
use narrows::report::panels::{Axis, Mark, Panel, Series};

use crate::failure::Failure;

/// The width and height of a panel, in pixels.
pub const PANEL: (f64, f64) = (700.0, 180.0);

/// What all lines are drawn in.
pub const SCALE: &str = "0 is a column's mean over the training set, 1 is one standard deviation above it";

/// The colour of rows as they are, and of blends of them.
pub const GREY: [u8; 3] = [0x59, 0x59, 0x59];

/// Columns that are drawn: more would be less than three pixels apart.
const MAX_COLUMNS: usize = 256;

/// The first of several lines has so much of its colour, the last all.
const PALEST: f64 = 0.3;

/// The columns of a table, in a scale in which they fit one axis.
#[derive(Debug)]
pub struct Profiles {
    names: Vec<String>,
    columns: Vec<Moments>,
}

/// A row in the units of the data, to be drawn as a line.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// A value for each column; there is no line where one is missing.
    pub raw: &'a [f32],
    /// On white.
    pub colour: [u8; 3],
}

impl Profiles {
    /// Of the columns of a training set, which is read for their means.
    pub fn of(data: &Parts) -> Result<Self, Failure> {
        let columns = data.train().moments()?;
        let names = (0..columns.len().min(MAX_COLUMNS)).map(|column| data.schema().column(column)).collect();
        Ok(Self { names, columns })
    }

    /// What is left out, to stand behind a title; empty if nothing is.
    pub fn left_out(&self) -> String {
        match self.names.len() == self.columns.len() {
            true => String::new(),
            false => format!(". The first {} of {} columns", self.names.len(), self.columns.len()),
        }
    }

    /// Lines over all columns.
    pub fn panel(&self, title: String, lines: &[Line<'_>]) -> Panel {
        Panel {
            title,
            x: Axis::Names { label: "column".to_owned(), names: self.names.clone() },
            y: Axis::Numbers("standardised value".to_owned()),
            series: lines.iter().flat_map(|line| self.series(line)).collect(),
            diagonal: false,
        }
    }

    /// One line for each of several rows that lie one after the other, the first the palest.
    pub fn way(&self, title: String, raw: &[f32], colour: [u8; 3]) -> Panel {
        let rows: Vec<&[f32]> = raw.chunks_exact(self.columns.len()).collect();
        let last = rows.len().saturating_sub(1).max(1) as f64;
        let share = |step: usize| PALEST + (1.0 - PALEST) * step as f64 / last;
        let lines: Vec<Line<'_>> = rows
            .iter()
            .enumerate()
            .map(|(step, raw)| Line { raw, colour: on_white(colour, share(step)) })
            .collect();
        self.panel(title, &lines)
    }

    /// A line for each run of columns that have a value, and a dot for one that stands alone: what is missing is a gap.
    fn series(&self, &Line { raw, colour }: &Line<'_>) -> Vec<Series> {
        let standardised = |(column, &raw): (&Moments, &f32)| {
            let deviation = if column.is_constant() { 1.0 } else { column.variance().sqrt() };
            (f64::from(raw) - column.mean) / deviation
        };
        let values = self.columns.iter().zip(raw).map(standardised).take(self.names.len());
        let points: Vec<(f64, f64)> =
            values.enumerate().map(|(place, value)| (place as f64, value)).collect();
        let runs = points.split(|point| point.1.is_nan()).filter(|run| !run.is_empty());
        let drawn = |run: &[(f64, f64)]| Series {
            points: run.to_vec(),
            colour,
            mark: if run.len() == 1 { Mark::Dots(2.5) } else { Mark::Line(1.8) },
        };
        runs.map(drawn).collect()
    }
}

/// So much of a colour, on white.
fn on_white(colour: [u8; 3], share: f64) -> [u8; 3] {
    colour.map(|part| (255.0 + (f64::from(part) - 255.0) * share).round() as u8)
}
