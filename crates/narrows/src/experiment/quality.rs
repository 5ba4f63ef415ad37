//! Measuring the interpolations of a run, and the verdict.

use super::summary::not_trained_out;
use super::{Experiment, ModelKind, ModelSummary, RunError};
use crate::compute::Compute;
use crate::dataset::{FoundRow, Parts, RowNameError};
use crate::interpolate::judge::Judge;
use crate::interpolate::quality::{
    Between, InterpolationQuality, ModelPair, Named, QualitySettings, measure,
};
use crate::model::Autoencoder;

/// A model that was trained with a seed of its own.
#[derive(Debug)]
pub(super) struct OfSeed {
    /// Its place in the experiment.
    pub model: usize,
    pub seed: u64,
    /// Of which its parameters are.
    pub epochs: usize,
    pub autoencoder: Autoencoder,
}

/// The classes of the experiment's pairs, then all classes.
fn between(experiment: &Experiment, data: &Parts) -> Result<Vec<Between>, RowNameError> {
    let mut found = Vec::new();
    for pair in experiment.interpolation.iter().flat_map(|interpolation| &interpolation.pairs) {
        let class = |found: FoundRow<'_>| Some(found.dataset.labels()?[found.index]);
        let ends = [class(pair.to.find(data)?), class(pair.from.find(data)?)];
        let [Some(first), Some(second)] = ends else { continue };
        let known = |between: &Between| {
            [Between::Classes(first, second), Between::Classes(second, first)].contains(between)
        };
        if first != second && !found.iter().any(known) {
            found.push(Between::Classes(first, second));
        }
    }
    found.push(Between::All);
    Ok(found)
}

/// Measures all models, and compares the two that the experiment compares, over all seeds for which both are there; the deep
/// one also with exact PCA, where that is another model of the experiment.
pub(super) fn measure_interpolations(
    compute: &mut Compute,
    judge: &Judge,
    data: &Parts,
    experiment: &Experiment,
    (summaries, models): (&[ModelSummary], &[Autoencoder]),
    of_seeds: &[OfSeed],
) -> Result<InterpolationQuality, RunError> {
    let named: Vec<Named<'_>> =
        summaries.iter().zip(models).map(|(summary, model)| Named { name: &summary.name, model }).collect();
    let compared: Vec<Vec<ModelPair<'_>>> = experiment
        .compared()
        .map(|[linear, deep]| {
            let exact = experiment.exact_pca_like(deep).filter(|&exact| exact != linear);
            let linears = [Some(linear), exact].into_iter().flatten();
            linears.map(|linear| pairs(experiment, &named, of_seeds, [linear, deep])).collect()
        })
        .unwrap_or_default();
    let between = between(experiment, data)?;
    let mut quality = measure(compute, judge, data, &named, &compared, &between, QualitySettings::default())?;
    for verdict in quality.comparisons.iter_mut().flat_map(|comparison| &mut comparison.verdicts) {
        let of_verdict =
            summaries.iter().filter(|model| [&verdict.linear, &verdict.deep].contains(&&model.name));
        verdict.caveats.extend(of_verdict.filter_map(not_trained_out));
    }
    Ok(quality)
}

/// The two models at these places of the experiment, as often as there is a seed of both. Exact PCA has no seed: the one
/// model stands beside every seed of the other.
fn pairs<'a>(
    experiment: &'a Experiment,
    named: &[Named<'a>],
    of_seeds: &'a [OfSeed],
    places: [usize; 2],
) -> Vec<ModelPair<'a>> {
    let first = |place: usize| {
        let name = &experiment.models[place].name;
        named.iter().find(|named| named.name == name).copied()
    };
    let of_seed = |place: usize, seed: u64| -> Option<Named<'a>> {
        if experiment.models[place].kind == ModelKind::PcaExact {
            return first(place);
        }
        let found = of_seeds.iter().find(|one| one.model == place && one.seed == seed)?;
        Some(Named { name: &experiment.models[place].name, model: &found.autoencoder })
    };
    let pair = |seed: u64, [linear, deep]: [Option<Named<'a>>; 2]| {
        Some(ModelPair { seed, linear: linear?, deep: deep? })
    };
    let mut seeds: Vec<u64> = of_seeds.iter().map(|one| one.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let own = pair(experiment.seed, places.map(first));
    own.into_iter()
        .chain(seeds.into_iter().filter_map(|seed| pair(seed, places.map(|place| of_seed(place, seed)))))
        .collect()
}
