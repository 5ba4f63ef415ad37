//! `XᵀX`, of which only the lower triangle is computed.

use crate::lanes::{LANES, Lanes};
use crate::layout::{Batch, TILE};
use crate::level::{Kernel, Level};
use crate::product::{Strides, even_runs, tile, with_tile};

/// One panel of 16 columns of X against itself and all panels before it:
/// `out[q][n][k] ← Σ_r X[r][16·panel + n]·X[r][16·q + k]` for q ≤ `panel`, n and k below 16.
///
/// x: (rows, columns); out: (panel + 1) tiles. The sum over rows runs in their order.
///
/// # Panics
/// If a length does not fit.
pub fn gram_panel(level: Level, x: Batch<'_>, panel: usize, out: &mut [f32]) {
    x.check(panel + 1);
    assert_eq!(out.len(), (panel + 1) * TILE, "tiles of panel {panel}");
    level.run(GramPanel { x, panel, out });
}

struct GramPanel<'a> {
    x: Batch<'a>,
    panel: usize,
    out: &'a mut [f32],
}

impl Kernel for GramPanel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        for (q, panels) in even_runs(self.panel + 1, L::TILE_PANELS) {
            with_tile!(L, panels, |R, P| for n in (0..LANES).step_by(R) {
                self.tile::<L, R, P>(l, q, n);
            });
        }
    }
}

impl GramPanel<'_> {
    #[inline(always)]
    fn tile<L: Lanes, const R: usize, const P: usize>(&mut self, l: L, q: usize, n: usize) {
        let x = self.x;
        let column = |column: usize| x.offset + column;
        // SAFETY: `gram_panel` has checked that the batch holds its rows with all panels up to this one.
        let sums = unsafe {
            let a = x.data.as_ptr().add(column(self.panel * LANES + n));
            let b = x.data.as_ptr().add(column(q * LANES));
            tile(
                l,
                [[l.splat(0.0); P]; R],
                (a, Strides { across: 1, depth: x.stride, chunk: x.block_stride }),
                (b, Strides { across: LANES, depth: x.stride, chunk: x.block_stride }),
                x.rows,
            )
        };
        let out = self.out.as_chunks_mut().0;
        for (r, sums) in sums.into_iter().enumerate() {
            for (p, sum) in sums.into_iter().enumerate() {
                l.store(sum, &mut out[(q + p) * LANES + n + r]);
            }
        }
    }
}
