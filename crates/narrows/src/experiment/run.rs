//! Running an experiment: train every model, evaluate, draw, write.

use std::ops::ControlFlow;
use std::path::Path;

use super::figures::{self, draw};
use super::jobs::{ModelResult, Results};
use super::live::live_parts;
use super::measure::{codes_of_pairs, measure};
use super::page::page;
use super::quality::{OfSeed, measure_interpolations};
use super::work::{RunOptions, Work};
use super::{Experiment, ExperimentError, ModelWithoutEpoch, RunDirectory, RunError, RunEvent, Summary};
use crate::compute::Compute;
use crate::dataset::load::{Loaded, load};
use crate::files::judge::TrainedOn;
use crate::interpolate::judge::{Judge, JudgeError};
use crate::model::Autoencoder;
use crate::report::live::Snapshot;

/// What a run came to.
#[derive(Debug)]
pub struct Completed {
    /// All figures.
    pub summary: Summary,
    /// Where everything is.
    pub directory: RunDirectory,
    /// Whether the observer stopped it; then there is no report.
    pub stopped: bool,
    /// Whether there is a report: there is none without a model.
    pub reported: bool,
}

/// Runs an experiment into the folder `out`, and says so to `observe`, which may stop it.
///
/// Every model is written as soon as it is trained. If the observer stops the run, what is finished is kept, with a
/// summary, and models that have at least one epoch with what they have learned. A model that diverges is kept as it was
/// after its last whole epoch; before the first, as it was drawn.
///
/// # Errors
/// [`RunError`]; user errors are found before anything is trained.
pub fn run(
    experiment: &Experiment,
    out: &Path,
    options: &RunOptions,
    observe: &(dyn Fn(RunEvent<'_>) -> ControlFlow<()> + Sync),
) -> Result<Completed, RunError> {
    experiment.validate()?;
    let loaded = load(&experiment.data, options.threads, &mut |_, _| ControlFlow::Continue(()))?;
    run_on(loaded, experiment, out, options, observe)
}

/// Runs an experiment on data that is read already, as [`run`] does; `experiment.data` must say where from.
///
/// # Errors
/// [`RunError`]; user errors are found before anything is trained.
pub fn run_on(
    loaded: Loaded,
    experiment: &Experiment,
    out: &Path,
    options: &RunOptions,
    observe: &(dyn Fn(RunEvent<'_>) -> ControlFlow<()> + Sync),
) -> Result<Completed, RunError> {
    experiment.validate()?;
    if experiment.sweep.is_some() {
        let why = "is no single run; `run_sweep` trains all its points".to_owned();
        return Err(ExperimentError::Sweep(why).into());
    }
    let work = Work::begin(experiment, experiment, loaded, out, options, observe)?;
    let results = work.run()?;
    let (mut summary, trained) = collected(&work, results);
    work.directory.write_summary(&summary)?;

    let mut compute = Compute::at(options.level, options.threads)?;
    measure_models(&work, &trained, &mut summary, &mut compute)?;
    let judge = judge_interpolations(&work, &trained, &mut summary, &mut compute)?;
    let stopped = work.going_on().is_break() || work.say(RunEvent::Drawing).is_break();
    let reported = !stopped && !trained.models.is_empty();
    if reported {
        let Work { directory, data, .. } = &work;
        let figures = draw(&summary, &trained.models, data, work.fitted_pca(), &mut compute)?;
        figures::write(&figures, directory, options.threads)?;
        summary.seconds = work.start.elapsed().as_secs_f64();
        directory.write_summary(&summary)?;
        let mut page = page(&summary, directory.compared_with(experiment).as_ref(), &figures);
        let Trained { models, snapshots, .. } = &trained;
        page.live = Some(live_parts(&summary, models, snapshots, judge.as_ref(), data, &mut compute)?);
        directory.write_report(&page.html())?;
    }
    Ok(Completed { summary, directory: work.directory, stopped, reported })
}

/// The models that have at least one epoch, in the experiment's order, and what stays in memory beside the summary.
struct Trained {
    models: Vec<Autoencoder>,
    snapshots: Vec<Vec<Snapshot>>,
    of_seeds: Vec<OfSeed>,
}

/// The summary of what is trained, before anything else is measured.
fn collected(work: &Work<'_>, results: Results) -> (Summary, Trained) {
    let experiment = work.experiment;
    let (mut summaries, mut models_without_epoch) = (Vec::new(), Vec::new());
    let mut trained = Trained { models: Vec::new(), snapshots: Vec::new(), of_seeds: results.of_seeds };
    for (settings, result) in experiment.models.iter().zip(results.models) {
        match result {
            Some(ModelResult::Trained(summary, model, snapshots)) => {
                summaries.push(*summary);
                trained.models.push(model);
                trained.snapshots.push(snapshots);
            }
            Some(ModelResult::WithoutEpoch(why)) => models_without_epoch.push(why),
            None => {
                let (name, outcome) = (settings.name.clone(), "not begun".to_owned());
                models_without_epoch.push(ModelWithoutEpoch { name, outcome });
            }
        }
    }
    if let Some(pca) = &results.pca {
        for summary in summaries.iter_mut().filter(|summary| summary.architecture.is_linear()) {
            if summary.architecture.latent() == pca.components {
                summary.excess_over_exact_pca = Some(summary.train.model_scale / pca.train.model_scale - 1.0);
            }
        }
    }
    let summary = Summary {
        exact_pca: results.pca,
        models: summaries,
        models_without_epoch,
        seconds: work.start.elapsed().as_secs_f64(),
        ..work.begun.clone()
    };
    (summary, trained)
}

/// Measures every model, and writes what was measured before the next.
fn measure_models(
    work: &Work<'_>,
    trained: &Trained,
    summary: &mut Summary,
    compute: &mut Compute,
) -> Result<(), RunError> {
    summary.codes = codes_of_pairs(work.experiment, (&summary.models, &trained.models), &work.data, compute)?;
    work.directory.write_summary(summary)?;
    for (place, model) in trained.models.iter().enumerate() {
        let name = &summary.models[place].name;
        let index = work.experiment.models.iter().position(|settings| settings.name == *name);
        let index = index.expect("every trained model is one of the experiment's");
        if work.going_on().is_break() || work.say(RunEvent::Measuring { model: index }).is_break() {
            break;
        }
        measure(&mut summary.models[place], model, &work.data, work.fitted_pca(), compute);
        work.directory.write_summary(summary)?;
        for why in &summary.models[place].not_measured {
            let _ = work.say(RunEvent::NotMeasured { model: index, why });
        }
    }
    Ok(())
}

/// Trains the judge and measures the interpolations of all models, where the experiment asks for it; nothing if the run was stopped.
fn judge_interpolations(
    work: &Work<'_>,
    trained: &Trained,
    summary: &mut Summary,
    compute: &mut Compute,
) -> Result<Option<Judge>, RunError> {
    let asked = work.experiment.interpolation.as_ref().is_some_and(|interpolation| interpolation.measure);
    if !asked || trained.models.is_empty() || work.going_on().is_break() {
        return Ok(None);
    }
    if let Some((quality, judge)) = work.resumed.quality(&work.directory, &work.data) {
        summary.interpolation_quality = Some(quality);
        return Ok(Some(judge));
    }
    // Said again and again, so that a run can be stopped while the judge learns.
    let measuring = || work.say(RunEvent::MeasuringInterpolations);
    let judge = match Judge::train(&work.data, compute, &mut { measuring }) {
        Err(JudgeError::Stopped) => return Ok(None),
        judge => judge?,
    };
    let hash = Some(work.data.train().content_hash().to_owned());
    work.directory.write_judge(&judge, &TrainedOn { name: summary.data.name.clone(), hash })?;
    let models = (&summary.models[..], &trained.models[..]);
    let quality =
        measure_interpolations(compute, &judge, &work.data, work.experiment, models, &trained.of_seeds)?;
    summary.interpolation_quality = Some(quality);
    work.directory.write_summary(summary)?;
    Ok(Some(judge))
}
