//! Running an experiment: train every model, evaluate, draw, write.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use super::directory::Existing;
use super::estimate::{Estimate, Estimated, Planned, Sharing, work};
use super::figures::{self, DrawError, draw};
use super::live::live_parts;
use super::measure::{codes_of_pairs, measure};
use super::page::page;
use super::quality::{OfSeed, measure_interpolations};
use super::snapshots::Snapshots;
use super::summary::{DataSummary, EpochSummary};
use super::{
    DirectoryError, Experiment, ExperimentError, Machine, ModelSettings, ModelSummary, ModelWithoutEpoch,
    PcaSummary, RunDirectory, Summary,
};
use crate::compute::{Compute, Level};
use crate::dataset::load::{LoadError, Loaded, load};
use crate::dataset::{NormalisationError, Parts, RowNameError};
use crate::evaluate::{ReconstructionError, reconstruction_error};
use crate::export::judge::TrainedOn;
use crate::export::safetensors::Provenance;
use crate::interpolate::judge::{Judge, JudgeError};
use crate::interpolate::quality::QualityError;
use crate::model::{Autoencoder, InputSpec, MismatchError};
use crate::pca::{Pca, PcaError};
use crate::report::live::Snapshot;
use crate::train::{EpochReport, Event, Outcome, Training, TrainingError, train};

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
    /// A model's training says something.
    Training {
        /// Which model.
        model: usize,
        /// What.
        event: &'a Event,
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
        event: &'a Event,
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
    Data(#[from] LoadError),
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
    let Loaded { parts, notes, split } = loaded;
    let data = &parts;
    experiment.validate_on(data.schema().features())?;
    if let Some(interpolation) = &experiment.interpolation {
        for pair in &interpolation.pairs {
            pair.from.find(data)?;
            pair.to.find(data)?;
        }
    }
    let input = InputSpec::fit(experiment.normalisation, data.train())?;
    // Last of what a user may have wrong: a mistake costs no earlier run and leaves no folder.
    let directory = RunDirectory::create(out, experiment, options.existing)?;
    if let Some(split) = &split {
        directory.write_split(split)?;
    }

    let (workers, threads_each, schedule) = share_out(experiment.models.len(), options.threads.get());
    // Stopping is remembered at the first break, by whomever it was said to.
    let stopped =
        AtomicBool::new(observe(RunEvent::Started { schedule: &schedule, data: &notes }).is_break());
    let sharing = Sharing { workers, threads_each: threads_each.get() };
    let work = Work {
        experiment,
        estimate: Estimate::new(
            experiment,
            planned(experiment, data.schema().features()),
            sharing,
            start.elapsed(),
        ),
        directory: &directory,
        data,
        input,
        pca: OnceLock::new(),
        stopped: &stopped,
        observe,
    };
    let results = work.run(workers, || Compute::at(options.level, threads_each))?;

    let (mut summaries, mut models, mut models_without_epoch) = (Vec::new(), Vec::new(), Vec::new());
    let mut snapshots = Vec::new();
    for (settings, result) in experiment.models.iter().zip(results.models) {
        match result {
            Some(ModelResult::Trained(summary, model, taken)) => {
                summaries.push(*summary);
                models.push(model);
                snapshots.push(taken);
            }
            Some(ModelResult::WithoutEpoch(why)) => models_without_epoch.push(why),
            None => {
                let (name, outcome) = (settings.name.clone(), "not begun".to_owned());
                models_without_epoch.push(ModelWithoutEpoch { name, outcome });
            }
        }
    }
    if let Some(pca) = &results.pca {
        for summary in summaries.iter_mut().filter(|s| s.architecture.is_linear()) {
            if summary.architecture.latent() == pca.components {
                summary.excess_over_exact_pca = Some(summary.train.model_scale / pca.train.model_scale - 1.0);
            }
        }
    }
    let mut summary = Summary {
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
        exact_pca: results.pca,
        models: summaries,
        models_without_epoch,
        codes: Vec::new(),
        interpolation_quality: None,
        seconds: start.elapsed().as_secs_f64(),
    };
    directory.write_summary(&summary)?;

    let pca = work.pca.get().and_then(|fitted| fitted.as_ref().ok()).map(|(pca, _)| pca);
    let mut compute = Compute::at(options.level, options.threads);
    summary.codes = codes_of_pairs(experiment, (&summary.models, &models), data, &mut compute)?;
    directory.write_summary(&summary)?;
    for (place, model) in models.iter().enumerate() {
        let name = &summary.models[place].name;
        let index = experiment.models.iter().position(|settings| settings.name == *name);
        let index = index.expect("every trained model is one of the experiment's");
        if work.going_on().is_break() || work.say(RunEvent::Measuring { model: index }).is_break() {
            break;
        }
        measure(&mut summary.models[place], model, data, pca, &mut compute);
        directory.write_summary(&summary)?;
        for why in &summary.models[place].not_measured {
            let _ = work.say(RunEvent::NotMeasured { model: index, why });
        }
    }
    let measured = experiment.interpolation.as_ref().is_some_and(|interpolation| interpolation.measure);
    let mut judged_by = None;
    if measured && !models.is_empty() && !stopped.load(Ordering::Relaxed) {
        // Said again and again, so that a run can be stopped while the judge learns.
        let measuring = || work.say(RunEvent::MeasuringInterpolations);
        match Judge::train(data, &mut compute, &mut { measuring }) {
            Err(JudgeError::Stopped) => {}
            judge => {
                let judge = judge?;
                let hash = Some(data.train().content_hash().to_owned());
                directory.write_judge(&judge, &TrainedOn { name: summary.data.name.clone(), hash })?;
                let trained = (&summary.models[..], &models[..]);
                let quality = measure_interpolations(
                    &mut compute,
                    &judge,
                    data,
                    experiment,
                    trained,
                    &results.of_seeds,
                )?;
                summary.interpolation_quality = Some(quality);
                judged_by = Some(judge);
                directory.write_summary(&summary)?;
            }
        }
    }

    let stopped = work.going_on().is_break() || observe(RunEvent::Drawing).is_break();
    let reported = !stopped && !models.is_empty();
    if reported {
        let figures = draw(&summary, &models, data, pca, &mut compute)?;
        figures::write(&figures, &directory, options.threads)?;
        let other = directory.compared_with(experiment);
        summary.seconds = start.elapsed().as_secs_f64();
        directory.write_summary(&summary)?;
        let mut page = page(&summary, other.as_ref(), &figures);
        page.live = Some(live_parts(&summary, &models, &snapshots, judged_by.as_ref(), data, &mut compute)?);
        directory.write_report(&page.html())?;
    }
    Ok(Completed { summary, directory, stopped, reported })
}

/// Workers, threads of each, and the same in a sentence. A model on one core trains its share of the time a model on
/// all cores would, without waiting for other cores; so models stand side by side as long as there are enough.
fn share_out(models: usize, threads: usize) -> (usize, NonZeroUsize, String) {
    let workers = models.min(threads).max(1);
    let each = NonZeroUsize::new(threads / workers).unwrap_or(NonZeroUsize::MIN);
    let plural = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    let at_a_time = plural(workers, "model");
    (workers, each, format!("{at_a_time} at a time, on {} each", plural(each.get(), "thread")))
}

/// All trainings of an experiment, those for the verdict among them.
fn planned(experiment: &Experiment, inputs: usize) -> Vec<Planned> {
    let model = |(index, settings): (usize, &ModelSettings)| {
        let training = experiment.training(settings)?;
        let parameters = experiment.architecture(settings, inputs).parameter_count();
        let epochs = training.epochs as f64;
        let planned = Planned { parameters: work(parameters, inputs), epochs };
        Some(vec![planned; experiment.seeds_of(index)])
    };
    experiment.models.iter().enumerate().filter_map(model).flatten().collect()
}

/// What every worker knows.
struct Work<'a> {
    experiment: &'a Experiment,
    estimate: Estimate,
    directory: &'a RunDirectory,
    data: &'a Parts,
    input: InputSpec,
    /// The decomposition of the training set and the seconds it took, once somebody has asked for it.
    pca: OnceLock<Result<(Pca, f64), PcaError>>,
    stopped: &'a AtomicBool,
    observe: &'a (dyn Fn(RunEvent<'_>) -> ControlFlow<()> + Sync),
}

