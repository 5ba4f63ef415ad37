//! The figures of a run.

use super::{DirectoryError, ModelSummary, Pair, RunDirectory, Summary};
use crate::compute::Compute;
use crate::dataset::{Dataset, ImageShape, Parts, RowName, RowNameError};
use crate::interpolate::quality::{Between, InterpolationQuality, Measure, Subject as Measured, SubjectKind};
use crate::interpolate::{blend, interpolate, lambdas};
use crate::model::{Autoencoder, InputSpec, MismatchError, Predictor};
use crate::pca::Pca;
use crate::report::chart::{Band, Chart, Curve, CurveStyle, Scale};
use crate::report::gallery::{self, Captioned, Row, Step};
use crate::report::picture::Picture;
use crate::report::raster;
use crate::report::raster::RasterError;

/// The published training curves: model, epoch (from 0), average training loss.
const PUBLISHED_CURVES: &str = include_str!("../../../../experiments/published_curves.csv");

/// As many components as stand beside one another in the report.
const MOST_COMPONENTS: usize = 16;

/// Twice the size in pixels: crisp on today's screens and in print.
const PNG_SCALE: f32 = 2.0;

/// What a figure shows, which is also where the report puts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Data,
    Curves,
    Curve { model: String },
    Reconstructions,
    Grid { model: Option<String> },
    Components,
    Extremes { model: String },
    Sources,
    Strip { pair: usize },
    Realism { between: Between },
    Interpolation { pair: usize, model: String },
}

/// A drawn figure.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    pub subject: Subject,
    /// The file's name without its ending.
    pub name: String,
    pub caption: String,
    pub svg: String,
    pub png: Vec<u8>,
}

impl Figure {
    /// Charts scale; pictures of pixels do not.
    fn is_chart(&self) -> bool {
        matches!(self.subject, Subject::Curves | Subject::Curve { .. } | Subject::Realism { .. })
    }

    pub fn write(&self, directory: &RunDirectory) -> Result<(), DirectoryError> {
        directory.write(&format!("figures/{}.png", self.name), &self.png)?;
        if self.is_chart() {
            directory.write(&format!("figures/{}.svg", self.name), self.svg.as_bytes())?;
        }
        Ok(())
    }
}

/// A figure before it is rasterised.
struct Sketch {
    subject: Subject,
    name: String,
    caption: String,
    svg: String,
}

