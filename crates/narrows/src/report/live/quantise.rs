//! Weights of sixteen bits.
//!
//! ```text
//! q = round(w / s),  s = max |w of the row| / 32767        w ≈ s·q
//! ```
//!
//! With a scale for each output of a layer, a weight is off by at most s/2: 1.5·10⁻⁵ of the largest that is summed
//! with it. f16, of the same size, is off by up to 2.4·10⁻⁴ of each weight; and sixteen-bit integers need no
//! decoding in a browser. Biases stay f32.

use narrows_kernels::Activation;

/// One dense layer as a model holds it: `activation(x·Wᵀ + b)`.
#[derive(Clone, Copy, Debug)]
pub struct Dense<'a> {
    /// (outputs, inputs)
    pub weight: &'a [f32],
    /// (outputs)
    pub bias: &'a [f32],
    /// After the layer.
    pub activation: Activation,
}

impl Dense<'_> {
    /// How many numbers go in.
    pub fn inputs(&self) -> usize {
        self.weight.len() / self.bias.len()
    }
}

/// The weights of a layer in sixteen bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantised {
    /// One a row of the weights: (outputs).
    pub scales: Vec<f32>,
    /// (outputs, inputs)
    pub weights: Vec<i16>,
}

/// The largest whole number of sixteen bits whose negative is one too.
const LARGEST: f32 = 32767.0;

impl Quantised {
    /// Rounds the weights, (outputs, inputs), of a layer with so many inputs.
    pub fn of(weight: &[f32], inputs: usize) -> Self {
        let (mut scales, mut weights) = (Vec::new(), Vec::with_capacity(weight.len()));
        for row in weight.chunks_exact(inputs) {
            let largest = row.iter().fold(0.0_f32, |largest, w| largest.max(w.abs()));
            let scale = if largest > 0.0 { largest / LARGEST } else { 1.0 };
            // Dividing in f64: a subnormal scale has no reciprocal in f32. Casts saturate.
            weights.extend(row.iter().map(|&w| (f64::from(w) / f64::from(scale)).round() as i16));
            scales.push(scale);
        }
        Self { scales, weights }
    }

    /// The weights that a browser computes with, (outputs, inputs).
    pub fn weight(&self) -> Vec<f32> {
        let inputs = self.weights.len() / self.scales.len();
        let rows = self.weights.chunks_exact(inputs).zip(&self.scales);
        rows.flat_map(|(row, scale)| row.iter().map(move |&q| f32::from(q) * scale)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_off_by_half_a_step_of_its_own_row() {
        let weight: Vec<f32> =
            (0..60).map(|i| ((i * i) as f32 * 0.37).sin() * [1.0, 1e-6, 300.0][i / 20]).collect();
        let quantised = Quantised::of(&weight, 20);
        let mut largest_error = 0.0_f32;
        for (row, (w, q)) in weight.iter().zip(quantised.weight()).enumerate().map(|(i, pair)| (i / 20, pair))
        {
            // Half a step, and the rounding of the product in f32.
            let allowed = quantised.scales[row] * 0.5 + w.abs() * f32::EPSILON;
            assert!((w - q).abs() <= allowed, "{w} became {q}");
            largest_error = largest_error.max((w - q).abs() / quantised.scales[row]);
        }
        assert!(largest_error > 0.4, "the bound is one that is reached");
        assert_eq!(quantised.weights.iter().map(|q| q.unsigned_abs()).max(), Some(32767));
    }

    #[test]
    fn rows_of_zeros_and_of_the_least_numbers_stay_finite() {
        let tiny = f32::from_bits(1);
        let quantised = Quantised::of(&[0.0, 0.0, tiny, -tiny, 1e38, -1e38], 2);
        assert!(quantised.scales.iter().all(|scale| scale.is_finite()));
        let weight = quantised.weight();
        assert_eq!(weight[..2], [0.0, 0.0]);
        assert!(weight.iter().all(|w| w.is_finite()));
    }
}
