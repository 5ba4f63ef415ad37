//! Tables in files: read whole where they fit into memory, or else piece after piece into the cache.
//!
//! A table that does not fit is read twice: what is known of all cells of a column says what becomes of it, and then its values are
//! written.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::array::{Extent, image_of_row, images_of_rows};
use super::cache::{CachedPart, Needed, array_name, rewrite};
use super::error::LoadError;
use super::found::{Found, FoundParts, FoundValues, Kind, grouped};
use super::table::{self, Plan, Rows};
use super::{Reader, Wanted};
use crate::dataset::Part;
use crate::dataset::format::npy::RowWriter;
use crate::dataset::format::{
    self, Cells, Column, FormatError, Limits, Place, Problem, STANDARD_INPUT, Source, Table, csv,
};

/// In a table of text each cell takes a byte at least, its delimiter, and in memory four.
const MAX_GROWTH: u64 = 4;

/// Of a column that is no input, no more different texts are remembered.
const MAX_TEXTS: usize = 1 << 20;

/// The two readings of a table, of which each is half of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    First,
    Second,
}

/// A table that is read piece after piece.
trait Pieces: Iterator<Item = Result<Table, FormatError>> {
    /// How much is read, of how much.
    fn progress(&self) -> (u64, u64);
}

impl Reader<'_> {
    /// A table of text.
    pub fn csv(&mut self, path: &str, source: Source, wanted: Wanted<'_>) -> Result<FoundParts, LoadError> {
        let options = self.options;
        let reading = csv::Options { text: options.names(&wanted), ..csv::Options::default() };
        if let (Some(cache), Some(left), true) = (&options.cache, self.memory_left, path != STANDARD_INPUT) {
            let text_bytes = source.content_bytes()?;
            let most = text_bytes.saturating_mul(MAX_GROWTH);
            // Where there is plenty, the beginning need not be looked at for it.
            let bytes = match most <= left / 16 {
                true => most,
                false => self.text_blocks(path, &reading)?.memory_bytes(text_bytes),
            };
            if let Some(left) = self.exceeded(bytes) {
                let files = [PathBuf::from(path)];
                let needed = Needed { path, files: &files, bytes, left, wanted };
                return self.through_cache(cache, needed, |reader, into| {
                    reader.write_csv(path, reading, text_bytes, wanted, into)
                });
            }
        }
        let (table, dialect) = csv::read(source, &reading, &Limits::default(), self.threads)?;
        self.notes.push(told(path, &table, Some(dialect)));
        self.table(path, table, wanted)
    }

    /// A table in columns.
    #[cfg(feature = "parquet")]
    pub fn parquet(
        &mut self,
        path: &str,
        source: Source,
        wanted: Wanted<'_>,
    ) -> Result<FoundParts, LoadError> {
        use format::parquet;

        let options = self.options;
        let (text, limits) = (options.names(&wanted), Limits::default());
        if let (Some(cache), true) = (&options.cache, self.memory_left.is_some() && path != STANDARD_INPUT) {
            let open = || parquet::batches(Source::open(Path::new(path))?, &text, &limits);
            let bytes = open()?.memory_bytes();
            if let Some(left) = self.exceeded(bytes) {
                let files = [PathBuf::from(path)];
                let needed = Needed { path, files: &files, bytes, left, wanted };
                return self.through_cache(cache, needed, |reader, into| {
                    let known = reader.known(path, &mut open()?, wanted)?;
                    reader.notes.push(told(path, &known, None));
                    reader.write_table(path, &known, open()?, wanted, into)
                });
            }
        }
        let table = parquet::read_with_text(source, &text, &limits)?;
        self.notes.push(told(path, &table, None));
        self.table(path, table, wanted)
    }

    #[cfg(not(feature = "parquet"))]
    pub fn parquet(&mut self, path: &str, _: Source, _: Wanted<'_>) -> Result<FoundParts, LoadError> {
        Err(LoadError::Feature { path: path.into(), what: "a Parquet file", feature: "parquet" })
    }

    /// The rows of a table in memory.
    fn table(&mut self, path: &str, table: Table, wanted: Wanted<'_>) -> Result<FoundParts, LoadError> {
        let found = table::read(path, table, self.options, &wanted, &mut self.notes)?;
        if self.options.size.is_none() {
            return Ok(FoundParts::one(found));
        }
        let features = found.features();
        let FoundValues::Memory(values) = found.values else { unreachable!("tables are in memory") };
        let (kind, values) = images_of_rows(path, self.options.size, features, values, &mut self.notes)?;
        Ok(FoundParts::one(Found { kind, values: FoundValues::Memory(values), ..found }))
    }

    fn text_blocks(&self, path: &str, reading: &csv::Options) -> Result<csv::Blocks, FormatError> {
        csv::blocks(Source::open(Path::new(path))?, reading, self.threads)
    }

    fn write_csv(
        &mut self,
        path: &str,
        mut reading: csv::Options,
        text_bytes: u64,
        wanted: Wanted<'_>,
        into: &Path,
    ) -> Result<Vec<CachedPart>, LoadError> {
        let (known, dialect) = loop {
            let mut pieces = TextPieces { blocks: self.text_blocks(path, &reading)?, text_bytes };
            match self.known(path, &mut pieces, wanted) {
                Ok(known) => break (known, pieces.blocks.dialect()),
                // Columns that began with numbers are read again, as text.
                Err(_) if !pieces.blocks.late_text().is_empty() => {
                    reading.text.extend_from_slice(pieces.blocks.late_text());
                }
                Err(error) => return Err(error),
            }
        };
        self.notes.push(told(path, &known, Some(dialect)));
        let pieces = TextPieces { blocks: self.text_blocks(path, &reading)?, text_bytes };
        self.write_table(path, &known, pieces, wanted, into)
    }

    /// What a plan needs to know of all cells together.
    fn known(
        &mut self,
        path: &str,
        pieces: &mut impl Pieces,
        wanted: Wanted<'_>,
    ) -> Result<Table, LoadError> {
        let options = self.options;
        let is_named = |column: &Column| {
            [&options.label, &options.id].into_iter().flatten().any(|name| *name == column.name)
        };
        let mut known: Option<Table> = None;
        while let Some(piece) = pieces.next() {
            let mut piece = piece?;
            self.tell(path, Pass::First, pieces.progress())?;
            table::rename(path, &mut piece, options)?;
            for column in piece.columns.iter_mut().filter(|column| !is_named(column)) {
                column.forget_cells();
                if options.dates.contains(&column.name) {
                    column.forget_texts();
                }
            }
            match &mut known {
                Some(known) => known.append(piece),
                None => known = Some(piece),
            }
            let known = known.as_mut().expect("it has the piece now");
            let has_many = |column: &Column| matches!(&column.cells, Cells::Text(text) if text.categories().len() > MAX_TEXTS);
            let is_in_the_way = |column: &Column| {
                has_many(column) && !is_named(column) && !options.one_hot.contains(&column.name)
            };
            if let Some(place) = known.columns.iter().position(is_in_the_way) {
                // Where such a column is a mistake, that is said now; where it is left out, its texts need not be known.
                Plan::new(path, known, options, &wanted, &mut Vec::new())?;
                known.columns[place].forget_texts();
            }
        }
        Ok(known.expect("a table without rows is an error"))
    }

    /// Writes the values of a table, of which it is `known` what the columns are, into the folder `into`.
    fn write_table(
        &mut self,
        path: &str,
        known: &Table,
        mut pieces: impl Pieces,
        wanted: Wanted<'_>,
        into: &Path,
    ) -> Result<Vec<CachedPart>, LoadError> {
        let plan = Plan::new(path, known, self.options, &wanted, &mut self.notes)?;
        let columns = plan.columns();
        let image = self.options.size.map(|size| image_of_row(path, size, columns.len())).transpose()?;
        let file = into.join(array_name(Part::Train));
        let failed = |source| LoadError::Cache { place: into.to_owned(), source };
        let mut writer = RowWriter::of_numbers(&file, &[columns.len()]).map_err(failed)?;
        let (mut rows, mut values, mut extent) = (Rows::new(path, &plan), Vec::new(), Extent::default());
        while let Some(piece) = pieces.next() {
            let mut piece = piece?;
            self.tell(path, Pass::Second, pieces.progress())?;
            table::rename(path, &mut piece, self.options)?;
            if !has_same_columns(&piece, known) {
                return Err(LoadError::Changed(path.to_owned()));
            }
            values.clear();
            rows.append(&piece, &mut values)?;
            if image.is_some() {
                extent.add(&values);
            }
            writer.append_numbers(&values).map_err(failed)?;
        }
        writer.finish().map_err(failed)?;
        if rows.count() != known.rows {
            return Err(LoadError::Changed(path.to_owned()));
        }
        self.notes.extend(rows.told(known));
        let kind = match image {
            None => Kind::Table(columns),
            Some(shape) => {
                let (range, fit_bytes) = extent.range_of_images(path, &mut self.notes);
                if fit_bytes {
                    rewrite(&file, &[columns.len()], as_bytes)?;
                }
                Kind::Images { shape, range }
            }
        };
        Ok(vec![CachedPart { part: Part::Train, kind, labels: plan.labels, ids: plan.ids }])
    }

    /// Says how far the reading is, and asks whether to go on.
    fn tell(&mut self, path: &str, pass: Pass, (read, of): (u64, u64)) -> Result<(), LoadError> {
        let before = if pass == Pass::First { 0 } else { of };
        let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        match (self.progress)(count(before + read.min(of)), count(2 * of)) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => {
                let problem = Box::new(Problem::Stopped);
                Err(FormatError { path: path.into(), place: Place::File, problem }.into())
            }
        }
    }
}

