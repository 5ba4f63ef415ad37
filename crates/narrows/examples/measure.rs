//! narrows' side of `cargo xtask bench`, and the data that its peers read.
//!
//! ```text
//! measure WORKLOAD THREADS ROWS FOLDER SEED   measures a workload of benchmarks/workloads.json, prints JSON
//! measure export ROWS FOLDER                  writes mnist.npy, table.npy and model.safetensors
//! ```
//!
//! ROWS is how many rows of the data to take, from its first. The JSON is what the peers in benchmarks/peers print.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::error::Error;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use narrows::compute::Compute;
use narrows::dataset::{Dataset, NormalisationKind, Samples, Schema, Values};
use narrows::evaluate::reconstruction_error;
use narrows::files::model::{Provenance, load, save};
use narrows::model::{Architecture, Autoencoder, HiddenActivation, InputSpec, OutputActivation};
use narrows::pca::Pca;
use narrows::train::{Event, Optimiser, Trained, Training, train};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::Deserialize;

/// All peers read the same list.
const WORKLOADS: &str = include_str!("../../../benchmarks/workloads.json");

/// The model that [`export`] trains and everyone infers with.
const EXPORTED_EPOCHS: usize = 2;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Deserialize)]
struct Workloads {
    settings: Settings,
    workloads: Vec<Workload>,
}

#[derive(Deserialize)]
struct Settings {
    batch_size: usize,
    learning_rate: f64,
    weight_decay: f64,
}

