//! 95 % intervals of means over paths, and over training seeds.
//!
//! Paths that share an image are not independent: what is odd about the image is in all of them. And the paths of two training
//! seeds are the same paths. So the variance of the mean is put together from its sources:
//!
//! * **images**: paths are clustered by their image at either end, `V = V₁ + V₂ − V₁₂` with
//!   `V_c = G_c/(G_c − 1) · Σ_g (Σ_{p ∈ g} (x_p − x̄))² / P²`, over the clusters of the first ends (1), of the second ends (2), and of
//!   single paths (12), G_c their number (Cameron, Gelbach & Miller 2011). It is never taken for less than V₁₂, which is what
//!   independent paths would have. Its degrees of freedom are those of the end with fewer images.
//! * **seeds**: the variance of the means of S seeds, over S, with S − 1 degrees of freedom. Of one seed nothing is known, and the
//!   interval is over paths alone.
//!
//! The interval is `x̄ ± t·√V`, V the sum of both, t the 97.5th percentile of Student's distribution with the degrees of freedom
//! of Satterthwaite (1946): `V² / Σ Vᵢ²/νᵢ`. With three seeds that differ much, t is near 4.3.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Which paths share an image at one of their ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clusters {
    /// For the first and the second end, the number of its image for each path, counted from 0.
    images: [Vec<usize>; 2],
    /// How many images each end has.
    counts: [usize; 2],
}

/// A mean with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Interval {
    pub mean: f64,
    pub low: f64,
    pub high: f64,
}

impl Clusters {
    /// Of pairs of rows, one a path.
    pub fn of(pairs: &[[usize; 2]]) -> Self {
        let ends = [0, 1].map(|end| {
            let rows: Vec<usize> = pairs.iter().map(|pair| pair[end]).collect();
            let mut known = rows.clone();
            known.sort_unstable();
            known.dedup();
            let images: Vec<usize> =
                rows.iter().map(|row| known.partition_point(|other| other < row)).collect();
            (images, known.len())
        });
        Self { counts: [ends[0].1, ends[1].1], images: ends.map(|(images, _)| images) }
    }

    /// The variance of the mean of `values`, one a path, and its degrees of freedom.
    fn variance(&self, values: &[f64], mean: f64) -> (f64, f64) {
        let squared_count = (values.len() as f64).powi(2);
        let corrected = |clusters: usize, squares: f64| {
            let clusters = clusters as f64;
            clusters / (clusters - 1.0) * squares / squared_count
        };
        let [first, second] = [0, 1].map(|end| {
            let mut sums = vec![0.0; self.counts[end]];
            for (&image, value) in self.images[end].iter().zip(values) {
                sums[image] += value - mean;
            }
            corrected(self.counts[end], sums.iter().map(|sum| sum * sum).sum())
        });
        let alone = corrected(values.len(), values.iter().map(|value| (value - mean).powi(2)).sum());
        let fewer = self.counts[0].min(self.counts[1]);
        ((first + second - alone).max(alone), (fewer - 1) as f64)
    }
}

/// The mean of `values` (seeds × paths) with its interval.
///
/// # Panics
/// If there is no seed, the seeds have not as many paths as `clusters`, or an end has less than two images.
pub(super) fn interval(values: &[Vec<f64>], clusters: &Clusters) -> Interval {
    let (seeds, paths) = (values.len() as f64, clusters.images[0].len());
    assert!(values.iter().all(|of_seed| of_seed.len() == paths), "two models are compared on the same paths");
    assert!(clusters.counts.iter().all(|&images| images > 1), "an interval needs two images at each end");
    let over_seeds: Vec<f64> =
        (0..paths).map(|path| values.iter().map(|of_seed| of_seed[path]).sum::<f64>() / seeds).collect();
    let mean = average(&over_seeds);
    let mut sources = vec![clusters.variance(&over_seeds, mean)];
    if values.len() > 1 {
        let squares: f64 = values.iter().map(|of_seed| (average(of_seed) - mean).powi(2)).sum();
        sources.push((squares / (seeds - 1.0) / seeds, seeds - 1.0));
    }
    let variance: f64 = sources.iter().map(|(variance, _)| variance).sum();
    let of_squares: f64 = sources.iter().map(|(variance, freedom)| variance * variance / freedom).sum();
    let half = if variance > 0.0 { student(variance * variance / of_squares) * variance.sqrt() } else { 0.0 };
    Interval { mean, low: mean - half, high: mean + half }
}

