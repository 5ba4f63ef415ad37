//! Every part at every size, in light and dark, and on paper: nothing sticks out, nothing is too small to read.

use serde_json::json;

use narrows::report::palette::{self, ModelColour};

use crate::browser::Browser;
use crate::study::study;
use crate::{SIZES, in_page};

pub const PARTS: [&str; 6] = ["interpolate", "map", "sliders", "draw", "training", "results"];

/// Goes to a part, and waits until all of it is there.
pub fn show(browser: &mut Browser, part: &str) {
    browser.value(&format!("location.hash = '#{part}'"));
    browser.until(&format!("document.querySelector('nav.parts a[aria-current]').hash === '#{part}'"));
    if part == "map" {
        browser.until("document.querySelectorAll('#map-neighbours canvas').length === 8");
    }
    browser.frame();
    browser.value("scrollTo(0, 0)");
}

#[test]
fn every_part_fits_every_size_and_is_named() {
    for size in SIZES {
        in_page(&study().report(), PARTS[0], size, |browser| {
            for scheme in ["light", "dark"] {
                browser.scheme(scheme);
                for part in PARTS {
                    show(browser, part);
                    browser.screenshot(&format!("{part}-{}x{}-{scheme}", size.0, size.1));
                    fits(browser, part, size.0);
                }
            }
        });
    }
}

/// Nothing sticks out, no word is broken, no text is too small, no control is without a name.
pub fn fits(browser: &mut Browser, part: &str, width: u32) {
    let found = browser.value("document.documentElement.scrollWidth").as_u64().unwrap();
    assert!(found <= u64::from(width), "{part} is {found} wide at {width}");
    let beyond = browser.value(&format!(
        "[...document.querySelectorAll('#live *')].filter((e) => e.offsetParent && !e.closest('nav, .scroll') && \
         e.getBoundingClientRect().right > {width}.5).map((e) => e.outerHTML.slice(0, 120)).join()"
    ));
    assert_eq!(beyond, "", "{part}: beyond the screen at {width}");
    // A word that is broken has more lines than spaces allow: its own box is taller than one line.
    let broken = browser.value(
        "(() => { const range = document.createRange(); const walk = document.createTreeWalker(document.querySelector('#live'), NodeFilter.SHOW_TEXT); \
         const broken = []; while (walk.nextNode()) { const node = walk.currentNode; if (!node.parentElement.offsetParent || node.parentElement.offsetWidth < 2) continue; \
         for (const word of node.data.matchAll(/[^\\s\\u2013-]+/g)) { range.setStart(node, word.index); range.setEnd(node, word.index + word[0].length); \
         const tops = new Set([...range.getClientRects()].map((r) => Math.round(r.top))); if (tops.size > 1) broken.push(word[0]); } } return broken.join(); })()",
    );
    assert_eq!(broken, "", "{part}: broken words at {width}");
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

#[test]
fn it_is_dark_where_the_reader_wants_it_dark_and_models_have_the_palettes_colours() {
    in_page(&study().report(), PARTS[0], SIZES[0], |browser| {
        let paper = "getComputedStyle(document.body).backgroundColor";
        let mut papers = Vec::new();
        for (scheme, of) in [("light", (|m| m.light) as fn(ModelColour) -> [u8; 3]), ("dark", |m| m.dark)] {
            browser.scheme(scheme);
            browser.frame();
            papers.push(browser.value(paper));
            for (row, place) in [(2, 0), (3, 2)] {
                let colour = browser.value(&format!(
                    "getComputedStyle(document.querySelector('.rows .path:nth-child({row}) .name')).borderLeftColor"
                ));
                let [red, green, blue] = of(palette::MODELS[place]);
                assert_eq!(colour, format!("rgb({red}, {green}, {blue})"), "model {place}, {scheme}");
            }
        }
        assert_ne!(papers[0], papers[1]);
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
