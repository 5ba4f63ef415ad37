//! Running a sweep: every point with every seed, side by side; results are written as they come.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::coordinates::coordinates;
use super::report;
use super::summary::{BestModel, OneTraining, PointSummary, SweepSummary};
use crate::compute::Compute;
use crate::dataset::load::Loaded;
use crate::dataset::{Parts, Samples};
use crate::evaluate::{ReconstructionError, reconstruction_error};
use crate::experiment::directory::{BEST, MODEL, SWEEP, SWEEP_TABLE};
use crate::experiment::estimate::{Estimate, Estimated, Sharing, Size};
use crate::experiment::figures::{DrawError, rasterised};
use crate::experiment::jobs::{Work, planned_with};
use crate::experiment::resume::Resumed;
use crate::experiment::run::{RunEvent, RunOptions, beginnings, begun, check_trainings};
use crate::experiment::workers::share_out;
use crate::experiment::{DirectoryError, Experiment, ExperimentError, ModelSettings, RunDirectory, RunError};
use crate::files::model;
use crate::model::InputSpec;
use crate::train::Event;

/// Of wider rows no exact PCA is computed: the time for it grows with the cube of the width, to minutes here.
const MAX_PCA_FEATURES: usize = 4096;

/// Something that happened in a sweep. Points are named as their models; several trainings go on at once.
#[derive(Debug)]
pub enum SweepEvent<'a> {
    /// The data is there, training begins.
    Started {
        /// How many points are trained.
        points: usize,
        /// How many trainings that is.
        trainings: usize,
        /// How they are shared out, in a sentence.
        schedule: &'a str,
        /// What was found out about the data, a sentence each.
        data: &'a [String],
    },
    /// The first epochs are done, and tell about how long it will take.
    Estimated(Estimated),
    /// A training says something.
    Training {
        /// Which point.
        point: &'a str,
        /// Its seed.
        seed: u64,
        /// What.
        event: &'a Event<'a>,
    },
    /// A training is done, now or by an earlier run, and noted.
    Trained {
        /// Which point.
        point: &'a str,
        /// What it came to.
        training: &'a OneTraining,
        /// How many are done, of how many.
        progress: (usize, usize),
    },
    /// The best is measured on the test set; figure and report follow.
    Concluding,
}

/// What a sweep came to.
#[derive(Debug)]
pub struct CompletedSweep {
    /// All figures.
    pub summary: SweepSummary,
    /// Where everything is.
    pub directory: RunDirectory,
    /// Whether the observer stopped it; then there is no best model and no report.
    pub stopped: bool,
}

enum Job {
    Pca,
    Training { point: usize, seed: u64 },
}

enum Done {
    /// The errors on the validation set by the number of components.
    Pca(BTreeMap<usize, f64>),
    Training {
        point: usize,
        training: OneTraining,
    },
}

