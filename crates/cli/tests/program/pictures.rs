//! Pictures: of one model and of several, as PNG and as SVG.

use std::fs;
use std::path::Path;

use crate::narrows;
use crate::study::{EXACT, MODELS, study};

#[track_caller]
fn assert_is_png(path: &Path) {
    let bytes = fs::read(path).unwrap();
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.len() > 1000, "{}", path.display());
}

/// The texts of an SVG, in their order.
fn texts(path: &Path) -> Vec<String> {
    let svg = fs::read_to_string(path).unwrap();
    assert!(svg.starts_with("<svg"), "{}", path.display());
    let texts = svg.split("<text").skip(1).map(|text| {
        let inside = &text[text.find('>').unwrap() + 1..text.find("</text>").unwrap()];
        inside.to_owned()
    });
    texts.collect()
}

fn images(path: &Path) -> usize {
    fs::read_to_string(path).unwrap().matches("<image").count()
}

#[test]
fn images_are_reconstructed() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("a.png");
    let path = narrows!["reconstruct", study().model("three-layer"), "--out", &picture].success();
    assert_eq!(path.trim_end(), picture.display().to_string());
    assert_is_png(&picture);
    let other = folder.path().join("b.PNG");
    narrows!["reconstruct", study().model("pca"), "--rows", "7,test:7:3", "test#42", "--out", &other]
        .success();
    assert_is_png(&other);
    assert_ne!(fs::read(&picture).unwrap(), fs::read(&other).unwrap());
}

#[test]
fn the_models_of_a_run_stand_under_the_originals_in_the_experiments_order() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("all.svg");
    narrows!["reconstruct", study().path(), "--rows", "7", "test:3", "--out", &picture].success();
    let texts = texts(&picture);
    let names = [
        "pca",
        "pca-one-cycle",
        EXACT,
        "pca-tanh",
        "two-layer",
        "two-layer-wide",
        "three-layer",
        "three-layer-wide",
    ];
    let shown: Vec<&str> = texts.iter().map(String::as_str).filter(|text| names.contains(text)).collect();
    assert_eq!(shown, names);
    assert_eq!(images(&picture), 2 * (1 + names.len()));
    for words in ["mnist", "original", "train:7", "test:3", "mean squared error"] {
        assert!(texts.iter().any(|text| text.contains(words)), "`{words}` is not in {texts:?}");
    }
}

#[test]
fn the_way_between_images_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let draw = |from: &str, to: &str, steps: &str| {
        let picture = folder.path().join("way.png");
        let model = study().model("three-layer");
        narrows!["interpolate", model, "--from", from, "--to", to, "--steps", steps, "--out", &picture]
            .success();
        assert_is_png(&picture);
        fs::read(&picture).unwrap()
    };
    let by_digit = draw("1", "7", "10");
    assert_ne!(by_digit, draw("test:1:3", "train:7", "10"), "the third 1 of the test set is another image");
    assert_ne!(by_digit, draw("1", "7", "4"));
    draw("#0", "test#9999", "2");
}

#[test]
fn ways_of_several_models_say_where_lambda_is_0_and_where_it_is_1() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("ways.svg");
    narrows!["interpolate", study().path(), "--from", "1", "--to", "test:7", "--out", &picture].success();
    let texts = texts(&picture);
    assert_eq!(texts[0], "mnist: train:1 at λ = 0, test:7 at λ = 1");
    let lambdas: Vec<&str> = texts.iter().filter_map(|text| text.strip_prefix("λ = ")).collect();
    assert_eq!(lambdas, ["0.00", "0.11", "0.22", "0.33", "0.44", "0.56", "0.67", "0.78", "0.89", "1.00"]);
    assert!(texts.contains(&"pixel blend".to_owned()));
    for name in MODELS.into_iter().chain([EXACT]) {
        assert!(texts.contains(&name.to_owned()), "{name} is not in {texts:?}");
    }
    assert_eq!(images(&picture), 10 * (1 + MODELS.len() + 1));
}

/// At λ = 0 stands what the model makes of --from, at λ = 1 what it makes of --to.
#[test]
fn the_numbers_of_a_way_begin_at_from_and_end_at_to() {
    let way = |from: &str, to: &str| {
        narrows!["interpolate", study().model("pca"), "--from", from, "--to", to, "--steps", "3", "--json"]
            .json()
    };
    let there = way("1", "7");
    assert_eq!(there["lambdas"], serde_json::json!([0.0, 0.5, 1.0]));
    let codes = narrows!["encode", study().model("pca"), "--rows", "1,7", "--json"].json();
    let code = |row: usize| &codes["models"][0]["rows"][row]["code"];
    let on_the_way = &there["models"][0]["codes"];
    assert_eq!((&on_the_way[0], &on_the_way[2]), (code(0), code(1)));
    let back = way("7", "1");
    assert_eq!(back["models"][0]["images"][0], there["models"][0]["images"][2]);
    let middle = |axis: usize| on_the_way[1][axis].as_f64().unwrap();
    let mean = |axis: usize| (code(0)[axis].as_f64().unwrap() + code(1)[axis].as_f64().unwrap()) / 2.0;
    assert!((0..16).all(|axis| (middle(axis) - mean(axis)).abs() < 1e-5));
}

#[test]
fn another_ending_than_png_and_svg_is_refused_before_anything_is_read() {
    for name in ["a.jpg", "a.png.gz"] {
        narrows!["reconstruct", "no/such/model", "--out", name].mistake(&["--out", ".png or .svg", ".csv"]);
    }
    for name in ["a.jpg", "a", "a.png.gz", "svg"] {
        narrows!["interpolate", "no/such/model", "--from", "1", "--to", "7", "--out", name]
            .mistake(&["--out", ".png or .svg"]);
    }
}