/// The 97.5th percentile of Student's distribution: a 95 % interval reaches so many standard errors to either side of a mean.
pub(crate) fn student(freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).expect("degrees of freedom are positive").inverse_cdf(0.975)
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::super::pairs::{Between, draw};
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_tables() {
        for (freedom, expected) in [(1.0, 12.706), (2.0, 4.303), (9.0, 2.262), (973.0, 1.962)] {
            assert!((student(freedom) - expected).abs() < 5e-4, "{freedom}: {}", student(freedom));
        }
    }

    #[test]
    fn paths_without_a_common_image_are_an_ordinary_sample() {
        let clusters = Clusters::of(&[[0, 9], [3, 7], [5, 8]]);
        // t with 2 degrees of freedom, a variance of 1, three values.
        let found = interval(&[vec![1.0, 2.0, 3.0]], &clusters);
        assert!((found.mean - 2.0).abs() < 1e-12);
        assert!((found.high - 2.0 - 4.302_653 / 3_f64.sqrt()).abs() < 1e-4, "{found:?}");
    }

    #[test]
    fn paths_that_repeat_an_image_are_worth_no_more_than_their_images() {
        // Two images of one class, each on the way to 50 others, and nothing but the first image matters.
        let pairs: Vec<[usize; 2]> = (0..100).map(|path| [path % 2, 2 + path / 2]).collect();
        let values: Vec<f64> = (0..100).map(|path| f64::from(path % 2)).collect();
        let found = interval(&[values], &Clusters::of(&pairs));
        assert!(found.high - found.low > 10.0, "two images say next to nothing: {found:?}");
    }

    /// About normal, by twelve uniform numbers.
    fn normal(random: &mut ChaCha8Rng) -> f64 {
        (0..12).map(|_| f64::from(random.next_u32()) / 4_294_967_296.0).sum::<f64>() - 6.0
    }

    /// How often the interval holds 0, the truth, where two models differ by chance alone: by image, by path, by seed.
    fn coverage(images: [usize; 2], seeds: usize, [of_image, of_path, of_seed]: [f64; 3]) -> f64 {
        const REPETITIONS: usize = 2000;
        let mut random = ChaCha8Rng::seed_from_u64(images[0] as u64 + 1000 * seeds as u64);
        let labels: Vec<u32> = (0..images[0] + images[1]).map(|row| u32::from(row >= images[0])).collect();
        let between = Between::Classes(0, 1);
        let pairs = draw(between, labels.len(), Some(&labels), 1000, 1).unwrap();
        let clusters = Clusters::of(&pairs);
        let held = (0..REPETITIONS).filter(|_| {
            let odd: Vec<f64> = labels.iter().map(|_| of_image * normal(&mut random)).collect();
            let ways: Vec<f64> =
                pairs.iter().map(|&[a, b]| odd[a] + odd[b] + of_path * normal(&mut random)).collect();
            let values: Vec<Vec<f64>> = (0..seeds)
                .map(|_| {
                    let shift = of_seed * normal(&mut random);
                    ways.iter().map(|x| x + shift + 0.3 * normal(&mut random)).collect()
                })
                .collect();
            let Interval { low, high, .. } = interval(&values, &clusters);
            low <= 0.0 && 0.0 <= high
        });
        held.count() as f64 / REPETITIONS as f64
    }

    /// Two models of one distribution, compared again and again: 2,000 repetitions tell a coverage to ±1 %. Small classes and few
    /// seeds make the interval a little too wide rather than too narrow.
    #[test]
    fn intervals_hold_the_truth_in_95_of_100_comparisons() {
        for (images, seeds, noise) in [
            ([50, 50], 1, [1.0, 1.0, 0.0]),
            ([12, 30], 1, [1.0, 0.5, 0.0]),
            ([974, 1028], 1, [0.5, 1.0, 0.0]),
            ([50, 50], 3, [0.3, 1.0, 1.0]),
            ([974, 1028], 3, [0.5, 1.0, 0.02]),
        ] {
            let held = coverage(images, seeds, noise);
            assert!((0.935..=0.985).contains(&held), "{images:?}, {seeds} seeds: {held}");
        }
    }

    #[test]
    fn pairs_are_different_ones() {
        let labels: Vec<u32> = (0..30).map(|row| u32::from(row >= 10)).collect();
        let mut drawn = draw(Between::Classes(0, 1), 30, Some(&labels), 1000, 3).unwrap();
        assert_eq!(drawn.len(), 200, "ten images and twenty have so many pairs");
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 200);
    }
}
