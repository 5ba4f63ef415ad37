//! Models that were made to have what is to be found.

use narrows::dataset::{Normalisation, Schema};
use narrows::evaluate::{
    Labelled, LatentError, LatentSettings, Points, effective_rank, latent_quality, linear_probe, structure,
};
use narrows::model::{
    Architecture, Autoencoder, HiddenActivation, Initialisation, InputSpec, OutputActivation,
};

use crate::{compute, dataset, random};

const FEATURES: usize = 20;

fn model(hidden: &[usize]) -> Autoencoder {
    let architecture = Architecture {
        inputs: FEATURES,
        hidden: hidden.to_vec(),
        activation: HiddenActivation::Relu,
        output: OutputActivation::Tanh,
    };
    Autoencoder {
        parameters: Initialisation::Pytorch.draw(&architecture, 3),
        input: InputSpec::new(Normalisation::identity(), Schema::rows(architecture.inputs).unwrap()).unwrap(),
        architecture,
    }
}

fn tensor<'a>(model: &'a mut Autoencoder, name: &str) -> &'a mut [f32] {
    model.parameters.get_mut(name).unwrap()
}

#[test]
fn dead_latents_and_dead_units_are_counted() {
    let data = dataset(random(200 * FEATURES, 1), FEATURES, None);
    let settings = LatentSettings::default();
    let mut model = model(&[12, 5]);
    let alive = latent_quality(&model, &mut compute(), &data, &settings).unwrap();
    assert_eq!((alive.dead_latents, alive.hidden_units), (0, 24));

    // The decoder does not read latent 1, and latent 3 is the same for every row.
    tensor(&mut model, "decoder.0.weight").chunks_exact_mut(5).for_each(|row| row[1] = 0.0);
    tensor(&mut model, "encoder.2.weight")[3 * 12..4 * 12].fill(0.0);
    // Two units of the encoder are below 0 for every row; so is one of the decoder.
    tensor(&mut model, "encoder.0.bias")[..2].fill(-100.0);
    tensor(&mut model, "decoder.0.bias")[7] = -100.0;
    let found = latent_quality(&model, &mut compute(), &data, &settings).unwrap();
    let dead: Vec<bool> = found.latents.iter().map(|unit| unit.dead).collect();
    assert_eq!(dead, [false, true, false, true, false]);
    assert_eq!((found.dead_latents, found.dead_hidden_units), (2, alive.dead_hidden_units + 3));
    let constant = &found.latents[3];
    assert_eq!((constant.low, constant.high, constant.standard_deviation), (constant.low, constant.low, 0.0));
    assert!(found.latents[1].standard_deviation > 0.0 && found.latents[1].sensitivity == 0.0);
    // Without labels there are no classes.
    assert!(found.knn_accuracy.is_none() && found.linear_probe.is_none() && found.class_errors.is_none());
}

#[test]
fn sensitivity_is_the_decoders_slope_times_the_spread() {
    let data = dataset(random(200 * FEATURES, 1), FEATURES, None);
    let mut model = model(&[4]);
    model.architecture.output = OutputActivation::Linear;
    let decoder = model.parameters.get("decoder.0.weight").unwrap().to_vec();
    let found = latent_quality(&model, &mut compute(), &data, &LatentSettings::default()).unwrap();
    for (j, unit) in found.latents.iter().enumerate() {
        // Of a linear decoder: the norm of its column, over the root of the outputs, times the standard deviation.
        let squares: f64 = decoder.iter().skip(j).step_by(4).map(|&w| f64::from(w).powi(2)).sum();
        let expected = (squares / FEATURES as f64).sqrt() * unit.standard_deviation;
        assert!((unit.sensitivity / expected - 1.0).abs() < 1e-4, "{} for {expected}", unit.sensitivity);
        assert!(unit.low < -unit.standard_deviation && unit.high > unit.standard_deviation, "{unit:?}");
    }
}

#[test]
fn the_effective_rank_counts_directions() {
    let rank = |codes: &[f32]| effective_rank(&mut compute(), codes, 3).unwrap();
    let one: Vec<f32> = random(500, 1).iter().flat_map(|&x| [x, 2.0 * x, -x]).collect();
    assert!((rank(&one) - 1.0).abs() < 0.01, "{}", rank(&one));
    let all = random(60_000, 2);
    assert!((rank(&all) - 3.0).abs() < 0.001, "{}", rank(&all));
    assert_eq!(rank(&[1.0; 30]), 0.0);
    // Singular values 3 : 1 : 0, so exp(−¾ ln ¾ − ¼ ln ¼); of variances it would be 1.384.
    let uneven = [3.0, 0.0, 0.0, -3.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, -1.0, 0.0];
    assert!((rank(&uneven) - 1.7547).abs() < 1e-3, "{}", rank(&uneven));
}

