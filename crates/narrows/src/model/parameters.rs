//! All weights and biases of a model, in one flat buffer with names.

use std::ops::Range;

use super::{Architecture, LayerSpec};

/// Where a tensor lies in the flat buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// As PyTorch names it: `encoder.0.weight`.
    pub name: String,
    /// (outputs, inputs) of a weight, (outputs) of a bias.
    pub shape: Vec<usize>,
    /// Its numbers, row-major.
    pub range: Range<usize>,
}

impl TensorSpec {
    /// The tensors of some layers, in their order.
    pub(super) fn of_layers(layers: &[LayerSpec]) -> Vec<Self> {
        let mut tensors = Vec::new();
        let mut start = 0;
        for layer in layers {
            let (inputs, outputs) = (layer.shape.inputs, layer.shape.outputs);
            for (kind, shape) in [("weight", vec![outputs, inputs]), ("bias", vec![outputs])] {
                let end = start + shape.iter().product::<usize>();
                tensors.push(Self { name: format!("{}.{kind}", layer.name), shape, range: start..end });
                start = end;
            }
        }
        tensors
    }
}

/// The parameters of one architecture: layer after layer, weight then bias.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    tensors: Vec<TensorSpec>,
    values: Vec<f32>,
}

impl Parameters {
    /// All zero.
    pub fn zeros(architecture: &Architecture) -> Self {
        Self::zeros_of(&architecture.layers())
    }

    /// All zero, for any layers.
    pub fn zeros_of(layers: &[LayerSpec]) -> Self {
        let tensors = TensorSpec::of_layers(layers);
        let count = tensors.last().map_or(0, |last| last.range.end);
        Self { tensors, values: vec![0.0; count] }
    }

    /// Names, shapes and places: a layer's weight, its bias, the next layer's weight …
    pub fn tensors(&self) -> &[TensorSpec] {
        &self.tensors
    }

    /// All numbers.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All numbers, to be changed.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// The numbers of the tensor called `name`.
    pub fn get(&self, name: &str) -> Option<&[f32]> {
        let tensor = self.tensors.iter().find(|tensor| tensor.name == name)?;
        Some(&self.values[tensor.range.clone()])
    }

    /// The numbers of the tensor called `name`, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut [f32]> {
        let tensor = self.tensors.iter().find(|tensor| tensor.name == name)?;
        Some(&mut self.values[tensor.range.clone()])
    }

    /// Weight and bias of each layer, in order.
    pub fn layers(&self) -> impl Iterator<Item = (&[f32], &[f32])> {
        self.tensors
            .chunks_exact(2)
            .map(|pair| (&self.values[pair[0].range.clone()], &self.values[pair[1].range.clone()]))
    }

    /// Weight and bias of layer `index`, to be changed.
    pub(crate) fn layer_mut(&mut self, index: usize) -> (&mut [f32], &mut [f32]) {
        let (weight, bias) =
            (self.tensors[2 * index].range.clone(), self.tensors[2 * index + 1].range.clone());
        let (head, tail) = self.values.split_at_mut(bias.start);
        (&mut head[weight], &mut tail[..bias.len()])
    }
}
