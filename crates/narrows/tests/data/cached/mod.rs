//! What is larger than memory and cannot be read block by block is written into a cache, and gives from there what a NumPy file of
//! the same values gives.

#[cfg(feature = "images")]
mod images;
mod tables;

use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use narrows::dataset::format::{Values as FileValues, idx, npy};
use narrows::dataset::load::{LoadError, LoadOptions, Loaded, load};
use narrows::dataset::{NormalisationKind, Part};
use narrows::train::{Event, Training, train};

use super::loading::names;
use super::*;

/// The least with which anything is read from a file.
const MEMORY: u64 = 1 << 18;

/// A folder that is removed with all that is in it.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn cache(&self) -> PathBuf {
        self.path("cache")
    }

    fn options(&self, name: &str) -> LoadOptions {
        let path = self.path(name).display().to_string();
        LoadOptions { memory: Some(ByteSize(MEMORY)), cache: Some(self.cache()), ..LoadOptions::of(path) }
    }

    /// The files of the only data in the cache.
    fn files(&self) -> Vec<PathBuf> {
        let mut entries = inside(&self.cache());
        assert_eq!(entries.len(), 1, "{entries:?}");
        inside(&entries.remove(0))
    }
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .map_or(Vec::new(), |entries| entries.map(|entry| entry.unwrap().path()).collect());
    entries.sort();
    entries
}

fn read(options: &LoadOptions) -> Result<Loaded, LoadError> {
    load(options, NonZeroUsize::new(2).unwrap(), &mut |_, _| ControlFlow::Continue(()))
}

fn says(loaded: &Loaded, what: &str) -> bool {
    loaded.notes.iter().any(|note| note.contains(what))
}

const WRITTEN: &str = "are read from there block by block";
const REUSED: &str = "where they were written before";

/// All bits of a model that is trained on the data.
fn learned(loaded: &Loaded) -> Vec<u32> {
    let parts = &loaded.parts;
    let input = InputSpec::fit(NormalisationKind::Standard, parts.train()).unwrap();
    let [train_samples, test] = [parts.train(), parts.test()].map(|part| input.samples(part).unwrap());
    let architecture = Architecture {
        inputs: parts.schema().features(),
        hidden: vec![4, 2],
        activation: HiddenActivation::Silu,
        output: OutputActivation::Linear,
    };
    let training = Training { epochs: 2, batch_size: 32, test_every: 1, ..Training::default() };
    let mut go_on = |_: &Event| ControlFlow::Continue(());
    let trained =
        train(&architecture, &training, &train_samples, Some(&test), &mut compute(), &mut go_on).unwrap();
    trained.parameters.values().iter().map(|value| value.to_bits()).collect()
}

/// Both are read from a file, have the same rows, and teach the same.
fn same(one: &Loaded, other: &Loaded) {
    for part in [Part::Train, Part::Test] {
        let [a, b] = [one, other].map(|loaded| match part {
            Part::Train => loaded.parts.train(),
            _ => loaded.parts.test(),
        });
        assert!(!a.is_in_memory() && !b.is_in_memory());
        assert_eq!(a.content_hash(), b.content_hash(), "{part}");
    }
    assert_eq!(learned(one), learned(other));
}

#[test]
fn the_usual_idx_files_stay_where_they_are_unless_they_are_compressed() {
    let place = Place::new();
    fs::create_dir(place.path("set")).unwrap();
    let (rows, side) = (4000, 10);
    let pixels: Vec<u8> = (0..rows * side * side).map(|i| (i * 31 % 251) as u8).collect();
    for (stem, rows) in [("train", rows), ("t10k", rows - 500)] {
        let images = place.path(&format!("set/{stem}-images-idx3-ubyte"));
        let values = FileValues::Bytes(pixels[..rows * side * side].to_vec());
        idx::write(&images, &[rows, side, side], &values).unwrap();
        let labels = FileValues::Bytes((0..rows).map(|row| (row * 7 % 10) as u8).collect());
        idx::write(&place.path(&format!("set/{stem}-labels-idx1-ubyte")), &[rows], &labels).unwrap();
    }
    let options = place.options("set");
    let memory = read(&LoadOptions { memory: None, ..options.clone() }).unwrap();
    let of_file = read(&options).unwrap();
    assert!(says(&of_file, "train-images-idx3-ubyte: 400.0 kB of values"), "{:?}", of_file.notes);
    for part in [Part::Train, Part::Test] {
        let [a, b] = [&of_file, &memory].map(|loaded| loaded.parts.get(part).unwrap());
        assert!(!a.is_in_memory() && b.is_in_memory());
        assert_eq!((a.schema(), a.content_hash()), (b.schema(), b.content_hash()), "{part}");
    }
    // Compressed, they are read whole, and that is said.
    let images = place.path("set/train-images-idx3-ubyte");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &fs::read(&images).unwrap()).unwrap();
    fs::write(images.with_extension("gz"), gzip.finish().unwrap()).unwrap();
    fs::remove_file(&images).unwrap();
    let whole = read(&options).unwrap();
    assert!(says(&whole, "are read into memory all the same"), "{:?}", whole.notes);
    assert_eq!(whole.parts.train().content_hash(), memory.parts.train().content_hash());
    assert!(whole.parts.train().is_in_memory() && !whole.parts.test().is_in_memory());
    assert!(!place.cache().exists());
}
