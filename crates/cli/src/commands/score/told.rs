//! Scores in words.

use narrows::dataset::Schema;
use narrows::evaluate::anomaly::{AnomalyScorer, Estimate, Reason, Separation};

use super::passes::{Found, Separated, Strange};
use crate::commands::model_file::LoadedModel;
use crate::table::Table;

/// `s12 37 %, s07 31 %; s12 is 0.0991, expected 0.1639`
pub fn because(schema: &Schema, reasons: &[Reason]) -> String {
    let name = |reason: &Reason| feature(schema, reason.feature);
    let shares = reasons.iter().map(|reason| format!("{} {:.0} %", name(reason), 100.0 * reason.share));
    let first = reasons.first().map(|reason| {
        let [found, expected] = [reason.found, reason.expected].map(number);
        format!("; {} is {found}, expected {expected}", name(reason))
    });
    shares.collect::<Vec<_>>().join(", ") + &first.unwrap_or_default()
}

/// What a feature is called: a column by its name, a pixel by its place.
fn feature(schema: &Schema, index: usize) -> String {
    match schema.image() {
        Some(image) => {
            let pixel = index / image.channels;
            format!("pixel ({}, {})", pixel / image.width, pixel % image.width)
        }
        None => schema.column(index),
    }
}

/// A number with four digits that count.
pub fn number(number: f32) -> String {
    let size = number.abs();
    if number == 0.0 || (1e-4..1e6).contains(&size) {
        let exponent =
            format!("{size:.3e}").split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok());
        let digits = (3 - exponent.unwrap_or(0)).clamp(0, 7) as usize;
        let text = format!("{number:.digits$}");
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text,
        }
    } else {
        format!("{number:.3e}")
    }
}

/// The strangest rows for people: numbers under one another, and behind them the reasons.
pub fn table(model: &LoadedModel, strangest: &[Strange]) -> String {
    let any = |of: fn(&Strange) -> bool| strangest.iter().any(of);
    let shown = [
        true,
        true,
        any(|strange| strange.percentile.is_some()),
        any(|strange| strange.is_anomaly.is_some()),
        any(|strange| strange.pca_score.is_some()),
    ];
    let of_shown = |cells: [String; 5]| -> Vec<String> {
        cells.into_iter().zip(shown).filter(|(_, shown)| *shown).map(|(cell, _)| cell).collect()
    };
    let headings = of_shown(["row", "score", "percentile", "label", "by exact PCA"].map(str::to_owned));
    let mut table = Table::new(&headings.iter().map(String::as_str).collect::<Vec<_>>());
    for strange in strangest {
        let dash = || "–".to_owned();
        table.row(of_shown([
            strange.name.clone(),
            format!("{:.4}", strange.score),
            strange.percentile.map_or_else(dash, |percentile| format!("{percentile:.1}")),
            strange.is_anomaly.map_or_else(dash, |label| u8::from(label).to_string()),
            strange.pca_score.map_or_else(dash, |score| format!("{score:.4}")),
        ]));
    }
    let with_reasons = any(|strange| !strange.reasons.is_empty());
    let reasons = strangest.iter().map(|strange| because(model.model.input.schema(), &strange.reasons));
    let behind = std::iter::once("because".to_owned()).chain(reasons);
    let numbers = table.text();
    match with_reasons {
        true => numbers.lines().zip(behind).map(|(line, because)| format!("{line}  {because}\n")).collect(),
        false => numbers,
    }
}

/// What was found, in some sentences.
pub fn summary(model: &LoadedModel, scorer: Option<&AnomalyScorer>, found: &Found) -> String {
    let mut lines = vec![match scorer {
        Some(scorer) => format!(
            "{} of {} rows ({:.2} %) are above the threshold {}, which {}",
            found.flagged,
            found.rows,
            100.0 * found.flagged as f64 / found.rows.max(1) as f64,
            number(scorer.threshold() as f32),
            rests_on(scorer)
        ),
        None => format!(
            "{} rows; {} has no threshold, so none is labelled. Fit one with --contamination 0.01, or give one with --threshold",
            found.rows, model.name
        ),
    }];
    if found.unscored > 0 {
        lines.push(format!("{} rows have no value at all, and so no score", found.unscored));
    }
    lines.extend(found.separation.map(|separated| separation(&model.name, separated)));
    lines.join("\n")
}

fn rests_on(scorer: &AnomalyScorer) -> String {
    match (scorer.contamination(), scorer.fitted_on()) {
        (Some(share), Some((part, rows))) => {
            format!("leaves {} % of the {rows} {part} rows above it", number(100.0 * share as f32))
        }
        _ => "was given".to_owned(),
    }
}

/// How well the model and exact PCA separate, and which does it better.
fn separation(model: &str, separated: Separated) -> String {
    let mut table = Table::new(&["", "ROC AUC", "95 %", "average precision", "95 %"]);
    let mut add = |name: &str, of: Separation| {
        let mut cells = vec![name.to_owned()];
        for Estimate { value, low, high } in [of.roc_auc, of.average_precision] {
            cells.extend([format!("{value:.4}"), format!("{low:.4} to {high:.4}")]);
        }
        table.row(cells);
    };
    match separated {
        Separated::Alone(of) => {
            add(model, of);
            table.text().trim_end().to_owned()
        }
        Separated::BesidePca(comparison) => {
            add(model, comparison.first);
            add("exact PCA", comparison.second);
            let verdicts = [
                verdict(model, "ROC AUC", comparison.roc_auc_gain),
                verdict(model, "average precision", comparison.average_precision_gain),
            ];
            table.text() + &verdicts.join("\n")
        }
    }
}

fn verdict(model: &str, figure: &str, gain: Estimate) -> String {
    let Estimate { value, low, high } = gain;
    let interval = format!("{value:+.4}, 95 % from {low:+.4} to {high:+.4}");
    match (gain.differs_from_0(), value > 0.0) {
        (true, true) => format!("by {figure}, {model} separates better than exact PCA ({interval})"),
        (true, false) => format!("by {figure}, exact PCA separates better than {model} ({interval})"),
        (false, _) => format!("by {figure}, {model} and exact PCA do not differ ({interval})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits_that_count() {
        let shown = [0.0991, 3.108, 52362.4, -0.5, 1e9, 0.0, 1.5e-7, 123.456].map(number);
        assert_eq!(shown, ["0.0991", "3.108", "52362", "-0.5", "1.000e9", "0", "1.500e-7", "123.5"]);
    }
}
