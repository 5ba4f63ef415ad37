//! What a run does: refuses, follows its loop, says what happens, stops, and gives up.

use std::ops::ControlFlow;

use narrows::compute::{Compute, Level};
use narrows::dataset::Samples;
use narrows::model::{Architecture, ArchitectureError, Initialisation, OutputActivation, Parameters};
use narrows::train::{
    EpochReport, Event, Optimiser, Outcome, Schedule, Step, Trained, Training, TrainingError, epochs_within,
    train,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::support::{
    FEATURES, HIDDEN_ACTIVATIONS, OUTPUT_ACTIVATIONS, all_bits, architecture, as_bytes, autoencoder, compute,
    numbers, sgd, sparse_bytes,
};

fn run(training: &Training, samples: &Samples) -> Trained {
    observed(training, samples, None, |_| ControlFlow::Continue(()))
}

fn observed(
    training: &Training,
    samples: &Samples,
    test: Option<&Samples>,
    mut observe: impl FnMut(&Event) -> ControlFlow<()>,
) -> Trained {
    train(&model(), training, samples, test, &mut two_threads(), &mut observe).unwrap()
}

fn two_threads() -> Compute {
    compute(Level::detect(), 2)
}

fn model() -> Architecture {
    architecture(&[19, 5])
}

fn settings(epochs: usize, batch_size: usize) -> Training {
    Training { epochs, batch_size, optimiser: Optimiser::adam(1e-2, 0.0), seed: 3, ..Training::default() }
}

fn initial(training: &Training) -> Parameters {
    training.initialisation.draw(&model(), training.seed)
}

/// The history without its durations.
fn losses(trained: &Trained) -> Vec<(usize, u64, Option<u64>)> {
    let bits =
        |epoch: &EpochReport| (epoch.epoch, epoch.training_loss.to_bits(), epoch.test_loss.map(f64::to_bits));
    trained.history.iter().map(bits).collect()
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let adam = |beta1, beta2, epsilon, weight_decay| Optimiser::Adam {
        learning_rate: 1e-3,
        beta1,
        beta2,
        epsilon,
        weight_decay,
    };
    let adamw = |learning_rate, beta1, epsilon| Optimiser::AdamW {
        learning_rate,
        beta1,
        beta2: 0.9,
        epsilon,
        weight_decay: 0.0,
    };
    let sgd = |learning_rate, momentum, weight_decay, nesterov| Optimiser::Sgd {
        learning_rate,
        momentum,
        weight_decay,
        nesterov,
    };
    let muon = |learning_rate, momentum, ns_steps, ns_coefficients| Optimiser::Muon {
        learning_rate,
        momentum,
        nesterov: true,
        weight_decay: 0.0,
        ns_steps,
        ns_coefficients,
    };
    let one_cycle = |rise, start_divisor, end_divisor| Schedule::OneCycle {
        rise,
        start_divisor,
        end_divisor,
        cycle_momentum: true,
    };
    let optimisers = [
        ("beta1", adam(1.0, 0.9, 1e-8, 0.0)),
        ("beta1", adam(-0.1, 0.9, 1e-8, 0.0)),
        ("beta1", adam(f64::NAN, 0.9, 1e-8, 0.0)),
        ("beta2", adam(0.9, 1.0, 1e-8, 0.0)),
        ("epsilon", adam(0.9, 0.9, 0.0, 0.0)),
        // Nothing is left of it in f32.
        ("epsilon", adam(0.9, 0.9, 1e-50, 0.0)),
        ("epsilon", adam(0.9, 0.9, f64::INFINITY, 0.0)),
        ("weight_decay", adam(0.9, 0.9, 1e-8, -1e-5)),
        ("learning_rate", adamw(-1e-3, 0.9, 1e-8)),
        ("beta1", adamw(1e-3, 1.5, 1e-8)),
        ("epsilon", adamw(1e-3, 0.9, -1.0)),
        ("learning_rate", sgd(f64::NAN, 0.0, 0.0, false)),
        ("learning_rate", sgd(f64::INFINITY, 0.0, 0.0, false)),
        ("momentum", sgd(0.1, -0.5, 0.0, false)),
        ("momentum", sgd(0.1, 0.0, 0.0, true)),
        ("weight_decay", sgd(0.1, 0.0, f64::NAN, false)),
        ("learning_rate", muon(-0.1, 0.95, 5, None)),
        ("momentum", muon(0.1, 1.0, 5, None)),
        ("momentum", muon(0.1, f64::NAN, 5, None)),
        ("ns_steps", muon(0.1, 0.95, 0, None)),
        ("ns_steps", muon(0.1, 0.95, 100, None)),
        ("ns_coefficients", muon(0.1, 0.95, 5, Some([1.0, f64::INFINITY, 1.0]))),
    ];
    let schedules = [
        ("warm_up", Schedule::Cosine { warm_up: 1.0 }),
        ("warm_up", Schedule::Cosine { warm_up: -0.1 }),
        ("warm_up", Schedule::Cosine { warm_up: f64::NAN }),
        ("rise", one_cycle(0.0, 25.0, 1e4)),
        ("rise", one_cycle(1.0, 25.0, 1e4)),
        ("start_divisor", one_cycle(0.3, 0.0, 1e4)),
        ("end_divisor", one_cycle(0.3, 25.0, f64::NAN)),
    ];
    let settings = Training::default;
    let cases = [
        ("epochs", Training { epochs: 0, ..settings() }),
        ("batch_size", Training { batch_size: 0, ..settings() }),
    ]
    .into_iter()
    .chain(optimisers.map(|(name, optimiser)| (name, Training { optimiser, ..settings() })))
    .chain(schedules.map(|(name, schedule)| (name, Training { schedule, ..settings() })));
    let samples = numbers(5, FEATURES, 0);
    for (name, training) in cases {
        let mut observe = |_: &Event<'_>| panic!("{name}: nothing may happen");
        let result = train(&model(), &training, &samples, None, &mut two_threads(), &mut observe);
        match &result {
            Err(error @ TrainingError::Setting { setting, .. }) => {
                assert_eq!(*setting, name, "{training:?}");
                assert!(error.to_string().starts_with(name), "{error}");
            }
            other => panic!("{name}: {other:?} for {training:?}"),
        }
    }
    assert_eq!(settings().validate(), Ok(()));
}

#[test]
fn data_that_does_not_fit_is_refused() {
    let refusal = |architecture: &Architecture, samples: &Samples, test: Option<&Samples>, test_every| {
        let training = Training { test_every, ..settings(1, 16) };
        let mut observe = |_: &Event<'_>| ControlFlow::Continue(());
        train(architecture, &training, samples, test, &mut two_threads(), &mut observe).err()
    };
    let good = numbers(20, FEATURES, 0);
    let features = |set, found| Some(TrainingError::Features { set, expected: FEATURES, found });
    let empty = numbers(0, FEATURES, 0);

    assert_eq!(refusal(&model(), &good, Some(&good), 1), None);
    for found in [1, 44, 46, 450] {
        assert_eq!(refusal(&model(), &numbers(20, found, 0), None, 0), features("training", found));
        assert_eq!(refusal(&model(), &good, Some(&numbers(20, found, 0)), 1), features("test", found));
    }
    assert_eq!(refusal(&model(), &empty, None, 0), Some(TrainingError::NoRows { set: "training" }));
    assert_eq!(refusal(&model(), &good, Some(&empty), 1), Some(TrainingError::NoRows { set: "test" }));
    assert_eq!(
        refusal(&model(), &good, Some(&empty), 0),
        None,
        "a test set that is not measured may be empty"
    );
    let no_layers = architecture(&[]);
    assert_eq!(refusal(&no_layers, &good, None, 0), Some(ArchitectureError::NoLayers.into()));
}

/// Fisher & Yates with ChaCha8 of the seed, stream `epoch`, from the order of the epoch before.
fn shuffle(order: &mut [u32], seed: u64, epoch: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(epoch);
    for last in (1..order.len()).rev() {
        let other = (u128::from(random.next_u64()) * (last as u128 + 1)) >> 64;
        order.swap(last, other as usize);
    }
}

#[test]
fn a_run_is_steps_on_shuffled_batches_at_the_rates_of_the_schedule() {
    let bytes = sparse_bytes(70, FEATURES, 1);
    let all_samples = [numbers(70, FEATURES, 1), as_bytes(&bytes, FEATURES)];
    let test = numbers(21, FEATURES, 2);
    let schedule = Schedule::one_cycle();
    for (optimiser, batch_size, sizes) in [
        (Optimiser::adam(1e-2, 1e-4), 32, vec![32, 32, 6]),
        (Optimiser::adamw(1e-2, 0.1), 35, vec![35, 35]),
        (sgd(0.1, 0.9), 69, vec![69, 1]),
        (sgd(0.1, 0.0), 500, vec![70]),
    ] {
        let initialisation = Initialisation::He;
        let training =
            Training { optimiser, schedule, initialisation, test_every: 2, ..settings(3, batch_size) };
        for samples in &all_samples {
            let trained = observed(&training, samples, Some(&test), |_| ControlFlow::Continue(()));
            let (expected, parameters) = by_hand(&training, samples, &test, &sizes);
            assert_eq!(trained.outcome, Outcome::Finished);
            assert_eq!(losses(&trained), expected, "{training:?}");
            assert_eq!(all_bits(trained.parameters.values()), all_bits(parameters.values()), "{training:?}");
            assert_eq!(trained.duration(), trained.history.iter().map(|epoch| epoch.duration).sum());
        }
    }
}

/// What [`train`] is documented to do, with batches of `sizes` in every epoch.
fn by_hand(
    training: &Training,
    samples: &Samples,
    test: &Samples,
    sizes: &[usize],
) -> (Vec<(usize, u64, Option<u64>)>, Parameters) {
    let Training { optimiser, schedule, .. } = training;
    let steps_in_all = (training.epochs * sizes.len()) as u64;
    let mut compute = two_threads();
    let mut parameters = initial(training);
    let mut step = Step::for_samples(&model(), &parameters, sizes[0], samples);
    let mut order: Vec<u32> = (0..samples.rows() as u32).collect();
    let (mut history, mut done) = (Vec::new(), 0);
    for epoch in 1..=training.epochs {
        shuffle(&mut order, training.seed, epoch as u64);
        let (mut sum, mut rest) = (0.0, &order[..]);
        for &size in sizes {
            let (batch, after) = rest.split_at(size);
            rest = after;
            let rates = schedule.rates(optimiser.learning_rate(), done, steps_in_all);
            done += 1;
            sum += step.take(&mut compute, samples, batch, optimiser.rules(done, rates));
        }
        assert!(rest.is_empty());
        step.parameters(&mut parameters);
        // Every batch counts alike, however small.
        let mean = sum / sizes.len() as f64;
        let test_loss = epoch.is_multiple_of(training.test_every).then(|| {
            let errors = autoencoder(&model(), &parameters).squared_errors(&mut compute, test).unwrap();
            (errors.iter().map(|&error| f64::from(error)).sum::<f64>() / (test.rows() * FEATURES) as f64)
                .to_bits()
        });
        history.push((epoch, mean.to_bits(), test_loss));
    }
    (history, parameters)
}

#[test]
fn an_epoch_takes_every_row_once() {
    // A row whose squared error is beyond f32 shows in which step it was taken.
    let good = numbers(20, FEATURES, 1);
    let mut taken = [0; 3];
    for row in 0..20 {
        match run(&settings(1, 8), &with_a_huge_number(&good, row)).outcome {
            Outcome::Diverged { epoch: 1, step } => taken[step - 1] += 1,
            other => panic!("row {row}: {other:?}"),
        }
    }
    assert_eq!(taken, [8, 8, 4]);
}

fn with_a_huge_number(samples: &Samples, row: usize) -> Samples {
    let mut values = samples.to_vec();
    values[row * FEATURES + row] = 1e30;
    Samples::in_model_scale(FEATURES, values).unwrap()
}

#[test]
fn a_batch_larger_than_the_data_is_all_of_it() {
    let samples = numbers(20, FEATURES, 1);
    let whole = run(&settings(3, 20), &samples);
    for batch_size in [21, 4096, usize::MAX] {
        let trained = run(&settings(3, batch_size), &samples);
        assert_eq!((losses(&trained), trained.parameters), (losses(&whole), whole.parameters.clone()));
    }
}

#[test]
fn no_number_of_epochs_is_allocated_or_counted_beforehand() {
    let samples = numbers(20, FEATURES, 1);
    let training = Training { schedule: Schedule::one_cycle(), ..settings(usize::MAX, 8) };
    let trained = observed(&training, &samples, None, |event| match event {
        Event::Epoch(report) if report.epoch == 2 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    assert_eq!((trained.outcome, trained.history.len()), (Outcome::Stopped, 2));
}

/// `Batch(epoch, step, steps)`, `Parameters(epoch)` or `Epoch(epoch, whether it has a test loss)`.
#[derive(Debug, PartialEq)]
enum Said {
    Batch(usize, usize, usize),
    Parameters(usize),
    Epoch(usize, bool),
}

fn said(event: &Event) -> Said {
    match event {
        &Event::Batch { epoch, step, steps } => Said::Batch(epoch, step, steps),
        &Event::Parameters { epoch, .. } => Said::Parameters(epoch),
        Event::Epoch(report) => Said::Epoch(report.epoch, report.test_loss.is_some()),
    }
}

#[test]
fn events_come_in_order_and_the_history_is_their_reports() {
    let (samples, test) = (numbers(20, FEATURES, 1), numbers(7, FEATURES, 2));
    for test_every in [0, 1, 2, 3, 9] {
        for test in [None, Some(&test)] {
            let training = Training { test_every, ..settings(4, 8) };
            let (mut events, mut reports) = (Vec::new(), Vec::new());
            let trained = observed(&training, &samples, test, |event| {
                events.push(said(event));
                if let Event::Epoch(report) = event {
                    reports.push((*report).clone());
                }
                ControlFlow::Continue(())
            });
            let mut expected = vec![Said::Parameters(0)];
            for epoch in 1..=4 {
                expected.extend((1..=3).map(|step| Said::Batch(epoch, step, 3)));
                expected.push(Said::Parameters(epoch));
                let measured = test.is_some() && test_every > 0 && epoch % test_every == 0;
                expected.push(Said::Epoch(epoch, measured));
            }
            assert_eq!(events, expected);
            assert_eq!(trained.history, reports);
        }
    }
}

#[test]
fn the_parameters_told_are_those_that_a_run_of_so_many_epochs_ends_with() {
    let samples = numbers(20, FEATURES, 1);
    let mut told = Vec::new();
    observed(&settings(3, 8), &samples, None, |event| {
        if let Event::Parameters { parameters, .. } = event {
            told.push((**parameters).clone());
        }
        ControlFlow::Continue(())
    });
    assert_eq!(told.len(), 4);
    assert_eq!(told[0], initial(&settings(3, 8)));
    for (epochs, parameters) in told.iter().enumerate().skip(1) {
        assert_eq!(*parameters, run(&settings(epochs, 8), &samples).parameters);
    }
    for (epoch, parameters) in told.iter().enumerate().take(3) {
        let stopped = observed(&settings(3, 8), &samples, None, |event| match event {
            Event::Parameters { epoch: e, .. } if *e == epoch => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        assert_eq!((stopped.outcome, stopped.history.len()), (Outcome::Stopped, epoch));
        assert_eq!(stopped.parameters, *parameters);
    }
}

#[test]
fn stopping_keeps_the_last_whole_epoch() {
    let samples = numbers(20, FEATURES, 1);
    let after = |epochs| match epochs {
        0 => (Vec::new(), initial(&settings(4, 8))),
        _ => {
            let trained = run(&settings(epochs, 8), &samples);
            (losses(&trained), trained.parameters)
        }
    };
    let whole = [0, 1, 2, 3, 4].map(after);
    for epoch in 1..=4 {
        for step in 1..=3 {
            let mut last = None;
            let trained = observed(&settings(4, 8), &samples, None, |event| {
                assert_ne!(last, Some(Said::Batch(epoch, step, 3)), "nothing happens after the stop");
                last = Some(said(event));
                if last == Some(Said::Batch(epoch, step, 3)) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            assert_eq!(trained.outcome, Outcome::Stopped);
            assert_eq!(
                (losses(&trained), trained.parameters),
                whole[epoch - 1],
                "epoch {epoch}, step {step}"
            );
        }
        let trained = observed(&settings(4, 8), &samples, None, |event| match event {
            Event::Epoch(report) if report.epoch == epoch => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        });
        // After the last epoch there is nothing to stop.
        assert_eq!(trained.outcome, if epoch == 4 { Outcome::Finished } else { Outcome::Stopped });
        assert_eq!((losses(&trained), trained.parameters), whole[epoch], "after epoch {epoch}");
    }
}

#[test]
fn data_that_is_no_number_diverges_in_the_first_epoch() {
    let good = numbers(20, FEATURES, 1);
    for level in Level::available() {
        for hidden in HIDDEN_ACTIVATIONS {
            for output in OUTPUT_ACTIVATIONS {
                let model = Architecture { activation: hidden, output, ..model() };
                let mut batches = 0;
                let mut count = |event: &Event| {
                    batches += usize::from(matches!(event, Event::Batch { .. }));
                    ControlFlow::Continue(())
                };
                let training = settings(3, 8);
                let bad = with_a_huge_number(&good, 11);
                let mut compute = compute(level, 2);
                let trained = train(&model, &training, &bad, None, &mut compute, &mut count).unwrap();
                let Outcome::Diverged { epoch: 1, step } = trained.outcome else {
                    panic!("{model} at {level}: {:?}", trained.outcome)
                };
                assert_eq!(batches, step - 1, "only good steps are told");
                assert!(trained.history.is_empty());
                assert_eq!(trained.parameters, training.initialisation.draw(&model, training.seed));
            }
        }
    }
}

#[test]
fn a_rate_too_great_diverges_and_keeps_the_last_finite_epoch() {
    let samples = numbers(20, FEATURES, 1);
    // Bounded outputs would bound the loss.
    let model = Architecture { output: OutputActivation::Linear, ..architecture(&[5]) };
    let (mut epochs, mut unseen_until_the_end) = (Vec::new(), 0);
    // The last is finite in f64 and infinite in f32: its first step leaves no number.
    for (rate, batch_size) in [(40.0, 20), (100.0, 8), (1e6, 8), (1e30, 20), (1e39, 20)] {
        let run = |epochs| {
            let training = Training { optimiser: sgd(rate, 0.0), ..settings(epochs, batch_size) };
            let mut steps_told = 0;
            let mut count = |event: &Event| {
                match event {
                    Event::Batch { .. } => steps_told += 1,
                    Event::Parameters { .. } => {}
                    Event::Epoch(_) => steps_told = 0,
                }
                ControlFlow::Continue(())
            };
            let trained = train(&model, &training, &samples, None, &mut two_threads(), &mut count).unwrap();
            (trained, steps_told)
        };
        let (trained, steps_told) = run(1000);
        let Outcome::Diverged { epoch, step } = trained.outcome else {
            panic!("{rate}: {:?}", trained.outcome)
        };
        // A step whose loss is no number is not told; what the epoch's last step leaves is looked at after it.
        let steps = 20_usize.div_ceil(batch_size);
        assert!(
            steps_told == step - 1 || steps_told == step && step == steps,
            "{steps_told} told, step {step}"
        );
        assert_eq!(trained.history.len(), epoch - 1);
        assert!(trained.history.iter().all(|report| report.training_loss.is_finite()));
        assert!(trained.parameters.values().iter().all(|value| value.is_finite()));
        if epoch == 1 {
            assert_eq!(trained.parameters, Initialisation::Pytorch.draw(&model, 3));
        } else {
            let (before, _) = run(epoch - 1);
            assert_eq!(before.outcome, Outcome::Finished, "epoch {} was still good", epoch - 1);
            assert_eq!((losses(&before), before.parameters), (losses(&trained), trained.parameters));
        }
        epochs.push(epoch);
        unseen_until_the_end += usize::from(steps_told == step);
    }
    assert!(epochs.contains(&1) && epochs.iter().any(|&epoch| epoch > 3), "{epochs:?}");
    assert_eq!(unseen_until_the_end, 1);
}

#[test]
fn training_learns() {
    // Rows on a line, which one latent number describes.
    let values = (0..64)
        .flat_map(|i| (0..FEATURES).map(move |j| ((i as f32 / 32.0 - 1.0) * (j as f32 / 22.0 - 1.0)) * 0.9));
    let samples = Samples::in_model_scale(FEATURES, values.collect()).unwrap();
    let test = numbers(7, FEATURES, 2);
    let training = Training { test_every: 60, ..settings(60, 16) };
    let trained = observed(&training, &samples, Some(&test), |_| ControlFlow::Continue(()));
    let [first, last] = [&trained.history[0], &trained.history[59]];
    assert!(
        last.training_loss < 0.05 * first.training_loss,
        "{} → {}",
        first.training_loss,
        last.training_loss
    );
    // Random rows are not on it.
    assert!(last.test_loss.unwrap() > 10.0 * last.training_loss);
}

#[test]
#[should_panic(expected = "a step needs rows")]
fn a_step_without_rows_is_refused() {
    let training = settings(1, 8);
    let rule = training.optimiser.rules(1, Schedule::Constant.rates(0.1, 0, 1));
    Step::new(&model(), &initial(&training), 8).take(&mut two_threads(), &numbers(8, FEATURES, 0), &[], rule);
}

#[test]
#[should_panic(expected = "features of a row")]
fn a_step_on_rows_of_another_length_is_refused() {
    let training = settings(1, 8);
    let rule = training.optimiser.rules(1, Schedule::Constant.rates(0.1, 0, 1));
    Step::new(&model(), &initial(&training), 8).take(&mut two_threads(), &numbers(8, 44, 0), &[0], rule);
}

#[test]
fn more_epochs_fit_more_time_and_one_fits_none() {
    let samples = numbers(300, FEATURES, 1);
    let (architecture, training) = (architecture(&[5]), Training::default());
    let fitting = |seconds| {
        let time = std::time::Duration::from_secs(seconds);
        epochs_within(time, &architecture, &training, &samples, &mut compute(Level::detect(), 1)).unwrap()
    };
    assert_eq!(fitting(0), 1);
    // An epoch of these few rows takes microseconds.
    assert!(fitting(3600) > 3600);
    let narrow = numbers(10, FEATURES - 1, 1);
    let mut compute = compute(Level::detect(), 1);
    let time = std::time::Duration::from_secs(1);
    assert!(epochs_within(time, &architecture, &training, &narrow, &mut compute).is_err());
}
