//! What the live parts of a page show of a run.

use super::figures::{DrawError, published_curve};
use super::{EpochSummary, Experiment, Summary};
use crate::compute::Compute;
use crate::dataset::{Part, Parts, RowName, RowNameError};
use crate::interpolate::judge::Judge;
use crate::model::Autoencoder;
use crate::report::live::{self, Bound, Curves, Live, LiveModel, LivePair, Snapshot, Subject};

/// The pairs of the published study: from, to.
const STUDY_PAIRS: [[&str; 2]; 2] = [["train:1", "train:7"], ["train:8", "train:4"]];

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
            curves: Curves {
                published: summary
                    .published
                    .as_ref()
                    .and_then(|published| published.curve.as_deref())
                    .map(published_curve)
                    .unwrap_or_default(),
                ..curves(&summary.history, summary.epochs)
            },
            snapshots,
        })
        .collect()
}

/// How the losses of a model went whose parameters are those after `epochs` epochs.
pub fn curves(history: &[EpochSummary], epochs: usize) -> Curves {
    let point = |epoch: &EpochSummary, loss| (epoch.epoch as f64, loss);
    let validation: Vec<(f64, f64)> =
        history.iter().filter_map(|epoch| Some(point(epoch, epoch.validation_loss?))).collect();
    Curves {
        training: history.iter().map(|epoch| point(epoch, epoch.training_loss)).collect(),
        best_epoch: (!validation.is_empty()).then_some(epochs),
        validation,
        published: Vec::new(),
    }
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

/// The pairs of the published study, where the data has such classes: to begin with where nobody has said any.
pub fn study_pairs(data: &Parts) -> Vec<LivePair> {
    let find = |name: &str| -> Option<(Part, usize)> {
        let name: RowName = name.parse().ok()?;
        let found = name.find(data).ok()?;
        Some((found.part, found.index))
    };
    STUDY_PAIRS.iter().filter_map(|[from, to]| Some(LivePair { from: find(from)?, to: find(to)? })).collect()
}

/// The classifier that judged; without labels there was none, and the page shows no probabilities.
pub(super) fn live_judge(judge: &Judge) -> Option<live::Judge<'_>> {
    match judge {
        Judge::Classifier { classifier, .. } => Some(live::Judge::of(classifier)),
        Judge::Pixels { .. } => None,
    }
}
