//! What interpolations are measured with: against the `prdc` package, NumPy and SciPy, and against itself.

#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, and these are their helpers")]

mod frechet;
#[path = "../training/golden.rs"]
mod golden;
mod nearness;
mod verdict;
