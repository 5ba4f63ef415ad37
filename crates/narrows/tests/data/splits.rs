//! Splits: as scikit-learn stratifies, the same rows whatever else is asked for, and only for the data they were drawn for.

use narrows::dataset::{Dataset, Part, Schema, Shares, Split, SplitError, Values};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    sizes: Vec<usize>,
    share: f64,
    test: Vec<usize>,
}

/// Rows of classes of these sizes, the classes mixed, each row with its own value.
fn labelled(sizes: &[usize]) -> Dataset {
    let mut labels: Vec<u32> = (0..).zip(sizes).flat_map(|(label, &size)| vec![label; size]).collect();
    let rows = labels.len();
    // A permutation: 7919 is a prime that divides none of the sizes.
    labels = (0..rows).map(|row| labels[row * 7919 % rows]).collect();
    let classes = (0..sizes.len()).map(|class| format!("class {class}")).collect();
    let schema = Schema::rows(1).unwrap().with_classes(classes).unwrap();
    Dataset::new("d", schema, Values::Numbers((0..rows).map(|row| row as f32).collect()), Some(labels))
        .unwrap()
}

fn counts(dataset: &Dataset, classes: usize) -> Vec<usize> {
    let mut counts = vec![0; classes];
    dataset.labels().unwrap().iter().for_each(|&label| counts[label as usize] += 1);
    counts
}

#[test]
fn classes_are_shared_out_as_scikit_learn_does() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../../../golden/splits.json")).unwrap();
    assert!(cases.len() > 4);
    for Case { sizes, share, test } in cases {
        let data = labelled(&sizes);
        for seed in [0, 1] {
            let split = Split::draw(&data, Shares { test: share, validation: 0.0 }, seed).unwrap();
            let parts = split.apply(&data).unwrap();
            assert_eq!(counts(parts.test(), sizes.len()), test, "{sizes:?}, {share}");
            assert_eq!(parts.train().rows() + parts.test().rows(), data.rows());
        }
    }
}

#[test]
fn every_row_is_in_one_part_and_the_test_rows_do_not_depend_on_the_validation_share() {
    let data = labelled(&[50, 30, 20]);
    let draw = |validation, seed| Split::draw(&data, Shares { test: 0.2, validation }, seed).unwrap();
    let split = draw(0.1, 4);
    let parts = split.apply(&data).unwrap();
    let validation = parts.validation().unwrap();
    let mut all: Vec<f32> = [parts.train(), validation, parts.test()]
        .iter()
        .flat_map(|part| (0..part.rows()).flat_map(|row| part.raw_row(row)))
        .collect();
    all.sort_by(f32::total_cmp);
    assert_eq!(all, (0..100).map(|row| row as f32).collect::<Vec<_>>());
    assert_eq!(counts(parts.test(), 3), [10, 6, 4]);
    assert_eq!(counts(validation, 3), [5, 3, 2]);
    assert_eq!(draw(0.0, 4).rows_of(Part::Test), split.rows_of(Part::Test));
    assert_ne!(draw(0.1, 5), split);
    assert_eq!(draw(0.1, 4), split);
    assert_eq!(parts.test().name(), "d (test)");
}

#[test]
fn a_written_split_is_read_back_and_refuses_other_data() {
    let data = labelled(&[50, 30, 20]);
    let split = Split::draw(&data, Shares::default(), 1).unwrap();
    let read = Split::from_json(&split.to_json()).unwrap();
    assert_eq!(read, split);
    let others = [data.subset(&(0..99).collect::<Vec<_>>()), data.without_labels()];
    for other in others {
        let error = read.apply(&other).unwrap_err();
        assert!(matches!(error, SplitError::Data { .. }), "{error}");
    }
    for (from, to) in [("\"test\":[", "\"test\":[100,"), ("\"test\":[", "\"test\":[3,3,")] {
        let altered = Split::from_json(&split.to_json().replace(from, to)).unwrap();
        assert!(matches!(altered.apply(&data), Err(SplitError::Row(3 | 100))), "{to}");
    }
    assert!(matches!(Split::from_json("{}"), Err(SplitError::Form(_))));
}

#[test]
fn shares_that_leave_nothing_are_refused() {
    let data = labelled(&[5, 3]);
    for (test, validation) in [(0.0, 0.0), (1.0, 0.0), (0.5, 0.5), (-0.1, 0.0), (f64::NAN, 0.0), (0.1, -0.1)]
    {
        let refused = Split::draw(&data, Shares { test, validation }, 0);
        assert!(matches!(refused, Err(SplitError::Share { .. })), "{test}, {validation}: {refused:?}");
    }
    let refused = Split::draw(&data, Shares { test: 0.5, validation: 0.45 }, 0);
    assert!(matches!(refused, Err(SplitError::TooFew { part: Part::Train, rows: 8 })), "{refused:?}");
}
