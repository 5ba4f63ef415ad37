//! A training that is stopped at any step, written down, and gone on with ends with the bits of one that was not.

use std::ops::ControlFlow;

use narrows::compute::Level;
use narrows::dataset::Samples;
use narrows::files::checkpoint::{self, Checkpoint};
use narrows::model::{Architecture, ClassifierArchitecture};
use narrows::train::{
    Event, Optimiser, Outcome, Schedule, Trained, Trainer, TrainerState, Training, TrainingError, Watch,
};

use crate::support::{
    FEATURES, all_bits, architecture, as_bytes, compute, masked, numbers, sgd, sparse_bytes,
};

const ROWS: usize = 50;
const EPOCHS: usize = 3;
/// Of 13 rows, and one of 11.
const STEPS: usize = 4;

fn model() -> Architecture {
    architecture(&[19, 5])
}

fn settings(optimiser: Optimiser, schedule: Schedule) -> Training {
    Training {
        epochs: EPOCHS,
        batch_size: 13,
        optimiser,
        schedule,
        seed: 7,
        test_every: 2,
        ..Training::default()
    }
}

/// As the file of a checkpoint brings it back.
fn written(architecture: &Architecture, training: &Training, state: TrainerState) -> TrainerState {
    let (architecture, training) = (architecture.clone(), training.clone());
    let checkpoint = Checkpoint { architecture, training, data_hash: "0123".to_owned(), state };
    let read = checkpoint::from_bytes(&checkpoint::to_bytes(&checkpoint), "checkpoint").unwrap();
    assert_eq!(read, checkpoint);
    read.state
}

