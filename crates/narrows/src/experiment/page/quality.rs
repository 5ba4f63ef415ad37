//! What the report says of interpolations: the verdicts, and the tables that they rest on.

use super::cells::{columns, marked, number, percent, signed, thousands};
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

/// What describes the way itself, which a linear model wins by construction.
const OF_PATHS: [Measure; 3] = [Measure::Smoothness, Measure::PathLength, Measure::RoundTrip];

/// A verdict in a sentence, its finding in bold.
pub(super) fn sentence(verdict: &Verdict, worded: impl Fn(&str) -> String) -> Paragraph {
    match verdict.sentence.split_once(". ") {
        Some((finding, reasons)) => {
            Paragraph(vec![Span::Strong(format!("{finding}.")), Span::Text(format!(" {}", worded(reasons)))])
        }
        None => Paragraph(vec![Span::Strong(verdict.sentence.clone())]),
    }
}

/// All that makes a verdict uncertain, each thing once.
pub(super) fn caveats(quality: &InterpolationQuality) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for caveat in quality.comparisons.iter().flat_map(|c| &c.verdicts).flat_map(|v| &v.caveats) {
        if !found.contains(caveat) {
            found.push(caveat.clone());
        }
    }
    found
}

/// The deciding differences of the first verdict between each two classes: a line a comparison.
pub(super) fn deciding_differences(
    quality: &InterpolationQuality,
    worded: impl Fn(&str) -> String,
) -> Option<Table> {
    let verdicts: Vec<(&Comparison, &Verdict)> =
        quality.comparisons.iter().filter_map(|c| Some((c, c.verdicts.first()?))).collect();
    let (_, first) = verdicts.first()?;
    let deciding = || Measure::ALL.into_iter().filter(|measure| measure.decides());
    let measures: Vec<Measure> =
        deciding().filter(|m| first.differences.iter().any(|d| d.measure == *m)).collect();
    let headings: Vec<String> = measures.iter().map(|&measure| heading(measure)).collect();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let row = |(comparison, verdict): &(&Comparison, &Verdict)| {
        let mut row: Vec<Cell> = vec![comparison.name.clone().into(), says(verdict.finding).into()];
        row.extend(measures.iter().map(|measure| {
            let found = verdict.differences.iter().find(|d| d.measure == *measure);
            found.map_or(Cell::default(), |d| {
                let emphasis = if d.finding == Finding::Better { Emphasis::Best } else { Emphasis::None };
                let text = format!("{} [{}, {}]", signed(d.difference), signed(d.low), signed(d.high));
                Cell { emphasis, ..text.into() }
            })
        }));
        row
    };
    let seeds = match first.seeds.len() {
        1 => "one training seed".to_owned(),
        several => format!("{several} training seeds"),
    };
    Some(Table {
        anchor: "table-verdicts".to_owned(),
        caption: format!(
            "{} minus {}: mean differences with 95 % intervals, over the same paths between test {}s and {seeds}. ↑: more is \
             better; ↓: less is better. Marked: this measure alone says that {} is better.",
            first.deep,
            first.linear,
            worded("image"),
            first.deep
        )
        .into(),
        columns: columns(&["between"], &["verdict"], &headings),
        rows: verdicts.iter().map(row).collect(),
        ..Table::default()
    })
}

/// How a deep model stands against another linear one than the first, which is exact PCA: a sentence for all comparisons.
pub(super) fn against_others(quality: &InterpolationQuality) -> Vec<Paragraph> {
    let others = quality.comparisons.first().map_or(0, |comparison| comparison.verdicts.len());
    (1..others)
        .filter_map(|other| {
            let verdicts: Vec<(&str, &Verdict, &Verdict)> = quality
                .comparisons
                .iter()
                .filter_map(|c| Some((c.name.as_str(), c.verdicts.first()?, c.verdicts.get(other)?)))
                .collect();
            let (_, _, first) = verdicts.first()?;
            let findings: Vec<String> = verdicts
                .iter()
                .map(|(name, _, verdict)| format!("{name}: {}", says(verdict.finding)))
                .collect();
            let same = verdicts.iter().all(|(_, own, verdict)| own.finding == verdict.finding);
            let begins =
                if same { "The findings are the same against" } else { "The findings differ against" };
            Some(Paragraph(vec![
                Span::Text(format!("{begins} ")),
                Span::Code(first.linear.clone()),
                Span::Text(format!(": {}.", findings.join("; "))),
            ]))
        })
        .collect()
}

