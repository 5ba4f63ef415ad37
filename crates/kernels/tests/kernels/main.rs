//! The public kernels against the formulas of their docstrings.
//!
//! Every kernel runs through [`support::on_every_level`], so whatever is proved of its numbers holds at every level of
//! the machine, to the bit. References are plain loops in `f64` over unpadded indices; their own error, some 2⁻⁵² of the
//! sums, is nothing beside the `f32` roundings (2⁻²⁴ each) that the tolerances count.

mod activations;
mod backward;
mod cross_entropy;
mod forward;
mod gather;
mod layout;
mod levels;
mod loss;
mod polar;
mod reference;
mod refusals;
mod rules;
mod sparse;
mod support;
mod training;
mod update;
