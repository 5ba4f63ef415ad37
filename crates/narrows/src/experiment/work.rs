//! The jobs of a run: exact PCA, every model, and the models that the verdict compares with other seeds; on several threads, the
//! longest first. What is finished is on disk before anything else begins.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use super::checkpoints::{CheckpointEvery, Checkpoints};
use super::estimate::{Estimate, Estimated, Planned, work};
use super::quality::OfSeed;
use super::resume::{Resumed, snapshots as taken_before};
use super::snapshots::Snapshots;
use super::summary::{EpochSummary, STOPPED};
use super::{
    Experiment, ModelSettings, ModelSummary, ModelWithoutEpoch, PcaSummary, RunDirectory, RunError, RunEvent,
    Summary,
};
use crate::compute::{Compute, ThreadsError};
use crate::dataset::Parts;
use crate::evaluate::{ReconstructionError, reconstruction_error};
use crate::files::checkpoint::Checkpoint;
use crate::files::model::Provenance;
use crate::model::{Autoencoder, InputSpec, MismatchError};
use crate::pca::{Pca, PcaError};
use crate::report::live::Snapshot;
use crate::train::{EpochReport, Event, Outcome, Trained, Trainer, Training, Watch};

/// All trainings of an experiment, those for the verdict among them.
pub(super) fn planned(experiment: &Experiment, inputs: usize) -> Vec<Planned> {
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
pub(super) struct Work<'a> {
    pub experiment: &'a Experiment,
    pub estimate: Estimate,
    pub directory: &'a RunDirectory,
    pub resumed: &'a Resumed,
    pub checkpoints: CheckpointEvery,
    /// The summary before any model is finished.
    pub unfinished: Summary,
    pub start: Instant,
    pub data: &'a Parts,
    pub input: InputSpec,
    /// The decomposition of the training set and the seconds it took, once somebody has asked for it.
    pub pca: OnceLock<Result<(Pca, f64), PcaError>>,
    pub stopped: &'a AtomicBool,
    pub observe: &'a (dyn Fn(RunEvent<'_>) -> ControlFlow<()> + Sync),
}

/// What the workers found.
#[derive(Default)]
pub(super) struct Results {
    pub pca: Option<PcaSummary>,
    /// In the experiment's order; none where a model was not begun.
    pub models: Vec<Option<ModelResult>>,
    pub of_seeds: Vec<OfSeed>,
}

pub(super) enum ModelResult {
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
    pub fn run(
        &self,
        workers: usize,
        compute: impl Fn() -> Result<Compute, ThreadsError> + Sync,
    ) -> Result<Results, RunError> {
        let mut jobs: Vec<Job> = (0..self.experiment.models.len()).map(Job::Model).collect();
        jobs.extend(self.other_seeds());
        jobs.sort_by_key(|job| self.cost(*job));
        jobs.insert(0, Job::Pca);
        let models = self.experiment.models.iter().map(|_| None).collect();
        let results = Results { models, ..Results::default() };
        let state = Mutex::new((jobs, Ok(results)));
        let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = |error: ThreadsError| lock().1 = Err(error.into());
        std::thread::scope(|scope| {
            for _ in 0..workers {
                let started = std::thread::Builder::new().spawn_scoped(scope, || {
                    let mut compute = match compute() {
                        Ok(compute) => compute,
                        Err(error) => return refused(error),
                    };
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
                        if let Ok(found) = results
                            && let Err(error) = result.and_then(|done| self.take(done, found))
                        {
                            *results = Err(error);
                        }
                    }
                });
                if let Err(source) = started {
                    refused(ThreadsError { threads: workers, source });
                }
            }
        });
        state.into_inner().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Puts what a job gave to the results.
    fn take(&self, done: Done, results: &mut Results) -> Result<(), RunError> {
        match done {
            Done::Pca(pca) => results.pca = pca,
            Done::OfSeed(model) => results.of_seeds.extend(model),
            Done::Model(index, model) => {
                results.models[index] = Some(model);
                self.record(results, index)?;
            }
        }
        Ok(())
    }

