//! The first layer on bytes most of which are 0, against the dense formulas: with x = scale·p + offset,
//! `Y ← activation(X·Wᵀ + b)` and `G ← δᵀ·X`.

use narrows_kernels::chunks::{CHUNK_ROWS, TreeSum, levels};
use narrows_kernels::gather::{Affine, Scaling, from_bytes};
use narrows_kernels::layout::{BLOCK_ROWS, LayerShape};
use narrows_kernels::sparse::{
    SparseBytes, SparseLayer, SparseLayout, SparseSegment, sparse_column_sums, sparse_forward, sparse_update,
};
use narrows_kernels::{Activation, Level, Moments, Rule, forward, update_weights};

use crate::reference;
use crate::support::{
    ACTIVATIONS, ADAM, Dense, Matrix, Numbers, PANEL, Random, SGD, Sum, UNIT, all_bits, assert_all_zero,
    assert_close, on_every_level, refused,
};

/// Outputs in a group, but for the last.
const GROUP: usize = 64;

/// [0, 1], [−1, 1], mean 0 and variance 1, and negatives.
const AFFINES: [Affine; 4] = [
    Affine { scale: 1.0 / 255.0, offset: 0.0 },
    Affine { scale: 2.0 / 255.0, offset: -1.0 },
    Affine { scale: 0.0127, offset: -0.4242 },
    Affine { scale: -0.004, offset: 1.7 },
];

/// Shares of bytes that are not 0, in percent.
const PERCENTS: [usize; 5] = [0, 1, 10, 19, 40];

/// Layers over every tail and number of panels in a group, around the edges of segments, and as large as real models.
fn shapes() -> Vec<LayerShape> {
    let tails = (1..=40).chain(120..=136).chain(250..=260).map(|i| (i, 1 + i * 7 % 130));
    let edges = [1, 16, 127, 128, 129, 255, 256, 257]
        .into_iter()
        .flat_map(|k| [1, 16, 17, 32, 48, 49, 64, 65, 112, 128].map(|n| (k, n)));
    let large = [(784, 64), (784, 200)];
    tails.chain(edges).chain(large).map(|(inputs, outputs)| LayerShape { inputs, outputs }).collect()
}

/// Rows of bytes.
struct Bytes {
    columns: usize,
    all: Vec<u8>,
    picked: SparseBytes,
}

impl Bytes {
    /// Rows in all; batches pick theirs among them.
    const ROWS: usize = 23;

    /// Every sixth row has nothing but zeros.
    fn random(columns: usize, percent: usize, random: &mut Random) -> Self {
        let all: Vec<u8> = (0..Self::ROWS * columns)
            .map(|i| match i / columns % 6 {
                1 => 0,
                _ if random.below(100) < percent => 1 + random.below(255) as u8,
                _ => 0,
            })
            .collect();
        let picked = SparseBytes::pick(&all, columns, 1.0).expect("as many as there are");
        Self { columns, all, picked }
    }

    /// Some rows, in any order, some of them twice.
    fn batch(&self, rows: usize, random: &mut Random) -> Vec<u32> {
        (0..rows).map(|_| random.below(Self::ROWS) as u32).collect()
    }

    fn row(&self, row: u32) -> &[u8] {
        &self.all[row as usize * self.columns..][..self.columns]
    }

    fn at(&self, row: u32, column: usize) -> f64 {
        f64::from(self.row(row)[column])
    }

    /// The rows as the dense kernels want them.
    fn dense(&self, rows: &[u32], affine: Affine) -> Matrix {
        let mut x = Matrix::zeros(rows.len(), self.columns);
        for (i, &row) in rows.iter().enumerate() {
            from_bytes(Level::scalar(), self.row(row), Scaling::Same(affine), x.padded_mut(i));
            // Padding of a row of bytes is 0, not the offset.
            assert_all_zero(&x.padded(i)[self.columns..], format_args!("row {i}"));
        }
        x
    }
}

/// A layer and its moments, as the sparse kernels want them.
#[derive(Clone)]
struct Sparse {
    layout: SparseLayout,
    weights: Vec<f32>,
    bias: Vec<f32>,
    column_sums: Vec<f32>,
    moments: [Vec<f32>; 2],
}

impl Numbers for Sparse {
    fn slices(&self) -> Vec<&[f32]> {
        let [first, second] = &self.moments;
        vec![&self.weights, &self.column_sums, first, second]
    }
}

impl Sparse {
    /// The same layer, and the column sums of its weights.
    fn of(dense: &Dense, bytes: &SparseBytes) -> Self {
        let layout = SparseLayout { shape: dense.shape };
        let [first, second] = &dense.weight_moments;
        let mut sparse = Self {
            layout,
            weights: Self::reordered(dense, &dense.backward),
            bias: dense.bias.clone(),
            column_sums: vec![f32::NAN; bytes.segments() * dense.shape.bias_len()],
            moments: [first, second].map(|moments| Self::reordered(dense, moments)),
        };
        sparse.column_sums = on_every_level(|level| sparse.sums_of_columns(level, bytes));
        sparse
    }

