//! Folders of images.

use narrows::dataset::ImageShape;
use narrows::dataset::format::images::{ImageFile, Images, Role, write_folder};
use narrows::dataset::load::ImageSize;

use super::*;

const SIDE: usize = 16;
const COUNT: usize = 1500;

/// Pixels in three channels, which are all the same where it is grey.
fn pixels(grey: bool) -> Vec<u8> {
    let value = |i: usize| {
        let i = if grey { i / 3 } else { i };
        (i * 37 % 256 + i / 97 % 5) as u8
    };
    (0..COUNT * SIDE * SIDE * 3).map(value).collect()
}

/// PNG files in three channels.
fn write(folder: &Path, grey: bool, file: impl Fn(usize) -> ImageFile) {
    let images = Images {
        height: SIDE,
        width: SIDE,
        channels: 3,
        pixels: pixels(grey),
        files: (0..COUNT).map(file).collect(),
        classes: names(&["cat", "dog"]),
        unreadable: Vec::new(),
    };
    write_folder(folder, &images).unwrap();
}

fn plain(_: usize) -> ImageFile {
    ImageFile { path: PathBuf::new(), class: None, role: None }
}

#[test]
fn images_in_the_cache_are_those_of_an_array() {
    for grey in [false, true] {
        let place = Place::new();
        write(&place.path("photos"), grey, plain);
        let (shape, values) = match grey {
            true => (vec![COUNT, SIDE, SIDE], pixels(grey).into_iter().step_by(3).collect()),
            false => (vec![COUNT, SIDE, SIDE, 3], pixels(grey)),
        };
        npy::write(&place.path("photos.npy"), &shape, &FileValues::Bytes(values)).unwrap();
        let loaded = read(&place.options("photos")).unwrap();
        assert!(says(&loaded, WRITTEN) && says(&loaded, "1,500 images"), "{:?}", loaded.notes);
        let channels = if grey { 1 } else { 3 };
        let shape = ImageShape { height: SIDE, width: SIDE, channels };
        assert_eq!(loaded.parts.schema().image(), Some(shape));
        same(&loaded, &read(&place.options("photos.npy")).unwrap());
    }
}

#[test]
fn parts_classes_and_images_that_cannot_be_read_are_those_of_memory() {
    let place = Place::new();
    let roles = [Role::Training, Role::Training, Role::Validation, Role::Test];
    write(&place.path("photos"), false, |index| ImageFile {
        class: Some((index / 4 % 2) as u32),
        role: Some(roles[index % 4]),
        ..plain(index)
    });
    fs::write(place.path("photos/train/cat/0008.png"), "no image").unwrap();
    let size = Some(ImageSize { height: 14, width: 13 });
    let options = LoadOptions { size, skip_unreadable: true, ..place.options("photos") };
    let in_memory = read(&LoadOptions { memory: None, ..options.clone() }).unwrap();
    for note in [WRITTEN, REUSED] {
        let cached = read(&options).unwrap();
        assert!(says(&cached, note), "{:?}", cached.notes);
        assert_eq!(cached.notes[1..], in_memory.notes);
        let [a, b] = [&cached, &in_memory].map(|loaded| &loaded.parts);
        assert_eq!(a.schema(), b.schema());
        assert_eq!(a.train().content_hash(), b.train().content_hash());
        assert_eq!(a.validation().unwrap().content_hash(), b.validation().unwrap().content_hash());
        assert_eq!(a.test().content_hash(), b.test().content_hash());
    }
    // Without leave to skip the image there is an error, and nothing is left of what was written before it was found.
    let error = read(&LoadOptions { skip_unreadable: false, ..options }).unwrap_err().to_string();
    assert!(error.contains("0008.png"), "{error}");
    assert_eq!(place.files().len(), 5);
}

#[test]
fn a_cache_is_used_until_its_source_or_itself_is_changed() {
    let place = Place::new();
    write(&place.path("photos"), false, plain);
    let options = place.options("photos");
    let first = read(&options).unwrap();
    assert!(says(&first, WRITTEN));
    let same_again = |note: &str| {
        let again = read(&options).unwrap();
        assert!(says(&again, note), "{note}: {:?}", again.notes);
        assert_eq!(again.parts.train().content_hash(), first.parts.train().content_hash());
    };
    same_again(REUSED);
    for name in ["train.npy", "record.json", "SHA256SUMS"] {
        let path = place.files().into_iter().find(|path| path.ends_with(name)).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        same_again(WRITTEN);
        same_again(REUSED);
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        same_again(WRITTEN);
        fs::remove_file(&path).unwrap();
        same_again(WRITTEN);
    }
    // Another picture, and another length of its file.
    let other = Images { files: vec![plain(0)], pixels: vec![9; SIDE * SIDE * 3], ..one() };
    write_folder(&place.path("other"), &other).unwrap();
    fs::copy(place.path("other/0.png"), place.path("photos/0003.png")).unwrap();
    let changed = read(&options).unwrap();
    assert!(says(&changed, WRITTEN));
    assert_ne!(changed.parts.train().content_hash(), first.parts.train().content_hash());
}

fn one() -> Images {
    let (files, pixels) = (Vec::new(), Vec::new());
    Images {
        height: SIDE,
        width: SIDE,
        channels: 3,
        pixels,
        files,
        classes: Vec::new(),
        unreadable: Vec::new(),
    }
}

#[test]
fn what_fits_needs_no_cache() {
    let place = Place::new();
    write(&place.path("photos"), false, plain);
    let options = LoadOptions { memory: Some(ByteSize(100 << 20)), ..place.options("photos") };
    assert!(read(&options).unwrap().parts.train().is_in_memory());
    let without = LoadOptions { cache: None, ..place.options("photos") };
    assert!(read(&without).unwrap().parts.train().is_in_memory());
    assert!(!place.cache().exists());
}
