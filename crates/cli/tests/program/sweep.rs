//! `narrows sweep`: what it trains is what `narrows train` trains, and it goes on where it was left.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::{narrows, program, without_seconds};

/// Eight columns that follow two hidden numbers, and a little noise.
fn table(folder: &Path) -> PathBuf {
    let path = folder.join("table.csv");
    let noise = |row: u64, column: u64| ((row * 2_654_435_761 + column * 40_503) % 1009) as f64 / 1009.0;
    let lines = (0..400_u64).map(|row| {
        let (u, v) = (noise(row, 91) - 0.5, noise(row * row, 17) - 0.5);
        let cell = |column: u64| {
            let angle = column as f64;
            angle.cos() * u + angle.sin() * v + 0.1 * u * v + 0.01 * noise(row, column)
        };
        (0..8).map(|column| format!("{:.6}", cell(column))).collect::<Vec<_>>().join(",")
    });
    fs::write(&path, format!("a,b,c,d,e,f,g,h\n{}\n", lines.collect::<Vec<_>>().join("\n"))).unwrap();
    path
}

fn sweep(data: &Path, out: &Path, epochs: &str) -> Vec<OsString> {
    let mut arguments =
        vec![OsString::from("sweep"), "--data".into(), data.into(), "--out".into(), out.into()];
    let words = ["--latent", "1,2,4", "--hidden-widths", "16", "--seeds", "2", "--epochs", epochs];
    arguments.extend(words.map(OsString::from));
    arguments
}

fn summary(out: &Path) -> Value {
    serde_json::from_slice(&fs::read(out.join("sweep.json")).unwrap()).unwrap()
}

/// What a sweep has found, but for the time it took.
fn results(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for name in ["sweep.csv", "best/model.safetensors", "experiment.toml", "split.json", "figures/elbow.svg"]
    {
        files.insert(name.to_owned(), fs::read(out.join(name)).unwrap());
    }
    for model in fs::read_dir(out.join("models")).unwrap() {
        for file in fs::read_dir(model.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let name = path.strip_prefix(out).unwrap().display().to_string();
            let bytes =
                if name.ends_with(".csv") { without_seconds(&path) } else { fs::read(&path).unwrap() };
            files.insert(name, bytes);
        }
    }
    let mut summary = summary(out);
    summary.as_object_mut().unwrap().remove("seconds");
    files.insert("sweep.json".to_owned(), summary.to_string().into_bytes());
    files
}