    fn reordered(dense: &Dense, backward: &[f32]) -> Vec<f32> {
        let shape = dense.shape;
        let mut numbers = vec![0.0; shape.inputs * shape.bias_len()];
        for n in 0..shape.outputs {
            for k in 0..shape.inputs {
                numbers[index(shape, n, k)] = backward[dense.index(n, k)];
            }
        }
        numbers
    }

    fn sums_of_columns(&self, level: Level, bytes: &SparseBytes) -> Vec<f32> {
        let mut column_sums = vec![f32::NAN; self.column_sums.len()];
        for piece in pieces(self.layout, bytes) {
            let weights = &self.weights[piece.weights.clone()];
            sparse_column_sums(level, weights, &mut column_sums[piece.column_sums]);
        }
        column_sums
    }

    fn layer(&self) -> SparseLayer<'_> {
        SparseLayer {
            layout: self.layout,
            weights: &self.weights,
            bias: &self.bias,
            column_sums: &self.column_sums,
        }
    }

    /// The outputs and the sums of one block.
    fn forward(
        &self,
        level: Level,
        affine: Affine,
        f: Activation,
        batch: (&SparseBytes, &[u32]),
    ) -> [Matrix; 2] {
        let mut y = Matrix::stale(batch.1.len(), self.layout.shape.outputs, &mut Random(0));
        let mut sums = y.clone();
        sparse_forward(level, self.layer(), affine, f, batch, y.block_mut(0), Some(sums.block_mut(0)));
        [y, sums]
    }

    /// The layer after an update of all its pieces.
    fn updated(
        &self,
        level: Level,
        rule: Rule,
        affine: Affine,
        batch: (&SparseBytes, &[u32]),
        delta: &Matrix,
    ) -> Self {
        let mut after = self.clone();
        // To be overwritten.
        after.column_sums.fill(f32::NAN);
        let mut branches = vec![f32::NAN; levels(batch.1.len()) * self.weights.len()];
        for piece in pieces(self.layout, batch.0) {
            let [first, second] = &mut after.moments;
            let segment = SparseSegment {
                group: piece.group,
                segment: piece.segment,
                weights: &mut after.weights[piece.weights.clone()],
                moments: Moments {
                    first: &mut first[piece.weights.clone()],
                    second: &mut second[piece.weights],
                },
                column_sums: &mut after.column_sums[piece.column_sums],
                branches: &mut branches,
            };
            sparse_update(level, rule, self.layout, affine, batch, delta.batch(), segment);
        }
        after
    }

    /// Everything that belongs to no weight: parameters, moments and column sums.
    fn assert_padding_is_zero(&self, segments: usize, what: std::fmt::Arguments<'_>) {
        let shape = self.layout.shape;
        let padding = shape.outputs..shape.bias_len();
        let [first, second] = &self.moments;
        for numbers in [&self.weights, first, second] {
            for k in 0..shape.inputs {
                assert_all_zero(padding.clone().map(|n| &numbers[index(shape, n, k)]), what);
            }
        }
        for segment in 0..segments {
            let sum = |n| &self.column_sums[sum_index(shape, segments, n, segment)];
            assert_all_zero(padding.clone().map(sum), what);
        }
    }
}

/// Where the documentation of the layout says that weight (n, k) is: `[group][k][outputs of the group]`.
fn index(shape: LayerShape, n: usize, k: usize) -> usize {
    sum_index(shape, shape.inputs, n, k)
}

/// Where it says that the sum of a segment is: `[group][segment][outputs of the group]`.
fn sum_index(shape: LayerShape, segments: usize, n: usize, segment: usize) -> usize {
    let first = n / GROUP * GROUP;
    let width = GROUP.min(shape.outputs.next_multiple_of(PANEL) - first);
    first * segments + segment * width + (n - first)
}

struct Piece {
    group: usize,
    segment: usize,
    weights: std::ops::Range<usize>,
    column_sums: std::ops::Range<usize>,
}

/// All pieces of a layer, as a training step cuts it.
fn pieces(layout: SparseLayout, bytes: &SparseBytes) -> Vec<Piece> {
    let (groups, segments) = (layout.groups(), bytes.segments());
    let all = (0..groups).flat_map(|group| (0..segments).map(move |segment| (group, segment)));
    all.map(|(group, segment)| {
        let weights = [segment, segment + 1].map(|s| layout.weights_start(group, bytes.segment_start(s)));
        let sums = [segment, segment + 1].map(|s| layout.column_sums_start(group, s, segments));
        Piece { group, segment, weights: weights[0]..weights[1], column_sums: sums[0]..sums[1] }
    })
    .collect()
}