    /// Writes the summary with the models that are finished; then nothing needs to go on with this one any more.
    fn record(&self, results: &Results, finished: usize) -> Result<(), RunError> {
        let models = results.models.iter().flatten().filter_map(|result| match result {
            ModelResult::Trained(summary, ..) => Some((**summary).clone()),
            ModelResult::WithoutEpoch(_) => None,
        });
        let models: Vec<ModelSummary> = models.collect();
        let name = &self.experiment.models[finished].name;
        let is_whole = models.iter().any(|model| model.name == *name && !model.was_stopped());
        let seconds = self.start.elapsed().as_secs_f64();
        self.directory.write_summary(&Summary { models, seconds, ..self.unfinished.clone() })?;
        if is_whole {
            self.directory.remove_checkpoints(name, None)?;
        }
        Ok(())
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
                let finished = self.resumed.finished(self.directory, &settings.name, self.data)?;
                let result = match (finished, self.experiment.training(settings)) {
                    (Some((summary, model, snapshots)), _) => {
                        let _ = self.say(RunEvent::Kept { model: index });
                        ModelResult::Trained(Box::new(summary), model, snapshots)
                    }
                    (None, Some(training)) => self.train(index, training, compute)?,
                    (None, None) => self.compute_exactly(index, compute)?,
                };
                Done::Model(index, result)
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
        if let Some(autoencoder) =
            self.resumed.of_seed(self.directory, &settings.name, &training, self.data)?
        {
            return Ok(Some(OfSeed { model: index, seed, autoencoder }));
        }
        let mut observe = |event: &Event<'_>| self.say(RunEvent::OtherSeed { model: index, seed, event });
        let trained = self.go_on(index, Some(seed), &training, None, compute, &mut observe)?;
        if !matches!(trained.outcome, Outcome::Finished | Outcome::StoppedEarly) {
            return Ok(None);
        }
        let provenance = Provenance {
            name: settings.name.clone(),
            data: self.experiment.data.name(),
            source: Some(self.experiment.data.clone()),
            data_hash: Some(self.data.train().content_hash().to_owned()),
            training: Some(training),
            epochs: trained.epochs(),
            training_loss: trained.history.last().map(|last| last.training_loss),
            narrows: env!("CARGO_PKG_VERSION").to_owned(),
            ..Provenance::default()
        };
        let autoencoder =
            Autoencoder { architecture, parameters: trained.parameters, input: self.input.clone() };
        self.directory.write_model_of_seed(&autoencoder, &provenance, seed)?;
        self.directory.remove_checkpoints(&settings.name, Some(seed))?;
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
        self.pca.get_or_init(fit).as_ref().map_err(|error| RunError::Pca(error.clone()))
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
            ..Provenance::default()
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
        let mut snapshots =
            Snapshots::new(&architecture, &self.input, self.data, training.epochs, compute.level)?;
        let mut observe = |event: &Event<'_>| self.say(RunEvent::Training { model: index, event });
        let trained = self.go_on(index, None, &training, Some(&mut snapshots), compute, &mut observe)?;
        let outcome = match trained.outcome {
            Outcome::Finished => "finished".to_owned(),
            Outcome::StoppedEarly => "stopped early".to_owned(),
            Outcome::Stopped => STOPPED.to_owned(),
            Outcome::Diverged { epoch, step } => format!("diverged in step {step} of epoch {epoch}"),
        };
        let provenance = Provenance {
            name: settings.name.clone(),
            data: self.experiment.data.name(),
            source: Some(self.experiment.data.clone()),
            data_hash: Some(self.data.train().content_hash().to_owned()),
            training: Some(training.clone()),
            epochs: trained.epochs(),
            training_loss: trained.history.last().map(|last| last.training_loss),
            narrows: env!("CARGO_PKG_VERSION").to_owned(),
            ..Provenance::default()
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
            seconds,
            seconds_per_epoch: Some(epoch_seconds[epoch_seconds.len() / 2]),
            history: trained.history.iter().map(EpochSummary::from).collect(),
        };
        let _ = self.say(RunEvent::Trained { model: index, summary: &summary });
        Ok(ModelResult::Trained(Box::new(summary), model, snapshots))
    }

