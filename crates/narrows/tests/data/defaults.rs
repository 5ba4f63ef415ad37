//! The settings that a table gets by itself find faults in it; those of the images of the published study do not.

use std::ops::ControlFlow;

use narrows::dataset::{Dataset, NormalisationKind, Schema, ValueRange, Values};
use narrows::experiment::{Defaults, defaults};
use narrows::model::{Architecture, Autoencoder, InputSpec, OutputActivation};
use narrows::train::{Training, train};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::compute;

const COLUMNS: usize = 24;
const ROWS: usize = 4_000;

/// Every fiftieth row has a fault.
const EVERY: usize = 50;

/// From −1 to 1.
fn draw(random: &mut ChaCha8Rng) -> f64 {
    f64::from(random.next_u32()) / f64::from(u32::MAX) * 2.0 - 1.0
}

/// Columns that follow three hidden numbers, in scales from 0.1 to 10,000. A fault turns one column round its middle.
fn sensors() -> Dataset {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let weights: Vec<[f64; 3]> = (0..COLUMNS).map(|_| std::array::from_fn(|_| draw(&mut random))).collect();
    let mut values = Vec::new();
    for row in 0..ROWS {
        let hidden: [f64; 3] = std::array::from_fn(|_| draw(&mut random));
        let faulty = (row % EVERY == 0).then_some(row / EVERY % COLUMNS);
        for (column, weights) in weights.iter().enumerate() {
            let sum: f64 = weights.iter().zip(hidden).map(|(w, h)| w * h).sum();
            let mut value = (2.0 * sum).sin() + 0.02 * draw(&mut random);
            if faulty == Some(column) {
                value = if value > 0.0 { value - 1.5 } else { value + 1.5 };
            }
            let scale = 10_f64.powf(column as f64 / 4.0 - 1.0);
            values.push((scale * (value + 3.0)) as f32);
        }
    }
    let least = values.iter().copied().fold(f32::INFINITY, f32::min);
    let greatest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    // A range, as if it were images, so that both ways can be tried.
    let schema = Schema::rows(COLUMNS).unwrap().with_range(ValueRange { low: least, high: greatest });
    Dataset::new("sensors", schema.unwrap(), Values::Numbers(values), None).unwrap()
}

/// How probably a row with a fault has a greater error than one without: the area under the ROC curve.
fn area(settings: &Defaults, dataset: &Dataset) -> f64 {
    let input = InputSpec::fit(settings.normalisation, dataset).unwrap();
    let samples = input.samples(dataset).unwrap();
    let architecture = Architecture {
        inputs: COLUMNS,
        hidden: settings.hidden.clone(),
        activation: settings.activation,
        output: settings.output,
    };
    let training = Training {
        epochs: settings.epochs,
        batch_size: settings.batch_size,
        optimiser: settings.optimiser,
        schedule: settings.schedule,
        ..Training::default()
    };
    let mut compute = compute();
    let trained =
        train(&architecture, &training, &samples, None, &mut compute, &mut |_| ControlFlow::Continue(()));
    let model = Autoencoder { architecture, parameters: trained.unwrap().parameters, input };
    let errors = model.predictor().unwrap().squared_errors(&mut compute, &samples).unwrap();
    let of = |faulty: bool| errors.iter().enumerate().filter(move |(row, _)| (row % EVERY == 0) == faulty);
    let greater: usize = of(true).map(|(_, fault)| of(false).filter(|(_, good)| fault > good).count()).sum();
    greater as f64 / (of(true).count() * of(false).count()) as f64
}

#[test]
fn a_tables_own_settings_find_faults_that_an_images_settings_are_blind_to() {
    let dataset = sensors();
    let of_table = defaults(dataset.schema(), ROWS);
    let of_images = Defaults {
        normalisation: NormalisationKind::Symmetric,
        output: OutputActivation::Tanh,
        ..of_table.clone()
    };
    let (of_table, of_images) = (area(&of_table, &dataset), area(&of_images, &dataset));
    // Most columns are tiny beside the greatest, and one number for all leaves nothing of them.
    assert!(of_table > 0.98 && of_images < 0.8, "{of_table}, {of_images}");
}
