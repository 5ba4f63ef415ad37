//! Tables of text and in columns.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use narrows::dataset::load::{ImageSize, MissingRule, UnseenRule, load_for, load_unsplit};

use super::*;

/// Enough for several pieces on two threads.
const ROWS: usize = 60_000;

/// Rows of every kind of column, with holes; `shift` makes them others.
fn mixed(rows: usize, shift: usize) -> String {
    let mut text = "day,colour,kind,number,weight,article\n".to_owned();
    for row in shift..shift + rows {
        let weight =
            if row % 7 == 0 { String::new() } else { format!("{}.{:03}", row * 31 % 97, row % 1000) };
        let colour = ["red", "green", "", "dark blue"][row * 7 % 11 % 4];
        let (day, kind) = (1 + row % 28, ["1.0", "2.0", "10.0"][row * 5 % 13 % 3]);
        writeln!(text, "2024-02-{day:02},{colour},{kind},{},{weight},{row:07}", row * 1000).unwrap();
    }
    text
}

fn options(place: &Place) -> LoadOptions {
    LoadOptions {
        test: Some(place.path("test.csv").display().to_string()),
        label: Some("class".to_owned()),
        id: Some("article".to_owned()),
        one_hot: names(&["colour"]),
        dates: names(&["day"]),
        rename: BTreeMap::from([("kind".to_owned(), "class".to_owned())]),
        missing: MissingRule::Mask,
        ..place.options("train.csv")
    }
}

fn in_memory(options: &LoadOptions) -> LoadOptions {
    LoadOptions { memory: None, ..options.clone() }
}

/// What is said of the data, but for where it lies.
fn notes(loaded: &Loaded) -> Vec<&String> {
    let of_place = |note: &&String| !note.contains(WRITTEN) && !note.contains(REUSED);
    loaded.notes.iter().filter(of_place).collect()
}

/// The same rows, classes and names, in memory and in a file.
fn same_as_in_memory(cached: &Loaded, memory: &Loaded) {
    let [a, b] = [cached, memory].map(|loaded| &loaded.parts);
    assert_eq!(a.schema(), b.schema());
    for part in [Part::Train, Part::Test] {
        let [a_rows, b_rows] = [a, b].map(|parts| parts.get(part).unwrap());
        assert!(!a_rows.is_in_memory() && b_rows.is_in_memory());
        assert_eq!(a_rows.content_hash(), b_rows.content_hash(), "{part}");
        assert_eq!(a_rows.labels(), b_rows.labels());
        assert_eq!(a.ids(part), b.ids(part));
    }
    assert_eq!(notes(cached), notes(memory));
}

#[test]
fn a_table_in_the_cache_is_that_of_memory() {
    let place = Place::new();
    fs::write(place.path("train.csv"), mixed(ROWS, 0)).unwrap();
    fs::write(place.path("test.csv"), mixed(ROWS / 2, 5)).unwrap();
    let options = options(&place);
    let memory = read(&in_memory(&options)).unwrap();
    assert_eq!(memory.parts.schema().classes(), Some(&names(&["1", "2", "10"])[..]));
    assert_eq!(memory.parts.ids(Part::Train).unwrap()[3], "0000003");
    for note in [WRITTEN, REUSED] {
        let cached = read(&options).unwrap();
        assert!(says(&cached, note), "{:?}", cached.notes);
        same_as_in_memory(&cached, &memory);
    }
    // A model finds what it was trained on where training left it.
    let model = |schema: &Schema| {
        load_for(schema, &options, NonZeroUsize::MIN, &mut |_, _| ControlFlow::Continue(())).unwrap()
    };
    let copies = inside(&place.cache());
    let of_model = model(memory.parts.schema());
    assert!(!says(&of_model, WRITTEN), "{:?}", of_model.notes);
    assert_eq!(of_model.parts.train().content_hash(), memory.parts.train().content_hash());
    assert_eq!(inside(&place.cache()), copies);
    // Described, columns of words are left out, and values may be missing; that is other data.
    let plain = LoadOptions { test: None, ..place.options("train.csv") };
    let unsplit = |options: &LoadOptions| {
        load_unsplit(options, NonZeroUsize::MIN, &mut |_, _| ControlFlow::Continue(())).unwrap()
    };
    let [cached, memory] = [unsplit(&plain), unsplit(&in_memory(&plain))];
    assert_eq!(cached.parts[0].dataset.content_hash(), memory.parts[0].dataset.content_hash());
    assert_eq!(cached.notes[1..], memory.notes);
}

