//! All rows of a path for a model, in their order, some at a time: data larger than memory, and the standard input.
//!
//! Tables of text, Parquet files and arrays that lie row by row in their file are read block by block. Everything else (compressed arrays,
//! folders of images) is loaded as always, and handed over in blocks.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;

use super::array::{Extent, named, range_of};
use super::error::LoadError;
use super::found::{Labels, grouped, sorted};
use super::table::{self, Plan, Rows, Seen};
use super::{LoadOptions, MNIST, Reader, UnsplitPart, Wanted, assemble};
#[cfg(feature = "parquet")]
use crate::dataset::format::parquet;
use crate::dataset::format::{self, ArrayFile, Format, STANDARD_INPUT, Source, Table, csv};
use crate::dataset::{DataError, Dataset, Missing, Schema, Values};

/// Rows in a block of an array, or of data that was loaded: a megabyte of numbers, which is enough for all threads, and little beside what
/// a program takes anyway.
pub fn block_rows(features: usize) -> usize {
    const VALUES: usize = 1 << 18;
    (VALUES / features).max(1).next_multiple_of(16)
}

/// Some rows.
#[derive(Clone, Debug)]
pub struct RowBlock {
    /// The place of the first among all rows, from 0.
    pub first: usize,
    /// The rows, in memory; with their classes where the data says them.
    pub rows: Dataset,
    /// What each is called, where a column says so.
    pub ids: Option<Vec<String>>,
}

/// Rows, and what each is called.
type NamedRows = (Dataset, Option<Vec<String>>);

/// The blocks of a path. After an error there are no more.
pub struct RowBlocks<'a> {
    path: String,
    options: &'a LoadOptions,
    schema: &'a Schema,
    origin: Origin,
    /// Rows so far.
    count: usize,
    notes: Vec<String>,
    seen: Option<Vec<Seen>>,
    /// The plan and the columns of the last table.
    last: Option<(Plan, Table)>,
    /// Of each feature, how many values were missing.
    missing: Vec<usize>,
    ended: bool,
}

enum Origin {
    Text(Box<csv::Blocks>),
    #[cfg(feature = "parquet")]
    Parquet(Box<parquet::Batches>),
    /// Its rows are the model's, or those of a table whose columns are called by their numbers.
    Array {
        file: ArrayFile,
        as_table: bool,
        piece: Vec<u8>,
    },
    /// `next` is the first row of the first part that was not handed over yet.
    Loaded {
        parts: VecDeque<UnsplitPart>,
        next: usize,
    },
}

/// Opens a path for a model that was trained on rows of `schema`: columns are matched by name, and missing values are what they are to
/// the model. Only `options.path` is read, not what else is named to test or validate on.
///
/// # Errors
/// [`LoadError`]: a mistake in the options, or a file that cannot be read.
pub fn row_blocks<'a>(
    schema: &'a Schema,
    options: &'a LoadOptions,
    threads: NonZeroUsize,
) -> Result<RowBlocks<'a>, LoadError> {
    let mut proceed = |_, _| ControlFlow::Continue(());
    let mut reader = Reader::new(options, threads, &mut proceed);
    let origin = reader.origin(schema)?;
    Ok(RowBlocks {
        path: options.path.clone(),
        options,
        schema,
        origin,
        count: 0,
        notes: reader.notes,
        seen: None,
        last: None,
        missing: vec![0; schema.features()],
        ended: false,
    })
}

