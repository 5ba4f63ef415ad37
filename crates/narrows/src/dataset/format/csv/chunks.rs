//! A stream of text, in pieces that end where a record does, so that each can be parsed by itself.

use std::io::Read;

use super::super::error::{Fault, Place, Problem};
use super::CsvProblem;

/// Large enough that finding the ends costs nothing, small enough to stay in a core's cache.
const CHUNK_BYTES: usize = 1 << 20;

/// No record is longer; an unclosed quote ends here at the latest.
const MAX_RECORD_BYTES: usize = 64 << 20;

/// Whole records.
pub(super) struct Chunk {
    pub bytes: Vec<u8>,
    /// The line of the file at which they begin, counted from 1.
    pub first_line: u64,
}

/// The chunks of a reader.
pub(super) struct Chunks<R> {
    reader: R,
    delimiter: u8,
    chunk_bytes: usize,
    /// What was read after the last record's end.
    rest: Vec<u8>,
    line: u64,
    ended: bool,
}

impl<R: Read> Chunks<R> {
    /// `rest` is what was read already.
    pub fn new(reader: R, rest: Vec<u8>, delimiter: u8) -> Self {
        Self { reader, delimiter, chunk_bytes: CHUNK_BYTES, rest, line: 1, ended: false }
    }

    /// The next whole records, or nothing at the end.
    pub fn next(&mut self) -> Result<Option<Chunk>, Fault> {
        let mut bytes = std::mem::take(&mut self.rest);
        let mut scanner = Scanner::new(self.delimiter);
        let mut scanned = 0;
        let end = loop {
            if bytes.len() - scanned < self.chunk_bytes && !self.ended {
                let wanted = self.chunk_bytes - (bytes.len() - scanned);
                let found = self.reader.by_ref().take(wanted as u64).read_to_end(&mut bytes);
                self.ended = found.map_err(Problem::from)? < wanted;
            }
            scanner.scan(&bytes[scanned..]);
            scanned = bytes.len();
            if self.ended {
                if let Some(lines) = scanner.open_quote() {
                    return Err(Problem::from(CsvProblem::OpenQuote).at(Place::Line(self.line + lines)));
                }
                break bytes.len();
            }
            if let Some(end) = scanner.last_end {
                break end;
            }
            if bytes.len() > MAX_RECORD_BYTES {
                let (problem, lines) = match scanner.open_quote() {
                    Some(lines) => (CsvProblem::OpenQuote, lines),
                    None => (CsvProblem::LongRecord { limit: MAX_RECORD_BYTES }, 0),
                };
                return Err(Problem::from(problem).at(Place::Line(self.line + lines)));
            }
        };
        self.rest = bytes.split_off(end);
        let first_line = self.line;
        self.line += lines(&bytes);
        Ok((!bytes.is_empty()).then_some(Chunk { bytes, first_line }))
    }
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|&byte| u64::from(byte == b'\n')).sum()
}

/// Finds where records end. A quote opens at the beginning of a cell only, as in the parser.
struct Scanner {
    delimiter: u8,
    state: State,
    seen: usize,
    lines: u64,
    quote_line: u64,
    /// Just after the last line break outside quotes.
    last_end: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    CellStart,
    Plain,
    Quoted,
    /// After a quote within quotes: it closes them, or the next one makes it a character.
    QuoteInQuotes,
}

impl Scanner {
    fn new(delimiter: u8) -> Self {
        Self { delimiter, state: State::CellStart, seen: 0, lines: 0, quote_line: 0, last_end: None }
    }

    /// Lines before the quote that is still open, if one is.
    fn open_quote(&self) -> Option<u64> {
        (self.state == State::Quoted).then_some(self.quote_line)
    }

    fn scan(&mut self, bytes: &[u8]) {
        if self.state != State::Quoted && self.state != State::QuoteInQuotes && !bytes.contains(&b'"') {
            if let Some(last) = bytes.iter().rposition(|&byte| byte == b'\n') {
                self.last_end = Some(self.seen + last + 1);
            }
            let last = bytes.last();
            if last.is_some_and(|last| *last == self.delimiter || *last == b'\n' || *last == b'\r') {
                self.state = State::CellStart;
            } else if last.is_some() {
                self.state = State::Plain;
            }
            self.lines += lines(bytes);
        } else {
            self.scan_quotes(bytes);
        }
        self.seen += bytes.len();
    }

    fn scan_quotes(&mut self, bytes: &[u8]) {
        for (index, &byte) in bytes.iter().enumerate() {
            self.state = match (self.state, byte) {
                (State::CellStart, b'"') => {
                    self.quote_line = self.lines;
                    State::Quoted
                }
                (State::Quoted, b'"') => State::QuoteInQuotes,
                (State::Quoted, _) | (State::QuoteInQuotes, b'"') => State::Quoted,
                (_, b'\n' | b'\r') => State::CellStart,
                (_, byte) if byte == self.delimiter => State::CellStart,
                _ => State::Plain,
            };
            if byte == b'\n' {
                self.lines += 1;
                if self.state == State::CellStart {
                    self.last_end = Some(self.seen + index + 1);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, chunk_bytes: usize) -> Vec<(String, u64)> {
        let mut chunks = Chunks::new(text.as_bytes(), Vec::new(), b',');
        chunks.chunk_bytes = chunk_bytes;
        let mut found = Vec::new();
        while let Some(chunk) = chunks.next().unwrap() {
            found.push((String::from_utf8(chunk.bytes).unwrap(), chunk.first_line));
        }
        found
    }

    #[test]
    fn chunks_end_where_records_do_and_lose_nothing() {
        let text = "a,b\n1,\"x\ny\"\n2,\"he said \"\"no\"\"\n\"\n3,5\" pipe\n4,z";
        for chunk_bytes in 1..text.len() + 2 {
            let chunks = split(text, chunk_bytes);
            let joined: String = chunks.iter().map(|(text, _)| text.as_str()).collect();
            assert_eq!(joined, text);
            for (text, first_line) in chunks {
                let records: Vec<_> = super::super::dialect::sample(text.as_bytes(), b',');
                assert!(records.iter().all(|record| record.len() == 2), "{text:?} from {chunk_bytes} bytes");
                let line = match text.as_bytes()[0] {
                    b'a' => 1,
                    b'1' => 2,
                    b'2' => 4,
                    b'3' => 6,
                    _ => 7,
                };
                assert_eq!(first_line, line, "{text:?}");
            }
        }
    }

    #[test]
    fn an_open_quote_is_told_with_its_line() {
        let mut chunks = Chunks::new("a,b\n1,2\n3,\"4\n5,6\n".as_bytes(), Vec::new(), b',');
        let Err(fault) = chunks.next() else { panic!("the quote is open") };
        assert_eq!(fault.place, Place::Line(3));
    }
}
