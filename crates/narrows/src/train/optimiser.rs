//! Optimisers, with PyTorch's rules and defaults.

use std::fmt;

use narrows_kernels::Rule;
use serde::{Deserialize, Serialize};

use super::muon::MuonStep;
use super::{Rates, TrainingError};

/// How a gradient changes a parameter. In TOML: `optimiser = { kind = "adam", learning_rate = 1e-3 }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Optimiser {
    /// `torch.optim.Adam` (Kingma & Ba 2015), weight decay added to the gradient.
    Adam {
        /// The step's length.
        #[serde(default = "adam_learning_rate")]
        learning_rate: f64,
        /// Decay of the first moment.
        #[serde(default = "beta1")]
        beta1: f64,
        /// Decay of the second moment.
        #[serde(default = "beta2")]
        beta2: f64,
        /// Added to the root of the second moment.
        #[serde(default = "epsilon")]
        epsilon: f64,
        /// Added to the gradient, times the parameter.
        #[serde(default)]
        weight_decay: f64,
    },
    /// `torch.optim.AdamW` (Loshchilov & Hutter 2019), weight decay applied to the parameter.
    AdamW {
        /// The step's length.
        #[serde(default = "adam_learning_rate")]
        learning_rate: f64,
        /// Decay of the first moment.
        #[serde(default = "beta1")]
        beta1: f64,
        /// Decay of the second moment.
        #[serde(default = "beta2")]
        beta2: f64,
        /// Added to the root of the second moment.
        #[serde(default = "epsilon")]
        epsilon: f64,
        /// Shrinks the parameter, times the learning rate.
        #[serde(default = "adamw_weight_decay")]
        weight_decay: f64,
    },
    /// `torch.optim.SGD`.
    Sgd {
        /// The step's length.
        #[serde(default = "adam_learning_rate")]
        learning_rate: f64,
        /// What is kept of the last step.
        #[serde(default)]
        momentum: f64,
        /// Added to the gradient, times the parameter.
        #[serde(default)]
        weight_decay: f64,
        /// Look ahead along the momentum.
        #[serde(default)]
        nesterov: bool,
    },
    /// `torch.optim.Muon` (Jordan et al. 2024) with `adjust_lr_fn="match_rms_adamw"`, for weights: a step along the polar factor
    /// of the momentum, 0.2·√(longer side) · learning rate in length. Biases take a step of Adam at the same rate, with
    /// PyTorch's defaults for the rest.
    ///
    /// Not as in PyTorch: the learning rate is 10⁻² by default and the weight decay 0, which suit autoencoders; the
    /// iteration is that of Polar Express unless `ns_coefficients` are given, and runs in `f32`.
    Muon {
        /// The step's length.
        #[serde(default = "muon_learning_rate")]
        learning_rate: f64,
        /// What is kept of the momentum.
        #[serde(default = "muon_momentum")]
        momentum: f64,
        /// Look ahead along the momentum.
        #[serde(default = "muon_nesterov")]
        nesterov: bool,
        /// Shrinks the weights, not the biases, times the learning rate.
        #[serde(default)]
        weight_decay: f64,
        /// Rounds of the iteration towards the polar factor.
        #[serde(default = "ns_steps")]
        ns_steps: usize,
        /// Coefficients of x, x³ and x⁵, the same in all rounds; PyTorch's are \[3.4445, −4.775, 2.0315\].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ns_coefficients: Option<[f64; 3]>,
    },
}

/// What a step does with gradients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// With those of weights.
    pub weights: Rule,
    /// With those of biases.
    pub biases: Rule,
    /// After [`Rule::Momentum`], with what it has left of each weight matrix.
    pub muon: Option<MuonStep>,
}

impl From<Rule> for Rules {
    /// The same for weights and biases.
    fn from(rule: Rule) -> Self {
        Self { weights: rule, biases: rule, muon: None }
    }
}

