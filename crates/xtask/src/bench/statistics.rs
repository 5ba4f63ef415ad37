//! Medians and spreads.

/// The middle and the ends of some numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Half of the numbers are at most this.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub most: f64,
}

/// Of no numbers, there is none.
pub fn spread(numbers: &[f64]) -> Option<Spread> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (&least, &most) = (sorted.first()?, sorted.last()?);
    let median = (sorted[sorted.len() / 2] + sorted[(sorted.len() - 1) / 2]) / 2.0;
    Some(Spread { median, least, most })
}

/// The mean, and the sum of the squared distances from it.
pub fn mean_and_squares(numbers: &[f64]) -> (f64, f64) {
    let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
    (mean, numbers.iter().map(|number| (number - mean).powi(2)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_count_has_its_median_between_two() {
        assert_eq!(spread(&[4.0, 1.0, 3.0]), Some(Spread { median: 3.0, least: 1.0, most: 4.0 }));
        assert_eq!(spread(&[4.0, 1.0, 3.0, 9.0]).unwrap().median, 3.5);
        assert_eq!(spread(&[]), None);
        assert_eq!(mean_and_squares(&[1.0, 3.0]), (2.0, 2.0));
    }
}
