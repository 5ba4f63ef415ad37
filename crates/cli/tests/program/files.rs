//! Files that are something else than they should be, two runs into one folder, and disks that take no more.
#![cfg(unix)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{Ended, ended, narrows, program};

/// Far more than it takes to see what a file is, on a machine that is busy; far less than to read ten gigabytes.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Small data, models and runs: golden/README.md says what they are.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/files").join(name)
}

/// What is no file, or none that is meant: by name, with what is said of it.
struct Strangers {
    folder: TempDir,
}

impl Strangers {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        fs::create_dir(at("folder")).unwrap();
        File::create(at("sparse")).unwrap().set_len(10_000_000_000).unwrap();
        symlink("/dev/zero", at("zero")).unwrap();
        Self { folder }
    }

    /// Does something with each of them that must be a mistake, soon.
    fn each(&self, says: [&str; 4], call: impl Fn(&Path) -> Ended) {
        for (name, words) in ["zero", "pipe", "folder", "sparse"].into_iter().zip(says) {
            let start = Instant::now();
            call(&self.folder.path().join(name)).mistake(&[words]);
            assert!(start.elapsed() < AT_ONCE, "{name} took {:?}", start.elapsed());
        }
    }
}

/// A copy of the small run, in which one file is exchanged.
fn run_with(file: &str, stranger: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    let status = Command::new("cp").arg("-r").arg(golden("run")).arg(copy.path()).status().unwrap();
    assert!(status.success());
    let path = copy.path().join("run").join(file);
    fs::remove_file(&path).unwrap();
    symlink(stranger, path).unwrap();
    copy
}

/// A page of something that was trained on the small images.
fn page(what: &Path, out: &Path) -> Ended {
    let mut call = program(["page"]);
    // Where the images are found by the path that the run knows.
    ended(&call.arg(what).arg("--out").arg(out).current_dir(golden(".")).output().unwrap())
}

const KINDS: [&str; 3] = ["this is a device", "this is a pipe", "this is a folder"];

#[test]
fn a_model_that_is_no_file_is_refused_at_once() {
    let [device, pipe, _] = KINDS;
    // A folder is looked into for a model.
    Strangers::new().each([device, pipe, "model.safetensors", "no whole safetensors file"], |path| {
        narrows!["inspect", path]
    });
}

#[test]
fn an_experiment_that_is_no_file_is_refused_at_once() {
    let [device, pipe, folder] = KINDS;
    Strangers::new().each([device, pipe, folder, "larger than"], |path| narrows!["run", path]);
}

#[test]
fn a_split_that_is_no_file_is_refused_at_once() {
    let out = tempfile::tempdir().unwrap();
    let [device, pipe, folder] = KINDS;
    Strangers::new().each([device, pipe, folder, "larger than"], |path| {
        let out = out.path().join("out");
        narrows![
            "train",
            "--data",
            golden("sensors.csv"),
            "--label",
            "state",
            "--missing",
            "mean",
            "--split",
            path,
            "--out",
            out
        ]
    });
}

#[test]
fn data_that_is_no_file_is_refused_at_once() {
    let [device, pipe, _] = KINDS;
    Strangers::new().each([device, pipe, "folder", "sparse"], |path| narrows!["data", path]);
}

#[test]
fn a_run_of_which_a_file_is_none_is_refused_at_once() {
    let [device, pipe, folder] = KINDS;
    for (file, sparse) in [
        ("summary.json", "larger than"),
        ("judge.safetensors", "no whole safetensors file"),
        ("models/deep/model.safetensors", "no whole safetensors file"),
        ("models/deep/snapshots.safetensors", "no whole safetensors file"),
    ] {
        Strangers::new().each([device, pipe, folder, sparse], |path| {
            let copy = run_with(file, path);
            let page_file = copy.path().join("page.html");
            page(&copy.path().join("run"), &page_file)
        });
    }
}

#[test]
fn a_history_that_is_no_file_is_no_history() {
    let strangers = Strangers::new();
    for name in ["zero", "pipe", "folder", "sparse"] {
        let copy = run_with("models/deep/history.csv", &strangers.folder.path().join(name));
        let page_file = copy.path().join("page.html");
        let model = copy.path().join("run/models/deep");
        page(&model, &page_file).success();
        assert!(page_file.is_file());
    }
}

