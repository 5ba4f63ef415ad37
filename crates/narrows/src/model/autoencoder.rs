//! A trained autoencoder, with all it needs to read raw data.

use super::{Architecture, InputSpec, MismatchError, Parameters, Predictor};
use crate::compute::Compute;
use crate::dataset::{Dataset, Samples};

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

impl Autoencoder {
    /// The model made ready to run, for all that runs it more than once: what follows here packs the weights anew each time.
    ///
    /// # Errors
    /// If architecture, parameters and input do not belong together.
    pub fn predictor(&self) -> Result<Predictor, MismatchError> {
        Predictor::new(self)
    }

    /// A data set as this model's input.
    ///
    /// # Errors
    /// If its rows or its value range are not those that the model was trained on.
    pub fn samples(&self, dataset: &Dataset) -> Result<Samples, MismatchError> {
        self.input.samples(dataset)
    }

    /// As [`Predictor::encode`].
    ///
    /// # Errors
    /// If the model and the rows do not fit.
    pub fn encode(&self, compute: &mut Compute, samples: &Samples) -> Result<Vec<f32>, MismatchError> {
        self.predictor()?.encode(compute, samples)
    }

    /// As [`Predictor::decode`].
    ///
    /// # Errors
    /// If the model and the codes do not fit.
    pub fn decode(&self, compute: &mut Compute, codes: &[f32]) -> Result<Vec<f32>, MismatchError> {
        self.predictor()?.decode(compute, codes)
    }

    /// As [`Predictor::reconstruct`].
    ///
    /// # Errors
    /// If the model and the rows do not fit.
    pub fn reconstruct(&self, compute: &mut Compute, samples: &Samples) -> Result<Vec<f32>, MismatchError> {
        self.predictor()?.reconstruct(compute, samples)
    }

    /// As [`Predictor::squared_errors`].
    ///
    /// # Errors
    /// If the model and the rows do not fit.
    pub fn squared_errors(
        &self,
        compute: &mut Compute,
        samples: &Samples,
    ) -> Result<Vec<f32>, MismatchError> {
        self.predictor()?.squared_errors(compute, samples)
    }
}
