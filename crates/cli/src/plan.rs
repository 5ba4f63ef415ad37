//! What a run will do and about how long it takes, in words, for its first lines.

use std::time::Duration;

use narrows::experiment::{Estimated, Experiment};

/// `7 models to train, 650 epochs in all, and exact PCA`
pub fn trainings(experiment: &Experiment) -> String {
    let (mut trainings, mut epochs, mut exact) = (0, 0, false);
    for (index, model) in experiment.models.iter().enumerate() {
        match experiment.training(model) {
            Some(training) => {
                let seeds = experiment.seeds_of(index);
                trainings += seeds;
                epochs += seeds * training.epochs;
            }
            None => exact = true,
        }
    }
    let mut parts = Vec::new();
    if trainings > 0 {
        parts.push(format!("{} to train, {} in all", counted(trainings, "model"), counted(epochs, "epoch")));
    }
    if exact {
        parts.push("exact PCA".to_owned());
    }
    parts.join(", and ")
}

/// What follows.
pub fn after_training(experiment: &Experiment) -> &'static str {
    match &experiment.interpolation {
        Some(interpolation) if interpolation.measure => {
            "then latent spaces and interpolations are measured, and figures and the page are drawn"
        }
        _ => "then latent spaces are measured, and figures and the page are drawn",
    }
}

/// How long, from the first epochs.
pub fn times(Estimated { training, total }: Estimated) -> String {
    format!(
        "about {} in all at the speed of the first epochs, {} of it training",
        about(total),
        about(training)
    )
}

fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// As exact as an estimate is: `8 s`, `40 s`, `3 minutes`, `2.5 hours`.
fn about(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        ..10.0 => format!("{:.0} s", seconds.max(1.0)),
        ..115.0 => format!("{:.0} s", 5.0 * (seconds / 5.0).round()),
        ..5400.0 => format!("{:.0} minutes", seconds / 60.0),
        _ => format!("{:.1} hours", seconds / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_exact_as_an_estimate_is() {
        let times = [0.2, 7.6, 43.0, 101.0, 170.0, 4000.0, 9000.0].map(|s| about(Duration::from_secs_f64(s)));
        assert_eq!(times, ["1 s", "8 s", "45 s", "100 s", "3 minutes", "67 minutes", "2.5 hours"]);
    }

    #[test]
    fn every_training_is_counted() {
        let text = "title = \"x\"\ndata = \"mnist\"\n[training]\nepochs = 10\n\
            [[models]]\nname = \"a\"\nhidden = [2]\noutput = \"linear\"\n\
            [[models]]\nname = \"b\"\nhidden = [8, 2]\n[[models]]\nname = \"c\"\nhidden = [9, 3]\nepochs = 1\n";
        let read = |more: &str| Experiment::from_toml(&format!("{text}{more}")).unwrap();
        assert_eq!(trainings(&read("")), "3 models to train, 21 epochs in all");
        // The two that are compared are trained once more for each further seed.
        let seeds = "[interpolation]\nseeds = 3\npairs = [{ first = \"7\", second = \"1\" }]\n";
        assert_eq!(trainings(&read(seeds)), "7 models to train, 61 epochs in all");
        let exact = "[[models]]\nname = \"d\"\nkind = \"pca-exact\"\nhidden = [5]\n";
        assert_eq!(trainings(&read(exact)), "3 models to train, 21 epochs in all, and exact PCA");
    }
}
