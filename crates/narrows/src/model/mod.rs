//! Autoencoders: what is asked for ([`Architecture`]), the numbers ([`Parameters`]), and the whole ([`Autoencoder`]), which a
//! [`Predictor`] runs. And a [`Classifier`], to judge what they make.

mod architecture;
mod autoencoder;
mod classifier;
mod inference;
mod initialisation;
mod input;
pub(crate) mod network;
mod parameters;
mod predictor;

pub use architecture::{Architecture, ArchitectureError, HiddenActivation, LayerSpec, OutputActivation};
pub use autoencoder::Autoencoder;
pub use classifier::{Classifier, ClassifierArchitecture};
pub use initialisation::Initialisation;
pub use input::{InputSpec, MismatchError, UnitScale};
pub use parameters::{Parameters, TensorSpec};
pub use predictor::Predictor;