/// A layer with moments as if after some steps.
fn example(shape: LayerShape, random: &mut Random) -> Dense {
    let mut dense = Dense::random(shape, random);
    for n in 0..shape.outputs {
        for k in 0..shape.inputs {
            let index = dense.index(n, k);
            dense.weight_moments[0][index] = random.signed();
            dense.weight_moments[1][index] = random.signed().abs();
        }
    }
    dense
}

#[test]
fn bytes_are_picked_if_few_enough_are_not_0() {
    let bytes = [0, 7, 0, 0, 255, 0, 0, 0, 0, 1];
    for columns in [1, 2, 5, 10] {
        assert!(SparseBytes::pick(&bytes, columns, 0.3).is_some());
        assert!(SparseBytes::pick(&bytes, columns, 0.29).is_none());
        assert!(SparseBytes::pick(&[0; 10], columns, 0.0).is_some());
        assert!(SparseBytes::pick(&[1; 10], columns, 1.0).is_some());
        assert!(SparseBytes::pick(&[], columns, 1.0).is_none());
    }
    assert!(SparseBytes::pick(&bytes, 0, 1.0).is_none());
    assert!(SparseBytes::pick(&[], 0, 1.0).is_none());
    refused("10 bytes are no whole rows of 3", || drop(SparseBytes::pick(&bytes, 3, 1.0)));
    refused("10 bytes are no whole rows of 11", || drop(SparseBytes::pick(&bytes, 11, 1.0)));
}

/// A layer of these outputs, and some number of inputs and of segments for it.
fn layouts() -> impl Iterator<Item = (SparseLayout, usize)> {
    (1..=130).chain([200]).map(|outputs| {
        let shape = LayerShape { inputs: 1 + outputs * 11 % 20, outputs };
        (SparseLayout { shape }, 1 + outputs % shape.inputs)
    })
}

#[test]
fn weights_lie_where_the_documentation_says() {
    for (layout, _) in layouts() {
        let SparseLayout { shape } = layout;
        // One number for each weight, exact in `f32`, and none of them 0.
        let weights: Vec<f32> = (1..=shape.inputs * shape.outputs).map(|i| i as f32).collect();
        let mut packed = vec![f32::NAN; layout.weights_len()];
        layout.pack(&weights, &mut packed);
        for n in 0..shape.outputs {
            for k in 0..shape.inputs {
                assert_eq!(packed[index(shape, n, k)], weights[n * shape.inputs + k], "{shape:?}");
            }
        }
        assert_eq!(packed.iter().filter(|&&x| x != 0.0).count(), weights.len(), "padding of {shape:?}");
        let mut unpacked = vec![f32::NAN; weights.len()];
        layout.unpack(&packed, &mut unpacked);
        assert_eq!(unpacked, weights, "{shape:?}");
    }
}

#[test]
fn pieces_tile_their_buffers() {
    for (layout, segments) in layouts() {
        let (mut weights, mut sums) = (0, 0);
        for group in 0..layout.groups() {
            assert!((1..=GROUP / PANEL).contains(&layout.group_panels(group)));
            let width = layout.group_panels(group) * PANEL;
            for k in 0..layout.shape.inputs {
                assert_eq!(layout.weights_start(group, k), weights, "{layout:?}");
                weights += width;
                assert_eq!(layout.weights_start(group, k + 1), weights, "{layout:?}");
            }
            for segment in 0..segments {
                assert_eq!(layout.column_sums_start(group, segment, segments), sums, "{layout:?}");
                sums += width;
                assert_eq!(layout.column_sums_start(group, segment + 1, segments), sums, "{layout:?}");
            }
        }
        assert_eq!(weights, layout.weights_len(), "{layout:?}");
        assert_eq!(sums, segments * layout.shape.bias_len(), "{layout:?}");
    }
}

/// Whoever has summed them; with room for more chunks than there are.
#[test]
fn the_gradient_of_a_batch_is_the_tree_of_those_of_its_chunks() {
    let mut random = Random(41);
    for rows in [1, 256, 257, 600, 1024, 1400] {
        let shape = LayerShape { inputs: 150, outputs: 90 };
        let bytes = Bytes::random(shape.inputs, 20, &mut random);
        let batch = bytes.batch(rows, &mut random);
        let sparse = Sparse::of(&example(shape, &mut random), &bytes.picked);
        let delta = Matrix::random(rows, shape.outputs, &mut random);
        let affine = AFFINES[1];
        let whole = on_every_level(|level| {
            sparse.updated(level, Rule::KeepGradient, affine, (&bytes.picked, &batch), &delta)
        });
        let mut sum = TreeSum::new();
        for (chunk, rows) in batch.chunks(CHUNK_ROWS).enumerate() {
            let delta = Matrix::from_fn(rows.len(), shape.outputs, |row, column| {
                delta.row(chunk * CHUNK_ROWS + row)[column]
            });
            let of_chunk =
                sparse.updated(Level::detect(), Rule::KeepGradient, affine, (&bytes.picked, rows), &delta);
            sum.push(Sum(of_chunk.moments[0].clone()));
        }
        let sum = sum.total().unwrap().0;
        assert_eq!(all_bits(&sum), all_bits(&whole.moments[0]), "{rows} rows");
    }
}