    /// Trains a model, or goes on where it was left, writing checkpoints; if it is stopped, the last of them is of where it
    /// stands.
    fn go_on(
        &self,
        index: usize,
        seed: Option<u64>,
        training: &Training,
        mut snapshots: Option<&mut Snapshots<'_>>,
        compute: &mut Compute,
        observe: &mut dyn FnMut(&Event<'_>) -> ControlFlow<()>,
    ) -> Result<Trained, RunError> {
        let name = &self.experiment.models[index].name;
        let failed = |source| RunError::Training { model: name.clone(), source };
        let architecture =
            self.experiment.architecture(&self.experiment.models[index], self.data.schema().features());
        let samples = self.input.samples(self.data.train())?;
        let validation = self.data.validation().map(|data| self.input.samples(data)).transpose()?;
        let test = self.input.samples(self.data.test())?;
        let watch = Watch { validation: validation.as_ref(), test: Some(&test).filter(|_| seed.is_none()) };
        watch.check(&architecture, training).map_err(failed)?;
        let mut trainer = Trainer::new(&architecture, training, &samples).map_err(failed)?;
        let of = (&architecture, training);
        if let Some(checkpoint) = self.resumed.checkpoint(self.directory, name, seed, of, self.data)? {
            let epoch = checkpoint.state.position.epoch;
            trainer = trainer.restore(checkpoint.state).map_err(failed)?;
            if let Some(snapshots) = snapshots.as_deref_mut() {
                snapshots.go_on(taken_before(self.directory, name, self.data)?, epoch);
            }
            if seed.is_none() {
                let _ = self.say(RunEvent::Resumed { model: index, epoch });
            }
        }
        let mut checkpoints = Checkpoints::new(self.checkpoints);
        loop {
            if let Some(outcome) = trainer.outcome() {
                return Ok(trainer.end(outcome));
            }
            let mut see = |event: &Event<'_>| {
                if let (Event::Parameters { epoch, parameters }, Some(snapshots)) =
                    (event, snapshots.as_deref_mut())
                {
                    snapshots.see(*epoch, parameters);
                }
                let told = observe(event);
                let overdue = matches!(event, Event::Batch { .. }) && checkpoints.overdue();
                if overdue { ControlFlow::Break(()) } else { told }
            };
            let ended = trainer.epoch(watch, compute, &mut see).map_err(failed)?;
            let asked_to_stop = self.going_on().is_break();
            let stands = trainer.position();
            let due = match ended {
                Some(Outcome::Stopped) => true,
                Some(_) => false,
                None => checkpoints.due_after(stands.epoch),
            };
            if due && (stands.epoch, stands.step) != (0, 0) {
                checkpoints.write(|| {
                    if let Some(snapshots) = snapshots.as_deref() {
                        self.directory.write_snapshots(name, &snapshots.rows, &snapshots.taken)?;
                    }
                    let (architecture, training) = (architecture.clone(), training.clone());
                    let data_hash = self.data.train().content_hash().to_owned();
                    let checkpoint = Checkpoint { architecture, training, data_hash, state: trainer.state() };
                    self.directory.write_checkpoint(name, seed, &checkpoint)
                })?;
            }
            match ended {
                // It stopped for a checkpoint alone.
                Some(Outcome::Stopped) if !asked_to_stop => {}
                Some(outcome) => return Ok(trainer.end(outcome)),
                None => {}
            }
        }
    }

    /// Tells the observer, and remembers if it wants to stop.
    pub fn say(&self, event: RunEvent<'_>) -> ControlFlow<()> {
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

    pub fn going_on(&self) -> ControlFlow<()> {
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
