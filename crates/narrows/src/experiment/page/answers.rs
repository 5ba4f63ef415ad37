//! The first page: each question of the experiment with its answer, written from the figures.

use super::super::figures::Subject;
use super::super::summary::FAR_FROM_PCA;
use super::super::{ModelSummary, Question, Topic};
use super::cells::{columns, error, percent};
use super::latent::below_the_bound;
use super::results::sizes;
use super::{Report, quality};
use crate::interpolate::quality::{Comparison, Measure, SubjectKind};
use crate::report::page::{Block, Cell, Paragraph, Section, Span, Table};

impl Report<'_> {
    /// The answers: what was asked, all models in one table, then question by question.
    pub(super) fn answers(&self) -> Section {
        let mut blocks: Vec<Block> = Vec::new();
        let question = self.summary.experiment.question.trim();
        if !question.is_empty() {
            blocks.push(Block::Paragraph(question.into()));
        }
        blocks.extend(self.least_error().map(Block::Paragraph));
        blocks.extend(self.results());
        let questions = self.questions();
        let mut strips_shown = false;
        for question in &questions {
            let answer = match question.shows {
                Topic::Models => self.about_models(question),
                Topic::Reconstructions => self.about_reconstructions(),
                Topic::Codes => self.about_codes(question),
                Topic::Interpolation => {
                    let answer = self.about_interpolation(question, !strips_shown);
                    strips_shown |= !answer.is_empty();
                    answer
                }
                Topic::Verdict => self.verdict(),
            };
            if !answer.is_empty() {
                blocks.push(Block::Heading(heading(question)));
                blocks.extend(answer);
            }
        }
        Section { heading: "Answers".to_owned(), blocks }
    }

    /// Whether the answers show the strips of the pairs.
    pub(super) fn strips_in_answers(&self) -> bool {
        let interpolation = self.summary.experiment.interpolation.is_some();
        interpolation && self.questions().iter().any(|question| question.shows == Topic::Interpolation)
    }

    /// The experiment's questions; without any, those that its models and its interpolation suggest.
    fn questions(&self) -> Vec<Question> {
        let own = &self.summary.experiment.questions;
        if !own.is_empty() {
            return own.clone();
        }
        let mut questions: Vec<Question> = Vec::new();
        for model in &self.summary.models {
            let asks = match (model.architecture.is_linear(), model.architecture.depth()) {
                (true, _) => "How good are the linear models?".to_owned(),
                (_, 1) => "How good are the models without hidden layers?".to_owned(),
                (_, depth) => format!("How good are the {depth}-layer autoencoders?"),
            };
            match questions.iter_mut().find(|question| question.asks == asks) {
                Some(question) => question.models.push(model.name.clone()),
                None => questions.push(asked(asks, Topic::Models, vec![model.name.clone()])),
            }
        }
        let others = [
            ("What do reconstructions look like?", Topic::Reconstructions),
            ("What lies between two images?", Topic::Interpolation),
            ("Which model interpolates better?", Topic::Verdict),
        ];
        questions.extend(others.map(|(asks, shows)| asked(self.summary.worded(asks), shows, Vec::new())));
        questions
    }

    /// The models that a question names, or all.
    fn models_of(&self, question: &Question) -> Vec<&ModelSummary> {
        let named =
            |model: &&ModelSummary| question.models.is_empty() || question.models.contains(&model.name);
        self.summary.models.iter().filter(named).collect()
    }

    fn least_error(&self) -> Option<Paragraph> {
        let models = self.summary.models.iter().filter(|model| model.training.is_some());
        let best = models.min_by(|a, b| a.test.model_scale.total_cmp(&b.test.model_scale))?;
        if self.summary.models.len() == 1 {
            return None;
        }
        let mut spans = vec![
            Span::Text("Of all models, ".to_owned()),
            Span::Code(best.name.clone()),
            Span::Text(" has the lowest test error: ".to_owned()),
            Span::Strong(error(best.test.model_scale)),
        ];
        if let Some(pca) = &self.summary.exact_pca {
            let share = best.test.model_scale / pca.test.model_scale - 1.0;
            spans.push(Span::Text(format!(
                ", {} exact PCA with {} components ({})",
                compared(share),
                pca.components,
                error(pca.test.model_scale)
            )));
        }
        spans.push(Span::Text(".".to_owned()));
        Some(Paragraph(spans))
    }

    fn about_models(&self, question: &Question) -> Vec<Block> {
        let models = self.models_of(question);
        let mut sentences: Vec<Paragraph> = models.iter().map(|model| self.about_model(model)).collect();
        sentences.extend(models.iter().enumerate().filter_map(|(index, wide)| {
            let narrow = models[..index].iter().rev().find(|other| differ_in_widths_only(other, wide))?;
            Some(about_widths(narrow, wide))
        }));
        vec![Block::List(sentences)]
    }

    /// A model's errors, beside what was published and beside what is possible.
    fn about_model(&self, model: &ModelSummary) -> Paragraph {
        let mut text = format!(
            " ({}): training error {}, test error {}",
            sizes(model),
            error(model.train.model_scale),
            error(model.test.model_scale)
        );
        if let Some(loss) = model.published.as_ref().and_then(|published| published.test_loss) {
            text += &format!("; published {}", error(loss));
        }
        if let Some(loss) = model.published.as_ref().and_then(|published| published.corrected_test_loss) {
            text += &format!(", corrected {}", error(loss));
        }
        text.push('.');
        if let (Some(excess), true) = (model.excess_over_exact_pca, model.training.is_some()) {
            let is_pca = model.certificate.as_ref().is_some_and(|certificate| certificate.is_pca);
            let answer = match (is_pca, excess > FAR_FROM_PCA) {
                (true, _) => "It is PCA",
                (false, false) => "It is nearly PCA",
                (false, true) => "It is not PCA",
            };
            let above = percent(excess, if is_pca { 4 } else { 2 });
            text += &format!(
                " {answer}: its training error is {above} above the least that a linear model can have."
            );
        }
        let mut spans = vec![Span::Code(model.name.clone()), Span::Text(text)];
        if let Some(bound) = self.summary.exact_pca.as_ref().and_then(|pca| below_the_bound(model, pca)) {
            spans.push(Span::Text(" ".to_owned()));
            spans.extend(bound.0);
        }
        Paragraph(spans)
    }

    fn about_reconstructions(&self) -> Vec<Block> {
        let sentence = |before: &str, figure: &str, after: &str| {
            [Span::Text(before.to_owned()), Span::Reference(figure.to_owned()), Span::Text(after.to_owned())]
        };
        let has =
            |wanted: &dyn Fn(&Subject) -> bool| self.figures.iter().find(|figure| wanted(&figure.subject));
        if has(&|subject| *subject == Subject::Columns).is_some() {
            let mut spans =
                sentence("", "figure-columns", " shows the error of every model by column").to_vec();
            if let Some(values) = has(&|subject| matches!(subject, Subject::Values { .. })) {
                spans.extend(sentence(
                    ", ",
                    &values.anchor(),
                    " and those after it the values beside what models reconstruct",
                ));
            }
            spans.push(Span::Text(".".to_owned()));
            return vec![Block::Paragraph(Paragraph(spans))];
        }
        if has(&|subject| *subject == Subject::Reconstructions).is_none() {
            return Vec::new();
        }
        let mut spans =
            sentence("", "figure-reconstructions", " shows the same test images by every model").to_vec();
        spans.extend(sentence(", ", "figure-originals", " and those after it more of them in a grid."));
        vec![Block::Paragraph(Paragraph(spans))]
    }

    /// A table a model: images down, latents across.
    fn about_codes(&self, question: &Question) -> Vec<Block> {
        let models = self.models_of(question);
        models.into_iter().filter_map(|model| self.codes_of(&model.name)).map(Block::Table).collect()
    }

    fn codes_of(&self, model: &str) -> Option<Table> {
        let codes: Vec<_> = self.summary.codes.iter().filter(|code| code.model == model).collect();
        let latents: Vec<String> =
            (1..=codes.first()?.code.len()).map(|latent| format!("z{latent}")).collect();
        let headings: Vec<&str> = latents.iter().map(String::as_str).collect();
        Some(Table {
            anchor: format!("table-codes-{model}"),
            caption: format!(
                "Latent codes by {model} of the {0}s to interpolate between: encoder(x), one number for each latent. The same \
                 numbers with all digits are in summary.json, and `narrows encode` prints those of any {0}.",
                self.summary.worded("image")
            )
            .into(),
            columns: columns(&[&self.summary.worded("image")], &[], &headings),
            rows: codes
                .iter()
                .map(|code| {
                    let numbers = code.code.iter().map(|&z| Cell::from(format!("{z:.2}").replace('-', "−")));
                    let id = code.id.as_ref().filter(|id| !code.row.ends_with(&format!("@{id}")));
                    let name = id.map_or_else(|| code.row.clone(), |id| format!("{}, {id}", code.row));
                    std::iter::once(name.into()).chain(numbers).collect()
                })
                .collect(),
            ..Table::default()
        })
    }

    fn about_interpolation(&self, question: &Question, with_strips: bool) -> Vec<Block> {
        let Some(interpolation) = &self.summary.experiment.interpolation else { return Vec::new() };
        let strips: Vec<Block> = (0..interpolation.pairs.len())
            .filter_map(|pair| self.figure(|subject| *subject == Subject::Strip { pair }))
            .collect();
        if strips.is_empty() {
            return Vec::new();
        }
        let mut blocks = Vec::new();
        let comparisons = self.summary.interpolation_quality.iter().flat_map(|quality| &quality.comparisons);
        let models = self.models_of(question);
        let named: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
        let sentences: Vec<Paragraph> = comparisons
            .flat_map(|comparison| named.iter().filter_map(|name| self.what_lies_between(comparison, name)))
            .collect();
        // Of all models at once it would be a table, which stands further down.
        if !question.models.is_empty() && !sentences.is_empty() {
            blocks.push(Block::List(sentences));
        }
        if with_strips {
            blocks.extend(strips);
        } else {
            let mut spans = vec![Span::Text(self.summary.worded("The images themselves: "))];
            for (index, strip) in strips.iter().enumerate() {
                if let Block::Figure(figure) = strip {
                    spans.extend((index > 0).then(|| Span::Text(", ".to_owned())));
                    spans.push(Span::Reference(figure.anchor.clone()));
                }
            }
            spans.push(Span::Text(".".to_owned()));
            blocks.push(Block::Paragraph(Paragraph(spans)));
        }
        blocks
    }

    fn verdict(&self) -> Vec<Block> {
        let Some(measured) = &self.summary.interpolation_quality else { return Vec::new() };
        let verdicts: Vec<Paragraph> = measured
            .comparisons
            .iter()
            .filter_map(|comparison| comparison.verdicts.first())
            .map(|verdict| quality::sentence(verdict, |text| self.summary.worded(text)))
            .collect();
        if verdicts.is_empty() {
            return Vec::new();
        }
        let mut blocks = vec![Block::List(verdicts)];
        blocks.extend(quality::against_others(measured).into_iter().map(Block::Paragraph));
        let worded = |text: &str| self.summary.worded(text);
        blocks.extend(quality::deciding_differences(measured, worded).map(Block::Table));
        let caveats = quality::caveats(measured);
        if !caveats.is_empty() {
            blocks.push(Block::Note(Paragraph(vec![
                Span::Strong("What this verdict cannot tell. ".to_owned()),
                Span::Text(caveats.join(" ")),
            ])));
        }
        blocks
    }

    /// What the classifier makes of a model's images between two classes.
    fn what_lies_between(&self, comparison: &Comparison, model: &str) -> Option<Paragraph> {
        let score = |name: &str, measure: Measure| {
            let subject = comparison.subjects.iter().find(|subject| subject.name == name)?;
            subject.score(measure)?.interior
        };
        let blend = comparison.subjects.iter().find(|subject| subject.kind == SubjectKind::Blend)?;
        let (own, of_blend) = (score(model, Measure::EndShare)?, score(&blend.name, Measure::EndShare)?);
        Some(Paragraph(vec![
            Span::Text(format!("{}: ", comparison.name)),
            Span::Code(model.to_owned()),
            Span::Text(format!(
                " stays within the two classes in {} of the {}s between the ends (the {} in {}).",
                percent(own, 0),
                self.summary.worded("image"),
                self.summary.worded("blend of pixels"),
                percent(of_blend, 0)
            )),
        ]))
    }
}

