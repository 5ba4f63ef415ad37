//! The report of a run: its figures and numbers in one order, from the question to the details.

mod latent;

use super::figures::{Sketch, Subject};
use super::quality_page;
use super::{Experiment, ModelSummary, Summary};
use crate::interpolate::quality::Between;
use crate::report::page::{
    self, Align, Block, Cell, Column, Emphasis, Image, Page, Paragraph, Section, Span, Table,
};

/// Assembles the report; `other` is the summary of the run to compare with, if it has been run.
pub(super) fn page(summary: &Summary, other: Option<&Summary>, figures: &[Sketch]) -> Page {
    let report = Report { summary, figures };
    // After the question and its answer: the table, the pictures, the details.
    let sections = [
        Some(report.results()),
        Some(report.models()),
        report.linear_models(),
        Some(report.training()),
        report.reconstructions(),
        report.latent_spaces(),
        report.interpolation(),
        Some(report.data()),
        other.map(|other| report.comparison(other)),
        Some(report.details()),
    ];
    Page {
        title: summary.experiment.title.clone(),
        subtitle: format!(
            "{} models on {}, {:.0} s on {} threads of {}",
            summary.models.len(),
            summary.data.name,
            summary.seconds,
            summary.machine.threads,
            summary.machine.cpu
        ),
        summary: report.abstract_(),
        sections: sections.into_iter().flatten().filter(|section| !section.blocks.is_empty()).collect(),
        live: None,
    }
}

struct Report<'a> {
    summary: &'a Summary,
    figures: &'a [Sketch],
}

