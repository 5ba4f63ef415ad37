//! Wrong data, codes, settings and models are errors that say what was expected and what was found.

use std::ops::ControlFlow;

use narrows::dataset::{
    DataError, Dataset, Missing, Normalisation, NormalisationError, NormalisationKind, Parts, Samples,
    Schema, SchemaError, ValueRange, Values,
};
use narrows::evaluate::{
    ClassesError, Labelled, LatentError, LatentSettings, Points, effective_rank, latent_quality,
    linear_probe, neighbour_accuracy,
};
use narrows::files::SaveError;
use narrows::files::model::{Provenance, load, save, to_bytes};
use narrows::model::{
    Architecture, ArchitectureError, Autoencoder, Initialisation, InputSpec, MismatchError, Predictor,
};
use narrows::pca::{Pca, PcaError};
use narrows::train::{Training, TrainingError, train};

use crate::{FEATURES, architecture, compute, model, rows, samples};

/// Some too few, some that padding to 16 would hide, one beyond it.
const OTHER_WIDTHS: [usize; 5] = [29, 31, 32, 48, 49];

#[test]
fn rows_of_another_width_are_refused() {
    let (model, mut compute) = (model(), compute());
    let predictor = model.predictor().unwrap();
    for found in OTHER_WIDTHS {
        let refused = model.samples(&rows(2, found)).unwrap_err();
        assert_eq!(refused, MismatchError::Features { name: "rows".to_owned(), expected: FEATURES, found });
        assert!(refused.to_string().contains("30") && refused.to_string().contains(&found.to_string()));

        let samples = samples(2, found);
        let errors = [
            predictor.encode(&mut compute, &samples).unwrap_err(),
            predictor.reconstruct(&mut compute, &samples).unwrap_err(),
            predictor.squared_errors(&mut compute, &samples).unwrap_err(),
            predictor.squared_errors_by_feature(&mut compute, &samples).unwrap_err(),
        ];
        for error in errors {
            let MismatchError::Features { expected: FEATURES, found: other, .. } = error else {
                panic!("{error}")
            };
            assert_eq!(other, found);
        }
    }
}

#[test]
fn numbers_that_are_no_whole_rows_or_codes_are_refused() {
    let (model, mut compute) = (model(), compute());
    let ragged = DataError::Ragged { values: 61, features: FEATURES };
    assert_eq!(model.input.rows(vec![0.0; 61]).unwrap_err(), MismatchError::Data(ragged.clone()));
    assert_eq!(Samples::in_model_scale(FEATURES, vec![0.0; 61]).unwrap_err(), ragged);
    let codes = MismatchError::Codes { latent: 2, numbers: 3 };
    assert_eq!(model.decode(&mut compute, &[0.0; 3]).unwrap_err(), codes);
    let not_finite = model.decode(&mut compute, &[0.0, 1.0, 2.0, f32::NAN]).unwrap_err();
    assert!(matches!(not_finite, MismatchError::CodeNotFinite { row: 1, latent: 1, .. }), "{not_finite}");
    assert!(Samples::in_model_scale(0, vec![1.0]).is_err());
}

#[test]
fn a_number_that_is_not_finite_is_named_by_row_and_column() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut numbers = vec![0.5; 4 * FEATURES];
        numbers[2 * FEATURES + 7] = value;
        let raw = model().input.rows(numbers.clone()).unwrap_err().to_string();
        let scaled = Samples::in_model_scale(FEATURES, numbers.clone()).unwrap_err().to_string();
        let schema = Schema::rows(FEATURES).unwrap();
        let dataset = Dataset::new("d", schema, Values::Numbers(numbers), None).unwrap_err().to_string();
        for error in [raw, scaled, dataset] {
            assert!(error.contains("row 2") && error.contains("column 7"), "{error}");
        }
    }
}

