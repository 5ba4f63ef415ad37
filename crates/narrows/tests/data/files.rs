//! Files of earlier and of later versions of narrows: `golden/files`, of which golden/README.md says who wrote what.

use std::path::{Path, PathBuf};

use narrows::dataset::{ImageShape, Missing, Part, Schema};
use narrows::evaluate::anomaly::{AnomalyScorer, Threshold};
use narrows::files::model::{Provenance, load, load_scorer, save, save_with_scorer, to_bytes};
use narrows::files::{LoadError, judge};
use narrows::model::Autoencoder;
use narrows::train::{Optimiser, Schedule};
use serde_json::{Value, json};

use crate::compute;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/files").join(name)
}

#[test]
fn a_file_of_version_1_is_read_and_its_schema_is_what_it_knew() {
    let (model, provenance) = load(&golden("model-version-1.safetensors")).unwrap();
    assert_eq!(model.architecture.hidden, [1]);
    assert_eq!(model.input.schema(), &Schema::images(ImageShape::grey(28, 28)).unwrap());
    assert_eq!((provenance.name.as_str(), provenance.data_hash), ("version-1", None));
    let scale = model.input.unit_scale().unwrap();
    assert!((scale.squared_error().unwrap() - 0.25).abs() < 1e-6, "symmetric");
    let images = model.input.rows((0..784).map(|pixel| (pixel % 256) as f32).collect()).unwrap();
    assert_eq!(model.encode(&mut compute(), &images).unwrap().len(), 1);
}

/// What a later version says about the training changes nothing of what the model computes.
fn computes_what_version_2_does(model: &Autoencoder) {
    let expected: Value =
        serde_json::from_slice(&std::fs::read(golden("model-version-2.json")).unwrap()).unwrap();
    let numbers = |key: &str| -> Vec<f32> {
        let numbers = expected[key].as_array().unwrap().iter();
        numbers.map(|number| number.as_f64().map_or(f32::NAN, |number| number as f32)).collect()
    };
    let row = model.input.rows(numbers("row")).unwrap();
    let code = model.encode(&mut compute(), &row).unwrap();
    let reconstruction = model.reconstruct(&mut compute(), &row).unwrap();
    for (key, found) in [("code", code), ("reconstruction", reconstruction)] {
        assert_eq!(found.len(), numbers(key).len());
        for (found, expected) in found.iter().zip(numbers(key)) {
            // Some ten roundings of numbers below 4, each of at most 2⁻²⁴ of them.
            assert!((found - expected).abs() < 2e-6, "{key}: {found} for {expected}");
        }
    }
}

#[test]
fn a_file_of_version_2_is_read_predicts_and_is_written_again_to_the_byte() {
    let path = golden("model-version-2.safetensors");
    let (model, provenance) = load(&path).unwrap();
    let schema = model.input.schema();
    assert_eq!(schema.columns().unwrap(), ["heat", "flow", "load"]);
    assert_eq!(schema.classes().unwrap(), ["open", "shut"]);
    assert!(matches!(schema.missing(), Missing::Fill(_)));
    let training = provenance.training.as_ref().unwrap();
    assert_eq!(training.optimiser, Optimiser::adamw(1e-3, 1e-2));
    assert_eq!(training.schedule, Schedule::Cosine { warm_up: 0.05 });
    assert!(provenance.unread.is_empty());
    computes_what_version_2_does(&model);
    assert_eq!(to_bytes(&model, &provenance).unwrap(), std::fs::read(path).unwrap());
}

/// The same file, with what it says about how the model came about.
fn saved_again(name: &str) -> (Autoencoder, Provenance) {
    let (model, provenance) = load(&golden(name)).unwrap();
    computes_what_version_2_does(&model);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("again.safetensors");
    save(&path, &model, &provenance).unwrap();
    assert_eq!(load(&path).unwrap(), (model.clone(), provenance.clone()));
    (model, provenance)
}

