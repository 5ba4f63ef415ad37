//! What training from a file takes and brings: the figures of `docs/data.md`, "Larger than memory".
//!
//! ```text
//! larger_than_memory peak FOLDER GB THREADS     trains on a file of so many 10⁹ bytes, within 200 MB, and prints its peak memory
//! larger_than_memory speed FOLDER THREADS       trains on the same rows in memory and from a file, in turns
//! larger_than_memory order FOLDER THREADS       trains on MNIST sorted by class, in memory and by windows of several blocks
//! ```
//!
//! Files are written into FOLDER, and removed at the end.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use narrows::compute::Compute;
use narrows::dataset::format::{ArrayFile, Values as FileValues, npy};
use narrows::dataset::{Dataset, NormalisationKind, ReadAhead, Schema, Values, mnist};
use narrows::evaluate::reconstruction_error;
use narrows::model::{Architecture, Autoencoder, HiddenActivation, InputSpec, OutputActivation};
use narrows::train::{Optimiser, Trained, Training, train};

/// What `peak` may take.
const BUDGET: u64 = 200_000_000;

const BATCH: usize = 128;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["peak", folder, gigabytes, threads] => peak(Path::new(folder), gigabytes, threads),
        ["speed", folder, threads] => speed(Path::new(folder), threads),
        ["order", folder, threads] => order(Path::new(folder), threads),
        _ => Err(
            "usage: larger_than_memory peak FOLDER GB THREADS | speed FOLDER THREADS | order FOLDER THREADS"
                .into(),
        ),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Removes its file at the end.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Where it was never written, there is nothing to remove.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn peak(folder: &Path, gigabytes: &str, threads: &str) -> Result<()> {
    const FEATURES: usize = 784;
    let rows = (gigabytes.parse::<f64>()? * 1e9 / (4 * FEATURES) as f64) as usize;
    let file = Temporary(folder.join("narrows-peak.npy"));
    write_large(&file.0, rows, FEATURES)?;
    let start = Instant::now();
    let ahead = ReadAhead::within(BUDGET)?;
    let dataset =
        Dataset::open_file("large", Schema::rows(FEATURES)?, ArrayFile::open(&file.0)?, None, ahead)?;
    println!(
        "opened and checked {rows} rows after {:.1} s; peak {}",
        start.elapsed().as_secs_f64(),
        high_water()?
    );
    let input = InputSpec::fit(NormalisationKind::Standard, &dataset)?;
    println!("standardised after {:.1} s; peak {}", start.elapsed().as_secs_f64(), high_water()?);
    let samples = input.samples(&dataset)?;
    let architecture = architecture(FEATURES, vec![64, 16], OutputActivation::Linear);
    let training = training(1);
    let mut compute = compute(threads)?;
    let Trained { parameters, history, .. } =
        train(&architecture, &training, &samples, None, &mut compute, &mut |_| ControlFlow::Continue(()))?;
    println!(
        "trained an epoch after {:.1} s, loss {:.5}; peak {}",
        start.elapsed().as_secs_f64(),
        history[0].training_loss,
        high_water()?
    );
    let model = Autoencoder { architecture, parameters, input };
    let error = reconstruction_error(&model, &mut compute, &samples)?.model_scale;
    println!(
        "evaluated after {:.1} s, error {error:.5}; peak {}",
        start.elapsed().as_secs_f64(),
        high_water()?
    );
    Ok(())
}

fn speed(folder: &Path, threads: &str) -> Result<()> {
    const TURNS: usize = 7;
    let mnist = mnist::load();
    let bytes = mnist.train().without_labels();
    let (rows, features) = (200_000, 128);
    let table = (0..rows * features).map(|i| ((i * 2_654_435_761) % 1013) as f32 / 500.0 - 1.0).collect();
    let table = Dataset::new("table", Schema::rows(features)?, Values::Numbers(table), None)?;
    let mut compute = compute(threads)?;
    for (name, dataset, kind, output) in [
        ("MNIST, bytes", bytes, NormalisationKind::Symmetric, OutputActivation::Tanh),
        ("a table, f32", table, NormalisationKind::Standard, OutputActivation::Linear),
    ] {
        let file = Temporary(folder.join("narrows-speed.npy"));
        let all: Vec<usize> = (0..dataset.rows()).collect();
        write_rows(&file.0, &dataset, &all)?;
        let streamed = open(&file.0, &dataset, None, ReadAhead::within(BUDGET)?)?;
        let input = InputSpec::fit(kind, &dataset)?;
        let architecture = architecture(dataset.features(), vec![64, 32, 16], output);
        let mut seconds = [const { Vec::new() }; 2];
        for turn in 0..=TURNS {
            for (place, dataset) in [&dataset, &streamed].into_iter().enumerate() {
                let trained = train(
                    &architecture,
                    &training(2),
                    &input.samples(dataset)?,
                    None,
                    &mut compute,
                    &mut |_| ControlFlow::Continue(()),
                )?;
                // The first turn warms caches up, and the first epoch of each waits for its first window.
                if turn > 0 {
                    seconds[place].push(trained.history[1].duration.as_secs_f64());
                }
            }
        }
        let [memory, from_file] = seconds.map(median);
        println!(
            "{name}: an epoch in memory {memory:.3} s, from a file {from_file:.3} s: {:.0} % of the speed",
            100.0 * memory / from_file
        );
    }
    Ok(())
}

