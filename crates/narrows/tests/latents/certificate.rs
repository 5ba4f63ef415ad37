//! The certificate: of exact PCA, of models that have its subspace, and of those that have not.

use narrows::dataset::{Dataset, Missing, Normalisation, Samples, Values};
use narrows::evaluate::{Certificate, CertificateError, reconstruction_error};
use narrows::model::{Architecture, Autoencoder, HiddenActivation, InputSpec, OutputActivation, Parameters};
use narrows::pca::Pca;

use crate::reference::{FEATURES, golden};
use crate::{compute, schema};

const COMPONENTS: usize = 6;

fn samples() -> Samples {
    Samples::in_model_scale(FEATURES, golden().tensors["train"].singles()).unwrap()
}

fn input() -> InputSpec {
    InputSpec::new(Normalisation::identity(), schema(FEATURES)).unwrap()
}

fn certify(model: &Autoencoder, pca: &Pca) -> Certificate {
    let train = reconstruction_error(model, &mut compute(), &samples()).unwrap();
    Certificate::of(model, pca, &train).unwrap()
}

fn fitted() -> Pca {
    Pca::fit(&mut compute(), &samples()).unwrap()
}

fn linear(hidden: &[usize]) -> Architecture {
    Architecture {
        inputs: FEATURES,
        hidden: hidden.to_vec(),
        activation: HiddenActivation::Identity,
        output: OutputActivation::Linear,
    }
}

#[test]
fn exact_pca_is_certified() {
    let pca = fitted();
    let certificate = certify(&pca.autoencoder(COMPONENTS, input()), &pca);
    assert!(certificate.is_pca, "{certificate:?}");
    // Its weights are rounded to f32.
    assert!(certificate.excess.abs() < 1e-5 && certificate.angles.iter().all(|&angle| angle < 1e-6));
    for (recovered, exact) in certificate.recovered_components.iter().zip(&pca.components) {
        let along: f64 = recovered.iter().zip(exact).map(|(a, b)| a * b).sum();
        assert!((along - 1.0).abs() < 1e-9, "{along}");
    }
    assert!(certificate.to_string().starts_with("has found the PCA subspace"), "{certificate}");
}

/// Encoder `M·U·(x − μ)` and decoder `Uᵀ·M⁻¹·z + μ` with M = diag(d)·(1 + shift): the reconstructions of PCA, from other codes.
fn mixed(pca: &Pca) -> Autoencoder {
    let mut model = pca.autoencoder(COMPONENTS, input());
    let k = COMPONENTS;
    let tensor = |name: &str| model.parameters.get(name).unwrap().to_vec();
    let (encoder, bias, decoder) =
        (tensor("encoder.0.weight"), tensor("encoder.0.bias"), tensor("decoder.0.weight"));
    // New code j = (j + 1)·(old code j + old code j − 1): M is bidiagonal, so its inverse alternates.
    let mix = |row: usize, column: usize| match row {
        _ if column == row || column + 1 == row => (row + 1) as f32,
        _ => 0.0,
    };
    let unmix = |row: usize, column: usize| match row >= column {
        true => (-1.0_f32).powi((row - column) as i32) / (column + 1) as f32,
        false => 0.0,
    };
    let parameters = &mut model.parameters;
    for j in 0..k {
        let weights = &mut parameters.get_mut("encoder.0.weight").unwrap()[j * FEATURES..][..FEATURES];
        for (f, weight) in weights.iter_mut().enumerate() {
            *weight = (0..k).map(|i| mix(j, i) * encoder[i * FEATURES + f]).sum();
        }
        parameters.get_mut("encoder.0.bias").unwrap()[j] = (0..k).map(|i| mix(j, i) * bias[i]).sum();
    }
    for (f, row) in parameters.get_mut("decoder.0.weight").unwrap().chunks_exact_mut(k).enumerate() {
        for (j, weight) in row.iter_mut().enumerate() {
            *weight = (0..k).map(|i| decoder[f * k + i] * unmix(i, j)).sum();
        }
    }
    model
}