#[test]
fn numbers_from_text_teach_what_those_of_an_array_teach() {
    let place = Place::new();
    let (rows, columns) = (ROWS, 6);
    let values: Vec<f32> = (0..rows * columns).map(|i| (i * 7919 % 10_007) as f32 / 16.0).collect();
    let mut text = String::new();
    for row in values.chunks(columns) {
        let cells: Vec<String> = row.iter().map(f32::to_string).collect();
        writeln!(text, "{}", cells.join("\t")).unwrap();
    }
    fs::write(place.path("numbers.tsv"), &text).unwrap();
    npy::write(&place.path("numbers.npy"), &[rows, columns], &FileValues::Numbers(values)).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, text.as_bytes()).unwrap();
    fs::write(place.path("numbers.tsv.gz"), gzip.finish().unwrap()).unwrap();
    let array = read(&place.options("numbers.npy")).unwrap();
    for name in ["numbers.tsv", "numbers.tsv.gz"] {
        let loaded = read(&place.options(name)).unwrap();
        assert!(says(&loaded, WRITTEN), "{:?}", loaded.notes);
        same_rows(&loaded, &array);
    }
    // From the standard input nothing is read twice.
    assert_eq!(inside(&place.cache()).len(), 2);
}

/// As [`same`]; the columns have names in one of them.
fn same_rows(one: &Loaded, other: &Loaded) {
    for part in [Part::Train, Part::Test] {
        let [a, b] = [one, other].map(|loaded| loaded.parts.get(part).unwrap().values_hash());
        assert_eq!(a, b, "{part}");
    }
    assert_eq!(learned(one), learned(other));
}

#[test]
fn words_after_many_numbers_are_the_error_of_memory_and_leave_no_copy() {
    let place = Place::new();
    let mut text = mixed(ROWS, 0).replace("2024-02-", "");
    text += "7,red,1.0,unknown,3,x\n8,red,1.0,unknown,3,y\n";
    fs::write(place.path("table.csv"), text).unwrap();
    let kinds = LoadOptions { drop: names(&["colour", "article"]), ..place.options("table.csv") };
    for options in [kinds.clone(), LoadOptions { missing: MissingRule::Mask, ..kinds.clone() }] {
        let error = read(&options).unwrap_err().to_string();
        assert!(error.contains("unknown") && error.contains("60000 numbers"), "{error}");
        assert_eq!(error, read(&in_memory(&options)).unwrap_err().to_string());
        assert_eq!(inside(&place.cache()), [] as [PathBuf; 0]);
    }
    // Missing values, and a column that is not there.
    let numbers = LoadOptions { drop: names(&["colour", "article", "number"]), ..place.options("table.csv") };
    for options in [numbers.clone(), LoadOptions { label: Some("sort".to_owned()), ..numbers }] {
        let error = read(&options).unwrap_err().to_string();
        assert_eq!(error, read(&in_memory(&options)).unwrap_err().to_string());
        assert_eq!(inside(&place.cache()), [] as [PathBuf; 0]);
    }
}

#[test]
fn categories_and_dates_that_do_not_fit_are_the_errors_of_memory() {
    let place = Place::new();
    fs::write(place.path("train.csv"), mixed(ROWS, 0)).unwrap();
    let test = mixed(ROWS / 2, 5);
    fs::write(place.path("test.csv"), format!("{test}2024-02-30,violet,1.0,3,4,x\n")).unwrap();
    let both = options(&place);
    let no_date = read(&both).unwrap_err().to_string();
    assert!(no_date.contains("row 30000 (from 0)") && no_date.contains("`2024-02-30`"), "{no_date}");
    assert_eq!(no_date, read(&in_memory(&both)).unwrap_err().to_string());

    fs::write(place.path("test.csv"), format!("{test}2024-02-03,violet,1.0,3,4,x\n")).unwrap();
    let unseen = read(&both).unwrap_err().to_string();
    assert!(unseen.contains("row 30000 (from 0)") && unseen.contains("`violet`"), "{unseen}");
    assert_eq!(unseen, read(&in_memory(&both)).unwrap_err().to_string());
    assert_eq!(inside(&place.cache()).len(), 1, "of the training set alone");
    let zeros = LoadOptions { unseen: UnseenRule::Zeros, ..both };
    let cached = read(&zeros).unwrap();
    assert!(says(&cached, "1 rows of"), "{:?}", cached.notes);
    same_as_in_memory(&cached, &read(&in_memory(&zeros)).unwrap());
}

