//! Lengths that do not fit are refused. Each case spoils one thing of a call that is otherwise accepted.

use narrows_kernels::gather::{Affine, Scaling, from_bytes};
use narrows_kernels::layout::{BLOCK_ROWS, Batch, LayerShape, Rows, RowsMut};
use narrows_kernels::{
    Activation, BiasPanels, Layer, Level, Moments, OutputLoss, Rule, Target, WeightTiles, backward,
    cross_entropy_gradient, forward, forward_tiles, masked_squared_error, output_gradient, softmax,
    squared_error, update_bias, update_weights,
};

use crate::support::refused;

const SHAPE: LayerShape = LayerShape { inputs: 20, outputs: 40 };
const IN: usize = 32;
const OUT: usize = 48;

/// The least length of a block of rows.
const fn block(width: usize, stride: usize) -> usize {
    (BLOCK_ROWS - 1) * stride + width
}

/// Lengths, each the least or the only one that fits, and strides.
#[derive(Clone)]
struct Dense {
    shape: LayerShape,
    weights: usize,
    bias: usize,
    x: (usize, usize),
    y: (usize, usize),
    sums: (usize, usize),
}

const DENSE: Dense = Dense {
    shape: SHAPE,
    weights: IN * OUT,
    bias: OUT,
    x: (block(IN, IN), IN),
    y: (block(OUT, OUT), OUT),
    sums: (block(OUT, OUT), OUT),
};

impl Dense {
    fn forward(&self) {
        let zeros = |len| vec![0.0; len];
        let (weights, bias, x) = (zeros(self.weights), zeros(self.bias), zeros(self.x.0));
        let (mut y, mut sums) = (zeros(self.y.0), zeros(self.sums.0));
        forward(
            Level::detect(),
            Layer { shape: self.shape, weights: &weights, bias: &bias },
            Activation::Gelu,
            Rows { data: &x, stride: self.x.1 },
            RowsMut { data: &mut y, stride: self.y.1 },
            Some(RowsMut { data: &mut sums, stride: self.sums.1 }),
        );
    }

    /// δX is where x is in the forward pass, δY where y is, what was kept where the sums are.
    /// `sums` are the target.
    fn output(&self, f: Activation) {
        let target = vec![0.0; self.sums.0];
        self.output_towards(f, Target::Numbers(Rows { data: &target, stride: self.sums.1 }));
    }

    fn output_towards(&self, f: Activation, target: Target<'_>) {
        let zeros = |len| vec![0.0; len];
        let (weights, bias, x, mut delta) =
            (zeros(self.weights), zeros(self.bias), zeros(self.x.0), zeros(self.y.0));
        output_gradient(
            Level::detect(),
            Layer { shape: self.shape, weights: &weights, bias: &bias },
            OutputLoss::SquaredError(f),
            &[1.0; BLOCK_ROWS],
            Rows { data: &x, stride: self.x.1 },
            target,
            RowsMut { data: &mut delta, stride: self.y.1 },
            &mut [0.0; BLOCK_ROWS],
        );
    }

    fn backward(&self) {
        let zeros = |len| vec![0.0; len];
        let (weights, delta, kept) = (zeros(self.weights), zeros(self.y.0), zeros(self.sums.0));
        let mut out = zeros(self.x.0);
        backward(
            Level::detect(),
            self.shape,
            &weights,
            Rows { data: &delta, stride: self.y.1 },
            (Activation::Tanh, Rows { data: &kept, stride: self.sums.1 }),
            RowsMut { data: &mut out, stride: self.x.1 },
            0..SHAPE.input_panels(),
        );
    }
}

/// Too short by one, or with rows that overlap.
fn unfit(width: usize) -> [(usize, usize); 3] {
    let overlapping = width - 1;
    // The last: products of the stride must not wrap around and look small.
    [(block(width, width) - 1, width), (block(width, width), overlapping), (1000, usize::MAX / 15 + 1)]
}

