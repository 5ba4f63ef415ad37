//! What the live parts of a run's report show, and the snapshots of its training.

use super::Summary;
use super::figures::{DrawError, published_curve};
use crate::compute::{Compute, Level};
use crate::dataset::{Parts, Samples, byte_of};
use crate::interpolate::judge::Judge;
use crate::model::{Architecture, Autoencoder, InputSpec, MismatchError, Parameters};
use crate::report::live::{self, Live, LiveModel, LivePair, Snapshot, Subject};

/// The epochs after which a snapshot is taken, besides the last: learning is quick at first.
const SNAPSHOTS: [usize; 8] = [0, 1, 2, 5, 10, 20, 50, 100];

/// Reconstructs the same few test images again and again, while a model learns.
pub(super) struct Snapshots<'a> {
    architecture: &'a Architecture,
    input: &'a InputSpec,
    /// Nothing of rows that are no images.
    originals: Option<Samples>,
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
        data: &Parts,
        epochs: usize,
        level: Level,
    ) -> Result<Self, MismatchError> {
        let test = data.test();
        let originals = match input.image() {
            Some(_) => Some(input.samples(&test.subset(&test.examples()))?),
            None => None,
        };
        // Ten rows are nothing to share out, and the team is busy training.
        let compute = Compute::single(level);
        Ok(Self { architecture, input, originals, last: epochs, compute, taken: Vec::new() })
    }

    /// Looks at the parameters after `epoch` epochs.
    pub fn see(&mut self, epoch: usize, parameters: &Parameters) {
        if SNAPSHOTS.contains(&epoch) || epoch == self.last {
            self.take(epoch, parameters.clone());
        }
    }

    /// A model that was stopped has its last snapshot where it stands.
    pub fn end(&mut self, epoch: usize, parameters: &Parameters) {
        if self.taken.last().is_some_and(|last| last.epoch < epoch) {
            self.take(epoch, parameters.clone());
        }
    }

    fn take(&mut self, epoch: usize, parameters: Parameters) {
        let (Some(originals), Some(scale)) = (&self.originals, self.input.unit_scale()) else { return };
        let (architecture, input) = (self.architecture.clone(), self.input.clone());
        let model = Autoencoder { architecture, parameters, input };
        let values = model.reconstruct(&mut self.compute, originals).expect("it is trained on such rows");
        let unit = scale.of_model(&values);
        self.taken.push(Snapshot { epoch, pixels: unit.into_iter().map(byte_of).collect() });
    }
}

/// The live parts of the report; none if the rows are no images.
pub(super) fn live_parts(
    summary: &Summary,
    models: &[Autoencoder],
    snapshots: &[Vec<Snapshot>],
    judged_by: Option<&Judge>,
    data: &Parts,
    compute: &mut Compute,
) -> Result<Option<Live>, DrawError> {
    if data.train().image().is_none() {
        return Ok(None);
    }
    let mut pairs = Vec::new();
    for pair in summary.experiment.interpolation.iter().flat_map(|interpolation| &interpolation.pairs) {
        let mut ends = [(pair.first.part, 0), (pair.second.part, 0)];
        for (end, name) in ends.iter_mut().zip([&pair.first, &pair.second]) {
            end.1 = name.find(data)?.1;
        }
        pairs.push(LivePair { ends });
    }
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
    Ok(Some(Live::new(&Subject { data, models, pairs, judge }, compute)?))
}
