//! How a file writes its table: found out from its beginning.

use csv::{ByteRecord, ReaderBuilder};

use super::cells::{Cell, parse};

/// How a file writes its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// What stands between two cells.
    pub delimiter: u8,
    /// Whether the first line names the columns.
    pub header: bool,
    /// Whether decimals are written with a comma, as `1,5`.
    pub decimal_comma: bool,
}

/// The more usual one first: it wins where two fit equally.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// As many records say what the others are like.
const SAMPLE_RECORDS: usize = 1000;

/// The delimiter of a file that begins with `head`; `complete` says that this is all of it.
///
/// It is the one by which all records have the same number of cells, more than one; if there is none, one by which the first
/// record has more than one; among several such, the one by which most cells are numbers; among these, the one that gives the
/// most cells.
pub(super) fn delimiter(head: &[u8], complete: bool) -> u8 {
    let score = |delimiter: u8| {
        let mut records = sample(head, delimiter);
        if !complete && records.len() > 1 {
            // The end of `head` cuts it.
            records.pop();
        }
        let columns = records.first().map_or(0, ByteRecord::len);
        let even = columns > 1 && records.iter().all(|record| record.len() == columns);
        let cells = records.iter().flat_map(ByteRecord::iter);
        let text = cells
            .clone()
            .filter(|cell| matches!(parse(cell, allows_comma(delimiter)), Cell::Text(_)))
            .count();
        let total = cells.count().max(1);
        // In whole percent, so that a few cells of text do not outweigh the number of columns.
        (even, columns > 1, 100 - 100 * text / total, columns)
    };
    // Of equal ones, `max_by_key` takes the last: here the first of the list.
    DELIMITERS.into_iter().rev().max_by_key(|&delimiter| score(delimiter)).expect("the list is not empty")
}

/// The rest of the dialect, from whole records.
///
/// The first line is a header if a column has text there and only numbers below, or if no column has a number at all. A
/// comma is a decimal point if it is not the delimiter, some cell reads as a number only so, and no number has a point.
pub(super) fn dialect(records: &[u8], delimiter: u8) -> Dialect {
    let records = sample(records, delimiter);
    let cells = || records.iter().skip(1).flat_map(ByteRecord::iter);
    let is_number = |cell: &[u8], comma: bool| matches!(parse(cell, comma), Cell::Number(_));
    let decimal_comma = allows_comma(delimiter)
        && cells().any(|cell| is_number(cell, true) && !is_number(cell, false))
        && !cells().any(|cell| cell.contains(&b'.') && is_number(cell, false));
    let cell = |record: &ByteRecord, column: usize| match record
        .get(column)
        .map(|cell| parse(cell, decimal_comma))
    {
        Some(Cell::Text(_)) => Some(false),
        Some(Cell::Number(_)) => Some(true),
        _ => None,
    };
    let columns = records.first().map_or(0, ByteRecord::len);
    let mut any_number = false;
    let mut named = false;
    for column in 0..columns {
        let below: Vec<bool> = records.iter().skip(1).filter_map(|record| cell(record, column)).collect();
        let numbers = !below.is_empty() && below.iter().all(|&number| number);
        any_number |= below.contains(&true) || cell(&records[0], column) == Some(true);
        named |= numbers && cell(&records[0], column) == Some(false);
    }
    Dialect { delimiter, header: named || !any_number, decimal_comma }
}

/// Whether each column of these records holds text.
pub(super) fn text_columns(records: &[u8], dialect: Dialect) -> Vec<bool> {
    let records = sample(records, dialect.delimiter);
    let mut text = vec![false; records.first().map_or(0, ByteRecord::len)];
    for record in records.iter().skip(usize::from(dialect.header)) {
        for (text, cell) in text.iter_mut().zip(record) {
            *text |= matches!(parse(cell, dialect.decimal_comma), Cell::Text(_));
        }
    }
    text
}

/// The first records; a record that cannot be read ends them.
pub(super) fn sample(bytes: &[u8], delimiter: u8) -> Vec<ByteRecord> {
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(bytes);
    reader.byte_records().map_while(Result::ok).take(SAMPLE_RECORDS).collect()
}

fn allows_comma(delimiter: u8) -> bool {
    delimiter != b','
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> (char, bool, bool) {
        let delimiter = delimiter(text.as_bytes(), true);
        let dialect = dialect(text.as_bytes(), delimiter);
        (delimiter.into(), dialect.header, dialect.decimal_comma)
    }

    #[test]
    fn the_usual_ways_to_write_a_table_are_told_apart() {
        assert_eq!(found("a,b\n1,2\n3,4\n"), (',', true, false));
        assert_eq!(found("1,2\n3,4\n"), (',', false, false));
        assert_eq!(found("a;b\n1,5;2,5\n3,5;4\n"), (';', true, true));
        assert_eq!(found("1,5;2,5\n3,5;4,5\n"), (';', false, true));
        assert_eq!(found("a;b\n1.5;2\n3;4\n"), (';', true, false));
        assert_eq!(found("a\tb\n1\tx\n"), ('\t', true, false));
        assert_eq!(found("a|b|c\n1|2|3\n"), ('|', true, false));
        assert_eq!(found("value\n1\n2\n"), (',', true, false));
        assert_eq!(found("1\n2\n"), (',', false, false));
    }

    #[test]
    fn a_delimiter_in_quotes_is_none() {
        assert_eq!(found("name;x\n\"Doe, John\";1\n\"Roe, Jane\";2\n"), (';', true, false));
        assert_eq!(found("name,x\n\"a;b;c\",1\n\"d;e;f\",2\n"), (',', true, false));
    }

    #[test]
    fn a_header_of_numbers_is_told_by_one_column() {
        assert_eq!(found("label,0,1,2\n5,0,0,0\n3,1,2,3\n"), (',', true, false));
        assert_eq!(found("5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa\n"), (',', false, false));
        assert_eq!(found("city,colour\nParis,red\nRome,blue\n"), (',', true, false));
    }
}
