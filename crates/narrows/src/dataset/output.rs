//! What is computed of rows, as files of other programs: written some rows at a time, whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use super::format::{Values, npy};
use crate::files::write_atomically_with;

/// A format in which rows are written some at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// Text, separated by commas.
    Csv,
    /// Text, separated by tabs.
    Tsv,
    /// One array of the numbers alone.
    Npy,
    /// A table in columns.
    Parquet,
}

/// Some rows: columns of all kinds, and behind them numbers.
#[derive(Clone, Debug, Default)]
pub struct OutputRows {
    /// What each row is called, what is known of it: a name, and a cell for each row.
    pub columns: Vec<(String, OutputColumn)>,
    /// The names of the columns of `numbers`.
    pub names: Vec<String>,
    /// Row after row; NaN is a missing value.
    pub numbers: Vec<f32>,
}

/// Cells of one kind.
#[derive(Clone, Debug)]
pub enum OutputColumn {
    /// Whole numbers.
    Counts(Vec<u64>),
    /// Numbers; NaN is a missing value.
    Numbers(Vec<f32>),
    /// Text, where there is any.
    Text(Vec<Option<String>>),
}

/// Takes the next rows, which have the columns of those before.
pub type TakeRows<'a> = &'a mut dyn FnMut(&OutputRows) -> io::Result<()>;

impl RowFormat {
    /// By the ending of a path; nothing where that is another.
    pub fn of_path(path: &Path) -> Option<Self> {
        Some(match path.extension()?.to_string_lossy().to_lowercase().as_str() {
            "csv" => Self::Csv,
            "tsv" => Self::Tsv,
            "npy" => Self::Npy,
            "parquet" => Self::Parquet,
            _ => return None,
        })
    }
}

impl OutputRows {
    fn rows(&self) -> usize {
        match self.columns.first() {
            Some((_, OutputColumn::Counts(cells))) => cells.len(),
            Some((_, OutputColumn::Numbers(cells))) => cells.len(),
            Some((_, OutputColumn::Text(cells))) => cells.len(),
            None => self.numbers.len() / self.names.len().max(1),
        }
    }
}

