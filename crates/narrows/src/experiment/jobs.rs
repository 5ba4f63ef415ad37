//! What a run has to do, and the workers that share it out.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::estimate::{Estimate, Estimated, Planned, work};
use super::quality::OfSeed;
use super::run::{RunError, RunEvent};
use super::{Experiment, ModelSettings, ModelSummary, ModelWithoutEpoch, PcaSummary, RunDirectory};
use crate::compute::Compute;
use crate::dataset::Parts;
use crate::model::{Autoencoder, InputSpec};
use crate::pca::{Pca, PcaError};
use crate::report::live::Snapshot;
use crate::train::{EpochReport, Event};

/// What every worker knows.
pub(super) struct Work<'a> {
    pub experiment: &'a Experiment,
    pub estimate: Estimate,
    pub directory: &'a RunDirectory,
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
    pub fn run(&self, workers: usize, compute: impl Fn() -> Compute + Sync) -> Result<Results, RunError> {
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
}

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
