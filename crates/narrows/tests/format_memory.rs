//! Hostile files take no memory for what they claim: all that is allocated while one is read is counted. A test binary of its own,
//! for the counter sees every thread.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::alloc::System;
use std::io::{Cursor, Read, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Mutex;

use bytesize::ByteSize;
use narrows::dataset::format::{FormatError, Limits, Source, csv, idx, npy};
use narrows::dataset::load::{LoadOptions, load};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MIB: usize = 1 << 20;
const LIMITS: Limits = Limits { bytes: 64 << 20 };

/// One test at a time, for the counter counts for all.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn what_a_hostile_file_claims_is_not_allocated() {
    let _alone = ALONE.lock().unwrap();
    // All allocations are added up, so a vector that grows to 64 MiB by doubling counts as 128.
    check("idx, 8 GiB claimed", MIB, || read_idx(b"\0\0\x08\x02\x00\x01\0\0\x00\x02\0\0abc".to_vec()));
    check("idx, 60 MiB claimed", 2 * MIB, || read_idx(b"\0\0\x08\x01\x03\xC0\0\0abc".to_vec()));
    check("npy, a header of 4 GiB", MIB, || read_npy(b"\x93NUMPY\x02\0\xFF\xFF\xFF\xFF{".to_vec()));
    check("npy, 2⁴⁰ numbers", MIB, || {
        let dictionary = "{'descr': '<f8', 'fortran_order': False, 'shape': (1048576, 1048576)}";
        let length = u16::try_from(dictionary.len()).unwrap().to_le_bytes();
        read_npy([b"\x93NUMPY\x01\0", &length[..], dictionary.as_bytes()].concat())
    });
    let bomb = npz_bomb();
    check("npz, 1 GiB of zeros in 1 MB", 4 * MIB, || {
        let mut archive = npy::Archive::open(source(Cursor::new(bomb.clone()))?, &LIMITS)?;
        archive.read("x", &LIMITS).map(drop)
    });
    let bomb = gzip_bomb();
    check("csv.gz, 200 MB of text in 200 kB", 200 * MIB, || {
        csv::read(source(Cursor::new(bomb.clone()))?, &csv::Options::default(), &LIMITS, NonZeroUsize::MIN)
            .map(drop)
    });
    check("csv, a quote that never closes", 300 * MIB, || {
        let endless = Cursor::new("a,b\n1,\"").chain(std::io::repeat(b'x'));
        csv::blocks(source(endless)?, &csv::Options::default(), NonZeroUsize::MIN)?
            .try_for_each(|block| block.map(drop))
    });
    #[cfg(feature = "images")]
    for (name, side) in [("png, 3.6 gigapixels claimed", 60_000), ("png, 81 MB of pixels claimed", 9_000)] {
        use narrows::dataset::format::images;
        check(name, MIB, || {
            images::read_one(source(Cursor::new(png_bomb(side)))?, &images::Options::default(), &LIMITS)
                .map(drop)
        });
    }
}

