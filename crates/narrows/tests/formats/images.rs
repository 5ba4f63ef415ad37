//! Folders of images.

use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;

use narrows::dataset::format::images::{self, Colour, Images, Options, Role};
use narrows::dataset::format::{Format, FormatError, Limits, Problem};

use crate::golden::{EXPECTED, ImageFile, Scratch, limits, open, path};

fn read(folder: &Path, options: &Options) -> Result<Images, FormatError> {
    let listing = images::list(folder)?;
    images::read(&listing, options, &limits(), NonZeroUsize::new(3).unwrap(), &mut |_, _| {
        ControlFlow::Continue(())
    })
}

fn copy(file: &ImageFile, scratch: &Scratch, to: &str) {
    scratch.write(to, fs::read(path(&file.file)).unwrap());
}

fn assert_near(found: &[u8], expected: &[u8], tolerance: u8, name: &str) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let differences = || found.iter().zip(expected).map(|(a, b)| a.abs_diff(*b));
    let largest = differences().max().unwrap();
    assert!(largest <= tolerance, "{name}: off by {largest} of 255 levels, {tolerance} are allowed");
}

#[test]
fn every_kind_of_image_is_what_pillow_reads() {
    assert!(EXPECTED.images.len() > 30);
    for file in &EXPECTED.images {
        let [height, width] = file.shape;
        for (colour, channels, expected) in [(Colour::Grey, 1, &file.grey), (Colour::Colour, 3, &file.colour)]
        {
            let options = Options { colour, ..Options::default() };
            let source = open(&file.file);
            assert_eq!(source.format(), Format::Image, "{}", file.file);
            let image =
                images::read_one(source, &options, &limits()).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(
                (image.height, image.width, image.channels),
                (height, width, channels),
                "{}",
                file.file
            );
            assert_near(&image.pixels, expected, file.tolerance, &file.file);
        }
        // Grey where the pixels are, whatever the file could hold.
        let image = images::read_one(open(&file.file), &Options::default(), &limits()).unwrap();
        assert_eq!(image.channels == 1, file.grey_file, "{}", file.file);

        // The same in a folder.
        let scratch = Scratch::new("one-image");
        copy(file, &scratch, "a");
        let in_folder = read(&scratch.0, &Options::default()).unwrap();
        assert_eq!((in_folder.channels, in_folder.pixels), (image.channels, image.pixels), "{}", file.file);
    }
}

/// Both libraries compute with weights of some 20 bits after the point and round once an axis: one level of difference.
#[test]
fn resizing_is_pillows_to_one_level() {
    for file in &EXPECTED.resized {
        let options = Options { size: Some((file.size[0], file.size[1])), ..Options::default() };
        let image = images::read_one(open(&file.file), &options, &limits()).unwrap();
        assert_near(&image.pixels, &file.values, 1, &format!("{} to {:?}", file.file, file.size));
    }
}

#[test]
fn folders_are_classes_or_roles_and_files_are_sorted() {
    let scratch = Scratch::new("classes");
    let [grey, colour] = ["images/png-L.png", "images/png-RGB.png"]
        .map(|name| EXPECTED.images.iter().find(|file| file.file == name).unwrap());
    for name in
        ["dog/b.png", "dog/deep/a.png", "cat/10.png", "cat/2.png", "cat/.hidden.png", "__MACOSX/cat/x.png"]
    {
        copy(grey, &scratch, name);
    }
    copy(colour, &scratch, "dog/c");
    scratch.write("cat/notes.txt", "not an image");
    let images = read(&scratch.0, &Options::default()).unwrap();
    let files: Vec<_> =
        images.files.iter().map(|file| (file.path.to_str().unwrap(), file.class.unwrap())).collect();
    let expected =
        [("cat/10.png", 0), ("cat/2.png", 0), ("dog/b.png", 1), ("dog/c", 1), ("dog/deep/a.png", 1)];
    assert_eq!(files, expected);
    assert_eq!(images.classes, ["cat", "dog"]);
    assert_eq!((images.height, images.width, images.channels), (10, 12, 3));
    assert_eq!(images::list(&scratch.0).unwrap().ignored, 1);
    assert_eq!(images.pixels[3 * 360..4 * 360], colour.colour[..]);

    let scratch = Scratch::new("roles");
    for name in ["train/7/a.png", "train/1/b.png", "test/7/c.png", "val/1/d.png"] {
        copy(grey, &scratch, name);
    }
    let images = read(&scratch.0, &Options::default()).unwrap();
    let files: Vec<_> = images.files.iter().map(|file| (file.role.unwrap(), file.class.unwrap())).collect();
    assert_eq!(files, [(Role::Training, 0), (Role::Training, 1), (Role::Validation, 0), (Role::Test, 1)]);
    assert_eq!(images.channels, 1);

    // A class may be called `train`.
    let scratch = Scratch::new("vehicles");
    for name in ["train/a.png", "car/b.png"] {
        copy(grey, &scratch, name);
    }
    let listing = images::list(&scratch.0).unwrap();
    assert_eq!(listing.classes, ["car", "train"]);
    assert!(listing.files.iter().all(|file| file.role.is_none()));
}

