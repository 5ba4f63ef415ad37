//! The Fréchet distance of two clouds of points, each taken for a normal distribution (Dowson & Landau 1982; Heusel et al.
//! 2017).

use faer::{Mat, Side};

/// Eigenvalues below this share of the greatest are rounding.
const RANK: f64 = 1e-12;

/// The mean and the covariance (divided by n − 1) of a cloud of points.
#[derive(Clone, Debug)]
pub struct Cloud {
    mean: Vec<f64>,
    covariance: Mat<f64>,
}

/// The cloud to compare others with, and its covariance's root.
#[derive(Clone, Debug)]
pub struct FrechetReference {
    cloud: Cloud,
    root: Mat<f64>,
}

/// The eigenvalues of a covariance cannot be computed: the points hold numbers that are not finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the Fréchet distance cannot be computed; do the images hold NaN or infinite numbers?")]
pub struct FrechetError;

/// A distance, and what each of the points contributes to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Frechet {
    /// `‖μ − μ′‖² + tr(Σ + Σ′ − 2·(Σ′^½ Σ Σ′^½)^½)`.
    pub distance: f64,
    /// For each point, the distance plus the point's influence on it, so that their mean is the distance. The mean over a
    /// resample of the points is, to first order, the resample's distance (the infinitesimal jackknife, Efron 1982).
    pub by_point: Vec<f64>,
}

impl Cloud {
    /// Of `points`, rows × `width`.
    ///
    /// # Panics
    /// If there are fewer than two.
    pub fn of(points: &[f32], width: usize) -> Self {
        let rows = points.len() / width;
        assert!(rows > 1, "a covariance needs two points, there are {rows}");
        let mean: Vec<f64> = (0..width)
            .map(|k| points.iter().skip(k).step_by(width).map(|&x| f64::from(x)).sum::<f64>() / rows as f64)
            .collect();
        let centred = centred(points, &mean);
        let covariance = centred.transpose() * &centred * (1.0 / (rows - 1) as f64);
        Self { mean, covariance }
    }
}

fn centred(points: &[f32], mean: &[f64]) -> Mat<f64> {
    let width = mean.len();
    Mat::from_fn(points.len() / width, width, |row, k| f64::from(points[row * width + k]) - mean[k])
}

impl FrechetReference {
    /// Of `points`, rows × `width`.
    ///
    /// # Errors
    /// If they are not finite.
    ///
    /// # Panics
    /// If there are fewer than two.
    pub fn new(points: &[f32], width: usize) -> Result<Self, FrechetError> {
        let cloud = Cloud::of(points, width);
        let (values, vectors) = eigen(&cloud.covariance)?;
        let root =
            &vectors * diagonal(values.iter().map(|value| value.max(0.0).sqrt())) * vectors.transpose();
        Ok(Self { cloud, root })
    }

    /// The distance of `points`, rows × width, from the reference.
    ///
    /// With S = Σ′^½ and the eigenvectors V and eigenvalues ℓ of S·Σ·S, the trace is tr Σ + tr Σ′ − 2·Σ√ℓ. Its derivative by Σ
    /// is I − T, T = S·V·ℓ^−½·Vᵀ·S, the optimal transport from Σ to Σ′; a point at distance d from μ has the influence
    /// `2·(μ − μ′)·d + dᵀ(I − T)d`, less the mean of that.
    ///
    /// # Errors
    /// If they are not finite.
    ///
    /// # Panics
    /// If there are fewer than two.
    pub fn distance(&self, points: &[f32]) -> Result<Frechet, FrechetError> {
        let width = self.cloud.mean.len();
        let Cloud { mean, covariance } = Cloud::of(points, width);
        let product = &self.root * &covariance * &self.root;
        let (values, vectors) = eigen(&product)?;
        let apart: Vec<f64> = mean.iter().zip(&self.cloud.mean).map(|(a, b)| a - b).collect();
        let trace = |matrix: &Mat<f64>| (0..width).map(|i| matrix[(i, i)]).sum::<f64>();
        let roots: f64 = values.iter().map(|value| value.max(0.0).sqrt()).sum();
        let between: f64 = apart.iter().map(|x| x * x).sum();
        let distance = between + trace(&covariance) + trace(&self.cloud.covariance) - 2.0 * roots;

        let least = RANK * values.iter().copied().fold(0.0, f64::max);
        let moved = centred(points, &mean);
        let seen = &moved * (&self.root * &vectors);
        let inverse_roots: Vec<f64> =
            values.iter().map(|&value| if value > least { value.sqrt().recip() } else { 0.0 }).collect();
        let influence = |row: usize| -> f64 {
            let linear: f64 = apart.iter().enumerate().map(|(k, a)| 2.0 * a * moved[(row, k)]).sum();
            let own: f64 = (0..width).map(|k| moved[(row, k)] * moved[(row, k)]).sum();
            let transported: f64 =
                inverse_roots.iter().enumerate().map(|(k, r)| r * seen[(row, k)] * seen[(row, k)]).sum();
            linear + own - transported
        };
        let mut by_point: Vec<f64> = (0..moved.nrows()).map(influence).collect();
        let offset = distance - by_point.iter().sum::<f64>() / by_point.len() as f64;
        by_point.iter_mut().for_each(|x| *x += offset);
        Ok(Frechet { distance, by_point })
    }
}

fn eigen(matrix: &Mat<f64>) -> Result<(Vec<f64>, Mat<f64>), FrechetError> {
    if !matrix.col_iter().flat_map(|column| column.iter().copied().collect::<Vec<_>>()).all(f64::is_finite) {
        return Err(FrechetError);
    }
    let decomposition = matrix.self_adjoint_eigen(Side::Lower).map_err(|_| FrechetError)?;
    let values = decomposition.S().column_vector().iter().copied().collect();
    Ok((values, decomposition.U().to_owned()))
}

fn diagonal(values: impl Iterator<Item = f64>) -> Mat<f64> {
    let values: Vec<f64> = values.collect();
    Mat::from_fn(values.len(), values.len(), |i, k| if i == k { values[i] } else { 0.0 })
}
