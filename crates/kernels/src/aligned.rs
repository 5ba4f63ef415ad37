//! Memory for vectors: numbers that begin at a cache line.

use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::lanes::LANES;

/// Sixteen numbers that fill a cache line of 64 bytes.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LANES]);

/// Numbers of fixed length, the first at the beginning of a cache line.
///
/// What an allocator hands out for `f32` begins anywhere at a multiple of 16 bytes or fewer, and then every vector of
/// sixteen lies across two lines, for each of which the processor must ask. Everything that kernels read and write over
/// and over is kept in one of these, with strides of whole vectors.
#[derive(Clone)]
pub struct Aligned {
    lines: Vec<Line>,
    len: usize,
}

impl Aligned {
    /// So many zeros.
    pub fn zeros(len: usize) -> Self {
        Self { lines: vec![Line([0.0; LANES]); len.div_ceil(LANES)], len }
    }
}

impl Deref for Aligned {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: a `Line` is sixteen `f32` and nothing else (`repr(C)`, and 64 bytes are a multiple of its alignment),
        // so `lines` holds at least `len` of them in a row, by `zeros`; neither field changes afterwards.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`; the borrow of `self` is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

impl fmt::Debug for Aligned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_begins_a_line() {
        for len in [0, 1, 15, 16, 17, 1000] {
            let mut numbers = Aligned::zeros(len);
            assert_eq!(numbers.as_ptr().align_offset(64), 0, "{len}");
            assert_eq!(*numbers, *vec![0.0; len]);
            numbers.iter_mut().enumerate().for_each(|(i, x)| *x = i as f32);
            assert!(numbers.clone().iter().enumerate().all(|(i, &x)| x == i as f32), "{len}");
        }
    }
}
