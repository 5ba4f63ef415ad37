//! The chart of error against latent size, and the page of a sweep.

use super::summary::{MeanError, PointSummary, SweepSummary};
use crate::experiment::page::cells::{columns, marked, thousands};
use crate::report::chart::{Band, Chart, Curve, CurveStyle, Scale};
use crate::report::page::{Block, Cell, Figure, Image, Page, Section, Span, Table};

/// Error against latent size: the best point of each size with its interval, exact PCA beside it, and a line at the elbow.
pub(super) fn elbow_chart(summary: &SweepSummary) -> String {
    let curve = &summary.curve;
    let style = CurveStyle::Model(0);
    let exact: Vec<(f64, f64)> =
        curve.iter().filter_map(|at| Some((at.latent as f64, at.exact_pca?))).collect();
    let highest = curve.iter().flat_map(|at| at.exact_pca.into_iter().chain(at.validation.high));
    let highest = highest.chain(curve.iter().map(|at| at.validation.mean)).fold(0.0, f64::max);
    let mut curves = vec![
        Curve { label: "exact PCA".to_owned(), points: exact, style: CurveStyle::Control },
        Curve {
            label: "best autoencoder".to_owned(),
            points: curve.iter().map(|at| (at.latent as f64, at.validation.mean)).collect(),
            style,
        },
    ];
    curves.extend(summary.elbow.map(|latent| Curve {
        label: String::new(),
        points: vec![(latent as f64, 0.0), (latent as f64, highest)],
        style: CurveStyle::Bound,
    }));
    let interval = |error: &MeanError| Some((error.low?.max(0.0), error.high?));
    let band = curve.iter().filter_map(|at| {
        let (low, high) = interval(&at.validation)?;
        Some((at.latent as f64, low, high))
    });
    let elbow = summary.elbow.map_or(String::new(), |latent| format!("; dotted: the elbow at {latent}"));
    Chart {
        title: format!("Error by latent size on {}{elbow}", summary.data.name),
        x_label: "latent size".to_owned(),
        y_label: format!(
            "validation error: mean squared error {}, {}",
            summary.data.per_feature(),
            summary.experiment.scale()
        ),
        y_scale: Scale::Linear,
        curves,
        bands: vec![Band { points: band.collect(), style }],
    }
    .svg()
}

/// The report: what was found, the chart, and the table of all points.
pub(super) fn page(summary: &SweepSummary, chart: Option<String>, coordinates: Option<String>) -> Page {
    let sections = [
        chart.map(|svg| Section {
            heading: "Error by latent size".to_owned(),
            blocks: vec![Block::Figure(elbow_figure(summary, svg))],
        }),
        Some(Section {
            heading: "All points".to_owned(),
            blocks: coordinates
                .map(|svg| coordinates_figure(summary, svg))
                .into_iter()
                .chain(points(summary))
                .collect(),
        }),
        Some(Section {
            heading: "What was run".to_owned(),
            blocks: vec![Block::Code(summary.experiment.to_toml())],
        }),
    ];
    Page {
        title: summary.experiment.title.clone(),
        subtitle: format!(
            "{} points, {} trainings on {}, {:.0} s, narrows {}",
            summary.points.len(),
            summary.trainings,
            summary.data.name,
            summary.seconds,
            summary.narrows
        ),
        answers: Some(Section { heading: "Answers".to_owned(), blocks: answers(summary) }),
        sections: sections.into_iter().flatten().collect(),
        live: None,
    }
}

fn answers(summary: &SweepSummary) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(best) = &summary.best {
        let text = format!(
            " has the least validation error. Its model of seed {} is in best/: validation error {}, and on the test set, which no \
             other model has seen, {}.",
            best.seed,
            digits(best.validation.model_scale),
            digits(best.test.model_scale)
        );
        blocks.push(Block::Paragraph(paragraph(vec![Span::Strong(best.point.clone()), Span::Text(text)])));
    }
    if summary.has_curve() {
        let text = Span::Text(format!("{} See ", summary.elbow_in_words));
        let figure = Span::Reference("figure-elbow".to_owned());
        blocks.push(Block::Paragraph(paragraph(vec![text, figure, Span::Text(".".to_owned())])));
    }
    blocks.extend(as_good(summary).map(|text| Block::Paragraph(text.into())));
    blocks
}

fn paragraph(spans: Vec<Span>) -> crate::report::page::Paragraph {
    crate::report::page::Paragraph(spans)
}

