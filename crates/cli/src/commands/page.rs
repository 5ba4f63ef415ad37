//! `narrows page`: models to hold in one's hands, in one HTML file.

use std::path::{Path, PathBuf};

use clap::Args;
use narrows::compute::Compute;
use narrows::dataset::Parts;
use narrows::dataset::load::{LoadOptions, load_for};
use narrows::evaluate::{ReconstructionError, reconstruction_error};
use narrows::experiment::{
    EpochSummary, FinishedRun, FinishedSweep, RunDirectory, curves, load_snapshots, study_pairs,
};
use narrows::files::history;
use narrows::files::model::Provenance;
use narrows::model::Autoencoder;
use narrows::report::live::{Curves, Live, LiveModel, LivePair, Snapshot, Subject};
use narrows::report::page::{Align, Block, Column, Page, Section, Table};

use crate::arguments::Common;
use crate::commands::data_arguments::{DataArguments, reading, within_memory};
use crate::commands::model_file::ModelFile;
use crate::commands::output::{print, write_file};
use crate::failure::Failure;

/// Make an interactive page of runs and of trained models: one file, no server, no network
///
/// In the page you drag from one image to another, over the map of the codes and along every latent, and draw digits of your
/// own. It opens from disk in any browser of today. A run directory gives all its models and all that the run knows: training
/// curves, the reconstructions of every epoch, the classifier, and its report. A sweep gives the best model of each latent size.
#[derive(Debug, Args)]
#[command(override_usage = "narrows page [OPTIONS] <RUN or MODEL>…")]
pub struct MakePage {
    /// Directories of runs and sweeps, model files, or their folders: runs/assignment runs/mine/models/three-layer
    ///
    /// What is given twice is shown once.
    #[arg(value_name = "RUN or MODEL", required = true)]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    data: DataArguments,

    /// The page to write
    #[arg(long, value_name = "HTML", default_value = "page.html")]
    out: PathBuf,
}

impl MakePage {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let mut given = resolve(&self.paths)?;
        let options = within_memory(one_data_set(&given, &self.data)?);
        let source = options.name();
        let schema = given[0].model().input.schema();
        let loaded = reading(common, |progress| {
            load_for(schema, &options, common.threads(), progress).map_err(Failure::from)
        })?;
        let data = loaded.parts;
        let mut compute = common.compute()?;
        for one in &mut given {
            one.complete(&data, &mut compute)?;
        }
        let names = told_apart(given.iter().flat_map(Given::names).collect());
        let mut models: Vec<LiveModel<'_>> = given.iter().flat_map(Given::live_models).collect();
        for (model, name) in models.iter_mut().zip(&names) {
            model.name = name;
        }
        let table = table(&models, given.iter().flat_map(Given::figures));
        let mut page = page(&given, table, &source, &data, &mut compute)?;
        let judge = given.iter().find_map(|one| one.run()?.live_judge());
        let (compared, bound) = match &given[..] {
            [Given::Run { run, .. }] => (run.compared(), run.bound()),
            _ => (None, None),
        };
        let subject = Subject { data: &data, models, compared, bound, pairs: pairs(&given, &data)?, judge };
        page.live = Some(Live::new(&subject, &mut compute)?);
        write_file(&self.out, page.html().as_bytes())?;
        print(&format!("{}\n", self.out.display()))
    }
}

/// What one argument stands for.
enum Given {
    Run { path: PathBuf, run: Box<FinishedRun> },
    Sweep { path: PathBuf, sweep: Box<FinishedSweep> },
    Model(Box<OneModel>),
}

/// A model file, with what lies beside it.
struct OneModel {
    path: PathBuf,
    model: Autoencoder,
    provenance: Provenance,
    curves: Curves,
    /// These need the data.
    snapshots: Vec<Snapshot>,
    error: Option<ReconstructionError>,
}

/// What the table of the models says beside their sizes.
struct Figures {
    epochs: Option<usize>,
    error: Option<ReconstructionError>,
}

