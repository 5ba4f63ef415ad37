//! Elementary functions, lane by lane: errors of at most 2 units in the last place, of one function of 2.8, and one path for all lanes.
//!
//! An *ulp* is the distance between the two `f32` around the exact value. The worst errors stated here were found by
//! trying all inputs (for [`gelu`] and the derivatives all up to ±128, far beyond where they clamp their argument);
//! `every_input`, an ignored test, does it again. Since every level gives the same bits, they hold for all. Every
//! function passes a NaN on.
//!
//! The polynomials are minimax fits with coefficients in `f32` (Sollya's `fpminimax`). Horner's scheme, for the fewest
//! operations: in a loop over many vectors the processor overlaps the chains.

use std::f32::consts::{LN_2, LOG2_E};

use crate::lanes::Lanes;

/// ln 2 in two parts. The first has 15 bits: n·LN_2_HIGH is exact for |n| < 512, and x − n·LN_2_HIGH as well.
const LN_2_HIGH: f32 = 0.693_145_75;
const LN_2_LOW: f32 = 1.428_606_8e-6;

/// eʳ ≈ 1 + r + r²·Σ EXP\[k\]·rᵏ for |r| ≤ ½·ln 2, with a relative error of 2⁻²⁸·²:
/// `fpminimax(exp(x), [|2,3,4,5,6|], [|SG...|], [-log(2)/2; log(2)/2], 1 + x, relative)`.
const EXP: [f32; 5] = [0.499_999_9, 0.166_665_21, 0.041_668_963, 0.008_368_672, 0.001_378_248];

/// tanh r ≈ r + r³·Σ TANH\[k\]·r²ᵏ for |r| ≤ ¾·½·ln 2, with a relative error of 2⁻²⁷·⁹:
/// `fpminimax(tanh(x), [|3,5,7|], [|SG...|], [1b-20; 0.75*log(2)/2], x, relative)`.
const TANH: [f32; 3] = [-0.333_332_15, 0.133_227, -0.051_227_55];

/// √(2π).
const SQRT_TAU: f32 = 2.506_628_3;

/// eˣ, from −104 (where it rounds to 0) to 89 (where it overflows): 2ⁿ·eʳ with x = n·ln 2 + r, |r| ≤ ½·ln 2 (Cody &
/// Waite 1980). Subnormal results are rounded once.
///
/// Worst error: 0.89 ulp, at −5.848642.
#[inline(always)]
pub(crate) fn exp<L: Lanes>(lanes: L, x: L::V) -> L::V {
    let x = lanes.min(lanes.splat(89.0), lanes.max(lanes.splat(-104.0), x));
    let (n, r) = reduce(lanes, x);
    lanes.scale_by_power_of_two(exp_of_remainder(lanes, r), n)
}

/// tanh x.
///
/// With h = 2⁻ⁿ, |x| = n·½·ln 2 + r and t = tanh r, the addition theorem gives e^(2|x|) = (1 + t) / (h·(1 − t)), so
///
/// tanh |x| = p / (p + q), p = ½·((1 − h) + (1 + h)·t), q = h·(1 − t).
///
/// For large |x|, where the result is 1 − q/(p + q), the error of p stands above and below the line and cancels. For
/// n = 0 the result is t, so small arguments keep all their bits. n = 0 serves up to ¾·½·ln 2 = 0.26, for p loses bits
/// by cancellation in n = 1 below that. In the code n, r and t have the opposite sign, which saves negations.
///
/// Worst error: 1.74 ulp, at ±0.54647225. ±1 for |x| > 9.02; ±0 keeps its sign.
#[inline(always)]
pub(crate) fn tanh<L: Lanes>(lanes: L, x: L::V) -> L::V {
    let half = lanes.splat(0.5);
    let minus_half = lanes.splat(-0.5);
    // Beyond 10 the result is 1, and h stays normal.
    let x_negative = lanes.max(lanes.splat(-10.0), lanes.copysign(x, lanes.splat(-1.0)));
    let n = lanes.round(lanes.mul_add(x_negative, lanes.splat(2.0 * LOG2_E), lanes.splat(0.25)));
    // ln 2 in one part: its error, 2⁻²⁹ relative, is multiplied by n but then by h.
    let r = lanes.mul_add(n, lanes.splat(-0.5 * LN_2), x_negative);
    let h = lanes.power_of_two(n);

    let r2 = lanes.mul(r, r);
    let t = lanes.mul_add(lanes.mul(r, r2), polynomial(lanes, r2, TANH), r);
    let p = lanes.mul_add(t, lanes.mul_add(h, minus_half, minus_half), lanes.mul_add(h, minus_half, half));
    let q = lanes.mul_add(t, h, h);
    lanes.copysign(lanes.div(p, lanes.add(p, q)), x)
}

