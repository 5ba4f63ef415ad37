//! `narrows inspect`: what model files hold.

use std::path::Path;

use clap::Args;
use narrows::dataset::{Missing, Normalisation, Schema};
use narrows::files::model::Provenance;
use narrows::files::{onnx, sha256};
use narrows::model::{Architecture, InputSpec};
use serde::Serialize;

use crate::commands::model_file::{LoadedModel, Models, is_onnx};
use crate::commands::output::{print, print_json};
use crate::failure::Failure;
use crate::table::Table;

/// Columns that the text lists.
const MAX_COLUMNS: usize = 40;

/// Show models: their architecture, layers, what they read, their file, and how they were trained
///
/// It also reads ONNX files that narrows wrote.
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
    file: &'a FileFacts,
    architecture: &'a Architecture,
    description: String,
    parameters: usize,
    tensors: Vec<Tensor<'a>>,
    input: Input<'a>,
    scorer: &'a Option<Scorer>,
    provenance: &'a Provenance,
}

/// A model, its file, and which rows are anomalies to it.
struct Inspected {
    loaded: LoadedModel,
    file: FileFacts,
    scorer: Option<Scorer>,
}

/// What distinguishes a file, and what runs it.
#[derive(Debug, Serialize)]
struct FileFacts {
    bytes: u64,
    sha256: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    onnx: Option<Onnx>,
}

#[derive(Debug, Serialize)]
struct Onnx {
    part: &'static str,
    opset: u64,
    ir_version: u64,
}

#[derive(Debug, Serialize)]
struct Scorer {
    threshold: f64,
    contamination: Option<f64>,
    /// The part of the data that the threshold was fitted on, and its rows.
    fitted_on: Option<(&'static str, usize)>,
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
        let inspected = loaded.into_iter().map(Inspected::of).collect::<Result<Vec<_>, _>>()?;
        if self.json {
            return print_json(&Inspections { models: inspected.iter().map(Inspected::json).collect() });
        }
        let descriptions: Vec<String> = inspected.iter().map(description).collect();
        print(&descriptions.join("\n"))
    }
}

impl Inspected {
    fn of(loaded: LoadedModel) -> Result<Self, Failure> {
        let scorer = loaded.scorer()?.map(|scorer| Scorer {
            threshold: scorer.threshold(),
            contamination: scorer.contamination(),
            fitted_on: scorer.fitted_on().map(|(part, rows)| (part.name(), rows)),
        });
        Ok(Self { file: FileFacts::of(&loaded.path)?, loaded, scorer })
    }

    fn json(&self) -> Inspection<'_> {
        let Self { loaded: LoadedModel { name, path, model, provenance }, file, scorer } = self;
        let tensors = model.parameters.tensors().iter();
        Inspection {
            model: name,
            path: path.display().to_string(),
            file,
            architecture: &model.architecture,
            description: model.architecture.to_string(),
            parameters: model.architecture.parameter_count(),
            tensors: tensors.map(|tensor| Tensor { name: &tensor.name, shape: &tensor.shape }).collect(),
            input: Input { normalisation: model.input.normalisation(), schema: model.input.schema() },
            scorer,
            provenance,
        }
    }
}

impl FileFacts {
    fn of(path: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::user(format!("{} cannot be read: {error}", path.display()));
        let bytes = std::fs::metadata(path).map_err(failed)?.len();
        let sha256 = sha256(path).map_err(failed)?;
        let onnx = match is_onnx(path) {
            true => {
                let onnx::OnnxModel { part, opset, ir_version, .. } = onnx::load(path)?;
                Some(Onnx { part: part.name(), opset, ir_version })
            }
            false => None,
        };
        Ok(Self { bytes, sha256, onnx })
    }
}

fn description(inspected: &Inspected) -> String {
    let Inspected { loaded: LoadedModel { name, model, provenance, .. }, file, scorer } = inspected;
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
    text += &columns(&model.input);
    text += &threshold(scorer.as_ref());
    text += &format!("file: {} bytes, SHA-256 {}\n", file.bytes, file.sha256);
    if let Some(Onnx { part, opset, ir_version }) = &file.onnx {
        text += &format!("ONNX: opset {opset}, IR version {ir_version}; it has the part: {part}\n");
    }
    let data = if provenance.data.is_empty() { "–" } else { &provenance.data };
    text += &format!("made by: narrows {}, on {data}", provenance.narrows);
    match &provenance.training {
        None if provenance.unread.contains_key("training") => {
            text +=
                &format!("\ntrained: {} epochs, in a way that this narrows does not know", provenance.epochs);
        }
        None if provenance.data.is_empty() => text += "\ntrained: –, it was imported",
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

/// The columns of a table in their order, each with its scale and offset, and what stands for a missing value.
fn columns(input: &InputSpec) -> String {
    let missing = match input.schema().missing() {
        Missing::Error => "missing values: an error",
        Missing::Fill(_) => "missing values: the column's mean in training",
        _ => "missing values: left out, and filled in by the reconstruction",
    };
    let Some(columns) = input.schema().columns() else { return format!("{missing}\n") };
    let mut table = Table::new(&["column", "scale", "offset"]);
    for (index, column) in columns.iter().enumerate().take(MAX_COLUMNS) {
        let (scale, offset) = input.normalisation().of_feature(index);
        table.row(vec![column.clone(), scale.to_string(), offset.to_string()]);
    }
    let rest = columns.len().saturating_sub(MAX_COLUMNS);
    let rest =
        if rest > 0 { format!("and {rest} more columns, which --json shows\n") } else { String::new() };
    format!("{missing}\n\n{}{rest}\n", table.text())
}

fn threshold(scorer: Option<&Scorer>) -> String {
    let Some(Scorer { threshold, contamination, fitted_on }) = scorer else {
        return "threshold: –\n".to_owned();
    };
    let share = contamination.map(|share| format!(", for a contamination of {share}"));
    let rows = fitted_on.map(|(part, rows)| format!(", from {rows} rows of {part}"));
    format!(
        "threshold: a score above {threshold} is an anomaly{}{}\n",
        share.unwrap_or_default(),
        rows.unwrap_or_default()
    )
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
