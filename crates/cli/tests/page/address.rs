//! The address keeps what is shown, and a bad one is the page as it begins.

use crate::browser::Browser;
use crate::interpolate::{MAX_LEVELS, decoded, largest_difference, names, pixels, title};
use crate::study::{LARGEST, study};
use crate::{SIZES, in_page};

const HASH: &str = "decodeURIComponent(location.hash)";

#[track_caller]
fn begins_as_ever(browser: &mut Browser, address: &str) {
    // What names no part is the report's first page.
    let part = if address.starts_with("interpolate") { "interpolate" } else { "answers" };
    browser.until(&format!("document.querySelector('nav.parts a[aria-current]').hash === '#{part}'"));
    browser.frame();
    assert_eq!(names(browser), ["pixel blend", "pca", LARGEST], "{address}");
    assert_eq!(title(browser, "a"), "Image A, λ = 0: 1", "{address}");
    assert_eq!(title(browser, "b"), "Image B, λ = 1: 7", "{address}");
    assert_eq!(browser.value("document.querySelector('#lambda').value"), "0.5", "{address}");
}

#[test]
fn what_is_chosen_is_in_the_address_and_there_after_a_reload() {
    in_page(&study().report(), "interpolate", SIZES[0], |browser| {
        // What the page begins with needs no words.
        assert_eq!(browser.value(HASH), "#interpolate");
        browser.click("#pairs button:nth-child(2)");
        browser.value("document.querySelector('#lambda').focus()");
        browser.key("ArrowRight", 39);
        browser.click("[aria-label='Hide: pixel blend']");
        browser.click("[aria-label='Move down: pca']");
        let said = format!("lambda=0.51&models={LARGEST},pca");
        browser.until(&format!("location.hash.endsWith({said:?})"));

        let look = |browser: &mut Browser| {
            browser.frame();
            let picture = pixels(browser, &format!("#paths [data-model='{LARGEST}'] .now canvas"));
            (names(browser), title(browser, "a"), title(browser, "b"), picture)
        };
        let before = look(browser);
        assert_eq!(before.0, [LARGEST, "pca"]);
        assert_eq!(before.1, "Image A, λ = 0: 8");
        browser.reload();
        assert_eq!(look(browser), before);
        // Another part and back: the state is kept, and so is its address.
        browser.click("nav.parts a[href='#sliders']");
        browser.until("location.hash === '#sliders'");
        browser.click("nav.parts a[href='#interpolate']");
        browser.until(&format!("location.hash.endsWith({said:?})"));
        assert_eq!(look(browser), before);
    });
}

#[test]
fn a_link_shows_images_of_both_sets_and_the_models_it_names() {
    let address = format!("interpolate?from=test-4&to=train-0&lambda=0.25&models={LARGEST},nobody,~blend");
    in_page(&study().report(), &address, SIZES[0], |browser| {
        browser.until(
            "document.querySelector('#end-b select').selectedOptions[0].textContent.endsWith('train#0')",
        );
        let test = narrows::report::live::pixels(&study().data.test().subset(&[4]));
        assert_eq!(pixels(browser, "#end-a canvas"), test);
        let train = narrows::report::live::pixels(&study().data.train().subset(&[0]));
        assert_eq!(pixels(browser, "#end-b canvas"), train);
        assert_eq!(names(browser), [LARGEST, "pixel blend"]);
        assert_eq!(browser.value("document.querySelector('#lambda').value"), "0.25");
        // A link that is pasted into the open page is followed too.
        browser.go("#interpolate?lambda=0");
        browser.until("document.querySelector('#lambda').value === '0'");
        let shown = pixels(browser, "#paths [data-model='pca'] .now canvas");
        assert!(largest_difference(&shown, &decoded("pca", 0.0)) <= MAX_LEVELS);
    });
}

#[test]
fn a_hostile_address_is_the_page_as_it_begins() {
    let hostile = [
        "interpolate?lambda=NaN&from=test-99999999&to=train--1&models=",
        "interpolate?lambda=1e999&from=../../etc/passwd&to=%3Cimg%20src=x%20onerror=alert(1)%3E&models=%00,%FF",
        "interpolate?lambda=0x&from=%E0%A4%A&to=&models=%2525,__proto__,constructor",
        "interpolate?__proto__=1&constructor=2&lambda&=&&&?#",
        "<script>document.title='run'</script>?lambda=7",
        "%%%",
        "toString?lambda=2",
        "section-1'][\"x",
    ];
    for address in hostile {
        in_page(&study().report(), address, SIZES[0], |browser| begins_as_ever(browser, address));
    }
    let hostile = [
        "sliders?model=nobody&image=test-1&code=1,2,x",
        "sliders?code=,,,,,,,,,,,,,,,&model=__proto__",
        "training?epoch=-4",
        "training?epoch=1e99",
        "map?model=7&at=x",
        "draw?x",
    ];
    for address in hostile {
        in_page(&study().report(), address, SIZES[0], |browser| {
            let part = address.split('?').next().unwrap();
            browser.until(&format!("document.querySelector('nav.parts a[aria-current]').hash === '#{part}'"));
            browser.frame();
            if part == "training" {
                assert_eq!(browser.value("document.querySelector('.scrub output').textContent"), "2");
            }
        });
    }
}

#[test]
fn an_address_within_the_results_leads_there() {
    in_page(&study().report(), "section-2", SIZES[0], |browser| {
        browser.until("document.querySelector('nav.parts a[aria-current]').hash === '#results'");
        assert_eq!(browser.value("location.hash"), "#section-2");
        assert_eq!(browser.value("scrollY > 100"), true);
    });
}

#[test]
fn the_scale_of_errors_is_chosen_once_and_kept() {
    in_page(&study().report(), "interpolate", SIZES[0], |browser| {
        let note = "document.querySelector(\"[data-model='pca'] .note-small\").textContent.replace('test error ', '')";
        let number =
            |browser: &mut Browser| -> f64 { browser.value(note).as_str().unwrap().parse().unwrap() };
        let model = number(browser);
        browser.click(".tools .segments button:nth-child(2)");
        browser.until("location.hash.includes('scale=unit')");
        let unit = number(browser);
        assert!((model / unit - 4.0).abs() < 0.01, "[-1, 1] is twice as wide: {model} {unit}");
        browser.click("nav.parts a[href='#training']");
        browser.until(
            "document.querySelector('#part-training p.caption').textContent.includes('pixels in [0, 1]')",
        );
        browser.reload();
        assert_eq!(browser.value("location.hash"), "#training?scale=unit");
        browser.until(
            "document.querySelector('#part-training p.caption').textContent.includes('pixels in [0, 1]')",
        );
        assert_eq!(number(browser), unit);
    });
}