/// A training that does not end by itself, which has begun.
fn endless(out: &Path) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut child = program([
        "train",
        "--hidden",
        "256,64,2",
        "--epochs",
        "1000000",
        "--label",
        "state",
        "--missing",
        "mean",
        "--data",
    ])
    .arg(golden("sensors.csv"))
    .arg("--out")
    .arg(out)
    .stdout(Stdio::null())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    assert!(err.read_line(&mut String::new()).unwrap() > 0, "it says that it begins");
    (child, err)
}

fn short(out: &Path, force: bool) -> Ended {
    let mut call =
        program(["train", "--epochs", "1", "--quiet", "--label", "state", "--missing", "mean", "--data"]);
    call.arg(golden("sensors.csv")).arg("--out").arg(out).args(force.then_some("--force"));
    ended(&call.output().unwrap())
}

#[test]
fn two_runs_into_one_folder_are_refused_and_a_killed_one_leaves_it_free() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let (mut first, _err) = endless(&out);
    let experiment = fs::read(out.join("experiment.toml")).unwrap();
    for force in [false, true] {
        short(&out, force).mistake(&["another narrows is running into", "--out"]);
    }
    assert_eq!(fs::read(out.join("experiment.toml")).unwrap(), experiment, "the first run is not disturbed");
    // Another folder is free.
    short(&folder.path().join("other"), false).success();
    // SIGKILL: the run has no chance to tidy up.
    first.kill().unwrap();
    first.wait().unwrap();
    let mut names: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    // What it had begun, and maybe what it was writing.
    names.retain(|name| name != "models" && !name.to_string_lossy().ends_with(".tmp"));
    names.sort();
    assert_eq!(
        names,
        ["experiment.toml", "split.json"].map(std::ffi::OsString::from),
        "no lock stays behind"
    );
    short(&out, false).mistake(&["already holds a run", "--force"]);
    short(&out, true).success();
}

#[test]
fn what_a_killed_run_was_writing_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    short(&out, false).success();
    let left = [".narrows-a1B2c3.tmp", "models/model/.narrows-a1B2c3.tmp", "figures/.narrows-a1B2c3.tmp"];
    for file in left {
        fs::write(out.join(file), "half").unwrap();
    }
    short(&out, true).success();
    for file in left {
        assert!(!out.join(file).exists(), "{file}");
    }
    // One that was killed before its first file was whole holds nothing.
    let begun = folder.path().join("begun");
    fs::create_dir(&begun).unwrap();
    fs::write(begun.join(left[0]), "half").unwrap();
    short(&begun, false).success();
    assert!(!begun.join(left[0]).exists());
}

/// The small run of images, long enough for something to happen to its folder meanwhile; `obstacle` says what does.
fn disturbed(out: &Path, obstacle: impl FnOnce(&Path)) -> Ended {
    let mut call = program(["run", "bars.toml", "--epochs", "3000", "--seeds", "2", "--out"]);
    let mut child =
        call.arg(out).current_dir(golden(".")).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    // Said when the folder is there and its first files are.
    while !said.contains("models to train") {
        assert!(err.read_line(&mut said).unwrap() > 0, "it ended: {said}");
    }
    obstacle(out);
    std::io::Read::read_to_string(&mut err, &mut said).unwrap();
    let output = child.wait_with_output().unwrap();
    ended(&std::process::Output { stderr: said.into_bytes(), ..output })
}

/// All that is there is whole: what was finished before something could not be written is kept.
fn is_whole(out: &Path) {
    for entry in fs::read_dir(out.join("models")).unwrap() {
        let model = entry.unwrap().path().join("model.safetensors");
        if model.is_file() {
            let mut call = program(["evaluate"]);
            ended(&call.arg(model).current_dir(golden(".")).output().unwrap()).success();
        }
    }
    if let Ok(summary) = fs::read(out.join("summary.json")) {
        serde_json::from_slice::<serde_json::Value>(&summary).unwrap();
    }
    let left = Command::new("find").arg(out).args(["-name", ".narrows-*"]).output().unwrap();
    assert_eq!(String::from_utf8(left.stdout).unwrap(), "", "nothing half-written is left");
}