#[test]
fn forward_refuses_what_does_not_fit() {
    DENSE.forward();
    for weights in [IN * OUT - 1, IN * OUT + 1, SHAPE.inputs * SHAPE.outputs] {
        refused("weights", || Dense { weights, ..DENSE }.forward());
    }
    for bias in [OUT - 1, OUT + 1, SHAPE.outputs] {
        refused("bias", || Dense { bias, ..DENSE }.forward());
    }
    for x in unfit(IN) {
        refused("rows", || Dense { x, ..DENSE }.forward());
    }
    for y in unfit(OUT) {
        refused("rows", || Dense { y, ..DENSE }.forward());
        refused("rows", || Dense { sums: y, ..DENSE }.forward());
    }
}

#[test]
fn backward_refuses_what_does_not_fit() {
    let dense = Dense { sums: DENSE.x, ..DENSE };
    dense.backward();
    for weights in [IN * OUT - 1, IN * OUT + 1, SHAPE.inputs * SHAPE.outputs] {
        refused("weights", || Dense { weights, ..dense }.backward());
    }
    for x in unfit(IN) {
        refused("rows", || Dense { x, ..dense }.backward());
        refused("rows", || Dense { sums: x, ..dense }.backward());
    }
    for y in unfit(OUT) {
        refused("rows", || Dense { y, ..dense }.backward());
    }
    refused("panels 0..2", || {
        Dense { shape: LayerShape { inputs: 16, ..SHAPE }, weights: 16 * OUT, ..dense }.backward()
    });
}

/// A padded size of 2⁶⁴ numbers must not look like one of 0.
#[test]
fn a_shape_beyond_all_memory_is_refused() {
    let inputs = usize::MAX / 16 + 1;
    for shape in [
        LayerShape { inputs, outputs: SHAPE.outputs },
        LayerShape { inputs: usize::MAX, outputs: SHAPE.outputs },
        LayerShape { inputs: 1 << (usize::BITS / 2), outputs: 1 << (usize::BITS / 2) },
    ] {
        for weights in [0, DENSE.weights] {
            refused("weights", || Dense { shape, weights, ..DENSE }.forward());
            refused("weights", || Dense { shape, weights, sums: DENSE.x, ..DENSE }.backward());
        }
    }
    let (data, mut errors) = (vec![0.0; 32], [0.0; BLOCK_ROWS]);
    let rows = Rows { data: &data, stride: inputs };
    refused("rows", || squared_error(Level::detect(), inputs, rows, rows, &mut errors));
}

#[derive(Clone)]
struct Update {
    range: std::ops::Range<usize>,
    lengths: [usize; 4],
    delta: BatchLengths,
    x: BatchLengths,
}

#[derive(Clone, Copy)]
struct BatchLengths {
    len: usize,
    offset: usize,
    block_stride: usize,
    stride: usize,
    rows: usize,
}

impl BatchLengths {
    /// Two blocks, the second of one row, behind `offset` numbers.
    const fn new(width: usize, offset: usize) -> Self {
        let block_stride = 16 * width;
        Self {
            len: offset + block_stride + block(width, width),
            offset,
            block_stride,
            stride: width,
            rows: 17,
        }
    }

    fn batch<'a>(&self, data: &'a [f32]) -> Batch<'a> {
        let Self { offset, block_stride, stride, rows, .. } = *self;
        Batch { data, offset, block_stride, stride, rows }
    }

    fn unfit(self) -> Vec<Self> {
        vec![
            Self { len: self.len - 1, ..self },
            Self { offset: self.offset + 1, ..self },
            Self { block_stride: self.block_stride + 1, ..self },
            Self { stride: self.stride + 1, ..self },
            Self { stride: self.stride - 1, ..self },
            Self { len: 0, ..self },
            // Sums and products that must not wrap around and look small.
            Self { offset: usize::MAX - 16, ..self },
            Self { block_stride: usize::MAX - self.len / 2, ..self },
            Self { stride: usize::MAX / 15 + 1, ..self },
        ]
    }
}

impl Update {
    fn new() -> Self {
        Self {
            range: 1..3,
            lengths: [2 * 256; 4],
            delta: BatchLengths::new(OUT, 3),
            x: BatchLengths::new(IN, 0),
        }
    }

