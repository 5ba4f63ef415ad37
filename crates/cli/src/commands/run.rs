//! `narrows run`: a whole experiment.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use narrows::experiment::{
    CheckpointEvery, Completed, Existing, Experiment, ExperimentError, MAX_SEED, MemoryNeeded, ModelSummary,
    RunEvent, RunOptions, Summary, run_on,
};

use narrows::dataset::load::Loaded;
use narrows::train::{EpochReport, Event};

use crate::arguments::{Common, count, level};
use crate::commands::data_arguments::{read, read_with_validation};
use crate::commands::experiments;
use crate::commands::interpolation_quality::{deciding_differences, verdicts};
use crate::commands::output::{print, print_json};
use crate::commands::sweep::carry_out_sweep;
use crate::commands::version::cpu;
use crate::failure::{Failure, with_suggestion};
use crate::interrupt::Interrupt;
use crate::memory;
use crate::plan;
use crate::progress::Progress;
use crate::table::Table;

/// Run an experiment: train its models, compare them, and write a report
///
/// What a run leaves: report.html to look at, summary.json for programs, figures/, and models/ to use with the other
/// commands. Ctrl-C ends a run early and keeps what is finished; a second Ctrl-C ends it at once.
#[derive(Debug, Args)]
pub struct Run {
    /// A built-in experiment (see `narrows experiments`), or a TOML file
    experiment: String,

    /// The folder for the results [default: runs/EXPERIMENT]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// Train only these of its models
    #[arg(long, value_name = "MODEL", num_args = 1.., value_delimiter = ',')]
    only: Vec<String>,

    /// Epochs of every model [default: as the experiment says]
    #[arg(long, value_name = "N", value_parser = count)]
    epochs: Option<usize>,

    /// The seed of initial parameters and of the order of the rows [default: as the experiment says]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=MAX_SEED))]
    seed: Option<u64>,

    /// Training seeds that the verdict on interpolations rests on [default: as the experiment says]
    ///
    /// The experiment's seed and those after it. Only the two models that are compared are trained again.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: Option<u64>,

    #[command(flatten)]
    going_on: GoingOn,

    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

/// What is done with a run that is already in the folder, and what is written down for going on later.
#[derive(Clone, Copy, Debug, Args)]
pub struct GoingOn {
    /// Replace the run that is already in the folder
    #[arg(long)]
    force: bool,

    /// Go on with the run that is already in the folder: finished models are kept, begun ones go on where they were left
    #[arg(long, conflicts_with = "force")]
    resume: bool,

    /// How often a training under way is written down: a number of epochs, or a time as 30s or 10min [default: every epoch, if that
    /// takes less than a hundredth of the time]
    #[arg(long, value_name = "INTERVAL")]
    checkpoint_every: Option<CheckpointEvery>,
}

impl GoingOn {
    /// What to do with a run that is there.
    pub fn existing(self) -> Existing {
        match self {
            Self { resume: true, .. } => Existing::Resume,
            Self { force: true, .. } => Existing::Replace,
            _ => Existing::Keep,
        }
    }

    /// How often to write down.
    pub fn checkpoints(self) -> CheckpointEvery {
        self.checkpoint_every.unwrap_or_default()
    }
}

impl Run {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let (name, mut experiment) = experiments::find(&self.experiment)?;
        if !self.only.is_empty() && experiment.sweep.is_some() {
            return Err(Failure::user(
                "--only chooses among models, and a sweep has one; list fewer values in [sweep] instead",
            ));
        }
        if !self.only.is_empty() {
            experiment.keep_only(&self.only).map_err(|error| match &error {
                ExperimentError::UnknownModel { name, known } => {
                    Failure::user(with_suggestion(error.to_string(), name, known))
                }
                _ => error.into(),
            })?;
        }
        if let Some(epochs) = self.epochs {
            experiment.set_epochs(epochs);
        }
        if let Some(seed) = self.seed {
            experiment.seed = seed;
        }
        if let Some(seeds) = self.seeds {
            experiment.set_seeds(seeds)?;
        }
        let out = self.out.clone().unwrap_or_else(|| Path::new("runs").join(name));
        experiment.validate()?;
        if experiment.sweep.is_some() {
            let loaded = read_with_validation(&mut experiment.data, common)?;
            return carry_out_sweep(&experiment, loaded, &out, &self.going_on, self.json, common);
        }
        let loaded = read(&mut experiment.data, common)?;
        carry_out(&experiment, loaded, &out, &self.going_on, self.json, part_b(&experiment), common)
    }
}

