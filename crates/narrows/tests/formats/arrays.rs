//! IDX and NumPy's formats.

use std::fs::File;
use std::io::Write;

use narrows::dataset::format::{Format, Problem, Source, Values, idx, npy};

use crate::golden::{EXPECTED, Scratch, assert_values, limits, open, path};

#[test]
fn idx_of_every_type_and_dimension_is_what_numpy_wrote() {
    let files = EXPECTED.idx.iter().filter(|file| file.role.is_none());
    let mut count = 0;
    for file in files {
        let source = open(&file.file);
        assert_eq!(source.format(), Format::Idx, "{}", file.file);
        assert_eq!(source.is_gzip(), file.file.ends_with(".gz"), "{}", file.file);
        let array = idx::read(source, &limits()).unwrap();
        assert_eq!(array.shape, file.shape, "{}", file.file);
        assert_values(&array.values, &file.values, &file.file);
        count += 1;
    }
    assert_eq!(count, 30);
}

#[test]
fn the_usual_four_files_are_found_and_those_of_emnist_turned_upright() {
    for file in EXPECTED.idx.iter().filter(|file| file.role.is_some()) {
        assert_eq!(open(&file.file).format(), Format::IdxFolder);
        let folder = idx::find(&path(&file.file), None).unwrap();
        assert_eq!(folder.transposed, file.file.contains("emnist"), "{}", file.file);
        let part =
            if file.role.as_deref() == Some("train") { &folder.train } else { folder.test.as_ref().unwrap() };
        let images = folder.read_images(part, &limits()).unwrap();
        let labels = part.read_labels(images.shape[0], &limits()).unwrap();
        assert!(part.read_labels(images.shape[0] + 1, &limits()).is_err());
        assert_eq!(images.shape, file.shape);
        assert_values(&images.values, &file.values, &file.file);
        assert_values(&labels.unwrap().values, &file.labels, &file.file);
    }
}

#[test]
fn of_several_sets_one_must_be_named() {
    let scratch = Scratch::new("idx-sets");
    for name in ["emnist-letters-train-images-idx3-ubyte", "train-images.idx3-ubyte"] {
        scratch.write(name, b"\0\0\x08\x03\0\0\0\x01\0\0\0\x01\0\0\0\x02ab");
    }
    let error = idx::find(&scratch.0, None).unwrap_err().to_string();
    assert!(error.contains("emnist-letters"), "{error}");
    let folder = idx::find(&scratch.0, Some("emnist-letters")).unwrap();
    assert_eq!(folder.read_images(&folder.train, &limits()).unwrap().shape, [1, 2, 1]);
    assert_eq!(
        idx::find(&scratch.0, Some("")).unwrap().train.images,
        scratch.0.join("train-images.idx3-ubyte")
    );
    assert!(idx::find(&scratch.0, Some("digits")).is_err());
}

