//! The order of rows: permutations that a seed and an epoch decide, and nothing else.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Permutes `order` (Fisher & Yates), with ChaCha8 of `seed`, stream `epoch`; where it begins has an influence, so
/// epoch e is the e-th of successive shuffles.
pub(crate) fn shuffle(order: &mut [u32], seed: u64, epoch: usize) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(epoch as u64);
    shuffle_with(order, &mut random);
}

/// Fisher & Yates.
pub(crate) fn shuffle_with(order: &mut [u32], random: &mut ChaCha8Rng) {
    for last in (1..order.len()).rev() {
        // A number below last + 1; the bias of the multiplication is below 2⁻³².
        let other = (u128::from(random.next_u64()) * (last as u128 + 1)) >> 64;
        order.swap(last, other as usize);
    }
}
