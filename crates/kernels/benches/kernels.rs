//! Every kernel of a training step on one thread, for a batch of 128 rows: `cargo bench -p narrows-kernels`.
//!
//! `Gelem/s` are billions of operations a second, a multiply-add being two: what `benchmarks/peak.rs` measures the
//! limit of. Sparse layers count the operations of the dense ones that they stand for.

use std::hint::black_box;
use std::time::Duration;

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use narrows_kernels::chunks::levels;
use narrows_kernels::gather::{Affine, Scaling, from_bytes};
use narrows_kernels::layout::{BLOCK_ROWS, Batch, LayerShape, Rows, RowsMut, row_stride};
use narrows_kernels::sparse::{
    SparseBytes, SparseLayer, SparseLayout, SparseSegment, sparse_forward, sparse_update,
};
use narrows_kernels::{
    Activation, Aligned, Layer, Level, Moments, OutputLoss, Rule, Target, WeightTiles, backward, forward,
    output_gradient, update_weights,
};

const ROWS: usize = 128;
const ADAM: Rule = Rule::Adam {
    step_size: 1e-3,
    inverse_root: 1.0,
    one_minus_beta1: 0.1,
    beta2: 0.999,
    one_minus_beta2: 0.001,
    epsilon: 1e-8,
    weight_decay: 1e-5,
    shrink: 1.0,
};

/// Inputs and outputs: those of the study, and one that no cache holds.
const SHAPES: [(usize, usize); 7] =
    [(784, 128), (128, 784), (784, 64), (64, 784), (64, 32), (16, 784), (784, 1000)];

criterion_group! {
    name = kernels;
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600));
    targets = dense, sparse, whole_rows
}
criterion_main!(kernels);

fn dense(criterion: &mut Criterion) {
    for (inputs, outputs) in SHAPES {
        let shape = LayerShape { inputs, outputs };
        let name = format!("{inputs}-{outputs}");
        let weights = numbers(shape.weights_len());
        let bias = numbers(shape.bias_len());
        let (x, delta) = (Block::new(inputs), Block::new(outputs));
        let operations = 2 * ROWS * inputs * outputs;

        measure(criterion, "forward", &name, operations, |level, group| {
            let mut y = Block::new(outputs);
            let layer = Layer { shape, weights: &weights, bias: &bias };
            group(&mut || {
                for block in 0..ROWS / BLOCK_ROWS {
                    forward(level, layer, Activation::Relu, x.block(block), y.block_mut(block), None);
                }
            });
        });
        measure(criterion, "backward", &name, operations, |level, group| {
            let mut out = Block::new(inputs);
            group(&mut || {
                for block in 0..ROWS / BLOCK_ROWS {
                    let kept = (Activation::Relu, x.block(block));
                    backward(
                        level,
                        shape,
                        &weights,
                        delta.block(block),
                        kept,
                        out.block_mut(block),
                        0..shape.input_panels(),
                    );
                }
            });
        });
        measure(criterion, "update", &name, operations, |level, group| {
            let mut all = [weights.clone(), weights.clone(), weights.clone(), weights.clone()];
            all[3].iter_mut().for_each(|second| *second = second.abs());
            group(&mut || {
                let [backward, forward, first, second] = &mut all;
                let moments = Moments { first, second };
                let tiles = WeightTiles { range: 0..shape.tiles(), backward, forward, moments };
                update_weights(level, ADAM, shape, delta.batch(), x.batch(), tiles);
            });
        });
    }
}

/// A first layer on bytes of which one in five differs from 0, as MNIST's.
fn sparse(criterion: &mut Criterion) {
    let mut random = Random(1);
    let bytes: Vec<u8> = (0..ROWS * 784)
        .map(|_| if random.next().is_multiple_of(5) { random.next() as u8 | 1 } else { 0 })
        .collect();
    let sparse = SparseBytes::pick(&bytes, 784, 0.5).expect("few of these bytes differ from 0");
    let affine = Affine { scale: 2.0 / 255.0, offset: -1.0 };
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    for outputs in [128, 64, 32] {
        let shape = LayerShape { inputs: 784, outputs };
        let layout = SparseLayout { shape };
        let name = format!("784-{outputs}");
        let operations = 2 * ROWS * 784 * outputs;
        let (weights, bias) = (numbers(layout.weights_len()), numbers(shape.bias_len()));

        measure(criterion, "sparse forward", &name, operations, |level, group| {
            let column_sums = numbers(sparse.segments() * shape.bias_len());
            let layer = SparseLayer { layout, weights: &weights, bias: &bias, column_sums: &column_sums };
            let mut y = Block::new(outputs);
            group(&mut || {
                for (block, rows) in rows.chunks(BLOCK_ROWS).enumerate() {
                    let y = y.block_mut(block);
                    sparse_forward(level, layer, affine, Activation::Relu, (&sparse, rows), y, None);
                }
            });
        });
        measure(criterion, "sparse update", &name, operations, |level, group| {
            let delta = Block::new(outputs);
            let mut all = [weights.clone(), weights.clone(), weights.clone()];
            all[2].iter_mut().for_each(|second| *second = second.abs());
            let mut column_sums = Aligned::zeros(64);
            let mut branches = Aligned::zeros(levels(ROWS) * layout.weights_len());
            group(&mut || {
                for segment in 0..sparse.segments() {
                    for part in 0..layout.groups() {
                        let range = layout.weights_start(part, sparse.segment_start(segment))
                            ..layout.weights_start(part, sparse.segment_start(segment + 1));
                        let [weights, first, second] =
                            all.each_mut().map(|numbers| &mut numbers[range.clone()]);
                        let moments = Moments { first, second };
                        let column_sums = &mut column_sums[..layout.group_panels(part) * 16];
                        let segment = SparseSegment {
                            group: part,
                            segment,
                            weights,
                            moments,
                            column_sums,
                            branches: &mut branches,
                        };
                        sparse_update(level, ADAM, layout, affine, (&sparse, &rows), delta.batch(), segment);
                    }
                }
            });
        });
    }
}

