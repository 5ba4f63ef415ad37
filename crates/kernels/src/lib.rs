//! The arithmetic of narrows: slices of `f32` in, slices of `f32` out.
//!
//! Every kernel is written once, over the operations of an instruction set (`lanes`: sixteen numbers side by side), and
//! compiled for each. All sets do the same operations in the same order and round alike, so **every level gives the
//! same bits**; the scalar level, plain Rust on arrays, is the meaning that the others are tested against.
//!
//! What is absent: files, clocks, random numbers, printing, and the notion of a model. This is the only crate of the
//! workspace with `unsafe`: loads and stores through pointers whose bounds an assertion has just proved, intrinsics
//! whose instruction set a token proves, and the sharing of disjoint parts in [`team`].

mod activation;
mod aligned;
pub mod chunks;
mod cross_entropy;
mod elementary;
mod forward;
pub mod gather;
mod gram;
mod lanes;
pub mod layout;
mod level;
mod loss;
mod pages;
pub mod polar;
mod product;
pub mod sparse;
pub mod team;
mod update;

pub use activation::{Activation, DerivativeFrom, LEAKY_SLOPE};
pub use aligned::Aligned;
pub use cross_entropy::{cross_entropy_gradient, softmax};
pub use forward::{Layer, backward, forward, forward_row};
pub use gram::gram_panel;
pub use level::{Level, UnknownLevel};
pub use loss::{OutputLoss, Target, masked_squared_error, output_gradient, squared_error};
pub use pages::prefer_large_pages;
pub use update::{BiasPanels, Moments, Rule, WeightTiles, apply, forward_tiles, update_bias, update_weights};
