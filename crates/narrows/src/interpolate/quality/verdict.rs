//! Does the deep model interpolate better than the linear one? A paired bootstrap over paths, and over training seeds.

use narrows_kernels::team::{Bounds, Split};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::pairs::below;
use super::{Better, Measure, Paths};
use crate::compute::Compute;

/// Resamples that one piece of work draws, from one stream of random numbers.
const RESAMPLES_AT_A_TIME: usize = 250;

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
pub struct PairedPaths {
    /// The seed.
    pub seed: u64,
    /// The linear model's paths.
    pub linear: Paths,
    /// The deep model's paths.
    pub deep: Paths,
}

/// What is compared, and where.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The linear model's name.
    pub linear: &'a str,
    /// The deep model's name.
    pub deep: &'a str,
    /// `7↔1`.
    pub between: &'a str,
}

/// Compares two models of equal latent size.
///
/// A resample draws seeds with replacement, and paths with replacement; the same paths for all seeds and both models, since
/// they went the same. The interval is from the 2.5th to the 97.5th percentile of the resamples' mean differences; of the Fréchet
/// distance, of its linearisation ([`super::frechet::Frechet::by_point`]).
///
/// # Panics
/// If there is no seed, or the paths of two are not as many.
pub fn verdict(
    compute: &mut Compute,
    names: Names<'_>,
    compared: &[PairedPaths],
    resamples: usize,
    seed: u64,
) -> Verdict {
    let mut measures = Vec::new();
    for measure in Measure::ALL {
        let linear = values(compared, |compared| &compared.linear, measure);
        let deep = values(compared, |compared| &compared.deep, measure);
        if let (Some(linear), Some(deep)) = (linear, deep) {
            measures.push((measure, linear, deep));
        }
    }
    let differences: Vec<Vec<Vec<f64>>> =
        measures.iter().map(|(_, linear, deep)| subtract(deep, linear)).collect();
    let intervals = bootstrap(compute, &differences, resamples, seed);
    let differences: Vec<Difference> = measures
        .iter()
        .zip(intervals)
        .map(|((measure, linear, deep), [low, high])| {
            let [linear, deep] = [linear, deep].map(|values| mean(&values.concat()));
            let (decides, finding) = (measure.decides(), finding(*measure, low, high));
            Difference {
                measure: *measure,
                linear,
                deep,
                difference: deep - linear,
                low,
                high,
                decides,
                finding,
            }
        })
        .collect();
    let finding = joint(&differences);
    let seeds: Vec<u64> = compared.iter().map(|compared| compared.seed).collect();
    let caveats = if seeds.len() == 1 { vec![ONE_SEED.to_owned()] } else { Vec::new() };
    Verdict {
        linear: names.linear.to_owned(),
        deep: names.deep.to_owned(),
        seeds,
        finding,
        sentence: sentence(names, finding, &differences),
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
    let seeds = a.iter().zip(b);
    seeds
        .map(|(a, b)| {
            assert_eq!(a.len(), b.len(), "two models are compared on the same paths");
            a.iter().zip(b).map(|(a, b)| a - b).collect()
        })
        .collect()
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
    let Names { linear, deep, between } = names;
    let [better, worse, open] = [Finding::Better, Finding::Worse, Finding::NotShown].map(|wanted| {
        let deciding = differences.iter().filter(|d| d.decides && d.finding == wanted);
        deciding.map(|difference| difference.measure.says(wanted)).collect::<Vec<_>>()
    });
    match finding {
        Finding::Better => format!(
            "{between}: yes, {deep} interpolates better than {linear}. Its images {}.",
            listed(&better)
        ),
        Finding::Worse => {
            format!("{between}: no, {deep} interpolates worse than {linear}. Its images {}.", listed(&worse))
        }
        Finding::NotShown => {
            let mut text = format!("{between}: not shown that {deep} interpolates better than {linear}.");
            if !better.is_empty() {
                text += &format!(" Its images {}.", listed(&better));
            }
            if !worse.is_empty() {
                let but = if better.is_empty() { "Its images" } else { "But they" };
                text += &format!(" {but} {}.", listed(&worse));
            }
            if !open.is_empty() {
                text += &format!(" No difference is shown in {}.", listed(&open));
            }
            text
        }
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(parts: &[&str]) -> String {
    match parts {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The 2.5th and the 97.5th percentile of the mean over seeds and paths, for each measure of `values` (measures × seeds ×
/// paths).
pub(super) fn bootstrap(
    compute: &mut Compute,
    values: &[Vec<Vec<f64>>],
    resamples: usize,
    seed: u64,
) -> Vec<[f64; 2]> {
    let measures = values.len();
    let (Some(seeds), Some(paths)) = (values.first().map(Vec::len), values.first().map(|v| v[0].len()))
    else {
        return Vec::new();
    };
    // All of a path side by side: a resample adds up whole rows.
    let width = seeds * measures;
    let mut rows = vec![0.0; paths * width];
    for (m, of_measure) in values.iter().enumerate() {
        for (s, of_seed) in of_measure.iter().enumerate() {
            assert_eq!(of_seed.len(), paths, "every measure is of the same paths");
            of_seed
                .iter()
                .enumerate()
                .for_each(|(path, value)| rows[path * width + s * measures + m] = *value);
        }
    }
    let mut means = vec![0.0; resamples * measures];
    let parts = resamples.div_ceil(RESAMPLES_AT_A_TIME);
    let bounds =
        Bounds::new((0..=parts).map(|part| (part * RESAMPLES_AT_A_TIME).min(resamples) * measures).collect());
    compute.team.for_each([Split::new(&mut means, &bounds)], |part, [means]| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(part as u64);
        let (mut sums, mut times) = (vec![0.0; width], vec![0.0; seeds]);
        for means in means.chunks_exact_mut(measures) {
            times.fill(0.0);
            (0..seeds).for_each(|_| times[below(&mut random, seeds)] += 1.0);
            sums.fill(0.0);
            for _ in 0..paths {
                let row = &rows[below(&mut random, paths) * width..][..width];
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
            for (m, mean) in means.iter_mut().enumerate() {
                let sum: f64 =
                    times.iter().enumerate().map(|(s, times)| times * sums[s * measures + m]).sum();
                *mean = sum / (seeds * paths) as f64;
            }
        }
    });
    (0..measures)
        .map(|m| {
            let mut of_measure: Vec<f64> = means.iter().skip(m).step_by(measures).copied().collect();
            of_measure.sort_by(f64::total_cmp);
            [0.025, 0.975].map(|share| percentile(&of_measure, share))
        })
        .collect()
}

/// Between the two nearest of the ordered values, as `numpy.percentile` does.
fn percentile(ordered: &[f64], share: f64) -> f64 {
    let place = share * (ordered.len() - 1) as f64;
    let (below, above) = (ordered[place.floor() as usize], ordered[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
