//! What a page is made of: models, their data, and what is known of their training.

use serde::Serialize;

use super::quantise::Dense;
use crate::dataset::{Part, Parts};
use crate::model::{Autoencoder, Classifier, InputSpec};

/// What the live parts show: models that read the same images, or rows of the same table.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// What the models were trained and tested on.
    pub data: &'a Parts,
    /// The models, in the order of the report.
    pub models: Vec<LiveModel<'a>>,
    /// The linear and the deep model that are compared, as places in `models`: the page begins with them.
    pub compared: Option<[usize; 2]>,
    /// An error that no linear model of the same size can be better than.
    pub bound: Option<Bound<'a>>,
    /// Pairs to begin interpolations with.
    pub pairs: Vec<LivePair>,
    /// A classifier of the same images: dense layers whose last gives a sum for each class, which softmax turns into
    /// probabilities. With it the page draws what it says along a path.
    pub judge: Option<Judge<'a>>,
}

/// A classifier and how raw values become its input.
#[derive(Clone, Debug)]
pub struct Judge<'a> {
    /// From the inputs to a sum for each class.
    pub layers: Vec<Dense<'a>>,
    /// What the class of each sum is called.
    pub classes: Vec<String>,
    /// Its input.
    pub input: &'a InputSpec,
}

impl<'a> Judge<'a> {
    /// A trained classifier.
    pub fn of(classifier: &'a Classifier) -> Self {
        let specs = classifier.architecture.layers();
        let layers = specs
            .iter()
            .zip(classifier.parameters.layers())
            .map(|(spec, (weight, bias))| Dense { weight, bias, activation: spec.activation })
            .collect();
        let names = classifier.input.schema().classes().unwrap_or_default();
        // A judge of narrows 0.1 knows no names, only how many classes there are.
        let name = |label: usize| names.get(label).cloned().unwrap_or_else(|| label.to_string());
        let classes = (0..classifier.architecture.classes).map(name).collect();
        Self { layers, classes, input: &classifier.input }
    }
}

/// A model with what is known of its training.
#[derive(Clone, Debug)]
pub struct LiveModel<'a> {
    /// What to call it; any text.
    pub name: &'a str,
    /// The model.
    pub autoencoder: &'a Autoencoder,
    /// Its error on the test set, in the model's scale.
    pub test_error: Option<f64>,
    /// How its losses went while it was trained.
    pub curves: Curves,
    /// How it reconstructed some images while it learned.
    pub snapshots: &'a [Snapshot],
}

/// Losses by epoch, in the scale of the model's input.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Curves {
    /// The average training loss.
    pub training: Vec<(f64, f64)>,
    /// The loss on the validation set, where there was one.
    pub validation: Vec<(f64, f64)>,
    /// Where that is least: the model has the parameters of this epoch.
    pub best_epoch: Option<usize>,
    /// The training loss as somebody published it.
    pub published: Vec<(f64, f64)>,
}

/// A level in the chart of training, such as the error of exact PCA.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Bound<'a> {
    /// What to call it.
    pub name: &'a str,
    /// The error, in the scale of the models' input.
    pub error: f64,
}

/// Two images to go between, each named by its part of the data and its row there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LivePair {
    /// Where a path begins: λ = 0.
    pub from: (Part, usize),
    /// Where it leads: λ = 1.
    pub to: (Part, usize),
}

/// The reconstructions of some images after an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// How many epochs the model had seen.
    pub epoch: usize,
    /// Pixels, originals × features.
    pub pixels: Vec<u8>,
}
