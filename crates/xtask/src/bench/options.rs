//! What a run of the benchmark is asked to do.

use super::workload::{Kind, Workload};

/// Shown where the arguments are wrong.
pub const USAGE: &str = "\
cargo xtask bench          measure narrows against PyTorch, JAX and scikit-learn
    --rounds N        rounds, in each of which everyone runs once [default: 5]
    --only WORKLOAD   only this one; may be repeated
    --threads N       threads for everyone [default: all processors]
    --study           also the whole study, `narrows run assignment`, once
    --rows N          a trial on the first N rows; is not written to benchmarks/results.json
    --table           print the table of benchmarks/results.json, measure nothing";

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// In each round, everyone runs once.
    pub rounds: usize,
    /// Names of workloads; none is all.
    pub only: Vec<String>,
    /// For everyone.
    pub threads: usize,
    /// The whole study too.
    pub study: bool,
    /// The first so many rows of all data.
    pub rows: Option<usize>,
    /// Print, do not measure.
    pub table: bool,
}

impl Options {
    /// Reads the arguments behind `cargo xtask bench`.
    pub fn parse(arguments: &[&str], workloads: &[&str]) -> Result<Self, String> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let mut options =
            Self { rounds: 5, only: Vec::new(), threads: processors, study: false, rows: None, table: false };
        let mut arguments = arguments.iter();
        while let Some(&argument) = arguments.next() {
            let mut value =
                || arguments.next().copied().ok_or_else(|| format!("{argument} needs a value\n\n{USAGE}"));
            match argument {
                "--rounds" => options.rounds = positive(argument, value()?)?,
                "--threads" => options.threads = positive(argument, value()?)?,
                "--rows" => options.rows = Some(positive(argument, value()?)?),
                "--only" => {
                    let name = value()?;
                    if !workloads.contains(&name) {
                        return Err(format!(
                            "there is no workload `{name}`; there are: {}",
                            workloads.join(", ")
                        ));
                    }
                    options.only.push(name.to_owned());
                }
                "--study" => options.study = true,
                "--table" => options.table = true,
                _ => return Err(format!("`{argument}` is unknown\n\n{USAGE}")),
            }
        }
        if options.threads > processors {
            let asked = options.threads;
            return Err(format!("{asked} threads were asked for; this machine has {processors} processors"));
        }
        Ok(options)
    }

    /// Whether a workload is to be measured.
    pub fn wants(&self, workload: &Workload) -> bool {
        let named = self.only.contains(&workload.name);
        match workload.kind {
            // Minutes long.
            Kind::Experiment { once: true } => named || self.study,
            _ => named || self.only.is_empty(),
        }
    }

    /// Whether the figures are of no use but to see that everything works.
    pub fn is_trial(&self) -> bool {
        self.rows.is_some()
    }
}

fn positive(name: &str, text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{name} takes a whole number from 1, not `{text}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_and_wrong_ones_are_refused() {
        let parse = |arguments: &[&str]| Options::parse(arguments, &["pca", "large"]);
        let options =
            parse(&["--rounds", "3", "--only", "pca", "--only", "large", "--threads", "1"]).unwrap();
        assert_eq!((options.rounds, options.threads, options.rows), (3, 1, None));
        assert_eq!(options.only, ["pca", "large"]);
        assert!(parse(&["--rows", "100"]).unwrap().is_trial());
        for (arguments, word) in [
            (&["--rounds", "0"][..], "from 1"),
            (&["--rounds"], "needs a value"),
            (&["--only", "huge"], "pca, large"),
            (&["--threads", "100000"], "processors"),
            (&["--quick"], "--rounds N"),
        ] {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(word), "{arguments:?}: {error}");
        }
    }
}