impl Reader<'_> {
    fn origin(&mut self, schema: &Schema) -> Result<Origin, LoadError> {
        let (options, path) = (self.options, self.options.path.as_str());
        // Categories are known from the model, or else from all rows together.
        let in_blocks = schema.columns().is_some() || options.one_hot.is_empty();
        if path == MNIST || !in_blocks {
            return self.loaded(schema);
        }
        let source = Source::open(Path::new(path)).map_err(|error| self.not_there(path, error))?;
        let wanted = wanted(schema);
        let text = options.names(&wanted);
        match source.format() {
            Format::Csv => {
                let reading = csv::Options { text, ..csv::Options::default() };
                let mut blocks = csv::blocks(source, &reading, self.threads)?;
                blocks.read_as_text(|name| !options.is_number_to(schema, name));
                Ok(Origin::Text(Box::new(blocks)))
            }
            #[cfg(feature = "parquet")]
            Format::Parquet if path != STANDARD_INPUT => {
                Ok(Origin::Parquet(Box::new(parquet::batches(source, &text, &format::Limits::default())?)))
            }
            Format::Npy | Format::Idx if path != STANDARD_INPUT && !source.is_gzip() => {
                match ArrayFile::open(Path::new(path)) {
                    Ok(file) => self.array(schema, file),
                    // Columns in one piece each, for instance.
                    Err(_) => self.loaded(schema),
                }
            }
            _ if path == STANDARD_INPUT => self.loaded_from(source, schema),
            _ => self.loaded(schema),
        }
    }

    fn array(&mut self, schema: &Schema, file: ArrayFile) -> Result<Origin, LoadError> {
        let shape = file.layout().shape();
        let numbered = |column: &String| column.parse().is_ok_and(|number: usize| number < shape[1]);
        let as_table =
            shape.len() == 2 && schema.columns().is_some_and(|columns| columns.iter().all(numbered));
        let fits = match schema.image() {
            Some(image) if shape.len() > 2 => {
                shape[1..] == [image.height, image.width][..] && image.channels == 1
                    || shape[1..] == [image.height, image.width, image.channels]
            }
            Some(_) => self.options.size.is_some() && file.layout().row_values() == schema.features(),
            None => shape.len() == 2,
        };
        if !as_table && (!fits || shape.len() < 2) {
            return self.loaded(schema);
        }
        let (expected, found) = (schema.features(), file.layout().row_values());
        if !as_table && expected != found {
            let path = self.options.path.clone();
            let source = DataError::Features { path: path.clone().into(), expected, found };
            return Err(LoadError::Data { path, source });
        }
        if schema.columns().is_some() && !as_table {
            let path = &self.options.path;
            self.notes
                .push(format!("the columns of {path} have no names; they are taken in the model's order"));
        }
        Ok(Origin::Array { file, as_table, piece: Vec::new() })
    }

    fn loaded(&mut self, schema: &Schema) -> Result<Origin, LoadError> {
        if self.is_built_in()? {
            let parts = self.built_in()?;
            let parts =
                [(crate::dataset::Part::Train, parts.train()), (crate::dataset::Part::Test, parts.test())];
            let unsplit =
                |(part, dataset): (_, &Dataset)| UnsplitPart { part, dataset: dataset.clone(), ids: None };
            return Ok(Origin::Loaded { parts: parts.map(unsplit).into(), next: 0 });
        }
        let found = self.path(&self.options.path, wanted(schema))?;
        Ok(Origin::Loaded { parts: assemble::unsplit(found, self.options, Some(schema))?.into(), next: 0 })
    }

    /// A stream that was begun to be read.
    fn loaded_from(&mut self, source: Source, schema: &Schema) -> Result<Origin, LoadError> {
        let found = self.source(&self.options.path, source, wanted(schema))?;
        Ok(Origin::Loaded { parts: assemble::unsplit(found, self.options, Some(schema))?.into(), next: 0 })
    }
}

