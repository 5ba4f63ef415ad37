//! Rows in their order, in memory: those of a file a piece at a time.

use std::ops::Range;

use super::DataError;
use super::view::StoredRows;

/// Gives the rows that are asked for, and those beside them.
pub(super) struct Pieces<'a> {
    rows: &'a StoredRows,
    /// The rows of the piece at hand.
    held: Range<usize>,
    memory: StoredRows,
    bytes: Vec<u8>,
}

impl<'a> Pieces<'a> {
    pub fn new(rows: &'a StoredRows) -> Self {
        let (held, memory) = match rows.storage().file() {
            Some(file) => {
                let capacity = file.piece_rows().min(rows.count());
                (0..0, StoredRows::all(rows.storage().window(capacity, false)))
            }
            None => (0..rows.count(), rows.clone()),
        };
        Self { rows, held, memory, bytes: Vec::new() }
    }

    /// The piece that holds row `index`, and the row's place in it.
    pub fn with(&mut self, index: usize) -> Result<(&StoredRows, usize), DataError> {
        if !self.held.contains(&index)
            && let Some(file) = self.rows.storage().file()
        {
            let step = file.piece_rows();
            let first = index / step * step;
            // Nothing is held if this fails.
            self.held = 0..0;
            let wanted = first..self.rows.count().min(first + step);
            let runs = self.rows.runs(wanted.clone());
            self.memory.storage_mut().refill(self.rows.storage(), runs, &mut self.bytes)?;
            self.held = wanted;
        }
        Ok((&self.memory, index - self.held.start))
    }

    /// Hands over all rows, piece after piece.
    pub fn for_each<E: From<DataError>>(
        mut self,
        mut take: impl FnMut(&StoredRows) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut next = 0;
        while next < self.rows.count() {
            let (piece, _) = self.with(next)?;
            next += piece.count();
            take(piece)?;
        }
        Ok(())
    }
}
