//! A team of threads that share out the parts of one piece of work, thousands of times a second.
//!
//! The threads are started once. Between two pieces of work they spin for some microseconds, since the next piece
//! usually follows at once, and then sleep, so that an idle team, or one whose core is wanted elsewhere, costs nothing.
//! Every thread begins with a share of its own, the same each time, so that it finds in its cache what it left there; when
//! that is done it helps the others. So which thread does which part is left to chance; what a part computes must not
//! depend on it, and then the result does not depend on the number of threads either.

use std::any::Any;
use std::cell::UnsafeCell;
use std::io;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Turns of the waiting loop before a thread sleeps: some 30 µs, several times what one phase of a step lasts
/// and about what waking a sleeping thread costs.
const SPINS: usize = 2_000;

/// Where the parts of a slice end: part `i` is `bounds[i]..bounds[i + 1]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds(Vec<usize>);

impl Bounds {
    /// Bounds that do not decrease, the first of them 0.
    ///
    /// # Panics
    /// If there is none, the first is not 0, or one is less than the one before it.
    pub fn new(bounds: Vec<usize>) -> Self {
        assert_eq!(bounds.first(), Some(&0), "the first part begins at 0");
        assert!(bounds.is_sorted(), "bounds do not decrease: {bounds:?}");
        Self(bounds)
    }

    /// `parts` parts of `length` each.
    pub fn even(parts: usize, length: usize) -> Self {
        Self((0..=parts).map(|i| i * length).collect())
    }

    /// How many parts there are.
    pub fn parts(&self) -> usize {
        self.0.len() - 1
    }

    /// Where the last part ends.
    pub fn end(&self) -> usize {
        self.0[self.parts()]
    }

    /// Where a part lies.
    ///
    /// # Panics
    /// If there are not as many parts.
    pub fn range(&self, part: usize) -> Range<usize> {
        self.0[part]..self.0[part + 1]
    }
}

/// A slice and where its parts end, for [`Team::for_each`].
pub struct Split<'a, T> {
    start: *mut T,
    bounds: &'a Bounds,
    parts: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: a `Split` stands for the `&mut [T]` it was made from, which may be sent where `T` may.
unsafe impl<T: Send> Send for Split<'_, T> {}
// SAFETY: through a shared `Split` the parts are reached only by `part`, whose caller promises to take each once.
unsafe impl<T: Send> Sync for Split<'_, T> {}

impl<'a, T> Split<'a, T> {
    /// All parts of `slice`.
    ///
    /// # Panics
    /// If the last bound lies beyond the slice.
    pub fn new(slice: &'a mut [T], bounds: &'a Bounds) -> Self {
        Self::first(slice, bounds, bounds.parts())
    }

    /// The first `parts` parts of `slice`.
    ///
    /// # Panics
    /// If there are fewer parts, or the last bound lies beyond the slice.
    pub fn first(slice: &'a mut [T], bounds: &'a Bounds, parts: usize) -> Self {
        assert!(parts <= bounds.parts(), "{parts} parts are asked for, there are {}", bounds.parts());
        assert!(bounds.end() <= slice.len(), "parts end at {}, the slice at {}", bounds.end(), slice.len());
        Self { start: slice.as_mut_ptr(), bounds, parts, slice: PhantomData }
    }

    /// # Safety
    /// `index < self.parts`, and while the part is in use nobody takes the same one.
    #[allow(
        clippy::mut_from_ref,
        reason = "the caller promises that parts are taken once, and they are disjoint"
    )]
    unsafe fn part(&self, index: usize) -> &mut [T] {
        let (start, end) = (self.bounds.0[index], self.bounds.0[index + 1]);
        // SAFETY: bounds do not decrease and end inside the slice, so parts lie inside it and are disjoint.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), end - start) }
    }
}

type Work<'a> = dyn Fn(usize) + Sync + 'a;

