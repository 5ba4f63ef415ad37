//! Running a sweep: every point with every seed, side by side; results are written as they come.

use std::ops::ControlFlow;
use std::path::Path;

use super::SweepEvent;
use super::finished::{figures, live, shown};
use super::points::Points;
use super::report;
use super::summary::{BestModel, OneTraining, PointSummary, SweepSummary};
use crate::compute::Compute;
use crate::dataset::load::Loaded;
use crate::dataset::{Dataset, Parts};
use crate::evaluate::reconstruction_error;
use crate::experiment::directory::{BEST, MODEL, SWEEP, SWEEP_TABLE};
use crate::experiment::figures::{DrawError, rasterised};
use crate::experiment::work::{RunOptions, Work};
use crate::experiment::{
    DirectoryError, Experiment, ExperimentError, ModelSettings, RunDirectory, RunError, RunEvent,
};
use crate::files::model;

/// What a sweep came to.
#[derive(Debug)]
pub struct CompletedSweep {
    /// All figures.
    pub summary: SweepSummary,
    /// Where everything is.
    pub directory: RunDirectory,
    /// Whether the observer stopped it; then there is no best model and no report.
    pub stopped: bool,
}

/// Trains every point of an experiment's sweep with every seed, on data that is read already.
///
/// A training ends with the bits that a single run with its settings and its seed has. The summary is written after each. The best
/// point has the least mean error on the validation set; of its models, that with the least is measured on the test set.
///
/// # Errors
/// [`RunError`]; user errors are found before anything is trained.
pub fn run_sweep(
    loaded: Loaded,
    experiment: &Experiment,
    out: &Path,
    options: &RunOptions,
    observe: &(dyn Fn(SweepEvent<'_>) -> ControlFlow<()> + Sync),
) -> Result<CompletedSweep, RunError> {
    experiment.validate()?;
    let missing = || ExperimentError::Sweep("is missing: there are no lists to try".to_owned());
    let sweep = experiment.sweep.as_ref().ok_or_else(missing)?;
    let points = experiment.expanded()?;
    let count = usize::try_from(sweep.seeds).unwrap_or(usize::MAX);
    let trainings = points.models.len().saturating_mul(count);
    let say = |event: RunEvent<'_>| told(&points, trainings, event, observe);
    let work = Work::begin(&points, experiment, loaded, out, options, &say)?;
    let features = work.data.schema().features();
    let mut summary = SweepSummary {
        narrows: env!("CARGO_PKG_VERSION").to_owned(),
        experiment: experiment.clone(),
        data: work.begun.data.clone(),
        validation_rows: work.data.validation().map_or(0, Dataset::rows),
        points: points.models.iter().map(|model| unmeasured(&points, model, features)).collect(),
        curve: Vec::new(),
        elbow: None,
        elbow_in_words: String::new(),
        best: None,
        trained: 0,
        trainings,
        seconds: 0.0,
    };
    let exact_pca = Points::new(&work, sweep, &mut summary, observe).train(sweep.halving)?;
    summary.sort();
    let stopped = work.going_on().is_break() || observe(SweepEvent::Concluding).is_break();
    if !stopped {
        let mut compute = Compute::at(options.level, options.threads)?;
        summary.find_elbow(|latent| exact_pca.get(&latent).copied());
        summary.best = best(&summary, &work.directory, &work.data, &mut compute)?;
        summary.seconds = work.start.elapsed().as_secs_f64();
        conclude(&summary, &work, &mut compute)?;
    }
    write(&summary, &work.directory)?;
    Ok(CompletedSweep { summary, directory: work.directory, stopped })
}

/// What the training of a point says, in the words of a sweep.
fn told(
    points: &Experiment,
    trainings: usize,
    event: RunEvent<'_>,
    observe: &(dyn Fn(SweepEvent<'_>) -> ControlFlow<()> + Sync),
) -> ControlFlow<()> {
    match event {
        RunEvent::Started { schedule, data } => {
            observe(SweepEvent::Started { points: points.models.len(), trainings, schedule, data })
        }
        RunEvent::OtherSeed { model, seed, event } => {
            observe(SweepEvent::Training { point: &points.models[model].name, seed, event })
        }
        RunEvent::Estimated(estimated) => observe(SweepEvent::Estimated(estimated)),
        _ => ControlFlow::Continue(()),
    }
}

fn unmeasured(points: &Experiment, model: &ModelSettings, features: usize) -> PointSummary {
    let architecture = points.architecture(model, features);
    PointSummary {
        name: model.name.clone(),
        parameters: architecture.parameter_count(),
        architecture,
        training: points.training(model).expect("every point is trained"),
        stopped_after: None,
        validation: None,
        trainings: Vec::new(),
    }
}

/// Puts the best model into its folder, and measures it on the test set. Nothing if every point has diverged.
fn best(
    summary: &SweepSummary,
    directory: &RunDirectory,
    data: &Parts,
    compute: &mut Compute,
) -> Result<Option<BestModel>, RunError> {
    let Some(point) = summary.points.first().filter(|point| point.validation.is_some()) else {
        return Ok(None);
    };
    let Some(&OneTraining { seed, validation: Some(validation), .. }) = point.best_training() else {
        return Ok(None);
    };
    let (model, provenance) = model::load(&directory.model_of_seed(&point.name, seed))?;
    let bytes = model::to_bytes(&model, &provenance).map_err(DirectoryError::from)?;
    directory.write(&format!("{BEST}/{MODEL}"), &bytes)?;
    let test = reconstruction_error(&model, compute, &model.samples(data.test())?)?;
    Ok(Some(BestModel { point: point.name.clone(), seed, validation, test }))
}

/// Draws what there is to draw, and the report.
fn conclude(summary: &SweepSummary, work: &Work<'_>, compute: &mut Compute) -> Result<(), RunError> {
    let Work { directory, data, .. } = work;
    let (chart, coordinates) = figures(summary);
    for (name, svg) in [("elbow", &chart), ("points", &coordinates)] {
        if let Some(svg) = svg {
            directory.write(&format!("figures/{name}.svg"), svg.as_bytes())?;
            directory.write(&format!("figures/{name}.png"), &rasterised(svg).map_err(DrawError::Raster)?)?;
        }
    }
    let mut page = report::page(summary, chart, coordinates);
    let models = shown(summary, directory)?;
    if !models.is_empty() {
        page.live = Some(live(&models, data, compute)?);
    }
    Ok(directory.write_report(&page.html())?)
}

pub(super) fn write(summary: &SweepSummary, directory: &RunDirectory) -> Result<(), RunError> {
    let json = serde_json::to_string_pretty(summary).expect("plain data is JSON");
    directory.write(SWEEP, format!("{json}\n").as_bytes())?;
    Ok(directory.write(SWEEP_TABLE, summary.csv().as_bytes())?)
}
