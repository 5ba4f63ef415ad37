//! `narrows page`: models to hold in one's hands, in one HTML file.

use std::path::{Path, PathBuf};

use clap::Args;
use narrows::dataset::{Part, Parts, RowName};
use narrows::evaluate::{ReconstructionError, reconstruction_error};
use narrows::export::safetensors::Provenance;
use narrows::model::Autoencoder;
use narrows::report::live::{Live, LiveModel, LivePair, Subject};
use narrows::report::page::{Align, Block, Column, Page, Section, Table};

use crate::arguments::Common;
use crate::commands::model_file::{DataArgument, ModelFile};
use crate::commands::output::{print, write_file};
use crate::failure::Failure;

/// The pairs of the published study, where the data has such classes.
const PAIRS: [[&str; 2]; 2] = [["train:7", "train:1"], ["train:4", "train:8"]];

/// Make an interactive page of trained models: one file, no server, no network
///
/// In the page you drag from one image to another, over the map of the codes and along every latent, and draw digits of your
/// own. It opens from disk in any browser of today.
#[derive(Debug, Args)]
#[command(override_usage = "narrows page [OPTIONS] <MODEL>…")]
pub struct MakePage {
    /// Model files, or their folders: runs/assignment/models/*
    #[arg(value_name = "MODEL", required = true)]
    models: Vec<PathBuf>,

    #[command(flatten)]
    data: DataArgument,

    /// The page to write
    #[arg(long, value_name = "HTML", default_value = "page.html")]
    out: PathBuf,
}

/// A model with what the page tells of it.
struct Loaded {
    name: String,
    model: Autoencoder,
    provenance: Provenance,
    error: ReconstructionError,
    curve: Vec<(f64, f64)>,
}

impl MakePage {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        self.data.source()?;
        let read: Vec<(Autoencoder, Provenance)> =
            self.models.iter().map(|path| ModelFile::at(path).load()).collect::<Result<_, _>>()?;
        let data = self.data.load()?;
        let mut compute = common.compute()?;
        let mut loaded: Vec<Loaded> = Vec::new();
        for ((model, provenance), path) in read.into_iter().zip(&self.models) {
            if data.test().image().is_none() || model.input.image().is_none() {
                return Err(Failure::user(format!(
                    "{} does not read images, and a page shows nothing else",
                    path.display()
                )));
            }
            let error = reconstruction_error(&model, &mut compute, &model.samples(data.test())?)?;
            // Models of one name are told apart by where they lie.
            let taken = loaded.iter().any(|other| other.name == provenance.name);
            let name = if taken { path.display().to_string() } else { provenance.name.clone() };
            loaded.push(Loaded { name, model, provenance, error, curve: history(path) });
        }
        let models = loaded
            .iter()
            .map(|loaded| LiveModel {
                name: &loaded.name,
                autoencoder: &loaded.model,
                test_error: Some(loaded.error.model_scale),
                curve: loaded.curve.clone(),
                published: Vec::new(),
                snapshots: &[],
            })
            .collect();
        let subject = Subject { data: &data, models, pairs: pairs(&data), judge: None };
        let page = Page {
            title: match &loaded[..] {
                [one] => one.name.clone(),
                several => format!("{} models", several.len()),
            },
            subtitle: format!("on {}", self.data.source()?),
            summary: Vec::new(),
            sections: vec![Section {
                heading: "Models".to_owned(),
                blocks: vec![Block::Table(table(&loaded))],
            }],
            live: Some(Live::new(&subject, &mut compute)?),
        };
        write_file(&self.out, page.html().as_bytes())?;
        print(&format!("{}\n", self.out.display()))
    }
}

fn pairs(data: &Parts) -> Vec<LivePair> {
    let find = |name: &str| -> Option<(Part, usize)> {
        let name: RowName = name.parse().ok()?;
        Some((name.part, name.find(data).ok()?.1))
    };
    PAIRS
        .iter()
        .filter_map(|[first, second]| Some(LivePair { ends: [find(first)?, find(second)?] }))
        .collect()
}

/// Epoch and training loss from the history beside a model; without one, the page has no curve.
fn history(model: &Path) -> Vec<(f64, f64)> {
    let folder = if model.is_dir() { model } else { model.parent().unwrap_or(model) };
    let Ok(text) = std::fs::read_to_string(folder.join("history.csv")) else { return Vec::new() };
    let point = |line: &str| -> Option<(f64, f64)> {
        let mut fields = line.split(',');
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    text.lines().filter_map(point).collect()
}

fn table(loaded: &[Loaded]) -> Table {
    let column = |heading: &str, align| Column { heading: heading.to_owned(), align };
    Table {
        caption: "The models, and their mean squared error per pixel on the test set.".into(),
        columns: vec![
            column("model", Align::Left),
            column("layers", Align::Left),
            column("parameters", Align::Right),
            column("epochs", Align::Right),
            column("test error", Align::Right),
            column("in [0, 1]", Align::Right),
        ],
        rows: loaded
            .iter()
            .map(|one| {
                vec![
                    one.name.clone().into(),
                    one.model.architecture.to_string().into(),
                    one.model.architecture.parameter_count().to_string().into(),
                    one.provenance.epochs.to_string().into(),
                    format!("{:.4}", one.error.model_scale).into(),
                    one.error.unit_scale.map_or(String::new(), |error| format!("{error:.5}")).into(),
                ]
            })
            .collect(),
        footnotes: Vec::new(),
    }
}
