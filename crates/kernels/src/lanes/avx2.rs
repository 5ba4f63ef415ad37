//! AVX2 with FMA: sixteen numbers are two registers.

use core::arch::x86_64::*;

use super::{LANES, Lanes};

/// Proof that the processor has AVX2 and FMA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

type V = [__m256; 2];

macro_rules! intrinsic {
    ($call:expr) => {
        // SAFETY: `self` proves the instruction set; memory is reached only through a reference to 16 elements.
        unsafe { $call }
    };
}

/// The same expression for register 0 and 1; written out, for a closure would not get the instruction set.
macro_rules! both {
    ($i:ident => $register:expr) => {
        // SAFETY: `self` proves the instruction set; the expression reads registers alone.
        unsafe {
            [
                {
                    const $i: usize = 0;
                    $register
                },
                {
                    const $i: usize = 1;
                    $register
                },
            ]
        }
    };
}

impl Lanes for Avx2 {
    type V = V;
    // 8 accumulators, 2 for a vector and 1 broadcast of 16 registers; 4 rows, for they divide a block of 16.
    const TILE_ROWS: usize = 4;
    const TILE_PANELS: usize = 1;

    #[inline(always)]
    fn splat(self, x: f32) -> V {
        intrinsic!([_mm256_set1_ps(x); 2])
    }
    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> V {
        intrinsic!([_mm256_loadu_ps(from.as_ptr()), _mm256_loadu_ps(from.as_ptr().add(8))])
    }
    #[inline(always)]
    fn store(self, v: V, to: &mut [f32; LANES]) {
        intrinsic!({
            _mm256_storeu_ps(to.as_mut_ptr(), v[0]);
            _mm256_storeu_ps(to.as_mut_ptr().add(8), v[1]);
        })
    }
    #[inline(always)]
    fn load_bytes(self, from: &[u8; LANES]) -> V {
        intrinsic!({
            let low = _mm_loadu_si128(from.as_ptr().cast());
            let high = _mm_srli_si128::<8>(low);
            [_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(low)), _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(high))]
        })
    }
    #[inline(always)]
    fn add(self, a: V, b: V) -> V {
        both!(I => _mm256_add_ps(a[I], b[I]))
    }
    #[inline(always)]
    fn sub(self, a: V, b: V) -> V {
        both!(I => _mm256_sub_ps(a[I], b[I]))
    }
    #[inline(always)]
    fn mul(self, a: V, b: V) -> V {
        both!(I => _mm256_mul_ps(a[I], b[I]))
    }
    #[inline(always)]
    fn div(self, a: V, b: V) -> V {
        both!(I => _mm256_div_ps(a[I], b[I]))
    }
    #[inline(always)]
    fn sqrt(self, a: V) -> V {
        both!(I => _mm256_sqrt_ps(a[I]))
    }
    #[inline(always)]
    fn mul_add(self, a: V, b: V, c: V) -> V {
        both!(I => _mm256_fmadd_ps(a[I], b[I], c[I]))
    }
    #[inline(always)]
    fn max(self, a: V, b: V) -> V {
        both!(I => _mm256_max_ps(a[I], b[I]))
    }
    #[inline(always)]
    fn min(self, a: V, b: V) -> V {
        both!(I => _mm256_min_ps(a[I], b[I]))
    }
    #[inline(always)]
    fn select_less(self, a: V, b: V, then: V, otherwise: V) -> V {
        both!(I => _mm256_blendv_ps(otherwise[I], then[I], _mm256_cmp_ps::<_CMP_LT_OQ>(a[I], b[I])))
    }
    #[inline(always)]
    fn select_nan(self, a: V, then: V, otherwise: V) -> V {
        both!(I => _mm256_blendv_ps(otherwise[I], then[I], _mm256_cmp_ps::<_CMP_UNORD_Q>(a[I], a[I])))
    }
    #[inline(always)]
    fn abs(self, a: V) -> V {
        both!(I => _mm256_andnot_ps(_mm256_set1_ps(-0.0), a[I]))
    }
    #[inline(always)]
    fn copysign(self, a: V, sign: V) -> V {
        let sign_bit = self.splat(-0.0);
        both!(I => _mm256_or_ps(_mm256_andnot_ps(sign_bit[I], a[I]), _mm256_and_ps(sign_bit[I], sign[I])))
    }
    #[inline(always)]
    fn round(self, a: V) -> V {
        both!(I => _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a[I]))
    }
    #[inline(always)]
    fn power_of_two(self, n: V) -> V {
        // Added to 1.5·2²³, a whole number stands in the lowest bits; from there it is shifted to the exponent.
        let biased = self.add(n, self.splat(12_582_912.0 + 127.0));
        both!(I => _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_castps_si256(biased[I]))))
    }
    #[inline(always)]
    fn scale_by_power_of_two(self, a: V, n: V) -> V {
        // Two steps, for 2ⁿ itself may overflow or be subnormal; the first is exact.
        both!(I => {
            let bias = _mm256_set1_epi32(127);
            let n = _mm256_cvtps_epi32(n[I]);
            let half = _mm256_srai_epi32::<1>(n);
            let rest = _mm256_sub_epi32(n, half);
            let first = _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_add_epi32(half, bias)));
            let second = _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_add_epi32(rest, bias)));
            _mm256_mul_ps(_mm256_mul_ps(a[I], first), second)
        })
    }
    #[inline(always)]
    fn transpose(self, from: &[f32; LANES * LANES], to: &mut [f32; LANES * LANES]) {
        let rows = from.as_chunks::<LANES>().0;
        let columns = to.as_chunks_mut::<LANES>().0;
        for half in 0..2 {
            for other in 0..2 {
                // Eight rows by eight columns: interleave neighbours, then pairs, then halves of registers.
                let mut pairs = [self.splat(0.0)[0]; 8];
                for i in (0..8).step_by(2) {
                    let (a, b) =
                        (self.load(&rows[8 * half + i])[other], self.load(&rows[8 * half + i + 1])[other]);
                    pairs[i] = intrinsic!(_mm256_unpacklo_ps(a, b));
                    pairs[i + 1] = intrinsic!(_mm256_unpackhi_ps(a, b));
                }
                let mut fours = pairs;
                for i in [0, 1, 4, 5] {
                    let (a, b) = intrinsic!((_mm256_castps_pd(pairs[i]), _mm256_castps_pd(pairs[i + 2])));
                    let first = i / 4 * 4 + i % 4 * 2;
                    fours[first] = intrinsic!(_mm256_castpd_ps(_mm256_unpacklo_pd(a, b)));
                    fours[first + 1] = intrinsic!(_mm256_castpd_ps(_mm256_unpackhi_pd(a, b)));
                }
                for i in 0..4 {
                    let (a, b) = (fours[i], fours[i + 4]);
                    let low = columns[8 * other + i].as_mut_ptr();
                    let high = columns[8 * other + i + 4].as_mut_ptr();
                    // SAFETY: `self` proves the instruction set; each column has 16 numbers, half of them written.
                    unsafe {
                        _mm256_storeu_ps(low.add(8 * half), _mm256_permute2f128_ps::<0x20>(a, b));
                        _mm256_storeu_ps(high.add(8 * half), _mm256_permute2f128_ps::<0x31>(a, b));
                    }
                }
            }
        }
    }
}
