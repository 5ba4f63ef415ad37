//! All kernels together, as a training step calls them: an autoencoder of two layers.

use narrows_kernels::layout::{BLOCK_ROWS, LayerShape};
use narrows_kernels::{
    Activation, BiasPanels, DerivativeFrom, Level, Moments, OutputLoss, Rule, Target, backward, forward,
    output_gradient, update_bias, update_weights,
};

use crate::reference;
use crate::support::{
    ACTIVATIONS, Dense, Matrix, Numbers, Random, UNIT, all_bits, assert_close, on_every_level,
};

const OUTPUTS: [Activation; 3] = [Activation::Identity, Activation::Tanh, Activation::Sigmoid];

#[derive(Clone)]
struct Autoencoder {
    encoder: Dense,
    decoder: Dense,
    hidden: Activation,
    output: Activation,
}

/// What one step computes on the way.
struct Buffers {
    hidden: Matrix,
    sums: Matrix,
    output: Matrix,
    delta: Matrix,
}

impl Buffers {
    fn all(&self) -> [&Matrix; 4] {
        [&self.hidden, &self.sums, &self.output, &self.delta]
    }
}

impl Autoencoder {
    fn random(
        columns: usize,
        hidden: usize,
        activations: (Activation, Activation),
        random: &mut Random,
    ) -> Self {
        Self {
            encoder: Dense::random(LayerShape { inputs: columns, outputs: hidden }, random),
            decoder: Dense::random(LayerShape { inputs: hidden, outputs: columns }, random),
            hidden: activations.0,
            output: activations.1,
        }
    }

    fn layers(&self) -> [&Dense; 2] {
        [&self.encoder, &self.decoder]
    }

    fn step(&mut self, level: Level, rule: Rule, x: &Matrix, buffers: &mut Buffers) {
        let scale = 2.0 / (x.rows * x.columns) as f32;
        let Buffers { hidden, sums, output, delta } = buffers;
        for block in 0..x.blocks() {
            let kept_sums = Some(sums.block_mut(block));
            forward(
                level,
                self.encoder.layer(),
                self.hidden,
                x.block(block),
                hidden.block_mut(block),
                kept_sums,
            );
            let (layer, h, target) =
                (self.decoder.layer(), hidden.block(block), Target::Numbers(x.block(block)));
            let delta_out = output.block_mut(block);
            let errors = &mut [0.0; BLOCK_ROWS];
            let (loss, scales) = (OutputLoss::SquaredError(self.output), &[scale; BLOCK_ROWS]);
            output_gradient(level, layer, loss, scales, h, target, delta_out, errors);
            let kept = match self.hidden.derivative_from() {
                DerivativeFrom::Output => hidden.block(block),
                DerivativeFrom::Sum => sums.block(block),
            };
            // Panels do not meet, so two runs of them are as good as one.
            let panels = self.decoder.shape.input_panels();
            for panels in [0..panels / 2, panels / 2..panels] {
                backward(
                    level,
                    self.decoder.shape,
                    &self.decoder.backward,
                    output.block(block),
                    (self.hidden, kept),
                    delta.block_mut(block),
                    panels,
                );
            }
        }
        for (dense, delta, x) in [(&mut self.decoder, &*output, &*hidden), (&mut self.encoder, &*delta, x)] {
            update_weights(level, rule, dense.shape, delta.batch(), x.batch(), dense.tiles());
            let [first, second] = &mut dense.bias_moments;
            let panels =
                BiasPanels { first_panel: 0, bias: &mut dense.bias, moments: Moments { first, second } };
            update_bias(level, rule, delta.batch(), panels);
        }
    }

    fn buffers(&self, rows: usize, random: &mut Random) -> Buffers {
        let mut stale = |columns| Matrix::stale(rows, columns, random);
        let (columns, hidden) = (self.encoder.shape.inputs, self.encoder.shape.outputs);
        Buffers { hidden: stale(hidden), sums: stale(hidden), output: stale(columns), delta: stale(hidden) }
    }
}

/// The layers in `f64`, whose weights can be nudged.
struct Exact {
    /// Weights (outputs, inputs) and bias.
    layers: [(Vec<Vec<f64>>, Vec<f64>); 2],
    activations: [Activation; 2],
}

impl Exact {
    fn of(autoencoder: &Autoencoder) -> Self {
        let layers = autoencoder.layers().map(|dense| {
            let LayerShape { inputs, outputs } = dense.shape;
            let row = |n| (0..inputs).map(|k| dense.weight(n, k)).collect();
            ((0..outputs).map(row).collect(), dense.bias[..outputs].iter().map(|&b| f64::from(b)).collect())
        });
        Self { layers, activations: [autoencoder.hidden, autoencoder.output] }
    }

    /// The mean squared error over all rows and columns.
    fn loss(&self, x: &Matrix) -> f64 {
        let mut sum = 0.0;
        for row in 0..x.rows {
            let mut numbers: Vec<f64> = (0..x.columns).map(|column| x.at(row, column)).collect();
            for ((weights, bias), f) in self.layers.iter().zip(self.activations) {
                let z = |(weights, bias): (&Vec<f64>, &f64)| {
                    bias + weights.iter().zip(&numbers).map(|(w, x)| w * x).sum::<f64>()
                };
                numbers = weights.iter().zip(bias).map(|pair| reference::activation(f, z(pair))).collect();
            }
            sum += numbers.iter().enumerate().map(|(c, y)| (y - x.at(row, c)).powi(2)).sum::<f64>();
        }
        sum / (x.rows * x.columns) as f64
    }

