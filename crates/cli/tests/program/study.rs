//! `narrows run assignment --epochs 1`: what it leaves is all there, and right.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::narrows;

/// The models that are trained.
pub const MODELS: [&str; 7] =
    ["pca", "pca-one-cycle", "pca-tanh", "two-layer", "two-layer-wide", "three-layer", "three-layer-wide"];

/// The one that is computed.
pub const EXACT: &str = "pca-exact";

/// One run of the study for all tests.
pub struct Study {
    folder: TempDir,
    out: String,
    err: String,
    pub summary: Value,
}

impl Study {
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("study")
    }

    pub fn model(&self, name: &str) -> PathBuf {
        self.path().join("models").join(name).join("model.safetensors")
    }

    pub fn model_summary(&self, name: &str) -> &Value {
        self.summary["models"].as_array().unwrap().iter().find(|model| model["name"] == name).unwrap()
    }
}

pub fn study() -> &'static Study {
    static STUDY: OnceLock<Study> = OnceLock::new();
    STUDY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("study");
        let ended = narrows!["run", "assignment", "--epochs", "1", "--seed", "5", "--out", &out];
        assert_eq!(ended.code, 0, "{ended:?}");
        let summary = serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
        Study { folder, out: ended.out, err: ended.err, summary }
    })
}

fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match path.is_dir() {
            true => found.extend(files(&path).into_iter().map(|below| format!("{name}/{below}"))),
            false => assert!(found.insert(name)),
        }
    }
    found
}

#[test]
fn every_promised_file_is_there_and_nothing_else() {
    let mut expected: BTreeSet<String> = [
        "experiment.toml",
        "summary.json",
        "report.html",
        "figures/data.png",
        "figures/curves.png",
        "figures/curves.svg",
        "figures/reconstructions.png",
        "figures/originals.png",
        "figures/components.png",
        "figures/sources.png",
        "figures/strip-1-7.png",
        "figures/strip-8-4.png",
        "figures/realism-1-7.png",
        "figures/realism-1-7.svg",
        "figures/realism-8-4.png",
        "figures/realism-8-4.svg",
        "figures/realism-all.png",
        "figures/realism-all.svg",
        "judge.safetensors",
    ]
    .map(str::to_owned)
    .into();
    for model in MODELS {
        expected.extend([
            format!("models/{model}/history.csv"),
            format!("models/{model}/snapshots.safetensors"),
            format!("figures/curve-{model}.png"),
            format!("figures/curve-{model}.svg"),
        ]);
    }
    for model in MODELS.into_iter().chain([EXACT]) {
        expected.extend([
            format!("models/{model}/model.safetensors"),
            format!("figures/grid-{model}.png"),
            format!("figures/extremes-{model}.png"),
            format!("figures/interpolation-1-7-{model}.png"),
            format!("figures/interpolation-8-4-{model}.png"),
        ]);
    }
    assert_eq!(files(&study().path()), expected);
}

#[test]
fn pictures_show_something() {
    let figures = study().path().join("figures");
    for name in files(&figures).iter().filter(|name| name.ends_with(".png")) {
        let decoder = png::Decoder::new(std::io::BufReader::new(fs::File::open(figures.join(name)).unwrap()));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert!(info.width >= 200 && info.height >= 80, "{name} is {} × {}", info.width, info.height);
        let shades: BTreeSet<&[u8]> =
            pixels[..info.buffer_size()].chunks(info.color_type.samples()).collect();
        assert!(shades.len() >= 10, "{name} has {} colours", shades.len());
    }
}

#[test]
fn charts_are_svg_with_the_model_and_the_axes_named() {
    for model in MODELS {
        let svg = fs::read_to_string(study().path().join(format!("figures/curve-{model}.svg"))).unwrap();
        assert!(svg.trim_start().starts_with("<svg") || svg.starts_with("<?xml"), "{model}");
        for words in [model, "epoch", "mnist", "mean squared error per pixel, the [−1, 1] scale"] {
            assert!(svg.contains(words), "`{words}` is not in the chart of {model}");
        }
    }
}

