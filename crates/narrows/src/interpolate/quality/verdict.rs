//! Does the deep model interpolate better than the linear one? Mean differences over the same paths, with intervals over images and
//! over training seeds.

use serde::{Deserialize, Serialize};

use super::interval::{Clusters, Interval, interval};
use super::{Better, Measure, Paths};

/// What one training seed cannot tell.
const ONE_SEED: &str = "It rests on one training seed; another seed can find otherwise.";

/// What the comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Of every deciding measure the interval excludes zero, in the good direction.
    Better,
    /// Of every deciding measure the interval excludes zero, in the bad direction.
    Worse,
    /// Anything else.
    NotShown,
}

/// Deep minus linear, of one measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Which.
    pub measure: Measure,
    /// The linear model's mean over paths, and over seeds.
    pub linear: f64,
    /// The deep model's.
    pub deep: f64,
    /// Deep minus linear.
    pub difference: f64,
    /// The lower bound of the difference's 95 % interval.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
    /// Whether the verdict depends on it.
    pub decides: bool,
    /// What this measure alone says.
    pub finding: Finding,
}

/// The answer, with its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The linear model's name.
    pub linear: String,
    /// The deep model's name.
    pub deep: String,
    /// The training seeds that were compared.
    pub seeds: Vec<u64>,
    /// Better, worse, or not shown.
    pub finding: Finding,
    /// In words: the finding first, then what each deciding measure says. The numbers are in `differences`.
    pub sentence: String,
    /// Why the finding could be another one: few seeds, models that are not trained out.
    #[serde(default)]
    pub caveats: Vec<String>,
    /// By measure.
    pub differences: Vec<Difference>,
}

/// One training seed's two models on the same paths.
#[derive(Clone, Debug)]
pub(super) struct PairedPaths {
    /// The seed.
    pub seed: u64,
    /// The linear model's paths.
    pub linear: Paths,
    /// The deep model's paths.
    pub deep: Paths,
}

/// What is compared, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    /// The linear model's name.
    pub linear: &'a str,
    /// The deep model's name.
    pub deep: &'a str,
    /// `7↔1`.
    pub between: &'a str,
    /// What is gone between: images, or rows.
    pub things: &'a str,
}

/// Compares two models of equal latent size, which went the same paths: of each measure the mean of deep minus linear, over paths and
/// seeds, with its interval ([`mod@super::interval`]). The Fréchet distance, which is no mean over paths, is taken by its
/// linearisation ([`super::frechet::Frechet::by_point`]).
///
/// # Panics
/// If there is no seed, or the paths of two are not as many.
pub(super) fn verdict(names: Names<'_>, compared: &[PairedPaths], clusters: &Clusters) -> Verdict {
    let mut differences = Vec::new();
    for measure in Measure::ALL {
        let linear = values(compared, |compared| &compared.linear, measure);
        let deep = values(compared, |compared| &compared.deep, measure);
        let (Some(linear), Some(deep)) = (linear, deep) else { continue };
        let Interval { mean: difference, low, high } = interval(&subtract(&deep, &linear), clusters);
        differences.push(Difference {
            measure,
            linear: mean(&linear.concat()),
            deep: mean(&deep.concat()),
            difference,
            low,
            high,
            decides: measure.decides(),
            finding: finding(measure, low, high),
        });
    }
    let finding = joint(&differences);
    let seeds: Vec<u64> = compared.iter().map(|compared| compared.seed).collect();
    let caveats = if seeds.len() == 1 { vec![ONE_SEED.to_owned()] } else { Vec::new() };
    Verdict {
        linear: names.linear.to_owned(),
        deep: names.deep.to_owned(),
        seeds,
        finding,
        sentence: sentence(names, finding, &differences) + &over_seeds(compared.len()),
        caveats,
        differences,
    }
}

/// A measure of every path, by seed; nothing where it cannot be had.
fn values(
    compared: &[PairedPaths],
    paths: fn(&PairedPaths) -> &Paths,
    measure: Measure,
) -> Option<Vec<Vec<f64>>> {
    compared.iter().map(|compared| paths(compared).values(measure)).collect()
}

fn subtract(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a - b).collect()).collect()
}

/// What an interval says of one measure.
fn finding(measure: Measure, low: f64, high: f64) -> Finding {
    let (more, less) = match measure.better() {
        Better::Higher => (Finding::Better, Finding::Worse),
        Better::Lower => (Finding::Worse, Finding::Better),
    };
    match (low > 0.0, high < 0.0) {
        (true, _) => more,
        (_, true) => less,
        _ => Finding::NotShown,
    }
}

/// Better or worse only where every deciding measure says so.
fn joint(differences: &[Difference]) -> Finding {
    let mut deciding = differences.iter().filter(|difference| difference.decides).map(|d| d.finding);
    let first = deciding.next().unwrap_or(Finding::NotShown);
    if deciding.all(|finding| finding == first) { first } else { Finding::NotShown }
}

fn sentence(names: Names<'_>, finding: Finding, differences: &[Difference]) -> String {
    let Names { linear, deep, between, things } = names;
    let [better, worse, open] = [Finding::Better, Finding::Worse, Finding::NotShown].map(|wanted| {
        let deciding = differences.iter().filter(|d| d.decides && d.finding == wanted);
        deciding.map(|difference| difference.measure.says(wanted)).collect::<Vec<_>>()
    });
    match finding {
        Finding::Better => format!(
            "{between}: yes, {deep} interpolates better than {linear}. Its {things} {}.",
            listed(&better)
        ),
        Finding::Worse => {
            format!(
                "{between}: no, {deep} interpolates worse than {linear}. Its {things} {}.",
                listed(&worse)
            )
        }
        Finding::NotShown => {
            let mut text = format!("{between}: not shown that {deep} interpolates better than {linear}.");
            if !better.is_empty() {
                text += &format!(" Its {things} {}.", listed(&better));
            }
            if !worse.is_empty() {
                let but = if better.is_empty() { format!("Its {things}") } else { "But they".to_owned() };
                text += &format!(" {but} {}.", listed(&worse));
            }
            if !open.is_empty() {
                text += &format!(" No difference is shown in {}.", listed(&open));
            }
            text
        }
    }
}

/// Of one seed, a caveat says it.
fn over_seeds(seeds: usize) -> String {
    if seeds > 1 { format!(" Over {seeds} training seeds.") } else { String::new() }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(parts: &[&str]) -> String {
    match parts {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
