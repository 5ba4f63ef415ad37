//! What users do wrong: exit code 2, and a message that says what was expected, what was found, and what to do.

use std::fs;
use std::path::Path;

use crate::study::study;
use crate::{ended, narrows, program};

#[test]
fn an_unknown_name_brings_the_nearest_known_one() {
    narrows!["run", "asignment"].mistake(&["asignment", "did you mean `assignment`?"]);
    narrows!["run", "something/else.toml"].mistake(&[
        "something/else.toml",
        "no such file",
        "assignment, quick",
    ]);
    narrows!["experiments", "quik"].mistake(&["did you mean `quick`?"]);
    narrows!["rnu", "assignment"].mistake(&["rnu", "'run'"]);
    narrows!["evalaute"].mistake(&["'evaluate'"]);
    narrows!["run", "assignment", "--only", "thre-layer"]
        .mistake(&["did you mean `three-layer`?", "pca-tanh"]);
    narrows!["train", "--hidden", "2", "--data", "mnits"].mistake(&["did you mean `mnist`?"]);
    narrows!["data", "mnits"].mistake(&["did you mean `mnist`?"]);
    narrows!["train", "--hiden", "2"].mistake(&["--hidden"]);
    narrows!["completions", "tcsh"].mistake(&["bash", "zsh", "fish"]);
    let far = narrows!["run", "zebra"].mistake(&["zebra"]);
    assert!(!far.contains("did you mean"), "{far}");
}

