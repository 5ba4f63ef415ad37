//! All rows of data in, codes, reconstructions and scores out: files, the standard input and output, wrong inputs.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use narrows::compute::{Compute, Level};
use narrows::dataset::Samples;
use narrows::dataset::format::{Source, Values, npy};
use narrows::evaluate::anomaly::AnomalyScorer;
use narrows::files::model::{load, load_scorer};
use narrows::model::Autoencoder;

use crate::{ended, narrows, program};

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("rows").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Rows of five columns that follow two numbers; every hundredth has one value that does not fit.
fn rows(count: usize) -> Vec<[f32; 5]> {
    let row = |row: usize| {
        let (x, y) = ((row * 37 % 101) as f32 / 50.0 - 1.0, (row * 53 % 97) as f32 / 48.0 - 1.0);
        let mut values = [x, y, x + y, x - 2.0 * y, 0.5 * x + y];
        if row % 100 == 7 {
            values[row / 100 % 5] += 5.0;
        }
        values
    };
    (0..count).map(row).collect()
}

/// The same as a table with names, classes, and a column of remarks that begins empty and ends as words.
fn table(path: &Path, rows: &[[f32; 5]], hole: Option<usize>) {
    let mut text = "id,a,b,c,d,e,state,remark\n".to_owned();
    for (row, values) in rows.iter().enumerate() {
        write!(text, "M{row:05}").unwrap();
        for (column, value) in values.iter().enumerate() {
            match hole {
                Some(every) if row % every == 3 && column == 2 => text.push(','),
                _ => write!(text, ",{value}").unwrap(),
            }
        }
        let (state, remark) =
            (if row % 100 == 7 { "bad" } else { "good" }, if row + 5 > rows.len() { "seen" } else { "" });
        writeln!(text, ",{state},{remark}").unwrap();
    }
    fs::write(path, text).unwrap();
}

fn array(path: &Path, rows: &[[f32; 5]]) {
    let values = Values::Numbers(rows.as_flattened().to_vec());
    npy::write(path, &[rows.len(), 5], &values).unwrap();
}

/// A model that was trained on such a table.
fn trained(folder: &Path) -> (PathBuf, PathBuf) {
    let (data, run) = (folder.join("sensors.csv"), folder.join("run"));
    table(&data, &rows(1_000), Some(50));
    let flags = [
        "--label",
        "state",
        "--id",
        "id",
        "--drop",
        "remark",
        "--missing",
        "mask",
        "--epochs",
        "20",
        "-q",
        "--out",
    ];
    let mut arguments: Vec<std::ffi::OsString> = vec!["train".into(), "--data".into(), (&data).into()];
    arguments.extend(flags.iter().map(Into::into));
    arguments.push((&run).into());
    crate::called(arguments).success();
    (data, run)
}

fn model(run: &Path) -> (Autoencoder, PathBuf) {
    let path = run.join("models/model/model.safetensors");
    (load(&path).unwrap().0, path)
}

/// The cells of a CSV without quotes, row after row, behind its header.
fn cells(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    (lines.next().unwrap(), lines.collect())
}

fn numbers(rows: &[Vec<String>], columns: std::ops::Range<usize>) -> Vec<f32> {
    let parse = |cell: &String| if cell.is_empty() { f32::NAN } else { cell.parse().unwrap() };
    rows.iter().flat_map(|row| row[columns.clone()].iter().map(parse)).collect()
}

fn read_array(path: &Path) -> (Vec<usize>, Vec<f32>) {
    let array = npy::read(Source::open(path).unwrap(), &Default::default()).unwrap();
    match array.values {
        Values::Numbers(numbers) => (array.shape, numbers),
        other => panic!("{other:?}"),
    }
}

fn samples(model: &Autoencoder, rows: &[[f32; 5]]) -> Samples {
    model.input.rows(rows.as_flattened().to_vec()).unwrap()
}

