//! A model as the kernels want it: tiles of weights, and the place of every row of a block.

use std::ops::Range;

use narrows_kernels::layout::{BLOCK_ROWS, Batch, LayerShape, Rows, RowsMut, TILE, row_stride};
use narrows_kernels::sparse::SparseLayout;
use narrows_kernels::{
    Activation, Aligned, DerivativeFrom, Layer, Level, forward, forward_row, forward_tiles,
};

use super::{Architecture, LayerSpec, Parameters, TensorSpec};

/// Numbers in a panel.
const PANEL: usize = 16;

/// Tiles of weights that may stay in a cache of the second level: 256 kB, of 512 kB and more.
const CACHED_TILES: usize = 256;

/// The parameters of a model as tiles, all layers in one buffer for each order.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub layers: Vec<PackedLayer>,
    pub backward: Aligned,
    pub forward: Aligned,
    pub bias: Aligned,
    /// Places for inference: without targets, and with.
    pub inference: [BlockPlaces; 2],
}

/// How the weights of a layer lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WeightOrder {
    /// As tiles, in both orders.
    Tiles,
    /// By input, for a first layer on sparse bytes; in `backward` alone.
    ByInput(SparseLayout),
}

/// A layer and where its weights and bias lie.
#[derive(Clone, Debug)]
pub(crate) struct PackedLayer {
    pub shape: LayerShape,
    pub order: WeightOrder,
    pub activation: Activation,
    pub weights: Range<usize>,
    pub bias: Range<usize>,
}

impl Network {
    /// Packs the parameters of an architecture, the weights of the first layer in the order `first`.
    pub fn new(architecture: &Architecture, parameters: &Parameters, first: WeightOrder) -> Self {
        Self::of_layers(&architecture.layers(), parameters, first)
    }

    /// Packs the parameters of any layers, each of which reads what the one before it gives.
    ///
    /// # Panics
    /// If there are no layers, or the parameters are of others.
    pub fn of_layers(layers: &[LayerSpec], parameters: &Parameters, first: WeightOrder) -> Self {
        assert!(!layers.is_empty(), "a model needs layers");
        assert!(TensorSpec::of_layers(layers) == parameters.tensors(), "the parameters are of other layers");
        let (mut weights_end, mut bias_end) = (0, 0);
        let layers: Vec<PackedLayer> = layers
            .iter()
            .enumerate()
            .map(|(index, &LayerSpec { shape, activation, .. })| {
                let order = if index == 0 { first } else { WeightOrder::Tiles };
                let (weights_start, bias_start) = (weights_end, bias_end);
                weights_end += match order {
                    WeightOrder::Tiles => shape.weights_len(),
                    WeightOrder::ByInput(layout) => layout.weights_len(),
                };
                bias_end += shape.bias_len();
                let (weights, bias) = (weights_start..weights_end, bias_start..bias_end);
                PackedLayer { shape, order, activation, weights, bias }
            })
            .collect();
        let (mut backward, mut bias) = (Aligned::zeros(weights_end), Aligned::zeros(bias_end));
        load(&layers, parameters, &mut backward, &mut bias);
        let inference = [false, true].map(|targets| BlockPlaces::new(&layers, false, targets));
        let mut network = Self { layers, backward, forward: Aligned::zeros(weights_end), bias, inference };
        network.renew_forward_tiles(Level::scalar());
        network
    }

    /// Copies the weights to their forward tiles; exact on any level.
    pub fn renew_forward_tiles(&mut self, level: Level) {
        for PackedLayer { weights, .. } in
            self.layers.iter().filter(|layer| layer.order == WeightOrder::Tiles)
        {
            forward_tiles(level, &self.backward[weights.clone()], &mut self.forward[weights.clone()]);
        }
    }

    /// Packs numbers, one for each parameter, as the weights and biases lie.
    ///
    /// # Panics
    /// If they are of other layers.
    pub fn load_into(&self, numbers: &Parameters, backward: &mut [f32], bias: &mut [f32]) {
        load(&self.layers, numbers, backward, bias);
    }

    /// The parameters as they are now.
    pub fn store(&self, parameters: &mut Parameters) {
        self.store_from(&self.backward, &self.bias, parameters);
    }

    /// The inverse of [`Network::load_into`]: unpacks numbers that lie as the weights and biases do: moments or gradients.
    pub fn store_from(&self, backward: &[f32], bias: &[f32], parameters: &mut Parameters) {
        for (index, layer) in self.layers.iter().enumerate() {
            let (weight_out, bias_out) = parameters.layer_mut(index);
            let packed = &backward[layer.weights.clone()];
            match layer.order {
                WeightOrder::Tiles => layer.shape.unpack(packed, weight_out),
                WeightOrder::ByInput(layout) => layout.unpack(packed, weight_out),
            }
            bias_out.copy_from_slice(&bias[layer.bias.clone()][..bias_out.len()]);
        }
    }