/// A folder in the place of a file fails its writing, for the superuser too.
#[test]
fn every_kind_of_file_that_cannot_be_written_is_told_by_its_path_and_the_finished_is_kept() {
    for (file, kept) in [
        ("models/deep/model.safetensors", "experiment.toml"),
        ("models/deep/history.csv", "models/deep/model.safetensors"),
        ("models/deep/snapshots.safetensors", "experiment.toml"),
        ("models/deep/seed-2.safetensors", "split.json"),
        ("summary.json", "split.json"),
        ("judge.safetensors", "summary.json"),
        ("figures/strip-down-across.png", "summary.json"),
        ("figures/curves.svg", "summary.json"),
        ("report.html", "figures/curves.svg"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("run");
        let ended = disturbed(&out, |out| fs::create_dir_all(out.join(file)).unwrap());
        let err = ended.failure(1, &[file, "cannot be written", "this is a folder"]);
        let sentences: Vec<&str> = err.lines().filter(|line| line.starts_with("error:")).collect();
        assert_eq!(sentences.len(), 1, "{err}");
        assert!(out.join(kept).is_file(), "{file}: {kept} is not there");
        is_whole(&out);
    }
}

/// With the first error the run ends, and what other models have learned until then is kept for going on.
#[test]
fn a_model_that_cannot_be_written_stops_the_others_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("two.toml"), folder.path().join("run"));
    let text = format!(
        "title = 'Two'\nnormalisation = 'standard'\n[data]\npath = {:?}\nlabel = 'state'\nmissing = 'mean'\n\
         [[models]]\nname = 'short'\nhidden = [2]\nepochs = 3000\n[[models]]\nname = 'endless'\nhidden = [2]\nepochs = 1000000\n",
        golden("sensors.csv").display().to_string()
    );
    fs::write(&file, text).unwrap();
    let mut call = program(["run", "--threads", "2", "--out"]);
    let mut child = call.arg(&out).arg(&file).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("models to train") {
        assert!(err.read_line(&mut said).unwrap() > 0, "it ended: {said}");
    }
    fs::create_dir_all(out.join("models/short/model.safetensors")).unwrap();
    let start = Instant::now();
    std::io::Read::read_to_string(&mut err, &mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{said}");
    assert!(start.elapsed().as_secs() < 120, "a million epochs were waited for");
    assert!(said.contains("short/model.safetensors") && said.contains("cannot be written"), "{said}");
    assert!(out.join("models/endless/checkpoint.safetensors").is_file());
}

/// A run whose files may not be longer than so many kilobytes, as if the disk were full then.
fn with_room_for(kilobytes: usize, out: &Path, arguments: &str) -> Ended {
    // Without this the system ends a program that writes beyond the limit by a signal.
    let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" {arguments} --quiet --out \"$1\"");
    let output = Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_narrows")])
        .arg(out)
        .current_dir(golden("."))
        .output()
        .unwrap();
    ended(&output)
}

#[test]
fn a_disk_that_takes_no_more_is_told_once_and_the_finished_is_kept() {
    for (kilobytes, file) in [
        (0, "experiment.toml"),
        (1, "checkpoint.safetensors"),
        (8, "summary.json"),
        (60, ".png"),
        (120, "report.html"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("run");
        let err = with_room_for(kilobytes, &out, "run bars.toml").failure(1, &[file, "cannot be written"]);
        assert_eq!(err.lines().count(), 1, "{kilobytes} kB: {err}");
        if kilobytes > 0 {
            is_whole(&out);
            // With room again it goes on.
            let mut call = program(["run", "bars.toml", "--resume", "--quiet", "--out"]);
            ended(&call.arg(&out).current_dir(golden(".")).output().unwrap()).success();
            assert!(out.join("report.html").is_file());
        }
    }
}

#[test]
fn a_split_that_does_not_fit_on_the_disk_is_told_before_anything_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("many.csv");
    let rows: String = (0..8000).map(|row| format!("{},{}\n", row % 97, row % 89)).collect();
    fs::write(&data, format!("a,b\n{rows}")).unwrap();
    let out = folder.path().join("run");
    let arguments = format!("train --hidden 1 --data '{}'", data.display());
    with_room_for(2, &out, &arguments).failure(1, &["split.json", "cannot be written"]);
    assert!(!out.join("models").exists());
}

