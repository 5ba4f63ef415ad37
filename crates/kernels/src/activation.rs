//! Activations and their derivatives.

use crate::elementary::{gelu, gelu_derivative, sigmoid, silu, silu_derivative, tanh};
use crate::lanes::Lanes;

/// The slope of leaky ReLU below zero: PyTorch's default.
pub const LEAKY_SLOPE: f32 = 0.01;

/// What a layer applies to each of its sums z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// z
    Identity,
    /// max(z, 0)
    Relu,
    /// z if z > 0, else 0.01·z
    LeakyRelu,
    /// tanh z
    Tanh,
    /// 1 / (1 + e⁻ᶻ)
    Sigmoid,
    /// z·Φ(z), Φ the distribution function of the standard normal (Hendrycks & Gimpel 2016; PyTorch's exact form)
    Gelu,
    /// z / (1 + e⁻ᶻ)
    Silu,
}

/// From what an activation's derivative is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DerivativeFrom {
    /// The activation's output.
    Output,
    /// The sum z before the activation.
    Sum,
}

impl Activation {
    /// What must be kept of the forward pass to differentiate.
    pub const fn derivative_from(self) -> DerivativeFrom {
        match self {
            Self::Identity | Self::Relu | Self::LeakyRelu | Self::Tanh | Self::Sigmoid => {
                DerivativeFrom::Output
            }
            Self::Gelu | Self::Silu => DerivativeFrom::Sum,
        }
    }

    #[inline(always)]
    pub(crate) fn apply<L: Lanes>(self, l: L, z: L::V) -> L::V {
        match self {
            Self::Identity => z,
            // This order of operands lets a NaN through.
            Self::Relu => l.max(l.splat(0.0), z),
            Self::LeakyRelu => l.select_less(l.splat(0.0), z, z, l.mul(z, l.splat(LEAKY_SLOPE))),
            Self::Tanh => tanh(l, z),
            Self::Sigmoid => sigmoid(l, z),
            Self::Gelu => gelu(l, z),
            Self::Silu => silu(l, z),
        }
    }

    /// The derivative by z, from what [`Activation::derivative_from`] says.
    #[inline(always)]
    pub(crate) fn derivative<L: Lanes>(self, l: L, kept: L::V) -> L::V {
        let (zero, one) = (l.splat(0.0), l.splat(1.0));
        match self {
            Self::Identity => one,
            Self::Relu => l.select_less(zero, kept, one, zero),
            Self::LeakyRelu => l.select_less(zero, kept, one, l.splat(LEAKY_SLOPE)),
            Self::Tanh => l.sub(one, l.mul(kept, kept)),
            Self::Sigmoid => l.mul(kept, l.sub(one, kept)),
            Self::Gelu => gelu_derivative(l, kept),
            Self::Silu => silu_derivative(l, kept),
        }
    }
}
