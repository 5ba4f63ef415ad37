//! Whether everyone computed the same: a fast wrong answer is not fast.

use super::contestant::Library;
use super::results::{Entry, Side};
use super::statistics::mean_and_squares;
use super::workload::Kind;

/// Training: how far mean losses may lie from each other, as a share of them.
const TOLERANCE: f64 = 0.05;

/// The relative standard deviation of the second epoch's loss over seeds: eight seeds of `three-layer` had 0.05, of
/// `pca` and `table` 0.015.
const DEVIATION: f64 = 0.05;

/// Inference and PCA have one right answer; float32 sums of 784 squares are good to 10⁻⁵, a float32 covariance to 10⁻⁴.
const EXACT_TOLERANCE: f64 = 1e-3;

/// What is wrong with a workload's figures, a sentence each. That a peer cannot run here is no fault of theirs: the table
/// says it.
pub fn failures(entry: &Entry) -> Vec<String> {
    let narrows = entry.sides.iter().filter(|side| side.library == Library::Narrows);
    let could_not = narrows.filter_map(|side| {
        let failure = side.failure.as_ref()?;
        Some(format!("{}: {} could not be measured: {failure}", entry.workload, side.name()))
    });
    could_not.chain(different_losses(entry)).chain(different_bits(entry)).collect()
}

fn different_losses(entry: &Entry) -> Vec<String> {
    let Some(narrows) = entry.narrows().filter(|side| !side.losses().is_empty()) else { return Vec::new() };
    let (expected, _) = mean_and_squares(&narrows.losses());
    let tolerance = tolerance(entry);
    let peers =
        entry.sides.iter().filter(|side| side.library != Library::Narrows && !side.losses().is_empty());
    peers
        .filter_map(|peer| {
            let (found, _) = mean_and_squares(&peer.losses());
            let distance = (found / expected - 1.0).abs();
            (distance.is_nan() || distance > tolerance).then(|| {
                format!(
                    "{}: narrows comes to a loss of {expected:.5}, {} to {found:.5}: {:.1} % apart, more than {:.1} %",
                    entry.workload,
                    peer.name(),
                    100.0 * distance,
                    100.0 * tolerance,
                )
            })
        })
        .collect()
}

/// Seeds differ, and with them losses. Two means of r rounds lie within 3·σ·√(2/r) of each other by chance.
fn tolerance(entry: &Entry) -> f64 {
    let rounds = entry.narrows().map_or(1, |side| side.rounds.len());
    match entry.kind {
        Kind::Training => TOLERANCE.max(3.0 * DEVIATION * (2.0 / rounds as f64).sqrt()),
        _ => EXACT_TOLERANCE,
    }
}

/// narrows' bits do not depend on its threads, nor do its losses.
fn different_bits(entry: &Entry) -> Option<String> {
    let (many, one) = (entry.narrows()?.losses(), entry.narrows_on_one_thread().map(Side::losses)?);
    let (many, one) = many.iter().zip(&one).find(|(many, one)| many != one)?;
    Some(format!(
        "{}: narrows comes to {many} on all threads, to {one} on one; they must be equal",
        entry.workload
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measurement::Measurement;

    fn entry(kind: Kind, losses: [&[f64]; 3]) -> Entry {
        let side = |(library, threads), losses: &[f64]| Side {
            library,
            variant: String::new(),
            threads,
            rounds: losses
                .iter()
                .map(|&loss| Measurement { loss: Some(loss), ..Measurement::default() })
                .collect(),
            failure: None,
        };
        let libraries = [(Library::Narrows, 2), (Library::Narrows, 1), (Library::Jax, 2)];
        Entry {
            workload: "three-layer".to_owned(),
            kind,
            threads: 2,
            rows: 0,
            gflop: None,
            measured_at: 0,
            commit: String::new(),
            sides: libraries.into_iter().zip(losses).map(|(library, losses)| side(library, losses)).collect(),
        }
    }

    #[test]
    fn losses_agree_within_what_seeds_do() {
        let close = entry(Kind::Training, [&[0.10, 0.11], &[0.10, 0.11], &[0.11, 0.105]]);
        assert_eq!(failures(&close), [""; 0]);
        let far = entry(Kind::Training, [&[0.10; 20], &[0.10; 20], &[0.12; 20]]);
        assert!(failures(&far)[0].contains("20.0 % apart"), "{:?}", failures(&far));
        let nan = entry(Kind::Training, [&[0.10; 20], &[0.10; 20], &[f64::NAN; 20]]);
        assert_eq!(failures(&nan).len(), 1);
        let inexact = entry(Kind::Inference, [&[0.1], &[0.1], &[0.1002]]);
        assert_eq!(failures(&inexact).len(), 1);
    }

    #[test]
    fn threads_must_not_change_a_bit() {
        let other = entry(Kind::Training, [&[0.1], &[0.1 + 1e-16], &[0.1]]);
        assert!(failures(&other)[0].contains("must be equal"), "{:?}", failures(&other));
    }
}
