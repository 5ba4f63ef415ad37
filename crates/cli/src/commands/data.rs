//! `narrows data`: what a data set holds.

use clap::Args;
use narrows::dataset::{Dataset, ImageShape, RawValues, RowName, TrainAndTest, ValueRange};
use serde::Serialize;
use sha2::{Digest, Sha256};

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
    range: ValueRange,
    least: f32,
    greatest: f32,
    mean: f64,
    zeros: f64,
    classes: Option<Vec<Class>>,
    sha256: String,
}

#[derive(Debug, Serialize)]
struct Class {
    class: u8,
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
    class: Option<u8>,
    values: Vec<f32>,
}

impl Data {
    /// Does it.
    pub fn run(&self) -> Result<(), Failure> {
        let data = source(&self.name)?.load();
        if !self.rows.is_empty() {
            let rows = self.rows.iter().map(|&name| row(name, &data)).collect::<Result<_, _>>()?;
            return print_json(&Rows { data: self.name.clone(), rows });
        }
        let parts = [&data.train, &data.test].map(describe);
        if self.json { print_json(&parts) } else { print(&parts.map(|part| text(&part)).join("\n")) }
    }
}

fn row(row: RowName, data: &TrainAndTest) -> Result<Row, Failure> {
    let (dataset, index) = row.find(data)?;
    let values = match dataset.subset(&[index]).raw {
        RawValues::Bytes(bytes) => bytes.into_iter().map(f32::from).collect(),
        RawValues::Numbers(numbers) => numbers,
    };
    Ok(Row { row, class: dataset.labels.as_ref().map(|labels| labels[index]), values })
}

fn describe(dataset: &Dataset) -> Description {
    let mut digest = Sha256::new();
    let values: Vec<f32> = match &dataset.raw {
        RawValues::Bytes(bytes) => {
            digest.update(bytes);
            bytes.iter().map(|&byte| f32::from(byte)).collect()
        }
        RawValues::Numbers(numbers) => {
            numbers.iter().for_each(|number| digest.update(number.to_le_bytes()));
            numbers.clone()
        }
    };
    let count = values.len() as f64;
    Description {
        name: dataset.name.clone(),
        rows: dataset.rows(),
        features: dataset.features,
        image: dataset.image,
        range: dataset.range,
        least: values.iter().copied().fold(f32::INFINITY, f32::min),
        greatest: values.iter().copied().fold(f32::NEG_INFINITY, f32::max),
        mean: values.iter().map(|&x| f64::from(x)).sum::<f64>() / count,
        zeros: values.iter().filter(|&&x| x == 0.0).count() as f64 / count,
        classes: dataset
            .class_counts()
            .map(|classes| classes.into_iter().map(|(class, rows)| Class { class, rows }).collect()),
        sha256: digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

fn text(part: &Description) -> String {
    let rows = match part.image {
        Some(image) => format!("{} images of {} × {} pixels", part.rows, image.height, image.width),
        None => format!("{} rows of {} numbers", part.rows, part.features),
    };
    let mut text = format!(
        "{}: {rows}\n  values from {} to {}, mean {:.4}, {:.1} % are zero; the range is {} to {}\n",
        part.name,
        part.least,
        part.greatest,
        part.mean,
        100.0 * part.zeros,
        part.range.low,
        part.range.high
    );
    if let Some(classes) = &part.classes {
        let counts: Vec<String> =
            classes.iter().map(|class| format!("{}: {}", class.class, class.rows)).collect();
        text += &format!("  rows by class: {}\n", counts.join(", "));
    }
    text + &format!("  sha256 of the values: {}\n", part.sha256)
}
