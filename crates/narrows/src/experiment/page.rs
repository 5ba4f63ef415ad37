//! The report of a run: the answers on one page, then figures and numbers from results to details.

mod answers;
pub(super) mod cells;
mod latent;
mod quality;
mod results;

use self::cells::{columns, error, marked, thousands};
use super::figures::{Sketch, Subject};
use super::{Experiment, Summary};
use crate::interpolate::quality::Between;
use crate::report::page::{self, Block, Image, Page, Paragraph, Section, Table};

/// Assembles the report; `other` is the summary of the run to compare with, if it has been run.
pub(super) fn page(summary: &Summary, other: Option<&Summary>, figures: &[Sketch]) -> Page {
    let report = Report { summary, figures };
    let sections = [
        Some(report.training()),
        report.linear_models(),
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
            "{} model{} on {}, {:.0} s on {} threads of {}",
            summary.models.len(),
            if summary.models.len() == 1 { "" } else { "s" },
            summary.data.name,
            summary.seconds,
            summary.machine.threads,
            summary.machine.cpu
        ),
        answers: Some(report.answers()),
        sections: sections.into_iter().flatten().filter(|section| !section.blocks.is_empty()).collect(),
        live: None,
    }
}

struct Report<'a> {
    summary: &'a Summary,
    figures: &'a [Sketch],
}

impl Report<'_> {
    fn figure(&self, wanted: impl Fn(&Subject) -> bool) -> Option<Block> {
        self.all_figures(wanted).into_iter().next()
    }

    fn all_figures(&self, wanted: impl Fn(&Subject) -> bool) -> Vec<Block> {
        self.figures
            .iter()
            .filter(|figure| wanted(&figure.subject))
            .map(|figure| {
                Block::Figure(page::Figure {
                    anchor: figure.anchor(),
                    caption: figure.caption.clone().into(),
                    alt: figure.caption.clone(),
                    image: Image::Svg(figure.svg.clone()),
                })
            })
            .collect()
    }

    fn data(&self) -> Section {
        let data = &self.summary.data;
        let numbers = if data.image { "numbers" } else { "columns" };
        let text = format!(
            "{} rows to train on and {} to test on, {} {numbers} each.",
            thousands(data.train_rows),
            thousands(data.test_rows),
            thousands(data.features)
        );
        let mut blocks = vec![Block::Paragraph(text.into())];
        if data.labelled == Some(false) {
            let absent = "The data has no labels. So nothing here is by class: no accuracy of neighbours, no linear probe, no error \
                          of each class, and no evaluation classifier. Interpolations are judged by their distance to the data alone.";
            blocks.push(Block::Note(absent.into()));
        }
        blocks.extend(self.figure(|subject| *subject == Subject::Data));
        Section { heading: "The data".to_owned(), blocks }
    }

    fn training(&self) -> Section {
        let mut blocks: Vec<Block> = self.figure(|subject| *subject == Subject::Curves).into_iter().collect();
        if self.summary.models.len() > 1 {
            let each = self.all_figures(|subject| matches!(subject, Subject::Curve { .. }));
            let summary = "Each model's curve on its own".to_owned();
            blocks.push(Block::Details { summary, blocks: each, on_paper: false });
        }
        blocks.push(Block::Table(self.costs()));
        Section { heading: "Training".to_owned(), blocks }
    }

    fn reconstructions(&self) -> Option<Section> {
        let heading = "Reconstructions".to_owned();
        if let Some(columns) = self.figure(|subject| *subject == Subject::Columns) {
            let values = self.all_figures(|subject| matches!(subject, Subject::Values { .. }));
            let summary = "Values beside their reconstructions, by every model".to_owned();
            let values = Block::Details { summary, blocks: values, on_paper: false };
            return Some(Section { heading, blocks: vec![columns, values] });
        }
        let mut blocks = vec![self.figure(|subject| *subject == Subject::Reconstructions)?];
        let grids = self.all_figures(|subject| matches!(subject, Subject::Grid { .. }));
        blocks.push(Block::Details {
            summary: "The same grid of test images by every model".to_owned(),
            blocks: grids,
            on_paper: false,
        });
        Some(Section { heading, blocks })
    }

    fn interpolation(&self) -> Option<Section> {
        let interpolation = self.summary.experiment.interpolation.as_ref()?;
        let text = match self.summary.data.image {
            true => {
                "Every picture goes from left to right: at λ = 0 stands the image where the way begins, at λ = 1 the one \
                 where it ends. Between them decoder(λ·encoder(to) + (1 − λ)·encoder(from)) is shown. The pixel blend mixes \
                 the images themselves, without a model."
            }
            false => {
                "Every line is a row, over its columns: the palest, λ = 0, is the row where the way begins, the darkest, λ = 1, the \
                 one where it ends. Between them decoder(λ·encoder(to) + (1 − λ)·encoder(from)) is shown. The blend of values \
                 mixes the rows themselves, without a model."
            }
        };
        let mut blocks = vec![Block::Paragraph(text.into())];
        blocks.extend(self.figure(|subject| *subject == Subject::Sources));
        // Where the questions lead to no strip, it stands here.
        let shown = self.strips_in_answers();
        let strips = (0..interpolation.pairs.len()).filter(|_| !shown);
        blocks.extend(strips.filter_map(|pair| self.figure(|subject| *subject == Subject::Strip { pair })));
        if let Some(measured) = &self.summary.interpolation_quality {
            let worded = |text: &str| self.summary.worded(text);
            blocks.extend(quality::blocks(measured, worded, |between| self.realism(between)));
        }
        let paths = self.all_figures(|subject| matches!(subject, Subject::Interpolation { .. }));
        let summary = "Each pair by every model, enlarged".to_owned();
        blocks.push(Block::Details { summary, blocks: paths, on_paper: false });
        Some(Section { heading: "Interpolation".to_owned(), blocks })
    }

    fn realism(&self, between: Between) -> Option<Block> {
        self.figure(|subject| *subject == Subject::Realism { between })
    }

    fn comparison(&self, other: &Summary) -> Section {
        let name = |summary: &Summary| summary.experiment.title.clone();
        let mut table = Table {
            anchor: "table-other-run".to_owned(),
            caption: format!(
                "Models of the same name in this run and in “{}”. Bold: the lower test error of the two.",
                name(other)
            )
            .into(),
            columns: columns(
                &["model"],
                &[],
                &["test error here", "there", "epochs here", "there", "seconds here", "there"],
            ),
            ..Table::default()
        };
        for model in &self.summary.models {
            let Some(twin) = other.models.iter().find(|twin| twin.name == model.name) else { continue };
            let least = error(model.test.model_scale.min(twin.test.model_scale));
            table.rows.push(vec![
                model.name.clone().into(),
                marked(error(model.test.model_scale), Some(&least)),
                marked(error(twin.test.model_scale), Some(&least)),
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
                on_paper: false,
            },
        ];
        Section { heading: "How this was made".to_owned(), blocks }
    }
}
