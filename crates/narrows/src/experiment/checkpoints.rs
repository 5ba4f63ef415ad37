//! When a training under way is written down, so that a run which is killed goes on from there.

use std::str::FromStr;
use std::time::{Duration, Instant};

/// How often a checkpoint is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckpointEvery {
    /// After every epoch if that costs less than a hundredth of the time, else as often as costs no more; and within an
    /// epoch every minute.
    #[default]
    Automatic,
    /// After every so many epochs.
    Epochs(usize),
    /// As soon as so much time has passed.
    Time(Duration),
}

/// No such interval.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no interval; expected a number of epochs, as 5, or a time, as 30s or 10min")]
pub struct IntervalError(String);

/// The checkpoints of one training.
#[derive(Debug)]
pub(super) struct Checkpoints {
    every: CheckpointEvery,
    last: Instant,
    /// What the last one took to write.
    cost: Duration,
}

/// Training may take this many times what a checkpoint does.
const SHARE: u32 = 100;

/// Within an epoch no more often than this, unless asked.
const WITHIN_AN_EPOCH: Duration = Duration::from_secs(60);

impl Checkpoints {
    pub fn new(every: CheckpointEvery) -> Self {
        Self { every, last: Instant::now(), cost: Duration::ZERO }
    }

    /// Whether one is due after an epoch.
    pub fn due_after(&self, epoch: usize) -> bool {
        match self.every {
            CheckpointEvery::Automatic => self.last.elapsed() >= self.cost * SHARE,
            CheckpointEvery::Epochs(epochs) => epoch.is_multiple_of(epochs),
            CheckpointEvery::Time(time) => self.last.elapsed() >= time,
        }
    }

    /// Whether one is due before the epoch is done.
    pub fn overdue(&self) -> bool {
        match self.every {
            CheckpointEvery::Automatic => self.last.elapsed() >= WITHIN_AN_EPOCH.max(self.cost * SHARE),
            CheckpointEvery::Epochs(_) => false,
            CheckpointEvery::Time(time) => self.last.elapsed() >= time,
        }
    }

    /// Writes one, and looks at what that takes.
    pub fn write<E>(&mut self, write: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        let start = Instant::now();
        write()?;
        self.last = Instant::now();
        self.cost = self.last - start;
        Ok(())
    }
}

impl FromStr for CheckpointEvery {
    type Err = IntervalError;

    fn from_str(text: &str) -> Result<Self, IntervalError> {
        match (text.parse(), duration(text)) {
            (Ok(epochs @ 1..), _) => Ok(Self::Epochs(epochs)),
            (_, Some(time)) => Ok(Self::Time(time)),
            _ => Err(IntervalError(text.to_owned())),
        }
    }
}

/// A whole number above 0 of seconds, minutes or hours: `30s`, `10min` or `10m`, `2h`.
pub fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let seconds = match &text[digits..] {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        _ => return None,
    };
    let duration = Duration::from_secs(number.checked_mul(seconds)?);
    (!duration.is_zero()).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_epochs_or_times() {
        let read = |text: &str| text.parse::<CheckpointEvery>().ok();
        let time = |seconds| Some(CheckpointEvery::Time(Duration::from_secs(seconds)));
        assert_eq!(read("5"), Some(CheckpointEvery::Epochs(5)));
        assert_eq!([read("30s"), read("10min"), read("2h")], [time(30), time(600), time(7200)]);
        for wrong in
            ["", "0", "0s", "-1", "+1s", "s", "5x", "1.5h", "99999999999999999999", "18446744073709551615h"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn one_is_due_by_epochs_by_time_or_by_what_the_last_one_took() {
        let slow = || -> Result<(), ()> {
            std::thread::sleep(Duration::from_millis(20));
            Ok(())
        };
        let mut automatic = Checkpoints::new(CheckpointEvery::Automatic);
        assert!(automatic.due_after(1) && !automatic.overdue());
        automatic.write(slow).unwrap();
        assert!(!automatic.due_after(2), "a hundred times 20 ms have not passed");
        let epochs = Checkpoints::new(CheckpointEvery::Epochs(3));
        assert_eq!([1, 2, 3, 6].map(|epoch| epochs.due_after(epoch)), [false, false, true, true]);
        let mut time = Checkpoints::new(CheckpointEvery::Time(Duration::from_millis(20)));
        assert!(!time.overdue());
        slow().unwrap();
        assert!(time.overdue() && time.due_after(1));
        time.write(|| Ok::<_, ()>(())).unwrap();
        assert!(!time.overdue());
    }
}
