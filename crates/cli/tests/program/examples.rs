//! The worked examples of docs/data.md: each command that stands there, in the order of the page, on less of the same data.

#[path = "../../../narrows/examples/own_data/generate.rs"]
mod generate;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::{Ended, ended, program};
use generate::{Amount, write};

/// A folder with the data of the examples where their commands look for it.
pub fn data(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("examples").join(name);
    let _ = fs::remove_dir_all(&folder);
    let amount = Amount { pictures_of_a_class: 30, machines: 300, signals: 4_000 };
    write(&folder.join("examples"), &amount).unwrap();
    folder
}

/// The commands of a worked example: the lines of its blocks that begin with `$ narrows`.
fn commands(heading: &str) -> Vec<Vec<String>> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/data.md")).unwrap();
    let section = page.split("\n### ").find(|section| section.starts_with(heading)).unwrap();
    let lines = section.lines().filter_map(|line| line.strip_prefix("$ narrows "));
    lines.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

/// As printed, but for the memory and the epochs, which are those of less data.
fn smaller(command: &[String]) -> Vec<String> {
    let mut smaller = command.to_vec();
    for place in 1..smaller.len() {
        if smaller[place - 1] == "--memory" {
            smaller[place] = "1MB".to_owned();
        }
    }
    let says_epochs = command.iter().any(|word| word == "--epochs");
    if command[0] == "train" && !says_epochs {
        smaller.extend(["--epochs", "2"].map(str::to_owned));
    }
    smaller
}

/// What each command printed; all must succeed, and those that name a picture must have written it.
#[track_caller]
fn run(folder: &Path, heading: &str) -> Vec<Ended> {
    let commands = commands(heading);
    assert!(commands.len() >= 3, "{heading} has its commands: {commands:?}");
    let run_one = |command: &Vec<String>| {
        let output = program(smaller(command)).current_dir(folder).stdin(Stdio::null()).output().unwrap();
        let ended = ended(&output);
        assert_eq!(ended.code, 0, "{command:?}: {ended:?}");
        if let Some(place) = command.iter().position(|word| word == "--out") {
            let written = fs::metadata(folder.join(&command[place + 1])).unwrap();
            assert!(written.is_dir() || written.len() > 100, "{command:?}");
        }
        ended
    };
    commands.iter().map(run_one).collect()
}

#[test]
fn a_folder_of_colour_images() {
    let folder = data("landscapes");
    let ran = run(&folder, "A folder of colour images");
    assert!(ran.iter().any(|one| one.out.contains("90 images in colour of 32 × 32 pixels")), "{ran:?}");
    assert!(folder.join("runs/landscapes/report.html").is_file());
}

#[test]
fn a_csv_with_missing_values_and_classes() {
    let folder = data("machines");
    let ran = run(&folder, "A CSV with missing values and classes");
    assert!(ran.iter().any(|one| one.out.contains("values are missing")), "{ran:?}");
    assert!(ran.iter().any(|one| one.err.contains("each class by its share")), "{ran:?}");
}

#[test]
fn an_npy_larger_than_memory() {
    let folder = data("signals");
    let ran = run(&folder, "An NPY larger than memory");
    let stays = ran.iter().filter(|one| one.err.contains("they stay in the file")).count();
    assert!(stays >= 2, "{ran:?}");
}
