//! The same seed, settings and data give the same bits, whatever they are computed on.

use std::ops::ControlFlow;

use narrows::compute::{Compute, Level};
use narrows::dataset::{Dataset, Normalisation, Samples, Schema, Values};
use narrows::model::{Architecture, HiddenActivation, Initialisation};
use narrows::train::{Event, Optimiser, Outcome, Schedule, Trained, Training, train};

use crate::support::{
    FEATURES, HIDDEN_ACTIVATIONS, all_bits, architecture, as_bytes, as_numbers, assert_close, autoencoder,
    compute, numbers, random_bytes, random_parameters, sgd, sparse_bytes,
};

const ROWS: usize = 300;

/// None divides 300 but 100, which ends within a block of 16.
const BATCH_SIZES: [usize; 3] = [13, 100, 128];

const SCHEDULES: [Schedule; 3] = [
    Schedule::Constant,
    Schedule::Cosine { warm_up: 0.2 },
    Schedule::OneCycle { rise: 0.3, start_divisor: 25.0, end_divisor: 1e4, cycle_momentum: true },
];

fn optimisers() -> [Optimiser; 5] {
    let nesterov = Optimiser::Sgd { learning_rate: 0.1, momentum: 0.9, weight_decay: 1e-3, nesterov: true };
    let muon = Optimiser::muon(1e-2, 0.05);
    [Optimiser::adam(1e-2, 1e-5), Optimiser::adamw(1e-2, 0.05), sgd(0.1, 0.9), nesterov, muon]
}

/// Every number of threads on the widest level, and every level on one and on three threads.
fn computes() -> Vec<(String, Compute)> {
    let wide = [1, 2, 3, 5, 8].map(|threads| (Level::detect(), threads));
    let others = Level::available().into_iter().filter(|&level| level != Level::detect());
    let others = others.flat_map(|level| [(level, 1), (level, 3)]);
    wide.into_iter()
        .chain(others)
        .map(|(level, threads)| (format!("{level}, {threads} threads"), compute(level, threads)))
        .collect()
}

fn run(
    architecture: &Architecture,
    training: &Training,
    samples: &Samples,
    compute: &mut Compute,
) -> Trained {
    let test = numbers(37, architecture.inputs, 99);
    let mut go_on = |_: &Event<'_>| ControlFlow::Continue(());
    let trained = train(architecture, training, samples, Some(&test), compute, &mut go_on).unwrap();
    assert_eq!(trained.outcome, Outcome::Finished);
    trained
}

/// All of a result that is not a duration.
fn bits(trained: &Trained) -> (Vec<u32>, Vec<[u64; 2]>) {
    let losses = trained.history.iter().map(|epoch| {
        [epoch.training_loss.to_bits(), epoch.test_loss.expect("a test loss every epoch").to_bits()]
    });
    (all_bits(trained.parameters.values()), losses.collect())
}

/// Trains everywhere, and gives back the one result.
fn on_all(
    computes: &mut [(String, Compute)],
    architecture: &Architecture,
    training: &Training,
    samples: &Samples,
) -> Trained {
    let (_, first) = &mut computes[0];
    let expected = run(architecture, training, samples, first);
    for (name, compute) in &mut computes[1..] {
        let trained = run(architecture, training, samples, compute);
        assert!(bits(&trained) == bits(&expected), "{name} differs: {architecture}, {training:?}");
    }
    expected
}

fn training(optimiser: Optimiser, schedule: Schedule, batch_size: usize) -> Training {
    Training { epochs: 2, batch_size, optimiser, schedule, test_every: 1, ..Training::default() }
}

#[test]
fn threads_and_levels_have_no_influence_on_training() {
    let mut computes = computes();
    let architecture = architecture(&[19, 5]);
    let samples = numbers(ROWS, FEATURES, 1);
    let mut seen = Vec::new();
    for optimiser in optimisers() {
        for schedule in SCHEDULES {
            for batch_size in BATCH_SIZES {
                let training = training(optimiser, schedule, batch_size);
                seen.push(bits(&on_all(&mut computes, &architecture, &training, &samples)));
            }
        }
    }
    // A setting that has no influence would be tested for nothing.
    for (i, result) in seen.iter().enumerate() {
        assert!(!seen[..i].contains(result), "two settings give the same result");
    }
}