#[test]
fn what_cannot_be_read_is_named_and_left_out_only_if_asked() {
    let scratch = Scratch::new("unreadable");
    let grey = EXPECTED.images.iter().find(|file| file.file == "images/png-L.png").unwrap();
    let bytes = fs::read(path(&grey.file)).unwrap();
    copy(grey, &scratch, "a.png");
    scratch.write("b.png", &bytes[..bytes.len() / 2]);
    scratch.write("c.png", "no image at all");
    copy(grey, &scratch, "d.png");
    let error = read(&scratch.0, &Options::default()).unwrap_err().to_string();
    assert!(error.contains("2 of 4 images cannot be read: `b.png` ("), "{error}");
    assert!(error.contains("`c.png` ("), "{error}");
    for size in [None, Some((10, 12))] {
        let options = Options { skip_unreadable: true, size, ..Options::default() };
        let images = read(&scratch.0, &options).unwrap();
        let names: Vec<_> = images.files.iter().map(|file| file.path.to_str().unwrap()).collect();
        assert_eq!(names, ["a.png", "d.png"]);
        assert_eq!(
            images.unreadable.iter().map(|one| one.path.to_str().unwrap()).collect::<Vec<_>>(),
            ["b.png", "c.png"]
        );
        assert_eq!(images.pixels, [&grey.grey[..], &grey.grey[..]].concat());
    }
    for name in ["a.png", "d.png"] {
        fs::remove_file(scratch.0.join(name)).unwrap();
    }
    let options = Options { skip_unreadable: true, ..Options::default() };
    assert!(read(&scratch.0, &options).unwrap_err().to_string().contains("2 of 2 images cannot be read"));
}

#[test]
fn sizes_that_differ_name_two_files_and_the_way_out() {
    let scratch = Scratch::new("sizes");
    let [small, large] = ["images/png-RGB.png", "images/jpeg-subsampled.jpg"]
        .map(|name| EXPECTED.images.iter().find(|file| file.file == name).unwrap());
    copy(small, &scratch, "a.png");
    copy(large, &scratch, "b.png");
    let error = read(&scratch.0, &Options::default()).unwrap_err().to_string();
    assert!(error.contains("`a.png` has 10x12 pixels, `b.png` has 24x32"), "{error}");
    assert!(error.contains("--size 10x12"), "{error}");
    let images = read(&scratch.0, &Options { size: Some((8, 9)), ..Options::default() }).unwrap();
    assert_eq!(images.pixels.len(), 2 * 8 * 9 * 3);
}

#[test]
fn progress_is_told_and_may_stop() {
    let folder = path("images");
    let listing = images::list(&folder).unwrap();
    let options = Options { size: Some((8, 8)), ..Options::default() };
    let mut calls = Vec::new();
    let two = NonZeroUsize::new(2).unwrap();
    images::read(&listing, &options, &limits(), two, &mut |done, total| {
        calls.push((done, total));
        ControlFlow::Continue(())
    })
    .unwrap();
    let total = listing.files.len();
    assert_eq!(calls, (1..=total).map(|done| (done, total)).collect::<Vec<_>>());
    let error = images::read(&listing, &options, &limits(), two, &mut |done, _| {
        if done == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap_err();
    assert!(matches!(*error.problem, Problem::Stopped));
    let error =
        images::read(&listing, &options, &Limits { bytes: 1000 }, two, &mut |_, _| ControlFlow::Continue(()));
    assert!(matches!(*error.unwrap_err().problem, Problem::TooLarge { .. }));
}

#[test]
fn images_beside_folders_of_images_are_refused() {
    let scratch = Scratch::new("beside");
    let grey = EXPECTED.images.iter().find(|file| file.file == "images/png-L.png").unwrap();
    copy(grey, &scratch, "a.png");
    copy(grey, &scratch, "cat/b.png");
    let error = images::list(&scratch.0).unwrap_err().to_string();
    assert!(error.contains("`a.png` lies beside the folder `cat`"), "{error}");
    let scratch = Scratch::new("no-images");
    scratch.write("readme.txt", "hello");
    let error = images::list(&scratch.0).unwrap_err().to_string();
    assert!(error.contains("holds no images (1 other files)"), "{error}");
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_end_and_pipes_do_not_block() {
    let scratch = Scratch::new("links");
    let grey = EXPECTED.images.iter().find(|file| file.file == "images/png-L.png").unwrap();
    copy(grey, &scratch, "cat/a.png");
    let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, scratch.0.join(name)).unwrap();
    link(&scratch.0, "cat/up");
    link(Path::new("itself"), "cat/itself");
    link(&scratch.0.join("cat"), "dog");
    let listing = images::list(&scratch.0).unwrap();
    assert_eq!(listing.files.len(), 1);

    let pipe = scratch.0.join("cat/pipe.png");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let error = read(&scratch.0, &Options::default()).unwrap_err().to_string();
    assert!(error.contains("`cat/pipe.png` (this is a pipe"), "{error}");
}

#[test]
fn images_that_are_written_are_read_as_the_same() {
    let scratch = Scratch::new("png-written");
    let [grey, colour] = ["images/png-L.png", "images/png-RGB.png"]
        .map(|name| EXPECTED.images.iter().find(|file| file.file == name).unwrap());
    for (index, file) in [grey, colour].into_iter().enumerate() {
        let source = Scratch::new("png-to-write");
        copy(file, &source, "train/x/a.png");
        copy(file, &source, "test/y z/b.png");
        let images = read(&source.0, &Options::default()).unwrap();
        let folder = scratch.0.join(index.to_string());
        images::write_folder(&folder, &images).unwrap();
        let again = read(&folder, &Options::default()).unwrap();
        assert_eq!((&again.pixels, &again.classes), (&images.pixels, &images.classes));
        let facts =
            |images: &Images| images.files.iter().map(|file| (file.class, file.role)).collect::<Vec<_>>();
        assert_eq!(facts(&again), facts(&images));
        assert!(images::write_folder(&folder, &images).unwrap_err().to_string().contains("exists already"));
        let bad = Images { classes: vec!["..".into(), "a/b".into()], ..images };
        let error = images::write_folder(&scratch.0.join("bad"), &bad).unwrap_err().to_string();
        assert!(error.contains("cannot be the name of a folder"), "{error}");
    }
    let left: Vec<_> = fs::read_dir(&scratch.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}
