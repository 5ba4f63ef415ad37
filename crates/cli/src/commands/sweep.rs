//! `narrows sweep`: one model with lists of settings, and which of them is best.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use narrows::dataset::NormalisationKind;
use narrows::dataset::load::{LoadOptions, Loaded};
use narrows::experiment::{
    CompletedSweep, Defaults, Experiment, MAX_SEED, ModelSettings, OneTraining, PointSummary, RunOptions,
    Sweep as Lists, SweepEvent, SweepSummary, TrainingSettings, defaults, run_sweep,
};
use narrows::model::{HiddenActivation, OutputActivation};

use crate::arguments::{Common, count, level, named};
use crate::commands::data_arguments::{DataArguments, read_with_validation};
use crate::commands::output::{print, print_json};
use crate::commands::run::{GoingOn, check};
use crate::commands::version::cpu;
use crate::failure::{Failure, complain};
use crate::interrupt::Interrupt;
use crate::plan;
use crate::table::Table;

/// Points of the table on the terminal; sweep.csv has all.
const SHOWN: usize = 30;

/// Train a model with every combination of some settings, and say which is best and how narrow it may be
///
/// Each combination is trained with several seeds and compared on a validation set: a tenth of the training rows, if nothing else is
/// said. Without --latent, sizes around the one that `narrows train` would take are tried. What is not said is chosen as by
/// `narrows train`. It leaves a folder: report.html and figures/elbow.png to look at, sweep.json and sweep.csv for programs, best/ with
/// the best model, and models/ with all.
#[derive(Debug, Args)]
pub struct Sweep {
    #[command(flatten)]
    data: DataArguments,

    /// Latent sizes [default: five around that of `narrows train`]
    #[arg(long, value_name = "N,N,…", num_args = 1.., value_delimiter = ',', value_parser = count)]
    latent: Vec<usize>,

    /// Sizes of the encoder's layers before the latent, once for each choice: --hidden-widths 64,32 128,64; none is no layer
    #[arg(long, value_name = "N,N,…", num_args = 1.., value_parser = widths)]
    hidden_widths: Vec<Widths>,

    /// Learning rates, each the greatest of its schedule
    #[arg(long, value_name = "X,X,…", num_args = 1.., value_delimiter = ',', allow_negative_numbers = true)]
    learning_rate: Vec<f64>,

    /// Rows in a step
    #[arg(long, value_name = "N,N,…", num_args = 1.., value_delimiter = ',', value_parser = count)]
    batch_size: Vec<usize>,

    /// Passes over the training set
    #[arg(long, value_name = "N,N,…", num_args = 1.., value_delimiter = ',', value_parser = count)]
    epochs: Vec<usize>,

    /// Activations after each hidden layer but the latent
    #[arg(long, value_name = "NAME,NAME,…", num_args = 1.., value_delimiter = ',', value_parser = named::<HiddenActivation>())]
    activation: Vec<HiddenActivation>,

    /// After the last layer
    #[arg(long, value_name = "NAME", value_parser = named::<OutputActivation>())]
    output: Option<OutputActivation>,

    /// From raw values to the model's scale
    #[arg(long, value_name = "NAME", value_parser = named::<NormalisationKind>())]
    normalisation: Option<NormalisationKind>,

    /// How many times each combination is trained: with --seed and those after it
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,

    /// The first seed of initial parameters and of the order of the rows, and that of --samples
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=MAX_SEED))]
    seed: u64,

    /// Train only so many combinations, drawn at random
    #[arg(long, value_name = "N", value_parser = count)]
    samples: Option<usize>,

    /// Stop hopeless combinations early: of those of one latent size, the worse half after a half of the epochs, and before that after a
    /// quarter, an eighth, … (successive halving)
    #[arg(long)]
    halving: bool,

    /// Stop a training where the validation loss has not become less for so many epochs
    #[arg(long, value_name = "EPOCHS")]
    patience: Option<usize>,

    /// The folder for the results
    #[arg(long, value_name = "FOLDER", default_value = "runs/sweep")]
    out: PathBuf,

    #[command(flatten)]
    going_on: GoingOn,

    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

