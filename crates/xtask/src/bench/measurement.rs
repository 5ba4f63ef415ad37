//! What one process measures and prints, as one line of JSON.

use std::collections::BTreeMap;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// The answer of one process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Of an epoch, a pass or a run: the median of those that the process timed.
    pub seconds: f64,
    /// The first one, which is not timed: in it programs are compiled and data is prepared.
    pub first_seconds: Option<f64>,
    /// Training: the mean of the second epoch's batch losses. Inference and PCA: the mean squared error.
    pub loss: Option<f64>,
    /// The most memory that the process had.
    pub peak_memory_bytes: Option<u64>,
    /// Of the libraries.
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
    /// narrows': the instruction set of the kernels.
    pub instruction_set: Option<String>,
    /// What else is worth knowing.
    pub note: Option<String>,
}

/// Runs a process that answers.
pub fn measure(command: &mut Command) -> Result<Measurement, String> {
    let text = output(command)?;
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line)
        .map_err(|error| format!("`{command:?}` printed no measurement, but `{line}`: {error}"))
}

/// What a process prints, if it succeeds; else the end of what it complains of.
pub fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("`{command:?}` cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let last = complaint.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing was said");
    Err(format!("`{command:?}` ended with {}: {}", output.status, last.trim()))
}