fn whole_rows(criterion: &mut Criterion) {
    let x = Block::new(784);
    // The last layer with its loss: forward, error, gradient.
    for (inputs, activation) in [(64, Activation::Identity), (64, Activation::Tanh), (128, Activation::Tanh)]
    {
        let shape = LayerShape { inputs, outputs: 784 };
        let name = format!("{inputs}-784 {}", format!("{activation:?}").to_lowercase());
        let (weights, bias, hidden) = (numbers(shape.weights_len()), numbers(784), Block::new(inputs));
        let layer = Layer { shape, weights: &weights, bias: &bias };
        measure(criterion, "output", &name, 2 * ROWS * inputs * 784, |level, group| {
            let mut delta = Block::new(784);
            group(&mut || {
                for block in 0..ROWS / BLOCK_ROWS {
                    let mut errors = [0.0; BLOCK_ROWS];
                    let (h, target) = (hidden.block(block), Target::Numbers(x.block(block)));
                    let delta = delta.block_mut(block);
                    let loss = OutputLoss::SquaredError(activation);
                    let scales = &[1.0; BLOCK_ROWS];
                    output_gradient(level, layer, loss, scales, h, target, delta, &mut errors);
                    black_box(errors);
                }
            });
        });
    }
    measure(criterion, "gather", "784", ROWS * 784, |level, group| {
        let bytes = vec![7_u8; 784];
        let mut row = Aligned::zeros(row_stride(784));
        group(&mut || {
            for _ in 0..ROWS {
                from_bytes(
                    level,
                    black_box(&bytes),
                    Scaling::Same(Affine { scale: 2.0, offset: -1.0 }),
                    &mut row,
                );
            }
        });
    });
}

/// Measures what `prepare` hands to its second argument, at the widest level.
fn measure(
    criterion: &mut Criterion,
    kernel: &str,
    name: &str,
    operations: usize,
    prepare: impl FnOnce(Level, &mut dyn FnMut(&mut dyn FnMut())),
) {
    let mut group: BenchmarkGroup<'_, WallTime> = criterion.benchmark_group(kernel);
    group.throughput(Throughput::Elements(operations as u64));
    prepare(Level::detect(), &mut |work| {
        group.bench_function(name, |bencher| bencher.iter(&mut *work));
    });
    group.finish();
}

/// A batch of rows, block after block.
struct Block {
    data: Aligned,
    stride: usize,
}

impl Block {
    fn new(columns: usize) -> Self {
        let stride = row_stride(columns);
        let mut data = numbers(ROWS * stride);
        data.chunks_mut(stride).for_each(|row| row[columns..].fill(0.0));
        Self { data, stride }
    }

    fn block(&self, block: usize) -> Rows<'_> {
        let len = BLOCK_ROWS * self.stride;
        Rows { data: &self.data[block * len..][..len], stride: self.stride }
    }

    fn block_mut(&mut self, block: usize) -> RowsMut<'_> {
        let len = BLOCK_ROWS * self.stride;
        RowsMut { data: &mut self.data[block * len..][..len], stride: self.stride }
    }

    fn batch(&self) -> Batch<'_> {
        let (stride, block_stride) = (self.stride, BLOCK_ROWS * self.stride);
        Batch { data: &self.data, offset: 0, block_stride, stride, rows: ROWS }
    }
}

/// Numbers between −1 and 1, the same each time.
fn numbers(len: usize) -> Aligned {
    let mut random = Random(len as u64);
    let mut numbers = Aligned::zeros(len);
    numbers.iter_mut().for_each(|number| *number = random.next() as i32 as f32 / i32::MAX as f32);
    numbers
}

/// SplitMix64 (Steele, Lea & Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