fn says(finding: Finding) -> &'static str {
    match finding {
        Finding::Better => "better",
        Finding::Worse => "worse",
        Finding::NotShown => "not shown",
    }
}

/// The verdicts with their charts and tables; `chart` is the realism along the path.
///
/// `worded` says a text about images in the words of the data.
pub(super) fn blocks(
    quality: &InterpolationQuality,
    worded: impl Fn(&str) -> String,
    chart: impl Fn(Between) -> Option<Block>,
) -> Vec<Block> {
    let mut blocks = vec![
        Block::Heading("How good are the interpolations?".to_owned()),
        Block::Paragraph(method(quality, &worded).into()),
        Block::Details {
            summary: "What each measure means".to_owned(),
            blocks: meanings(quality, &worded),
            on_paper: true,
        },
    ];
    for (index, comparison) in quality.comparisons.iter().enumerate() {
        blocks.push(Block::Heading(format!("Between {}", comparison.name)));
        blocks.extend(comparison.verdicts.iter().map(|verdict| Block::Note(sentence(verdict, &worded))));
        blocks.extend(chart(comparison.between));
        blocks.push(Block::Table(scores(index, comparison, &worded)));
        let verdicts = comparison.verdicts.iter().enumerate();
        let mut more: Vec<Block> =
            verdicts.map(|(place, verdict)| Block::Table(differences(index, place, verdict))).collect();
        more.push(Block::Table(beyond_the_ends(index, comparison)));
        more.push(Block::Table(path_shapes(index, comparison)));
        blocks.push(Block::Details {
            summary: format!("{}: intervals, and what interpolation adds to reconstruction", comparison.name),
            blocks: more,
            on_paper: false,
        });
    }
    blocks
}

/// Of the measures that something was measured by: without labels there are fewer.
fn meanings(quality: &InterpolationQuality, worded: impl Fn(&str) -> String) -> Vec<Block> {
    let labelled = quality.judge.test_accuracy.is_some();
    let meaning = |measure: Measure| {
        Paragraph(vec![
            Span::Strong(format!("{}. ", heading(measure))),
            Span::Text(worded(measure.meaning(labelled))),
            Span::Text(if measure.decides() {
                " The verdict depends on it.".to_owned()
            } else {
                String::new()
            }),
        ])
    };
    vec![
        Block::List(
            OF_IMAGES
                .into_iter()
                .chain(OF_PATHS)
                .filter(|measure| is_measured(quality, *measure))
                .map(meaning)
                .collect(),
        ),
        Block::Paragraph(
            "↑: more is better. ↓: less is better. Formulas and sources: docs/measures.md of narrows.".into(),
        ),
    ]
}

fn is_measured(quality: &InterpolationQuality, measure: Measure) -> bool {
    let mut subjects = quality.comparisons.iter().flat_map(|comparison| &comparison.subjects);
    subjects.any(|subject| subject.score(measure).is_some())
}

fn method(quality: &InterpolationQuality, worded: impl Fn(&str) -> String) -> String {
    let settings = &quality.settings;
    let deciding =
        Measure::ALL.into_iter().filter(|&measure| measure.decides() && is_measured(quality, measure));
    let deciding: Vec<&str> = deciding.map(Measure::name).collect();
    let judged = match quality.judge.test_accuracy {
        Some(accuracy) => format!(
            ", and classed by an evaluation classifier (the judge) that has seen real images only: {}. It classes {} of the test \
             images right.",
            quality.judge.description,
            percent(accuracy, 2)
        ),
        // Without labels nobody classes.
        None => format!("; {}.", quality.judge.description),
    };
    worded(&format!(
        "Every model goes up to {} ways between test images, in {} steps. Each image on a way is compared with {} real training \
         images{judged} Two controls stand beside the models: real test images, the best there can be, and a blend of pixels, which \
         a latent space should beat. A model is called better, or worse, than another if all deciding measures agree ({}): their \
         95 % intervals, over images and training seeds, all lie on the same side of zero.",
        thousands(settings.pairs),
        settings.steps,
        thousands(settings.references),
        deciding.join(", "),
    ))
}

