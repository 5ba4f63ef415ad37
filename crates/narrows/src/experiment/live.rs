//! What the live parts of a page show of a run.

use super::figures::{DrawError, published_curve};
use super::{Experiment, Summary};
use crate::compute::Compute;
use crate::dataset::{Parts, RowName, RowNameError};
use crate::interpolate::judge::Judge;
use crate::model::Autoencoder;
use crate::report::live::{self, Bound, Live, LiveModel, LivePair, Snapshot, Subject};

/// The live parts of the report.
pub(super) fn live_parts(
    summary: &Summary,
    models: &[Autoencoder],
    snapshots: &[Vec<Snapshot>],
    judged_by: Option<&Judge>,
    data: &Parts,
    compute: &mut Compute,
) -> Result<Live, DrawError> {
    let models = live_models(summary, models, snapshots);
    let pairs = live_pairs(&summary.experiment, data)?;
    let subject = Subject {
        data,
        models,
        compared: compared(summary),
        bound: bound(summary),
        pairs,
        judge: judged_by.and_then(live_judge),
    };
    Ok(Live::new(&subject, compute)?)
}

/// The two models that the experiment compares, as places among those that were trained.
pub(super) fn compared(summary: &Summary) -> Option<[usize; 2]> {
    let [linear, deep] = summary.experiment.compared()?.map(|place| {
        let name = &summary.experiment.models[place].name;
        summary.models.iter().position(|model| model.name == *name)
    });
    Some([linear?, deep?])
}

/// The error that no linear model can go below.
pub(super) fn bound(summary: &Summary) -> Option<Bound<'_>> {
    summary.exact_pca.as_ref().map(|pca| Bound { name: "exact PCA", error: pca.train.model_scale })
}

/// A run's models, in the experiment's order, with what is known of their training.
pub(super) fn live_models<'a>(
    summary: &'a Summary,
    models: &'a [Autoencoder],
    snapshots: &'a [Vec<Snapshot>],
) -> Vec<LiveModel<'a>> {
    summary
        .models
        .iter()
        .zip(models)
        .zip(snapshots)
        .map(|((summary, autoencoder), snapshots)| LiveModel {
            name: &summary.name,
            autoencoder,
            test_error: Some(summary.test.model_scale),
            curve: summary.history.iter().map(|epoch| (epoch.epoch as f64, epoch.training_loss)).collect(),
            published: summary
                .published
                .as_ref()
                .and_then(|published| published.curve.as_deref())
                .map(published_curve)
                .unwrap_or_default(),
            snapshots,
        })
        .collect()
}

/// The pairs that an experiment goes between.
pub(super) fn live_pairs(experiment: &Experiment, data: &Parts) -> Result<Vec<LivePair>, RowNameError> {
    let mut pairs = Vec::new();
    for pair in experiment.interpolation.iter().flat_map(|interpolation| &interpolation.pairs) {
        let row = |name: &RowName| name.find(data).map(|found| (found.part, found.index));
        pairs.push(LivePair { from: row(&pair.from)?, to: row(&pair.to)? });
    }
    Ok(pairs)
}

/// The classifier that judged; without labels there was none, and the page shows no probabilities.
pub(super) fn live_judge(judge: &Judge) -> Option<live::Judge<'_>> {
    match judge {
        Judge::Classifier { classifier, .. } => Some(live::Judge::of(classifier)),
        Judge::Pixels { .. } => None,
    }
}