#[test]
fn a_sweep_is_its_single_trainings_and_names_the_best() {
    let folder = tempfile::tempdir().unwrap();
    let (data, out) = (table(folder.path()), folder.path().join("sweep"));
    let ended = crate::called(sweep(&data, &out, "8"));
    assert!(ended.err.contains("3 points, 6 trainings"), "{}", ended.err);
    let said = ended.success();
    let found = summary(&out);

    // A single training with the same settings and seed has the same bits.
    let single = folder.path().join("single");
    let words = [
        "--hidden",
        "16,2",
        "--epochs",
        "8",
        "--seed",
        "1",
        "--validation-share",
        "0.1",
        "--name",
        "latent-2",
    ];
    let mut arguments = vec![OsString::from("train"), "--data".into(), data.clone().into()];
    arguments.extend(words.map(OsString::from));
    arguments.extend(["--out".into(), single.clone().into()]);
    crate::called(arguments).success();
    let swept = fs::read(out.join("models/latent-2/seed-1.safetensors")).unwrap();
    assert!(swept == fs::read(single.join("models/latent-2/model.safetensors")).unwrap());

    // What it says of a model is what `evaluate` measures.
    let point = |name: &str| {
        let points = found["points"].as_array().unwrap().iter();
        points.clone().find(|point| point["name"] == name).unwrap().clone()
    };
    let claimed = point("latent-2")["trainings"][1]["validation"]["model_scale"].as_f64().unwrap();
    let model = out.join("models/latent-2/seed-1.safetensors");
    let split = out.join("split.json");
    let measured =
        narrows!["evaluate", &model, "--data", &data, "--split", &split, "--part", "validation", "--json"]
            .json();
    let measured = measured.to_string();
    assert!(measured.contains(&claimed.to_string()), "{claimed} is not in {measured}");

    let errors: Vec<f64> = found["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["validation"]["mean"].as_f64().unwrap())
        .collect();
    assert!(errors.windows(2).all(|pair| pair[0] <= pair[1]), "{errors:?}");
    let best = found["best"]["point"].as_str().unwrap();
    assert_eq!(found["points"][0]["name"], best);
    let seed = &found["best"]["seed"];
    let winner = fs::read(out.join(format!("models/{best}/seed-{seed}.safetensors"))).unwrap();
    assert!(winner == fs::read(out.join("best/model.safetensors")).unwrap());
    assert!(said.contains(&format!("Best: {best}, seed {seed}")), "{said}");

    let csv = fs::read_to_string(out.join("sweep.csv")).unwrap();
    assert_eq!(csv.lines().count(), 7, "{csv}");
    // Exact PCA has an error at each size, which falls.
    let exact: Vec<f64> =
        found["curve"].as_array().unwrap().iter().map(|at| at["exact_pca"].as_f64().unwrap()).collect();
    assert!(exact.len() == 3 && exact.windows(2).all(|pair| pair[1] < pair[0]), "{exact:?}");
    for file in ["figures/elbow.svg", "figures/elbow.png", "report.html"] {
        assert!(fs::metadata(out.join(file)).unwrap().len() > 1000, "{file}");
    }
    let checkpoints = fs::read_dir(out.join("models/latent-2")).unwrap().count();
    assert_eq!(checkpoints, 4, "only the models of the two seeds and their histories stay");

    // The page of the folder is the report, drawn again; other commands take the best model.
    let page = folder.path().join("page.html");
    narrows!["page", &out, "--out", &page].success();
    assert!(fs::read(page).unwrap() == fs::read(out.join("report.html")).unwrap());
    let measured = narrows!["evaluate", &out, "--json"].json();
    let error = &measured["models"][0]["parts"][2]["error"]["model_scale"];
    assert_eq!(*error, found["best"]["test"]["model_scale"], "{measured}");
    fs::remove_file(out.join("sweep.json")).unwrap();
    narrows!["page", &out].mistake(&["a sweep that has not ended", "--resume"]);
}

#[test]
fn a_sweep_that_is_killed_goes_on_to_the_same_end() {
    goes_on_to_the_same_end(&[]);
}

#[test]
fn what_halving_stops_is_the_same_in_a_sweep_that_is_killed() {
    goes_on_to_the_same_end(&["--learning-rate", "0.01,0.003,0.0001", "--halving"]);
}

fn goes_on_to_the_same_end(more: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path());
    let with_more = |out: &Path, epochs: &str| {
        let mut arguments = sweep(&data, out, epochs);
        arguments.extend(more.iter().map(OsString::from));
        arguments
    };
    let undisturbed = folder.path().join("undisturbed");
    let start = std::time::Instant::now();
    crate::called(with_more(&undisturbed, "60")).success();
    let whole = start.elapsed();
    let out = folder.path().join("killed");
    let mut arguments = with_more(&out, "60");
    arguments.extend(["--checkpoint-every", "1", "--resume"].map(OsString::from));
    let mut killed = 0;
    for (part, threads) in [(0.2, "1"), (0.35, "3"), (0.5, "2"), (0.65, "1")] {
        arguments.extend(["--threads".into(), threads.into()]);
        let mut child = program(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole.mul_f64(part).min(Duration::from_secs(60)));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            killed += 1;
        }
        child.wait().unwrap();
        arguments.truncate(arguments.len() - 2);
    }
    assert!(killed > 0, "every run ended before it was killed");
    crate::called(&arguments).success();
    let (found, expected) = (results(&out), results(&undisturbed));
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, bytes) in &expected {
        assert!(found[name] == *bytes, "{name} differs");
    }
    crate::called(with_more(&out, "60")).mistake(&["already holds a run", "--resume", "--force"]);
    let mut other = with_more(&out, "61");
    other.push("--resume".into());
    crate::called(other).mistake(&["another experiment"]);
    let mut anew = with_more(&out, "2");
    anew.push("--force".into());
    crate::called(anew).success();
}

/// Epochs that were trained in all, as the histories say.
fn epochs_trained(out: &Path) -> usize {
    let folders = fs::read_dir(out.join("models")).unwrap();
    let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
    let histories = files.map(|file| file.unwrap().path()).filter(|path| path.extension().unwrap() == "csv");
    histories.map(|path| fs::read_to_string(path).unwrap().lines().count() - 1).sum()
}

