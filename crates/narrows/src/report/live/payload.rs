//! What the page knows: names, shapes and curves as JSON, numbers as deflated bytes.
//!
//! ```text
//! parameters   of every layer of every model, then of the judge:
//!              scales f32 (outputs), biases f32 (outputs), weights i16 (outputs, inputs); little endian
//! pairs        values (rows, features), `from` and `to` of each pair
//! originals    values (rows, features)
//! test, train  values (rows, features), then labels u16 (rows) if there are any, places among `class_names`
//! snapshots    images u8 (models, epochs, originals, features), each model's own epochs
//! ```
//!
//! Values of images are bytes of the value range, u8: 0 is its low end, 255 its high end; a pixel's channels lie side by side.
//! Values of tables are raw, f32, little endian; NaN is missing.

use std::io::Write;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::ZlibEncoder};
use narrows_kernels::Activation;
use serde::Serialize;

use super::plane::Plane;
use super::quantise::{Dense, Quantised};
use super::subject::{Bound, Curves, LiveModel, Subject};
use crate::compute::Compute;
use crate::dataset::{DataError, Dataset, ImageShape, Moments, Part as DataPart, Parts, byte_of};
use crate::model::{Autoencoder, InputSpec, MismatchError};
use crate::report::palette;

/// Rows of the test set that the page carries: enough for a map without holes. Of the training set, as many, to find
/// neighbours among. Together 2.2 MB of a page of MNIST.
const MAX_ROWS: usize = 5000;
/// The bytes of these rows, before they are deflated, and how many rows there are even if they take more: photographs deflate
/// badly, and a page is to be sent to a friend.
const MAX_BYTES: usize = 4_000_000;
const MIN_ROWS: usize = 200;
/// Characters of a row's own name.
const MAX_ID: usize = 60;

const IMAGES_HAVE_A_RANGE: &str = "a schema with an image has a value range";

/// The share of codes below a slider's low end, and above its high end.
const TAIL: f64 = 0.01;

#[derive(Serialize)]
struct Study<'a> {
    /// Nothing of a table.
    image: Option<ImageShape>,
    /// Nothing of images.
    columns: Vec<Column>,
    class_names: &'a [String],
    class_styles: Vec<ClassStyle>,
    other_classes: ClassStyle,
    models: Vec<Model<'a>>,
    judge: Option<Classifier>,
    compared: Option<[usize; 2]>,
    bound: Option<Bound<'a>>,
    pairs: Vec<[End; 2]>,
    test: Part,
    train: Part,
    originals: Vec<End>,
}

#[derive(Serialize)]
struct Model<'a> {
    name: &'a str,
    style: Style,
    description: String,
    /// How many of the layers are the encoder's.
    depth: usize,
    layers: Vec<Layer>,
    input: Affine,
    test_error: Option<f64>,
    curves: &'a Curves,
    snapshots: Vec<usize>,
    plane: Plane,
    /// Percentiles of each latent on the test set, the 1st and the 99th.
    low: Vec<f32>,
    high: Vec<f32>,
}

/// A column of a table, and its mean and standard deviation on the training set.
#[derive(Serialize)]
struct Column {
    name: String,
    mean: f64,
    deviation: f64,
}

/// Colours as CSS writes them.
#[derive(Serialize)]
struct ClassStyle {
    light: String,
    dark: String,
}

/// Colours as CSS writes them, and the pattern of a line's strokes and gaps.
#[derive(Serialize)]
struct Style {
    light: String,
    dark: String,
    dash: Option<&'static str>,
}

#[derive(Serialize)]
struct Classifier {
    layers: Vec<Layer>,
    classes: Vec<String>,
    input: Affine,
}

#[derive(Serialize)]
struct Layer {
    inputs: usize,
    outputs: usize,
    activation: &'static str,
}

/// From a value v, a pixel's byte or the raw value of a column, to a model's input: `x = scale·v + offset`; one number for all
/// features, or one each.
#[derive(Serialize)]
struct Affine {
    scale: Vec<f32>,
    offset: Vec<f32>,
}

#[derive(Serialize)]
struct End {
    name: String,
    /// What the data calls it, where a column of it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    label: Option<String>,
}

#[derive(Serialize)]
struct Part {
    rows: usize,
    /// Rows of the whole set; image i is row ⌊i·all/rows⌋ of it.
    all: usize,
    labelled: bool,
    /// The classes that occur in the whole set.
    classes: Vec<String>,
    /// What the data calls the rows, where a column of it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<Vec<String>>,
}