#[test]
fn codes_go_to_every_format_and_come_back_as_rows() {
    let folder = folder("codes");
    let (_, run) = trained(&folder);
    let (model, _) = model(&run);
    let mut compute = Compute::single(Level::detect());
    let new = rows(3_000);
    let (csv, npy) = (folder.join("new.csv"), folder.join("new.npy"));
    table(&csv, &new, None);
    array(&npy, &new);
    let expected = model.encode(&mut compute, &samples(&model, &new)).unwrap();

    let text = narrows!["encode", &run, "--data", &csv, "--out", "-"].success();
    let (header, lines) = cells(&text);
    assert_eq!(header, ["id", "z1", "z2"]);
    assert_eq!((lines.len(), lines[2_999][0].as_str()), (3_000, "M02999"));
    assert_eq!(numbers(&lines, 1..3), expected, "text gives the same bits back");

    let codes = folder.join("codes.npy");
    let of_array = narrows!["encode", &run, "--data", &npy, "--out", &codes];
    assert!(of_array.err.contains("have no names; they are taken in the model's order"), "{of_array:?}");
    of_array.success();
    assert_eq!(read_array(&codes), (vec![3_000, 2], expected.clone()));

    let decoded = folder.join("decoded.npy");
    narrows!["decode", &run, &codes, "--out", &decoded].success();
    let raw = model.input.raw(&model.decode(&mut compute, &expected).unwrap());
    assert_eq!(read_array(&decoded), (vec![3_000, 5], raw.clone()));
    let named = folder.join("codes.tsv");
    narrows!["encode", &run, "--data", &csv, "--out", &named].success();
    let (header, lines) = cells(&narrows!["decode", &run, &named, "--id", "id", "--out", "-"].success());
    assert_eq!(header, ["id", "a", "b", "c", "d", "e"]);
    assert_eq!(numbers(&lines, 1..6), raw);
    let reconstructed = folder.join("reconstructed.npy");
    narrows!["reconstruct", &run, "--data", &npy, "--out", &reconstructed].success();
    assert_eq!(read_array(&reconstructed).1, raw);
}

#[test]
fn what_is_missing_is_filled_in_and_the_rest_stays_to_the_bit() {
    let folder = folder("filled");
    let (data, run) = trained(&folder);
    let filled = narrows!["reconstruct", &run, "--data", &data, "--fill", "--out", "-"];
    assert!(filled.err.contains("c is missing in 20 of 1,000 rows"), "{filled:?}");
    let (_, lines) = cells(&filled.success());
    for (row, (values, line)) in rows(1_000).iter().zip(&lines).enumerate() {
        let found = numbers(std::slice::from_ref(line), 1..6);
        for column in 0..5 {
            match row % 50 == 3 && column == 2 {
                // What the other columns say it is, which the model has learned.
                true => assert!((found[2] - values[2]).abs() < 0.5 || row % 100 == 7, "row {row}: {found:?}"),
                false => assert_eq!(found[column], values[column], "row {row}"),
            }
        }
    }
}

#[test]
fn scores_are_mean_squared_errors_and_a_threshold_is_kept_in_the_model() {
    let folder = folder("scores");
    let (data, run) = trained(&folder);
    let (model, path) = model(&run);
    let none = narrows!["score", &run, "--data", &data, "--flagged"];
    none.mistake(&["has no threshold", "--contamination 0.01"]);
    let scored = narrows![
        "score",
        &run,
        "--data",
        &data,
        "--contamination",
        "0.02",
        "--normal",
        "good",
        "--reasons",
        "2"
    ];
    for words in
        ["ROC AUC", "exact PCA", "average precision", "which leaves 2 % of the 900 train rows above it"]
    {
        assert!(scored.err.contains(words), "{words}: {}", scored.err);
    }
    let out = scored.success();
    let (header, _) = cells(&out);
    assert_eq!(header, ["id", "score", "percentile", "label", "pca_score", "because"]);
    let scorer: AnomalyScorer = load_scorer(&path).unwrap().unwrap();
    assert_eq!(scorer.contamination(), Some(0.02));

    let mut compute = Compute::single(Level::detect());
    let mut values = rows(1_000);
    (0..1_000).filter(|row| row % 50 == 3).for_each(|row| values[row][2] = f32::NAN);
    let by_feature = model
        .predictor()
        .unwrap()
        .squared_errors_by_feature(&mut compute, &samples(&model, &values))
        .unwrap();
    for (row, (line, errors)) in out.lines().skip(1).zip(by_feature.chunks_exact(5)).enumerate() {
        let there: Vec<f64> =
            errors.iter().filter(|error| !error.is_nan()).map(|&error| f64::from(error)).collect();
        let expected = there.iter().sum::<f64>() / there.len() as f64;
        let cells: Vec<&str> = line.split(',').collect();
        let score: f64 = cells[1].parse().unwrap();
        // Five squares are added in f32.
        assert!((score - expected).abs() <= 1e-6 * expected, "row {row}: {score} for {expected}");
        assert_eq!(cells[3], if scorer.is_anomaly(f64::from(score as f32)) { "1" } else { "0" }, "row {row}");
        if row % 100 == 7 {
            let column = ["a", "b", "c", "d", "e"][row / 100 % 5];
            assert!(
                line.contains(&format!("\"{column} ")) || line.contains(&format!(" {column} ")),
                "{line}"
            );
        }
    }
    // 20 of 1,000 rows, 18 of the 900 that were trained on.
    let flagged = narrows!["score", &run, "--data", &data, "--flagged", "-q"].success();
    let flagged = flagged.lines().count() - 1;
    assert!((12..=28).contains(&flagged), "{flagged}");
    let table = narrows!["score", &run, "--data", &data, "--top", "3", "--reasons", "1"].success();
    assert_eq!(table.lines().count(), 4);
    assert!(table.contains("M00") && table.contains("expected"), "{table}");
    let other = narrows!["score", &run, "--data", &data, "--threshold", "1e9", "--flagged"];
    assert!(
        other.err.contains("0 of 1000 rows (0.00 %) are above the threshold 1.000e9, which was given"),
        "{other:?}"
    );
    assert_eq!(load_scorer(&path).unwrap().unwrap().threshold(), 1e9);
    assert!(load_scorer(&path).unwrap().unwrap().quantiles().is_some(), "percentiles stay");
}

