//! AVX-512: sixteen numbers are one register.

use core::arch::x86_64::*;

use super::{LANES, Lanes};

/// Proof that the processor has AVX-512 F, BW, DQ and VL, and what every such processor also has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(crate) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("popcnt"))
        .then_some(Self(()))
    }
}

/// The intrinsics act on registers alone, or on the array that the reference proves to be there.
macro_rules! intrinsic {
    ($call:expr) => {
        // SAFETY: `self` proves the instruction set; memory is reached only through a reference to 16 elements.
        unsafe { $call }
    };
}

impl Lanes for Avx512 {
    type V = __m512;
    // 24 accumulators, 3 vectors and 1 broadcast of 32 registers.
    const TILE_ROWS: usize = 8;
    const TILE_PANELS: usize = 3;

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        intrinsic!(_mm512_set1_ps(x))
    }
    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> __m512 {
        intrinsic!(_mm512_loadu_ps(from.as_ptr()))
    }
    #[inline(always)]
    fn store(self, v: __m512, to: &mut [f32; LANES]) {
        intrinsic!(_mm512_storeu_ps(to.as_mut_ptr(), v))
    }
    #[inline(always)]
    fn load_bytes(self, from: &[u8; LANES]) -> __m512 {
        intrinsic!(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(from.as_ptr().cast()))))
    }
    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_add_ps(a, b))
    }
    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_sub_ps(a, b))
    }
    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_mul_ps(a, b))
    }
    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_div_ps(a, b))
    }
    #[inline(always)]
    fn sqrt(self, a: __m512) -> __m512 {
        intrinsic!(_mm512_sqrt_ps(a))
    }
    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        intrinsic!(_mm512_fmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_max_ps(a, b))
    }
    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_min_ps(a, b))
    }
    #[inline(always)]
    fn select_less(self, a: __m512, b: __m512, then: __m512, otherwise: __m512) -> __m512 {
        intrinsic!(_mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), otherwise, then))
    }
    #[inline(always)]
    fn select_nan(self, a: __m512, then: __m512, otherwise: __m512) -> __m512 {
        intrinsic!(_mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_UNORD_Q>(a, a), otherwise, then))
    }
    #[inline(always)]
    fn abs(self, a: __m512) -> __m512 {
        intrinsic!(_mm512_abs_ps(a))
    }
    #[inline(always)]
    fn copysign(self, a: __m512, sign: __m512) -> __m512 {
        intrinsic!({
            let sign_bit = _mm512_set1_ps(-0.0);
            _mm512_or_ps(_mm512_andnot_ps(sign_bit, a), _mm512_and_ps(sign_bit, sign))
        })
    }
    #[inline(always)]
    fn round(self, a: __m512) -> __m512 {
        intrinsic!(_mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a))
    }
    #[inline(always)]
    fn power_of_two(self, n: __m512) -> __m512 {
        self.scale_by_power_of_two(self.splat(1.0), n)
    }
    #[inline(always)]
    fn scale_by_power_of_two(self, a: __m512, n: __m512) -> __m512 {
        intrinsic!(_mm512_scalef_ps(a, n))
    }
    #[inline(always)]
    fn transpose(self, from: &[f32; LANES * LANES], to: &mut [f32; LANES * LANES]) {
        let rows = from.as_chunks::<LANES>().0;
        // Interleave neighbours, then pairs; each 128-bit quarter then holds four rows of a column, and two rounds of
        // shuffles bring the quarters of a column together.
        let mut pairs = [self.splat(0.0); LANES];
        for i in (0..LANES).step_by(2) {
            let (a, b) = (self.load(&rows[i]), self.load(&rows[i + 1]));
            pairs[i] = intrinsic!(_mm512_unpacklo_ps(a, b));
            pairs[i + 1] = intrinsic!(_mm512_unpackhi_ps(a, b));
        }
        let mut fours = [self.splat(0.0); LANES];
        for i in (0..LANES).step_by(4) {
            for j in 0..2 {
                let (a, b) = intrinsic!((_mm512_castps_pd(pairs[i + j]), _mm512_castps_pd(pairs[i + j + 2])));
                fours[i + 2 * j] = intrinsic!(_mm512_castpd_ps(_mm512_unpacklo_pd(a, b)));
                fours[i + 2 * j + 1] = intrinsic!(_mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
            }
        }
        let columns = to.as_chunks_mut::<LANES>().0;
        for i in 0..4 {
            let [a, b, c, d] = [fours[i], fours[i + 4], fours[i + 8], fours[i + 12]];
            let (ab_even, cd_even) = intrinsic!((
                _mm512_shuffle_f32x4::<0b10_00_10_00>(a, b),
                _mm512_shuffle_f32x4::<0b10_00_10_00>(c, d)
            ));
            let (ab_odd, cd_odd) = intrinsic!((
                _mm512_shuffle_f32x4::<0b11_01_11_01>(a, b),
                _mm512_shuffle_f32x4::<0b11_01_11_01>(c, d)
            ));
            self.store(intrinsic!(_mm512_shuffle_f32x4::<0b10_00_10_00>(ab_even, cd_even)), &mut columns[i]);
            self.store(
                intrinsic!(_mm512_shuffle_f32x4::<0b10_00_10_00>(ab_odd, cd_odd)),
                &mut columns[i + 4],
            );
            self.store(
                intrinsic!(_mm512_shuffle_f32x4::<0b11_01_11_01>(ab_even, cd_even)),
                &mut columns[i + 8],
            );
            self.store(
                intrinsic!(_mm512_shuffle_f32x4::<0b11_01_11_01>(ab_odd, cd_odd)),
                &mut columns[i + 12],
            );
        }
    }
}
