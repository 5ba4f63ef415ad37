//! The rules against the algorithms in the documentation of `torch.optim`, written out in `f64`.

use narrows_kernels::layout::LayerShape;
use narrows_kernels::{BiasPanels, Level, Moments, Rule, update_bias, update_weights};

use crate::support::{Dense, Matrix, Random, UNIT, all_bits, assert_close, on_every_level};

const STEPS: usize = 5;

#[derive(Clone, Copy, Debug)]
enum Optimiser {
    Adam { learning_rate: f64, betas: (f64, f64), epsilon: f64, decay: Decay },
    Sgd { learning_rate: f64, momentum: f64, weight_decay: f64, nesterov: bool },
}

#[derive(Clone, Copy, Debug)]
enum Decay {
    /// Adam's: added to the gradient.
    Coupled(f64),
    /// AdamW's: of the parameter itself.
    Decoupled(f64),
}

impl Optimiser {
    /// What a caller makes of it for step `t`, counted from 1.
    fn rule(self, t: usize) -> Rule {
        match self {
            Self::Adam { learning_rate, betas: (beta1, beta2), epsilon, decay } => {
                let (weight_decay, shrink) = match decay {
                    Decay::Coupled(decay) => (decay, 1.0),
                    Decay::Decoupled(decay) => (0.0, 1.0 - learning_rate * decay),
                };
                Rule::Adam {
                    step_size: (learning_rate / (1.0 - beta1.powi(t as i32))) as f32,
                    inverse_root: (1.0 / (1.0 - beta2.powi(t as i32)).sqrt()) as f32,
                    one_minus_beta1: (1.0 - beta1) as f32,
                    beta2: beta2 as f32,
                    one_minus_beta2: (1.0 - beta2) as f32,
                    epsilon: epsilon as f32,
                    weight_decay: weight_decay as f32,
                    shrink: shrink as f32,
                }
            }
            Self::Sgd { learning_rate, momentum, weight_decay, nesterov } => Rule::Sgd {
                learning_rate: learning_rate as f32,
                momentum: momentum as f32,
                weight_decay: weight_decay as f32,
                nesterov,
            },
        }
    }

    /// Step `t`, as PyTorch's documentation writes it.
    fn step(self, t: usize, gradient: f64, [theta, m, v]: [f64; 3]) -> [f64; 3] {
        match self {
            Self::Adam { learning_rate, betas: (beta1, beta2), epsilon, decay } => {
                let (g, theta) = match decay {
                    Decay::Coupled(decay) => (gradient + decay * theta, theta),
                    Decay::Decoupled(decay) => (gradient, theta - learning_rate * decay * theta),
                };
                let m = beta1 * m + (1.0 - beta1) * g;
                let v = beta2 * v + (1.0 - beta2) * g * g;
                let corrected_m = m / (1.0 - beta1.powi(t as i32));
                let corrected_v = v / (1.0 - beta2.powi(t as i32));
                [theta - learning_rate * corrected_m / (corrected_v.sqrt() + epsilon), m, v]
            }
            Self::Sgd { learning_rate, momentum, weight_decay, nesterov } => {
                let g = gradient + weight_decay * theta;
                let b = if t > 1 { momentum * m + g } else { g };
                let g = if nesterov { g + momentum * b } else { b };
                [theta - learning_rate * g, b, v]
            }
        }
    }

    /// What five steps may err by in θ, m and v, counted in u = 2⁻²⁴, the rounding of a result or of a hyperparameter.
    /// The gradient is from ¼ to 2, with its decay from 0.2 to 2.1; the learning rate is 0.1.
    fn tolerances(self, [_, _, v]: [f64; 3]) -> [f64; 3] {
        match self {
            // |θ| < 2.5, for steps are at most 1.2 learning rates (Cauchy and Schwarz, with the weights of m̂ and v̂).
            // g: 0.02 times θ's 130, and one rounding: 5.
            // m: (1 − β₁)·(g's 5, two of |g − m| < 4.2) and one of itself: 0.2·13.4 + 2.1 < 5 a step, 25.
            // v, whose terms are of one sign: 2·5/0.2 for g², 2 for (1 − β₂)g, 3 a step for β₂v and the sum: 67·v.
            // √v̂ + ε thus errs by 37 of itself, which is at least 0.2. m̂: m's errors over 1 − β₁ᵗ are
            // 13.4 + 5·2.1, and two of itself: 28. So m̂/(√v̂ + ε) errs by 28/0.2 + 37·1.2 < 186.
            // θ: 0.1·186, and three of itself: 26 a step, 130.
            Self::Adam { .. } => [130.0 * UNIT, 25.0 * UNIT, 67.0 * UNIT * v],
            // |m| < 2.1·(1 + 0.9 + … + 0.9⁴) < 9, |θ| < 5. g: 0.02 times θ's 80, and one of itself: 4.
            // m: g's, and two of itself: 22 a step, 110. The step, up to 11, is m or g + momentum·m: what m errs by in
            // step t, g's, and three of itself: 22t + 37. θ: 0.1 times the sum of these over five steps, 52, and one
            // of itself a step, 25.
            Self::Sgd { .. } => [80.0 * UNIT, 110.0 * UNIT, 0.0],
        }
    }
}

