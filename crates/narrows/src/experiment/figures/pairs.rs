//! What the pairs that an experiment interpolates between are called, and whose pictures stand side by side.

use super::super::{Pair, Summary};
use super::{DrawError, file_name};
use crate::dataset::{Dataset, Parts, RowName, RowNameError, Which};
use crate::model::MismatchError;

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

/// What a row is called in a title: by its own name where it was asked for by that, by its class where it has one, else as it was
/// asked for.
fn end_label(data: &Parts, name: &RowName) -> Result<String, RowNameError> {
    if let Which::Called(id) = &name.which {
        return Ok(id.clone());
    }
    Ok(name.find(data)?.class().map_or_else(|| name.to_string(), str::to_owned))
}

/// `train:7`, and what the row is called where the data says it: `train:7, S0017`.
pub(super) fn end_name(data: &Parts, name: &RowName) -> Result<String, RowNameError> {
    let found = name.find(data)?;
    let id = data.id(found.part, found.index).filter(|_| !matches!(name.which, Which::Called(_)));
    Ok(id.map_or_else(|| name.to_string(), |id| format!("{name}, {id}")))
}

/// The rows that a pair goes between: λ = 0, then λ = 1.
pub(super) fn ends(data: &Parts, pair: &Pair) -> Result<[Dataset; 2], DrawError> {
    let row = |name: &RowName| Ok::<_, DrawError>(name.find(data)?.row().map_err(MismatchError::from)?);
    Ok([row(&pair.from)?, row(&pair.to)?])
}
