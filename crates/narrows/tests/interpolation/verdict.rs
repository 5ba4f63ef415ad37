//! The whole measurement on a small data set of our own, and the verdict: two models that are the same, a model and its
//! damaged copy, and data without labels.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use narrows::compute::{Compute, Level};
use narrows::dataset::{Dataset, NormalisationKind, Parts, Schema, ValueRange, Values};
use narrows::interpolate::judge::Judge;
use narrows::interpolate::quality::{
    Better, Between, Finding, InterpolationQuality, Measure, ModelPair, Named, QualitySettings, SubjectKind,
    comparable, measure,
};
use narrows::model::{Architecture, Autoencoder, HiddenActivation, InputSpec, OutputActivation};
use narrows::pca::Pca;
use narrows::train::{Event, Optimiser, Training, train};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const SIDE: usize = 8;
const FEATURES: usize = SIDE * SIDE;
const CLASSES: u32 = 3;

/// A bright spot on a circle of its class's radius: what lies between two spots on a circle is on the circle, not on the
/// chord, so no linear model goes there.
fn spots(rows: usize, seed: u64) -> Dataset {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut unit = || f64::from(random.next_u32()) / f64::from(u32::MAX);
    let (mut bytes, mut labels) = (Vec::new(), Vec::new());
    for row in 0..rows {
        let class = row as u32 % CLASSES;
        let (radius, angle) = (1.0 + f64::from(class), std::f64::consts::TAU * unit());
        let centre = [3.5 + radius * angle.cos(), 3.5 + radius * angle.sin()];
        for pixel in 0..FEATURES {
            let (y, x) = ((pixel / SIDE) as f64 - centre[0], (pixel % SIDE) as f64 - centre[1]);
            bytes.push((255.0 * (-(x * x + y * y) / 1.5).exp()) as u8);
        }
        labels.push(class);
    }
    let classes = (0..CLASSES).map(|class| class.to_string()).collect();
    let schema = Schema::rows(FEATURES).and_then(|schema| schema.with_classes(classes));
    let schema = schema.and_then(|schema| schema.with_range(ValueRange::BYTES)).unwrap();
    Dataset::new("spots", schema, Values::Bytes(bytes), Some(labels)).unwrap()
}

fn data() -> Parts {
    Parts::new(spots(1500, 1), None, spots(600, 2)).unwrap()
}

fn without_labels() -> Parts {
    let data = data();
    Parts::new(data.train().without_labels(), None, data.test().without_labels()).unwrap()
}

fn compute(threads: usize) -> Compute {
    Compute::at(Level::detect(), NonZeroUsize::new(threads).unwrap()).unwrap()
}

const SETTINGS: QualitySettings = QualitySettings { pairs: 200, steps: 11, references: 1000, seed: 3 };

fn input(data: &Parts) -> InputSpec {
    InputSpec::fit(NormalisationKind::Symmetric, data.train()).unwrap()
}

fn deep(data: &Parts, seed: u64) -> Autoencoder {
    let architecture = Architecture {
        inputs: FEATURES,
        hidden: vec![32, 4],
        activation: HiddenActivation::Silu,
        output: OutputActivation::Tanh,
    };
    let training =
        Training { epochs: 30, optimiser: Optimiser::adam(1e-2, 0.0), seed, ..Training::default() };
    let input = input(data);
    let samples = input.samples(data.train()).unwrap();
    let mut go_on = |_: &Event<'_>| ControlFlow::Continue(());
    let trained = train(&architecture, &training, &samples, None, &mut compute(2), &mut go_on).unwrap();
    Autoencoder { architecture, parameters: trained.parameters, input }
}

fn linear(data: &Parts) -> Autoencoder {
    let input = input(data);
    Pca::fit(&mut compute(2), &input.samples(data.train()).unwrap()).unwrap().autoencoder(4, input)
}

