//! `AᵀB` where it is symmetric: `XᵀX`, or a product of symmetric matrices that commute. Only the lower triangle is computed.

use crate::lanes::{LANES, Lanes};
use crate::layout::{Batch, TILE};
use crate::level::{Kernel, Level};
use crate::product::{Strides, even_runs, tile, with_tile};

/// One panel of 16 columns of A against the same and all earlier panels of B:
/// `out[q][n][k] ← Σ_r A[r][16·panel + n]·B[r][16·q + k]` for q ≤ `panel`, n and k below 16.
///
/// a, b: (rows, columns); out: (panel + 1) tiles. The sum over rows runs in their order.
///
/// # Panics
/// If a length does not fit.
pub fn gram_panel(level: Level, a: Batch<'_>, b: Batch<'_>, panel: usize, out: &mut [f32]) {
    a.check(panel + 1);
    b.check(panel + 1);
    assert_eq!(a.rows, b.rows, "rows of A and B");
    assert_eq!(out.len(), (panel + 1) * TILE, "tiles of panel {panel}");
    level.run(GramPanel { a, b, panel, out });
}

struct GramPanel<'a> {
    a: Batch<'a>,
    b: Batch<'a>,
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
        let (a, b) = (self.a, self.b);
        // SAFETY: `gram_panel` has checked that both batches hold as many rows, with all panels up to this one.
        let sums = unsafe {
            let numbers = a.data.as_ptr().add(a.offset + self.panel * LANES + n);
            let vectors = b.data.as_ptr().add(b.offset + q * LANES);
            tile(
                l,
                [[l.splat(0.0); P]; R],
                (numbers, Strides { across: 1, depth: a.stride, chunk: a.block_stride }),
                (vectors, Strides { across: LANES, depth: b.stride, chunk: b.block_stride }),
                a.rows,
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
