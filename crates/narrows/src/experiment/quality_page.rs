//! What the report says of interpolations: the verdict, and the tables that it rests on.

use super::page::{columns, thousands};
use crate::interpolate::quality::{
    Better, Between, Comparison, Difference, Finding, InterpolationQuality, Measure, Score, Subject,
    SubjectKind, Verdict,
};
use crate::report::page::{Block, Cell, Emphasis, Paragraph, Span, Table};

/// What images are shown to be.
const OF_IMAGES: [Measure; 9] = [
    Measure::Distance,
    Measure::Precision,
    Measure::Realism,
    Measure::Density,
    Measure::LeastProbability,
    Measure::MeanProbability,
    Measure::EndShare,
    Measure::Switches,
    Measure::Frechet,
];

/// What a linear model wins by construction.
const GUARDS: [Measure; 3] = [Measure::Smoothness, Measure::PathLength, Measure::RoundTrip];

/// The answers, a sentence for each comparison, for those who read no further.
pub(super) fn verdicts(quality: &InterpolationQuality) -> Vec<Paragraph> {
    let verdicts = quality.comparisons.iter().filter_map(|comparison| comparison.verdict.as_ref());
    verdicts.map(|verdict| emphasised(&verdict.sentence)).collect()
}

/// Everything up to the numbers is what a reader should not miss.
fn emphasised(sentence: &str) -> Paragraph {
    match sentence.split_once(';') {
        Some((claim, numbers)) => {
            Paragraph(vec![Span::Strong(claim.to_owned()), Span::Text(format!(";{numbers}"))])
        }
        None => sentence.into(),
    }
}

/// The verdicts with their charts and tables; `chart` is the realism along the path.
pub(super) fn blocks(quality: &InterpolationQuality, chart: impl Fn(Between) -> Option<Block>) -> Vec<Block> {
    let mut blocks = vec![
        Block::Heading("Which model interpolates better?".to_owned()),
        Block::Paragraph(method(quality).into()),
    ];
    for comparison in &quality.comparisons {
        blocks.push(Block::Heading(format!("Between {}", comparison.name)));
        if let Some(verdict) = &comparison.verdict {
            blocks.push(Block::Note(emphasised(&verdict.sentence)));
        }
        blocks.extend(chart(comparison.between));
        blocks.push(Block::Table(scores(comparison)));
        let mut more: Vec<Block> = comparison.verdict.iter().map(|v| Block::Table(differences(v))).collect();
        more.push(Block::Table(beyond_the_ends(comparison)));
        more.push(Block::Table(guards(comparison)));
        blocks.push(Block::Details {
            summary: format!("{}: intervals, and what interpolation adds to reconstruction", comparison.name),
            blocks: more,
        });
    }
    blocks
}

fn method(quality: &InterpolationQuality) -> String {
    let settings = &quality.settings;
    let accuracy = quality.judge.test_accuracy.map_or(String::new(), |accuracy| {
        format!(" It classes {:.2} % of the test images as they are labelled.", 100.0 * accuracy)
    });
    format!(
        "Up to {} pairs of test images are gone through in {} steps, and every image on the way is judged. The judge is \
         {}.{accuracy} {} real training images are what nearness is measured to. A blend of pixels is what a latent space \
         must beat, real test images are the ceiling. A model is called better, or worse, only if the 95 % intervals of its differences in {} \
         all say so ({} bootstrap resamples). docs/measures.md describes each measure and what it cannot tell.",
        thousands(settings.pairs),
        settings.steps,
        quality.judge.description,
        thousands(settings.references),
        Measure::ALL.into_iter().filter(|m| m.decides()).map(Measure::name).collect::<Vec<_>>().join(", "),
        thousands(settings.resamples),
    )
}

/// `distance to data ↓`
fn heading(measure: Measure) -> String {
    let arrow = match measure.better() {
        Better::Lower => '↓',
        Better::Higher => '↑',
    };
    format!("{} {arrow}", measure.name())
}

