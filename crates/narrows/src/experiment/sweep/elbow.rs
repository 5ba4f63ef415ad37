//! Where a curve of errors over latent sizes bends: from there on more latents bring little.
//!
//! The rule is that of Kneedle (Satopää, Albrecht, Irwin & Raghavan 2011, "Finding a 'kneedle' in a haystack"), without its
//! smoothing: sizes and errors are brought to [0, 1], and the elbow is the size that lies the furthest below the straight line
//! from the first to the last.

use super::summary::AtLatent;

/// Why a curve has no elbow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoElbow {
    /// Two points are always a straight line.
    FewSizes,
    /// The last size is no better than the first by more than seeds differ.
    NoGain,
    /// No size lies below the straight line.
    Straight,
}

/// The latent size at the elbow of a curve, whose sizes ascend.
pub(super) fn elbow(curve: &[AtLatent]) -> Result<usize, NoElbow> {
    let [first, .., last] = curve else { return Err(NoElbow::FewSizes) };
    if curve.len() < 3 {
        return Err(NoElbow::FewSizes);
    }
    let (high, low) = (&first.validation, &last.validation);
    let apart = high.low.unwrap_or(high.mean) > low.high.unwrap_or(low.mean);
    if high.mean <= low.mean || !apart {
        return Err(NoElbow::NoGain);
    }
    let below = |at: &AtLatent| {
        let along = (at.latent - first.latent) as f64 / (last.latent - first.latent) as f64;
        let error = (at.validation.mean - low.mean) / (high.mean - low.mean);
        1.0 - along - error
    };
    let furthest = curve.iter().max_by(|a, b| below(a).total_cmp(&below(b)));
    furthest.filter(|at| below(at) > 1e-9).map(|at| at.latent).ok_or(NoElbow::Straight)
}

/// The same in a sentence.
pub(super) fn sentence(found: Result<usize, NoElbow>) -> String {
    match found {
        Ok(latent) => format!(
            "The elbow is at {latent} latents: among the sizes tried, it lies the furthest below the straight line from the \
             smallest to the largest."
        ),
        Err(NoElbow::FewSizes) => "No elbow: that takes at least three latent sizes.".to_owned(),
        Err(NoElbow::NoGain) => {
            "No elbow: the largest latent is not better than the smallest by more than seeds differ."
                .to_owned()
        }
        Err(NoElbow::Straight) => {
            "No elbow: the error falls no faster at first than at the end; try larger latents.".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::summary::MeanError;
    use super::*;

    fn curve(points: &[(usize, f64)], half: f64) -> Vec<AtLatent> {
        let at = |&(latent, mean): &(usize, f64)| {
            let validation = MeanError { mean, low: Some(mean - half), high: Some(mean + half) };
            AtLatent { latent, point: "p".to_owned(), validation, exact_pca: None }
        };
        points.iter().map(at).collect()
    }

    #[test]
    fn a_corner_is_found_where_it_is() {
        for corner in [3_usize, 5, 8] {
            let error =
                |latent: usize| if latent <= corner { 10.0 - latent as f64 } else { 10.0 - corner as f64 };
            let points: Vec<_> =
                (1..=12).map(|latent| (latent, error(latent) - 0.01 * latent as f64)).collect();
            assert_eq!(elbow(&curve(&points, 0.0)), Ok(corner));
        }
    }

    #[test]
    fn the_hyperbola_bends_where_its_slope_is_that_of_the_line() {
        // y = 1/x from 1 to 16: slope −1/x² is that of the line, −1/16, at x = 4.
        let points: Vec<_> = (1..=16).map(|latent| (latent, 1.0 / latent as f64)).collect();
        assert_eq!(elbow(&curve(&points, 0.0)), Ok(4));
    }

    #[test]
    fn a_curve_without_an_elbow_has_none() {
        assert_eq!(elbow(&curve(&[(2, 1.0), (4, 0.5)], 0.0)), Err(NoElbow::FewSizes));
        assert_eq!(elbow(&curve(&[(2, 1.0), (4, 1.1), (8, 1.2)], 0.0)), Err(NoElbow::NoGain));
        assert_eq!(elbow(&curve(&[(2, 1.0), (4, 0.5), (8, 0.4)], 0.4)), Err(NoElbow::NoGain));
        assert_eq!(elbow(&curve(&[(2, 3.0), (4, 2.0), (6, 1.0)], 0.0)), Err(NoElbow::Straight));
        assert_eq!(elbow(&curve(&[(2, 3.0), (4, 2.9), (6, 1.0)], 0.0)), Err(NoElbow::Straight));
        assert_eq!(elbow(&[]), Err(NoElbow::FewSizes));
    }
}