/// Writes a file of the rows that `fill` hands to what it is given. An array has a row of `numbers` for each.
///
/// # Errors
/// Those of the file system and of `fill`; then nothing of that name has changed.
pub fn write_rows<E: From<io::Error>>(
    path: &Path,
    format: RowFormat,
    fill: impl FnOnce(TakeRows<'_>) -> Result<(), E>,
) -> Result<(), E> {
    match format {
        RowFormat::Csv => write_atomically_with(path, |file| write_text(file, b',', fill)),
        RowFormat::Tsv => write_atomically_with(path, |file| write_text(file, b'\t', fill)),
        RowFormat::Npy => array(path, fill),
        RowFormat::Parquet => parquet(path, fill),
    }
}

/// Writes rows as text to anywhere; each time some are taken, they are flushed. Numbers are written so that reading them gives the same
/// `f32`, a missing value as an empty cell.
///
/// # Errors
/// Those of the writer and of `fill`.
pub fn write_text<E: From<io::Error>>(
    writer: impl Write,
    delimiter: u8,
    fill: impl FnOnce(TakeRows<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut writer =
        csv::WriterBuilder::new().delimiter(delimiter).buffer_capacity(1 << 16).from_writer(writer);
    let (mut first, mut text) = (true, String::new());
    fill(&mut |rows| {
        if std::mem::take(&mut first) {
            writer
                .write_record(rows.columns.iter().map(|(name, _)| name).chain(&rows.names))
                .map_err(plain)?;
        }
        for row in 0..rows.rows() {
            write_row(&mut writer, rows, row, &mut text).map_err(plain)?;
        }
        writer.flush()
    })
}

fn write_row(
    writer: &mut csv::Writer<impl Write>,
    rows: &OutputRows,
    row: usize,
    text: &mut String,
) -> Result<(), csv::Error> {
    for (_, column) in &rows.columns {
        match column {
            OutputColumn::Counts(cells) => writer.write_field(cells[row].to_string())?,
            OutputColumn::Numbers(cells) => writer.write_field(shortest(cells[row], text))?,
            OutputColumn::Text(cells) => writer.write_field(cells[row].as_deref().unwrap_or(""))?,
        }
    }
    let width = rows.names.len();
    for &number in &rows.numbers[row * width..(row + 1) * width] {
        writer.write_field(shortest(number, text))?;
    }
    writer.write_record(None::<&[u8]>)
}

/// The error of the writer itself, of which the crate's own conversion hides the kind.
fn plain(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// The fewest digits that are this number, in memory that is used again.
fn shortest(number: f32, text: &mut String) -> &str {
    use std::fmt::Write;
    text.clear();
    let size = number.abs();
    let written = if number.is_nan() {
        Ok(())
    } else if size != 0.0 && !(1e-5..1e16).contains(&size) && size.is_finite() {
        write!(text, "{number:e}")
    } else {
        write!(text, "{number}")
    };
    written.expect("memory takes any text");
    text
}

fn array<E: From<io::Error>>(path: &Path, fill: impl FnOnce(TakeRows<'_>) -> Result<(), E>) -> Result<(), E> {
    // How wide the rows are is known from the first of them; the header is written last.
    let mut row_shape = Vec::new();
    npy::write_rows(path, &mut row_shape, false, |take, row_shape| {
        fill(&mut |rows| {
            *row_shape = vec![rows.names.len()];
            take(&Values::Numbers(rows.numbers.clone()))
        })
    })
}

#[cfg(feature = "parquet")]
fn parquet<E: From<io::Error>>(
    path: &Path,
    fill: impl FnOnce(TakeRows<'_>) -> Result<(), E>,
) -> Result<(), E> {
    super::format::parquet::write_rows(path, fill)
}

#[cfg(not(feature = "parquet"))]
fn parquet<E: From<io::Error>>(_: &Path, _: impl FnOnce(TakeRows<'_>) -> Result<(), E>) -> Result<(), E> {
    let why = "this narrows was built without the feature `parquet`; build it with `--features parquet`, or write .csv or .npy";
    Err(io::Error::new(io::ErrorKind::Unsupported, why).into())
}

/// Writes images, or their raw values, as one array of their shape: bytes where `as_bytes`.
///
/// # Errors
/// As [`write_rows`].
pub fn write_array<E: From<io::Error>>(
    path: &Path,
    row_shape: &[usize],
    as_bytes: bool,
    fill: impl FnOnce(&mut dyn FnMut(&Values) -> io::Result<()>) -> Result<(), E>,
) -> Result<(), E> {
    npy::write_rows(path, &mut row_shape.to_vec(), as_bytes, |take, _| fill(take))
}

#[cfg(feature = "images")]
pub use super::format::images::write_pictures;

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(first: u64) -> OutputRows {
        OutputRows {
            columns: vec![
                ("row".to_owned(), OutputColumn::Counts(vec![first, first + 1])),
                ("why".to_owned(), OutputColumn::Text(vec![Some("a, b".to_owned()), None])),
            ],
            names: vec!["z1".to_owned(), "z2".to_owned()],
            numbers: vec![0.1, -2.0, f32::NAN, 1e-9],
        }
    }

    #[test]
    fn text_has_one_header_and_the_fewest_digits() {
        let mut text = Vec::new();
        write_text(&mut text, b',', |take| {
            take(&rows(0))?;
            take(&rows(2))
        })
        .unwrap();
        let lines = ["row,why,z1,z2", "0,\"a, b\",0.1,-2", "1,,,1e-9", "2,\"a, b\",0.1,-2", "3,,,1e-9", ""];
        assert_eq!(String::from_utf8(text).unwrap(), lines.join("\n"));
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn parquet_reads_back_as_it_was_taken() {
        use crate::dataset::format::{Cells, Source, parquet};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("codes.parquet");
        write_rows(&path, RowFormat::Parquet, |take| {
            take(&rows(0))?;
            take(&rows(2))
        })
        .unwrap();
        let table = parquet::read(Source::open(&path).unwrap(), &Default::default()).unwrap();
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!((table.rows, names), (4, vec!["row", "why", "z1", "z2"]));
        let Cells::Numbers { values, .. } = &table.columns[0].cells else { panic!("row") };
        assert_eq!(values, &[0.0, 1.0, 2.0, 3.0]);
        let Cells::Text(text) = &table.columns[1].cells else { panic!("why") };
        assert_eq!((text.get(2), text.get(3)), (Some("a, b"), None));
        let Cells::Numbers { values, .. } = &table.columns[3].cells else { panic!("z2") };
        assert_eq!(values, &[-2.0, 1e-9, -2.0, 1e-9]);
        assert_eq!(table.columns[2].missing.count, 2);
    }

    #[test]
    fn an_array_has_as_many_rows_as_were_taken_and_an_error_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("codes.npy");
        write_rows(&path, RowFormat::Npy, |take| {
            take(&rows(0))?;
            take(&rows(2))
        })
        .unwrap();
        let whole = std::fs::read(&path).unwrap();
        let header = String::from_utf8_lossy(&whole[..128]).into_owned();
        assert!(header.contains("'<f4'") && header.contains("(4, 2)"), "{header}");
        assert_eq!(
            whole[128..],
            [0.1_f32, -2.0, f32::NAN, 1e-9]
                .repeat(2)
                .iter()
                .flat_map(|x| x.to_le_bytes())
                .collect::<Vec<_>>()
        );
        let failed: io::Result<()> = write_rows(&path, RowFormat::Npy, |take| {
            take(&rows(0))?;
            Err(io::Error::other("the disk is full"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "the disk is full");
        assert_eq!(std::fs::read(&path).unwrap(), whole);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
