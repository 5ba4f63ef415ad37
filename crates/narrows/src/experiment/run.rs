//! Running an experiment: train every model, evaluate, draw, write.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::checkpoints::CheckpointEvery;
use super::directory::Existing;
use super::estimate::{Estimate, Estimated, Sharing, Size};
use super::figures::{self, DrawError, draw};
use super::jobs::{ModelResult, Results, Work, planned};
use super::live::live_parts;
use super::measure::{codes_of_pairs, measure};
use super::page::page;
use super::quality::{OfSeed, measure_interpolations};
use super::resume::Resumed;
use super::summary::DataSummary;
use super::{
    DirectoryError, Experiment, ExperimentError, Machine, ModelSettings, ModelSummary, ModelWithoutEpoch,
    RunDirectory, Summary,
};
use crate::compute::{Compute, Level, ThreadsError};
use crate::dataset::load::{self, Loaded, load};
use crate::dataset::{NormalisationError, Parts, RowNameError};
use crate::files::judge::TrainedOn;
use crate::files::{self, LoadError};
use crate::interpolate::judge::{Judge, JudgeError};
use crate::interpolate::quality::QualityError;
use crate::model::{Autoencoder, InputSpec, MismatchError, Parameters};
use crate::pca::PcaError;
use crate::report::live::Snapshot;
use crate::train::{Event, TrainingError, Watch};

/// How to run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The instruction set of the kernels.
    pub level: Level,
    /// Threads in all.
    pub threads: NonZeroUsize,
    /// What to do with a run that is already there.
    pub existing: Existing,
    /// The processor's name, for the record.
    pub cpu: String,
    /// How often a training under way is written down.
    pub checkpoints: CheckpointEvery,
}

/// Something that happened in a run. Models are named by their place in the experiment; several go on at once.
#[derive(Debug)]
pub enum RunEvent<'a> {
    /// The data is there, training begins.
    Started {
        /// How the models are shared out, in a sentence.
        schedule: &'a str,
        /// What was found out about the data, a sentence each.
        data: &'a [String],
    },
    /// The first epochs are done, and tell about how long the run will take.
    Estimated(Estimated),
    /// A model was begun by an earlier run, and goes on.
    Resumed {
        /// Which model.
        model: usize,
        /// After how many epochs.
        epoch: usize,
    },
    /// A model was finished by an earlier run, and is kept.
    Kept {
        /// Which model.
        model: usize,
    },
    /// A model's training says something.
    Training {
        /// Which model.
        model: usize,
        /// What.
        event: &'a Event<'a>,
    },
    /// A model is trained, evaluated and written.
    Trained {
        /// Which model.
        model: usize,
        /// What it came to.
        summary: &'a ModelSummary,
    },
    /// A model's training has ended before its first epoch did.
    WithoutEpoch {
        /// Which model.
        model: usize,
        /// Why.
        why: &'a ModelWithoutEpoch,
    },
    /// The training of a model with another seed, for the verdict on interpolations, says something.
    OtherSeed {
        /// Which model.
        model: usize,
        /// Its seed.
        seed: u64,
        /// What.
        event: &'a Event<'a>,
    },
    /// All models are trained; this one's latent space is measured.
    Measuring {
        /// Which model.
        model: usize,
    },
    /// Something of this model cannot be measured; the run goes on.
    NotMeasured {
        /// Which model.
        model: usize,
        /// What, and why.
        why: &'a str,
    },
    /// Their interpolations are measured.
    MeasuringInterpolations,
    /// Figures and report follow.
    Drawing,
}

/// What a run came to.
#[derive(Debug)]
pub struct Completed {
    /// All figures.
    pub summary: Summary,
    /// Where everything is.
    pub directory: RunDirectory,
    /// Whether the observer stopped it; then there is no report.
    pub stopped: bool,
    /// Whether there is a report: there is none without a model.
    pub reported: bool,
}

