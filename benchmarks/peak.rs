//! What this processor can do at most: fused multiply-adds on registers, GFLOP/s.
//!
//! `peak THREADS` prints the GFLOP/s of so many threads together. `cargo xtask bench` compiles it with
//! `-C target-cpu=native`, so that an array as long as a register becomes one.

use std::hint::black_box;
use std::time::Instant;

/// Numbers in the widest register.
const LANES: usize = if cfg!(target_feature = "avx512f") {
    16
} else if cfg!(target_feature = "avx") {
    8
} else {
    4
};

/// Sums that do not wait for each other: two units of latency 4 need 8 of them, and with the two factors they must fit
/// in 16 registers.
const CHAINS: usize = 12;

/// 0.4 GFLOP on four lanes, 1.6 on sixteen: some hundredths of a second.
const ROUNDS: usize = 4_000_000;

type Register = [f32; LANES];

fn main() {
    let threads = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    // The first tries find the clock low or a thread not yet awake; the best is the limit.
    let best = (0..20).map(|_| rate(threads)).fold(0.0, f64::max);
    println!("{best:.1}");
}

fn rate(threads: usize) -> f64 {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut sums = black_box([[1.0; LANES]; CHAINS]);
                chains(black_box(0.999), black_box(0.001), &mut sums);
                black_box(sums)
            });
        }
    });
    (2 * LANES * CHAINS * ROUNDS * threads) as f64 / start.elapsed().as_secs_f64() / 1e9
}

/// `s ← s·a + b`, over and over, on every chain; it goes to b / (1 − a), a normal number.
///
/// The sums are variables, not an array: over an array the compiler vectorises across the chains, through memory. They
/// come from memory and go back to it whole, which is how it sees that each is a register.
#[inline(never)]
fn chains(a: f32, b: f32, sums: &mut [Register; CHAINS]) {
    let next = |sum: Register| multiply_add(sum, a, b);
    let [mut s0, mut s1, mut s2, mut s3, mut s4, mut s5, mut s6, mut s7, mut s8, mut s9, mut s10, mut s11] =
        *sums;
    for _ in 0..ROUNDS {
        (s0, s1, s2, s3, s4, s5) = (next(s0), next(s1), next(s2), next(s3), next(s4), next(s5));
        (s6, s7, s8, s9, s10, s11) = (next(s6), next(s7), next(s8), next(s9), next(s10), next(s11));
    }
    *sums = [s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11];
}

#[inline(always)]
fn multiply_add(mut sum: Register, a: f32, b: f32) -> Register {
    for lane in &mut sum {
        *lane = lane.mul_add(a, b);
    }
    sum
}
