//! Architectures as files have them: needed to predict, so read strictly.
//!
//! Serde reads and writes the library's types by these descriptions of them (`remote`). A variant or field that the library gets is
//! a compiler error here, until it is said what files call it.

use serde::{Deserialize, Serialize};

use crate::model::{Architecture, ClassifierArchitecture, HiddenActivation, OutputActivation};

/// Of an autoencoder.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Architecture")]
pub(super) struct ArchitectureRecord {
    inputs: usize,
    hidden: Vec<usize>,
    #[serde(with = "HiddenActivationRecord")]
    activation: HiddenActivation,
    #[serde(with = "OutputActivationRecord")]
    output: OutputActivation,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "HiddenActivation", rename_all = "snake_case")]
enum HiddenActivationRecord {
    Relu,
    LeakyRelu,
    Tanh,
    Sigmoid,
    Gelu,
    Silu,
    Identity,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "OutputActivation", rename_all = "snake_case")]
enum OutputActivationRecord {
    Linear,
    Tanh,
    Sigmoid,
}

/// Of a classifier.
#[derive(Serialize, Deserialize)]
#[serde(remote = "ClassifierArchitecture")]
pub(super) struct ClassifierRecord {
    inputs: usize,
    hidden: usize,
    classes: usize,
}
