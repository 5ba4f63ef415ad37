//! Who takes part in a workload, and by which command.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::environment::Environment;
use super::measurement::{Measurement, measure};
use super::options::Options;
use super::workload::{Kind, Workload};
use crate::command::root;

/// Whose work it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Library {
    /// Ours.
    #[serde(rename = "narrows")]
    Narrows,
    /// torch
    PyTorch,
    /// jax
    #[serde(rename = "JAX")]
    Jax,
    /// sklearn
    #[serde(rename = "scikit-learn")]
    ScikitLearn,
}

impl Library {
    /// As it calls itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::Narrows => "narrows",
            Self::PyTorch => "PyTorch",
            Self::Jax => "JAX",
            Self::ScikitLearn => "scikit-learn",
        }
    }
}

/// One that is measured.
#[derive(Clone, Debug)]
pub struct Contestant {
    /// Whose.
    pub library: Library,
    /// In which of its ways.
    pub variant: &'static str,
    /// On how many threads.
    pub threads: usize,
    program: PathBuf,
    arguments: Vec<String>,
    /// Whether the last argument is a seed.
    seeded: bool,
    /// The run directory of `narrows run`, whose errors are looked up.
    run: Option<PathBuf>,
}

impl Contestant {
    /// Runs it once. Everyone's seed is the round: the mean loss of several rounds depends less on luck.
    pub fn measure(&self, environment: &Environment, round: usize) -> Result<Measurement, String> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(root());
        if self.seeded {
            command.arg(round.to_string());
        }
        for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
            command.env(name, self.threads.to_string());
        }
        command.env("JAX_PLATFORMS", "cpu").env("CUDA_VISIBLE_DEVICES", "");
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("TORCHINDUCTOR_CACHE_DIR", environment.folder.join("compiled"));
        let mut measurement = measure(&mut command)?;
        if let Some(run) = &self.run {
            measurement.note = Some(errors_against_published(run)?);
        }
        Ok(measurement)
    }
}

/// Who takes part in a workload, narrows first.
pub fn contestants(
    workload: &Workload,
    options: &Options,
    rows: usize,
    environment: &Environment,
) -> Vec<Contestant> {
    let mut contestants = match workload.kind {
        Kind::StartUp => start_up(workload, options, environment),
        Kind::Experiment { .. } => vec![experiment(workload, options, environment)],
        Kind::Training | Kind::Inference | Kind::ExactPca => Vec::new(),
    };
    let mut add = |library, variant, threads: usize, program: &Path, script: &[&str]| {
        let task = [&workload.name, &threads.to_string(), &rows.to_string(), &text(&environment.data)];
        let arguments = script.iter().copied().chain(task.map(String::as_str)).map(str::to_owned).collect();
        let program = program.to_owned();
        contestants.push(Contestant {
            library,
            variant,
            threads,
            program,
            arguments,
            seeded: true,
            run: None,
        });
    };
    let (threads, python, measure) = (options.threads, &environment.python, &environment.measure);
    let pytorch = "benchmarks/peers/pytorch.py";
    match workload.kind {
        Kind::Training => {
            add(Library::Narrows, "", threads, measure, &[]);
            if threads > 1 {
                add(Library::Narrows, "", 1, measure, &[]);
            }
            add(Library::PyTorch, "eager", threads, python, &[pytorch, "eager"]);
            add(Library::PyTorch, "compiled model", threads, python, &[pytorch, "compile"]);
            add(Library::PyTorch, "compiled step", threads, python, &[pytorch, "compile-step"]);
            add(Library::Jax, "compiled epoch", threads, python, &["benchmarks/peers/jax_.py", "epoch"]);
        }
        Kind::Inference => {
            add(Library::Narrows, "", threads, measure, &[]);
            if threads > 1 {
                add(Library::Narrows, "", 1, measure, &[]);
            }
            add(Library::PyTorch, "eager", threads, python, &[pytorch, "eager"]);
            add(Library::PyTorch, "compiled", threads, python, &[pytorch, "compile"]);
        }
        Kind::ExactPca => {
            add(Library::Narrows, "", threads, measure, &[]);
            for precision in ["float32", "float64"] {
                add(
                    Library::ScikitLearn,
                    precision,
                    threads,
                    python,
                    &["benchmarks/peers/scikit.py", precision],
                );
            }
        }
        Kind::StartUp | Kind::Experiment { .. } => {}
    }
    contestants
}

/// A program as a whole against a program as a whole.
fn start_up(workload: &Workload, options: &Options, environment: &Environment) -> Vec<Contestant> {
    let model = text(&environment.data.join("model.safetensors"));
    let inspect = vec![text(&environment.narrows), "inspect".to_owned(), model.clone()];
    let load = vec![text(&environment.python), "benchmarks/peers/load_model.py".to_owned(), model];
    // The first start reads the program from the disk.
    [(Library::Narrows, "inspect", inspect), (Library::PyTorch, "import and load", load)]
        .into_iter()
        .map(|(library, variant, command)| Contestant {
            library,
            variant,
            threads: options.threads,
            program: environment.python.clone(),
            arguments: timed(1, workload.timed, command),
            seeded: false,
            run: None,
        })
        .collect()
}

fn experiment(workload: &Workload, options: &Options, environment: &Environment) -> Contestant {
    let (threads, run) = (options.threads, environment.folder.join("runs").join(&workload.name));
    let arguments = [
        "run",
        &workload.name,
        "--force",
        "--quiet",
        "--threads",
        &threads.to_string(),
        "--out",
        &text(&run),
    ];
    let command = std::iter::once(text(&environment.narrows)).chain(arguments.map(str::to_owned)).collect();
    Contestant {
        library: Library::Narrows,
        variant: "run",
        threads,
        program: environment.python.clone(),
        arguments: timed(0, workload.timed, command),
        seeded: false,
        run: Some(run),
    }
}

/// The arguments with which Python times a program.
fn timed(warm_ups: usize, timed: usize, command: Vec<String>) -> Vec<String> {
    let script = "benchmarks/peers/process.py".to_owned();
    [script, warm_ups.to_string(), timed.to_string()].into_iter().chain(command).collect()
}

/// Says how many models of a run have a test error no worse than the published one, corrected where it was wrong.
fn errors_against_published(run: &Path) -> Result<String, String> {
    let path = run.join("summary.json");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let summary: serde_json::Value =
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    let models = summary["models"].as_array().ok_or_else(|| format!("{} lists no models", path.display()))?;
    let compared: Vec<bool> = models
        .iter()
        .filter_map(|model| {
            let published = &model["published"];
            let published = published["corrected_test_loss"].as_f64().or(published["test_loss"].as_f64())?;
            Some(model["test"]["model_scale"].as_f64()? <= published)
        })
        .collect();
    let reached = compared.iter().filter(|&&reached| reached).count();
    Ok(format!("{reached} of {} published test errors reached", compared.len()))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
