//! Gradients as results: of a batch, or of some of its chunks of rows, which may be added elsewhere.
//!
//! ```text
//! gradient of a batch = tree(gradient of chunk 1, …, gradient of chunk n)
//! ```
//!
//! Chunks and tree are those of [`narrows_kernels::chunks`]. A step takes the same sums in the same order, so it has the same bits as
//! [`Step::apply`] with what [`Gradients::sum`] makes of all chunks, whoever has computed them.

use std::ops::{Add, Range};

use narrows_kernels::chunks::{CHUNK_ROWS, TreeSum};
use narrows_kernels::{Aligned, Moments, Rule, apply};

use super::Step;
use crate::compute::Compute;
use crate::dataset::Samples;
use crate::model::Parameters;
use crate::train::{Objective, Rules};

/// The gradient of a batch's loss, or what some of its rows contribute to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// The loss of the batch, or their part of it.
    pub loss: f64,
    /// By each parameter, under its name.
    pub by_parameter: Parameters,
}

impl Add for Gradients {
    type Output = Self;

    /// # Panics
    /// If they are of models of different layers.
    fn add(mut self, right: Self) -> Self {
        assert!(
            self.by_parameter.tensors() == right.by_parameter.tensors(),
            "gradients are added by parameter"
        );
        self.loss += right.loss;
        let numbers = self.by_parameter.values_mut().iter_mut().zip(right.by_parameter.values());
        numbers.for_each(|(left, right)| *left += right);
        self
    }
}

impl Gradients {
    /// Those of a batch from those of all its chunks, in the order of its rows. Without any there is none.
    ///
    /// # Panics
    /// If they are of models of different layers.
    pub fn sum(chunks: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut sum = TreeSum::new();
        chunks.into_iter().for_each(|chunk| sum.push(chunk));
        sum.total()
    }
}

/// A gradient as the parameters lie.
#[derive(Debug)]
pub(super) struct PackedGradient {
    weights: Aligned,
    bias: Aligned,
}

impl Step {
    /// The gradient of the objective of the rows `batch` of `samples`; nothing changes. `zeros` are parameters of the model, for their
    /// names.
    ///
    /// # Panics
    /// As [`Step::take_towards`]; or if `zeros` are of another architecture.
    pub fn gradients(
        &mut self,
        compute: &mut Compute,
        samples: &Samples,
        objective: Objective<'_>,
        batch: &[u32],
        zeros: &Parameters,
    ) -> Gradients {
        let count = self.count(samples, objective, batch);
        self.gradients_of(compute, samples, objective, batch, count, zeros)
    }

    /// What each of some chunks of `batch` contributes to its gradient: a chunk is [`CHUNK_ROWS`] rows, the last perhaps fewer.
    ///
    /// # Panics
    /// As [`Step::gradients`]; or if the batch has fewer chunks.
    pub fn chunk_gradients(
        &mut self,
        compute: &mut Compute,
        samples: &Samples,
        objective: Objective<'_>,
        (batch, chunks): (&[u32], Range<usize>),
        zeros: &Parameters,
    ) -> Vec<Gradients> {
        let all = batch.len().div_ceil(CHUNK_ROWS);
        assert!(chunks.end <= all, "chunks {chunks:?} of {all}");
        let count = self.count(samples, objective, batch);
        let rows = batch.chunks(CHUNK_ROWS).skip(chunks.start).take(chunks.len());
        rows.map(|rows| self.gradients_of(compute, samples, objective, rows, count, zeros)).collect()
    }

    /// The rest of a step, from the gradient on: applies the rules.
    ///
    /// # Panics
    /// If the gradients are of another architecture, or the samples are not those that the step was made for.
    pub fn apply(
        &mut self,
        compute: &mut Compute,
        samples: &Samples,
        gradients: &Gradients,
        rules: impl Into<Rules>,
    ) {
        let (rules, level) = (rules.into(), compute.level);
        let mut packed = self.take_packed_gradient();
        let PackedGradient { weights, bias } = &mut *packed;
        self.network.load_into(&gradients.by_parameter, weights, bias);
        let [first, second] = &mut self.weight_moments;
        let moments = Moments { first, second };
        apply(level, rules.weights, weights, &mut self.network.backward, moments);
        let [first, second] = &mut self.bias_moments;
        apply(level, rules.biases, bias, &mut self.network.bias, Moments { first, second });
        self.gradient = Some(packed);
        self.network.renew_forward_tiles(level);
        self.sum_columns(level, samples);
        if let Some(step) = rules.muon {
            self.take_muon(compute, step, samples);
        }
    }

    fn gradients_of(
        &mut self,
        compute: &mut Compute,
        samples: &Samples,
        objective: Objective<'_>,
        rows: &[u32],
        count: f64,
        zeros: &Parameters,
    ) -> Gradients {
        let loss = self.propagate(compute, samples, objective, rows, count);
        // Where the first moments are, the rule leaves the gradient.
        let mut packed = self.take_packed_gradient();
        self.swap_first_moments(&mut packed);
        self.update(compute, Rule::KeepGradient.into(), samples);
        self.swap_first_moments(&mut packed);
        let mut by_parameter = zeros.clone();
        self.network.store_from(&packed.weights, &packed.bias, &mut by_parameter);
        self.gradient = Some(packed);
        Gradients { loss, by_parameter }
    }

    fn swap_first_moments(&mut self, packed: &mut PackedGradient) {
        std::mem::swap(&mut self.weight_moments[0], &mut packed.weights);
        std::mem::swap(&mut self.bias_moments[0], &mut packed.bias);
    }

    fn take_packed_gradient(&mut self) -> Box<PackedGradient> {
        self.gradient.take().unwrap_or_else(|| {
            let [weights, bias] =
                [&self.network.backward, &self.network.bias].map(|numbers| Aligned::zeros(numbers.len()));
            Box::new(PackedGradient { weights, bias })
        })
    }
}
