//! Every command, used rightly.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use crate::study::study;
use crate::{Ended, called, ended, narrows, program};

const COMMANDS: [&str; 13] = [
    "run",
    "train",
    "evaluate",
    "encode",
    "compare",
    "reconstruct",
    "interpolate",
    "page",
    "inspect",
    "data",
    "experiments",
    "completions",
    "man",
];

#[test]
fn help_is_there_for_every_command_and_reads_well() {
    let whole = narrows!["--help"].success();
    for command in COMMANDS {
        assert!(whole.contains(&format!("\n  {command} ")), "{whole}");
        let (short, long) = (narrows!["help", command].success(), narrows![command, "--help"].success());
        assert_eq!(short, long);
        for line in narrows![command, "-h"].success().lines() {
            // `MODEL...` is how clap writes that there may be several.
            let several = line.starts_with("Usage:") && line.ends_with(">...");
            assert!(!line.trim_end().ends_with('.') || line.ends_with("…") || several, "{command}: {line}");
        }
    }
    assert!(narrows!["run", "--help"].success().contains("--only <MODEL>"));
    let nothing = called(std::iter::empty::<&str>());
    assert_eq!((nothing.code, nothing.err), (2, whole), "without a command, the help is what is needed");
}

#[test]
fn the_version_is_told_with_what_it_runs_on() {
    let version = format!("narrows {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(narrows!["--version"].success(), version);
    assert_eq!(narrows!["-V"].success(), version);
    let verbose = narrows!["--version", "--verbose"].success();
    for words in [version.trim_end(), "instruction set: ", "processor: ", " thread", "system: "] {
        assert!(verbose.contains(words), "`{words}` is not in {verbose}");
    }
    let forced = program(["--version", "--verbose"]).env("NARROWS_CPU", "scalar").output().unwrap();
    assert!(ended(&forced).success().contains("instruction set: scalar"));
    assert_eq!(narrows!["--version", "run", "assignment"].success(), version, "nothing is run");
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    // One instruction set is as good as another; a machine without AVX2 takes what it has.
    let level = if narrows!["--version", "--verbose"].success().contains("avx2") { "avx2" } else { "scalar" };
    for threads in ["1", "2"] {
        let out = folder.path().join(threads);
        let arguments = [
            "run",
            "assignment",
            "--only",
            "pca,two-layer",
            "--epochs",
            "1",
            "--quiet",
            "--threads",
            threads,
            "--out",
        ];
        let ended = ended(&program(arguments).arg(&out).env("NARROWS_CPU", level).output().unwrap());
        assert_eq!(ended.err, "", "--quiet is silent");
        ended.success();
    }
    for model in ["pca", "two-layer"] {
        let bytes = |threads: &str| {
            fs::read(folder.path().join(threads).join("models").join(model).join("model.safetensors"))
        };
        assert!(bytes("1").unwrap() == bytes("2").unwrap(), "{model} depends on the number of threads");
    }
    // The linear model is kept, the deep one is not: its name is gone from the pairs' strips, the pairs are not.
    let figures = folder.path().join("1/figures");
    assert!(
        figures.join("interpolation-1-7-two-layer.png").is_file() && figures.join("strip-1-7.png").is_file()
    );
}

#[test]
fn a_model_is_trained_from_flags() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("mine");
    let arguments = "train --data mnist --hidden 24,6 --activation silu --output sigmoid --normalisation unit --epochs 2 \
                     --batch-size 500 --optimiser adamw --learning-rate 3e-3 --weight-decay 1e-4 --schedule one_cycle \
                     --initialisation he --seed 7 --test-every 2 --name mine --json --out";
    let summary = ended(&program(arguments.split(' ')).arg(&out).output().unwrap()).json();
    let written: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary, written, "--json prints what the file holds");
    let model = &summary["models"][0];
    assert_eq!(model["name"], "mine");
    assert_eq!(model["description"], "784 → 24 → 6 → 24 → 784, SiLU, sigmoid output");
    let training = &model["training"];
    assert_eq!((training["epochs"].as_u64(), training["batch_size"].as_u64()), (Some(2), Some(500)));
    assert_eq!((training["seed"].as_u64(), training["initialisation"].as_str()), (Some(7), Some("he")));
    assert_eq!(training["optimiser"]["kind"], "adamw");
    assert_eq!(training["optimiser"]["weight_decay"], 1e-4);
    assert_eq!(training["schedule"]["kind"], "one_cycle");
    let history = &model["history"];
    assert!(history[0]["test_loss"].is_null());
    // The test loss of the last epoch is the test error of the finished model.
    assert_eq!(history[1]["test_loss"], model["test"]["model_scale"]);
    // Values in [0, 1] are both scales at once.
    let error = |scale: &str| model["test"][scale].as_f64().unwrap();
    assert!((error("model_scale") / error("unit_scale") - 1.0).abs() < 1e-6);
    let csv = fs::read_to_string(out.join("models/mine/history.csv")).unwrap();
    assert_eq!(csv.lines().next(), Some("epoch,training_loss,test_loss,seconds"));
    assert_eq!(csv.lines().count(), 3);
    narrows!["evaluate", out.join("models/mine")].success();
    assert!(out.join("report.html").is_file());
}

