//! Training: the scrubber over snapshots, and the curves.

use std::path::{Path, PathBuf};

use narrows::dataset::{Parts, byte_of};
use narrows::experiment::{EpochSummary, Experiment, curves};
use narrows::files::{self, history};
use serde_json::{Value, json};

use crate::interpolate::{largest_difference, pixels};
use crate::study::{LARGEST, compute, study, unit};
use crate::{SIZES, in_page, made};

#[test]
fn the_scrubber_goes_from_noise_to_what_the_trained_model_gives() {
    in_page(&study().report(), "training", SIZES[0], |browser| {
        let last = format!("#snapshots [data-model='{LARGEST}'] .cell:nth-child(8) canvas");
        let after = format!(
            "document.querySelector(\"#snapshots [data-model='{LARGEST}'] .note-small\").textContent"
        );
        assert_eq!(browser.value("document.querySelector('.scrub output').textContent"), "2");
        let trained = pixels(browser, &last);
        let model = study().model(LARGEST);
        let rows = study().data.test().examples();
        let seventh = study().data.test().subset(&[rows[7]]);
        let values = model.reconstruct(&mut compute(), &model.samples(&seventh).unwrap()).unwrap();
        let expected: Vec<u8> = unit(&model, &values).into_iter().map(byte_of).collect();
        assert_eq!(trained, expected, "the last snapshot is the finished model's, to the bit");

        browser.value("document.querySelector('#epoch').focus()");
        browser.key("Home", 36);
        assert_eq!(browser.value("document.querySelector('.scrub output').textContent"), "0");
        assert_eq!(browser.value(&after), "before training: random weights");
        let drawn = pixels(browser, &last);
        assert!(largest_difference(&drawn, &trained) > 100, "before training there is no 7");
        browser.key("ArrowRight", 39);
        assert_eq!(browser.value(&after), "after epoch 1");
        let first = pixels(browser, &last);
        assert!(first != drawn && first != trained);
        browser.until("location.hash === '#training?epoch=1'");
        browser.reload();
        browser.frame();
        assert_eq!(browser.value("document.querySelector('.scrub output').textContent"), "1");
        assert_eq!(pixels(browser, &last), first);
    });
}

#[test]
fn the_chart_is_read_under_the_cursor_and_its_curves_are_switched() {
    in_page(&study().report(), "training", SIZES[0], |browser| {
        let curves = "document.querySelectorAll('.chart polyline').length";
        // Three models, and a published curve of a hundred epochs, which alone is dotted.
        assert_eq!(browser.value(curves), 4);
        let dotted = "document.querySelectorAll('.chart polyline[stroke-dasharray=\"2 3\"]').length";
        assert_eq!(browser.value(dotted), 1);
        let lead = browser.value("document.querySelector('#part-training .lead').textContent");
        assert!(lead.as_str().unwrap().contains("Dotted lines are published curves"), "{lead}");
        let bound = browser.value("[...document.querySelectorAll('.chart text')].map((t) => t.textContent).find((t) => t.startsWith('exact PCA: '))");
        let summary = std::fs::read(study().report().with_file_name("summary.json")).unwrap();
        let summary: Value = serde_json::from_slice(&summary).unwrap();
        let error = summary["exact_pca"]["train"]["model_scale"].as_f64().unwrap();
        assert_eq!(bound, format!("exact PCA: {error:.4}"));
        assert_eq!(browser.value("document.querySelectorAll('.chart .bound').length"), 1);
        let axis = "document.querySelector('#part-training p.caption').textContent";
        assert_eq!(browser.value(axis), "average training loss, pixels in [−1, 1]; log scale");
        let right = browser.place_in(".chart", 0.99, 0.5);
        browser.mouse("mouseMoved", right, false);
        browser.frame();
        assert_eq!(browser.value("document.querySelector('.readout strong').textContent"), "epoch 100");
        browser.click("#legend button:nth-child(3)");
        browser.frame();
        assert_eq!(browser.value(curves), 3);
        // Without the published curve, the axis is that of the run.
        let right = browser.place_in(".chart", 0.99, 0.5);
        browser.mouse("mouseMoved", right, false);
        browser.frame();
        let readout = browser.value("document.querySelector('.readout').textContent");
        for model in summary["models"].as_array().unwrap() {
            let loss = format!("{:.4}", model["training_loss"].as_f64().unwrap());
            assert!(readout.as_str().unwrap().contains(&loss), "{readout} without {loss}");
        }
        let ticks = "[...document.querySelectorAll('.chart text')].map((t) => t.textContent).join(' ')";
        let logarithmic = browser.value(ticks);
        browser.click(".check input");
        browser.frame();
        assert_ne!(browser.value(ticks), logarithmic);
        assert_eq!(browser.value(axis), "average training loss, pixels in [−1, 1]");
    });
}