/// Sizes of the layers before the latent.
#[derive(Clone, Debug)]
struct Widths(Vec<usize>);

impl Sweep {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let mut data = self.data.options();
        let mut loaded = read_with_validation(&mut data, common)?;
        let features = loaded.parts.schema().features();
        let chosen = defaults(loaded.parts.schema(), loaded.parts.train().rows());
        let experiment = self.experiment(data, &chosen, features);
        self.tell(&chosen, &mut loaded);
        carry_out_sweep(&experiment, loaded, &self.out, &self.going_on, self.json, common)
    }

    fn experiment(&self, data: LoadOptions, chosen: &Defaults, features: usize) -> Experiment {
        let latent = match &self.latent[..] {
            [] => around(chosen.hidden.last().copied().unwrap_or(1), features),
            latent => latent.to_vec(),
        };
        let widths = self.hidden_widths.iter().map(|widths| widths.0.clone()).collect();
        let sweep = Lists {
            samples: self.samples,
            halving: self.halving,
            latent: Some(latent),
            hidden_widths: given(widths),
            learning_rate: given(self.learning_rate.clone()),
            batch_size: given(self.batch_size.clone()),
            epochs: given(self.epochs.clone()),
            activation: given(self.activation.clone()),
            ..Lists::of_seeds(self.seeds)
        };
        let training = TrainingSettings { patience: self.patience, ..chosen.training() };
        let model = ModelSettings {
            name: "model".to_owned(),
            hidden: chosen.hidden.clone(),
            output: Some(self.output.unwrap_or(chosen.output)),
            ..ModelSettings::default()
        };
        Experiment {
            title: format!("Sweep on {}", data.name()),
            data,
            normalisation: self.normalisation.unwrap_or(chosen.normalisation),
            seed: self.seed,
            training,
            models: vec![model],
            sweep: Some(sweep),
            ..Experiment::default()
        }
    }

    /// Says why what nobody asked for was chosen.
    fn tell(&self, chosen: &Defaults, loaded: &mut Loaded) {
        let was_asked = [
            self.normalisation.is_some() && self.output.is_some(),
            !self.hidden_widths.is_empty(),
            !self.activation.is_empty(),
            !self.epochs.is_empty() && !self.batch_size.is_empty(),
        ];
        let reasons = chosen.reasons.iter().zip(was_asked).filter(|(_, asked)| !asked);
        loaded.notes.extend(reasons.map(|(reason, _)| format!("  chosen: {reason}")));
    }
}

fn given<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// An eighth, a quarter, a half of a latent size, it, and twice it, as far as they differ and rows have as many numbers.
fn around(latent: usize, features: usize) -> Vec<usize> {
    let sizes = [latent / 8, latent / 4, latent / 2, latent, 2 * latent];
    let mut sizes: Vec<usize> = sizes.into_iter().map(|size| size.clamp(1, features.max(1))).collect();
    sizes.dedup();
    sizes
}

fn widths(text: &str) -> Result<Widths, String> {
    if text == "none" {
        return Ok(Widths(Vec::new()));
    }
    let wrong =
        |_| "expected whole numbers of at least 1 with commas between them, as 64,32; or none".to_owned();
    let sizes: Result<Vec<usize>, String> = text.split(',').map(|size| count(size).map_err(wrong)).collect();
    sizes.map(Widths)
}

