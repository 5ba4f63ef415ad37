//! Draw: a digit by strokes of the mouse, or by keys alone.

use narrows::dataset::{Dataset, ImageShape, NormalisationKind, Parts, Schema, ValueRange, Values, byte_of};
use narrows::model::{
    Architecture, Autoencoder, HiddenActivation, Initialisation, InputSpec, OutputActivation,
};
use narrows::report::live::{Curves, Live, LiveModel, Subject};
use narrows::report::page::Page;

use crate::browser::Browser;
use crate::interpolate::{largest_difference, pixels};
use crate::study::{LARGEST, compute, study, unit};
use crate::{SIZES, in_page};

const SEEN: &str = "[aria-label='Your drawing as the models see it']";

#[test]
fn a_digit_drawn_by_strokes_is_centred_reconstructed_and_used() {
    in_page(&study().report(), "draw", SIZES[0], |browser| {
        // A 7, in the upper left of the pad.
        let corners = [(0.15, 0.2), (0.55, 0.2), (0.3, 0.7)];
        let corners = corners.map(|(x, y)| browser.place_in(".pad", x, y));
        let mut path = Vec::new();
        for pair in corners.windows(2) {
            for step in 0..=10 {
                let t = f64::from(step) / 10.0;
                path.push((pair[0].0 + t * (pair[1].0 - pair[0].0), pair[0].1 + t * (pair[1].1 - pair[0].1)));
            }
        }
        browser.drag(&path);
        let seen = pixels(browser, SEEN);
        let mass: f64 = seen.iter().map(|&p| f64::from(p)).sum();
        let centre = |at: fn(usize) -> usize| -> f64 {
            seen.iter().enumerate().map(|(i, &p)| (at(i) as f64 + 0.5) * f64::from(p)).sum::<f64>() / mass
        };
        let (x, y) = (centre(|i| i % 28), centre(|i| i / 28));
        assert!((x - 14.0).abs() < 0.2 && (y - 14.0).abs() < 0.2, "the centre of mass is at {x}, {y}");
        assert!((mass / 255.0) > 50.0, "as much ink as a digit has");

        let drawn = Dataset::new("drawn", study().data.schema().clone(), Values::Bytes(seen), None).unwrap();
        for name in ["pca", "plane", LARGEST] {
            let model = study().model(name);
            let values = model.reconstruct(&mut compute(), &model.samples(&drawn).unwrap()).unwrap();
            let expected: Vec<u8> = unit(&model, &values).into_iter().map(byte_of).collect();
            let shown = pixels(browser, &format!("#drawn [data-model='{name}'] canvas"));
            let difference = largest_difference(&shown, &expected);
            println!("{name} reconstructs the drawing, {difference} of 255 levels from Rust's");
            assert!(difference <= 1);
            let input = model.samples(&drawn).unwrap().row(0);
            let squares = input.iter().zip(&values).map(|(x, y)| f64::from(x - y).powi(2));
            let expected: f64 = squares.sum::<f64>() / 784.0;
            let found = browser.value(&format!(
                "document.querySelector('#drawn [data-model=\"{name}\"] td:nth-child(4)').textContent"
            ));
            let found: f64 = found.as_str().unwrap().parse().unwrap();
            // Four digits, and pictures whose weights have sixteen bits.
            assert!((found - expected).abs() < 2e-4, "{name}: the error is {found}, Rust's {expected}");
        }
        let explained = browser.value("document.querySelector('#part-draw .explain').textContent");
        assert!(explained.as_str().unwrap().contains("per pixel, in [−1, 1]."), "{explained}");
        browser.until("document.querySelectorAll('#drawn-neighbours canvas').length === 8");
        let state = browser.value("document.querySelector('#drawn-state').textContent");
        assert!(state.as_str().unwrap().contains("the 5,000 training images that this page has"), "{state}");
        assert!(state.as_str().unwrap().contains("all 60,000"), "{state}");
        let labels = browser.value(
            "[...document.querySelectorAll('#drawn-neighbours figcaption')].map((c) => c.textContent).join()",
        );
        println!("the nearest training images of the drawn 7 are {labels}");
        browser.screenshot("draw-7");

        browser.click(".seen button");
        browser.until("location.hash.startsWith('#interpolate')");
        assert_eq!(pixels(browser, "#end-a canvas"), drawn_bytes(&drawn));
        let named = "document.querySelector('#end-a select').selectedOptions[0].textContent";
        assert_eq!(browser.value(named), "my drawing");
    });
}

/// Waits for the Tab key to reach an element, as somebody without a mouse does.
fn tab_to(browser: &mut Browser, id: &str) {
    for _ in 0..60 {
        if browser.value("document.activeElement.id") == id {
            return;
        }
        browser.key("Tab", 9);
    }
    panic!("Tab never reaches #{id}");
}

