//! `narrows page`: a page of any runs and models, whatever they are called.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use narrows::files::model::{load, to_bytes};
use serde_json::json;

use crate::browser::Browser;
use crate::interpolate::pixels;
use crate::study::{LARGEST, study};
use crate::{SIZES, in_page};

const HOSTILE: &str = "</script><img src=x onerror=\"document.title='run'\"><b>";

const NAMES: &str = "[...document.querySelectorAll('#drawn tbody th')].map((e) => e.textContent)";

fn make(arguments: &[&Path], page: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_narrows"))
        .arg("page")
        .args(arguments)
        .arg("--out")
        .arg(page)
        .output()
        .unwrap()
}

#[track_caller]
fn made(arguments: &[&Path], name: &str) -> PathBuf {
    let page = study().path(name);
    let made = make(arguments, &page);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert_eq!(String::from_utf8_lossy(&made.stdout), format!("{}\n", page.display()));
    page
}

/// What the program says when it refuses, and that it has written nothing.
#[track_caller]
fn refused(arguments: &[&Path]) -> String {
    let page = study().path("refused.html");
    let made = make(arguments, &page);
    let says = String::from_utf8(made.stderr).unwrap();
    assert_eq!(made.status.code(), Some(2), "{says}");
    assert!(!page.exists());
    says
}

fn run() -> PathBuf {
    study().path("study")
}

/// The run without what has no influence on a page, in a folder of this name.
fn copy_of_the_run(name: &str) -> PathBuf {
    let copy = study().path(name);
    for folder in fs::read_dir(run().join("models")).unwrap() {
        let folder = folder.unwrap().path();
        let to = copy.join("models").join(folder.file_name().unwrap());
        fs::create_dir_all(&to).unwrap();
        for file in fs::read_dir(folder).unwrap() {
            let file = file.unwrap().path();
            fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
        }
    }
    for file in ["experiment.toml", "summary.json"] {
        fs::copy(run().join(file), copy.join(file)).unwrap();
    }
    copy
}

#[test]
fn it_shows_any_models_and_hostile_names_as_text() {
    let (model, mut provenance) = load(&study().model_folder("pca").join("model.safetensors")).unwrap();
    provenance.name = HOSTILE.to_owned();
    let hostile = study().path("hostile.safetensors");
    fs::write(&hostile, to_bytes(&model, &provenance).unwrap()).unwrap();
    let again = study().path("again.safetensors");
    fs::copy(study().model_folder(LARGEST).join("model.safetensors"), &again).unwrap();
    let largest = study().model_folder(LARGEST);
    // The third is the first once more, and is shown once.
    let page = made(&[&largest, &hostile, &largest.join("model.safetensors"), &again], "page.html");

    in_page(&page, "interpolate", SIZES[0], |browser: &mut Browser| {
        let in_run = format!("study/{LARGEST}");
        assert_eq!(browser.value(NAMES), json!([in_run, HOSTILE, again.display().to_string()]));
        assert_eq!(browser.value("document.querySelectorAll('img[src=x], #live b').length"), 0);
        assert_eq!(browser.value("document.title"), "3 models");
        // The model decodes.
        let shown = pixels(browser, &format!("[data-model='{in_run}'] .now canvas"));
        assert!(shown.iter().any(|&level| level > 128));
        // The history and the snapshots beside a model are shown; the others have none.
        browser.value("location.hash = '#training'");
        browser.until("document.querySelectorAll('.chart polyline').length >= 1");
        let sharpened = browser
            .value("[...document.querySelectorAll('#snapshots [data-model]')].map((e) => e.dataset.model)");
        assert_eq!(sharpened, json!([in_run]));
    });
}

#[test]
fn of_one_run_it_is_the_page_that_the_run_has_made() {
    let page = made(&[&run()], "of-one-run.html");
    let (ours, theirs) = (fs::read(page).unwrap(), fs::read(study().report()).unwrap());
    let first = ours.iter().zip(&theirs).position(|(a, b)| a != b);
    assert!(ours == theirs, "{} and {} bytes, first different at {first:?}", ours.len(), theirs.len());
}

