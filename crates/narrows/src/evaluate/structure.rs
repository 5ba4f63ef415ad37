//! Whether the latent space keeps the data's neighbourhoods.

use super::neighbours::{Itself, Points, References};
use crate::compute::Compute;

/// How far two spaces agree about who is near whom, each from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Structure {
    /// Whether those near in the latent space are near in the data.
    pub trustworthiness: f64,
    /// Whether those near in the data are near in the latent space.
    pub continuity: f64,
}

/// Trustworthiness and continuity (Venna & Kaski 2001) of `codes` for `data`, of the same rows:
///
/// `T = 1 − 2 / (n·k·(2n − 3k − 1)) · Σᵢ Σ_{j ∈ Uᵢ} max(0, r(i, j) − k)`
///
/// with Uᵢ the k nearest codes of i, and r(i, j) the rank of j among all others by their distance to i in the data, from
/// 1; as scikit-learn's `trustworthiness`. Continuity has data and codes exchanged.
///
/// # Panics
/// Unless 1 ≤ k < n / 2, where the formula ends.
pub fn structure(compute: &mut Compute, data: Points<'_>, codes: Points<'_>, k: usize) -> Structure {
    let n = data.rows();
    assert!(n == codes.rows() && k >= 1 && 2 * k < n, "{k} neighbours, {n} rows, {} codes", codes.rows());
    let spaces = [data, codes];
    let references = spaces.map(References::new);
    let [among_data, among_codes] =
        [0, 1].map(|space| references[space].nearest(compute, spaces[space], k, Itself::LeftOut));
    let mut agreement = |space: usize, neighbours: &[u32]| {
        let mut penalties = vec![0_u64; n];
        references[space].visit_scores(
            compute,
            spaces[space],
            (&mut penalties, 1),
            |row, scores, penalty| {
                penalty[0] = neighbours[row * k..][..k]
                    .iter()
                    .map(|&j| rank(scores, row, j as usize).saturating_sub(k) as u64)
                    .sum();
            },
        );
        let (n, k) = (n as f64, k as f64);
        1.0 - penalties.iter().sum::<u64>() as f64 * 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0))
    };
    Structure { trustworthiness: agreement(0, &among_codes), continuity: agreement(1, &among_data) }
}

/// The rank of `j` among all but `itself`, from 1: by score, the greatest first, then by index.
fn rank(scores: &[f32], itself: usize, j: usize) -> usize {
    let own = scores[j];
    let before = scores[..j].iter().filter(|&&score| score >= own).count();
    let behind = scores[j + 1..].iter().filter(|&&score| score > own).count();
    // The row itself is nearest of all, or, where rows are equal, maybe not by its index.
    let itself_counted = if itself < j { scores[itself] >= own } else { scores[itself] > own };
    1 + before + behind - usize::from(itself_counted)
}
