//! Tables of text.

use std::num::NonZeroUsize;

use narrows::dataset::format::{Cells, Format, Place, Problem, Source, Table, csv};

use crate::golden::{ColumnFile, EXPECTED, Scratch, assert_numbers, limits, open};

pub fn read(text: &str) -> Result<Table, narrows::dataset::format::FormatError> {
    read_with(text, &csv::Options::default()).map(|(table, _)| table)
}

fn read_with(
    text: &str,
    options: &csv::Options,
) -> Result<(Table, csv::Dialect), narrows::dataset::format::FormatError> {
    let source = Source::from_reader("table.csv".as_ref(), std::io::Cursor::new(text.to_owned()))?;
    csv::read(source, options, &limits(), NonZeroUsize::new(2).unwrap())
}

/// The columns of a table against what pandas has.
pub fn assert_columns(table: &Table, expected: &[ColumnFile], file: &str) {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, expected.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), "{file}");
    for (column, expected) in table.columns.iter().zip(expected) {
        let name = format!("{file}, {}", column.name);
        match &column.cells {
            Cells::Numbers { values, .. } => {
                let missing = values.iter().filter(|value| value.is_nan()).count();
                assert_eq!(column.missing.count, missing, "{name}");
                assert_numbers(
                    values,
                    expected.numbers.as_ref().unwrap_or_else(|| panic!("{name} is text")),
                    &name,
                );
            }
            Cells::Text(text) => {
                if let Some(expected) = &expected.text {
                    let cells: Vec<_> = (0..table.rows).map(|row| text.get(row).map(str::to_owned)).collect();
                    assert_eq!(&cells, expected, "{name}");
                }
                let seconds = text.as_seconds().map(|cells| cells.into_iter().map(Option::unwrap).collect());
                assert_eq!(seconds, expected.seconds, "{name}");
            }
        }
    }
}

#[test]
fn files_of_pandas_and_polars_are_what_pandas_reads() {
    for file in &EXPECTED.csv {
        let source = open(&file.file);
        assert_eq!(source.format(), Format::Csv, "{}", file.file);
        let threads = NonZeroUsize::new(3).unwrap();
        let (table, dialect) = csv::read(source, &csv::Options::default(), &limits(), threads)
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(Some(char::from(dialect.delimiter)), file.delimiter, "{}", file.file);
        assert_eq!(Some(dialect.header), file.header, "{}", file.file);
        assert_eq!(Some(dialect.decimal_comma), file.decimal_comma, "{}", file.file);
        assert_columns(&table, &file.columns, &file.file);
    }
}

#[test]
fn a_column_says_what_is_missing_and_what_made_it_text() {
    let table = read("a,b,c\n1,x,16777217\n,2,3\n?,3,16777216\n4,y,1.5\n").unwrap();
    let a = table.column("a").unwrap();
    assert_eq!((a.missing.count, a.missing.first), (2, Some(3)));
    let Cells::Text(b) = &table.column("b").unwrap().cells else { panic!("b is text") };
    assert_eq!((b.first_text(), b.numbers()), (Some((2, "x")), 2));
    assert_eq!(b.categories(), ["x", "2", "3", "y"]);
    let Cells::Numbers { rounded, .. } = table.column("c").unwrap().cells else { panic!("c is numbers") };
    assert_eq!(rounded, 1);
    assert_eq!(table.column("d"), None);
}

/// Many chunks on several threads: the same table as by hand, in the same order.
#[test]
fn a_table_of_many_chunks_is_read_in_order() {
    let rows = 200_000;
    let text: String = std::iter::once("id,half,name,late\n".to_owned())
        .chain((0..rows).map(|row| {
            let late = if row == rows - 7 { "oops".to_owned() } else { row.to_string() };
            format!("{row},{}.5,\"n {}\",{late}\n", row / 2, row % 5)
        }))
        .collect();
    let table = read(&text).unwrap();
    assert_eq!(table.rows, rows);
    let Cells::Numbers { values, .. } = &table.columns[0].cells else { panic!("numbers") };
    assert!(values.iter().enumerate().all(|(row, &value)| value == row as f32));
    let Cells::Text(names) = &table.columns[2].cells else { panic!("text") };
    assert_eq!(names.categories(), ["n 0", "n 1", "n 2", "n 3", "n 4"]);
    assert!((0..rows).all(|row| names.get(row) == Some(&format!("n {}", row % 5)[..])));
    // Text that comes late makes its column text from the first row on.
    let Cells::Text(late) = &table.columns[3].cells else { panic!("text") };
    assert_eq!((late.get(0), late.get(rows - 7)), (Some("0"), Some("oops")));
    assert_eq!(late.first_text(), Some((rows as u64 - 5, "oops")));
    assert_eq!(late.numbers(), rows - 1);

    // Block by block, the same rows; text in a column of numbers is an error that names its line.
    let source =
        |text: &str| Source::from_reader("t.csv".as_ref(), std::io::Cursor::new(text.to_owned())).unwrap();
    let mut blocks = csv::blocks(source(&text), &csv::Options::default(), NonZeroUsize::MIN).unwrap();
    let mut seen = 0;
    let error = loop {
        match blocks.next().unwrap() {
            Ok(block) => {
                let Cells::Numbers { values, .. } = &block.columns[0].cells else { panic!("numbers") };
                assert!(values.iter().zip(seen..).all(|(&value, row)| value == row as f32));
                seen += block.rows;
            }
            Err(error) => break error,
        }
    };
    assert!(seen > 50_000);
    assert_eq!(error.place, Place::Cell { line: rows as u64 - 5, column: "late".into() });
    assert!(blocks.next().is_none());
    let options = csv::Options { text: vec!["late".into()], ..csv::Options::default() };
    let all: usize = csv::blocks(source(&text), &options, NonZeroUsize::new(3).unwrap())
        .unwrap()
        .map(|block| block.unwrap().rows)
        .sum();
    assert_eq!(all, rows);
}