/// What the arguments stand for, in their order: a run directory for its models, a file or its folder for one. Models that a run
/// of the list holds, and what is given twice, are there once.
fn resolve(paths: &[PathBuf]) -> Result<Vec<Given>, Failure> {
    let (mut given, mut known) = (Vec::new(), Vec::new());
    for path in paths.iter().filter(|path| RunDirectory::is_run(path)) {
        if !known.contains(&true_path(path)) && RunDirectory::is_sweep(path) {
            known.push(true_path(path));
            given.push(Given::Sweep { path: path.clone(), sweep: Box::new(FinishedSweep::read(path)?) });
        } else if !known.contains(&true_path(path)) {
            let run = FinishedRun::read(path)?;
            let models = run.summary().models.iter();
            known.extend(
                models.map(|model| true_path(&run.model_folder(&model.name).join("model.safetensors"))),
            );
            known.push(true_path(path));
            given.push(Given::Run { path: path.clone(), run: Box::new(run) });
        }
    }
    for path in paths.iter().filter(|path| !RunDirectory::is_run(path)) {
        let file = if path.is_dir() { path.join("model.safetensors") } else { path.clone() };
        if known.contains(&true_path(&file)) {
            continue;
        }
        let (model, provenance) = ModelFile::at(path).load()?;
        known.push(true_path(&file));
        let curves = curves_beside(&file, provenance.epochs);
        let one =
            OneModel { path: path.clone(), model, provenance, curves, snapshots: Vec::new(), error: None };
        given.push(Given::Model(Box::new(one)));
    }
    let place = |one: &Given| paths.iter().position(|path| path == one.path());
    given.sort_by_key(place);
    Ok(given)
}