/// What will not be answered about interpolations, if anything.
fn part_b(experiment: &Experiment) -> Option<&'static str> {
    if experiment.interpolation.is_none() {
        return Some(
            "no [interpolation] in this experiment: images are not interpolated, and no verdict is given",
        );
    }
    experiment.compared().is_none().then_some(
        "no verdict on interpolations is given: that needs [interpolation] with measure = true, and a linear and a deep model \
         of the same latent size",
    )
}

/// Finds out what is wrong with an experiment, or with the points of its sweep, on this data, before memory is taken for it.
pub fn check(experiment: &Experiment, loaded: &Loaded, common: &Common) -> Result<(), Failure> {
    let (features, rows) = (loaded.parts.schema().features(), loaded.parts.train().rows());
    experiment.validate()?;
    experiment.expanded()?.validate_on(features)?;
    memory::check(&MemoryNeeded::of(experiment, features, rows, common.threads()))
}

/// Runs an experiment with progress, and prints what came of it; says `note` at the start.
pub fn carry_out(
    experiment: &Experiment,
    loaded: Loaded,
    out: &Path,
    going_on: &GoingOn,
    json: bool,
    note: Option<&str>,
    common: &Common,
) -> Result<(), Failure> {
    let models: Vec<(String, usize)> = experiment
        .models
        .iter()
        .map(|model| (model.name.clone(), experiment.training(model).map_or(0, |training| training.epochs)))
        .collect();
    check(experiment, &loaded, common)?;
    let interrupt = Interrupt::listen()?;
    let (level, threads, cpu) = (level()?, common.threads(), cpu());
    let options = RunOptions {
        level,
        threads,
        existing: going_on.existing(),
        cpu,
        checkpoints: going_on.checkpoints(),
    };
    let progress = std::sync::OnceLock::new();
    let measuring = std::sync::Once::new();
    let result = run_on(loaded, experiment, out, &options, &|event| {
        // Bars appear with the first event, not before an error about the arguments.
        let progress = progress.get_or_init(|| Progress::new(common.quiet, &models));
        match event {
            RunEvent::Started { schedule, data } => {
                data.iter().for_each(|note| progress.say(note));
                progress.say(&format!("{}: {}; {schedule}", experiment.title, plan::trainings(experiment)));
                progress.say(plan::after_training(experiment));
                note.into_iter().for_each(|note| progress.say(note));
            }
            RunEvent::Kept { model } => {
                progress.finish(model, &models[model].0, "kept: finished by an earlier run")
            }
            RunEvent::Resumed { model, epoch } => {
                progress.say(&format!("{}: goes on after epoch {epoch}", models[model].0));
            }
            RunEvent::Estimated(estimated) => progress.say(&plan::times(estimated)),
            RunEvent::Training { model, event } => {
                let (name, epochs) = &models[model];
                progress.training(model, name, *epochs, event);
            }
            RunEvent::Trained { model, summary } => {
                let sentence = format!(
                    "test error {:.4}  {:.1} s, {}",
                    summary.test.model_scale, summary.seconds, summary.outcome
                );
                progress.finish(model, &models[model].0, &sentence);
            }
            RunEvent::WithoutEpoch { model, why } => progress.finish(model, &why.name, &why.outcome),
            RunEvent::Measuring { model } => {
                progress.say(&format!("measuring the latent space of {}", models[model].0));
            }
            RunEvent::NotMeasured { model, why } => {
                progress.say(&format!("{}: {why}", models[model].0));
            }
            RunEvent::OtherSeed {
                model,
                seed,
                event: Event::Epoch(EpochReport { epoch, training_loss, .. }),
            } => {
                let (name, epochs) = &models[model];
                if epoch == epochs {
                    progress.say(&format!("{name}, seed {seed}: trained, loss {training_loss:.4}"));
                }
            }
            RunEvent::OtherSeed { .. } => {}
            RunEvent::MeasuringInterpolations => {
                measuring.call_once(|| progress.say("measuring interpolations"));
            }
            RunEvent::Drawing => progress.say("drawing figures and the report"),
        }
        if interrupt.asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if let Some(progress) = progress.get() {
        progress.end();
    }
    conclude(&result?, json)
}

fn conclude(completed: &Completed, json: bool) -> Result<(), Failure> {
    let Completed { summary, directory, stopped, reported } = completed;
    let folder = directory.path().display();
    if json {
        print_json(summary)?;
    } else if !summary.models.is_empty() {
        print(&comparison(summary))?;
    }
    if let Some(quality) = summary.interpolation_quality.as_ref().filter(|_| !json) {
        let verdicts =
            verdicts(quality.comparisons.iter().filter_map(|comparison| comparison.verdicts.first()));
        if !verdicts.is_empty() {
            print(&format!("\n{verdicts}{}", deciding_differences(&quality.comparisons)))?;
        }
    }
    if *reported && !json {
        print(&format!("\n{:.1} s in all\n{folder}/report.html\n", summary.seconds))?;
    }
    if *stopped {
        return Err(Failure::Interrupted(what_is_left(summary, &folder.to_string())));
    }
    let with_epochs = summary.models.iter().map(|model| (&model.name, &model.outcome));
    let all =
        with_epochs.chain(summary.models_without_epoch.iter().map(|model| (&model.name, &model.outcome)));
    let diverged: Vec<String> = all
        .filter(|(_, outcome)| outcome.starts_with("diverged"))
        .map(|(name, outcome)| format!("model `{name}` {outcome}: its loss is no longer a finite number"))
        .collect();
    if diverged.is_empty() {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "{}; the last good state, from before that epoch, is in {folder}/models. Try a lower learning rate",
        diverged.join("; ")
    )))
}