fn asked(asks: String, shows: Topic, models: Vec<String>) -> Question {
    Question { id: String::new(), asks, shows, models }
}

fn heading(question: &Question) -> String {
    if question.id.is_empty() { question.asks.clone() } else { format!("{}. {}", question.id, question.asks) }
}

/// `63 % below` or `4 % above`.
fn compared(share: f64) -> String {
    let side = if share < 0.0 { "below" } else { "above" };
    format!("{} {side}", percent(share.abs(), 0))
}

/// Whether two models have as many layers and latents, and other widths.
fn differ_in_widths_only(one: &ModelSummary, other: &ModelSummary) -> bool {
    let [one, other] = [&one.architecture, &other.architecture];
    one.depth() == other.depth()
        && one.latent() == other.latent()
        && one.hidden != other.hidden
        && (one.activation, one.output) == (other.activation, other.output)
}

/// `128 units instead of 32: test error 0.0666 → 0.0434, 35 % below, with 4.0 times the parameters.`
fn about_widths(narrow: &ModelSummary, wide: &ModelSummary) -> Paragraph {
    let [before, after] = [&narrow.architecture.hidden, &wide.architecture.hidden];
    let changed: Vec<usize> = (0..before.len()).filter(|&layer| before[layer] != after[layer]).collect();
    let list = |sizes: &[usize]| {
        changed.iter().map(|&layer| sizes[layer].to_string()).collect::<Vec<_>>().join(" and ")
    };
    let share = wide.test.model_scale / narrow.test.model_scale - 1.0;
    let better = if share < 0.0 { "Better" } else { "Not better" };
    Paragraph(vec![
        Span::Strong(format!("{better}: {} units instead of {}. ", list(after), list(before))),
        Span::Text(format!(
            "Test error {} → {}, {} {}, with {:.1} times the parameters.",
            error(narrow.test.model_scale),
            error(wide.test.model_scale),
            percent(share.abs(), 0),
            if share < 0.0 { "less" } else { "more" },
            wide.parameters as f64 / narrow.parameters as f64
        )),
    ])
}
