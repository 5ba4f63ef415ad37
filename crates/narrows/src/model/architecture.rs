//! What an autoencoder looks like: sizes and activations.

use std::fmt;

use narrows_kernels::Activation;
use narrows_kernels::layout::LayerShape;
use serde::{Deserialize, Serialize};

/// The most numbers a layer may have: far beyond use, near enough to catch a wrong file or a slip of the hand.
const MAX_UNITS: usize = 1 << 20;

/// The most parameters a model may have: 4 GB of them.
const MAX_PARAMETERS: usize = 1 << 30;

/// After each hidden layer, except the one that gives the latent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HiddenActivation {
    /// max(z, 0)
    #[default]
    Relu,
    /// z if z > 0, else 0.01·z
    LeakyRelu,
    /// tanh z
    Tanh,
    /// 1 / (1 + e⁻ᶻ)
    Sigmoid,
    /// z·Φ(z), exact
    Gelu,
    /// z / (1 + e⁻ᶻ)
    Silu,
    /// z: a linear model
    Identity,
}

/// After the last layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputActivation {
    /// z
    Linear,
    /// tanh z, for data in [−1, 1]
    #[default]
    Tanh,
    /// 1 / (1 + e⁻ᶻ), for data in [0, 1]
    Sigmoid,
}

impl HiddenActivation {
    fn kernel(self) -> Activation {
        match self {
            Self::Relu => Activation::Relu,
            Self::LeakyRelu => Activation::LeakyRelu,
            Self::Tanh => Activation::Tanh,
            Self::Sigmoid => Activation::Sigmoid,
            Self::Gelu => Activation::Gelu,
            Self::Silu => Activation::Silu,
            Self::Identity => Activation::Identity,
        }
    }
}

impl OutputActivation {
    fn kernel(self) -> Activation {
        match self {
            Self::Linear => Activation::Identity,
            Self::Tanh => Activation::Tanh,
            Self::Sigmoid => Activation::Sigmoid,
        }
    }
}

impl fmt::Display for HiddenActivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Relu => "ReLU",
            Self::LeakyRelu => "leaky ReLU",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Gelu => "GELU",
            Self::Silu => "SiLU",
            Self::Identity => "identity",
        })
    }
}

impl fmt::Display for OutputActivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linear => "linear",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
        })
    }
}

/// An encoder from the inputs over the hidden sizes to the latent, and the mirrored decoder.
///
/// `hidden = [64, 32, 16]` on 784 inputs is 784→64→32→16→32→64→784. The encoder's last layer has no activation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Features of a row.
    pub inputs: usize,
    /// Sizes of the encoder's layers; the last is the latent size.
    pub hidden: Vec<usize>,
    /// After each hidden layer but the latent.
    pub activation: HiddenActivation,
    /// After the last layer.
    pub output: OutputActivation,
}

/// An architecture that cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchitectureError {
    /// No hidden sizes.
    #[error("an autoencoder needs at least one hidden size, the latent's; none was given")]
    NoLayers,
    /// A size of 0, or one beyond use.
    #[error("layer sizes are from 1 to {MAX_UNITS}; {0} was given")]
    Size(usize),
    /// Too many parameters in all.
    #[error("a model has at most {MAX_PARAMETERS} parameters; these sizes give more")]
    Parameters,
}

/// One dense layer of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSpec {
    /// As PyTorch names the module: `encoder.0`, `decoder.2`.
    pub name: String,
    /// Inputs and outputs.
    pub shape: LayerShape,
    /// After the layer.
    pub activation: Activation,
}

impl Architecture {
    /// Checks the sizes.
    ///
    /// # Errors
    /// If there is no hidden layer, a size is 0 or too large, or the parameters are too many.
    pub fn validate(&self) -> Result<(), ArchitectureError> {
        if self.hidden.is_empty() {
            return Err(ArchitectureError::NoLayers);
        }
        let sizes = || std::iter::once(&self.inputs).chain(&self.hidden);
        if let Some(&size) = sizes().find(|size| !(1..=MAX_UNITS).contains(*size)) {
            return Err(ArchitectureError::Size(size));
        }
        // Sizes are at most 2²⁰, so no product overflows; the sum is checked as it grows.
        let mut parameters = 0_usize;
        for (a, b) in sizes().zip(&self.hidden) {
            parameters += 2 * a * b + a + b;
            if parameters > MAX_PARAMETERS {
                return Err(ArchitectureError::Parameters);
            }
        }
        Ok(())
    }