#[test]
fn threads_and_levels_have_no_influence_on_any_model() {
    let mut computes = computes();
    // The last has more panels of inputs than fit a piece of work, and layers that take several pieces.
    for (inputs, hidden) in [(45, vec![5]), (45, vec![19, 11, 5]), (1, vec![1]), (400, vec![70, 33])] {
        for activation in HIDDEN_ACTIVATIONS {
            let architecture = Architecture { inputs, activation, ..architecture(&hidden) };
            let optimiser = match activation {
                HiddenActivation::Silu | HiddenActivation::Identity => Optimiser::muon(1e-2, 0.0),
                _ => Optimiser::adam(1e-2, 0.0),
            };
            let training = training(optimiser, Schedule::Constant, 40);
            let from_numbers = on_all(&mut computes, &architecture, &training, &numbers(90, inputs, 2));
            let bytes = sparse_bytes(90, inputs, 2);
            let from_bytes = on_all(&mut computes, &architecture, &training, &as_bytes(&bytes, inputs));
            assert!(bits(&from_bytes) != bits(&from_numbers));
        }
    }
}

/// Several blocks of rows go through each run of weights together, as many as the number of threads leaves; and all threads
/// share each round of Muon.
#[test]
fn threads_have_no_influence_on_a_model_larger_than_a_cache() {
    let mut computes =
        [1, 2, 3, 5, 8].map(|threads| (format!("{threads} threads"), compute(Level::detect(), threads)));
    let architecture = Architecture { inputs: 400, ..architecture(&[700, 33]) };
    let bytes = sparse_bytes(150, 400, 2);
    for optimiser in [Optimiser::adam(1e-3, 0.0), Optimiser::muon(1e-3, 0.0)] {
        let training = training(optimiser, Schedule::Constant, 100);
        let sparse = on_all(&mut computes, &architecture, &training, &as_bytes(&bytes, 400));
        let dense = on_all(&mut computes, &architecture, &training, &as_numbers(&bytes, 400));
        for (sparse, dense) in sparse.history.iter().zip(&dense.history) {
            let what = format_args!("{optimiser}, loss of epoch {}", dense.epoch);
            assert_close(sparse.training_loss, dense.training_loss, 1e-5 * dense.training_loss, what);
        }
    }
}

#[test]
fn bytes_are_the_numbers_that_they_stand_for() {
    let mut computes = computes();
    // One in 256 of them is 0, so none is left out.
    let bytes = random_bytes(ROWS * FEATURES, 3);
    let (as_bytes, as_numbers) = (as_bytes(&bytes, FEATURES), as_numbers(&bytes, FEATURES));
    let architecture = architecture(&[19, 5]);
    for batch_size in BATCH_SIZES {
        let training = training(Optimiser::adam(1e-2, 0.0), Schedule::Constant, batch_size);
        let from_bytes = on_all(&mut computes, &architecture, &training, &as_bytes);
        let from_numbers = run(&architecture, &training, &as_numbers, &mut computes[0].1);
        assert!(bits(&from_bytes) == bits(&from_numbers), "batches of {batch_size}");
    }
    assert_eq!(as_bytes.row(7), as_numbers.row(7));
}

#[test]
fn a_seed_decides_the_start_and_the_order() {
    let mut compute = compute(Level::detect(), 2);
    let samples = numbers(ROWS, FEATURES, 4);
    let architecture = architecture(&[5]);
    let mut result = |seed, batch_size, learning_rate| {
        let training = Training {
            seed,
            initialisation: Initialisation::Xavier,
            ..training(sgd(learning_rate, 0.0), Schedule::Constant, batch_size)
        };
        run(&architecture, &training, &samples, &mut compute)
    };
    assert_eq!(bits(&result(7, 13, 0.1)), bits(&result(7, 13, 0.1)));
    // The start: nothing is learned.
    let (first, second) = (result(7, 13, 0.0), result(8, 13, 0.0));
    assert_ne!(first.parameters, second.parameters);
    assert_eq!(first.parameters, Initialisation::Xavier.draw(&architecture, 7));
    // The order: with nothing learned, an epoch's loss says in which batches the rows were, for the batches, of which
    // the last is smaller, count alike.
    let losses: Vec<f64> = first.history.iter().map(|epoch| epoch.training_loss).collect();
    assert_ne!(losses[0], losses[1], "two epochs have the same order");
}

#[test]
fn threads_and_levels_have_no_influence_on_inference() {
    let architecture = architecture(&[19, 5]);
    let model = autoencoder(&architecture, &random_parameters(&architecture, 5));
    let mut computes = computes();
    // Fewer rows than a block, whole blocks, more, fewer blocks than threads and more.
    for rows in [1, 15, 16, 17, 64, 131] {
        let samples = numbers(rows, FEATURES, 6);
        let mut expected = None;
        for (name, compute) in &mut computes {
            let codes = model.encode(compute, &samples).unwrap();
            let outputs = model.reconstruct(compute, &samples).unwrap();
            let decoded = model.decode(compute, &codes).unwrap();
            let errors = model.squared_errors(compute, &samples).unwrap();
            assert_eq!(
                (codes.len(), outputs.len(), errors.len()),
                (rows * 5, rows * FEATURES, rows),
                "{name}"
            );
            assert_eq!(all_bits(&decoded), all_bits(&outputs), "{name}: decoding codes is reconstructing");
            let result = [codes, outputs, errors].map(|numbers| all_bits(&numbers));
            assert!(
                *expected.get_or_insert_with(|| result.clone()) == result,
                "{name} differs on {rows} rows"
            );
        }
    }
}

