//! The modules that compute, each alone: what they must come to is known without the page.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::interpolate::numbers;
use crate::{SIZES, browser};

/// What `expression` comes to, in which `m` is a module that imports nothing.
#[track_caller]
pub fn of_module(name: &str, expression: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../narrows/src/report/live/js");
    let text = STANDARD.encode(std::fs::read(folder.join(name)).unwrap());
    let mut browser = browser();
    browser.open_empty(SIZES[0]);
    let value = browser.value(&format!(
        "import('data:text/javascript;base64,{text}').then((m) => {{ return {expression}; }})"
    ));
    browser.close();
    value
}

#[test]
fn a_drawing_is_scaled_into_a_box_of_20_pixels_and_centred_by_its_mass() {
    let found = of_module(
        "digit.js",
        "(() => {
            const size = { width: 28, height: 28 };
            // A 7 high up on the left; the same, moved and three times as large; and one lying on its side.
            const seven = [[[20, 30], [60, 30], [35, 90]]];
            const larger = seven.map((s) => s.map(([x, y]) => [3 * x + 11, 3 * y - 40]));
            const flat = seven.map((s) => s.map(([x, y]) => [y, x]));
            const about = (pixels) => {
                const inked = [...pixels.keys()].filter((i) => pixels[i] > 127);
                const [xs, ys] = [inked.map((i) => i % 28), inked.map((i) => Math.floor(i / 28))];
                return [...m.centreOfMass(pixels, 28), Math.max(...xs) - Math.min(...xs) + 1, Math.max(...ys) - Math.min(...ys) + 1,
                    Math.max(...pixels)];
            };
            const one = m.digit(seven, 4, size);
            const other = m.digit(larger, 12, size);
            return [about(one), about(m.digit(flat, 4, size)),
                [Math.max(...one.map((p, i) => Math.abs(p - other[i])))],
                about(m.digit([[[5, 5]]], 4, size)), [m.digit([], 4, size) === null ? 1 : 0]];
        })()",
    );
    let found: Vec<Vec<f32>> = found.as_array().unwrap().iter().map(numbers).collect();
    for (drawing, larger_side) in [(&found[0], 3), (&found[1], 2)] {
        assert!(
            (drawing[0] - 14.0).abs() < 0.15 && (drawing[1] - 14.0).abs() < 0.15,
            "centre of mass {drawing:?}"
        );
        assert!((drawing[larger_side] - 20.0).abs() <= 1.0, "the larger side has 20 pixels: {drawing:?}");
        assert_eq!(drawing[4], 255.0);
    }
    // 40 × 60 between the middles of the pen, 48 × 68 with its width: the box keeps the proportion.
    assert!((found[0][2] - 20.0 * 48.0 / 68.0).abs() <= 1.0, "{:?}", found[0]);
    assert_eq!(found[2], [0.0], "place and size of the drawing are of no matter");
    assert!(found[3][2] <= 6.0 && (found[3][0] - 14.0).abs() < 0.1, "a dot stays a dot: {:?}", found[3]);
    assert_eq!(found[4], [1.0], "nothing drawn is no image");
}

#[test]
fn the_nearest_codes_are_those_of_the_least_distance() {
    let found = of_module(
        "codes.js",
        "(() => {
            const codes = Float32Array.from({ length: 300 }, (_, i) => Math.sin(i * i));
            const code = Float32Array.from([0.2, -0.1, 0.4]);
            const distance = (row) => [0, 1, 2].reduce((sum, i) => sum + (codes[3 * row + i] - code[i]) ** 2, 0);
            const expected = [...Array(100).keys()].sort((a, b) => distance(a) - distance(b)).slice(0, 7);
            return [m.nearest(codes, code, 7), expected];
        })()",
    );
    assert_eq!(found[0], found[1]);
    assert_eq!(found[0].as_array().unwrap().len(), 7);
}

