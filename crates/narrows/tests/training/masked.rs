//! Missing values: four steps against PyTorch's, the same bits everywhere, and what is left out.

use std::ops::ControlFlow;

use narrows::compute::{Compute, Level};
use narrows::dataset::{Dataset, Missing, Samples, Schema, Values};
use narrows::evaluate::reconstruction_error;
use narrows::model::{Architecture, Autoencoder, HiddenActivation, InputSpec, OutputActivation, Parameters};
use narrows::train::{Event, Objective, Optimiser, Rates, Step, Trained, Training, TrainingError, train};
use serde::Deserialize;

use crate::golden::{Golden, read};
use crate::support::{
    FEATURES, all_bits, architecture, assert_all_close, assert_close, autoencoder, compute, masked, numbers,
    random_parameters,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "naming a field is knowing it")]
struct Case {
    name: String,
    written_by: String,
    seed: u64,
    inputs: usize,
    hidden: Vec<usize>,
    hidden_activation: HiddenActivation,
    output_activation: OutputActivation,
    batch_rows: Vec<usize>,
    optimiser: Adam,
    float32_distance: PerGroup,
    movement_by_gradient_noise: f64,
    largest_magnitude: PerGroup,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Adam {
    name: String,
    learning_rate: f64,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    weight_decay: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "naming a field is knowing it")]
struct PerGroup {
    latent: f64,
    output: f64,
    row_error: f64,
    loss: f64,
    gradient: f64,
    after: f64,
}

/// Rows in the model's scale, of which NaN is missing.
/// Of every row about a quarter, of row 5 all, of column 3 all.
fn with_missing(mut values: Vec<f32>, features: usize) -> Vec<f32> {
    for (index, value) in values.iter_mut().enumerate() {
        let (row, column) = (index / features, index % features);
        if row == 5 || column == 3 || (row * 31 + column * 17) % 29 < 7 {
            *value = f32::NAN;
        }
    }
    values
}

fn masked_numbers(rows: usize, seed: u64) -> Samples {
    masked(FEATURES, with_missing(numbers(rows, FEATURES, seed).to_vec(), FEATURES))
}

#[test]
fn steps_are_those_of_pytorch() {
    for name in ["masked-pca", "masked-two-layer", "masked-three-layer"] {
        let golden = read(&format!("{name}.safetensors"));
        Level::available().into_iter().for_each(|level| run(&golden, level));
    }
}

