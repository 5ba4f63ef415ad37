//! A classifier: four steps against PyTorch's, the same bits everywhere, and what it refuses.

use std::ops::ControlFlow;

use narrows::compute::Level;
use narrows::dataset::{Normalisation, Samples, Schema};
use narrows::model::{Classifier, ClassifierArchitecture, InputSpec, Parameters};
use narrows::train::{Event, Objective, Optimiser, Rates, Step, Training, train_classifier};
use serde::Deserialize;

use crate::golden::{Golden, read};
use crate::support::{
    all_bits, as_bytes, as_numbers, assert_all_close, assert_close, compute, random_bytes, sparse_bytes,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "naming a field is knowing it")]
struct Case {
    written_by: String,
    seed: u64,
    sizes: [usize; 3],
    batch_rows: Vec<usize>,
    optimiser: Adam,
    float32_distance: PerGroup,
    movement_by_gradient_noise: f64,
    largest_magnitude: PerGroup,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "naming a field is knowing it")]
struct PerGroup {
    feature: f64,
    probability: f64,
    loss: f64,
    gradient: f64,
    after: f64,
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

fn input() -> InputSpec {
    InputSpec::new(Normalisation::identity(), Schema::rows(ARCHITECTURE.inputs).unwrap()).unwrap()
}

/// Tolerances are those of golden/README.md.
#[test]
fn steps_are_those_of_pytorch() {
    let golden: Golden<Case> = read("classifier.safetensors");
    let case = &golden.description;
    let [inputs, hidden, classes] = case.sizes;
    let architecture = ClassifierArchitecture { inputs, hidden, classes };
    let layers = architecture.layers();
    let before = golden.parameters(Parameters::zeros_of(&layers), "before");
    let (mut values, mut labels, mut batches, mut rows) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for (i, &count) in case.batch_rows.iter().enumerate() {
        values.extend(golden.tensors[&format!("batch/{i}")].singles());
        labels.extend(golden.tensors[&format!("batch/label-{i}")].values.iter().map(|&label| label as u32));
        batches.push((rows..rows + count as u32).collect::<Vec<_>>());
        rows += count as u32;
    }
    let first = Samples::in_model_scale(inputs, values[..case.batch_rows[0] * inputs].to_vec()).unwrap();
    let samples = Samples::in_model_scale(inputs, values).unwrap();
    let objective = Objective::classes(&labels);
    let tolerance = |group: fn(&PerGroup) -> f64| (-20_f64).exp2() * group(&case.largest_magnitude);
    assert_eq!(case.optimiser.name, "adam");
    let Adam { learning_rate, beta1, beta2, epsilon, weight_decay, .. } = case.optimiser;
    let optimiser = Optimiser::Adam { learning_rate, beta1, beta2, epsilon, weight_decay };

    for level in Level::available() {
        let mut compute = compute(level, 2);
        let judge =
            Classifier { architecture: architecture.clone(), parameters: before.clone(), input: input() };
        let features = judge.features(&mut compute, &first).unwrap();
        let expected = &golden.tensors["feature"].values;
        assert_all_close(&features, expected, tolerance(|g| g.feature), format_args!("features, {level}"));
        let probabilities = judge.probabilities(&mut compute, &features).unwrap();
        let expected = &golden.tensors["probability"].values;
        let allowed = tolerance(|g| g.probability);
        assert_all_close(&probabilities, expected, allowed, format_args!("probabilities, {level}"));

        let mut step = Step::of_layers(&layers, &before, 13, (&samples, objective));
        let zeros = Parameters::zeros_of(&layers);
        let gradients = step.gradients(&mut compute, &samples, objective, &batches[0], &zeros);
        golden.compare(&gradients.by_parameter, "gradient", tolerance(|g| g.gradient), "classifier");

        let losses = &golden.tensors["loss"].values;
        assert_close(gradients.loss, losses[0], tolerance(|g| g.loss), format_args!("{level}"));
        let mut step = Step::of_layers(&layers, &before, 13, (&samples, objective));
        for (i, (batch, &expected)) in batches.iter().zip(losses).enumerate() {
            let rates = Rates { learning_rate, momentum: None };
            let rule = optimiser.rules(i as u64 + 1, rates);
            let loss = step.take_towards(&mut compute, &samples, objective, batch, rule);
            assert_close(loss, expected, tolerance(|g| g.loss), format_args!("loss {i}, {level}"));
        }
        let mut after = Parameters::zeros_of(&layers);
        step.parameters(&mut after);
        golden.compare(&after, "after", 2.0 * case.movement_by_gradient_noise + 2e-7, "classifier");
    }
}

const ARCHITECTURE: ClassifierArchitecture = ClassifierArchitecture { inputs: 45, hidden: 37, classes: 7 };

fn settings() -> Training {
    Training { epochs: 2, batch_size: 40, ..Training::default() }
}

fn trained(samples: &Samples, labels: &[u32], level: Level, threads: usize) -> (Vec<u32>, Vec<u64>) {
    let mut go_on = |_: &Event<'_>| ControlFlow::Continue(());
    let mut compute = compute(level, threads);
    let data = (samples, labels);
    let trained = train_classifier(&ARCHITECTURE, &settings(), data, &mut compute, &mut go_on).unwrap();
    let losses = trained.history.iter().map(|epoch| epoch.training_loss.to_bits()).collect();
    (all_bits(trained.parameters.values()), losses)
}

#[test]
fn threads_and_levels_have_no_influence() {
    let labels: Vec<u32> = random_bytes(130, 5).iter().map(|byte| u32::from(byte % 7)).collect();
    let (dense, sparse) = (random_bytes(130 * 45, 6), sparse_bytes(130, 45, 6));
    for samples in [as_bytes(&sparse, 45), as_bytes(&dense, 45), as_numbers(&dense, 45)] {
        let expected = trained(&samples, &labels, Level::scalar(), 1);
        for level in Level::available() {
            for threads in [1, 2, 5] {
                assert!(trained(&samples, &labels, level, threads) == expected, "{level}, {threads} threads");
            }
        }
        let mut others = labels.clone();
        others.rotate_left(1);
        assert!(trained(&samples, &others, Level::scalar(), 1) != expected, "labels have an influence");
    }
}

#[test]
fn labels_that_do_not_fit_are_refused() {
    let bytes = random_bytes(10 * 45, 7);
    let samples = as_bytes(&bytes, 45);
    let mut compute = compute(Level::detect(), 1);
    let mut refused = |labels: &[u32]| {
        let mut go_on = |_: &Event<'_>| ControlFlow::Continue(());
        let result =
            train_classifier(&ARCHITECTURE, &settings(), (&samples, labels), &mut compute, &mut go_on);
        result.unwrap_err().to_string()
    };
    assert!(refused(&[0; 9]).contains("labels is 9"));
    assert!(refused(&[0, 1, 2, 3, 4, 5, 6, 7, 0, 0]).contains("label is 7"));
}
