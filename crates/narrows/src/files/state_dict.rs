//! A state dict of PyTorch, saved as safetensors, as a model.
//!
//! Its tensors have the names and shapes that `docs/pytorch.md` gives them: `encoder.0.weight`, `encoder.0.bias`, `encoder.2.weight`, …,
//! and a mirrored `decoder`. Sizes follow from the shapes. Activations have no tensors: they are given, or stand in the file's metadata as
//! `activation` and `output`, by the names that experiments use.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::SafeTensors;
use serde::de::DeserializeOwned;

use super::LoadError;
use super::container::{KEY, all_metadata, open_any, read_if, read_parameters};
use crate::model::{Architecture, HiddenActivation, OutputActivation, Parameters};

/// The activations of a model, as far as they are given. Those that are not stand in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activations {
    /// After each hidden layer but the latent.
    pub hidden: Option<HiddenActivation>,
    /// After the last layer.
    pub output: Option<OutputActivation>,
}

/// Reads the file of a state dict.
///
/// # Errors
/// [`LoadError`] if it cannot be read, or is no state dict of an autoencoder, or an activation is not known.
pub fn load(path: &Path, given: Activations) -> Result<(Architecture, Parameters), LoadError> {
    let bytes = read_if(path, |header, name| all_metadata(header, name).map(drop))?;
    from_bytes(&bytes, given, path.display().to_string())
}

/// A state dict from the bytes of its file, called `path` in errors.
///
/// # Errors
/// As [`load`].
pub fn from_bytes(
    bytes: &[u8],
    given: Activations,
    path: impl Into<String>,
) -> Result<(Architecture, Parameters), LoadError> {
    let path = path.into();
    let (tensors, header) = open_any(bytes, &path)?;
    let metadata = all_metadata(header, &path)?;
    let foreign = |why: String| LoadError::Foreign { path: path.clone(), why };
    if metadata.contains_key(KEY) {
        return Err(foreign(
            "it is one already, with all that a model file says; use it as it is".to_owned(),
        ));
    }
    let (inputs, hidden) = sizes(&tensors).map_err(|what| LoadError::Tensor { path: path.clone(), what })?;
    let activation = match given.hidden {
        // There is nothing that it would come after.
        None if hidden.len() == 1 => HiddenActivation::default(),
        hidden => said(hidden, &metadata, "activation", "after each hidden layer").map_err(foreign)?,
    };
    let output = said(given.output, &metadata, "output", "after the last layer").map_err(foreign)?;
    let architecture = Architecture { inputs, hidden, activation, output };
    architecture.validate().map_err(|source| LoadError::Architecture { path: path.clone(), source })?;
    if bytes.len() / 4 < architecture.parameter_count() {
        let what = format!("{architecture} has more parameters than the file has room for");
        return Err(LoadError::Tensor { path, what });
    }
    let mut parameters = Parameters::zeros(&architecture);
    read_parameters(&tensors, &mut parameters, &architecture.to_string(), &path)?;
    Ok((architecture, parameters))
}

/// Inputs, and the sizes of the encoder's layers.
fn sizes(tensors: &SafeTensors<'_>) -> Result<(usize, Vec<usize>), String> {
    let (mut inputs, mut hidden) = (None, Vec::new());
    while let Ok(weight) = tensors.tensor(&format!("encoder.{}.weight", 2 * hidden.len())) {
        let &[outputs, of] = weight.shape() else {
            let name = format!("encoder.{}.weight", 2 * hidden.len());
            return Err(format!(
                "tensor `{name}` has the shape {:?}; expected (outputs, inputs)",
                weight.shape()
            ));
        };
        inputs.get_or_insert(of);
        hidden.push(outputs);
    }
    inputs.map(|inputs| (inputs, hidden)).ok_or_else(|| {
        let mut names = tensors.names();
        names.sort();
        names.truncate(4);
        format!(
            "tensor `encoder.0.weight` is missing; expected the state dict of a module with an `encoder` and a `decoder`, each an \
             nn.Sequential of Linear layers and activations in turn; found {names:?} and so on"
        )
    })
}

