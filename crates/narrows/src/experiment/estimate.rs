//! About how long a run will take, from the first epochs that it has done.
//!
//! All work is counted in one unit, a row that meets a parameter, which is a multiplication and an addition three times. The work
//! of an epoch is `rows · (parameters + 36 · inputs + 4500)`: what a row costs besides its parameters matters where they are few. What
//! follows training is counted in the same unit, so one speed, that of the first epochs, tells the time of both. All constants were fitted
//! to runs of the study and of a table of a million rows; they need to be right within a third.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Experiment;
use crate::dataset::{Dataset, MAX_EXAMINED, Parts};

/// Reading a row, its loss and its output's activation take as long as so many parameters for each input.
const PARAMETERS_PER_INPUT: usize = 36;

/// And so many for each row, however short it is.
const PARAMETERS_PER_ROW: usize = 4500;

/// Finding the nearest codes: for each two rows and each number of a code.
const NEIGHBOURS: f64 = 2.4;

/// The linear probe: for each row, number of a code, and class.
const PROBE: f64 = 2000.0;

/// Trustworthiness and continuity, which look at a sample of one size.
const STRUCTURE: f64 = 1.3e9;

/// The same, for each input.
const STRUCTURE_PER_INPUT: f64 = 5e6;

/// The classifier's training, for each row, input and epoch of it: it has 128 hidden units.
const CLASSIFIER: f64 = 6.0 * 128.0;

const REFERENCES: f64 = 115e9;
const INTERPOLATIONS: f64 = 5.4e9;
const FIGURES: f64 = 12e9;

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

/// The data, as far as work depends on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    train: usize,
    test: usize,
    inputs: usize,
    /// Of data with labels.
    classes: Option<usize>,
}

impl Size {
    pub fn of(data: &Parts) -> Self {
        let labelled = |dataset: &Dataset| dataset.labels().is_some();
        let classes = data.schema().classes().map(<[String]>::len);
        Self {
            train: data.train().rows(),
            test: data.test().rows(),
            inputs: data.schema().features(),
            classes: classes.filter(|_| labelled(data.train()) && labelled(data.test())),
        }
    }

    /// Measuring codes of so many numbers.
    fn latent_space(self, latent: usize) -> f64 {
        let [train, test] = [self.train, self.test].map(|rows| rows.min(MAX_EXAMINED) as f64);
        let classes = self
            .classes
            .map_or(0.0, |classes| train * latent as f64 * (NEIGHBOURS * test + PROBE * classes as f64));
        classes + STRUCTURE + STRUCTURE_PER_INPUT * self.inputs as f64
    }

    /// Training the classifier, where there are classes.
    fn classifier(self) -> f64 {
        self.classes.map_or(0.0, |_| CLASSIFIER * self.train as f64 * self.inputs as f64)
    }
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
    /// Parameters that each row of the training set would meet once, by all threads together.
    after_training: f64,
    /// Before training.
    begun_after: Duration,
    /// Parameters and seconds of first epochs; nothing more once the estimate is given.
    first_epochs: Mutex<Option<Vec<(f64, f64)>>>,
}

/// Parameters of a model, and what counts like them.
pub(super) fn work(parameters: usize, inputs: usize) -> f64 {
    (parameters + PARAMETERS_PER_INPUT * inputs + PARAMETERS_PER_ROW) as f64
}

impl Estimate {
    pub fn new(
        experiment: &Experiment,
        size: Size,
        mut trainings: Vec<Planned>,
        sharing: Sharing,
        begun_after: Duration,
    ) -> Self {
        trainings.sort_by(|a, b| (b.parameters * b.epochs).total_cmp(&(a.parameters * a.epochs)));
        let models = experiment.models.iter();
        let latent = |model| experiment.architecture(model, size.inputs).latent();
        let latent_spaces: f64 = models.map(|model| size.latent_space(latent(model))).sum();
        let measured = experiment.interpolation.as_ref().filter(|interpolation| interpolation.measure);
        // Every pair's classes, and all classes.
        let interpolations = measured.map_or(0.0, |interpolation| {
            let comparisons = (interpolation.pairs.len() + 1) as f64;
            let models = experiment.models.len() as f64;
            size.classifier() + REFERENCES + INTERPOLATIONS * comparisons * models
        });
        let threads = (sharing.workers * sharing.threads_each) as f64;
        let after_training =
            ((latent_spaces + interpolations) / threads + FIGURES) / size.train.max(1) as f64;
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

    /// The study's data.
    const STUDY: Size = Size { train: 60_000, test: 10_000, inputs: 784, classes: Some(10) };

    fn planned(parameters: f64, epochs: f64) -> Planned {
        Planned { parameters, epochs }
    }

    #[test]
    fn trainings_are_shared_out_as_they_will_be() {
        let trainings = vec![planned(10.0, 1.0), planned(10.0, 3.0), planned(20.0, 1.0), planned(5.0, 4.0)];
        let sharing = Sharing { workers: 2, threads_each: 1 };
        let estimate = Estimate::new(&experiment(""), STUDY, trainings, sharing, Duration::from_secs(1));
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
            let trainings = vec![planned(1e6, 1.0)];
            let estimate = Estimate::new(&experiment(more), STUDY, trainings, sharing, Duration::ZERO);
            // A thread takes a second for 10⁵ parameters.
            let first = Duration::from_secs(10) / threads_each as u32;
            let estimated = estimate.first_epoch(1e6, first).unwrap();
            (estimated.total - estimated.training).as_secs_f64()
        };
        let per_second = 60e3 * 1e5;
        let latent = 60e3 * 2.0 * (2.4 * 10e3 + 2000.0 * 10.0) + 1.3e9 + 5e6 * 784.0;
        let near = |found: f64, work: f64| assert!((found - work / per_second).abs() < 1e-6, "{found}");
        near(total("", 1, 1), latent + 12e9);
        near(total("", 1, 2), latent / 2.0 + 12e9);
        let pairs = "[interpolation]\npairs = [{ first = \"7\", second = \"1\" }]\n";
        let classifier = 6.0 * 128.0 * 60e3 * 784.0;
        near(total(pairs, 1, 1), latent + classifier + 115e9 + 2.0 * 5.4e9 + 12e9);
        near(total(&format!("{pairs}measure = false\n"), 1, 1), latent + 12e9);
    }

    #[test]
    fn what_looks_at_some_rows_takes_no_longer_for_more_of_them() {
        // A million rows of ten columns: an epoch of 461 parameters took 0.38 s on one thread, what followed 6 s with labels and 1 s without.
        let rest = |train, classes| {
            let size = Size { train, test: 100_000, inputs: 10, classes };
            let sharing = Sharing { workers: 1, threads_each: 1 };
            let three = "title = \"x\"\ndata = \"mnist\"\n[[models]]\nname = \"a\"\nhidden = [16, 3]\n";
            let experiment = Experiment::from_toml(three).unwrap();
            let trainings = vec![planned(work(461, 10), 3.0)];
            let estimate = Estimate::new(&experiment, size, trainings, sharing, Duration::ZERO);
            let epoch = Duration::from_secs_f64(0.38 * train as f64 / 900e3);
            let estimated = estimate.first_epoch(work(461, 10), epoch).unwrap();
            (estimated.total - estimated.training).as_secs_f64()
        };
        assert!((4.0..9.0).contains(&rest(900_000, Some(3))), "{}", rest(900_000, Some(3)));
        assert!((0.5..2.0).contains(&rest(900_000, None)), "{}", rest(900_000, None));
        assert!((rest(9_000_000, Some(3)) - rest(900_000, Some(3))).abs() < 1e-6);
    }
}
