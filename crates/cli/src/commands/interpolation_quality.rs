//! `narrows interpolate --measure`: tables of measures, and the verdict.

use std::ops::ControlFlow;
use std::path::Path;

use narrows::compute::Compute;
use narrows::dataset::{Parts, find_class};
use narrows::files::judge;
use narrows::interpolate::judge::Judge;
use narrows::interpolate::quality::{
    Between, Comparison, InterpolationQuality, Measure, ModelPair, Named, QualitySettings, Subject, Verdict,
    comparable, measure as measure_quality,
};

use crate::arguments::Common;
use crate::commands::data_arguments::{DataArguments, DataForModels};
use crate::commands::model_file::LoadedModel;
use crate::commands::output::{print, print_json};
use crate::failure::{Failure, complain};
use crate::interrupt::Interrupt;
use crate::table::Table;

/// Measures models between two classes, or between all, and prints what came of it.
pub fn measure(
    models: &[LoadedModel],
    data: &DataArguments,
    classes: Option<(&str, &str)>,
    json: bool,
    common: &Common,
) -> Result<(), Failure> {
    let DataForModels { parts: data, name: source } = data.load_for(models, common)?;
    for model in models {
        model.samples(data.test())?;
    }
    let between = match classes {
        Some((from, to)) => Between::Classes(find_class(data.test(), from)?, find_class(data.test(), to)?),
        None => Between::All,
    };
    let mut compute = common.compute()?;
    let judge = find_or_train(models, &source, &data, &mut compute, common)?;
    let named: Vec<Named<'_>> =
        models.iter().map(|loaded| Named { name: &loaded.name, model: &loaded.model }).collect();
    let architectures: Vec<_> = models.iter().map(|loaded| loaded.model.architecture.clone()).collect();
    let compared = comparable(&architectures).map(|[linear, deep]| {
        let seed = models[deep].provenance.training.as_ref().map_or(0, |training| training.seed);
        vec![ModelPair { seed, linear: named[linear], deep: named[deep] }]
    });
    let compared = compared.as_slice();
    let settings = QualitySettings::default();
    let quality = measure_quality(&mut compute, &judge, &data, &named, compared, &[between], settings)?;
    let things = if data.schema().image().is_some() { "images" } else { "rows" };
    if json { print_json(&quality) } else { print(&tables(&quality, things)) }
}

/// The judge of the run that one of the models belongs to, or a new one.
fn find_or_train(
    models: &[LoadedModel],
    source: &str,
    data: &Parts,
    compute: &mut Compute,
    common: &Common,
) -> Result<Judge, Failure> {
    let folders = models.iter().flat_map(|model| model.path.ancestors().take(4));
    for file in folders.map(|folder: &Path| folder.join("judge.safetensors")).filter(|file| file.is_file()) {
        let (judge, trained_on) = judge::load(&file)?;
        // A judge of narrows 0.1 knows its data by name alone.
        let same = match trained_on.hash {
            Some(hash) => hash == data.train().content_hash(),
            None => trained_on.name == source,
        };
        if same && judge.inputs() == data.schema().features() {
            return Ok(judge);
        }
    }
    if !common.quiet && data.train().labels().is_some() {
        complain("training the judge, a classifier that sees real data only");
    }
    let interrupt = Interrupt::listen()?;
    let mut observe = || if interrupt.asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    Ok(Judge::train(data, compute, &mut observe)?)
}

/// The judge in a sentence, then what was found between each two classes.
fn tables(quality: &InterpolationQuality, things: &str) -> String {
    let mut text = format!("judge: {}", quality.judge.description);
    if let Some(accuracy) = quality.judge.test_accuracy {
        text.push_str(&format!(" ({:.2} % of test {things} classed right)", 100.0 * accuracy));
    }
    text.push('\n');
    for comparison in &quality.comparisons {
        text.push_str(&format!("\n{}, {} pairs of test {things}\n", comparison.name, comparison.pairs));
        text.push_str(&scores(comparison).text());
        text.push('\n');
        text.push_str(&verdicts(&comparison.verdicts));
    }
    text + &deciding_differences(&quality.comparisons)
}

/// What the verdicts rest on: a line for each two classes, a column for each measure that decides.
pub fn deciding_differences(comparisons: &[Comparison]) -> String {
    let Some(first) = comparisons.iter().find_map(|comparison| comparison.verdicts.first()) else {
        return String::new();
    };
    let deciding = |verdict: &Verdict| -> Vec<_> {
        verdict.differences.iter().filter(|difference| difference.decides).cloned().collect()
    };
    let title = format!("{} minus {}", first.deep, first.linear);
    let names: Vec<&str> = deciding(first).iter().map(|difference| difference.measure.name()).collect();
    let mut table = Table::new(&std::iter::once(title.as_str()).chain(names).collect::<Vec<_>>());
    for comparison in comparisons {
        let Some(verdict) = comparison.verdicts.first() else { continue };
        let cells = deciding(verdict).into_iter().map(|d| {
            let sign = |x: f64| {
                if d.low.abs().max(d.high.abs()) < 10.0 { format!("{x:+.3}") } else { format!("{x:+.1}") }
            };
            format!("{} [{}, {}]", sign(d.difference), sign(d.low), sign(d.high))
        });
        table.row(std::iter::once(comparison.name.clone()).chain(cells).collect());
    }
    format!("\n{}means and 95 % intervals\n", table.text())
}

/// Each verdict in a sentence, and once what makes them uncertain.
pub fn verdicts<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> String {
    let (mut text, mut caveats) = (String::new(), Vec::new());
    for verdict in verdicts {
        text.push_str(&format!("{}\n", verdict.sentence));
        for caveat in verdict.caveats.iter().filter(|caveat| !caveats.contains(caveat)).collect::<Vec<_>>() {
            caveats.push(caveat);
        }
    }
    if !caveats.is_empty() {
        let caveats: Vec<&str> = caveats.into_iter().map(String::as_str).collect();
        text.push_str(&format!("But: {}\n", caveats.join(" ")));
    }
    text
}

/// Measures down, subjects across: between the ends, and for what has no between, at the ends.
fn scores(comparison: &Comparison) -> Table {
    let names = comparison.subjects.iter().map(|subject| subject.name.as_str());
    let mut table = Table::new(&std::iter::once("").chain(names).collect::<Vec<_>>());
    let number = |subject: &Subject, measure: Measure| {
        let score = subject.score(measure)?;
        score.interior.or(score.ends)
    };
    let row = |name: String, value: &dyn Fn(&Subject) -> Option<f64>| -> Option<Vec<String>> {
        let values: Vec<Option<f64>> = comparison.subjects.iter().map(value).collect();
        values.iter().any(Option::is_some).then(|| {
            let cells =
                values.iter().map(|value| value.map_or("–".to_owned(), |value| format!("{value:.4}")));
            std::iter::once(name).chain(cells).collect()
        })
    };
    for measure in Measure::ALL {
        let rows = [
            row(measure.name().to_owned(), &|subject| number(subject, measure)),
            row("  beyond the ends".to_owned(), &|subject| subject.score(measure)?.interior_minus_ends),
        ];
        rows.into_iter().flatten().for_each(|row| table.row(row));
    }
    table
}
