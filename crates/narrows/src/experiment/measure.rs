//! What is measured of a run's models once all are trained: the certificates of the linear ones, the latent spaces.

use super::ModelSummary;
use crate::compute::Compute;
use crate::dataset::Parts;
use crate::evaluate::{Certificate, LatentSettings, latent_quality};
use crate::model::Autoencoder;
use crate::pca::Pca;

/// Completes the summary of one model. What cannot be measured, as codes of a diverged model that are not finite, is left
/// absent: the run goes on.
pub(super) fn measure(
    summary: &mut ModelSummary,
    model: &Autoencoder,
    data: &Parts,
    pca: Option<&Pca>,
    compute: &mut Compute,
) {
    summary.certificate = pca
        .filter(|_| model.architecture.is_linear())
        .and_then(|pca| Certificate::of(model, pca, &summary.train).ok());
    summary.latent = latent_quality(model, compute, data, &LatentSettings::default()).ok();
}
