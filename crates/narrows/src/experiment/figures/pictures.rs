//! Pictures: data, reconstructions, components, interpolations.

use super::super::{Pair, Summary};
use super::pairs::{end_name, ends, in_strip, pair_labels, pair_title};
use super::{DrawError, Sketch, Subject};
use crate::compute::Compute;
use crate::dataset::{Dataset, ImageShape, Part, Parts, ValueRange};
use crate::interpolate::{blend, interpolate, lambdas};
use crate::model::{InputSpec, MismatchError, Predictor};
use crate::pca::Pca;
use crate::report::gallery::{self, Captioned, Row, Step};
use crate::report::palette;
use crate::report::picture::Picture;

/// As many components as stand beside one another in the report.
const MAX_COMPONENTS: usize = 16;

/// Everything that pictures are made from.
pub(super) struct Gallery<'a> {
    pub summary: &'a Summary,
    pub predictors: Vec<Predictor>,
    pub data: &'a Parts,
    pub image: ImageShape,
    pub compute: &'a mut Compute,
}

impl Gallery<'_> {
    /// Rows of the data as pictures.
    fn originals(&self, dataset: &Dataset, rows: &[usize]) -> Result<Vec<Picture>, MismatchError> {
        let (range, shown) = (self.range(), dataset.read_rows(rows)?);
        let picture = |row: usize| {
            let unit: Vec<f32> = shown.raw_row(row).into_iter().map(|raw| range.unit_of(raw)).collect();
            self.picture(&unit)
        };
        Ok((0..shown.rows()).map(picture).collect())
    }

    fn picture(&self, unit: &[f32]) -> Picture {
        Picture::of_image(self.image, unit).expect("the data set's rows are such images")
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
        let values = model.reconstruct(self.compute, &model.samples(&dataset.read_rows(rows)?)?)?;
        Ok(self.pictures(model.input(), &values))
    }

    pub(super) fn data(&self) -> Result<Sketch, MismatchError> {
        let batch = self
            .summary
            .models
            .iter()
            .find_map(|model| model.training.as_ref())
            .map_or(128, |t| t.batch_size);
        let rows = batch.min(self.data.train().rows()).min(200);
        let pictures = self.originals(self.data.train(), &(0..rows).collect::<Vec<_>>())?;
        Ok(Sketch {
            subject: Subject::Data,
            name: "data".to_owned(),
            caption: format!("The first {rows} training images of {}: as many as a batch.", self.name()),
            svg: gallery::grid(&format!("The first {rows} training images of {}", self.name()), &pictures),
        })
    }

    /// The first test image of each class, of ten classes at most, or the first ten.
    pub(super) fn reconstructions(&mut self) -> Result<Sketch, MismatchError> {
        let test = self.data.test();
        let rows = test.examples();
        let classes = rows.iter().filter_map(|&row| test.class_of(row)).map(str::to_owned);
        let headings: Vec<String> = classes.collect();
        let pictures = self.originals(test, &rows)?;
        let mut lines = vec![Row { label: "original".to_owned(), pictures, ..Row::default() }];
        for index in 0..self.predictors.len() {
            let pictures = self.reconstruct(index, test, &rows)?;
            lines.push(self.row_of(index, pictures));
        }
        let title = format!("Test images of {}, and what each model reconstructs", self.name());
        Ok(Sketch {
            subject: Subject::Reconstructions,
            name: "reconstructions".to_owned(),
            caption: format!(
                "Test images of {}, {}, as originals and as each model reconstructs them from its latent code. {}",
                self.name(),
                shown_examples(test),
                self.ink()
            ),
            svg: gallery::headed_rows(&format!("{title}\n{}", self.ink()), &headings, &lines),
        })
    }

    /// Images 1 to 49 of the first test batch, as the study shows them: the originals, then each model's.
    pub(super) fn grids(&mut self) -> Result<Vec<Sketch>, MismatchError> {
        let test = self.data.test();
        let rows: Vec<usize> = (1..test.rows().min(50)).collect();
        let originals = self.originals(test, &rows)?;
        let reconstructed = (0..self.predictors.len())
            .map(|index| self.reconstruct(index, test, &rows))
            .collect::<Result<Vec<_>, _>>()?;
        let sketch = |model: Option<&str>, pictures: &[Picture]| {
            let images = format!("Test images 1 to {} of {}", rows.len(), self.name());
            let title = match model {
                Some(model) => format!("{images}, reconstructed by {model}"),
                None => format!("{images}, originals"),
            };
            Sketch {
                subject: Subject::Grid { model: model.map(str::to_owned) },
                name: model.map_or("originals".to_owned(), |model| format!("grid-{model}")),
                caption: format!("{title}. {}", self.ink()),
                svg: gallery::grid(&title, pictures),
            }
        };
        let mut sketches = vec![sketch(None, &originals)];
        let named = self.summary.models.iter().zip(&reconstructed);
        sketches.extend(named.map(|(model, pictures)| sketch(Some(&model.name), pictures)));
        Ok(sketches)
    }

    /// The exact principal components, and those within each trained linear model's span, under one another.
    pub(super) fn components(&self, pca: &Pca) -> Option<Sketch> {
        let certified = self.summary.models.iter().filter(|model| model.training.is_some());
        let certified: Vec<_> =
            certified.filter_map(|model| Some((&model.name, model.certificate.as_ref()?))).collect();
        let shown =
            certified.iter().map(|(_, certificate)| certificate.components).max()?.min(MAX_COMPONENTS);
        let row = |label: &str, components: &[Vec<f64>], variances: &[f64]| Row {
            label: label.to_owned(),
            pictures: components.iter().take(shown).map(|component| self.component(component)).collect(),
            notes: variances.iter().take(shown).map(|variance| format!("{variance:.2}")).collect(),
            colour: None,
        };
        let title = format!("Principal components of the training set of {}", self.name());
        let note = match self.image.channels {
            1 => {
                "Under each the variance along it. Grey is 0; black and white are the greatest entry, negative and positive."
            }
            _ => {
                "Under each the variance along it. Grey is 0 in all channels; of red, green and blue, more is positive, less negative."
            }
        };
        let mut rows = vec![row("exact", &pca.components, &pca.variances)];
        rows.extend(certified.iter().map(|(name, certificate)| {
            row(name, &certificate.recovered_components, &certificate.recovered_variances)
        }));
        Some(Sketch {
            subject: Subject::Components,
            name: "components".to_owned(),
            caption: format!("{title}, exact and as recovered from each linear model's decoder. {note}"),
            svg: gallery::rows(&format!("{title}\n{note}"), &rows),
        })
    }

    /// A direction as a picture: 0 is grey, the largest entry black or white, or nothing and all of a colour.
    fn component(&self, component: &[f64]) -> Picture {
        let largest = component.iter().fold(f64::MIN_POSITIVE, |largest, x| largest.max(x.abs()));
        self.picture(&component.iter().map(|x| (0.5 + 0.5 * x / largest) as f32).collect::<Vec<_>>())
    }

    /// The test images that each model reconstructs best and worst.
    pub(super) fn extremes(&mut self) -> Result<Vec<Sketch>, MismatchError> {
        let test = self.data.test();
        let mut sketches = Vec::new();
        for index in 0..self.predictors.len() {
            let name = self.summary.models[index].name.clone();
            let Some(latent) = self.summary.models[index].latent.clone() else { continue };
            let mut lines = Vec::new();
            for (label, found) in [("best", &latent.best), ("worst", &latent.worst)] {
                let rows: Vec<usize> = found.iter().map(|row| row.row).collect();
                let pictures = self.originals(test, &rows)?;
                lines.push(Row { label: label.to_owned(), pictures, ..Row::default() });
                let id =
                    |row: usize| self.data.id(Part::Test, row).map_or(String::new(), |id| format!("{id}: "));
                let notes = found.iter().map(|row| format!("{}{:.4}", id(row.row), row.error)).collect();
                let pictures = self.reconstruct(index, test, &rows)?;
                lines.push(Row { label: "reconstructed".to_owned(), pictures, notes, colour: None });
            }
            let title = format!("Test images of {} that {name} reconstructs best and worst", self.name());
            let note = format!(
                "Under each its mean squared error {}, in {}.",
                self.summary.per_feature(),
                self.summary.scale()
            );
            sketches.push(Sketch {
                subject: Subject::Extremes { model: name.clone() },
                name: format!("extremes-{name}"),
                caption: format!("{title}. {note}"),
                svg: gallery::rows(&format!("{title}\n{note}"), &lines),
            });
        }
        Ok(sketches)
    }

    pub(super) fn interpolations(&mut self) -> Result<Vec<Sketch>, DrawError> {
        let Some(interpolation) = self.summary.experiment.interpolation.clone() else {
            return Ok(Vec::new());
        };
        let (mut sketches, mut sources) = (Vec::new(), Vec::new());
        let labels = pair_labels(self.data, &interpolation.pairs)?;
        for (number, (pair, label)) in interpolation.pairs.iter().zip(&labels).enumerate() {
            for name in [&pair.from, &pair.to] {
                let found = name.find(self.data)?;
                let caption = end_name(self.data, name)?;
                let pictures = self.originals(found.dataset, &[found.index])?;
                sources.extend(
                    pictures.into_iter().map(|picture| Captioned { picture, caption: caption.clone() }),
                );
            }
            sketches.extend(self.pair(number, pair, label, interpolation.steps)?);
        }
        if !sources.is_empty() {
            let title = format!("Images of {} to interpolate between", self.name());
            sketches.push(Sketch {
                subject: Subject::Sources,
                name: "sources".to_owned(),
                caption: format!("{title}, by the part of the data, the class, and which of that class."),
                svg: gallery::captioned(&title, &sources),
            });
        }
        Ok(sketches)
    }

    /// One pair: the strip in which the compared models stand under one another, and each model's own picture.
    fn pair(
        &mut self,
        number: usize,
        pair: &Pair,
        label: &str,
        steps: usize,
    ) -> Result<Vec<Sketch>, DrawError> {
        let lambdas = lambdas(steps);
        let title = format!("{} on {}", pair_title(self.data, pair)?, self.name());
        let [from, to] = [end_name(self.data, &pair.from)?, end_name(self.data, &pair.to)?];
        let ends_note = format!("From {from} (λ = 0) to {to} (λ = 1)");
        let ends = ends(self.data, pair)?;
        let (mut strips, mut sketches) = (Vec::new(), Vec::new());
        for (place, model) in self.predictors.iter().enumerate() {
            let [from, to] = [model.samples(&ends[0])?.row(0), model.samples(&ends[1])?.row(0)];
            let ends = [&from[..], &to[..]];
            if strips.is_empty() {
                let pictures = self.pictures(model.input(), &blend(ends, &lambdas));
                strips.push(Row { label: "pixel blend".to_owned(), pictures, ..Row::default() });
            }
            let decoded = interpolate(model, self.compute, ends, &lambdas)?;
            let pictures = self.pictures(model.input(), &decoded);
            let steps: Vec<Step> = lambdas
                .iter()
                .zip(&pictures)
                .map(|(&lambda, picture)| Step { lambda: f64::from(lambda), picture: picture.clone() })
                .collect();
            let name = &self.summary.models[place].name;
            sketches.push(Sketch {
                subject: Subject::Interpolation { pair: number, model: name.clone() },
                name: format!("interpolation-{label}-{name}"),
                caption: format!("{title} through the latent space of {name}. {ends_note}. {}", self.ink()),
                svg: gallery::interpolation(&format!("{title}, decoded by {name}\n{ends_note}"), &steps),
            });
            if in_strip(self.summary, name) {
                strips.push(self.row_of(place, pictures));
            }
        }
        let kept = gallery::thinned(lambdas.len(), gallery::MAX_STEPS);
        let headings: Vec<f64> = kept.iter().map(|&step| f64::from(lambdas[step])).collect();
        for row in &mut strips {
            row.pictures = kept.iter().map(|&step| row.pictures[step].clone()).collect();
        }
        let thinned = match kept.len() < lambdas.len() {
            true => format!(" {} of {} steps.", kept.len(), lambdas.len()),
            false => String::new(),
        };
        let rows: Vec<&str> = strips.iter().map(|row| row.label.as_str()).collect();
        let strip = Sketch {
            subject: Subject::Strip { pair: number },
            name: format!("strip-{label}"),
            caption: format!("{title}, in rows: {}. {ends_note}.{thinned} {}", rows.join(", "), self.ink()),
            svg: gallery::strips(&format!("{title}\n{ends_note}"), &headings, &strips),
        };
        sketches.insert(0, strip);
        Ok(sketches)
    }

    /// A row of pictures with a model's name and colour.
    fn row_of(&self, place: usize, pictures: Vec<Picture>) -> Row {
        Row {
            label: self.summary.models[place].name.clone(),
            pictures,
            notes: Vec::new(),
            colour: Some(palette::style(place).colour.light),
        }
    }

    fn name(&self) -> &str {
        &self.summary.data.name
    }

    /// What black and white mean.
    fn ink(&self) -> String {
        let range = self.range();
        match self.image.channels {
            1 => format!("Black is {}, white is {}.", range.low, range.high),
            _ => format!("Of red, green and blue, {} is none and {} is all.", range.low, range.high),
        }
    }

    fn range(&self) -> ValueRange {
        self.data.schema().range().expect("images have a range")
    }
}

/// Which images stand for all of a data set.
fn shown_examples(dataset: &Dataset) -> String {
    let rows = dataset.examples().len();
    match dataset.class_counts() {
        None => format!("the first {rows}"),
        Some(classes) if classes.len() > rows => {
            format!("one of each of the first {rows} of its {} classes", classes.len())
        }
        Some(_) => "one of each class".to_owned(),
    }
}
