//! Data of the user's own through every command: a folder of images in colour, a table with holes and classes, an array, and IDX files.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use narrows::dataset::format::{Values, npy};

use crate::{ended, narrows, program};

/// A folder of this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("own-data").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Forty pictures of 8 × 8 pixels: red ones that grow brighter to the right, blue ones that grow brighter downwards.
fn pictures(folder: &Path) -> PathBuf {
    let photos = folder.join("photos");
    for (class, channel) in [("red", 0), ("blue", 2)] {
        fs::create_dir_all(photos.join(class)).unwrap();
        for index in 0..20 {
            let mut pixels = vec![0; 8 * 8 * 3];
            for (place, pixel) in pixels.chunks_exact_mut(3).enumerate() {
                let step = if channel == 0 { place % 8 } else { place / 8 };
                pixel[channel] = (step * 20 + index * 5) as u8;
            }
            let file = fs::File::create(photos.join(class).join(format!("{index:02}.png"))).unwrap();
            let mut encoder = png::Encoder::new(file, 8, 8);
            encoder.set_color(png::ColorType::Rgb);
            encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        }
    }
    photos
}

/// Two hundred rows of six columns that follow two numbers, with holes, words and classes.
fn table(folder: &Path) -> PathBuf {
    let mut text = "time,a,b,c,d,e,f,machine,state\n".to_owned();
    for row in 0..200 {
        let (x, y) = ((row * 37 % 101) as f64 / 50.0 - 1.0, (row * 53 % 97) as f64 / 48.0 - 1.0);
        write!(text, "2024-01-01T00:{:02}:{:02}", row / 60, row % 60).unwrap();
        for (column, value) in [x, y, x + y, x * y, x - 2.0 * y, x * x].into_iter().enumerate() {
            let hole = (row + 3 * column) % 23 == 0;
            let scaled = value * 10_f64.powi(column as i32 - 2);
            if hole { text.push(',') } else { write!(text, ",{scaled:.6}").unwrap() }
        }
        writeln!(text, ",m{},{}", row % 3, if x > 0.0 { "up" } else { "down" }).unwrap();
    }
    let path = folder.join("sensors.csv");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_folder_of_colour_images_goes_through_every_command() {
    let folder = folder("photos");
    let (photos, out) = (pictures(&folder), folder.join("run"));
    let run = narrows!["train", "--data", &photos, "--epochs", "3", "--out", &out];
    for words in [
        "40 images in colour, 8 x 8 pixels",
        "classes by folder: blue, red",
        "36 rows to train",
        "hidden sizes",
    ] {
        assert!(run.err.contains(words), "{words}: {run:?}");
    }
    run.success();
    let evaluated = narrows!["evaluate", &out, "--json"].json();
    assert_eq!(evaluated["models"][0]["parts"][1]["rows"], 4);
    let picture = folder.join("picture.png");
    narrows!["reconstruct", &out, "--out", &picture].success();
    assert!(has_colour(&picture));
    narrows!["interpolate", &out, "--from", "train:red", "--to", "train:blue", "--out", &picture].success();
    assert!(has_colour(&picture));
    narrows!["encode", &out, "--rows", "train:red,test:blue"].success();
    assert!(narrows!["compare", &out].success().contains("model"));
    narrows!["page", &out, "--out", folder.join("page.html")].success();
    let described = narrows!["data", &photos, "--out", &picture, "--json"].json();
    assert_eq!(described[0]["image"]["channels"], 3);
    assert_eq!(described[0]["classes"][1]["class"], "red");
    assert!(has_colour(&picture));

    // Other sizes are other rows; one file that is no image is named.
    narrows!["evaluate", &out, "--data", &photos, "--size", "4x4"].mistake(&["192", "48"]);
    fs::write(photos.join("red").join("broken.png"), b"\x89PNG\r\n\x1a\n, and no more").unwrap();
    narrows!["data", &photos].mistake(&["broken.png", "--skip-unreadable"]);
    assert!(narrows!["data", &photos, "--skip-unreadable"].err.contains("broken.png"));
}

fn has_colour(picture: &Path) -> bool {
    let mut reader =
        png::Decoder::new(std::io::BufReader::new(fs::File::open(picture).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let samples = info.color_type.samples();
    samples >= 3 && pixels.chunks_exact(samples).any(|p| p[0].abs_diff(p[2]) > 60 && p[1] < 60)
}

#[test]
fn a_table_with_holes_and_classes_goes_through_every_command() {
    let folder = folder("table");
    let (table, out) = (table(&folder), folder.join("run"));
    let described = narrows!["data", &table];
    assert!(described.err.contains("3 columns of words: time, machine, state"), "{described:?}");
    let described = described.success();
    assert!(described.contains("values are missing") && described.contains("deviation"), "{described}");

    narrows!["train", "--data", &table, "--out", &out].mistake(&["`time` holds dates", "--one-hot", "--id"]);
    let flags = ["--label", "state", "--id", "time", "--one-hot", "machine"];
    let with = |more: &[&str]| {
        let mut arguments: Vec<std::ffi::OsString> = vec!["train".into(), "--data".into(), (&table).into()];
        arguments.extend(flags.iter().chain(more).map(Into::into));
        arguments.extend(["--out".into(), (&out).into()]);
        crate::called(arguments)
    };
    with(&[]).mistake(&["values are missing", "line 2", "--missing mean"]);
    assert!(!out.exists(), "a mistake leaves no folder");
    for rule in ["mean", "mask"] {
        let run = with(&["--missing", rule, "--epochs", "5", "--force"]);
        assert!(run.err.contains("linear output") && run.err.contains("180 rows to train"), "{run:?}");
        run.success();
        let evaluated = narrows!["evaluate", &out, "--json"];
        assert!(evaluated.err.is_empty(), "its own data needs no word: {evaluated:?}");
        assert!(evaluated.json()["models"][0]["parts"][0]["error"]["model_scale"].as_f64().unwrap() > 0.0);
        narrows!["encode", &out, "--rows", "train:up,test#0"].success();
        assert!(narrows!["compare", &out].success().contains("model"));
        narrows!["page", &out, "--out", folder.join("page.html")].success();
        if rule == "mean" {
            let measured = narrows!["interpolate", &out, "--measure"].success();
            assert!(measured.contains("pairs of test rows") && !measured.contains("image"), "{measured}");
        }
    }
    let picture = folder.join("rows.svg");
    narrows!["reconstruct", &out, "--rows", "test#0", "--out", &picture].success();
    let drawn = fs::read_to_string(&picture).unwrap();
    assert!(drawn.contains("mean squared error") && drawn.contains("standardised value"), "{drawn}");
    narrows!["interpolate", &out, "--from", "up", "--to", "down", "--out", &picture].success();
    assert!(fs::read_to_string(&picture).unwrap().contains("blend of values"));
    assert!(out.join("split.json").is_file() && out.join("report.html").is_file());

    // Other rows of the same columns, in another order and under another name.
    let other: String =
        fs::read_to_string(&table).unwrap().lines().take(120).fold(String::new(), |text, line| {
            let (first, rest) = line.split_once(',').unwrap();
            text + rest + "," + first + "\n"
        });
    let path = folder.join("new.csv");
    fs::write(&path, &other).unwrap();
    let evaluated = narrows!["evaluate", &out, "--data", &path];
    assert!(evaluated.err.contains("is not the data that model was trained on"), "{evaluated:?}");
    evaluated.success();
    fs::write(&path, other.replacen("a,b", "A,b", 1)).unwrap();
    narrows!["evaluate", &out, "--data", &path].mistake(&["no column a", "--rename A=a"]);
    narrows!["evaluate", &out, "--data", &path, "--rename", "A=a"].success();
    // Of data of another kind that is said: no flag was given that could be left out.
    let kind = ["is images", "model was trained on a table of 9 columns"];
    let refused = narrows!["evaluate", &out, "--data", pictures(&folder)].mistake(&kind);
    assert!(!refused.contains("--"), "{refused}");
}

#[test]
fn an_experiment_reads_a_table_of_options_and_a_path_alone() {
    let folder = folder("experiment");
    let (table, file) = (table(&folder), folder.join("mine.toml"));
    let experiment = format!(
        "title = \"mine\"\nnormalisation = \"standard\"\n[data]\npath = {table:?}\nlabel = \"state\"\ndrop = [\"time\", \
         \"machine\"]\nmissing = \"mean\"\ntest_share = 0.25\n[training]\nepochs = 2\n[[models]]\nname = \"small\"\nhidden = \
         [8, 2]\noutput = \"linear\"\n"
    );
    fs::write(&file, &experiment).unwrap();
    let summary = narrows!["run", &file, "--out", folder.join("run"), "--json"].json();
    assert_eq!(
        (summary["data"]["test_rows"].as_u64(), summary["data"]["features"].as_u64()),
        (Some(50), Some(6))
    );
    fs::write(&file, experiment.replace("missing", "mising")).unwrap();
    narrows!["run", &file, "--out", folder.join("run")].mistake(&["mising", "missing"]);
}

#[test]
fn data_without_classes_works_wherever_none_are_needed() {
    let folder = folder("unlabelled");
    let (array, out) = (folder.join("rows.csv"), folder.join("run"));
    let text: String =
        (0..120).map(|row| format!("{},{},{}\n", row % 7, row % 5, row % 7 + row % 5)).collect();
    fs::write(&array, "x,y,z\n".to_owned() + &text).unwrap();
    narrows!["train", "--data", &array, "--epochs", "2", "--out", &out].success();
    narrows!["evaluate", &out].success();
    narrows!["encode", &out, "--rows", "train#3"].success();
    assert!(narrows!["compare", &out].success().contains("model"));
    narrows!["encode", &out, "--rows", "train:7"].mistake(&["no labels", "test#42"]);
    narrows!["page", &out, "--out", folder.join("page.html")].success();
}

/// Sixty rows with a name, a day, a site, an area whose numbers begin with 0, and two numbers.
fn machines(folder: &Path, name: &str, site: &str) -> PathBuf {
    let row = |row: usize| {
        let (site, area) = ([site, "south"][row % 2], ["007", "012"][row / 2 % 2]);
        let (x, y) = ((row * 37 % 101) as f64 / 50.0, (row * 53 % 97) as f64 / 48.0);
        format!("M{row:03},2024-03-{:02},{site},{area},{x},{y}\n", row % 28 + 1)
    };
    let path = folder.join(name);
    let rows: String = (0..60).map(row).collect();
    fs::write(&path, "machine,day,site,area,x,y\n".to_owned() + &rows).unwrap();
    path
}

#[test]
fn rows_have_names_and_dates_and_categories_wherever_they_go() {
    let folder = folder("names");
    let (table, out) = (machines(&folder, "machines.csv", "north"), folder.join("run"));
    narrows!["train", "--data", &table, "--out", &out].mistake(&["--dates day", "--one-hot", "--id"]);
    let run = narrows![
        "train",
        "--data",
        &table,
        "--id",
        "machine",
        "--dates",
        "day",
        "--one-hot",
        "site",
        "--label",
        "area",
        "--validation-share",
        "0.2",
        "--epochs",
        "3",
        "--out",
        &out
    ];
    assert!(run.err.contains("`day`: dates become seconds since 1970"), "{run:?}");
    run.success();

    let codes = narrows!["encode", &out, "--rows", "@M007,train:007,test#0", "--json"].json();
    let rows = &codes["models"][0]["rows"];
    assert_eq!(
        (&rows[0]["row"], &rows[0]["id"], &rows[0]["class"]),
        (&"@M007".into(), &"M007".into(), &"012".into())
    );
    assert_eq!(rows[1]["class"], "007");
    assert!(rows[1]["id"].as_str().unwrap().starts_with('M'), "{rows}");
    let shown = narrows!["encode", &out, "--rows", "test#0"].success();
    assert!(shown.contains("test#0, M"), "{shown}");
    narrows!["encode", &out, "--rows", "@M999"].mistake(&["`@M999`", "no row is called so"]);
    narrows!["encode", &out, "--rows", "train:M007"].mistake(&["no class M007"]);
    let quality = narrows!["compare", &out, "--json"].json();
    assert!(quality["models"][0]["latent"]["worst"][0]["id"].as_str().unwrap().starts_with('M'), "{quality}");

    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(
        page.contains("\"ids\":[\"M") && page.contains("\"id\":\"M"),
        "rows of the page have their names"
    );

    let parts = narrows!["evaluate", &out, "--json"].json()["models"][0]["parts"].clone();
    let named: Vec<_> = parts.as_array().unwrap().iter().map(|part| part["part"].as_str().unwrap()).collect();
    assert_eq!(named, ["train", "validation", "test"]);
    let validation = narrows!["evaluate", &out, "--part", "validation", "--json"].json();
    assert_eq!(validation["models"][0]["parts"], serde_json::json!([parts[1]]));

    // Other data is read as the model's own was, by every command.
    let other = machines(&folder, "other.csv", "west");
    for command in [&["evaluate"][..], &["page", "--out", "page.html"]] {
        let mut arguments: Vec<std::ffi::OsString> = command.iter().map(Into::into).collect();
        arguments.extend([(&out.join("models/model")).into(), "--data".into(), (&other).into()]);
        crate::called(&arguments).mistake(&["`west` in column `site`", "--unseen zeros"]);
        arguments.extend(["--unseen".into(), "zeros".into()]);
        let mut program = program(&arguments);
        ended(&program.current_dir(&folder).output().unwrap()).success();
    }
    let page = fs::read_to_string(folder.join("page.html")).unwrap();
    assert!(page.contains("\"ids\":[\"M") && page.contains("site=north"));
    narrows!["evaluate", &out, "--data", &other, "--unseen", "zeros", "--part", "validation"]
        .mistake(&["no validation set", "--validation-share"]);

    // Names are written out, and read back.
    for name in ["machines.parquet", "again.csv"] {
        let written = folder.join(name);
        let flags = ["--id", "machine", "--label", "area", "--dates", "day", "--drop", "site"];
        let mut arguments: Vec<std::ffi::OsString> = vec!["data".into(), "convert".into(), (&table).into()];
        arguments.extend(flags.iter().map(Into::into));
        arguments.extend(["--out".into(), (&written).into()]);
        crate::called(arguments).success();
        let row =
            narrows!["data", &written, "--id", "id", "--label", "class", "--rows", "@M001", "--json"].json();
        assert_eq!(
            (&row["rows"][0]["id"], &row["rows"][0]["class"]),
            (&"M001".into(), &"007".into()),
            "{name}"
        );
    }
}

#[test]
fn what_is_converted_reads_back_as_the_same_data() {
    let folder = folder("convert");
    let photos = pictures(&folder);
    let hash = |path: &Path, flags: &[&str]| {
        let mut arguments: Vec<std::ffi::OsString> = vec!["data".into(), path.into(), "--json".into()];
        arguments.extend(flags.iter().map(Into::into));
        let described = crate::called(arguments).json();
        (described[0]["sha256"].as_str().unwrap().to_owned(), described[0]["classes"].clone())
    };
    let own = hash(&photos, &[]);
    for (name, flags) in [("a.npz", &[][..]), ("again", &[])] {
        let written = folder.join(name);
        narrows!["data", "convert", &photos, "--out", &written].success();
        assert_eq!(hash(&written, flags), own, "{name}");
    }
    let array = folder.join("a.npy");
    narrows!["data", "convert", &photos, "--out", &array].success();
    assert_eq!(hash(&array, &[]).0, own.0);

    let table = table(&folder);
    let (values, _) = hash(&table, &["--label", "state"]);
    for name in ["b.csv", "b.tsv", "b.parquet"] {
        let written = folder.join(name);
        narrows!["data", "convert", &table, "--label", "state", "--out", &written].success();
        assert_eq!(hash(&written, &["--label", "class"]).0, values, "{name}");
    }
    // What is larger than memory is written while it is read.
    let large = folder.join("large.npy");
    let values = (0..40_000 * 8).map(|i| (i * 31 % 1009) as f32 / 8.0).collect();
    npy::write(&large, &[40_000, 8], &Values::Numbers(values)).unwrap();
    for name in ["c.npy", "c.csv"] {
        let written = folder.join(name);
        let told = narrows!["data", "convert", &large, "--memory", "300kB", "--out", &written];
        assert!(told.err.contains("read block by block"), "{told:?}");
        told.success();
        assert_eq!(hash(&written, &[]).0, hash(&large, &[]).0, "{name}");
    }
    narrows!["data", "convert", &table, "--out", folder.join("b.xlsx")].mistake(&[".parquet"]);
    narrows!["data", "convert", &table, "--out", folder.join("pictures")].mistake(&["no images"]);
    narrows!["data", "convert", "mnist", "--out", folder.join("m.csv")].mistake(&["--part"]);
}

#[test]
fn idx_files_compressed_or_not_are_read_in_their_four_parts() {
    let folder = folder("idx");
    let (photos, files, out) = (pictures(&folder), folder.join("files"), folder.join("run"));
    narrows!["data", "convert", &photos, "--grey", "--format", "idx", "--out", &files].success();
    for name in ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"] {
        let bytes = fs::read(files.join(name)).unwrap();
        let compressed = fs::File::create(files.join(format!("{name}.gz"))).unwrap();
        let mut encoder = flate2::write::GzEncoder::new(compressed, flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        encoder.finish().unwrap();
        fs::remove_file(files.join(name)).unwrap();
    }
    narrows!["train", "--data", &files, "--hidden", "8,2", "--epochs", "2", "--out", &out].success();
    narrows!["evaluate", &out].success();
    narrows!["reconstruct", &out, "--rows", "train:0,train:1", "--out", folder.join("r.png")].success();
    narrows!["interpolate", &out, "--from", "0", "--to", "1", "--out", folder.join("i.png")].success();
    narrows!["compare", &out].success();
    narrows!["page", &out, "--out", folder.join("page.html")].success();
}

#[test]
fn an_array_goes_through_every_command_and_a_split_is_given_again() {
    let folder = folder("array");
    let (photos, array, out) = (pictures(&folder), folder.join("rows.npy"), folder.join("run"));
    narrows!["data", "convert", &photos, "--out", &array].success();
    let split = folder.join("split.json");
    narrows!["data", &array, "--test-share", "0.25", "--split-out", &split].success();
    let run = narrows!["train", "--data", &array, "--split", &split, "--epochs", "2", "--out", &out];
    assert!(run.err.contains("30 rows to train, 10 to test, as "), "{run:?}");
    run.success();
    narrows!["evaluate", &out].success();
    narrows!["reconstruct", &out, "--out", folder.join("r.png")].success();
    narrows!["interpolate", &out, "--from", "train#0", "--to", "train#1", "--out", folder.join("i.png")]
        .success();
    narrows!["encode", &out, "--rows", "test#0"].success();
    narrows!["compare", &out].success();
    narrows!["page", &out, "--out", folder.join("page.html")].success();
    narrows!["train", "--data", folder.join("nothing.npy")].mistake(&["nothing.npy", "no such file"]);
}

/// The standard input can be opened once alone.
#[test]
fn arrays_are_read_from_the_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("array.npy");
    let values = Values::Numbers((0..200).map(|i| i as f32).collect());
    npy::write(&path, &[50, 4], &values).unwrap();
    let idx = folder.path().join("array-idx2-ubyte");
    let bytes = Values::Bytes((0..200).collect());
    narrows::dataset::format::idx::write(&idx, &[50, 4], &bytes).unwrap();
    for file in [&path, &idx] {
        for memory in [None, Some("1MB")] {
            let mut call = program(["data", "-", "--json", "--quiet"]);
            call.args(memory.iter().flat_map(|memory| ["--memory", memory]));
            call.stdin(fs::File::open(file).unwrap());
            let described = ended(&call.output().unwrap()).json();
            assert_eq!((&described[0]["rows"], &described[0]["features"]), (&50.into(), &4.into()));
        }
    }
}
