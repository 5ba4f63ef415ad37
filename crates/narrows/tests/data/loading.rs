//! From a path to a data set: what is found out, what is asked for, and what is refused.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;

use narrows::dataset::format::{Values, npy};
use narrows::dataset::load::{
    ImageSize, LoadError, LoadOptions, Loaded, MissingRule, load, load_for, load_unsplit,
};
use narrows::dataset::{Identity, ImageShape, Missing, Part, Schema, ValueRange};

/// A folder of this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("loading").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub fn file(name: &str, text: &str) -> String {
    let path = folder(name).join("table.csv");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

pub fn read(options: &LoadOptions) -> Result<Loaded, LoadError> {
    load(options, NonZeroUsize::MIN, &mut |_, _| ControlFlow::Continue(()))
}

pub fn read_for(schema: &Schema, options: &LoadOptions) -> Result<Loaded, LoadError> {
    load_for(schema, options, NonZeroUsize::MIN, &mut |_, _| ControlFlow::Continue(()))
}

pub fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Twenty rows: a number, a word, a class, and in row 3 a hole.
fn table() -> String {
    let mut text = "heat,colour,kind\n".to_owned();
    for row in 0..20 {
        let heat = if row == 3 { String::new() } else { format!("{row}.5") };
        text += &format!("{heat},{},{}\n", ["red", "blue"][row % 2], [10, 9][row % 2]);
    }
    text
}

fn options(path: String) -> LoadOptions {
    LoadOptions {
        label: Some("kind".to_owned()),
        one_hot: names(&["colour"]),
        missing: MissingRule::Mask,
        ..LoadOptions::of(path)
    }
}

#[test]
fn a_table_has_its_columns_its_categories_and_its_classes_by_value() {
    let loaded = read(&options(file("columns", &table()))).unwrap();
    let schema = loaded.parts.schema();
    assert_eq!(schema.columns(), Some(&names(&["heat", "colour=blue", "colour=red"])[..]));
    assert_eq!(schema.classes(), Some(&names(&["9", "10"])[..]));
    assert_eq!((loaded.parts.train().rows(), loaded.parts.test().rows()), (18, 2));
    assert_eq!(loaded.parts.test().class_counts(), Some(vec![(0, 1), (1, 1)]));
    for row in 0..18 {
        let red = loaded.parts.train().class_of(row) == Some("10");
        assert_eq!(&loaded.parts.train().raw_row(row)[1..], if red { [0.0, 1.0] } else { [1.0, 0.0] });
    }
}

#[test]
fn words_holes_and_unknown_columns_are_named_with_what_to_do() {
    let path = file("mistakes", &table());
    let says = |options: LoadOptions, words: &[&str]| {
        let error = read(&options).unwrap_err().to_string();
        words.iter().for_each(|word| assert!(error.contains(word), "`{word}` is not in: {error}"));
    };
    let of = |path: &String| LoadOptions::of(path.clone());
    says(of(&path), &["`colour`", "line 2", "--one-hot", "--drop colour", "--label"]);
    says(
        LoadOptions { missing: MissingRule::Error, ..options(path.clone()) },
        &["line 5", "`heat`", "--missing mean"],
    );
    says(LoadOptions { label: Some("kimd".into()), ..of(&path) }, &["--label", "did you mean `kind`?"]);
    says(LoadOptions { drop: names(&["heat", "colour", "kind"]), ..of(&path) }, &["no column of numbers"]);
    says(
        LoadOptions { size: Some(ImageSize { height: 2, width: 2 }), ..options(path.clone()) },
        &["4 pixels", "3 values"],
    );
    says(LoadOptions { test_share: Some(1.5), ..options(path.clone()) }, &["1.5"]);
    says(
        LoadOptions { test: Some(path.clone()), test_share: Some(0.5), ..options(path.clone()) },
        &["--test-share"],
    );
    says(LoadOptions { label: Some("kind".into()), ..of(&"mnist".to_owned()) }, &["--label", "mnist"]);
    says(of(&"mnits".to_owned()), &["did you mean `mnist`?"]);
    says(of(&folder("empty").display().to_string()), &["no images"]);
}

