//! The first layer, on bytes most of which are 0: only the others are multiplied.
//!
//! With x = scale·p + offset, and p a byte,
//! `Σ_k W[n][k]·x[k] = scale·Σ_{p[k] ≠ 0} W[n][k]·p[k] + offset·Σ_k W[n][k]`, and the gradient is
//! `Σ_b δ[b][n]·x[b][k] = scale·Σ_{p[b][k] ≠ 0} δ[b][n]·p[b][k] + offset·Σ_b δ[b][n]`.
//! So the work is a share of the dense layer's, once the sums of the columns of W are at hand; the update, which
//! visits every weight, leaves them behind.
//!
//! The weights lie as `[group][k][outputs of the group]`, for the inputs are picked one by one. A group has at most 64
//! outputs: two accumulators for each 16 of them hide the latency of one another.

use crate::activation::Activation;
use crate::chunks::{CHUNK_ROWS, joined, levels};
use crate::forward::vector_mut;
use crate::gather::{Affine, prefetch};
use crate::lanes::{LANES, Lanes};
use crate::layout::{BLOCK_ROWS, Batch, LayerShape, RowsMut};
use crate::level::{Kernel, Level};
use crate::product::with_panels;
use crate::update::{Moments, Rule};

/// Panels of 16 outputs in a group, but perhaps the last.
pub const GROUP_PANELS: usize = 4;

/// The most columns in a segment: with 64 outputs each its gradient is 32 kB, which the nearest cache holds.
const SEGMENT_COLUMNS: usize = 128;

/// The bytes of a matrix that are not 0, row by row, each row cut into segments of columns.
#[derive(Clone, Debug)]
pub struct SparseBytes {
    columns: usize,
    segments: usize,
    /// Where each segment of each row begins; one more at the end.
    starts: Vec<u32>,
    /// Column within the segment, and value.
    entries: Vec<[u8; 2]>,
}

impl SparseBytes {
    /// Picks the bytes that are not 0 from rows × columns; nothing if there are no bytes, if more than `most` of them are
    /// not 0, as a share, or if those are too many to count.
    ///
    /// # Panics
    /// If the bytes are no whole rows.
    pub fn pick(bytes: &[u8], columns: usize, most: f64) -> Option<Self> {
        if columns == 0 || bytes.is_empty() {
            return None;
        }
        assert!(bytes.len().is_multiple_of(columns), "{} bytes are no whole rows of {columns}", bytes.len());
        let used = bytes.iter().filter(|&&byte| byte != 0).count();
        if used as f64 > most * bytes.len() as f64 || u32::try_from(used).is_err() {
            return None;
        }
        let mut picked = Self::with_capacity(columns, bytes.len() / columns, used);
        picked.refill(bytes);
        Some(picked)
    }

    /// No rows yet, with memory for so many rows and bytes that are not 0.
    ///
    /// # Panics
    /// If there are no columns.
    pub fn with_capacity(columns: usize, rows: usize, used: usize) -> Self {
        assert!(columns > 0, "rows need columns");
        let segments = columns.div_ceil(SEGMENT_COLUMNS);
        let mut starts = Vec::with_capacity(rows * segments + 1);
        starts.push(0);
        Self { columns, segments, starts, entries: Vec::with_capacity(used) }
    }

    /// Picks from other rows, whatever their share of bytes that are not 0, in place of those before. It takes memory only where
    /// they are more than ever before.
    ///
    /// # Panics
    /// If the bytes are no whole rows, or too many to count.
    pub fn refill(&mut self, bytes: &[u8]) {
        let Self { columns, segments, .. } = *self;
        assert!(bytes.len().is_multiple_of(columns), "{} bytes are no whole rows of {columns}", bytes.len());
        self.starts.clear();
        self.entries.clear();
        let mut found = [[0; 2]; SEGMENT_COLUMNS];
        for row in bytes.chunks_exact(columns) {
            for segment in 0..segments {
                self.starts.push(self.entries.len() as u32);
                let (start, end) = (self.segment_start(segment), self.segment_start(segment + 1));
                let count = pick_segment(&row[start..end], &mut found);
                self.entries.extend_from_slice(&found[..count]);
            }
        }
        assert!(u32::try_from(self.entries.len()).is_ok(), "more bytes than 32 bits count");
        self.starts.push(self.entries.len() as u32);
    }

