//! Workers that share out the jobs of a run.

use std::sync::{Mutex, PoisonError};

use super::RunError;
use crate::compute::{Compute, ThreadsError};

/// Does all jobs, the last of the list first, on so many workers, and hands what each gives to `take`, one at a time. It ends with the
/// first error; a worker ends where its job gives nothing, as when the run is stopped.
pub(super) fn share_out<J: Send, D>(
    jobs: Vec<J>,
    workers: usize,
    compute: impl Fn() -> Result<Compute, ThreadsError> + Sync,
    job: impl Fn(J, &mut Compute) -> Result<Option<D>, RunError> + Sync,
    take: impl FnMut(D) -> Result<(), RunError> + Send,
) -> Result<(), RunError> {
    let state = Mutex::new((jobs, take, Ok(())));
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let refused = |error: ThreadsError| lock().2 = Err(error.into());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let started = std::thread::Builder::new().spawn_scoped(scope, || {
                let mut compute = match compute() {
                    Ok(compute) => compute,
                    Err(error) => return refused(error),
                };
                loop {
                    let next = match &mut *lock() {
                        (jobs, _, Ok(())) => jobs.pop(),
                        _ => None,
                    };
                    let Some(next) = next else { break };
                    let done = job(next, &mut compute);
                    let (_, take, result) = &mut *lock();
                    match done {
                        Ok(None) => break,
                        Ok(Some(done)) if result.is_ok() => *result = take(done),
                        Ok(Some(_)) => {}
                        Err(error) if result.is_ok() => *result = Err(error),
                        Err(_) => {}
                    }
                }
            });
            if let Err(source) = started {
                refused(ThreadsError { threads: workers, source });
            }
        }
    });
    state.into_inner().unwrap_or_else(PoisonError::into_inner).2
}