    /// The size of the code.
    pub fn latent(&self) -> usize {
        self.hidden.last().copied().unwrap_or(self.inputs)
    }

    /// Dense layers of the encoder; the decoder has as many.
    pub fn depth(&self) -> usize {
        self.hidden.len()
    }

    /// Encoder layers, then decoder layers, named as the modules of two PyTorch `Sequential`s in which a Linear and an
    /// activation alternate.
    pub fn layers(&self) -> Vec<LayerSpec> {
        let sizes: Vec<usize> = std::iter::once(self.inputs).chain(self.hidden.iter().copied()).collect();
        let depth = self.depth();
        let last_activation =
            |i, activation| if i + 1 == depth { activation } else { self.activation.kernel() };
        let encoder = sizes.windows(2).enumerate().map(|(i, pair)| LayerSpec {
            name: format!("encoder.{}", 2 * i),
            shape: LayerShape { inputs: pair[0], outputs: pair[1] },
            activation: last_activation(i, Activation::Identity),
        });
        let decoder = sizes.windows(2).rev().enumerate().map(|(i, pair)| LayerSpec {
            name: format!("decoder.{}", 2 * i),
            shape: LayerShape { inputs: pair[1], outputs: pair[0] },
            activation: last_activation(i, self.output.kernel()),
        });
        encoder.chain(decoder).collect()
    }

    /// Weights and biases in all.
    pub fn parameter_count(&self) -> usize {
        self.layers().iter().map(|layer| (layer.shape.inputs + 1) * layer.shape.outputs).sum()
    }

    /// Whether decoder∘encoder is an affine map: PCA's kind of model.
    pub fn is_linear(&self) -> bool {
        self.layers().iter().all(|layer| layer.activation == Activation::Identity)
    }
}

impl fmt::Display for Architecture {
    /// `784 → 64 → 32 → 16 → 32 → 64 → 784, ReLU, tanh output`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.inputs)?;
        for layer in self.layers() {
            write!(f, " → {}", layer.shape.outputs)?;
        }
        if self.depth() > 1 {
            write!(f, ", {}", self.activation)?;
        }
        write!(f, ", {} output", self.output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn architecture(hidden: &[usize]) -> Architecture {
        Architecture {
            inputs: 784,
            hidden: hidden.to_vec(),
            activation: HiddenActivation::Relu,
            output: OutputActivation::Tanh,
        }
    }

    #[test]
    fn layers_mirror_and_are_named_as_pytorch_names_them() {
        let layers = architecture(&[64, 32, 16]).layers();
        let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
        assert_eq!(names, ["encoder.0", "encoder.2", "encoder.4", "decoder.0", "decoder.2", "decoder.4"]);
        let sizes: Vec<(usize, usize)> = layers.iter().map(|l| (l.shape.inputs, l.shape.outputs)).collect();
        assert_eq!(sizes, [(784, 64), (64, 32), (32, 16), (16, 32), (32, 64), (64, 784)]);
        use Activation::{Identity, Relu, Tanh};
        let activations: Vec<Activation> = layers.iter().map(|layer| layer.activation).collect();
        assert_eq!(activations, [Relu, Relu, Identity, Relu, Relu, Tanh]);
        assert_eq!(
            architecture(&[64, 32, 16]).parameter_count(),
            784 * 64 * 2 + 64 * 32 * 2 + 32 * 16 * 2 + 992
        );
    }

    #[test]
    fn impossible_sizes_are_refused() {
        assert_eq!(architecture(&[]).validate(), Err(ArchitectureError::NoLayers));
        assert_eq!(architecture(&[64, 0]).validate(), Err(ArchitectureError::Size(0)));
        assert_eq!(architecture(&[usize::MAX]).validate(), Err(ArchitectureError::Size(usize::MAX)));
        assert_eq!(architecture(&[1 << 20, 1 << 20]).validate(), Err(ArchitectureError::Parameters));
        assert_eq!(architecture(&[64, 32, 16]).validate(), Ok(()));
    }

    #[test]
    fn it_reads_as_the_sizes_in_order() {
        assert_eq!(architecture(&[32, 16]).to_string(), "784 → 32 → 16 → 32 → 784, ReLU, tanh output");
    }
}
