//! Paths between images, and what is measured on each.

use super::frechet::{Frechet, FrechetReference};
use super::interval::{Clusters, Interval, interval};
use super::neighbours::{Nearness, References};
use super::{Measure, QualityError, Score};
use crate::compute::Compute;
use crate::dataset::Samples;
use crate::interpolate::judge::Judge;
use crate::interpolate::{blend, lambdas};
use crate::model::{Autoencoder, InputSpec, MismatchError};

/// Paths that are decoded at a time: 1,100 images of 784 numbers are 3 MB.
const PATHS_AT_A_TIME: usize = 100;

/// The ends of the paths of one comparison.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    /// Raw rows in the [0, 1] scale, of every path the end at λ = 1, then that at λ = 0.
    pub unit: Vec<f32>,
    /// The classes of both, where there are labels.
    pub labels: Option<Vec<[u32; 2]>>,
    /// Real test images of these classes, in φ.
    pub real: FrechetReference,
}

/// Everything that was measured on the paths of one model, or of the pixel blend.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    steps: usize,
    /// Paths × steps, from λ = 0 to λ = 1.
    nearness: Vec<Nearness>,
    /// Paths × steps.
    classes: Option<Vec<(u32, f32)>>,
    /// Of each path's ends, at λ = 1 and at λ = 0.
    labels: Option<Vec<[u32; 2]>>,
    frechet: Frechet,
    /// Of real ends only: of one end of each path.
    end_frechet: Option<f64>,
    shapes: Option<Vec<PathShape>>,
}

/// What only models have, of one path.
#[derive(Clone, Copy, Debug)]
struct PathShape {
    smoothness: f64,
    path_length: f64,
    round_trip: f64,
}

/// One point of the mean over paths, with its 95 % interval over images.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PathPoint {
    /// From 0, where the way begins, to 1, where it ends.
    pub lambda: f64,
    /// Over paths.
    pub mean: f64,
    /// The interval's lower bound.
    pub low: f64,
    /// The interval's upper bound.
    pub high: f64,
}

/// What paths go through.
pub(super) enum Space<'a> {
    /// A model's latent space.
    Latent(&'a Autoencoder),
    /// The pixels themselves.
    Pixels,
}

/// Whom paths are shown to.
#[derive(Clone, Copy)]
pub(super) struct Instruments<'a> {
    pub judge: &'a Judge,
    pub references: &'a References,
    /// The scale in which images and rows are judged.
    pub scale: &'a InputSpec,
}

impl Paths {
    /// Goes all paths in `steps` steps, and measures what lies on them.
    pub(super) fn measure(
        compute: &mut Compute,
        space: &Space<'_>,
        ends: &Ends,
        Instruments { judge, references, scale }: Instruments<'_>,
        steps: usize,
    ) -> Result<Self, QualityError> {
        let (width, inputs) = (judge.features(), judge.inputs());
        let lambdas = lambdas(steps);
        let (mut nearness, mut classes, mut shapes) = (Vec::new(), Vec::new(), Vec::new());
        let (mut midpoints, mut one_end) = (Vec::new(), Vec::new());
        for ends in ends.unit.chunks(2 * inputs * PATHS_AT_A_TIME) {
            let images = match space {
                Space::Pixels => paths(ends, inputs, &lambdas),
                Space::Latent(model) => {
                    let (images, of_chunk) = decode(compute, model, scale, ends, &lambdas)?;
                    shapes.extend(of_chunk);
                    images
                }
            };
            let seen = judge.look(compute, images)?;
            nearness.extend(references.nearness(compute, &seen.features));
            classes.extend(seen.classes.into_iter().flatten());
            for path in seen.features.chunks_exact(steps * width) {
                midpoints.extend_from_slice(&path[steps / 2 * width..][..width]);
                let end = if one_end.len() / width % 2 == 0 { steps - 1 } else { 0 };
                one_end.extend_from_slice(&path[end * width..][..width]);
            }
        }
        let end_frechet = match space {
            Space::Pixels => Some(ends.real.distance(&one_end)?.distance),
            Space::Latent(_) => None,
        };
        Ok(Self {
            steps,
            nearness,
            classes: (!classes.is_empty()).then_some(classes),
            labels: ends.labels.clone(),
            frechet: ends.real.distance(&midpoints)?,
            end_frechet,
            shapes: (!shapes.is_empty()).then_some(shapes),
        })
    }