#[test]
fn of_several_runs_it_keeps_what_each_knows_and_tells_their_models_apart() {
    let mine = copy_of_the_run("mine");
    // As of a run that was made before there were snapshots.
    fs::remove_file(mine.join("models/plane/snapshots.safetensors")).unwrap();
    let (model, mut provenance) = load(&study().model_folder("pca").join("model.safetensors")).unwrap();
    provenance.name = "alone".to_owned();
    let alone = study().path("alone.safetensors");
    fs::write(&alone, to_bytes(&model, &provenance).unwrap()).unwrap();
    let page = made(&[&mine, &alone, &run(), &run().join("models/pca")], "several.html");
    let order: Vec<String> = ["mine", "study"]
        .iter()
        .map(|run| ["pca", "plane", LARGEST].map(|model| format!("{run}/{model}")).to_vec())
        .collect::<Vec<_>>()
        .join(&"alone".to_owned());

    in_page(&page, "draw", SIZES[0], |browser| {
        assert_eq!(browser.value(NAMES), json!(order));
        // The classifier of the run that has one.
        assert_eq!(browser.value("document.querySelectorAll('#drawn .says').length"), 7);
        browser.value("location.hash = '#training'");
        browser.until("document.querySelectorAll('#snapshots [data-model]').length > 0");
        let sharpened = browser
            .value("[...document.querySelectorAll('#snapshots [data-model]')].map((e) => e.dataset.model)");
        let with_snapshots: Vec<&String> =
            order.iter().filter(|name| !["alone", "mine/plane"].contains(&name.as_str())).collect();
        assert_eq!(sharpened, json!(with_snapshots));
        let published = "JSON.parse(document.getElementById('study').textContent).models.map((m) => m.curves.published.length > 0)";
        assert_eq!(browser.value(published), json!([false, true, false, false, false, true, false]));
        let pairs = "JSON.parse(document.getElementById('study').textContent).pairs.length";
        assert_eq!(browser.value(pairs), 2, "both runs go between the same two pairs");

        browser.value("location.hash = '#results'");
        let headings = browser.value("[...document.querySelectorAll('main h2')].map((e) => e.textContent)");
        let headings: Vec<&str> = headings.as_array().unwrap().iter().map(|h| h.as_str().unwrap()).collect();
        assert_eq!(headings[0], "Models");
        for expected in ["Answers", "Reconstructions", "Interpolation"] {
            for run in ["mine", "study"] {
                assert!(headings.contains(&format!("{run}: {expected}").as_str()), "{headings:?}");
            }
        }
        let twice = browser.value(
            "(() => { const ids = [...document.querySelectorAll('[id]')].map((e) => e.id); \
             return ids.filter((id, i) => ids.indexOf(id) !== i); })()",
        );
        assert_eq!(twice, json!([]), "identifiers that occur twice");
        assert_eq!(browser.value("document.title"), "7 models");
        browser.screenshot("several-runs");
    });
}

#[test]
fn what_cannot_be_on_one_page_is_refused_and_says_why() {
    let altered = |name: &str, file: &str, from: &str, to: &str| {
        let copy = copy_of_the_run(name);
        let text = fs::read_to_string(copy.join(file)).unwrap();
        assert!(text.contains(from));
        fs::write(copy.join(file), text.replace(from, to)).unwrap();
        copy
    };
    let other = altered("other", "summary.json", "\"data\": \"mnist\"", "\"data\": \"letters\"");
    let says = refused(&[&run(), &other]);
    assert!(says.contains(&other.display().to_string()) && says.contains(&run().display().to_string()));
    assert!(says.contains("`letters`") && says.contains("`mnist`"), "{says}");
    let says = refused(&[&run(), Path::new("--data"), Path::new("letters")]);
    assert!(says.contains("--data asks for `letters`") && says.contains("`mnist`"), "{says}");

    let unfinished = copy_of_the_run("unfinished");
    fs::remove_file(unfinished.join("summary.json")).unwrap();
    let says = refused(&[&unfinished]);
    assert!(says.contains("without summary.json"), "{says}");

    let torn = altered("torn", "summary.json", "\"experiment\"", "\"experiments\"");
    let says = refused(&[&torn]);
    assert!(says.contains("summary.json cannot be read: missing field `experiment`"), "{says}");

    let cut = copy_of_the_run("cut");
    let snapshots = cut.join("models/pca/snapshots.safetensors");
    let bytes = fs::read(&snapshots).unwrap();
    fs::write(&snapshots, &bytes[..bytes.len() - 1]).unwrap();
    let says = refused(&[&cut]);
    assert!(says.contains("snapshots.safetensors is no whole safetensors file"), "{says}");

    let says = refused(&[&study().path("nowhere")]);
    assert!(says.contains("nowhere"), "{says}");
}
