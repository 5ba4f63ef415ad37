//! Every objective against PyTorch, its weights and targets, and what does not fit.

use std::collections::BTreeMap;

use narrows::compute::Level;
use narrows::dataset::{Dataset, Normalisation, Samples, Schema, Values};
use narrows::model::{Architecture, ClassifierArchitecture, HiddenActivation, OutputActivation, Parameters};
use narrows::train::{Event, Objective, Optimiser, ReconstructionLoss, Step, Trainer, Training, Watch};
use serde::Deserialize;

use crate::golden::{Golden, read};
use crate::support::{
    FEATURES, all_bits, architecture, as_bytes, assert_close, compute, masked, numbers, random_bytes,
    random_parameters, sparse_bytes,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "naming a field is knowing it")]
struct Case {
    written_by: String,
    seed: u64,
    sizes: Vec<usize>,
    classes: usize,
    float32_distance: BTreeMap<String, f64>,
    largest_magnitude: BTreeMap<String, f64>,
}

/// Tolerances are those of golden/README.md.
#[test]
fn losses_and_gradients_are_those_of_pytorch() {
    let golden: Golden<Case> = read("objectives.safetensors");
    let case = &golden.description;
    let model = Architecture {
        inputs: case.sizes[0],
        hidden: case.sizes[1..].to_vec(),
        activation: HiddenActivation::Silu,
        output: OutputActivation::Sigmoid,
    };
    let classifier = ClassifierArchitecture { inputs: case.sizes[0], hidden: 19, classes: case.classes };
    let numbers = |name: &str| golden.tensors[name].singles();
    let samples = Samples::in_model_scale(case.sizes[0], numbers("rows")).unwrap();
    let (targets, weights) = (masked(case.sizes[0], numbers("targets")), numbers("weights"));
    let labels: Vec<u32> = numbers("labels").iter().map(|&label| label as u32).collect();
    let batch: Vec<u32> = (0..samples.rows() as u32).collect();
    let towards = |loss| Objective::targets(loss, &targets).weighted(&weights);

    for (name, objective, layers) in [
        ("binary", Objective::reconstruction(ReconstructionLoss::BinaryCrossEntropy), model.layers()),
        ("binary-targets-weights", towards(ReconstructionLoss::BinaryCrossEntropy), model.layers()),
        ("squared-targets-weights", towards(ReconstructionLoss::SquaredError), model.layers()),
        ("classes-weights", Objective::classes(&labels).weighted(&weights), classifier.layers()),
    ] {
        let group = if name.starts_with("classes") { "classifier" } else { "before" };
        let before = golden.parameters(Parameters::zeros_of(&layers), group);
        let tolerance = (-20_f64).exp2() * case.largest_magnitude[name];
        for level in Level::available() {
            let mut step = Step::of_layers(&layers, &before, batch.len(), (&samples, objective));
            let mut compute = compute(level, 2);
            let gradients = step.gradients(&mut compute, &samples, objective, &batch, &before);
            let loss = golden.tensors[&format!("{name}/loss")].values[0];
            assert_close(gradients.loss, loss, tolerance, format_args!("{name}, {level}"));
            golden.compare(&gradients.by_parameter, &format!("{name}/gradient"), tolerance, name);
        }
    }
}

fn sigmoid() -> Architecture {
    Architecture { output: OutputActivation::Sigmoid, ..architecture(&[35, 5]) }
}

fn from_0_to_1(bytes: &[u8]) -> Samples {
    let schema = Schema::rows(FEATURES).unwrap();
    let dataset = Dataset::new("bytes", schema, Values::Bytes(bytes.to_vec()), None).unwrap();
    Normalisation::new(vec![1.0 / 255.0], vec![0.0]).unwrap().apply(&dataset).unwrap()
}

/// Through a whole training, with sparse bytes and with others.
#[test]
fn equal_weights_and_the_rows_as_targets_change_no_bit() {
    let training = Training { epochs: 2, batch_size: 40, ..Training::default() };
    for bytes in [sparse_bytes(130, FEATURES, 1), random_bytes(130 * FEATURES, 2)] {
        let samples = from_0_to_1(&bytes);
        for loss in [ReconstructionLoss::SquaredError, ReconstructionLoss::BinaryCrossEntropy] {
            let trained = |objective: Objective<'_>| {
                let mut trainer = Trainer::towards(&sigmoid(), &training, &samples, objective).unwrap();
                let mut compute = compute(Level::detect(), 2);
                while trainer.outcome().is_none() {
                    let go_on = &mut |_: &Event<'_>| std::ops::ControlFlow::Continue(());
                    trainer.epoch(Watch::default(), &mut compute, go_on).unwrap();
                }
                all_bits(trainer.parameters().values())
            };
            let plain = trained(Objective::reconstruction(loss));
            assert_eq!(trained(Objective::targets(loss, &samples)), plain);
            assert_eq!(trained(Objective::reconstruction(loss).weighted(&[1.0; 130])), plain);
            let mut weights = [1.0; 130];
            weights[7] = 2.0;
            assert_ne!(trained(Objective::reconstruction(loss).weighted(&weights)), plain);
        }
    }
}

