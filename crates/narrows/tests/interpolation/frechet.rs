//! The linearisation of the Fréchet distance, on which its interval rests.

use narrows::interpolate::quality::frechet::FrechetReference;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const WIDTH: usize = 6;

/// Sums of four uniform numbers: near to normal, and not alike in all directions.
fn cloud(rows: usize, shift: f32, random: &mut ChaCha8Rng) -> Vec<f32> {
    let mut uniform = || (random.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0;
    (0..rows * WIDTH)
        .map(|i| {
            let size = 0.5 + (i % WIDTH) as f32;
            shift + size * (0..4).map(|_| uniform()).sum::<f32>()
        })
        .collect()
}

#[test]
fn a_points_influence_is_the_derivative_of_the_distance() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let reference = FrechetReference::new(&cloud(500, 0.0, &mut random), WIDTH).unwrap();
    let points = cloud(4000, 0.7, &mut random);
    let frechet = reference.distance(&points).unwrap();
    for i in [0, 17, 1234, 3999] {
        let mut more = points.clone();
        more.extend_from_slice(&points[i * WIDTH..][..WIDTH]);
        // Once more among 4,001 points: a 4,001st part of the way to the point, but for terms of second order.
        let moved = 4001.0 * (reference.distance(&more).unwrap().distance - frechet.distance);
        let influence = frechet.by_point[i] - frechet.distance;
        assert!((moved - influence).abs() < 0.02 * influence.abs() + 0.05, "point {i}: {moved}, {influence}");
    }
}

#[test]
fn means_over_resamples_spread_as_the_distances_of_resamples_do() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let reference = FrechetReference::new(&cloud(500, 0.0, &mut random), WIDTH).unwrap();
    let points = cloud(400, 0.5, &mut random);
    let by_point = reference.distance(&points).unwrap().by_point;
    let (mut distances, mut means) = (Vec::new(), Vec::new());
    for _ in 0..600 {
        let drawn: Vec<usize> = (0..400).map(|_| random.next_u32() as usize % 400).collect();
        let resample: Vec<f32> = drawn.iter().flat_map(|&i| points[i * WIDTH..][..WIDTH].to_vec()).collect();
        distances.push(reference.distance(&resample).unwrap().distance);
        means.push(drawn.iter().map(|&i| by_point[i]).sum::<f64>() / 400.0);
    }
    let spread = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
    };
    // A spread of 600 is known to 1/√1200 = 3 %, but both are of the same draws; what is left is of second order.
    let (exact, linear) = (spread(&distances), spread(&means));
    assert!((exact / linear - 1.0).abs() < 0.1, "{exact}, {linear}");
}

#[test]
fn what_is_not_finite_is_an_error() {
    assert!(FrechetReference::new(&[1.0, f32::NAN, 2.0, 3.0], 2).is_err());
    let reference = FrechetReference::new(&[1.0, 0.0, 2.0, 3.0, 4.0, 4.0], 2).unwrap();
    assert!(reference.distance(&[1.0, f32::INFINITY, 2.0, 3.0]).is_err());
}