/// Which points the seeds do not tell from the best.
fn as_good(summary: &SweepSummary) -> Option<String> {
    let best = summary.points.first()?.validation?;
    let limit = best.high?;
    let others = summary.points.iter().skip(1).filter(|point| point.stopped_after.is_none());
    let others: Vec<&str> = others
        .filter(|point| point.validation.is_some_and(|error| error.low.is_some_and(|low| low <= limit)))
        .map(|point| point.name.as_str())
        .collect();
    Some(match others.len() {
        0 if summary.points.iter().any(|point| point.stopped_after.is_some()) => {
            "No other point that was trained to its end is as good: its interval over seeds meets no other."
                .to_owned()
        }
        0 => "No other point is as good: its interval over seeds meets no other.".to_owned(),
        1 => format!("{} may be as good: the intervals of the two over seeds meet.", others[0]),
        2..=5 => format!(
            "These may be as good, for their intervals over seeds meet its own: {}.",
            others.join(", ")
        ),
        count => format!("{count} other points may be as good: their intervals over seeds meet its own."),
    })
}

fn elbow_figure(summary: &SweepSummary, svg: String) -> Figure {
    let seeds = summary.experiment.sweep.as_ref().map_or(1, |sweep| sweep.seeds);
    let band = match seeds {
        1 => "of one seed, so nothing is known of how much seeds differ".to_owned(),
        _ => format!("the mean of {seeds} seeds, with its 95 % interval (Student's t) as a band"),
    };
    let caption = format!(
        "Error on {} validation rows of {} by latent size: of each size the point with the least error, {band}. Grey: exact PCA \
         with as many components. {}",
        thousands(summary.validation_rows),
        summary.data.name,
        summary.elbow_in_words
    );
    Figure {
        anchor: "figure-elbow".to_owned(),
        caption: caption.clone().into(),
        alt: caption,
        image: Image::Svg(svg),
    }
}

fn coordinates_figure(summary: &SweepSummary, svg: String) -> Block {
    let mut caption = "Every point as a line over what it was trained with and the mean validation error that came of it. Blue: the \
                       best. Lines that end low show which values good points share."
        .to_owned();
    if summary.points.iter().any(|point| point.stopped_after.is_some()) {
        caption += " Points that were stopped have the error that they had then.";
    }
    Block::Figure(Figure {
        anchor: "figure-points".to_owned(),
        caption: caption.clone().into(),
        alt: caption,
        image: Image::Svg(svg),
    })
}

fn points(summary: &SweepSummary) -> Vec<Block> {
    let best = summary.points.first().and_then(|point| point.validation).map(|error| digits(error.mean));
    let row = |point: &PointSummary| -> Vec<Cell> {
        let training = &point.training;
        let dash = || "–".to_owned();
        let exact = summary.curve.iter().find(|at| at.latent == point.latent()).and_then(|at| at.exact_pca);
        let half = point.validation.and_then(|error| error.half_width());
        vec![
            point.name.clone().into(),
            point.validation.map_or(Cell::default(), |error| marked(digits(error.mean), best.as_deref())),
            half.map_or_else(dash, |half| format!("±{}", digits(half))).into(),
            exact.map_or_else(dash, digits).into(),
            thousands(point.parameters).into(),
            point.epochs_in_words().into(),
            training.batch_size.to_string().into(),
            point.architecture.to_string().into(),
            training.optimiser.to_string().into(),
        ]
    };
    let caption = format!(
        "All points by their mean validation error ({}, {}) over seeds, with half the width of its 95 % interval, and the error of \
         exact PCA with as many components.",
        summary.data.per_feature(),
        summary.experiment.scale()
    );
    let mut blocks = vec![Block::Table(Table {
        anchor: "table-points".to_owned(),
        caption: caption.into(),
        columns: [
            columns(&["point"], &[], &["error", "95 %", "exact PCA", "parameters", "epochs", "batch"]),
            columns(&[], &["layers", "optimiser"], &[]),
        ]
        .concat(),
        rows: summary.points.iter().map(row).collect(),
        footnotes: Vec::new(),
    })];
    let stopped = summary.points.iter().filter(|point| point.stopped_after.is_some()).count();
    if stopped > 0 {
        let text = format!(
            "{stopped} of {} points were stopped before their end (successive halving): their errors were in the worse half of those \
             of their latent size. Their epochs say when, as 5 of 40; the error is that of the best epoch until then. They stand \
             below those that were trained to their end.",
            summary.points.len()
        );
        blocks.push(Block::Note(text.into()));
    }
    let diverged = summary.points.iter().filter(|point| point.has_diverged());
    blocks.extend(diverged.map(|point| {
        Block::Note(format!("{} has diverged with at least one seed, and has no mean.", point.name).into())
    }));
    blocks
}

/// Four digits that count, for errors of any scale.
pub(super) fn digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let whole = value.abs().log10().floor() as i32;
    let decimals = (3 - whole).clamp(0, 12) as usize;
    format!("{value:.decimals$}")
}
