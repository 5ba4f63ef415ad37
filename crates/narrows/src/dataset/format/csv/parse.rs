//! From whole records to columns.

use std::collections::BTreeMap;

use csv::{ByteRecord, ReaderBuilder};

use super::super::error::{Fault, Place, Problem};
use super::super::table::{Cells, Column, Missing, Table, Text};
use super::cells::{self, Cell};
use super::chunks::Chunk;
use super::{CsvProblem, Dialect};

/// A cell of text is a name or a category.
const MAX_CELL_BYTES: usize = 1 << 16;

/// Beyond it, an `f32` skips integers.
const LAST_EXACT_INTEGER: f64 = 16_777_216.0;

/// What is known of the columns before they are read.
pub(super) struct Columns {
    pub names: Vec<String>,
    /// Whether each holds text.
    pub text: Vec<bool>,
    pub dialect: Dialect,
}

/// Some rows.
#[derive(Default)]
pub(super) struct Parsed {
    pub table: Table,
    /// Columns of numbers in which text was met: the line and the text of the first.
    pub texts: BTreeMap<usize, (u64, String)>,
}

impl Columns {
    /// Makes some of them text.
    pub fn add_text(&mut self, columns: &[usize]) {
        for &column in columns {
            self.text[column] = true;
        }
    }

    /// The columns without rows.
    pub fn empty(&self) -> Table {
        let columns = self.names.iter().zip(&self.text).map(|(name, &text)| Column {
            name: name.clone(),
            cells: if text { Cells::Text(Text::default()) } else { Cells::no_numbers() },
            missing: Missing::default(),
        });
        Table { rows: 0, columns: columns.collect() }
    }

    /// Parses the records of a chunk; the first chunk of a file begins with its header.
    pub fn parse(&self, chunk: &Chunk, first: bool) -> Result<Parsed, Fault> {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.dialect.delimiter)
            .from_reader(&chunk.bytes[..]);
        let mut parsed = Parsed { table: self.empty(), texts: BTreeMap::new() };
        let mut record = ByteRecord::new();
        let mut header = first && self.dialect.header;
        while reader.read_byte_record(&mut record).map_err(|error| Problem::Io(error.into()))? {
            let line =
                chunk.first_line + record.position().map_or(0, |position| lines_before(chunk, position));
            if record.len() != self.names.len() {
                let problem = CsvProblem::Ragged { expected: self.names.len(), found: record.len() };
                return Err(Problem::from(problem).at(Place::Line(line)));
            }
            if std::mem::take(&mut header) {
                continue;
            }
            self.add(&record, line, &mut parsed)?;
        }
        Ok(parsed)
    }

    fn add(&self, record: &ByteRecord, line: u64, parsed: &mut Parsed) -> Result<(), Fault> {
        for (index, (cell, column)) in record.iter().zip(&mut parsed.table.columns).enumerate() {
            let added = match &mut column.cells {
                Cells::Numbers { values, rounded } => {
                    let (number, text) = match cells::parse(cell, self.dialect.decimal_comma) {
                        Cell::Number(number) => (number, None),
                        Cell::Missing => {
                            column.missing.add(line);
                            (f64::NAN, None)
                        }
                        Cell::Text(text) => (f64::NAN, Some(text)),
                    };
                    if let Some(text) = text
                        && !parsed.texts.contains_key(&index)
                    {
                        parsed.texts.insert(index, (line, excerpt(text)));
                    }
                    push_number(number, cell, values, rounded)
                }
                Cells::Text(cells) => match cells::parse(cell, self.dialect.decimal_comma) {
                    Cell::Missing => {
                        column.missing.add(line);
                        cells.push_missing();
                        Ok(())
                    }
                    kind => text(cell.trim_ascii())
                        .map(|text| cells.push(text, line, matches!(kind, Cell::Number(_)))),
                },
            };
            added.map_err(|problem| problem.at(Place::Cell { line, column: self.names[index].clone() }))?;
        }
        parsed.table.rows += 1;
        Ok(())
    }
}

/// Lines of the chunk before a record. The parser's position is where it went on reading: blank lines come after it.
fn lines_before(chunk: &Chunk, position: &csv::Position) -> u64 {
    let from = usize::try_from(position.byte()).expect("a chunk is in memory");
    let blank = chunk.bytes[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() - 1 + blank.map(|&byte| u64::from(byte == b'\n')).sum::<u64>()
}

#[allow(clippy::cast_possible_truncation, reason = "the nearest f32 is what is documented")]
fn push_number(number: f64, cell: &[u8], values: &mut Vec<f32>, rounded: &mut usize) -> Result<(), Problem> {
    let single = number as f32;
    if single.is_infinite() && cells::is_beyond_single(number, cell) {
        return Err(CsvProblem::BeyondSingle(excerpt(cell)).into());
    }
    *rounded += usize::from(
        number.abs() > LAST_EXACT_INTEGER && number.fract() == 0.0 && f64::from(single) != number,
    );
    values.push(single);
    Ok(())
}

/// A cell or a name as text.
pub(super) fn text(cell: &[u8]) -> Result<&str, Problem> {
    if cell.len() > MAX_CELL_BYTES {
        return Err(CsvProblem::LongCell { found: cell.len(), limit: MAX_CELL_BYTES }.into());
    }
    std::str::from_utf8(cell).map_err(|error| Problem::NotUtf8 { byte: cell[error.valid_up_to()] })
}

/// The beginning of a cell, for a message.
fn excerpt(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).chars().take(40).collect()
}
