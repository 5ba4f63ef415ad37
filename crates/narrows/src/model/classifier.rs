//! A classifier: what an autoencoder's images are shown to, to ask what they are.

use narrows_kernels::Activation;
use narrows_kernels::layout::{BLOCK_ROWS, LayerShape, RowsMut, row_stride};
use narrows_kernels::softmax;
use serde::{Deserialize, Serialize};

use super::inference::Source;
use super::network::{Network, WeightOrder};
use super::predictor::check_parameters;
use super::{ArchitectureError, InputSpec, LayerSpec, MismatchError, Parameters};
use crate::compute::Compute;
use crate::dataset::{MAX_CLASSES, Samples};

/// Dense layers with ReLU between them, the last of which gives a logit for each class: 784–128–10.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierArchitecture {
    /// Features of a row.
    pub inputs: usize,
    /// Units of the hidden layer.
    pub hidden: usize,
    /// Classes, by label.
    pub classes: usize,
}

impl ClassifierArchitecture {
    /// Checks the sizes.
    ///
    /// # Errors
    /// If one is 0, or beyond what a label or a layer can be.
    pub fn validate(&self) -> Result<(), ArchitectureError> {
        let limits = [(self.inputs, 1 << 20), (self.hidden, 1 << 12), (self.classes, MAX_CLASSES)];
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
    ///
    /// # Errors
    /// If rows are not as long as the classifier reads, or its parts do not belong together.
    pub fn features(&self, compute: &mut Compute, samples: &Samples) -> Result<Vec<f32>, MismatchError> {
        let (expected, found) = (self.architecture.inputs, samples.features());
        if expected != found {
            return Err(MismatchError::Features { name: "the data".to_owned(), expected, found });
        }
        let network = self.network()?;
        Ok(samples.map_pieces(|rows| network.infer(compute, 0..1, &Source::Samples(rows)))?)
    }

    /// The class probabilities of rows with these features, `softmax(W₂φ + b₂)`: rows × classes.
    ///
    /// # Errors
    /// If the numbers are no whole rows of features, or the classifier's parts do not belong together.
    pub fn probabilities(&self, compute: &mut Compute, features: &[f32]) -> Result<Vec<f32>, MismatchError> {
        let ClassifierArchitecture { hidden, classes, .. } = self.architecture;
        if !features.len().is_multiple_of(hidden) {
            return Err(MismatchError::Codes { latent: hidden, numbers: features.len() });
        }
        let mut logits = self.network()?.infer(compute, 1..2, &Source::Numbers(features));
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
        Ok(logits)
    }

    /// Checks that architecture, parameters and input belong together.
    ///
    /// # Errors
    /// If they do not.
    pub(crate) fn check(&self) -> Result<(), MismatchError> {
        self.architecture.validate()?;
        let (expected, found) = (self.architecture.inputs, self.input.schema().features());
        if expected != found {
            return Err(MismatchError::Features { name: "its schema".to_owned(), expected, found });
        }
        check_parameters("the classifier", &self.architecture.layers(), &self.parameters)
    }

    fn network(&self) -> Result<Network, MismatchError> {
        self.check()?;
        Ok(Network::of_layers(&self.architecture.layers(), &self.parameters, WeightOrder::Tiles))
    }
}