/// How far the sums of [`sparse_forward`] may be from exact ones. A product goes through half of the additions of
/// its row, for there are two accumulators (each begins a segment with what remains of the last), and two that join
/// the parts. A weight goes through the additions of its segment, those of the segments, and the last two; the
/// bias through these. Errors of errors are below one more rounding while their number² < 2²⁴.
fn forward_tolerance(
    (columns, segments): (usize, usize),
    used: usize,
    [products, column_sums, bias]: [f64; 3],
) -> f64 {
    let product_roundings = (used + segments) / 2 + 3;
    let column_roundings = columns.div_ceil(segments) + segments + 3;
    UNIT * (product_roundings as f64 * products + column_roundings as f64 * column_sums + 3.0 * bias)
}

#[test]
fn forward_is_its_formula() {
    let mut random = Random(30);
    for (i, shape) in shapes().into_iter().enumerate() {
        // No two of these cycles have a common divisor.
        let (f, affine) = (ACTIVATIONS[i % ACTIVATIONS.len()], AFFINES[i % AFFINES.len()]);
        let bytes = Bytes::random(shape.inputs, PERCENTS[i % PERCENTS.len()], &mut random);
        let batch = bytes.batch(i % (BLOCK_ROWS + 1), &mut random);
        let dense = Dense::random(shape, &mut random);
        let sparse = Sparse::of(&dense, &bytes.picked);
        let [y, sums] = on_every_level(|level| sparse.forward(level, affine, f, (&bytes.picked, &batch)));
        let (scale, offset) = (f64::from(affine.scale), f64::from(affine.offset));
        for n in 0..shape.outputs {
            let bias = f64::from(dense.bias[n]);
            let columns: f64 = (0..shape.inputs).map(|k| dense.weight(n, k).abs()).sum();
            for (row, &index) in batch.iter().enumerate() {
                let x = |k| scale * bytes.at(index, k) + offset;
                let sum = bias + (0..shape.inputs).map(|k| dense.weight(n, k) * x(k)).sum::<f64>();
                let products: f64 =
                    (0..shape.inputs).map(|k| dense.weight(n, k).abs() * bytes.at(index, k)).sum();
                let tolerance = forward_tolerance(
                    (shape.inputs, bytes.picked.segments()),
                    bytes.row(index).iter().filter(|&&byte| byte != 0).count(),
                    [scale.abs() * products, offset.abs() * columns, bias.abs()],
                );
                let what = format_args!("{shape:?}, row {row}, output {n}, {f:?}, {affine:?}");
                assert_close(sums.row(row)[n], sum, tolerance, what);
                // The activation itself: see `activations`.
                let expected = reference::activation(f, sums.at(row, n));
                assert_close(y.row(row)[n], expected, 8.0 * UNIT * (1.0 + sums.at(row, n).abs()), what);
            }
        }
        // Also where f(0) is not 0.
        y.assert_padding_is_zero(format_args!("{shape:?}, {f:?}"));
        sums.assert_padding_is_zero(format_args!("sums of {shape:?}, {f:?}"));
        y.assert_nothing_beside_the_rows_is_touched();
        sums.assert_nothing_beside_the_rows_is_touched();
    }
}

#[test]
fn outputs_do_not_depend_on_whether_sums_are_kept() {
    let mut random = Random(31);
    for outputs in [5, 70, 128] {
        let shape = LayerShape { inputs: 140, outputs };
        let bytes = Bytes::random(shape.inputs, 20, &mut random);
        let batch = (&bytes.picked, &*bytes.batch(BLOCK_ROWS, &mut random));
        let sparse = Sparse::of(&Dense::random(shape, &mut random), &bytes.picked);
        for f in ACTIVATIONS {
            let alone = on_every_level(|level| {
                let mut y = Matrix::stale(BLOCK_ROWS, outputs, &mut Random(0));
                sparse_forward(level, sparse.layer(), AFFINES[1], f, batch, y.block_mut(0), None);
                y
            });
            let [y, _] = sparse.forward(Level::scalar(), AFFINES[1], f, batch);
            assert_eq!(all_bits(&alone.data), all_bits(&y.data), "{f:?}");
        }
    }
}

