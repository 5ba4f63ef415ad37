//! Training the points of a sweep, each with every seed: side by side, to their end at once or round by round.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::SweepEvent;
use super::halving::{Halving, epochs_at, error_after};
use super::run::write;
use super::summary::{OneTraining, SweepSummary};
use crate::compute::Compute;
use crate::dataset::Samples;
use crate::evaluate::reconstruction_error;
use crate::experiment::quality::OfSeed;
use crate::experiment::trainings::{Progress, Seeded};
use crate::experiment::work::Work;
use crate::experiment::{RunError, Sweep};
use crate::files::history;
use crate::train::EpochReport;

/// Of wider rows no exact PCA is computed: the time for it grows with the cube of the width, to minutes here.
const MAX_PCA_FEATURES: usize = 4096;

/// What is known while points are trained.
pub(super) struct Points<'a> {
    work: &'a Work<'a>,
    observe: &'a (dyn Fn(SweepEvent<'_>) -> ControlFlow<()> + Sync),
    /// Its points are in the order of the grid.
    summary: &'a mut SweepSummary,
    seeds: u64,
    /// The trainings that are done and noted.
    done: BTreeSet<Seeded>,
    /// As far as trainings came in the rounds; empty of those that have diverged.
    histories: BTreeMap<Seeded, Vec<EpochReport>>,
    /// The errors of exact PCA on the validation set by the number of components, once they are known.
    exact_pca: Option<BTreeMap<usize, f64>>,
}

enum Job {
    Pca,
    /// Up to an epoch, to go on later or, if it is `last`, to be what it is then.
    Training {
        of: Seeded,
        until: usize,
        last: bool,
    },
}

enum Done {
    Pca(BTreeMap<usize, f64>),
    /// It goes on later.
    Waiting(Seeded, Vec<EpochReport>),
    Training(Seeded, OneTraining, Vec<EpochReport>),
}

