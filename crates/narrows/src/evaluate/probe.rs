//! The linear probe: multinomial logistic regression on codes, to tell whether planes separate the classes.

use faer::prelude::Solve;
use faer::{Mat, Side};
use narrows_kernels::team::{Bounds, Split};
use serde::{Deserialize, Serialize};

use super::classes::{ClassesError, Labelled};
use crate::compute::Compute;
use crate::dataset::{Moments, Samples};
use crate::pca::covariance;

/// The largest entry of the gradient of the mean loss at which the fit has converged: a tenth of what scikit-learn asks for.
const TOLERANCE: f64 = 1e-5;

/// Several times what the codes of MNIST take (60 to 120).
const MAX_ITERATIONS: usize = 500;

/// Steps that the inverse Hessian is made from; ten is what Liu & Nocedal (1989) and SciPy take.
const MEMORY: usize = 10;

/// Classes that are computed side by side.
const GROUP: usize = 8;

/// Parts that the rows are summed in: fixed, so that the sum does not depend on the threads.
const PARTS: usize = 32;

/// How well planes separate the classes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinearProbe {
    /// The share of the test set whose class is found.
    pub accuracy: f64,
    /// Iterations of the fit.
    pub iterations: usize,
    /// Whether the fit reached its tolerance.
    pub converged: bool,
}

/// Fits on `train`, measures on `test`.
///
/// Minimises `1/n·(Σᵢ −log softmax(W·xᵢ + b)[yᵢ] + ½‖W‖²)` with x the codes, standardised on `train`: the objective of
/// scikit-learn's `LogisticRegression()` with C = 1. By L-BFGS whose first matrix is the inverse of Böhning's (1992) bound on
/// the Hessian, `½·XᵀX/n + I/n` for each class.
///
/// # Errors
/// If the codes are of different sizes.
pub fn linear_probe(
    compute: &mut Compute,
    train: Labelled<'_>,
    test: Labelled<'_>,
) -> Result<LinearProbe, ClassesError> {
    train.check_space_of(&test)?;
    let scaling = Standardisation::of(train.codes.values, train.codes.dimension);
    let problem = Problem::new(scaling.apply(train.codes.values), train);
    let (weights, iterations, converged) = problem.minimise(compute);
    let codes = scaling.apply(test.codes.values);
    let rows = codes.chunks_exact(test.codes.dimension);
    let right = rows.zip(test.labels).filter(|(x, label)| problem.classify(&weights, x) == **label).count();
    Ok(LinearProbe { accuracy: right as f64 / test.labels.len() as f64, iterations, converged })
}

/// Each number to mean 0 and variance 1; a constant one only to mean 0.
struct Standardisation {
    mean: Vec<f64>,
    deviation: Vec<f64>,
}

impl Standardisation {
    fn of(codes: &[f32], dimension: usize) -> Self {
        let moments = Moments::of_rows(codes, dimension);
        let deviation = |column: &Moments| if column.is_constant() { 1.0 } else { column.variance().sqrt() };
        Self {
            mean: moments.iter().map(|column| column.mean).collect(),
            deviation: moments.iter().map(deviation).collect(),
        }
    }

    fn apply(&self, codes: &[f32]) -> Vec<f32> {
        let by_number = self.mean.iter().zip(&self.deviation).cycle();
        codes
            .iter()
            .zip(by_number)
            .map(|(&x, (mean, deviation))| ((f64::from(x) - mean) / deviation) as f32)
            .collect()
    }
}

/// The data of the fit. Parameters lie as `[group of 8 classes][number of the code, then the bias][class]`.
struct Problem {
    x: Vec<f32>,
    dimension: usize,
    /// Index of the class of each row.
    targets: Vec<usize>,
    /// The classes by index.
    classes: Vec<u32>,
}

impl Problem {
    fn new(x: Vec<f32>, train: Labelled<'_>) -> Self {
        let mut classes = train.labels.to_vec();
        classes.sort_unstable();
        classes.dedup();
        let index = |label: &u32| classes.binary_search(label).expect("every label is a class");
        let targets = train.labels.iter().map(index).collect();
        Self { x, dimension: train.codes.dimension, targets, classes }
    }

    fn groups(&self) -> usize {
        self.classes.len().div_ceil(GROUP)
    }

    fn group_len(&self) -> usize {
        (self.dimension + 1) * GROUP
    }