/// What is given, or what the file says.
fn said<T: DeserializeOwned>(
    given: Option<T>,
    metadata: &HashMap<String, String>,
    key: &str,
    place: &str,
) -> Result<T, String> {
    if let Some(given) = given {
        return Ok(given);
    }
    let text = metadata.get(key).ok_or_else(|| {
        format!(
            "nothing says its activation {place}; give `{key}`, or save the file with `{key}` in its metadata"
        )
    })?;
    serde_json::from_value(text.as_str().into()).map_err(|error| format!("its metadata `{key}`: {error}"))
}

#[cfg(test)]
mod tests {
    use safetensors::tensor::{Dtype, TensorView};

    use super::*;

    /// A file with these tensors of zeros, as the Python package of safetensors writes it.
    fn file(tensors: &[(&str, &[usize])], metadata: &[(&str, &str)]) -> Vec<u8> {
        let zeros = [0; 4096];
        let views = tensors.iter().map(|&(name, shape)| {
            let bytes = &zeros[..4 * shape.iter().product::<usize>()];
            (name, TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap())
        });
        let metadata = metadata.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        safetensors::serialize(views, Some(metadata)).unwrap()
    }

    const TENSORS: [(&str, &[usize]); 8] = [
        ("encoder.0.weight", &[3, 5]),
        ("encoder.0.bias", &[3]),
        ("encoder.2.weight", &[2, 3]),
        ("encoder.2.bias", &[2]),
        ("decoder.0.weight", &[3, 2]),
        ("decoder.0.bias", &[3]),
        ("decoder.2.weight", &[5, 3]),
        ("decoder.2.bias", &[5]),
    ];

    fn refused(bytes: &[u8], given: Activations) -> String {
        from_bytes(bytes, given, "file").unwrap_err().to_string()
    }

    #[test]
    fn sizes_follow_from_shapes_and_activations_are_given_or_said() {
        let given =
            Activations { hidden: Some(HiddenActivation::Gelu), output: Some(OutputActivation::Tanh) };
        let said = file(&TENSORS, &[("format", "pt"), ("activation", "silu"), ("output", "linear")]);
        let (architecture, parameters) = from_bytes(&said, given, "file").unwrap();
        assert_eq!(architecture.to_string(), "5 → 3 → 2 → 3 → 5, GELU, tanh output");
        assert_eq!(parameters.values().len(), architecture.parameter_count());
        let (architecture, _) = from_bytes(&said, Activations::default(), "file").unwrap();
        assert_eq!(architecture.to_string(), "5 → 3 → 2 → 3 → 5, SiLU, linear output");
        let unsaid = file(&TENSORS, &[]);
        assert!(refused(&unsaid, Activations::default()).contains("give `activation`"));
        assert!(refused(&unsaid, Activations { output: None, ..given }).contains("give `output`"));
        let unknown = file(&TENSORS, &[("activation", "calm")]);
        assert!(refused(&unknown, Activations::default()).contains("`calm`"));
    }

    #[test]
    fn what_is_no_state_dict_of_an_autoencoder_says_what_was_found() {
        let given =
            Activations { hidden: Some(HiddenActivation::Relu), output: Some(OutputActivation::Tanh) };
        let other = file(&[("fc1.weight", &[2, 2]), ("fc1.bias", &[2])], &[]);
        assert!(refused(&other, given).contains(r#"["fc1.bias", "fc1.weight"]"#));
        let convolution = file(&[("encoder.0.weight", &[2, 1, 3, 3])], &[]);
        assert!(refused(&convolution, given).contains("[2, 1, 3, 3]"));
        assert!(refused(&file(&TENSORS[..7], &[]), given).contains("`decoder.2.bias` is missing"));
        let mut surplus = TENSORS.to_vec();
        surplus.push(("norm.weight", &[3]));
        assert!(refused(&file(&surplus, &[]), given).contains("`norm.weight` does not belong"));
        let mut unmirrored = TENSORS;
        unmirrored[4] = ("decoder.0.weight", &[4, 2]);
        assert!(refused(&file(&unmirrored, &[]), given).contains("should be F32 [3, 2], it is F32 [4, 2]"));
        let mut huge = TENSORS;
        huge[0] = ("encoder.0.weight", &[0, 1 << 30]);
        assert!(refused(&file(&huge, &[]), given).contains("cannot be"));
        assert!(refused(&file(&TENSORS, &[("narrows", "{}")]), given).contains("it is one already"));
        assert!(refused(b"PK", given).contains("no whole safetensors file"));
    }
}