#[test]
fn holes_are_filled_with_the_means_of_the_training_rows_alone() {
    let path = file("means", &table());
    let masked = read(&options(path.clone())).unwrap().parts;
    let filled = read(&LoadOptions { missing: MissingRule::Mean, ..options(path) }).unwrap().parts;
    let Missing::Fill(means) = filled.schema().missing() else { panic!("it is filled") };
    let heats: Vec<f64> = (0..masked.train().rows())
        .map(|row| f64::from(masked.train().raw_row(row)[0]))
        .filter(|heat| !heat.is_nan())
        .collect();
    let mean = heats.iter().sum::<f64>() / heats.len() as f64;
    assert!((f64::from(means[0]) - mean).abs() < 1e-6, "{means:?}, {mean}");
    for part in Part::ALL.into_iter().filter_map(|part| Some((masked.get(part)?, filled.get(part)?))) {
        for row in 0..part.0.rows() {
            let (holed, whole) = (part.0.raw_row(row), part.1.raw_row(row));
            assert_eq!(whole[0], if holed[0].is_nan() { means[0] } else { holed[0] });
        }
    }
}

#[test]
fn data_for_a_model_is_matched_by_name_and_renamed_where_asked() {
    let own = read(&options(file("own", &table()))).unwrap().parts;
    let turned: String = table()
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            format!("{},{},{},x\n", cells[1], cells[2], cells[0])
        })
        .collect();
    let turned = turned.replace(",x\n", ",1\n").replacen(",1\n", ",more\n", 1);
    let loaded = read_for(own.schema(), &options(file("turned", &turned))).unwrap();
    assert_eq!(loaded.parts.schema(), own.schema());
    assert_eq!(
        Identity::of(own.schema(), Some(own.train().content_hash()), &loaded.parts),
        Some(Identity::Same)
    );

    let renamed = options(file("renamed", &turned.replace("heat", "Heat")));
    let error = read_for(own.schema(), &renamed).unwrap_err().to_string();
    assert!(error.contains("no column heat") && error.contains("--rename Heat=heat"), "{error}");
    let rename = BTreeMap::from([("Heat".to_owned(), "heat".to_owned())]);
    let loaded = read_for(own.schema(), &LoadOptions { rename, ..renamed }).unwrap();
    assert_eq!(loaded.parts.train().content_hash(), own.train().content_hash());

    let green = options(file("green", &turned.replacen("blue", "green", 1)));
    let error = read_for(own.schema(), &green).unwrap_err().to_string();
    assert!(error.contains("row 1") && error.contains("`green`") && error.contains("`colour`"), "{error}");
    let unlabelled = options(file("unlabelled", &turned.replace("kind", "other")));
    assert!(read_for(own.schema(), &unlabelled).unwrap().parts.train().labels().is_none());
}

#[test]
fn a_split_is_the_same_by_seed_and_can_be_given_again() {
    let path = file("split", &table());
    let shares = LoadOptions {
        test_share: Some(0.2),
        validation_share: Some(0.2),
        split_seed: 7,
        ..options(path.clone())
    };
    let drawn = read(&shares).unwrap();
    let split = drawn.split.unwrap();
    assert_eq!(
        read(&LoadOptions { missing: MissingRule::Mean, ..shares.clone() })
            .unwrap()
            .split
            .unwrap()
            .rows_of(Part::Test),
        split.rows_of(Part::Test)
    );
    let written = folder("written").join("split.json");
    std::fs::write(&written, split.to_json()).unwrap();
    let again = LoadOptions { split: Some(written.display().to_string()), ..options(path) };
    let again = read(&again).unwrap().parts;
    assert_eq!(again.test().content_hash(), drawn.parts.test().content_hash());
    assert_eq!(again.validation().unwrap().rows(), 4);
}