    fn parameters(&self) -> usize {
        self.groups() * self.group_len()
    }

    /// `W·x + b`, classes padded to whole groups.
    fn logits(&self, weights: &[f64], x: &[f32], logits: &mut [f64]) {
        for (logits, weights) in
            logits.as_chunks_mut::<GROUP>().0.iter_mut().zip(weights.chunks_exact(self.group_len()))
        {
            let (rows, _) = weights.as_chunks::<GROUP>();
            let mut sums = rows[self.dimension];
            for (&x, row) in x.iter().zip(rows) {
                for (sum, w) in sums.iter_mut().zip(row) {
                    *sum += f64::from(x) * w;
                }
            }
            *logits = sums;
        }
    }

    fn classify(&self, weights: &[f64], x: &[f32]) -> u32 {
        let mut logits = vec![0.0; self.groups() * GROUP];
        self.logits(weights, x, &mut logits);
        let best = (0..self.classes.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]).then(b.cmp(&a)));
        self.classes[best.expect("there is a class")]
    }

    /// The objective, and its gradient into `gradient`.
    fn objective(&self, compute: &mut Compute, weights: &[f64], gradient: &mut [f64]) -> f64 {
        let (rows, length) = (self.targets.len(), self.parameters());
        let mut parts = vec![0.0; PARTS * (length + 1)];
        let bounds = Bounds::even(PARTS, length + 1);
        compute.team.for_each([Split::new(&mut parts, &bounds)], |part, [out]| {
            let (loss, gradient) = out.split_first_mut().expect("the loss stands first");
            let range = part * rows / PARTS..(part + 1) * rows / PARTS;
            let mut p = vec![0.0; self.groups() * GROUP];
            for row in range {
                let x = &self.x[row * self.dimension..][..self.dimension];
                self.logits(weights, x, &mut p);
                *loss += softmax(&mut p, self.classes.len(), self.targets[row]);
                for (p, gradient) in
                    p.as_chunks::<GROUP>().0.iter().zip(gradient.chunks_exact_mut(self.group_len()))
                {
                    let (rows, _) = gradient.as_chunks_mut::<GROUP>();
                    for (&x, row) in x.iter().chain(&[1.0]).zip(rows) {
                        for (sum, p) in row.iter_mut().zip(p) {
                            *sum += f64::from(x) * p;
                        }
                    }
                }
            }
        });
        gradient.fill(0.0);
        let mut total = 0.0;
        for part in parts.chunks_exact(length + 1) {
            total += part[0];
            gradient.iter_mut().zip(&part[1..]).for_each(|(sum, x)| *sum += x);
        }
        for (weights, gradient) in
            weights.chunks_exact(self.group_len()).zip(gradient.chunks_exact_mut(self.group_len()))
        {
            // The biases, which stand last, are not drawn to 0.
            let penalised = self.dimension * GROUP;
            total += 0.5 * weights[..penalised].iter().map(|w| w * w).sum::<f64>();
            gradient[..penalised].iter_mut().zip(weights).for_each(|(g, w)| *g += w);
        }
        gradient.iter_mut().for_each(|g| *g /= rows as f64);
        total / rows as f64
    }

    /// The inverse of `½·XᵀX/n + I/n`, with a 1 behind every x for the bias. Since the mean of x is 0, the bias has
    /// nothing in common with the rest.
    fn preconditioner(&self, compute: &mut Compute) -> Mat<f64> {
        let (size, rows) = (self.dimension + 1, self.targets.len() as f64);
        let samples = Samples::in_model_scale(self.dimension, self.x.clone())
            .expect("labelled codes are finite, and so they are standardised");
        let (_, covariance) = covariance(compute, &samples).expect("they are in memory");
        let bound = Mat::from_fn(size, size, |i, j| {
            let product = if i < self.dimension && j < self.dimension { covariance[(i, j)] } else { 0.0 };
            match i == j {
                true => 0.5 * if i < self.dimension { product } else { 1.0 } + 1.0 / rows,
                false => 0.5 * product,
            }
        });
        let identity = Mat::<f64>::identity(size, size);
        match bound.llt(Side::Lower) {
            Ok(cholesky) => cholesky.solve(&identity),
            // Only rounding could make it indefinite; the method works without it, only slower.
            Err(_) => identity,
        }
    }

    /// L-BFGS (Liu & Nocedal 1989) from 0: the parameters, the iterations, and whether it converged.
    fn minimise(&self, compute: &mut Compute) -> (Vec<f64>, usize, bool) {
        let preconditioner = self.preconditioner(compute);
        let mut weights = vec![0.0; self.parameters()];
        let mut gradient = weights.clone();
        let mut value = self.objective(compute, &weights, &mut gradient);
        let mut history: Vec<Update> = Vec::new();
        for iteration in 0..MAX_ITERATIONS {
            if gradient.iter().all(|g| g.abs() <= TOLERANCE) {
                return (weights, iteration, true);
            }
            let direction = self.direction(&preconditioner, &history, &gradient);
            let slope = dot(&direction, &gradient);
            let mut new_gradient = vec![0.0; weights.len()];
            let mut length = 1.0;
            let (candidate, new_value) = loop {
                let candidate: Vec<f64> =
                    weights.iter().zip(&direction).map(|(w, d)| w + length * d).collect();
                let new_value = self.objective(compute, &candidate, &mut new_gradient);
                // Armijo's condition; the objective is convex, so that a short enough step meets it.
                if new_value <= value + 1e-4 * length * slope {
                    break (candidate, new_value);
                }
                length *= 0.5;
                if length < 1e-10 {
                    // The objective does not change any more: rounding is all that is left of the gradient.
                    return (weights, iteration, false);
                }
            };
            let step: Vec<f64> = candidate.iter().zip(&weights).map(|(a, b)| a - b).collect();
            let change: Vec<f64> = new_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
            let curvature = dot(&step, &change);
            if curvature > f64::EPSILON * dot(&change, &change) {
                history.push(Update { step, change, curvature });
                if history.len() > MEMORY {
                    history.remove(0);
                }
            }
            (weights, gradient, value) = (candidate, new_gradient, new_value);
        }
        (weights, MAX_ITERATIONS, false)
    }

    /// `−H·gradient` by the two loops of L-BFGS.
    fn direction(&self, preconditioner: &Mat<f64>, history: &[Update], gradient: &[f64]) -> Vec<f64> {
        let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut factors = Vec::with_capacity(history.len());
        for update in history.iter().rev() {
            let factor = dot(&update.step, &q) / update.curvature;
            q.iter_mut().zip(&update.change).for_each(|(q, y)| *q -= factor * y);
            factors.push(factor);
        }
        let scale = history.last().map_or(1.0, |update| {
            update.curvature / dot(&update.change, &self.precondition(preconditioner, &update.change))
        });
        let mut direction = self.precondition(preconditioner, &q);
        direction.iter_mut().for_each(|d| *d *= scale);
        for (update, factor) in history.iter().zip(factors.iter().rev()) {
            let correction = factor - dot(&update.change, &direction) / update.curvature;
            direction.iter_mut().zip(&update.step).for_each(|(d, s)| *d += correction * s);
        }
        direction
    }

    fn precondition(&self, preconditioner: &Mat<f64>, vector: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; vector.len()];
        for (vector, out) in vector.chunks_exact(self.group_len()).zip(out.chunks_exact_mut(self.group_len()))
        {
            let (vector, out) = (vector.as_chunks::<GROUP>().0, out.as_chunks_mut::<GROUP>().0);
            for (i, out) in out.iter_mut().enumerate() {
                for (j, numbers) in vector.iter().enumerate() {
                    let factor = preconditioner[(i, j)];
                    out.iter_mut().zip(numbers).for_each(|(out, x)| *out += factor * x);
                }
            }
        }
        out
    }
}

/// A step that was taken: s, the change y of the gradient along it, and s·y.
struct Update {
    step: Vec<f64>,
    change: Vec<f64>,
    curvature: f64,
}

/// Logits become `softmax − one-hot(target)`, 0 in the padding; returns `−log softmax[target]`.
fn softmax(logits: &mut [f64], classes: usize, target: usize) -> f64 {
    let (used, padding) = logits.split_at_mut(classes);
    let greatest = used.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let own = used[target] - greatest;
    let mut sum = 0.0;
    for logit in used.iter_mut() {
        *logit = libm::exp(*logit - greatest);
        sum += *logit;
    }
    used.iter_mut().for_each(|p| *p /= sum);
    used[target] -= 1.0;
    padding.fill(0.0);
    libm::log(sum) - own
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
