//! What training takes of memory, said before it begins.

use narrows_kernels::layout::BLOCK_ROWS;

use super::Training;
use crate::dataset::Samples;
use crate::model::network::{BlockPlaces, Network, WeightOrder};
use crate::model::{Architecture, Parameters};

/// About how many bytes of memory a training takes while it goes: the values of the rows (of a file, those of its two windows), the
/// order of the rows, the parameters with their moments and copies, and the work of a batch. The program itself comes on top.
pub fn memory_of_training(architecture: &Architecture, training: &Training, samples: &Samples) -> u64 {
    let parameters = Parameters::zeros(architecture);
    let network = Network::new(architecture, &parameters, WeightOrder::Tiles);
    // Weights forward and backward, their two moments, and the copies that are drawn, kept and lent.
    let model = 4 * network.backward.len() + 3 * parameters.values().len();
    let rows = training.batch_size.min(samples.rows());
    let batch = rows.div_ceil(BLOCK_ROWS) * BlockPlaces::for_training(&network, samples.has_missing()).len;
    let order = if samples.is_in_memory() { samples.rows() } else { 0 };
    samples.held_bytes() + 4 * (model + batch + order) as u64
}
