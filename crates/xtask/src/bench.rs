//! `cargo xtask bench`: narrows and its peers, side by side in one run.
//!
//! ```text
//! for every round
//!     for every workload
//!         for every contestant: a process of its own, one after the other, beginning with another one each round
//! ```
//!
//! So what slows the machine for a while slows all of them, and a ratio compares what ran within the same minutes.
//! benchmarks/README.md says what is measured and why.

mod agreement;
mod contestant;
mod environment;
mod machine;
mod measurement;
mod options;
mod results;
mod statistics;
mod table;
mod workload;

use contestant::{Contestant, contestants};
use environment::Environment;
use machine::Machine;
use options::Options;
use results::{Entry, Results};
use workload::{Kind, Workload, Workloads};

pub use options::USAGE;

/// Measures, or with `--table` shows what was measured.
pub fn bench(arguments: &[&str]) -> Result<(), String> {
    let all = Workloads::read()?;
    let options = Options::parse(arguments, &all.names())?;
    if options.table {
        println!("{}", table::markdown(&Results::read()?));
        return Ok(());
    }
    machine::warn_if_busy();
    let environment = Environment::prepare(options.rows.unwrap_or_else(|| all.most_rows()))?;
    let results = measure(&all, &options, &environment)?;
    println!("\n{}", table::markdown(&results));

    let failures: Vec<String> = results.entries.iter().flat_map(agreement::failures).collect();
    if !failures.is_empty() {
        let kept = environment.folder.join("rounds.json");
        return Err(format!(
            "{}\nThe figures are in {}, not in benchmarks/",
            failures.join("\n"),
            kept.display()
        ));
    }
    if options.is_trial() {
        println!("A trial: benchmarks/results.json is as it was.");
        return Ok(());
    }
    Results::read().unwrap_or_default().updated(results).write()?;
    println!("Written to benchmarks/results.json; `cargo xtask bench --table` prints it again.");
    Ok(())
}

fn measure(all: &Workloads, options: &Options, environment: &Environment) -> Result<Results, String> {
    let rows = |workload| options.rows.unwrap_or(usize::MAX).min(all.rows_of(workload));
    let jobs: Vec<(&Workload, Vec<Contestant>)> = all
        .workloads
        .iter()
        .filter(|workload| options.wants(workload))
        .map(|workload| (workload, contestants(workload, options, rows(workload), environment)))
        .collect();
    let commit = machine::commit();
    let mut results = Results::default();
    for (workload, contestants) in &jobs {
        let gflop = workload.gflop(all.features_of(workload), rows(workload));
        results.entries.push(Entry::new(
            workload,
            options.threads,
            rows(workload),
            gflop,
            &commit,
            contestants,
        ));
    }
    for round in 0..options.rounds {
        println!("==> round {} of {}", round + 1, options.rounds);
        for ((workload, contestants), entry) in jobs.iter().zip(&mut results.entries) {
            if round == 0 || workload.kind != (Kind::Experiment { once: true }) {
                entry.measure_round(contestants, environment, round);
            }
        }
        // What has been measured so far is not lost to an interruption.
        results.write_to(&environment.folder.join("rounds.json"))?;
    }
    results.machine = Machine::find(environment, &results.entries, options.threads)?;
    Ok(results)
}