#[test]
fn the_complementary_error_function_is_that_of_the_tables() {
    let found = numbers(&of_module("model.js", "[0, 0.5, 1, 2, -1, -3].map(m.complementaryError)"));
    // Abramowitz and Stegun, table 7.1, and erfc(−x) = 2 − erfc x.
    let expected = [1.0, 0.479_500_1, 0.157_299_2, 0.004_677_735, 1.842_700_8, 1.999_978];
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 2e-7 * expected, "{found} {expected}");
    }
}

#[test]
fn what_lies_under_the_cursor_stays_there_when_the_map_is_magnified() {
    let found = numbers(&of_module(
        "view.js",
        "(() => {
            const view = new m.View();
            view.resize(400, 300);
            view.fit([-3, 5], [-1, 2]);
            const before = view.toPlane(100, 50);
            view.zoom(4, 100, 50);
            const after = view.toPlane(100, 50);
            view.pan(30, -20);
            const moved = view.toPlane(130, 30);
            const back = view.toScreen(...moved);
            return [...before, ...after, ...moved, ...back];
        })()",
    ));
    for (a, b) in [(0, 2), (1, 3), (0, 4), (1, 5)] {
        assert!((found[a] - found[b]).abs() < 1e-6, "{found:?}");
    }
    assert!((found[6] - 130.0).abs() < 1e-3 && (found[7] - 30.0).abs() < 1e-3, "{found:?}");
}

#[test]
fn ticks_are_round_and_within_the_axis() {
    let found = of_module(
        "scale.js",
        "[m.linearTicks(0, 0.11), m.linearTicks(1, 150), m.logarithmicTicks(0.038, 0.31), m.logarithmicTicks(0.05, 0.07), \
         [m.scale(1, 100, 0, 50, true).place(10), m.scale(1, 100, 0, 50, true).value(25), m.scale(2, 4, 10, 20).place(3)]]",
    );
    assert_eq!(numbers(&found[0]), [0.0, 0.02, 0.04, 0.06, 0.08, 0.1]);
    assert_eq!(numbers(&found[1]), [50.0, 100.0, 150.0]);
    assert_eq!(numbers(&found[2]), [0.04, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3]);
    assert!(found[3].as_array().unwrap().len() >= 2, "{}", found[3]);
    assert_eq!(numbers(&found[4]), [25.0, 10.0, 15.0]);
}

#[test]
fn an_address_is_read_as_it_was_written_and_what_cannot_be_read_is_left_out() {
    let found = of_module(
        "address.js",
        "(() => {
            const values = new Map([['from', 'test-4'], ['models', m.joined(['pca', 'a,b', '50 %', '=ä&#?'])], ['__proto__', 'x']]);
            const back = m.parse(m.format('interpolate', values));
            const broken = m.parse('#map?ok=1&bad=%E0%A4%A&=2&none&twice=a=b');
            return [back.part, [...back.values].toString() === [...values].toString(), m.separated(back.values.get('models')),
                [...broken.values], m.parse('').part, m.parse('#%').part, m.format('map', new Map()),
                ['0.5', '-1', 'NaN', '', ' ', undefined, '1e999', '0x1'].map((v) => m.numberWithin(v, 0, 1))];
        })()",
    );
    let expected = serde_json::json!([
        "interpolate",
        true,
        ["pca", "a,b", "50 %", "=ä&#?"],
        [["ok", "1"], ["twice", "a=b"]],
        "",
        "",
        "#map",
        [0.5, null, null, null, null, null, null, 1]
    ]);
    assert_eq!(found, expected);
}

#[test]
fn csv_quotes_what_it_must_and_keeps_formulas_from_spreadsheets() {
    let found = of_module(
        "csv.js",
        r#"m.csv([["model", "a, b"], ["say \"so\"", "two\nlines"], ["=1+1", "-0.5"], ["", "+0.037 [+0.031, +0.043]"]])"#,
    );
    let expected = "model,\"a, b\"\r\n\"say \"\"so\"\"\",\"two\nlines\"\r\n'=1+1,-0.5\r\n,\"+0.037 [+0.031, +0.043]\"\r\n";
    assert_eq!(found, expected);
}
