//! What a run has to do.

use super::quality::OfSeed;
use super::trainings::{Progress, Seeded};
use super::work::Work;
use super::{ModelSummary, ModelWithoutEpoch, PcaSummary, RunError, RunEvent, Summary};
use crate::compute::Compute;
use crate::model::Autoencoder;
use crate::report::live::Snapshot;

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
    /// Does all jobs, the longest first.
    pub fn run(&self) -> Result<Results, RunError> {
        let mut jobs: Vec<Job> = (0..self.experiment.models.len()).map(Job::Model).collect();
        jobs.extend(self.other_seeds());
        jobs.sort_by_key(|job| self.cost(*job));
        jobs.insert(0, Job::Pca);
        let models = self.experiment.models.iter().map(|_| None).collect();
        let mut results = Results { models, ..Results::default() };
        let job = |job, compute: &mut Compute| self.job(job, compute).map(Some);
        self.share_out(jobs, job, |done| self.take(done, &mut results))?;
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
                let finished = self.resumed.finished(&self.directory, &settings.name, &self.data)?;
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
            Job::OfSeed(model, seed) => {
                Done::OfSeed(match self.train_with_seed(Seeded { model, seed }, usize::MAX, compute)? {
                    Progress::Finished(of_seed) => Some(of_seed),
                    Progress::Waiting(_) | Progress::Diverged | Progress::Stopped => None,
                })
            }
        })
    }

    /// The two models that the verdict compares, with the seeds after the experiment's.
    fn other_seeds(&self) -> Vec<Job> {
        let Some(places) = self.experiment.compared() else { return Vec::new() };
        let seeds = self.experiment.interpolation.as_ref().map_or(1, |interpolation| interpolation.seeds);
        let later = (1..seeds).map(|later| self.experiment.seed + later);
        later.flat_map(|seed| places.map(|index| Job::OfSeed(index, seed))).collect()
    }
}