#[test]
fn what_the_user_says_comes_before_what_is_found_out() {
    let options = csv::Options { header: Some(false), ..csv::Options::default() };
    let (table, dialect) = read_with("a,b\nc,d\n", &options).unwrap();
    assert_eq!((table.rows, dialect.header), (2, false));
    let options =
        csv::Options { delimiter: Some(b';'), decimal_comma: Some(true), ..csv::Options::default() };
    let (table, _) = read_with("a\n1,5\n2,5\n", &options).unwrap();
    assert_eq!(table.columns.len(), 1);
    let Cells::Numbers { values, .. } = &table.columns[0].cells else { panic!("numbers") };
    assert_eq!(values, &[1.5, 2.5]);
    let options = csv::Options { text: vec!["b".into(), "age".into()], ..csv::Options::default() };
    let (table, _) = read_with("a,b\n1,007\n", &options).unwrap();
    let Cells::Text(text) = &table.columns[1].cells else { panic!("text") };
    assert_eq!((text.get(0), text.first_text()), (Some("007"), None));
}

#[test]
fn wrong_tables_are_told_with_their_line() {
    let cases: [(&str, Place, &str); 10] = [
        ("a,b\n1,2\n3\n", Place::Line(3), "1 cells where the first line has 2"),
        ("a,b\n1,2\n\n3,4,5\n", Place::Line(4), "3 cells where the first line has 2"),
        ("a,b\r\n1,2\r\n\r\n3\r\n", Place::Line(4), "1 cells where the first line has 2"),
        ("\n\na,b\n1,2\n3\n", Place::Line(5), "1 cells where the first line has 2"),
        ("a,b\n1,\"2\n3,4\n", Place::Line(2), "never closed"),
        ("a,b\n", Place::File, "no rows"),
        ("\n\n", Place::File, "no rows"),
        ("a\n1\n1e39\n", Place::Cell { line: 3, column: "a".into() }, "`1e39` is too great"),
        ("a\n1e400\n", Place::Cell { line: 2, column: "a".into() }, "`1e400` is too great"),
        ("a\n\"x\ny\"\n1e400\n", Place::File, ""),
    ];
    for (text, place, message) in &cases[..9] {
        let error = read(text).unwrap_err();
        assert_eq!(&error.place, place, "{text:?}: {error}");
        assert!(error.to_string().contains(message), "{text:?}: {error}");
    }
    // Text in the column: then 1e400 is text too.
    assert!(read(cases[9].0).is_ok());
}

#[test]
fn text_of_another_encoding_is_refused_with_its_place() {
    let scratch = Scratch::new("encoding");
    let mut bytes = b"name,x\n".to_vec();
    bytes.extend(b"abc,1\n".repeat(2000));
    bytes.extend(b"M\xFCller,2\n");
    let path = scratch.write("latin.csv", &bytes);
    let error = csv::read(
        Source::open(&path).unwrap(),
        &csv::Options::default(),
        &limits(),
        NonZeroUsize::new(2).unwrap(),
    )
    .unwrap_err();
    assert_eq!(error.place, Place::Cell { line: 2002, column: "name".into() });
    assert!(matches!(*error.problem, Problem::NotUtf8 { byte: 0xFC }), "{error}");
    // At the beginning, it is already seen when the file is opened.
    let path = scratch.write("latin-early.csv", b"gr\xFC\xDFe,x\n1,2\n");
    let Err(error) = Source::open(&path) else { panic!("it is no UTF-8") };
    assert_eq!(error.place, Place::Byte(2));
}

#[test]
fn a_table_that_is_written_is_read_as_the_same() {
    let scratch = Scratch::new("csv-written");
    for file in &EXPECTED.csv {
        let options = csv::Options::default();
        let threads = NonZeroUsize::MIN;
        let (table, _) = csv::read(open(&file.file), &options, &limits(), threads).unwrap();
        for delimiter in [b',', b'\t'] {
            let path = scratch.0.join("table");
            csv::write(&path, &table, delimiter).unwrap();
            let options = csv::Options { delimiter: Some(delimiter), header: Some(true), ..options.clone() };
            let (again, _) = csv::read(Source::open(&path).unwrap(), &options, &limits(), threads).unwrap();
            assert_columns(&again, &file.columns, &file.file);
        }
    }
    let numbers = "a\n1e-40\n-3.4e38\n0.1\n123456789\ninf\n-0\n";
    let table = read(numbers).unwrap();
    let path = scratch.0.join("numbers.csv");
    csv::write(&path, &table, b',').unwrap();
    let again = read(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(table.columns, again.columns);
}
