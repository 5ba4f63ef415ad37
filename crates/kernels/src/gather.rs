//! Rows of a data set as rows of a block.

use crate::lanes::{LANES, Lanes};
use crate::level::{Kernel, Level};

/// What bytes p stand for: x = scale·p + offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// What one step of a byte is worth.
    pub scale: f32,
    /// What byte 0 is worth.
    pub offset: f32,
}

/// Asks for `values` to be brought into the cache, if the processor can: rows of a shuffled data set lie where no
/// processor expects them, and waiting for each costs more than the arithmetic of a small layer.
#[inline(always)]
pub fn prefetch<T>(values: &[T]) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    for line in (0..size_of_val(values)).step_by(64) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: SSE is part of x86-64, and a prefetch reads nothing that the program could see; the address lies
        // within the slice.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(values.as_ptr().cast::<i8>().add(line)) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = values;
}

/// `row[c] ← bytes[c]·scale + offset`, rounded once; the padding of `row` becomes 0.
///
/// # Panics
/// If `row` is shorter than the bytes padded to whole vectors.
pub fn from_bytes(level: Level, bytes: &[u8], scale: f32, offset: f32, row: &mut [f32]) {
    assert!(
        row.len() >= bytes.len().next_multiple_of(LANES),
        "{} bytes into {} numbers",
        bytes.len(),
        row.len()
    );
    level.run(FromBytes { bytes, scale, offset, row });
}

struct FromBytes<'a> {
    bytes: &'a [u8],
    scale: f32,
    offset: f32,
    row: &'a mut [f32],
}

impl Kernel for FromBytes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (scale, offset) = (l.splat(self.scale), l.splat(self.offset));
        let affine = |bytes| l.mul_add(l.load_bytes(bytes), scale, offset);
        let (vectors, rest) = self.bytes.as_chunks();
        let (out, padding) = self.row.split_at_mut(vectors.len() * LANES);
        for (bytes, out) in vectors.iter().zip(out.as_chunks_mut().0) {
            l.store(affine(bytes), out);
        }
        padding.fill(0.0);
        if !rest.is_empty() {
            let (mut bytes, mut numbers) = ([0; LANES], [0.0; LANES]);
            bytes[..rest.len()].copy_from_slice(rest);
            l.store(affine(&bytes), &mut numbers);
            padding[..rest.len()].copy_from_slice(&numbers[..rest.len()]);
        }
    }
}