    fn weights(&self) {
        let [mut backward, mut forward, mut first, mut second] = self.lengths.map(|len| vec![0.0; len]);
        let (delta, x) = (vec![0.0; self.delta.len], vec![0.0; self.x.len]);
        update_weights(
            Level::detect(),
            Rule::KeepGradient,
            SHAPE,
            self.delta.batch(&delta),
            self.x.batch(&x),
            WeightTiles {
                range: self.range.clone(),
                backward: &mut backward,
                forward: &mut forward,
                moments: Moments { first: &mut first, second: &mut second },
            },
        );
    }

    /// Updates as many numbers of the bias as there are backward tiles.
    fn bias(&self, first_panel: usize) {
        let [mut bias, _, mut first, mut second] = self.lengths.map(|len| vec![0.0; len]);
        let delta = vec![0.0; self.delta.len];
        update_bias(
            Level::detect(),
            Rule::KeepGradient,
            self.delta.batch(&delta),
            BiasPanels {
                first_panel,
                bias: &mut bias,
                moments: Moments { first: &mut first, second: &mut second },
            },
        );
    }
}

#[test]
fn update_weights_refuses_what_does_not_fit() {
    let update = Update::new();
    update.weights();
    for (i, name) in ["backward", "forward", "first moments", "second moments"].into_iter().enumerate() {
        for len in [0, 511, 513] {
            let mut lengths = update.lengths;
            lengths[i] = len;
            refused(name, || Update { lengths, ..update.clone() }.weights());
        }
    }
    Update { range: 4..6, ..update.clone() }.weights();
    refused("tiles 5..7", || Update { range: 5..7, ..update.clone() }.weights());
    for delta in update.delta.unfit() {
        refused("rows of", || Update { delta, ..update.clone() }.weights());
    }
    for x in update.x.unfit() {
        refused("rows of", || Update { x, ..update.clone() }.weights());
    }
    for rows in [0, 16, 33] {
        let x = BatchLengths { rows, len: 10_000, ..update.x };
        refused("rows of δ and x", || Update { x, ..update.clone() }.weights());
    }
}

#[test]
fn update_bias_refuses_what_does_not_fit() {
    let update = Update { lengths: [32; 4], ..Update::new() };
    update.bias(0);
    update.bias(1);
    for first_panel in [2, usize::MAX, usize::MAX / 16 + 1] {
        refused("rows of", || update.bias(first_panel));
    }
    for (i, name) in [(2, "first moments"), (3, "second moments")] {
        for len in [0, 31, 33] {
            let mut lengths = update.lengths;
            lengths[i] = len;
            refused(name, || Update { lengths, ..update.clone() }.bias(0));
        }
    }
    // Whole panels, or the rest would be left behind in silence.
    refused("whole panels", || Update { lengths: [40; 4], ..update.clone() }.bias(0));
    for delta in update.delta.unfit() {
        refused("rows of", || Update { delta, ..update.clone() }.bias(1));
    }
}

#[test]
fn tiles_of_unequal_or_broken_length_are_refused() {
    let run = |from: usize, to: usize| forward_tiles(Level::detect(), &vec![0.0; from], &mut vec![0.0; to]);
    run(512, 512);
    refused("tiles", || run(512, 256));
    refused("tiles", || run(256, 512));
    refused("no whole tiles", || run(300, 300));
    let pack = |weights: usize, packed: usize| SHAPE.pack(&vec![0.0; weights], &mut vec![0.0; packed]);
    let unpack = |packed: usize, weights: usize| SHAPE.unpack(&vec![0.0; packed], &mut vec![0.0; weights]);
    pack(800, IN * OUT);
    unpack(IN * OUT, 800);
    refused("weights", || pack(799, IN * OUT));
    refused("tiles", || pack(800, IN * OUT + 1));
    refused("weights", || unpack(IN * OUT, 801));
    refused("tiles", || unpack(IN * OUT - 1, 800));
}