/// What the workers found.
#[derive(Default)]
struct Results {
    pca: Option<PcaSummary>,
    /// In the experiment's order; none where a model was not begun.
    models: Vec<Option<ModelResult>>,
    of_seeds: Vec<OfSeed>,
}

enum ModelResult {
    Trained(Box<ModelSummary>, Autoencoder, Vec<Snapshot>),
    WithoutEpoch(ModelWithoutEpoch),
}

#[derive(Clone, Copy)]
enum Job {
    Pca,
    Model(usize),
    /// The same with another seed.
    OfSeed(usize, u64),
}

/// What a job gives.
enum Done {
    Pca(Option<PcaSummary>),
    Model(usize, ModelResult),
    OfSeed(Option<OfSeed>),
}

impl Work<'_> {
    /// Does all jobs, the longest first, on so many workers.
    fn run(&self, workers: usize, compute: impl Fn() -> Compute + Sync) -> Result<Results, RunError> {
        let mut jobs: Vec<Job> = (0..self.experiment.models.len()).map(Job::Model).collect();
        jobs.extend(self.other_seeds());
        jobs.sort_by_key(|job| self.cost(*job));
        jobs.insert(0, Job::Pca);
        let models = self.experiment.models.iter().map(|_| None).collect();
        let results = Results { models, ..Results::default() };
        let state = Mutex::new((jobs, Ok(results)));
        let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    let mut compute = compute();
                    loop {
                        let job = match &mut *lock() {
                            (jobs, Ok(_)) => jobs.pop(),
                            _ => None,
                        };
                        let Some(job) = job else { break };
                        if self.stopped.load(Ordering::Relaxed) {
                            break;
                        }
                        let result = self.job(job, &mut compute);
                        let results = &mut lock().1;
                        match (result, results) {
                            (Ok(Done::Pca(pca)), Ok(results)) => results.pca = pca,
                            (Ok(Done::Model(index, model)), Ok(results)) => {
                                results.models[index] = Some(model)
                            }
                            (Ok(Done::OfSeed(model)), Ok(results)) => results.of_seeds.extend(model),
                            (Err(error), results @ Ok(_)) => *results = Err(error),
                            (_, Err(_)) => {}
                        }
                    }
                });
            }
        });
        state.into_inner().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Parameters times epochs: enough to begin with what takes longest.
    fn cost(&self, job: Job) -> usize {
        match job {
            Job::Pca => 0,
            Job::Model(index) | Job::OfSeed(index, _) => {
                let settings = &self.experiment.models[index];
                let architecture = self.experiment.architecture(settings, self.data.schema().features());
                let epochs = self.experiment.training(settings).map_or(0, |training| training.epochs);
                architecture.parameter_count().saturating_mul(epochs)
            }
        }
    }

    fn job(&self, job: Job, compute: &mut Compute) -> Result<Done, RunError> {
        Ok(match job {
            Job::Pca => Done::Pca(self.exact_pca(compute)?),
            Job::Model(index) => {
                let settings = &self.experiment.models[index];
                Done::Model(
                    index,
                    match self.experiment.training(settings) {
                        Some(training) => self.train(index, training, compute)?,
                        None => self.compute_exactly(index, compute)?,
                    },
                )
            }
            Job::OfSeed(index, seed) => Done::OfSeed(self.train_with_seed(index, seed, compute)?),
        })
    }

    /// The two models that the verdict compares, with the seeds after the experiment's.
    fn other_seeds(&self) -> Vec<Job> {
        let Some(places) = self.experiment.compared() else { return Vec::new() };
        let seeds = self.experiment.interpolation.as_ref().map_or(1, |interpolation| interpolation.seeds);
        let later = (1..seeds).map(|later| self.experiment.seed + later);
        later.flat_map(|seed| places.map(|index| Job::OfSeed(index, seed))).collect()
    }

    /// Trains and writes a model with another seed, for the verdict; nothing if it was stopped or diverged.
    fn train_with_seed(
        &self,
        index: usize,
        seed: u64,
        compute: &mut Compute,
    ) -> Result<Option<OfSeed>, RunError> {
        let settings: &ModelSettings = &self.experiment.models[index];
        let architecture = self.experiment.architecture(settings, self.data.schema().features());
        // Nothing in exact PCA is drawn by a seed: the one model serves them all.
        let Some(training) = self.experiment.training(settings) else { return Ok(None) };
        let training = Training { seed, ..training };
        let samples = self.input.samples(self.data.train())?;
        let mut observe = |event: &Event| self.say(RunEvent::OtherSeed { model: index, seed, event });
        let trained = train(&architecture, &training, &samples, None, compute, &mut observe)
            .map_err(|source| RunError::Training { model: settings.name.clone(), source })?;
        if trained.outcome != Outcome::Finished {
            return Ok(None);
        }
        let provenance = Provenance {
            name: settings.name.clone(),
            data: self.experiment.data.name(),
            source: Some(self.experiment.data.clone()),
            data_hash: Some(self.data.train().content_hash().to_owned()),
            training: Some(training),
            epochs: trained.history.len(),
            training_loss: trained.history.last().map(|last| last.training_loss),
            narrows: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let autoencoder =
            Autoencoder { architecture, parameters: trained.parameters, input: self.input.clone() };
        self.directory.write_model_of_seed(&autoencoder, &provenance, seed)?;
        Ok(Some(OfSeed { model: index, seed, autoencoder }))
    }

    /// Exact PCA with as many components as the linear models of the experiment have.
    fn exact_pca(&self, compute: &mut Compute) -> Result<Option<PcaSummary>, RunError> {
        let features = self.data.schema().features();
        let architectures =
            self.experiment.models.iter().map(|model| self.experiment.architecture(model, features));
        let linear = architectures.into_iter().find(|architecture| architecture.is_linear());
        let Some(components) = linear.map(|architecture| architecture.latent()).filter(|&k| k <= features)
        else {
            return Ok(None);
        };
        let (pca, seconds) = self.pca(compute)?;
        let model = pca.autoencoder(components, self.input.clone());
        let [train, test] = self.errors(&model, compute)?;
        let explained_variance_ratio = pca.explained_variance_ratio(components);
        Ok(Some(PcaSummary { components, train, test, explained_variance_ratio, seconds: *seconds }))
    }

    /// The decomposition of the training set, which all that want it share, and the seconds it took.
    fn pca(&self, compute: &mut Compute) -> Result<&(Pca, f64), RunError> {
        let samples = self.input.samples(self.data.train())?;
        let fit = || {
            let start = Instant::now();
            let pca = Pca::fit(compute, &samples)?;
            Ok((pca, start.elapsed().as_secs_f64()))
        };
        self.pca.get_or_init(fit).as_ref().map_err(|&error| RunError::Pca(error))
    }

    /// Exact PCA as one of the models: computes, evaluates and writes it.
    fn compute_exactly(&self, index: usize, compute: &mut Compute) -> Result<ModelResult, RunError> {
        let settings = &self.experiment.models[index];
        let (pca, seconds) = self.pca(compute)?;
        let architecture = self.experiment.architecture(settings, self.data.schema().features());
        let model = pca.autoencoder(architecture.latent(), self.input.clone());
        let provenance = Provenance {
            name: settings.name.clone(),
            data: self.experiment.data.name(),
            source: Some(self.experiment.data.clone()),
            data_hash: Some(self.data.train().content_hash().to_owned()),
            training: None,
            epochs: 0,
            training_loss: None,
            narrows: env!("CARGO_PKG_VERSION").to_owned(),
        };
        self.directory.write_model(&model, &provenance, &[])?;
        let [train, test] = self.errors(&model, compute)?;
        let summary = ModelSummary {
            name: settings.name.clone(),
            description: architecture.to_string(),
            parameters: architecture.parameter_count(),
            architecture,
            training: None,
            epochs: 0,
            outcome: "finished".to_owned(),
            training_loss: None,
            train,
            test,
            published: settings.published.clone(),
            excess_over_exact_pca: None,
            certificate: None,
            latent: None,
            not_measured: Vec::new(),
            seconds: *seconds,
            seconds_per_epoch: None,
            history: Vec::new(),
        };
        let _ = self.say(RunEvent::Trained { model: index, summary: &summary });
        Ok(ModelResult::Trained(Box::new(summary), model, Vec::new()))
    }

    /// Trains, evaluates and writes one model.
    fn train(
        &self,
        index: usize,
        training: Training,
        compute: &mut Compute,
    ) -> Result<ModelResult, RunError> {
        let settings: &ModelSettings = &self.experiment.models[index];
        let architecture = self.experiment.architecture(settings, self.data.schema().features());
        let (samples, test) = (self.input.samples(self.data.train())?, self.input.samples(self.data.test())?);
        let mut snapshots =
            Snapshots::new(&architecture, &self.input, self.data, training.epochs, compute.level)?;
        let mut observe = |event: &Event| {
            if let Event::Parameters { epoch, parameters } = event {
                snapshots.see(*epoch, parameters);
            }
            self.say(RunEvent::Training { model: index, event })
        };
        let trained = train(&architecture, &training, &samples, Some(&test), compute, &mut observe)
            .map_err(|source| RunError::Training { model: settings.name.clone(), source })?;
        let outcome = match trained.outcome {
            Outcome::Finished => "finished".to_owned(),
            Outcome::Stopped => "stopped".to_owned(),
            Outcome::Diverged { epoch, step } => format!("diverged in step {step} of epoch {epoch}"),
        };
        let provenance = Provenance {
            name: settings.name.clone(),
            data: self.experiment.data.name(),
            source: Some(self.experiment.data.clone()),
            data_hash: Some(self.data.train().content_hash().to_owned()),
            training: Some(training.clone()),
            epochs: trained.history.len(),
            training_loss: trained.history.last().map(|last| last.training_loss),
            narrows: env!("CARGO_PKG_VERSION").to_owned(),
        };
        snapshots.end(trained.history.len(), &trained.parameters);
        let Snapshots { rows, taken: snapshots, .. } = snapshots;
        let duration = trained.duration();
        let model = Autoencoder { architecture, parameters: trained.parameters, input: self.input.clone() };
        if trained.outcome != Outcome::Stopped || !trained.history.is_empty() {
            self.directory.write_model(&model, &provenance, &trained.history)?;
            self.directory.write_snapshots(&settings.name, &rows, &snapshots)?;
        }
        let Some(last) = trained.history.last() else {
            let why = ModelWithoutEpoch { name: settings.name.clone(), outcome };
            let _ = self.say(RunEvent::WithoutEpoch { model: index, why: &why });
            return Ok(ModelResult::WithoutEpoch(why));
        };

        let seconds = duration.as_secs_f64();
        let mut epoch_seconds: Vec<f64> =
            trained.history.iter().map(|epoch| epoch.duration.as_secs_f64()).collect();
        epoch_seconds.sort_by(f64::total_cmp);
        let [train_error, test_error] = self.errors(&model, compute)?;
        let summary = ModelSummary {
            name: settings.name.clone(),
            description: model.architecture.to_string(),
            parameters: model.architecture.parameter_count(),
            architecture: model.architecture.clone(),
            training: Some(training),
            epochs: trained.history.len(),
            outcome,
            training_loss: Some(last.training_loss),
            train: train_error,
            test: test_error,
            published: settings.published.clone(),
            excess_over_exact_pca: None,
            certificate: None,
            latent: None,
            not_measured: Vec::new(),
            seconds,
            seconds_per_epoch: Some(epoch_seconds[epoch_seconds.len() / 2]),
            history: trained.history.iter().map(EpochSummary::from).collect(),
        };
        let _ = self.say(RunEvent::Trained { model: index, summary: &summary });
        Ok(ModelResult::Trained(Box::new(summary), model, snapshots))
    }

    /// Tells the observer, and remembers if it wants to stop.
    fn say(&self, event: RunEvent<'_>) -> ControlFlow<()> {
        let estimated = self.estimated(&event);
        for event in std::iter::once(event).chain(estimated.map(RunEvent::Estimated)) {
            if (self.observe)(event).is_break() {
                self.stopped.store(true, Ordering::Relaxed);
            }
        }
        self.going_on()
    }

    /// How long the run will take, if this event is the one that tells.
    fn estimated(&self, event: &RunEvent<'_>) -> Option<Estimated> {
        let (RunEvent::Training { model, event } | RunEvent::OtherSeed { model, event, .. }) = event else {
            return None;
        };
        let Event::Epoch(EpochReport { epoch: 1, duration, .. }) = event else { return None };
        let inputs = self.data.schema().features();
        let architecture = self.experiment.architecture(&self.experiment.models[*model], inputs);
        self.estimate.first_epoch(work(architecture.parameter_count(), inputs), *duration)
    }

    fn going_on(&self) -> ControlFlow<()> {
        match self.stopped.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    fn errors(
        &self,
        model: &Autoencoder,
        compute: &mut Compute,
    ) -> Result<[ReconstructionError; 2], MismatchError> {
        let mut error = |part| reconstruction_error(model, compute, &self.input.samples(part)?);
        Ok([error(self.data.train())?, error(self.data.test())?])
    }
}
