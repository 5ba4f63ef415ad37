//! Rows of a data set as rows of a block, normalised on the way.

use crate::lanes::{LANES, Lanes};
use crate::level::{Kernel, Level};

/// What raw numbers r stand for: x = scale·r + offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// What a step of 1 is worth.
    pub scale: f32,
    /// What 0 is worth.
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

/// How raw numbers r become x = scale·r + offset: alike in all columns, or each column its own way.
#[derive(Clone, Copy, Debug)]
pub enum Scaling<'a> {
    /// One scale and offset for all columns.
    Same(Affine),
    /// One for each column.
    Each {
        /// As many as columns.
        scale: &'a [f32],
        /// As many as columns.
        offset: &'a [f32],
    },
}

/// `row[c] ← bytes[c]·scale + offset`, rounded once; the padding of `row` becomes 0.
///
/// # Panics
/// If `row` is shorter than the bytes padded to whole vectors, or there is not one scale and offset for each.
pub fn from_bytes(level: Level, bytes: &[u8], scaling: Scaling<'_>, row: &mut [f32]) {
    gather::<_, false>(level, bytes, scaling, row);
}

/// `row[c] ← numbers[c]·scale + offset`, rounded once; the padding of `row` becomes 0.
///
/// # Panics
/// If `row` is shorter than the numbers padded to whole vectors, or there is not one scale and offset for each.
pub fn from_numbers(level: Level, numbers: &[f32], scaling: Scaling<'_>, row: &mut [f32]) {
    gather::<_, false>(level, numbers, scaling, row);
}

/// As [`from_numbers`], but where a number is NaN, a value that is missing, `row[c] ← 0`.
///
/// # Panics
/// If `row` is shorter than the numbers padded to whole vectors, or there is not one scale and offset for each.
pub fn from_present_numbers(level: Level, numbers: &[f32], scaling: Scaling<'_>, row: &mut [f32]) {
    gather::<_, true>(level, numbers, scaling, row);
}

fn gather<T: Raw, const MASKED: bool>(level: Level, raw: &[T], scaling: Scaling<'_>, row: &mut [f32]) {
    let padded = raw.len().next_multiple_of(LANES);
    assert!(row.len() >= padded, "{} raw numbers into {} numbers", raw.len(), row.len());
    match scaling {
        Scaling::Same(affine) => level.run(Gather::<_, _, MASKED> { raw, scaling: affine, row }),
        Scaling::Each { scale, offset } => {
            let lengths = (scale.len(), offset.len());
            assert!(lengths == (raw.len(), raw.len()), "{lengths:?} scales and offsets for {}", raw.len());
            level.run(Gather::<_, _, MASKED> { raw, scaling: Each { scale, offset }, row });
        }
    }
}

/// What a data set is stored as.
trait Raw: Copy + Default {
    fn load<L: Lanes>(l: L, from: &[Self; LANES]) -> L::V;
}

impl Raw for u8 {
    #[inline(always)]
    fn load<L: Lanes>(l: L, from: &[Self; LANES]) -> L::V {
        l.load_bytes(from)
    }
}

impl Raw for f32 {
    #[inline(always)]
    fn load<L: Lanes>(l: L, from: &[Self; LANES]) -> L::V {
        l.load(from)
    }
}

/// Where the scale and the offset of a vector of columns come from.
trait Scales: Copy {
    /// Those of sixteen columns from `column` on.
    fn of<L: Lanes>(self, l: L, column: usize) -> (L::V, L::V);
    /// Those of the last columns, fewer than sixteen.
    fn of_tail<L: Lanes>(self, l: L, column: usize) -> (L::V, L::V);
}

impl Scales for Affine {
    #[inline(always)]
    fn of<L: Lanes>(self, l: L, _column: usize) -> (L::V, L::V) {
        (l.splat(self.scale), l.splat(self.offset))
    }

    #[inline(always)]
    fn of_tail<L: Lanes>(self, l: L, column: usize) -> (L::V, L::V) {
        self.of(l, column)
    }
}

#[derive(Clone, Copy)]
struct Each<'a> {
    scale: &'a [f32],
    offset: &'a [f32],
}

impl Scales for Each<'_> {
    #[inline(always)]
    fn of<L: Lanes>(self, l: L, column: usize) -> (L::V, L::V) {
        let [scale, offset] = [self.scale, self.offset];
        (l.load(vector_at(scale, column)), l.load(vector_at(offset, column)))
    }

    #[inline(always)]
    fn of_tail<L: Lanes>(self, l: L, column: usize) -> (L::V, L::V) {
        (l.load(&padded(&self.scale[column..])), l.load(&padded(&self.offset[column..])))
    }
}

#[inline(always)]
fn vector_at(numbers: &[f32], column: usize) -> &[f32; LANES] {
    numbers[column..]
        .first_chunk()
        .expect("whole vectors are counted by the raw numbers, of which there are as many")
}

#[inline(always)]
fn padded<T: Raw>(rest: &[T]) -> [T; LANES] {
    let mut whole = [T::default(); LANES];
    whole[..rest.len()].copy_from_slice(rest);
    whole
}

/// Where `MASKED`, a raw NaN becomes 0.
struct Gather<'a, T, S, const MASKED: bool> {
    raw: &'a [T],
    scaling: S,
    row: &'a mut [f32],
}

impl<T: Raw, S: Scales, const MASKED: bool> Kernel for Gather<'_, T, S, MASKED> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        let (vectors, rest) = self.raw.as_chunks();
        let (out, padding) = self.row.split_at_mut(vectors.len() * LANES);
        for (index, (raw, out)) in vectors.iter().zip(out.as_chunks_mut().0).enumerate() {
            let scales = self.scaling.of(l, index * LANES);
            l.store(scaled::<L, T, MASKED>(l, raw, scales), out);
        }
        padding.fill(0.0);
        if !rest.is_empty() {
            let scales = self.scaling.of_tail(l, vectors.len() * LANES);
            let mut numbers = [0.0; LANES];
            l.store(scaled::<L, T, MASKED>(l, &padded(rest), scales), &mut numbers);
            padding[..rest.len()].copy_from_slice(&numbers[..rest.len()]);
        }
    }
}

#[inline(always)]
fn scaled<L: Lanes, T: Raw, const MASKED: bool>(
    l: L,
    raw: &[T; LANES],
    (scale, offset): (L::V, L::V),
) -> L::V {
    let raw = T::load(l, raw);
    let x = l.mul_add(raw, scale, offset);
    if MASKED { l.select_nan(raw, l.splat(0.0), x) } else { x }
}
