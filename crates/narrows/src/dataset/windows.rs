//! The order in which the rows of a file are trained on, and the windows in which they come.
//!
//! Reading single rows from anywhere would be slow, so rows are shuffled in two steps. The file is cut into blocks of rows
//! that lie side by side. In every epoch the blocks are shuffled; their rows, block after block, are cut into windows; and
//! the rows of each window are shuffled. All of it is drawn from ChaCha8 of the seed, stream `epoch`: the blocks first, then
//! window after window. So the order depends on the seed, the epoch, the sizes of block and window, and on nothing else.

use std::ops::Range;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{DataError, Samples};
use crate::random::shuffle;

/// Some rows of a file in memory, and the order in which they are trained on.
#[derive(Debug)]
pub(crate) struct Window {
    /// In the order of the file's blocks.
    pub samples: Samples,
    /// Places among `samples`.
    pub order: Vec<u32>,
    /// Of each of `samples`, where there are labels.
    pub labels: Vec<u32>,
    /// Whether the epoch ends with it.
    pub is_last: bool,
    /// Bytes on their way from the file.
    piece: Vec<u8>,
}

/// Deals the rows of a file, epoch after epoch, window after window.
#[derive(Debug)]
pub(crate) struct Dealer {
    samples: Samples,
    labels: Option<Arc<[u32]>>,
    block_rows: usize,
    window_rows: usize,
    seed: u64,
    random: ChaCha8Rng,
    /// The blocks in the order of the epoch.
    blocks: Vec<u32>,
    /// The next block, as its place in the order, and the next row within it.
    next: (usize, usize),
    /// What the next window has, as ranges of rows.
    ranges: Vec<Range<usize>>,
}

impl Dealer {
    /// Rows of a file, with their labels if those are wanted. Every window but an epoch's last has whole batches.
    ///
    /// # Panics
    /// If the rows are in memory.
    pub fn new(samples: Samples, labels: Option<Arc<[u32]>>, batch_size: usize, seed: u64) -> Self {
        let rows = samples.rows();
        let (block_rows, window_rows) = sizes(&samples, labels.is_some(), batch_size);
        // No more blocks than rows, of which there are fewer than 2³².
        let blocks: Vec<u32> = (0..).take(rows.div_ceil(block_rows)).collect();
        // A window may begin and end within a block.
        let ranges = Vec::with_capacity(blocks.len().min(window_rows.div_ceil(block_rows) + 2));
        let random = ChaCha8Rng::seed_from_u64(seed);
        Self { samples, labels, block_rows, window_rows, seed, random, blocks, next: (0, 0), ranges }
    }

    /// What the order depends on, in words.
    pub fn order(samples: &Samples, labelled: bool, batch_size: usize) -> String {
        let (block_rows, window_rows) = sizes(samples, labelled, batch_size);
        format!("windows of {window_rows} of {} rows, in blocks of {block_rows}", samples.rows())
    }

    /// Memory for a window.
    pub fn window(&self) -> Window {
        let rows = self.window_rows.min(self.samples.rows());
        Window {
            samples: self.samples.window(rows),
            order: Vec::with_capacity(rows),
            labels: Vec::with_capacity(if self.labels.is_some() { rows } else { 0 }),
            is_last: false,
            piece: Vec::new(),
        }
    }

    /// Begins an epoch, counted from 1.
    pub fn begin(&mut self, epoch: usize) {
        self.random = ChaCha8Rng::seed_from_u64(self.seed);
        self.random.set_stream(epoch as u64);
        (0..).zip(&mut self.blocks).for_each(|(block, place)| *place = block);
        shuffle(&mut self.blocks, &mut self.random);
        self.next = (0, 0);
    }

    /// Leaves out the first rows of the epoch: all windows that lie within them. How many rows of the next window are left
    /// out then.
    pub fn skip(&mut self, rows: usize) -> usize {
        let (mut left, mut order) = (rows, Vec::new());
        while left >= self.window_rows {
            let count = self.choose();
            order.clear();
            order.extend((0..).take(count));
            // Draws what the window would have drawn.
            shuffle(&mut order, &mut self.random);
            left -= count;
        }
        left
    }

    /// Fills a window with the next rows of the epoch.
    ///
    /// # Errors
    /// If the file can no longer be read.
    pub fn fill(&mut self, window: &mut Window) -> Result<(), DataError> {
        let count = self.choose();
        let rows = self.samples.stored();
        let runs = self.ranges.iter().flat_map(|range| rows.runs(range.clone()));
        window.samples.stored_mut().storage_mut().refill(rows.storage(), runs, &mut window.piece)?;
        window.labels.clear();
        if let Some(labels) = &self.labels {
            self.ranges.iter().for_each(|range| window.labels.extend_from_slice(&labels[range.clone()]));
        }
        window.order.clear();
        window.order.extend((0..).take(count));
        shuffle(&mut window.order, &mut self.random);
        window.is_last = self.next.0 == self.blocks.len();
        Ok(())
    }

    /// Chooses the rows of the next window; how many they are.
    fn choose(&mut self) -> usize {
        self.ranges.clear();
        let mut count = 0;
        while count < self.window_rows && self.next.0 < self.blocks.len() {
            let (place, within) = self.next;
            let first = self.blocks[place] as usize * self.block_rows;
            let end = self.samples.rows().min(first + self.block_rows);
            let start = first + within;
            let used = (end - start).min(self.window_rows - count);
            self.ranges.push(start..start + used);
            count += used;
            self.next = if start + used == end { (place + 1, 0) } else { (place, within + used) };
        }
        count
    }
}

/// Rows of a block and of a window, which has whole batches.
fn sizes(samples: &Samples, labelled: bool, batch_size: usize) -> (usize, usize) {
    let storage = samples.stored().storage();
    let file = storage.file().expect("rows in memory need no windows");
    let values = match (storage.is_bytes(), samples.sparse()) {
        (false, _) => 4 * samples.features(),
        (true, None) => samples.features(),
        // Those that are not 0, at most 40 %, take two bytes more each.
        (true, Some(_)) => 2 * samples.features(),
    };
    let order_and_label = if labelled { 8 } else { 4 };
    let (block, window) = file.ahead().rows((values + order_and_label) as u64);
    let (rows, whole_batches) = (samples.rows(), (window / batch_size).max(1) * batch_size);
    // As many windows as must be, about equal, so that none is trained on faster than the next is read.
    let window = rows.div_ceil(rows.div_ceil(whole_batches)).next_multiple_of(batch_size);
    // No more rows than there are.
    (block.min(rows), window)
}