#[test]
fn a_digit_is_drawn_and_taken_back_with_keys_alone() {
    in_page(&study().report(), "draw", SIZES[0], |browser| {
        tab_to(browser, "pad");
        let pen = "document.querySelector('#pad-pen').textContent";
        assert_eq!(browser.value(pen), "The pen is up, 50 % from the left and 50 % from the top.");
        let mut press = |keys: &[(&str, u32, usize)]| {
            for &(key, code, times) in keys {
                for _ in 0..times {
                    browser.key(key, code);
                }
            }
            (pixels(browser, SEEN), browser.value(pen).as_str().unwrap().to_owned())
        };
        let (left, up, right, down) =
            (("ArrowLeft", 37), ("ArrowUp", 38), ("ArrowRight", 39), ("ArrowDown", 40));
        let (moved, _) = press(&[(left.0, left.1, 8), (up.0, up.1, 10)]);
        assert!(moved.iter().all(|&level| level == 0), "a pen that is up draws nothing");
        let (bar, says) = press(&[(" ", 32, 1), (right.0, right.1, 15)]);
        assert!(says.starts_with("The pen is down"), "{says}");
        let (lifted, says) = press(&[("Escape", 27, 1), (left.0, left.1, 3)]);
        assert!(says.starts_with("The pen is up"), "{says}");
        assert_eq!(bar, lifted, "Escape has lifted the pen");
        let (seven, _) = press(&[(" ", 32, 1), (down.0, down.1, 18), (" ", 32, 1)]);
        assert_ne!(bar, seven);
        // The bar is 120 long and the stem 144, each with the pen's width of 22: as high as the box of 20 pixels, and wider
        // at its top than below.
        let inked = |row: usize| seven[28 * row..][..28].iter().filter(|&&level| level > 127).count();
        let rows: Vec<usize> = (0..28).filter(|&row| inked(row) > 0).collect();
        assert!(rows.len().abs_diff(20) <= 1, "{rows:?}");
        let [top, bottom] = [inked(rows[1]), inked(rows[rows.len() - 2])];
        assert!(top > 3 * bottom, "{top} pixels at the top, {bottom} below");
        let (back, _) = press(&[("Backspace", 8, 1)]);
        assert_eq!(back, bar, "the last stroke is taken back");
        let (nothing, _) = press(&[("Backspace", 8, 1)]);
        assert!(nothing.iter().all(|&level| level == 0));
        let described = "document.getElementById(document.querySelector('#pad').getAttribute('aria-describedby')).textContent";
        assert!(browser.value(described).as_str().unwrap().contains("Space puts it down"));
        browser.screenshot("draw-keys");
    });
}

#[test]
fn images_that_are_too_large_for_a_pen_are_not_drawn() {
    let schema = Schema::images(ImageShape::grey(80, 80)).unwrap().with_range(ValueRange::BYTES).unwrap();
    let part = |rows: usize| {
        let bytes = (0..rows * 6400).map(|i| (i % 251) as u8).collect();
        Dataset::new("large", schema.clone(), Values::Bytes(bytes), None).unwrap()
    };
    let data = Parts::new(part(6), None, part(4)).unwrap();
    let architecture = Architecture {
        inputs: 6400,
        hidden: vec![3],
        activation: HiddenActivation::Relu,
        output: OutputActivation::Linear,
    };
    let parameters = Initialisation::default().draw(&architecture, 1);
    let input = InputSpec::fit(NormalisationKind::Unit, data.train()).unwrap();
    let model = Autoencoder { architecture, parameters, input };
    let live = LiveModel {
        name: "large",
        autoencoder: &model,
        test_error: None,
        curves: Curves::default(),
        snapshots: &[],
    };
    let subject = Subject {
        data: &data,
        models: vec![live],
        compared: None,
        bound: None,
        pairs: Vec::new(),
        judge: None,
    };
    let page = Page { live: Some(Live::new(&subject, &mut compute()).unwrap()), ..Page::default() };
    let file = study().path("large.html");
    std::fs::write(&file, page.html()).unwrap();
    in_page(&file, "map", SIZES[0], |browser| {
        let parts =
            browser.value("[...document.querySelectorAll('nav.parts a')].map((a) => a.textContent).join()");
        assert_eq!(parts, "Interpolate,Latent map,Latent sliders,Training,Results");
        // Three latents: one direction is left, and data without classes.
        browser.until(
            "document.querySelector('#map-state').textContent.includes('The third direction is held fixed at the mean')",
        );
        browser.frame();
        let nearest = browser.value("document.querySelector('#map-what').textContent");
        assert!(nearest.as_str().unwrap().starts_with("nearest: test#"), "{nearest}");
    });
}

fn drawn_bytes(drawn: &Dataset) -> Vec<u8> {
    narrows::report::live::pixels(drawn)
}

#[test]
fn undo_and_clear_take_strokes_back() {
    in_page(&study().report(), "draw", SIZES[0], |browser| {
        let line = |browser: &mut Browser, x: f64| {
            let ends = [browser.place_in(".pad", x, 0.3), browser.place_in(".pad", x, 0.7)];
            browser.drag(&ends);
        };
        line(browser, 0.4);
        let one = pixels(browser, SEEN);
        line(browser, 0.7);
        assert_ne!(one, pixels(browser, SEEN));
        browser.click("#part-draw .buttons button:nth-child(2)");
        browser.frame();
        assert_eq!(one, pixels(browser, SEEN));
        browser.click("#part-draw .buttons button:nth-child(1)");
        browser.frame();
        assert!(pixels(browser, SEEN).iter().all(|&level| level == 0));
        assert_eq!(browser.value("document.querySelector('.seen button').disabled"), true);
    });
}