    /// Some panels of outputs of layer `index`, of tiles.
    pub fn layer(&self, index: usize, panels: Range<usize>) -> Layer<'_> {
        let PackedLayer { shape, weights, bias, .. } = &self.layers[index];
        let LayerShape { inputs, outputs } = *shape;
        let panel_len = shape.input_panels() * TILE;
        Layer {
            shape: LayerShape { inputs, outputs: outputs.min(panels.end * PANEL) - panels.start * PANEL },
            weights: &self.forward[weights.clone()][panels.start * panel_len..panels.end * panel_len],
            bias: &self.bias[bias.clone()][panels.start * PANEL..panels.end * PANEL],
        }
    }

    /// Runs layer `index`, of tiles, on the first row of a block, from `values[index]` to `values[index + 1]`.
    pub fn forward_row(&self, level: Level, places: &BlockPlaces, block: &mut [f32], index: usize) {
        let PackedLayer { shape, activation, .. } = self.layers[index];
        let (x, y, _) = places.layer(block, index, 0);
        forward_row(level, self.layer(index, 0..shape.output_panels()), activation, x, y);
    }

    /// Runs layer `index`, of tiles, on some blocks, from `values[index]` to `values[index + 1]`.
    pub fn forward(
        &self,
        level: Level,
        places: &BlockPlaces,
        blocks: &mut [f32],
        index: usize,
        activation: Activation,
    ) {
        let shape = self.layers[index].shape;
        for panels in cached_runs(shape.output_panels(), shape.input_panels()) {
            let layer = self.layer(index, panels.clone());
            for block in blocks.chunks_exact_mut(places.len) {
                let (x, y, sums) = places.layer(block, index, panels.start);
                forward(level, layer, activation, x, y, sums);
            }
        }
    }
}

fn load(layers: &[PackedLayer], numbers: &Parameters, backward: &mut [f32], bias: &mut [f32]) {
    for (layer, (weight, of_bias)) in layers.iter().zip(numbers.layers()) {
        let packed = &mut backward[layer.weights.clone()];
        match layer.order {
            WeightOrder::ByInput(layout) => layout.pack(weight, packed),
            WeightOrder::Tiles => layer.shape.pack(weight, packed),
        }
        bias[layer.bias.clone()][..of_bias.len()].copy_from_slice(of_bias);
    }
}

/// Cuts `panels`, each with `tiles` tiles of weights, into even runs whose weights a cache of the second level holds
/// together with the rows: so several blocks of rows find them there.
pub(crate) fn cached_runs(panels: usize, tiles: usize) -> impl Iterator<Item = Range<usize>> {
    let runs = (panels * tiles).div_ceil(CACHED_TILES).min(panels).max(1);
    (0..runs).map(move |run| run * panels / runs..(run + 1) * panels / runs)
}

/// Where the rows of one layer begin in a block, and how far apart they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub start: usize,
    pub stride: usize,
}

/// Where everything that belongs to 16 rows lies, in one piece of memory: the input, and behind it, where values are
/// missing, the targets; the values of every layer (each followed by its sums, where the derivative needs them), then δ of
/// every hidden layer, the last first, so that each pass writes behind what it reads.
#[derive(Clone, Debug)]
pub(crate) struct BlockPlaces {
    /// Layer 0 is the input.
    pub values: Vec<Place>,
    /// What the last layer should give, with NaN for a value that is missing, where that is not the input.
    pub targets: Option<Place>,
    pub sums: Vec<Option<Place>>,
    /// δ of the last layer takes the place of its values; the input has none.
    pub deltas: Vec<Option<Place>>,
    /// Numbers in a block.
    pub len: usize,
}

impl BlockPlaces {
    /// Places for training; `targets`: whether they are not the input.
    pub fn for_training(network: &Network, targets: bool) -> Self {
        Self::new(&network.layers, true, targets)
    }

    /// Places for inference have no sums and no δ.
    fn new(layers: &[PackedLayer], training: bool, targets: bool) -> Self {
        let mut len = 0;
        let mut place = |columns| {
            let place = Place { start: len, stride: row_stride(columns) };
            len += BLOCK_ROWS * place.stride;
            place
        };
        let last = layers.len();
        let first = &layers[0];
        let mut values = vec![place(match first.order {
            WeightOrder::Tiles => first.shape.inputs,
            // It reads the samples themselves.
            WeightOrder::ByInput(_) => 0,
        })];
        let targets = targets.then(|| place(layers[last - 1].shape.outputs));
        let mut sums = vec![None];
        for (index, layer) in layers.iter().enumerate() {
            values.push(place(layer.shape.outputs));
            let needed =
                training && index + 1 < last && layer.activation.derivative_from() == DerivativeFrom::Sum;
            sums.push(needed.then(|| place(layer.shape.outputs)));
        }
        let mut deltas = vec![None; last + 1];
        if training {
            deltas[last] = Some(values[last]);
            for index in (1..last).rev() {
                deltas[index] = Some(place(layers[index].shape.inputs));
            }
        }
        Self { values, targets, sums, deltas, len }
    }

    /// What layer `index` reads, what it writes from `panel` on, and where its sums go if they are kept.
    pub fn layer<'a>(
        &self,
        block: &'a mut [f32],
        index: usize,
        panel: usize,
    ) -> (Rows<'a>, RowsMut<'a>, Option<RowsMut<'a>>) {
        let (x, y) = (self.values[index], self.values[index + 1]);
        let (head, tail) = block.split_at_mut(y.start);
        let (y_data, rest) = tail.split_at_mut(BLOCK_ROWS * y.stride);
        let behind = y.start + y_data.len();
        let sums = self.sums[index + 1].map(|place| RowsMut {
            data: &mut rest[place.start - behind..][panel * PANEL..BLOCK_ROWS * place.stride],
            stride: place.stride,
        });
        let x = Rows { data: &head[x.start..], stride: x.stride };
        (x, RowsMut { data: &mut y_data[panel * PANEL..], stride: y.stride }, sums)
    }

    /// The rows of one place in a block.
    pub fn rows<'a>(&self, block: &'a [f32], place: Place) -> Rows<'a> {
        Rows { data: &block[place.start..][..BLOCK_ROWS * place.stride], stride: place.stride }
    }

    /// The rows of one place in all blocks.
    pub fn batch<'a>(&self, blocks: &'a [f32], place: Place, rows: usize) -> Batch<'a> {
        Batch { data: blocks, offset: place.start, block_stride: self.len, stride: place.stride, rows }
    }
}