/// Tolerances are those of golden/README.md.
fn run(golden: &Golden<Case>, level: Level) {
    let Golden { description: case, tensors } = golden;
    let name = format!("{} at {level}", case.name);
    let architecture = Architecture {
        inputs: case.inputs,
        hidden: case.hidden.clone(),
        activation: case.hidden_activation,
        output: case.output_activation,
    };
    let mut compute = compute(level, 2);
    let before = golden.parameters(Parameters::zeros(&architecture), "before");
    let (mut values, mut batches, mut rows) = (Vec::new(), Vec::new(), 0);
    for (i, &count) in case.batch_rows.iter().enumerate() {
        values.extend(tensors[&format!("batch/{i}")].singles());
        batches.push((rows..rows + count as u32).collect::<Vec<_>>());
        rows += count as u32;
    }
    let first = masked(case.inputs, values[..case.batch_rows[0] * case.inputs].to_vec());
    let samples = masked(case.inputs, values);
    assert_eq!((samples.present(3), samples.present(5) > 20), (0, true), "{name}");
    let tolerance = |group: fn(&PerGroup) -> f64| (-20_f64).exp2() * group(&case.largest_magnitude);

    let model = autoencoder(&architecture, &before);
    let latent = model.encode(&mut compute, &first).unwrap();
    assert_all_close(&latent, &tensors["latent"].values, tolerance(|g| g.latent), format_args!("{name}"));
    let output = model.reconstruct(&mut compute, &first).unwrap();
    assert_all_close(&output, &tensors["output"].values, tolerance(|g| g.output), format_args!("{name}"));
    let errors = model.squared_errors(&mut compute, &first).unwrap();
    let expected = &tensors["row_error"].values;
    assert_all_close(&errors, expected, tolerance(|g| g.row_error), format_args!("{name}, errors of rows"));

    let losses = &tensors["loss"].values;
    let error = reconstruction_error(&model, &mut compute, &first).unwrap().model_scale;
    assert_close(error, losses[0], tolerance(|g| g.loss), format_args!("{name}, reconstruction error"));

    let mut step = Step::for_samples(&architecture, &before, 13, &samples);
    let zeros = Parameters::zeros(&architecture);
    let gradients = step.gradients(&mut compute, &samples, Objective::default(), &batches[0], &zeros);
    assert_close(gradients.loss, losses[0], tolerance(|g| g.loss), format_args!("{name}, loss"));
    golden.compare(&gradients.by_parameter, "gradient", tolerance(|g| g.gradient), &name);

    assert_eq!((case.optimiser.name.as_str(), losses[2]), ("adam", 0.0), "{name}");
    let Adam { learning_rate, beta1, beta2, epsilon, weight_decay, .. } = case.optimiser;
    let optimiser = Optimiser::Adam { learning_rate, beta1, beta2, epsilon, weight_decay };
    let mut step = Step::for_samples(&architecture, &before, 13, &samples);
    for (i, (batch, &expected)) in batches.iter().zip(losses).enumerate() {
        let rule = optimiser.rules(i as u64 + 1, Rates { learning_rate, momentum: None });
        let loss = step.take(&mut compute, &samples, batch, rule);
        assert_close(loss, expected, tolerance(|g| g.loss), format_args!("{name}, loss {i}"));
    }
    let mut after = Parameters::zeros(&architecture);
    step.parameters(&mut after);
    golden.compare(&after, "after", 2.0 * case.movement_by_gradient_noise + 2e-7, &name);
}

fn settings() -> Training {
    Training { epochs: 2, batch_size: 40, test_every: 1, ..Training::default() }
}

fn trained(
    architecture: &Architecture,
    samples: &Samples,
    test: Option<&Samples>,
    compute: &mut Compute,
) -> Result<Trained, TrainingError> {
    train(architecture, &settings(), samples, test, compute, &mut |_| ControlFlow::Continue(()))
}

fn bits(trained: &Trained) -> (Vec<u32>, Vec<u64>) {
    let losses = trained.history.iter().flat_map(|epoch| [Some(epoch.training_loss), epoch.test_loss]);
    (all_bits(trained.parameters.values()), losses.map(|loss| loss.unwrap_or(0.0).to_bits()).collect())
}

#[test]
fn threads_and_levels_have_no_influence() {
    let (samples, test) = (masked_numbers(150, 4), masked_numbers(37, 5));
    // One whose weights fit a cache, and one whose last layer is computed in parts.
    for hidden in [&[19, 5][..], &[600, 300, 5]] {
        let architecture = architecture(hidden);
        let result = |level, threads| {
            bits(&trained(&architecture, &samples, Some(&test), &mut compute(level, threads)).unwrap())
        };
        let expected = result(Level::scalar(), 1);
        for level in Level::available() {
            for threads in [1, 2, 5] {
                assert!(result(level, threads) == expected, "{level}, {threads} threads, {architecture}");
            }
        }
    }
}

#[test]
fn a_schema_that_masks_changes_no_bit_where_nothing_is_missing() {
    let whole = numbers(150, FEATURES, 4);
    let masked = masked(FEATURES, whole.to_vec());
    assert!(!masked.has_missing());
    let result = |samples| {
        bits(&trained(&architecture(&[19, 5]), samples, None, &mut compute(Level::detect(), 2)).unwrap())
    };
    assert_eq!(result(&masked), result(&whole));
}

#[test]
fn a_row_without_any_value_is_left_out_of_training() {
    let mut values = with_missing(numbers(90, FEATURES, 6).to_vec(), FEATURES);
    values.drain(5 * FEATURES..6 * FEATURES);
    let mut compute = compute(Level::detect(), 2);
    let mut result = |values: &[f32]| {
        let samples = masked(FEATURES, values.to_vec());
        bits(&trained(&architecture(&[19, 5]), &samples, None, &mut compute).unwrap())
    };
    let without = result(&values);
    // Behind the others, so that those keep their places.
    values.extend([f32::NAN; 3 * FEATURES]);
    assert_eq!(result(&values), without);
}