/// Settings that nobody gave are Muon's; a time becomes a number of epochs, with which another run has the same bits.
#[test]
fn a_model_is_trained_by_muon_in_about_the_time_that_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let train = |more: &[&str]| {
        let arguments = ["train", "--data", "mnist", "--hidden", "4", "--name", "small", "--out"];
        let mut call = program(arguments);
        ended(&call.arg(folder.path().join("small")).args(more).output().unwrap())
    };
    let Ended { err, .. } = train(&["--time", "1s"]);
    let summary = fs::read(folder.path().join("small/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
    let training = &summary["models"][0]["training"];
    let epochs = training["epochs"].as_u64().unwrap();
    assert_eq!((training["optimiser"]["kind"].as_str(), epochs > 1), (Some("muon"), true), "{training}");
    assert!(err.contains(&format!("{epochs} epochs: as many as take about 1 s here")), "{err}");
    let model = || fs::read(folder.path().join("small/models/small/model.safetensors")).unwrap();
    let of_time = model();
    // What is there has its number of epochs already, whatever the machine does now.
    train(&["--time", "1s", "--resume"]);
    train(&["--epochs", &epochs.to_string(), "--force"]);
    assert!(model() == of_time);
}

#[test]
fn ways_are_measured_as_the_run_measured_them() {
    let [linear, deep] = ["pca", "three-layer"].map(|name| study().model(name));
    let arguments = ["--measure", "--from-class", "7", "--to-class", "1"];
    let call = |more: &[&str]| {
        let models = [OsString::from("interpolate"), linear.clone().into(), deep.clone().into()];
        called(models.into_iter().chain(arguments.iter().chain(more).map(OsString::from)))
    };
    let quality = call(&["--json"]).json();
    let comparison = &quality["comparisons"][0];
    let of_run = &study().summary["interpolation_quality"]["comparisons"][0];
    // The same judge, the run's, on the same paths.
    assert_eq!(comparison["verdicts"][0]["differences"], of_run["verdicts"][0]["differences"]);
    let names: Vec<&str> =
        comparison["subjects"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["real test images", "pixel blend", "pca", "three-layer"]);
    let ended = call(&[]);
    assert!(!ended.err.contains("training the judge"), "{}", ended.err);
    let tables = ended.success();
    for words in ["judge:", "7↔1, 1000 pairs", "distance to data", "beyond the ends", "three-layer minus pca"]
    {
        assert!(tables.contains(words), "`{words}` is not in {tables}");
    }
}

/// Two seeds: the run of a few models, with their other training and a verdict over both.
#[test]
fn a_verdict_rests_on_the_seeds_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let run = |more: &str| {
        narrows![
            "run",
            "quick",
            "--only",
            "pca,three-layer",
            "--epochs",
            "1",
            "--seed",
            "3",
            "--seeds",
            more,
            "--out",
            &out,
            "--force"
        ]
        .success()
    };
    assert!(run("2").contains("Over 2 training seeds."));
    let of_seed =
        |name: &str, seed: u64| out.join("models").join(name).join(format!("seed-{seed}.safetensors"));
    for name in ["pca", "three-layer"] {
        assert!(of_seed(name, 4).is_file() && !of_seed(name, 3).is_file() && !of_seed(name, 5).is_file());
        let other = narrows!["inspect", of_seed(name, 4), "--json"].success();
        assert!(other.contains("\"seed\": 4"), "{other}");
    }
    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
    for comparison in summary["interpolation_quality"]["comparisons"].as_array().unwrap() {
        assert_eq!(comparison["verdicts"][0]["seeds"], serde_json::json!([3, 4]));
    }
    // A run in its place leaves nothing of it.
    assert!(run("1").contains("on one training seed"));
    assert!(!of_seed("pca", 4).exists());
}