impl<'a> Points<'a> {
    pub fn new(
        work: &'a Work<'a>,
        sweep: &Sweep,
        summary: &'a mut SweepSummary,
        observe: &'a (dyn Fn(SweepEvent<'_>) -> ControlFlow<()> + Sync),
    ) -> Self {
        let (done, histories) = (BTreeSet::new(), BTreeMap::new());
        Self { work, observe, summary, seeds: sweep.seeds, done, histories, exact_pca: None }
    }

    /// Trains all of them to their end, the longest first, and exact PCA beside them, of which it returns the errors.
    pub fn train(mut self, halving: bool) -> Result<BTreeMap<usize, f64>, RunError> {
        let mut competing = Halving::of(self.work.experiment);
        if halving {
            for round in competing.rounds() {
                self.round(round, &mut competing)?;
                if self.work.going_on().is_break() {
                    return Ok(BTreeMap::new());
                }
            }
        }
        self.train_each(competing.left(), |_| usize::MAX, true)?;
        Ok(self.exact_pca.unwrap_or_default())
    }

    /// Trains those that are left to where the round is decided, and stops the worse half of each latent size.
    fn round(&mut self, round: u32, competing: &mut Halving) -> Result<(), RunError> {
        let epochs: Vec<usize> = self.summary.points.iter().map(|point| point.training.epochs).collect();
        let until = |point: usize| epochs_at(round, epochs[point]);
        self.train_each(competing.left(), until, false)?;
        if self.work.going_on().is_break() {
            return Ok(());
        }
        let stopped = competing.decide(round, |point| self.error_after(until(point), point));
        for &place in &stopped {
            let point = &mut self.summary.points[place];
            let epoch = until(place);
            point.stopped_after = Some(epoch);
            if (self.observe)(SweepEvent::Stopped { point: &point.name, epoch }).is_break() {
                self.work.stop();
            }
        }
        self.train_each(stopped, until, true)
    }

    /// Trains points with every seed up to an epoch each, those that are not done yet.
    fn train_each(
        &mut self,
        mut points: Vec<usize>,
        until: impl Fn(usize) -> usize,
        last: bool,
    ) -> Result<(), RunError> {
        let work = self.work;
        points.sort_by_key(|&point| (work.cost_of(point), std::cmp::Reverse(point)));
        let mut jobs = Vec::new();
        if self.exact_pca.is_none() {
            jobs.push(Job::Pca);
        }
        for point in points {
            let seeded = self.seeds_of(point).rev().filter(|of| !self.done.contains(of));
            jobs.extend(seeded.map(|of| Job::Training { of, until: until(point), last }));
        }
        work.share_out(jobs, |job, compute| work.sweep_job(job, compute), |done| self.take(done))
    }

    fn seeds_of(&self, model: usize) -> impl DoubleEndedIterator<Item = Seeded> + use<> {
        let first = self.work.experiment.seed;
        (0..self.seeds).map(move |later| Seeded { model, seed: first + later })
    }

    fn error_after(&self, epochs: usize, point: usize) -> f64 {
        let histories: Vec<Option<&[EpochReport]>> =
            self.seeds_of(point).map(|of| self.histories.get(&of).map(Vec::as_slice)).collect();
        error_after(epochs, &histories)
    }

    fn take(&mut self, done: Done) -> Result<(), RunError> {
        match done {
            Done::Pca(errors) => self.exact_pca = Some(errors),
            Done::Waiting(of, history) => drop(self.histories.insert(of, history)),
            Done::Training(of, training, history) => {
                self.histories.insert(of, history);
                self.note(of, training)?;
            }
        }
        Ok(())
    }

    /// Notes a training that is done, and writes the summary.
    fn note(&mut self, of: Seeded, training: OneTraining) -> Result<(), RunError> {
        self.done.insert(of);
        let Self { work, summary, .. } = self;
        summary.trained += 1;
        let progress = (summary.trained, summary.trainings);
        let point = &mut summary.points[of.model];
        if (self.observe)(SweepEvent::Trained { point: &point.name, training: &training, progress })
            .is_break()
        {
            work.stop();
        }
        point.add(training, self.seeds);
        summary.seconds = work.start.elapsed().as_secs_f64();
        let mut sorted = summary.clone();
        sorted.sort();
        write(&sorted, &work.directory)
    }
}

impl Work<'_> {
    /// Nothing where it was stopped.
    fn sweep_job(&self, job: Job, compute: &mut Compute) -> Result<Option<Done>, RunError> {
        let (of, until, last) = match job {
            Job::Pca => return self.exact_errors(compute).map(|errors| Some(Done::Pca(errors))),
            Job::Training { of, until, last } => (of, until, last),
        };
        let model = match self.train_with_seed(of, until, compute)? {
            Progress::Finished(model) => model,
            Progress::Waiting(trained) if last => self.write_of_seed(of, trained)?,
            Progress::Waiting(trained) => return Ok(Some(Done::Waiting(of, trained.history))),
            Progress::Diverged => {
                let training = OneTraining { seed: of.seed, epochs: None, validation: None };
                return Ok(Some(Done::Training(of, training, Vec::new())));
            }
            Progress::Stopped => return Ok(None),
        };
        // What is not the last of its training is compared with others; an earlier run may have trained it further.
        let history = match last {
            true => Vec::new(),
            false => history::load(&history::beside(&self.model_file(of)))?,
        };
        let OfSeed { seed, epochs, autoencoder, .. } = model;
        let error = reconstruction_error(&autoencoder, compute, &self.validation_samples()?)?;
        let training = OneTraining { seed, epochs: Some(epochs), validation: Some(error) };
        Ok(Some(Done::Training(of, training, history)))
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

    fn model_file(&self, Seeded { model, seed }: Seeded) -> std::path::PathBuf {
        self.directory.model_of_seed(&self.experiment.models[model].name, seed)
    }

    fn validation_samples(&self) -> Result<Samples, RunError> {
        let validation = self.data.validation().ok_or(RunError::NoValidation)?;
        Ok(self.input.samples(validation)?)
    }
}
