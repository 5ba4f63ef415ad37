//! Elementary functions, lane by lane.
//!
//! Placeholders of the right shape, from the scalar library: to be replaced by vectorised ones of at most 2 ulp.

use crate::lanes::{LANES, Lanes};

#[inline(always)]
fn lane_by_lane<L: Lanes>(lanes: L, x: L::V, f: impl Fn(f32) -> f32) -> L::V {
    let mut buffer = [0.0; LANES];
    lanes.store(x, &mut buffer);
    lanes.load(&buffer.map(f))
}

/// eˣ.
#[inline(always)]
pub(crate) fn exp<L: Lanes>(lanes: L, x: L::V) -> L::V {
    lane_by_lane(lanes, x, f32::exp)
}

/// The hyperbolic tangent.
#[inline(always)]
pub(crate) fn tanh<L: Lanes>(lanes: L, x: L::V) -> L::V {
    lane_by_lane(lanes, x, f32::tanh)
}

/// σ(x) = 1 / (1 + e⁻ˣ).
#[inline(always)]
pub(crate) fn sigmoid<L: Lanes>(lanes: L, x: L::V) -> L::V {
    lane_by_lane(lanes, x, |x| 1.0 / (1.0 + (-x).exp()))
}

/// Φ(x) = ½(1 + erf(x/√2)), the distribution function of the standard normal, and its derivative φ(x).
#[inline(always)]
pub(crate) fn normal_distribution<L: Lanes>(lanes: L, x: L::V) -> (L::V, L::V) {
    // Hastings' approximation (Abramowitz & Stegun 7.1.26).
    let density = |x: f32| (-0.5 * x * x).exp() * 0.398_942_3;
    let cdf = |x: f32| {
        let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
        let t = 1.0 / (1.0 + 0.327_591_1 * z);
        let tail = 0.5
            * t
            * (0.254_829_6 + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152 + t * 1.061_405_4))))
            * (-z * z).exp();
        if x < 0.0 { tail } else { 1.0 - tail }
    };
    (lane_by_lane(lanes, x, cdf), lane_by_lane(lanes, x, density))
}
