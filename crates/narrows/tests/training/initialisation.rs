//! Initial parameters against the distributions of `torch.nn.init`.

use std::collections::BTreeMap;

use narrows::model::{Architecture, HiddenActivation, Initialisation, OutputActivation};
use serde::Deserialize;

use crate::golden::folder;
use crate::support::assert_close;

#[derive(Deserialize)]
struct Facts {
    weight_shape: [usize; 2],
    schemes: BTreeMap<String, Scheme>,
}

#[derive(Deserialize)]
struct Scheme {
    bound: Option<f64>,
    bias_bound: Option<f64>,
    standard_deviation: f64,
}

#[test]
fn parameters_are_drawn_from_the_distributions_of_pytorch() {
    let text = std::fs::read_to_string(folder().join("initialisation.json")).unwrap();
    let facts: Facts = serde_json::from_str(&text).unwrap();
    let [outputs, inputs] = facts.weight_shape;
    let architecture = Architecture {
        inputs,
        hidden: vec![outputs],
        activation: HiddenActivation::Relu,
        output: OutputActivation::Linear,
    };
    for (kind, name) in [
        (Initialisation::Pytorch, "default"),
        (Initialisation::Xavier, "xavier_uniform"),
        (Initialisation::He, "kaiming_uniform_relu"),
    ] {
        let scheme = &facts.schemes[name];
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for seed in 0..1000 {
            let parameters = kind.draw(&architecture, seed);
            let tensors = parameters.tensors();
            assert_eq!(
                (tensors[0].name.as_str(), &tensors[0].shape[..]),
                ("encoder.0.weight", &[outputs, inputs][..])
            );
            weights.extend(parameters.get("encoder.0.weight").unwrap().iter().map(|&x| f64::from(x)));
            biases.extend(parameters.get("encoder.0.bias").unwrap().iter().map(|&x| f64::from(x)));
        }
        assert_uniform(&weights, scheme.bound.unwrap(), name);
        assert_close(
            deviation(&weights),
            scheme.standard_deviation,
            1e-2 * scheme.standard_deviation,
            format_args!("{name}"),
        );
        match scheme.bias_bound {
            Some(bound) => assert_uniform(&biases, bound, name),
            // Xavier and He say nothing of biases.
            None => assert!(biases.iter().all(|&bias| bias == 0.0), "{name}"),
        }
    }
}

/// Uniform in ±bound: the bound is not passed, but for the rounding to `f32`, and nearly reached: the largest of n
/// draws is below 1 − 20/n of it with a probability of e⁻²⁰. The n-th parts of the range are equally full: σ of a
/// tenth is √(0.09·n), five of which are allowed.
fn assert_uniform(draws: &[f64], bound: f64, name: &str) {
    let count = draws.len() as f64;
    let largest = draws.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    assert!(largest <= bound * (1.0 + (-24_f64).exp2()), "{name}: {largest} is beyond {bound}");
    assert!(largest >= bound * (1.0 - 20.0 / count), "{name}: {largest} of {bound}");
    let mut tenths = [0_usize; 10];
    for x in draws {
        tenths[((x / bound + 1.0) * 5.0).clamp(0.0, 9.0) as usize] += 1;
    }
    for (i, &tenth) in tenths.iter().enumerate() {
        let what = format_args!("{name}: draws in tenth {i} of ±{bound}");
        assert_close(tenth as f64, count / 10.0, 5.0 * (0.09 * count).sqrt(), what);
    }
}

fn deviation(draws: &[f64]) -> f64 {
    (draws.iter().map(|x| x * x).sum::<f64>() / draws.len() as f64).sqrt()
}
