//! A classifier: what an autoencoder's images are shown to, to ask what they are.

use narrows_kernels::Activation;
use narrows_kernels::layout::{BLOCK_ROWS, LayerShape, RowsMut, row_stride};
use narrows_kernels::softmax;
use serde::{Deserialize, Serialize};

use super::inference::Source;
use super::network::{Network, WeightOrder};
use super::{ArchitectureError, InputSpec, LayerSpec, Parameters};
use crate::compute::Compute;
use crate::dataset::Samples;

/// Dense layers with ReLU between them, the last of which gives a logit for each class: 784–128–10.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierArchitecture {
    /// Features of a row.
    pub inputs: usize,
    /// Units of the hidden layer.
    pub hidden: usize,
    /// Classes, named 0, 1, 2 …
    pub classes: usize,
}

impl ClassifierArchitecture {
    /// Checks the sizes.
    ///
    /// # Errors
    /// If one is 0, or beyond what a label or a layer can be.
    pub fn validate(&self) -> Result<(), ArchitectureError> {
        let limits = [(self.inputs, 1 << 20), (self.hidden, 1 << 12), (self.classes, 1 << 8)];
        match limits.into_iter().find(|&(size, most)| !(1..=most).contains(&size)) {
            Some((size, _)) => Err(ArchitectureError::Size(size)),
            None => Ok(()),
        }
    }

    /// The layers, named as `nn.Sequential(Linear, ReLU, Linear)` names them.
    pub fn layers(&self) -> Vec<LayerSpec> {
        let layer = |name: &str, inputs, outputs, activation| LayerSpec {
            name: name.to_owned(),
            shape: LayerShape { inputs, outputs },
            activation,
        };
        vec![
            layer("0", self.inputs, self.hidden, Activation::Relu),
            layer("2", self.hidden, self.classes, Activation::Identity),
        ]
    }

    /// Weights and biases in all.
    pub fn parameter_count(&self) -> usize {
        self.layers().iter().map(|layer| (layer.shape.inputs + 1) * layer.shape.outputs).sum()
    }
}

/// A trained classifier, with all it needs to read raw data.
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier {
    /// Sizes.
    pub architecture: ClassifierArchitecture,
    /// Weights and biases.
    pub parameters: Parameters,
    /// What its data looks like.
    pub input: InputSpec,
}

impl Classifier {
    /// What the hidden layer gives for each row, `φ = max(0, W₁x + b₁)`: rows × hidden.
    pub fn features(&self, compute: &mut Compute, samples: &Samples<'_>) -> Vec<f32> {
        self.network().infer(compute, 0..1, &Source::Samples(samples))
    }

    /// The class probabilities of rows with these features, `softmax(W₂φ + b₂)`: rows × classes.
    pub fn probabilities(&self, compute: &mut Compute, features: &[f32]) -> Vec<f32> {
        let classes = self.architecture.classes;
        let mut logits = self.network().infer(compute, 1..2, &Source::Numbers(features));
        let stride = row_stride(classes);
        let mut block = vec![0.0; BLOCK_ROWS * stride];
        for rows in logits.chunks_mut(BLOCK_ROWS * classes) {
            for (row, padded) in rows.chunks_exact(classes).zip(block.chunks_exact_mut(stride)) {
                padded[..classes].copy_from_slice(row);
            }
            softmax(compute.level, classes, RowsMut { data: &mut block, stride });
            for (row, padded) in rows.chunks_exact_mut(classes).zip(block.chunks_exact(stride)) {
                row.copy_from_slice(&padded[..classes]);
            }
        }
        logits
    }

    fn network(&self) -> Network {
        Network::of_layers(&self.architecture.layers(), &self.parameters, WeightOrder::Tiles)
    }
}
