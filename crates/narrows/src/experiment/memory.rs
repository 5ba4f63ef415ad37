//! About how much memory a run takes beside its data, so that one which cannot end need not begin.

use std::num::NonZeroUsize;

use narrows_kernels::layout::{BLOCK_ROWS, LayerShape};

use super::Experiment;
use super::estimate::Sharing;
use crate::model::{Architecture, LayerSpec};
use crate::train::{Optimiser, Training};

/// Copies of all parameters while a checkpoint is written, which is when there are most. Six are there in every step: packed
/// forwards and backwards, two moments, those of the last epoch and of the one before; measured with 12.8 million parameters, the
/// process took 6.2 beside its data and batch. With a validation set come the best; and then the state and the bytes of its
/// file, four each. Without one there are three fewer.
const COPIES: u64 = 15;

/// Blocks of rows that go through a large model together: a batch is rounded up to as many.
const BLOCKS: usize = 4;

/// About how much memory a run takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryNeeded {
    /// Bytes in all, without the data.
    pub bytes: u64,
    /// How many models are trained at a time.
    pub models: usize,
    /// The model that takes the most, its parameters, and its bytes.
    pub largest: Option<(String, usize, u64)>,
}

/// Bytes that training a model on so many rows takes: fifteen times its parameters, and for each row of a batch what every layer gives, that
/// before its activation, and its gradient; for Muon the weights once more, and for each layer five squares of its shorter side.
fn training_bytes(architecture: &Architecture, training: &Training, rows: usize) -> u64 {
    let batch_size = training.batch_size.min(rows);
    let numbers = architecture.layers().iter().map(|layer| 3 * layer.shape.outputs).sum::<usize>()
        + architecture.inputs;
    let rows = batch_size.next_multiple_of(BLOCKS * BLOCK_ROWS);
    let batch = numbers as u64 * rows as u64;
    let of_muon = |layer: &LayerSpec| {
        let LayerShape { inputs, outputs } = layer.shape;
        let (short, long) = (inputs.min(outputs) as u64, inputs.max(outputs) as u64);
        short * (long + 5 * short)
    };
    let muon = match training.optimiser {
        Optimiser::Muon { .. } => architecture.layers().iter().map(of_muon).sum(),
        _ => 0,
    };
    4 * (COPIES * architecture.parameter_count() as u64 + batch + muon)
}

impl MemoryNeeded {
    /// Of an experiment, on `rows` training rows of `features` numbers: the largest models at a time, and the parameters of all, which
    /// are kept until the report is drawn.
    pub fn of(experiment: &Experiment, features: usize, rows: usize, threads: NonZeroUsize) -> Self {
        let mut trained: Vec<(String, usize, u64)> = Vec::new();
        let (mut kept, mut trainings) = (0, 0_usize);
        // One that cannot be expanded has been refused before.
        let points = experiment.expanded().unwrap_or_else(|_| experiment.clone());
        for (index, model) in points.models.iter().enumerate() {
            trainings = trainings.saturating_add(experiment.seeds_of(index));
            let architecture = points.architecture(model, features);
            let parameters = architecture.parameter_count();
            // A sweep keeps no model once it is written.
            if experiment.sweep.is_none() {
                kept += 4 * parameters as u64;
            }
            if let Some(training) = points.training(model) {
                let bytes = training_bytes(&architecture, &training, rows);
                let side_by_side = experiment.seeds_of(index).min(threads.get());
                trained.extend(vec![(model.name.clone(), parameters, bytes); side_by_side]);
            }
        }
        trained.sort_by_key(|(.., bytes)| std::cmp::Reverse(*bytes));
        trained.truncate(Sharing::of(trainings, threads.get()).workers);
        let bytes = kept + trained.iter().map(|(.., bytes)| bytes).sum::<u64>();
        Self { bytes, models: trained.len(), largest: trained.into_iter().next() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(models: &str) -> Experiment {
        Experiment::from_toml(&format!("title = \"x\"\ndata = \"mnist\"\n{models}")).unwrap()
    }

    fn needed(models: &str, threads: usize) -> MemoryNeeded {
        MemoryNeeded::of(&experiment(models), 784, 60_000, NonZeroUsize::new(threads).unwrap())
    }

    #[test]
    fn the_largest_models_at_a_time_are_counted_and_the_parameters_of_all() {
        let model =
            |name: &str, hidden: usize| format!("[[models]]\nname = \"{name}\"\nhidden = [{hidden}]\n");
        let alone = needed(&model("a", 1000), 1);
        // 784·1000 weights twice, and the biases; 128 rows of 784 inputs, and thrice 1000 + 784.
        let parameters = 2 * 784_000 + 1784;
        let training = 4 * (15 * parameters + 128 * (784 + 3 * 1784));
        let largest = Some(("a".to_owned(), parameters as usize, training));
        assert_eq!(alone, MemoryNeeded { bytes: training + 4 * parameters, models: 1, largest });
        let three = model("a", 1000) + &model("b", 1000) + &model("c", 10);
        let small = needed(&model("c", 10), 1);
        let (one, two) = (needed(&three, 1), needed(&three, 2));
        let kept = 2 * 4 * parameters + 4 * small.largest.as_ref().unwrap().1 as u64;
        assert_eq!((one.bytes, one.models), (training + kept, 1));
        assert_eq!((two.bytes, two.models), (2 * training + kept, 2));
        assert_eq!(two.largest, alone.largest);
    }

    #[test]
    fn muon_takes_its_matrices_besides() {
        let model = "[[models]]\nname = \"a\"\nhidden = [1000]\n";
        let by_muon = needed(&format!("{model}optimiser = {{ kind = \"muon\" }}\n"), 1);
        // Both layers are of 784 and 1000.
        assert_eq!(by_muon.bytes - needed(model, 1).bytes, 4 * 2 * (784 * 1000 + 5 * 784 * 784));
    }

    #[test]
    fn what_is_computed_is_not_trained() {
        let exact = needed("[[models]]\nname = \"a\"\nkind = \"pca-exact\"\nhidden = [10]\n", 2);
        assert_eq!((exact.models, exact.largest), (0, None));
        assert_eq!(exact.bytes, 4 * (2 * 7840 + 794));
    }
}