#[test]
fn an_output_refuses_what_does_not_fit() {
    const FIT: Dense = Dense { sums: DENSE.y, ..DENSE };
    FIT.output(Activation::Sigmoid);
    for weights in [IN * OUT - 1, IN * OUT + 1, SHAPE.inputs * SHAPE.outputs] {
        refused("weights", || Dense { weights, ..FIT }.output(Activation::Tanh));
    }
    for bias in [OUT - 1, OUT + 1, SHAPE.outputs] {
        refused("bias", || Dense { bias, ..FIT }.output(Activation::Tanh));
    }
    for x in unfit(IN) {
        refused("rows", || Dense { x, ..FIT }.output(Activation::Tanh));
    }
    for y in unfit(OUT) {
        refused("rows", || Dense { y, ..FIT }.output(Activation::Tanh));
        refused("rows", || Dense { sums: y, ..FIT }.output(Activation::Tanh));
        let target = vec![f32::NAN; y.0];
        let masked = Target::Masked(Rows { data: &target, stride: y.1 });
        refused("rows", || FIT.output_towards(Activation::Tanh, masked));
    }
    for f in [Activation::Gelu, Activation::Silu] {
        refused("as an output", || FIT.output(f));
    }
    let bytes = |len: usize, rows: &[u32]| {
        let bytes = vec![0; len];
        let affine = Affine { scale: 1.0, offset: 0.0 };
        let target = Target::Bytes { bytes: &bytes, stride: SHAPE.outputs, rows, affine };
        FIT.output_towards(Activation::Tanh, target);
    };
    bytes(3 * SHAPE.outputs, &[2; BLOCK_ROWS]);
    refused("row 3,", || bytes(3 * SHAPE.outputs, &[0, 3]));
    refused("row 2,", || bytes(3 * SHAPE.outputs - 1, &[2]));
    refused("row 4294967295", || bytes(3 * SHAPE.outputs, &[u32::MAX]));
    refused("17 rows", || bytes(3 * SHAPE.outputs, &[0; BLOCK_ROWS + 1]));
}

#[test]
fn the_squared_error_refuses_what_does_not_fit() {
    squared_error_refuses(squared_error);
    squared_error_refuses(masked_squared_error);
}

fn squared_error_refuses(measure: fn(Level, usize, Rows<'_>, Rows<'_>, &mut [f32; BLOCK_ROWS])) {
    let columns = 20;
    let error = |x: (usize, usize), y: (usize, usize)| {
        let (x, y) = ((vec![0.0; x.0], x.1), (vec![0.0; y.0], y.1));
        let rows = |(data, stride)| Rows { data, stride };
        let (x, y) = (rows((&x.0, x.1)), rows((&y.0, y.1)));
        measure(Level::detect(), columns, x, y, &mut [0.0; BLOCK_ROWS]);
    };
    let fit = DENSE.x;
    error(fit, fit);
    for unfit in unfit(IN) {
        refused("rows", || error(unfit, fit));
        refused("rows", || error(fit, unfit));
    }
}

#[test]
fn cross_entropy_refuses_what_does_not_fit() {
    let run = |labels: &[u32], (len, stride): (usize, usize)| {
        let mut z = vec![0.0; len];
        let z = RowsMut { data: &mut z, stride };
        cross_entropy_gradient(Level::detect(), &[1.0; BLOCK_ROWS], 20, labels, z, &mut [0.0; BLOCK_ROWS]);
    };
    run(&[19; BLOCK_ROWS], DENSE.x);
    refused("20 classes", || run(&[0, 20], DENSE.x));
    refused("17 labels", || run(&[0; BLOCK_ROWS + 1], DENSE.x));
    for (len, stride) in unfit(IN) {
        refused("rows", || run(&[0], (len, stride)));
        refused("rows", || softmax(Level::detect(), 20, RowsMut { data: &mut vec![0.0; len], stride }));
    }
}

#[test]
fn a_row_too_short_for_its_bytes_is_refused() {
    let run = |bytes: usize, row: usize| {
        let as_they_are = Scaling::Same(Affine { scale: 1.0, offset: 0.0 });
        from_bytes(Level::detect(), &vec![1; bytes], as_they_are, &mut vec![0.0; row])
    };
    run(20, 32);
    refused("20 raw numbers", || run(20, 31));
    refused("20 raw numbers", || run(20, 20));
    refused("16 raw numbers", || run(16, 15));
}
