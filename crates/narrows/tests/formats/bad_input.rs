//! Files that nobody should have written: each is one error that says which file, where, and what to do.

use std::num::NonZeroUsize;
use std::path::Path;

use narrows::dataset::format::{FormatError, Limits, Place, Source, csv, idx, npy};

use crate::golden::{EXPECTED, Scratch, limits, open, path};

fn from(bytes: &[u8]) -> Result<Source, FormatError> {
    Source::from_reader("file".as_ref(), std::io::Cursor::new(bytes.to_vec()))
}

/// The error's text, whichever reader gives it.
fn refusal(bytes: &[u8]) -> String {
    let limits = limits();
    let read = from(bytes).and_then(|source| crate::corpus::read(source, &limits));
    read.expect_err("it is malformed").to_string()
}

#[test]
fn what_others_cannot_mean_is_refused_with_its_name() {
    for file in &EXPECTED.refused {
        if !cfg!(feature = "parquet") && file.file.starts_with("parquet") {
            continue;
        }
        let error = crate::corpus::read(open(&file.file), &limits()).expect_err(&file.file);
        assert!(format!("{:?}", error.problem).contains(&file.problem), "{}: {error:?}", file.file);
        assert!(error.to_string().starts_with(&path(&file.file).display().to_string()), "{error}");
    }
}

#[test]
fn idx_that_is_not_whole() {
    let whole = b"\0\0\x08\x02\0\0\0\x02\0\0\0\x03abcdef";
    assert!(from(whole).and_then(|source| idx::read(source, &limits())).is_ok());
    for length in 4..12 {
        let error = refusal(&whole[..length]);
        assert!(error.contains("ends within its header of 12 bytes"), "{length}: {error}");
    }
    assert!(refusal(&whole[..15]).contains("promises 6 bytes of values, and 3 are there"));
    assert!(refusal(&[whole, &b"g"[..]].concat()).contains("goes on after the 6 bytes"));
    assert!(refusal(b"\0\0\x08\x02\0\0\0\0\0\0\0\x03").contains("holds no values"));
    let greatest = b"\0\0\x0E\x04\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
    assert!(refusal(greatest).contains("more than any memory holds"));
    assert!(refusal(b"\0\0\x0E\x01\xFF\xFF\xFF\xFF").contains("the limit is 67108864"));
    for magic in [&b"\0\0\x0A\x01\0\0\0\x01a"[..], b"\0\0\x08\0", b"\0\x01\x08\x01"] {
        assert!(refusal(magic).contains("no format that narrows knows"));
    }
}

#[test]
fn npy_that_is_not_whole() {
    let whole = std::fs::read(path("npy/f4-little-C.npy")).unwrap();
    for length in 6..whole.len() {
        let error = refusal(&whole[..length]);
        assert!(error.contains("ends within it") || error.contains("ends too early"), "{length}: {error}");
    }
    assert!(refusal(&[&whole[..], b"x"].concat()).contains("goes on after the 48 bytes"));
    let with = |dictionary: &str| {
        let length = u16::try_from(dictionary.len()).unwrap().to_le_bytes();
        refusal(&[b"\x93NUMPY\x01\0", &length[..], dictionary.as_bytes()].concat())
    };
    let shape = |shape: &str| with(&format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}"));
    assert!(shape("(18446744073709551616,)").contains("no size"));
    assert!(shape("(18446744073709551615, 2)").contains("more than any memory holds"));
    assert!(shape("(-1, 2)").contains("no size"));
    assert!(shape("3").contains("no tuple"));
    assert!(shape("(1, 1, 1, 1, 1)").contains("5 dimensions"));
    assert!(with("").contains("does not begin"));
    assert!(with("{'descr': '<f4'}").contains("missing"));
    assert!(with("{'descr': '<f4', 'evil': 1}").contains("unknown key"));
    assert!(with("{'descr': '<f4").contains("text in quotes"));
    assert!(with("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}").contains("pickle"));
    assert!(
        with("{'descr': '<U99999999999999999999', 'fortran_order': False, 'shape': (1,)}")
            .contains("of type")
    );
    assert!(with(&"(".repeat(9000)).contains("does not begin"));
    assert!(refusal(b"\x93NUMPY\x02\0\xFF\xFF\xFF\xFF{").contains("longer than 10,000 bytes"));
    assert!(refusal(b"\x93NUMPY\x09\0\x01\0{").contains("version 9"));
}