/// `distance to data ↓`
fn heading(measure: Measure) -> String {
    let arrow = match measure.better() {
        Better::Lower => '↓',
        Better::Higher => '↑',
    };
    format!("{} {arrow}", measure.name())
}

/// A line a subject; of the models, the best value of each measure stands out.
fn table(
    (anchor, caption): (String, String),
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
    let mut table = Table {
        anchor,
        caption: caption.into(),
        columns: columns(&["model or control"], &[], &headings),
        ..Table::default()
    };
    for subject in &comparison.subjects {
        let mut row: Vec<Cell> = vec![subject.name.clone().into()];
        for &measure in &held {
            row.push(of(subject, measure).map_or(Cell::default(), |value| {
                let best = best(measure).filter(|_| subject.kind == SubjectKind::Model).map(number);
                marked(number(value), best.as_deref())
            }));
        }
        if row.iter().skip(1).any(|cell| cell.text != "–") {
            table.rows.push(row);
        }
    }
    table
}

fn scores(index: usize, comparison: &Comparison, worded: impl Fn(&str) -> String) -> Table {
    let caption = format!(
        "{} between the ends of {} paths, {}: means over the paths. {}, means over the ends. ↑: more is better; ↓: less is better. \
         Bold: the best model; the two controls at the top do not take part.",
        worded("Images"),
        thousands(comparison.pairs),
        comparison.name,
        worded("Of real test images")
    );
    table((format!("table-interpolation-{}", index + 1), caption), comparison, &OF_IMAGES, |score| {
        score.interior.or(score.ends)
    })
}

fn beyond_the_ends(index: usize, comparison: &Comparison) -> Table {
    let caption = format!(
        "What interpolation adds to reconstruction, {}: the mean between the ends minus that at the ends, which of a model are its \
         reconstructions. Bold: the best model; controls do not take part.",
        comparison.name
    );
    table((format!("table-beyond-ends-{}", index + 1), caption), comparison, &OF_IMAGES, |score| {
        score.interior_minus_ends
    })
}

fn path_shapes(index: usize, comparison: &Comparison) -> Table {
    let caption = format!(
        "The shape of the paths, {}. These measures do not count towards the verdict, for a linear model wins them by \
         construction.",
        comparison.name
    );
    table((format!("table-paths-{}", index + 1), caption), comparison, &OF_PATHS, |score| score.interior)
}

fn differences(index: usize, place: usize, verdict: &Verdict) -> Table {
    let seeds: Vec<String> = verdict.seeds.iter().map(u64::to_string).collect();
    let plural = if seeds.len() == 1 { "seed" } else { "seeds" };
    let difference = format!("{} − {}", verdict.deep, verdict.linear);
    let numbers = [verdict.linear.as_str(), verdict.deep.as_str(), difference.as_str(), "95 % interval"];
    let mut table = Table {
        anchor: format!("table-differences-{}-{}", index + 1, place + 1),
        caption: format!(
            "{} beside {}, training {plural} {}: what each measure says, and whether the verdict depends on it.",
            verdict.deep,
            verdict.linear,
            seeds.join(", ")
        )
        .into(),
        columns: columns(&["measure"], &["this alone says", "decides"], &numbers),
        ..Table::default()
    };
    for Difference { measure, linear, deep, difference, low, high, decides, finding } in &verdict.differences
    {
        table.rows.push(vec![
            heading(*measure).into(),
            says(*finding).into(),
            if *decides { "yes" } else { "no" }.into(),
            number(*linear).into(),
            number(*deep).into(),
            signed(*difference).into(),
            format!("{} to {}", signed(*low), signed(*high)).into(),
        ]);
    }
    table
}
