//! Successive halving: hopeless points are stopped before their end.
//!
//! The points of one latent size compete, n of them in ⌈log₂ n⌉ rounds. In each round all that are left are trained to the same
//! share of their epochs, and the half with the greater errors is stopped: the last round is after half of the epochs, the one
//! before after a quarter, and so on. The rule is that of Jamieson & Talwalkar, "Non-stochastic best arm identification and
//! hyperparameter optimization" (2016).
//!
//! A round is decided when all its trainings have come to its end, by their validation losses alone. So neither the machine nor an
//! interruption has an influence on what is stopped.

use std::collections::BTreeMap;

use crate::experiment::Experiment;
use crate::train::EpochReport;

/// The points that compete, in groups of one latent size.
#[derive(Clone, Debug)]
pub(super) struct Halving {
    groups: Vec<Group>,
}

#[derive(Clone, Debug)]
struct Group {
    rounds: u32,
    /// Places in the experiment, of those that are not stopped.
    left: Vec<usize>,
}

impl Halving {
    /// Of all points of a sweep.
    pub fn of(points: &Experiment) -> Self {
        let mut by_latent: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, model) in points.models.iter().enumerate() {
            by_latent.entry(model.hidden.last().copied().unwrap_or(0)).or_default().push(place);
        }
        let group = |left: Vec<usize>| Group { rounds: rounds(left.len()), left };
        Self { groups: by_latent.into_values().map(group).collect() }
    }

    /// The rounds, as the number of times that the points which pass them double their epochs until the end.
    pub fn rounds(&self) -> impl Iterator<Item = u32> + use<> {
        (1..=self.groups.iter().map(|group| group.rounds).max().unwrap_or(0)).rev()
    }

    /// Decides a round: who is stopped. Of points with the same error the first in the grid goes on.
    pub fn decide(&mut self, round: u32, error: impl Fn(usize) -> f64) -> Vec<usize> {
        let mut stopped = Vec::new();
        for group in self.groups.iter_mut().filter(|group| group.rounds >= round) {
            group.left.sort_by(|&a, &b| error(a).total_cmp(&error(b)).then(a.cmp(&b)));
            stopped.extend(group.left.split_off(group.left.len().div_ceil(2)));
        }
        stopped
    }

    /// Those that are not stopped.
    pub fn left(&self) -> Vec<usize> {
        self.groups.iter().flat_map(|group| group.left.iter().copied()).collect()
    }
}

/// After how many of its epochs a training is looked at in a round.
pub(super) fn epochs_at(round: u32, epochs: usize) -> usize {
    epochs.div_ceil(1 << round).max(1)
}

/// The share of its epochs that each point of a sweep is trained for, on average over those of its latent size.
pub(in crate::experiment) fn shares(points: &Experiment) -> Vec<f64> {
    let mut shares = vec![1.0; points.models.len()];
    for Group { left, .. } in Halving::of(points).groups {
        let share = share(left.len());
        left.into_iter().for_each(|place| shares[place] = share);
    }
    shares
}

fn share(points: usize) -> f64 {
    let (mut share, mut left, mut before) = (0.0, points as f64, 0.0);
    for round in (0..=rounds(points)).rev() {
        let until = 0.5_f64.powi(round as i32);
        share += left / points.max(1) as f64 * (until - before);
        (left, before) = ((left / 2.0).ceil(), until);
    }
    share
}

/// The least validation loss in the first epochs of a training with each seed, on average; without end where one has diverged before.
pub(super) fn error_after(epochs: usize, histories: &[Option<&[EpochReport]>]) -> f64 {
    let least = |history: &Option<&[EpochReport]>| {
        let losses = history.iter().flat_map(|history| history.iter().take(epochs));
        losses.filter_map(|epoch| epoch.validation_loss).fold(f64::INFINITY, f64::min)
    };
    histories.iter().map(least).sum::<f64>() / histories.len() as f64
}