/// The keys of the table in docs/summary.md: `a.b`, and `.c` after it for `a.c`; `x[]` for what a list holds.
fn documented_keys() -> BTreeSet<String> {
    let document = include_str!("../../../../docs/summary.md");
    let mut keys = BTreeSet::new();
    for line in document.lines().filter(|line| line.starts_with("| `")) {
        let (cell, text) = line[2..].split_once(" |").unwrap();
        let mut parent = String::new();
        for key in cell.split(", ").map(|key| key.trim_matches('`')) {
            let key = match key.strip_prefix('.') {
                Some(last) => format!("{parent}.{last}"),
                None => key.to_owned(),
            };
            parent = key.rsplit_once('.').map_or_else(String::new, |(parent, _)| parent.to_owned());
            // Below these come lists of keys in words, or keys that are documented elsewhere.
            for below in [
                "model_scale",
                "unit_scale",
                "inputs",
                "hidden",
                "activation",
                "output",
                "epoch",
                "test_loss",
            ] {
                if text.contains(&format!("`{below}`")) && key != "models[].outcome" && key != "models[]" {
                    keys.insert(format!("{key}.{below}"));
                }
            }
            if key == "models[].history[]" {
                keys.insert(format!("{key}.training_loss"));
            }
            if key == "models_without_epoch[]" {
                keys.extend([format!("{key}.name"), format!("{key}.outcome")]);
            }
            keys.insert(key);
        }
    }
    keys
}

/// Paths of all keys in a value, the elements of a list as `[]`.
fn keys_of(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, below) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                found.insert(path.clone());
                keys_of(below, &path, found);
            }
        }
        Value::Array(list) => {
            let path = format!("{path}[]");
            found.insert(path.clone());
            list.iter().for_each(|below| keys_of(below, &path, found));
        }
        _ => {}
    }
}

#[test]
fn the_summary_has_the_keys_that_are_documented_and_no_others() {
    let mut present = BTreeSet::new();
    keys_of(&study().summary, "", &mut present);
    let documented = documented_keys();
    // Their keys are those of the experiment's file.
    let elsewhere =
        ["experiment.", "models[].training.", "models[].published.", "models[].architecture.hidden[]"];
    let stated: BTreeSet<String> = present
        .iter()
        .filter(|key| !elsewhere.iter().any(|prefix| key.starts_with(prefix)))
        .cloned()
        .collect();
    let undocumented: Vec<_> = stated
        .difference(&documented)
        // `models[]` documents `models` too.
        .filter(|key| !documented.contains(&format!("{key}[]")))
        // And `data.name` that there is `data`.
        .filter(|key| !documented.iter().any(|known| known.starts_with(&format!("{key}."))))
        .collect();
    assert!(undocumented.is_empty(), "not in docs/summary.md: {undocumented:?}");
    // A finished run has no models without an epoch, so that list is empty.
    let absent: Vec<_> =
        documented.difference(&stated).filter(|key| !key.starts_with("models_without_epoch[].")).collect();
    assert!(absent.is_empty(), "in docs/summary.md, but not in summary.json: {absent:?}");
}