#[test]
fn a_model_of_whole_rows_refuses_rows_with_missing_values() {
    let masked = |schema: Schema| schema.with_missing(Missing::Mask).unwrap();
    let mut numbers = vec![0.5; 4 * FEATURES];
    numbers[2 * FEATURES + 7] = f32::NAN;
    let schema = masked(Schema::rows(FEATURES).unwrap());
    let dataset = Dataset::new("holed", schema, Values::Numbers(numbers.clone()), None).unwrap();
    let refused = model().samples(&dataset).unwrap_err();
    let expected = MismatchError::Missing { name: "holed".to_owned(), row: 2, column: "7".to_owned() };
    assert_eq!(refused, expected);
    assert!(model().samples(&dataset.subset(&[0, 1, 3])).is_ok());

    let model = model();
    let schema = masked(model.input.schema().clone());
    let model =
        Autoencoder { input: InputSpec::new(model.input.normalisation().clone(), schema).unwrap(), ..model };
    assert_eq!(model.samples(&dataset).unwrap().present(2), FEATURES - 1);
    assert_eq!(model.input.rows(numbers).unwrap().present(2), FEATURES - 1);
}

#[test]
fn pca_of_what_is_not_finite_is_refused() {
    let mut compute = compute();
    // Finite, but not their squares in f32.
    let huge = (0..4 * FEATURES).map(|i| [1e30, -1e30, 3e29][i % 7 % 3]).collect();
    let huge = Samples::in_model_scale(FEATURES, huge).unwrap();
    assert_eq!(Pca::fit(&mut compute, &huge).err(), Some(PcaError::NotFinite));
    assert_eq!(Pca::fit(&mut compute, &samples(0, 3)).err(), Some(PcaError::NoRows));
    for value in [f32::NAN, f32::INFINITY] {
        let codes = [1.0, 2.0, value, 4.0, 3.0, 5.0];
        assert_eq!(effective_rank(&mut compute, &codes, 2), Err(PcaError::NotFinite));
    }
}

#[test]
fn a_normalisation_that_cannot_be_is_refused() {
    let empty = rows(0, 3);
    let fit = |kind| Normalisation::fit(kind, &empty);
    assert_eq!(fit(NormalisationKind::Standard), Err(NormalisationError::NoRows("rows".to_owned())));
    assert_eq!(fit(NormalisationKind::Symmetric), Err(NormalisationError::NoRange("rows".to_owned())));
    for (scale, offset) in [(0.0, 0.0), (f32::NAN, 0.0), (f32::INFINITY, 0.0), (1.0, f32::NAN)] {
        let refused = Normalisation::new(vec![1.0, scale], vec![0.0, offset]);
        assert!(matches!(refused, Err(NormalisationError::Number { index: 1, .. })), "{refused:?}");
    }
    let lengths = Err(NormalisationError::Lengths { scales: 2, offsets: 1 });
    assert_eq!(Normalisation::new(vec![1.0; 2], vec![0.0]), lengths);
    let of_30 = Normalisation::new(vec![1.0; 30], vec![0.0; 30]).unwrap();
    for features in [29, 31] {
        let refused = of_30.apply(&rows(2, features)).err();
        assert_eq!(refused, Some(NormalisationError::Features { scales: 30, features }));
        let schema = Schema::rows(features).unwrap();
        assert!(InputSpec::new(of_30.clone(), schema).is_err());
    }
    let range = ValueRange { low: 0.0, high: 0.0 };
    assert_eq!(Schema::rows(1).unwrap().with_range(range), Err(SchemaError::Range(range)));
}

#[test]
fn constant_data_is_normalised_to_finite_numbers() {
    let schema = Schema::rows(2).unwrap().with_range(ValueRange { low: 0.0, high: 8.0 }).unwrap();
    let constant = Dataset::new("d", schema, Values::Numbers(vec![7.1; 20]), None).unwrap();
    for kind in [NormalisationKind::Standard, NormalisationKind::Symmetric, NormalisationKind::Unit] {
        let row = Normalisation::fit(kind, &constant).unwrap().apply(&constant).unwrap().row(3);
        assert!(row.iter().all(|x| x.is_finite()), "{kind:?}: {row:?}");
        assert!(kind != NormalisationKind::Standard || row.iter().all(|x| x.abs() < 1e-6), "{row:?}");
    }
}

fn provenance() -> Provenance {
    Provenance {
        name: "m".to_owned(),
        data: "d".to_owned(),
        narrows: "0".to_owned(),
        ..Provenance::default()
    }
}

