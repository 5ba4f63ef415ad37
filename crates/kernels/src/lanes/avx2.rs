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

/// One operation on both registers.
macro_rules! both {
    ($f:ident($($v:ident),+)) => {
        // SAFETY: `self` proves the instruction set; the operation reads registers alone.
        unsafe { [$f($($v[0]),+), $f($($v[1]),+)] }
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
            let bytes = _mm_loadu_si128(from.as_ptr().cast());
            [bytes, _mm_srli_si128::<8>(bytes)].map(|half| _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(half)))
        })
    }
    #[inline(always)]
    fn add(self, a: V, b: V) -> V {
        both!(_mm256_add_ps(a, b))
    }
    #[inline(always)]
    fn sub(self, a: V, b: V) -> V {
        both!(_mm256_sub_ps(a, b))
    }
    #[inline(always)]
    fn mul(self, a: V, b: V) -> V {
        both!(_mm256_mul_ps(a, b))
    }
    #[inline(always)]
    fn div(self, a: V, b: V) -> V {
        both!(_mm256_div_ps(a, b))
    }
    #[inline(always)]
    fn sqrt(self, a: V) -> V {
        both!(_mm256_sqrt_ps(a))
    }
    #[inline(always)]
    fn mul_add(self, a: V, b: V, c: V) -> V {
        both!(_mm256_fmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn max(self, a: V, b: V) -> V {
        both!(_mm256_max_ps(a, b))
    }
    #[inline(always)]
    fn min(self, a: V, b: V) -> V {
        both!(_mm256_min_ps(a, b))
    }
    #[inline(always)]
    fn select_less(self, a: V, b: V, then: V, otherwise: V) -> V {
        intrinsic!(
            [0, 1].map(|i| {
                _mm256_blendv_ps(otherwise[i], then[i], _mm256_cmp_ps::<_CMP_LT_OQ>(a[i], b[i]))
            })
        )
    }
    #[inline(always)]
    fn abs(self, a: V) -> V {
        intrinsic!([0, 1].map(|i| _mm256_andnot_ps(_mm256_set1_ps(-0.0), a[i])))
    }
    #[inline(always)]
    fn copysign(self, a: V, sign: V) -> V {
        intrinsic!({
            let sign_bit = _mm256_set1_ps(-0.0);
            [0, 1].map(|i| _mm256_or_ps(_mm256_andnot_ps(sign_bit, a[i]), _mm256_and_ps(sign_bit, sign[i])))
        })
    }
    #[inline(always)]
    fn round(self, a: V) -> V {
        intrinsic!(a.map(|a| _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a)))
    }
    #[inline(always)]
    fn scale_by_power_of_two(self, a: V, n: V) -> V {
        // Two steps, for 2ⁿ itself may overflow or be subnormal; the first is exact.
        intrinsic!([0, 1].map(|i| {
            let power =
                |n| _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_add_epi32(n, _mm256_set1_epi32(127))));
            let n = _mm256_cvtps_epi32(n[i]);
            let half = _mm256_srai_epi32::<1>(n);
            _mm256_mul_ps(_mm256_mul_ps(a[i], power(half)), power(_mm256_sub_epi32(n, half)))
        }))
    }
    #[inline(always)]
    fn transpose(self, from: &[f32; LANES * LANES], to: &mut [f32; LANES * LANES]) {
        let rows = from.as_chunks::<LANES>().0;
        let columns = to.as_chunks_mut::<LANES>().0;
        for half in 0..2 {
            for other in 0..2 {
                // Eight rows by eight columns: interleave neighbours, then pairs, then halves of registers.
                let row: [__m256; 8] = std::array::from_fn(|i| self.load(&rows[8 * half + i])[other]);
                let pairs: [__m256; 8] = std::array::from_fn(|i| {
                    let (a, b) = (row[i / 2 * 2], row[i / 2 * 2 + 1]);
                    intrinsic!(if i % 2 == 0 { _mm256_unpacklo_ps(a, b) } else { _mm256_unpackhi_ps(a, b) })
                });
                let fours: [__m256; 8] = std::array::from_fn(|i| {
                    let first = i / 4 * 4 + i % 4 / 2;
                    intrinsic!({
                        let (a, b) = (_mm256_castps_pd(pairs[first]), _mm256_castps_pd(pairs[first + 2]));
                        let four =
                            if i % 2 == 0 { _mm256_unpacklo_pd(a, b) } else { _mm256_unpackhi_pd(a, b) };
                        _mm256_castpd_ps(four)
                    })
                });
                for i in 0..8 {
                    let (a, b) = (fours[i % 4], fours[i % 4 + 4]);
                    // SAFETY: `self` proves the instruction set; eight numbers are written to a half of sixteen.
                    unsafe {
                        let column = if i < 4 {
                            _mm256_permute2f128_ps::<0x20>(a, b)
                        } else {
                            _mm256_permute2f128_ps::<0x31>(a, b)
                        };
                        _mm256_storeu_ps(columns[8 * other + i].as_mut_ptr().add(8 * half), column);
                    }
                }
            }
        }
    }
}
