//! Fills in what is missing from a table: learns from the values that are there, and asks the model for the others.
//!
//! ```text
//! fill_missing HIDDEN ACTIVATION EPOCHS SEED < table.csv > filled.csv
//! fill_missing 64,4 silu 300 0               < table.csv > filled.csv
//! ```
//!
//! The table has numbers alone, between commas, and no heading; an empty cell is missing.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::error::Error;
use std::io::{Read, Write, stdin, stdout};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::thread::available_parallelism;

use narrows::compute::Compute;
use narrows::dataset::{Dataset, Missing, NormalisationKind, Schema, Values};
use narrows::model::{Architecture, Autoencoder, HiddenActivation, InputSpec, OutputActivation};
use narrows::train::{Optimiser, Outcome, Schedule, Training, train};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match fill(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fill_missing: {error}");
            ExitCode::FAILURE
        }
    }
}

fn fill(arguments: &[String]) -> Result<()> {
    let [hidden, activation, epochs, seed] = arguments else {
        return Err("expected HIDDEN ACTIVATION EPOCHS SEED, for instance `64,4 silu 300 0`".into());
    };
    let mut text = String::new();
    stdin().read_to_string(&mut text)?;
    let (columns, values) = read(&text)?;

    let schema = Schema::rows(columns)?.with_missing(Missing::Mask)?;
    let table = Dataset::new("the table", schema, Values::Numbers(values), None)?;
    let input = InputSpec::fit(NormalisationKind::Standard, &table)?;
    let samples = input.samples(&table)?;
    let architecture = Architecture {
        inputs: columns,
        hidden: hidden.split(',').map(str::parse).collect::<std::result::Result<_, _>>()?,
        activation: serde_json::from_value::<HiddenActivation>(activation.as_str().into())?,
        output: OutputActivation::Linear,
    };
    let training = Training {
        epochs: epochs.parse()?,
        batch_size: 32,
        optimiser: Optimiser::adam(1e-2, 1e-5),
        schedule: Schedule::one_cycle(),
        seed: seed.parse()?,
        ..Training::default()
    };

    let mut compute = Compute::new(available_parallelism()?)?;
    let trained =
        train(&architecture, &training, &samples, None, &mut compute, &mut |_| ControlFlow::Continue(()))?;
    if trained.outcome != Outcome::Finished {
        return Err(format!("training ended early: {:?}", trained.outcome).into());
    }
    let model = Autoencoder { architecture, parameters: trained.parameters, input };
    let filled = model.predictor()?.filled(&mut compute, &samples)?;

    let mut out = stdout().lock();
    for row in filled.chunks_exact(columns) {
        let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
        writeln!(out, "{}", cells.join(","))?;
    }
    Ok(())
}

/// How many columns there are, and all values, row after row; NaN where a cell is empty.
fn read(text: &str) -> Result<(usize, Vec<f32>)> {
    let columns = text.lines().next().map_or(0, |line| line.split(',').count());
    let mut values = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.split(',').count() != columns {
            return Err(format!("line {} has not {columns} cells as the first has", number + 1).into());
        }
        for cell in line.split(',').map(str::trim) {
            let value = if cell.is_empty() { Ok(f32::NAN) } else { cell.parse() };
            values.push(value.map_err(|_| format!("`{cell}` in line {} is no number", number + 1))?);
        }
    }
    Ok((columns, values))
}