#[test]
fn what_could_not_be_read_again_is_not_written() {
    let folder = std::env::temp_dir().join(format!("narrows-refusals-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("model.safetensors");
    save(&path, &model(), &provenance()).unwrap();
    assert_eq!(load(&path).unwrap().0, model());
    for value in [f32::NAN, f32::INFINITY] {
        let mut diverged = model();
        diverged.parameters.get_mut("decoder.0.weight").unwrap()[3] = value;
        let error = save(&path, &diverged, &provenance()).unwrap_err();
        let SaveError::NotFinite { ref tensor, index: 3, .. } = error else { panic!("{error}") };
        assert_eq!(tensor, "decoder.0.weight");
    }
    assert_eq!(load(&path).unwrap().0, model(), "the file that was there is still there");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn parts_that_do_not_belong_together_are_no_model() {
    let other = architecture(&[9, 2]);
    let mixed = Autoencoder { parameters: Initialisation::Pytorch.draw(&other, 1), ..model() };
    let no_layers = Autoencoder { architecture: architecture(&[]), ..model() };
    let schema = Schema::rows(FEATURES + 1).unwrap();
    let wider = Autoencoder { input: InputSpec::new(Normalisation::identity(), schema).unwrap(), ..model() };
    assert!(matches!(Predictor::new(&mixed), Err(MismatchError::Parameters { .. })));
    assert!(matches!(
        Predictor::new(&no_layers),
        Err(MismatchError::Architecture(ArchitectureError::NoLayers))
    ));
    assert!(matches!(Predictor::new(&wider), Err(MismatchError::Features { .. })));
    for model in [mixed, no_layers, wider] {
        assert!(matches!(to_bytes(&model, &provenance()), Err(SaveError::Model(_))));
        assert!(model.encode(&mut compute(), &samples(1, FEATURES)).is_err());
    }
}

#[test]
fn training_on_nothing_or_with_no_layers_is_refused() {
    let refused = |architecture: &Architecture, samples: &Samples| {
        let mut go_on = |_: &_| ControlFlow::Continue(());
        train(architecture, &Training::default(), samples, None, &mut compute(), &mut go_on).unwrap_err()
    };
    let no_rows = TrainingError::NoRows { set: "training" };
    assert_eq!(refused(&architecture(&[2]), &samples(0, FEATURES)), no_rows);
    let no_layers = TrainingError::Architecture(ArchitectureError::NoLayers);
    assert_eq!(refused(&architecture(&[]), &samples(3, FEATURES)), no_layers);
    for found in OTHER_WIDTHS {
        let features = TrainingError::Features { set: "training", expected: FEATURES, found };
        assert_eq!(refused(&architecture(&[2]), &samples(3, found)), features);
    }
}

#[test]
fn too_few_labels_and_nobody_to_vote_are_refused() {
    let codes = [0.0, 1.0, 2.0, 3.0];
    let points = Points::new(&codes, 1);
    let few = Labelled::new(points, &[0, 1, 0]).unwrap_err();
    assert_eq!(few, ClassesError::Labels { codes: 4, labels: 3 });
    assert!(Labelled::new(Points::new(&[], 1), &[]).is_err());
    let not_finite = Labelled::new(Points::new(&[0.0, f32::NAN], 1), &[0, 1]).unwrap_err();
    assert_eq!(not_finite, ClassesError::NotFinite(1));
    let all = Labelled::new(points, &[0, 1, 0, 1]).unwrap();
    for voters in [0, 5] {
        let refused = neighbour_accuracy(&mut compute(), all, all, voters);
        assert_eq!(refused, Err(ClassesError::Voters { voters, rows: 4 }));
    }
    let wide = Labelled::new(Points::new(&codes, 2), &[0, 1]).unwrap();
    let sizes = Err(ClassesError::Sizes { train: 1, test: 2 });
    assert_eq!(linear_probe(&mut compute(), all, wide), sizes);

    let schema = Schema::rows(FEATURES).unwrap().with_classes(vec!["a".to_owned(), "b".to_owned()]).unwrap();
    let values = Values::Numbers(rows(40, FEATURES).raw_row(0).repeat(40));
    let labelled = Dataset::new("d", schema, values, Some([0, 1].repeat(20))).unwrap();
    let data = Parts::new(labelled.clone(), None, labelled).unwrap();
    let settings = LatentSettings { voters: 0, ..LatentSettings::default() };
    let refused = latent_quality(&model(), &mut compute(), &data, &settings).unwrap_err();
    assert_eq!(refused, LatentError::Classes(ClassesError::Voters { voters: 0, rows: 40 }));
}
