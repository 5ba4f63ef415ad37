//! NEON: sixteen numbers are four registers.

use core::arch::aarch64::*;
use std::array::from_fn;

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
        intrinsic!(from_fn(|i| vld1q_f32(from.as_ptr().add(4 * i))))
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
            [vget_low_u16(low), vget_high_u16(low), vget_low_u16(high), vget_high_u16(high)]
                .map(|quarter| vcvtq_f32_u32(vmovl_u16(quarter)))
        })
    }
    #[inline(always)]
    fn add(self, a: V, b: V) -> V {
        intrinsic!(from_fn(|i| vaddq_f32(a[i], b[i])))
    }
    #[inline(always)]
    fn sub(self, a: V, b: V) -> V {
        intrinsic!(from_fn(|i| vsubq_f32(a[i], b[i])))
    }
    #[inline(always)]
    fn mul(self, a: V, b: V) -> V {
        intrinsic!(from_fn(|i| vmulq_f32(a[i], b[i])))
    }
    #[inline(always)]
    fn div(self, a: V, b: V) -> V {
        intrinsic!(from_fn(|i| vdivq_f32(a[i], b[i])))
    }
    #[inline(always)]
    fn sqrt(self, a: V) -> V {
        intrinsic!(a.map(|a| vsqrtq_f32(a)))
    }
    #[inline(always)]
    fn mul_add(self, a: V, b: V, c: V) -> V {
        intrinsic!(from_fn(|i| vfmaq_f32(c[i], a[i], b[i])))
    }
    #[inline(always)]
    fn max(self, a: V, b: V) -> V {
        // Not `vmaxq_f32`, whose rule for NaN is another.
        intrinsic!(from_fn(|i| vbslq_f32(vcgtq_f32(a[i], b[i]), a[i], b[i])))
    }
    #[inline(always)]
    fn min(self, a: V, b: V) -> V {
        intrinsic!(from_fn(|i| vbslq_f32(vcltq_f32(a[i], b[i]), a[i], b[i])))
    }
    #[inline(always)]
    fn select_less(self, a: V, b: V, then: V, otherwise: V) -> V {
        intrinsic!(from_fn(|i| vbslq_f32(vcltq_f32(a[i], b[i]), then[i], otherwise[i])))
    }
    #[inline(always)]
    fn abs(self, a: V) -> V {
        intrinsic!(a.map(|a| vabsq_f32(a)))
    }
    #[inline(always)]
    fn copysign(self, a: V, sign: V) -> V {
        intrinsic!(from_fn(|i| vbslq_f32(vdupq_n_u32(0x8000_0000), sign[i], a[i])))
    }
    #[inline(always)]
    fn round(self, a: V) -> V {
        intrinsic!(a.map(|a| vrndnq_f32(a)))
    }
    #[inline(always)]
    fn scale_by_power_of_two(self, a: V, n: V) -> V {
        // Two steps, for 2ⁿ itself may overflow or be subnormal; the first is exact.
        intrinsic!(from_fn(|i| {
            let power = |n| vreinterpretq_f32_s32(vshlq_n_s32::<23>(vaddq_s32(n, vdupq_n_s32(127))));
            let n = vcvtnq_s32_f32(n[i]);
            let half = vshrq_n_s32::<1>(n);
            vmulq_f32(vmulq_f32(a[i], power(half)), power(vsubq_s32(n, half)))
        }))
    }
}
