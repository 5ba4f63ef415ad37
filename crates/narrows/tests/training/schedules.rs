//! Learning rates and momentums against PyTorch's schedulers.

use std::collections::BTreeMap;

use narrows::train::{Optimiser, Rates, Schedule, Training};
use serde::Deserialize;

use crate::golden::{Golden, Tensor, read};
use crate::support::{assert_close, sgd};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "naming a field is knowing it")]
struct Description {
    written_by: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(tag = "schedule", rename_all = "kebab-case")]
enum Case {
    OneCycle(OneCycle),
    WarmUpAndCosine(WarmUpAndCosine),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneCycle {
    name: String,
    total_steps: u64,
    max_learning_rate: f64,
    pct_start: f64,
    div_factor: f64,
    final_div_factor: f64,
    base_momentum: f64,
    max_momentum: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WarmUpAndCosine {
    name: String,
    warm_up_steps: u64,
    total_steps: u64,
    learning_rate: f64,
    start_factor: f64,
    min_learning_rate: f64,
    distance_to_the_formula: f64,
}

/// A rate is made by about ten operations of f64 on numbers up to the greatest rate, 2⁻⁵³ each.
fn tolerance(greatest: f64) -> f64 {
    (-49_f64).exp2() * greatest
}

#[test]
fn rates_are_those_of_pytorch() {
    let Golden { description, tensors } = read::<Description>("schedules.safetensors");
    let (mut one_cycles, mut cosines) = (0, 0);
    for case in description.cases {
        match case {
            Case::OneCycle(case) => {
                one_cycles += 1;
                compare_one_cycle(&case, &tensors);
            }
            Case::WarmUpAndCosine(case) => {
                cosines += 1;
                compare_cosine(&case, &tensors);
            }
        }
    }
    assert_eq!((one_cycles, cosines), (8, 5));
}

fn compare_one_cycle(case: &OneCycle, tensors: &BTreeMap<String, Tensor>) {
    let schedule = Schedule::OneCycle {
        rise: case.pct_start,
        start_divisor: case.div_factor,
        end_divisor: case.final_div_factor,
        cycle_momentum: true,
    };
    let learning_rates = &tensors[&format!("{}/learning_rate", case.name)].values;
    let momentums = &tensors[&format!("{}/momentum", case.name)].values;
    assert_eq!([learning_rates.len(), momentums.len()], [case.total_steps as usize; 2], "{}", case.name);
    for (step, (&learning_rate, &momentum)) in learning_rates.iter().zip(momentums).enumerate() {
        let what = format_args!("{}, step {step}", case.name);
        let rates = schedule.rates(case.max_learning_rate, step as u64, case.total_steps);
        assert_close(rates.learning_rate, learning_rate, tolerance(case.max_learning_rate), what);
        // Ours goes between 0.95 and 0.85, whatever the file's does: the same part of the way.
        let part = (momentum - case.base_momentum) / (case.max_momentum - case.base_momentum);
        assert_close(rates.momentum.unwrap(), 0.85 + 0.1 * part, tolerance(10.0), what);
    }
}

fn compare_cosine(case: &WarmUpAndCosine, tensors: &BTreeMap<String, Tensor>) {
    let greatest = case.learning_rate;
    // A share that says this number of steps, however it is rounded.
    let schedule = Schedule::Cosine { warm_up: (case.warm_up_steps as f64 + 0.25) / case.total_steps as f64 };
    let learning_rates = &tensors[&format!("{}/learning_rate", case.name)].values;
    assert_eq!(learning_rates.len(), case.total_steps as usize, "{}", case.name);
    for (step, &expected) in (0..).zip(learning_rates) {
        // Ours begins at 1/(W + 1) and ends at 0, whatever the file's does: the same part of the way.
        let (low, our_low) = if step < case.warm_up_steps {
            (greatest * case.start_factor, greatest / (case.warm_up_steps as f64 + 1.0))
        } else {
            (case.min_learning_rate, 0.0)
        };
        let part = (expected - low) / (greatest - low);
        let rates = schedule.rates(greatest, step, case.total_steps);
        let tolerance = tolerance(greatest) + 2.0 * case.distance_to_the_formula;
        let expected = our_low + part * (greatest - our_low);
        assert_close(rates.learning_rate, expected, tolerance, format_args!("{}, step {step}", case.name));
        assert_eq!(rates.momentum, None);
    }
}

#[test]
fn every_schedule_gives_numbers_for_every_number_of_steps() {
    let mut schedules = vec![Schedule::Constant];
    for share in [0.0, 1e-9, 0.1, 0.25, 1.0 / 3.0, 0.5, 0.999_999, 1.0 - f64::EPSILON / 2.0] {
        schedules.push(Schedule::Cosine { warm_up: share });
        if share > 0.0 {
            let [start_divisor, end_divisor] = [25.0, 1e4];
            schedules.push(Schedule::OneCycle {
                rise: share,
                start_divisor,
                end_divisor,
                cycle_momentum: true,
            });
        }
    }
    for schedule in schedules {
        let training = Training { schedule, ..Training::default() };
        assert_eq!(training.validate(), Ok(()), "{schedule:?}");
        for steps in 1..=40 {
            for step in 0..steps {
                let Rates { learning_rate, momentum } = schedule.rates(0.5, step, steps);
                let what = format!("{schedule:?}: step {step} of {steps}");
                assert!((0.0..=0.5).contains(&learning_rate), "{what}: {learning_rate}");
                // On a half cosine from 0.95 to 0.85, give or take a rounding.
                assert!(
                    momentum.is_none_or(|m| (0.85 - 1e-15..=0.95 + 1e-15).contains(&m)),
                    "{what}: {momentum:?}"
                );
            }
        }
    }
}

#[test]
fn a_rise_of_one_step_is_at_the_peak() {
    // PyTorch divides by zero where `pct_start · total_steps` is 1.
    let schedule =
        Schedule::OneCycle { rise: 0.1, start_divisor: 25.0, end_divisor: 1e4, cycle_momentum: true };
    assert_eq!(schedule.rates(0.5, 0, 10), Rates { learning_rate: 0.5, momentum: Some(0.85) });
    assert!(schedule.rates(0.5, 1, 10).learning_rate < 0.5);
}

#[test]
fn what_a_schedule_sets_replaces_what_the_optimiser_was_given() {
    let rates = |momentum| Rates { learning_rate: 0.25, momentum };
    let optimisers = |learning_rate, kept| {
        let [beta2, epsilon, weight_decay] = [0.99, 1e-6, 0.1];
        [
            Optimiser::Adam { learning_rate, beta1: kept, beta2, epsilon, weight_decay },
            Optimiser::AdamW { learning_rate, beta1: kept, beta2, epsilon, weight_decay },
            Optimiser::Sgd { learning_rate, momentum: kept, weight_decay, nesterov: true },
        ]
    };
    for step in [1, 7] {
        for (given, set) in optimisers(1.0, 0.9).into_iter().zip(optimisers(0.25, 0.8)) {
            assert_eq!(given.rules(step, rates(Some(0.8))), set.rules(step, rates(None)), "{given:?}");
            assert_ne!(given.rules(step, rates(None)), set.rules(step, rates(None)), "{given:?}");
        }
    }
    // But no momentum is made where there is none.
    assert_eq!(sgd(1.0, 0.0).rules(1, rates(Some(0.8))), sgd(0.25, 0.0).rules(1, rates(None)));
}

#[test]
fn one_cycle_can_leave_the_momentum_alone() {
    let [cycled, kept] = [true, false].map(|cycle_momentum| {
        let schedule =
            Schedule::OneCycle { rise: 0.3, start_divisor: 25.0, end_divisor: 1e4, cycle_momentum };
        schedule.rates(0.5, 3, 10)
    });
    assert!(cycled.momentum.is_some());
    assert_eq!(kept, Rates { momentum: None, ..cycled });
}