#[test]
fn what_a_hostile_onnx_file_holds_is_not_copied() {
    let _alone = ALONE.lock().unwrap();
    let message = |number: u8, content: &[u8]| {
        let mut bytes = vec![number << 3 | 2];
        let mut length = content.len();
        while length > 0x7F {
            bytes.push(length as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        [&bytes, content].concat()
    };
    let architecture = r#"{"inputs":2,"hidden":[1],"activation":"relu","output":"linear"}"#;
    let input = r#"{"normalisation":{"scale":[1],"offset":[0]},"schema":{"features":2}}"#;
    let header = |architecture: &str| {
        let text =
            format!(r#"{{"version":2,"architecture":{architecture},"input":{input},"provenance":{{}}}}"#);
        let entry = |key: &[u8], value: &[u8]| message(14, &[message(1, key), message(2, value)].concat());
        [entry(b"narrows", text.as_bytes()), entry(b"part", b"whole")].concat()
    };
    let ours = header(architecture);
    let large = header(&architecture.replace("[1]", "[1048576]"));
    let many = |element: &[u8]| element.repeat(8 * MIB / element.len());
    let dims = message(5, &[message(8, b"encoder.0.weight"), message(1, &many(&[1]))].concat());
    for (name, file) in [
        ("tensors that are empty", [&ours[..], &message(7, &many(&[0x2A, 0]))].concat()),
        ("nodes that are empty", [&ours[..], &message(7, &many(&[0x0A, 0]))].concat()),
        ("metadata that is empty", [&ours[..], &many(&[0x72, 0])].concat()),
        ("a tensor of a million dimensions", [&ours[..], &message(7, &dims)].concat()),
        (
            "a model that the file has no room for",
            [&large[..], &message(7, &many(&[0x2A, 0])[..MIB])].concat(),
        ),
        ("a message that never ends", [&ours[..], &[0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]].concat()),
    ] {
        let region = Region::new(ALLOCATOR);
        let result = narrows::files::onnx::from_bytes(&file, "hostile");
        let allocated = region.change().bytes_allocated;
        assert!(result.is_err(), "{name}");
        assert!(allocated < MIB / 16, "{name}: {allocated} bytes allocated");
    }
}

#[test]
fn a_table_that_is_larger_than_memory_is_never_in_memory() {
    let _alone = ALONE.lock().unwrap();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("table.csv");
    let mut text = String::from("kind,a,b,c,d,e,f,g\n");
    for row in 0..400_000_u32 {
        let kind = ["red", "green", "blue"][row as usize % 3];
        text += &format!("{kind},{row},{},{},4.25,-5,0.125,{}\n", row % 17, row * 3, row % 1009);
    }
    std::fs::write(&path, &text).unwrap();
    let (text_bytes, value_bytes) = (text.len(), 400_000 * 10 * 4);
    drop(text);
    let options = LoadOptions {
        one_hot: vec!["kind".to_owned()],
        memory: Some(ByteSize(1 << 20)),
        cache: Some(folder.path().join("cache")),
        ..LoadOptions::of(path.display().to_string())
    };
    let held = || {
        let stats = ALLOCATOR.stats();
        stats.bytes_allocated - stats.bytes_deallocated
    };
    let (before, mut most, mut calls) = (held(), 0, 0);
    let loaded = load(&options, NonZeroUsize::MIN, &mut |_, _| {
        calls += 1;
        most = most.max(held().saturating_sub(before));
        ControlFlow::Continue(())
    });
    assert!(!loaded.unwrap().parts.train().is_in_memory());
    // A piece of a megabyte, its cells, and its rows.
    assert!(calls > 20 && most < 8 * MIB, "{most} bytes in {calls} calls");
    assert!(text_bytes > 14 * MIB && value_bytes > 14 * MIB, "{text_bytes} and {value_bytes}");
}

/// Reading must fail, and allocate no more than `most` in all.
fn check(name: &str, most: usize, read: impl FnOnce() -> Result<(), FormatError>) {
    let region = Region::new(ALLOCATOR);
    let result = read();
    let change = region.change();
    assert!(result.is_err(), "{name} was read");
    assert!(change.bytes_allocated <= most, "{name}: {} bytes were allocated", change.bytes_allocated);
}

fn source(reader: impl Read + Send + 'static) -> Result<Source, FormatError> {
    Source::from_reader("hostile".as_ref(), reader)
}

fn read_idx(bytes: Vec<u8>) -> Result<(), FormatError> {
    idx::read(source(Cursor::new(bytes))?, &LIMITS).map(drop)
}

fn read_npy(bytes: Vec<u8>) -> Result<(), FormatError> {
    npy::read(source(Cursor::new(bytes))?, &LIMITS).map(drop)
}

fn npz_bomb() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("x.npy", options).unwrap();
    let dictionary = "{'descr': '|u1', 'fortran_order': False, 'shape': (1024, 1048576)}";
    let length = u16::try_from(dictionary.len()).unwrap().to_le_bytes();
    zip.write_all(&[b"\x93NUMPY\x01\0", &length[..], dictionary.as_bytes()].concat()).unwrap();
    let zeros = vec![0; MIB];
    for _ in 0..1024 {
        zip.write_all(&zeros).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn gzip_bomb() -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let rows = "1,2\n".repeat(MIB / 4);
    for _ in 0..200 {
        gzip.write_all(rows.as_bytes()).unwrap();
    }
    gzip.finish().unwrap()
}

/// The beginning of a grey PNG of `side` × `side` pixels.
#[cfg(feature = "images")]
fn png_bomb(side: u32) -> Vec<u8> {
    let side = side.to_be_bytes();
    let header = [b"IHDR", &side[..], &side, &[8, 0, 0, 0, 0]].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&header);
    [b"\x89PNG\r\n\x1a\n\0\0\0\x0D", &header[..], &crc.sum().to_be_bytes(), b"\0\0\0\0IDAT\x35\xAF\x06\x1E"]
        .concat()
}
