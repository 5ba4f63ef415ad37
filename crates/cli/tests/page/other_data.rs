//! The page of data that is not MNIST: images in colour, and a table.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use narrows::dataset::{Parts, byte_of};
use narrows::experiment::Experiment;
use narrows::files;
use narrows::interpolate::lambdas;
use narrows::model::Autoencoder;
use serde_json::Value;

use crate::accessibility::keeps_nobody_out;
use crate::browser::Browser;
use crate::interpolate::numbers;
use crate::sizes::{fits, show};
use crate::study::{compute, quantised, unit};
use crate::{SIZES, in_page, made};

const PARTS: [&str; 6] = ["answers", "interpolate", "map", "sliders", "training", "results"];

struct Run {
    folder: PathBuf,
    data: Parts,
}

impl Run {
    fn new(name: &str, data: Parts, ends: [&str; 2]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("other-data").join(name);
        let experiment = Experiment::from_toml(&made::experiment(name, ends, true)).unwrap();
        made::run(&experiment, &data, &folder);
        Self { folder, data }
    }

    fn report(&self) -> PathBuf {
        self.folder.join("report.html")
    }

    /// With the weights that the page has.
    fn model(&self, name: &str) -> Autoencoder {
        quantised(
            &files::model::load(&self.folder.join("models").join(name).join("model.safetensors")).unwrap().0,
        )
    }
}

fn discs() -> &'static Run {
    static RUN: OnceLock<Run> = OnceLock::new();
    RUN.get_or_init(|| Run::new("discs", made::colour(true), ["train:sun", "train:leaf"]))
}

fn machines() -> &'static Run {
    static RUN: OnceLock<Run> = OnceLock::new();
    RUN.get_or_init(|| Run::new("machines", made::table(true), ["train:pump", "train:fan"]))
}

fn text(browser: &mut Browser, selector: &str) -> String {
    browser.value(&format!("document.querySelector({selector:?}).textContent")).as_str().unwrap().to_owned()
}

/// Red, green and blue of a canvas, one after the other.
fn colours(browser: &mut Browser, selector: &str) -> Vec<f32> {
    numbers(&browser.value(&format!(
        "(() => {{ const c = document.querySelector({selector:?}); \
         return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, i) => i % 4 < 3); }})()"
    )))
}

fn links(browser: &mut Browser) -> Value {
    browser.value("[...document.querySelectorAll('nav.parts a')].map((a) => a.textContent).join()")
}

#[test]
fn both_pages_fit_telephones_and_laptops_in_light_and_dark_and_keep_nobody_out() {
    for run in [discs(), machines()] {
        let name = run.folder.file_name().unwrap().to_str().unwrap();
        for size in [SIZES[0], SIZES[3]] {
            in_page(&run.report(), PARTS[0], size, |browser| {
                for scheme in ["light", "dark"] {
                    browser.scheme(scheme);
                    for part in PARTS {
                        show(browser, part);
                        browser.screenshot(&format!("{name}-{part}-{}-{scheme}", size.0));
                        fits(browser, part, size.0);
                        keeps_nobody_out(browser, &format!("{name}, {part}, {scheme}, {} wide", size.0));
                    }
                }
            });
        }
    }
}

#[test]
fn images_in_colour_are_decoded_in_colour_as_rust_does() {
    let run = discs();
    in_page(&run.report(), "interpolate", SIZES[0], |browser| {
        assert_eq!(links(browser), "Answers,Interpolate,Latent map,Latent sliders,Training,Results");
        let model = run.model("deep");
        let ends = [0, 2].map(|row| model.samples(&run.data.train().subset(&[row])).unwrap().row(0));
        let ends = [&ends[0][..], &ends[1][..]];
        let middle = narrows::interpolate::interpolate(
            &model.predictor().unwrap(),
            &mut compute(),
            ends,
            &lambdas(3)[1..2],
        );
        let expected: Vec<u8> = unit(&model, &middle.unwrap()).into_iter().map(byte_of).collect();
        browser.until("document.querySelector('[data-model=deep] .now canvas') !== null");
        browser.frame();
        let shown = colours(browser, "[data-model=deep] .now canvas");
        assert_eq!(shown.len(), expected.len());
        let apart = shown.iter().zip(&expected).map(|(a, b)| (a - f32::from(*b)).abs()).fold(0.0, f32::max);
        assert!(apart <= 1.0, "{apart} of 255 levels from Rust's");
        let grey = shown.chunks(3).filter(|pixel| pixel[0] == pixel[2]).count();
        assert!(grey < shown.len() / 6, "it is in colour");
        let own = browser.value("document.querySelectorAll('#end-a option[value=drawing]').length");
        assert_eq!(own, 0, "nothing to draw on, so no drawing is offered");
        // The end of a class whose name is long.
        browser.go("#map");
        browser.until("document.querySelectorAll('#map-neighbours canvas').length === 8");
        let cut = browser.value(
            "[...document.querySelectorAll('#part-map button.class')].map((b) => b.textContent).join('|')",
        );
        assert_eq!(cut, "sun|airplane over the open …|leaf");
        let nearest = colours(browser, "#part-map .thumb canvas");
        assert!(
            nearest.chunks(3).any(|pixel| (pixel[0] - pixel[2]).abs() > 60.0),
            "the map's images are in colour"
        );
    });
}