/// The same model with numbers of its decoder moved at random.
fn damaged(model: &Autoencoder, size: f32) -> Autoencoder {
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let mut model = model.clone();
    let names: Vec<String> = model.parameters.tensors().iter().map(|tensor| tensor.name.clone()).collect();
    for name in names.iter().filter(|name| name.starts_with("decoder")) {
        for value in model.parameters.get_mut(name).unwrap() {
            *value += size * (random.next_u32() as f32 / u32::MAX as f32 - 0.5);
        }
    }
    model
}

fn judge(data: &Parts) -> Judge {
    Judge::train(data, &mut compute(2), &mut || ControlFlow::Continue(())).unwrap()
}

fn quality(
    data: &Parts,
    judge: &Judge,
    compared: &[[&Autoencoder; 2]],
    between: Between,
    threads: usize,
) -> InterpolationQuality {
    let named = |name, model| Named { name, model };
    let pairs: Vec<ModelPair<'_>> = compared
        .iter()
        .zip(1..)
        .map(|([one, other], seed)| ModelPair {
            seed,
            linear: named("one", *one),
            deep: named("other", *other),
        })
        .collect();
    let models = [named("one", compared[0][0]), named("other", compared[0][1])];
    measure(&mut compute(threads), judge, data, &models, &[pairs], &[between], SETTINGS).unwrap()
}

#[test]
fn two_models_that_are_the_same_are_not_shown_to_differ() {
    let data = data();
    let (model, judge) = (deep(&data, 0), judge(&data));
    let quality = quality(&data, &judge, &[[&model, &model.clone()]], Between::Classes(2, 0), 2);
    let verdict = &quality.comparisons[0].verdicts[0];
    assert_eq!(verdict.finding, Finding::NotShown);
    assert!(
        verdict.sentence.contains("not shown that other interpolates better than one. No difference is shown in distance to data, realism,"),
        "{}",
        verdict.sentence
    );
    for difference in &verdict.differences {
        assert_eq!(
            (difference.difference, difference.low, difference.high),
            (0.0, 0.0, 0.0),
            "{difference:?}"
        );
    }
    assert_eq!(verdict.differences.len(), Measure::ALL.len());
}

#[test]
fn a_damaged_copy_is_worse_and_its_original_better() {
    let data = data();
    let (model, judge) = (deep(&data, 0), judge(&data));
    let damaged = damaged(&model, 1.5);
    for between in [Between::Classes(2, 0), Between::All] {
        for (pair, finding, word) in [
            ([&model, &damaged], Finding::Worse, "other interpolates worse than one"),
            ([&damaged, &model], Finding::Better, "other interpolates better than one"),
        ] {
            let quality = quality(&data, &judge, &[pair], between, 2);
            let verdict = &quality.comparisons[0].verdicts[0];
            assert_eq!(verdict.finding, finding, "{}", verdict.sentence);
            assert!(verdict.sentence.contains(word), "{}", verdict.sentence);
            for d in &verdict.differences {
                assert!(d.low <= d.difference && d.difference <= d.high, "{d:?}");
                let good = (d.difference > 0.0) == (d.measure.better() == Better::Higher);
                assert!(!d.decides || good == (finding == Finding::Better), "{d:?}");
            }
        }
    }
}

/// Of two seeds, one finds the copy better and the other worse: together nothing is shown, though paths agree in each.
#[test]
fn seeds_that_disagree_show_nothing() {
    let data = data();
    let (model, judge) = (deep(&data, 0), judge(&data));
    let damaged = damaged(&model, 1.5);
    let compared = [[&model, &damaged], [&damaged, &model], [&model, &damaged]];
    let quality = quality(&data, &judge, &compared, Between::All, 2);
    let verdict = &quality.comparisons[0].verdicts[0];
    assert_eq!((verdict.finding, &verdict.seeds[..]), (Finding::NotShown, &[1, 2, 3][..]));
    assert!(
        verdict.caveats.is_empty() && verdict.sentence.ends_with("Over 3 training seeds."),
        "{verdict:?}"
    );
}