#[test]
fn data_without_any_value_is_refused() {
    let (empty, some) = (masked(FEATURES, vec![f32::NAN; 4 * FEATURES]), masked_numbers(20, 7));
    let (architecture, mut compute) = (architecture(&[5]), compute(Level::detect(), 1));
    let refused = trained(&architecture, &empty, None, &mut compute).unwrap_err();
    assert_eq!(refused, TrainingError::NoValues { set: "training" });
    let refused = trained(&architecture, &some, Some(&empty), &mut compute).unwrap_err();
    assert_eq!(refused, TrainingError::NoValues { set: "test" });
}

/// Rows on a line in eight columns, each column a multiple of one hidden number: what is missing follows from the rest.
#[test]
fn missing_values_are_filled_from_what_the_others_say_and_nothing_else_is_touched() {
    let (rows, features) = (400, 8);
    let whole: Vec<f32> = (0..rows * features)
        .map(|i| {
            let (hidden, column) = ((i / features * 37 % 101) as f32 / 50.0 - 1.0, (i % features) as f32);
            100.0 + (10.0 + column) * hidden * if i % 2 == 0 { 1.0 } else { -1.0 }
        })
        .collect();
    let raw: Vec<f32> =
        whole.iter().enumerate().map(|(i, &x)| if i * 7919 % 11 < 2 { f32::NAN } else { x }).collect();
    let schema = Schema::rows(features).unwrap().with_missing(Missing::Mask).unwrap();
    let dataset = Dataset::new("line", schema, Values::Numbers(raw.clone()), None).unwrap();
    let input = InputSpec::fit(narrows::dataset::NormalisationKind::Standard, &dataset).unwrap();
    let samples = input.samples(&dataset).unwrap();
    let architecture = Architecture {
        inputs: features,
        hidden: vec![1],
        activation: HiddenActivation::Identity,
        output: OutputActivation::Linear,
    };
    let training = Training {
        epochs: 200,
        batch_size: 40,
        optimiser: Optimiser::adam(1e-2, 0.0),
        ..Training::default()
    };
    let mut compute = compute(Level::detect(), 2);
    let mut go_on = |_: &Event<'_>| ControlFlow::Continue(());
    let trained = train(&architecture, &training, &samples, None, &mut compute, &mut go_on).unwrap();
    let model = Autoencoder { architecture, parameters: trained.parameters, input };

    let filled = model.predictor().unwrap().filled(&mut compute, &samples).unwrap();
    let (mut of_model, mut of_means) = (0.0, 0.0);
    for ((&filled, &raw), &whole) in filled.iter().zip(&raw).zip(&whole) {
        if raw.is_nan() {
            of_model += f64::from(filled - whole).powi(2);
            of_means += f64::from(100.0 - whole).powi(2);
        } else {
            assert_eq!(filled.to_bits(), raw.to_bits());
        }
    }
    // A fifth of a row is missing, so its code is too small by about that; the mean misses all of the variance.
    assert!(of_model < 0.15 * of_means, "{of_model} of {of_means}");

    let by_feature = model.predictor().unwrap().squared_errors_by_feature(&mut compute, &samples).unwrap();
    assert!(by_feature.iter().zip(&raw).all(|(error, raw)| error.is_nan() == raw.is_nan()));
}

#[test]
#[should_panic(
    expected = "a step for missing values, or for targets that are not the rows, is made for them"
)]
fn a_step_for_whole_rows_takes_no_others() {
    let architecture = architecture(&[5]);
    let mut step = Step::new(&architecture, &random_parameters(&architecture, 1), 10);
    let rule = Optimiser::adam(1e-3, 0.0).rules(1, Rates { learning_rate: 1e-3, momentum: None });
    step.take(&mut compute(Level::detect(), 1), &masked_numbers(10, 1), &[0, 1], rule);
}
