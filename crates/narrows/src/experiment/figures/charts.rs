//! Charts: training curves, and realism along interpolations.

use super::super::{ModelSummary, Summary};
use super::{Sketch, Subject, file_name, published_curve};
use crate::dataset::Schema;
use crate::interpolate::quality::{Comparison, Measure, Subject as Measured, SubjectKind};
use crate::report::chart::{Band, Chart, Curve, CurveStyle, Scale};

/// The training error of all models in one chart, and of each in one of its own, each with what was published of it.
pub(super) fn curves(summary: &Summary) -> Vec<Sketch> {
    // Exact PCA has no curve, but keeps its colour.
    let trained: Vec<(usize, &ModelSummary)> =
        summary.models.iter().enumerate().filter(|(_, model)| !model.history.is_empty()).collect();
    if trained.is_empty() {
        return Vec::new();
    }
    let mut sketches = vec![all_curves(summary, &trained)];
    sketches.extend(trained.iter().map(|&(place, model)| one_curve(summary, place, model)));
    sketches
}

fn all_curves(summary: &Summary, trained: &[(usize, &ModelSummary)]) -> Sketch {
    let mut curves: Vec<Curve> = trained.iter().map(|&(place, model)| curve(place, model)).collect();
    let epochs = trained.iter().map(|(_, model)| model.history.len()).max().unwrap_or(1);
    let mut published: Vec<Curve> = trained.iter().filter_map(|(_, model)| published(model)).collect();
    // A run of a few epochs is not pressed into a corner by curves of many.
    published.iter_mut().for_each(|curve| curve.points.retain(|(epoch, _)| *epoch <= epochs as f64));
    let bound = summary.exact_pca.as_ref().map(|pca| {
        let error = pca.train.model_scale;
        (
            pca.components,
            Curve {
                label: "exact PCA".to_owned(),
                points: vec![(1.0, error), (epochs.max(2) as f64, error)],
                style: CurveStyle::Bound,
            },
        )
    });
    let data = &summary.data.name;
    let mut caption = format!(
        "Training error of every model on {data} by epoch, on a logarithmic scale: the mean squared error {} over the \
         batches of an epoch, in {}.",
        summary.per_feature(),
        summary.scale()
    );
    if !published.is_empty() {
        caption += " Dashed grey lines are the published curves.";
    }
    if let Some((components, _)) = &bound {
        caption += &format!(
            " The dotted grey line is the training error of exact PCA with {components} components, which no linear model of \
             that size can go below."
        );
    }
    if trained.iter().any(|(_, model)| model.history.len() < epochs) {
        caption += " Dots in a model's colour lead from the end of a shorter training to its name.";
    }
    curves.extend(published);
    curves.extend(bound.map(|(_, curve)| curve));
    Sketch {
        subject: Subject::Curves,
        name: "curves".to_owned(),
        caption,
        svg: chart(summary, format!("Training error on {data}"), Scale::Log, curves),
    }
}

fn one_curve(summary: &Summary, place: usize, model: &ModelSummary) -> Sketch {
    let (name, data) = (&model.name, &summary.data.name);
    let published = published(model);
    let beside = if published.is_some() { ", and dashed the published curve" } else { "" };
    let mut caption = format!(
        "Training error of {name} ({}) on {data} by epoch: the mean squared error {} over the batches of an epoch, in \
         {}{beside}.",
        model.description,
        summary.per_feature(),
        summary.scale()
    );
    let validation = validation(place, model);
    if validation.is_some() {
        caption += &format!(
            " Dashed in its colour is the error on the validation set after each epoch. It is least after epoch {}, whose \
             parameters the model has.",
            model.epochs
        );
    }
    let curves = std::iter::once(curve(place, model)).chain(validation).chain(published).collect();
    Sketch {
        subject: Subject::Curve { model: name.clone() },
        name: format!("curve-{name}"),
        caption,
        svg: chart(summary, format!("Training error of {name} on {data}"), Scale::Linear, curves),
    }
}

fn curve(place: usize, model: &ModelSummary) -> Curve {
    Curve {
        label: model.name.clone(),
        points: model.history.iter().map(|epoch| (epoch.epoch as f64, epoch.training_loss)).collect(),
        style: CurveStyle::Model(place),
    }
}