/// Goes on from one state to the next: each number of steps on other threads and another level.
fn in_parts(
    begin: &dyn Fn() -> Trainer,
    save: &dyn Fn(TrainerState) -> TrainerState,
    watch: Watch<'_>,
    parts: &[usize],
) -> Trained {
    let levels = Level::available();
    let mut trainer = begin();
    for (part, steps) in parts.iter().chain([&usize::MAX]).enumerate() {
        let mut compute = compute(levels[part % levels.len()], 1 + part % 3);
        if part > 0 {
            trainer = begin().restore(save(trainer.state())).unwrap();
        }
        let mut taken = 0;
        let mut observe = |event: &Event<'_>| {
            taken += usize::from(matches!(event, Event::Batch { .. }));
            if taken >= *steps { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let outcome = loop {
            match trainer.outcome() {
                Some(outcome) => break outcome,
                None => {
                    if let Some(outcome) = trainer.epoch(watch, &mut compute, &mut observe).unwrap() {
                        break outcome;
                    }
                }
            }
        };
        if outcome != Outcome::Stopped {
            return trainer.end(outcome);
        }
    }
    unreachable!("the last part goes on to the end");
}

/// All of a result that is not a duration.
type Bits = (Vec<u32>, Option<usize>, Outcome, Vec<[Option<u64>; 3]>);

fn bits(trained: &Trained) -> Bits {
    let losses = trained.history.iter().map(|epoch| {
        [Some(epoch.training_loss), epoch.validation_loss, epoch.test_loss].map(|loss| loss.map(f64::to_bits))
    });
    let parameters = all_bits(trained.parameters.values());
    (parameters, trained.best_epoch, trained.outcome, losses.collect())
}

/// Every place to stop once, and some to stop twice.
fn places() -> Vec<Vec<usize>> {
    let once = (1..EPOCHS * STEPS).map(|steps| vec![steps]);
    once.chain([vec![1, 1], vec![3, 4], vec![4, 4], vec![2, 7], vec![5, 1]]).collect()
}

fn with_gaps() -> Samples {
    let values = (0..ROWS * FEATURES)
        .map(|i| if i * i % 5 == 1 { f32::NAN } else { (i * 31 % 17) as f32 / 8.0 - 1.0 })
        .collect();
    masked(FEATURES, values)
}

#[test]
fn every_step_of_every_kind_can_be_stopped_at() {
    let sparse = as_bytes(&sparse_bytes(ROWS, FEATURES, 1), FEATURES);
    let (dense, gaps, test) = (numbers(ROWS, FEATURES, 2), with_gaps(), numbers(20, FEATURES, 3));
    let nesterov = Optimiser::Sgd { learning_rate: 0.1, momentum: 0.9, weight_decay: 1e-3, nesterov: true };
    for (name, samples) in [("sparse", &sparse), ("dense", &dense), ("gaps", &gaps)] {
        for (optimiser, schedule) in [
            (Optimiser::adam(1e-2, 1e-5), Schedule::one_cycle()),
            (Optimiser::adamw(1e-2, 0.05), Schedule::Cosine { warm_up: 0.2 }),
            (sgd(0.1, 0.0), Schedule::Constant),
            (Optimiser::muon(1e-2, 0.1), Schedule::one_cycle()),
            (nesterov, Schedule::Constant),
        ] {
            let training = settings(optimiser, schedule);
            let begin = || Trainer::new(&model(), &training, samples).unwrap();
            let save = |state| written(&model(), &training, state);
            let watch = Watch { validation: None, test: Some(&test) };
            let whole = in_parts(&begin, &save, watch, &[]);
            assert_eq!((whole.outcome, whole.history.len()), (Outcome::Finished, EPOCHS));
            assert!(whole.history[1].test_loss.is_some() && whole.history[0].test_loss.is_none());
            for parts in places() {
                let resumed = in_parts(&begin, &save, watch, &parts);
                assert!(bits(&resumed) == bits(&whole), "{name}, {optimiser}, stopped after {parts:?}");
            }
        }
    }
}

#[test]
fn a_training_that_stops_early_remembers_its_best_and_how_long_it_waited() {
    let (samples, other) = (numbers(ROWS, FEATURES, 2), numbers(40, FEATURES, 9));
    // Rows without structure: what is learned of some makes others worse.
    let training = Training {
        epochs: 40,
        patience: Some(2),
        min_change: 1e-4,
        ..settings(Optimiser::adam(5e-2, 0.0), Schedule::Constant)
    };
    let begin = || Trainer::new(&model(), &training, &samples).unwrap();
    let save = |state| written(&model(), &training, state);
    let watch = Watch { validation: Some(&other), test: None };
    let whole = in_parts(&begin, &save, watch, &[]);
    let best = whole.best_epoch.unwrap();
    assert_eq!((whole.outcome, whole.history.len()), (Outcome::StoppedEarly, best + 2));
    assert!(best > 1, "it learned something first");
    let losses: Vec<f64> = whole.history.iter().map(|epoch| epoch.validation_loss.unwrap()).collect();
    assert!(losses[best..].iter().all(|loss| *loss >= losses[best - 1] - 1e-4), "{losses:?}");
    // The parameters are the best ones: those of a training of so many epochs.
    let shorter = Training { epochs: 40, patience: None, min_change: 0.0, ..training.clone() };
    let mut trainer = Trainer::new(&model(), &shorter, &samples).unwrap();
    let mut go_on = |_: &Event<'_>| ControlFlow::Continue(());
    for _ in 0..best {
        trainer.epoch(Watch::default(), &mut compute(Level::detect(), 1), &mut go_on).unwrap();
    }
    assert_eq!(trainer.parameters(), &whole.parameters);
    for stopped in [1, STEPS, best * STEPS - 1, best * STEPS, best * STEPS + 1, (best + 1) * STEPS + 2] {
        let resumed = in_parts(&begin, &save, watch, &[stopped]);
        assert!(bits(&resumed) == bits(&whole), "stopped after {stopped} of {} steps", (best + 2) * STEPS);
    }
}

#[test]
fn a_classifier_goes_on_too() {
    let samples = numbers(ROWS, FEATURES, 4);
    let labels: Vec<u32> = (0..ROWS as u32).map(|row| row * row % 5).collect();
    let classifier = ClassifierArchitecture { inputs: FEATURES, hidden: 12, classes: 5 };
    let training = settings(Optimiser::adam(1e-2, 0.0), Schedule::one_cycle());
    let begin = || Trainer::of_classifier(&classifier, &training, &samples, &labels).unwrap();
    let whole = in_parts(&begin, &|state| state, Watch::default(), &[]);
    for parts in places() {
        let resumed = in_parts(&begin, &|state| state, Watch::default(), &parts);
        assert!(bits(&resumed) == bits(&whole), "stopped after {parts:?}");
    }
}

#[test]
fn a_state_of_another_training_is_refused() {
    let samples = numbers(ROWS, FEATURES, 2);
    let training = settings(Optimiser::adam(1e-2, 0.0), Schedule::Constant);
    let begin = |samples: &Samples, training: &Training| Trainer::new(&model(), training, samples).unwrap();
    let mut trainer = begin(&samples, &training);
    let mut go_on = |_: &Event<'_>| ControlFlow::Continue(());
    trainer.epoch(Watch::default(), &mut compute(Level::detect(), 1), &mut go_on).unwrap();
    let state = trainer.state();
    let refused = |trainer: Trainer, state: &TrainerState| match trainer.restore(state.clone()) {
        Err(TrainingError::OtherState { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(begin(&numbers(ROWS - 1, FEATURES, 2), &training), &state), "the order of the rows");
    let larger = Trainer::new(&architecture(&[19, 6]), &training, &samples).unwrap();
    assert_eq!(refused(larger, &state), "the shape of the parameters");
    let mut beyond = state.clone();
    (beyond.position.epoch, beyond.history) = (4, vec![state.history[0].clone(); 4]);
    assert_eq!(refused(begin(&samples, &training), &beyond), "its end");
    let mut torn = state.clone();
    torn.history.clear();
    assert_eq!(refused(begin(&samples, &training), &torn), "the number of epochs in the history");
    let no_validation = Training { patience: Some(3), ..training.clone() };
    let error = Watch::default().check(&model(), &no_validation).unwrap_err().to_string();
    assert!(error.contains("patience") && error.contains("validation"), "{error}");
}

#[test]
fn a_damaged_checkpoint_is_an_error() {
    let samples = numbers(ROWS, FEATURES, 2);
    let training = settings(Optimiser::adam(1e-2, 0.0), Schedule::Constant);
    let trainer = Trainer::new(&model(), &training, &samples).unwrap();
    let (architecture, data_hash) = (model(), "0123".to_owned());
    let bytes =
        checkpoint::to_bytes(&Checkpoint { architecture, training, data_hash, state: trainer.state() });
    for length in (0..bytes.len()).step_by(97).chain([bytes.len() - 1]) {
        assert!(checkpoint::from_bytes(&bytes[..length], "cut").is_err(), "{length} bytes");
    }
    let text = |from: &str, to: &str| {
        let place = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        assert_eq!(from.len(), to.len());
        let mut changed = bytes.clone();
        changed[place..place + to.len()].copy_from_slice(to.as_bytes());
        checkpoint::from_bytes(&changed, "changed").unwrap_err().to_string()
    };
    assert!(text("\\\"version\\\":1", "\\\"version\\\":9").contains("version 9"));
    assert!(text("first/encoder.0.bias", "third/encoder.0.bias").contains("third/encoder.0.bias"));
    assert!(text("\\\"step\\\":0", "\\\"step\\\":1").contains("missing"));
    assert!(text("\\\"order\\\":", "\\\"ordre\\\":").contains("order"));
}