#[test]
fn the_data_is_described() {
    let parts = narrows!["data", "--json"].json();
    for (part, rows, sha256) in [
        // sha256 of the pixels of the published idx files, without their headers.
        (&parts[0], 60_000, "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757"),
        (&parts[1], 10_000, "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"),
    ] {
        assert_eq!((part["rows"].as_u64(), part["features"].as_u64()), (Some(rows), Some(784)));
        assert_eq!((part["image"]["height"].as_u64(), part["image"]["width"].as_u64()), (Some(28), Some(28)));
        assert_eq!((part["least"].as_f64(), part["greatest"].as_f64()), (Some(0.0), Some(255.0)));
        assert_eq!(part["sha256"], sha256);
        let classes = part["classes"].as_array().unwrap();
        assert_eq!(classes.len(), 10);
        assert_eq!(classes.iter().map(|class| class["rows"].as_u64().unwrap()).sum::<u64>(), rows);
    }
    // 0.1307 of 255, as every tutorial on MNIST has it.
    assert!((parts[0]["mean"].as_f64().unwrap() / 255.0 - 0.1307).abs() < 5e-5);
    let rows = narrows!["data", "--rows", "train:1,test#9999", "--json"].json();
    for (row, name, class) in [(&rows["rows"][0], "train:1", "1"), (&rows["rows"][1], "test#9999", "6")] {
        assert_eq!((row["row"].as_str(), row["class"].as_str()), (Some(name), Some(class)));
        let values = row["values"].as_array().unwrap();
        assert_eq!(values.len(), 784);
        assert!(
            values.iter().any(|value| value.as_f64() > Some(250.0)) && values[0] == 0.0,
            "a digit, white on black"
        );
    }
    narrows!["data", "--rows", "train:1"].mistake(&["--json"]);
    let text = narrows!["data", "mnist"].success();
    for words in ["60000 images of 28 × 28 pixels", "10000 images", "0: 5923", "sha256"] {
        assert!(text.contains(words), "`{words}` is not in {text}");
    }
}

