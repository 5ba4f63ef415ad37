//! Training: the scrubber over snapshots, and the curves.

use narrows::dataset::byte_of;
use serde_json::Value;

use crate::interpolate::{largest_difference, pixels};
use crate::study::{LARGEST, compute, study, unit};
use crate::{SIZES, in_page};

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
