//! Products of matrices: one register tile, from which the three products of a dense layer are made.
//!
//! All three are `C[r][v] ← C[r][v] + Σ_d A[r][d]·B[d][v]` with a number of A broadcast against a vector of B,
//! summed over d in ascending order by fused multiply-adds; they differ only in where A and B lie:
//!
//! | product | r | v | d |
//! |---|---|---|---|
//! | forward `x·Wᵀ` | rows | outputs | inputs |
//! | backward `δ·W` | rows | inputs | outputs |
//! | weight gradient `δᵀ·x` | outputs | inputs | rows |
//!
//! In each of them d comes in chunks of 16, contiguous or evenly spaced within a chunk.

use crate::lanes::{LANES, Lanes};

/// Where an operand lies: element `(i, d)` is at `i·across + (d / 16)·chunk + (d % 16)·depth`, where i counts the
/// rows of A or the vectors of B.
#[derive(Clone, Copy)]
pub(crate) struct Strides {
    pub across: usize,
    pub depth: usize,
    pub chunk: usize,
}

/// `sums[r][p] + Σ_{d < depth} A[r][d]·B[d][p]`, `R` numbers of A against `P` vectors of B.
///
/// # Safety
/// All elements that the strides name for r < R, p < P, d < depth are readable, 16 numbers at each of B's.
#[inline(always)]
pub(crate) unsafe fn tile<L: Lanes, const R: usize, const P: usize>(
    l: L,
    mut sums: [[L::V; P]; R],
    (a, a_strides): (*const f32, Strides),
    (b, b_strides): (*const f32, Strides),
    depth: usize,
) -> [[L::V; P]; R] {
    let chunks = depth / LANES;
    for c in 0..chunks {
        // SAFETY: within what the caller promised.
        unsafe {
            let (a, b) = (a.add(c * a_strides.chunk), b.add(c * b_strides.chunk));
            sums = chunk(l, sums, (a, a_strides), (b, b_strides), LANES);
        }
    }
    if !depth.is_multiple_of(LANES) {
        // SAFETY: within what the caller promised.
        unsafe {
            let (a, b) = (a.add(chunks * a_strides.chunk), b.add(chunks * b_strides.chunk));
            sums = chunk(l, sums, (a, a_strides), (b, b_strides), depth % LANES);
        }
    }
    sums
}

/// At most 16 of the terms of [`tile`].
///
/// # Safety
/// As for [`tile`].
#[inline(always)]
unsafe fn chunk<L: Lanes, const R: usize, const P: usize>(
    l: L,
    mut sums: [[L::V; P]; R],
    (a, a_strides): (*const f32, Strides),
    (b, b_strides): (*const f32, Strides),
    depth: usize,
) -> [[L::V; P]; R] {
    for d in 0..depth {
        let mut vectors = [l.splat(0.0); P];
        for (p, vector) in vectors.iter_mut().enumerate() {
            // SAFETY: the caller's promise; the array is of `f32`, so alignment holds.
            *vector = l.load(unsafe { &*b.add(p * b_strides.across + d * b_strides.depth).cast() });
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            let number = l.splat(unsafe { *a.add(r * a_strides.across + d * a_strides.depth) });
            for (sum, &vector) in sums.iter_mut().zip(&vectors) {
                *sum = l.mul_add(number, vector, *sum);
            }
        }
    }
    sums
}

/// Cuts `count` panels into runs of at most `most`, as even as can be: 4 by 3 are 2 + 2, for a run of one vector alone
/// hardly hides the latency of its sums. Yields (first panel, length).
pub(crate) fn even_runs(count: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let runs = count.div_ceil(most);
    (0..runs).map(move |i| {
        let start = i * count / runs;
        (start, (i + 1) * count / runs - start)
    })
}

/// Calls `$f::<…, R, P>` with the constants of the register tile: R always `TILE_ROWS`, P the length of the run.
macro_rules! with_tile {
    ($l:ty, $panels:expr, |$r:ident, $p:ident| $call:expr) => {
        match (<$l as $crate::lanes::Lanes>::TILE_ROWS, $panels) {
            (8, 3) => {
                const $r: usize = 8;
                const $p: usize = 3;
                $call
            }
            (8, 2) => {
                const $r: usize = 8;
                const $p: usize = 2;
                $call
            }
            (8, 1) => {
                const $r: usize = 8;
                const $p: usize = 1;
                $call
            }
            (4, 1) => {
                const $r: usize = 4;
                const $p: usize = 1;
                $call
            }
            (rows, panels) => unreachable!("no level has tiles of {rows} rows and {panels} panels"),
        }
    };
}
pub(crate) use with_tile;

/// Calls `$call` with the constant P, the number of panels, from 1 to 4.
macro_rules! with_panels {
    ($panels:expr, |$p:ident| $call:expr) => {
        match $panels {
            1 => {
                const $p: usize = 1;
                $call
            }
            2 => {
                const $p: usize = 2;
                $call
            }
            3 => {
                const $p: usize = 3;
                $call
            }
            _ => {
                const $p: usize = 4;
                $call
            }
        }
    };
}
pub(crate) use with_panels;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_even_and_cover_all() {
        assert_eq!(even_runs(4, 3).collect::<Vec<_>>(), [(0, 2), (2, 2)]);
        assert_eq!(even_runs(7, 3).collect::<Vec<_>>(), [(0, 2), (2, 2), (4, 3)]);
        assert_eq!(even_runs(3, 3).collect::<Vec<_>>(), [(0, 3)]);
        assert_eq!(even_runs(2, 1).collect::<Vec<_>>(), [(0, 1), (1, 1)]);
        assert_eq!(even_runs(0, 3).count(), 0);
    }
}
