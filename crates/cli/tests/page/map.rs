//! The latent map: hover, drag, click, classes, keys.

use narrows::dataset::byte_of;
use narrows::report::live::pixels as raw_pixels;
use serde_json::json;

use crate::browser::Browser;
use crate::interpolate::{largest_difference, pixels};
use crate::study::{compute, study, unit};
use crate::{SIZES, in_page};

const DECODED: &str = "[aria-label='Decoded from the map']";

/// Waits until the model called `plane`, whose two latents are the map's axes, is shown.
fn open_plane(browser: &mut Browser) {
    browser.value(
        "(() => { const s = document.querySelector('#part-map select'); s.value = '1'; s.onchange(); })()",
    );
    browser.until("document.querySelector('[role=status]').textContent.includes('the latents themselves')");
    browser.frame();
}

/// What Rust decodes at the place that the page names.
fn decoded_there(browser: &mut Browser) -> Vec<u8> {
    let place = browser.value("document.querySelector('#map-where').textContent");
    let code: Vec<f32> = place.as_str().unwrap().split(", ").map(|x| x.parse().unwrap()).collect();
    let model = study().model("plane");
    unit(&model, &model.decode(&mut compute(), &code).unwrap()).into_iter().map(byte_of).collect()
}

#[test]
fn dragging_decodes_under_the_cursor_and_hovering_shows_the_image_there() {
    in_page(&study().report(), "map", SIZES[0], |browser| {
        open_plane(browser);
        let path = [(0.3, 0.6), (0.4, 0.5), (0.6, 0.4)].map(|(x, y)| browser.place_in("#plane", x, y));
        let before = pixels(browser, DECODED);
        browser.drag(&path);
        let after = pixels(browser, DECODED);
        assert_ne!(before, after);
        // The place is named with two digits, so a pixel may differ by what half a hundredth of a latent makes of it.
        let difference = largest_difference(&after, &decoded_there(browser));
        println!(
            "decoded under the cursor: at most {difference} of 255 levels from Rust's at the place as it is written"
        );
        assert!(difference <= 8, "{difference}");

        browser.mouse("mouseMoved", path[1], false);
        browser.frame();
        let what = browser.value("document.querySelector('#map-what').textContent");
        let index: usize = what.as_str().unwrap().rsplit('#').next().unwrap().parse().unwrap();
        let image = study().data.test().subset(&[index]);
        assert_eq!(pixels(browser, "[aria-label='Nearest image']"), raw_pixels(&image), "{what}");
        let model = study().model("plane");
        let values = model.reconstruct(&mut compute(), &model.samples(&image).unwrap()).unwrap();
        let expected: Vec<u8> = unit(&model, &values).into_iter().map(byte_of).collect();
        assert!(largest_difference(&pixels(browser, "[aria-label='Its reconstruction']"), &expected) <= 1);
    });
}

#[test]
fn a_click_shows_the_nearest_neighbours_in_all_latents() {
    in_page(&study().report(), "map", SIZES[0], |browser| {
        // The last model has sixteen latents, of which the map shows a plane.
        browser.value("(() => { const s = document.querySelector('#part-map select'); s.value = '2'; s.onchange(); })()");
        browser.until("document.querySelector('[role=status]').textContent.includes('principal directions')");
        browser.until("document.querySelectorAll('#map-neighbours canvas').length === 8");
        let before = browser.value("document.querySelector('#map-neighbours').innerHTML");
        let place = browser.place_in("#plane", 0.45, 0.35);
        browser.mouse("mouseMoved", place, false);
        browser.drag(&[place]);
        assert_ne!(before, browser.value("document.querySelector('#map-neighbours').innerHTML"));
        let what = browser.value("document.querySelector('#map-what').textContent");
        let index: usize = what.as_str().unwrap().rsplit('#').next().unwrap().parse().unwrap();
        let labels = browser.value("[...document.querySelectorAll('#map-neighbours canvas')].map((c) => c.getAttribute('aria-label'))");
        // The page has every second test image.
        let rows: Vec<usize> = (0..10_000).step_by(2).collect();
        let (model, test) = (study().model(crate::study::LARGEST), study().data.test().subset(&rows));
        let codes = model.encode(&mut compute(), &model.samples(&test).unwrap()).unwrap();
        let code = &codes[index / 2 * 16..][..16];
        let distance = |row: usize| -> f32 {
            codes[row * 16..][..16].iter().zip(code).map(|(a, b)| (a - b).powi(2)).sum()
        };
        let mut order: Vec<usize> = (0..rows.len()).filter(|&row| row != index / 2).collect();
        order.sort_by(|&a, &b| distance(a).total_cmp(&distance(b)));
        let shown: Vec<String> =
            labels.as_array().unwrap().iter().map(|label| label.as_str().unwrap().to_owned()).collect();
        let nearest: Vec<String> = order[..8]
            .iter()
            .map(|&row| format!("test#{}: {}", 2 * row, test.labels().unwrap()[row]))
            .collect();
        assert_eq!(shown, nearest);
    });
}

#[test]
fn classes_are_switched_off_and_keys_move_and_magnify() {
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

        browser.value("document.querySelector('#plane').focus()");
        let at = "document.querySelector('#map-where').textContent";
        let before = browser.value(at);
        browser.key("ArrowRight", 39);
        let after = browser.value(at);
        assert_ne!(before, after);
        let expected = decoded_there(browser);
        assert!(largest_difference(&pixels(browser, DECODED), &expected) <= 8);
        browser.click("[aria-label='Zoom in']");
        browser.frame();
        assert!(browser.value(coloured).as_u64().unwrap() > few, "points grow, and their names stay");

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
