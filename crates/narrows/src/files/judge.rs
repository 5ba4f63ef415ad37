//! The judge of interpolations as one safetensors file, `judge.safetensors`: parameters under the names of
//! `nn.Sequential(Linear, ReLU, Linear)`, everything else in the metadata. As in [`model`](super::model), keys that are not known
//! are errors in `classifier` and `input`, and passed over elsewhere.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::architecture::ClassifierRecord;
use super::container::{
    VERSION, check_finite, check_known, check_version, of_parameters, open, read, read_parameters, write,
};
use super::input::InputRecord;
use super::{LoadError, SaveError};
use crate::interpolate::judge::Judge;
use crate::model::{Classifier, ClassifierArchitecture, Parameters};

#[derive(Serialize, Deserialize)]
struct Metadata {
    version: u32,
    #[serde(with = "ClassifierRecord")]
    classifier: ClassifierArchitecture,
    input: InputRecord,
    /// The data it was trained on.
    #[serde(default)]
    data: String,
    /// The content hash of its training set; unknown in files of version 1.
    #[serde(default)]
    data_hash: Option<String>,
    test_accuracy: f64,
    /// What a later narrows says beside.
    #[serde(flatten)]
    unread: Map<String, Value>,
}

/// Which data a judge was trained on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainedOn {
    /// Its name.
    pub name: String,
    /// The [`content_hash`](crate::dataset::Dataset::content_hash) of the training set; unknown in files of narrows 0.1.
    pub hash: Option<String>,
}

/// The bytes of a judge's file; nothing of [`Judge::Pixels`], which has learned nothing.
///
/// # Errors
/// [`SaveError`] if [`load`] would refuse the file.
pub fn to_bytes(judge: &Judge, data: &TrainedOn) -> Result<Option<Vec<u8>>, SaveError> {
    let Judge::Classifier { classifier, test_accuracy } = judge else { return Ok(None) };
    classifier.check()?;
    check_finite(&classifier.parameters)?;
    let metadata = Metadata {
        version: VERSION,
        classifier: classifier.architecture.clone(),
        input: InputRecord::of(&classifier.input),
        data: data.name.clone(),
        data_hash: data.hash.clone(),
        test_accuracy: *test_accuracy,
        unread: Map::new(),
    };
    Ok(Some(of_parameters(&metadata, &classifier.parameters)))
}

/// Writes a judge's file, if it has learned anything.
///
/// # Errors
/// [`SaveError`] if the file cannot be written, or [`load`] would refuse it.
pub fn save(path: &Path, judge: &Judge, data: &TrainedOn) -> Result<(), SaveError> {
    match to_bytes(judge, data)? {
        Some(bytes) => write(path, &bytes),
        None => Ok(()),
    }
}

/// Reads a judge, and which data it was trained on.
///
/// # Errors
/// [`LoadError`] if the file cannot be read, or is not a whole judge.
pub fn load(path: &Path) -> Result<(Judge, TrainedOn), LoadError> {
    from_bytes(&read(path)?, &path.display().to_string())
}

/// A judge from the bytes of its file, called `path` in errors, and which data it was trained on.
///
/// # Errors
/// [`LoadError`] if they are not a whole judge.
pub fn from_bytes(bytes: &[u8], path: &str) -> Result<(Judge, TrainedOn), LoadError> {
    let (tensors, text) = open(bytes, path)?;
    check_version(&text, VERSION, path)?;
    let foreign = |why: String| LoadError::Foreign { path: path.to_owned(), why };
    let metadata: Metadata = serde_json::from_str(&text).map_err(|error| foreign(error.to_string()))?;
    check_known(&text, &metadata, path)?;
    let Metadata { classifier: architecture, input, data, data_hash, test_accuracy, .. } = metadata;
    architecture.validate().map_err(|source| LoadError::Architecture { path: path.to_owned(), source })?;
    let input = input.into_input(architecture.inputs).map_err(foreign)?;
    // Before the parameters are allocated: a small file must not make a large judge.
    if bytes.len() / 4 < architecture.parameter_count() {
        let what = "the judge has more parameters than the file has room for".to_owned();
        return Err(LoadError::Tensor { path: path.to_owned(), what });
    }
    let mut parameters = Parameters::zeros_of(&architecture.layers());
    read_parameters(&tensors, &mut parameters, "a judge", path)?;
    let classifier = Classifier { architecture, parameters, input };
    let trained_on = TrainedOn { name: data, hash: data_hash };
    Ok((Judge::Classifier { classifier, test_accuracy }, trained_on))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Normalisation, Schema, ValueRange};
    use crate::model::{Initialisation, InputSpec};

    fn digits() -> TrainedOn {
        TrainedOn { name: "digits".to_owned(), hash: Some("0123".to_owned()) }
    }

    fn judge() -> Judge {
        let architecture = ClassifierArchitecture { inputs: 5, hidden: 4, classes: 3 };
        let parameters = Initialisation::Pytorch.draw_layers(&architecture.layers(), 1);
        let schema = Schema::rows(5).unwrap().with_range(ValueRange { low: 0.0, high: 2.0 }).unwrap();
        let input = InputSpec::new(Normalisation::new(vec![0.5], vec![0.0]).unwrap(), schema).unwrap();
        Judge::Classifier { classifier: Classifier { architecture, parameters, input }, test_accuracy: 0.5 }
    }

    #[test]
    fn a_judge_is_read_back_as_it_was() {
        let bytes = to_bytes(&judge(), &digits()).unwrap().unwrap();
        assert_eq!(bytes, to_bytes(&judge(), &digits()).unwrap().unwrap(), "equal judges are equal bytes");
        let (read, data) = from_bytes(&bytes, "judge.safetensors").unwrap();
        assert_eq!((read, data), (judge(), digits()));
        assert_eq!(to_bytes(&Judge::Pixels { features: 5 }, &digits()).unwrap(), None);
    }

    #[test]
    fn a_file_that_is_cut_or_of_something_else_is_refused() {
        let bytes = to_bytes(&judge(), &digits()).unwrap().unwrap();
        for length in 0..bytes.len() {
            assert!(from_bytes(&bytes[..length], "cut").is_err(), "{length} bytes of {}", bytes.len());
        }
        let altered = |from: &str, to: &str| {
            assert_eq!(from.len(), to.len());
            let place = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
            let mut altered = bytes.clone();
            altered[place..place + to.len()].copy_from_slice(to.as_bytes());
            from_bytes(&altered, "altered").unwrap_err().to_string()
        };
        // The metadata is JSON within JSON.
        assert!(altered("hidden\\\":4", "hidden\\\":0").contains("cannot be"));
        assert!(altered("hidden\\\":4", "hidden\\\":5").contains("should be"));
        assert!(altered("version\\\":2", "version\\\":9").contains("version 9"));
        assert!(altered("classifier", "architects").contains("no model of narrows"));
    }
}
