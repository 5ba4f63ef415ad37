//! The report's sections on linear models and on latent spaces.

use super::super::figures::Subject;
use super::super::{ModelSummary, PcaSummary};
use super::Report;
use super::cells::{columns, error, marked, percent, thousands};
use crate::evaluate::Certificate;
use crate::evaluate::LatentQuality;
use crate::report::page::{Block, Cell, Paragraph, Section, Span, Table};

impl Report<'_> {
    /// Which linear models are PCA, and which published figures cannot be a linear model's.
    pub(super) fn linear_models(&self) -> Option<Section> {
        let pca = self.summary.exact_pca.as_ref()?;
        let mut blocks = vec![Block::Paragraph(
            format!(
                "Exact PCA with {} components explains {:.2} % of the training set's variance. No linear model of that \
                 size has a training error below its {:.5} (Eckart and Young, 1936).",
                pca.components,
                100.0 * pca.explained_variance_ratio,
                pca.train.model_scale
            )
            .into(),
        )];
        let certified: Vec<(&ModelSummary, &Certificate)> = self
            .summary
            .models
            .iter()
            .filter_map(|model| Some((model, model.certificate.as_ref()?)))
            .collect();
        let trained = certified.iter().filter(|(model, _)| model.training.is_some());
        blocks.extend(trained.map(|(model, certificate)| {
            Block::Note(Paragraph(vec![
                Span::Code(model.name.clone()),
                Span::Text(format!(" {certificate}.")),
            ]))
        }));
        blocks.extend(
            self.summary.models.iter().filter_map(|model| below_the_bound(model, pca)).map(Block::Note),
        );
        if !certified.is_empty() {
            blocks.push(Block::Table(certificates(&certified)));
        }
        blocks.extend(self.figure(|subject| *subject == Subject::Components));
        Some(Section { heading: "Is the linear model PCA?".to_owned(), blocks })
    }

    /// What each latent space is worth.
    pub(super) fn latent_spaces(&self) -> Option<Section> {
        let measured: Vec<(&ModelSummary, &LatentQuality)> =
            self.summary.models.iter().filter_map(|model| Some((model, model.latent.as_ref()?))).collect();
        let not_measured = self.not_measured();
        let Some((_, first)) = measured.first() else {
            let heading = "What are the latent spaces worth?".to_owned();
            return (!not_measured.is_empty()).then_some(Section { heading, blocks: not_measured });
        };
        let text = format!(
            "How much of the data do the codes keep? Measured on the test set; trustworthiness and continuity on {} of its rows.",
            thousands(first.sample)
        );
        let meanings = shown_measures(&measured).into_iter().map(|measure| {
            let name = Span::Strong(format!("{}. ", measure.heading));
            Paragraph(vec![name, Span::Text(self.summary.worded(measure.meaning))])
        });
        let mut blocks = vec![
            Block::Paragraph(text.into()),
            Block::Table(self.qualities(&measured)),
            Block::Details {
                summary: "What each measure means".to_owned(),
                blocks: vec![Block::List(meanings.collect())],
                on_paper: true,
            },
        ];
        blocks.extend(not_measured);
        if let Some(table) = self.class_errors(&measured) {
            blocks.push(Block::Table(table));
        }
        let mut planes = self.all_figures(|subject| matches!(subject, Subject::Plane { .. }));
        if planes.len() > 1 {
            let others = planes.split_off(1);
            let summary = "The codes of the other models".to_owned();
            planes.push(Block::Details { summary, blocks: others, on_paper: false });
        }
        blocks.extend(planes);
        let units =
            measured.iter().map(|(model, latent)| Block::Table(self.latent_units(model, latent))).collect();
        let summary = "Every latent of every model".to_owned();
        blocks.push(Block::Details { summary, blocks: units, on_paper: false });
        let extremes = self.all_figures(|subject| matches!(subject, Subject::Extremes { .. }));
        if !extremes.is_empty() {
            let summary = "The images that each model reconstructs best and worst".to_owned();
            blocks.push(Block::Details { summary, blocks: extremes, on_paper: false });
        }
        Some(Section { heading: "What are the latent spaces worth?".to_owned(), blocks })
    }

    /// What could not be measured of models, and why.
    fn not_measured(&self) -> Vec<Block> {
        let of_model = |model: &ModelSummary| -> Vec<Block> {
            let note = |why: &String| {
                Block::Note(Paragraph(vec![Span::Code(model.name.clone()), Span::Text(format!(": {why}."))]))
            };
            model.not_measured.iter().map(note).collect()
        };
        self.summary.models.iter().flat_map(of_model).collect()
    }

    fn qualities(&self, measured: &[(&ModelSummary, &LatentQuality)]) -> Table {
        let shown = shown_measures(measured);
        let headings: Vec<&str> =
            std::iter::once("latents").chain(shown.iter().map(|measure| measure.heading)).collect();
        let row = |(model, latent): &(&ModelSummary, &LatentQuality)| {
            let mut row: Vec<Cell> =
                vec![model.name.clone().into(), model.architecture.latent().to_string().into()];
            row.extend(shown.iter().map(|measure| {
                let values = measured.iter().filter_map(|(_, latent)| (measure.value)(latent));
                let best = values.max_by(f64::total_cmp).filter(|_| measure.marked).map(measure.text);
                let value = (measure.value)(latent).map(measure.text);
                value.map_or(Cell::default(), |text| marked(text, best.as_deref()))
            }));
            row
        };
        Table {
            anchor: "table-latent-spaces".to_owned(),
            caption: self
                .summary
                .worded(
                    "What the codes of the test images keep: classes, neighbourhoods, directions; and how many units do nothing. \
                     Bold: the best of all models, exact PCA among them.",
                )
                .into(),
            columns: columns(&["model"], &[], &headings),
            rows: measured.iter().map(row).collect(),
            ..Table::default()
        }
    }

    fn class_errors(&self, measured: &[(&ModelSummary, &LatentQuality)]) -> Option<Table> {
        let classes = measured.first()?.1.class_errors.as_ref()?;
        let names: Vec<String> =
            classes.iter().take(SHOWN_CLASSES).map(|class| class.class.to_string()).collect();
        let headings: Vec<&str> = names.iter().map(String::as_str).collect();
        let rows = measured.iter().map(|(model, latent)| {
            let errors = latent.class_errors.iter().flatten().take(SHOWN_CLASSES);
            let errors = errors.map(|class| error(class.error).into());
            std::iter::once(model.name.clone().into()).chain(errors).collect()
        });
        Some(Table {
            anchor: "table-class-errors".to_owned(),
            caption: format!(
                "Test error by class: the mean squared error of its {}s, in the scale of the models' input.{}",
                self.summary.worded("image"),
                match classes.len() > SHOWN_CLASSES {
                    true => format!(
                        " The first {SHOWN_CLASSES} of {} classes; summary.json has all.",
                        thousands(classes.len())
                    ),
                    false => String::new(),
                }
            )
            .into(),
            columns: columns(&["model"], &[], &headings),
            rows: rows.collect(),
            ..Table::default()
        })
    }

    fn latent_units(&self, model: &ModelSummary, latent: &LatentQuality) -> Table {
        let row = |(index, unit): (usize, &crate::evaluate::LatentUnit)| {
            let number = |x: f64| Cell::from(format!("{x:.3}").replace('-', "−"));
            let dead = if unit.dead { " (dead)" } else { "" };
            vec![
                format!("{}{dead}", index + 1).into(),
                number(unit.low),
                number(unit.high),
                number(unit.standard_deviation),
                format!("{:.4}", unit.sensitivity).into(),
            ]
        };
        Table {
            anchor: format!("table-latents-{}", model.name),
            caption: format!(
                "The latents of {}: where 98 % of the test codes lie, and by how much a {} changes, root mean square, as one \
                 latent alone moves by a standard deviation.",
                model.name,
                self.summary.worded("pixel")
            )
            .into(),
            columns: columns(&["latent"], &[], &["1st percentile", "99th", "standard deviation", "sensitivity"]),
            rows: latent.latents.iter().enumerate().map(row).collect(),
            ..Table::default()
        }
    }
}