impl fmt::Display for Optimiser {
    /// `Adam, rate 0.001, decay 0.00001`: its name, the learning rate, and what is not zero of the rest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, rate, decay, momentum) = match *self {
            Self::Adam { learning_rate, weight_decay, .. } => ("Adam", learning_rate, weight_decay, 0.0),
            Self::AdamW { learning_rate, weight_decay, .. } => ("AdamW", learning_rate, weight_decay, 0.0),
            Self::Sgd { learning_rate, momentum, weight_decay, .. } => {
                ("SGD", learning_rate, weight_decay, momentum)
            }
            Self::Muon { learning_rate, weight_decay, .. } => ("Muon", learning_rate, weight_decay, 0.0),
        };
        write!(f, "{name}, rate {rate}")?;
        for (what, value) in [("momentum", momentum), ("decay", decay)] {
            if value != 0.0 {
                write!(f, ", {what} {value}")?;
            }
        }
        Ok(())
    }
}

fn adam_learning_rate() -> f64 {
    1e-3
}
fn beta1() -> f64 {
    0.9
}
fn beta2() -> f64 {
    0.999
}
fn epsilon() -> f64 {
    1e-8
}
fn adamw_weight_decay() -> f64 {
    1e-2
}
fn muon_learning_rate() -> f64 {
    1e-2
}
fn muon_momentum() -> f64 {
    0.95
}
fn muon_nesterov() -> bool {
    true
}
fn ns_steps() -> usize {
    5
}

impl Optimiser {
    /// Adam with PyTorch's defaults for the rest.
    pub fn adam(learning_rate: f64, weight_decay: f64) -> Self {
        Self::Adam { learning_rate, beta1: beta1(), beta2: beta2(), epsilon: epsilon(), weight_decay }
    }

    /// AdamW with PyTorch's defaults for the rest.
    pub fn adamw(learning_rate: f64, weight_decay: f64) -> Self {
        Self::AdamW { learning_rate, beta1: beta1(), beta2: beta2(), epsilon: epsilon(), weight_decay }
    }

    /// Muon with its defaults for the rest.
    pub fn muon(learning_rate: f64, weight_decay: f64) -> Self {
        Self::Muon {
            learning_rate,
            momentum: muon_momentum(),
            nesterov: muon_nesterov(),
            weight_decay,
            ns_steps: ns_steps(),
            ns_coefficients: None,
        }
    }

    /// The learning rate that a schedule scales.
    pub fn learning_rate(&self) -> f64 {
        match *self {
            Self::Adam { learning_rate, .. }
            | Self::AdamW { learning_rate, .. }
            | Self::Sgd { learning_rate, .. }
            | Self::Muon { learning_rate, .. } => learning_rate,
        }
    }

    /// The same with another learning rate.
    pub fn with_learning_rate(mut self, rate: f64) -> Self {
        match &mut self {
            Self::Adam { learning_rate, .. }
            | Self::AdamW { learning_rate, .. }
            | Self::Sgd { learning_rate, .. }
            | Self::Muon { learning_rate, .. } => *learning_rate = rate,
        }
        self
    }

