//! The order of rows: permutations that a seed and an epoch decide, and nothing else.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::random;

/// Permutes `order` (Fisher & Yates), with ChaCha8 of `seed`, stream `epoch`; where it begins has an influence, so
/// epoch e is the e-th of successive shuffles.
pub(crate) fn shuffle(order: &mut [u32], seed: u64, epoch: usize) {
    let mut draws = ChaCha8Rng::seed_from_u64(seed);
    draws.set_stream(epoch as u64);
    random::shuffle(order, &mut draws);
}
