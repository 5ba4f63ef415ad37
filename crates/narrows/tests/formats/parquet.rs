//! Parquet.

use narrows::dataset::format::{Format, Source, parquet};

use crate::csv::assert_columns;
use crate::golden::{EXPECTED, Scratch, limits, open, path};

#[test]
fn files_of_pyarrow_and_polars_are_what_pandas_reads() {
    for file in &EXPECTED.parquet {
        let source = open(&file.file);
        assert_eq!(source.format(), Format::Parquet, "{}", file.file);
        let table = parquet::read(source, &limits()).unwrap_or_else(|error| panic!("{error}"));
        assert_columns(&table, &file.columns, &file.file);
    }
}

#[test]
fn a_stream_is_read_like_a_file() {
    let bytes = std::fs::read(path("parquet/zstd.parquet")).unwrap();
    let source = Source::from_reader("-".as_ref(), std::io::Cursor::new(bytes)).unwrap();
    let table = parquet::read(source, &limits()).unwrap();
    let expected = EXPECTED.parquet.iter().find(|file| file.file == "parquet/zstd.parquet").unwrap();
    assert_columns(&table, &expected.columns, "a stream");
}

#[test]
fn a_table_that_is_written_is_read_as_the_same() {
    let scratch = Scratch::new("parquet-written");
    let table = parquet::read(open("parquet/snappy.parquet"), &limits()).unwrap();
    let path = scratch.0.join("table.parquet");
    parquet::write(&path, &table).unwrap();
    let again = parquet::read(Source::open(&path).unwrap(), &limits()).unwrap();
    let expected =
        &EXPECTED.parquet.iter().find(|file| file.file == "parquet/snappy.parquet").unwrap().columns;
    assert_columns(&again, expected, "written");
}
