//! The latent map: one point, to which everything that is shown belongs; moved by mouse and by keys.

use std::sync::OnceLock;

use narrows::dataset::{Dataset, byte_of};
use narrows::model::Autoencoder;
use narrows::report::live::pixels as raw_pixels;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::interpolate::{largest_difference, numbers, pixels};
use crate::modules::of_module;
use crate::study::{LARGEST, compute, study, unit};
use crate::{SIZES, in_page};

const DECODED: &str = "[aria-label='Decoded at the cross']";
const NEAREST: &str = "[aria-label='Nearest test image']";
const WHERE: &str = "document.querySelector('#map-where').textContent";

/// The point is written with two digits: that moves it by at most half a hundredth in each of two directions. The page's codes
/// have weights of sixteen bits, whose error is far below that.
const ROUNDED: f32 = 0.008;

/// What half a hundredth of a latent makes of a pixel, in levels of 255.
const ROUNDED_LEVELS: u8 = 8;

/// Chooses a model by its place, and waits until its map is shown.
fn open_model(browser: &mut Browser, index: usize, sentence: &str) {
    browser.value(&format!(
        "(() => {{ const s = document.querySelector('#part-map select'); s.value = '{index}'; s.onchange(); }})()"
    ));
    browser.until(&format!("document.querySelector('#map-state').textContent.includes('{sentence}')"));
    browser.frame();
}

fn open_plane(browser: &mut Browser) {
    open_model(browser, 1, "the latents themselves");
}

/// The point as the page writes it, in units of the plane.
fn place(browser: &mut Browser) -> Vec<f32> {
    let text = browser.value(WHERE);
    text.as_str().unwrap().split(", ").map(|x| x.replace('−', "-").parse().unwrap()).collect()
}

/// The code of the point that the page names: the mean of the codes, and so much of the two directions.
fn code_there(browser: &mut Browser, model: usize) -> Vec<f32> {
    let place = place(browser);
    let plane = browser
        .value(&format!("JSON.parse(document.getElementById('study').textContent).models[{model}].plane"));
    let [mean, first, second] = ["mean", "first", "second"].map(|key| numbers(&plane[key]));
    (0..mean.len()).map(|i| mean[i] + place[0] * first[i] + place[1] * second[i]).collect()
}

fn decoded(model: &Autoencoder, code: &[f32]) -> Vec<u8> {
    unit(model, &model.decode(&mut compute(), code).unwrap()).into_iter().map(byte_of).collect()
}

/// The test images that the page has, every second one.
fn shown() -> &'static Dataset {
    static SHOWN: OnceLock<Dataset> = OnceLock::new();
    SHOWN.get_or_init(|| study().data.test().subset(&(0..10_000).step_by(2).collect::<Vec<_>>()))
}

/// The distances of the codes of all images that the page has from `code`.
fn distances(model: &Autoencoder, code: &[f32]) -> Vec<f32> {
    let codes = model.encode(&mut compute(), &model.samples(shown()).unwrap()).unwrap();
    let distance = |row: &[f32]| row.iter().zip(code).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
    codes.chunks_exact(code.len()).map(distance).collect()
}

/// `test#1234` at the end of a text, or before a colon, as a place among the images that the page has.
fn row_of(text: &str) -> usize {
    let index = text.rsplit('#').next().unwrap().split(':').next().unwrap();
    index.parse::<usize>().unwrap() / 2
}

/// Nearest and next nearest, as the page names them.
fn named(browser: &mut Browser) -> Vec<usize> {
    let first = browser.value("document.querySelector('#map-what').textContent");
    let next = browser.value(
        "[...document.querySelectorAll('#map-neighbours canvas')].map((c) => c.getAttribute('aria-label'))",
    );
    let next = next.as_array().unwrap().iter().map(|label| row_of(label.as_str().unwrap()));
    std::iter::once(row_of(first.as_str().unwrap())).chain(next).collect()
}

/// Everything beside the map belongs to the code of the point.
fn check_point(browser: &mut Browser, index: usize, model: &Autoencoder) {
    let code = code_there(browser, index);
    let difference = largest_difference(&pixels(browser, DECODED), &decoded(model, &code));
    assert!(difference <= ROUNDED_LEVELS, "decoded at the point: {difference} of 255 levels from Rust's");

    let rows = named(browser);
    assert_eq!(rows.len(), 9);
    let all = distances(model, &code);
    let mut least = all.clone();
    least.sort_by(f32::total_cmp);
    for (place, &row) in rows.iter().enumerate() {
        let (found, expected) = (all[row], least[place]);
        assert!((found - expected).abs() <= 2.0 * ROUNDED, "place {place}: {found} instead of {expected}");
    }

    let image = shown().subset(&rows[..1]);
    assert_eq!(pixels(browser, NEAREST), raw_pixels(&image));
    let values = model.reconstruct(&mut compute(), &model.samples(&image).unwrap()).unwrap();
    let expected: Vec<u8> = unit(model, &values).into_iter().map(byte_of).collect();
    assert!(largest_difference(&pixels(browser, "[aria-label='Its reconstruction']"), &expected) <= 1);
}

