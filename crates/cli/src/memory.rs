//! Whether the machine has the memory that a run takes.

use narrows::experiment::MemoryNeeded;
use sysinfo::{MemoryRefreshKind, System};

use crate::failure::Failure;

/// Refuses a run that takes more than there is: begun, it would be killed, or the machine stand still.
pub fn check(needed: &MemoryNeeded) -> Result<(), Failure> {
    match free() {
        Some(free) if needed.bytes > free => Err(Failure::user(sentence(needed, free))),
        _ => Ok(()),
    }
}

/// Bytes that are free, or that can be made free; nothing where the system does not say. In a container, no more than its limit leaves.
pub fn free() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    let limit =
        system.cgroup_limits().map_or(u64::MAX, |limits| limits.total_memory.saturating_sub(limits.rss));
    Some(system.available_memory().min(limit)).filter(|&free| free > 0)
}

fn sentence(needed: &MemoryNeeded, free: u64) -> String {
    let MemoryNeeded { bytes, models, largest } = needed;
    let at_a_time = if *models == 1 { String::new() } else { format!(" for {models} models at a time") };
    let largest = largest.as_ref().map_or(String::new(), |(name, parameters, bytes)| {
        format!("; `{name}`, with {parameters} parameters, takes {}", size(*bytes))
    });
    let fewer = if *models == 1 { "" } else { ", or fewer --threads" };
    format!(
        "this takes about {} of memory{at_a_time}, and {} are free{largest}. Give smaller hidden sizes, a smaller batch size{fewer}",
        size(*bytes),
        size(free)
    )
}

fn size(bytes: u64) -> String {
    match bytes as f64 {
        bytes if bytes < 1e9 => format!("{:.0} MB", bytes / 1e6),
        bytes => format!("{:.1} GB", bytes / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_memory_and_not_without_end() {
        let needed = |bytes| MemoryNeeded { bytes, models: 1, largest: None };
        assert!(check(&needed(1)).is_ok());
        assert!(check(&needed(u64::MAX)).is_err());
    }

    #[test]
    fn the_sentence_says_what_takes_how_much() {
        let largest = Some(("deep".to_owned(), 1000, 36_000_000));
        let said = sentence(&MemoryNeeded { bytes: 72_500_000_000, models: 2, largest }, 8_000_000_000);
        assert_eq!(
            said,
            "this takes about 72.5 GB of memory for 2 models at a time, and 8.0 GB are free; `deep`, with 1000 parameters, takes \
             36 MB. Give smaller hidden sizes, a smaller batch size, or fewer --threads"
        );
    }
}