/// σ(x) = 1 / (1 + e⁻ˣ), with all bits for very negative x as well, down to the subnormals.
///
/// Worst error: 1.9991 ulp, at −3.449918e-4.
#[inline(always)]
pub(crate) fn sigmoid<L: Lanes>(lanes: L, x: L::V) -> L::V {
    over_one_plus_exp(lanes, lanes.splat(1.0), lanes.sub(lanes.splat(0.0), x))
}

/// ln(1 + u) = 2·artanh s, s = u/(2 + u) ≤ ⅓ for u ≤ 1: its series in s², without the leading 1. What is left out is below
/// 2⁻²⁹ of the result.
const ARTANH: [f32; 7] = [1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0, 1.0 / 11.0, 1.0 / 13.0, 1.0 / 15.0];

/// ln(1 + e^(−|x|)): what softplus(x) = ln(1 + eˣ) is above max(x, 0).
///
/// Worst error: 2.80 ulp, at 2.7570076.
#[inline(always)]
pub(crate) fn softplus_above_ramp<L: Lanes>(lanes: L, x: L::V) -> L::V {
    let u = exp(lanes, lanes.sub(lanes.splat(0.0), lanes.abs(x)));
    let s = lanes.div(u, lanes.add(u, lanes.splat(2.0)));
    let s2 = lanes.mul(s, s);
    let twice = lanes.add(s, s);
    lanes.mul_add(lanes.mul(twice, s2), polynomial(lanes, s2, ARTANH), twice)
}

/// x·σ(x) = x / (1 + e⁻ˣ). From −110 downwards it rounds to −0, also at −∞ (where PyTorch has NaN).
///
/// Worst error: 1.998 ulp, at −4.8834074e-4.
#[inline(always)]
pub(crate) fn silu<L: Lanes>(lanes: L, x: L::V) -> L::V {
    let x = lanes.max(lanes.splat(-110.0), x);
    over_one_plus_exp(lanes, x, lanes.sub(lanes.splat(0.0), x))
}

/// The derivative of x·σ(x): σ(x) + x·σ(x)·σ(−x), where σ(−x) is not 1 − σ(x), which would lose the bits that x
/// multiplies.
///
/// Worst error, absolute: 1.59·2⁻²³, at 1.789334.
#[inline(always)]
pub(crate) fn silu_derivative<L: Lanes>(lanes: L, x: L::V) -> L::V {
    let one = lanes.splat(1.0);
    // Beyond 80 the derivative is 0 or 1 to within 10⁻³², and e⁻⁸⁰ is normal.
    let x_abs = lanes.min(lanes.splat(80.0), lanes.abs(x));
    let (n, r) = reduce(lanes, lanes.copysign(x_abs, lanes.splat(-1.0)));
    let z = lanes.mul(exp_of_remainder(lanes, r), lanes.power_of_two(n));
    let larger = lanes.div(one, lanes.add(z, one));
    let smaller = lanes.mul(z, larger);
    let sigmoid = lanes.select_less(x, lanes.splat(0.0), smaller, larger);
    lanes.mul_add(lanes.mul(lanes.copysign(x_abs, x), smaller), larger, sigmoid)
}

/// Where [`gelu`] changes from the series about 0 to the tail.
const GELU_SERIES_END: f32 = 0.5;

/// Φ(x) ≈ ½ + x·Σ CENTRE\[k\]·x²ᵏ for |x| ≤ ½, with an error of 2⁻²⁸·⁵·Φ(−|x|):
/// `fpminimax(erf(x/sqrt(2))/2, [|1,3,5,7|], [|SG...|], [1b-30; 0.5], absolute)`.
const CENTRE: [f32; 4] = [0.398_942_26, -0.066_489_495, 0.009_961_356, -0.001_123_318_4];