/// A path by which the same file is always called; of a file that is not there, the path itself.
fn true_path(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn folder_of(model: &Path) -> PathBuf {
    if model.is_dir() { model.to_owned() } else { model.parent().unwrap_or(model).to_owned() }
}

/// What a folder is called; `.` has the name of the folder that it is.
fn folder_name(path: &Path) -> String {
    let path = true_path(path);
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// The data set of all: the one that is asked for, or the one that they were trained on. A single model may be shown on other
/// data than its own where that is asked for; what a run knows is true of its own data alone.
fn one_data_set(given: &[Given], asked: &DataArguments) -> Result<LoadOptions, Failure> {
    let wanted = asked.options_like(given[0].data());
    let differs = |one: &&Given| {
        one.data().path != wanted.path && (asked.path().is_none() || !matches!(one, Given::Model(_)))
    };
    let Some(other) = given.iter().find(differs) else { return Ok(wanted) };
    let (place, theirs, wanted) = (other.path().display(), other.data().path, wanted.path);
    Err(Failure::user(match asked.path() {
        Some(asked) => format!(
            "{place} was trained on `{theirs}`, and --data asks for `{asked}`; what a run knows is true of its own data alone"
        ),
        None => format!(
            "{place} was trained on `{theirs}`, {} on `{wanted}`; a page shows one data set, so make a page of each",
            given[0].path().display()
        ),
    }))
}

impl Given {
    fn path(&self) -> &Path {
        match self {
            Self::Run { path, .. } | Self::Sweep { path, .. } => path,
            Self::Model(one) => &one.path,
        }
    }

    fn run(&self) -> Option<&FinishedRun> {
        match self {
            Self::Run { run, .. } => Some(run),
            Self::Sweep { .. } | Self::Model(_) => None,
        }
    }

    /// The report of a run or of a sweep.
    fn report(&self, data: &Parts, compute: &mut Compute) -> Result<Option<Page>, Failure> {
        Ok(match self {
            Self::Run { run, .. } => Some(run.report(data, compute)?),
            Self::Sweep { sweep, .. } => Some(sweep.report()),
            Self::Model(_) => None,
        })
    }

    /// The only model, or the first of a run.
    fn model(&self) -> &Autoencoder {
        match self {
            Self::Run { run, .. } => run.first_model(),
            Self::Sweep { sweep, .. } => sweep.first_model(),
            Self::Model(one) => &one.model,
        }
    }

    fn data(&self) -> LoadOptions {
        match self {
            Self::Run { run, .. } => run.summary().experiment.data.clone(),
            Self::Sweep { sweep, .. } => sweep.summary().experiment.data.clone(),
            Self::Model(one) => {
                let Provenance { source, data, .. } = &one.provenance;
                source.clone().unwrap_or_else(|| LoadOptions::of(data.clone()))
            }
        }
    }

    /// Reads and computes what needs the data.
    fn complete(&mut self, data: &Parts, compute: &mut Compute) -> Result<(), Failure> {
        match self {
            Self::Run { run, .. } => run.read_snapshots(data)?,
            Self::Sweep { .. } => {}
            Self::Model(one) => {
                let samples = one.model.samples(data.test())?;
                one.error = Some(reconstruction_error(&one.model, compute, &samples)?);
                // They are of the model's own seed.
                if one.path.is_dir() || one.path.ends_with("model.safetensors") {
                    one.snapshots = load_snapshots(&folder_of(&one.path), data)?;
                }
            }
        }
        Ok(())
    }

    /// Under which names each model could be shown, the shortest first.
    fn names(&self) -> Vec<Vec<String>> {
        let names = |name: &str, run: Option<String>, path: PathBuf| {
            let in_run = run.map(|run| format!("{run}/{name}"));
            [Some(name.to_owned()), in_run, Some(path.display().to_string())].into_iter().flatten().collect()
        };
        match self {
            Self::Run { path, run } => {
                let name = |name: &String| names(name, Some(folder_name(path)), run.model_folder(name));
                run.summary().models.iter().map(|model| name(&model.name)).collect()
            }
            Self::Sweep { path, sweep } => {
                let name = |point: &String| names(point, Some(folder_name(path)), sweep.model_folder(point));
                sweep.models().iter().map(|model| name(&model.point)).collect()
            }
            Self::Model(one) => {
                let folder = true_path(&folder_of(&one.path));
                let run = folder.ancestors().nth(2).filter(|run| RunDirectory::is_run(run)).map(folder_name);
                vec![names(&one.provenance.name, run, one.path.clone())]
            }
        }
    }

    fn live_models(&self) -> Vec<LiveModel<'_>> {
        match self {
            Self::Run { run, .. } => run.live_models(),
            Self::Sweep { sweep, .. } => sweep.live_models(),
            Self::Model(one) => vec![LiveModel {
                name: &one.provenance.name,
                autoencoder: &one.model,
                test_error: one.error.map(|error| error.model_scale),
                curves: one.curves.clone(),
                snapshots: &one.snapshots,
            }],
        }
    }

    fn figures(&self) -> Vec<Figures> {
        match self {
            Self::Run { run, .. } => {
                let models = run.summary().models.iter();
                models
                    .map(|model| Figures {
                        epochs: model.training.as_ref().map(|_| model.epochs),
                        error: Some(model.test),
                    })
                    .collect()
            }
            Self::Sweep { sweep, .. } => {
                let models = sweep.models().iter();
                models.map(|model| Figures { epochs: model.epochs, error: model.test }).collect()
            }
            Self::Model(one) => {
                let epochs = one.provenance.training.as_ref().map(|_| one.provenance.epochs);
                vec![Figures { epochs, error: one.error }]
            }
        }
    }
}

/// A name for each model that no other has. Those of one name take their next: with the run before it, then the path.
fn told_apart(candidates: Vec<Vec<String>>) -> Vec<String> {
    let mut chosen = vec![0; candidates.len()];
    loop {
        let names: Vec<&String> = candidates.iter().zip(&chosen).map(|(names, &i)| &names[i]).collect();
        let shared: Vec<usize> = (0..names.len())
            .filter(|&i| names.iter().filter(|name| **name == names[i]).count() > 1)
            .filter(|&i| chosen[i] + 1 < candidates[i].len())
            .collect();
        if shared.is_empty() {
            return names.into_iter().cloned().collect();
        }
        for i in shared {
            chosen[i] += 1;
        }
    }
}

/// The pairs of all runs; where no run has any, those of the published study.
fn pairs(given: &[Given], data: &Parts) -> Result<Vec<LivePair>, Failure> {
    let mut pairs: Vec<LivePair> = Vec::new();
    for run in given.iter().filter_map(Given::run) {
        for pair in run.live_pairs(data)? {
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
        }
    }
    Ok(if pairs.is_empty() { study_pairs(data) } else { pairs })
}

/// The losses of the history beside a model's file; without one, the page has no curves.
fn curves_beside(model: &Path, epochs: usize) -> Curves {
    let history = history::load(&history::beside(model)).unwrap_or_default();
    curves(&history.iter().map(EpochSummary::from).collect::<Vec<_>>(), epochs)
}

/// What a browser without JavaScript and a printer show: the report of a run or sweep that is alone, else the models and then the
/// report of each.
fn page(
    given: &[Given],
    models: Table,
    source: &str,
    data: &Parts,
    compute: &mut Compute,
) -> Result<Page, Failure> {
    if let [one] = given
        && let Some(report) = one.report(data, compute)?
    {
        return Ok(report);
    }
    let title = match &models.rows[..] {
        [one] => one[0].text.clone(),
        several => format!("{} models", several.len()),
    };
    let mut sections = vec![Section { heading: "Models".to_owned(), blocks: vec![Block::Table(models)] }];
    let mut runs = Vec::new();
    for one in given {
        let Some(report) = one.report(data, compute)? else { continue };
        let name = folder_name(one.path());
        let prefix = format!("run-{}-", runs.len() + 1);
        sections.extend(report.answers.into_iter().chain(report.sections).map(|section| {
            let heading = format!("{name}: {}", section.heading);
            Section { heading, ..section }.with_addresses(&prefix)
        }));
        runs.push(name);
    }
    let subtitle = match &runs[..] {
        [] => format!("on {source}"),
        [one] => format!("on {source}; the run {one}, and models beside it"),
        several => format!("on {source}; the runs {}", several.join(", ")),
    };
    Ok(Page { title, subtitle, answers: None, sections, live: None })
}

fn table(models: &[LiveModel<'_>], figures: impl Iterator<Item = Figures>) -> Table {
    let column = |heading: &str, align| Column { heading: heading.to_owned(), align };
    let known = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    Table {
        anchor: "table-models".to_owned(),
        caption: "The models, and their mean squared error on the test set, per pixel or column.".into(),
        columns: vec![
            column("model", Align::Left),
            column("layers", Align::Left),
            column("parameters", Align::Right),
            column("epochs", Align::Right),
            column("test error", Align::Right),
            column("in [0, 1]", Align::Right),
        ],
        rows: models
            .iter()
            .zip(figures)
            .map(|(model, Figures { epochs, error })| {
                let architecture = &model.autoencoder.architecture;
                vec![
                    model.name.into(),
                    architecture.to_string().into(),
                    architecture.parameter_count().to_string().into(),
                    known(epochs.map(|epochs| epochs.to_string())).into(),
                    known(error.map(|error| format!("{:.4}", error.model_scale))).into(),
                    known(error.and_then(|error| error.unit_scale).map(|error| format!("{error:.5}"))).into(),
                ]
            })
            .collect(),
        footnotes: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_of_one_name_are_told_apart_by_their_run_and_then_by_their_path() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let found = told_apart(vec![
            names(&["pca", "a/pca", "runs/a/models/pca"]),
            names(&["pca", "b/pca", "runs/b/models/pca"]),
            names(&["pca", "b/pca", "old/b/models/pca"]),
            names(&["pca", "model.safetensors"]),
            names(&["deep", "a/deep", "runs/a/models/deep"]),
        ]);
        assert_eq!(found, ["a/pca", "runs/b/models/pca", "old/b/models/pca", "model.safetensors", "deep"]);
    }
}