#[test]
fn arrays_are_images_by_their_shape_and_their_range_is_found() {
    let path = folder("arrays").join("a.npy");
    let read_array = |shape: &[usize], values: Vec<f32>, options: LoadOptions| {
        npy::write(&path, shape, &Values::Numbers(values)).unwrap();
        let unsplit =
            load_unsplit(&options, NonZeroUsize::MIN, &mut |_, _| ControlFlow::Continue(())).unwrap();
        unsplit.parts.into_iter().next().unwrap().dataset
    };
    let of = || LoadOptions::of(path.display().to_string());
    let ramp =
        |count: usize, top: f32| (0..count).map(|i| top * i as f32 / (count - 1) as f32).collect::<Vec<_>>();
    let range = |low, high| Some(ValueRange { low, high });

    let grey = read_array(&[2, 2, 2], ramp(8, 16.0), of());
    assert_eq!((grey.image(), grey.schema().range()), (Some(ImageShape::grey(2, 2)), range(0.0, 16.0)));
    let unit = read_array(&[2, 2, 2], ramp(8, 0.9), of());
    assert_eq!(unit.schema().range(), range(0.0, 1.0));
    let bytes = read_array(&[2, 2, 2], ramp(8, 252.0), of());
    assert_eq!((bytes.schema().range(), bytes.raw_row(1)[3]), (range(0.0, 255.0), 252.0));

    // Channels before height and width: pixel (0, 1) has the second value of each channel.
    let colour = read_array(&[1, 3, 2, 2], (0..12).map(|i| i as f32 / 11.0).collect(), of());
    assert_eq!(colour.image(), Some(ImageShape { height: 2, width: 2, channels: 3 }));
    assert_eq!(colour.raw_row(0)[3..6], [1.0, 5.0, 9.0].map(|i| i / 11.0));

    let rows = read_array(&[4, 3], ramp(12, 1.0), of());
    assert_eq!((rows.image(), rows.features(), rows.schema().range()), (None, 3, None));
    let dropped = read_array(&[4, 3], ramp(12, 1.0), LoadOptions { drop: names(&["1"]), ..of() });
    assert_eq!(dropped.schema().columns(), Some(&names(&["0", "2"])[..]));
    let images = LoadOptions { size: Some(ImageSize { height: 1, width: 3 }), ..of() };
    assert_eq!(read_array(&[4, 3], ramp(12, 200.0), images).image(), Some(ImageShape::grey(1, 3)));
}

#[cfg(feature = "images")]
#[test]
fn arrays_of_images_are_resized_as_files_of_images_are() {
    let part = |options: LoadOptions| {
        let unsplit =
            load_unsplit(&options, NonZeroUsize::MIN, &mut |_, _| ControlFlow::Continue(())).unwrap();
        unsplit.parts.into_iter().next().unwrap().dataset
    };
    let size = Some(ImageSize { height: 9, width: 14 });
    for (name, grey, tolerance) in [("colour", false, 0.0), ("colour", true, 2.0), ("grey", false, 0.0)] {
        let image = golden(&format!("images/resize-{name}.png"));
        let whole = part(LoadOptions::of(image.clone()));
        let shape = whole.image().unwrap();
        let array = folder(&format!("resized-{name}-{grey}")).join("a.npy");
        let bytes = whole.raw_row(0).into_iter().map(|value| value as u8).collect();
        npy::write(&array, &[1, shape.height, shape.width, shape.channels], &Values::Bytes(bytes)).unwrap();

        let of_file = part(LoadOptions { size, grey, ..LoadOptions::of(image) });
        let of_array = part(LoadOptions { size, grey, ..LoadOptions::of(array.display().to_string()) });
        assert_eq!(of_array.image(), of_file.image(), "{name}");
        for (a, b) in of_array.raw_row(0).into_iter().zip(of_file.raw_row(0)) {
            assert!((a - b).abs() <= tolerance, "{name}: {a} for {b}");
        }
    }
}