    /// A measure of every path; nothing where it needs labels or a model and there is none.
    pub(super) fn values(&self, measure: Measure) -> Option<Vec<f64>> {
        let interior = 1..self.steps - 1;
        let mean_of = |value: fn(&Nearness) -> f64| {
            let paths = self.nearness.chunks_exact(self.steps);
            Some(paths.map(|path| mean(path[interior.clone()].iter().map(value))).collect())
        };
        let shape = |value: fn(&PathShape) -> f64| Some(self.shapes.as_ref()?.iter().map(value).collect());
        let paths = || Some(self.classes.as_ref()?.chunks_exact(self.steps));
        let probabilities = |path: &[(u32, f32)]| -> Vec<f64> {
            path[interior.clone()].iter().map(|&(_, probability)| f64::from(probability)).collect()
        };
        match measure {
            Measure::Distance => mean_of(|near| near.distance.into()),
            Measure::Precision => mean_of(|near| f64::from(u8::from(near.inside))),
            Measure::Realism => mean_of(|near| near.realism.into()),
            Measure::Density => mean_of(|near| near.density.into()),
            Measure::LeastProbability => {
                Some(paths()?.map(|path| probabilities(path).into_iter().fold(1.0, f64::min)).collect())
            }
            Measure::MeanProbability => {
                Some(paths()?.map(|path| mean(probabilities(path).into_iter())).collect())
            }
            Measure::EndShare => {
                let share = |(path, labels): (&[(u32, f32)], &[u32; 2])| {
                    mean(
                        path[interior.clone()]
                            .iter()
                            .map(|(class, _)| f64::from(u8::from(labels.contains(class)))),
                    )
                };
                Some(paths()?.zip(self.labels.as_ref()?).map(share).collect())
            }
            Measure::Switches => {
                let switches =
                    |path: &[(u32, f32)]| path.windows(2).filter(|pair| pair[0].0 != pair[1].0).count();
                Some(paths()?.map(|path| switches(path) as f64).collect())
            }
            Measure::Frechet => Some(self.frechet.by_point.clone()),
            Measure::Smoothness => shape(|guard| guard.smoothness),
            Measure::PathLength => shape(|guard| guard.path_length),
            Measure::RoundTrip => shape(|guard| guard.round_trip),
        }
    }

    /// The same at the paths' ends, which are a model's reconstructions, or real images: a mean over both ends of all paths.
    fn at_ends(&self, measure: Measure) -> Option<f64> {
        let last = self.steps - 1;
        let near = |value: fn(&Nearness) -> f64| {
            let paths = self.nearness.chunks_exact(self.steps);
            Some(mean(paths.flat_map(|path| [value(&path[0]), value(&path[last])])))
        };
        match measure {
            Measure::Distance => near(|near| near.distance.into()),
            Measure::Precision => near(|near| f64::from(u8::from(near.inside))),
            Measure::Realism => near(|near| near.realism.into()),
            Measure::Density => near(|near| near.density.into()),
            Measure::MeanProbability => {
                let paths = self.classes.as_ref()?.chunks_exact(self.steps);
                Some(mean(paths.flat_map(|path| [path[0].1.into(), path[last].1.into()])))
            }
            Measure::EndShare => {
                let paths = self.classes.as_ref()?.chunks_exact(self.steps).zip(self.labels.as_ref()?);
                Some(mean(paths.flat_map(|(path, labels)| {
                    // λ = 0 is the second end.
                    [path[0].0 == labels[1], path[last].0 == labels[0]]
                        .map(|right| f64::from(u8::from(right)))
                })))
            }
            Measure::Frechet => self.end_frechet,
            _ => None,
        }
    }

    /// All measures.
    pub(super) fn scores(&self) -> Vec<Score> {
        let score = |measure: Measure| {
            let interior = mean(self.values(measure)?.into_iter());
            let ends = self.at_ends(measure);
            Some(Score {
                measure,
                interior: Some(interior),
                ends,
                interior_minus_ends: ends.map(|ends| interior - ends),
            })
        };
        Measure::ALL.into_iter().filter_map(score).collect()
    }

    /// All measures of the ends alone.
    pub(super) fn scores_of_ends(&self) -> Vec<Score> {
        let score = |measure: Measure| {
            let ends = Some(self.at_ends(measure)?);
            Some(Score { measure, interior: None, ends, interior_minus_ends: None })
        };
        Measure::ALL.into_iter().filter_map(score).collect()
    }