/// Signed, with a magnitude from ¼ to 1.
fn number(random: &mut Random) -> f32 {
    let x = random.signed();
    x.signum() * (0.25 + 0.75 * x.abs())
}

#[test]
fn five_steps_are_those_of_pytorch() {
    let learning_rate = 0.1;
    let (usual, unusual) = ((0.9, 0.999), (0.8, 0.95));
    let adam = |betas, epsilon, decay| Optimiser::Adam { learning_rate, betas, epsilon, decay };
    let sgd =
        |momentum, weight_decay, nesterov| Optimiser::Sgd { learning_rate, momentum, weight_decay, nesterov };
    let optimisers = [
        adam(usual, 1e-8, Decay::Coupled(0.0)),
        // With an ε that shows.
        adam(unusual, 0.125, Decay::Coupled(0.0)),
        adam(unusual, 1e-8, Decay::Coupled(0.02)),
        adam(usual, 1e-8, Decay::Decoupled(0.02)),
        adam(unusual, 0.125, Decay::Decoupled(0.5)),
        sgd(0.0, 0.0, false),
        sgd(0.0, 0.02, false),
        sgd(0.9, 0.0, false),
        sgd(0.9, 0.02, false),
        sgd(0.9, 0.0, true),
        sgd(0.5, 0.02, true),
    ];
    for optimiser in optimisers {
        five_steps(optimiser);
    }
}

fn five_steps(optimiser: Optimiser) {
    let mut random = Random(14);
    let shape = LayerShape { inputs: 35, outputs: 21 };
    let start = Dense::random(shape, &mut random);
    // One row, and inputs ±1 and ±2, so that the gradient δᵀ·x is exact.
    let batches: Vec<(Matrix, Matrix)> = (0..STEPS)
        .map(|_| {
            let delta = Matrix::from_fn(1, shape.outputs, |_, _| number(&mut random));
            let x = Matrix::from_fn(1, shape.inputs, |_, _| [1.0, -1.0, 2.0, -2.0][random.below(4)]);
            (delta, x)
        })
        .collect();
    let after = on_every_level(|level| {
        let mut dense = start.clone();
        for (i, (delta, x)) in batches.iter().enumerate() {
            step(level, optimiser.rule(i + 1), &mut dense, delta, x);
        }
        dense
    });

    let expect = |parameter: f32, gradient: &dyn Fn(&(Matrix, Matrix)) -> f64| {
        let mut state = [f64::from(parameter), 0.0, 0.0];
        for (i, batch) in batches.iter().enumerate() {
            state = optimiser.step(i + 1, gradient(batch), state);
        }
        state
    };
    let check = |actual: [f32; 3], expected: [f64; 3], what: String| {
        let tolerances = optimiser.tolerances(expected);
        for (i, name) in ["θ", "m", "v"].into_iter().enumerate() {
            assert_close(
                actual[i],
                expected[i],
                tolerances[i],
                format_args!("{name} of {what}, {optimiser:?}"),
            );
        }
    };
    for n in 0..shape.outputs {
        let expected = expect(start.bias[n], &|(delta, _)| delta.at(0, n));
        let [first, second] = &after.bias_moments;
        check([after.bias[n], first[n], second[n]], expected, format!("bias {n}"));
        for k in 0..shape.inputs {
            let index = start.index(n, k);
            let expected = expect(start.backward[index], &|(delta, x)| delta.at(0, n) * x.at(0, k));
            let [first, second] = &after.weight_moments;
            let actual = [after.backward[index], first[index], second[index]];
            check(actual, expected, format!("weight {n}, {k}"));
        }
    }
    after.assert_padding_is_zero(format_args!("{optimiser:?}"));
    after.assert_both_orders_agree();
}

fn step(level: Level, rule: Rule, dense: &mut Dense, delta: &Matrix, x: &Matrix) {
    update_weights(level, rule, dense.shape, delta.batch(), x.batch(), dense.tiles());
    let [first, second] = &mut dense.bias_moments;
    let panels = BiasPanels { first_panel: 0, bias: &mut dense.bias, moments: Moments { first, second } };
    update_bias(level, rule, delta.batch(), panels);
}

/// Dead inputs are the rule in image data (the border of a digit): their gradient is 0 in every step.
#[test]
fn adam_leaves_a_weight_without_gradient_alone() {
    let shape = LayerShape { inputs: 20, outputs: 20 };
    let start = Dense::random(shape, &mut Random(15));
    let (delta, x) = (Matrix::random(3, 20, &mut Random(16)), Matrix::zeros(3, 20));
    let adam = Optimiser::Adam {
        learning_rate: 0.1,
        betas: (0.9, 0.999),
        epsilon: 1e-8,
        decay: Decay::Coupled(0.0),
    };
    let after = on_every_level(|level| {
        let mut dense = start.clone();
        for t in 1..=3 {
            step(level, adam.rule(t), &mut dense, &delta, &x);
        }
        dense
    });
    assert_eq!(all_bits(&after.backward), all_bits(&start.backward));
    assert_ne!(all_bits(&after.bias), all_bits(&start.bias));
}
