//! What a reader takes away: a link, strips as a picture, tables.

use std::path::Path;

use serde_json::json;

use crate::interpolate::{MAX_LEVELS, decoded};
use crate::study::{LARGEST, study};
use crate::{SIZES, in_page};

#[test]
fn the_link_is_copied_and_where_the_clipboard_is_closed_it_is_shown_to_copy() {
    in_page(&study().report(), "interpolate", SIZES[0], |browser| {
        browser.value(
            "Object.defineProperty(navigator, 'clipboard', { configurable: true, \
             value: { writeText: async (text) => void (globalThis.copied = text) } })",
        );
        browser.value("document.querySelector('#lambda').focus()");
        browser.key("End", 35);
        browser.click("#copy-link");
        browser.until("globalThis.copied !== undefined");
        assert_eq!(browser.value("copied === location.href && copied.includes('lambda=1.00')"), true);
        assert_eq!(browser.value("document.querySelector('#link').hidden"), true);

        browser.value(
            "Object.defineProperty(navigator, 'clipboard', { configurable: true, \
             value: { writeText: async () => { throw new DOMException('closed', 'NotAllowedError'); } } })",
        );
        browser.click("#copy-link");
        browser.until("document.activeElement.id === 'link'");
        assert_eq!(browser.value("document.activeElement.value === location.href"), true);
        assert_eq!(browser.value("getSelection().toString() === location.href"), true, "it is marked");
        browser
            .value("Object.defineProperty(navigator, 'clipboard', { configurable: true, value: undefined })");
        browser.value("document.querySelector('#lambda').focus()");
        assert_eq!(browser.value("document.querySelector('#link').hidden"), true);
        browser.click("#copy-link");
        browser.until("document.activeElement.id === 'link'");
    });
}

#[test]
fn the_strips_are_saved_as_a_picture_that_holds_what_the_models_decode() {
    in_page(&study().report(), "interpolate", SIZES[0], |browser| {
        let (name, png) = browser.download(|browser| browser.click("#save-strip"));
        assert_eq!(name, "strip-1-7.png");
        // To look at, beside the pictures of the parts.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../page");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(&name), &png).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut bytes).unwrap();
        let channels = frame.color_type.samples();
        let level = |x: usize, y: usize| bytes[(y * frame.width as usize + x) * channels];
        let (width, height) = (frame.width as usize, frame.height as usize);
        assert_eq!((level(0, 0), level(width - 1, height - 1)), (255, 255), "the paper is white");
        // A picture of 28 pixels is 144 wide here; the last row is the deep model's, and its last picture λ = 1.
        let (cell, gap, margin, foot) = (144, 8, 40, 104);
        let left = width - margin - cell;
        let top = height - margin - foot - cell;
        assert!(level(left - gap / 2, top + cell / 2) == 255, "between pictures is paper");
        for (lambda, left) in [(1.0, left), (0.0, left - 9 * (cell + gap))] {
            let expected = decoded(LARGEST, lambda);
            for (i, &pixel) in expected.iter().enumerate() {
                let middle = |at: usize| (2 * at + 1) * cell / 56;
                let found = level(left + middle(i % 28), top + middle(i / 28));
                assert!(
                    found.abs_diff(pixel) <= MAX_LEVELS,
                    "pixel {i} at λ = {lambda}: {found}, not {pixel}"
                );
            }
        }
        let ink = (0..width).filter(|&x| (0..margin + 60).any(|y| level(x, y) < 100)).count();
        assert!(ink > 100, "a title stands above");
    });
}

#[test]
fn every_table_of_the_report_is_saved_as_csv() {
    in_page(&study().report(), "answers", SIZES[0], |browser| {
        let tables = browser.value("document.querySelectorAll('main figure.table').length").as_u64().unwrap();
        let buttons = browser.value("document.querySelectorAll('main figure.table button.csv').length");
        assert!(tables > 1);
        assert_eq!(buttons, json!(tables));
        browser.value("document.querySelectorAll('main details').forEach((d) => (d.open = true))");
        let (name, csv) = browser.download(|browser| browser.click("button.csv"));
        assert!(name.ends_with(".csv"), "{name}");
        let csv = String::from_utf8(csv).unwrap();
        let rows: Vec<&str> = csv.split("\r\n").collect();
        let shape = browser.value(
            "(() => { const t = document.querySelector('button.csv').closest('figure').querySelector('table'); \
             return [t.rows.length, ...[0, 1].map((i) => t.rows[1].cells[i].textContent)]; })()",
        );
        // The second line is that of a model: a name and its layers, then numbers, of which those with a comma are quoted.
        let first: Vec<&str> = rows[1].split(',').collect();
        assert_eq!(json!([rows.len() - 1, first[0], first[1]]), shape, "{csv}");
    });
}
