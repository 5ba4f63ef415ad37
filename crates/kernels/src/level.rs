//! Which instruction set the kernels run on.

use std::fmt;

#[cfg(target_arch = "aarch64")]
use crate::lanes::Neon;
#[cfg(target_arch = "x86_64")]
use crate::lanes::{Avx2, Avx512};
use crate::lanes::{Lanes, Scalar};

/// An instruction set that this processor has: the proof is the value itself, for only [`Level::detect`] and
/// [`Level::named`] make one, after asking the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(Set);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    Scalar(Scalar),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
}

/// A level that was asked for by name and cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLevel {
    /// The name that was asked for.
    pub asked: String,
    /// The names that this processor would accept.
    pub available: Vec<&'static str>,
}

impl fmt::Display for UnknownLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "instruction set `{}` is unknown, or this processor lacks it; here there are: {}",
            self.asked,
            self.available.join(", ")
        )
    }
}

impl std::error::Error for UnknownLevel {}

/// Work that can run on any [`Lanes`]. `run` must be `#[inline(always)]`, so that it is compiled with the
/// instruction set of the function that it is inlined into.
pub(crate) trait Kernel {
    type Output;
    fn run<L: Lanes>(self, lanes: L) -> Self::Output;
}

impl Level {
    /// The widest level of this processor.
    pub fn detect() -> Self {
        *Self::available().last().expect("the scalar level is always there")
    }

    /// Plain Rust, one number after the other: what every other level is tested against.
    pub const fn scalar() -> Self {
        Self(Set::Scalar(Scalar))
    }

    /// All levels of this processor, the slowest first.
    pub fn available() -> Vec<Self> {
        [
            Some(Set::Scalar(Scalar)),
            #[cfg(target_arch = "x86_64")]
            Avx2::detect().map(Set::Avx2),
            #[cfg(target_arch = "x86_64")]
            Avx512::detect().map(Set::Avx512),
            #[cfg(target_arch = "aarch64")]
            Neon::detect().map(Set::Neon),
        ]
        .into_iter()
        .flatten()
        .map(Self)
        .collect()
    }

    /// The level of this name: `scalar`, `avx2`, `avx512` or `neon`.
    ///
    /// # Errors
    /// [`UnknownLevel`] if there is no such name, or the processor lacks the instructions.
    pub fn named(name: &str) -> Result<Self, UnknownLevel> {
        let available = Self::available();
        available.iter().copied().find(|level| level.name() == name).ok_or_else(|| UnknownLevel {
            asked: name.to_owned(),
            available: available.iter().map(Self::name).collect(),
        })
    }

    /// The name that [`Level::named`] takes.
    pub const fn name(&self) -> &'static str {
        match self.0 {
            Set::Scalar(_) => "scalar",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Set::Neon(_) => "neon",
        }
    }

    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Set::Scalar(lanes) => kernel.run(lanes),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the token's existence proves that the processor has the instructions.
            Set::Avx2(lanes) => unsafe { run_avx2(lanes, kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Set::Avx512(lanes) => unsafe { run_avx512(lanes, kernel) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: as above.
            Set::Neon(lanes) => unsafe { run_neon(lanes, kernel) },
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<K: Kernel>(lanes: Avx2, kernel: K) -> K::Output {
    kernel.run(lanes)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,popcnt")]
fn run_avx512<K: Kernel>(lanes: Avx512, kernel: K) -> K::Output {
    kernel.run(lanes)
}

#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
fn run_neon<K: Kernel>(lanes: Neon, kernel: K) -> K::Output {
    kernel.run(lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_available_level_is_found_by_its_name() {
        for level in Level::available() {
            assert_eq!(Level::named(level.name()), Ok(level));
        }
    }

    #[test]
    fn an_unknown_level_names_what_there_is() {
        let error = Level::named("mmx").unwrap_err();
        assert!(error.to_string().contains("`mmx`") && error.to_string().contains("scalar"), "{error}");
    }
}
