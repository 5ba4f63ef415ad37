//! How good interpolations are, measured: does what lies between two images look like data?
//!
//! 1,000 pairs of test images are gone through in 11 steps by every model, by a blend of the pixels (which a latent space
//! must beat), and every image on the way is shown to a [`Judge`]. What it sees is set beside real
//! images ([`References`]); `docs/measures.md` describes the [`Measure`]s. Two models of equal latent size, a linear and a deep
//! one, are compared path by path ([`Verdict`]).

pub mod frechet;
mod interval;
mod measure;
pub mod neighbours;
mod pairs;
mod paths;
mod verdict;

use std::time::Instant;

use serde::{Deserialize, Serialize};

use self::frechet::{FrechetError, FrechetReference};
use self::interval::Clusters;
#[cfg(feature = "report")]
pub(crate) use self::interval::student;
pub use self::measure::{Better, Measure};
use self::neighbours::References;
pub use self::pairs::{Between, NoPairs};
pub use self::paths::PathPoint;
use self::paths::Paths;
use self::paths::{Ends, Instruments, Space};
pub use self::verdict::{Difference, Finding, Verdict};
use self::verdict::{Names, PairedPaths, verdict};
use super::judge::{Judge, JudgeSummary, judged_scale};
use crate::compute::Compute;
use crate::dataset::{Dataset, Parts};
use crate::model::{Architecture, Autoencoder, MismatchError};

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualitySettings {
    /// Pairs of test images.
    pub pairs: usize,
    /// Images on a path, its ends among them: odd, so that one is in the middle.
    pub steps: usize,
    /// Real training images to be near to.
    pub references: usize,
    /// Of the draws of pairs and references.
    pub seed: u64,
}

impl Default for QualitySettings {
    fn default() -> Self {
        Self { pairs: 1000, steps: 11, references: 10_000, seed: 0 }
    }
}

/// What cannot be measured.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QualityError {
    /// A model or the judge cannot read the data, or what a model decodes.
    #[error(transparent)]
    Mismatch(#[from] MismatchError),
    /// No two images to go between.
    #[error(transparent)]
    Pairs(#[from] NoPairs),
    /// Numbers that are not finite.
    #[error(transparent)]
    Frechet(#[from] FrechetError),
    /// Too few images or rows.
    #[error("interpolations need at least {needed} rows in the {set} set, it has {found}")]
    TooFew {
        /// Which: training or test.
        set: &'static str,
        /// How many are needed.
        needed: usize,
        /// How many there are.
        found: usize,
    },
}

/// One measure of one model, or of a control.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Which.
    pub measure: Measure,
    /// Between the ends: the mean over paths. Nothing of real images, between which there is none.
    pub interior: Option<f64>,
    /// At the ends: of a model, its reconstructions of them.
    pub ends: Option<f64>,
    /// What interpolation adds to reconstruction.
    pub interior_minus_ends: Option<f64>,
}

/// What was measured: a model or a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    /// Real test images: the ceiling.
    Real,
    /// A blend of pixels, which a latent space must beat.
    Blend,
    /// A model.
    Model,
}

/// All measures of one model or control.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// The model's name, `real test images` or `pixel blend`.
    pub name: String,
    /// Which of the three.
    pub kind: SubjectKind,
    /// Those that it can have.
    pub scores: Vec<Score>,
    /// Realism from λ = 0 to λ = 1; nothing of real images.
    pub realism_along_path: Vec<PathPoint>,
}

/// Everything between two classes, or between all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// `7↔1`, or `all classes`.
    pub name: String,
    /// Which ends.
    pub between: Between,
    /// How many pairs.
    pub pairs: usize,
    /// The controls, then the models.
    pub subjects: Vec<Subject>,
    /// A deep model compared with each linear one that it was to be compared with.
    #[serde(default)]
    pub verdicts: Vec<Verdict>,
}

/// Everything that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InterpolationQuality {
    /// Who judged.
    pub judge: JudgeSummary,
    /// How much was measured.
    pub settings: QualitySettings,
    /// By classes.
    pub comparisons: Vec<Comparison>,
    /// What it took, the training of the judge not counted.
    pub seconds: f64,
}

impl Subject {
    /// One of its scores.
    pub fn score(&self, measure: Measure) -> Option<&Score> {
        self.scores.iter().find(|score| score.measure == measure)
    }
}

/// A model and what to call it.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// Its name.
    pub name: &'a str,
    /// The model.
    pub model: &'a Autoencoder,
}

/// Two models of one training seed, for a verdict.
#[derive(Clone, Copy, Debug)]
pub struct ModelPair<'a> {
    /// The seed.
    pub seed: u64,
    /// The linear model.
    pub linear: Named<'a>,
    /// The deep model.
    pub deep: Named<'a>,
}

/// Which two of some models a verdict compares, by their places: the first linear one, and of the others with its latent size the deepest, or of
/// these the first. Nothing if there are no such two.
pub fn comparable(models: &[Architecture]) -> Option<[usize; 2]> {
    let linear = models.iter().position(Architecture::is_linear)?;
    let latent = models[linear].latent();
    let others =
        (0..models.len()).filter(|&index| !models[index].is_linear() && models[index].latent() == latent);
    // The last of several greatest is given; reversed, the first.
    let deep = others.rev().max_by_key(|&index| models[index].depth())?;
    Some([linear, deep])
}

