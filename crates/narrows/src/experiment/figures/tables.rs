//! Figures of tables: errors by column, values beside reconstructions, codes in a plane, interpolations as lines of columns.

use super::super::{Pair, Summary};
use super::pairs::{end_name, ends, in_strip, pair_labels, pair_title};
use super::{DrawError, Sketch, Subject};
use crate::compute::Compute;
use crate::dataset::{Dataset, Moments, Parts};
use crate::interpolate::{blend, interpolate, lambdas};
use crate::model::{MismatchError, Predictor};
use crate::report::gallery::{MAX_STEPS, thinned};
use crate::report::live::Plane;
use crate::report::palette;
use crate::report::panels::{Axis, Key, Mark, Panel, Series, panels};

/// Columns that a figure has room for.
const MAX_COLUMNS: usize = 30;
/// Columns of which values stand beside their reconstructions.
const COMPARED_COLUMNS: usize = 6;
/// Test rows that errors are the mean of, and those that are drawn as points.
const MAX_ROWS: usize = 10_000;
const MAX_POINTS: usize = 400;
const MAX_CODES: usize = 3000;
/// A colour of the interpolation's beginning holds so much of the model's; at the end it is the model's.
const PALEST: f64 = 0.3;
const BLEND: [u8; 3] = [0x59, 0x59, 0x59];

const STANDARDISED: &str = "0 is a column's mean over the training set, 1 is one standard deviation above it";