/// Trains every point of an experiment's sweep with every seed, on data that is read already.
///
/// A training ends with the bits that a single run with its settings and its seed has. The summary is written after each. The best
/// point has the least mean error on the validation set; of its models, that with the least is measured on the test set.
///
/// # Errors
/// [`RunError`]; user errors are found before anything is trained.
pub fn run_sweep(
    loaded: Loaded,
    experiment: &Experiment,
    out: &Path,
    options: &RunOptions,
    observe: &(dyn Fn(SweepEvent<'_>) -> ControlFlow<()> + Sync),
) -> Result<CompletedSweep, RunError> {
    let start = Instant::now();
    experiment.validate()?;
    let missing = || ExperimentError::Sweep("is missing: there are no lists to try".to_owned());
    let seeds = experiment.sweep.as_ref().ok_or_else(missing)?.seeds;
    let points = experiment.expanded()?;
    let Loaded { parts, notes, split } = loaded;
    let features = parts.schema().features();
    points.validate_on(features)?;
    let validation_rows = parts.validation().ok_or(RunError::NoValidation)?.rows();
    let input = InputSpec::fit(experiment.normalisation, parts.train())?;
    check_trainings(&points, &parts, &input)?;
    let beginnings = beginnings(&points, features)?;
    drop(Compute::at(options.level, options.threads)?);
    let (directory, _lock) = RunDirectory::create(out, experiment, options.existing)?;
    if let Some(split) = &split {
        directory.write_split(split)?;
    }

    let count = usize::try_from(seeds).unwrap_or(usize::MAX);
    let trainings = points.models.len().saturating_mul(count);
    let sharing = Sharing::of(trainings, options.threads.get());
    let schedule = sharing.in_words();
    let started =
        SweepEvent::Started { points: points.models.len(), trainings, schedule: &schedule, data: &notes };
    let stopped = observe(started).is_break();
    let say = |event: RunEvent<'_>| told(&points, event, observe);
    let work = Work {
        experiment: &points,
        resumed: Resumed::of(&directory, options.existing),
        checkpoints: options.checkpoints,
        beginnings,
        begun: begun(&points, &parts, options, schedule.clone()),
        start,
        estimate: Estimate::new(
            &points,
            Size::of(&parts),
            planned_with(&points, features, |_| count),
            sharing,
            start.elapsed(),
        ),
        directory: &directory,
        data: &parts,
        input,
        pca: OnceLock::new(),
        stopped: AtomicBool::new(stopped),
        observe: &say,
    };
    let mut summary = SweepSummary {
        narrows: env!("CARGO_PKG_VERSION").to_owned(),
        experiment: experiment.clone(),
        data: work.begun.data.clone(),
        validation_rows,
        points: points.models.iter().map(|model| unmeasured(&points, model, features)).collect(),
        curve: Vec::new(),
        elbow: None,
        elbow_in_words: String::new(),
        best: None,
        trained: 0,
        trainings,
        seconds: 0.0,
    };
    let exact_pca = work.train_points(seeds, sharing, options, &mut summary, observe)?;
    summary.sort();
    let stopped = work.going_on().is_break() || observe(SweepEvent::Concluding).is_break();
    if !stopped {
        let mut compute = Compute::at(options.level, options.threads)?;
        summary.find_elbow(|latent| exact_pca.get(&latent).copied());
        summary.best = best(&summary, &directory, &parts, &mut compute)?;
        summary.seconds = start.elapsed().as_secs_f64();
        conclude(&summary, &directory)?;
    }
    summary.seconds = start.elapsed().as_secs_f64();
    write(&summary, &directory)?;
    Ok(CompletedSweep { summary, directory, stopped })
}

impl Work<'_> {
    /// Trains every point with every seed, the longest first, and exact PCA beside them, of which it returns the errors.
    fn train_points(
        &self,
        seeds: u64,
        sharing: Sharing,
        options: &RunOptions,
        summary: &mut SweepSummary,
        observe: &(dyn Fn(SweepEvent<'_>) -> ControlFlow<()> + Sync),
    ) -> Result<BTreeMap<usize, f64>, RunError> {
        let base = self.experiment.seed;
        let points = 0..self.experiment.models.len();
        let mut places: Vec<usize> = points.collect();
        places.sort_by_key(|&point| (self.cost_of(point), std::cmp::Reverse(point)));
        let mut jobs = vec![Job::Pca];
        jobs.extend(places.iter().flat_map(|&point| {
            (0..seeds).rev().map(move |later| Job::Training { point, seed: base + later })
        }));
        let threads_each = NonZeroUsize::new(sharing.threads_each).unwrap_or(NonZeroUsize::MIN);
        let mut exact_pca = BTreeMap::new();
        let job = |job, compute: &mut Compute| match self.going_on() {
            ControlFlow::Continue(()) => self.sweep_job(job, compute),
            ControlFlow::Break(()) => Ok(None),
        };
        let take = |done| match done {
            Done::Pca(errors) => {
                exact_pca = errors;
                Ok(())
            }
            Done::Training { point, training } => {
                let name = &self.experiment.models[point].name;
                summary.trained += 1;
                let progress = (summary.trained, summary.trainings);
                if observe(SweepEvent::Trained { point: name, training: &training, progress }).is_break() {
                    self.stop();
                }
                summary.points[point].add(training, seeds);
                summary.seconds = self.start.elapsed().as_secs_f64();
                let mut sorted = summary.clone();
                sorted.sort();
                write(&sorted, self.directory)
            }
        };
        share_out(jobs, sharing.workers, || Compute::at(options.level, threads_each), job, take)?;
        Ok(exact_pca)
    }

    /// Nothing where it was stopped.
    fn sweep_job(&self, job: Job, compute: &mut Compute) -> Result<Option<Done>, RunError> {
        match job {
            Job::Pca => self.exact_errors(compute).map(|errors| Some(Done::Pca(errors))),
            Job::Training { point, seed } => {
                let trained = self.train_with_seed(point, seed, compute)?;
                let training = match trained {
                    Some(trained) => {
                        let samples = self.validation_samples()?;
                        let error = reconstruction_error(&trained.autoencoder, compute, &samples)?;
                        OneTraining { seed, epochs: Some(trained.epochs), validation: Some(error) }
                    }
                    None if self.going_on().is_break() => return Ok(None),
                    // What is neither finished nor stopped has diverged.
                    None => OneTraining { seed, epochs: None, validation: None },
                };
                Ok(Some(Done::Training { point, training }))
            }
        }
    }

    /// The errors of exact PCA on the validation set, with as many components as any point has latents.
    fn exact_errors(&self, compute: &mut Compute) -> Result<BTreeMap<usize, f64>, RunError> {
        let features = self.data.schema().features();
        if features > MAX_PCA_FEATURES {
            return Ok(BTreeMap::new());
        }
        let latents: BTreeSet<usize> =
            self.experiment.models.iter().filter_map(|model| model.hidden.last().copied()).collect();
        let (pca, _) = self.pca(compute)?;
        let samples = self.validation_samples()?;
        let mut errors = BTreeMap::new();
        for latent in latents.into_iter().filter(|latent| (1..=features).contains(latent)) {
            let model = pca.autoencoder(latent, self.input.clone());
            errors.insert(latent, reconstruction_error(&model, compute, &samples)?.model_scale);
        }
        Ok(errors)
    }

    fn validation_samples(&self) -> Result<Samples, RunError> {
        let validation = self.data.validation().ok_or(RunError::NoValidation)?;
        Ok(self.input.samples(validation)?)
    }
}

/// What the training of a point says, in the words of a sweep.
fn told(
    points: &Experiment,
    event: RunEvent<'_>,
    observe: &(dyn Fn(SweepEvent<'_>) -> ControlFlow<()> + Sync),
) -> ControlFlow<()> {
    match event {
        RunEvent::OtherSeed { model, seed, event } => {
            observe(SweepEvent::Training { point: &points.models[model].name, seed, event })
        }
        RunEvent::Estimated(estimated) => observe(SweepEvent::Estimated(estimated)),
        _ => ControlFlow::Continue(()),
    }
}

fn unmeasured(points: &Experiment, model: &ModelSettings, features: usize) -> PointSummary {
    let architecture = points.architecture(model, features);
    PointSummary {
        name: model.name.clone(),
        parameters: architecture.parameter_count(),
        architecture,
        training: points.training(model).expect("every point is trained"),
        validation: None,
        trainings: Vec::new(),
    }
}

/// Puts the best model into its folder, and measures it on the test set. Nothing if every point has diverged.
fn best(
    summary: &SweepSummary,
    directory: &RunDirectory,
    data: &Parts,
    compute: &mut Compute,
) -> Result<Option<BestModel>, RunError> {
    let Some(point) = summary.points.first().filter(|point| point.validation.is_some()) else {
        return Ok(None);
    };
    let by_seed = point.trainings.iter().filter_map(|training| Some((training.seed, training.validation?)));
    let error = |found: &(u64, ReconstructionError)| found.1.model_scale;
    let Some((seed, validation)) = by_seed.min_by(|a, b| error(a).total_cmp(&error(b))) else {
        return Ok(None);
    };
    let (model, provenance) = model::load(&directory.model_of_seed(&point.name, seed))?;
    let bytes = model::to_bytes(&model, &provenance).map_err(DirectoryError::from)?;
    directory.write(&format!("{BEST}/{MODEL}"), &bytes)?;
    let test = reconstruction_error(&model, compute, &model.samples(data.test())?)?;
    Ok(Some(BestModel { point: point.name.clone(), seed, validation, test }))
}

/// Draws what there is to draw, and the report.
fn conclude(summary: &SweepSummary, directory: &RunDirectory) -> Result<(), RunError> {
    let chart = summary.has_curve().then(|| report::elbow_chart(summary));
    let coordinates = coordinates(summary);
    for (name, svg) in [("elbow", &chart), ("points", &coordinates)] {
        if let Some(svg) = svg {
            directory.write(&format!("figures/{name}.svg"), svg.as_bytes())?;
            directory.write(&format!("figures/{name}.png"), &rasterised(svg).map_err(DrawError::Raster)?)?;
        }
    }
    Ok(directory.write_report(&report::page(summary, chart, coordinates).html())?)
}

fn write(summary: &SweepSummary, directory: &RunDirectory) -> Result<(), RunError> {
    let json = serde_json::to_string_pretty(summary).expect("plain data is JSON");
    directory.write(SWEEP, format!("{json}\n").as_bytes())?;
    Ok(directory.write(SWEEP_TABLE, summary.csv().as_bytes())?)
}
