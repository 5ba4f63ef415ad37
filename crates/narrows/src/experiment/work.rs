//! What every worker of a run or a sweep knows: how it is prepared, and how jobs are shared out.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::checkpoints::CheckpointEvery;
use super::directory::Existing;
use super::estimate::{Estimate, Estimated, Planned, Sharing, Size, work};
use super::lock::RunLock;
use super::resume::Resumed;
use super::summary::DataSummary;
use super::sweep::shares;
use super::workers::share_out;
use super::{Experiment, Machine, ModelSettings, RunDirectory, RunError, RunEvent, Summary};
use crate::compute::{Compute, Level};
use crate::dataset::Parts;
use crate::dataset::load::Loaded;
use crate::files;
use crate::model::{InputSpec, Parameters};
use crate::pca::{Pca, PcaError};
use crate::train::{EpochReport, Event, Watch};

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

/// What every worker knows.
pub(super) struct Work<'a> {
    /// Its models are what is trained: of a sweep, all points.
    pub experiment: &'a Experiment,
    pub options: &'a RunOptions,
    pub directory: RunDirectory,
    _lock: RunLock,
    /// What an earlier run has left.
    pub resumed: Resumed,
    /// What each model begins with, where that is not drawn.
    pub beginnings: Vec<Option<Parameters>>,
    /// The summary of a run in which no model is finished.
    pub begun: Summary,
    pub start: Instant,
    pub sharing: Sharing,
    pub estimate: Estimate,
    pub data: Parts,
    pub input: InputSpec,
    /// The decomposition of the training set and the seconds it took, once somebody has asked for it.
    pub pca: OnceLock<Result<(Pca, f64), PcaError>>,
    /// Remembered at the first break, by whomever it was said to.
    stopped: AtomicBool,
    observe: &'a (dyn Fn(RunEvent<'_>) -> ControlFlow<()> + Sync),
}

impl<'a> Work<'a> {
    /// Finds out what a user may have wrong, makes the folder, and says that training begins. `written` is what the folder says was
    /// run: the experiment, or the sweep whose points its models are.
    ///
    /// # Errors
    /// [`RunError`]; the folder is made last, so that a mistake costs no earlier run and leaves none behind.
    pub fn begin(
        experiment: &'a Experiment,
        written: &Experiment,
        loaded: Loaded,
        out: &Path,
        options: &'a RunOptions,
        observe: &'a (dyn Fn(RunEvent<'_>) -> ControlFlow<()> + Sync),
    ) -> Result<Self, RunError> {
        let start = Instant::now();
        let Loaded { parts: data, notes, split } = loaded;
        let features = data.schema().features();
        experiment.validate_on(features)?;
        if written.sweep.is_some() && data.validation().is_none() {
            return Err(RunError::NoValidation);
        }
        for pair in experiment.interpolation.iter().flat_map(|interpolation| &interpolation.pairs) {
            pair.from.find(&data)?;
            pair.to.find(&data)?;
        }
        let input = InputSpec::fit(experiment.normalisation, data.train())?;
        let beginnings = beginnings(experiment, features)?;
        check_trainings(experiment, &data, &input)?;
        // Whether the system gives the threads.
        drop(Compute::at(options.level, options.threads)?);
        let (directory, lock) = RunDirectory::create(out, written, options.existing)?;
        if let Some(split) = &split {
            directory.write_split(split)?;
        }
        let seeds_of = |model| written.seeds_of(model);
        let trainings = (0..experiment.models.len()).map(seeds_of).fold(0, usize::saturating_add);
        let sharing = Sharing::of(trainings, options.threads.get());
        let halving = written.sweep.as_ref().is_some_and(|sweep| sweep.halving);
        let shares = if halving { shares(experiment) } else { vec![1.0; experiment.models.len()] };
        let planned = planned(experiment, features, seeds_of, &shares);
        let work = Self {
            experiment,
            options,
            resumed: Resumed::of(&directory),
            directory,
            _lock: lock,
            beginnings,
            begun: begun(experiment, &data, options, sharing.in_words()),
            start,
            sharing,
            estimate: Estimate::new(experiment, Size::of(&data), planned, sharing, start.elapsed()),
            data,
            input,
            pca: OnceLock::new(),
            stopped: AtomicBool::new(false),
            observe,
        };
        let _ = work.say(RunEvent::Started { schedule: &work.begun.machine.schedule, data: &notes });
        Ok(work)
    }

    /// Does all jobs, the last of the list first, and hands what each gives to `take`, one at a time. A job that gives nothing was
    /// stopped. With the first error the others are stopped too: what they have under way is written down.
    pub fn share_out<J: Send, D>(
        &self,
        jobs: Vec<J>,
        job: impl Fn(J, &mut Compute) -> Result<Option<D>, RunError> + Sync,
        mut take: impl FnMut(D) -> Result<(), RunError> + Send,
    ) -> Result<(), RunError> {
        let threads_each = NonZeroUsize::new(self.sharing.threads_each).unwrap_or(NonZeroUsize::MIN);
        let compute = || Compute::at(self.options.level, threads_each);
        let job = |next, compute: &mut Compute| match self.going_on() {
            ControlFlow::Continue(()) => job(next, compute).inspect_err(|_| self.stop()),
            ControlFlow::Break(()) => Ok(None),
        };
        let take = |done| take(done).inspect_err(|_| self.stop());
        share_out(jobs, self.sharing.workers, compute, job, take)
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

/// Finds out what a user may have wrong about training.
fn check_trainings(experiment: &Experiment, data: &Parts, input: &InputSpec) -> Result<(), RunError> {
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

/// The parameters of the models that others are to begin with.
fn beginnings(experiment: &Experiment, inputs: usize) -> Result<Vec<Option<Parameters>>, RunError> {
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
fn begun(experiment: &Experiment, data: &Parts, options: &RunOptions, schedule: String) -> Summary {
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

/// All trainings of an experiment: with so many seeds, and for such a share of their epochs, for the model of a place.
fn planned(
    experiment: &Experiment,
    inputs: usize,
    seeds_of: impl Fn(usize) -> usize,
    shares: &[f64],
) -> Vec<Planned> {
    let model = |(index, settings): (usize, &ModelSettings)| {
        let training = experiment.training(settings)?;
        let parameters = experiment.architecture(settings, inputs).parameter_count();
        let epochs = shares[index] * training.epochs as f64;
        let planned = Planned { parameters: work(parameters, inputs), epochs };
        Some(vec![planned; seeds_of(index)])
    };
    experiment.models.iter().enumerate().filter_map(model).flatten().collect()
}
