//! The arithmetic of narrows: slices of `f32` in, slices of `f32` out.
//!
//! Every kernel is written once, over [`lanes::Lanes`], sixteen numbers side by side, and compiled for each
//! instruction set. All sets do the same operations in the same order and round alike, so **every level gives the
//! same bits**; the scalar level, plain Rust on arrays, is the meaning that the others are tested against.
//!
//! What is absent: files, clocks, random numbers, printing, and the notion of a model. This is the only crate of the
//! workspace with `unsafe`: loads and stores through pointers whose bounds an assertion has just proved, intrinsics
//! whose instruction set a token proves, and the sharing of disjoint parts in [`team`].

mod elementary;
mod lanes;
mod level;

pub use level::{Level, UnknownLevel};
