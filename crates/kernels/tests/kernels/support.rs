//! Random numbers, padded matrices and layers, and the levels to test.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use narrows_kernels::layout::{BLOCK_ROWS, Batch, LayerShape, Rows, RowsMut};
use narrows_kernels::{Activation, Layer, Level, Moments, Rule, UnknownLevel, WeightTiles, forward_tiles};

/// Numbers in a panel: a whole vector.
pub const PANEL: usize = 16;

/// The largest relative error of one rounding to `f32`.
pub const UNIT: f64 = 1.0 / (1 << 24) as f64;

pub const ACTIVATIONS: [Activation; 7] = [
    Activation::Identity,
    Activation::Relu,
    Activation::LeakyRelu,
    Activation::Tanh,
    Activation::Sigmoid,
    Activation::Gelu,
    Activation::Silu,
];

/// Layers over every tail of inputs and of outputs, every number of panels that a register tile cuts differently,
/// and the sizes of real models.
pub fn shapes() -> Vec<LayerShape> {
    let tails = (1..=40).flat_map(|i| [(i, i), (i, 1 + i * 7 % 40), (1 + i * 11 % 40, i)]);
    let edges = [1, 15, 16, 17, 33, 49, 64, 80, 112];
    let panels = edges.into_iter().flat_map(|k| edges.map(|n| (k, n)));
    let large = [(784, 64), (64, 784), (128, 16)];
    tails.chain(panels).chain(large).map(|(inputs, outputs)| LayerShape { inputs, outputs }).collect()
}

/// Splitmix64 (Steele, Lea & Flood 2014).
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From −1 to 1, never 0.
    pub fn signed(&mut self) -> f32 {
        // An odd number of 24 bits is exact.
        let odd = ((self.bits() >> 40) | 1) as f32;
        odd * (-23_f32).exp2() - 1.0
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.bits() % limit as u64) as usize
    }

    /// Huge, but finite.
    pub fn garbage(&mut self) -> f32 {
        self.signed() * 1e37
    }
}

pub const ADAM: Rule = Rule::Adam {
    step_size: 0.01,
    inverse_root: 3.0,
    one_minus_beta1: 0.1,
    beta2: 0.99,
    one_minus_beta2: 0.01,
    epsilon: 1e-6,
    weight_decay: 0.01,
    shrink: 0.999,
};

pub const SGD: Rule = Rule::Sgd { learning_rate: 0.1, momentum: 0.9, weight_decay: 0.01, nesterov: true };

/// Runs `call` and sees that it panics with a message that has `words`.
#[track_caller]
pub fn refused(words: &str, call: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(call)).expect_err("the call was accepted");
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).expect("a message");
    assert!(message.contains(words), "`{words}` is not in `{message}`");
}

/// The levels that `list` (names between commas) asks for.
pub fn levels_asked_for(list: &str) -> Result<Vec<Level>, UnknownLevel> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(Level::named).collect()
}

/// All levels of the machine, the scalar one first. A level in `NARROWS_TEST_LEVELS` that the machine lacks is an error
/// and not a level to skip: who asks for it believes that it is tested.
static LEVELS: LazyLock<Vec<Level>> =
    LazyLock::new(|| match std::env::var("NARROWS_TEST_LEVELS").map(|list| levels_asked_for(&list)) {
        Ok(Err(unknown)) => panic!("NARROWS_TEST_LEVELS: {unknown}"),
        Err(error @ std::env::VarError::NotUnicode(_)) => panic!("NARROWS_TEST_LEVELS: {error}"),
        Ok(Ok(_)) | Err(std::env::VarError::NotPresent) => Level::available(),
    });

/// What `run` gives at the scalar level, after seeing that every other level gives the same bits.
pub fn on_every_level<T: Numbers>(run: impl Fn(Level) -> T) -> T {
    assert_eq!(LEVELS[0], Level::scalar());
    let expected = run(Level::scalar());
    for &level in &LEVELS[1..] {
        let result = run(level);
        assert_eq!(expected.slices().len(), result.slices().len());
        for (i, (expected, result)) in expected.slices().iter().zip(result.slices()).enumerate() {
            assert_eq!(expected.len(), result.len());
            for (j, (&expected, &result)) in expected.iter().zip(result).enumerate() {
                assert_eq!(
                    bits(result),
                    bits(expected),
                    "number {j} of result {i}: {result:e} at {level}, {expected:e} at the scalar level"
                );
            }
        }
    }
    expected
}

/// All NaNs are one: IEEE 754 leaves their payload open.
pub fn bits(x: f32) -> u32 {
    if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() }
}

pub fn all_bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().copied().map(bits).collect()
}

/// What a kernel leaves behind.
pub trait Numbers {
    fn slices(&self) -> Vec<&[f32]>;
}

impl Numbers for Vec<f32> {
    fn slices(&self) -> Vec<&[f32]> {
        vec![self]
    }
}

impl Numbers for Matrix {
    fn slices(&self) -> Vec<&[f32]> {
        vec![&self.data]
    }
}