impl Report<'_> {
    fn abstract_(&self) -> Vec<Paragraph> {
        let mut paragraphs: Vec<Paragraph> = Vec::new();
        if !self.summary.experiment.question.trim().is_empty() {
            paragraphs.push(self.summary.experiment.question.trim().into());
        }
        let best =
            self.summary.models.iter().min_by(|a, b| a.test.model_scale.total_cmp(&b.test.model_scale));
        if let Some(best) = best.filter(|_| self.summary.models.len() > 1) {
            let mut spans = vec![
                Span::Text("The least error on the test set, ".to_owned()),
                Span::Strong(format!("{:.4}", best.test.model_scale)),
                Span::Text(", has ".to_owned()),
                Span::Code(best.name.clone()),
            ];
            if let Some(pca) = &self.summary.exact_pca {
                let (components, error) = (pca.components, pca.test.model_scale);
                let share = 1.0 - best.test.model_scale / error;
                spans.push(Span::Text(format!(
                    ": {:.0} % below exact PCA with {components} components ({error:.4})",
                    100.0 * share
                )));
            }
            spans.push(Span::Text(".".to_owned()));
            paragraphs.push(Paragraph(spans));
        }
        paragraphs.extend(self.summary.interpolation_quality.iter().flat_map(quality_page::verdicts));
        paragraphs
    }

    fn figure(&self, wanted: impl Fn(&Subject) -> bool) -> Option<Block> {
        self.all_figures(wanted).into_iter().next()
    }

    fn all_figures(&self, wanted: impl Fn(&Subject) -> bool) -> Vec<Block> {
        self.figures
            .iter()
            .filter(|figure| wanted(&figure.subject))
            .map(|figure| {
                Block::Figure(page::Figure {
                    caption: figure.caption.clone().into(),
                    alt: figure.caption.clone(),
                    image: Image::Svg(figure.svg.clone()),
                })
            })
            .collect()
    }

    fn data(&self) -> Section {
        let data = &self.summary.data;
        let text = format!(
            "{} rows to train on and {} to test on, {} numbers each.",
            thousands(data.train_rows),
            thousands(data.test_rows),
            data.features
        );
        let mut blocks = vec![Block::Paragraph(text.into())];
        blocks.extend(self.figure(|subject| *subject == Subject::Data));
        Section { heading: "The data".to_owned(), blocks }
    }

    fn models(&self) -> Section {
        let mut table = Table {
            columns: columns(&["model"], &["layers"], &["parameters", "epochs"]),
            caption: "The models. A number is the width of a layer; the narrowest in the middle is the latent space.".into(),
            ..Table::default()
        };
        for model in &self.summary.models {
            table.rows.push(vec![
                model.name.clone().into(),
                model.description.clone().into(),
                thousands(model.parameters).into(),
                epochs(model).into(),
            ]);
        }
        Section { heading: "The models".to_owned(), blocks: vec![Block::Table(table)] }
    }

    fn training(&self) -> Section {
        let mut blocks: Vec<Block> = self.figure(|subject| *subject == Subject::Curves).into_iter().collect();
        if self.summary.models.len() > 1 {
            blocks.extend(self.all_figures(|subject| matches!(subject, Subject::Curve { .. })));
        }
        Section { heading: "Training".to_owned(), blocks }
    }

    fn results(&self) -> Section {
        let mut numbers = vec!["training loss"];
        let published = self.summary.models.iter().any(|model| model.published.is_some());
        if published {
            numbers.push("published");
        }
        numbers.push("training error");
        numbers.push("test error");
        if published {
            numbers.push("published");
        }
        numbers.extend(["test error in [0, 1]", "seconds"]);
        let mut table = Table {
            caption: "Mean squared error per pixel, in the scale of the models' input unless another is named. The \
                      training loss is the mean of the last epoch's batches, each before its step; training and test \
                      error are of the finished model."
                .into(),
            columns: columns(&["model"], &[], &numbers),
            ..Table::default()
        };
        let least = |value: fn(&ModelSummary) -> f64| {
            self.summary.models.iter().map(value).min_by(f64::total_cmp).unwrap_or(f64::NAN)
        };
        let (least_train, least_test) = (least(|m| m.train.model_scale), least(|m| m.test.model_scale));
        let note = self.summary.experiment.published_note.as_ref();
        for model in &self.summary.models {
            let figures = model.published.as_ref();
            let mut row: Vec<Cell> = vec![
                model.name.clone().into(),
                model.training_loss.map_or(Cell::default(), |x| error(x).into()),
            ];
            if published {
                row.push(
                    figures
                        .and_then(|figures| figures.training_loss)
                        .map_or(Cell::default(), |x| error(x).into()),
                );
            }
            row.push(marked(model.train.model_scale, least_train));
            row.push(marked(model.test.model_scale, least_test));
            if published {
                let corrected = figures.and_then(|figures| figures.corrected_test_loss);
                let test = corrected.or(figures.and_then(|figures| figures.test_loss));
                let footnote = note.filter(|_| corrected.is_some()).map(|_| 1);
                row.push(test.map_or(Cell::default(), |x| Cell { footnote, ..error(x).into() }));
            }
            row.push(model.test.unit_scale.map_or(Cell::default(), |x| format!("{x:.5}").into()));
            row.push(format!("{:.1}", model.seconds).into());
            table.rows.push(row);
        }
        if let Some(pca) = self.summary.yardstick_beside_models() {
            let blank = || Cell::default();
            let mut row: Vec<Cell> =
                vec![format!("exact PCA, {} components", pca.components).into(), blank()];
            row.extend(published.then(blank));
            row.extend([error(pca.train.model_scale).into(), error(pca.test.model_scale).into()]);
            row.extend(published.then(blank));
            row.push(pca.test.unit_scale.map_or(blank(), |x| format!("{x:.5}").into()));
            row.push(format!("{:.1}", pca.seconds).into());
            table.rows.push(row);
        }
        table.footnotes.extend(note.filter(|_| published).map(|note| note.trim().into()));
        let mut blocks = vec![Block::Table(table)];
        let diverged = self.summary.models.iter().filter(|model| model.outcome.starts_with("diverged"));
        blocks.extend(diverged.map(|model| {
            Block::Note(
                format!("{} {}; its figures are of the last good epoch.", model.name, model.outcome).into(),
            )
        }));
        blocks.extend(self.summary.models_without_epoch.iter().map(|model| {
            Block::Note(format!("{} {} and has no figures.", model.name, model.outcome).into())
        }));
        Section { heading: "Results".to_owned(), blocks }
    }

    fn reconstructions(&self) -> Option<Section> {
        let mut blocks = vec![self.figure(|subject| *subject == Subject::Reconstructions)?];
        let grids = self.all_figures(|subject| matches!(subject, Subject::Grid { .. }));
        blocks.push(Block::Details {
            summary: "The same 49 test images by every model".to_owned(),
            blocks: grids,
        });
        Some(Section { heading: "Reconstructions".to_owned(), blocks })
    }

    fn interpolation(&self) -> Option<Section> {
        let interpolation = self.summary.experiment.interpolation.as_ref()?;
        let text = "From one image to another in equal steps: decoder(λ·encoder(first) + (1 − λ)·encoder(second)). The \
                    pixel blend mixes the images themselves, without a model.";
        let mut blocks = vec![Block::Paragraph(text.into())];
        blocks.push(self.figure(|subject| *subject == Subject::Sources)?);
        for number in 0..interpolation.pairs.len() {
            blocks.extend(self.figure(|subject| *subject == Subject::Strip { pair: number }));
            blocks.extend(self.realism_of_pair(number).and_then(|between| self.realism(between)));
        }
        if let Some(quality) = &self.summary.interpolation_quality {
            let shown: Vec<Between> =
                (0..interpolation.pairs.len()).filter_map(|number| self.realism_of_pair(number)).collect();
            let chart = |between| self.realism(between).filter(|_| !shown.contains(&between));
            blocks.extend(quality_page::blocks(quality, chart));
        }
        let paths = self.all_figures(|subject| matches!(subject, Subject::Interpolation { .. }));
        blocks
            .push(Block::Details { summary: "Each pair by every model, enlarged".to_owned(), blocks: paths });
        Some(Section { heading: "Interpolation".to_owned(), blocks })
    }

    fn realism(&self, between: Between) -> Option<Block> {
        self.figure(|subject| *subject == Subject::Realism { between })
    }

    /// What was measured between the classes of a pair, to stand under its strip, where every pair has classes of its own.
    fn realism_of_pair(&self, number: usize) -> Option<Between> {
        let pairs = self.summary.experiment.interpolation.as_ref()?.pairs.len();
        let comparisons = &self.summary.interpolation_quality.as_ref()?.comparisons;
        // After those of the pairs comes that of all classes.
        (comparisons.len() == pairs + 1).then(|| comparisons[number].between)
    }

    fn comparison(&self, other: &Summary) -> Section {
        let name = |summary: &Summary| summary.experiment.title.clone();
        let mut table = Table {
            caption: format!("Models of the same name in this run and in “{}”.", name(other)).into(),
            columns: columns(
                &["model"],
                &[],
                &["test error here", "there", "epochs here", "there", "seconds here", "there"],
            ),
            ..Table::default()
        };
        for model in &self.summary.models {
            let Some(twin) = other.models.iter().find(|twin| twin.name == model.name) else { continue };
            let least = model.test.model_scale.min(twin.test.model_scale);
            table.rows.push(vec![
                model.name.clone().into(),
                marked(model.test.model_scale, least),
                marked(twin.test.model_scale, least),
                model.epochs.to_string().into(),
                twin.epochs.to_string().into(),
                format!("{:.1}", model.seconds).into(),
                format!("{:.1}", twin.seconds).into(),
            ]);
        }
        Section { heading: format!("Beside “{}”", name(other)), blocks: vec![Block::Table(table)] }
    }

    fn details(&self) -> Section {
        let machine = &self.summary.machine;
        let facts = [
            format!("narrows {} on {}, {}", self.summary.narrows, machine.cpu, machine.system),
            format!(
                "instruction set {}, {} threads: {}",
                machine.instruction_set, machine.threads, machine.schedule
            ),
            format!(
                "seed {}: the same seed, settings and data give the same bits",
                self.summary.experiment.seed
            ),
        ];
        let blocks = vec![
            Block::List(facts.into_iter().map(Paragraph::from).collect()),
            Block::Details {
                summary: "The experiment's file".to_owned(),
                blocks: vec![Block::Code(Experiment::to_toml(&self.summary.experiment))],
            },
        ];
        Section { heading: "How this was made".to_owned(), blocks }
    }
}

pub(super) fn columns(names: &[&str], words: &[&str], numbers: &[&str]) -> Vec<Column> {
    let column = |align| move |heading: &&str| Column { heading: (*heading).to_owned(), align };
    names
        .iter()
        .chain(words)
        .map(column(Align::Left))
        .chain(numbers.iter().map(column(Align::Right)))
        .collect()
}

fn error(value: f64) -> String {
    format!("{value:.4}")
}

fn marked(value: f64, least: f64) -> Cell {
    let emphasis = if value == least { Emphasis::Best } else { Emphasis::None };
    Cell { emphasis, ..error(value).into() }
}

fn epochs(model: &ModelSummary) -> String {
    match &model.training {
        None => "–".to_owned(),
        Some(training) if model.epochs == training.epochs => model.epochs.to_string(),
        Some(training) => format!("{} of {}", model.epochs, training.epochs),
    }
}

/// `60,000`
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).expect("digits are ASCII"))
        .collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_threes() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