/// If a 0 were multiplied after all, 0·∞ would show. A sum of whole numbers below 2²⁴ is exact in any order.
#[test]
fn bytes_of_0_are_not_multiplied() {
    let mut random = Random(32);
    for shape in shapes().into_iter().step_by(10) {
        let bytes = Bytes::random(shape.inputs, 30, &mut random);
        for row in 0..6 {
            let weight = |n: usize, k: usize| ((n + 3 * k) % 16) as f32;
            let weights = (0..shape.outputs).flat_map(|n| (0..shape.inputs).map(move |k| (n, k)));
            let weights: Vec<f32> = weights
                .map(|(n, k)| if bytes.row(row)[k] == 0 { f32::INFINITY } else { weight(n, k) })
                .collect();
            let mut sparse =
                Sparse::of(&Dense::new(shape, &weights, vec![0.0; shape.bias_len()]), &bytes.picked);
            sparse.column_sums.fill(0.0);
            let affine = Affine { scale: 1.0, offset: 0.0 };
            let [y, _] = on_every_level(|level| {
                sparse.forward(level, affine, Activation::Identity, (&bytes.picked, &[row]))
            });
            for n in 0..shape.outputs {
                let used = (0..shape.inputs).filter(|&k| bytes.at(row, k) != 0.0);
                let sum: f64 = used.map(|k| bytes.at(row, k) * f64::from(weight(n, k))).sum();
                assert_eq!(y.at(0, n), sum, "{shape:?}, row {row}, output {n}");
            }
        }
    }
}

/// A diverged run must show, also where every byte is 0: 0·NaN is a term of the dense product.
#[test]
fn a_nan_passes() {
    let mut random = Random(33);
    let shape = LayerShape { inputs: 150, outputs: 70 };
    let bytes = Bytes::random(shape.inputs, 10, &mut random);
    let batch: Vec<u32> = (0..BLOCK_ROWS as u32).collect();
    let (n, k) = (66, 131);
    let mut dense = Dense::random(shape, &mut random);
    let place = dense.index(n, k);
    dense.backward[place] = f32::NAN;
    let sparse = Sparse::of(&dense, &bytes.picked);
    let delta =
        Matrix::from_fn(
            BLOCK_ROWS,
            shape.outputs,
            |row, column| {
                if (row, column) == (1, n) { f32::NAN } else { 1.0 }
            },
        );
    for affine in AFFINES {
        for f in ACTIVATIONS {
            let [y, _] = on_every_level(|level| sparse.forward(level, affine, f, (&bytes.picked, &batch)));
            for row in 0..BLOCK_ROWS {
                let found: Vec<_> = (0..shape.outputs).filter(|&n| y.row(row)[n].is_nan()).collect();
                assert_eq!(found, [n], "{f:?}, {affine:?}, row {row}");
            }
        }
        let after = on_every_level(|level| {
            sparse.updated(level, Rule::KeepGradient, affine, (&bytes.picked, &batch), &delta)
        });
        for output in 0..shape.outputs {
            for k in 0..shape.inputs {
                let gradient = after.moments[0][index(shape, output, k)];
                assert_eq!(gradient.is_nan(), output == n, "{affine:?}, output {output}, input {k}");
            }
        }
    }
}

/// How far a gradient of [`sparse_update`] may be from the exact one: the products round once a row whose byte is not 0,
/// the sum of δ once a row and with the offset, and both when they are joined. One more for errors of errors.
fn gradient_tolerance((rows, used): (usize, usize), [products, deltas]: [f64; 2]) -> f64 {
    UNIT * ((used + 2) as f64 * products + (rows + 3) as f64 * deltas)
}

/// The sums that an update has left behind are those of the weights that it has left behind.
fn check_column_sums(after: &Sparse, bytes: &SparseBytes) {
    let shape = after.layout.shape;
    let sums = on_every_level(|level| after.sums_of_columns(level, bytes));
    assert_eq!(all_bits(&sums), all_bits(&after.column_sums), "{shape:?}");
    for segment in 0..bytes.segments() {
        let columns = bytes.segment_start(segment)..bytes.segment_start(segment + 1);
        for n in 0..shape.outputs {
            let weights = || columns.clone().map(|k| f64::from(after.weights[index(shape, n, k)]));
            let size = weights().map(f64::abs).sum::<f64>();
            let sum = sums[sum_index(shape, bytes.segments(), n, segment)];
            // One rounding an addition.
            let tolerance = columns.len() as f64 * UNIT * size;
            assert_close(sum, weights().sum(), tolerance, format_args!("{shape:?}, segment {segment}, {n}"));
        }
    }
}