#[test]
fn a_later_file_whose_provenance_says_more_predicts_and_keeps_it() {
    let (_, provenance) = saved_again("model-later.safetensors");
    let (_, today) = load(&golden("model-version-2.safetensors")).unwrap();
    assert_eq!(provenance.training, today.training, "one setting more hides none of the others");
    let written: Value = serde_json::to_value(&provenance).unwrap();
    assert_eq!(written["licence"], json!({ "name": "CC-BY-4.0", "holder": "somebody" }));
    assert_eq!(written["training"]["averaging"], 20);
    assert_eq!(written["training"]["optimiser"]["amsgrad"], true);
    assert_eq!(written["source"]["sheet"], "second");
    assert_eq!(written["narrows"], "9.1.0");
}

#[test]
fn a_later_file_of_an_unknown_optimiser_predicts_and_keeps_it() {
    let (_, provenance) = saved_again("model-later-optimiser.safetensors");
    assert_eq!(provenance.training, None);
    let written: Value = serde_json::to_value(&provenance).unwrap();
    assert_eq!(written["training"]["optimiser"], json!({ "kind": "muon", "learning_rate": 0.02 }));
    assert_eq!(written["training"]["batch_size"], 16);
}

#[test]
fn a_later_file_that_may_compute_something_else_is_refused_by_a_sentence() {
    let error = load(&golden("model-later-refused.safetensors")).unwrap_err();
    assert!(matches!(&error, LoadError::Unknown { keys, .. } if keys == &["input.schema.units"]), "{error}");
    let sentence = error.to_string();
    for words in ["model-later-refused.safetensors", "`input.schema.units`", "install a newer narrows"] {
        assert!(sentence.contains(words), "`{words}` is not in: {sentence}");
    }
}

#[test]
fn a_scorer_is_read_back_to_the_bit_and_a_file_of_before_has_none() {
    let before = golden("model-version-2.safetensors");
    assert_eq!(load_scorer(&before).unwrap(), None);
    let (model, provenance) = load(&before).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let scores: Vec<f64> = (0..5_000).map(|row| f64::from(row % 977) / 3.0).collect();
    let given = AnomalyScorer::given(0.1).unwrap();
    let fitted = AnomalyScorer::fit(&scores, Threshold::Contamination(0.01), Part::Train).unwrap();
    for scorer in [given, fitted] {
        save_with_scorer(&path, &model, Some(&scorer), &provenance).unwrap();
        assert_eq!(load_scorer(&path).unwrap(), Some(scorer));
        assert_eq!(load(&path).unwrap(), (model.clone(), provenance.clone()));
    }
    let altered = |from: &[u8], to: &[u8]| {
        let mut bytes = std::fs::read(&path).unwrap();
        let place = bytes.windows(from.len()).position(|window| window == from).unwrap();
        bytes[place..place + from.len()].copy_from_slice(to);
        let altered = folder.path().join("altered.safetensors");
        std::fs::write(&altered, bytes).unwrap();
        load(&altered).unwrap_err()
    };
    let unknown = altered(br#"\"contamination\""#, br#"\"kontamination\""#);
    assert!(
        matches!(&unknown, LoadError::Unknown { keys, .. } if keys == &["scorer.kontamination"]),
        "{unknown}"
    );
    let wrong = altered(br#"\"contamination\":0.01"#, br#"\"contamination\":9.01"#).to_string();
    assert!(wrong.contains("at most 0.5"), "{wrong}");
}

#[cfg(feature = "report")]
#[test]
fn a_run_of_today_is_read() {
    use narrows::experiment::FinishedRun;

    let run = FinishedRun::read(&golden("run")).unwrap();
    let names: Vec<&str> = run.summary().models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["linear", "deep"]);
    assert!(run.live_judge().is_some());
    let quality = run.summary().interpolation_quality.as_ref().unwrap();
    assert_eq!(quality.comparisons.len(), 2);
    let (_, trained_on) = judge::load(&golden("run/judge.safetensors")).unwrap();
    assert_eq!(trained_on.name, "bars");
    let (rows, snapshots) =
        narrows::files::snapshots::load(&golden("run/models/deep/snapshots.safetensors"), 16).unwrap();
    assert_eq!((rows.len(), snapshots.len()), (2, 4));
}