/// Everything that figures of a table are made from.
pub(super) struct Tables<'a> {
    summary: &'a Summary,
    predictors: Vec<Predictor>,
    data: &'a Parts,
    compute: &'a mut Compute,
    /// Mean and deviation of each column of the training set.
    columns: Vec<Moments>,
    /// By model, the mean squared error of each column on the test set, in the model's scale.
    errors: Vec<Vec<f64>>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(
        summary: &'a Summary,
        predictors: Vec<Predictor>,
        data: &'a Parts,
        compute: &'a mut Compute,
    ) -> Result<Self, MismatchError> {
        let test = some_rows(data.test(), MAX_ROWS)?;
        let errors =
            predictors.iter().map(|model| column_errors(model, compute, &test)).collect::<Result<_, _>>()?;
        let columns = data.train().moments().map_err(MismatchError::from)?;
        Ok(Self { summary, predictors, data, compute, columns, errors })
    }

    /// All of them.
    pub(super) fn draw(&mut self) -> Result<Vec<Sketch>, DrawError> {
        let mut sketches = vec![self.errors_by_column()];
        for place in 0..self.predictors.len() {
            sketches.push(self.beside_reconstructions(place)?);
            sketches.push(self.plane(place)?);
        }
        sketches.extend(self.interpolations()?);
        Ok(sketches)
    }

    /// A dot for every column and model, the worst column first.
    fn errors_by_column(&self) -> Sketch {
        let worst = |column: usize| self.errors.iter().map(|errors| errors[column]).fold(0.0, f64::max);
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        order.sort_by(|&a, &b| worst(b).total_cmp(&worst(a)));
        let all = order.len();
        order.truncate(MAX_COLUMNS);
        let series = |(place, errors): (usize, &Vec<f64>)| Series {
            points: order.iter().enumerate().map(|(row, &column)| (errors[column], row as f64)).collect(),
            colour: palette::style(place).colour.light,
            mark: Mark::Dots(4.5),
        };
        let scale = self.summary.scale();
        let panel = Panel {
            title: String::new(),
            x: Axis::Numbers(format!("mean squared error on the test set, in {scale}")),
            y: Axis::Names { label: "column".to_owned(), names: self.names(&order) },
            series: self.errors.iter().enumerate().map(series).collect(),
            diagonal: false,
        };
        let title = format!("Error by column on {}", self.name());
        let which = match order.len() < all {
            true => format!("the {} of {all} columns with the largest error of any model", order.len()),
            false => "all columns".to_owned(),
        };
        let note = format!("{}, the worst first", capitalised(&which));
        Sketch {
            subject: Subject::Columns,
            name: "columns".to_owned(),
            caption: format!(
                "{title}: the mean squared error of each model on the test set, in {scale}, for {which}, the worst first."
            ),
            svg: panels(
                &format!("{title}\n{note}"),
                &self.key(),
                (520.0, 22.0 * order.len() as f64 + 16.0),
                1,
                &[panel],
            ),
        }
    }

    /// Values of the worst columns and what a model makes of them, in the units of the data.
    fn beside_reconstructions(&mut self, place: usize) -> Result<Sketch, MismatchError> {
        let errors = &self.errors[place];
        let mut order: Vec<usize> = (0..errors.len()).collect();
        order.sort_by(|&a, &b| errors[b].total_cmp(&errors[a]));
        order.truncate(COMPARED_COLUMNS);
        let rows = some_rows(self.data.test(), MAX_POINTS)?;
        let model = &self.predictors[place];
        let rebuilt = model.input().raw(&model.reconstruct(self.compute, &model.samples(&rows)?)?);
        let width = self.columns.len();
        let raw: Vec<Vec<f32>> = (0..rows.rows()).map(|row| rows.raw_row(row)).collect();
        let panel = |&column: &usize| {
            let pairs = raw.iter().zip(rebuilt.chunks_exact(width));
            Panel {
                title: self.data.schema().column(column),
                x: Axis::Numbers("value".to_owned()),
                y: Axis::Numbers("reconstructed".to_owned()),
                series: vec![Series {
                    points: pairs
                        .map(|(raw, rebuilt)| (raw[column].into(), rebuilt[column].into()))
                        .collect(),
                    colour: palette::style(place).colour.light,
                    mark: Mark::Dots(2.5),
                }],
                diagonal: true,
            }
        };
        let name = &self.summary.models[place].name;
        let title = format!("Values of {} beside what {name} reconstructs", self.name());
        let note = format!(
            "The {} columns with the largest error, {} test rows, in the units of the data. On the dashed line both are equal",
            order.len(),
            rows.rows()
        );
        Ok(Sketch {
            subject: Subject::Values { model: name.clone() },
            name: format!("values-{name}"),
            caption: format!("{title}. {note}."),
            svg: panels(
                &format!("{title}\n{note}"),
                &[],
                (210.0, 190.0),
                3,
                &order.iter().map(panel).collect::<Vec<_>>(),
            ),
        })
    }

    /// The codes of test rows in the plane in which they vary most, coloured by class.
    fn plane(&mut self, place: usize) -> Result<Sketch, MismatchError> {
        let rows = some_rows(self.data.test(), MAX_CODES)?;
        let model = &self.predictors[place];
        let codes = model.encode(self.compute, &model.samples(&rows)?)?;
        let latent = model.architecture().latent();
        let plane = Plane::of(&codes, latent, self.compute);
        let places = plane.places(&codes);
        let (key, series) = by_class(&rows, &places);
        let name = &self.summary.models[place].name;
        let (x, y, note) = match latent {
            1 => ("z1".to_owned(), "a code has one number".to_owned(), "A code has one number".to_owned()),
            2 => ("z1".to_owned(), "z2".to_owned(), "The two axes are the two numbers of a code".to_owned()),
            _ => (
                "first principal direction of the codes".to_owned(),
                "second principal direction of the codes".to_owned(),
                format!(
                    "The two directions in which the codes vary most, with {:.0} % of their variance",
                    100.0 * plane.share
                ),
            ),
        };
        let title = format!("Codes of {} test rows of {} by {name}", rows.rows(), self.name());
        let coloured = if key.is_empty() { "" } else { ", coloured by class" };
        let panel =
            Panel { title: String::new(), x: Axis::Numbers(x), y: Axis::Numbers(y), series, diagonal: false };
        Ok(Sketch {
            subject: Subject::Plane { model: name.clone() },
            name: format!("codes-{name}"),
            caption: format!("{title}{coloured}. {note}."),
            svg: panels(&format!("{title}\n{note}"), &key, (520.0, 400.0), 1, &[panel]),
        })
    }

    fn interpolations(&mut self) -> Result<Vec<Sketch>, DrawError> {
        let Some(interpolation) = self.summary.experiment.interpolation.clone() else {
            return Ok(Vec::new());
        };
        let mut sketches = Vec::new();
        let labels = pair_labels(self.data, &interpolation.pairs)?;
        for (number, (pair, label)) in interpolation.pairs.iter().zip(&labels).enumerate() {
            sketches.extend(self.pair(number, pair, label, interpolation.steps)?);
        }
        Ok(sketches)
    }

    /// One pair: the blend and the compared models under one another, and each model by itself.
    fn pair(
        &mut self,
        number: usize,
        pair: &Pair,
        label: &str,
        steps: usize,
    ) -> Result<Vec<Sketch>, DrawError> {
        let all = lambdas(steps);
        let lambdas: Vec<f32> = thinned(all.len(), MAX_STEPS).into_iter().map(|step| all[step]).collect();
        let ends = ends(self.data, pair)?;
        let shown = self.columns_between(&ends);
        let title = format!("{} on {}", pair_title(self.data, pair)?, self.name());
        let note = format!(
            "One line for each λ, from {} (λ = 0, palest) to {} (λ = 1). {}{STANDARDISED}",
            end_name(self.data, &pair.from)?,
            end_name(self.data, &pair.to)?,
            if shown.len() < self.columns.len() {
                format!("The {} of {} columns that differ most. ", shown.len(), self.columns.len())
            } else {
                String::new()
            }
        );
        let (mut strip, mut sketches) = (Vec::new(), Vec::new());
        for (place, model) in self.predictors.iter().enumerate() {
            let [from, to] = [model.samples(&ends[0])?.row(0), model.samples(&ends[1])?.row(0)];
            let ends = [&from[..], &to[..]];
            if strip.is_empty() {
                strip.push(self.lines(
                    "blend of values",
                    BLEND,
                    &shown,
                    &model.input().raw(&blend(ends, &lambdas)),
                ));
            }
            let decoded = model.input().raw(&interpolate(model, self.compute, ends, &lambdas)?);
            let name = &self.summary.models[place].name;
            let panel = self.lines(name, palette::style(place).colour.light, &shown, &decoded);
            let alone = format!("{title}, decoded by {name}");
            sketches.push(Sketch {
                subject: Subject::Interpolation { pair: number, model: name.clone() },
                name: format!("interpolation-{label}-{name}"),
                caption: format!("{title} through the latent space of {name}. {note}."),
                svg: panels(
                    &format!("{alone}\n{note}"),
                    &[],
                    (700.0, 320.0),
                    1,
                    std::slice::from_ref(&panel),
                ),
            });
            if in_strip(self.summary, name) {
                strip.push(panel);
            }
        }
        let rows: Vec<&str> = strip.iter().map(|panel| panel.title.as_str()).collect();
        let sketch = Sketch {
            subject: Subject::Strip { pair: number },
            name: format!("strip-{label}"),
            caption: format!("{title}, from top to bottom: {}. {note}.", rows.join(", ")),
            svg: panels(&format!("{title}\n{note}"), &[], (700.0, 180.0), 1, &strip),
        };
        sketches.insert(0, sketch);
        Ok(sketches)
    }

    /// The columns that differ most between two rows, as many as a figure has room for, in the order of the table.
    fn columns_between(&self, ends: &[Dataset]) -> Vec<usize> {
        let [from, to] = [ends[0].raw_row(0), ends[1].raw_row(0)];
        let apart = |column: usize| {
            (self.standardised(column, to[column]) - self.standardised(column, from[column])).abs()
        };
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        order.sort_by(|&a, &b| apart(b).total_cmp(&apart(a)));
        order.truncate(MAX_COLUMNS);
        order.sort_unstable();
        order
    }

    /// A line over the columns for each of some raw rows, paler the nearer to the beginning.
    fn lines(&self, title: &str, colour: [u8; 3], shown: &[usize], raw: &[f32]) -> Panel {
        let rows: Vec<&[f32]> = raw.chunks_exact(self.columns.len()).collect();
        let last = rows.len().saturating_sub(1).max(1) as f64;
        let series = rows.iter().enumerate().map(|(step, row)| Series {
            points: shown
                .iter()
                .enumerate()
                .map(|(place, &column)| (place as f64, self.standardised(column, row[column])))
                .collect(),
            colour: paler(colour, PALEST + (1.0 - PALEST) * step as f64 / last),
            mark: Mark::Line(1.8),
        });
        Panel {
            title: title.to_owned(),
            x: Axis::Names { label: "column".to_owned(), names: self.names(shown) },
            y: Axis::Numbers("standardised value".to_owned()),
            series: series.collect(),
            diagonal: false,
        }
    }

    fn standardised(&self, column: usize, raw: f32) -> f64 {
        let moments = &self.columns[column];
        let deviation = if moments.is_constant() { 1.0 } else { moments.variance().sqrt() };
        (f64::from(raw) - moments.mean) / deviation
    }

    fn names(&self, columns: &[usize]) -> Vec<String> {
        columns.iter().map(|&column| self.data.schema().column(column)).collect()
    }

    fn key(&self) -> Vec<Key> {
        let models = self.summary.models.iter().enumerate();
        models
            .map(|(place, model)| Key {
                label: model.name.clone(),
                colour: palette::style(place).colour.light,
            })
            .collect()
    }

    fn name(&self) -> &str {
        &self.summary.data.name
    }
}

