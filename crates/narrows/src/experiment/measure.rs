//! What is measured of a run's models once all are trained: the certificates of the linear ones, the latent spaces.

use super::summary::RowCode;
use super::{Experiment, ModelSummary, RunError};
use crate::compute::Compute;
use crate::dataset::Parts;
use crate::evaluate::{Certificate, LatentSettings, latent_quality};
use crate::model::{Autoencoder, MismatchError};
use crate::pca::Pca;

/// Completes the summary of one model. What cannot be measured, as codes of a diverged model that are not finite, is left
/// absent, and the summary says why: the run goes on.
pub(super) fn measure(
    summary: &mut ModelSummary,
    model: &Autoencoder,
    data: &Parts,
    pca: Option<&Pca>,
    compute: &mut Compute,
) {
    let mut not_measured = Vec::new();
    if let Some(pca) = pca.filter(|_| model.architecture.is_linear()) {
        match Certificate::of(model, pca, &summary.train) {
            Ok(certificate) => summary.certificate = Some(certificate),
            Err(error) => not_measured.push(format!("Whether it is PCA was not measured: {error}")),
        }
    }
    // An earlier run may have measured it.
    if summary.latent.is_none() {
        match latent_quality(model, compute, data, &LatentSettings::default()) {
            Ok(quality) => summary.latent = Some(quality),
            Err(error) => not_measured.push(format!("Its latent space was not measured: {error}")),
        }
    }
    summary.not_measured = not_measured;
}

/// The codes of the images that the experiment interpolates between, each once, by every model.
pub(super) fn codes_of_pairs(
    experiment: &Experiment,
    (summaries, models): (&[ModelSummary], &[Autoencoder]),
    data: &Parts,
    compute: &mut Compute,
) -> Result<Vec<RowCode>, RunError> {
    let pairs = experiment.interpolation.iter().flat_map(|interpolation| &interpolation.pairs);
    let mut names = Vec::new();
    for name in pairs.flat_map(|pair| [&pair.from, &pair.to]) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut codes = Vec::new();
    for (summary, model) in summaries.iter().zip(models) {
        for name in &names {
            let found = name.find(data)?;
            let row = found.row().map_err(MismatchError::from)?;
            let code = model.encode(compute, &model.samples(&row)?)?;
            let id = data.id(found.part, found.index).map(str::to_owned);
            codes.push(RowCode { model: summary.name.clone(), row: name.to_string(), id, code });
        }
    }
    Ok(codes)
}
