//! Draw: a digit by strokes of the mouse.

use narrows::dataset::{Dataset, Values, byte_of};

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
        }
        browser.until("document.querySelectorAll('#drawn-neighbours canvas').length === 8");
        let labels = browser.value(
            "[...document.querySelectorAll('#drawn-neighbours figcaption')].map((c) => c.textContent).join()",
        );
        println!("the nearest training images of the drawn 7 are {labels}");
        browser.screenshot("draw-7");

        browser.click(".seen button");
        browser.until("location.hash === '#interpolate'");
        assert_eq!(pixels(browser, "#end-a canvas"), drawn_bytes(&drawn));
        assert_eq!(browser.value("document.querySelector('#end-a select').value"), "drawn");
    });
}

fn drawn_bytes(drawn: &Dataset) -> Vec<u8> {
    narrows::report::live::pixels(drawn)
}

#[test]
fn undo_and_clear_take_strokes_back() {
    in_page(&study().report(), "draw", SIZES[0], |browser| {
        let line = |browser: &mut crate::browser::Browser, x: f64| {
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
