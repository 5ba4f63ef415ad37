//! The one shape of every sum over the rows of a batch.
//!
//! A batch is cut into chunks of [`CHUNK_ROWS`] rows, the last perhaps shorter. A chunk's rows are added in their order, beginning
//! with 0. Then the chunks are added in a binary tree: of n chunks the first p, the largest power of two below n, are one branch, the
//! others the other,
//!
//! ```text
//! tree(c₁ … cₙ) = tree(c₁ … cₚ) + tree(cₚ₊₁ … cₙ)         tree(c₁) = c₁
//! ```
//!
//! So the bits of a sum depend on the rows and their order alone: chunks may be summed at different times, or in different processes.

use std::mem::MaybeUninit;
use std::ops::{Add, Range};

use crate::lanes::{LANES, Lanes};

/// Rows in a chunk. To add one is a pass over the gradient: of 256 rows, two chunks of 128 make dense updates 4 % slower and sparse ones 6 %.
/// The batches of usual size are one chunk.
pub const CHUNK_ROWS: usize = 256;

/// Branches that wait at once: enough for 2²⁶ chunks, which have more rows than 32 bits count.
const MAX_LEVELS: usize = 26;

/// Adds chunks, which come in their order, as the tree has it.
#[derive(Clone, Debug)]
pub struct TreeSum<T> {
    /// Sums of 1, 2, 4 … chunks that wait for as many more.
    branches: [Option<T>; MAX_LEVELS],
}

impl<T: Add<Output = T>> TreeSum<T> {
    /// Of no chunk yet.
    pub fn new() -> Self {
        Self { branches: [const { None }; MAX_LEVELS] }
    }

    /// Adds the next chunk.
    pub fn push(&mut self, chunk: T) {
        let (mut sum, mut level) = (chunk, 0);
        while let Some(left) = self.branches[level].take() {
            sum = left + sum;
            level += 1;
        }
        self.branches[level] = Some(sum);
    }

    /// The sum of all chunks, if there were any.
    pub fn total(self) -> Option<T> {
        self.branches.into_iter().flatten().reduce(|right, left| left + right)
    }
}

impl<T: Add<Output = T>> Default for TreeSum<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// How many sums wait at once, at most, while so many rows are added.
pub const fn levels(rows: usize) -> usize {
    let chunks = rows.div_ceil(CHUNK_ROWS);
    if chunks < 2 { 0 } else { (chunks - 1).ilog2() as usize + 1 }
}

/// The chunks of so many rows.
pub(crate) fn chunks(rows: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows).step_by(CHUNK_ROWS).map(move |first| first..rows.min(first + CHUNK_ROWS))
}

/// The levels of the branches that a chunk is added to, one after the other, for those who keep the branches where they lie: the result
/// waits at level [`usize::trailing_ones`] of `chunk`, or is the sum of all, if the chunk is the last.
#[inline(always)]
pub(crate) fn joined(chunk: usize, is_last: bool) -> impl Iterator<Item = usize> {
    let below = (1_usize << chunk.trailing_ones()) - 1;
    let mut levels = if is_last { chunk } else { below };
    std::iter::from_fn(move || {
        let level = (levels != 0).then_some(levels.trailing_zeros() as usize);
        levels &= levels.wrapping_sub(1);
        level
    })
}

/// Some vectors in memory: of a register tile, which must not be indexed where it is, or it would not stay in registers.
pub(crate) type Vectors<const R: usize, const P: usize> = [[[f32; LANES]; P]; R];

/// A tree of vectors, R × P for a chunk, without a copy of what waits.
pub(crate) struct VectorTree<const R: usize, const P: usize> {
    branches: [MaybeUninit<Vectors<R, P>>; MAX_LEVELS],
    chunks: usize,
}

impl<const R: usize, const P: usize> VectorTree<R, P> {
    /// Of no chunk yet.
    #[inline(always)]
    pub fn new() -> Self {
        Self { branches: [const { MaybeUninit::uninit() }; MAX_LEVELS], chunks: 0 }
    }

    /// Adds the next chunk. If it is the last, it becomes the sum of all.
    #[inline(always)]
    pub fn push<L: Lanes>(&mut self, l: L, chunk: &mut Vectors<R, P>, is_last: bool) {
        for level in joined(self.chunks, is_last) {
            // SAFETY: bit `level` of the number of chunks before this one is set, so one of them was kept there: below, at the lowest bit
            // that is 0, which the next number has set.
            let kept = unsafe { self.branches[level].assume_init_ref() };
            for (sum, kept) in chunk.as_flattened_mut().iter_mut().zip(kept.as_flattened()) {
                l.store(l.add(l.load(kept), l.load(sum)), sum);
            }
        }
        if !is_last {
            self.branches[self.chunks.trailing_ones() as usize].write(*chunk);
            self.chunks += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sum that shows its shape.
    #[derive(Clone, Debug, PartialEq)]
    struct Shape(String);

    impl Add for Shape {
        type Output = Self;
        fn add(self, right: Self) -> Self {
            Self(format!("({}{})", self.0, right.0))
        }
    }

    fn tree(chunks: &[Shape]) -> Shape {
        match chunks {
            [chunk] => chunk.clone(),
            _ => {
                let (left, right) = chunks.split_at(1 << (chunks.len() - 1).ilog2());
                tree(left) + tree(right)
            }
        }
    }

    #[test]
    fn both_ways_of_adding_have_the_shape_of_the_tree() {
        assert_eq!(TreeSum::<f64>::new().total(), None);
        for count in 1..70 {
            let chunks: Vec<Shape> = (0..count).map(|i| Shape(format!("{i}."))).collect();
            let mut sum = TreeSum::new();
            chunks.iter().for_each(|chunk| sum.push(chunk.clone()));
            assert_eq!(sum.total(), Some(tree(&chunks)));

            let mut branches = vec![None; levels(count * CHUNK_ROWS)];
            let mut total = None;
            for (index, chunk) in chunks.iter().enumerate() {
                let mut sum = chunk.clone();
                for level in joined(index, index + 1 == count) {
                    let left: Option<Shape> = branches[level].take();
                    sum = left.unwrap() + sum;
                }
                match index + 1 == count {
                    true => total = Some(sum),
                    false => branches[index.trailing_ones() as usize] = Some(sum),
                }
            }
            assert_eq!(total, Some(tree(&chunks)));
        }
    }
}
