//! What the work runs on: an instruction set and a team of threads.

use std::num::NonZeroUsize;

pub use narrows_kernels::Level;
use narrows_kernels::team::Team;

/// An instruction set and the threads to use. Results do not depend on either.
#[derive(Debug)]
pub struct Compute {
    /// The instruction set of the kernels.
    pub level: Level,
    /// The threads.
    pub team: Team,
}

impl Compute {
    /// The widest instruction set of this processor, on `threads` threads.
    pub fn new(threads: NonZeroUsize) -> Self {
        Self::at(Level::detect(), threads)
    }

    /// One instruction set, on `threads` threads.
    pub fn at(level: Level, threads: NonZeroUsize) -> Self {
        Self { level, team: Team::new(threads) }
    }

    /// One thread: the caller's.
    pub fn single(level: Level) -> Self {
        Self::at(level, NonZeroUsize::MIN)
    }
}