/// A table of text, and how long that is.
struct TextPieces {
    blocks: csv::Blocks,
    text_bytes: u64,
}

impl Iterator for TextPieces {
    type Item = Result<Table, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.blocks.next()
    }
}

impl Pieces for TextPieces {
    fn progress(&self) -> (u64, u64) {
        (self.blocks.bytes(), self.text_bytes)
    }
}

#[cfg(feature = "parquet")]
impl Pieces for format::parquet::Batches {
    fn progress(&self) -> (u64, u64) {
        self.progress()
    }
}

/// Whether columns have the same names and are of the same kind.
fn has_same_columns(piece: &Table, known: &Table) -> bool {
    let kind = |column: &Column| matches!(column.cells, Cells::Text(_));
    piece.columns.len() == known.columns.len()
        && piece
            .columns
            .iter()
            .zip(&known.columns)
            .all(|(one, other)| one.name == other.name && kind(one) == kind(other))
}

/// Whole numbers from 0 to 255 as bytes.
fn as_bytes(values: format::Values) -> Vec<u8> {
    match values {
        format::Values::Bytes(bytes) => bytes,
        format::Values::Numbers(numbers) => numbers.into_iter().map(|number| number as u8).collect(),
        format::Values::Text(_) => unreachable!("an array of numbers was written"),
    }
}

/// What a table is, in a sentence.
fn told(path: &str, table: &Table, dialect: Option<csv::Dialect>) -> String {
    let how = dialect.map_or(String::new(), |dialect| {
        let separated = match dialect.delimiter {
            b',' => "commas",
            b';' => "semicolons",
            b'\t' => "tabs",
            _ => "vertical bars",
        };
        let header =
            if dialect.header { "the first line names the columns" } else { "no line names the columns" };
        let comma = if dialect.decimal_comma { ", decimals are written with a comma" } else { "" };
        format!("; separated by {separated}, {header}{comma}")
    });
    format!("{path}: {} rows, {} columns{how}", grouped(table.rows), grouped(table.columns.len()))
}