#[test]
fn interpolations_are_measured_and_the_verdict_stands_in_the_report() {
    let quality = &study().summary["interpolation_quality"];
    let accuracy = quality["judge"]["test_accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.975 && accuracy < 1.0, "{accuracy}");
    let comparisons = quality["comparisons"].as_array().unwrap();
    let names: Vec<&str> =
        comparisons.iter().map(|comparison| comparison["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["7↔1", "4↔8", "all classes"]);
    let html = fs::read_to_string(study().path().join("report.html")).unwrap();
    for comparison in comparisons {
        assert_eq!(comparison["pairs"], 1000);
        let subjects = comparison["subjects"].as_array().unwrap();
        let names: Vec<&str> = subjects.iter().map(|subject| subject["name"].as_str().unwrap()).collect();
        assert_eq!(names[..2], ["real test images", "pixel blend"]);
        let models = study().summary["models"].as_array().unwrap();
        let models: Vec<&str> = models.iter().map(|model| model["name"].as_str().unwrap()).collect();
        assert_eq!(names[2..], models);
        let score = |subject: usize, measure: &str, what: &str| {
            let scores = subjects[subject]["scores"].as_array().unwrap();
            let score = scores.iter().find(|score| score["measure"] == measure).unwrap();
            score[what].as_f64().unwrap()
        };
        for (model, name) in names.iter().enumerate().skip(1) {
            assert!(score(model, "distance", "interior") > score(0, "distance", "ends"), "{name}");
            assert!(score(model, "frechet", "interior") > score(0, "frechet", "ends"), "{name}");
        }
        let verdict = &comparison["verdicts"][0];
        assert_eq!((&verdict["linear"], &verdict["deep"]), (&"pca".into(), &"three-layer".into()));
        assert_eq!(verdict["seeds"], serde_json::json!([5]));
        let deciding = verdict["differences"].as_array().unwrap().iter().filter(|d| d["decides"] == true);
        assert_eq!(deciding.count(), 4);
        let sentence = verdict["sentence"].as_str().unwrap();
        let finding = sentence.split(". ").next().unwrap();
        assert!(html.contains(finding), "`{finding}` is not in the report");
        assert!(study().out.contains(sentence), "{}", study().out);
        // One seed and one epoch: both can be wrong, and that is said.
        let caveats: Vec<&str> =
            verdict["caveats"].as_array().unwrap().iter().map(|caveat| caveat.as_str().unwrap()).collect();
        assert_eq!(caveats.len(), 3, "{caveats:?}");
        assert!(caveats[0].contains("one training seed"), "{caveats:?}");
        assert!(caveats[1].starts_with("pca is not trained out: its training error is"), "{caveats:?}");
        assert_eq!(caveats[2], "three-layer is not trained out: it was trained for one epoch.");
        assert!(caveats.iter().all(|caveat| html.contains(caveat) && study().out.contains(caveat)));
        let exact = &comparison["verdicts"][1];
        assert_eq!((&exact["linear"], &exact["deep"]), (&EXACT.into(), &"three-layer".into()));
    }
}

#[test]
fn the_first_page_answers_every_question_of_the_study_in_its_order() {
    let html = fs::read_to_string(study().path().join("report.html")).unwrap();
    let answers = html.split("<section id=\"answers\">").nth(1).unwrap().split("</section>").next().unwrap();
    let headings: Vec<&str> = answers.split("<h3>").skip(1).map(|h| h.split(". ").next().unwrap()).collect();
    assert_eq!(headings, ["A1", "A2", "A3", "A1 to A3", "B1.1", "B1.2 and B1.3", "B2", "Verify"]);
    let error =
        |name: &str| format!("{:.4}", study().model_summary(name)["test"]["model_scale"].as_f64().unwrap());
    for (narrow, wide, units) in [
        ("two-layer", "two-layer-wide", "128 units instead of 32"),
        ("three-layer", "three-layer-wide", "128 and 64 units instead of 64 and 32"),
    ] {
        assert!(answers.contains(units), "`{units}` is not among the answers");
        assert!(answers.contains(&format!("{} → {}", error(narrow), error(wide))), "{narrow}");
    }
    // The study's own printed figures, the test losses corrected.
    for figure in [
        "0.0840", "0.0828", "0.0818", "0.0690", "0.0680", "0.0671", "0.0434", "0.0435", "0.0430", "0.0535",
        "0.0529", "0.0522",
    ] {
        assert!(answers.contains(figure), "{figure} is not among the answers");
    }
    for figure in [
        "figure-strip-1-7",
        "figure-strip-8-4",
        "table-codes-pca",
        "table-codes-three-layer",
        "table-verdicts",
    ] {
        assert!(answers.contains(&format!("id=\"{figure}\"")), "{figure} is not among the answers");
    }
}

#[test]
fn figures_and_tables_are_numbered_in_the_order_of_the_page() {
    let html = fs::read_to_string(study().path().join("report.html")).unwrap();
    for (class, word) in [("image", "Figure"), ("table", "Table")] {
        let opening = format!("<figure class=\"{class}\" id=\"");
        let anchors: Vec<&str> =
            html.split(&opening).skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(anchors.len() > 10, "{anchors:?}");
        for (index, anchor) in anchors.iter().enumerate() {
            assert_eq!(anchors.iter().filter(|other| *other == anchor).count(), 1, "{anchor}");
            let caption = format!("<a class=\"number-link\" href=\"#{anchor}\">{word} {}</a>. ", index + 1);
            assert!(html.contains(&caption), "`{caption}` is not in the report");
        }
    }
}

#[test]
fn the_codes_of_the_pairs_images_are_in_the_summary_and_in_the_report() {
    let codes = study().summary["codes"].as_array().unwrap();
    assert_eq!(codes.len(), 4 * (MODELS.len() + 1));
    let code = codes.iter().find(|code| code["model"] == EXACT && code["row"] == "train:7").unwrap();
    let numbers: Vec<f64> = code["code"].as_array().unwrap().iter().map(|z| z.as_f64().unwrap()).collect();
    assert_eq!(numbers.len(), 16);
    // Codes of exact PCA are centred: those of a 7 are no further from 0 than its image from the mean image.
    let norm = numbers.iter().map(|z| z * z).sum::<f64>().sqrt();
    assert!((1.0..30.0).contains(&norm), "{numbers:?}");
    let html = fs::read_to_string(study().path().join("report.html")).unwrap();
    let shown = study().summary["codes"].as_array().unwrap();
    let of_pca = shown.iter().find(|code| code["model"] == "pca" && code["row"] == "train:1").unwrap();
    let first = format!("{:.2}", of_pca["code"][0].as_f64().unwrap()).replace('-', "−");
    assert!(
        html.contains(&format!("<th scope=\"row\">train:1</th><td class=\"number\">{first}</td>")),
        "{first}"
    );
}

#[test]
fn exact_pca_has_the_error_that_is_known() {
    let pca = &study().summary["exact_pca"];
    let error = |part: &str| pca[part]["model_scale"].as_f64().unwrap();
    // Computed in double precision from the covariance matrix of the 60,000 training images.
    assert!((error("train") - 0.10917).abs() < 5e-6, "{}", error("train"));
    assert!((error("test") - 0.10744).abs() < 5e-6, "{}", error("test"));
    assert_eq!(pca["components"], 16);
}

#[test]
fn exact_pca_is_a_model_like_the_others() {
    let (model, pca) = (study().model_summary(EXACT), &study().summary["exact_pca"]);
    assert_eq!((&model["train"], &model["test"]), (&pca["train"], &pca["test"]));
    assert_eq!((model["epochs"].as_u64(), model["outcome"].as_str()), (Some(0), Some("finished")));
    for key in ["training", "training_loss", "seconds_per_epoch"] {
        assert!(model[key].is_null(), "{key} of what was not trained: {model}");
    }
    assert_eq!(model["history"].as_array().map(Vec::len), Some(0));
    let excess = model["excess_over_exact_pca"].as_f64().unwrap();
    // Its weights are f32.
    assert!(excess.abs() < 1e-6, "{excess}");
}

#[test]
fn linear_models_have_certificates_and_only_they() {
    for name in MODELS.into_iter().chain([EXACT]) {
        let certificate = &study().model_summary(name)["certificate"];
        assert_eq!(certificate.is_object(), ["pca", "pca-one-cycle", EXACT].contains(&name), "{name}");
        if certificate.is_object() {
            // One epoch is not enough for those that are trained.
            assert_eq!(certificate["is_pca"], name == EXACT, "{name}: {certificate}");
            let [excess, measured] =
                [&certificate["excess"], &study().model_summary(name)["excess_over_exact_pca"]]
                    .map(|x| x.as_f64().unwrap());
            // One is over the sum of the other variances, the other over exact PCA's error, whose weights are f32.
            assert!((excess - measured).abs() < 1e-6, "{name}: {excess} and {measured}");
            let recovered = certificate["recovered_variances"].as_array().unwrap();
            for (recovered, exact) in recovered.iter().zip(certificate["exact_variances"].as_array().unwrap())
            {
                // Cauchy's interlacing theorem.
                assert!(recovered.as_f64().unwrap() <= exact.as_f64().unwrap() + 1e-9, "{name}");
            }
        }
    }
    let html = fs::read_to_string(study().path().join("report.html")).unwrap();
    for words in ["has not found the PCA subspace", "23.1 % below the bound of 0.10917"] {
        assert!(html.contains(words), "`{words}` is not in the report");
    }
}

#[test]
fn latent_spaces_of_one_epoch_are_plausible() {
    for name in MODELS.into_iter().chain([EXACT]) {
        let latent = &study().model_summary(name)["latent"];
        let share = |key: &str| latent[key].as_f64().unwrap();
        // Ten classes; raw pixels have 97 % and 92 %, and a trustworthiness of 1.
        assert!((0.75..0.98).contains(&share("knn_accuracy")), "{name}: {latent}");
        let probe = &latent["linear_probe"];
        assert!((0.7..0.93).contains(&probe["accuracy"].as_f64().unwrap()), "{name}: {latent}");
        assert_eq!(probe["converged"], true, "{name}");
        for key in ["trustworthiness", "continuity"] {
            assert!((0.9..1.0).contains(&share(key)), "{name}: {key} {latent}");
        }
        assert!((1.0..=16.0).contains(&share("effective_rank")), "{name}");
        assert_eq!(latent["latents"].as_array().unwrap().len(), 16);
        let classes = latent["class_errors"].as_array().unwrap();
        let [sum, rows] = classes.iter().fold([0.0, 0.0], |[sum, all], class| {
            let rows = class["rows"].as_f64().unwrap();
            [sum + rows * class["error"].as_f64().unwrap(), all + rows]
        });
        let error = study().model_summary(name)["test"]["model_scale"].as_f64().unwrap();
        assert!((classes.len(), rows) == (10, 10_000.0) && (sum / rows / error - 1.0).abs() < 1e-9, "{name}");
    }
}

#[test]
fn the_figures_of_one_epoch_are_plausible() {
    let summary = &study().summary;
    assert_eq!(summary["data"]["train_rows"], 60_000);
    assert_eq!(summary["data"]["test_rows"], 10_000);
    for name in MODELS {
        let model = study().model_summary(name);
        let error = |part: &str| model[part]["model_scale"].as_f64().unwrap();
        let loss = model["training_loss"].as_f64().unwrap();
        // The mean image alone gives 0.2694; the published curves begin between 0.12 and 0.25.
        assert!((0.10..0.30).contains(&loss), "{name} has a loss of {loss}");
        // The epoch's mean holds its first steps too, so the model at its end is better.
        assert!(error("train") < loss && error("test") < loss, "{name}: {model}");
        assert!((error("test") / error("train") - 1.0).abs() < 0.05, "{name}: {model}");
        let unit = model["test"]["unit_scale"].as_f64().unwrap();
        assert!(
            (unit * 4.0 / error("test") - 1.0).abs() < 1e-6,
            "{name}: [−1, 1] is twice as wide as [0, 1]"
        );
        assert_eq!((model["epochs"].as_u64(), model["outcome"].as_str()), (Some(1), Some("finished")));
    }
    let linear = study().model_summary("pca");
    let excess = linear["excess_over_exact_pca"].as_f64().unwrap();
    assert!(excess > 0.0, "no linear model is below exact PCA: {excess}");
    let parameters = |name: &str| study().model_summary(name)["parameters"].as_u64().unwrap();
    assert_eq!(MODELS.map(parameters), [25_888, 25_888, 25_888, 52_064, 205_856, 106_464, 220_320]);
}

#[test]
fn a_history_is_a_header_and_a_line_for_each_epoch() {
    for name in MODELS {
        let csv = fs::read_to_string(study().path().join(format!("models/{name}/history.csv"))).unwrap();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[0], "epoch,training_loss,seconds", "the test loss was not asked for");
        let fields: Vec<&str> = lines[1].split(',').collect();
        assert_eq!((lines.len(), fields.len(), fields[0]), (2, 3, "1"), "{name}");
        let loss: f64 = fields[1].parse().unwrap();
        assert_eq!(Some(loss), study().model_summary(name)["training_loss"].as_f64(), "{name}");
        assert!(fields[2].parse::<f64>().unwrap() > 0.0, "{name}");
    }
}

#[test]
fn the_report_needs_nothing_but_itself() {
    let html = fs::read_to_string(study().path().join("report.html")).unwrap();
    for attribute in ["src=", "href=", "url("] {
        for (at, _) in html.match_indices(attribute) {
            let value = html[at + attribute.len()..].trim_start_matches(['"', '\'']);
            let inside = value.starts_with('#') || value.starts_with("data:");
            assert!(inside, "the report refers to {}", value.chars().take(60).collect::<String>());
        }
    }
    assert!(!html.contains("@import"));
    for words in MODELS.into_iter().chain([EXACT]) {
        assert!(html.contains(words), "the report does not name {words}");
    }
    assert!(html.contains("0.1092") && html.contains("0.1074"), "the report shows exact PCA's errors");
}

#[test]
fn the_terminal_shows_a_table_and_where_the_report_is() {
    let Study { out, err, .. } = study();
    for name in MODELS.into_iter().chain([EXACT]) {
        // A name and a number of parameters: the verdict's table has the name too.
        let is_row = |line: &&str| {
            let words: Vec<&str> = line.split_whitespace().take(2).collect();
            words[..].first() == Some(&name) && words[1].parse::<usize>().is_ok()
        };
        assert_eq!(out.lines().filter(is_row).count(), 1, "{out}");
        let progress = if name == EXACT { "test error 0.1074" } else { "epoch 1/1, loss " };
        assert!(err.contains(&format!("{name}: {progress}")), "{err}");
    }
    // Exact PCA has neither epochs nor a training loss.
    let exact = out.lines().find(|line| line.starts_with(EXACT)).unwrap();
    assert_eq!(exact.split_whitespace().skip(2).take(3).collect::<Vec<_>>(), ["–"; 3], "{exact}");
    assert!(!out.contains("exact PCA, 16 components"), "it is a model of this run, and shown once: {out}");
    assert!(out.trim_end().ends_with("report.html"));
    assert!(!err.contains('\u{1b}'), "escape sequences belong on a terminal only");
}

/// The seconds of `about 40 s in all at …`.
fn estimated_seconds(err: &str) -> f64 {
    let line = err.lines().find(|line| line.contains(" in all at the speed of")).expect("a time is told");
    let mut words = line.strip_prefix("about ").unwrap().split(' ');
    let number: f64 = words.next().unwrap().parse().unwrap();
    let unit = words.next().unwrap();
    number
        * ["s", "minutes", "hours"]
            .iter()
            .zip([1.0, 60.0, 3600.0])
            .find(|(name, _)| **name == unit)
            .unwrap()
            .1
}

#[test]
fn a_run_says_first_what_it_will_do_and_about_how_long_it_takes() {
    let Study { err, summary, .. } = study();
    let first: Vec<&str> = err.lines().take(2).collect();
    assert!(first[0].contains("7 models to train, 7 epochs in all, and exact PCA"), "{err}");
    assert!(first[1].contains("interpolations are measured"), "{err}");
    assert!(!err.contains("[interpolation]"), "nothing of the study is left out: {err}");
    // Other tests are run beside it, and come and go, so the machine is not as fast in the end as in the beginning.
    let ratio = estimated_seconds(err) / summary["seconds"].as_f64().unwrap();
    assert!((1.0 / 3.0..3.0).contains(&ratio), "{ratio} of what it took: {err}");
}

#[test]
fn the_experiment_that_was_run_stands_beside_its_results() {
    let toml = fs::read_to_string(study().path().join("experiment.toml")).unwrap();
    assert!(toml.contains("epochs = 1\n"), "{toml}");
    assert_eq!(study().summary["experiment"]["training"]["epochs"], 1);
}
