//! Snapshots of a run: the same few test images, reconstructed again and again while a model learns.

use crate::compute::{Compute, Level};
use crate::dataset::{Dataset, TrainAndTest};
use crate::model::{Architecture, Autoencoder, InputSpec, Parameters};
use crate::report::live::{Snapshot, byte_of, originals};

/// The epochs after which a snapshot is taken, besides the last: learning is quick at first.
const SNAPSHOTS: [usize; 8] = [0, 1, 2, 5, 10, 20, 50, 100];

/// Reconstructs the same few test images again and again, while a model learns.
pub(super) struct Snapshots<'a> {
    architecture: &'a Architecture,
    input: &'a InputSpec,
    originals: Dataset,
    /// Which test images these are.
    pub rows: Vec<usize>,
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
            rows,
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
