//! Means and variances of columns: the one place that computes them.
//!
//! Within a chunk of rows in two passes, `μ = Σx/n` and `S = Σ(x − μ)²`; chunks are merged by the formula of Chan, Golub &
//! LeVeque (1979), with δ = μ_b − μ_a:
//!
//! ```text
//! μ = μ_a + δ·n_b/n        S = S_a + S_b + δ²·n_a·n_b/n
//! ```
//!
//! All in f64, and in the order of the rows. `E[x²] − μ²` would lose the variance of numbers that are far from 0 beside
//! their spread, as timestamps are.

/// Rows in a chunk. Any number gives as good a result, but another one gives other last digits.
const CHUNK_ROWS: usize = 1 << 16;

/// What is known of one column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// Values that are there; NaN stands for one that is missing.
    pub count: usize,
    /// Their mean; 0 without values.
    pub mean: f64,
    /// The least of them.
    pub least: f32,
    /// The greatest of them.
    pub greatest: f32,
    /// How many of them are 0.
    pub zeros: usize,
    /// S, the sum of squared distances from the mean.
    squares: f64,
}

impl Moments {
    const NONE: Self = Self {
        count: 0,
        mean: 0.0,
        least: f32::INFINITY,
        greatest: f32::NEG_INFINITY,
        zeros: 0,
        squares: 0.0,
    };

    /// The moments of each column of `rows` rows, which `read` writes one at a time.
    pub fn of_columns(columns: usize, rows: usize, mut read: impl FnMut(usize, &mut [f32])) -> Vec<Self> {
        let mut all = vec![Self::NONE; columns];
        let (mut row_values, mut sums) = (vec![0.0; columns], vec![0.0; columns]);
        for start in (0..rows).step_by(CHUNK_ROWS) {
            let chunk = start..rows.min(start + CHUNK_ROWS);
            let mut moments = vec![Self::NONE; columns];
            sums.fill(0.0);
            for row in chunk.clone() {
                read(row, &mut row_values);
                for ((moments, sum), &x) in moments.iter_mut().zip(&mut sums).zip(&row_values) {
                    moments.see(x, sum);
                }
            }
            for (moments, sum) in moments.iter_mut().zip(&sums) {
                moments.mean = if moments.count > 0 { sum / moments.count as f64 } else { 0.0 };
            }
            for row in chunk {
                read(row, &mut row_values);
                for (moments, &x) in moments.iter_mut().zip(&row_values).filter(|(_, x)| !x.is_nan()) {
                    moments.squares += (f64::from(x) - moments.mean).powi(2);
                }
            }
            all.iter_mut().zip(moments).for_each(|(all, chunk)| *all = all.merged(chunk));
        }
        all
    }

    /// The moments of each column of values that lie row after row.
    pub fn of_rows(values: &[f32], columns: usize) -> Vec<Self> {
        Self::of_columns(columns, values.len() / columns, |row, out| {
            out.copy_from_slice(&values[row * columns..][..columns]);
        })
    }

    /// Divided by the number of values; 0 without values.
    pub fn variance(&self) -> f64 {
        if self.count > 0 { self.squares / self.count as f64 } else { 0.0 }
    }

    /// Whether all values are the same, or there are none.
    pub fn is_constant(&self) -> bool {
        self.least >= self.greatest
    }

    fn see(&mut self, x: f32, sum: &mut f64) {
        if !x.is_nan() {
            self.count += 1;
            self.least = self.least.min(x);
            self.greatest = self.greatest.max(x);
            self.zeros += usize::from(x == 0.0);
            *sum += f64::from(x);
        }
    }

    fn merged(self, other: Self) -> Self {
        if self.count == 0 || other.count == 0 {
            return if self.count == 0 { other } else { self };
        }
        let (a, b) = (self.count as f64, other.count as f64);
        let (n, delta) = (a + b, other.mean - self.mean);
        Self {
            count: self.count + other.count,
            mean: self.mean + delta * b / n,
            least: self.least.min(other.least),
            greatest: self.greatest.max(other.greatest),
            zeros: self.zeros + other.zeros,
            squares: self.squares + other.squares + delta * delta * a * b / n,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_timestamps_keep_their_spread() {
        // Multiples of the spacing of f32 there, 128, so that the numbers are exact; their moments are known in integers.
        let rows = 1_000_000;
        let step = |row: usize| (row * 7919 % 33) as i64 - 16;
        let moments = Moments::of_columns(1, rows, |row, out| {
            out[0] = (1.7e9 as i64 / 128 * 128 + 128 * step(row)) as f32
        });
        let sum: i64 = (0..rows).map(step).sum();
        let squares: i64 = (0..rows).map(|row| step(row).pow(2)).sum();
        let mean = sum as f64 / rows as f64;
        let variance = 128.0 * 128.0 * (squares as f64 / rows as f64 - mean * mean);
        let found = moments[0];
        assert!((found.variance() / variance - 1.0).abs() < 1e-9, "{} for {variance}", found.variance());
        assert!((found.mean - (1.7e9_f64 / 128.0).floor() * 128.0 - 128.0 * mean).abs() < 1e-5, "{found:?}");
    }

    #[test]
    fn chunks_are_merged_to_what_one_pass_over_all_rows_gives() {
        let rows = 3 * CHUNK_ROWS / 2 + 7;
        let value =
            |row: usize| ((row * 2_654_435_761) % 1013) as f32 + if row < CHUNK_ROWS { 0.0 } else { 5e4 };
        let found = Moments::of_columns(1, rows, |row, out| out[0] = value(row))[0];
        let mean = (0..rows).map(|row| f64::from(value(row))).sum::<f64>() / rows as f64;
        let variance = (0..rows).map(|row| (f64::from(value(row)) - mean).powi(2)).sum::<f64>() / rows as f64;
        assert!((found.mean - mean).abs() < 1e-10 * mean, "{} for {mean}", found.mean);
        assert!((found.variance() / variance - 1.0).abs() < 1e-12, "{} for {variance}", found.variance());
        assert_eq!((found.count, found.least), (rows, 0.0));
    }

    #[test]
    fn missing_values_count_for_nothing_and_a_constant_column_has_no_variance() {
        let nan = f32::NAN;
        let found = Moments::of_rows(&[1.0, 7.1, nan, nan, 7.1, nan, 3.0, 7.1, nan], 3);
        assert_eq!((found[0].count, found[0].mean, found[0].variance()), (2, 2.0, 1.0));
        assert!(found[1].is_constant() && found[1].variance() < 1e-30 && !found[0].is_constant());
        assert_eq!((found[2].count, found[2].mean, found[2].variance()), (0, 0.0, 0.0));
    }
}