/// Mills' ratio: Φ(−u)·e^(u²/2) ≈ D(u) / (√(2π)·u·D(u) + N(u)) for ½ ≤ u ≤ 14.4, with a relative error of 2⁻²⁶·⁴.
/// The form is that of its continued fraction, 1 / (u + 1/(u + 2/(u + …))): an error of D and N counts little where u is
/// large. Fitted by Lawson's iteration, then by a search among neighbouring `f32`.
const TAIL_D: [f32; 5] = [0.500_008_4, 0.496_253_43, 0.230_433_17, 0.057_795_763, 0.007_120_682];
const TAIL_N: [f32; 4] = [1.0, 0.537_183_4, 0.145_146_97, 0.017_842_205];

/// GELU(x) = x·Φ(x), Φ the distribution function of the standard normal (Hendrycks & Gimpel 2016).
///
/// For |x| < ½ by a series; else max(x, 0) − u·Φ(−u) with u = |x| and Φ(−u) = e^(−u²/2)·(Mills' ratio). To keep the
/// error of the tail under 2 ulp, the quotient q, the exponent −u²/2 and the product are carried in two parts, which
/// fused multiplication gives exactly. From −14.4 downwards it rounds to −0, also at −∞ (where PyTorch has NaN).
///
/// Worst error: 1.70 ulp, at −1.3986793.
#[inline(always)]
pub(crate) fn gelu<L: Lanes>(lanes: L, x: L::V) -> L::V {
    let half = lanes.splat(0.5);
    let minus_half = lanes.splat(-0.5);
    // At 15 the tail is below the subnormals.
    let u = lanes.min(lanes.splat(15.0), lanes.abs(x));

    // −u²/2 = n·ln 2 + r + r_low, and e^(r + r_low) = 1 + r + e.
    let square = lanes.mul(u, u);
    let square_low = lanes.mul_add(u, u, lanes.copysign(square, lanes.splat(-1.0)));
    let (n, r) = reduce_high(lanes, lanes.mul(square, minus_half));
    let r_low = lanes.mul_add(square_low, minus_half, lanes.mul(n, lanes.splat(-LN_2_LOW)));
    let r_sum = lanes.add(r, r_low);
    let e = lanes.mul_add(lanes.mul(r_sum, r_sum), polynomial(lanes, r_sum, EXP), r_low);

    // −q − q_low = −u·(Mills' ratio): the quotient's rest, and what rounding the denominator left.
    let above = lanes.mul(u, polynomial(lanes, u, TAIL_D));
    let n_of_u = polynomial(lanes, u, TAIL_N);
    let below = lanes.mul_add(above, lanes.splat(SQRT_TAU), n_of_u);
    let below_low = lanes.sub(n_of_u, lanes.mul_add(above, lanes.splat(-SQRT_TAU), below));
    let reciprocal = lanes.div(lanes.splat(-1.0), below);
    let q = lanes.mul(above, reciprocal);
    let rest = lanes.mul_add(q, below_low, lanes.mul_add(q, below, above));
    let q_low = lanes.mul(rest, reciprocal);

    // (q + q_low)·(1 + r + e), the largest term last.
    let product = lanes.mul_add(q, r, lanes.mul_add(q, e, lanes.mul_add(q_low, r, q_low)));
    let tail = lanes.scale_by_power_of_two(lanes.add(q, product), n);

    // −0, so that a tail of −0 stays −0.
    let outside = lanes.add(lanes.max(lanes.splat(-0.0), x), tail);
    let centre = lanes.mul(x, lanes.mul_add(x, polynomial(lanes, square, CENTRE), half));
    lanes.select_less(u, lanes.splat(GELU_SERIES_END), centre, outside)
}

/// Mills' ratio as in [`TAIL_D`], but from 0 and with an absolute error: 2⁻²⁶·¹ when multiplied by e^(−u²/2).
const SLOPE_D: [f32; 4] = [0.5, 0.359_895_62, 0.116_771_23, 0.016_047_982];
const SLOPE_N: [f32; 3] = [1.0, 0.264_360_2, 0.042_369_46];