#[test]
fn controls_bound_what_models_do_and_threads_have_no_influence() {
    let data = data();
    let (linear, model, judge) = (linear(&data), deep(&data, 0), judge(&data));
    let Judge::Classifier { test_accuracy, .. } = &judge else { panic!("the data has labels") };
    assert!(*test_accuracy > 0.95, "{test_accuracy}");
    let found = quality(&data, &judge, &[[&linear, &model]], Between::All, 2);
    let [real, blend, linear_scores, deep_scores] = &found.comparisons[0].subjects[..] else { panic!() };
    assert_eq!((real.kind, blend.kind), (SubjectKind::Real, SubjectKind::Blend));
    let ends = |measure| real.score(measure).unwrap().ends.unwrap();
    for subject in [blend, linear_scores, deep_scores] {
        let interior = |measure| subject.score(measure).unwrap().interior.unwrap();
        for measure in [Measure::Distance, Measure::Frechet] {
            assert!(interior(measure) > ends(measure), "{} by {measure:?}", subject.name);
        }
        assert!(interior(Measure::MeanProbability) < ends(Measure::MeanProbability), "{}", subject.name);
        assert!(interior(Measure::LeastProbability) <= interior(Measure::MeanProbability));
        assert_eq!(subject.realism_along_path.len(), SETTINGS.steps);
        assert!(subject.realism_along_path.iter().all(|p| p.low <= p.mean && p.mean <= p.high));
    }
    // A linear model goes straight, in equal steps, and comes back to the same code.
    let shape = |measure| linear_scores.score(measure).unwrap().interior.unwrap();
    assert!(
        (shape(Measure::Smoothness) - 1.0).abs() < 1e-4 && (shape(Measure::PathLength) - 1.0).abs() < 1e-4
    );
    assert!(shape(Measure::RoundTrip) < 1e-8, "{}", shape(Measure::RoundTrip));
    assert!(deep_scores.score(Measure::PathLength).unwrap().interior.unwrap() > 1.0);
    // The ends of the blend are real images.
    let distance = blend.score(Measure::Distance).unwrap();
    assert_eq!(distance.ends.unwrap(), ends(Measure::Distance));

    let mut again = quality(&data, &judge, &[[&linear, &model]], Between::All, 3);
    again.seconds = found.seconds;
    assert_eq!(again, found);
}

#[test]
fn without_labels_pixels_are_the_features_and_there_are_no_classes() {
    let data = without_labels();
    let judge = judge(&data);
    assert_eq!(judge, Judge::Pixels { features: FEATURES });
    let linear = linear(&data);
    let quality = quality(&data, &judge, &[[&linear, &damaged(&linear, 2.0)]], Between::All, 2);
    assert_eq!(quality.judge.kind, "pixels");
    let comparison = &quality.comparisons[0];
    let measured = |measure| comparison.subjects[2].score(measure).is_some();
    assert!(measured(Measure::Distance) && measured(Measure::Frechet) && !measured(Measure::Switches));
    assert_eq!(comparison.verdicts[0].finding, Finding::Worse);
}

#[test]
fn the_deepest_model_of_the_linear_ones_latent_size_is_compared_with_it() {
    let model = |hidden: &[usize], output| Architecture {
        inputs: FEATURES,
        hidden: hidden.to_vec(),
        activation: HiddenActivation::Relu,
        output,
    };
    let tanh = |hidden: &[usize]| model(hidden, OutputActivation::Tanh);
    // With a tanh output, deep, as deep, larger.
    let mut models = vec![tanh(&[4]), tanh(&[16, 8, 4]), tanh(&[20, 8, 4]), tanh(&[16, 16, 8, 5])];
    assert_eq!(comparable(&models), None);
    models.push(model(&[4], OutputActivation::Linear));
    assert_eq!(comparable(&models), Some([4, 1]));
}