#[test]
fn neighbourhoods_are_kept_by_a_copy_and_lost_by_noise() {
    let rows = random(300 * 4, 5);
    let points = Points::new(&rows, 4);
    let copy = structure(&mut compute(), points, points, 12);
    assert_eq!((copy.trustworthiness, copy.continuity), (1.0, 1.0));
    let noise = random(300 * 4, 6);
    let lost = structure(&mut compute(), points, Points::new(&noise, 4), 12);
    // Ranks drawn at random are n/2 on average, and the scale is such that this is about a half.
    assert!(
        (0.45..0.55).contains(&lost.trustworthiness) && (0.45..0.55).contains(&lost.continuity),
        "{lost:?}"
    );
    // Two sheets laid on one another: those near in the code need not be near in the data, but those near in the data are.
    let flat: Vec<f32> = rows.chunks_exact(4).flat_map(|row| [row[0], row[1]]).collect();
    let folded = structure(&mut compute(), points, Points::new(&flat, 2), 12);
    assert!(folded.trustworthiness < folded.continuity, "{folded:?}");
}

#[test]
fn the_linear_probe_finds_planes_and_nothing_else() {
    let rows = random(2000 * 2, 7);
    let points = Points::new(&rows, 2);
    let by = |class: fn(f32, f32) -> u32| -> Vec<u32> {
        rows.chunks_exact(2).map(|row| class(row[0], row[1])).collect()
    };
    let accuracy = |labels: &[u32]| {
        let all = Labelled::new(points, labels).unwrap();
        let probe = linear_probe(&mut compute(), all, all).unwrap();
        assert!(probe.converged, "{probe:?}");
        probe.accuracy
    };
    // Classes need not be 0, 1, …
    let planes = accuracy(&by(|x, y| if x + 0.5 * y > 0.1 { 200 } else { 3 }));
    assert!(planes > 0.99, "{planes}");
    let corners = accuracy(&by(|x, y| u32::from(x * y > 0.0)));
    // A line has at most three of the four corners on their sides.
    assert!(corners < 0.76, "{corners}");
    assert_eq!(accuracy(&by(|_, _| 9)), 1.0, "one class alone");
}

#[test]
fn classes_rows_and_ends_are_told() {
    let rows = random(60 * FEATURES, 8);
    let labels: Vec<u32> = (0..60).map(|row| [2, 5, 9][row % 3]).collect();
    let data = dataset(rows, FEATURES, Some(labels));
    let model = model(&[12, 5]);
    let settings = LatentSettings { extremes: 4, ..LatentSettings::default() };
    let found = latent_quality(&model, &mut compute(), &data, &settings).unwrap();
    let classes = found.class_errors.unwrap();
    assert_eq!(
        classes.iter().map(|class| (class.class.as_str(), class.rows)).collect::<Vec<_>>(),
        [("2", 20), ("5", 20), ("9", 20)]
    );
    let total =
        narrows::evaluate::reconstruction_error(&model, &mut compute(), &model.samples(data.test()).unwrap())
            .unwrap();
    let mean = classes.iter().map(|class| class.error).sum::<f64>() / 3.0;
    assert!((mean - total.model_scale).abs() < 1e-9, "{mean} and {}", total.model_scale);
    assert_eq!((found.best.len(), found.worst.len()), (4, 4));
    assert!(found.best[0].error < found.best[3].error && found.worst[0].error > found.worst[3].error);
    assert!(found.best[3].error < found.worst[3].error);
    assert_eq!(found.sample, 60);
    assert!(found.trustworthiness.is_some() && found.knn_accuracy.is_some());
}

#[test]
fn what_cannot_be_measured_is_told() {
    let few = dataset(random(10 * FEATURES, 1), FEATURES, None);
    let model_ = model(&[5]);
    let found = latent_quality(&model_, &mut compute(), &few, &LatentSettings::default()).unwrap();
    assert_eq!(
        (found.trustworthiness, found.continuity, found.sample),
        (None, None, 0),
        "12 neighbours of 10 rows"
    );
    let none = dataset(Vec::new(), FEATURES, None);
    let error = latent_quality(&model_, &mut compute(), &none, &LatentSettings::default()).unwrap_err();
    assert!(matches!(error, LatentError::Empty(_)), "{error}");
    let other = dataset(random(12, 1), 4, None);
    let error = latent_quality(&model_, &mut compute(), &other, &LatentSettings::default()).unwrap_err();
    assert!(matches!(error, LatentError::Mismatch(_)), "{error}");
    let mut endless = model(&[5]);
    tensor(&mut endless, "encoder.0.weight").fill(f32::MAX);
    let error = latent_quality(&endless, &mut compute(), &few, &LatentSettings::default()).unwrap_err();
    assert!(matches!(error, LatentError::NotFinite(_)), "{error}");
}
