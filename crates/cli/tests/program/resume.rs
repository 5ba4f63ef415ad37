//! Runs that are killed, stopped and gone on with: they end as if nothing had happened.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::{narrows, program, without_seconds};

/// What `cargo xtask crash` sets to a hundred.
const KILLS: &str = "NARROWS_KILLS";

/// The study, shortened to four epochs and three models, one of them linear, with a second seed for the verdict.
fn study(out: &Path) -> Vec<OsString> {
    let words =
        ["run", "assignment", "--only", "pca", "pca-tanh", "three-layer", "--epochs", "4", "--seeds", "2"];
    let checkpoints = ["--checkpoint-every", "1", "--out"];
    words.into_iter().chain(checkpoints).map(OsString::from).chain([out.into()]).collect()
}

/// The files of a run but for times and what is drawn from them, by name.
fn results(run: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut results = BTreeMap::new();
    let mut folders = vec![run.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(run).unwrap().to_owned();
            match path.extension().and_then(|ending| ending.to_str()) {
                _ if path.is_dir() => folders.push(path),
                Some("safetensors" | "toml") => drop(results.insert(name, fs::read(&path).unwrap())),
                Some("csv") => drop(results.insert(name, without_seconds(&path))),
                Some("json") => {
                    let mut summary: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
                    remove_times(&mut summary);
                    results.insert(name, serde_json::to_vec(&summary).unwrap());
                }
                _ => drop(results.insert(name, Vec::new())),
            }
        }
    }
    results
}

fn remove_times(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|key, _| !key.contains("seconds"));
            object.values_mut().for_each(remove_times);
        }
        Value::Array(values) => values.iter_mut().for_each(remove_times),
        _ => {}
    }
}

#[track_caller]
fn assert_same(run: &Path, undisturbed: &Path, what: &str) {
    let (found, expected) = (results(run), results(undisturbed));
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{what}");
    for (name, bytes) in &expected {
        assert!(found[name] == *bytes, "{what}: {} differs", name.display());
    }
}

#[test]
fn a_run_that_is_killed_again_and_again_ends_as_one_that_is_not() {
    let kills: usize = std::env::var(KILLS).map_or(4, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let undisturbed = folder.path().join("undisturbed");
    crate::called(study(&undisturbed)).success();
    let start = std::time::Instant::now();
    crate::called(study(&folder.path().join("timed"))).success();
    let whole = start.elapsed();

    let mut random: u64 = 2026;
    let (mut killed, mut runs) = (0, 0);
    while killed < kills {
        let out = folder.path().join(format!("run-{runs}"));
        runs += 1;
        for attempt in 0.. {
            let mut arguments = study(&out);
            arguments.push("--resume".into());
            // Other threads go on to the same bits.
            arguments.extend(["--threads".into(), (1 + attempt % 2).to_string().into()]);
            let mut child = program(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            // At any moment from the first to one after the last.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let moment = whole.mul_f64(1.2 * (random >> 32) as f64 / f64::from(u32::MAX));
            std::thread::sleep(moment.min(Duration::from_secs(600)));
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success(), "run {runs}, attempt {attempt}: {status}");
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            killed += 1;
        }
        // The machine's threads are those of the last attempt.
        let mut again = study(&out);
        again.push("--resume".into());
        crate::called(again).success();
        assert_same(&out, &undisturbed, &format!("run {runs}, after {killed} kills in all"));
        fs::remove_dir_all(&out).unwrap();
    }
    println!("{killed} kills of {runs} runs; every run ended as the undisturbed one");
}

#[test]
fn a_run_that_is_told_to_end_says_how_to_go_on_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let undisturbed = folder.path().join("undisturbed");
    let arguments = |out: &Path| -> Vec<OsString> {
        let words = ["train", "--hidden", "64,32,16", "--epochs", "30", "--threads", "1", "--out"];
        words.into_iter().map(OsString::from).chain([out.into()]).collect()
    };
    crate::called(arguments(&undisturbed)).success();
    let mut child = program(arguments(&out)).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("epoch 1/30") {
        line.clear();
        assert!(err.read_line(&mut line).unwrap() > 0, "no epoch was done");
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let mut said = String::new();
    err.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("--resume"), "{said}");
    assert!(out.join("models/model/checkpoint.safetensors").is_file());

    let other = ["train", "--hidden", "64,32,15", "--epochs", "30", "--resume", "--out"];
    let mut other: Vec<OsString> = other.into_iter().map(OsString::from).collect();
    other.push(out.clone().into());
    crate::called(other).mistake(&["another experiment", "--resume needs the same"]);
    crate::called(arguments(&out)).mistake(&["already holds a run", "--resume", "--force"]);

    let mut resumed = arguments(&out);
    resumed.push("--resume".into());
    let ended = crate::called(resumed.clone());
    assert!(ended.err.contains("model: goes on after epoch "), "{}", ended.err);
    ended.success();
    assert_same(&out, &undisturbed, "stopped once");
    // All is done: it is drawn again, and stays what it is.
    let ended = crate::called(resumed);
    assert!(ended.err.contains("kept"), "{}", ended.err);
    ended.success();
    assert_same(&out, &undisturbed, "resumed once more");
}