/// ⌈log₂ n⌉: how often n can be halved, rounding up, until one is left.
fn rounds(points: usize) -> u32 {
    points.max(1).next_power_of_two().trailing_zeros()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn points(sweep: &str) -> Experiment {
        let toml = format!(
            "title = 'x'\ndata = 'mnist'\n[[models]]\nname = 'base'\nhidden = [16]\n[sweep]\n{sweep}"
        );
        Experiment::from_toml(&toml).unwrap().expanded().unwrap()
    }

    #[test]
    fn each_round_stops_the_worse_half_of_every_size_until_one_is_left() {
        // Five rates and two sizes: places 0 to 4 are of latent 2, 5 to 9 of latent 8.
        let points = points("latent = [2, 8]\nlearning_rate = [1.0, 2.0, 3.0, 4.0, 5.0]\n");
        let mut halving = Halving::of(&points);
        // The larger size is always better; within a size the third rate is, and then its neighbours.
        let error = |place: usize| [100.0, 1.0][place / 5] + ((place % 5) as f64 - 2.1).abs();
        assert_eq!(halving.rounds().collect::<Vec<_>>(), [3, 2, 1]);
        assert_eq!(halving.decide(3, error), [4, 0, 9, 5]);
        assert_eq!(halving.decide(2, error), [1, 6]);
        assert_eq!(halving.decide(1, error), [3, 8]);
        assert_eq!(halving.left(), [2, 7]);
    }

    #[test]
    fn sizes_of_fewer_points_join_later_and_one_point_competes_with_nobody() {
        let mut points = points("latent = [2, 4, 8]\nlearning_rate = [1.0, 2.0, 3.0, 4.0]\n");
        // As a sample of a grid may be: four of latent 2, two of latent 4, one of latent 8.
        let mut place = 0;
        points.models.retain(|_| {
            place += 1;
            ![7, 8, 10, 11, 12].contains(&place)
        });
        let mut halving = Halving::of(&points);
        assert_eq!(halving.rounds().collect::<Vec<_>>(), [2, 1]);
        assert_eq!(halving.decide(2, |place| place as f64), [2, 3]);
        assert_eq!(halving.decide(1, |place| place as f64), [1, 5]);
        assert_eq!(halving.left(), [0, 4, 6]);
        // Where errors are the same, or there is none, the first goes on.
        let mut same = Halving::of(&points);
        assert_eq!(same.decide(2, |_| f64::INFINITY), [2, 3]);
    }

    #[test]
    fn a_round_is_at_its_share_of_the_epochs_and_they_are_counted() {
        assert_eq!([3, 2, 1].map(|round| epochs_at(round, 40)), [5, 10, 20]);
        assert_eq!([3, 2, 1].map(|round| epochs_at(round, 3)), [1, 1, 2]);
        assert_eq!([0, 1, 2, 3, 4, 5, 8, 9].map(rounds), [0, 0, 1, 2, 2, 3, 3, 4]);
        assert_eq!(share(1), 1.0);
        // Both for a half, one for the other.
        assert_eq!(share(2), 0.75);
        // Eight for an eighth, four for another, two for a quarter, one for a half.
        assert_eq!(share(8), (8.0 / 8.0 + 4.0 / 8.0 + 2.0 / 4.0 + 1.0 / 2.0) / 8.0);
    }

    #[test]
    fn an_error_is_the_mean_over_seeds_of_the_least_so_far() {
        let history = |losses: &[f64]| -> Vec<EpochReport> {
            let epochs = losses.iter().zip(1..).map(|(&loss, epoch)| EpochReport {
                epoch,
                training_loss: 9.0,
                validation_loss: Some(loss),
                test_loss: None,
                duration: Duration::ZERO,
            });
            epochs.collect()
        };
        let (first, second) = (history(&[4.0, 2.0, 3.0, 0.5]), history(&[8.0]));
        assert_eq!(error_after(3, &[Some(&first), Some(&second)]), 5.0);
        assert_eq!(error_after(1, &[Some(&first), Some(&second)]), 6.0);
        assert_eq!(error_after(3, &[Some(&first), None]), f64::INFINITY);
        assert_eq!(error_after(3, &[Some(&first), Some(&[])]), f64::INFINITY);
    }
}