#[test]
fn all_that_is_shown_belongs_to_the_point_under_the_mouse_until_a_press_leaves_it() {
    in_page(&study().report(), "map", SIZES[0], |browser| {
        open_plane(browser);
        let model = study().model("plane");
        let path = [(0.3, 0.6), (0.4, 0.5), (0.6, 0.4)].map(|(x, y)| browser.place_in("#plane", x, y));
        for point in path {
            browser.mouse("mouseMoved", point, false);
            browser.frame();
            check_point(browser, 1, &model);
        }
        let hovered = browser.value(WHERE);
        browser.drag(&path[..2]);
        let left = browser.value(WHERE);
        assert_ne!(hovered, left);
        check_point(browser, 1, &model);

        let follows = "document.querySelector('#map-follow').getAttribute('aria-pressed')";
        assert_eq!(browser.value(follows), "false");
        browser.mouse("mouseMoved", path[2], false);
        browser.frame();
        assert_eq!(browser.value(WHERE), left, "a press has left the point where it is");
        browser.click("#map-follow");
        assert_eq!(browser.value(follows), "true");
        let again = browser.place_in("#plane", 0.6, 0.4);
        browser.mouse("mouseMoved", again, false);
        browser.frame();
        assert_eq!(browser.value(WHERE), hovered);
    });
}

#[test]
fn the_other_directions_stay_at_the_mean_and_the_page_says_so() {
    in_page(&study().report(), "map", SIZES[0], |browser| {
        // The last model has sixteen latents, of which the map shows a plane.
        open_model(browser, 2, "The other 14 directions are held fixed at the mean of the codes");
        let place = browser.place_in("#plane", 0.45, 0.35);
        browser.drag(&[place]);
        check_point(browser, 2, &study().model(LARGEST));
    });
}

#[test]
fn nothing_lies_on_the_map_and_the_point_is_in_sight_with_what_belongs_to_it() {
    for size in [(1280, 720), (1024, 768), (390, 844)] {
        in_page(&study().report(), "map", size, |browser| {
            browser.until("document.querySelectorAll('#map-neighbours canvas').length === 8");
            browser.value("document.querySelector('#plane').scrollIntoView()");
            browser.frame();
            let boxes = browser.value(
                "['#plane', '.decoded', '.at-point'].map((s) => { const b = document.querySelector(s).getBoundingClientRect(); \
                 return [b.left, b.top, b.right, b.bottom]; })",
            );
            let [plane, decoded, pictures] = [0, 1, 2].map(|i| numbers(&boxes[i]));
            let apart = decoded[0] >= plane[2] || decoded[1] >= plane[3];
            assert!(apart, "at {size:?} the map is at {plane:?} and the picture at {decoded:?}");
            assert!(pictures[3] <= size.1 as f32, "at {size:?} the pictures end at {}", pictures[3]);
        });
    }
}

#[test]
fn hidden_classes_are_not_drawn_and_do_not_count() {
    in_page(&study().report(), "map", SIZES[0], |browser| {
        open_plane(browser);
        let coloured = "(() => { const c = document.querySelector('#plane'); \
             const copy = new OffscreenCanvas(c.width, c.height).getContext('2d', { willReadFrequently: true }); \
             copy.drawImage(c, 0, 0); \
             return Array.from(copy.getImageData(0, 0, c.width, c.height).data).filter((x, i) => i % 4 === 3 && x > 60).length; })()";
        let all = browser.value(coloured).as_u64().unwrap();
        for class in 1..=9 {
            browser.click(&format!(".classes button:nth-child({class})"));
        }
        browser.frame();
        let few = browser.value(coloured).as_u64().unwrap();
        println!("points cover {all} pixels with all classes, {few} with one");
        assert!(0 < few && few < all / 3, "{few} of {all}");
        assert_eq!(
            browser.value("document.querySelector('.classes button').getAttribute('aria-pressed')"),
            json!("false")
        );
        let labels = shown().labels().unwrap();
        assert!(named(browser).into_iter().all(|row| labels[row] == 9));
        browser.click(".classes button:nth-child(10)");
        browser.frame();
        assert_eq!(
            browser.value("document.querySelectorAll('#map-neighbours canvas').length"),
            0,
            "without any class there is no neighbour"
        );
    });
}

