//! Where the batches of training come from: rows in memory, or windows of a file that a thread reads ahead.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::objective::{Goal, Objective};
use super::order::shuffle;
use super::{Training, TrainingError};
use crate::dataset::{DataError, Dealer, Samples, Window};

/// The window that a model is trained on, and the one that is read meanwhile.
const WINDOWS: usize = 2;

/// Some rows to take a step with.
pub(super) struct Batch<'a> {
    pub samples: &'a Samples,
    pub objective: Objective<'a>,
    /// Rows of `samples`.
    pub rows: &'a [u32],
    /// The rows of the next batch, where it is known already.
    pub following: &'a [u32],
}

/// The rows of each epoch, batch after batch.
#[derive(Debug)]
pub(super) struct Feed {
    samples: Samples,
    goal: Goal,
    batch_size: usize,
    seed: u64,
    epochs: usize,
    rows: usize,
    place: Place,
    /// Rows of the place at hand that were dealt.
    dealt: usize,
}

#[derive(Debug)]
enum Place {
    /// All rows that have something to learn from, permuted anew for every epoch.
    Memory {
        order: Vec<u32>,
        /// Of which epoch the order is.
        epoch: usize,
    },
    /// The windows of an epoch follow each other, and so do epochs.
    File(Option<Windows>),
}

/// What goes round between training and the thread that reads.
#[derive(Debug)]
struct Windows {
    full: Receiver<Result<Window, DataError>>,
    spent: SyncSender<Window>,
    current: Option<Window>,
}

impl Feed {
    /// The rows of `samples`.
    pub fn new(samples: &Samples, goal: Goal, training: &Training) -> Self {
        let (place, rows) = match samples.is_in_memory() {
            true => {
                let order = goal.objective(None).rows(samples);
                let rows = order.len();
                (Place::Memory { order, epoch: 0 }, rows)
            }
            false => (Place::File(None), samples.rows()),
        };
        let &Training { seed, epochs, batch_size, .. } = training;
        let batch_size = batch_size.min(rows);
        Self { samples: samples.clone(), goal, batch_size, seed, epochs, rows, place, dealt: 0 }
    }

    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// What the rows are trained towards.
    pub fn objective(&self) -> Objective<'_> {
        self.goal.objective(None)
    }

    /// Rows of a batch; an epoch's last may have fewer.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// What the order of the rows depends on beside seed, epoch and their number, in words.
    pub fn order(&self) -> String {
        let labelled = self.goal.labels().is_some();
        match &self.place {
            Place::Memory { .. } => format!("all {} rows", self.rows),
            Place::File(_) => Dealer::order(&self.samples, labelled, self.batch_size),
        }
    }

    /// Steps in an epoch.
    pub fn steps(&self) -> usize {
        self.rows.div_ceil(self.batch_size)
    }

    /// Begins an epoch, counted from 1, after so many of its steps. Epochs come in order; only the first that is begun may
    /// have steps that are done already.
    ///
    /// # Errors
    /// If the system gives no thread to read a file with.
    pub fn begin(&mut self, epoch: usize, steps_done: usize) -> Result<(), TrainingError> {
        let dealt = steps_done * self.batch_size;
        match &mut self.place {
            Place::Memory { order, epoch: of } => {
                // An epoch's order is that of the epoch before, shuffled.
                for epoch in *of + 1..=epoch {
                    shuffle(order, self.seed, epoch);
                }
                *of = epoch;
                self.dealt = dealt;
            }
            Place::File(Some(windows)) => {
                // The last of the epoch before.
                windows.give_back();
                self.dealt = 0;
            }
            Place::File(windows) => {
                let mut dealer = Dealer::new(
                    self.samples.clone(),
                    self.goal.labels().cloned(),
                    self.batch_size,
                    self.seed,
                );
                dealer.begin(epoch);
                self.dealt = dealer.skip(dealt);
                *windows = Some(Windows::read(dealer, epoch, self.epochs)?);
            }
        }
        Ok(())
    }

    /// The next batch of the epoch, which has one: the same until it is [`passed`](Feed::pass).
    ///
    /// # Errors
    /// If a file of rows can no longer be read.
    pub fn next(&mut self) -> Result<Batch<'_>, TrainingError> {
        let size = self.batch_size;
        let (samples, window_labels, order) = match &mut self.place {
            Place::Memory { order, .. } => (&self.samples, None, &order[..]),
            Place::File(windows) => {
                let windows = windows.as_mut().expect("an epoch was begun");
                if windows.current.as_ref().is_some_and(|window| self.dealt >= window.order.len()) {
                    self.dealt = 0;
                    windows.give_back();
                }
                let window = windows.current()?;
                (&window.samples, Some(&window.labels[..]), &window.order[..])
            }
        };
        let (rows, rest) = order[self.dealt..].split_at(size.min(order.len() - self.dealt));
        let objective = self.goal.objective(window_labels);
        Ok(Batch { samples, objective, rows, following: &rest[..size.min(rest.len())] })
    }

    /// Leaves the next batch, of so many rows, behind.
    pub fn pass(&mut self, rows: usize) {
        self.dealt += rows;
    }
}

impl Windows {
    /// Reads the windows that the dealer deals, on a thread that ends with the last epoch or when nobody wants more.
    fn read(dealer: Dealer, epoch: usize, epochs: usize) -> Result<Self, TrainingError> {
        // No send ever waits: there are no more windows than places.
        let ((spent, to_fill), (filled, full)) = (sync_channel(WINDOWS), sync_channel(WINDOWS));
        for _ in 0..WINDOWS {
            spent.send(dealer.window()).expect("the other end is here");
        }
        std::thread::Builder::new()
            .name("narrows-read-ahead".to_owned())
            .spawn(move || read_ahead(dealer, epoch..=epochs, &to_fill, &filled))
            .map_err(|error| TrainingError::NoThread(error.to_string()))?;
        Ok(Self { full, spent, current: None })
    }

    fn current(&mut self) -> Result<&Window, TrainingError> {
        if self.current.is_none() {
            self.current =
                Some(self.full.recv().expect("a window, or an error, comes while an epoch is not done")?);
        }
        Ok(self.current.as_ref().expect("put there above"))
    }

    fn give_back(&mut self) {
        if let Some(window) = self.current.take() {
            // After the last epoch nobody takes it any more.
            let _ = self.spent.send(window);
        }
    }
}

/// Fills windows in order until all epochs are read, the file cannot be read, or nobody wants more. The first epoch is begun.
fn read_ahead(
    mut dealer: Dealer,
    epochs: std::ops::RangeInclusive<usize>,
    to_fill: &Receiver<Window>,
    filled: &SyncSender<Result<Window, DataError>>,
) {
    let first = *epochs.start();
    for epoch in epochs {
        if epoch > first {
            dealer.begin(epoch);
        }
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