/// Runs a sweep with progress, and prints what came of it.
pub fn carry_out_sweep(
    experiment: &Experiment,
    loaded: Loaded,
    out: &Path,
    going_on: &GoingOn,
    json: bool,
    common: &Common,
) -> Result<(), Failure> {
    check(experiment, &loaded, common)?;
    let interrupt = Interrupt::listen()?;
    let options = RunOptions {
        level: level()?,
        threads: common.threads(),
        existing: going_on.existing(),
        cpu: cpu(),
        checkpoints: going_on.checkpoints(),
    };
    let say = |sentence: &str| {
        if !common.quiet {
            complain(sentence);
        }
    };
    let completed = run_sweep(loaded, experiment, out, &options, &|event| {
        match event {
            SweepEvent::Started { points, trainings, schedule, data } => {
                data.iter().for_each(|note| say(note));
                say(&format!("{}: {points} points, {trainings} trainings; {schedule}", experiment.title));
            }
            SweepEvent::Estimated(estimated) => say(&plan::times(estimated)),
            SweepEvent::Training { .. } => {}
            SweepEvent::Trained { point, training, progress: (done, of) } => {
                say(&format!("{done}/{of}  {point}, {}", came_to(training)));
            }
            SweepEvent::Stopped { point, epoch } => {
                say(&format!(
                    "{point}: stopped after epoch {epoch}, for others of its latent size are better"
                ));
            }
            SweepEvent::Concluding => {
                say("measuring the best on the test set, drawing the figure and the report")
            }
        }
        if interrupt.asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    conclude(&completed, json)
}

fn came_to(training: &OneTraining) -> String {
    let seed = training.seed;
    match training.validation {
        Some(error) => format!("seed {seed}: validation error {}", error_text(error.model_scale)),
        None => format!("seed {seed}: diverged"),
    }
}

fn conclude(completed: &CompletedSweep, json: bool) -> Result<(), Failure> {
    let CompletedSweep { summary, directory, stopped } = completed;
    let folder = directory.path().display();
    if json {
        print_json(summary)?;
    } else if summary.trained > 0 {
        print(&table(summary))?;
    }
    if *stopped {
        return Err(Failure::Interrupted(format!(
            "{} of {} trainings done; sweep.json and the models are in {folder}. To go on from here, give the same command with \
             --resume; to begin anew, with --force",
            summary.trained, summary.trainings
        )));
    }
    let Some(best) = &summary.best else {
        return Err(Failure::failed(format!(
            "every point has diverged with at least one seed: its loss is no longer a finite number. {folder}/sweep.csv has all \
             trainings. Try lower learning rates"
        )));
    };
    if json {
        return Ok(());
    }
    let elbow = match summary.has_curve() {
        true => format!("{}\n", summary.elbow_in_words),
        false => String::new(),
    };
    print(&format!(
        "\n{elbow}Best: {}, seed {}; test error {}\n\n{:.1} s in all\n{folder}/best/model.safetensors\n{folder}/report.html\n",
        best.point,
        best.seed,
        error_text(best.test.model_scale),
        summary.seconds
    ))
}

/// The points, the best first.
fn table(summary: &SweepSummary) -> String {
    let mut table =
        Table::new(&["point", "latent", "parameters", "epochs", "validation error", "±", "exact PCA"]);
    for point in summary.points.iter().take(SHOWN) {
        let exact = summary.curve.iter().find(|at| at.latent == point.latent()).and_then(|at| at.exact_pca);
        let dash = || "–".to_owned();
        table.row(vec![
            point.name.clone(),
            point.latent().to_string(),
            point.parameters.to_string(),
            point.epochs_in_words(),
            mean(point),
            point.validation.and_then(|error| error.half_width()).map_or_else(dash, error_text),
            exact.map_or_else(dash, error_text),
        ]);
    }
    let more = summary.points.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("and {more} more, in sweep.csv\n") } else { String::new() };
    table.text() + &more
}

fn mean(point: &PointSummary) -> String {
    match point.validation {
        Some(error) => error_text(error.mean),
        None if point.has_diverged() => "diverged".to_owned(),
        None => "–".to_owned(),
    }
}

fn error_text(error: f64) -> String {
    format!("{error:.5}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_around_one_differ_and_fit_the_rows() {
        assert_eq!(around(16, 784), [2, 4, 8, 16, 32]);
        assert_eq!(around(4, 30), [1, 2, 4, 8]);
        assert_eq!(around(2, 3), [1, 2, 3]);
        assert_eq!(around(1, 1), [1]);
    }

    #[test]
    fn widths_are_sizes_or_none() {
        assert_eq!(widths("64,32").unwrap().0, [64, 32]);
        assert!(widths("none").unwrap().0.is_empty());
        for wrong in ["", "64,", "0", "64 32", "[64]"] {
            assert!(widths(wrong).is_err(), "{wrong}");
        }
    }
}