#[test]
fn gradients_are_their_formula_and_keep_gradient_leaves_the_parameters_alone() {
    let mut random = Random(34);
    for (i, shape) in shapes().into_iter().enumerate() {
        let affine = AFFINES[i % AFFINES.len()];
        let bytes = Bytes::random(shape.inputs, PERCENTS[i % PERCENTS.len()], &mut random);
        let rows = i % 37;
        let batch = bytes.batch(rows, &mut random);
        let sparse = Sparse::of(&example(shape, &mut random), &bytes.picked);
        let mut delta = Matrix::random(rows, shape.outputs, &mut random);
        delta.spoil_unused_rows(&mut random);
        let after = on_every_level(|level| {
            sparse.updated(level, Rule::KeepGradient, affine, (&bytes.picked, &batch), &delta)
        });
        let (scale, offset) = (f64::from(affine.scale), f64::from(affine.offset));
        for n in 0..shape.outputs {
            let deltas: f64 = (0..rows).map(|row| delta.at(row, n).abs()).sum();
            for k in 0..shape.inputs {
                let (mut gradient, mut products, mut used) = (0.0, 0.0, 0);
                for (row, &index) in batch.iter().enumerate() {
                    let byte = bytes.at(index, k);
                    gradient += delta.at(row, n) * (scale * byte + offset);
                    products += delta.at(row, n).abs() * byte;
                    used += usize::from(byte != 0.0);
                }
                let tolerance =
                    gradient_tolerance((rows, used), [scale.abs() * products, offset.abs() * deltas]);
                let what = format_args!("{shape:?}, {rows} rows, output {n}, input {k}, {affine:?}");
                assert_close(after.moments[0][index(shape, n, k)], gradient, tolerance, what);
            }
        }
        after.assert_padding_is_zero(bytes.picked.segments(), format_args!("{shape:?}, {rows} rows"));
        // Nothing else has changed.
        assert_eq!(all_bits(&after.weights), all_bits(&sparse.weights));
        assert_eq!(all_bits(&after.moments[1]), all_bits(&sparse.moments[1]));
        check_column_sums(&after, &bytes.picked);
    }
}

/// Given the gradient that the sparse update computes, the dense one leaves the same weights and moments, to the bit.
/// It is given as δ, and X is the identity: adding products with 0 does not round.
#[test]
fn an_update_does_what_the_dense_one_does_with_its_gradient() {
    let mut random = Random(35);
    for (i, shape) in shapes().into_iter().step_by(9).enumerate() {
        let affine = AFFINES[i % AFFINES.len()];
        let bytes = Bytes::random(shape.inputs, PERCENTS[i % PERCENTS.len()], &mut random);
        let batch = bytes.batch(1 + i, &mut random);
        let batch = (&bytes.picked, &*batch);
        let dense = example(shape, &mut random);
        let sparse = Sparse::of(&dense, &bytes.picked);
        let delta = Matrix::random(batch.1.len(), shape.outputs, &mut random);

        let kept = sparse.updated(Level::scalar(), Rule::KeepGradient, affine, batch, &delta);
        let gradient =
            Matrix::from_fn(shape.inputs, shape.outputs, |k, n| kept.moments[0][index(shape, n, k)]);
        let identity = Matrix::from_fn(shape.inputs, shape.inputs, |row, k| f32::from(u8::from(row == k)));
        for rule in [ADAM, SGD] {
            let after = on_every_level(|level| sparse.updated(level, rule, affine, batch, &delta));
            let mut expected = dense.clone();
            let (delta, x) = (gradient.batch(), identity.batch());
            update_weights(Level::detect(), rule, shape, delta, x, expected.tiles());
            let [first, second] = &expected.weight_moments;
            let [m, v] = &after.moments;
            for (actual, expected) in [(&after.weights, &expected.backward), (m, first), (v, second)] {
                let expected = Sparse::reordered(&dense, expected);
                assert_eq!(all_bits(actual), all_bits(&expected), "{shape:?}, {rule:?}");
            }
            after.assert_padding_is_zero(bytes.picked.segments(), format_args!("{shape:?}, {rule:?}"));
            check_column_sums(&after, &bytes.picked);
        }
    }
}

