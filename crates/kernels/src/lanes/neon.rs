//! NEON: sixteen numbers are four registers.

use core::arch::aarch64::*;

use super::{LANES, Lanes};

/// Proof that the processor has NEON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Neon(());

impl Neon {
    pub(crate) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

type V = [float32x4_t; 4];

macro_rules! intrinsic {
    ($call:expr) => {
        // SAFETY: `self` proves the instruction set; memory is reached only through a reference to 16 elements.
        unsafe { $call }
    };
}

/// The same expression for registers 0 to 3; written out, for a closure would not get the instruction set.
macro_rules! each {
    ($i:ident => $register:expr) => {
        // SAFETY: `self` proves the instruction set; memory is reached only through a reference to 16 elements.
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
                {
                    const $i: usize = 2;
                    $register
                },
                {
                    const $i: usize = 3;
                    $register
                },
            ]
        }
    };
}

impl Lanes for Neon {
    type V = V;
    // 16 accumulators, 4 for a vector and 1 broadcast of 32 registers; 4 rows, for they divide a block of 16.
    const TILE_ROWS: usize = 4;
    const TILE_PANELS: usize = 1;

    #[inline(always)]
    fn splat(self, x: f32) -> V {
        intrinsic!([vdupq_n_f32(x); 4])
    }
    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> V {
        each!(I => vld1q_f32(from.as_ptr().add(4 * I)))
    }
    #[inline(always)]
    fn store(self, v: V, to: &mut [f32; LANES]) {
        intrinsic!(for (i, v) in v.into_iter().enumerate() {
            vst1q_f32(to.as_mut_ptr().add(4 * i), v);
        })
    }
    #[inline(always)]
    fn load_bytes(self, from: &[u8; LANES]) -> V {
        intrinsic!({
            let bytes = vld1q_u8(from.as_ptr());
            let (low, high) = (vmovl_u8(vget_low_u8(bytes)), vmovl_u8(vget_high_u8(bytes)));
            [
                vcvtq_f32_u32(vmovl_u16(vget_low_u16(low))),
                vcvtq_f32_u32(vmovl_u16(vget_high_u16(low))),
                vcvtq_f32_u32(vmovl_u16(vget_low_u16(high))),
                vcvtq_f32_u32(vmovl_u16(vget_high_u16(high))),
            ]
        })
    }
    #[inline(always)]
    fn add(self, a: V, b: V) -> V {
        each!(I => vaddq_f32(a[I], b[I]))
    }
    #[inline(always)]
    fn sub(self, a: V, b: V) -> V {
        each!(I => vsubq_f32(a[I], b[I]))
    }
    #[inline(always)]
    fn mul(self, a: V, b: V) -> V {
        each!(I => vmulq_f32(a[I], b[I]))
    }
    #[inline(always)]
    fn div(self, a: V, b: V) -> V {
        each!(I => vdivq_f32(a[I], b[I]))
    }
    #[inline(always)]
    fn sqrt(self, a: V) -> V {
        each!(I => vsqrtq_f32(a[I]))
    }
    #[inline(always)]
    fn mul_add(self, a: V, b: V, c: V) -> V {
        each!(I => vfmaq_f32(c[I], a[I], b[I]))
    }
    #[inline(always)]
    fn max(self, a: V, b: V) -> V {
        // Not `vmaxq_f32`, whose rule for NaN is another.
        each!(I => vbslq_f32(vcgtq_f32(a[I], b[I]), a[I], b[I]))
    }
    #[inline(always)]
    fn min(self, a: V, b: V) -> V {
        each!(I => vbslq_f32(vcltq_f32(a[I], b[I]), a[I], b[I]))
    }
    #[inline(always)]
    fn select_less(self, a: V, b: V, then: V, otherwise: V) -> V {
        each!(I => vbslq_f32(vcltq_f32(a[I], b[I]), then[I], otherwise[I]))
    }
    #[inline(always)]
    fn select_nan(self, a: V, then: V, otherwise: V) -> V {
        // NaN alone differs from itself.
        each!(I => vbslq_f32(vceqq_f32(a[I], a[I]), otherwise[I], then[I]))
    }
    #[inline(always)]
    fn abs(self, a: V) -> V {
        each!(I => vabsq_f32(a[I]))
    }
    #[inline(always)]
    fn copysign(self, a: V, sign: V) -> V {
        each!(I => vbslq_f32(vdupq_n_u32(0x8000_0000), sign[I], a[I]))
    }
    #[inline(always)]
    fn round(self, a: V) -> V {
        each!(I => vrndnq_f32(a[I]))
    }
    #[inline(always)]
    fn power_of_two(self, n: V) -> V {
        each!(I => {
            let exponent = vaddq_s32(vcvtnq_s32_f32(n[I]), vdupq_n_s32(127));
            vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent))
        })
    }
    #[inline(always)]
    fn scale_by_power_of_two(self, a: V, n: V) -> V {
        // Two steps, for 2ⁿ itself may overflow or be subnormal; the first is exact.
        each!(I => {
            let bias = vdupq_n_s32(127);
            let n = vcvtnq_s32_f32(n[I]);
            let half = vshrq_n_s32::<1>(n);
            let rest = vsubq_s32(n, half);
            let first = vreinterpretq_f32_s32(vshlq_n_s32::<23>(vaddq_s32(half, bias)));
            let second = vreinterpretq_f32_s32(vshlq_n_s32::<23>(vaddq_s32(rest, bias)));
            vmulq_f32(vmulq_f32(a[I], first), second)
        })
    }
}