/// What a run that was stopped has come to.
fn what_is_left(summary: &Summary, folder: &str) -> String {
    let count = summary.experiment.models.len();
    let finished = summary.models.iter().filter(|model| model.outcome != "stopped").count();
    let partly = match summary.models.len() - finished {
        0 => String::new(),
        some => format!(", {some} more in part"),
    };
    format!(
        "{finished} of {count} models trained{partly}; summary.json and the models are in {folder}, a report is not. \
         To go on from here, give the same command with --resume; to begin anew, with --force"
    )
}

/// The models of a run, a line each; what was published of them, where that is known of any.
fn comparison(summary: &Summary) -> String {
    let any_published = summary.models.iter().any(|model| published_loss(model).is_some());
    let headings = ["model", "parameters", "epochs", "training loss"]
        .into_iter()
        .chain(any_published.then_some("published"))
        .chain(["test error", "in [0, 1]", "seconds"]);
    let mut table = Table::new(&headings.collect::<Vec<_>>());
    let loss = |loss: Option<f64>| loss.map_or("–".to_owned(), |loss| format!("{loss:.4}"));
    let unit = |error: Option<f64>| error.map_or("–".to_owned(), |error| format!("{error:.5}"));
    let published = |value: Option<f64>| any_published.then(|| loss(value));
    for model in &summary.models {
        let mut row = vec![
            model.name.clone(),
            model.parameters.to_string(),
            model.training.as_ref().map_or("–".to_owned(), |_| model.epochs.to_string()),
            loss(model.training_loss),
        ];
        row.extend(published(published_loss(model)));
        row.extend([
            loss(Some(model.test.model_scale)),
            unit(model.test.unit_scale),
            format!("{:.1}", model.seconds),
        ]);
        table.row(row);
    }
    if let Some(pca) = summary.yardstick_beside_models() {
        let name = format!("exact PCA, {} components", pca.components);
        let mut row = vec![name, "–".to_owned(), "–".to_owned(), loss(Some(pca.train.model_scale))];
        row.extend(published(None));
        row.extend([
            loss(Some(pca.test.model_scale)),
            unit(pca.test.unit_scale),
            format!("{:.1}", pca.seconds),
        ]);
        table.row(row);
    }
    table.text()
}

fn published_loss(model: &ModelSummary) -> Option<f64> {
    model.published.as_ref()?.training_loss
}
