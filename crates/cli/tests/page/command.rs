//! `narrows page`: a page of any models, whatever they are called.

use std::process::Command;

use narrows::export::safetensors::{load, to_bytes};

use crate::browser::Browser;
use crate::interpolate::pixels;
use crate::study::{LARGEST, study};
use crate::{SIZES, in_page};

const HOSTILE: &str = "</script><img src=x onerror=\"document.title='run'\"><b>";

#[test]
fn it_shows_any_models_and_hostile_names_as_text() {
    let (model, mut provenance) = load(&study().model_folder("pca").join("model.safetensors")).unwrap();
    provenance.name = HOSTILE.to_owned();
    let hostile = study().path("hostile.safetensors");
    std::fs::write(&hostile, to_bytes(&model, &provenance).unwrap()).unwrap();
    let page = study().path("page.html");
    let made = Command::new(env!("CARGO_BIN_EXE_narrows"))
        .arg("page")
        .args([&study().model_folder(LARGEST), &hostile, &study().model_folder(LARGEST)])
        .arg("--out")
        .arg(&page)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert_eq!(String::from_utf8_lossy(&made.stdout), format!("{}\n", page.display()));

    in_page(&page, "interpolate", SIZES[0], |browser: &mut Browser| {
        let names =
            browser.value("[...document.querySelectorAll('.path .name strong')].map((e) => e.textContent)");
        let again = study().model_folder(LARGEST).display().to_string();
        assert_eq!(names, serde_json::json!(["pixel blend", LARGEST, HOSTILE, again]));
        assert_eq!(browser.value("document.querySelectorAll('img[src=x], #live b').length"), 0);
        assert_eq!(browser.value("document.title"), "3 models");
        // The study's pairs are there, and the model decodes.
        assert_eq!(browser.value("document.querySelectorAll('.toolbar .buttons button').length >= 2"), true);
        let shown = pixels(browser, &format!("[data-model='{LARGEST}'] .now canvas"));
        assert!(shown.iter().any(|&level| level > 128));
        // The history beside a model is its curve, which the hostile one has not; there are no snapshots.
        browser.value("location.hash = '#training'");
        browser.until("document.querySelectorAll('.chart polyline').length === 2");
        assert_eq!(browser.value("document.querySelectorAll('#snapshots').length"), 0);
    });
}
