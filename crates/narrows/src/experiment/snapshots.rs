//! Snapshots of a run: the same few test images, reconstructed again and again while a model learns.

use crate::compute::{Compute, Level};
use crate::dataset::{Parts, Samples, byte_of};
use crate::model::{Architecture, Autoencoder, InputSpec, MismatchError, Parameters};
use crate::report::live::Snapshot;

/// The epochs after which a snapshot is taken, besides the last: learning is quick at first.
const SNAPSHOTS: [usize; 8] = [0, 1, 2, 5, 10, 20, 50, 100];

/// Reconstructs the same few test images again and again, while a model learns.
pub(super) struct Snapshots<'a> {
    architecture: &'a Architecture,
    input: &'a InputSpec,
    /// Nothing of rows that are no images.
    originals: Option<Samples>,
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
        data: &Parts,
        epochs: usize,
        level: Level,
    ) -> Result<Self, MismatchError> {
        let rows = if input.image().is_some() { data.test().examples() } else { Vec::new() };
        let originals = match rows.is_empty() {
            true => None,
            false => Some(input.samples(&data.test().read_rows(&rows)?)?),
        };
        // Ten rows are nothing to share out, and the team is busy training.
        let compute = Compute::single(level);
        Ok(Self { architecture, input, originals, rows, last: epochs, compute, taken: Vec::new() })
    }

    /// Takes over what was taken before a training was left after `epoch` epochs, but for that of where it stood.
    pub fn go_on(&mut self, taken: Vec<Snapshot>, epoch: usize) {
        self.taken = taken;
        self.taken.retain(|snapshot| snapshot.epoch <= epoch && SNAPSHOTS.contains(&snapshot.epoch));
    }

    /// Looks at the parameters after `epoch` epochs.
    pub fn see(&mut self, epoch: usize, parameters: &Parameters) {
        if SNAPSHOTS.contains(&epoch) || epoch == self.last {
            self.take(epoch, parameters.clone());
        }
    }

    /// The last is the model's own, with the parameters after `epoch` epochs. Later ones, of a training that ended in epochs which
    /// made it no better, go.
    pub fn end(&mut self, epoch: usize, parameters: &Parameters) {
        self.taken.retain(|snapshot| snapshot.epoch <= epoch);
        self.leave(epoch, parameters);
    }

    /// Of a training that may go on: nothing goes, and the last is of where it stands.
    pub fn leave(&mut self, epoch: usize, parameters: &Parameters) {
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