fn number(value: f64) -> String {
    let text = if value.abs() < 10.0 { format!("{value:.3}") } else { format!("{value:.1}") };
    text.replace('-', "−")
}

/// A line a subject; of the models, the best value of each measure stands out.
fn table(
    caption: String,
    comparison: &Comparison,
    measures: &[Measure],
    value: impl Fn(&Score) -> Option<f64>,
) -> Table {
    let of = |subject: &Subject, measure| subject.score(measure).and_then(&value);
    let held: Vec<Measure> = measures
        .iter()
        .copied()
        .filter(|&measure| comparison.subjects.iter().any(|subject| of(subject, measure).is_some()))
        .collect();
    let headings: Vec<String> = held.iter().map(|&measure| heading(measure)).collect();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let best = |measure: Measure| {
        let models = comparison.subjects.iter().filter(|subject| subject.kind == SubjectKind::Model);
        let values = models.filter_map(|subject| of(subject, measure));
        match measure.better() {
            Better::Lower => values.min_by(f64::total_cmp),
            Better::Higher => values.max_by(f64::total_cmp),
        }
    };
    let mut table =
        Table { caption: caption.into(), columns: columns(&[""], &[], &headings), ..Table::default() };
    for subject in &comparison.subjects {
        let mut row: Vec<Cell> = vec![subject.name.clone().into()];
        for &measure in &held {
            row.push(of(subject, measure).map_or(Cell::default(), |value| {
                let wins = subject.kind == SubjectKind::Model && best(measure) == Some(value);
                let emphasis = if wins { Emphasis::Best } else { Emphasis::None };
                Cell { emphasis, ..number(value).into() }
            }));
        }
        if row.iter().skip(1).any(|cell| !cell.text.is_empty()) {
            table.rows.push(row);
        }
    }
    table
}

fn scores(comparison: &Comparison) -> Table {
    let caption = format!(
        "Means over {} paths, {}, between the ends; of real images, at the ends. ↑ the more the better, ↓ the less.",
        thousands(comparison.pairs),
        comparison.name
    );
    table(caption, comparison, &OF_IMAGES, |score| score.interior.or(score.ends))
}

fn beyond_the_ends(comparison: &Comparison) -> Table {
    let caption =
        "The same, less what it is at the ends: of a model, at its reconstructions of them.".to_owned();
    table(caption, comparison, &OF_IMAGES, |score| score.interior_minus_ends)
}

fn guards(comparison: &Comparison) -> Table {
    let caption = "Measures that decide nothing, for a linear model wins them by construction.".to_owned();
    table(caption, comparison, &GUARDS, |score| score.interior)
}

fn differences(verdict: &Verdict) -> Table {
    let seeds: Vec<String> = verdict.seeds.iter().map(u64::to_string).collect();
    let plural = if seeds.len() == 1 { "seed" } else { "seeds" };
    let difference = format!("{} − {}", verdict.deep, verdict.linear);
    let numbers = [verdict.linear.as_str(), verdict.deep.as_str(), difference.as_str(), "95 % interval"];
    let mut table = Table {
        caption: format!("The two models compared, training {plural} {}.", seeds.join(", ")).into(),
        columns: columns(&["measure", "this alone says", "decides"], &[], &numbers),
        ..Table::default()
    };
    for Difference { measure, linear, deep, difference, low, high, decides, finding } in &verdict.differences
    {
        let says = match finding {
            Finding::Better => "better",
            Finding::Worse => "worse",
            Finding::NotShown => "not shown",
        };
        table.rows.push(vec![
            heading(*measure).into(),
            says.to_owned().into(),
            if *decides { "yes" } else { "" }.to_owned().into(),
            number(*linear).into(),
            number(*deep).into(),
            number(*difference).into(),
            format!("{} to {}", number(*low), number(*high)).into(),
        ]);
    }
    table
}