#[test]
fn a_full_standard_output_and_a_device_to_write_to_are_told() {
    if let Ok(full) = File::options().write(true).open("/dev/full") {
        let output = program(["experiments"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
        ended(&output).failure(1, &["standard output cannot be written"]);
    }
    let model = golden("run/models/deep");
    page(&model, Path::new("/dev/null")).failure(1, &["/dev/null", "this is a device"]);
    assert!(!fs::metadata("/dev/null").unwrap().is_file(), "the device is still one");
}

#[test]
fn a_run_that_no_machine_has_the_memory_for_is_refused_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let model = |index: usize| format!("[[models]]\nname = \"m{index}\"\nhidden = [600000]\n");
    let models: String = (0..64).map(model).collect();
    let toml = format!("title = \"huge\"\ndata = \"mnist\"\n{models}");
    fs::write(folder.path().join("huge.toml"), toml).unwrap();
    let start = Instant::now();
    let call = program(["run", "huge.toml", "--threads", "64"]).current_dir(folder.path()).output().unwrap();
    ended(&call).mistake(&[
        "GB of memory for 64 models at a time",
        "`m0`, with 941400784 parameters",
        "smaller hidden sizes",
    ]);
    assert!(start.elapsed() < 2 * AT_ONCE, "{:?}", start.elapsed());
    assert!(!folder.path().join("runs").exists());
}

/// A thread has a stack of 2 MB: 1024 of them have no room here.
#[cfg(target_os = "linux")]
#[test]
fn threads_that_the_system_does_not_give_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let train = "train --hidden 2 --epochs 1 --label state --missing mean --data sensors.csv --threads 1024";
    let evaluate = "evaluate run/models/deep --data bars.csv --threads 1024";
    for (arguments, out) in [(train, " --out \"$1\""), (evaluate, "")] {
        let script = format!("ulimit -v 1500000; exec \"$0\" {arguments}{out}");
        let output = Command::new("bash")
            .args(["-c", &script, env!("CARGO_BIN_EXE_narrows")])
            .arg(folder.path().join("run"))
            .current_dir(golden("."))
            .output()
            .unwrap();
        ended(&output).mistake(&["the system does not give 1024 threads", "use fewer"]);
    }
}

#[test]
fn a_model_of_a_later_narrows_is_used_and_what_is_unknown_is_shown() {
    let model = |name: &str| golden(&format!("model-later{name}.safetensors"));
    let more = narrows!["inspect", model("")].success();
    for words in
        ["narrows 9.1.0", "5 of 5 epochs", "unknown to this narrows", "\"averaging\":20", "CC-BY-4.0"]
    {
        assert!(more.contains(words), "`{words}` is not in {more}");
    }
    let optimiser = narrows!["inspect", model("-optimiser")].success();
    for words in ["trained: 5 epochs, in a way that this narrows does not know", "\"kind\":\"muon\""] {
        assert!(optimiser.contains(words), "`{words}` is not in {optimiser}");
    }
    assert_eq!(
        narrows!["inspect", model(""), "--json"].json()["models"][0]["provenance"]["training"]["averaging"],
        20
    );
    let error = |path: PathBuf| {
        let mut call = program(["evaluate", "--json"]);
        let evaluation = ended(&call.arg(path).current_dir(golden(".")).output().unwrap()).json();
        evaluation["models"][0]["parts"][0]["error"].clone()
    };
    let today = error(golden("model-version-2.safetensors"));
    assert!(today["model_scale"].is_number(), "{today}");
    assert_eq!(error(model("")), today);
    assert_eq!(error(model("-optimiser")), today);
    for command in ["inspect", "evaluate"] {
        narrows![command, model("-refused")].mistake(&["`input.schema.units`", "install a newer narrows"]);
    }
}
