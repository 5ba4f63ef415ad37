//! The summary of a run, damaged: the report that is made of it is an error, and never a panic.

use std::fs;
use std::path::Path;

use narrows::compute::{Compute, Level};
use narrows::dataset::Parts;
use narrows::experiment::FinishedRun;
use serde_json::{Value, json};

#[path = "../../../../fuzz/made/run.rs"]
mod made;

/// Reads the run with this summary, and makes its report.
fn report(folder: &Path, summary: &[u8], data: &Parts) -> Result<String, String> {
    fs::write(folder.join("summary.json"), summary).unwrap();
    let run = FinishedRun::read(folder).map_err(|error| error.to_string())?;
    let page = run.report(data, &mut Compute::single(Level::detect())).map_err(|error| error.to_string())?;
    Ok(page.html())
}

#[test]
fn a_damaged_summary_is_an_error() {
    let data = made::data();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("damaged-summary");
    made::run(&folder);
    let whole: Value = serde_json::from_slice(&fs::read(folder.join("summary.json")).unwrap()).unwrap();
    assert!(report(&folder, whole.to_string().as_bytes(), &data).unwrap().contains("Small"));
    for (place, value, expected) in [
        // The numbers of TOML, which the report shows the experiment in, end before this one.
        ("/experiment/seed", json!(1_u64 << 63), "at most 9223372036854775807"),
        ("/experiment/interpolation/steps", json!(1_u64 << 40), "expected 2 to 1000"),
        ("/models/0/latent/best/0/row", json!(40), "the test set has 40"),
        ("/models/1/architecture/hidden", json!([]), "in its file"),
    ] {
        let mut damaged = whole.clone();
        *damaged.pointer_mut(place).expect(place) = value;
        let error = report(&folder, damaged.to_string().as_bytes(), &data).unwrap_err();
        assert!(error.contains("summary.json cannot be read") && error.contains(expected), "{error}");
    }
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/summary");
    for file in fs::read_dir(corpus).unwrap() {
        let _ = report(&folder, &fs::read(file.unwrap().path()).unwrap(), &data);
    }
}
