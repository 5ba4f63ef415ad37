//! Nearest neighbours by blocked products, without a matrix of all distances.
//!
//! Of two points r, the one nearer to q has the greater `q·r − ½‖r‖²`, since `‖q − r‖² = ‖q‖² − 2(q·r − ½‖r‖²)`. That is a
//! dense layer whose weights are the reference points and whose biases are their negative half squared norms, so the
//! forward kernel computes it, 16 queries at a time against a piece of the references. Points are taken relative to the
//! references' mean, so that little cancels.

use narrows_kernels::layout::{BLOCK_ROWS, LayerShape, Rows, RowsMut, row_stride};
use narrows_kernels::team::{Bounds, Split};
use narrows_kernels::{Activation, Aligned, Layer, Level, forward, forward_tiles};

use crate::compute::Compute;

/// References in a piece: with 16 numbers a point, a piece and its scores are 32 KB each, and stay in the L2 cache while
/// all queries of a part meet it.
const PIECE: usize = 512;

/// Blocks of queries in a part of the work: they share each piece of the references while it is in the cache.
const BLOCKS_IN_PART: usize = 4;

/// Points row after row, as many numbers each as the dimension.
#[derive(Clone, Copy, Debug)]
pub struct Points<'a> {
    pub(super) values: &'a [f32],
    pub(super) dimension: usize,
}

impl<'a> Points<'a> {
    /// Points of `dimension` numbers each.
    ///
    /// # Panics
    /// If the dimension is 0, or the numbers are not whole points.
    pub fn new(values: &'a [f32], dimension: usize) -> Self {
        let whole = dimension > 0 && values.len().is_multiple_of(dimension);
        assert!(whole, "{} numbers are no points of {dimension}", values.len());
        Self { values, dimension }
    }

    /// How many there are.
    pub fn rows(&self) -> usize {
        self.values.len() / self.dimension
    }
}

/// Whether a query that is itself a reference, of the same index, is among its own neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Itself {
    /// It is.
    Counts,
    /// It is not.
    LeftOut,
}

/// Points to be found, packed for the forward kernel.
#[derive(Debug)]
pub struct References {
    rows: usize,
    dimension: usize,
    centre: Vec<f32>,
    pieces: Vec<Piece>,
}

#[derive(Debug)]
struct Piece {
    shape: LayerShape,
    weights: Aligned,
    bias: Vec<f32>,
}