#[test]
fn npy_of_every_type_and_order_is_what_numpy_reads() {
    for file in &EXPECTED.npy {
        let source = open(&file.file);
        assert_eq!(source.format(), Format::Npy);
        let array = npy::read(source, &limits()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(array.shape, file.shape, "{}", file.file);
        assert_eq!(array.rounded, file.rounded, "{}", file.file);
        if file.text.is_empty() {
            assert_values(&array.values, &file.values, &file.file);
        } else {
            assert_eq!(array.values, Values::Text(file.text.clone()), "{}", file.file);
        }
    }
}

#[test]
fn rows_are_read_from_their_place() {
    let mut read = 0;
    for file in &EXPECTED.npy {
        let layout = npy::layout(open(&file.file)).unwrap();
        assert_eq!(layout.shape(), file.shape, "{}", file.file);
        if !layout.has_contiguous_rows() || !file.text.is_empty() {
            continue;
        }
        let row = layout.row_values();
        let rows = 1..layout.rows();
        let values = layout.read_rows(&File::open(path(&file.file)).unwrap(), rows).unwrap();
        assert_values(&values, &file.values[row..], &file.file);
        read += 1;
    }
    assert!(read > 20, "{read}");
    let idx = idx::layout(open("idx/f4-3d")).unwrap();
    assert_eq!((idx.offset(), idx.rows(), idx.row_values()), (16, 2, 12));
}

#[test]
fn a_file_that_shrinks_while_it_is_read_is_an_error() {
    let scratch = Scratch::new("shrinks");
    let path = scratch.0.join("x.npy");
    npy::write(&path, &[100, 10], &Values::Numbers(vec![1.5; 1000])).unwrap();
    let layout = npy::layout(Source::open(&path).unwrap()).unwrap();
    let file = File::options().read(true).write(true).open(&path).unwrap();
    layout.read_rows(&file, 90..100).unwrap();
    file.set_len(2000).unwrap();
    let problem = layout.read_rows(&file, 90..100).unwrap_err();
    assert!(matches!(problem, Problem::Truncated { expected: 4000, found: 1872 }), "{problem}");
}

#[test]
fn arrays_of_an_archive_are_chosen_by_name() {
    for file in &EXPECTED.npz {
        let source = open(&file.file);
        assert_eq!(source.format(), Format::Npz);
        let mut archive = npy::Archive::open(source, &limits()).unwrap();
        match (&file.choice, archive.choose()) {
            (Some([train, train_labels, test, test_labels]), Ok(choice)) => {
                assert_eq!(Some(choice.train), *train, "{}", file.file);
                assert_eq!(choice.train_labels, *train_labels, "{}", file.file);
                assert_eq!(choice.test, *test, "{}", file.file);
                assert_eq!(choice.test_labels, *test_labels, "{}", file.file);
            }
            (None, Err(error)) => assert!(error.to_string().contains("first, second"), "{error}"),
            (_, choice) => panic!("{}: {choice:?}", file.file),
        }
        for (name, expected) in &file.arrays {
            assert_eq!(archive.layout(name).unwrap().shape(), expected.shape);
            let array = archive.read(name, &limits()).unwrap();
            assert_eq!(array.shape, expected.shape);
            assert_values(&array.values, &expected.values, name);
        }
        let error = archive.read("nothing", &limits()).unwrap_err().to_string();
        assert!(error.contains("has no array `nothing`; it has "), "{error}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    let scratch = Scratch::new("arrays");
    let arrays = [
        (vec![2, 3], Values::Bytes(vec![0, 1, 2, 253, 254, 255])),
        (vec![4], Values::Numbers(vec![-1.5, f32::NAN, f32::INFINITY, 1e-40])),
        (vec![1, 2, 1, 3], Values::Numbers(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
        (vec![3], Values::Text(vec!["dög".into(), String::new(), "horse".into()])),
    ];
    for (index, (shape, values)) in arrays.iter().enumerate() {
        let path = scratch.0.join(format!("{index}.npy"));
        npy::write(&path, shape, values).unwrap();
        let array = npy::read(Source::open(&path).unwrap(), &limits()).unwrap();
        assert_eq!(format!("{:?}", (&array.shape, &array.values)), format!("{:?}", (shape, values)));
        // NumPy's own rule for its files: values begin at a multiple of 64 bytes.
        assert_eq!(npy::layout(Source::open(&path).unwrap()).unwrap().offset() % 64, 0);

        let path = scratch.0.join(format!("{index}.idx"));
        if matches!(values, Values::Text(_)) {
            assert!(idx::write(&path, shape, values).is_err());
            assert!(!path.exists());
            continue;
        }
        idx::write(&path, shape, values).unwrap();
        let array = idx::read(Source::open(&path).unwrap(), &limits()).unwrap();
        assert_eq!(format!("{:?}", (&array.shape, &array.values)), format!("{:?}", (shape, values)));
    }
    let path = scratch.0.join("all.npz");
    let named: Vec<_> = ["x", "y", "z"]
        .into_iter()
        .zip(&arrays)
        .map(|(name, (shape, values))| (name, &shape[..], values))
        .collect();
    npy::write_archive(&path, &named).unwrap();
    let mut archive = npy::Archive::open(Source::open(&path).unwrap(), &limits()).unwrap();
    assert_eq!(archive.names(), ["x", "y", "z"]);
    assert_eq!(archive.read("x", &limits()).unwrap().values, arrays[0].1);
}

#[test]
fn a_stream_is_read_like_a_file() {
    let bytes = std::fs::read(path("npy/f4-little-C.npy")).unwrap();
    let source = Source::from_reader("-".as_ref(), std::io::Cursor::new(bytes.clone())).unwrap();
    let array = npy::read(source, &limits()).unwrap();
    assert_eq!(array.shape, [3, 4]);

    let mut compressed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    compressed.write_all(&bytes).unwrap();
    let compressed = compressed.finish().unwrap();
    let source = Source::from_reader("-".as_ref(), std::io::Cursor::new(compressed)).unwrap();
    assert!(source.is_gzip());
    let again = npy::read(source, &limits()).unwrap();
    assert_eq!(format!("{again:?}"), format!("{array:?}"));
}