#[test]
fn a_reader_that_stops_early_is_no_failure() {
    let folder = folder("pipe");
    let (_, run) = trained(&folder);
    let many = folder.join("many.csv");
    table(&many, &rows(200_000), None);
    let mut command = program([Path::new("score"), &run, Path::new("--data"), Path::new("-")]);
    command.stdin(fs::File::open(&many).unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.starts_with("id,score"), "{line}");
    drop(reader);
    let ended = ended(&child.wait_with_output().unwrap());
    assert_eq!((ended.code, ended.err.contains("error")), (0, false), "{ended:?}");
}

#[test]
fn rows_are_scored_while_they_arrive_on_the_standard_input() {
    let folder = folder("stream");
    let (data, run) = trained(&folder);
    let file = fs::read(&data).unwrap();
    let mut command = program([
        Path::new("encode"),
        &run,
        Path::new("--data"),
        Path::new("-"),
        Path::new("--out"),
        Path::new("-"),
    ]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(&file));
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    writer.join().unwrap().unwrap();
    assert!(child.wait().unwrap().success());
    let of_file = narrows!["encode", &run, "--data", &data, "--out", "-"].success();
    assert_eq!(out, of_file);
}

#[test]
fn what_does_not_fit_is_said_and_nothing_is_written() {
    let folder = folder("wrong");
    let (data, run) = trained(&folder);
    let out = folder.join("out.csv");
    let wide = folder.join("wide.npy");
    npy::write(&wide, &[2, 7], &Values::Numbers(vec![0.0; 14])).unwrap();
    narrows!["encode", &run, "--data", &wide, "--out", &out].mistake(&["7", "5"]);
    narrows!["decode", &run, &wide, "--out", &out].mistake(&["codes of 7 numbers", "2"]);
    narrows!["decode", &run, &data, "--out", &out].mistake(&["no columns z1, z2"]);
    let renamed = folder.join("renamed.csv");
    fs::write(&renamed, fs::read_to_string(&data).unwrap().replacen(",c,", ",C,", 1)).unwrap();
    narrows!["score", &run, "--data", &renamed, "--out", &out].mistake(&["no column c", "--rename C=c"]);
    narrows!["score", &run, "--data", &renamed, "--rename", "C=c", "--top", "1"].success();
    narrows!["score", &run, "--data", &data, "--contamination", "0.7"].mistake(&["at most 0.5", "0.7"]);
    narrows!["score", &run, "--data", &data, "--threshold", "-1"].mistake(&["at least 0"]);
    narrows!["score", &run, "--data", &data, "--normal", "gut"].failure(2, &["0 normal rows", "gut"]);
    narrows!["score", &run, "--data", &data, "--fit-on", "validation", "--contamination", "0.1"]
        .mistake(&["no validation set"]);
    narrows!["encode", &run, "--data", &data, "--out", "codes.xlsx"].mistake(&[".parquet"]);
    assert!(!out.exists());
    // The error is in a late row: nothing is left, not even a temporary file.
    let broken = folder.join("broken.csv");
    let mut text = fs::read_to_string(&data).unwrap();
    text.push_str("M01000,1,2,three,4,5,good,\n");
    fs::write(&broken, text).unwrap();
    narrows!["encode", &run, "--data", &broken, "--out", &out].mistake(&["broken.csv"]);
    assert!(!out.exists());
    let temporary = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(".narrows-");
    assert_eq!(fs::read_dir(&folder).unwrap().flatten().filter(temporary).count(), 0);
    // What exists is kept.
    fs::write(&out, "mine").unwrap();
    for command in ["encode", "reconstruct", "score"] {
        narrows![command, &run, "--data", &data, "--out", &out].mistake(&["exists already", "--force"]);
    }
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine");
    narrows!["encode", &run, "--data", &data, "--out", &out, "--force"].success();
    assert!(fs::read_to_string(&out).unwrap().starts_with("id,z1,z2"));
    // Half of the rows have no value at all.
    let empty = folder.join("empty.csv");
    fs::write(&empty, "id,a,b,c,d,e\nM1,1,1,1,1,1\nM2,,,,,\n").unwrap();
    let scored = narrows!["score", &run, "--data", &empty];
    assert!(scored.err.contains("1 rows have no value at all"), "{scored:?}");
    assert!(scored.success().lines().nth(2).unwrap().starts_with("M2,,"));
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_file() {
    let folder = folder("memory");
    let (_, run) = trained(&folder);
    let many = folder.join("many.npy");
    // 240 MB.
    let block = rows(1_000);
    let all: Vec<f32> = std::iter::repeat_n(block.as_flattened(), 12_000).flatten().copied().collect();
    npy::write(&many, &[12_000_000, 5], &Values::Numbers(all)).unwrap();
    let mut command = program([
        Path::new("encode"),
        &run,
        Path::new("--data"),
        &many,
        Path::new("--out"),
        &folder.join("codes.npy"),
        Path::new("--threads"),
        Path::new("2"),
    ]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut peak = 0_u64;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok());
        peak = peak.max(kilobytes.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(child.wait().unwrap().success());
    fs::remove_file(&many).unwrap();
    assert!(peak > 5_000, "it was seen: {peak} kB");
    assert!(peak < 120_000, "{peak} kB for a file of 240 MB");
}

#[test]
fn detect_needs_no_labels_and_puts_the_strangest_first() {
    let folder = folder("detect");
    let (data, out) = (folder.join("sensors.csv"), folder.join("found"));
    table(&data, &rows(1_000), Some(50));
    let flags = ["--id", "id", "--drop", "state,remark", "--contamination", "0.01", "--out"];
    let mut arguments: Vec<std::ffi::OsString> = vec!["detect".into(), "--data".into(), (&data).into()];
    arguments.extend(flags.iter().map(Into::into));
    arguments.push((&out).into());
    let ended = crate::called(arguments);
    assert!(ended.err.contains("values are missing, and masked"), "{ended:?}");
    assert!(ended.success().contains("anomalies.html"));
    let anomalies = fs::read_to_string(out.join("anomalies.csv")).unwrap();
    let scores: Vec<f32> =
        anomalies.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect();
    assert!(scores.len() == 1_000 && scores.is_sorted_by(|a, b| a >= b));
    // The ten rows that do not fit are M00007, M00107, …
    let strangest: Vec<&str> = anomalies.lines().skip(1).take(10).map(|line| &line[..6]).collect();
    let right = strangest.iter().filter(|name| name.ends_with("07")).count();
    assert!(right >= 8, "{strangest:?}");
    assert_eq!(fs::read_to_string(out.join("scores.csv")).unwrap().lines().count(), 1_001);
    let page = fs::read_to_string(out.join("anomalies.html")).unwrap();
    assert!(
        page.contains("M00007") && page.contains("expected") && page.contains("<svg")
            || page.contains("svg+xml")
    );
    narrows!["detect", "--data", "-"].mistake(&["twice"]);
    narrows!["detect"].mistake(&["--data"]);
}
