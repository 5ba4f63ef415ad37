//! A model as a Python file, for PyTorch: the module's few lines, which load the weights from a safetensors file beside it.

use narrows_kernels::Activation;

use super::provenance::Provenance;
use crate::model::{Autoencoder, LayerSpec};

/// The Python file of a model whose safetensors file, as [`model::save`](super::model::save) writes it, will lie beside it under the
/// name `weights`.
pub fn module(model: &Autoencoder, provenance: &Provenance, weights: &str) -> String {
    let layers = model.architecture.layers();
    let (encoder, decoder) = layers.split_at(model.architecture.depth());
    let title = quoted(&format!("{}: {}", provenance.name, model.architecture));
    let [encoder, decoder] = [encoder, decoder].map(sequential);
    let weights = quoted(weights);
    format!(
        r#"{title}
# Written by narrows. It needs torch and safetensors.

import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

WEIGHTS = Path(__file__).with_name({weights})


class Autoencoder(nn.Module):
    """Raw rows in, raw rows out."""

    def __init__(self, scale, offset, missing):
        super().__init__()
        self.encoder = {encoder}
        self.decoder = {decoder}
        # What is no weight is no part of the state dict.
        self.register_buffer("scale", torch.tensor(scale), persistent=False)
        self.register_buffer("offset", torch.tensor(offset), persistent=False)
        fill = missing["fill"] if isinstance(missing, dict) else float("nan")
        self.register_buffer("fill", torch.tensor(fill), persistent=False)
        self.is_masked = missing == "mask"

    def encode(self, rows):
        """The code of each row; NaN is a missing value."""
        rows = torch.where(rows.isnan(), self.fill, rows)
        # In double precision, as narrows rounds: a timestamp's scaled value and its offset nearly cancel.
        read = (rows.double() * self.scale.double() + self.offset.double()).float()
        return self.encoder(torch.where(read.isnan(), 0.0, read) if self.is_masked else read)

    def decode(self, codes):
        """What the decoder makes of codes, in raw units."""
        written = self.decoder(codes).double()
        return ((written - self.offset.double()) / self.scale.double()).float()

    def forward(self, rows):
        return self.decode(self.encode(rows))


def load(path=WEIGHTS):
    """The trained model."""
    with safe_open(path, "pt") as file:
        told = json.loads(file.metadata()["narrows"])["input"]
    normalisation, missing = told["normalisation"], told["schema"]["missing"]
    model = Autoencoder(normalisation["scale"], normalisation["offset"], missing)
    model.load_state_dict(load_file(path), strict=True)
    return model.eval()
"#
    )
}

/// `nn.Sequential(nn.Linear(784, 64), nn.ReLU(), …)`, a line for each layer.
fn sequential(layers: &[LayerSpec]) -> String {
    let line = |(index, LayerSpec { shape, activation, .. }): (usize, &LayerSpec)| {
        let linear = format!("nn.Linear({}, {})", shape.inputs, shape.outputs);
        match activation_of(*activation) {
            // Names count modules: between two layers there must be one.
            "nn.Identity()" if index + 1 == layers.len() => format!("            {linear},\n"),
            activation => format!("            {linear}, {activation},\n"),
        }
    };
    let lines = layers.iter().enumerate().map(line);
    format!("nn.Sequential(\n{}        )", lines.collect::<String>())
}

fn activation_of(activation: Activation) -> &'static str {
    match activation {
        Activation::Identity => "nn.Identity()",
        Activation::Relu => "nn.ReLU()",
        Activation::LeakyRelu => "nn.LeakyReLU()",
        Activation::Tanh => "nn.Tanh()",
        Activation::Sigmoid => "nn.Sigmoid()",
        Activation::Gelu => "nn.GELU()",
        Activation::Silu => "nn.SiLU()",
    }
}

/// Text as a literal of Python. JSON's escapes are Python's too, and names may be any text.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Normalisation, Schema};
    use crate::model::{Architecture, HiddenActivation, Initialisation, InputSpec, OutputActivation};

    fn written(activation: HiddenActivation, name: &str) -> String {
        let (inputs, hidden, output) = (2, vec![2, 1], OutputActivation::Linear);
        let architecture = Architecture { inputs, hidden, activation, output };
        let model = Autoencoder {
            parameters: Initialisation::Pytorch.draw(&architecture, 0),
            input: InputSpec::new(Normalisation::identity(), Schema::rows(2).unwrap()).unwrap(),
            architecture,
        };
        module(&model, &Provenance { name: name.to_owned(), ..Provenance::default() }, "a.safetensors")
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        let text = written(HiddenActivation::Gelu, "\"\nimport os\\");
        assert!(text.starts_with(r#""\"\nimport os\\: 2 → 2 → 1 → 2 → 2"#), "{text}");
    }

    #[test]
    fn modules_stand_at_the_places_that_names_of_weights_count() {
        for (activation, module) in
            [(HiddenActivation::Gelu, "nn.GELU()"), (HiddenActivation::Identity, "nn.Identity()")]
        {
            let text = written(activation, "model");
            let layers =
                format!("            nn.Linear(2, 2), {module},\n            nn.Linear(2, 1),\n        )\n");
            assert!(text.contains(&layers), "{text}");
        }
    }
}