#[derive(Deserialize)]
struct Workload {
    name: String,
    /// How many epochs or passes are timed, after one that is not.
    timed: usize,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Kind {
    Training { data: DataName, hidden: Vec<usize>, output: OutputActivation },
    Inference {},
    ExactPca { components: usize },
    StartUp {},
    Experiment {},
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DataName {
    Mnist,
    Table,
}

/// What a process has measured.
struct Measured {
    first: Duration,
    timed: Vec<Duration>,
    loss: f64,
    note: Option<&'static str>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["export", rows, folder] => {
            rows.parse().map_err(Into::into).and_then(|rows| export(rows, Path::new(folder)))
        }
        [name, threads, rows, folder, seed] => run(name, [threads, rows, seed], Path::new(folder)),
        _ => Err("usage: measure WORKLOAD THREADS ROWS FOLDER SEED, or measure export ROWS FOLDER".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("measure: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str, [threads, rows, seed]: [&str; 3], folder: &Path) -> Result<()> {
    let Workloads { settings, workloads } = serde_json::from_str(WORKLOADS)?;
    let workload = workloads.into_iter().find(|workload| workload.name == name);
    let Workload { timed, kind, .. } =
        workload.ok_or_else(|| format!("workloads.json has no workload `{name}`"))?;
    let (seed, rows) = (seed.parse()?, rows.parse()?);
    let mut compute = Compute::new(threads.parse::<NonZeroUsize>()?)?;
    let measured = match kind {
        Kind::Training { data, hidden, output } => {
            let data = Data::new(data, rows)?;
            measure_training(&data, hidden, output, &settings, seed, timed, &mut compute)?
        }
        Kind::Inference {} => measure_inference(rows, folder, timed, &mut compute)?,
        Kind::ExactPca { components } => measure_pca(rows, components, timed, &mut compute)?,
        Kind::StartUp {} | Kind::Experiment {} => {
            return Err(format!("`{name}` measures the program `narrows`, not the library").into());
        }
    };
    println!("{}", measured.json(&compute));
    Ok(())
}

// ── Training ────────────────────────────────────────────────────────────────────────────────────────────────────────

/// The first epoch is not timed: what is prepared once is prepared in it.
fn measure_training(
    data: &Data,
    hidden: Vec<usize>,
    output: OutputActivation,
    settings: &Settings,
    seed: u64,
    timed: usize,
    compute: &mut Compute,
) -> Result<Measured> {
    let architecture = architecture(data.dataset.features(), hidden, output);
    let trained = train_epochs(&architecture, data, settings, seed, 1 + timed, compute)?;
    let [first, timed @ ..] = &trained.history[..] else { return Err("no epoch came to its end".into()) };
    let second = timed.first().ok_or("there is no second epoch")?;
    Ok(Measured {
        first: first.duration,
        timed: timed.iter().map(|epoch| epoch.duration).collect(),
        loss: second.training_loss,
        note: None,
    })
}

fn train_epochs(
    architecture: &Architecture,
    data: &Data,
    settings: &Settings,
    seed: u64,
    epochs: usize,
    compute: &mut Compute,
) -> Result<Trained> {
    let Settings { batch_size, learning_rate, weight_decay } = *settings;
    let optimiser = Optimiser::adam(learning_rate, weight_decay);
    let training = Training { epochs, batch_size, optimiser, seed, ..Training::default() };
    let samples = data.samples()?;
    let mut observe = |_: &Event| ControlFlow::Continue(());
    Ok(train(architecture, &training, &samples, None, compute, &mut observe)?)
}

fn architecture(inputs: usize, hidden: Vec<usize>, output: OutputActivation) -> Architecture {
    Architecture { inputs, hidden, activation: HiddenActivation::Relu, output }
}

// ── Inference and PCA ───────────────────────────────────────────────────────────────────────────────────────────────

/// Codes of all images, and the reconstructions from them, with the model that [`export`] wrote.
fn measure_inference(rows: usize, folder: &Path, timed: usize, compute: &mut Compute) -> Result<Measured> {
    let data = Data::new(DataName::Mnist, rows)?;
    let (model, _) = load(&folder.join("model.safetensors"))?;
    let samples = model.samples(&data.dataset)?;
    let mut reconstructions = Vec::new();
    let predictor = model.predictor()?;
    let mut pass = || -> Result<Duration> {
        // What was computed before is freed before more is asked for, as in a program that goes on.
        reconstructions = Vec::new();
        let start = Instant::now();
        let codes = predictor.encode(compute, &samples)?;
        reconstructions = predictor.decode(compute, &codes)?;
        Ok(start.elapsed())
    };
    let first = pass()?;
    let timed = (0..timed).map(|_| pass()).collect::<Result<_>>()?;
    let squares: f64 = reconstructions
        .chunks_exact(samples.features())
        .enumerate()
        .map(|(i, y)| distance(&samples.row(i), y))
        .sum();
    Ok(Measured { first, timed, loss: squares / reconstructions.len() as f64, note: None })
}

fn distance(x: &[f32], y: &[f32]) -> f64 {
    x.iter().zip(y).map(|(x, y)| f64::from(x - y).powi(2)).sum()
}

/// Exact PCA; the loss is the mean squared error of its best components.
fn measure_pca(rows: usize, components: usize, timed: usize, compute: &mut Compute) -> Result<Measured> {
    let data = Data::new(DataName::Mnist, rows)?;
    let samples = data.samples()?;
    let mut bound = f64::NAN;
    let mut pass = || -> Result<Duration> {
        let start = Instant::now();
        bound = Pca::fit(compute, &samples)?.bound(components);
        Ok(start.elapsed())
    };
    let first = pass()?;
    let timed = (0..timed).map(|_| pass()).collect::<Result<_>>()?;
    Ok(Measured { first, timed, loss: bound, note: Some("computed in float64") })
}

// ── Data ────────────────────────────────────────────────────────────────────────────────────────────────────────────

struct Data {
    dataset: Dataset,
    input: InputSpec,
}

impl Data {
    fn new(name: DataName, rows: usize) -> Result<Self> {
        let (mut dataset, kind) = match name {
            DataName::Mnist => {
                (narrows::dataset::mnist::load().train().clone(), NormalisationKind::Symmetric)
            }
            DataName::Table => (table(rows), NormalisationKind::Standard),
        };
        if rows < dataset.rows() {
            dataset = dataset.subset(&(0..rows).collect::<Vec<_>>());
        }
        let input = InputSpec::fit(kind, &dataset)?;
        Ok(Self { dataset, input })
    }

    fn samples(&self) -> Result<Samples> {
        Ok(self.input.samples(&self.dataset)?)
    }
}

/// Columns that hang together: each is a mixture of six hidden numbers, the product of two of them, and noise.
fn table(rows: usize) -> Dataset {
    const COLUMNS: usize = 20;
    const HIDDEN: usize = 6;
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut uniform = || (f64::from(random.next_u32()) / f64::from(u32::MAX) * 2.0 - 1.0) as f32;
    let mixture: [[f32; HIDDEN]; COLUMNS] = std::array::from_fn(|_| std::array::from_fn(|_| uniform()));
    let mut numbers = Vec::with_capacity(rows * COLUMNS);
    for _ in 0..rows {
        let hidden: [f32; HIDDEN] = std::array::from_fn(|_| uniform());
        numbers.extend(mixture.iter().enumerate().map(|(column, weights)| {
            let mixed: f32 = weights.iter().zip(&hidden).map(|(w, h)| w * h).sum();
            mixed + hidden[column % HIDDEN] * hidden[(column + 1) % HIDDEN] + 0.2 * uniform()
        }));
    }
    let schema = Schema::rows(COLUMNS).expect("there are columns");
    Dataset::new("table", schema, Values::Numbers(numbers), None).expect("mixtures are finite")
}

/// What the peers read: MNIST's bytes, the normalised table, and a model for inference and start-up.
fn export(rows: usize, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let mnist = Data::new(DataName::Mnist, rows)?;
    // Exact: MNIST's values are bytes.
    let bytes: Vec<u8> =
        (0..mnist.dataset.rows()).flat_map(|row| mnist.dataset.raw_row(row)).map(|raw| raw as u8).collect();
    write_npy(&folder.join("mnist.npy"), "|u1", [mnist.dataset.rows(), mnist.dataset.features()], &bytes)?;

    let table = Data::new(DataName::Table, rows)?;
    let numbers = table.samples()?.to_vec();
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    write_npy(&folder.join("table.npy"), "<f4", [table.dataset.rows(), table.dataset.features()], &bytes)?;

    let Workloads { settings, .. } = serde_json::from_str(WORKLOADS)?;
    let architecture = architecture(mnist.dataset.features(), vec![64, 32, 16], OutputActivation::Tanh);
    let mut compute = Compute::new(NonZeroUsize::MIN)?;
    let trained = train_epochs(&architecture, &mnist, &settings, 0, EXPORTED_EPOCHS, &mut compute)?;
    let model = Autoencoder { architecture, parameters: trained.parameters, input: mnist.input.clone() };
    let provenance = Provenance {
        name: "three-layer".to_owned(),
        data: mnist.dataset.name().to_owned(),
        data_hash: Some(mnist.dataset.content_hash().to_owned()),
        source: None,
        training: None,
        epochs: EXPORTED_EPOCHS,
        training_loss: trained.history.last().map(|epoch| epoch.training_loss),
        narrows: env!("CARGO_PKG_VERSION").to_owned(),
        ..Provenance::default()
    };
    save(&folder.join("model.safetensors"), &model, &provenance)?;
    let error = reconstruction_error(&model, &mut compute, &mnist.samples()?)?.model_scale;
    println!("{}", serde_json::json!({ "model": model.architecture.to_string(), "error": error }));
    Ok(())
}

/// An array of numpy's: a header of text, padded so that the numbers begin at a multiple of 64 bytes.
fn write_npy(path: &Path, kind: &str, [rows, columns]: [usize; 2], bytes: &[u8]) -> Result<()> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    // Magic, version and the header's length are 10 bytes, the line's end is one.
    let length = (header.len() + 11).next_multiple_of(64) - 10;
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(u16::try_from(length)?.to_le_bytes());
    file.extend(format!("{header:<width$}\n", width = length - 1).bytes());
    file.extend(bytes);
    Ok(std::fs::write(path, file)?)
}

// ── The answer ──────────────────────────────────────────────────────────────────────────────────────────────────────

impl Measured {
    fn json(&self, compute: &Compute) -> serde_json::Value {
        let mut seconds: Vec<f64> = self.timed.iter().map(Duration::as_secs_f64).collect();
        seconds.sort_by(f64::total_cmp);
        let middle = seconds.len() / 2;
        let median = (seconds[middle] + seconds[(seconds.len() - 1) / 2]) / 2.0;
        serde_json::json!({
            "seconds": median,
            "first_seconds": self.first.as_secs_f64(),
            "loss": self.loss,
            "peak_memory_bytes": peak_memory(),
            "versions": { "narrows": env!("CARGO_PKG_VERSION") },
            "instruction_set": compute.level.name(),
            "note": self.note,
        })
    }
}

/// The most memory that this process has had, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}
