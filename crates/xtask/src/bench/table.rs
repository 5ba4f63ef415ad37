//! The figures as Markdown, for docs/performance.md.

use super::contestant::Library;
use super::machine::Machine;
use super::results::{Results, Side};
use super::statistics::Spread;

/// What was measured on, how narrows compares, and every figure.
pub fn markdown(results: &Results) -> String {
    format!("{}\n{}\n{}", machine(results), comparison(results), figures(results))
}

fn machine(Results { machine, entries }: &Results) -> String {
    let Machine { cpu, processors, instruction_set, system, versions, .. } = machine;
    let versions: Vec<String> = versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let mut text =
        format!("{cpu}, {processors} processors, {instruction_set}, {system}; {}.", versions.join(", "));
    if let (Some(one), Some(all)) = (machine.peak_of_one_thread, machine.peak_of_all_threads) {
        text += &format!(" Register peak: {one:.0} GFLOP/s on one thread, {all:.0} on all that were used.");
    }
    let mut commits: Vec<&str> = entries.iter().map(|entry| entry.commit.as_str()).collect();
    commits.sort_unstable();
    commits.dedup();
    text + &format!(" Commits: {}.\n", commits.join(", "))
}

/// How many times as fast narrows is; the median of the rounds' ratios, and the least and the greatest.
fn comparison(results: &Results) -> String {
    let mut text = line(&[
        "workload",
        "threads",
        "narrows",
        "PyTorch takes",
        "JAX takes",
        "scikit-learn takes",
        "one thread of narrows: JAX takes",
        "dense GFLOP/s",
        "of the peak",
    ]);
    text += &line(&["---", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:"]);
    for entry in &results.entries {
        let Some(narrows) = entry.narrows() else { continue };
        let Some(seconds) = narrows.seconds() else { continue };
        let against = |library: Library, narrows: Option<&Side>| {
            let ratio = entry.fastest(library).and_then(|peer| peer.ratio_to(narrows?));
            ratio.map_or("–".to_owned(), times)
        };
        let rate = entry.gflop.map(|gflop| gflop / seconds.median);
        let peak = match entry.threads {
            1 => results.machine.peak_of_one_thread,
            _ => results.machine.peak_of_all_threads,
        };
        let share = rate.zip(peak).map(|(rate, peak)| format!("{:.0} %", 100.0 * rate / peak));
        text += &line(&[
            &entry.workload,
            &entry.threads.to_string(),
            &duration(seconds.median),
            &against(Library::PyTorch, Some(narrows)),
            &against(Library::Jax, Some(narrows)),
            &against(Library::ScikitLearn, Some(narrows)),
            &against(Library::Jax, entry.narrows_on_one_thread()),
            &rate.map_or("–".to_owned(), |rate| format!("{rate:.0}")),
            &share.unwrap_or_else(|| "–".to_owned()),
        ]);
    }
    text
}

fn figures(results: &Results) -> String {
    let mut text = line(&[
        "workload",
        "who",
        "seconds",
        "least–most",
        "× narrows",
        "first",
        "peak memory",
        "loss",
        "note",
    ]);
    text += &line(&["---", "---", "--:", "--:", "--:", "--:", "--:", "--:", "---"]);
    for entry in &results.entries {
        for side in &entry.sides {
            let Some(seconds) = side.seconds() else {
                let failure = side.failure.as_deref().unwrap_or("not measured");
                text += &line(&[&entry.workload, &side.name(), "–", "–", "–", "–", "–", "–", failure]);
                continue;
            };
            let last = side.rounds.last();
            let losses = side.losses();
            let loss = losses.iter().sum::<f64>() / losses.len() as f64;
            let ratio = entry.narrows().and_then(|narrows| side.ratio_to(narrows));
            let first = side.rounds.first().and_then(|round| round.first_seconds);
            let memory = side.rounds.iter().filter_map(|round| round.peak_memory_bytes).max();
            text += &line(&[
                &entry.workload,
                &side.name(),
                &duration(seconds.median),
                &format!("{}–{}", duration(seconds.least), duration(seconds.most)),
                &ratio.map_or("–".to_owned(), |ratio| format!("{:.2}", ratio.median)),
                &first.map_or("–".to_owned(), duration),
                &memory.map_or("–".to_owned(), |bytes| format!("{} MB", bytes / 1_000_000)),
                &if losses.is_empty() { "–".to_owned() } else { format!("{loss:.5}") },
                last.and_then(|round| round.note.as_deref()).unwrap_or_default(),
            ]);
        }
    }
    text
}

fn times(ratio: Spread) -> String {
    format!("{:.2}× ({:.2}–{:.2})", ratio.median, ratio.least, ratio.most)
}

/// Three figures, without an exponent.
fn duration(seconds: f64) -> String {
    let decimals = (2 - seconds.log10().floor() as i32).clamp(0, 5);
    format!("{seconds:.*}", decimals as usize)
}

fn line(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
    format!("| {} |\n", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_figures() {
        for (seconds, text) in [(123.4, "123"), (12.345, "12.3"), (0.2345, "0.234"), (0.0023456, "0.00235")] {
            assert_eq!(duration(seconds), text);
        }
    }
}
