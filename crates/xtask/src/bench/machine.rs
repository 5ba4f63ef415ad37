//! What was measured on.

use std::collections::BTreeMap;
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::environment::Environment;
use super::measurement::output;
use super::results::Entry;

/// Above this many processes waiting, on average over the last minute, times say little.
const BUSY: f64 = 0.3;

/// A machine, and the versions of what ran on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// How many processors the system has.
    pub processors: usize,
    /// The instruction set of narrows' kernels.
    pub instruction_set: String,
    /// Operating system and architecture.
    pub system: String,
    /// GFLOP/s of fused multiply-adds on registers, on one thread.
    pub peak_of_one_thread: Option<f64>,
    /// The same on all threads that took part.
    pub peak_of_all_threads: Option<f64>,
    /// Of libraries, Python and Rust.
    pub versions: BTreeMap<String, String>,
}

impl Machine {
    /// Asks the system, the programs and the measurements.
    pub fn find(environment: &Environment, entries: &[Entry], threads: usize) -> Result<Self, String> {
        let measurements = || entries.iter().flat_map(|entry| &entry.sides).flat_map(|side| &side.rounds);
        let mut versions: BTreeMap<String, String> =
            measurements().flat_map(|m| m.versions.clone()).collect();
        for (name, program) in [("Python", environment.python.as_path()), ("Rust", "rustc".as_ref())] {
            let version = output(Command::new(program).arg("--version"))?;
            versions
                .insert(name.to_owned(), version.split_whitespace().nth(1).unwrap_or_default().to_owned());
        }
        let peak = |threads: usize| output(Command::new(&environment.peak).arg(threads.to_string()));
        let peak = |threads| peak(threads).ok().and_then(|text| text.trim().parse().ok());
        Ok(Self {
            cpu: cpu(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            instruction_set: measurements().find_map(|m| m.instruction_set.clone()).unwrap_or_default(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            peak_of_one_thread: peak(1),
            peak_of_all_threads: peak(threads),
            versions,
        })
    }

    /// Whether figures of both may stand in one table.
    pub fn is_like(&self, other: &Self) -> bool {
        let same_version = |(name, version)| other.versions.get(name).is_none_or(|other| other == version);
        (&self.cpu, self.processors, &self.system) == (&other.cpu, other.processors, &other.system)
            && self.versions.iter().all(same_version)
    }
}

/// Says so if the machine has something else to do.
pub fn warn_if_busy() {
    let load = std::fs::read_to_string("/proc/loadavg").ok();
    let load: Option<f64> = load.and_then(|text| text.split_whitespace().next()?.parse().ok());
    if let Some(load) = load.filter(|&load| load > BUSY) {
        println!(
            "This machine is busy (load {load}): times will be too long, and spread. Ratios may still hold."
        );
    }
}

fn cpu() -> String {
    let information = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = information.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

/// The commit that is checked out, with a `+` if what is compiled differs from it.
pub fn commit() -> String {
    let git =
        |arguments: &[&str]| output(Command::new("git").args(arguments).current_dir(crate::command::root()));
    let commit = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_default();
    let changed =
        git(&["status", "--porcelain", "--", "Cargo.toml", "Cargo.lock", "crates"]).unwrap_or_default();
    format!("{}{}", commit.trim(), if changed.is_empty() { "" } else { "+" })
}
