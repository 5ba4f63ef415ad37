//! Every file of `golden/data` and `fuzz/corpus`, whole and damaged in many ways: readers end with a result or an error, and never panic.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use narrows::dataset::format::{Format, FormatError, Limits, Source, csv, idx, npy};
use narrows::dataset::{RowName, Split};
use narrows::files::state_dict::{self, Activations};
use narrows::files::{judge, model, onnx};

/// Reads a source with the reader of its format.
pub fn read(source: Source, limits: &Limits) -> Result<(), FormatError> {
    match source.format() {
        Format::Idx => idx::read(source, limits).map(drop),
        Format::Npy => npy::read(source, limits).map(drop),
        Format::Npz => {
            let mut archive = npy::Archive::open(source, limits)?;
            let names = archive.names().to_vec();
            names.iter().try_for_each(|name| archive.read(name, limits).map(drop))?;
            archive.choose().map(drop)
        }
        Format::Csv => csv::read(source, &csv::Options::default(), limits, NonZeroUsize::MIN).map(drop),
        #[cfg(feature = "parquet")]
        Format::Parquet => narrows::dataset::format::parquet::read(source, limits).map(drop),
        #[cfg(feature = "images")]
        Format::Image => {
            use narrows::dataset::format::images;
            images::read_one(source, &images::Options::default(), limits).map(drop)
        }
        _ => Ok(()),
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Reads bytes by every reader there is: of data, of models, of texts.
fn read_by_all(bytes: Vec<u8>) {
    let _ = model::from_bytes(&bytes, "mutated".to_owned());
    let _ = judge::from_bytes(&bytes, "mutated");
    let _ = onnx::from_bytes(&bytes, "mutated");
    let _ = state_dict::from_bytes(&bytes, Activations::default(), "mutated");
    let text = String::from_utf8_lossy(&bytes);
    let _ = text.parse::<RowName>();
    let _ = Split::from_json(&text);
    #[cfg(feature = "report")]
    let _ = narrows::experiment::Experiment::from_toml(&text).map(|experiment| experiment.to_toml());
    if let Ok(source) = Source::from_reader("mutated".as_ref(), std::io::Cursor::new(bytes)) {
        let _ = read(source, &Limits { bytes: 1 << 20 });
    }
}

#[test]
fn damaged_files_never_panic() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = vec![root.join("golden/files/model-version-1.safetensors")];
    for folder in ["golden/data", "fuzz/corpus", "crates/narrows/experiments"] {
        files(&root.join(folder), &mut found);
    }
    assert!(found.len() > 180);
    for path in found.iter().filter(|path| !path.ends_with("expected.json")) {
        let whole = fs::read(path).unwrap();
        read_by_all(whole.clone());
        let mut random = Random(whole.len() as u64);
        for _ in 0..60 {
            let mut bytes = whole.clone();
            match random.below(4) {
                0 => bytes.truncate(random.below(whole.len().max(1))),
                1 => bytes.splice(0..0, whole.clone()).for_each(drop),
                kind => {
                    for _ in 0..(kind * kind - 3) {
                        let place = random.below(bytes.len().max(1));
                        if let Some(byte) = bytes.get_mut(place) {
                            *byte = [0, 0xFF, 0x7F, 0x80, b'"', byte.wrapping_add(1), *byte ^ 0x10]
                                [random.below(7)];
                        }
                    }
                }
            }
            read_by_all(bytes);
        }
    }
}

/// Weyl's sequence with a mix of its bits (SplitMix64): the same damage on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as usize % end
    }
}