    fn derivative(&mut self, x: &Matrix, parameter: impl Fn(&mut Self) -> &mut f64) -> f64 {
        let h = 1e-6;
        let start = *parameter(self);
        let [above, below] = [start + h, start - h].map(|nudged| {
            *parameter(self) = nudged;
            self.loss(x)
        });
        *parameter(self) = start;
        (above - below) / (2.0 * h)
    }
}

#[test]
fn the_gradients_of_a_network_are_its_finite_differences() {
    let mut random = Random(20);
    for hidden in ACTIVATIONS {
        for output in OUTPUTS {
            let start = Autoencoder::random(18, 5, (hidden, output), &mut random);
            let mut x = Matrix::random(19, 18, &mut random);
            x.spoil_unused_rows(&mut random);
            let [encoder, decoder] = on_every_level(|level| {
                let mut autoencoder = start.clone();
                let mut buffers = autoencoder.buffers(x.rows, &mut Random(0));
                autoencoder.step(level, Rule::KeepGradient, &x, &mut buffers);
                [autoencoder.encoder, autoencoder.decoder]
            });
            let mut exact = Exact::of(&start);
            for (i, dense) in [encoder, decoder].iter().enumerate() {
                let LayerShape { inputs, outputs } = dense.shape;
                let gradients = &dense.weight_moments[0];
                let largest = gradients.iter().fold(0.0, |largest, g| g.abs().max(largest));
                // From x to the gradient a number goes through sums of 19, 6, 18 and 19 terms and the activations'
                // 12 or 24 roundings, about 100 in all, of numbers a few times as large as what comes of them; the
                // difference quotient errs by 10⁻⁹. A wrong formula errs by about `largest`.
                let tolerance = 400.0 * UNIT * f64::from(largest) + 1e-8;
                for n in 0..outputs {
                    let what = format_args!("layer {i}, output {n}, {hidden:?} and {output:?}");
                    let expected = exact.derivative(&x, |exact| &mut exact.layers[i].1[n]);
                    assert_close(dense.bias_moments[0][n], expected, tolerance.max(400.0 * UNIT), what);
                    for k in 0..inputs {
                        let expected = exact.derivative(&x, |exact| &mut exact.layers[i].0[n][k]);
                        assert_close(gradients[dense.index(n, k)], expected, tolerance, what);
                    }
                }
            }
        }
    }
}

fn rules(t: i32) -> [Rule; 4] {
    let adam = |weight_decay, shrink| Rule::Adam {
        step_size: 0.01 / (1.0 - 0.9_f32.powi(t)),
        inverse_root: 1.0 / (1.0 - 0.999_f32.powi(t)).sqrt(),
        one_minus_beta1: 0.1,
        beta2: 0.999,
        one_minus_beta2: 0.001,
        epsilon: 1e-8,
        weight_decay,
        shrink,
    };
    let sgd = |nesterov| Rule::Sgd { learning_rate: 0.1, momentum: 0.9, weight_decay: 0.01, nesterov };
    [adam(0.01, 1.0), adam(0.0, 0.9999), sgd(false), sgd(true)]
}

#[test]
fn padding_stays_zero_and_stale_rows_stay_without_influence_over_steps() {
    let mut random = Random(21);
    for (i, hidden) in ACTIVATIONS.into_iter().enumerate() {
        for rule in 0..4 {
            let (columns, width, rows) = (17 + 13 * rule, 3 + 5 * i, 1 + 11 * rule + i);
            let output = OUTPUTS[(i + rule) % OUTPUTS.len()];
            let start = Autoencoder::random(columns, width, (hidden, output), &mut random);
            let x = Matrix::random(rows, columns, &mut random);
            let train = |x: &Matrix, seed: u64| {
                on_every_level(|level| {
                    let mut autoencoder = start.clone();
                    let mut buffers = autoencoder.buffers(rows, &mut Random(seed));
                    for t in 1..=4 {
                        autoencoder.step(level, rules(t)[rule], x, &mut buffers);
                        let what = format_args!("step {t}, {hidden:?}, {output:?}, {:?}", rules(t)[rule]);
                        for dense in autoencoder.layers() {
                            dense.assert_padding_is_zero(what);
                        }
                        for matrix in buffers.all() {
                            matrix.assert_padding_is_zero(what);
                        }
                    }
                    for matrix in buffers.all() {
                        matrix.assert_nothing_beside_the_rows_is_touched();
                    }
                    [autoencoder.encoder, autoencoder.decoder]
                })
            };
            let clean = train(&x, 1);
            let mut spoiled = x.clone();
            spoiled.spoil_unused_rows(&mut random);
            for (clean, spoiled) in clean.slices().iter().zip(train(&spoiled, 2).slices()) {
                assert_eq!(all_bits(clean), all_bits(spoiled), "{rows} rows, {hidden:?}");
            }
            assert!(clean[0].backward.iter().all(|x| x.is_finite()));
            assert_ne!(all_bits(&clean[0].backward), all_bits(&start.encoder.backward));
            for dense in &clean {
                dense.assert_both_orders_agree();
            }
        }
    }
}