    /// How many segments a row has.
    pub fn segments(&self) -> usize {
        self.segments
    }

    /// The first column of a segment; with the number of segments, the number of columns.
    pub fn segment_start(&self, segment: usize) -> usize {
        Self::segment_start_of(self.columns, self.segments, segment)
    }

    /// The first column of a segment, of so many columns in so many segments.
    pub const fn segment_start_of(columns: usize, segments: usize, segment: usize) -> usize {
        segment * columns / segments
    }

    /// A segment of a row: columns within the segment, ascending, and values.
    #[inline(always)]
    fn segment(&self, row: usize, segment: usize) -> &[[u8; 2]] {
        let index = row * self.segments + segment;
        &self.entries[self.starts[index] as usize..self.starts[index + 1] as usize]
    }

    /// Asks for some rows to be brought into the cache.
    ///
    /// # Panics
    /// If a row is beyond the last.
    pub fn prefetch(&self, rows: &[u32]) {
        for &row in rows {
            let index = row as usize * self.segments;
            let (start, end) = (self.starts[index] as usize, self.starts[index + self.segments] as usize);
            prefetch(&self.entries[start..end]);
        }
    }

    /// # Panics
    /// If a row is beyond the last.
    fn check(&self, rows: &[u32]) {
        let len = (self.starts.len() - 1) / self.segments;
        for &row in rows {
            assert!((row as usize) < len, "row {row} of {len} rows of bytes");
        }
    }
}

/// Writes the bytes of a segment that are not 0 to the front of `found`, with their columns; how many there are.
///
/// Eight zeros are skipped at once, and no branch depends on a single byte: no processor guesses those right.
#[inline]
fn pick_segment(bytes: &[u8], found: &mut [[u8; 2]; SEGMENT_COLUMNS]) -> usize {
    const STEP: usize = 8;
    let mut count = 0;
    for (step, bytes) in bytes.chunks(STEP).enumerate() {
        if bytes.try_into().is_ok_and(|bytes: [u8; STEP]| u64::from_ne_bytes(bytes) == 0) {
            continue;
        }
        for (index, &byte) in bytes.iter().enumerate() {
            // A segment has at most 128 columns, so they fit a byte; and no more were found than were looked at.
            found[count] = [(step * STEP + index) as u8, byte];
            count += usize::from(byte != 0);
        }
    }
    count
}

/// Where the parameters of a sparse first layer lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SparseLayout {
    /// Inputs and outputs.
    pub shape: LayerShape,
}

impl SparseLayout {
    /// Groups of at most 64 outputs.
    pub const fn groups(self) -> usize {
        self.shape.output_panels().div_ceil(GROUP_PANELS)
    }

    /// The first panel of a group.
    pub const fn first_panel(self, group: usize) -> usize {
        group * GROUP_PANELS
    }

    /// The layout of one group alone, whose weights, bias and column sums are parts of the whole layer's.
    pub fn group(self, group: usize) -> Self {
        let LayerShape { inputs, outputs } = self.shape;
        let first = self.first_panel(group) * LANES;
        Self { shape: LayerShape { inputs, outputs: (outputs - first).min(GROUP_PANELS * LANES) } }
    }

    /// Panels of 16 outputs in a group.
    pub const fn group_panels(self, group: usize) -> usize {
        let left = self.shape.output_panels() - group * GROUP_PANELS;
        if left < GROUP_PANELS { left } else { GROUP_PANELS }
    }

    /// Numbers in the padded weights.
    pub const fn weights_len(self) -> usize {
        // Saturates, as the lengths of a `LayerShape` do.
        self.shape.inputs.saturating_mul(self.shape.bias_len())
    }

    /// Where the weights of a group for input `k` begin.
    pub const fn weights_start(self, group: usize, k: usize) -> usize {
        (group * GROUP_PANELS * self.shape.inputs + k * self.group_panels(group)) * LANES
    }

    /// Where the weights of a group end.
    pub const fn weights_end(self, group: usize) -> usize {
        self.weights_start(group, self.shape.inputs)
    }

    /// Where the column sums of a group begin for a segment, of `segments`.
    pub const fn column_sums_start(self, group: usize, segment: usize, segments: usize) -> usize {
        (group * GROUP_PANELS * segments + segment * self.group_panels(group)) * LANES
    }

