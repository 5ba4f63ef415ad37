//! What the pairs that an experiment interpolates between are called, and whose pictures stand side by side.

use super::super::{Pair, Summary};
use super::file_name;
use crate::dataset::{Parts, RowName, RowNameError};

/// The longest name of a class in the name of a file: a path has little room.
const LONGEST: usize = 40;

/// `1 → 7`: what stands at λ = 0 and at λ = 1.
pub(super) fn pair_title(data: &Parts, pair: &Pair) -> Result<String, RowNameError> {
    Ok(format!("{} → {}", end_label(data, &pair.from)?, end_label(data, &pair.to)?))
}

/// `1-7`, for the names of files, each different from the others.
pub(super) fn pair_labels(data: &Parts, pairs: &[Pair]) -> Result<Vec<String>, RowNameError> {
    let mut labels: Vec<String> = Vec::new();
    for (number, pair) in pairs.iter().enumerate() {
        let [from, to] = [&pair.from, &pair.to].map(|name| {
            end_label(data, name).map(|label| file_name(&label.chars().take(LONGEST).collect::<String>()))
        });
        let label = format!("{}-{}", from?, to?);
        labels.push(if labels.contains(&label) { format!("{label}-{}", number + 1) } else { label });
    }
    Ok(labels)
}

/// Whether a model stands in the strip of a pair: those that are compared do; if none is named, all.
pub(super) fn in_strip(summary: &Summary, name: &str) -> bool {
    let interpolation = summary.experiment.interpolation.as_ref();
    let named = interpolation.map(|i| [i.linear.as_deref(), i.deep.as_deref()]).unwrap_or_default();
    named == [None, None] || named.contains(&Some(name))
}

fn end_label(data: &Parts, name: &RowName) -> Result<String, RowNameError> {
    let (dataset, index) = name.find(data)?;
    Ok(dataset.class_of(index).map_or_else(|| name.to_string(), str::to_owned))
}
