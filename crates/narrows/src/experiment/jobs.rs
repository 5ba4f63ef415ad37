//! What a run has to do.

use std::ops::ControlFlow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::checkpoints::CheckpointEvery;
use super::estimate::{Estimate, Estimated, Planned, work};
use super::quality::OfSeed;
use super::resume::Resumed;
use super::run::{RunError, RunEvent};
use super::workers::share_out;
use super::{Experiment, ModelSettings, ModelSummary, ModelWithoutEpoch, PcaSummary, RunDirectory, Summary};
use crate::compute::{Compute, ThreadsError};
use crate::dataset::Parts;
use crate::model::{Autoencoder, InputSpec, Parameters};
use crate::pca::{Pca, PcaError};
use crate::report::live::Snapshot;
use crate::train::{EpochReport, Event};

/// What every worker knows.
pub(super) struct Work<'a> {
    pub experiment: &'a Experiment,
    pub estimate: Estimate,
    pub directory: &'a RunDirectory,
    /// What an earlier run has left.
    pub resumed: Resumed,
    pub checkpoints: CheckpointEvery,
    /// What each model begins with, where that is not drawn.
    pub beginnings: Vec<Option<Parameters>>,
    /// The summary of a run in which no model is finished.
    pub begun: Summary,
    pub start: Instant,
    pub data: &'a Parts,
    pub input: InputSpec,
    /// The decomposition of the training set and the seconds it took, once somebody has asked for it.
    pub pca: OnceLock<Result<(Pca, f64), PcaError>>,
    pub stopped: AtomicBool,
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
        let mut results = Results { models, ..Results::default() };
        let job = |job, compute: &mut Compute| match self.going_on() {
            ControlFlow::Continue(()) => self.job(job, compute).map(Some),
            ControlFlow::Break(()) => Ok(None),
        };
        share_out(jobs, workers, compute, job, |done| self.take(done, &mut results))?;
        Ok(results)
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
        self.directory.write_summary(&Summary { models, seconds, ..self.begun.clone() })?;
        if is_whole {
            self.directory.remove_checkpoints(name, None)?;
        }
        Ok(())
    }

    /// Parameters times epochs: enough to begin with what takes longest.
    fn cost(&self, job: Job) -> usize {
        match job {
            Job::Pca => 0,
            Job::Model(index) | Job::OfSeed(index, _) => self.cost_of(index),
        }
    }

    /// The same of one training of a model.
    pub fn cost_of(&self, index: usize) -> usize {
        let settings = &self.experiment.models[index];
        let architecture = self.experiment.architecture(settings, self.data.schema().features());
        let epochs = self.experiment.training(settings).map_or(0, |training| training.epochs);
        architecture.parameter_count().saturating_mul(epochs)
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

    /// Tells the observer, and remembers if it wants to stop.
    pub fn say(&self, event: RunEvent<'_>) -> ControlFlow<()> {
        let estimated = self.estimated(&event);
        for event in std::iter::once(event).chain(estimated.map(RunEvent::Estimated)) {
            if (self.observe)(event).is_break() {
                self.stop();
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

    /// Stops: what is under way is written down, nothing more is begun.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub fn going_on(&self) -> ControlFlow<()> {
        match self.stopped.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

/// All trainings of an experiment, those for the verdict among them.
pub(super) fn planned(experiment: &Experiment, inputs: usize) -> Vec<Planned> {
    planned_with(experiment, inputs, |model| experiment.seeds_of(model))
}

/// All trainings of an experiment, with so many seeds for the model of a place.
pub(super) fn planned_with(
    experiment: &Experiment,
    inputs: usize,
    seeds: impl Fn(usize) -> usize,
) -> Vec<Planned> {
    let model = |(index, settings): (usize, &ModelSettings)| {
        let training = experiment.training(settings)?;
        let parameters = experiment.architecture(settings, inputs).parameter_count();
        let epochs = training.epochs as f64;
        let planned = Planned { parameters: work(parameters, inputs), epochs };
        Some(vec![planned; seeds(index)])
    };
    experiment.models.iter().enumerate().filter_map(model).flatten().collect()
}
