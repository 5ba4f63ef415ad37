//! Latent sliders.

use narrows::dataset::byte_of;

use crate::interpolate::{largest_difference, pixels};
use crate::study::{LARGEST, compute, study, unit};
use crate::{SIZES, in_page};

const NOW: &str = "[aria-label='Decoded from the sliders']";

#[test]
fn a_slider_moves_one_latent_within_its_percentiles_and_reset_takes_it_back() {
    in_page(&study().report(), "sliders", SIZES[0], |browser| {
        browser.click("#slider-models button:nth-child(3)");
        assert_eq!(browser.value("document.querySelectorAll('#latents input').length"), 16);
        let model = study().model(LARGEST);
        // The first image of class 0, where the sliders begin.
        let test = study().data.test();
        let start = test.subset(&[test.nth_of_class(0, 0).unwrap()]);
        let mut code = model.encode(&mut compute(), &model.samples(&start).unwrap()).unwrap();
        let decoded = |code: &[f32]| -> Vec<u8> {
            unit(&model, &model.decode(&mut compute(), code).unwrap()).into_iter().map(byte_of).collect()
        };
        let home = pixels(browser, NOW);
        assert!(largest_difference(&home, &decoded(&code)) <= 1);

        // The percentiles of the images that the page has: every second of the test set.
        let rows: Vec<usize> = (0..10_000).step_by(2).collect();
        let codes = model.encode(&mut compute(), &model.samples(&test.subset(&rows)).unwrap()).unwrap();
        let mut third: Vec<f32> = codes.iter().skip(2).step_by(16).copied().collect();
        third.sort_by(f32::total_cmp);
        let (low, high) = (third[50].min(code[2]), third[4949].max(code[2]));

        browser.value("document.querySelector('[aria-label=\"latent 3\"]').focus()");
        browser.key("End", 35);
        code[2] = high;
        assert!(largest_difference(&pixels(browser, NOW), &decoded(&code)) <= 1);
        assert_eq!(
            browser.value("document.querySelector('.latent:nth-child(3) output').textContent"),
            format!("{high:.2}")
        );
        browser.key("Home", 36);
        code[2] = low;
        assert!(largest_difference(&pixels(browser, NOW), &decoded(&code)) <= 1);
        assert_ne!(pixels(browser, NOW), home);
        let low = pixels(browser, NOW);
        let value = format!("{:.3}", code[2]);
        browser.until(&format!("(location.hash.split('code=')[1] ?? '').split(',')[2] === '{value}'"));
        browser.reload();
        browser.until("location.hash.startsWith('#sliders?')");
        browser.frame();
        let chosen = "document.querySelector('#slider-models [aria-pressed=true] span').textContent";
        assert_eq!(browser.value(chosen), LARGEST);
        // The address has three digits of every latent.
        assert!(largest_difference(&pixels(browser, NOW), &low) <= 1);
        browser.click("#reset");
        browser.frame();
        assert_eq!(pixels(browser, NOW), home);
    });
}
