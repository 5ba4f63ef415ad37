//! Parquet and Arrow.

use narrows::dataset::format::{Format, Source, columnar};

use crate::csv::assert_columns;
use crate::golden::{EXPECTED, Scratch, limits, open, path};

#[test]
fn files_of_pyarrow_and_polars_are_what_pandas_reads() {
    for file in &EXPECTED.columnar {
        let source = open(&file.file);
        let format = if file.file.ends_with(".parquet") { Format::Parquet } else { Format::Arrow };
        assert_eq!(source.format(), format, "{}", file.file);
        let table = columnar::read(source, &limits()).unwrap_or_else(|error| panic!("{error}"));
        assert_columns(&table, &file.columns, &file.file);
    }
}

#[test]
fn a_stream_is_read_like_a_file() {
    let bytes = std::fs::read(path("columnar/zstd.parquet")).unwrap();
    let source = Source::from_reader("-".as_ref(), std::io::Cursor::new(bytes)).unwrap();
    let table = columnar::read(source, &limits()).unwrap();
    assert_eq!(table, columnar::read(open("columnar/none.parquet"), &limits()).unwrap());
}

#[test]
fn a_table_that_is_written_is_read_as_the_same() {
    let scratch = Scratch::new("parquet-written");
    let table = columnar::read(open("columnar/snappy.parquet"), &limits()).unwrap();
    let path = scratch.0.join("table.parquet");
    columnar::write(&path, &table).unwrap();
    let again = columnar::read(Source::open(&path).unwrap(), &limits()).unwrap();
    let expected = &EXPECTED.columnar.iter().find(|file| file.file == "columnar/snappy.parquet").unwrap().columns;
    assert_columns(&again, expected, "written");
}
