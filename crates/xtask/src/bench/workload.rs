//! What is measured: benchmarks/workloads.json, which narrows' side and the peers read too.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::command::root;

/// The file.
#[derive(Debug, Deserialize)]
pub struct Workloads {
    data: BTreeMap<String, Shape>,
    /// In the order of the table.
    pub workloads: Vec<Workload>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Shape {
    rows: usize,
    features: usize,
}

/// One of them.
#[derive(Clone, Debug, Deserialize)]
pub struct Workload {
    /// As `--only` takes it.
    pub name: String,
    /// Runs, epochs or passes that a process times.
    pub timed: usize,
    data: Option<String>,
    hidden: Option<Vec<usize>>,
    /// What is done.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Epochs of training.
    Training,
    /// Codes and reconstructions of all rows.
    Inference,
    /// Exact PCA.
    ExactPca,
    /// From the start of a program to knowing a model.
    StartUp,
    /// `narrows run`, of the experiment that the workload is named after.
    Experiment {
        /// Once a run of the benchmark and only where asked for, for it takes minutes.
        once: bool,
    },
}

impl Workloads {
    /// Reads the file.
    pub fn read() -> Result<Self, String> {
        let path = root().join("benchmarks/workloads.json");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// All names.
    pub fn names(&self) -> Vec<&str> {
        self.workloads.iter().map(|workload| workload.name.as_str()).collect()
    }

    /// Rows of a workload's data; 0 without any.
    pub fn rows_of(&self, workload: &Workload) -> usize {
        self.shape(workload).map_or(0, |shape| shape.rows)
    }

    /// Numbers in a row of a workload's data; 0 without any.
    pub fn features_of(&self, workload: &Workload) -> usize {
        self.shape(workload).map_or(0, |shape| shape.features)
    }

    /// Rows of the longest data.
    pub fn most_rows(&self) -> usize {
        self.data.values().map(|shape| shape.rows).max().unwrap_or(0)
    }

    fn shape(&self, workload: &Workload) -> Option<Shape> {
        self.data.get(workload.data.as_deref()?).copied()
    }
}

impl Workload {
    /// Floating-point operations of one epoch or pass over `rows` rows, in 10⁹, if every number is taken as dense.
    ///
    /// A weight costs a row one multiply-add in the forward pass, one for its gradient, and one to pass δ on, which the
    /// first layer does not. Activations and the optimiser are not counted.
    pub fn gflop(&self, features: usize, rows: usize) -> Option<f64> {
        let hidden = self.hidden.as_ref()?;
        let inputs = std::iter::once(&features).chain(hidden);
        let half: usize = inputs.zip(hidden).map(|(a, b)| a * b).sum();
        let multiply_adds = match self.kind {
            Kind::Training => 3 * 2 * half - features * hidden.first()?,
            _ => 2 * half,
        };
        Some((2 * multiply_adds * rows) as f64 / 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_and_three_layers_take_32_gflop() {
        let all = Workloads::read().unwrap();
        let gflop = |name: &str| {
            let workload = all.workloads.iter().find(|workload| workload.name == name).unwrap();
            workload.gflop(all.features_of(workload), all.rows_of(workload)).unwrap()
        };
        // 266,240 multiply-adds a row, 60,000 rows.
        assert_eq!(gflop("three-layer"), 2.0 * 266_240.0 * 60_000.0 / 1e9);
        // Forward alone: 105,472 weights.
        assert_eq!(gflop("inference"), 2.0 * 105_472.0 * 60_000.0 / 1e9);
    }
}