/// The JSON, and the blobs by name.
pub(super) type Packed = (String, Vec<(&'static str, String)>);

/// Packs what a page shows.
///
/// # Errors
/// If a model cannot read the test set.
pub(super) fn pack(subject: &Subject<'_>, compute: &mut Compute) -> Result<Packed, MismatchError> {
    let (train, test) = (subject.data.train(), subject.data.test());
    let bytes = test.features() * if test.image().is_some() { 1 } else { size_of::<f32>() };
    let (test_rows, train_rows) = (spread(test.rows(), bytes), spread(train.rows(), bytes));
    let shown = test.read_rows(&test_rows)?;
    let mut parameters = Vec::new();
    let models = subject
        .models
        .iter()
        .enumerate()
        .map(|(place, model)| describe(place, model, &shown, compute, &mut parameters))
        .collect::<Result<_, _>>()?;
    let judge = subject.judge.as_ref().map(|judge| Classifier {
        layers: judge.layers.iter().map(|layer| write_layer(layer, &mut parameters)).collect(),
        classes: judge.classes.clone(),
        input: affine(judge.input),
    });
    let end = |set: &Dataset, part: DataPart, row| End {
        name: format!("{part}#{row}"),
        id: subject.data.id(part, row).map(shortened),
        label: set.class_of(row).map(str::to_owned),
    };
    let mut pair_values = Vec::new();
    let pairs = subject
        .pairs
        .iter()
        .map(|pair| {
            let mut pack = |(part, row): (DataPart, usize)| {
                let set = subject.data.get(part).unwrap_or(test);
                pair_values.extend(values(&set.read_rows(&[row])?));
                Ok::<_, DataError>(end(set, part, row))
            };
            Ok::<_, DataError>([pack(pair.from)?, pack(pair.to)?])
        })
        .collect::<Result<_, _>>()?;
    let original_rows = test.examples();
    let study = Study {
        image: test.image(),
        columns: columns(train)?,
        class_styles: palette::CLASSES.map(class_style).into(),
        other_classes: class_style(palette::OTHER_CLASSES),
        class_names: test.schema().classes().unwrap_or_default(),
        models,
        judge,
        compared: subject.compared,
        bound: subject.bound,
        pairs,
        test: part(subject.data, DataPart::Test, test, &test_rows),
        train: part(subject.data, DataPart::Train, train, &train_rows),
        originals: original_rows.iter().map(|&row| end(test, DataPart::Test, row)).collect(),
    };
    let with_labels = |set: &Dataset| [values(set), labels(set)].concat();
    let snapshots: Vec<u8> = subject
        .models
        .iter()
        .flat_map(|model| model.snapshots.iter().flat_map(|snapshot| snapshot.pixels.iter().copied()))
        .collect();
    let blobs = [
        ("parameters", parameters),
        ("pairs", pair_values),
        ("originals", values(&test.read_rows(&original_rows)?)),
        ("snapshots", snapshots),
        ("test", with_labels(&shown)),
        ("train", with_labels(&train.read_rows(&train_rows)?)),
    ];
    let json = serde_json::to_string(&study).expect("plain data is JSON");
    // Inside a script element only `<` could end it; in JSON it occurs in strings alone, where this means the same.
    Ok((json.replace('<', "\\u003c"), blobs.map(|(name, bytes)| (name, deflated(&bytes))).into()))
}

/// Pixels as bytes: 0 at the low end of the value range, 255 at the high end.
///
/// # Panics
/// If the rows have no range, as images have.
pub fn pixels(dataset: &Dataset) -> Vec<u8> {
    let range = dataset.schema().range().expect(IMAGES_HAVE_A_RANGE);
    let rows = (0..dataset.rows()).flat_map(|row| dataset.raw_row(row));
    rows.map(|raw| byte_of(range.unit_of(raw))).collect()
}

/// Rows as the page has them: bytes of images, raw numbers of tables.
fn values(dataset: &Dataset) -> Vec<u8> {
    match dataset.image() {
        Some(_) => pixels(dataset),
        None => (0..dataset.rows()).flat_map(|row| dataset.raw_row(row)).flat_map(f32::to_le_bytes).collect(),
    }
}

/// The columns of a table; nothing of images.
fn columns(train: &Dataset) -> Result<Vec<Column>, DataError> {
    if train.image().is_some() {
        return Ok(Vec::new());
    }
    let column = |(index, moments): (usize, Moments)| Column {
        name: train.schema().column(index),
        mean: moments.mean,
        deviation: if moments.is_constant() { 1.0 } else { moments.variance().sqrt() },
    };
    Ok(train.moments()?.into_iter().enumerate().map(column).collect())
}

/// The label of every row, of sixteen bits.
fn labels(dataset: &Dataset) -> Vec<u8> {
    let labels = dataset.labels().unwrap_or_default().iter();
    // A schema has at most 2¹⁶ classes.
    labels.flat_map(|&label| (label as u16).to_le_bytes()).collect()
}

/// As many rows of so many bytes as a page has room for, evenly spread.
fn spread(all: usize, bytes: usize) -> Vec<usize> {
    let room = (MAX_BYTES / bytes.max(1)).clamp(MIN_ROWS, MAX_ROWS);
    let rows = all.min(room);
    (0..rows).map(|i| i * all / rows).collect()
}

fn part(data: &Parts, part: DataPart, dataset: &Dataset, rows: &[usize]) -> Part {
    let occurring = dataset.class_counts().unwrap_or_default().into_iter();
    let classes = occurring.map(|(label, _)| dataset.class_name(label).to_owned()).collect();
    let ids = data.ids(part).map(|ids| rows.iter().map(|&row| shortened(&ids[row])).collect());
    Part { rows: rows.len(), all: dataset.rows(), labelled: dataset.labels().is_some(), classes, ids }
}

/// A name as long as a page has room for.
fn shortened(id: &str) -> String {
    match id.char_indices().nth(MAX_ID) {
        Some((end, _)) => format!("{}…", &id[..end]),
        None => id.to_owned(),
    }
}

fn describe<'a>(
    place: usize,
    model: &'a LiveModel<'a>,
    shown: &Dataset,
    compute: &mut Compute,
    parameters: &mut Vec<u8>,
) -> Result<Model<'a>, MismatchError> {
    let Autoencoder { architecture, input, .. } = model.autoencoder;
    let specs = architecture.layers();
    let layers = specs
        .iter()
        .zip(model.autoencoder.parameters.layers())
        .map(|(spec, (weight, bias))| {
            write_layer(&Dense { weight, bias, activation: spec.activation }, parameters)
        })
        .collect();
    let codes = model.autoencoder.encode(compute, &input.samples(shown)?)?;
    let latent = architecture.latent();
    let (low, high) = (0..latent).map(|i| percentiles(codes.iter().skip(i).step_by(latent))).unzip();
    Ok(Model {
        name: model.name,
        style: style(place),
        description: architecture.to_string(),
        depth: architecture.depth(),
        layers,
        input: affine(input),
        test_error: model.test_error,
        curves: &model.curves,
        snapshots: model.snapshots.iter().map(|snapshot| snapshot.epoch).collect(),
        plane: Plane::of(&codes, latent, compute),
        low,
        high,
    })
}

