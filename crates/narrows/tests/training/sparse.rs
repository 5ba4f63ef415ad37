//! A first layer that leaves out zeros adds up the same numbers in another order.

use narrows::compute::Level;
use narrows::model::{Architecture, HiddenActivation, Parameters};
use narrows::train::{Objective, Optimiser, Schedule, Step};

use crate::support::{
    architecture, as_bytes, as_numbers, assert_all_close, assert_close, compute, random_parameters, sgd,
    sparse_bytes,
};

/// Of the largest number beside it. Up to 784 products are added, in either order, with roundings of 2⁻²⁴ that add up
/// like a random walk.
const TOLERANCE: f64 = 1.0 / (1 << 18) as f64;

#[test]
fn sparse_bytes_are_trained_on_as_the_numbers_that_they_stand_for() {
    let mut compute = compute(Level::detect(), 2);
    // One segment of inputs, a whole one, two, three, and seven; outputs of two panels and up to more than a group.
    for (inputs, hidden) in [
        (45, vec![17]),
        (128, vec![64, 3]),
        (129, vec![33, 5]),
        (300, vec![70, 33]),
        (784, vec![128, 16]),
        (45, vec![70]),
    ] {
        let bytes = sparse_bytes(90, inputs, 1);
        let (sparse, dense) = (as_bytes(&bytes, inputs), as_numbers(&bytes, inputs));
        // One keeps its output for the backward pass, one its sums.
        for activation in [HiddenActivation::Tanh, HiddenActivation::Gelu] {
            let architecture = Architecture { inputs, activation, ..architecture(&hidden) };
            let name = architecture.to_string();
            let parameters = random_parameters(&architecture, 2);
            let order: Vec<u32> = (0..90).map(|i| 37 * i % 90).collect();
            let steps = || {
                let sparse = Step::for_samples(&architecture, &parameters, 40, &sparse);
                (sparse, Step::new(&architecture, &parameters, 40))
            };

            let (mut of_sparse, mut of_dense) = steps();
            let zeros = Parameters::zeros(&architecture);
            let (objective, batch) = (Objective::default(), &order[..40]);
            let actual = of_sparse.gradients(&mut compute, &sparse, objective, batch, &zeros);
            let expected = of_dense.gradients(&mut compute, &dense, objective, batch, &zeros);
            assert_close(actual.loss, expected.loss, TOLERANCE * expected.loss, format_args!("{name}, loss"));
            compare(&actual.by_parameter, &expected.by_parameter, &format!("{name}, gradient"));
            assert_ne!(actual, expected, "{name}: no other order, so nothing is tested");

            // Adam's ε is far above the noise of a gradient, which it would else blow up.
            let adam = Optimiser::Adam {
                learning_rate: 1e-2,
                beta1: 0.9,
                beta2: 0.99,
                epsilon: 1e-3,
                weight_decay: 1e-2,
            };
            // Its iteration would blow up what rounding leaves of a direction that the gradient lacks; this one keeps all as it is.
            let mut muon = Optimiser::muon(1e-2, 1e-2);
            if let Optimiser::Muon { ns_steps, ns_coefficients, .. } = &mut muon {
                (*ns_steps, *ns_coefficients) = (1, Some([1.0, 0.0, 0.0]));
            }
            for optimiser in [sgd(0.1, 0.9), adam, muon] {
                let (mut of_sparse, mut of_dense) = steps();
                for (i, batch) in order.chunks(40).enumerate() {
                    let rates = Schedule::Constant.rates(optimiser.learning_rate(), i as u64, 3);
                    let rule = optimiser.rules(i as u64 + 1, rates);
                    let actual = of_sparse.take(&mut compute, &sparse, batch, rule);
                    let expected = of_dense.take(&mut compute, &dense, batch, rule);
                    assert_close(
                        actual,
                        expected,
                        TOLERANCE * expected,
                        format_args!("{name}, loss of step {i}"),
                    );
                }
                let (mut actual, mut expected) = (parameters.clone(), parameters.clone());
                of_sparse.parameters(&mut actual);
                of_dense.parameters(&mut expected);
                compare(&actual, &expected, &format!("{name}, after {optimiser:?}"));
            }
        }
    }
}

fn compare(actual: &Parameters, expected: &Parameters, name: &str) {
    for spec in expected.tensors() {
        let expected: Vec<f64> = expected.get(&spec.name).unwrap().iter().map(|&x| x.into()).collect();
        let largest = expected.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
        let what = format_args!("{name}, {}", spec.name);
        assert_all_close(actual.get(&spec.name).unwrap(), &expected, TOLERANCE * largest, what);
    }
}