impl Numbers for Dense {
    fn slices(&self) -> Vec<&[f32]> {
        let [first, second] = &self.weight_moments;
        let [bias_first, bias_second] = &self.bias_moments;
        vec![&self.backward, &self.forward, &self.bias, first, second, bias_first, bias_second]
    }
}

impl<T: Numbers, const N: usize> Numbers for [T; N] {
    fn slices(&self) -> Vec<&[f32]> {
        self.iter().flat_map(Numbers::slices).collect()
    }
}

impl<A: Numbers, B: Numbers> Numbers for (A, B) {
    fn slices(&self) -> Vec<&[f32]> {
        [self.0.slices(), self.1.slices()].concat()
    }
}

#[track_caller]
pub fn assert_close(actual: f32, expected: f64, tolerance: f64, what: fmt::Arguments<'_>) {
    let error = (f64::from(actual) - expected).abs();
    // Written so that a NaN fails.
    assert!(error <= tolerance, "{what}: {actual:e} is {error:e} from {expected:e}, allowed {tolerance:e}");
}

#[track_caller]
pub fn assert_all_zero<'a>(numbers: impl IntoIterator<Item = &'a f32>, what: fmt::Arguments<'_>) {
    assert!(numbers.into_iter().all(|&x| x == 0.0), "{what}");
}

/// Rows in blocks, padded with zeros. Nothing but the blocks' own rule binds the distances, so they are odd here, and
/// what lies between two rows belongs to somebody else.
#[derive(Clone, Debug)]
pub struct Matrix {
    pub data: Vec<f32>,
    pub rows: usize,
    pub columns: usize,
    offset: usize,
    block_stride: usize,
    stride: usize,
}

/// Stands between the rows.
const FOREIGN: f32 = -12_345.5;

impl Matrix {
    pub fn zeros(rows: usize, columns: usize) -> Self {
        let width = columns.next_multiple_of(PANEL);
        let (offset, stride) = (5, width + 7);
        let block_stride = BLOCK_ROWS * stride + 11;
        let blocks = rows.div_ceil(BLOCK_ROWS).max(1);
        // Not a number more than the last row of the last block needs.
        let len = offset + (blocks - 1) * block_stride + (BLOCK_ROWS - 1) * stride + width;
        let mut matrix = Self { data: vec![FOREIGN; len], rows, columns, offset, block_stride, stride };
        for row in 0..blocks * BLOCK_ROWS {
            matrix.padded_mut(row).fill(0.0);
        }
        matrix
    }

    pub fn from_fn(rows: usize, columns: usize, mut number: impl FnMut(usize, usize) -> f32) -> Self {
        let mut matrix = Self::zeros(rows, columns);
        for row in 0..rows {
            for column in 0..columns {
                matrix.padded_mut(row)[column] = number(row, column);
            }
        }
        matrix
    }

    pub fn random(rows: usize, columns: usize, random: &mut Random) -> Self {
        Self::from_fn(rows, columns, |_, _| random.signed())
    }

    /// Full of garbage: to be overwritten.
    pub fn stale(rows: usize, columns: usize, random: &mut Random) -> Self {
        let mut matrix = Self::zeros(rows, columns);
        for row in 0..matrix.blocks() * BLOCK_ROWS {
            matrix.padded_mut(row).fill_with(|| random.garbage());
        }
        matrix
    }

    /// Garbage in the rows of the last block that are not in use.
    pub fn spoil_unused_rows(&mut self, random: &mut Random) {
        for row in self.rows..self.blocks() * BLOCK_ROWS {
            self.padded_mut(row).fill_with(|| random.garbage());
        }
    }

    pub fn blocks(&self) -> usize {
        self.rows.div_ceil(BLOCK_ROWS).max(1)
    }

    fn start(&self, row: usize) -> usize {
        self.offset + row / BLOCK_ROWS * self.block_stride + row % BLOCK_ROWS * self.stride
    }

    /// A row with its padding.
    pub fn padded(&self, row: usize) -> &[f32] {
        let start = self.start(row);
        &self.data[start..start + self.columns.next_multiple_of(PANEL)]
    }

    pub fn padded_mut(&mut self, row: usize) -> &mut [f32] {
        let start = self.start(row);
        &mut self.data[start..start + self.columns.next_multiple_of(PANEL)]
    }

    pub fn row(&self, row: usize) -> &[f32] {
        &self.padded(row)[..self.columns]
    }

    pub fn at(&self, row: usize, column: usize) -> f64 {
        f64::from(self.row(row)[column])
    }

