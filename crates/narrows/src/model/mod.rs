//! Autoencoders: what is asked for ([`Architecture`]), the numbers ([`Parameters`]), and the whole ([`Autoencoder`]).

mod architecture;
mod autoencoder;
mod inference;
mod initialisation;
pub(crate) mod network;
mod parameters;

pub use architecture::{Architecture, ArchitectureError, HiddenActivation, LayerSpec, OutputActivation};
pub use autoencoder::{Autoencoder, InputSpec, MismatchError};
pub use initialisation::Initialisation;
pub use parameters::{Parameters, TensorSpec};