/// A run of few rows and a wide model, which soon learns them by heart: the validation loss rises again.
fn validated() -> PathBuf {
    let all = made::colour(true);
    let rows = |from: usize, to: usize| all.train().subset(&(from..to).collect::<Vec<_>>());
    let data = Parts::new(rows(0, 24), Some(rows(24, 120)), all.test().clone()).unwrap();
    let experiment = "title = \"Validated\"\ndata = \"discs\"\nnormalisation = \"unit\"\n[training]\nepochs = 40\nbatch_size = 8\n\
         activation = \"silu\"\noptimiser = { kind = \"adam\", learning_rate = 1e-2 }\n[[models]]\nname = \"deep\"\nhidden = [64, 8]\n\
         output = \"sigmoid\"\n[[models]]\nname = \"linear\"\nhidden = [8]\noutput = \"linear\"\n";
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("validated");
    made::run(&Experiment::from_toml(experiment).unwrap(), &data, &folder);
    folder
}

#[test]
fn losses_on_the_validation_set_are_dashed_and_the_best_epoch_is_marked() {
    let run = validated();
    let summary: Value = serde_json::from_slice(&std::fs::read(run.join("summary.json")).unwrap()).unwrap();
    let deep = &summary["models"][0];
    let history = deep["history"].as_array().unwrap();
    let losses: Vec<f64> = history.iter().map(|epoch| epoch["validation_loss"].as_f64().unwrap()).collect();
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let best = losses.iter().position(|&loss| loss == least).unwrap() + 1;
    assert!(best < losses.len(), "the least loss is the last: {losses:?}");
    assert_eq!(deep["epochs"], best);

    in_page(&run.join("report.html"), "training", SIZES[0], |browser| {
        assert_eq!(browser.value("document.querySelectorAll('.chart polyline').length"), 4);
        let dashed = ".chart polyline[stroke-dasharray=\"4 3\"]";
        // The place of the first disc on the first dashed line, and that of the line's lowest point.
        let found = browser.value(&format!(
            "(() => {{ const disc = document.querySelector('.chart .mark'); \
             const at = ['cx', 'cy'].map((name) => Number(disc.getAttribute(name))); \
             const line = document.querySelector('{dashed}').getAttribute('points').split(' ').map((p) => p.split(',').map(Number)); \
             const near = (p) => Math.hypot(p[0] - at[0], p[1] - at[1]) < 0.2; \
             const lowest = Math.max(...line.map((p) => p[1])); \
             return [line.length, line.findIndex(near) + 1, line.findIndex((p) => p[1] === lowest) + 1]; }})()"
        ));
        assert_eq!(found, json!([losses.len(), best, best]));
        let lead = browser.value("document.querySelector('#part-training .lead').textContent");
        assert!(lead.as_str().unwrap().contains("A disc marks where it is least"), "{lead}");
        browser.value("document.querySelector('.chart').focus()");
        for _ in 0..best {
            browser.key("ArrowRight", 39);
        }
        browser.frame();
        assert_eq!(
            browser.value("document.querySelector('.readout strong').textContent"),
            format!("epoch {best}")
        );
        let readout = browser.value("document.querySelector('.readout').textContent");
        let said = format!("deep, validation: least{least:.4}");
        assert!(readout.as_str().unwrap().contains(&said), "{readout} without {said}");
        browser.screenshot("validated");
    });

    // The last snapshot is the model's: that of its best epoch.
    let folder = run.join("models/deep");
    let model = files::model::load(&folder.join("model.safetensors")).unwrap().0;
    let (rows, snapshots) =
        files::snapshots::load(&folder.join("snapshots.safetensors"), model.architecture.inputs).unwrap();
    let shown = made::colour(true).test().subset(&rows);
    let values = model.reconstruct(&mut compute(), &model.samples(&shown).unwrap()).unwrap();
    let pixels: Vec<u8> = unit(&model, &values).into_iter().map(byte_of).collect();
    let last = snapshots.last().unwrap();
    assert_eq!((last.epoch, last.pixels == pixels), (best, true));

    // What lies beside the model says the same, for pages of the model alone.
    let read = history::load(&history::beside(&run.join("models/deep/model.safetensors"))).unwrap();
    let curves = curves(&read.iter().map(EpochSummary::from).collect::<Vec<_>>(), best);
    assert_eq!(curves.validation.iter().map(|point| point.1).collect::<Vec<_>>(), losses);
    assert_eq!(curves.best_epoch, Some(best));
}
