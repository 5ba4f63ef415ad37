//! `narrows data`: what a data set holds.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use narrows::dataset::load::{LoadOptions, MNIST, UnsplitPart, load_unsplit};
use narrows::dataset::{Dataset, Description, Parts, RowName};
use narrows::report::gallery::{Row as GalleryRow, rows as gallery};
use narrows::report::picture::Picture;
use serde::Serialize;

use crate::arguments::Common;
use crate::commands::convert::Convert;
use crate::commands::data_arguments::{Reading, cache_folder, read, reading};
use crate::commands::output::{print, print_json, write_file};
use crate::commands::pictures::PictureFile;
use crate::failure::{Failure, complain};

/// Show what data holds: rows, columns, classes, missing values, a checksum; or write it in another format
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Data {
    #[command(subcommand)]
    command: Option<DataCommand>,

    /// A file or folder of data, - for the standard input, or mnist, which is built in
    #[arg(default_value = MNIST)]
    path: String,

    #[command(flatten)]
    reading: Reading,

    /// With --json: instead print the values of these rows, for other programs, for instance train:1,train:7
    #[arg(long, value_name = "ROW", num_args = 1.., value_delimiter = ',', requires = "json")]
    rows: Vec<RowName>,

    /// Draw some of the images, PNG or SVG by the ending
    #[arg(long, value_name = "PICTURE")]
    out: Option<PictureFile>,

    /// Share the rows out, and write which are tested and validated on, to be given again with --split
    #[arg(long, value_name = "FILE")]
    split_out: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What else is done with data.
#[derive(Debug, Subcommand)]
enum DataCommand {
    Convert(Convert),
}

/// What is printed of some rows.
#[derive(Debug, Serialize)]
struct Rows {
    data: String,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    row: RowName,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    class: Option<String>,
    values: Vec<f32>,
}

impl Data {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        if let Some(DataCommand::Convert(convert)) = &self.command {
            return convert.run(common);
        }
        let options = self.reading.over(LoadOptions::of(self.path.clone()));
        if !self.rows.is_empty() {
            let data = read(&mut options.clone(), common)?.parts;
            let rows = self.rows.iter().map(|name| row(name, &data)).collect::<Result<_, _>>()?;
            return print_json(&Rows { data: options.name(), rows });
        }
        let in_cache = LoadOptions { cache: cache_folder(), ..options.clone() };
        let unsplit = reading(common, |progress| {
            load_unsplit(&in_cache, common.threads(), progress).map_err(Failure::from)
        })?;
        if !common.quiet {
            unsplit.notes.iter().for_each(|note| complain(note));
        }
        if let Some(file) = &self.split_out {
            self.write_split(&options, file, common)?;
        }
        if let Some(out) = &self.out {
            out.write(&samples(&unsplit.parts)?)?;
        }
        let described: Vec<Description> =
            unsplit.parts.iter().map(|part| Description::of(&part.dataset)).collect::<Result<_, _>>()?;
        if self.json {
            return print_json(&described);
        }
        print(&described.iter().map(text).collect::<Vec<_>>().join("\n"))?;
        self.out.as_ref().map_or(Ok(()), |out| print(&format!("{}\n", out.shown())))
    }

    fn write_split(
        &self,
        options: &LoadOptions,
        file: &std::path::Path,
        common: &Common,
    ) -> Result<(), Failure> {
        let loaded = read(&mut options.clone(), common)?;
        let split = loaded.split.ok_or_else(|| {
            Failure::user(format!("{} has a test set already, so there is no split to write", options.path))
        })?;
        write_file(file, format!("{}\n", split.to_json()).as_bytes())
    }
}

fn row(name: &RowName, data: &Parts) -> Result<Row, Failure> {
    let found = name.find(data)?;
    let class = found.class().map(str::to_owned);
    let id = data.id(found.part, found.index).map(str::to_owned);
    Ok(Row { row: name.clone(), id, class, values: found.row()?.raw_row(0) })
}