#[test]
fn the_subspace_counts_and_not_the_basis_of_the_code() {
    let pca = fitted();
    let certificate = certify(&mixed(&pca), &pca);
    assert!(certificate.is_pca, "{certificate:?}");
    assert!(certificate.excess.abs() < 1e-4 && certificate.angles.iter().all(|&angle| angle < 1e-5));
    for (recovered, exact) in certificate.recovered_variances.iter().zip(&certificate.exact_variances) {
        assert!((recovered / exact - 1.0).abs() < 1e-6, "{recovered} for {exact}");
    }
    for (recovered, exact) in certificate.recovered_components.iter().zip(&pca.components) {
        let along: f64 = recovered.iter().zip(exact).map(|(a, b)| a * b).sum();
        assert!((along - 1.0).abs() < 1e-6, "{along}");
    }
}

#[test]
fn angles_and_variances_are_those_of_scipy() {
    let golden = golden();
    let pca = fitted();
    let mut model = pca.autoencoder(COMPONENTS, input());
    let decoder = golden.tensors["decoder"].singles();
    model.parameters.get_mut("decoder.0.weight").unwrap().copy_from_slice(&decoder);
    let certificate = certify(&model, &pca);
    let expected = &golden.tensors["subspace_angles"].values;
    assert_eq!(certificate.angles.len(), expected.len());
    for (found, expected) in certificate.angles.iter().zip(expected) {
        // The decoder is rounded to f32, and PCA here sums products in f32.
        assert!((found - expected).abs() < 2e-4, "{found} for {expected}");
    }
    for (found, expected) in
        certificate.recovered_variances.iter().zip(&golden.tensors["recovered_variances"].values)
    {
        assert!((found - expected).abs() < 1e-4, "{found} for {expected}");
    }
    let cosines: f64 = expected.iter().map(|angle| angle.cos().powi(2)).sum();
    assert!((certificate.mean_squared_cosine - cosines / 6.0).abs() < 1e-4);
    assert!(!certificate.is_pca && certificate.to_string().starts_with("has not found"), "{certificate}");
}

#[test]
fn a_decoder_that_lacks_a_direction_is_not_certified() {
    let pca = fitted();
    let mut model = pca.autoencoder(COMPONENTS, input());
    let weights = model.parameters.get_mut("decoder.0.weight").unwrap();
    weights.chunks_exact_mut(COMPONENTS).for_each(|row| row[2] = 0.0);
    let certificate = certify(&model, &pca);
    assert_eq!(certificate.angles[COMPONENTS - 1], std::f64::consts::FRAC_PI_2);
    assert_eq!(certificate.recovered_variances.len(), COMPONENTS - 1);
    assert!(!certificate.is_pca);
    // What is lost is the variance along that direction, and the bound says how much that is.
    let lost = pca.variances[2] / FEATURES as f64 / certificate.bound;
    assert!((certificate.excess / lost - 1.0).abs() < 1e-4, "{} for {lost}", certificate.excess);
}

#[test]
fn of_a_deep_linear_model_the_narrowest_layer_and_the_whole_decoder_count() {
    let pca = fitted();
    let exact = pca.autoencoder(4, input());
    let architecture = linear(&[4, 9]);
    let mut parameters = Parameters::zeros(&architecture);
    // 30 → 4 → 9 → 4 → 30: PCA outside, and inside what the code gains it loses again.
    let copies = [
        ("encoder.0.weight", "encoder.0.weight"),
        ("encoder.0.bias", "encoder.0.bias"),
        ("decoder.2.weight", "decoder.0.weight"),
        ("decoder.2.bias", "decoder.0.bias"),
    ];
    for (to, from) in copies {
        parameters.get_mut(to).unwrap().copy_from_slice(exact.parameters.get(from).unwrap());
    }
    (0..4).for_each(|i| {
        parameters.get_mut("encoder.2.weight").unwrap()[i * 4 + i] = 2.0;
        parameters.get_mut("decoder.0.weight").unwrap()[i * 9 + i] = 0.5;
    });
    let certificate = certify(&Autoencoder { architecture, parameters, input: input() }, &pca);
    assert_eq!((certificate.components, certificate.angles.len()), (4, 4));
    assert!(certificate.is_pca, "{certificate:?}");
}