impl References {
    /// Packs the points.
    pub fn new(points: Points<'_>) -> Self {
        let dimension = points.dimension;
        let mut sums = vec![0.0_f64; dimension];
        for point in points.values.chunks_exact(dimension) {
            sums.iter_mut().zip(point).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        let rows = points.rows();
        let centre: Vec<f32> = sums.iter().map(|sum| (sum / rows.max(1) as f64) as f32).collect();
        let pieces =
            points.values.chunks(PIECE * dimension).map(|points| Piece::new(points, &centre)).collect();
        Self { rows, dimension, centre, pieces }
    }

    /// Calls `take(i, scores)` for every query i, in any order, on all threads, with its part of `out`, `width` numbers a
    /// query; scores are those of all references, and the greater, the nearer.
    ///
    /// Memory is 16 × references numbers a thread.
    pub(super) fn visit_scores<T: Send>(
        &self,
        compute: &mut Compute,
        queries: Points<'_>,
        (out, width): (&mut [T], usize),
        take: impl Fn(usize, &[f32], &mut [T]) + Sync,
    ) {
        let (rows, level) = (queries.rows(), compute.level);
        let bounds = Bounds::new(
            (0..=rows.div_ceil(BLOCK_ROWS)).map(|b| (b * BLOCK_ROWS).min(rows) * width).collect(),
        );
        compute.team.for_each([Split::new(out, &bounds)], |block, [out]| {
            let first = block * BLOCK_ROWS;
            let mut scores = vec![0.0; BLOCK_ROWS * self.rows];
            let queries = self.block(queries, first);
            let mut piece_scores = Aligned::zeros(BLOCK_ROWS * row_stride(PIECE));
            for (number, piece) in self.pieces.iter().enumerate() {
                piece.scores(level, &queries, &mut piece_scores);
                let rows =
                    scores.chunks_exact_mut(self.rows).zip(piece_scores.chunks_exact(row_stride(PIECE)));
                for (scores, found) in rows {
                    let used = piece.shape.outputs;
                    scores[number * PIECE..][..used].copy_from_slice(&found[..used]);
                }
            }
            for (row, (out, scores)) in
                out.chunks_exact_mut(width).zip(scores.chunks_exact(self.rows)).enumerate()
            {
                take(first + row, scores, out);
            }
        });
    }

    /// The indices of the `k` references nearest to each query, the nearest first; of equally near ones, the first.
    ///
    /// # Panics
    /// If there are fewer than `k` references, or the queries are of another dimension.
    pub fn nearest(&self, compute: &mut Compute, queries: Points<'_>, k: usize, itself: Itself) -> Vec<u32> {
        let available = self.rows.saturating_sub(usize::from(itself == Itself::LeftOut));
        assert_eq!(queries.dimension, self.dimension, "queries and references are of one space");
        assert!((1..=available).contains(&k), "{k} neighbours of {available}");
        let (rows, level) = (queries.rows(), compute.level);
        let part_rows = BLOCKS_IN_PART * BLOCK_ROWS;
        let bounds =
            Bounds::new((0..=rows.div_ceil(part_rows)).map(|p| (p * part_rows).min(rows) * k).collect());
        let mut out = vec![0; rows * k];
        compute.team.for_each([Split::new(&mut out, &bounds)], |part, [out]| {
            let first = part * part_rows;
            let used = out.len() / k;
            let blocks: Vec<Aligned> =
                (0..used.div_ceil(BLOCK_ROWS)).map(|b| self.block(queries, first + b * BLOCK_ROWS)).collect();
            let mut nearest: Vec<Nearest> = (0..used).map(|_| Nearest::new(k)).collect();
            let mut scores = Aligned::zeros(BLOCK_ROWS * row_stride(PIECE));
            for (number, piece) in self.pieces.iter().enumerate() {
                let references = number * PIECE..number * PIECE + piece.shape.outputs;
                for (b, (block, nearest)) in blocks.iter().zip(nearest.chunks_mut(BLOCK_ROWS)).enumerate() {
                    piece.scores(level, block, &mut scores);
                    for (row, nearest) in nearest.iter_mut().enumerate() {
                        let scores = &mut scores[row * row_stride(PIECE)..][..piece.shape.outputs];
                        let query = first + b * BLOCK_ROWS + row;
                        if itself == Itself::LeftOut && references.contains(&query) {
                            scores[query - references.start] = f32::NEG_INFINITY;
                        }
                        nearest.offer(references.start, scores);
                    }
                }
            }
            for (out, nearest) in out.chunks_exact_mut(k).zip(&nearest) {
                out.iter_mut().zip(&nearest.found).for_each(|(out, &(_, index))| *out = index);
            }
        });
        out
    }

    /// 16 queries from `first` on, relative to the centre, as the forward kernel reads them.
    fn block(&self, queries: Points<'_>, first: usize) -> Aligned {
        let stride = row_stride(self.dimension);
        let mut block = Aligned::zeros(BLOCK_ROWS * stride);
        let queries = queries.values[first * self.dimension..].chunks_exact(self.dimension);
        for (out, query) in block.chunks_exact_mut(stride).zip(queries) {
            for ((out, x), centre) in out.iter_mut().zip(query).zip(&self.centre) {
                *out = x - centre;
            }
        }
        block
    }
}

/// Points, row after row, as the weights of a dense layer of this shape: its outputs are their products with its input.
pub(crate) fn as_forward_tiles(shape: LayerShape, points: &[f32]) -> Aligned {
    let mut backward = vec![0.0; shape.weights_len()];
    shape.pack(points, &mut backward);
    let mut tiles = Aligned::zeros(shape.weights_len());
    // Copying is exact on any level.
    forward_tiles(Level::scalar(), &backward, &mut tiles);
    tiles
}

impl Piece {
    fn new(points: &[f32], centre: &[f32]) -> Self {
        let dimension = centre.len();
        let shape = LayerShape { inputs: dimension, outputs: points.len() / dimension };
        let relative: Vec<f32> = points
            .chunks_exact(dimension)
            .flat_map(|point| point.iter().zip(centre).map(|(x, c)| x - c))
            .collect();
        let weights = as_forward_tiles(shape, &relative);
        let mut bias = vec![0.0; shape.bias_len()];
        for (bias, point) in bias.iter_mut().zip(relative.chunks_exact(dimension)) {
            *bias = (-0.5 * point.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>()) as f32;
        }
        Self { shape, weights, bias }
    }

    fn scores(&self, level: Level, queries: &[f32], scores: &mut [f32]) {
        let layer = Layer { shape: self.shape, weights: &self.weights, bias: &self.bias };
        let x = Rows { data: queries, stride: row_stride(self.shape.inputs) };
        let y = RowsMut { data: scores, stride: row_stride(PIECE) };
        forward(level, layer, Activation::Identity, x, y, None);
    }
}

/// The k greatest scores so far, the greatest first, with where they are.
struct Nearest {
    k: usize,
    found: Vec<(f32, u32)>,
}

impl Nearest {
    fn new(k: usize) -> Self {
        Self { k, found: Vec::with_capacity(k + 1) }
    }

    fn offer(&mut self, first: usize, scores: &[f32]) {
        // Most groups hold nothing near: a few vector operations say so.
        let (groups, rest) = scores.as_chunks::<16>();
        for (group, scores) in groups.iter().enumerate() {
            let least = self.least();
            if scores.iter().fold(false, |any, &score| any | (score > least)) {
                for (i, &score) in scores.iter().enumerate() {
                    self.insert(score, (first + group * 16 + i) as u32);
                }
            }
        }
        for (i, &score) in rest.iter().enumerate() {
            self.insert(score, (first + groups.len() * 16 + i) as u32);
        }
    }

    fn least(&self) -> f32 {
        if self.found.len() < self.k { f32::NEG_INFINITY } else { self.found[self.k - 1].0 }
    }

    fn insert(&mut self, score: f32, index: u32) {
        if score > self.least() {
            let place = self.found.partition_point(|(other, _)| *other >= score);
            self.found.insert(place, (score, index));
            self.found.truncate(self.k);
        }
    }
}