/// A published training loss that no linear model can have had.
pub(super) fn below_the_bound(model: &ModelSummary, pca: &PcaSummary) -> Option<Paragraph> {
    let (loss, bound) = (model.published.as_ref()?.training_loss?, pca.train.model_scale);
    let of_its_size = model.architecture.depth() == 1 && model.architecture.latent() == pca.components;
    (of_its_size && loss < bound).then(|| {
        format!(
            "The published {loss:.4} beside {} lies {:.1} % below the bound of {bound:.5}, so no linear model can have had it.",
            model.name,
            100.0 * (1.0 - loss / bound)
        )
        .into()
    })
}

fn certificates(certified: &[(&ModelSummary, &Certificate)]) -> Table {
    let numbers = ["training error", "above the bound", "mean cos²", "largest angle", "variance held"];
    let row = |(model, certificate): &(&ModelSummary, &Certificate)| {
        let held: f64 = certificate.recovered_variances.iter().sum();
        let exact: f64 = certificate.exact_variances.iter().sum();
        let largest = certificate.angles.last().copied().unwrap_or(0.0).to_degrees();
        let found = if certificate.is_pca { "yes" } else { "no" };
        vec![
            model.name.clone().into(),
            found.into(),
            format!("{:.5}", certificate.error).into(),
            certificate.excess_in_percent().into(),
            format!("{:.5}", certificate.mean_squared_cosine).into(),
            format!("{largest:.2}°").into(),
            format!("{:.3} %", 100.0 * held / exact).into(),
        ]
    };
    Table {
        anchor: "table-certificates".to_owned(),
        caption: "The linear models beside exact PCA. Angles are between the decoder's span and the principal subspace; the \
                  variance held is that along the components recovered from the decoder, as a share of the exact ones'."
            .into(),
        columns: columns(&["model"], &["PCA subspace"], &numbers),
        rows: certified.iter().map(row).collect(),
        ..Table::default()
    }
}