/// Each path may be as far from the truth as its own tolerance.
#[test]
fn the_dense_kernels_agree() {
    let mut random = Random(36);
    for (i, shape) in shapes().into_iter().step_by(4).enumerate() {
        let affine = AFFINES[i % AFFINES.len()];
        let (scale, offset) = (f64::from(affine.scale), f64::from(affine.offset));
        let bytes = Bytes::random(shape.inputs, PERCENTS[i % PERCENTS.len()], &mut random);
        let batch = bytes.batch(BLOCK_ROWS, &mut random);
        let dense = Dense::random(shape, &mut random);
        let sparse = Sparse::of(&dense, &bytes.picked);
        let x = bytes.dense(&batch, affine);
        let delta = Matrix::random(BLOCK_ROWS, shape.outputs, &mut random);
        let level = Level::detect();

        let [y, _] = sparse.forward(level, affine, Activation::Identity, (&bytes.picked, &batch));
        let mut dense_y = Matrix::zeros(BLOCK_ROWS, shape.outputs);
        forward(level, dense.layer(), Activation::Identity, x.block(0), dense_y.block_mut(0), None);
        let after = sparse.updated(level, Rule::KeepGradient, affine, (&bytes.picked, &batch), &delta);
        let mut dense_after = dense.clone();
        update_weights(level, Rule::KeepGradient, shape, delta.batch(), x.batch(), dense_after.tiles());

        for n in 0..shape.outputs {
            let columns: f64 = (0..shape.inputs).map(|k| dense.weight(n, k).abs()).sum();
            let bias = f64::from(dense.bias[n]).abs();
            for (row, &index) in batch.iter().enumerate() {
                let sum = |x: &dyn Fn(usize) -> f64| {
                    (0..shape.inputs).map(|k| dense.weight(n, k).abs() * x(k).abs()).sum::<f64>()
                };
                // Once for x, once for each product, once for errors of errors.
                let dense_tolerance = UNIT * (shape.inputs + 2) as f64 * (bias + sum(&|k| x.at(row, k)));
                let tolerance = forward_tolerance(
                    (shape.inputs, bytes.picked.segments()),
                    bytes.row(index).iter().filter(|&&byte| byte != 0).count(),
                    [scale.abs() * sum(&|k| bytes.at(index, k)), offset.abs() * columns, bias],
                );
                let what = format_args!("{shape:?}, row {row}, output {n}, {affine:?}");
                assert_close(y.row(row)[n], dense_y.at(row, n), tolerance + dense_tolerance, what);
            }
            let deltas: f64 = (0..BLOCK_ROWS).map(|row| delta.at(row, n).abs()).sum();
            for k in 0..shape.inputs {
                let sum = |x: &dyn Fn(usize) -> f64| {
                    (0..BLOCK_ROWS).map(|row| delta.at(row, n).abs() * x(row).abs()).sum::<f64>()
                };
                let dense_tolerance = UNIT * (BLOCK_ROWS + 2) as f64 * sum(&|row| x.at(row, k));
                let used = batch.iter().filter(|&&row| bytes.at(row, k) != 0.0).count();
                let products = sum(&|row| bytes.at(batch[row], k));
                let tolerance =
                    gradient_tolerance((BLOCK_ROWS, used), [scale.abs() * products, offset.abs() * deltas]);
                let expected = f64::from(dense_after.weight_moments[0][dense.index(n, k)]);
                let what = format_args!("{shape:?}, output {n}, input {k}, {affine:?}");
                let actual = after.moments[0][index(shape, n, k)];
                assert_close(actual, expected, tolerance + dense_tolerance, what);
            }
        }
    }
}

/// Lengths and indices of calls that are accepted as they are: two groups, the last of 16 outputs, and two segments of
/// 75 columns.
#[derive(Clone)]
struct Call {
    shape: LayerShape,
    bytes_columns: usize,
    weights: usize,
    bias: usize,
    column_sums: usize,
    outputs_of_y: usize,
    outputs_of_sums: usize,
    rows: Vec<u32>,
    delta: (usize, usize),
    piece: (usize, usize),
    piece_lengths: [usize; 4],
}

impl Call {
    fn new() -> Self {
        Self {
            shape: LayerShape { inputs: 150, outputs: 70 },
            bytes_columns: 150,
            weights: 150 * 80,
            bias: 80,
            column_sums: 2 * 80,
            outputs_of_y: 70,
            outputs_of_sums: 70,
            rows: vec![0, 4, 2],
            delta: (3, 70),
            piece: (1, 1),
            piece_lengths: [75 * 16, 75 * 16, 75 * 16, 16],
        }
    }

    /// Five rows.
    fn bytes(&self) -> SparseBytes {
        SparseBytes::pick(&vec![1; 5 * self.bytes_columns], self.bytes_columns, 1.0).expect("bytes")
    }

    fn forward(&self) {
        let [weights, bias, column_sums] =
            [self.weights, self.bias, self.column_sums].map(|len| vec![0.0; len]);
        let mut y = Matrix::zeros(BLOCK_ROWS, self.outputs_of_y);
        let mut sums = Matrix::zeros(BLOCK_ROWS, self.outputs_of_sums);
        let layout = SparseLayout { shape: self.shape };
        sparse_forward(
            Level::detect(),
            SparseLayer { layout, weights: &weights, bias: &bias, column_sums: &column_sums },
            AFFINES[1],
            Activation::Gelu,
            (&self.bytes(), &self.rows),
            y.block_mut(0),
            Some(sums.block_mut(0)),
        );
    }

    fn update(&self) {
        let [mut weights, mut first, mut second, mut column_sums] =
            self.piece_lengths.map(|len| vec![0.0; len]);
        let delta = Matrix::zeros(self.delta.0, self.delta.1);
        let (group, segment) = self.piece;
        sparse_update(
            Level::detect(),
            Rule::KeepGradient,
            SparseLayout { shape: self.shape },
            AFFINES[1],
            (&self.bytes(), &self.rows),
            delta.batch(),
            SparseSegment {
                group,
                segment,
                weights: &mut weights,
                moments: Moments { first: &mut first, second: &mut second },
                column_sums: &mut column_sums,
                branches: &mut [],
            },
        );
    }
}

