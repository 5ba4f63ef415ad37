//! Measuring the interpolations of a run, and the verdict.

use super::{Experiment, ModelSummary, RunError};
use crate::compute::Compute;
use crate::dataset::{Dataset, Parts, RowNameError};
use crate::interpolate::judge::Judge;
use crate::interpolate::quality::{
    Between, Contestants, InterpolationQuality, Named, QualitySettings, measure,
};
use crate::model::Autoencoder;

/// A model that was trained with another seed, for the verdict alone.
#[derive(Debug)]
pub(super) struct OfSeed {
    /// Its place in the experiment.
    pub model: usize,
    pub seed: u64,
    pub autoencoder: Autoencoder,
}

/// The classes of the experiment's pairs, then all classes.
fn between(experiment: &Experiment, data: &Parts) -> Result<Vec<Between>, RowNameError> {
    let mut found = Vec::new();
    for pair in experiment.interpolation.iter().flat_map(|interpolation| &interpolation.pairs) {
        let class = |(dataset, index): (&Dataset, usize)| dataset.labels().map(|labels| labels[index]);
        let ends = [class(pair.first.find(data)?), class(pair.second.find(data)?)];
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

/// Measures all models, and compares the two that the experiment compares, over all seeds for which both are there.
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
    let mut contestants = Vec::new();
    if let Some([linear, deep]) = experiment.compared() {
        let names = [linear, deep].map(|place| experiment.models[place].name.as_str());
        let trained = names.map(|name| named.iter().find(|named| named.name == name).copied());
        if let [Some(linear), Some(deep)] = trained {
            contestants.push(Contestants { seed: experiment.seed, linear, deep });
        }
        for one in of_seeds.iter().filter(|one| one.model == linear) {
            if let Some(other) = of_seeds.iter().find(|other| other.model == deep && other.seed == one.seed) {
                let [linear, deep] = [(names[0], one), (names[1], other)]
                    .map(|(name, of_seed)| Named { name, model: &of_seed.autoencoder });
                contestants.push(Contestants { seed: one.seed, linear, deep });
            }
        }
    }
    contestants.sort_by_key(|contestants| contestants.seed);
    let between = between(experiment, data)?;
    Ok(measure(compute, judge, data, &named, &contestants, &between, QualitySettings::default())?)
}
