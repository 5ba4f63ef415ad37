//! How weights and rows lie in memory.
//!
//! A dense layer `y = x·Wᵀ + b` with `inputs` k and `outputs` n keeps its weights as 16 × 16 tiles, padded with zeros,
//! in two orders. Both list the tiles as `[n / 16][k / 16]`, so any run of tiles is one piece of memory in each:
//! - *forward* tiles are `[k][n]`: a vector holds 16 outputs, as `x·Wᵀ` wants;
//! - *backward* tiles are `[n][k]`: a vector holds 16 inputs, as `δ·W` and the weight gradient `δᵀ·x` want.
//!
//! Rows (samples) lie in blocks of 16, so that a block of any layer is one piece of memory too.

use crate::lanes::LANES;

/// Numbers in a 16 × 16 tile.
pub const TILE: usize = LANES * LANES;

/// Rows in a block.
pub const BLOCK_ROWS: usize = 16;

/// Inputs and outputs of a dense layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerShape {
    /// Numbers that a row brings.
    pub inputs: usize,
    /// Numbers that a row leaves with.
    pub outputs: usize,
}

impl LayerShape {
    /// Panels of 16 inputs, the last padded.
    pub const fn input_panels(self) -> usize {
        self.inputs.div_ceil(LANES)
    }

    /// Panels of 16 outputs, the last padded.
    pub const fn output_panels(self) -> usize {
        self.outputs.div_ceil(LANES)
    }

    // Lengths saturate. A length that wrapped around would look small, and pass the checks on which the unsafe
    // blocks of this crate rest; no slice is `usize::MAX` long, so a saturated one fits nothing.

    /// Tiles of the padded weights.
    pub const fn tiles(self) -> usize {
        self.input_panels().saturating_mul(self.output_panels())
    }

    /// Numbers in the padded weights.
    pub const fn weights_len(self) -> usize {
        self.tiles().saturating_mul(TILE)
    }

    /// Numbers in the padded bias.
    pub const fn bias_len(self) -> usize {
        self.output_panels().saturating_mul(LANES)
    }

    /// Where weight (n, k) lies in backward tiles.
    const fn backward_index(self, n: usize, k: usize) -> usize {
        (n / LANES * self.input_panels() + k / LANES) * TILE + n % LANES * LANES + k % LANES
    }

    /// Lays `weights` (outputs, inputs), row-major, out as `backward` tiles; the padding becomes 0.
    ///
    /// # Panics
    /// If a length does not fit the shape.
    pub fn pack(self, weights: &[f32], backward: &mut [f32]) {
        assert_eq!(weights.len(), self.inputs * self.outputs, "weights of {self:?}");
        assert_eq!(backward.len(), self.weights_len(), "backward tiles of {self:?}");
        backward.fill(0.0);
        for (n, row) in weights.chunks_exact(self.inputs).enumerate() {
            for (k, &weight) in row.iter().enumerate() {
                backward[self.backward_index(n, k)] = weight;
            }
        }
    }

    /// The inverse of [`LayerShape::pack`].
    ///
    /// # Panics
    /// If a length does not fit the shape.
    pub fn unpack(self, backward: &[f32], weights: &mut [f32]) {
        assert_eq!(weights.len(), self.inputs * self.outputs, "weights of {self:?}");
        assert_eq!(backward.len(), self.weights_len(), "backward tiles of {self:?}");
        for (n, row) in weights.chunks_exact_mut(self.inputs).enumerate() {
            for (k, weight) in row.iter_mut().enumerate() {
                *weight = backward[self.backward_index(n, k)];
            }
        }
    }
}

/// The distance between two rows of `columns` numbers: whole vectors, and an odd number of them, so that
/// the rows of a block do not fall into the same few sets of a cache.
pub const fn row_stride(columns: usize) -> usize {
    (columns.div_ceil(LANES) | 1) * LANES
}

/// The rows of one block: row `r` is `data[r·stride..][..columns]`, padded with zeros to whole vectors.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// All rows of the block, whether in use or not.
    pub data: &'a [f32],
    /// Distance between rows.
    pub stride: usize,
}

/// [`Rows`] to be written.
#[derive(Debug)]
pub struct RowsMut<'a> {
    /// All rows of the block, whether in use or not.
    pub data: &'a mut [f32],
    /// Distance between rows.
    pub stride: usize,
}

impl Rows<'_> {
    /// # Panics
    /// If the rows of a block, `panels` vectors each, do not lie within the data.
    pub(crate) fn check(&self, panels: usize) {
        check(self.data.len(), self.stride, panels);
    }
}

impl RowsMut<'_> {
    /// Zeros behind `columns`: an activation need not keep 0, and the next layer's gradient must not see the padding.
    #[inline(always)]
    pub(crate) fn clear_padding(&mut self, columns: usize) {
        let padding = columns..columns.next_multiple_of(LANES);
        if !padding.is_empty() {
            for row in self.data.chunks_mut(self.stride).take(BLOCK_ROWS) {
                row[padding.clone()].fill(0.0);
            }
        }
    }

    /// # Panics
    /// If the rows of a block, `panels` vectors each, do not lie within the data.
    pub(crate) fn check(&self, panels: usize) {
        check(self.data.len(), self.stride, panels);
    }
}

fn check(len: usize, stride: usize, panels: usize) {
    let width = panels.saturating_mul(LANES);
    assert!(width <= stride, "rows of {panels} vectors, {stride} numbers apart");
    let end = (BLOCK_ROWS - 1).saturating_mul(stride).saturating_add(width);
    assert!(end <= len, "a block of rows of {panels} vectors, {stride} apart, in {len} numbers");
}

/// The rows of a whole batch, block after block: row `r` is
/// `data[offset + (r / 16)·block_stride + (r % 16)·stride..][..columns]`.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Where the blocks lie.
    pub data: &'a [f32],
    /// Where the first row begins.
    pub offset: usize,
    /// Distance between blocks.
    pub block_stride: usize,
    /// Distance between rows.
    pub stride: usize,
    /// Rows in use.
    pub rows: usize,
}

impl Batch<'_> {
    /// # Panics
    /// If the rows, `panels` vectors each, do not lie within the data.
    pub(crate) fn check(&self, panels: usize) {
        let Self { data, offset, block_stride, stride, rows } = *self;
        let last_block = rows.div_ceil(BLOCK_ROWS).saturating_sub(1);
        let width = panels.saturating_mul(LANES);
        let end = [last_block.saturating_mul(block_stride), (BLOCK_ROWS - 1).saturating_mul(stride), width]
            .into_iter()
            .fold(offset, usize::saturating_add);
        assert!(
            width <= stride && end <= data.len(),
            "{rows} rows of {panels} vectors, from {offset} on, {stride} apart and blocks {block_stride}, \
             in {} numbers",
            data.len()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_keeps_every_weight_and_pads_with_zeros() {
        for (inputs, outputs) in [(1, 1), (16, 16), (17, 5), (33, 48), (50, 31)] {
            let shape = LayerShape { inputs, outputs };
            let weights: Vec<f32> = (1..=inputs * outputs).map(|i| i as f32).collect();
            let mut packed = vec![f32::NAN; shape.weights_len()];
            shape.pack(&weights, &mut packed);
            assert_eq!(packed.iter().filter(|&&x| x != 0.0).count(), weights.len());
            let mut unpacked = vec![0.0; weights.len()];
            shape.unpack(&packed, &mut unpacked);
            assert_eq!(unpacked, weights);
        }
    }
}