/// Classes that a table has room for.
const SHOWN_CLASSES: usize = 10;

/// A column of the table of latent spaces: its heading and meaning, what stands in it, and whether the greatest is the best.
struct Measure {
    heading: &'static str,
    meaning: &'static str,
    value: fn(&LatentQuality) -> Option<f64>,
    text: fn(f64) -> String,
    marked: bool,
}

/// Those that some model has: without labels there are none of classes.
fn shown_measures(measured: &[(&ModelSummary, &LatentQuality)]) -> Vec<&'static Measure> {
    let has = |measure: &&Measure| measured.iter().any(|(_, latent)| (measure.value)(latent).is_some());
    MEASURES.iter().filter(has).collect()
}

fn in_percent(share: f64) -> String {
    percent(share, 2)
}

fn whole(count: f64) -> String {
    format!("{count:.0}")
}

fn four_digits(share: f64) -> String {
    format!("{share:.4}")
}

static MEASURES: [Measure; 8] = [
    Measure {
        heading: "5-NN accuracy",
        meaning: "The share of test images whose class is that of most of the 5 training images with the nearest codes.",
        value: |q| q.knn_accuracy,
        text: in_percent,
        marked: true,
    },
    Measure {
        heading: "linear probe",
        meaning: "The share of test images that a linear classifier on the codes classes right: whether flat borders part the \
                  classes.",
        value: |q| q.linear_probe.map(|probe| probe.accuracy),
        text: in_percent,
        marked: true,
    },
    Measure {
        heading: "trustworthiness",
        meaning: "Whether codes that are near belong to images that are near; 1 is perfect.",
        value: |q| q.trustworthiness,
        text: four_digits,
        marked: true,
    },
    Measure {
        heading: "continuity",
        meaning: "Whether images that are near have codes that are near; 1 is perfect.",
        value: |q| q.continuity,
        text: four_digits,
        marked: true,
    },
    Measure {
        heading: "effective rank",
        meaning: "In how many directions the codes spread: at most the number of latents. More is not better in itself.",
        value: |q| Some(q.effective_rank),
        text: |x| format!("{x:.1}"),
        marked: false,
    },
    Measure {
        heading: "dead latents",
        meaning: "Numbers of the code that change nothing in the decoded image.",
        value: |q| Some(q.dead_latents as f64),
        text: whole,
        marked: false,
    },
    Measure {
        heading: "hidden units",
        meaning: "Units of all layers between input and output, the latents not counted.",
        value: |q| Some(q.hidden_units as f64),
        text: whole,
        marked: false,
    },
    Measure {
        heading: "of them dead",
        meaning: "Those that give the same value for every test image: they do nothing.",
        value: |q| Some(q.dead_hidden_units as f64),
        text: whole,
        marked: false,
    },
];