    const fn index(self, n: usize, k: usize) -> usize {
        let group = n / (GROUP_PANELS * LANES);
        self.weights_start(group, k) + n % (GROUP_PANELS * LANES)
    }

    /// Lays `weights` (outputs, inputs), row-major, out; the padding becomes 0.
    ///
    /// # Panics
    /// If a length does not fit the shape.
    pub fn pack(self, weights: &[f32], packed: &mut [f32]) {
        assert_eq!(weights.len(), self.shape.inputs * self.shape.outputs, "weights of {self:?}");
        assert_eq!(packed.len(), self.weights_len(), "packed weights of {self:?}");
        packed.fill(0.0);
        for (n, row) in weights.chunks_exact(self.shape.inputs).enumerate() {
            for (k, &weight) in row.iter().enumerate() {
                packed[self.index(n, k)] = weight;
            }
        }
    }

    /// The inverse of [`SparseLayout::pack`].
    ///
    /// # Panics
    /// If a length does not fit the shape.
    pub fn unpack(self, packed: &[f32], weights: &mut [f32]) {
        assert_eq!(weights.len(), self.shape.inputs * self.shape.outputs, "weights of {self:?}");
        assert_eq!(packed.len(), self.weights_len(), "packed weights of {self:?}");
        for (n, row) in weights.chunks_exact_mut(self.shape.inputs).enumerate() {
            for (k, weight) in row.iter_mut().enumerate() {
                *weight = packed[self.index(n, k)];
            }
        }
    }
}

/// A first layer on sparse bytes, as [`sparse_forward`] reads it.
#[derive(Clone, Copy, Debug)]
pub struct SparseLayer<'a> {
    /// Where its weights lie.
    pub layout: SparseLayout,
    /// As `layout` says.
    pub weights: &'a [f32],
    /// One number an output, padded.
    pub bias: &'a [f32],
    /// `Σ_k W[n][k]` over the inputs of each segment: `[group][segment][outputs of the group]`.
    pub column_sums: &'a [f32],
}

/// `Y ← activation(X·Wᵀ + b)` for some rows of sparse bytes, with X = scale·P + offset.
///
/// rows: at most 16 indices; y: (rows, outputs). `sums`, if given, receives `X·Wᵀ + b`.
///
/// # Panics
/// If a length does not fit the shape, or a row is beyond the last.
pub fn sparse_forward(
    level: Level,
    layer: SparseLayer<'_>,
    affine: Affine,
    activation: Activation,
    (bytes, rows): (&SparseBytes, &[u32]),
    y: RowsMut<'_>,
    sums: Option<RowsMut<'_>>,
) {
    let SparseLayout { shape } = layer.layout;
    assert_eq!(bytes.columns, shape.inputs, "columns of the bytes, inputs of {shape:?}");
    assert!(rows.len() <= BLOCK_ROWS, "{} rows in a block", rows.len());
    bytes.check(rows);
    assert_eq!(layer.weights.len(), layer.layout.weights_len(), "weights of {shape:?}");
    assert_eq!(layer.bias.len(), shape.bias_len(), "bias of {shape:?}");
    assert_eq!(layer.column_sums.len(), bytes.segments * shape.bias_len(), "column sums of {shape:?}");
    y.check(shape.output_panels());
    if let Some(sums) = &sums {
        sums.check(shape.output_panels());
    }
    level.run(SparseForward { layer, affine, activation, bytes, rows, y, sums });
}

struct SparseForward<'a> {
    layer: SparseLayer<'a>,
    affine: Affine,
    activation: Activation,
    bytes: &'a SparseBytes,
    rows: &'a [u32],
    y: RowsMut<'a>,
    sums: Option<RowsMut<'a>>,
}

impl Kernel for SparseForward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self, l: L) {
        for group in 0..self.layer.layout.groups() {
            with_panels!(self.layer.layout.group_panels(group), |P| self.group::<L, P>(l, group));
        }
        self.y.clear_padding(self.layer.layout.shape.outputs);
    }
}