/// The derivative of x·Φ(x): Φ(x) + x·φ(x), φ the density. For u = |x| it is s for negative x and 1 − s for others,
/// where s = Φ(−u) − u·φ(u) = e^(−u²/2)·(Mills' ratio − u/√(2π)).
///
/// Worst error, absolute: 1.42·2⁻²³, at 0.051025618.
#[inline(always)]
pub(crate) fn gelu_derivative<L: Lanes>(lanes: L, x: L::V) -> L::V {
    let one = lanes.splat(1.0);
    // At 13 the derivative is 0 or 1 to within 10⁻³⁵, and e^(−13²/2) is normal.
    let u = lanes.min(lanes.splat(13.0), lanes.abs(x));
    let (n, r) = reduce(lanes, lanes.mul(lanes.mul(u, u), lanes.splat(-0.5)));
    let exp = lanes.mul(exp_of_remainder(lanes, r), lanes.power_of_two(n));
    let above = polynomial(lanes, u, SLOPE_D);
    let below = lanes.mul_add(lanes.mul(u, above), lanes.splat(SQRT_TAU), polynomial(lanes, u, SLOPE_N));
    let mills = lanes.div(above, below);
    let s = lanes.mul(exp, lanes.mul_add(u, lanes.splat(-1.0 / SQRT_TAU), mills));
    lanes.select_less(x, lanes.splat(0.0), s, lanes.sub(one, s))
}

/// c₀ + c₁·x + c₂·x² + …
#[inline(always)]
fn polynomial<L: Lanes, const N: usize>(lanes: L, x: L::V, c: [f32; N]) -> L::V {
    let mut sum = lanes.splat(c[N - 1]);
    for &c in c[..N - 1].iter().rev() {
        sum = lanes.mul_add(sum, x, lanes.splat(c));
    }
    sum
}

/// (n, r): n = round(x/ln 2) and r = x − n·LN_2_HIGH, exact for |x| < 300.
#[inline(always)]
fn reduce_high<L: Lanes>(lanes: L, x: L::V) -> (L::V, L::V) {
    let n = lanes.round(lanes.mul(x, lanes.splat(LOG2_E)));
    (n, lanes.mul_add(n, lanes.splat(-LN_2_HIGH), x))
}

/// (n, r) with x = n·ln 2 + r, |r| ≤ ½·ln 2.
#[inline(always)]
fn reduce<L: Lanes>(lanes: L, x: L::V) -> (L::V, L::V) {
    let (n, r) = reduce_high(lanes, x);
    (n, lanes.mul_add(n, lanes.splat(-LN_2_LOW), r))
}

/// eʳ for |r| ≤ ½·ln 2.
#[inline(always)]
fn exp_of_remainder<L: Lanes>(lanes: L, r: L::V) -> L::V {
    polynomial(lanes, r, [1.0, 1.0, EXP[0], EXP[1], EXP[2], EXP[3], EXP[4]])
}