    /// Its name in TOML: `adam`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Adam { .. } => "adam",
            Self::AdamW { .. } => "adamw",
            Self::Sgd { .. } => "sgd",
            Self::Muon { .. } => "muon",
        }
    }

    /// Checks every setting as PyTorch does; ε must be above 0.
    pub(super) fn validate(&self) -> Result<(), TrainingError> {
        let check = |setting, value: f64, expected, valid: bool| {
            if valid { Ok(()) } else { Err(TrainingError::setting(setting, expected, value)) }
        };
        let not_negative = |setting, value: f64| {
            check(setting, value, "a number of at least 0", value >= 0.0 && value.is_finite())
        };
        not_negative("learning_rate", self.learning_rate())?;
        match *self {
            Self::Adam { beta1, beta2, epsilon, weight_decay, .. }
            | Self::AdamW { beta1, beta2, epsilon, weight_decay, .. } => {
                let decay = "a number from 0 to below 1";
                check("beta1", beta1, decay, (0.0..1.0).contains(&beta1))?;
                check("beta2", beta2, decay, (0.0..1.0).contains(&beta2))?;
                let least = f64::from(f32::MIN_POSITIVE);
                check("epsilon", epsilon, "a number above 0", epsilon >= least && epsilon.is_finite())?;
                not_negative("weight_decay", weight_decay)
            }
            Self::Sgd { momentum, weight_decay, nesterov, .. } => {
                not_negative("momentum", momentum)?;
                check("momentum", momentum, "a number above 0, for nesterov", !nesterov || momentum > 0.0)?;
                not_negative("weight_decay", weight_decay)
            }
            Self::Muon { momentum, weight_decay, ns_steps, ns_coefficients, .. } => {
                check("momentum", momentum, "a number from 0 to below 1", (0.0..1.0).contains(&momentum))?;
                not_negative("weight_decay", weight_decay)?;
                let rounds = (1..=MuonStep::MAX_ROUNDS).contains(&ns_steps);
                check("ns_steps", ns_steps as f64, "a whole number from 1 to 99", rounds)?;
                ns_coefficients.into_iter().flatten().try_for_each(|coefficient| {
                    check("ns_coefficients", coefficient, "finite numbers", coefficient.is_finite())
                })
            }
        }
    }

    /// The rules for step `step`, counted from 1, at the rates of a schedule.
    ///
    /// A momentum that the schedule sets replaces Adam's β₁ or that of SGD; SGD without momentum stays without (in
    /// PyTorch one-cycle gives it one). Muon keeps its own: one-cycle's is Adam's.
    pub fn rules(&self, step: u64, rates: Rates) -> Rules {
        match *self {
            Self::Adam { beta1, beta2, epsilon, weight_decay, .. } => {
                adam(step, rates, (beta1, beta2), epsilon, weight_decay, 1.0).into()
            }
            Self::AdamW { beta1, beta2, epsilon, weight_decay, .. } => {
                let shrink = 1.0 - rates.learning_rate * weight_decay;
                adam(step, rates, (beta1, beta2), epsilon, 0.0, shrink).into()
            }
            Self::Sgd { momentum, weight_decay, nesterov, .. } => Rule::Sgd {
                learning_rate: rates.learning_rate as f32,
                momentum: rates.momentum.filter(|_| momentum > 0.0).unwrap_or(momentum) as f32,
                weight_decay: weight_decay as f32,
                nesterov,
            }
            .into(),
            Self::Muon { momentum, nesterov, weight_decay, ns_steps, ns_coefficients, .. } => {
                let Rates { learning_rate, .. } = rates;
                let rates = Rates { learning_rate, momentum: None };
                let shrink = (1.0 - learning_rate * weight_decay) as f32;
                Rules {
                    weights: Rule::Momentum { one_minus_momentum: (1.0 - momentum) as f32, nesterov },
                    biases: adam(step, rates, (beta1(), beta2()), epsilon(), 0.0, 1.0),
                    muon: Some(MuonStep { learning_rate, shrink, ns_steps, ns_coefficients }),
                }
            }
        }
    }
}

/// In f64, as PyTorch computes what is the same for all parameters.
fn adam(
    step: u64,
    rates: Rates,
    (beta1, beta2): (f64, f64),
    epsilon: f64,
    weight_decay: f64,
    shrink: f64,
) -> Rule {
    let beta1 = rates.momentum.unwrap_or(beta1);
    let step = step as f64;
    Rule::Adam {
        step_size: (rates.learning_rate / (1.0 - libm::pow(beta1, step))) as f32,
        inverse_root: (1.0 - libm::pow(beta2, step)).sqrt().recip() as f32,
        one_minus_beta1: (1.0 - beta1) as f32,
        beta2: beta2 as f32,
        one_minus_beta2: (1.0 - beta2) as f32,
        epsilon: epsilon as f32,
        weight_decay: weight_decay as f32,
        shrink: shrink as f32,
    }
}