#[test]
fn rows_of_a_table_are_images_of_the_values_that_memory_finds() {
    for scale in [1.0_f32, 0.5] {
        let place = Place::new();
        let mut text = String::new();
        for row in 0..ROWS {
            let cells = (0..12).map(|i| ((row * 7 + i * 31) % 256) as f32 * scale);
            let cells: Vec<String> = cells.map(|value| value.to_string()).collect();
            writeln!(text, "{}", cells.join(";")).unwrap();
        }
        for name in ["train.csv", "test.csv"] {
            fs::write(place.path(name), &text).unwrap();
        }
        let size = Some(ImageSize { height: 3, width: 4 });
        let test = Some(place.path("test.csv").display().to_string());
        let options = LoadOptions { size, test, ..place.options("train.csv") };
        let cached = read(&options).unwrap();
        same_as_in_memory(&cached, &read(&in_memory(&options)).unwrap());
        assert_eq!(says(&cached, "kept as bytes"), scale == 1.0, "{:?}", cached.notes);
    }
}

#[test]
fn a_copy_is_used_without_reading_the_table_and_made_anew_when_that_has_changed() {
    let place = Place::new();
    let (path, text) = (place.path("table.csv"), mixed(ROWS, 0));
    fs::write(&path, &text).unwrap();
    let options = LoadOptions { drop: names(&["day", "colour", "weight"]), ..place.options("table.csv") };
    let first = read(&options).unwrap();
    let touched = |bytes: &str, when: SystemTime| {
        fs::write(&path, bytes).unwrap();
        fs::File::options().append(true).open(&path).unwrap().set_modified(when).unwrap();
        read(&options).unwrap()
    };
    let when = fs::metadata(&path).unwrap().modified().unwrap();
    // Other values of the same length and age, which nobody writes by chance: they show that the table is not read.
    let other = text.replace("1.0,", "2.0,");
    let again = touched(&other, when);
    assert!(says(&again, REUSED), "{:?}", again.notes);
    assert_eq!(again.parts.train().content_hash(), first.parts.train().content_hash());
    let anew = touched(&other, when + Duration::from_secs(1));
    assert!(says(&anew, WRITTEN), "{:?}", anew.notes);
    assert_ne!(anew.parts.train().content_hash(), first.parts.train().content_hash());
    // An option that changes values, and one that does not.
    let renamed = LoadOptions { drop: names(&["day", "colour", "weight", "kind"]), ..options.clone() };
    assert!(says(&read(&renamed).unwrap(), WRITTEN));
    assert!(says(&read(&LoadOptions { split_seed: 3, ..options }).unwrap(), REUSED));
}

#[test]
fn a_table_that_fits_or_has_no_cache_is_in_memory() {
    let place = Place::new();
    fs::write(place.path("train.csv"), mixed(ROWS, 0)).unwrap();
    fs::write(place.path("test.csv"), mixed(100, 0)).unwrap();
    let options = options(&place);
    for options in [
        LoadOptions { memory: Some(ByteSize(100 << 20)), ..options.clone() },
        LoadOptions { cache: None, ..options.clone() },
    ] {
        assert!(read(&options).unwrap().parts.train().is_in_memory());
        assert!(!place.cache().exists());
    }
    // A reading that is stopped leaves nothing.
    let mut seen = 0;
    let stopped = load(&options, NonZeroUsize::MIN, &mut |read, of| {
        seen = read;
        if 2 * read > of { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(stopped.unwrap_err().to_string().contains("stopped") && seen > 0);
    assert_eq!(inside(&place.cache()), [] as [PathBuf; 0]);
}

#[cfg(feature = "parquet")]
#[test]
fn a_table_in_columns_is_that_of_memory() {
    use narrows::dataset::format::{Limits, Source, csv, parquet};
    let place = Place::new();
    for (name, rows, shift) in [("train", ROWS, 0), ("test", ROWS / 2, 5)] {
        let text = place.path(&format!("{name}.csv"));
        fs::write(&text, mixed(rows, shift)).unwrap();
        let source = Source::open(&text).unwrap();
        let (table, _) =
            csv::read(source, &csv::Options::default(), &Limits::default(), NonZeroUsize::MIN).unwrap();
        parquet::write(&place.path(&format!("{name}.parquet")), &table).unwrap();
    }
    let path = |name: &str| place.path(name).display().to_string();
    let options =
        LoadOptions { path: path("train.parquet"), test: Some(path("test.parquet")), ..options(&place) };
    let memory = read(&in_memory(&options)).unwrap();
    for note in [WRITTEN, REUSED] {
        let cached = read(&options).unwrap();
        assert!(says(&cached, note), "{:?}", cached.notes);
        same_as_in_memory(&cached, &memory);
    }
    let kinds = LoadOptions { one_hot: Vec::new(), ..options };
    let error = read(&kinds).unwrap_err().to_string();
    assert!(error.contains("`colour`"), "{error}");
    assert_eq!(error, read(&in_memory(&kinds)).unwrap_err().to_string());
}