#[test]
fn numbers_out_of_range_name_the_flag_and_the_range() {
    for (arguments, says) in [
        ("run assignment --epochs 0", ["--epochs", "at least 1"]),
        ("run assignment --epochs 18446744073709551615", ["epochs", "expected"]),
        ("run assignment --epochs many", ["many", "at least 1"]),
        ("run assignment --threads 0", ["--threads", "from 1 to"]),
        ("run assignment --threads 1000000", ["--threads", "from 1 to"]),
        ("run assignment --seed 18446744073709551615", ["--seed", "9223372036854775807"]),
        ("run assignment --seed -1", ["-1", "--"]),
        ("run assignment --seeds 0", ["--seeds", "1.."]),
        ("run assignment --seeds 2 --only pca", ["several seeds", "same latent size"]),
        ("train --hidden 0", ["--hidden", "at least 1"]),
        ("train --hidden 16,x", ["'x'", "at least 1"]),
        ("train --hidden 16,", ["--hidden", "at least 1"]),
        ("train --hidden 2000000", ["1048576", "2000000"]),
        ("train --hidden 1000000,1000000", ["parameters", "at most"]),
        ("train --hidden 16 --batch-size 0", ["--batch-size", "at least 1"]),
        ("train --hidden 16 --learning-rate -1", ["learning_rate is -1", "at least 0"]),
        ("train --hidden 16 --learning-rate NaN", ["learning_rate is NaN", "at least 0"]),
        ("train --hidden 16 --learning-rate inf", ["learning_rate is inf", "at least 0"]),
        ("train --hidden 16 --weight-decay -1", ["weight_decay is -1", "at least 0"]),
        ("train --hidden 16 --optimiser sgd --momentum -1", ["momentum is -1", "at least 0"]),
        ("train --hidden 16 --schedule cosine --warm-up 2", ["warm_up is 2", "expected"]),
        ("train --hidden 16 --activation rleu", ["rleu", "leaky_relu"]),
        ("train --hidden 16 --name ../escape", ["../escape", "letters"]),
        ("train --hidden [16", ["--hidden", "128,16 or [128, 16]"]),
        ("train --hidden 16 8", ["'16 8'", "128,16 or [128, 16]"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let mut call = program(arguments.split(' '));
        ended(&call.arg("--out").arg(&out).output().unwrap()).mistake(&says);
        assert!(!out.exists(), "{arguments}: a mistake leaves nothing behind");
    }
    let hidden_empty = narrows!["train", "--hidden", ""];
    hidden_empty.mistake(&["--hidden", "at least 1"]);
}

/// Runs an experiment's text; nothing may be left of it.
#[track_caller]
fn wrong_experiment(text: &str, says: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("wrong.toml"), text).unwrap();
    let call = program(["run", "wrong.toml"]).current_dir(folder.path()).output().unwrap();
    ended(&call).mistake(says);
    assert!(!folder.path().join("runs").exists(), "a mistake leaves nothing behind");
}

#[test]
fn a_wrong_experiment_is_told_by_line() {
    let good = narrows!["experiments", "quick"].success();
    let line = 1 + good.lines().position(|line| line.starts_with("epochs")).unwrap();
    let at = format!("line {line}");
    let replaced = |line: &str| good.replacen("epochs = 3", line, 1);
    wrong_experiment(&replaced("epochs = = 3"), &["wrong.toml", &at]);
    wrong_experiment(
        &replaced("epoch = 3"),
        &["wrong.toml", &at, "unknown field `epoch`", "`epochs`", "`batch_size`"],
    );
    wrong_experiment(&replaced("epochs = \"3\""), &[&at, "expected usize"]);
    wrong_experiment(&replaced("epochs = -1"), &[&at, "-1"]);
    wrong_experiment(&replaced("epochs = 0"), &["wrong.toml", "epochs is 0", "at least 1"]);
    wrong_experiment(&good.replace("learning_rate = 2e-2", "learning_rate = nan"), &["learning_rate is NaN"]);
    wrong_experiment(
        &good.replace("learning_rate = 2e-2", "lr = 2e-2"),
        &["unknown field `lr`", "learning_rate", "line"],
    );
    wrong_experiment(&good.replace("kind = \"muon\"", "kind = \"moun\""), &["moun", "muon", "line"]);
    wrong_experiment(
        &good.replacen("batch_size = 256", "batch_size = 0", 1),
        &["batch_size is 0", "at least 1"],
    );
    wrong_experiment(
        &good.replace("hidden = [32, 16]", "hidden = []"),
        &["two-layer", "at least one hidden size"],
    );
    wrong_experiment(&good.replace("hidden = [32, 16]", "hidden = [32, 0]"), &["two-layer", "0 was given"]);
    let exact = |settings: &str| {
        let of_pca = "output = \"linear\"\nepochs = 5\nbatch_size = 64";
        good.replacen(of_pca, &format!("kind = \"pca-exact\"\n{settings}"), 1)
    };
    wrong_experiment(&exact("epochs = 3"), &["model `pca`", "`epochs`", "remove it"]);
    wrong_experiment(&exact("output = \"tanh\""), &["model `pca`", "`output`"]);
    wrong_experiment(&exact("").replacen("hidden = [16]", "hidden = [32, 16]", 1), &["[32, 16]", "one size"]);
    wrong_experiment(&exact("").replacen("hidden = [16]", "hidden = [785]", 1), &["785", "784 principal"]);
    wrong_experiment(&exact("").replace("pca-exact", "pca-exat"), &["pca-exat", "`pca-exact`", "line"]);
    wrong_experiment(&good.replace("\"pca-tanh\"", "\"pca\""), &["`pca`", "differ"]);
    wrong_experiment(&good.replace("\"pca-tanh\"", "\"a/b\""), &["`a/b`", "letters"]);
    wrong_experiment(&good.replace("\"train:7\"", "\"train:7:0\""), &["train:7:0", "test:7:3", "line"]);
    wrong_experiment(&good.replace("\"train:7\"", "\"train:seven\""), &["class seven", "0 to 9"]);
    wrong_experiment(&good.replace("\"train:7\"", "\"train:7:60000\""), &["train:7:60000", "6265"]);
    wrong_experiment(&good.replace("\"train:7\"", "\"test#10000\""), &["test#10000", "10000"]);
    wrong_experiment(&good.replace("steps = 10", "steps = 1"), &["steps is 1", "2 to 1000"]);
    wrong_experiment(
        &good.replace("deep = \"three-layer\"", "deep = \"four-layer\""),
        &["four-layer", "three-layer"],
    );
    wrong_experiment(
        &good.replace("data = \"mnist\"", "data = \"minst\""),
        &["minst", "did you mean `mnist`?"],
    );
    wrong_experiment("title = \"none\"\ndata = \"mnist\"\nmodels = []\n", &["at least one [[models]]"]);
    wrong_experiment("", &["wrong.toml", "title"]);
    wrong_experiment("\u{0}\u{1}", &["wrong.toml", "line 1"]);
    let folder = tempfile::tempdir().unwrap();
    narrows!["run", folder.path()].mistake(&["cannot be read"]);
    let binary = folder.path().join("binary.toml");
    fs::write(&binary, [0xff, 0xfe, 0x00]).unwrap();
    narrows!["run", &binary].mistake(&["binary.toml", "UTF-8"]);
}

#[test]
fn a_folder_that_holds_something_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let run = |out: &Path, force: bool| {
        let mut call = program(["run", "quick", "--only", "pca", "--epochs", "1", "--quiet", "--out"]);
        call.arg(out);
        ended(&call.args(force.then_some("--force")).output().unwrap())
    };

    // Another run: refused without --force. Its files are replaced with it, and only its own.
    let out = folder.path().join("run");
    run(&out, false).success();
    let summary = fs::read(out.join("summary.json")).unwrap();
    run(&out, false).mistake(&["already holds a run", "--out", "--force"]);
    assert_eq!(fs::read(out.join("summary.json")).unwrap(), summary);
    fs::write(out.join("models/pca/notes.txt"), "mine").unwrap();
    fs::create_dir(out.join("models/gone")).unwrap();
    fs::write(out.join("models/gone/model.safetensors"), "of the run before").unwrap();
    run(&out, true).success();
    assert_ne!(fs::read(out.join("summary.json")).unwrap(), summary);
    assert_eq!(fs::read(out.join("models/pca/notes.txt")).unwrap(), b"mine");
    assert!(!out.join("models/gone").exists());
    // A mistake that is found before training costs no earlier run.
    let summary = fs::read(out.join("summary.json")).unwrap();
    let wrong = folder.path().join("wrong.toml");
    fs::write(&wrong, narrows!["experiments", "quick"].success().replace("train:7", "train#60000")).unwrap();
    narrows!["run", &wrong, "--out", &out, "--force"].mistake(&["train#60000"]);
    assert_eq!(fs::read(out.join("summary.json")).unwrap(), summary);

    // Something else, even with an experiment of the user's own.
    let other = folder.path().join("other");
    fs::create_dir_all(other.join("figures")).unwrap();
    fs::write(other.join("figures/mine.png"), "mine").unwrap();
    for force in [false, true] {
        run(&other, force).mistake(&["holds no run of narrows", "--out"]);
    }
    fs::write(other.join("experiment.toml"), narrows!["experiments", "quick"].success()).unwrap();
    for force in [false, true] {
        run(&other, force).mistake(&["holds no run of narrows"]);
    }
    assert_eq!(fs::read(other.join("figures/mine.png")).unwrap(), b"mine");

    // No folder at all.
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    for force in [false, true] {
        run(&file, force).mistake(&["cannot be a run directory", "--out"]);
        run(&file.join("below"), force).mistake(&["cannot be a run directory"]);
    }
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[cfg(target_os = "linux")]
#[test]
fn a_place_that_cannot_be_written_is_told_before_training() {
    // Not even the superuser can make a folder here.
    narrows!["run", "quick", "--out", "/proc/narrows"]
        .mistake(&["/proc/narrows", "cannot be a run directory"]);
    let model = study().model("pca");
    narrows!["reconstruct", &model, "--out", "/proc/a.png"].failure(1, &["/proc/a.png", "cannot be written"]);
    narrows!["interpolate", &model, "--from", "1", "--to", "7", "--out", "/proc/a.png"]
        .failure(1, &["/proc/a.png"]);
    narrows!["man", "--out", "/proc/man"].failure(1, &["/proc/man", "cannot be written"]);
}

#[test]
fn an_unknown_instruction_set_is_told_with_those_there_are() {
    for arguments in [vec!["run", "quick"], vec!["--version", "--verbose"], vec!["train", "--hidden", "2"]] {
        let folder = tempfile::tempdir().unwrap();
        let call =
            program(&arguments).env("NARROWS_CPU", "nonsense").current_dir(folder.path()).output().unwrap();
        ended(&call).mistake(&["NARROWS_CPU", "nonsense", "scalar"]);
        assert!(!folder.path().join("runs").exists());
    }
}

#[test]
fn rows_that_are_not_there_are_told() {
    let model = study().model("pca");
    let way = |from: &str, to: &str| {
        narrows!["interpolate", &model, "--from", from, "--to", to, "--out", "never.png"]
    };
    way("7:0", "1").mistake(&["--from", "7:0", "test:7:3"]);
    way("seven", "1").mistake(&["no class seven in mnist (train)", "its classes are 0 to 9"]);
    way("1", "12").mistake(&["no class 12 in mnist (train)", "its classes are 0 to 9"]);
    narrows!["encode", &model, "--rows", "test:10"].mistake(&["no class 10 in mnist (test)", "0 to 9"]);
    narrows!["encode", &model].mistake(&["--rows"]);
    way("1", "test:7:5000").mistake(&["test:7:5000", "1028"]);
    way("1", "test#10000").mistake(&["test#10000", "10000"]);
    narrows!["reconstruct", &model, "--rows", "train#60000", "--out", "never.png"]
        .mistake(&["train#60000", "60000"]);
    narrows!["interpolate", &model, "--from", "1", "--to", "7", "--steps", "1"]
        .mistake(&["--steps", "2..=1000"]);
    assert!(!Path::new("never.png").exists());
}

#[test]
fn measuring_and_drawing_are_not_mixed_up() {
    let model = study().model("pca");
    let folder = model.parent().unwrap();
    narrows!["interpolate", folder].mistake(&["--from"]);
    narrows!["interpolate", folder, "--from", "1", "--to", "7", "--measure"].mistake(&["--measure"]);
    narrows!["interpolate", folder, "--from", "1", "--to", "7", "--json", "--out", "a.png"]
        .mistake(&["--out", "--json"]);
    narrows!["interpolate", folder, "--measure", "--from-class", "1"].mistake(&["--to-class"]);
    narrows!["interpolate", folder, "--measure", "--from-class", "1", "--to-class", "12"]
        .mistake(&["no class 12 in mnist (test)", "0 to 9"]);
    narrows!["interpolate", folder, "--measure", "--from-class", "11", "--to-class", "1"]
        .mistake(&["no class 11 in mnist (test)", "0 to 9"]);
}

#[test]
fn a_loss_that_is_no_number_stops_the_model_with_its_last_good_state() {
    let folder = tempfile::tempdir().unwrap();
    let train = |name: &str, rate: &str| {
        let mut call = program(
            "train --hidden 8 --output linear --optimiser sgd --epochs 3 --batch-size 600".split(' '),
        );
        call.args(["--learning-rate", rate, "--name", name, "--quiet", "--out"])
            .arg(folder.path().join(name));
        ended(&call.output().unwrap())
    };
    let says = train("huge", "1e30")
        .failure(1, &["model `huge` diverged in step ", "of epoch 1", "lower learning rate"]);
    assert!(says.contains("models"), "{says}");
    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("huge/summary.json")).unwrap()).unwrap();
    assert_eq!(summary["models"], serde_json::json!([]));
    assert_eq!(summary["models_without_epoch"][0]["name"], "huge");
    // The last good state is the one before the first step.
    let model = narrows!["inspect", folder.path().join("huge/models/huge"), "--json"].json();
    assert_eq!(model["models"][0]["provenance"]["epochs"], 0);
    narrows!["evaluate", folder.path().join("huge/models/huge")].success();
    let csv = fs::read_to_string(folder.path().join("huge/models/huge/history.csv")).unwrap();
    assert_eq!(csv, "epoch,training_loss,seconds\n");
}
