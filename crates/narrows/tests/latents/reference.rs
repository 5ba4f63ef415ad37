//! Against scikit-learn and SciPy; `golden/generate_latents.py` writes their numbers.

use narrows::dataset::{Dataset, Normalisation, Parts, Samples, Values};
use narrows::evaluate::{
    Labelled, LatentSettings, Points, effective_rank, latent_quality, linear_probe, neighbour_accuracy,
    structure,
};
use narrows::model::{Architecture, Autoencoder, HiddenActivation, InputSpec, OutputActivation, Parameters};
use narrows::pca::Pca;
use serde::Deserialize;

use crate::golden::{Golden, read};
use crate::{compute, schema};

pub const FEATURES: usize = 30;
const LATENT: usize = 6;

#[derive(Deserialize)]
pub struct Case {
    voters: usize,
    neighbours: usize,
}

pub fn golden() -> Golden<Case> {
    read("latents.safetensors")
}

fn labels(golden: &Golden<Case>, name: &str) -> Vec<u32> {
    golden.tensors[name].values.iter().map(|&x| x as u32).collect()
}

/// The share of test rows for which a prediction of scikit-learn's is right.
fn accuracy(golden: &Golden<Case>, prediction: &str) -> f64 {
    let (predicted, labels) = (labels(golden, prediction), labels(golden, "test_labels"));
    let right = predicted.iter().zip(&labels).filter(|(a, b)| a == b).count();
    right as f64 / labels.len() as f64
}

#[test]
fn neighbours_vote_as_kneighborsclassifier_says() {
    let golden = golden();
    let [train, test] = ["train_codes", "test_codes"].map(|name| golden.tensors[name].singles());
    let [train_labels, test_labels] = ["train_labels", "test_labels"].map(|name| labels(&golden, name));
    let train = Labelled::new(Points::new(&train, LATENT), &train_labels).unwrap();
    let test = Labelled::new(Points::new(&test, LATENT), &test_labels).unwrap();
    let found = neighbour_accuracy(&mut compute(), train, test, golden.description.voters).unwrap();
    assert_eq!(found, accuracy(&golden, "knn_prediction"));
    // That the classes overlap is what makes this a test.
    assert!((0.5..0.9).contains(&found), "{found}");
}

#[test]
fn the_linear_probe_is_logisticregression() {
    let golden = golden();
    let [train, test] = ["train_codes", "test_codes"].map(|name| golden.tensors[name].singles());
    let [train_labels, test_labels] = ["train_labels", "test_labels"].map(|name| labels(&golden, name));
    let train = Labelled::new(Points::new(&train, LATENT), &train_labels).unwrap();
    let test = Labelled::new(Points::new(&test, LATENT), &test_labels).unwrap();
    let found = linear_probe(&mut compute(), train, test).unwrap();
    assert!(found.converged && found.iterations > 1, "{found:?}");
    assert_eq!(found.accuracy, accuracy(&golden, "probe_prediction"));
}

#[test]
fn trustworthiness_and_continuity_are_those_of_scikit_learn() {
    let golden = golden();
    let (rows, codes) = (golden.tensors["test"].singles(), golden.tensors["test_codes"].singles());
    let (rows, codes) = (Points::new(&rows, FEATURES), Points::new(&codes, LATENT));
    let found = structure(&mut compute(), rows, codes, golden.description.neighbours);
    for (found, name) in [(found.trustworthiness, "trustworthiness"), (found.continuity, "continuity")] {
        let expected = golden.tensors[name].values[0];
        // Ranks are whole numbers; only the last division rounds.
        assert!((found - expected).abs() < 1e-14, "{name}: {found} for {expected}");
    }
}

#[test]
fn the_effective_rank_is_that_of_numpys_singular_values() {
    let golden = golden();
    let codes = golden.tensors["train_codes"].singles();
    let found = effective_rank(&mut compute(), &codes, LATENT).unwrap();
    let expected = golden.tensors["effective_rank"].values[0];
    // Products are summed in f32, 256 rows at a time, with a relative error below 2⁻¹⁶.
    assert!((found - expected).abs() < 1e-4, "{found} for {expected}");
}

#[test]
fn explained_variance_is_that_of_scikit_learn() {
    let golden = golden();
    let train = golden.tensors["train"].singles();
    let pca = Pca::fit(&mut compute(), &Samples::in_model_scale(FEATURES, train).unwrap()).unwrap();
    let expected = &golden.tensors["explained_variance"].values;
    assert_eq!(pca.variances.len(), expected.len());
    for (found, expected) in pca.variances.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-5 * pca.variances[0], "{found} for {expected}");
    }
    let ratio: f64 = golden.tensors["explained_variance_ratio"].values[..6].iter().sum();
    assert!((pca.explained_variance_ratio(6) - ratio).abs() < 1e-5);
}

#[test]
fn a_model_that_copies_its_input_has_the_measures_of_the_input() {
    let golden = golden();
    let architecture = Architecture {
        inputs: LATENT,
        hidden: vec![LATENT],
        activation: HiddenActivation::Identity,
        output: OutputActivation::Linear,
    };
    let mut parameters = Parameters::zeros(&architecture);
    for name in ["encoder.0.weight", "decoder.0.weight"] {
        let weights = parameters.get_mut(name).unwrap();
        weights.iter_mut().step_by(LATENT + 1).for_each(|diagonal| *diagonal = 1.0);
    }
    let input = InputSpec::new(Normalisation::identity(), schema(LATENT)).unwrap();
    let part = |name: &str| {
        let values = Values::Numbers(golden.tensors[&format!("{name}_codes")].singles());
        Dataset::new(name, schema(LATENT), values, Some(labels(&golden, &format!("{name}_labels")))).unwrap()
    };
    let data = Parts::new(part("train"), None, part("test")).unwrap();
    let model = Autoencoder { architecture, parameters, input };
    let found = latent_quality(&model, &mut compute(), &data, &LatentSettings::default()).unwrap();
    assert_eq!(found.knn_accuracy, Some(accuracy(&golden, "knn_prediction")));
    assert_eq!(found.linear_probe.unwrap().accuracy, accuracy(&golden, "probe_prediction"));
    assert_eq!((found.trustworthiness, found.continuity), (Some(1.0), Some(1.0)));
    let percentiles = &golden.tensors["percentiles"].values;
    for (j, unit) in found.latents.iter().enumerate() {
        let expected = (percentiles[j], percentiles[LATENT + j]);
        assert!(
            (unit.low - expected.0).abs() < 1e-12 && (unit.high - expected.1).abs() < 1e-12,
            "{unit:?}, {expected:?}"
        );
        // Every number alone makes one of six outputs, so its sensitivity is its deviation over the root of 6.
        let sensitivity = unit.standard_deviation / (LATENT as f64).sqrt();
        assert!((unit.sensitivity - sensitivity).abs() < 1e-6, "{unit:?}");
    }
    assert_eq!((found.dead_latents, found.latents[LATENT - 1].dead), (1, true), "the constant one");
    assert!(found.best.iter().chain(&found.worst).all(|row| row.error == 0.0));
}