#[test]
fn keys_move_the_point_and_magnify() {
    in_page(&study().report(), "map", SIZES[0], |browser| {
        open_plane(browser);
        browser.value("document.querySelector('#plane').focus()");
        let before = place(browser);
        browser.key("ArrowRight", 39);
        let right = place(browser);
        assert!(right[0] > before[0] && right[1] == before[1], "{before:?} {right:?}");
        check_point(browser, 1, &study().model("plane"));
        // Where a click on the middle of the map leads is where the keys are, until the map moves along with them.
        let middle = |browser: &mut Browser| -> Vec<f32> {
            let centre = browser.place("#plane");
            browser.drag(&[centre]);
            place(browser)
        };
        let old = middle(browser);
        for _ in 0..100 {
            browser.key("ArrowUp", 38);
        }
        let far = place(browser);
        let new = middle(browser);
        assert!(new[1] > old[1], "the map has moved along: {old:?} {new:?}");
        assert!(far[1] > new[1]);
        let step = place(browser);
        browser.value("document.querySelector('#plane').focus()");
        for _ in 0..8 {
            browser.key("+", 187);
        }
        browser.key("ArrowRight", 39);
        let after = place(browser);
        let magnified = after[0] - step[0];
        assert!(
            0.0 < magnified && magnified < (right[0] - before[0]) / 2.0,
            "a step on a magnified map is smaller: {magnified}"
        );

        let frames = browser
            .value(
                "(async () => { const c = document.querySelector('#plane'), b = c.getBoundingClientRect(); const times = []; \
                 for (let i = 0; i < 60; i++) { const start = performance.now(); \
                 c.dispatchEvent(new WheelEvent('wheel', { deltaY: i % 2 ? 40 : -40, clientX: b.x + 200, clientY: b.y + 200, cancelable: true })); \
                 await new Promise((go) => requestAnimationFrame(() => { times.push(performance.now() - start); go(); })); } \
                 return times.sort((a, b) => a - b)[30]; })()",
            )
            .as_f64()
            .unwrap();
        println!("zooming the map of 5,000 points: {frames:.1} ms a frame in the median");
    });
}

#[test]
fn names_of_classes_keep_off_one_another_within_the_map() {
    let found = of_module(
        "names.js",
        "(() => {
            const at = (i, left, top) => ({ left, top, width: 24 + 8 * (i % 3), height: 24 });
            const crowds = [
                Array.from({ length: 10 }, (_, i) => at(i, 150, 200)),
                Array.from({ length: 10 }, (_, i) => at(i, 2 + i, 3)),
                Array.from({ length: 12 }, (_, i) => at(i, 340 + 3 * Math.sin(i), 480 + 5 * Math.cos(i))),
                [at(0, 60, 60), at(1, 200, 300)],
            ];
            const frame = { width: 358, height: 506 };
            for (const crowd of crowds) m.moveApart(crowd, frame);
            return crowds.map((crowd) => crowd.map(({ left, top, width, height }) => [left, top, width, height]));
        })()",
    );
    let crowds: Vec<Vec<Vec<f32>>> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|crowd: &Value| crowd.as_array().unwrap().iter().map(numbers).collect())
        .collect();
    for crowd in &crowds {
        for (i, a) in crowd.iter().enumerate() {
            let inside = a[0] >= a[2] / 2.0
                && a[1] >= a[3] / 2.0
                && a[0] <= 358.0 - a[2] / 2.0
                && a[1] <= 506.0 - a[3] / 2.0;
            assert!(inside, "{a:?} is outside");
            for b in &crowd[i + 1..] {
                let apart =
                    (a[0] - b[0]).abs() >= (a[2] + b[2]) / 2.0 || (a[1] - b[1]).abs() >= (a[3] + b[3]) / 2.0;
                assert!(apart, "{a:?} and {b:?} touch");
            }
        }
    }
    assert_eq!(crowds[3][0][..2], [60.0, 60.0], "names that are apart stay where they are");
}

#[test]
fn the_address_keeps_the_model_and_the_cross() {
    in_page(&study().report(), "map?model=plane&at=0.50,-0.25", SIZES[0], |browser| {
        let chosen = "document.querySelector('#part-map select').selectedOptions[0].textContent";
        browser.until("document.querySelector('#map-neighbours canvas') !== null");
        assert_eq!(browser.value(chosen), "plane");
        browser.until("location.hash.includes('at=0.50,-0.25')");
        let place = browser.place_in("#plane", 0.3, 0.3);
        browser.drag(&[place]);
        browser.until("location.hash.includes('model=plane') && !location.hash.includes('at=0.50,-0.25')");
    });
    // A stranger's address: no such model, and a place that is none.
    in_page(&study().report(), "map?model=%3Cscript%3E&at=1e99,x", SIZES[0], |browser| {
        browser.until("document.querySelector('#map-neighbours canvas') !== null");
        browser.until("!location.hash.includes('script')");
    });
}