/// Measures the interpolations of `models` between all the classes named. Each of `compared` becomes a verdict: the same two
/// models, a pair for every training seed; they may be among `models`.
///
/// # Errors
/// If there is nothing to go between, or a model's images are not finite.
///
/// # Panics
/// If the models, the judge and the data do not read rows of the same length, or the steps are not odd and 3 or more.
pub fn measure(
    compute: &mut Compute,
    judge: &Judge,
    data: &Parts,
    models: &[Named<'_>],
    compared: &[Vec<ModelPair<'_>>],
    between: &[Between],
    settings: QualitySettings,
) -> Result<InterpolationQuality, QualityError> {
    let start = Instant::now();
    assert!(settings.steps >= 3 && !settings.steps.is_multiple_of(2), "{} steps", settings.steps);
    for (set, dataset, needed) in
        [("training", data.train(), neighbours::DENSITY_NEIGHBOURS + 1), ("test", data.test(), 4)]
    {
        if dataset.rows() < needed {
            return Err(QualityError::TooFew { set, needed, found: dataset.rows() });
        }
    }
    let scale = judged_scale(data.train())?;
    let rows = pairs::sample(data.train().rows(), settings.references, settings.seed);
    let real = judge.look(
        compute,
        scale.samples(&data.train().read_rows(&rows).map_err(MismatchError::from)?)?.to_vec(),
    )?;
    let references = References::new(compute, &real.features, judge.features());
    let instruments = Instruments { judge, references: &references, scale: &scale };
    let examined = data.test().examined().map_err(MismatchError::from)?.dataset;
    let test = scale.samples(&examined)?.to_vec();
    let test_features = judge.look(compute, test.clone())?.features;

    let (things, real, blended) = match data.schema().image() {
        Some(_) => ("images", "real test images", "pixel blend"),
        None => ("rows", "real test rows", "blend of values"),
    };
    let mut comparisons = Vec::new();
    for &between in between {
        let name = between.name(data.schema().classes());
        let labels = examined.labels();
        let pairs = pairs::draw(between, examined.rows(), labels, settings.pairs, settings.seed)
            .ok_or_else(|| NoPairs(name.clone()))?;
        let clusters = Clusters::of(&pairs);
        let ends = ends(between, &examined, &pairs, (&test, &test_features), judge.features())?;
        let mut go = |space: Space<'_>| Paths::measure(compute, &space, &ends, instruments, settings.steps);
        let blend = go(Space::Pixels)?;
        let mut subjects = vec![
            Subject {
                name: real.to_owned(),
                kind: SubjectKind::Real,
                scores: blend.scores_of_ends(),
                realism_along_path: Vec::new(),
            },
            Subject {
                name: blended.to_owned(),
                kind: SubjectKind::Blend,
                scores: blend.scores(),
                realism_along_path: blend.realism_along_path(&clusters),
            },
        ];
        let mut measured = Vec::new();
        for named in models {
            let paths = go(Space::Latent(named.model))?;
            subjects.push(Subject {
                name: named.name.to_owned(),
                kind: SubjectKind::Model,
                scores: paths.scores(),
                realism_along_path: paths.realism_along_path(&clusters),
            });
            measured.push(paths);
        }
        // A model that is one of those is not measured again.
        let mut paths_of =
            |named: &Named<'_>| match models.iter().position(|m| std::ptr::eq(m.model, named.model)) {
                Some(index) => Ok(measured[index].clone()),
                None => go(Space::Latent(named.model)),
            };
        let mut paired = Vec::new();
        for pairs in compared {
            let paths = pairs.iter().map(|ModelPair { seed, linear, deep }| {
                Ok(PairedPaths { seed: *seed, linear: paths_of(linear)?, deep: paths_of(deep)? })
            });
            paired.push(paths.collect::<Result<Vec<_>, QualityError>>()?);
        }
        let mut verdicts = Vec::new();
        for (pairs, paths) in compared.iter().zip(&paired) {
            let Some(first) = pairs.first() else { continue };
            let (linear, deep) = (first.linear.name, first.deep.name);
            let names = Names { linear, deep, between: &name, things };
            verdicts.push(verdict(names, paths, &clusters));
        }
        comparisons.push(Comparison { between, pairs: pairs.len(), subjects, verdicts, name });
    }
    let seconds = start.elapsed().as_secs_f64();
    Ok(InterpolationQuality { judge: judge.summary(), settings, comparisons, seconds })
}

/// The ends of all pairs, and the real images that their paths' middles should resemble.
fn ends(
    between: Between,
    test: &Dataset,
    pairs: &[[usize; 2]],
    (images, features): (&[f32], &[f32]),
    width: usize,
) -> Result<Ends, QualityError> {
    let image = |row: usize| &images[row * test.features()..][..test.features()];
    let of_class = |row: usize| between.holds(test.labels().map(|labels| labels[row]));
    let real: Vec<f32> = (0..test.rows())
        .filter(|&row| of_class(row))
        .flat_map(|row| features[row * width..][..width].iter().copied())
        .collect();
    Ok(Ends {
        unit: pairs.iter().flatten().flat_map(|&row| image(row).iter().copied()).collect(),
        labels: test.labels().map(|labels| pairs.iter().map(|pair| pair.map(|row| labels[row])).collect()),
        real: FrechetReference::new(&real, width)?,
    })
}
