//! What was measured: benchmarks/results.json.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::contestant::{Contestant, Library};
use super::environment::Environment;
use super::machine::Machine;
use super::measurement::Measurement;
use super::statistics::{Spread, spread};
use super::workload::{Kind, Workload};
use crate::command::root;

/// Everything that was measured on one machine.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Results {
    /// On what.
    pub machine: Machine,
    /// What.
    pub entries: Vec<Entry>,
}

/// One workload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Its name.
    pub workload: String,
    /// What is done in it.
    pub kind: Kind,
    /// For everyone, unless a contestant says otherwise.
    pub threads: usize,
    /// Rows of the data.
    pub rows: usize,
    /// Operations of an epoch or pass if all numbers are taken as dense, in 10⁹.
    pub gflop: Option<f64>,
    /// When it was measured, in seconds since 1970.
    pub measured_at: u64,
    /// The commit that was measured; `+` if files differed from it.
    pub commit: String,
    /// Who took part.
    pub sides: Vec<Side>,
}

/// One contestant in one workload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Side {
    /// Whose work it is.
    pub library: Library,
    /// In which of its ways.
    pub variant: String,
    /// On how many threads.
    pub threads: usize,
    /// One a round.
    pub rounds: Vec<Measurement>,
    /// Why it could not be measured; it is then left out of later rounds.
    pub failure: Option<String>,
}

impl Results {
    /// Reads benchmarks/results.json.
    pub fn read() -> Result<Self, String> {
        let path = root().join("benchmarks/results.json");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}; `cargo xtask bench` writes it", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Writes benchmarks/results.json.
    pub fn write(&self) -> Result<(), String> {
        self.write_to(&root().join("benchmarks/results.json"))
    }

    /// Writes them to a file.
    pub fn write_to(&self, path: &Path) -> Result<(), String> {
        let text = serde_json::to_string_pretty(self).expect("plain data is JSON") + "\n";
        let temporary = path.with_extension("json.part");
        std::fs::write(&temporary, text)
            .and_then(|()| std::fs::rename(&temporary, path))
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    /// These, with newer ones in their place; all of them are newer ones if the machine is another.
    #[must_use]
    pub fn updated(self, newer: Self) -> Self {
        if !self.machine.is_like(&newer.machine) {
            return newer;
        }
        let mut entries = self.entries;
        for entry in newer.entries {
            match entries
                .iter_mut()
                .find(|old| (&old.workload, old.threads) == (&entry.workload, entry.threads))
            {
                Some(old) => *old = entry,
                None => entries.push(entry),
            }
        }
        let mut machine = newer.machine;
        machine.versions = self.machine.versions.into_iter().chain(machine.versions).collect();
        Self { machine, entries }
    }
}

impl Entry {
    /// Nothing measured yet.
    pub fn new(
        workload: &Workload,
        threads: usize,
        rows: usize,
        gflop: Option<f64>,
        commit: &str,
        contestants: &[Contestant],
    ) -> Self {
        let sides = contestants.iter().map(|contestant| Side {
            library: contestant.library,
            variant: contestant.variant.to_owned(),
            threads: contestant.threads,
            rounds: Vec::new(),
            failure: None,
        });
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            workload: workload.name.clone(),
            kind: workload.kind,
            threads,
            rows,
            gflop,
            measured_at: now.map_or(0, |since| since.as_secs()),
            commit: commit.to_owned(),
            sides: sides.collect(),
        }
    }

    /// Measures everyone once, beginning with another one each round.
    pub fn measure_round(&mut self, contestants: &[Contestant], environment: &Environment, round: usize) {
        let count = contestants.len();
        for (contestant, side) in (0..count).map(|i| (i + round) % count).map(|i| (&contestants[i], i)) {
            let side = &mut self.sides[side];
            if side.failure.is_some() {
                continue;
            }
            let name = side.name();
            match contestant.measure(environment, round) {
                Ok(measurement) => {
                    println!("  {:<18} {name:<32} {:>10.4} s", self.workload, measurement.seconds);
                    side.rounds.push(measurement);
                }
                Err(failure) => {
                    println!("  {:<18} {name:<32} could not be measured: {failure}", self.workload);
                    side.failure = Some(failure);
                }
            }
        }
    }

    /// narrows on all threads.
    pub fn narrows(&self) -> Option<&Side> {
        self.sides.iter().find(|side| side.library == Library::Narrows && side.threads == self.threads)
    }

    /// narrows on one thread, where all are more.
    pub fn narrows_on_one_thread(&self) -> Option<&Side> {
        self.sides
            .iter()
            .find(|side| side.library == Library::Narrows && side.threads == 1 && self.threads > 1)
    }

    /// The fastest way of a library.
    pub fn fastest(&self, library: Library) -> Option<&Side> {
        let sides = self.sides.iter().filter(|side| side.library == library && side.seconds().is_some());
        let median = |side: &Side| side.seconds().map_or(f64::INFINITY, |seconds| seconds.median);
        sides.min_by(|a, b| median(a).total_cmp(&median(b)))
    }
}

impl Side {
    /// `PyTorch, compiled step`
    pub fn name(&self) -> String {
        let library = self.library.name();
        let threads = if self.threads == 1 { " (1 thread)" } else { "" };
        let comma = if self.variant.is_empty() { "" } else { ", " };
        format!("{library}{comma}{}{threads}", self.variant)
    }

    /// Seconds of an epoch, pass or run.
    pub fn seconds(&self) -> Option<Spread> {
        spread(&self.rounds.iter().map(|round| round.seconds).collect::<Vec<_>>())
    }

    /// How many times the seconds of `other` this one takes, round by round.
    pub fn ratio_to(&self, other: &Self) -> Option<Spread> {
        // A failure ends the rounds of one; what both have are the first ones.
        let pairs = self.rounds.iter().zip(&other.rounds);
        spread(&pairs.map(|(own, other)| own.seconds / other.seconds).collect::<Vec<_>>())
    }

    /// The losses of the rounds.
    pub fn losses(&self) -> Vec<f64> {
        self.rounds.iter().filter_map(|round| round.loss).collect()
    }
}
