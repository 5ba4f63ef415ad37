//! Where the batches of training come from: rows in memory, or windows of a file that a thread reads ahead.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::objective::Objective;
use super::trainer::shuffle;
use super::{Training, TrainingError};
use crate::dataset::{DataError, Dealer, Samples, Window};

/// The window that a model is trained on, and the one that is read meanwhile.
const WINDOWS: usize = 2;

/// Rows in the order in which they are trained on, some or all of an epoch's.
pub(super) struct Portion<'a> {
    pub samples: &'a Samples,
    pub objective: Objective<'a>,
    /// Rows of `samples`.
    pub order: &'a [u32],
}

/// The rows of each epoch.
pub(super) enum Feed<'a> {
    /// All rows are one portion.
    Memory {
        samples: &'a Samples,
        objective: Objective<'a>,
        /// Permuted anew for every epoch.
        order: Vec<u32>,
        seed: u64,
        /// Whether the epoch has had its portion.
        given: bool,
    },
    /// Each window is a portion.
    File {
        labelled: bool,
        full: Receiver<Result<Window, DataError>>,
        spent: SyncSender<Window>,
        current: Option<Window>,
    },
}

/// Trains by `run` on the rows `order` of `samples`, or on all where they are in a file.
pub(super) fn with_feed<T>(
    (samples, objective): (&Samples, Objective<'_>),
    order: Vec<u32>,
    training: &Training,
    batch_size: usize,
    run: impl FnOnce(&mut Feed<'_>) -> T,
) -> T {
    let &Training { seed, epochs, .. } = training;
    if samples.is_in_memory() {
        return run(&mut Feed::Memory { samples, objective, order, seed, given: false });
    }
    let labels = match objective {
        Objective::SquaredError => None,
        Objective::CrossEntropy(labels) => Some(labels),
    };
    let dealer = Dealer::new(samples, labels, batch_size, seed);
    // No send ever waits: there are no more windows than places.
    let ((spent, to_fill), (filled, full)) = (sync_channel(WINDOWS), sync_channel(WINDOWS));
    for _ in 0..WINDOWS {
        spent.send(dealer.window()).expect("the other end is here");
    }
    std::thread::scope(|scope| {
        scope.spawn(move || read_ahead(dealer, epochs, &to_fill, &filled));
        let mut feed = Feed::File { labelled: labels.is_some(), full, spent, current: None };
        let result = run(&mut feed);
        // Its ends of the channels close with it, by which the reading thread knows that it is done.
        drop(feed);
        result
    })
}

/// Fills windows in order until all epochs are read, the file cannot be read, or nobody wants more.
fn read_ahead(
    mut dealer: Dealer<'_>,
    epochs: usize,
    to_fill: &Receiver<Window>,
    filled: &SyncSender<Result<Window, DataError>>,
) {
    for epoch in 1..=epochs {
        dealer.begin(epoch);
        let mut is_last = false;
        while !is_last {
            let Ok(mut window) = to_fill.recv() else { return };
            let result = dealer.fill(&mut window);
            is_last = window.is_last;
            let failed = result.is_err();
            if filled.send(result.map(|()| window)).is_err() || failed {
                return;
            }
        }
    }
}

impl Feed<'_> {
    /// Begins an epoch, counted from 1; they come in order.
    pub fn begin(&mut self, epoch: usize) {
        if let Self::Memory { order, seed, given, .. } = self {
            shuffle(order, *seed, epoch);
            *given = false;
        }
    }

    /// The next rows of the epoch, until it has no more.
    ///
    /// # Errors
    /// If a file of rows can no longer be read.
    pub fn next(&mut self) -> Result<Option<Portion<'_>>, TrainingError> {
        match self {
            Self::Memory { samples, objective, order, given, .. } => {
                let first = !std::mem::replace(given, true);
                Ok(first.then_some(Portion { samples, objective: *objective, order }))
            }
            Self::File { labelled, full, spent, current } => {
                if let Some(window) = current.take() {
                    let is_last = window.is_last;
                    // After the last epoch nobody takes it any more.
                    let _ = spent.send(window);
                    if is_last {
                        return Ok(None);
                    }
                }
                let window = full.recv().expect("a window, or an error, comes while an epoch is not done")?;
                let Window { samples, order, labels, .. } = &*current.insert(window);
                let objective =
                    if *labelled { Objective::CrossEntropy(labels) } else { Objective::SquaredError };
                Ok(Some(Portion { samples, objective, order }))
            }
        }
    }
}