fn validation(place: usize, model: &ModelSummary) -> Option<Curve> {
    let points: Vec<(f64, f64)> =
        model.history.iter().filter_map(|epoch| Some((epoch.epoch as f64, epoch.validation_loss?))).collect();
    let label = format!("validation, least after epoch {}", model.epochs);
    (!points.is_empty()).then_some(Curve { label, points, style: CurveStyle::Validation(place) })
}

fn published(model: &ModelSummary) -> Option<Curve> {
    let points = published_curve(model.published.as_ref()?.curve.as_ref()?);
    Some(Curve { label: "published".to_owned(), points, style: CurveStyle::Published })
}

fn chart(summary: &Summary, title: String, y_scale: Scale, curves: Vec<Curve>) -> String {
    let log = if y_scale == Scale::Log { ", log scale" } else { "" };
    Chart {
        title,
        x_label: "epoch".to_owned(),
        y_label: format!("mean squared error {}, {}{log}", summary.per_feature(), summary.scale()),
        y_scale,
        curves,
        bands: Vec::new(),
    }
    .svg()
}

/// Realism along the paths between each two classes: of the models that are compared, or of all, and of the blend.
pub(super) fn realism(summary: &Summary, schema: &Schema) -> Vec<Sketch> {
    let comparisons = summary.interpolation_quality.iter().flat_map(|quality| &quality.comparisons);
    comparisons.map(|comparison| realism_of(summary, comparison, schema)).collect()
}

fn realism_of(summary: &Summary, comparison: &Comparison, schema: &Schema) -> Sketch {
    let compared: Vec<&str> = comparison
        .verdicts
        .first()
        .map(|verdict| vec![verdict.linear.as_str(), verdict.deep.as_str()])
        .unwrap_or_default();
    let style = |subject: &Measured| match subject.kind {
        SubjectKind::Real => None,
        SubjectKind::Blend => Some(CurveStyle::Control),
        SubjectKind::Model => {
            let place = summary.models.iter().position(|model| model.name == subject.name)?;
            let shown = compared.is_empty() || compared.contains(&subject.name.as_str());
            shown.then_some(CurveStyle::Model(place))
        }
    };
    let (mut curves, mut bands) = (Vec::new(), Vec::new());
    for subject in &comparison.subjects {
        let Some(style) = style(subject) else { continue };
        let path = &subject.realism_along_path;
        curves.push(Curve {
            label: subject.name.clone(),
            points: path.iter().map(|point| (point.lambda, point.mean)).collect(),
            style,
        });
        bands.push(Band {
            points: path.iter().map(|point| (point.lambda, point.low, point.high)).collect(),
            style,
        });
    }
    let real = comparison.subjects.iter().find(|subject| subject.kind == SubjectKind::Real);
    if let Some(ends) = real.and_then(|real| real.score(Measure::Realism)?.ends) {
        let points = vec![(0.0, ends), (1.0, ends)];
        curves.push(Curve { label: summary.worded("real images"), points, style: CurveStyle::Published });
    }
    let (data, between) = (&summary.data.name, &comparison.name);
    let (name, ends) = match comparison.between.classes(schema.classes()) {
        Some([to, from]) => (
            file_name(&format!("realism-{from}-{to}")),
            format!("λ: from class {from} (0) to class {to} (1)"),
        ),
        None => ("realism-all".to_owned(), summary.worded("λ: from one image (0) to the other (1)")),
    };
    Sketch {
        subject: Subject::Realism { between: comparison.between },
        name,
        caption: format!(
            "Realism along {} paths between test {1}s of {data}, {between}: the mean and its 95 % interval over paths. From \
             1 on, {2} is as near to a real {1} as real {1}s are to one another. The dashed line is the mean of real test {1}s.",
            comparison.pairs,
            summary.worded("image"),
            summary.worded("an image")
        ),
        svg: Chart {
            title: format!("Realism along interpolations on {data}, {between}"),
            x_label: ends,
            y_label: summary.worded("realism (ratio; 1 and more: as near to a real image as real ones)"),
            y_scale: Scale::Linear,
            curves,
            bands,
        }
        .svg(),
    }
}