/// Persistent threads; see the [module](self).
#[derive(Debug)]
pub struct Team {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

/// Alone on the lines that a processor fetches together, so that threads which count do not wait for each other.
#[repr(align(128))]
struct Counter(AtomicUsize);

struct Shared {
    /// The work of this generation and its number of parts. Written by the leader alone, while no worker is in it.
    job: UnsafeCell<Option<(*const Work<'static>, usize)>>,
    /// Counts the pieces of work published; a worker that has seen fewer has something to do.
    generation: AtomicUsize,
    /// How many parts of each thread's share are taken.
    taken: Vec<Counter>,
    /// Workers that have not yet finished this generation.
    unfinished: AtomicUsize,
    dismissed: AtomicBool,
    asleep: AtomicUsize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    doorbell: (Mutex<()>, Condvar),
}

// SAFETY: `job` is written only by the leader while `unfinished` is 0, and read by workers only between seeing the new
// generation (acquire) and counting themselves finished (release); everything else is atomic or locked.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl Team {
    /// The calling thread alone.
    pub fn alone() -> Self {
        Self { shared: Self::shared(1), workers: Vec::new() }
    }

    /// A team of `threads`, the calling one among them.
    ///
    /// # Errors
    /// If the operating system does not give as many; those that it gave are ended.
    pub fn new(threads: NonZeroUsize) -> io::Result<Self> {
        let mut team = Self { shared: Self::shared(threads.get()), workers: Vec::new() };
        for number in 1..threads.get() {
            let shared = Arc::clone(&team.shared);
            let worker = std::thread::Builder::new()
                .name(format!("narrows-{number}"))
                .spawn(move || shared.work_until_dismissed(number))?;
            team.workers.push(worker);
        }
        Ok(team)
    }

    fn shared(threads: usize) -> Arc<Shared> {
        Arc::new(Shared {
            job: UnsafeCell::new(None),
            generation: AtomicUsize::new(0),
            taken: (0..threads).map(|_| Counter(AtomicUsize::new(0))).collect(),
            unfinished: AtomicUsize::new(0),
            dismissed: AtomicBool::new(false),
            asleep: AtomicUsize::new(0),
            panic: Mutex::new(None),
            doorbell: (Mutex::new(()), Condvar::new()),
        })
    }