impl RowBlocks<'_> {
    /// What was found out so far, a sentence each; after the last block, everything.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        if let Some((plan, columns)) = self.last.as_ref().filter(|_| self.ended) {
            let seen = self.seen.clone();
            notes.extend(Rows::going_on(&self.path, plan, self.count, seen).told(columns));
        }
        notes.extend(self.told_missing());
        notes
    }

    /// Rows so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// What became of missing values, where there were any.
    fn told_missing(&self) -> Option<String> {
        /// Columns that are named.
        const NAMED: usize = 3;
        let mut columns: Vec<(usize, usize)> =
            self.missing.iter().copied().enumerate().filter(|&(_, count)| count > 0).collect();
        columns.sort_by_key(|&(column, count)| (std::cmp::Reverse(count), column));
        let first = columns.first()?;
        let mut named: Vec<String> =
            columns.iter().take(NAMED).map(|&(column, _)| self.schema.column(column)).collect();
        if columns.len() > NAMED {
            named.push(format!("{} more", columns.len() - NAMED));
        }
        let last = named.pop().unwrap_or_default();
        let named = if named.is_empty() { last } else { format!("{} and {last}", named.join(", ")) };
        let rows = match columns.len() {
            1 => grouped(first.1),
            _ => format!("at most {}", grouped(first.1)),
        };
        let becomes = match self.schema.missing() {
            Missing::Fill(_) => "filled with the means of the training set",
            _ => "left out of the error, and filled in by the model",
        };
        let verb = if columns.len() == 1 { "is" } else { "are" };
        Some(format!(
            "{}: {named} {verb} missing in {rows} of {} rows; {becomes}",
            self.path,
            grouped(self.count)
        ))
    }

    fn block(&mut self) -> Result<Option<RowBlock>, LoadError> {
        let table = match &mut self.origin {
            Origin::Text(blocks) => blocks.next().transpose()?,
            #[cfg(feature = "parquet")]
            Origin::Parquet(batches) => batches.next().transpose()?,
            Origin::Array { file, as_table, piece } => {
                let read = next_values(file, self.count, piece);
                let values = read.map_err(|source| LoadError::Data { path: self.path.clone(), source })?;
                match (values, *as_table) {
                    (None, _) => None,
                    (Some(values), true) => Some(named(values, file.layout().row_values())),
                    (Some(values), false) => return self.of_values(values, None, None).map(Some),
                }
            }
            Origin::Loaded { parts, next } => {
                let read = next_rows(parts, next);
                let block = read.map_err(|source| LoadError::Data { path: self.path.clone(), source })?;
                let first = self.count;
                self.count += block.as_ref().map_or(0, |(rows, _)| rows.rows());
                return Ok(block.map(|(rows, ids)| RowBlock { first, rows, ids }));
            }
        };
        table.map(|table| self.of_table(table)).transpose()
    }

    fn of_table(&mut self, mut table: Table) -> Result<RowBlock, LoadError> {
        table::rename(&self.path, &mut table, self.options)?;
        let mut notes = Vec::new();
        let mut plan = Plan::new(&self.path, &table, self.options, &wanted(self.schema), &mut notes)?;
        let mut values = Vec::with_capacity(table.rows * self.schema.features());
        let mut rows = Rows::going_on(&self.path, &plan, self.count, self.seen.take());
        rows.append(&table, &mut values)?;
        self.seen = Some(rows.into_seen());
        notes.retain(|note| !self.notes.contains(note));
        self.notes.extend(notes);
        let (labels, ids, found) = (plan.labels.take(), plan.ids.take(), plan.columns().len());
        table.columns.iter_mut().for_each(|column| {
            column.forget_cells();
            column.forget_texts();
        });
        self.last = Some((plan, table));
        if found != self.schema.features() {
            let (path, expected) = (self.path.clone(), self.schema.features());
            let source = DataError::Features { path: path.clone().into(), expected, found };
            return Err(LoadError::Data { path, source });
        }
        self.of_values(Values::Numbers(values), labels, ids)
    }

    /// Rows of the model's features.
    fn of_values(
        &mut self,
        values: Values,
        labels: Option<Labels>,
        ids: Option<Vec<String>>,
    ) -> Result<RowBlock, LoadError> {
        let features = self.schema.features();
        self.count_missing(&values)?;
        let data = |source| LoadError::Data { path: self.path.clone(), source };
        let wrong = |source| LoadError::Schema { path: self.path.clone(), source };
        let schema = match (self.schema.columns(), self.schema.image()) {
            (Some(columns), _) => Schema::table(columns.to_vec()),
            (None, Some(image)) => {
                Schema::images(image).and_then(|schema| schema.with_range(self.range(&values)))
            }
            (None, None) => Schema::rows(features),
        };
        let mut schema =
            schema.and_then(|schema| schema.with_missing(self.schema.missing().clone())).map_err(wrong)?;
        let labels = match labels {
            None => None,
            Some(labels) => {
                schema = schema.with_classes(sorted(labels.names.clone())).map_err(wrong)?;
                Some(labels.among(schema.classes().unwrap_or_default()))
            }
        };
        let rows = Dataset::new(self.options.name(), schema, values, labels).map_err(data)?;
        let first = self.count;
        self.count += rows.rows();
        Ok(RowBlock { first, rows, ids })
    }

    fn count_missing(&mut self, values: &Values) -> Result<(), LoadError> {
        let Values::Numbers(numbers) = values else { return Ok(()) };
        let features = self.schema.features();
        for (index, _) in numbers.iter().enumerate().filter(|(_, number)| number.is_nan()) {
            let (row, feature) = (index / features, index % features);
            if *self.schema.missing() == Missing::Error {
                let (path, column) = (self.path.clone(), self.schema.column(feature));
                return Err(LoadError::MissingForModel { path, row: self.count + row, column });
            }
            self.missing[feature] += 1;
        }
        Ok(())
    }

    /// The model's range where all values are within it, or else theirs, which is refused as another.
    fn range(&self, values: &Values) -> crate::dataset::ValueRange {
        let own = self.schema.range().unwrap_or(crate::dataset::ValueRange::BYTES);
        let mut extent = Extent::default();
        match values {
            Values::Numbers(numbers) => extent.add(numbers),
            Values::Bytes(bytes) => {
                let ends = bytes.iter().min().zip(bytes.iter().max());
                ends.into_iter().for_each(|(low, high)| extent.add(&[f32::from(*low), f32::from(*high)]));
            }
        }
        let (low, high) = extent.ends();
        if low >= own.low && high <= own.high { own } else { range_of((low, high)) }
    }
}

