//! `narrows inspect`: what a model file holds.

use clap::Args;
use narrows::dataset::{Normalisation, Schema};
use narrows::export::safetensors::Provenance;
use narrows::model::{Architecture, Autoencoder};
use serde::Serialize;

use crate::commands::model_file::ModelFile;
use crate::commands::output::{print, print_json};
use crate::failure::Failure;
use crate::table::Table;

/// Show a model: its architecture, layers, normalisation, and how it was trained
#[derive(Debug, Args)]
pub struct Inspect {
    #[command(flatten)]
    model: ModelFile,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is printed as JSON.
#[derive(Debug, Serialize)]
struct Inspection<'a> {
    architecture: &'a Architecture,
    description: String,
    parameters: usize,
    tensors: Vec<Tensor<'a>>,
    input: Input<'a>,
    provenance: &'a Provenance,
}

#[derive(Debug, Serialize)]
struct Input<'a> {
    normalisation: &'a Normalisation,
    schema: &'a Schema,
}

#[derive(Debug, Serialize)]
struct Tensor<'a> {
    name: &'a str,
    shape: &'a [usize],
}

impl Inspect {
    /// Does it.
    pub fn run(&self) -> Result<(), Failure> {
        let (model, provenance) = self.model.load()?;
        if self.json {
            let tensors = model.parameters.tensors().iter();
            return print_json(&Inspection {
                architecture: &model.architecture,
                description: model.architecture.to_string(),
                parameters: model.architecture.parameter_count(),
                tensors: tensors.map(|tensor| Tensor { name: &tensor.name, shape: &tensor.shape }).collect(),
                input: Input { normalisation: model.input.normalisation(), schema: model.input.schema() },
                provenance: &provenance,
            });
        }
        print(&description(&model, &provenance))
    }
}

fn description(model: &Autoencoder, provenance: &Provenance) -> String {
    let architecture = &model.architecture;
    let mut text = format!(
        "{}: {architecture}\n{} parameters, {} latents\n\n",
        provenance.name,
        architecture.parameter_count(),
        architecture.latent()
    );
    let mut table = Table::new(&["layer", "inputs", "outputs", "parameters", "activation"]);
    for layer in architecture.layers() {
        let (inputs, outputs) = (layer.shape.inputs, layer.shape.outputs);
        table.row(vec![
            layer.name,
            inputs.to_string(),
            outputs.to_string(),
            ((inputs + 1) * outputs).to_string(),
            format!("{:?}", layer.activation).to_lowercase(),
        ]);
    }
    text += &table.text();

    let (normalisation, schema) = (model.input.normalisation(), model.input.schema());
    let rows = match schema.image() {
        Some(image) => format!("images of {} × {} pixels", image.height, image.width),
        None => format!("rows of {} numbers", architecture.inputs),
    };
    let scale = match (normalisation.scale(), normalisation.offset()) {
        ([scale], [offset]) => {
            format!("x = raw · {scale} {} {}", if *offset < 0.0 { '−' } else { '+' }, offset.abs())
        }
        _ => "each feature by its own scale and offset".to_owned(),
    };
    let range = schema.range().map(|range| format!(", values from {} to {}", range.low, range.high));
    text += &format!("\nreads: {rows}{}; {scale}\n", range.unwrap_or_default());
    text += &format!("made by: narrows {}, on {}", provenance.narrows, provenance.data);
    if let Some(training) = &provenance.training {
        text += &format!(
            "\ntrained: {} of {} epochs of batches of {}, seed {}\n  {}\n  {}",
            provenance.epochs,
            training.epochs,
            training.batch_size,
            training.seed,
            json(&training.optimiser),
            json(&training.schedule),
        );
    }
    if let Some(loss) = provenance.training_loss {
        text += &format!("\nlast training loss: {loss:.5}");
    }
    text + "\n"
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