#[test]
fn halving_stops_the_hopeless_and_ends_with_the_same_best_model() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path());
    let rates = ["--latent", "2", "--seeds", "2", "--epochs", "8", "--learning-rate", "1e-6,0.01,1e-4,1e-5"];
    let run = |name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        let mut arguments = vec![OsString::from("sweep"), "--data".into(), data.clone().into()];
        arguments.extend(rates.iter().chain(more).map(OsString::from));
        arguments.extend(["--out".into(), out.clone().into()]);
        let ended = crate::called(arguments);
        let said = ended.err.clone();
        (out, said, ended.success())
    };
    let (whole, _, _) = run("whole", &[]);
    let (halved, said, table) = run("halved", &["--halving"]);
    let best = |out: &Path| fs::read(out.join("best/model.safetensors")).unwrap();
    assert!(best(&whole) == best(&halved));
    // Two points for 2 epochs, one for 4, one for 8; with two seeds.
    assert_eq!((epochs_trained(&whole), epochs_trained(&halved)), (2 * 4 * 8, 2 * (2 + 2 + 4 + 8)));

    let points = summary(&halved)["points"].clone();
    let found: Vec<(String, Option<u64>)> = points
        .as_array()
        .unwrap()
        .iter()
        .map(|point| (point["name"].as_str().unwrap().to_owned(), point["stopped_after"].as_u64()))
        .collect();
    let expected =
        [("lr-0.01", None), ("lr-0.0001", Some(4)), ("lr-0.00001", Some(2)), ("lr-0.000001", Some(2))];
    assert_eq!(found, expected.map(|(name, stopped)| (name.to_owned(), stopped)));
    for words in ["lr-0.00001: stopped after epoch 2", "8/8"] {
        assert!(said.contains(words), "{words} is not in {said}");
    }
    assert!(table.contains("4 of 8") && table.contains("2 of 8"), "{table}");
    let report = fs::read_to_string(halved.join("report.html")).unwrap();
    assert!(report.contains("3 of 4 points were stopped before their end (successive halving)"));
    let csv = fs::read_to_string(halved.join("sweep.csv")).unwrap();
    let stopped = csv.lines().skip(1).map(|line| line.split(',').nth(10).unwrap());
    assert_eq!(stopped.collect::<Vec<_>>(), ["", "", "4", "4", "2", "2", "2", "2"], "{csv}");

    // A point that was stopped is its training until then, which the whole sweep has gone through too.
    let history = |out: &Path, name: &str| {
        let text = without_seconds(&out.join("models").join(name).join("seed-1-history.csv"));
        String::from_utf8(text).unwrap()
    };
    let (part, all) = (history(&halved, "lr-0.0001"), history(&whole, "lr-0.0001"));
    assert!(all.starts_with(&part) && part.lines().count() == 5, "{part}");
    let claimed = points[1]["trainings"][1]["validation"]["model_scale"].as_f64().unwrap();
    let losses = part.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().parse::<f64>().unwrap());
    let least = losses.fold(f64::INFINITY, f64::min);
    assert!((claimed / least - 1.0).abs() < 1e-6, "{claimed} and {least}");
}

#[test]
fn a_sweep_needs_no_flag_but_the_data_and_an_experiment_may_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let (data, out) = (table(folder.path()), folder.path().join("sweep"));
    narrows!["sweep", "--data", &data, "--seeds", "1", "--epochs", "1", "--out", &out].success();
    let latents: Vec<u64> =
        summary(&out)["curve"].as_array().unwrap().iter().map(|at| at["latent"].as_u64().unwrap()).collect();
    assert_eq!(latents, [1, 2, 4]);

    let file = folder.path().join("rates.toml");
    let text = format!(
        "title = 'Rates'\ndata = {:?}\nnormalisation = 'standard'\n[training]\nepochs = 2\n[[models]]\nname = 'small'\n\
         hidden = [2]\noutput = 'linear'\n[sweep]\nlearning_rate = [0.01, 0.001]\nseeds = 2\n",
        data.display().to_string()
    );
    fs::write(&file, text).unwrap();
    let rates = folder.path().join("rates");
    let said = narrows!["run", &file, "--out", &rates].success();
    assert!(said.contains("lr-0.01") && said.contains("lr-0.001"), "{said}");
    // One latent size is no curve.
    assert!(!said.contains("elbow") && !rates.join("figures").exists(), "{said}");
    narrows!["run", &file, "--only", "small", "--out", folder.path().join("x")].mistake(&["--only"]);
}

#[test]
fn what_cannot_be_swept_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (data, out) = (table(folder.path()), folder.path().join("sweep"));
    let refused = |flags: &[&str], says: &[&str]| {
        let mut arguments = vec![OsString::from("sweep"), "--data".into(), data.clone().into()];
        arguments.extend(flags.iter().map(OsString::from));
        arguments.extend(["--out".into(), out.clone().into()]);
        crate::called(arguments).mistake(says);
        assert!(!out.exists());
    };
    refused(&["--latent", "0"], &["0", "at least 1"]);
    refused(&["--latent", "2,2"], &["latent lists 2 twice"]);
    refused(&["--hidden-widths", "64;32"], &["64;32", "none"]);
    refused(&["--learning-rate=-1"], &["learning_rate is -1"]);
    refused(&["--latent", "2,4", "--halving"], &["halving", "each size has one", "learning_rate"]);
    refused(&["--validation-share", "0"], &["validation_share = 0.1"]);
}
