//! Sixteen `f32` side by side: the vocabulary in which the kernels are written.
//!
//! Sixteen on every instruction set: one AVX-512 register, two of AVX2, four of NEON, an array without any. So the
//! layout of memory and the order of every sum are the same everywhere. Only operations that IEEE 754 rounds correctly
//! are in the vocabulary (no approximate reciprocals), which is why all levels give the same bits.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) use neon::Neon;
pub(crate) use scalar::Scalar;

/// How many numbers stand side by side.
pub(crate) const LANES: usize = 16;

/// Kernels are loops and `#[inline(always)]` functions, without closures over lanes (also in `map` and `from_fn`): a
/// closure may be compiled as a function of its own, without the instruction set, and then every operation is a call.
///
/// The operations of one instruction set; a value of the type proves that the processor has it.
///
/// All methods act lane by lane.
pub(crate) trait Lanes: Copy + Send + Sync + 'static {
    /// Sixteen numbers.
    type V: Copy;

    /// The register tile of a product: `TILE_ROWS` broadcasts against `TILE_PANELS` vectors, chosen so that
    /// the accumulators, the vectors and one broadcast fit the registers.
    const TILE_ROWS: usize;
    const TILE_PANELS: usize;

    fn splat(self, x: f32) -> Self::V;
    fn load(self, from: &[f32; LANES]) -> Self::V;
    fn store(self, v: Self::V, to: &mut [f32; LANES]);
    /// Bytes 0..=255 as numbers.
    fn load_bytes(self, from: &[u8; LANES]) -> Self::V;

    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    fn sqrt(self, a: Self::V) -> Self::V;
    /// `a·b + c`, rounded once.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `a > b ? a : b`: if either is NaN, or both are zero, it is `b`.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a < b ? a : b`: if either is NaN, or both are zero, it is `b`.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a < b ? then : otherwise`; a NaN is less than nothing.
    fn select_less(self, a: Self::V, b: Self::V, then: Self::V, otherwise: Self::V) -> Self::V;
    /// `a` is NaN ? then : otherwise.
    fn select_nan(self, a: Self::V, then: Self::V, otherwise: Self::V) -> Self::V;
    fn abs(self, a: Self::V) -> Self::V;
    /// The magnitude of `a` with the sign of `sign`.
    fn copysign(self, a: Self::V, sign: Self::V) -> Self::V;
    /// To the nearest integer, ties to even.
    fn round(self, a: Self::V) -> Self::V;
    /// `2ⁿ`; `n` whole, −126 ≤ n ≤ 127. Cheaper than [`Lanes::scale_by_power_of_two`] where the instruction set has no
    /// instruction for that.
    fn power_of_two(self, n: Self::V) -> Self::V;
    /// `a·2ⁿ`, rounded once (the result may be subnormal); `n` whole, −252 ≤ n ≤ 254, and |a| in [2⁻²⁴, 2²⁴] or `a` zero
    /// or `n` zero.
    fn scale_by_power_of_two(self, a: Self::V, n: Self::V) -> Self::V;

    /// Rows of a 16 × 16 tile to columns.
    #[inline(always)]
    fn transpose(self, from: &[f32; LANES * LANES], to: &mut [f32; LANES * LANES]) {
        for (row, numbers) in from.as_chunks::<LANES>().0.iter().enumerate() {
            for (column, &number) in numbers.iter().enumerate() {
                to[column * LANES + row] = number;
            }
        }
    }
}

/// The sum of the sixteen lanes, in one fixed order: halves onto each other.
#[inline(always)]
pub(crate) fn sum<L: Lanes>(lanes: L, v: L::V) -> f32 {
    let mut x = [0.0; LANES];
    lanes.store(v, &mut x);
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            x[i] += x[i + half];
        }
    }
    x[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::{Kernel, Level};

    /// Every operation on one pair of vectors, results stacked.
    struct Everything<'a>(&'a [f32; LANES], &'a [f32; LANES], &'a [f32; LANES], &'a [u8; LANES]);

    impl Kernel for Everything<'_> {
        type Output = Vec<[u32; LANES]>;
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) -> Self::Output {
            let (a, b, c) = (l.load(self.0), l.load(self.1), l.load(self.2));
            let small = l.select_less(l.abs(a), l.splat(100.0), a, l.splat(3.0));
            let n = l.round(small);
            let mantissa = l.copysign(l.splat(1.37), b);
            let results = [
                l.splat(1.5),
                l.load_bytes(self.3),
                l.add(a, b),
                l.sub(a, b),
                l.mul(a, b),
                l.div(a, b),
                l.sqrt(l.abs(a)),
                l.mul_add(a, b, c),
                l.max(a, b),
                l.min(a, b),
                l.select_less(a, b, c, a),
                l.select_nan(a, b, c),
                l.abs(a),
                l.copysign(a, b),
                l.round(a),
                l.power_of_two(n),
                l.power_of_two(l.sub(n, l.splat(26.0))),
                l.scale_by_power_of_two(mantissa, n),
                l.scale_by_power_of_two(mantissa, l.sub(n, l.splat(140.0))),
                l.scale_by_power_of_two(l.mul(mantissa, l.splat(3.0e-7)), l.sub(n, l.splat(120.0))),
                l.scale_by_power_of_two(a, l.splat(0.0)),
                l.splat(sum(l, small)),
            ];
            results
                .iter()
                .map(|&v| {
                    let mut out = [0.0; LANES];
                    l.store(v, &mut out);
                    // All NaNs are one: IEEE 754 leaves their payload open.
                    out.map(|x| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() })
                })
                .collect()
        }
    }

    struct Transpose<'a>(&'a [f32; LANES * LANES], &'a mut [f32; LANES * LANES]);

    impl Kernel for Transpose<'_> {
        type Output = ();
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) {
            l.transpose(self.0, self.1);
        }
    }

    #[test]
    fn every_level_transposes() {
        let from = std::array::from_fn(|i| i as f32);
        for level in Level::available() {
            let mut to = [0.0; LANES * LANES];
            level.run(Transpose(&from, &mut to));
            for (i, number) in to.into_iter().enumerate() {
                assert_eq!(number as usize, i % LANES * LANES + i / LANES, "{level}");
            }
        }
    }

    #[test]
    fn every_level_gives_the_bits_of_the_scalar_level() {
        let awkward = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            -2.5,
            1.0e-40,
            -3.0e38,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::NAN,
            f32::MIN_POSITIVE,
            1.1754942e-38,
            0.333_333_34,
            77.77,
            -64.5,
        ];
        let bytes = std::array::from_fn(|i| (i * 17) as u8);
        for level in Level::available() {
            for turn in 0..LANES {
                let mut b = awkward;
                b.rotate_left(turn);
                let mut c = awkward;
                c.rotate_right((turn + 3) % LANES);
                let expected = Level::scalar().run(Everything(&awkward, &b, &c, &bytes));
                assert_eq!(level.run(Everything(&awkward, &b, &c, &bytes)), expected, "{level}, turn {turn}");
            }
        }
    }
}
