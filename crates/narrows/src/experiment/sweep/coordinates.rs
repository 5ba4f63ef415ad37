//! Every point of a sweep over an axis for each setting that varies, and one for the error.

use super::summary::{PointSummary, SweepSummary};
use crate::report::parallel::{ParallelAxis, ParallelLine, parallel_coordinates};

/// A setting as text, and where it sorts.
type Value = (f64, String);

/// What it is called, and its value at a point.
type Setting = (&'static str, fn(&PointSummary) -> Value);

/// What points may differ in.
const SETTINGS: [Setting; 7] = [
    ("latent size", |point| number(point.latent() as f64)),
    ("layers before it", |point| {
        let widths = &point.architecture.hidden[..point.architecture.hidden.len().saturating_sub(1)];
        let text = widths.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let text = if text.is_empty() { "none".to_owned() } else { text };
        (widths.iter().sum::<usize>() as f64, text)
    }),
    ("activation", |point| (0.0, point.architecture.activation.to_string())),
    ("optimiser", |point| (0.0, point.training.optimiser.kind().to_owned())),
    ("learning rate", |point| number(point.training.optimiser.learning_rate())),
    ("batch size", |point| number(point.training.batch_size as f64)),
    ("epochs", |point| number(point.training.epochs as f64)),
];

fn number(value: f64) -> Value {
    (value, value.to_string())
}

/// The figure; nothing where fewer than two settings vary, for the chart of one is plainer.
pub(super) fn coordinates(summary: &SweepSummary) -> Option<String> {
    let measured: Vec<(&PointSummary, f64)> =
        summary.points.iter().filter_map(|point| Some((point, point.validation?.mean))).collect();
    let low = measured.first()?.1;
    let (low, high) =
        measured.iter().fold((low, low), |(low, high), &(_, error)| (low.min(error), high.max(error)));
    let mut axes = Vec::new();
    let mut places = vec![Vec::new(); measured.len()];
    for (label, value) in SETTINGS {
        let mut values: Vec<Value> = measured.iter().map(|(point, _)| value(point)).collect();
        let of_points = values.clone();
        values.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        values.dedup();
        if values.len() < 2 {
            continue;
        }
        // Evenly spaced: sizes and rates are mostly tried in powers.
        let steps = (values.len() - 1) as f64;
        for (places, wanted) in places.iter_mut().zip(of_points) {
            let index = values.iter().position(|known| *known == wanted).unwrap_or(0);
            places.push(index as f64 / steps);
        }
        let ticks = values.into_iter().enumerate().map(|(index, (_, text))| (index as f64 / steps, text));
        axes.push(ParallelAxis { label: label.to_owned(), ticks: ticks.collect() });
    }
    if axes.len() < 2 || high <= low {
        return None;
    }
    for (places, (_, error)) in places.iter_mut().zip(&measured) {
        places.push((error - low) / (high - low));
    }
    let tick = |share: f64| (share, super::report::digits(low + share * (high - low)));
    let ticks = [0.0, 0.25, 0.5, 0.75, 1.0].map(tick).to_vec();
    axes.push(ParallelAxis { label: "validation error".to_owned(), ticks });
    let line = |(index, places)| ParallelLine { places, is_best: index == 0 };
    let lines: Vec<ParallelLine> = places.into_iter().enumerate().map(line).collect();
    Some(parallel_coordinates(&format!("All points on {}", summary.data.name), &axes, &lines))
}