impl SparseForward<'_> {
    #[inline(always)]
    fn group<L: Lanes, const P: usize>(&mut self, l: L, group: usize) {
        let SparseLayer { layout, weights, bias, column_sums } = self.layer;
        let first_panel = group * GROUP_PANELS;
        let column_sums = column_sums.as_chunks::<LANES>().0;
        let bias = bias.as_chunks::<LANES>().0;
        // What a row of nothing but zeros gives.
        let mut empty = [l.splat(0.0); P];
        for (p, empty) in empty.iter_mut().enumerate() {
            for segment in 0..self.bytes.segments {
                *empty =
                    l.add(*empty, l.load(&column_sums[first_panel * self.bytes.segments + segment * P + p]));
            }
            *empty = l.mul_add(l.splat(self.affine.offset), *empty, l.load(&bias[first_panel + p]));
        }
        for (row, &index) in self.rows.iter().enumerate() {
            let mut even = [l.splat(0.0); P];
            let mut odd = [l.splat(0.0); P];
            for segment in 0..self.bytes.segments {
                let start = layout.weights_start(group, self.bytes.segment_start(segment));
                let end = layout.weights_start(group, self.bytes.segment_start(segment + 1));
                let columns = weights[start..end].as_chunks::<LANES>().0.as_chunks::<P>().0;
                let (pairs, rest) = self.bytes.segment(index as usize, segment).as_chunks::<2>();
                for &[[first, p0], [second, p1]] in pairs {
                    even = multiply_add(l, p0, &columns[usize::from(first)], even);
                    odd = multiply_add(l, p1, &columns[usize::from(second)], odd);
                }
                for &[column, p] in rest {
                    even = multiply_add(l, p, &columns[usize::from(column)], even);
                }
            }
            for p in 0..P {
                let sum = l.mul_add(l.splat(self.affine.scale), l.add(even[p], odd[p]), empty[p]);
                let column = (first_panel + p) * LANES;
                if let Some(kept) = &mut self.sums {
                    l.store(sum, vector_mut(kept, row, column));
                }
                l.store(self.activation.apply(l, sum), vector_mut(&mut self.y, row, column));
            }
        }
    }
}

/// `sums + byte·vectors`.
#[inline(always)]
fn multiply_add<L: Lanes, const P: usize>(
    l: L,
    byte: u8,
    vectors: &[[f32; LANES]; P],
    mut sums: [L::V; P],
) -> [L::V; P] {
    let number = l.splat(f32::from(byte));
    for (sum, vector) in sums.iter_mut().zip(vectors) {
        *sum = l.mul_add(number, l.load(vector), *sum);
    }
    sums
}

/// One segment of inputs of one group of outputs of a sparse first layer, to be updated.
#[derive(Debug)]
pub struct SparseSegment<'a> {
    /// Which group of outputs.
    pub group: usize,
    /// Which segment of inputs.
    pub segment: usize,
    /// Its weights: read and written.
    pub weights: &'a mut [f32],
    /// Moments, in the order of the weights.
    pub moments: Moments<'a>,
    /// `Σ_k W[n][k]` over the segment's inputs, for the group's outputs: written.
    pub column_sums: &'a mut [f32],
    /// Room for the gradients of chunks of rows that wait to be added: as long as the weights, [`levels`] of the rows times.
    pub branches: &'a mut [f32],
}

/// Computes the gradient of one segment of a sparse first layer's weights, and applies `rule`.
///
/// delta: δ (rows, outputs), in the order of `rows`, the indices of the batch's rows. Sums over rows are those of [`crate::chunks`].
///
/// # Panics
/// If a length does not fit, or a row, the group or the segment is beyond the last.
pub fn sparse_update(
    level: Level,
    rule: Rule,
    layout: SparseLayout,
    affine: Affine,
    (bytes, rows): (&SparseBytes, &[u32]),
    delta: Batch<'_>,
    segment: SparseSegment<'_>,
) {
    assert_eq!(bytes.columns, layout.shape.inputs, "columns of the bytes, inputs of {:?}", layout.shape);
    assert_eq!(delta.rows, rows.len(), "rows of δ and of the batch");
    bytes.check(rows);
    delta.check(layout.shape.output_panels());
    // One group further, δ would be read beyond its row, and one segment further, the bytes of the next row.
    assert!(segment.group < layout.groups(), "group {} of {}", segment.group, layout.groups());
    assert!(segment.segment < bytes.segments, "segment {} of {}", segment.segment, bytes.segments);
    let columns = bytes.segment_start(segment.segment + 1) - bytes.segment_start(segment.segment);
    let width = layout.group_panels(segment.group) * LANES;
    assert_eq!(segment.weights.len(), columns * width, "weights of the segment");
    assert_eq!(segment.moments.first.len(), columns * width, "first moments of the segment");
    assert_eq!(segment.moments.second.len(), columns * width, "second moments of the segment");
    assert_eq!(segment.column_sums.len(), width, "column sums of the segment");
    let waiting = levels(rows.len()) * columns * width;
    assert!(segment.branches.len() >= waiting, "room for {waiting} numbers that wait");
    level.run(SparseUpdate { rule, layout, affine, bytes, rows, delta, segment });
}