/// A run that failed. What was written before stays.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The experiment cannot be.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] load::LoadError),
    /// A row to interpolate from or to is not there.
    #[error("[interpolation] {0}")]
    Row(#[from] RowNameError),
    /// The run directory cannot be had, or written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The data cannot be normalised as the experiment says.
    #[error(transparent)]
    Normalisation(#[from] NormalisationError),
    /// A model cannot read the data, or what another gives.
    #[error(transparent)]
    Mismatch(#[from] MismatchError),
    /// A model cannot be trained on the data.
    #[error("model `{model}`: {source}")]
    Training {
        /// Which.
        model: String,
        /// Why.
        source: TrainingError,
    },
    /// The system gives no threads.
    #[error(transparent)]
    Threads(#[from] ThreadsError),
    /// A file of a model, or what an earlier run left, cannot be read.
    #[error(transparent)]
    File(#[from] LoadError),
    /// The checkpoint that an earlier run left cannot be read.
    #[error("{0}; remove it to begin that model anew")]
    Checkpoint(LoadError),
    /// A model is to begin with the parameters of one of another architecture.
    #[error(
        "model `{model}` is {expected}; {path}, which it is to begin with, is {found}; give it the same sizes and activations"
    )]
    From {
        /// Which.
        model: String,
        /// The other's file.
        path: String,
        /// Its architecture.
        expected: String,
        /// The other's.
        found: String,
    },
    /// The pictures of an earlier run are of other images.
    #[error("{0}")]
    Snapshots(String),
    /// An earlier run was on other data.
    #[error("{} holds a run on other data: the training set has changed since; give another folder with --out, or --force", .0.display())]
    OtherData(PathBuf),
    /// An earlier run trained a model in another way.
    #[error(
        "the checkpoint of model `{0}` is of another way of training; remove it, or begin the run anew by --force"
    )]
    OtherTraining(String),
    /// There is nothing to choose by.
    #[error(
        "[sweep] settings are chosen by the error on a validation set, and there is none; give validation_share = 0.1, or say \
         which rows with validation or split"
    )]
    NoValidation,
    /// Exact PCA failed.
    #[error(transparent)]
    Pca(#[from] PcaError),
    /// There is nobody to judge interpolations.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// Interpolations cannot be measured.
    #[error("[interpolation] {0}")]
    Quality(#[from] QualityError),
    /// A figure cannot be drawn.
    #[error(transparent)]
    Figure(#[from] DrawError),
}

/// Runs an experiment into the folder `out`, and says so to `observe`, which may stop it.
///
/// Every model is written as soon as it is trained. If the observer stops the run, what is finished is kept, with a
/// summary, and models that have at least one epoch with what they have learned. A model that diverges is kept as it was
/// after its last whole epoch; before the first, as it was drawn.
///
/// # Errors
/// [`RunError`]; user errors are found before anything is trained.
pub fn run(
    experiment: &Experiment,
    out: &Path,
    options: &RunOptions,
    observe: &(dyn Fn(RunEvent<'_>) -> ControlFlow<()> + Sync),
) -> Result<Completed, RunError> {
    experiment.validate()?;
    let loaded = load(&experiment.data, options.threads, &mut |_, _| ControlFlow::Continue(()))?;
    run_on(loaded, experiment, out, options, observe)
}

/// Runs an experiment on data that is read already, as [`run`] does; `experiment.data` must say where from.
///
/// # Errors
/// [`RunError`]; user errors are found before anything is trained.
pub fn run_on(
    loaded: Loaded,
    experiment: &Experiment,
    out: &Path,
    options: &RunOptions,
    observe: &(dyn Fn(RunEvent<'_>) -> ControlFlow<()> + Sync),
) -> Result<Completed, RunError> {
    let start = Instant::now();
    experiment.validate()?;
    if experiment.sweep.is_some() {
        return Err(
            ExperimentError::Sweep("is no single run; `run_sweep` trains all its points".to_owned()).into()
        );
    }
    let Loaded { parts, notes, split } = loaded;
    experiment.validate_on(parts.schema().features())?;
    for pair in experiment.interpolation.iter().flat_map(|interpolation| &interpolation.pairs) {
        pair.from.find(&parts)?;
        pair.to.find(&parts)?;
    }
    let input = InputSpec::fit(experiment.normalisation, parts.train())?;
    let beginnings = beginnings(experiment, parts.schema().features())?;
    check_trainings(experiment, &parts, &input)?;
    // Whether the system gives the threads is found out before there is a folder.
    drop(Compute::at(options.level, options.threads)?);
    // Last of what a user may have wrong: a mistake costs no earlier run and leaves no folder.
    let (directory, _lock) = RunDirectory::create(out, experiment, options.existing)?;
    if let Some(split) = &split {
        directory.write_split(split)?;
    }

    let sharing = Sharing::of(experiment.trainings(), options.threads.get());
    // Stopping is remembered at the first break, by whomever it was said to.
    let schedule = sharing.in_words();
    let stopped = observe(RunEvent::Started { schedule: &schedule, data: &notes }).is_break();
    let features = parts.schema().features();
    let work = Work {
        experiment,
        resumed: Resumed::of(&directory, options.existing),
        checkpoints: options.checkpoints,
        beginnings,
        begun: begun(experiment, &parts, options, schedule),
        start,
        estimate: Estimate::new(
            experiment,
            Size::of(&parts),
            planned(experiment, features),
            sharing,
            start.elapsed(),
        ),
        directory: &directory,
        data: &parts,
        input,
        pca: OnceLock::new(),
        stopped: AtomicBool::new(stopped),
        observe,
    };
    let threads_each = NonZeroUsize::new(sharing.threads_each).unwrap_or(NonZeroUsize::MIN);
    let results = work.run(sharing.workers, || Compute::at(options.level, threads_each))?;
    let (mut summary, trained) = collected(&work, results);
    directory.write_summary(&summary)?;

    let mut compute = Compute::at(options.level, options.threads)?;
    measure_models(&work, &trained, &mut summary, &mut compute)?;
    let judge = judge_interpolations(&work, &trained, &mut summary, &mut compute)?;
    let stopped = work.going_on().is_break() || observe(RunEvent::Drawing).is_break();
    let reported = !stopped && !trained.models.is_empty();
    if reported {
        let figures = draw(&summary, &trained.models, &parts, work.fitted_pca(), &mut compute)?;
        figures::write(&figures, &directory, options.threads)?;
        summary.seconds = start.elapsed().as_secs_f64();
        directory.write_summary(&summary)?;
        let mut page = page(&summary, directory.compared_with(experiment).as_ref(), &figures);
        let Trained { models, snapshots, .. } = &trained;
        page.live = Some(live_parts(&summary, models, snapshots, judge.as_ref(), &parts, &mut compute)?);
        directory.write_report(&page.html())?;
    }
    Ok(Completed { summary, directory, stopped, reported })
}

/// Finds out what a user may have wrong about training.
pub(super) fn check_trainings(
    experiment: &Experiment,
    data: &Parts,
    input: &InputSpec,
) -> Result<(), RunError> {
    let validation = data.validation().map(|data| input.samples(data)).transpose()?;
    for model in &experiment.models {
        let Some(training) = experiment.training(model) else { continue };
        let architecture = experiment.architecture(model, data.schema().features());
        Watch { validation: validation.as_ref(), test: None }
            .check(&architecture, &training)
            .map_err(|source| RunError::Training { model: model.name.clone(), source })?;
    }
    Ok(())
}

/// The models that have at least one epoch, in the experiment's order, and what stays in memory beside the summary.
struct Trained {
    models: Vec<Autoencoder>,
    snapshots: Vec<Vec<Snapshot>>,
    of_seeds: Vec<OfSeed>,
}

/// The parameters of the models that others are to begin with.
pub(super) fn beginnings(
    experiment: &Experiment,
    inputs: usize,
) -> Result<Vec<Option<Parameters>>, RunError> {
    let of_model = |settings: &ModelSettings| {
        let Some(path) = &settings.from else { return Ok(None) };
        let (model, _) = files::model::load(Path::new(path))?;
        let (expected, found) = (experiment.architecture(settings, inputs), model.architecture);
        match expected == found {
            true => Ok(Some(model.parameters)),
            false => Err(RunError::From {
                model: settings.name.clone(),
                path: path.clone(),
                expected: expected.to_string(),
                found: found.to_string(),
            }),
        }
    };
    experiment.models.iter().map(of_model).collect()
}

/// The summary of a run in which nothing is trained yet.
pub(super) fn begun(
    experiment: &Experiment,
    data: &Parts,
    options: &RunOptions,
    schedule: String,
) -> Summary {
    Summary {
        narrows: env!("CARGO_PKG_VERSION").to_owned(),
        experiment: experiment.clone(),
        machine: Machine {
            cpu: options.cpu.clone(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            instruction_set: options.level.to_string(),
            threads: options.threads.get(),
            schedule,
        },
        data: DataSummary {
            name: experiment.data.name(),
            train_rows: data.train().rows(),
            test_rows: data.test().rows(),
            features: data.schema().features(),
            image: data.schema().image().is_some(),
            labelled: Some(data.test().labels().is_some()),
        },
        exact_pca: None,
        models: Vec::new(),
        models_without_epoch: Vec::new(),
        codes: Vec::new(),
        interpolation_quality: None,
        seconds: 0.0,
    }
}

/// The summary of what is trained, before anything else is measured.
fn collected(work: &Work<'_>, results: Results) -> (Summary, Trained) {
    let experiment = work.experiment;
    let (mut summaries, mut models_without_epoch) = (Vec::new(), Vec::new());
    let mut trained = Trained { models: Vec::new(), snapshots: Vec::new(), of_seeds: results.of_seeds };
    for (settings, result) in experiment.models.iter().zip(results.models) {
        match result {
            Some(ModelResult::Trained(summary, model, snapshots)) => {
                summaries.push(*summary);
                trained.models.push(model);
                trained.snapshots.push(snapshots);
            }
            Some(ModelResult::WithoutEpoch(why)) => models_without_epoch.push(why),
            None => {
                let (name, outcome) = (settings.name.clone(), "not begun".to_owned());
                models_without_epoch.push(ModelWithoutEpoch { name, outcome });
            }
        }
    }
    if let Some(pca) = &results.pca {
        for summary in summaries.iter_mut().filter(|summary| summary.architecture.is_linear()) {
            if summary.architecture.latent() == pca.components {
                summary.excess_over_exact_pca = Some(summary.train.model_scale / pca.train.model_scale - 1.0);
            }
        }
    }
    let summary = Summary {
        exact_pca: results.pca,
        models: summaries,
        models_without_epoch,
        seconds: work.start.elapsed().as_secs_f64(),
        ..work.begun.clone()
    };
    (summary, trained)
}

/// Measures every model, and writes what was measured before the next.
fn measure_models(
    work: &Work<'_>,
    trained: &Trained,
    summary: &mut Summary,
    compute: &mut Compute,
) -> Result<(), RunError> {
    summary.codes = codes_of_pairs(work.experiment, (&summary.models, &trained.models), work.data, compute)?;
    work.directory.write_summary(summary)?;
    for (place, model) in trained.models.iter().enumerate() {
        let name = &summary.models[place].name;
        let index = work.experiment.models.iter().position(|settings| settings.name == *name);
        let index = index.expect("every trained model is one of the experiment's");
        if work.going_on().is_break() || work.say(RunEvent::Measuring { model: index }).is_break() {
            break;
        }
        measure(&mut summary.models[place], model, work.data, work.fitted_pca(), compute);
        work.directory.write_summary(summary)?;
        for why in &summary.models[place].not_measured {
            let _ = work.say(RunEvent::NotMeasured { model: index, why });
        }
    }
    Ok(())
}

/// Trains the judge and measures the interpolations of all models, where the experiment asks for it; nothing if the run was stopped.
fn judge_interpolations(
    work: &Work<'_>,
    trained: &Trained,
    summary: &mut Summary,
    compute: &mut Compute,
) -> Result<Option<Judge>, RunError> {
    let asked = work.experiment.interpolation.as_ref().is_some_and(|interpolation| interpolation.measure);
    if !asked || trained.models.is_empty() || work.going_on().is_break() {
        return Ok(None);
    }
    if let Some((quality, judge)) = work.resumed.quality(work.directory, work.data) {
        summary.interpolation_quality = Some(quality);
        return Ok(Some(judge));
    }
    // Said again and again, so that a run can be stopped while the judge learns.
    let measuring = || work.say(RunEvent::MeasuringInterpolations);
    let judge = match Judge::train(work.data, compute, &mut { measuring }) {
        Err(JudgeError::Stopped) => return Ok(None),
        judge => judge?,
    };
    let hash = Some(work.data.train().content_hash().to_owned());
    work.directory.write_judge(&judge, &TrainedOn { name: summary.data.name.clone(), hash })?;
    let models = (&summary.models[..], &trained.models[..]);
    let quality =
        measure_interpolations(compute, &judge, work.data, work.experiment, models, &trained.of_seeds)?;
    summary.interpolation_quality = Some(quality);
    work.directory.write_summary(summary)?;
    Ok(Some(judge))
}
