//! About how long a run will take, from the first epochs that it has done.
//!
//! The work of an epoch is `rows · (parameters + 36 · inputs)`: a multiplication and an addition for each parameter, three
//! times, and what every row costs besides. What follows training is counted in the same unit, so one speed, that of the
//! first epochs, tells the time of both. All constants were fitted to runs of the study; they need to be right within a third.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Experiment;

/// Reading a row, its loss and its output's activation take as long as so many parameters for each input.
const PARAMETERS_PER_INPUT: usize = 36;

/// What is done after training, by one thread, in parameters that each row of the training set would meet once.
const LATENT_SPACE: f64 = 700e3;
const CLASSIFIER_AND_REFERENCES: f64 = 2500e3;
const INTERPOLATIONS: f64 = 90e3;
const FIGURES: f64 = 230e3;

/// How long a run takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimated {
    /// Until all models are trained.
    pub training: Duration,
    /// Until the report is written.
    pub total: Duration,
}

/// One training of one model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planned {
    /// Parameters and what counts like them.
    pub parameters: f64,
    pub epochs: f64,
}

/// How trainings are shared out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sharing {
    pub workers: usize,
    pub threads_each: usize,
}

impl Sharing {
    /// A model on one core trains its share of the time a model on all cores would, without waiting for other cores; so models
    /// stand side by side as long as there are enough.
    pub fn of(models: usize, threads: usize) -> Self {
        let workers = models.min(threads).max(1);
        Self { workers, threads_each: (threads / workers).max(1) }
    }

    /// `2 models at a time, on 1 thread each`.
    pub fn in_words(self) -> String {
        let plural = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
        format!(
            "{} at a time, on {} each",
            plural(self.workers, "model"),
            plural(self.threads_each, "thread")
        )
    }
}

/// Waits for the first epoch of as many trainings as go on at once.
#[derive(Debug)]
pub(super) struct Estimate {
    /// The longest first, as they are begun.
    trainings: Vec<Planned>,
    sharing: Sharing,
    /// Parameters as above, all threads together.
    after_training: f64,
    /// Before training.
    begun_after: Duration,
    /// Parameters and seconds of first epochs; nothing more once the estimate is given.
    first_epochs: Mutex<Option<Vec<(f64, f64)>>>,
}

/// Parameters of a model, and what counts like them.
pub(super) fn work(parameters: usize, inputs: usize) -> f64 {
    (parameters + PARAMETERS_PER_INPUT * inputs) as f64
}

impl Estimate {
    pub fn new(
        experiment: &Experiment,
        mut trainings: Vec<Planned>,
        sharing: Sharing,
        begun_after: Duration,
    ) -> Self {
        trainings.sort_by(|a, b| (b.parameters * b.epochs).total_cmp(&(a.parameters * a.epochs)));
        let models = experiment.models.len() as f64;
        let measured = experiment.interpolation.as_ref().filter(|interpolation| interpolation.measure);
        // Every pair's classes, and all classes.
        let interpolations = measured.map_or(0.0, |interpolation| {
            let comparisons = (interpolation.pairs.len() + 1) as f64;
            CLASSIFIER_AND_REFERENCES + INTERPOLATIONS * comparisons * models
        });
        let threads = (sharing.workers * sharing.threads_each) as f64;
        let after_training = (LATENT_SPACE * models + interpolations) / threads + FIGURES;
        let first_epochs = Mutex::new(Some(Vec::new()));
        Self { trainings, sharing, after_training, begun_after, first_epochs }
    }

    /// The first epoch of a training of so many parameters took so long. Answers once: as soon as all workers have done one.
    pub fn first_epoch(&self, parameters: f64, duration: Duration) -> Option<Estimated> {
        let mut first_epochs = self.first_epochs.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = first_epochs.as_mut()?;
        seen.push((parameters, duration.as_secs_f64()));
        if seen.len() < self.sharing.workers.min(self.trainings.len()) {
            return None;
        }
        let (parameters, seconds) = seen.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        *first_epochs = None;
        Some(self.at_speed(seconds / parameters))
    }

    /// At so many seconds for a parameter and epoch on one worker.
    fn at_speed(&self, seconds: f64) -> Estimated {
        let mut workers = vec![0.0_f64; self.sharing.workers];
        for training in &self.trainings {
            // As it will happen: whoever is free takes the next.
            if let Some(free) = workers.iter_mut().min_by(|a, b| a.total_cmp(b)) {
                *free += training.parameters * training.epochs;
            }
        }
        let longest = workers.into_iter().fold(0.0, f64::max);
        let training = self.begun_after + Duration::from_secs_f64(seconds * longest);
        // Measured by all threads, of which a worker has some.
        let one_thread = seconds * self.sharing.threads_each as f64;
        Estimated { training, total: training + Duration::from_secs_f64(one_thread * self.after_training) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment(more: &str) -> Experiment {
        let models = "title = \"x\"\ndata = \"mnist\"\n[[models]]\nname = \"a\"\nhidden = [2]\n";
        Experiment::from_toml(&format!("{models}{more}")).unwrap()
    }

    fn planned(parameters: f64, epochs: f64) -> Planned {
        Planned { parameters, epochs }
    }

    #[test]
    fn trainings_are_shared_out_as_they_will_be() {
        let trainings = vec![planned(10.0, 1.0), planned(10.0, 3.0), planned(20.0, 1.0), planned(5.0, 4.0)];
        let sharing = Sharing { workers: 2, threads_each: 1 };
        let estimate = Estimate::new(&experiment(""), trainings, sharing, Duration::from_secs(1));
        assert_eq!(estimate.first_epoch(10.0, Duration::from_secs(30)), None, "one of two workers");
        // 40 seconds for 20 parameters; one worker has 30 + 10 of them, the other 20 + 20.
        let estimated = estimate.first_epoch(10.0, Duration::from_secs(10)).unwrap();
        assert_eq!(estimated.training, Duration::from_secs(1 + 2 * 40));
        assert_eq!(estimate.first_epoch(10.0, Duration::from_secs(10)), None, "it is said once");
    }

    #[test]
    fn what_follows_training_is_shared_by_all_threads_and_costs_more_with_interpolations() {
        let total = |more: &str, workers, threads_each| {
            let sharing = Sharing { workers, threads_each };
            let estimate = Estimate::new(&experiment(more), vec![planned(1e6, 1.0)], sharing, Duration::ZERO);
            // A thread takes a second for 10⁵ parameters.
            let first = Duration::from_secs(10) / threads_each as u32;
            let estimated = estimate.first_epoch(1e6, first).unwrap();
            (estimated.total - estimated.training).as_secs_f64()
        };
        assert!((total("", 1, 1) - (7.0 + 2.3)).abs() < 1e-6);
        assert!((total("", 1, 2) - (3.5 + 2.3)).abs() < 1e-6);
        let pairs = "[interpolation]\npairs = [{ first = \"7\", second = \"1\" }]\n";
        assert!((total(pairs, 1, 1) - (7.0 + 25.0 + 2.0 * 0.9 + 2.3)).abs() < 1e-6);
        assert!((total(&format!("{pairs}measure = false\n"), 1, 1) - (7.0 + 2.3)).abs() < 1e-6);
    }
}