/// Draws everything that a run has to show.
pub(super) fn draw(
    summary: &Summary,
    models: &[Autoencoder],
    data: &Parts,
    pca: Option<&Pca>,
    compute: &mut Compute,
) -> Result<Vec<Figure>, DrawError> {
    let mut sketches = curves(&summary.models);
    sketches.extend(summary.interpolation_quality.iter().flat_map(realism));
    if let Some(image) = data.train().image() {
        let predictors = models.iter().map(Autoencoder::predictor).collect::<Result<_, _>>()?;
        let mut gallery = Gallery { summary, predictors, data, image, compute };
        sketches.push(gallery.data());
        sketches.push(gallery.reconstructions()?);
        sketches.extend(gallery.grids()?);
        sketches.extend(pca.and_then(|pca| gallery.components(pca)));
        sketches.extend(gallery.extremes()?);
        sketches.extend(gallery.interpolations()?);
    }
    let threads = compute.team.threads();
    Ok(rasterise(sketches, threads)?)
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

fn rasterise(sketches: Vec<Sketch>, threads: usize) -> Result<Vec<Figure>, RasterError> {
    let each = sketches.len().div_ceil(threads).max(1);
    let mut pngs = Vec::new();
    std::thread::scope(|scope| {
        let workers: Vec<_> = sketches
            .chunks(each)
            .map(|sketches| {
                scope.spawn(move || {
                    sketches.iter().map(|s| raster::png(&s.svg, PNG_SCALE)).collect::<Vec<_>>()
                })
            })
            .collect();
        for worker in workers {
            pngs.extend(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
    });
    let figures = sketches.into_iter().zip(pngs);
    figures
        .map(|(Sketch { subject, name, caption, svg }, png)| {
            Ok(Figure { subject, name, caption, svg, png: png? })
        })
        .collect()
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

fn curves(models: &[ModelSummary]) -> Vec<Sketch> {
    let curve = |index: usize, model: &ModelSummary| Curve {
        label: model.name.clone(),
        points: model.history.iter().map(|epoch| (epoch.epoch as f64, epoch.training_loss)).collect(),
        style: CurveStyle::Solid(index),
    };
    let chart = |title: String, y_scale, curves| Chart {
        title,
        x_label: "epoch".to_owned(),
        y_label: "average training loss".to_owned(),
        y_scale,
        curves,
        bands: Vec::new(),
    };
    // Exact PCA has no curve, but keeps its colour.
    let trained = || models.iter().enumerate().filter(|(_, model)| !model.history.is_empty());
    let all: Vec<Curve> = trained().map(|(index, model)| curve(index, model)).collect();
    if all.is_empty() {
        return Vec::new();
    }
    let mut sketches = vec![Sketch {
        subject: Subject::Curves,
        name: "curves".to_owned(),
        caption: "Training error of all models by epoch, on a logarithmic scale.".to_owned(),
        svg: chart("Training error".to_owned(), Scale::Log, all).svg(),
    }];
    for (index, model) in trained() {
        let mut lines = vec![curve(index, model)];
        let mut caption = format!("Training error of {} by epoch", model.name);
        if let Some(name) = model.published.as_ref().and_then(|published| published.curve.as_ref()) {
            let points = published_curve(name);
            lines.push(Curve { label: "published".to_owned(), points, style: CurveStyle::Published });
            caption.push_str(", with the published curve under it");
        }
        sketches.push(Sketch {
            subject: Subject::Curve { model: model.name.clone() },
            name: format!("curve-{}", model.name),
            caption: caption + ".",
            svg: chart(format!("Training error of {}", model.name), Scale::Linear, lines).svg(),
        });
    }
    sketches
}

/// Realism along the paths between each two classes: of the two models that are compared, or of all, and of the blend.
fn realism(quality: &InterpolationQuality) -> impl Iterator<Item = Sketch> {
    quality.comparisons.iter().map(|comparison| {
        let compared: Option<[&str; 2]> =
            comparison.verdict.as_ref().map(|verdict| [verdict.linear.as_str(), verdict.deep.as_str()]);
        let shown = |subject: &&Measured| match subject.kind {
            SubjectKind::Real => false,
            SubjectKind::Blend => true,
            SubjectKind::Model => compared.is_none_or(|names| names.contains(&subject.name.as_str())),
        };
        let (mut curves, mut bands) = (Vec::new(), Vec::new());
        for (colour, subject) in comparison.subjects.iter().filter(shown).enumerate() {
            let path = &subject.realism_along_path;
            curves.push(Curve {
                label: subject.name.clone(),
                points: path.iter().map(|point| (point.lambda, point.mean)).collect(),
                style: CurveStyle::Solid(colour),
            });
            let points = path.iter().map(|point| (point.lambda, point.low, point.high)).collect();
            bands.push(Band { points, colour });
        }
        let real = comparison.subjects.iter().find(|subject| subject.kind == SubjectKind::Real);
        if let Some(ends) = real.and_then(|real| real.score(Measure::Realism)?.ends) {
            let points = vec![(0.0, ends), (1.0, ends)];
            curves.push(Curve { label: "real images".to_owned(), points, style: CurveStyle::Published });
        }
        let name = match comparison.between {
            Between::Classes(first, second) => format!("realism-{first}-{second}"),
            Between::All => "realism-all".to_owned(),
        };
        Sketch {
            subject: Subject::Realism { between: comparison.between },
            name,
            caption: format!(
                "Realism along the paths between test images, {}, with the 95 % interval of the mean. Above 1 an image lies \
                 within a sphere of real ones.",
                comparison.name
            ),
            svg: Chart {
                title: format!("Realism from one end to the other, {}", comparison.name),
                x_label: "λ".to_owned(),
                y_label: "realism".to_owned(),
                y_scale: Scale::Linear,
                curves,
                bands,
            }
            .svg(),
        }
    })
}

/// Everything that pictures are made from.
struct Gallery<'a> {
    summary: &'a Summary,
    predictors: Vec<Predictor>,
    data: &'a Parts,
    image: ImageShape,
    compute: &'a mut Compute,
}

impl Gallery<'_> {
    fn raw_picture(&self, dataset: &Dataset, index: usize) -> Picture {
        let range = dataset.schema().range().expect("images have a range");
        let unit: Vec<f32> = dataset.raw_row(index).into_iter().map(|raw| range.unit_of(raw)).collect();
        self.picture(&unit)
    }

    fn picture(&self, unit: &[f32]) -> Picture {
        Picture::grey(self.image.height, self.image.width, unit).expect("the data set's rows are such images")
    }

    /// A model's output as pictures.
    fn pictures(&self, input: &InputSpec, values: &[f32]) -> Vec<Picture> {
        let shown = input.unit_scale().expect("images have a range").of_model(values);
        shown.chunks_exact(input.schema().features()).map(|image| self.picture(image)).collect()
    }

    fn reconstruct(
        &mut self,
        model: usize,
        dataset: &Dataset,
        rows: &[usize],
    ) -> Result<Vec<Picture>, MismatchError> {
        let model = &self.predictors[model];
        let values = model.reconstruct(self.compute, &model.samples(&dataset.subset(rows))?)?;
        Ok(self.pictures(model.input(), &values))
    }

    fn data(&self) -> Sketch {
        let batch = self
            .summary
            .models
            .iter()
            .find_map(|model| model.training.as_ref())
            .map_or(128, |t| t.batch_size);
        let rows = batch.min(self.data.train().rows()).min(200);
        let pictures: Vec<Picture> =
            (0..rows).map(|index| self.raw_picture(self.data.train(), index)).collect();
        Sketch {
            subject: Subject::Data,
            name: "data".to_owned(),
            caption: format!("The first {rows} images of the training set: as many as a batch."),
            svg: gallery::grid("", &pictures),
        }
    }

    /// The first test image of each class, or the first ten.
    fn reconstructions(&mut self) -> Result<Sketch, MismatchError> {
        let test = self.data.test();
        let rows = test.examples();
        let pictures = rows.iter().map(|&row| self.raw_picture(test, row)).collect();
        let mut lines = vec![Row { label: "original".to_owned(), pictures, notes: Vec::new() }];
        for index in 0..self.predictors.len() {
            let pictures = self.reconstruct(index, test, &rows)?;
            let label = self.summary.models[index].name.clone();
            lines.push(Row { label, pictures, notes: Vec::new() });
        }
        Ok(Sketch {
            subject: Subject::Reconstructions,
            name: "reconstructions".to_owned(),
            caption: "The same test images as originals and as each model reconstructs them.".to_owned(),
            svg: gallery::rows("", &lines),
        })
    }

    /// Images 1 to 49 of the first test batch, as the study shows them: the originals, then each model's.
    fn grids(&mut self) -> Result<Vec<Sketch>, MismatchError> {
        let test = self.data.test();
        let rows: Vec<usize> = (1..test.rows().min(50)).collect();
        let originals: Vec<Picture> = rows.iter().map(|&row| self.raw_picture(test, row)).collect();
        let sketch = |model: Option<&str>, pictures: &[Picture]| {
            let what =
                model.map_or("as they are".to_owned(), |model| format!("as {model} reconstructs them"));
            Sketch {
                subject: Subject::Grid { model: model.map(str::to_owned) },
                name: format!("grid-{}", model.unwrap_or("original")),
                caption: format!("Images 1 to {} of the test set {what}.", rows.len()),
                svg: gallery::grid("", pictures),
            }
        };
        let mut sketches = vec![sketch(None, &originals)];
        for index in 0..self.predictors.len() {
            let pictures = self.reconstruct(index, test, &rows)?;
            sketches.push(sketch(Some(&self.summary.models[index].name), &pictures));
        }
        Ok(sketches)
    }

    /// The exact principal components, and those within each trained linear model's span, under one another.
    fn components(&self, pca: &Pca) -> Option<Sketch> {
        let certified = self.summary.models.iter().filter(|model| model.training.is_some());
        let certified: Vec<_> =
            certified.filter_map(|model| Some((&model.name, model.certificate.as_ref()?))).collect();
        let shown =
            certified.iter().map(|(_, certificate)| certificate.components).max()?.min(MOST_COMPONENTS);
        let row = |label: &str, components: &[Vec<f64>], variances: &[f64]| Row {
            label: label.to_owned(),
            pictures: components.iter().take(shown).map(|component| self.component(component)).collect(),
            notes: variances.iter().take(shown).map(|variance| format!("{variance:.2}")).collect(),
        };
        let mut rows = vec![row("exact", &pca.components, &pca.variances)];
        rows.extend(certified.iter().map(|(name, certificate)| {
            row(name, &certificate.recovered_components, &certificate.recovered_variances)
        }));
        Some(Sketch {
            subject: Subject::Components,
            name: "components".to_owned(),
            caption: "Principal components of the training set, and those recovered from each linear model's decoder, with \
                      the variances along them; grey is 0."
                .to_owned(),
            svg: gallery::rows("", &rows),
        })
    }

    /// A direction as a picture: 0 is grey, the largest entry black or white.
    fn component(&self, component: &[f64]) -> Picture {
        let largest = component.iter().fold(f64::MIN_POSITIVE, |largest, x| largest.max(x.abs()));
        self.picture(&component.iter().map(|x| (0.5 + 0.5 * x / largest) as f32).collect::<Vec<_>>())
    }

    /// The test images that each model reconstructs best and worst.
    fn extremes(&mut self) -> Result<Vec<Sketch>, MismatchError> {
        let test = self.data.test();
        let mut sketches = Vec::new();
        for index in 0..self.predictors.len() {
            let name = self.summary.models[index].name.clone();
            let Some(latent) = self.summary.models[index].latent.clone() else { continue };
            let mut lines = Vec::new();
            for (label, found) in [("best", &latent.best), ("worst", &latent.worst)] {
                let rows: Vec<usize> = found.iter().map(|row| row.row).collect();
                let pictures = rows.iter().map(|&row| self.raw_picture(test, row)).collect();
                lines.push(Row { label: label.to_owned(), pictures, notes: Vec::new() });
                let notes = found.iter().map(|row| format!("{:.4}", row.error)).collect();
                let pictures = self.reconstruct(index, test, &rows)?;
                lines.push(Row { label: "reconstructed".to_owned(), pictures, notes });
            }
            sketches.push(Sketch {
                subject: Subject::Extremes { model: name.clone() },
                name: format!("extremes-{name}"),
                caption: format!(
                    "The test images that {name} reconstructs best and worst, with their errors."
                ),
                svg: gallery::rows("", &lines),
            });
        }
        Ok(sketches)
    }

    fn interpolations(&mut self) -> Result<Vec<Sketch>, DrawError> {
        let Some(interpolation) = self.summary.experiment.interpolation.clone() else {
            return Ok(Vec::new());
        };
        let (lambdas, mut sketches) = (lambdas(interpolation.steps), Vec::new());
        let (mut sources, mut labels) = (Vec::new(), Vec::new());
        for (number, pair) in interpolation.pairs.iter().enumerate() {
            let title = pair_title(self.data, pair)?;
            let mut label = pair_label(self.data, pair)?;
            if labels.contains(&label) {
                label = format!("{label}-{}", number + 1);
            }
            labels.push(label.clone());
            let mut ends = Vec::new();
            for name in [&pair.first, &pair.second] {
                let (dataset, index) = name.find(self.data)?;
                ends.push(dataset.subset(&[index]));
                sources
                    .push(Captioned { picture: self.raw_picture(dataset, index), caption: name.to_string() });
            }
            let ends = [&ends[0], &ends[1]];
            let (mut strips, mut paths) = (Vec::new(), Vec::new());
            for (summary, model) in self.summary.models.iter().zip(&self.predictors) {
                let [first, second] = [model.samples(ends[0])?.row(0), model.samples(ends[1])?.row(0)];
                let ends = [&first[..], &second[..]];
                if strips.is_empty() {
                    let pictures = self.pictures(model.input(), &blend(ends, &lambdas));
                    strips.push(Row { label: "pixel blend".to_owned(), pictures, notes: Vec::new() });
                }
                let values = interpolate(model, self.compute, ends, &lambdas)?;
                let pictures = self.pictures(model.input(), &values);
                let steps: Vec<Step> = lambdas
                    .iter()
                    .zip(&pictures)
                    .map(|(&lambda, picture)| Step { lambda: f64::from(lambda), picture: picture.clone() })
                    .collect();
                paths.push(Sketch {
                    subject: Subject::Interpolation { pair: number, model: summary.name.clone() },
                    name: format!("interpolation-{label}-{}", summary.name),
                    caption: format!("{title} through the latent space of {}.", summary.name),
                    svg: gallery::interpolation("", &steps),
                });
                let compared = [&interpolation.linear, &interpolation.deep];
                if compared.contains(&&Some(summary.name.clone())) || compared == [&None, &None] {
                    strips.push(Row { label: summary.name.clone(), pictures, notes: Vec::new() });
                }
            }
            let headings: Vec<f64> = lambdas.iter().map(|&lambda| f64::from(lambda)).collect();
            let models: Vec<&str> = strips.iter().map(|row| row.label.as_str()).collect();
            sketches.push(Sketch {
                subject: Subject::Strip { pair: number },
                name: format!("strip-{label}"),
                caption: format!("{title}: {}.", models.join(", ")),
                svg: gallery::strips("", &headings, &strips),
            });
            sketches.extend(paths);
        }
        if !sources.is_empty() {
            sketches.push(Sketch {
                subject: Subject::Sources,
                name: "sources".to_owned(),
                caption: "The images to go between.".to_owned(),
                svg: gallery::captioned("", &sources),
            });
        }
        Ok(sketches)
    }
}

/// `1 → 7`: what stands at λ = 0 and at λ = 1.
pub(super) fn pair_title(data: &Parts, pair: &Pair) -> Result<String, RowNameError> {
    Ok(format!("{} → {}", end_label(data, &pair.second)?, end_label(data, &pair.first)?))
}

/// `7-1`, for a file's name.
fn pair_label(data: &Parts, pair: &Pair) -> Result<String, RowNameError> {
    let label = format!("{}-{}", end_label(data, &pair.first)?, end_label(data, &pair.second)?);
    Ok(label.replace('#', "-"))
}

fn end_label(data: &Parts, name: &RowName) -> Result<String, RowNameError> {
    let (dataset, index) = name.find(data)?;
    Ok(dataset.class_of(index).map_or_else(|| name.to_string(), str::to_owned))
}