/// From a pixel's byte, or from a raw value of a table, to the model's scale.
fn affine(input: &InputSpec) -> Affine {
    if input.image().is_some() {
        let (scale, offset) = input.unit_scale().expect(IMAGES_HAVE_A_RANGE).of_bytes();
        return Affine { scale, offset };
    }
    let normalisation = input.normalisation();
    Affine { scale: normalisation.scale().to_vec(), offset: normalisation.offset().to_vec() }
}

fn css([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn class_style(colour: palette::ModelColour) -> ClassStyle {
    ClassStyle { light: css(colour.light), dark: css(colour.dark) }
}

fn style(place: usize) -> Style {
    let palette::ModelStyle { colour, dash } = palette::style(place);
    Style { light: css(colour.light), dark: css(colour.dark), dash: dash.pattern() }
}

fn write_layer(layer: &Dense<'_>, out: &mut Vec<u8>) -> Layer {
    let inputs = layer.inputs();
    let quantised = Quantised::of(layer.weight, inputs);
    for number in quantised.scales.iter().chain(layer.bias) {
        out.extend(number.to_le_bytes());
    }
    for weight in &quantised.weights {
        out.extend(weight.to_le_bytes());
    }
    Layer { inputs, outputs: layer.bias.len(), activation: name(layer.activation) }
}

fn name(activation: Activation) -> &'static str {
    match activation {
        Activation::Identity => "identity",
        Activation::Relu => "relu",
        Activation::LeakyRelu => "leaky_relu",
        Activation::Tanh => "tanh",
        Activation::Sigmoid => "sigmoid",
        Activation::Gelu => "gelu",
        Activation::Silu => "silu",
    }
}

/// The 1st and the 99th percentile.
fn percentiles<'a>(values: impl Iterator<Item = &'a f32>) -> (f32, f32) {
    let mut values: Vec<f32> = values.copied().collect();
    values.sort_by(f32::total_cmp);
    let at = |share: f64| {
        values.get(((values.len().max(1) - 1) as f64 * share).round() as usize).copied().unwrap_or(0.0)
    };
    (at(TAIL), at(1.0 - TAIL))
}

fn deflated(bytes: &[u8]) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    STANDARD.encode(written.expect("writing into memory does not fail"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_leave_a_hundredth_on_each_side() {
        let values: Vec<f32> = (0..=200).rev().map(|i| i as f32).collect();
        assert_eq!(percentiles(values.iter()), (2.0, 198.0));
        assert_eq!(percentiles([4.0].iter()), (4.0, 4.0));
    }

    #[test]
    fn rows_are_spread_over_the_whole_set() {
        assert_eq!(spread(3, 784), [0, 1, 2]);
        let rows = spread(10_000, 784);
        assert_eq!((rows.len(), rows[1], rows[4999]), (5000, 2, 9998));
        // Of 32 × 32 pixels in colour, and of a megapixel.
        assert_eq!([spread(10_000, 3072).len(), spread(10_000, 3_000_000).len()], [1302, MIN_ROWS]);
    }
}
