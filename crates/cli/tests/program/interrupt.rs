//! Ctrl-C.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{narrows, program};

/// Far more than a step takes, and far less than the run would.
const SOON: Duration = Duration::from_secs(10);

fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

/// The code and standard error of a child that ends soon.
fn end(mut child: Child, mut err: impl Read) -> (Option<i32>, String) {
    let start = Instant::now();
    let mut text = String::new();
    err.read_to_string(&mut text).unwrap();
    let code = child.wait().unwrap().code();
    assert!(start.elapsed() < SOON, "it took {:?} to stop", start.elapsed());
    assert!(!text.contains("panicked"), "{text}");
    (code, text)
}

#[test]
fn what_is_finished_is_kept_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let arguments = [
        "run",
        "assignment",
        "--only",
        "pca-tanh",
        "two-layer",
        "--epochs",
        "10000",
        "--threads",
        "1",
        "--out",
    ];
    let mut child =
        program(arguments).arg(&out).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    // One worker begins with the larger model; its first epoch is a line.
    let mut line = String::new();
    while !line.contains("epoch 1/10000") {
        line.clear();
        assert!(err.read_line(&mut line).unwrap() > 0, "no epoch was done");
    }
    interrupt(&child);
    let (code, said) = end(child, err);
    assert_eq!(code, Some(130), "{said}");
    for words in ["stopped: 0 of 2 models trained, 1 more in part", "summary.json", "--force"] {
        assert!(said.contains(words), "`{words}` is not in {said}");
    }
    let summary: Value = serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
    let models = summary["models"].as_array().unwrap();
    assert_eq!(
        (models.len(), &models[0]["name"], &models[0]["outcome"]),
        (1, &"two-layer".into(), &"stopped".into())
    );
    assert_eq!(summary["models_without_epoch"][0]["name"], "pca-tanh");
    assert_eq!(summary["models_without_epoch"][0]["outcome"], "not begun");
    let evaluation = narrows!["evaluate", out.join("models/two-layer"), "--json"].json();
    assert_eq!(evaluation["models"][0]["parts"][1]["error"], models[0]["test"]);
    let history = fs::read_to_string(out.join("models/two-layer/history.csv")).unwrap();
    assert_eq!(history.lines().count() as u64, 1 + models[0]["epochs"].as_u64().unwrap());
    assert!(!out.join("report.html").exists());

    narrows!["run", "quick", "--out", &out].mistake(&["already holds a run", "--force"]);
    narrows!["run", "quick", "--only", "pca", "--epochs", "1", "--out", &out, "--force"].success();
    assert!(out.join("report.html").is_file() && !out.join("models/two-layer").exists());
}

#[test]
fn before_the_first_epoch_there_is_nothing_to_keep() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let arguments = ["train", "--hidden", "512,256,128,16", "--batch-size", "1", "--threads", "1", "--out"];
    let mut child =
        program(arguments).arg(&out).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    assert!(err.read_line(&mut line).unwrap() > 0, "it says that it begins");
    interrupt(&child);
    let (code, said) = end(child, err);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("stopped: 0 of 1 models trained"), "{said}");
    let summary: Value = serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary["models"], Value::Array(Vec::new()));
    assert_eq!(summary["models_without_epoch"][0]["outcome"], "stopped");
    assert!(!out.join("models").exists());
}