#[test]
fn a_row_is_encoded_alike_wherever_it_stands() {
    let architecture = architecture(&[19, 5]);
    let model = autoencoder(&architecture, &random_parameters(&architecture, 5));
    let mut compute = compute(Level::detect(), 2);
    let samples = numbers(131, FEATURES, 6);
    let codes = model.encode(&mut compute, &samples).unwrap();
    let errors = model.squared_errors(&mut compute, &samples).unwrap();
    let outputs = model.reconstruct(&mut compute, &samples).unwrap();
    for row in [0, 15, 16, 77, 130] {
        let alone = Samples::in_model_scale(FEATURES, samples.row(row)).unwrap();
        assert_eq!(
            all_bits(&model.encode(&mut compute, &alone).unwrap()),
            all_bits(&codes[row * 5..][..5]),
            "row {row}"
        );
        let output = &outputs[row * FEATURES..][..FEATURES];
        assert_eq!(
            all_bits(&model.reconstruct(&mut compute, &alone).unwrap()),
            all_bits(output),
            "row {row}"
        );
        // 45 squares and sums, one rounding each.
        let expected: f64 = output.iter().zip(samples.row(row)).map(|(y, x)| f64::from(y - x).powi(2)).sum();
        let tolerance = 45.0 * (-24_f64).exp2() * expected;
        assert_close(errors[row].into(), expected, tolerance, format_args!("error of row {row}"));
    }
}

#[test]
fn rows_chosen_of_others_are_trained_on_as_the_same_rows_alone() {
    let bytes = sparse_bytes(2 * ROWS, FEATURES, 8);
    // In another order than they lie.
    let chosen: Vec<usize> = (0..ROWS).map(|row| 2 * (row * 7 % ROWS) + 1).collect();
    let alone: Vec<u8> =
        chosen.iter().flat_map(|row| bytes[row * FEATURES..][..FEATURES].iter().copied()).collect();
    let dataset =
        |bytes| Dataset::new("d", Schema::rows(FEATURES).unwrap(), Values::Bytes(bytes), None).unwrap();
    let normalisation = Normalisation::new(vec![2.0 / 255.0], vec![-1.0]).unwrap();
    let samples = |dataset: &Dataset| normalisation.apply(dataset).unwrap();
    let (chosen, alone) = (samples(&dataset(bytes).subset(&chosen)), samples(&dataset(alone)));
    let training = Training { epochs: 2, batch_size: 100, test_every: 1, ..Training::default() };
    // The first has a sparse first layer, the second not.
    for hidden in [&[33, 5][..], &[5]] {
        let architecture = architecture(hidden);
        let mut compute = compute(Level::detect(), 2);
        let [chosen, alone] =
            [&chosen, &alone].map(|samples| bits(&run(&architecture, &training, samples, &mut compute)));
        assert_eq!(chosen, alone, "{architecture}");
    }
}

#[test]
fn a_table_normalised_while_gathered_is_trained_on_as_one_normalised_before() {
    let raw: Vec<f32> =
        random_bytes(ROWS * FEATURES, 4).iter().map(|&byte| f32::from(byte) * 0.37 - 20.0).collect();
    let (scale, offset): (Vec<f32>, Vec<f32>) =
        (0..FEATURES).map(|column| (0.01 + 0.001 * column as f32, 0.3 - 0.02 * column as f32)).unzip();
    let before = raw.iter().enumerate().map(|(i, x)| x.mul_add(scale[i % FEATURES], offset[i % FEATURES]));
    let before = Samples::in_model_scale(FEATURES, before.collect()).unwrap();
    let table = Dataset::new("d", Schema::rows(FEATURES).unwrap(), Values::Numbers(raw), None).unwrap();
    let gathered = Normalisation::new(scale, offset).unwrap().apply(&table).unwrap();
    let training = Training { epochs: 2, batch_size: 100, test_every: 1, ..Training::default() };
    let architecture = architecture(&[19, 5]);
    let mut computes = computes();
    let gathered = on_all(&mut computes, &architecture, &training, &gathered);
    assert_eq!(bits(&gathered), bits(&run(&architecture, &training, &before, &mut computes[0].1)));
}