#[test]
fn forward_refuses_what_does_not_fit() {
    let call = Call::new();
    call.forward();
    Call { rows: vec![4; BLOCK_ROWS], ..call.clone() }.forward();
    refused("17 rows in a block", || Call { rows: vec![4; 17], ..call.clone() }.forward());
    for row in [5, 6, u32::MAX] {
        refused("of 5 rows", || Call { rows: vec![0, row], ..call.clone() }.forward());
    }
    for bytes_columns in [149, 151, 300] {
        refused("columns of the bytes", || Call { bytes_columns, ..call.clone() }.forward());
    }
    for weights in [0, 150 * 70, 150 * 80 - 1, 150 * 80 + 1, 160 * 80] {
        refused("weights of", || Call { weights, ..call.clone() }.forward());
    }
    for bias in [0, 70, 79, 81] {
        refused("bias of", || Call { bias, ..call.clone() }.forward());
    }
    for column_sums in [0, 80, 2 * 70, 2 * 80 - 1, 2 * 80 + 1] {
        refused("column sums of", || Call { column_sums, ..call.clone() }.forward());
    }
    refused("rows of", || Call { outputs_of_y: 64, ..call.clone() }.forward());
    refused("rows of", || Call { outputs_of_sums: 64, ..call.clone() }.forward());
    // A padded size of 2⁶⁴ numbers must not look like one of 0.
    for outputs in [usize::MAX, usize::MAX / 16 + 1, usize::MAX / 32] {
        let shape = LayerShape { inputs: 150, outputs };
        for weights in [0, call.weights] {
            refused("weights of", || Call { shape, weights, ..call.clone() }.forward());
        }
    }
}

#[test]
fn update_refuses_what_does_not_fit() {
    let call = Call::new();
    call.update();
    Call { rows: Vec::new(), delta: (0, 70), ..call.clone() }.update();
    Call { piece: (0, 1), piece_lengths: [75 * 64, 75 * 64, 75 * 64, 64], ..call.clone() }.update();
    // Lengths as if there were another group or segment: of nothing, or like those that there are.
    for (group, width) in [(2, 0), (2, 16), (2, 64), (3, 64), (usize::MAX, 64), (usize::MAX / 4 + 1, 64)] {
        let piece_lengths = [75 * width, 75 * width, 75 * width, width];
        refused("group", || Call { piece: (group, 0), piece_lengths, ..call.clone() }.update());
    }
    for segment in [2, 3, usize::MAX] {
        refused("segment", || Call { rows: vec![0; 3], piece: (1, segment), ..call.clone() }.update());
    }
    for row in [5, 6, u32::MAX] {
        refused("of 5 rows", || Call { rows: vec![0, row, 0], ..call.clone() }.update());
    }
    for bytes_columns in [149, 151, 300] {
        refused("columns of the bytes", || Call { bytes_columns, ..call.clone() }.update());
    }
    for rows in [0, 2, 4] {
        refused("rows of δ", || Call { delta: (rows, 70), ..call.clone() }.update());
    }
    refused("rows of", || Call { delta: (3, 64), ..call.clone() }.update());
    for (i, name) in ["weights", "first moments", "second moments", "column sums"].into_iter().enumerate() {
        let len = call.piece_lengths[i];
        for len in [0, len - 1, len + 1, 2 * len] {
            let mut piece_lengths = call.piece_lengths;
            piece_lengths[i] = len;
            refused(name, || Call { piece_lengths, ..call.clone() }.update());
        }
    }
}

#[test]
fn packing_and_column_sums_refuse_what_does_not_fit() {
    let layout = SparseLayout { shape: LayerShape { inputs: 5, outputs: 70 } };
    let pack = |weights: usize, packed: usize| layout.pack(&vec![0.0; weights], &mut vec![0.0; packed]);
    let unpack = |packed: usize, weights: usize| layout.unpack(&vec![0.0; packed], &mut vec![0.0; weights]);
    pack(350, 400);
    unpack(400, 350);
    for weights in [0, 349, 351] {
        refused("weights of", || pack(weights, 400));
        refused("weights of", || unpack(400, weights));
    }
    for packed in [0, 350, 399, 401] {
        refused("packed weights of", || pack(350, packed));
        refused("packed weights of", || unpack(packed, 350));
    }
    let sums = |weights: usize, sums: usize| {
        sparse_column_sums(Level::detect(), &vec![0.0; weights], &mut vec![0.0; sums]);
    };
    sums(5 * 48, 48);
    sums(0, 16);
    for len in [0, 15, 40] {
        refused("whole panels", || sums(5 * len, len));
    }
    for weights in [47, 5 * 48 - 16, 5 * 48 + 1] {
        refused("weights of 48 outputs", || sums(weights, 48));
    }
}