#[test]
fn the_map_of_a_table_shows_the_values_of_the_nearest_row_in_their_units() {
    let run = machines();
    in_page(&run.report(), "map", SIZES[0], |browser| {
        browser.until("document.querySelectorAll('#map-neighbours canvas').length === 8");
        browser.frame();
        let named = text(browser, "#map-what");
        let row: usize = named.rsplit('#').next().unwrap().parse().unwrap();
        let cells = browser.value(
            "[...document.querySelectorAll('#map-values tbody tr')].map((r) => [...r.cells].map((c) => c.textContent))",
        );
        let model_name =
            browser.value("document.querySelector('#part-map select').selectedOptions[0].textContent");
        let model = run.model(model_name.as_str().unwrap());
        let raw = run.data.test().raw_row(row);
        let samples = model.samples(&run.data.test().subset(&[row])).unwrap();
        let rebuilt = model.input.raw(&model.reconstruct(&mut compute(), &samples).unwrap());
        let moments = run.data.train().moments().unwrap();
        for (column, name) in made::COLUMNS.iter().enumerate() {
            let line = &cells[column];
            assert_eq!(line[0], *name);
            let number = |text: &Value| {
                text.as_str().unwrap().replace(',', "").replace('−', "-").parse::<f64>().unwrap()
            };
            // Three digits of the column's spread are written.
            let digit = 0.02 * moments[column].variance().sqrt();
            for (found, expected) in [(&line[1], raw[column]), (&line[2], rebuilt[column])] {
                assert!(
                    (number(found) - f64::from(expected)).abs() <= digit,
                    "{name}: {found} for {expected}"
                );
            }
        }
        assert!(text(browser, "#map-state").contains("test rows"));
    });
}

#[test]
fn a_slider_of_a_table_moves_the_bars_of_its_columns() {
    in_page(&machines().report(), "sliders", SIZES[0], |browser| {
        browser.until("document.querySelectorAll('.bar-row').length === 6");
        let values = "[...document.querySelectorAll('.bar-row .number')].map((o) => o.textContent)";
        let bars = "[...document.querySelectorAll('.bar-row .bar-fill')].map((b) => b.getBoundingClientRect().width)";
        browser.frame();
        let (before, wide) = (browser.value(values), browser.value(bars));
        browser.value("(() => { const i = document.querySelector('#latents input'); i.value = i.value > 100 ? 0 : 200; i.dispatchEvent(new Event('input')); })()");
        browser.frame();
        assert_ne!(browser.value(values), before);
        assert_ne!(browser.value(bars), wide);
        browser.click("#reset");
        browser.frame();
        assert_eq!(browser.value(values), before, "back to the start row");
    });
}

#[test]
fn an_interpolation_of_a_table_is_lines_over_columns_and_can_be_taken_away_as_csv() {
    let run = machines();
    in_page(&run.report(), "interpolate", SIZES[0], |browser| {
        browser.until("document.querySelectorAll('[data-model=deep] .lines polyline').length === 11");
        let points = browser.value("document.querySelector('[data-model=deep] .lines polyline').getAttribute('points').split(' ').length");
        assert_eq!(points, 6, "a point for every column");
        let headings = browser.value(
            "[...document.querySelectorAll('#lambda-values thead th')].map((h) => h.textContent).join()",
        );
        assert!(
            headings.as_str().unwrap().starts_with("column,A,") && headings.as_str().unwrap().ends_with(",B"),
            "{headings}"
        );
        assert_eq!(
            browser.value("document.querySelectorAll('#paths canvas').length"),
            0,
            "no pictures of nothing"
        );
        let (name, bytes) = browser.download(|browser| browser.click("#save-values"));
        assert_eq!(name, "interpolation.csv");
        let csv = String::from_utf8(bytes).unwrap();
        let line = csv.lines().find(|line| line.starts_with("deep,0.00,")).unwrap();
        let found: Vec<f32> = line.split(',').skip(2).map(|number| number.parse().unwrap()).collect();
        let model = run.model("deep");
        let samples = model.samples(&run.data.train().subset(&[0])).unwrap();
        let expected = model.input.raw(&model.reconstruct(&mut compute(), &samples).unwrap());
        let moments = run.data.train().moments().unwrap();
        for ((found, expected), moments) in found.iter().zip(&expected).zip(moments) {
            assert!(
                f64::from((found - expected).abs()) <= 2e-3 * moments.variance().sqrt(),
                "{found} for {expected}"
            );
        }
    });
}