/// y / (1 + eˣ), where |y| ≤ 110 if x > 80.
///
/// With eˣ = 2ⁿ·(1 + e), the denominator is summed from its parts, so that 1 + e is not rounded on the way. Where 2ⁿ
/// might overflow, the denominator and then the quotient are divided by a power of two; so only one operation rounds to
/// a subnormal.
#[inline(always)]
fn over_one_plus_exp<L: Lanes>(lanes: L, y: L::V, x: L::V) -> L::V {
    // Below −80 the denominator is 1, and at 110 the quotient is 0.
    let x = lanes.max(lanes.splat(-80.0), lanes.min(lanes.splat(110.0), x));
    let (n, r) = reduce(lanes, x);
    let e = lanes.mul_add(lanes.mul(r, r), polynomial(lanes, r, EXP), r);
    // From 2¹⁰⁰ on the 1 is beyond the last place, so the whole denominator may be scaled.
    let exponent = lanes.min(lanes.splat(100.0), n);
    let power = lanes.power_of_two(exponent);
    let denominator = lanes.add(power, lanes.mul_add(e, power, lanes.splat(1.0)));
    lanes.mul(lanes.div(y, denominator), lanes.power_of_two(lanes.sub(exponent, n)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::LANES;
    use crate::level::{Kernel, Level};

    #[derive(Clone, Copy, Debug)]
    enum Function {
        Exp,
        Tanh,
        Sigmoid,
        SoftplusAboveRamp,
        Silu,
        SiluDerivative,
        Gelu,
        GeluDerivative,
    }

    use Function::*;
    const FUNCTIONS: [Function; 8] =
        [Exp, Tanh, Sigmoid, SoftplusAboveRamp, Silu, SiluDerivative, Gelu, GeluDerivative];

    impl Function {
        fn exact(self, x: f64) -> f64 {
            match self {
                Exp => x.exp(),
                Tanh => x.tanh(),
                Sigmoid => sigmoid_exactly(x),
                SoftplusAboveRamp => (-x.abs()).exp().ln_1p(),
                // The limits, where the formula is ∞·0.
                Silu | Gelu if x == f64::NEG_INFINITY => -0.0,
                SiluDerivative | GeluDerivative if x.is_infinite() => x.signum().max(0.0),
                Silu => x * sigmoid_exactly(x),
                SiluDerivative => sigmoid_exactly(x) * (1.0 + x * sigmoid_exactly(-x)),
                Gelu => x * normal_distribution(x),
                GeluDerivative => normal_distribution(x) + x * normal_density(x),
            }
        }

        /// The worst error as the documentation states it: in ulp, or for the derivatives, which cross zero, in 2⁻²³.
        fn stated_error(self) -> f64 {
            match self {
                Exp => 0.90,
                Tanh => 1.75,
                Sigmoid => 2.0,
                SoftplusAboveRamp => 2.80,
                Silu => 2.0,
                SiluDerivative => 1.60,
                Gelu => 1.70,
                GeluDerivative => 1.43,
            }
        }

        fn error(self, x: f32, got: f32) -> f64 {
            let exact = self.exact(f64::from(x));
            // From half an ulp beyond the largest `f32`, infinity is right.
            let overflows = exact.abs() >= 2f64.powi(128) - 2f64.powi(103);
            if exact.is_nan() && got.is_nan() || overflows && f64::from(got) == f64::INFINITY.copysign(exact)
            {
                return 0.0;
            }
            let unit = match self {
                SiluDerivative | GeluDerivative => 2f64.powi(-23),
                _ => {
                    let exponent = (exact.abs().to_bits() >> 52) as i32 - 1023;
                    2f64.powi(exponent.clamp(-126, 127) - 23)
                }
            };
            let error = (f64::from(got) - exact).abs() / unit;
            // One NaN of two, or one infinity: wrong.
            if error.is_nan() { f64::INFINITY } else { error }
        }
    }

    fn sigmoid_exactly(x: f64) -> f64 {
        1.0 / (1.0 + (-x).exp())
    }

    fn normal_density(x: f64) -> f64 {
        (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
    }

    /// Φ(x) to 11 digits: up to |x| = 3 by Marsaglia's series, ½ + φ(x)·(x + x³/3 + x⁵/(3·5) + …); beyond by Laplace's
    /// continued fraction, Φ(−u) = φ(u) / (u + 1/(u + 2/(u + …))).
    fn normal_distribution(x: f64) -> f64 {
        let u = x.abs();
        if u <= 3.0 {
            let (mut term, mut sum, mut odd) = (x, x, 3.0);
            while term.abs() > 1e-18 * sum.abs() {
                term *= x * x / odd;
                sum += term;
                odd += 2.0;
            }
            return 0.5 + normal_density(x) * sum;
        }
        let tail = normal_density(u) / (1..=80).rev().fold(u, |fraction, k| u + f64::from(k) / fraction);
        if x < 0.0 { tail } else { 1.0 - tail }
    }

    struct Apply<'a>(Function, &'a [f32; LANES]);

    impl Kernel for Apply<'_> {
        type Output = [f32; LANES];
        #[inline(always)]
        fn run<L: Lanes>(self, lanes: L) -> [f32; LANES] {
            let x = lanes.load(self.1);
            let y = match self.0 {
                Exp => exp(lanes, x),
                Tanh => tanh(lanes, x),
                Sigmoid => sigmoid(lanes, x),
                SoftplusAboveRamp => softplus_above_ramp(lanes, x),
                Silu => silu(lanes, x),
                SiluDerivative => silu_derivative(lanes, x),
                Gelu => gelu(lanes, x),
                GeluDerivative => gelu_derivative(lanes, x),
            };
            let mut out = [0.0; LANES];
            lanes.store(y, &mut out);
            out
        }
    }

    fn apply(level: Level, function: Function, x: f32) -> f32 {
        level.run(Apply(function, &[x; LANES]))[0]
    }

    /// The worst error on these bit patterns, and where; all levels must give the same bits.
    fn worst(function: Function, levels: &[Level], patterns: impl Iterator<Item = u32>) -> (f64, f32) {
        let mut worst = (0.0, 0.0);
        let mut patterns = patterns.peekable();
        while patterns.peek().is_some() {
            let x: [f32; LANES] = std::array::from_fn(|_| f32::from_bits(patterns.next().unwrap_or(0)));
            let y = levels[0].run(Apply(function, &x));
            for level in &levels[1..] {
                for ((x, a), b) in x.iter().zip(y).zip(level.run(Apply(function, &x))) {
                    // IEEE 754 leaves the payload of a NaN open.
                    assert!(
                        a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
                        "{function:?}({x:e}) is {a:e} at {}, {b:e} at {level}",
                        levels[0]
                    );
                }
            }
            for (&x, y) in x.iter().zip(y) {
                let error = function.error(x, y);
                if error > worst.0 {
                    worst = (error, x);
                }
            }
        }
        worst
    }

    /// Where a formula changes, a result leaves the normal numbers, or a function reaches its limit.
    const LANDMARKS: [f32; 22] = [
        0.0,
        f32::MIN_POSITIVE,
        1.0,
        f32::MAX,
        GELU_SERIES_END,
        0.75 * 0.5 * LN_2,
        1.75 * 0.5 * LN_2,
        0.5 * LN_2,
        9.01,
        10.0,
        80.0,
        87.336_54,
        88.722_84,
        89.0,
        103.972_08,
        104.0,
        110.0,
        16.635_532,
        13.0,
        13.15,
        14.36,
        15.0,
    ];

    #[test]
    fn every_level_errs_no_more_than_stated() {
        // 5003: a prime, so the last bits are of all kinds.
        let spread = (0..=u32::MAX).step_by(5003);
        let near = LANDMARKS.iter().flat_map(|landmark| {
            let bits = landmark.to_bits();
            (bits.saturating_sub(1000)..=bits + 1000).flat_map(|bits| [bits, bits | 1 << 31])
        });
        for function in FUNCTIONS {
            let (error, x) = worst(function, &Level::available(), spread.clone().chain(near.clone()));
            assert!(error <= function.stated_error(), "{function:?}({x:e}) errs by {error}");
        }
    }

    #[test]
    #[ignore = "tries all 2³² inputs of eight functions: some twenty minutes on two processors"]
    fn every_input() {
        let threads = std::thread::available_parallelism().map_or(1, usize::from) as u32;
        for function in FUNCTIONS {
            let slice = |thread| (thread..=u32::MAX).step_by(threads as usize);
            let (error, x) = std::thread::scope(|scope| {
                let workers: Vec<_> = (0..threads)
                    .map(|thread| scope.spawn(move || worst(function, &[Level::detect()], slice(thread))))
                    .collect();
                let found = workers.into_iter().map(|worker| worker.join().expect("no panic"));
                found.max_by(|a, b| a.0.total_cmp(&b.0)).expect("one thread or more")
            });
            let stated = function.stated_error();
            assert!(error <= stated && error > stated - 0.01, "{function:?}({x:e}) errs by {error}");
        }
    }

    #[test]
    fn limits_and_signs_are_exact() {
        for level in Level::available() {
            for (function, x, y) in [
                (Exp, 0.0, 1.0),
                (Exp, f32::NEG_INFINITY, 0.0),
                (Exp, 88.722_84, f32::INFINITY),
                (Tanh, -0.0, -0.0),
                (Tanh, 9.02, 1.0),
                (Tanh, f32::NEG_INFINITY, -1.0),
                (Sigmoid, 0.0, 0.5),
                (Sigmoid, f32::NEG_INFINITY, 0.0),
                (Sigmoid, f32::INFINITY, 1.0),
                (SoftplusAboveRamp, f32::INFINITY, 0.0),
                (Silu, -0.0, -0.0),
                (Silu, f32::NEG_INFINITY, -0.0),
                (Silu, f32::MAX, f32::MAX),
                (SiluDerivative, 0.0, 0.5),
                (Gelu, -0.0, -0.0),
                (Gelu, f32::NEG_INFINITY, -0.0),
                (Gelu, f32::MAX, f32::MAX),
                (GeluDerivative, 0.0, 0.5),
            ] {
                assert_eq!(
                    apply(level, function, x).to_bits(),
                    f32::to_bits(y),
                    "{function:?}({x}) at {level}"
                );
            }
        }
    }
}