    pub fn block(&self, block: usize) -> Rows<'_> {
        Rows { data: &self.data[self.start(block * BLOCK_ROWS)..], stride: self.stride }
    }

    pub fn block_mut(&mut self, block: usize) -> RowsMut<'_> {
        let start = self.start(block * BLOCK_ROWS);
        RowsMut { data: &mut self.data[start..], stride: self.stride }
    }

    pub fn batch(&self) -> Batch<'_> {
        Batch {
            data: &self.data,
            offset: self.offset,
            block_stride: self.block_stride,
            stride: self.stride,
            rows: self.rows,
        }
    }

    #[track_caller]
    pub fn assert_padding_is_zero(&self, what: fmt::Arguments<'_>) {
        for row in 0..self.rows {
            assert_all_zero(&self.padded(row)[self.columns..], format_args!("padding of row {row}, {what}"));
        }
    }

    #[track_caller]
    pub fn assert_nothing_beside_the_rows_is_touched(&self) {
        let mut own = vec![false; self.data.len()];
        for row in 0..self.blocks() * BLOCK_ROWS {
            let start = self.start(row);
            own[start..start + self.columns.next_multiple_of(PANEL)].fill(true);
        }
        assert!(self.data.iter().zip(own).all(|(&x, own)| own || x == FOREIGN));
    }
}

/// A layer and its moments, as the kernels want them.
#[derive(Clone, Debug)]
pub struct Dense {
    pub shape: LayerShape,
    pub backward: Vec<f32>,
    pub forward: Vec<f32>,
    pub bias: Vec<f32>,
    pub weight_moments: [Vec<f32>; 2],
    pub bias_moments: [Vec<f32>; 2],
}

impl Dense {
    /// Weights that let a sum of `inputs` numbers of size 1 be of size 1 again.
    pub fn random(shape: LayerShape, random: &mut Random) -> Self {
        let size = 2.0 / (shape.inputs as f32).sqrt();
        let weights: Vec<f32> = (0..shape.inputs * shape.outputs).map(|_| random.signed() * size).collect();
        let mut bias = vec![0.0; shape.bias_len()];
        bias[..shape.outputs].fill_with(|| random.signed());
        Self::new(shape, &weights, bias)
    }

    pub fn new(shape: LayerShape, weights: &[f32], bias: Vec<f32>) -> Self {
        let mut backward = vec![0.0; shape.weights_len()];
        shape.pack(weights, &mut backward);
        let mut forward = vec![0.0; shape.weights_len()];
        forward_tiles(Level::scalar(), &backward, &mut forward);
        let zeros = |len| [vec![0.0; len], vec![0.0; len]];
        Self {
            shape,
            weight_moments: zeros(backward.len()),
            bias_moments: zeros(bias.len()),
            backward,
            forward,
            bias,
        }
    }

    pub fn layer(&self) -> Layer<'_> {
        Layer { shape: self.shape, weights: &self.forward, bias: &self.bias }
    }

    /// All its weights, to be updated.
    pub fn tiles(&mut self) -> WeightTiles<'_> {
        let [first, second] = &mut self.weight_moments;
        WeightTiles {
            range: 0..self.shape.tiles(),
            backward: &mut self.backward,
            forward: &mut self.forward,
            moments: Moments { first, second },
        }
    }

    /// Where the documentation of the layout says that weight (n, k) is, among the backward tiles.
    pub fn index(&self, n: usize, k: usize) -> usize {
        let tile = n / PANEL * self.shape.inputs.div_ceil(PANEL) + k / PANEL;
        tile * PANEL * PANEL + n % PANEL * PANEL + k % PANEL
    }

    pub fn weight(&self, n: usize, k: usize) -> f64 {
        f64::from(self.backward[self.index(n, k)])
    }

    /// Everything that belongs to no weight and no bias: parameters and moments.
    #[track_caller]
    pub fn assert_padding_is_zero(&self, what: fmt::Arguments<'_>) {
        let LayerShape { inputs, outputs } = self.shape;
        let mut padding = vec![true; self.backward.len()];
        for n in 0..outputs {
            for k in 0..inputs {
                padding[self.index(n, k)] = false;
            }
        }
        let [first, second] = &self.weight_moments;
        for (name, numbers) in [("weights", &self.backward), ("m", first), ("v", second)] {
            let numbers = numbers.iter().zip(&padding).filter_map(|(x, padding)| padding.then_some(x));
            assert_all_zero(numbers, format_args!("padding of {name}, {what}"));
        }
        let [first, second] = &self.bias_moments;
        for (name, numbers) in [("bias", &self.bias), ("m", first), ("v", second)] {
            assert_all_zero(&numbers[outputs..], format_args!("padding of {name} of the bias, {what}"));
        }
    }

    #[track_caller]
    pub fn assert_both_orders_agree(&self) {
        for (backward, forward) in self.backward.chunks(PANEL * PANEL).zip(self.forward.chunks(PANEL * PANEL))
        {
            for i in 0..PANEL * PANEL {
                assert_eq!(forward[i].to_bits(), backward[i % PANEL * PANEL + i / PANEL].to_bits());
            }
        }
    }
}

/// Numbers that are added one by one.
pub struct Sum(pub Vec<f32>);

impl std::ops::Add for Sum {
    type Output = Self;
    fn add(mut self, right: Self) -> Self {
        self.0.iter_mut().zip(right.0).for_each(|(left, right)| *left += right);
        self
    }
}