    /// How many threads work, the calling one among them.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `work(i, parts)` once for every part `i`, on any of the threads, with part `i` of every split; returns
    /// when all are done.
    ///
    /// # Panics
    /// If the splits differ in their number of parts, or with the first panic of `work`.
    pub fn for_each<T: Send, const M: usize>(
        &mut self,
        splits: [Split<'_, T>; M],
        work: impl Fn(usize, [&mut [T]; M]) + Sync,
    ) {
        let parts = splits.first().map_or(0, |split| split.parts);
        assert!(splits.iter().all(|split| split.parts == parts), "all splits have as many parts");
        // SAFETY: `run` calls with every index below `parts` once, so every part is taken once.
        self.run(parts, &|i| work(i, splits.each_ref().map(|split| unsafe { split.part(i) })));
    }

    fn run(&mut self, parts: usize, work: &Work<'_>) {
        if self.workers.is_empty() || parts < 2 {
            return (0..parts).for_each(work);
        }
        let shared = &*self.shared;
        // SAFETY: only the lifetime is forgotten; `work` outlives this call, which returns only after every
        // worker has counted itself finished with it.
        let job = unsafe { std::mem::transmute::<*const Work<'_>, *const Work<'static>>(work) };
        // SAFETY: no worker is in a job now (`unfinished` was 0 when the last `run` returned), so none reads.
        unsafe { *shared.job.get() = Some((job, parts)) };
        shared.taken.iter().for_each(|taken| taken.0.store(0, Ordering::Relaxed));
        shared.unfinished.store(self.workers.len(), Ordering::Relaxed);
        shared.generation.fetch_add(1, Ordering::SeqCst);
        shared.wake();

        shared.take_parts(work, parts, 0);
        shared.wait_until(|| shared.unfinished.load(Ordering::SeqCst) == 0);
        if let Some(panic) = lock(&shared.panic).take() {
            resume_unwind(panic);
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.dismissed.store(true, Ordering::Relaxed);
        self.shared.generation.fetch_add(1, Ordering::SeqCst);
        self.shared.wake();
        for worker in self.workers.drain(..) {
            // A worker catches every panic of its work, so joining cannot fail.
            let _ = worker.join();
        }
    }
}

impl Shared {
    fn work_until_dismissed(&self, thread: usize) {
        for seen in 0.. {
            self.wait_until(|| self.generation.load(Ordering::SeqCst) != seen);
            if self.dismissed.load(Ordering::Relaxed) {
                return;
            }
            // SAFETY: the leader wrote the job before it raised `generation`, and will not touch it until this
            // worker has lowered `unfinished`; until then it also keeps the work itself alive.
            let (work, parts) = unsafe { (*self.job.get()).map(|(work, parts)| (&*work, parts)) }
                .expect("a generation is published with its job");
            self.take_parts(work, parts, thread);
            if self.unfinished.fetch_sub(1, Ordering::SeqCst) == 1 {
                self.wake();
            }
        }
    }

    /// Does the parts of the thread's share, then those of the others that nobody has begun.
    fn take_parts(&self, work: &Work<'_>, parts: usize, thread: usize) {
        let threads = self.taken.len();
        let result = catch_unwind(AssertUnwindSafe(|| {
            for share in (thread..threads).chain(0..thread) {
                let (start, end) = (share * parts / threads, (share + 1) * parts / threads);
                loop {
                    let part = start + self.taken[share].0.fetch_add(1, Ordering::Relaxed);
                    if part >= end {
                        break;
                    }
                    work(part);
                }
            }
        }));
        if let Err(panic) = result {
            lock(&self.panic).get_or_insert(panic);
        }
    }

    fn wait_until(&self, ready: impl Fn() -> bool) {
        for _ in 0..SPINS {
            if ready() {
                return;
            }
            std::hint::spin_loop();
        }
        // A sleeper is counted before it looks again, and a waker changes what is looked at before it reads the
        // count, both sequentially consistent: so either the sleeper sees the change or the waker sees the sleeper.
        let mut bell = lock(&self.doorbell.0);
        self.asleep.fetch_add(1, Ordering::SeqCst);
        while !ready() {
            bell = self.doorbell.1.wait(bell).unwrap_or_else(PoisonError::into_inner);
        }
        self.asleep.fetch_sub(1, Ordering::SeqCst);
    }

    fn wake(&self) {
        if self.asleep.load(Ordering::SeqCst) > 0 {
            drop(lock(&self.doorbell.0));
            self.doorbell.1.notify_all();
        }
    }
}

/// What the locks guard is whole at any time, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREADS: [usize; 5] = [1, 2, 3, 5, 8];

    fn team(threads: usize) -> Team {
        Team::new(NonZeroUsize::new(threads).unwrap()).unwrap()
    }

    #[test]
    fn every_part_is_done_once() {
        let bounds = Bounds::new(vec![0, 3, 3, 7, 20]);
        for threads in THREADS {
            let mut team = team(threads);
            let mut numbers = vec![0_u32; 21];
            let rounds = if cfg!(miri) { 3 } else { 300 };
            for _ in 0..rounds {
                team.for_each([Split::new(&mut numbers, &bounds)], |i, [part]| {
                    part.iter_mut().for_each(|x| *x += i as u32 + 1);
                });
            }
            let expected: Vec<u32> = (0..21)
                .map(|i| rounds * [1, 1, 1, 3, 3, 3, 3].get(i).unwrap_or(&4) * u32::from(i < 20))
                .collect();
            assert_eq!(numbers, expected, "{threads} threads");
        }
    }

    #[test]
    fn sleeping_workers_wake() {
        let bounds = Bounds::even(4, 1);
        let mut team = team(3);
        let mut numbers = [0; 4];
        for _ in 0..3 {
            std::thread::sleep(std::time::Duration::from_millis(5));
            team.for_each([Split::new(&mut numbers, &bounds)], |_, [part]| part[0] += 1);
        }
        assert_eq!(numbers, [3; 4]);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_team_works_on() {
        let bounds = Bounds::even(8, 1);
        let mut team = team(3);
        let mut numbers = [0; 8];
        let result = catch_unwind(AssertUnwindSafe(|| {
            team.for_each([Split::new(&mut numbers, &bounds)], |i, _| assert_ne!(i, 5, "five"));
        }));
        assert!(result.is_err());
        team.for_each([Split::new(&mut numbers, &bounds)], |_, [part]| part[0] = 1);
        assert_eq!(numbers, [1; 8]);
    }

    #[test]
    #[should_panic(expected = "the slice at 3")]
    fn parts_beyond_the_slice_are_refused() {
        let mut numbers = [0; 3];
        Split::new(&mut numbers, &Bounds::even(2, 2));
    }
}