#[test]
fn what_cannot_be_gone_on_with_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (out, table) = (folder.path().join("run"), folder.path().join("table.csv"));
    let rows = |offset: usize| {
        let lines = (0..60).map(|row| format!("{},{},{}", row * 7 % 11 + offset, row * 5 % 13, row % 3));
        format!("a,b,c\n{}\n", lines.collect::<Vec<_>>().join("\n"))
    };
    fs::write(&table, rows(0)).unwrap();
    narrows!["train", "--data", &table, "--epochs", "2", "--out", &out].success();
    fs::write(&table, rows(1)).unwrap();
    narrows!["train", "--data", &table, "--epochs", "2", "--out", &out, "--resume"]
        .mistake(&["other data", "--force"]);
    fs::write(&table, rows(0)).unwrap();
    fs::remove_file(out.join("summary.json")).unwrap();
    fs::write(out.join("models/model/checkpoint.safetensors"), b"half a file").unwrap();
    narrows!["train", "--data", &table, "--epochs", "2", "--out", &out, "--resume"]
        .mistake(&["checkpoint.safetensors", "remove it"]);
    narrows!["train", "--data", &table, "--out", &out, "--resume", "--force"]
        .mistake(&["--resume", "--force"]);
    narrows!["train", "--data", &table, "--checkpoint-every", "often"].mistake(&["often", "30s"]);
    // Without a run, one is begun.
    let fresh = folder.path().join("fresh");
    narrows!["train", "--data", &table, "--epochs", "2", "--out", &fresh, "--resume"].success();
    assert!(
        fresh.join("report.html").is_file() && !fresh.join("models/model/checkpoint.safetensors").exists()
    );
}

#[test]
fn fine_tuning_begins_where_a_model_ends() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    let model = first.join("models/model");
    narrows!["train", "--hidden", "32,4", "--epochs", "2", "--activation", "relu", "--out", &first].success();
    let tuned = ["--learning-rate", "1e-9", "--optimiser", "sgd", "--epochs", "1", "--json"];
    let train = |more: &[&str], out: &Path| {
        let mut arguments: Vec<OsString> = vec!["train".into(), "--from".into(), model.clone().into()];
        arguments.extend(tuned.into_iter().chain(more.iter().copied()).map(OsString::from));
        arguments.extend(["--out".into(), out.into()]);
        crate::called(arguments)
    };
    let summary = train(&[], &second).json();
    let before: Value = serde_json::from_slice(&fs::read(first.join("summary.json")).unwrap()).unwrap();
    let error = |summary: &Value| summary["models"][0]["test"]["model_scale"].as_f64().unwrap();
    // A rate that changes next to nothing leaves the error where it was; drawn parameters are far from it.
    assert!((error(&summary) - error(&before)).abs() < 1e-4 * error(&before), "{summary}");
    assert_eq!(summary["models"][0]["architecture"], before["models"][0]["architecture"]);
    let other = folder.path().join("other");
    train(&["--hidden", "32,5"], &other).mistake(&["784 → 32 → 5", "784 → 32 → 4", "same sizes"]);
    assert!(!other.exists(), "found before there is a folder");
}

#[test]
fn a_validation_set_ends_the_training_and_its_best_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (out, table) = (folder.path().join("run"), folder.path().join("table.csv"));
    let lines = (0..300_u64).map(|row| {
        let noise = |column: u64| (row * 2_654_435_761 + column * 40_503) % 1009;
        (0..6).map(|column| noise(column).to_string()).collect::<Vec<_>>().join(",")
    });
    fs::write(&table, format!("a,b,c,d,e,f\n{}\n", lines.collect::<Vec<_>>().join("\n"))).unwrap();
    narrows!["train", "--data", &table, "--patience", "3", "--out", &out]
        .mistake(&["patience", "validation"]);
    let summary = narrows![
        "train",
        "--data",
        &table,
        "--hidden",
        "32,2",
        "--epochs",
        "400",
        "--validation-share",
        "0.2",
        "--patience",
        "3",
        "--out",
        &out,
        "--json"
    ]
    .json();
    let model = &summary["models"][0];
    assert_eq!(model["outcome"], "stopped early");
    let history = model["history"].as_array().unwrap();
    let best = model["epochs"].as_u64().unwrap() as usize;
    assert_eq!(history.len(), best + 3);
    let losses: Vec<f64> = history.iter().map(|epoch| epoch["validation_loss"].as_f64().unwrap()).collect();
    assert!(losses.iter().all(|loss| *loss >= losses[best - 1]), "{losses:?}");
    let csv = fs::read_to_string(out.join("models/model/history.csv")).unwrap();
    assert!(csv.starts_with("epoch,training_loss,validation_loss,seconds\n"), "{csv}");
}