impl Iterator for RowBlocks<'_> {
    type Item = Result<RowBlock, LoadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let block = self.block();
        self.ended = !matches!(block, Ok(Some(_)));
        block.transpose()
    }
}

impl LoadOptions {
    /// Whether a column, as the file calls it, holds numbers that a model reads; of others, text is never a mistake.
    fn is_number_to(&self, schema: &Schema, in_file: &str) -> bool {
        let name = self.rename.get(in_file).map_or(in_file, String::as_str);
        match schema.columns() {
            Some(columns) => {
                columns.iter().any(|column| column == name) && !self.dates.iter().any(|date| date == name)
            }
            // All are read that no option leaves out.
            None => !self.drop.iter().any(|dropped| dropped == name),
        }
    }
}

fn wanted(schema: &Schema) -> Wanted<'_> {
    Wanted { columns: schema.columns(), leaves_out_words: false, leaves_missing: true }
}

/// The next rows of an array; nothing behind the last.
fn next_values(file: &ArrayFile, first: usize, piece: &mut Vec<u8>) -> Result<Option<Values>, DataError> {
    let (rows, features) = (file.layout().rows(), file.layout().row_values());
    if first >= rows {
        return Ok(None);
    }
    let step = block_rows(features);
    let mut values = file.no_values();
    file.append_rows(first..rows.min(first + step), piece, &mut values)?;
    Ok(Some(match values {
        format::Values::Bytes(bytes) => Values::Bytes(bytes),
        format::Values::Numbers(numbers) => Values::Numbers(numbers),
        format::Values::Text(_) => unreachable!("an array file holds numbers"),
    }))
}

/// The next rows of data that was loaded, part after part, and what they are called.
fn next_rows(parts: &mut VecDeque<UnsplitPart>, next: &mut usize) -> Result<Option<NamedRows>, DataError> {
    if parts.front().is_some_and(|part| *next == part.dataset.rows()) {
        parts.pop_front();
        *next = 0;
    }
    let Some(UnsplitPart { dataset, ids, .. }) = parts.front() else { return Ok(None) };
    let step = block_rows(dataset.features());
    let wanted: Vec<usize> = (*next..dataset.rows().min(*next + step)).collect();
    let ids = ids.as_ref().map(|ids| wanted.iter().map(|&row| ids[row].clone()).collect());
    *next += wanted.len();
    Ok(Some((dataset.read_rows(&wanted)?, ids)))
}
