//! `narrows data`: what a data set holds.

use clap::Args;
use narrows::dataset::{Dataset, ImageShape, Parts, RowName, ValueRange};
use serde::Serialize;

use crate::commands::model_file::source;
use crate::commands::output::{print, print_json};
use crate::failure::Failure;

/// Show what a data set holds: counts, shape, range, classes and checksum
#[derive(Debug, Args)]
pub struct Data {
    /// The data set, by name
    #[arg(default_value = "mnist")]
    name: String,

    /// With --json: instead print the values of these rows, for other programs, for instance train:1,train:7
    #[arg(long, value_name = "ROW", num_args = 1.., value_delimiter = ',', requires = "json")]
    rows: Vec<RowName>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is printed as JSON, for each part.
#[derive(Debug, Serialize)]
struct Description {
    name: String,
    rows: usize,
    features: usize,
    image: Option<ImageShape>,
    range: Option<ValueRange>,
    least: f32,
    greatest: f32,
    mean: f64,
    zeros: f64,
    classes: Option<Vec<Class>>,
    sha256: String,
}

#[derive(Debug, Serialize)]
struct Class {
    class: String,
    rows: usize,
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
    class: Option<String>,
    values: Vec<f32>,
}

impl Data {
    /// Does it.
    pub fn run(&self) -> Result<(), Failure> {
        let data = source(&self.name)?.load();
        if !self.rows.is_empty() {
            let rows = self.rows.iter().map(|name| row(name, &data)).collect::<Result<_, _>>()?;
            return print_json(&Rows { data: self.name.clone(), rows });
        }
        let parts = [data.train(), data.test()].map(describe);
        if self.json { print_json(&parts) } else { print(&parts.map(|part| text(&part)).join("\n")) }
    }
}

fn row(name: &RowName, data: &Parts) -> Result<Row, Failure> {
    let (dataset, index) = name.find(data)?;
    let class = dataset.class_of(index).map(str::to_owned);
    Ok(Row { row: name.clone(), class, values: dataset.raw_row(index) })
}

fn describe(dataset: &Dataset) -> Description {
    let (mut least, mut greatest, mut sum, mut zeros) = (f32::INFINITY, f32::NEG_INFINITY, 0.0, 0_usize);
    for value in (0..dataset.rows()).flat_map(|row| dataset.raw_row(row)) {
        (least, greatest) = (least.min(value), greatest.max(value));
        sum += f64::from(value);
        zeros += usize::from(value == 0.0);
    }
    let count = (dataset.rows() * dataset.features()) as f64;
    let class = |(label, rows)| Class { class: dataset.class_name(label).to_owned(), rows };
    Description {
        name: dataset.name().to_owned(),
        rows: dataset.rows(),
        features: dataset.features(),
        image: dataset.image(),
        range: dataset.schema().range(),
        least,
        greatest,
        mean: sum / count,
        zeros: zeros as f64 / count,
        classes: dataset.class_counts().map(|classes| classes.into_iter().map(class).collect()),
        sha256: dataset.values_hash(),
    }
}

fn text(part: &Description) -> String {
    let rows = match part.image {
        Some(image) => format!("{} images of {} × {} pixels", part.rows, image.height, image.width),
        None => format!("{} rows of {} numbers", part.rows, part.features),
    };
    let mut text = format!(
        "{}: {rows}\n  values from {} to {}, mean {:.4}, {:.1} % are zero{}\n",
        part.name,
        part.least,
        part.greatest,
        part.mean,
        100.0 * part.zeros,
        part.range.map_or(String::new(), |range| format!("; the range is {} to {}", range.low, range.high)),
    );
    if let Some(classes) = &part.classes {
        let counts: Vec<String> =
            classes.iter().map(|class| format!("{}: {}", class.class, class.rows)).collect();
        text += &format!("  rows by class: {}\n", counts.join(", "));
    }
    text + &format!("  sha256 of the values: {}\n", part.sha256)
}
