//! Every part at every size, in light and dark, and on paper: nothing sticks out, nothing is too small to read.

use serde_json::json;

use crate::study::study;
use crate::{SIZES, in_page};

const PARTS: [&str; 6] = ["interpolate", "map", "sliders", "draw", "training", "results"];

#[test]
fn every_part_fits_every_size_and_is_named() {
    for size in SIZES {
        in_page(&study().report(), PARTS[0], size, |browser| {
            for part in PARTS {
                browser.value(&format!("location.hash = '#{part}'"));
                browser.until(&format!(
                    "document.querySelector('nav.parts a[aria-current]').hash === '#{part}'"
                ));
                if part == "map" {
                    browser.until("document.querySelectorAll('#map-neighbours canvas').length === 8");
                }
                browser.frame();
                browser.value("scrollTo(0, 0)");
                browser.screenshot(&format!("{part}-{}", size.0));
                let width = browser.value("document.documentElement.scrollWidth").as_u64().unwrap();
                assert!(width <= u64::from(size.0), "{part} is {width} wide at {}", size.0);
                let small = browser.value(
                    "[...document.querySelectorAll('#live *')].filter((e) => e.offsetParent && parseFloat(getComputedStyle(e).fontSize) < 12 \
                     && e.textContent.trim()).map((e) => e.className).join()",
                );
                assert_eq!(small, "", "{part}: text under 12 px");
                let unnamed = browser.value(
                    "[...document.querySelectorAll('#live input, #live select, #live button, #live canvas[role]')].filter((e) => e.offsetParent \
                     && !(e.textContent.trim() && e.matches('button')) && !e.getAttribute('aria-label') && !(e.labels && e.labels.length)) \
                     .map((e) => e.outerHTML).join()",
                );
                assert_eq!(unnamed, "", "{part}: controls without a name");
            }
        });
    }
}

#[test]
fn it_is_dark_where_the_reader_wants_it_dark() {
    in_page(&study().report(), PARTS[0], SIZES[0], |browser| {
        let paper = "getComputedStyle(document.body).backgroundColor";
        let light = browser.value(paper);
        browser.call(
            "Emulation.setEmulatedMedia",
            json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] }),
        );
        assert_ne!(light, browser.value(paper));
        for part in PARTS {
            browser.value(&format!("location.hash = '#{part}'"));
            if part == "map" {
                browser.until("document.querySelectorAll('#map-neighbours canvas').length === 8");
            }
            browser.frame();
            browser.screenshot(&format!("{part}-dark"));
        }
    });
}

#[test]
fn on_paper_it_is_the_static_report() {
    in_page(&study().report(), PARTS[1], SIZES[0], |browser| {
        let shown = "[...document.body.children].filter((e) => e.offsetHeight > 0).map((e) => e.id || e.localName).join()";
        assert_eq!(browser.value(shown), "header,live");
        browser.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
        assert_eq!(browser.value(shown), "header,main");
        assert!(
            browser
                .value("document.querySelector('main').textContent")
                .as_str()
                .unwrap()
                .contains("test error")
        );
    });
}

#[test]
fn without_javascript_it_is_the_static_report() {
    in_page(&study().report(), PARTS[0], SIZES[0], |browser| {
        browser.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
        browser.call("Page.reload", json!({}));
        let shown = "[...document.body.children].filter((e) => e.offsetHeight > 0).map((e) => e.id || e.localName).join()";
        browser.until(&format!(
            "document.readyState === 'complete' && document.body !== null && {shown} === 'header,nav,main'"
        ));
        assert!(
            browser
                .value("document.querySelector('main').textContent")
                .as_str()
                .unwrap()
                .contains("test error")
        );
        browser.screenshot("without-javascript");
        browser.call("Emulation.setScriptExecutionDisabled", json!({ "value": false }));
    });
}
