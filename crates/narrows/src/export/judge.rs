//! The judge of interpolations as one safetensors file, `judge.safetensors`: parameters under the names of
//! `nn.Sequential(Linear, ReLU, Linear)`, everything else in the metadata, as in [`super::safetensors`].

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::safetensors::{LoadError, file, open, read_parameters};
use super::write_atomically;
use crate::interpolate::judge::Judge;
use crate::model::{Classifier, ClassifierArchitecture, InputSpec, Parameters};

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Metadata {
    version: u32,
    classifier: ClassifierArchitecture,
    input: InputSpec,
    /// The data it was trained on.
    data: String,
    test_accuracy: f64,
}

/// The bytes of a judge's file; nothing of [`Judge::Pixels`], which has learned nothing.
pub fn to_bytes(judge: &Judge, data: &str) -> Option<Vec<u8>> {
    let Judge::Classifier { classifier, test_accuracy } = judge else { return None };
    let metadata = Metadata {
        version: VERSION,
        classifier: classifier.architecture.clone(),
        input: classifier.input.clone(),
        data: data.to_owned(),
        test_accuracy: *test_accuracy,
    };
    Some(file(&metadata, &classifier.parameters))
}

/// Writes a judge's file, if it has learned anything.
///
/// # Errors
/// Those of the file system.
pub fn save(path: &Path, judge: &Judge, data: &str) -> std::io::Result<()> {
    to_bytes(judge, data).map_or(Ok(()), |bytes| write_atomically(path, &bytes))
}

/// Reads a judge, and the name of the data it was trained on.
///
/// # Errors
/// [`LoadError`] if the file cannot be read, or is not a whole judge.
pub fn load(path: &Path) -> Result<(Judge, String), LoadError> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| LoadError::Read { path: name.clone(), source })?;
    from_bytes(&bytes, &name)
}

/// A judge from the bytes of its file, called `path` in errors, and the name of the data it was trained on.
///
/// # Errors
/// [`LoadError`] if they are not a whole judge.
pub fn from_bytes(bytes: &[u8], path: &str) -> Result<(Judge, String), LoadError> {
    let (tensors, metadata) = open(bytes, path)?;
    let foreign = |why: String| LoadError::Foreign { path: path.to_owned(), why };
    let metadata: Metadata = serde_json::from_str(&metadata).map_err(|error| foreign(error.to_string()))?;
    let Metadata { version, classifier: architecture, input, data, test_accuracy } = metadata;
    if version != VERSION {
        return Err(foreign(format!(
            "its layout is version {version}, this narrows reads version {VERSION}"
        )));
    }
    architecture.validate().map_err(|source| LoadError::Architecture { path: path.to_owned(), source })?;
    input.check(architecture.inputs).map_err(foreign)?;
    // Before the parameters are allocated: a small file must not make a large judge.
    if bytes.len() / 4 < architecture.parameter_count() {
        let what = "the judge has more parameters than the file has room for".to_owned();
        return Err(LoadError::Tensor { path: path.to_owned(), what });
    }
    let mut parameters = Parameters::zeros_of(&architecture.layers());
    read_parameters(&tensors, &mut parameters, "a judge", path)?;
    Ok((
        Judge::Classifier { classifier: Classifier { architecture, parameters, input }, test_accuracy },
        data,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Normalisation, ValueRange};
    use crate::model::Initialisation;

    fn judge() -> Judge {
        let architecture = ClassifierArchitecture { inputs: 5, hidden: 4, classes: 3 };
        let parameters = Initialisation::Pytorch.draw_layers(&architecture.layers(), 1);
        let input = InputSpec {
            normalisation: Normalisation { scale: vec![0.5], offset: vec![0.0] },
            range: ValueRange { low: 0.0, high: 2.0 },
            image: None,
        };
        Judge::Classifier { classifier: Classifier { architecture, parameters, input }, test_accuracy: 0.5 }
    }

    #[test]
    fn a_judge_is_read_back_as_it_was() {
        let bytes = to_bytes(&judge(), "digits").unwrap();
        assert_eq!(bytes, to_bytes(&judge(), "digits").unwrap(), "equal judges are equal bytes");
        let (read, data) = from_bytes(&bytes, "judge.safetensors").unwrap();
        assert_eq!((read, data.as_str()), (judge(), "digits"));
        assert_eq!(to_bytes(&Judge::Pixels { features: 5 }, "digits"), None);
    }

    #[test]
    fn a_file_that_is_cut_or_of_something_else_is_refused() {
        let bytes = to_bytes(&judge(), "digits").unwrap();
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
        assert!(altered("version\\\":1", "version\\\":9").contains("version 9"));
        assert!(altered("classifier", "architects").contains("no model of narrows"));
    }
}
