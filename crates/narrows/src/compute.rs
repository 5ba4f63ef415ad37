//! What the work runs on: an instruction set and a team of threads.

use std::num::NonZeroUsize;

use narrows_kernels::Aligned;
pub use narrows_kernels::Level;
use narrows_kernels::team::Team;

/// An instruction set and the threads to use. Results do not depend on either.
#[derive(Debug)]
pub struct Compute {
    /// The instruction set of the kernels.
    pub level: Level,
    /// The threads.
    pub team: Team,
    /// What an inference works in, kept for the next.
    pub(crate) scratch: Aligned,
}

/// Threads that the system does not give.
#[derive(Debug, thiserror::Error)]
#[error("the system does not give {threads} threads: {source}; use fewer")]
pub struct ThreadsError {
    /// Those that were asked for.
    pub threads: usize,
    /// Why not.
    pub source: std::io::Error,
}

impl Compute {
    /// The widest instruction set of this processor, on `threads` threads.
    ///
    /// # Errors
    /// If the system does not give as many threads.
    pub fn new(threads: NonZeroUsize) -> Result<Self, ThreadsError> {
        Self::at(Level::detect(), threads)
    }

    /// One instruction set, on `threads` threads.
    ///
    /// # Errors
    /// If the system does not give as many threads.
    pub fn at(level: Level, threads: NonZeroUsize) -> Result<Self, ThreadsError> {
        let failed = |source| ThreadsError { threads: threads.get(), source };
        Ok(Self { level, team: Team::new(threads).map_err(failed)?, scratch: Aligned::zeros(0) })
    }

    /// One thread: the caller's.
    pub fn single(level: Level) -> Self {
        Self { level, team: Team::alone(), scratch: Aligned::zeros(0) }
    }
}