    /// Realism at each λ.
    pub(super) fn realism_along_path(&self, clusters: &Clusters) -> Vec<PathPoint> {
        let lambdas = lambdas(self.steps).into_iter().enumerate();
        lambdas
            .map(|(step, lambda)| {
                let at_step = self.nearness.iter().skip(step).step_by(self.steps);
                let values = at_step.map(|nearness| f64::from(nearness.realism)).collect();
                let Interval { mean, low, high } = interval(&[values], clusters);
                PathPoint { lambda: lambda.into(), mean, low, high }
            })
            .collect()
    }
}

/// Every two rows of `ends` blended: paths × λs rows.
fn paths(ends: &[f32], width: usize, lambdas: &[f32]) -> Vec<f32> {
    let path = |ends: &[f32]| {
        let (to, from) = ends.split_at(width);
        blend([from, to], lambdas)
    };
    ends.chunks_exact(2 * width).flat_map(path).collect()
}

/// A model's paths in the scale in which they are judged, and what is measured on the way.
///
/// Images are judged as they are shown: what a linear model decodes beyond the value range is cut off.
fn decode(
    compute: &mut Compute,
    model: &Autoencoder,
    scale: &InputSpec,
    unit: &[f32],
    lambdas: &[f32],
) -> Result<(Vec<f32>, Vec<PathShape>), MismatchError> {
    let predictor = model.predictor()?;
    let (inputs, latent, steps) = (model.architecture.inputs, model.architecture.latent(), lambdas.len());
    let samples = Samples::in_model_scale(inputs, to_model(&model.input, scale, unit))?;
    let codes = paths(&predictor.encode(compute, &samples)?, latent, lambdas);
    let decoded = predictor.decode(compute, &codes)?;
    let shown = match model.input.unit_scale() {
        Some(unit) => unit.of_model(&decoded),
        None => rescaled(&model.input, scale, &decoded),
    };
    let again = predictor.encode(compute, &Samples::in_model_scale(inputs, decoded.clone())?)?;
    let images = decoded.chunks_exact(steps * inputs);
    let latents = codes.chunks_exact(steps * latent).zip(again.chunks_exact(steps * latent));
    let shape = |(images, (codes, again)): (&[f32], (&[f32], &[f32]))| {
        let image = |step: usize| &images[step * inputs..][..inputs];
        let lengths: Vec<f64> = (1..steps).map(|step| apart(image(step - 1), image(step)).sqrt()).collect();
        let length: f64 = lengths.iter().sum();
        let longest = lengths.iter().copied().fold(0.0, f64::max);
        let code = |step: usize, of: &[f32]| of[step * latent..][..latent].to_vec();
        let between = apart(&code(0, codes), &code(steps - 1, codes));
        let returns = mean((1..steps - 1).map(|step| apart(&code(step, again), &code(step, codes))));
        PathShape {
            smoothness: ratio(longest, length / lengths.len() as f64),
            path_length: ratio(length, apart(image(0), image(steps - 1)).sqrt()),
            round_trip: if between > 0.0 { returns / between } else { 0.0 },
        }
    };
    let shapes = images.zip(latents).map(shape).collect();
    Ok((shown, shapes))
}

/// Rows from the scale in which they are judged to a model's.
fn to_model(model: &InputSpec, judged: &InputSpec, values: &[f32]) -> Vec<f32> {
    match model.unit_scale() {
        Some(unit) => unit.to_model(values.to_vec()),
        None => rescaled(judged, model, values),
    }
}

/// Rows from one scale to another; the same one leaves them as they are.
fn rescaled(from: &InputSpec, to: &InputSpec, values: &[f32]) -> Vec<f32> {
    if from.normalisation() == to.normalisation() {
        return values.to_vec();
    }
    let features = from.schema().features();
    let value = |(index, &x): (usize, &f32)| {
        let (old, new) = (
            from.normalisation().of_feature(index % features),
            to.normalisation().of_feature(index % features),
        );
        let raw = (f64::from(x) - f64::from(old.1)) / f64::from(old.0);
        (raw * f64::from(new.0) + f64::from(new.1)) as f32
    };
    values.iter().enumerate().map(value).collect()
}

/// ‖a − b‖².
fn apart(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum()
}

/// Of a path that stays where it is, 1.
fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 1.0 }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for value in values {
        sum += value;
        count += 1;
    }
    sum / f64::from(count)
}