#[test]
fn where_nothing_need_be_lost_the_excess_is_still_a_number() {
    let pca = fitted();
    let certificate = certify(&pca.autoencoder(FEATURES, input()), &pca);
    assert!(certificate.bound < 1e-12 && certificate.excess.abs() < 1e-9, "{certificate:?}");
    assert!(certificate.is_pca);
    let halved = pca.autoencoder(FEATURES / 2, input());
    assert!(certify(&halved, &pca).bound > 0.0);
}

#[test]
fn what_is_not_linear_or_of_other_data_is_refused() {
    let pca = fitted();
    let mut model = pca.autoencoder(COMPONENTS, input());
    let train = reconstruction_error(&model, &mut compute(), &samples()).unwrap();
    model.architecture.output = OutputActivation::Tanh;
    assert_eq!(Certificate::of(&model, &pca, &train), Err(CertificateError::NotLinear));
    let architecture = Architecture { inputs: 7, ..linear(&[2]) };
    let other = Autoencoder { parameters: Parameters::zeros(&architecture), architecture, input: input() };
    let error = Certificate::of(&other, &pca, &train).unwrap_err();
    assert_eq!(error, CertificateError::Features { model: 7, pca: FEATURES });
}

/// A fifth of the values is missing, and all of column 4.
fn masked(values: &[f32]) -> Samples {
    let is_missing = |i: usize| i % FEATURES == 4 || i * 7919 % 101 < 20;
    let values = values.iter().enumerate().map(|(i, &x)| if is_missing(i) { f32::NAN } else { x });
    let schema = schema(FEATURES).with_missing(Missing::Mask).unwrap();
    let dataset = Dataset::new("masked", schema, Values::Numbers(values.collect()), None).unwrap();
    Normalisation::identity().apply(&dataset).unwrap()
}

#[test]
fn pca_takes_missing_values_for_the_means_of_their_columns() {
    // Far from 0, which a missing value would otherwise be.
    let whole: Vec<f32> = samples().to_vec().iter().map(|x| x + 10.0).collect();
    let masked = masked(&whole);
    let (mut filled, mut missing) = (whole, 0);
    for column in 0..FEATURES {
        let is_there = |row: usize| masked.row(row)[column] != 0.0;
        let there: Vec<usize> = (0..masked.rows()).filter(|&row| is_there(row)).collect();
        let sum: f64 = there.iter().map(|&row| f64::from(filled[row * FEATURES + column])).sum();
        let mean = if there.is_empty() { 0.0 } else { sum / there.len() as f64 };
        for row in (0..masked.rows()).filter(|&row| !is_there(row)) {
            filled[row * FEATURES + column] = mean as f32;
            missing += 1;
        }
    }
    let expected = Pca::fit(&mut compute(), &Samples::in_model_scale(FEATURES, filled).unwrap()).unwrap();
    let found = Pca::fit(&mut compute(), &masked).unwrap();
    assert_eq!((found.filled, expected.filled), (missing, 0));
    // Means of numbers near 10, which f32 holds to 2⁻²¹; products of distances are summed in f32.
    for (found, expected) in found.mean.iter().zip(&expected.mean) {
        assert!((found - expected).abs() < 1e-6, "{found} for {expected}");
    }
    for (found, expected) in found.variances.iter().zip(&expected.variances) {
        assert!((found - expected).abs() < 1e-5 * expected.max(0.01), "{found} for {expected}");
    }
}

#[test]
fn data_with_missing_values_gives_no_certificate() {
    let masked = masked(&samples().to_vec());
    let pca = Pca::fit(&mut compute(), &masked).unwrap();
    let model = pca.autoencoder(COMPONENTS, input());
    let train = reconstruction_error(&model, &mut compute(), &masked).unwrap();
    let refused = Certificate::of(&model, &pca, &train).unwrap_err();
    assert_eq!(refused, CertificateError::Missing { filled: pca.filled });
}