#[cfg(feature = "images")]
#[test]
fn images_of_numbers_are_resized_without_rounding() {
    let array = folder("resized-numbers").join("a.npy");
    let options = |height, width| LoadOptions {
        size: Some(ImageSize { height, width }),
        ..LoadOptions::of(array.display().to_string())
    };
    let ramp: Vec<f32> = (0..16).map(|i| i as f32 / 15.0).collect();
    let shown = |options: LoadOptions| {
        let unsplit =
            load_unsplit(&options, NonZeroUsize::MIN, &mut |_, _| ControlFlow::Continue(())).unwrap();
        unsplit.parts.into_iter().next().unwrap().dataset
    };
    npy::write(&array, &[1, 4, 4], &Values::Numbers(ramp.clone())).unwrap();
    let half = shown(options(2, 2));
    assert_eq!(
        (half.image(), half.schema().range()),
        (Some(ImageShape::grey(2, 2)), Some(ValueRange { low: 0.0, high: 1.0 }))
    );
    // A triangle four pixels wide, cut at the edge: weights 3, 3, 1 of 7 from the edge on.
    let along = |line: [f32; 4]| (3.0 * line[0] + 3.0 * line[1] + line[2]) / 7.0;
    let line = |y: usize| along([0, 1, 2, 3].map(|x| ramp[4 * y + x]));
    assert!((half.raw_row(0)[0] - along([0, 1, 2, 3].map(line))).abs() < 1e-6, "{:?}", half.raw_row(0));
    // Bytes that are 0 or 1 become numbers between them.
    npy::write(&array, &[1, 2, 2], &Values::Bytes(vec![0, 1, 1, 0])).unwrap();
    let grown = shown(options(3, 3)).raw_row(0);
    assert!(grown.contains(&0.5) && grown.iter().all(|value| (0.0..=1.0).contains(value)), "{grown:?}");
}

#[test]
fn labels_of_emnist_are_the_letters_of_its_mapping() {
    let folder = folder("emnist");
    for entry in std::fs::read_dir(golden("idx/emnist")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    let numbered = read(&LoadOptions::of(folder.display().to_string())).unwrap().parts;
    let set = std::fs::read_dir(&folder).unwrap().find_map(|entry| {
        Some(entry.unwrap().file_name().to_str()?.split_once("-train-images")?.0.to_owned())
    });
    let mapping = folder.join(format!("{}-mapping.txt", set.unwrap()));
    // Labels 0 to 9 mean a to j, but 8 means both S and s.
    let lines = (0..10).map(|label| match label {
        8 => "8 83 115\n".to_owned(),
        _ => format!("{label} {}\n", 97 + label),
    });
    std::fs::write(&mapping, lines.collect::<String>()).unwrap();
    let named = read(&LoadOptions::of(folder.display().to_string())).unwrap().parts;
    for row in 0..named.train().rows() {
        let number: u8 = numbered.train().class_of(row).unwrap().parse().unwrap();
        let expected = if number == 8 { "Ss".to_owned() } else { char::from(97 + number).to_string() };
        assert_eq!(named.train().class_of(row), Some(expected.as_str()));
    }
    std::fs::write(&mapping, "0 97\n1\n").unwrap();
    let error = read(&LoadOptions::of(folder.display().to_string())).unwrap_err().to_string();
    assert!(error.contains("mapping.txt, line 2") && error.contains("`10 65`"), "{error}");
}

fn golden(name: &str) -> String {
    format!("{}/../../golden/data/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn what_others_wrote_is_read_with_its_classes_and_its_test_set() {
    let idx = read(&LoadOptions::of(golden("idx/mnist"))).unwrap();
    assert!(idx.split.is_none() && idx.parts.schema().image().is_some());
    assert!(idx.parts.train().labels().is_some() && idx.parts.test().labels().is_some());
}
