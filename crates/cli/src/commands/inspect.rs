//! `narrows inspect`: what model files hold.

use clap::Args;
use narrows::dataset::{Normalisation, Schema};
use narrows::files::model::Provenance;
use narrows::model::Architecture;
use serde::Serialize;

use crate::commands::model_file::{LoadedModel, Models};
use crate::commands::output::{print, print_json};
use crate::failure::Failure;
use crate::table::Table;

/// Show models: their architecture, layers, normalisation, and how they were trained
#[derive(Debug, Args)]
pub struct Inspect {
    #[command(flatten)]
    models: Models,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is printed as JSON.
#[derive(Debug, Serialize)]
struct Inspections<'a> {
    models: Vec<Inspection<'a>>,
}

#[derive(Debug, Serialize)]
struct Inspection<'a> {
    model: &'a str,
    path: String,
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
        let loaded = self.models.load()?;
        if self.json {
            return print_json(&Inspections { models: loaded.iter().map(inspection).collect() });
        }
        let descriptions: Vec<String> = loaded.iter().map(description).collect();
        print(&descriptions.join("\n"))
    }
}

fn inspection(LoadedModel { name, path, model, provenance }: &LoadedModel) -> Inspection<'_> {
    let tensors = model.parameters.tensors().iter();
    Inspection {
        model: name,
        path: path.display().to_string(),
        architecture: &model.architecture,
        description: model.architecture.to_string(),
        parameters: model.architecture.parameter_count(),
        tensors: tensors.map(|tensor| Tensor { name: &tensor.name, shape: &tensor.shape }).collect(),
        input: Input { normalisation: model.input.normalisation(), schema: model.input.schema() },
        provenance,
    }
}

fn description(LoadedModel { name, model, provenance, .. }: &LoadedModel) -> String {
    let architecture = &model.architecture;
    let mut text = format!(
        "{name}: {architecture}\n{} parameters, {} latents\n\n",
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
    match &provenance.training {
        None if provenance.unread.contains_key("training") => {
            text +=
                &format!("\ntrained: {} epochs, in a way that this narrows does not know", provenance.epochs);
        }
        None => text += "\ntrained: –, it was computed exactly",
        Some(training) => {
            text += &format!(
                "\ntrained: {} of {} epochs of batches of {}, seed {}\n  {}, {}",
                provenance.epochs,
                training.epochs,
                training.batch_size,
                training.seed,
                training.optimiser,
                format_args!("learning rate: {}", training.schedule),
            )
        }
    }
    let loss = provenance.training_loss.map_or("–".to_owned(), |loss| format!("{loss:.5}"));
    text += &format!("\nlast training loss: {loss}\n");
    if !provenance.unread.is_empty() {
        text += &format!("unknown to this narrows: {}\n", json(&provenance.unread));
    }
    text
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