/// At most so many rows, evenly spread.
fn some_rows(dataset: &Dataset, most: usize) -> Result<Dataset, MismatchError> {
    let (all, rows) = (dataset.rows(), dataset.rows().min(most));
    let rows: Vec<usize> = (0..rows).map(|i| i * all / rows.max(1)).collect();
    Ok(dataset.read_rows(&rows)?)
}

/// The mean squared error of each column, over the rows that have it.
fn column_errors(
    model: &Predictor,
    compute: &mut Compute,
    rows: &Dataset,
) -> Result<Vec<f64>, MismatchError> {
    let squares = model.squared_errors_by_feature(compute, &model.samples(rows)?)?;
    let moments = Moments::of_rows(&squares, rows.features());
    Ok(moments.into_iter().map(|column| column.mean).collect())
}

/// Points by class: of the first ten classes each in its colour, of all others in one; without labels all in one.
fn by_class(rows: &Dataset, places: &[(f64, f64)]) -> (Vec<Key>, Vec<Series>) {
    let series = |points, colour| Series { points, colour, mark: Mark::Dots(2.5) };
    let (Some(labels), Some(counts)) = (rows.labels(), rows.class_counts()) else {
        return (Vec::new(), vec![series(places.to_vec(), palette::CLASSES[0].light)]);
    };
    let shown: Vec<u32> = counts.iter().map(|&(label, _)| label).take(palette::CLASSES.len()).collect();
    let of = |wanted: &dyn Fn(u32) -> bool| -> Vec<(f64, f64)> {
        labels.iter().zip(places).filter(|&(&label, _)| wanted(label)).map(|(_, place)| *place).collect()
    };
    let (mut keys, mut all) = (Vec::new(), Vec::new());
    let others = counts.len() - shown.len();
    if others > 0 {
        let colour = palette::OTHER_CLASSES.light;
        all.push(series(of(&|label| !shown.contains(&label)), colour));
        keys.push(Key { label: format!("{others} other classes"), colour });
    }
    for (place, &label) in shown.iter().enumerate() {
        let colour = palette::CLASSES[place].light;
        all.push(series(of(&|other| other == label), colour));
        keys.insert(place, Key { label: rows.class_name(label).to_owned(), colour });
    }
    (keys, all)
}

/// So much of a colour, on white.
fn paler(colour: [u8; 3], share: f64) -> [u8; 3] {
    colour.map(|part| (255.0 + (f64::from(part) - 255.0) * share).round() as u8)
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
