//! What the live parts of a run's report show, and the snapshots of its training.

use super::Summary;
use super::figures::published_curve;
use crate::compute::{Compute, Level};
use crate::dataset::{Dataset, RowName, RowNameError, TrainAndTest};
use crate::interpolate::judge::Judge;
use crate::model::{Architecture, Autoencoder, InputSpec, Parameters};
use crate::report::live::{self, Bound, Live, LiveModel, LivePair, Snapshot, Subject, byte_of, originals};

/// The epochs after which a snapshot is taken, besides the last: learning is quick at first.
const SNAPSHOTS: [usize; 8] = [0, 1, 2, 5, 10, 20, 50, 100];

/// Reconstructs the same few test images again and again, while a model learns.
pub(super) struct Snapshots<'a> {
    architecture: &'a Architecture,
    input: &'a InputSpec,
    originals: Dataset,
    last: usize,
    compute: Compute,
    /// What has been taken.
    pub taken: Vec<Snapshot>,
}

impl<'a> Snapshots<'a> {
    /// Of a model that trains for `epochs`; of rows that are no images, none are taken.
    pub fn new(
        architecture: &'a Architecture,
        input: &'a InputSpec,
        data: &TrainAndTest,
        epochs: usize,
        level: Level,
    ) -> Self {
        let rows = if input.image.is_some() { originals(&data.test) } else { Vec::new() };
        let originals = data.test.subset(&rows);
        // Ten rows are nothing to share out, and the team is busy training.
        Self {
            architecture,
            input,
            originals,
            last: epochs,
            compute: Compute::single(level),
            taken: Vec::new(),
        }
    }

    /// Looks at the parameters after `epoch` epochs.
    pub fn see(&mut self, epoch: usize, parameters: &Parameters) {
        if self.originals.rows() == 0 || !(SNAPSHOTS.contains(&epoch) || epoch == self.last) {
            return;
        }
        self.take(epoch, parameters.clone());
    }

    /// A model that was stopped has its last snapshot where it stands.
    pub fn end(&mut self, epoch: usize, parameters: &Parameters) {
        if self.originals.rows() > 0 && self.taken.last().is_some_and(|last| last.epoch < epoch) {
            self.take(epoch, parameters.clone());
        }
    }

    fn take(&mut self, epoch: usize, parameters: Parameters) {
        let (architecture, input) = (self.architecture.clone(), self.input.clone());
        let model = Autoencoder { architecture, parameters, input };
        let values = model.reconstruct(&mut self.compute, &self.input.normalisation.apply(&self.originals));
        let unit = self.input.normalisation.to_unit(self.input.range, &values);
        self.taken.push(Snapshot { epoch, pixels: unit.into_iter().map(byte_of).collect() });
    }
}

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
    let mut pairs = Vec::new();
    for pair in summary.experiment.interpolation.iter().flat_map(|interpolation| &interpolation.pairs) {
        let row = |name: RowName| name.find(data).map(|(_, row)| (name.part, row));
        pairs.push(LivePair { from: row(pair.from)?, to: row(pair.to)? });
    }
    let bound =
        summary.exact_pca.as_ref().map(|pca| Bound { name: "exact PCA", error: pca.train.model_scale });
    let models = summary
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
        .collect();
    // Without labels there is no classifier, and the page draws no probabilities.
    let judge = match judged_by {
        Some(Judge::Classifier { classifier, .. }) => Some(live::Judge::of(classifier)),
        Some(Judge::Pixels { .. }) | None => None,
    };
    Ok(Some(Live::new(&Subject { data, models, compared: compared(summary), bound, pairs, judge }, compute)))
}

/// The two models that the experiment compares, as places among those that were trained.
fn compared(summary: &Summary) -> Option<[usize; 2]> {
    let [linear, deep] = summary.experiment.compared()?.map(|place| {
        let name = &summary.experiment.models[place].name;
        summary.models.iter().position(|model| model.name == *name)
    });
    Some([linear?, deep?])
}