/// As often as their weight says.
#[test]
fn a_row_of_weight_2_counts_as_two_rows() {
    let samples = numbers(20, FEATURES, 3);
    let parameters = random_parameters(&sigmoid(), 4);
    let mut weights = [1.0; 20];
    weights[3] = 2.0;
    weights[5] = 0.0;
    let batch: Vec<u32> = (0..20).collect();
    let repeated: Vec<u32> = (0..20).filter(|&row| row != 5).chain([3]).collect();
    let mut compute = compute(Level::detect(), 1);
    let mut of = |objective, batch: &[u32]| {
        let mut step = Step::new(&sigmoid(), &parameters, 20);
        step.gradients(&mut compute, &samples, objective, batch, &parameters)
    };
    let weighted = of(Objective::default().weighted(&weights), &batch);
    let expected = of(Objective::default(), &repeated);
    // Sums of 20 numbers in another order.
    assert_close(weighted.loss, expected.loss, 1e-6 * expected.loss, format_args!("loss"));
    let largest = expected.by_parameter.values().iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    for (a, b) in weighted.by_parameter.values().iter().zip(expected.by_parameter.values()) {
        assert_close((*a).into(), (*b).into(), 2e-6 * f64::from(largest), format_args!("gradient"));
    }
}

#[test]
fn an_objective_that_does_not_fit_is_refused() {
    let (samples, training) = (as_bytes(&random_bytes(10 * FEATURES, 1), FEATURES), Training::default());
    let refused = |architecture: &Architecture, objective| {
        Trainer::towards(architecture, &training, &samples, objective).unwrap_err().to_string()
    };
    let (binary, squared) = (ReconstructionLoss::BinaryCrossEntropy, ReconstructionLoss::SquaredError);
    let tanh = architecture(&[5]);
    let of = |rows, features| numbers(rows, features, 1);
    for (error, expected) in [
        (refused(&tanh, Objective::reconstruction(binary)), "a sigmoid"),
        (refused(&sigmoid(), Objective::reconstruction(binary)), "expected from 0 to 1, for the binary"),
        (refused(&tanh, Objective::targets(squared, &of(9, FEATURES))), "targets is 9 rows"),
        (refused(&tanh, Objective::targets(squared, &of(10, 7))), "the target set has 7 a row"),
        (refused(&tanh, Objective::default().weighted(&[1.0; 9])), "weights is 9; expected one for each row"),
        (refused(&tanh, Objective::default().weighted(&[0.0; 10])), "weights is all 0"),
        (refused(&tanh, Objective::default().weighted(&[-1.0; 10])), "weight is -1"),
        (refused(&tanh, Objective::default().weighted(&[f32::NAN; 10])), "weight is NaN"),
        (refused(&tanh, Objective::classes(&[0; 10])), "expected rows to reconstruct"),
    ] {
        assert!(error.contains(expected), "{error}");
    }
}

/// A step of nothing: no loss, no gradient, and no division by 0.
#[test]
fn a_batch_in_which_nothing_counts_has_no_gradient() {
    let samples = numbers(20, FEATURES, 3);
    let parameters = random_parameters(&sigmoid(), 4);
    let mut step = Step::new(&sigmoid(), &parameters, 20);
    let objective = Objective::default().weighted(&[0.0; 20]);
    let mut compute = compute(Level::detect(), 1);
    let gradients = step.gradients(&mut compute, &samples, objective, &[1, 5, 7], &parameters);
    assert_eq!(gradients.loss, 0.0);
    assert!(gradients.by_parameter.values().iter().all(|&x| x == 0.0));
    step.take_towards(
        &mut compute,
        &samples,
        objective,
        &[1, 5, 7],
        Optimiser::adam(1e-2, 0.0).rules(1, RATES),
    );
    let mut after = parameters.clone();
    step.parameters(&mut after);
    assert_eq!(after, parameters);
}

const RATES: narrows::train::Rates = narrows::train::Rates { learning_rate: 1e-2, momentum: None };
