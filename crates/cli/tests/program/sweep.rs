//! `narrows sweep`: what it trains is what `narrows train` trains, and it goes on where it was left.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::{narrows, program};

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
            files.insert(name, fs::read(&path).unwrap());
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
    assert_eq!(checkpoints, 2, "only the models of the two seeds stay");
}

#[test]
fn a_sweep_that_is_killed_goes_on_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    let data = table(folder.path());
    let undisturbed = folder.path().join("undisturbed");
    let start = std::time::Instant::now();
    crate::called(sweep(&data, &undisturbed, "60")).success();
    let whole = start.elapsed();
    let out = folder.path().join("killed");
    let mut arguments = sweep(&data, &out, "60");
    arguments.extend(["--checkpoint-every", "1", "--resume"].map(OsString::from));
    let mut killed = 0;
    for part in [0.2, 0.35, 0.5, 0.65] {
        let mut child = program(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole.mul_f64(part).min(Duration::from_secs(60)));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            killed += 1;
        }
        child.wait().unwrap();
    }
    assert!(killed > 0, "every run ended before it was killed");
    crate::called(&arguments).success();
    let (found, expected) = (results(&out), results(&undisturbed));
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, bytes) in &expected {
        assert!(found[name] == *bytes, "{name} differs");
    }
    crate::called(sweep(&data, &out, "60")).mistake(&["already holds a run", "--resume", "--force"]);
    let mut other = sweep(&data, &out, "61");
    other.push("--resume".into());
    crate::called(other).mistake(&["another experiment"]);
    let mut anew = sweep(&data, &out, "2");
    anew.push("--force".into());
    crate::called(anew).success();
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
    refused(&["--validation-share", "0"], &["validation_share = 0.1"]);
}
