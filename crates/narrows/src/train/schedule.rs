//! How the learning rate goes, step by step.

use std::f64::consts::PI;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::TrainingError;

/// The learning rate over the steps of a run; `learning_rate` is the optimiser's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// Always the same.
    #[default]
    Constant,
    /// In equal steps up to `learning_rate` over the first `warm_up` of the steps, then half a cosine down to 0
    /// (Loshchilov & Hutter 2017).
    Cosine {
        /// Share of the steps, from 0 to below 1.
        #[serde(default)]
        warm_up: f64,
    },
    /// PyTorch's `OneCycleLR` (Smith & Topin 2018): from `learning_rate / start_divisor` up to `learning_rate` over
    /// the first `rise` of the steps, then down to `learning_rate / start_divisor / end_divisor`, on half cosines,
    /// while the momentum (Adam's β₁, or that of SGD if it has one) goes from 0.95 to 0.85 and back.
    OneCycle {
        /// Share of the steps, above 0 and below 1; PyTorch's `pct_start`.
        #[serde(default = "rise")]
        rise: f64,
        /// PyTorch's `div_factor`.
        #[serde(default = "start_divisor")]
        start_divisor: f64,
        /// PyTorch's `final_div_factor`.
        #[serde(default = "end_divisor")]
        end_divisor: f64,
        /// Whether the momentum is cycled too, as PyTorch does by default.
        #[serde(default = "cycle_momentum")]
        cycle_momentum: bool,
    },
}

impl fmt::Display for Schedule {
    /// Its name in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Constant => "constant",
            Self::Cosine { .. } => "cosine",
            Self::OneCycle { .. } => "one cycle",
        })
    }
}

fn rise() -> f64 {
    0.3
}
fn start_divisor() -> f64 {
    25.0
}
fn end_divisor() -> f64 {
    1e4
}
fn cycle_momentum() -> bool {
    true
}

/// Where one-cycle's momentum begins and ends, and where it is when the learning rate is greatest.
const MOMENTUM: (f64, f64) = (0.95, 0.85);

/// What a schedule says of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// The learning rate.
    pub learning_rate: f64,
    /// The momentum (Adam's β₁), where the schedule sets it.
    pub momentum: Option<f64>,
}

impl Schedule {
    /// One-cycle with PyTorch's defaults.
    pub fn one_cycle() -> Self {
        Self::one_cycle_with_rise(rise())
    }

    /// One-cycle with a rise of its own, else with PyTorch's defaults.
    pub fn one_cycle_with_rise(rise: f64) -> Self {
        Self::OneCycle {
            rise,
            start_divisor: start_divisor(),
            end_divisor: end_divisor(),
            cycle_momentum: cycle_momentum(),
        }
    }

    pub(super) fn validate(&self) -> Result<(), TrainingError> {
        let check = |setting, value: f64, expected, valid: bool| {
            if valid { Ok(()) } else { Err(TrainingError::setting(setting, expected, value)) }
        };
        match *self {
            Self::Constant => Ok(()),
            Self::Cosine { warm_up } => {
                check("warm_up", warm_up, "a share from 0 to below 1", (0.0..1.0).contains(&warm_up))
            }
            Self::OneCycle { rise, start_divisor, end_divisor, .. } => {
                check("rise", rise, "a share above 0 and below 1", rise > 0.0 && rise < 1.0)?;
                let positive = |x: f64| x > 0.0 && x.is_finite();
                check("start_divisor", start_divisor, "a number above 0", positive(start_divisor))?;
                check("end_divisor", end_divisor, "a number above 0", positive(end_divisor))
            }
        }
    }

    /// The rates of step `step`, from 0, of `steps`.
    pub fn rates(&self, learning_rate: f64, step: u64, steps: u64) -> Rates {
        let (at, steps) = (step as f64, steps as f64);
        match *self {
            Self::Constant => Rates { learning_rate, momentum: None },
            Self::Cosine { warm_up } => {
                let warm_up_steps = (warm_up * steps).floor();
                let learning_rate = if at < warm_up_steps {
                    learning_rate * (at + 1.0) / (warm_up_steps + 1.0)
                } else {
                    half_cosine(learning_rate, 0.0, (at - warm_up_steps) / (steps - warm_up_steps))
                };
                Rates { learning_rate, momentum: None }
            }
            Self::OneCycle { rise, start_divisor, end_divisor, cycle_momentum } => {
                let start = learning_rate / start_divisor;
                let (peak, last) = (rise * steps - 1.0, steps - 1.0);
                let (base, best) = MOMENTUM;
                let (rate, momentum) = if at <= peak {
                    // A rise of one step has no way to go; PyTorch divides by zero here.
                    let way = if peak > 0.0 { at / peak } else { 1.0 };
                    (half_cosine(start, learning_rate, way), half_cosine(base, best, way))
                } else {
                    let way = (at - peak) / (last - peak);
                    (half_cosine(learning_rate, start / end_divisor, way), half_cosine(best, base, way))
                };
                Rates { learning_rate: rate, momentum: cycle_momentum.then_some(momentum) }
            }
        }
    }
}

/// From `start` to `end` on half a cosine, `way` from 0 to 1.
fn half_cosine(start: f64, end: f64, way: f64) -> f64 {
    end + (start - end) / 2.0 * (1.0 + libm::cos(PI * way))
}