struct SparseUpdate<'a> {
    rule: Rule,
    layout: SparseLayout,
    affine: Affine,
    bytes: &'a SparseBytes,
    rows: &'a [u32],
    delta: Batch<'a>,
    segment: SparseSegment<'a>,
}

impl Kernel for SparseUpdate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, l: L) {
        with_panels!(self.layout.group_panels(self.segment.group), |P| self.segment::<L, P>(l));
    }
}

/// Sums of δᵀ·p for each column of a segment, each vector on a line of its own.
#[repr(align(64))]
struct Products<const P: usize>([[[f32; LANES]; P]; SEGMENT_COLUMNS]);

impl SparseUpdate<'_> {
    #[inline(always)]
    fn segment<L: Lanes, const P: usize>(mut self, l: L) {
        let chunks = self.rows.len().div_ceil(CHUNK_ROWS).max(1);
        for chunk in 0..chunks {
            let mut products = Products::<P>([[[0.0; LANES]; P]; SEGMENT_COLUMNS]);
            let delta_sums = self.products(l, chunk, &mut products);
            if chunk + 1 == chunks {
                return self.update(l, chunks, &products, delta_sums);
            }
            self.keep(l, chunk, &products, delta_sums);
        }
    }

    /// Adds δᵀ·p of the rows of a chunk to `products`, and gives offset·Σδ.
    #[inline(always)]
    fn products<L: Lanes, const P: usize>(
        &self,
        l: L,
        chunk: usize,
        products: &mut Products<P>,
    ) -> [L::V; P] {
        let Self { affine, bytes, rows, delta, ref segment, .. } = *self;
        let first_column = segment.group * GROUP_PANELS * LANES;
        let mut delta_sums = [l.splat(0.0); P];
        let first_row = chunk * CHUNK_ROWS;
        for (row, &index) in (first_row..first_row + CHUNK_ROWS).zip(&rows[first_row..]) {
            let start = delta.offset
                + row / BLOCK_ROWS * delta.block_stride
                + row % BLOCK_ROWS * delta.stride
                + first_column;
            let numbers = delta.data[start..start + P * LANES].as_chunks::<LANES>().0;
            let mut deltas = [l.splat(0.0); P];
            for p in 0..P {
                deltas[p] = l.load(&numbers[p]);
                delta_sums[p] = l.add(delta_sums[p], deltas[p]);
            }
            for &[column, byte] in bytes.segment(index as usize, segment.segment) {
                let number = l.splat(f32::from(byte));
                for (product, &delta) in products.0[usize::from(column)].iter_mut().zip(&deltas) {
                    l.store(l.mul_add(number, delta, l.load(product)), product);
                }
            }
        }
        for sum in &mut delta_sums {
            *sum = l.mul(*sum, l.splat(affine.offset));
        }
        delta_sums
    }

    /// Leaves the gradient of a chunk, with those that it is added to, among the branches.
    #[inline(always)]
    fn keep<L: Lanes, const P: usize>(
        &mut self,
        l: L,
        chunk: usize,
        products: &Products<P>,
        delta_sums: [L::V; P],
    ) {
        let len = self.segment.weights.len();
        let (scale, level) = (l.splat(self.affine.scale), chunk.trailing_ones() as usize);
        let (below, from) = self.segment.branches.split_at_mut(level * len);
        let out = from[..len].as_chunks_mut::<LANES>().0.as_chunks_mut::<P>().0;
        for (column, (out, products)) in out.iter_mut().zip(&products.0).enumerate() {
            for p in 0..P {
                let mut gradient = l.mul_add(scale, l.load(&products[p]), delta_sums[p]);
                for level in joined(chunk, false) {
                    gradient = l.add(l.load(vector_of(below, level * len, column * P + p)), gradient);
                }
                l.store(gradient, &mut out[p]);
            }
        }
    }

    /// Applies the rule with the gradient of the last chunk, added to those of all others.
    #[inline(always)]
    fn update<L: Lanes, const P: usize>(
        self,
        l: L,
        chunks: usize,
        products: &Products<P>,
        delta_sums: [L::V; P],
    ) {
        let Self { rule, affine, segment, .. } = self;
        let SparseSegment { branches, moments, .. } = segment;
        let len = segment.weights.len();
        let weights = segment.weights.as_chunks_mut::<LANES>().0.as_chunks_mut::<P>().0.iter_mut();
        let first = moments.first.as_chunks_mut::<LANES>().0.as_chunks_mut::<P>().0;
        let second = moments.second.as_chunks_mut::<LANES>().0.as_chunks_mut::<P>().0;
        let mut column_sums = [l.splat(0.0); P];
        let vectors = weights.zip(first).zip(second).zip(&products.0).enumerate();
        for (column, (((weights, first), second), products)) in vectors {
            for p in 0..P {
                let mut gradient = l.mul_add(l.splat(affine.scale), l.load(&products[p]), delta_sums[p]);
                for level in joined(chunks - 1, true) {
                    gradient = l.add(l.load(vector_of(branches, level * len, column * P + p)), gradient);
                }
                rule.apply(l, gradient, &mut weights[p], &mut first[p], &mut second[p]);
                column_sums[p] = l.add(column_sums[p], l.load(&weights[p]));
            }
        }
        for (sum, out) in column_sums.into_iter().zip(segment.column_sums.as_chunks_mut().0) {
            l.store(sum, out);
        }
    }
}

