//! Autoencoders: what is asked for ([`Architecture`]), the numbers ([`Parameters`]), and the whole ([`Autoencoder`]). And a
//! [`Classifier`], to judge what they make.

mod architecture;
mod autoencoder;
mod classifier;
mod inference;
mod initialisation;
pub(crate) mod network;
mod parameters;

pub use architecture::{Architecture, ArchitectureError, HiddenActivation, LayerSpec, OutputActivation};
pub use autoencoder::{Autoencoder, InputSpec, MismatchError};
pub use classifier::{Classifier, ClassifierArchitecture};
pub use initialisation::Initialisation;
pub use parameters::{Parameters, TensorSpec};
