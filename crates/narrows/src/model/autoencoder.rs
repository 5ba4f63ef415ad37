//! A trained autoencoder, with all it needs to read raw data.

use serde::{Deserialize, Serialize};

use super::inference::Source;
use super::network::{Network, WeightOrder};
use super::{Architecture, Parameters};
use crate::compute::Compute;
use crate::dataset::{Dataset, ImageShape, Normalisation, Samples, ValueRange};

/// An architecture, its parameters, and how raw values become its input.
#[derive(Clone, Debug, PartialEq)]
pub struct Autoencoder {
    /// Sizes and activations.
    pub architecture: Architecture,
    /// Weights and biases.
    pub parameters: Parameters,
    /// What its data looks like.
    pub input: InputSpec,
}

/// What the data of a model looks like, and how it becomes the model's input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// From raw values to the model's scale.
    pub normalisation: Normalisation,
    /// The raw values that can occur.
    pub range: ValueRange,
    /// The shape of a row, if it is an image.
    pub image: Option<ImageShape>,
}

impl InputSpec {
    /// Checks that this can be the input of a model that reads `features` numbers.
    ///
    /// # Errors
    /// What does not fit, as text.
    pub fn check(&self, features: usize) -> Result<(), String> {
        let Normalisation { scale, offset } = &self.normalisation;
        if scale.len() != offset.len() || ![1, features].contains(&scale.len()) {
            let (scales, offsets) = (scale.len(), offset.len());
            return Err(format!(
                "the normalisation has {scales} scales and {offsets} offsets; expected 1 of each, or {features}"
            ));
        }
        if !scale.iter().all(|x| x.is_normal()) || !offset.iter().all(|x| x.is_finite()) {
            return Err("the normalisation holds a scale of 0 or a number that is not finite".to_owned());
        }
        if !(self.range.low.is_finite() && self.range.high.is_finite() && self.range.low < self.range.high) {
            return Err(format!("the value range goes from {} to {}", self.range.low, self.range.high));
        }
        match self.image {
            Some(image) if image.height.checked_mul(image.width) != Some(features) => {
                Err(format!("images of {} × {} pixels are not rows of {features}", image.height, image.width))
            }
            _ => Ok(()),
        }
    }
}

/// Data that a model cannot read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MismatchError {
    /// Rows of another length.
    #[error(
        "the model reads rows of {expected} numbers, {name} has {found} a row; give data of the shape it was trained on"
    )]
    Features {
        /// What the data is called.
        name: String,
        /// What the model reads.
        expected: usize,
        /// What the data has.
        found: usize,
    },
    /// Values of another range.
    #[error("the model reads values from {} to {}, {name} has {} to {}; was it scaled already?", expected.low, expected.high, found.low, found.high)]
    Range {
        /// What the data is called.
        name: String,
        /// What the model reads.
        expected: ValueRange,
        /// What the data has.
        found: ValueRange,
    },
}

impl Autoencoder {
    /// A data set as this model's input.
    ///
    /// # Errors
    /// If its rows or its value range are not those that the model was trained on.
    pub fn samples<'a>(&self, dataset: &'a Dataset) -> Result<Samples<'a>, MismatchError> {
        let name = dataset.name.clone();
        let (expected, found) = (self.architecture.inputs, dataset.features);
        if expected != found {
            return Err(MismatchError::Features { name, expected, found });
        }
        let (expected, found) = (self.input.range, dataset.range);
        if dataset.image.is_some() && expected != found {
            return Err(MismatchError::Range { name, expected, found });
        }
        Ok(self.input.normalisation.apply(dataset))
    }

    /// The code of every row: `encoder(x)`, rows × latent.
    pub fn encode(&self, compute: &mut Compute, samples: &Samples<'_>) -> Vec<f32> {
        let depth = self.architecture.depth();
        self.network().infer(compute, 0..depth, &Source::Samples(samples))
    }

    /// `decoder(z)` of codes, rows × latent; returns rows × features in the model's scale.
    pub fn decode(&self, compute: &mut Compute, codes: &[f32]) -> Vec<f32> {
        let depth = self.architecture.depth();
        self.network().infer(compute, depth..2 * depth, &Source::Numbers(codes))
    }

    /// `decoder(encoder(x))` of every row, rows × features in the model's scale.
    pub fn reconstruct(&self, compute: &mut Compute, samples: &Samples<'_>) -> Vec<f32> {
        let depth = self.architecture.depth();
        self.network().infer(compute, 0..2 * depth, &Source::Samples(samples))
    }

    /// `‖decoder(encoder(x)) − x‖²` of every row, in the model's scale.
    pub fn squared_errors(&self, compute: &mut Compute, samples: &Samples<'_>) -> Vec<f32> {
        self.network().squared_errors(compute, samples)
    }

    /// What layer `layer` (from 0, encoder and decoder in one count) makes of every row: rows × its outputs.
    pub(crate) fn layer_outputs(
        &self,
        compute: &mut Compute,
        samples: &Samples<'_>,
        layer: usize,
    ) -> Vec<f32> {
        self.network().infer(compute, 0..layer + 1, &Source::Samples(samples))
    }

    fn network(&self) -> Network {
        Network::new(&self.architecture, &self.parameters, WeightOrder::Tiles)
    }
}