#[test]
fn a_printed_experiment_can_be_changed_and_run() {
    let list = narrows!["experiments"].success();
    for name in ["assignment", "quick", "records"] {
        assert!(list.contains(name), "{list}");
        assert!(narrows!["experiments", name].success().contains("[[models]]"));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    fs::write(&file, narrows!["experiments", "quick"].success().replace("epochs = 3", "epochs = 1")).unwrap();
    let mut call = program(["run", "mine.toml", "--only", "pca-tanh", "--json"]);
    let summary = ended(&call.current_dir(folder.path()).output().unwrap()).json();
    assert_eq!(summary["models"][0]["name"], "pca-tanh");
    assert_eq!(summary["models"].as_array().unwrap().len(), 1);
    assert!(folder.path().join("runs/mine/report.html").is_file(), "named after the file");
    assert!(folder.path().join("runs/mine/figures/interpolation-1-7-pca-tanh.png").is_file());
    // What a run writes beside its results can be run again.
    let again = folder.path().join("again");
    narrows!["run", folder.path().join("runs/mine/experiment.toml"), "--out", &again, "--quiet"].success();
    let model = "models/pca-tanh/model.safetensors";
    assert!(
        fs::read(again.join(model)).unwrap()
            == fs::read(folder.path().join("runs/mine").join(model)).unwrap()
    );
}

#[test]
fn completions_and_manual_know_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let script = narrows!["completions", shell].success();
        for command in COMMANDS {
            assert!(script.contains(command), "{command} is not in the completions for {shell}");
        }
    }
    let page = narrows!["man"].success();
    assert!(page.contains(".TH") && COMMANDS.iter().all(|command| page.contains(command)));
    let folder = tempfile::tempdir().unwrap();
    narrows!["man", "--out", folder.path()].success();
    for command in COMMANDS {
        assert!(folder.path().join(format!("narrows-{command}.1")).is_file(), "{command} has no page");
    }
}

#[test]
fn a_reader_who_goes_away_is_no_failure() {
    for arguments in
        [vec!["experiments", "assignment"], vec!["completions", "bash"], vec!["man"], vec!["--help"]]
    {
        let mut child = program(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert!(child.wait().unwrap().success(), "{arguments:?}: {err}");
        assert_eq!(err, "");
    }
    // Errors and progress, too, may find nobody there.
    let mut child = program(["run", "no-such-experiment"]).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(2));
    let folder = tempfile::tempdir().unwrap();
    let mut call = program(["train", "--hidden", "2", "--epochs", "1", "--batch-size", "1000"]);
    let mut child =
        call.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_run_without_interpolation_says_so_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let quick = narrows!["experiments", "quick"].success();
    let (without, _) = quick.split_once("[interpolation]").unwrap();
    fs::write(folder.path().join("mine.toml"), without).unwrap();
    let run = |file: &str, out: &str| {
        let mut call = program(["run", file, "--only", "pca", "--epochs", "1", "--out", out]);
        let ended = ended(&call.current_dir(folder.path()).output().unwrap());
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.err
    };
    let without = run("mine.toml", "without");
    let note = "no [interpolation] in this experiment: images are not interpolated, and no verdict is given";
    assert_eq!(without.lines().nth(2), Some(note), "{without}");
    assert!(
        without.starts_with("Autoencoders and PCA on MNIST, quickly: 1 model to train, 1 epoch in all; ")
    );
    // One model alone is interpolated, but compared with nothing.
    let alone = run("quick", "alone");
    assert!(alone.lines().nth(2).unwrap().starts_with("no verdict on interpolations is given: "), "{alone}");
    for (err, measured) in [(without, false), (alone, true)] {
        assert_eq!(err.contains("measuring interpolations"), measured, "{err}");
    }
}

#[test]
fn sizes_may_stand_in_brackets() {
    for hidden in [&["[24, 6]"][..], &["[24,6]"], &["[24,", "6]"]] {
        let folder = tempfile::tempdir().unwrap();
        let mut call = program(["train", "--hidden"]);
        call.args(hidden).args(["--epochs", "1", "--batch-size", "1000", "--json", "--quiet", "--out"]);
        let summary = ended(&call.arg(folder.path().join("x")).output().unwrap()).json();
        assert_eq!(summary["models"][0]["architecture"]["hidden"], serde_json::json!([24, 6]), "{hidden:?}");
    }
}

#[test]
fn the_documented_experiment_runs_and_answers_its_questions() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/experiments.md");
    let document = fs::read_to_string(document).unwrap();
    let toml = document.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.toml"), toml).unwrap();
    let output = program(["run", "mine.toml", "--epochs", "1"]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let html = fs::read_to_string(folder.path().join("runs/mine/report.html")).unwrap();
    for words in
        ["1. How many latents are enough?", "2. Which model interpolates better?", "wider is not trained out"]
    {
        assert!(html.contains(words), "`{words}` is not in the report");
    }
}
