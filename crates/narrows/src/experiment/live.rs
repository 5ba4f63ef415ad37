//! What the live parts of a page show of a run.

use super::figures::published_curve;
use super::{Experiment, Summary};
use crate::compute::Compute;
use crate::dataset::{RowNameError, TrainAndTest};
use crate::interpolate::judge::Judge;
use crate::model::Autoencoder;
use crate::report::live::{self, Live, LiveModel, LivePair, Snapshot, Subject};

/// The live parts of the report; none if the rows are no images.
pub(super) fn live_parts(
    summary: &Summary,
    models: &[Autoencoder],
    snapshots: &[Vec<Snapshot>],
    judged_by: Option<&Judge>,
    data: &TrainAndTest,
    compute: &mut Compute,
) -> Result<Option<Live>, RowNameError> {
    if data.train.image.is_none() {
        return Ok(None);
    }
    let models = live_models(summary, models, snapshots);
    let pairs = live_pairs(&summary.experiment, data)?;
    Ok(Some(Live::new(&Subject { data, models, pairs, judge: judged_by.and_then(live_judge) }, compute)))
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
pub(super) fn live_pairs(
    experiment: &Experiment,
    data: &TrainAndTest,
) -> Result<Vec<LivePair>, RowNameError> {
    let mut pairs = Vec::new();
    for pair in experiment.interpolation.iter().flat_map(|interpolation| &interpolation.pairs) {
        let mut ends = [(pair.first.part, 0), (pair.second.part, 0)];
        for (end, name) in ends.iter_mut().zip([pair.first, pair.second]) {
            end.1 = name.find(data)?.1;
        }
        pairs.push(LivePair { ends });
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