fn order(folder: &Path, threads: &str) -> Result<()> {
    const EPOCHS: [usize; 3] = [1, 3, 10];
    const SEEDS: u64 = 5;
    let mnist = mnist::load();
    let labels = mnist.train().labels().ok_or("MNIST has labels")?;
    let mut sorted: Vec<usize> = (0..mnist.train().rows()).collect();
    sorted.sort_by_key(|&row| labels[row]);
    let file = Temporary(folder.join("narrows-order.npy"));
    write_rows(&file.0, mnist.train(), &sorted)?;

    let input = InputSpec::fit(NormalisationKind::Symmetric, mnist.train())?;
    let test = input.samples(mnist.test())?;
    let features = mnist.train().features();
    let architecture = architecture(features, vec![64, 32, 16], OutputActivation::Tanh);
    let mut compute = compute(threads)?;
    // As the library counts the memory of a row whose bytes are mostly 0.
    let window = (mnist.train().rows() / 64 * (2 * features + 4)) as u64;
    let mut orders = vec![("all rows shuffled, in memory".to_owned(), mnist.train().subset(&sorted))];
    for blocks in [256, 16, 1] {
        let dataset = open(&file.0, mnist.train(), None, ReadAhead::new(window / blocks, window))?;
        orders.push((format!("windows of {blocks} blocks"), dataset));
    }
    for (name, dataset) in orders {
        let samples = input.samples(&dataset)?;
        // By epoch, the training losses and the test errors of all seeds.
        let mut figures = [const { [Vec::new(), Vec::new()] }; EPOCHS.len()];
        for seed in 0..SEEDS {
            let training = Training { test_every: 1, seed, ..training(EPOCHS[EPOCHS.len() - 1]) };
            let trained = train(&architecture, &training, &samples, Some(&test), &mut compute, &mut |_| {
                ControlFlow::Continue(())
            })?;
            for (figures, epoch) in figures.iter_mut().zip(EPOCHS) {
                let report = &trained.history[epoch - 1];
                figures[0].push(report.training_loss);
                figures[1].push(report.test_loss.ok_or("the test error was asked for")?);
            }
        }
        let figures = figures
            .map(|[loss, error]| format!("{} {}", mean_and_deviation(&loss), mean_and_deviation(&error)));
        println!("{name}: {}", figures.join(" | "));
    }
    Ok(())
}

fn architecture(inputs: usize, hidden: Vec<usize>, output: OutputActivation) -> Architecture {
    Architecture { inputs, hidden, activation: HiddenActivation::Relu, output }
}

fn training(epochs: usize) -> Training {
    Training { epochs, batch_size: BATCH, optimiser: Optimiser::adam(1e-3, 1e-5), ..Training::default() }
}

fn compute(threads: &str) -> Result<Compute> {
    Ok(Compute::new(threads.parse::<NonZeroUsize>()?)?)
}

fn open(path: &Path, like: &Dataset, labels: Option<Vec<u32>>, ahead: ReadAhead) -> Result<Dataset> {
    Ok(Dataset::open_file("file", like.schema().clone(), ArrayFile::open(path)?, labels, ahead)?)
}

/// Bytes where the values have the range of bytes, else numbers.
fn write_rows(path: &Path, dataset: &Dataset, rows: &[usize]) -> Result<()> {
    let values = rows.iter().flat_map(|&row| dataset.raw_row(row));
    let values = match dataset.image() {
        // Exact: an image's values are bytes.
        Some(_) => FileValues::Bytes(values.map(|raw| raw as u8).collect()),
        None => FileValues::Numbers(values.collect()),
    };
    Ok(npy::write(path, &[rows.len(), dataset.features()], &values)?)
}

/// Pseudo-random `f32` in [0, 1), the same 16 MB over and over, written without ever being in memory at once.
fn write_large(path: &Path, rows: usize, features: usize) -> Result<()> {
    let mut file = File::create(path)?;
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {features}), }}");
    let length = (header.len() + 11).next_multiple_of(64) - 10;
    file.write_all(b"\x93NUMPY\x01\x00")?;
    file.write_all(&u16::try_from(length)?.to_le_bytes())?;
    file.write_all(format!("{header:<width$}\n", width = length - 1).as_bytes())?;
    let numbers = (0..4_000_037_usize).map(|i| (i * 2_654_435_761 % 1009) as f32 / 1009.0);
    let piece: Vec<u8> = numbers.flat_map(f32::to_le_bytes).collect();
    let mut left = rows * features * 4;
    while left > 0 {
        let used = piece.len().min(left);
        file.write_all(&piece[..used])?;
        left -= used;
    }
    Ok(())
}

/// The most memory that this process ever had, as Linux tells it.
fn high_water() -> Result<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line.ok_or("this system tells no VmHWM")?.trim().to_owned())
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn mean_and_deviation(numbers: &[f64]) -> String {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    format!("{mean:.4} ± {:.4}", variance.sqrt())
}