/// Some images of each part, by class where there are classes.
fn samples(parts: &[UnsplitPart]) -> Result<String, Failure> {
    /// A row that fits a page.
    const SHOWN: usize = 10;
    let picture = |dataset: &Dataset, index: usize| {
        let image = dataset.image()?;
        let range = dataset.schema().range()?;
        let pixels: Vec<f32> = dataset.raw_row(index).iter().map(|&value| range.unit_of(value)).collect();
        Picture::of_image(image, &pixels).ok()
    };
    let mut drawn = Vec::new();
    for UnsplitPart { dataset, .. } in parts {
        let label = dataset.name().to_owned();
        let classes: Vec<(u32, usize)> =
            dataset.class_counts().unwrap_or_default().into_iter().take(SHOWN).collect();
        let lines: Vec<(String, Vec<usize>)> = match classes.is_empty() {
            true => vec![(label, (0..dataset.rows().min(SHOWN)).collect())],
            false => classes
                .iter()
                .map(|&(class, _)| {
                    let rows = (0..SHOWN).map_while(|nth| dataset.nth_of_class(class, nth)).collect();
                    (format!("{label}: {}", dataset.class_name(class)), rows)
                })
                .collect(),
        };
        for (label, rows) in lines {
            let shown = dataset.read_rows(&rows)?;
            let pictures: Option<Vec<Picture>> = (0..shown.rows()).map(|row| picture(&shown, row)).collect();
            let pictures = pictures.ok_or_else(|| {
                Failure::user(format!(
                    "{} holds no images, so there is nothing to draw; leave out --out",
                    dataset.name()
                ))
            })?;
            let notes = rows.iter().map(|row| format!("#{row}")).collect();
            drawn.push(GalleryRow { label, pictures, notes, ..GalleryRow::default() });
        }
    }
    Ok(gallery("The first images of each class", &drawn))
}

fn text(part: &Description) -> String {
    let rows = match part.image {
        Some(image) => {
            let colour = if image.channels == 1 { "" } else { " in colour" };
            format!("{} images{colour} of {} × {} pixels", part.rows, image.height, image.width)
        }
        None => format!("{} rows of {} numbers", part.rows, part.features),
    };
    let number = |value: Option<f32>| value.map_or("–".to_owned(), |value| value.to_string());
    let range =
        part.range.map_or(String::new(), |range| format!("; the range is {} to {}", range.low, range.high));
    let mut text = format!("{}: {rows}\n", part.name);
    if let Some(columns) = &part.columns {
        text += &table(columns);
        if part.missing > 0 {
            text += &format!("  {} values are missing\n", part.missing);
        }
    } else {
        text += &format!(
            "  values from {} to {}, mean {:.4}, {:.1} % are zero{range}\n",
            number(part.least),
            number(part.greatest),
            part.mean,
            100.0 * part.zeros
        );
    }
    if let Some(classes) = &part.classes {
        let counts: Vec<String> =
            classes.iter().map(|class| format!("{}: {}", class.class, class.rows)).collect();
        text += &format!("  rows by class: {}\n", counts.join(", "));
    }
    text + &format!("  sha256 of the values: {}\n", part.sha256)
}

fn table(columns: &[narrows::dataset::ColumnDescription]) -> String {
    let mut table =
        crate::table::Table::new(&["column", "least", "greatest", "mean", "deviation", "missing"]);
    let number = |value: Option<f32>| value.map_or("–".to_owned(), |value| value.to_string());
    for column in columns {
        let there = column.least.is_some();
        let known = |value: f64| if there { format!("{value:.6}") } else { "–".to_owned() };
        table.row(vec![
            column.column.clone(),
            number(column.least),
            number(column.greatest),
            known(column.mean),
            known(column.deviation),
            column.missing.to_string(),
        ]);
    }
    table.text()
}
