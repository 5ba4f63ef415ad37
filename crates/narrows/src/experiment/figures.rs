//! The figures of a run: what each shows, its file and its caption.

mod charts;
mod pairs;
mod pictures;
mod tables;

use std::num::NonZeroUsize;

use self::pictures::Gallery;
use self::tables::Tables;
use super::{DirectoryError, RunDirectory, RunError, Summary};
use crate::compute::Compute;
use crate::dataset::{Parts, RowNameError};
use crate::interpolate::quality::Between;
use crate::model::{Autoencoder, MismatchError};
use crate::pca::Pca;
use crate::report::raster::{self, RasterError};

/// The published training curves: model, epoch (from 0), average training loss.
const PUBLISHED_CURVES: &str = include_str!("../../experiments/published_curves.csv");

/// Twice the size in pixels: crisp on today's screens and in print.
const PNG_SCALE: f32 = 2.0;

/// What a figure shows, which is also where the report puts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Data,
    Curves,
    Curve {
        model: String,
    },
    Reconstructions,
    Grid {
        model: Option<String>,
    },
    Components,
    /// Of a table: errors by column.
    Columns,
    /// Of a table: values of columns beside reconstructions.
    Values {
        model: String,
    },
    /// Of a table: codes in a plane.
    Plane {
        model: String,
    },
    Extremes {
        model: String,
    },
    Sources,
    Strip {
        pair: usize,
    },
    Realism {
        between: Between,
    },
    Interpolation {
        pair: usize,
        model: String,
    },
}

/// A figure; it is rasterised when it is written.
#[derive(Clone, Debug)]
pub(super) struct Sketch {
    pub subject: Subject,
    /// The file's name without its ending.
    pub name: String,
    /// What is shown, for one who sees nothing but this figure.
    pub caption: String,
    pub svg: String,
}

impl Sketch {
    /// Its address within the report.
    pub fn anchor(&self) -> String {
        format!("figure-{}", self.name)
    }

    /// Charts scale; pictures of pixels, which an SVG holds as images, do not.
    fn is_chart(&self) -> bool {
        !self.svg.contains("<image")
    }

    fn write(&self, png: &[u8], directory: &RunDirectory) -> Result<(), DirectoryError> {
        directory.write(&format!("figures/{}.png", self.name), png)?;
        if self.is_chart() {
            directory.write(&format!("figures/{}.svg", self.name), self.svg.as_bytes())?;
        }
        Ok(())
    }
}

/// Draws everything that a run has to show.
pub(super) fn draw(
    summary: &Summary,
    models: &[Autoencoder],
    data: &Parts,
    pca: Option<&Pca>,
    compute: &mut Compute,
) -> Result<Vec<Sketch>, DrawError> {
    let mut sketches = charts::curves(summary);
    sketches.extend(charts::realism(summary, data.schema()));
    let predictors = models.iter().map(Autoencoder::predictor).collect::<Result<_, _>>()?;
    if let Some(image) = data.train().image() {
        let mut gallery = Gallery { summary, predictors, data, image, compute };
        sketches.push(gallery.data()?);
        sketches.push(gallery.reconstructions()?);
        sketches.extend(gallery.grids()?);
        sketches.extend(pca.and_then(|pca| gallery.components(pca)));
        sketches.extend(gallery.extremes()?);
        sketches.extend(gallery.interpolations()?);
    } else {
        sketches.extend(Tables::new(summary, predictors, data, compute)?.draw()?);
    }
    Ok(sketches)
}

/// Writes figures into the run's folder.
pub(super) fn write(
    figures: &[Sketch],
    directory: &RunDirectory,
    threads: NonZeroUsize,
) -> Result<(), RunError> {
    let pngs = rasterise(figures, threads.get()).map_err(DrawError::Raster)?;
    for (figure, png) in figures.iter().zip(pngs) {
        figure.write(&png, directory)?;
    }
    Ok(())
}

/// What can go wrong while drawing.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// A figure cannot be rasterised.
    #[error("a figure cannot be drawn: {0}")]
    Raster(#[from] RasterError),
    /// A model cannot read the data.
    #[error(transparent)]
    Mismatch(#[from] MismatchError),
    /// A row that is asked for is not there.
    #[error("[interpolation] {0}")]
    Row(#[from] RowNameError),
}

/// A figure as PNG, in the size of all figures.
pub(super) fn rasterised(svg: &str) -> Result<Vec<u8>, RasterError> {
    raster::png(svg, PNG_SCALE)
}

fn rasterise(sketches: &[Sketch], threads: usize) -> Result<Vec<Vec<u8>>, RasterError> {
    let each = sketches.len().div_ceil(threads).max(1);
    let mut pngs = Vec::new();
    std::thread::scope(|scope| {
        let workers: Vec<_> = sketches
            .chunks(each)
            .map(|sketches| {
                let draw = move || sketches.iter().map(|s| rasterised(&s.svg)).collect::<Vec<_>>();
                // What a thread that the system does not give would have done is done here.
                std::thread::Builder::new().spawn_scoped(scope, draw).map_err(|_| draw())
            })
            .collect();
        for worker in workers {
            pngs.extend(match worker {
                Ok(worker) => worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                Err(drawn) => drawn,
            });
        }
    });
    pngs.into_iter().collect()
}

/// A name that may hold names of classes, which can be any text, as that of a file.
fn file_name(name: &str) -> String {
    let safe = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    name.chars().map(|letter| if safe(letter) { letter } else { '-' }).collect()
}

/// The points of a published curve; empty if there is none of that name.
pub(super) fn published_curve(name: &str) -> Vec<(f64, f64)> {
    PUBLISHED_CURVES
        .lines()
        .filter_map(|line| {
            let (model, rest) = line.split_once(',')?;
            let (epoch, loss) = rest.split_once(',')?;
            // The file counts epochs from 0, we from 1.
            (model == name).then_some((epoch.parse::<f64>().ok()? + 1.0, loss.parse().ok()?))
        })
        .collect()
}