#[test]
fn archives_that_are_not_whole() {
    let whole = std::fs::read(path("npz/keras.npz")).unwrap();
    for length in [4, 40, whole.len() / 2, whole.len() - 1] {
        let error = refusal(&whole[..length]);
        assert!(error.contains("damaged or cut short") || error.contains("zip archive"), "{length}: {error}");
    }
    assert!(refusal(b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0").contains("which array is the data"));
}

#[test]
fn other_formats_are_called_by_their_name() {
    for (bytes, words) in [
        (&b""[..], "the file is empty"),
        (b"%PDF-1.7", "PDF"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"\x80\x04\x95", "pickle"),
        (b"ARROW1\0\0", "write the table as Parquet"),
        (b"{\"a\": 1}", "JSON"),
        (b"  <html>", "web page"),
        (b"<!DOCTYPE html>", "web page"),
        (b"\xFF\xFEa\0", "UTF-16"),
        (b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x13\0\0\0[Content_Types].xml", "Excel"),
        (b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0a.png", "unpack it"),
        (b"\x1F\x8B\x08\0", "damaged or cut short"),
        (b"\x7FELF\x02\x01\x01\0", "no format that narrows knows"),
    ] {
        let error = refusal(bytes);
        assert!(error.contains(words), "{words}: {error}");
    }
}

#[test]
fn a_gzip_file_that_is_cut_short_says_so() {
    for name in ["idx/u1-3d.gz", "csv/pandas.csv.gz"] {
        let whole = std::fs::read(path(name)).unwrap();
        let error = refusal(&whole[..whole.len() - 9]);
        assert!(error.contains("gzip data is damaged or cut short"), "{name}: {error}");
    }
}

#[test]
fn a_name_without_a_file_and_a_folder_in_place_of_one() {
    let error = Source::open(Path::new("/nowhere/x.csv")).err().unwrap().to_string();
    assert_eq!(error, "/nowhere/x.csv: there is no such file or folder");
    let scratch = Scratch::new("folder");
    let error = npy::read(Source::open(&scratch.0).unwrap(), &limits()).unwrap_err().to_string();
    assert!(error.ends_with("a file was expected, and this is a folder"), "{error}");
}

#[cfg(unix)]
#[test]
fn pipes_sockets_devices_and_links_in_a_circle_are_refused_at_once() {
    let scratch = Scratch::new("special");
    let pipe = scratch.0.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let socket = scratch.0.join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let circle = scratch.0.join("circle");
    std::os::unix::fs::symlink(&circle, &circle).unwrap();
    for (path, words) in [
        (&pipe, "this is a pipe; a file or a folder was expected. To read from a pipe, give `-`"),
        (&socket, "this is a socket"),
        (&"/dev/zero".into(), "this is a device"),
        (&circle, "symbolic links"),
    ] {
        let error = Source::open(path).err().unwrap().to_string();
        assert!(error.starts_with(&path.display().to_string()) && error.contains(words), "{error}");
    }
}

/// Whoever may read everything (root) sees no error: then there is nothing to test.
#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new("permission");
    std::fs::set_permissions(&scratch.0, PermissionsExt::from_mode(0o000)).unwrap();
    if std::fs::read_dir(&scratch.0).is_err() {
        let error = Source::open(&scratch.0).err().unwrap().to_string();
        assert!(error.contains("permission to read it is missing"), "{error}");
    }
    std::fs::set_permissions(&scratch.0, PermissionsExt::from_mode(0o700)).unwrap();
}

#[test]
fn wide_and_endless_text_ends_in_an_error() {
    let read = |reader: Box<dyn std::io::Read + Send>| {
        let source = Source::from_reader("file".as_ref(), reader)?;
        csv::read(source, &csv::Options::default(), &limits(), NonZeroUsize::MIN)
    };
    let wide = "1,".repeat(1_000_000) + "1\n";
    let error = read(Box::new(std::io::Cursor::new(wide))).unwrap_err();
    assert_eq!(error.place, Place::Line(1));
    assert!(error.to_string().contains("1000001 cells, and 100000 are allowed"), "{error}");

    let long = format!("a,b\n1,{}\n", "x".repeat(100_000));
    let error = read(Box::new(std::io::Cursor::new(long))).unwrap_err();
    assert_eq!(error.place, Place::Cell { line: 2, column: "b".into() });
    assert!(error.to_string().contains("100000 bytes, and 65536 are allowed"), "{error}");

    for byte in [b'1', b'"', b',', b'\n'] {
        let error = read(Box::new(std::io::repeat(byte))).unwrap_err().to_string();
        assert!(error.contains("the limit is 67108864"), "{error}");
    }
    assert!(read(Box::new(std::io::repeat(0))).unwrap_err().to_string().contains("no format"));
    // As a stream of blocks, nothing but the length of a line ends it.
    for (byte, words) in [(b'1', "longer than 67108864 bytes"), (b'"', "longer than 67108864 bytes")] {
        let source = Source::from_reader("file".as_ref(), std::io::repeat(byte)).unwrap();
        let error =
            csv::blocks(source, &csv::Options::default(), NonZeroUsize::MIN).err().unwrap().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn what_takes_too_much_memory_says_how_much() {
    let small = Limits { bytes: 10 };
    let error = idx::read(open("idx/f4-2d"), &small).unwrap_err().to_string();
    assert!(error.ends_with("this takes 48 bytes of memory, and the limit is 10"), "{error}");
    let table = csv::read(open("csv/numbers.csv"), &csv::Options::default(), &small, NonZeroUsize::MIN);
    assert!(table.unwrap_err().to_string().contains("the limit is 10"));
}
