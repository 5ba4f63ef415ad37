//! Tables: columns far from 0, and what is shared instead of copied.

use narrows::dataset::{Dataset, Normalisation, NormalisationKind, Schema, Values};

use crate::{FEATURES, compute, model, rows};

/// The mean and the variance of a normalised column, in f64.
fn moments_of(column: impl Fn(usize) -> f32, rows: usize) -> (f64, f64) {
    let numbers = (0..rows).map(&column).collect();
    let dataset = Dataset::new("d", Schema::rows(1).unwrap(), Values::Numbers(numbers), None).unwrap();
    let samples = Normalisation::fit(NormalisationKind::Standard, &dataset).unwrap().apply(&dataset).unwrap();
    let values: Vec<f64> = samples.to_vec().into_iter().map(f64::from).collect();
    let mean = values.iter().sum::<f64>() / rows as f64;
    (mean, values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / rows as f64)
}

/// Sixteen levels about 0, in an order without period of the chunks.
fn level(row: usize) -> f32 {
    (row * 2_654_435_761 % 65_521 % 16) as f32 - 7.5
}

#[test]
fn a_million_pressures_that_hardly_vary_are_standardised() {
    let (mean, variance) = moments_of(|row| 1013.25 + level(row) * 0.01 / 7.5, 1_000_000);
    // The offset, about 1.7·10⁵, is rounded to 2⁻⁷, and so is each sum.
    assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.01, "{mean}, {variance}");
}

#[test]
fn a_million_timestamps_are_standardised() {
    let (mean, variance) = moments_of(|row| 1.7e9 + level(row) * 1000.0 / 4.6, 1_000_000);
    // The offset, about 1.7·10⁶, is rounded to 2⁻⁴.
    assert!(mean.abs() < 0.1 && (variance - 1.0).abs() < 0.01, "{mean}, {variance}");
}

#[test]
fn errors_by_feature_add_up_to_those_by_row() {
    let (model, mut compute) = (model(), compute());
    let predictor = model.predictor().unwrap();
    let samples = predictor.samples(&rows(37, FEATURES)).unwrap();
    let by_row = predictor.squared_errors(&mut compute, &samples).unwrap();
    let by_feature = predictor.squared_errors_by_feature(&mut compute, &samples).unwrap();
    assert_eq!(by_feature.len(), 37 * FEATURES);
    for (row, (features, error)) in by_feature.chunks_exact(FEATURES).zip(&by_row).enumerate() {
        let sum: f64 = features.iter().map(|&x| f64::from(x)).sum();
        // Thirty roundings of 2⁻²⁴ each.
        assert!(
            (sum - f64::from(*error)).abs() <= 30.0 * (-24_f64).exp2() * sum,
            "row {row}: {sum} for {error}"
        );
    }
}

#[test]
fn single_rows_and_threads_that_share_a_predictor_give_the_same_bits() {
    let predictor = model().predictor().unwrap();
    let data = rows(50, FEATURES);
    let all = predictor.encode(&mut compute(), &predictor.samples(&data).unwrap()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (predictor, data, all) = (&predictor, &data, &all);
            scope.spawn(move || {
                for row in (thread..50).step_by(2) {
                    let alone = predictor.input().rows(data.raw_row(row)).unwrap();
                    let code = predictor.encode(&mut compute(), &alone).unwrap();
                    assert_eq!(code, all[2 * row..][..2], "row {row}");
                }
            });
        }
    });
}
