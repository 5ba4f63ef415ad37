//! The formulas, in `f64`.

use narrows_kernels::{Activation, DerivativeFrom};

pub fn activation(activation: Activation, z: f64) -> f64 {
    match activation {
        Activation::Identity => z,
        // A NaN passes, as it does in PyTorch.
        Activation::Relu => {
            if z < 0.0 {
                0.0
            } else {
                z
            }
        }
        Activation::LeakyRelu => {
            if z > 0.0 {
                z
            } else {
                0.01 * z
            }
        }
        Activation::Tanh => z.tanh(),
        Activation::Sigmoid => sigmoid(z),
        Activation::Gelu => z * normal_distribution(z),
        Activation::Silu => z * sigmoid(z),
    }
}

/// Not from a formula, lest the same mistake be made twice: `(f(z + h) − f(z − h)) / 2h`. With h = 10⁻⁶ it errs by
/// h²·|f‴|/6 < 10⁻¹² and by the roundings, 2⁻⁵²·|f|/h < 10⁻⁹ for |f| < 4. A kink must be further than h from z.
pub fn derivative(f: Activation, z: f64) -> f64 {
    let h = 1e-6;
    (activation(f, z + h) - activation(f, z - h)) / (2.0 * h)
}

/// What the forward pass keeps of z.
pub fn kept(f: Activation, z: f32) -> f32 {
    match f.derivative_from() {
        DerivativeFrom::Output => activation(f, f64::from(z)) as f32,
        DerivativeFrom::Sum => z,
    }
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Φ(x) = ½ + φ(x)·(x + x³/3 + x⁵/(3·5) + …) (Marsaglia 2004), whose terms have one sign. Below 10⁻¹⁴ for x < −8.
fn normal_distribution(x: f64) -> f64 {
    if x.abs() > 8.0 {
        return if x < 0.0 { 0.0 } else { 1.0 };
    }
    let (mut term, mut sum) = (x, x);
    let mut odd = 3.0;
    while term.abs() > 1e-18 * sum.abs() {
        term *= x * x / odd;
        sum += term;
        odd += 2.0;
    }
    0.5 + sum * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}
