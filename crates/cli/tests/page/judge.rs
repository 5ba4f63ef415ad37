//! The classifier that a page may carry: what it says along a path.

use narrows::dataset::{NormalisationKind, Part};
use narrows::model::{Architecture, HiddenActivation, Initialisation, InputSpec, OutputActivation};
use narrows::report::live::{Activation, Curves, Dense, Judge, Live, LiveModel, LivePair, Subject};
use narrows::report::page::Page;

use crate::browser::Browser;
use crate::interpolate::{numbers, pixels};
use crate::study::{LARGEST, compute, study};
use crate::{SIZES, in_page};

/// softmax(W₂·relu(W₁·x + b₁) + b₂) in f64.
fn probabilities(layers: &[Dense<'_>; 2], x: &[f64]) -> Vec<f64> {
    let layer = |layer: &Dense<'_>, x: &[f64]| -> Vec<f64> {
        let rows = layer.weight.chunks_exact(x.len()).zip(layer.bias);
        rows.map(|(row, &b)| row.iter().zip(x).map(|(&w, x)| f64::from(w) * x).sum::<f64>() + f64::from(b))
            .collect()
    };
    let hidden: Vec<f64> = layer(&layers[0], x).into_iter().map(|z| z.max(0.0)).collect();
    let shares: Vec<f64> = layer(&layers[1], &hidden).into_iter().map(f64::exp).collect();
    let total: f64 = shares.iter().sum();
    shares.into_iter().map(|share| share / total).collect()
}

#[test]
fn a_judge_says_what_it_sees_along_the_path() {
    let data = &study().data;
    let model = study().model(LARGEST);
    let input = InputSpec::fit(NormalisationKind::Unit, data.train()).unwrap();
    // 784-10 and 10-784 as drawn; of the second, the first four rows: a classifier of four classes that knows nothing, but whose
    // sums are large enough to differ.
    let architecture = Architecture {
        inputs: 784,
        hidden: vec![10],
        activation: HiddenActivation::Relu,
        output: OutputActivation::Linear,
    };
    let drawn = Initialisation::default().draw(&architecture, 7);
    let [(first, first_bias), (second, second_bias)] = drawn.layers().collect::<Vec<_>>()[..] else {
        unreachable!()
    };
    let (first, second): (Vec<f32>, Vec<f32>) =
        (first.iter().map(|w| 20.0 * w).collect(), second[..40].iter().map(|w| 3.0 * w).collect());
    let layers = [
        Dense { weight: &first, bias: first_bias, activation: Activation::Relu },
        Dense { weight: &second, bias: &second_bias[..4], activation: Activation::Identity },
    ];
    let judge = Judge {
        layers: layers.to_vec(),
        classes: ["1", "7", "4", "8"].map(str::to_owned).to_vec(),
        input: &input,
    };
    let live = LiveModel {
        name: LARGEST,
        autoencoder: &model,
        test_error: None,
        curves: Curves::default(),
        snapshots: &[],
    };
    let pairs = vec![LivePair { from: (Part::Train, 3), to: (Part::Train, 15) }];
    let subject =
        Subject { data, models: vec![live], compared: None, bound: None, pairs, judge: Some(judge) };
    let page = Page {
        title: "Judged".to_owned(),
        live: Some(Live::new(&subject, &mut compute()).unwrap()),
        ..Page::default()
    };
    let file = study().path("judged.html");
    std::fs::write(&file, page.html()).unwrap();

    in_page(&file, "interpolate", SIZES[0], |browser| {
        let image = narrows::report::live::pixels(&data.test().subset(&[5]));
        let unit: Vec<f32> = image.iter().map(|&p| f32::from(p) / 255.0).collect();
        let found = numbers(&browser.value(&format!("narrows.judge({unit:?})")));
        let expected = probabilities(&layers, &unit.iter().map(|&x| f64::from(x)).collect::<Vec<_>>());
        let spread =
            expected.iter().fold(0.0_f64, |a, &b| a.max(b)) - expected.iter().fold(1.0_f64, |a, &b| a.min(b));
        assert!(spread > 0.05, "the classes differ: {expected:?}");
        for (found, expected) in found.iter().zip(&expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-3, "{found} {expected}");
        }
        let says = browser.value("document.querySelector('.path:last-child .says').textContent");
        let says = says.as_str().unwrap();
        assert!(
            ["1", "7", "4", "8"].iter().any(|class| says.starts_with(&format!("seen as {class}, "))),
            "{says}"
        );
        assert_eq!(browser.value("document.querySelectorAll('.sure polyline').length"), 2);
        browser.screenshot("judged");
    });

    in_page(&file, "draw", SIZES[0], |browser| {
        let ends = [(0.3, 0.2), (0.6, 0.8)].map(|(x, y)| browser.place_in(".pad", x, y));
        browser.drag(&ends);
        let classes = [1, 7, 4, 8];
        let check = |browser: &mut Browser, picture: &str, text: &str| {
            let shown = pixels(browser, picture);
            let expected =
                probabilities(&layers, &shown.iter().map(|&p| f64::from(p) / 255.0).collect::<Vec<_>>());
            let text = browser.value(&format!("document.querySelector('{text}').textContent"));
            let text = text.as_str().unwrap().trim_start_matches("the classifier sees ").to_owned();
            let (class, percent) = text.trim_end_matches("\u{a0}%").split_once(", ").unwrap();
            let (class, percent): (u8, f64) = (class.parse().unwrap(), percent.parse().unwrap());
            let share = expected[classes.iter().position(|&known| known == class).unwrap()];
            let best = expected.iter().fold(0.0_f64, |a, &b| a.max(b));
            // Of a picture of 256 levels, and in whole percent.
            assert!((share - best).abs() < 0.005, "{picture}: {text}, but {expected:?} of {classes:?}");
            assert!((100.0 * share - percent).abs() < 1.0, "{picture}: {text}, {expected:?}");
        };
        check(browser, "[aria-label='Your drawing as the models see it']", "#drawing-says");
        let row = format!("#drawn [data-model=\"{LARGEST}\"]");
        check(browser, &format!("{row} canvas"), &format!("{row} .says"));
        browser.until("document.querySelectorAll('#drawn-neighbours canvas').length === 8");
        for (width, height) in [(1280, 720), (1024, 768), (390, 844), (360, 740)] {
            browser.size(width, height);
            browser.frame();
            browser.value("scrollTo(0, 0)");
            browser.screenshot(&format!("judged-drawing-{width}"));
            let wide = browser.value("document.documentElement.scrollWidth").as_u64().unwrap();
            assert!(wide <= u64::from(width), "{wide} at {width}");
        }
    });
}