/// Vector `index` of numbers that begin at `start`.
#[inline(always)]
fn vector_of(numbers: &[f32], start: usize, index: usize) -> &[f32; LANES] {
    &numbers[start..].as_chunks().0[index]
}

/// The column sums of one segment of one group, as [`sparse_update`] would leave them.
///
/// # Panics
/// If a length does not fit.
pub fn sparse_column_sums(level: Level, weights: &[f32], column_sums: &mut [f32]) {
    struct ColumnSums<'a>(&'a [f32], &'a mut [f32]);
    impl Kernel for ColumnSums<'_> {
        type Output = ();
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) {
            let panels = self.1.len() / LANES;
            for (p, out) in self.1.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
                let mut sum = l.splat(0.0);
                for vector in self.0.as_chunks::<LANES>().0.iter().skip(p).step_by(panels) {
                    sum = l.add(sum, l.load(vector));
                }
                l.store(sum, out);
            }
        }
    }
    assert!(
        !column_sums.is_empty() && column_sums.len().is_multiple_of(LANES),
        "column sums of whole panels"
    );
    assert_eq!(weights.len() % column_sums.len(), 0, "weights of {} outputs", column_sums.len());
    level.run(ColumnSums(weights, column_sums));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_that_are_not_0_are_picked_in_their_order() {
        for columns in (1..=300).chain([784]) {
            // Bytes from 0 to 255, in no order; every third row is empty, every fourth full.
            let byte = |i: usize| match (i / columns % 12) as u8 {
                0 | 3 | 6 | 9 => 0,
                4 | 8 => 1 + (i * 37 % 255) as u8,
                row => ((i * i * 7 + i / 5) % 256 * usize::from(i % 12 < usize::from(row))) as u8,
            };
            let bytes: Vec<u8> = (0..13 * columns).map(byte).collect();
            let picked = SparseBytes::pick(&bytes, columns, 1.0).expect("as many as there are");
            assert_eq!((picked.segment_start(0), picked.segment_start(picked.segments())), (0, columns));
            for (row, bytes) in bytes.chunks(columns).enumerate() {
                for segment in 0..picked.segments() {
                    let columns = picked.segment_start(segment)..picked.segment_start(segment + 1);
                    assert!(!columns.is_empty() && columns.len() <= SEGMENT_COLUMNS);
                    let all = bytes[columns].iter().enumerate().map(|(column, &byte)| [column as u8, byte]);
                    let expected: Vec<_> = all.filter(|&[_, byte]| byte != 0).collect();
                    assert_eq!(picked.segment(row, segment), expected, "row {row}, segment {segment}");
                }
            }
        }
    }
}
