//! How parameters begin.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use super::{Architecture, LayerSpec, Parameters};

/// The distribution of the first parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Initialisation {
    /// `nn.Linear`'s default: weights and biases uniform in ±1/√inputs.
    #[default]
    Pytorch,
    /// Weights uniform in ±√(6 / (inputs + outputs)), biases 0 (Glorot & Bengio 2010).
    Xavier,
    /// Weights uniform in ±√(6 / inputs), biases 0 (He et al. 2015, for ReLU).
    He,
}

impl Initialisation {
    /// Parameters drawn with `seed`: ChaCha8, stream 0, layer after layer, weight then bias.
    pub fn draw(self, architecture: &Architecture, seed: u64) -> Parameters {
        self.draw_layers(&architecture.layers(), seed)
    }

    /// As [`Initialisation::draw`], for any layers.
    pub fn draw_layers(self, layers: &[LayerSpec], seed: u64) -> Parameters {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut parameters = Parameters::zeros_of(layers);
        for (index, layer) in layers.iter().enumerate() {
            let (inputs, outputs) = (layer.shape.inputs as f64, layer.shape.outputs as f64);
            let (weight_bound, bias_bound) = match self {
                Self::Pytorch => (inputs.sqrt().recip(), inputs.sqrt().recip()),
                Self::Xavier => ((6.0 / (inputs + outputs)).sqrt(), 0.0),
                Self::He => ((6.0 / inputs).sqrt(), 0.0),
            };
            let (weight, bias) = parameters.layer_mut(index);
            for (values, bound) in [(weight, weight_bound), (bias, bias_bound)] {
                for value in values {
                    *value = (bound * (2.0 * unit(&mut random) - 1.0)) as f32;
                }
            }
        }
        parameters
    }
}

/// Uniform in [0, 1), a multiple of 2⁻²⁴.
fn unit(random: &mut ChaCha8Rng) -> f64 {
    f64::from(random.next_u32() >> 8) / f64::from(1 << 24)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HiddenActivation, OutputActivation};

    #[test]
    fn draws_fill_their_bounds() {
        let architecture = Architecture {
            inputs: 45,
            hidden: vec![19],
            activation: HiddenActivation::Relu,
            output: OutputActivation::Linear,
        };
        // For a (19, 45) weight, as torch.nn.init computes them.
        for (kind, bound, bias_bound) in [
            (Initialisation::Pytorch, 1.0 / 45_f32.sqrt(), 1.0 / 45_f32.sqrt()),
            (Initialisation::Xavier, (6.0_f32 / 64.0).sqrt(), 0.0),
            (Initialisation::He, (6.0_f32 / 45.0).sqrt(), 0.0),
        ] {
            let parameters = kind.draw(&architecture, 3);
            let greatest = |name| parameters.get(name).unwrap().iter().fold(0.0_f32, |m, x| m.max(x.abs()));
            let (weight, bias) = (greatest("encoder.0.weight"), greatest("encoder.0.bias"));
            // 855 draws: one within 1 % of the bound is all but certain.
            assert!(weight <= bound && weight > 0.99 * bound, "{kind:?}: {weight} for {bound}");
            assert!(bias <= bias_bound && bias >= 0.5 * bias_bound, "{kind:?}: {bias} for {bias_bound}");
            let mean: f32 = parameters.get("encoder.0.weight").unwrap().iter().sum::<f32>() / 855.0;
            // Standard error of the mean: bound/√(3·855), four of them.
            assert!(mean.abs() < 4.0 * bound / (3.0 * 855.0_f32).sqrt(), "{kind:?}: mean {mean}");
        }
    }

    #[test]
    fn a_seed_names_its_draw() {
        let architecture = Architecture {
            inputs: 5,
            hidden: vec![3, 2],
            activation: HiddenActivation::Relu,
            output: OutputActivation::Linear,
        };
        let draw = |seed| Initialisation::default().draw(&architecture, seed);
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
