//! Thresholds: read from the model file, given, or fitted on the model's own data; and exact PCA beside the model.

use std::path::Path;

use narrows::compute::Compute;
use narrows::dataset::load::{LoadOptions, load_for};
use narrows::dataset::{Identity, Part, Parts};
use narrows::evaluate::anomaly::{AnomalyScorer, ScorerError, Threshold, anomaly_scores};
use narrows::files::model::{Provenance, load, save};
use narrows::model::Autoencoder;
use narrows::pca::Pca;

use super::{ThresholdArguments, pca_path};
use crate::arguments::Common;
use crate::commands::data_arguments::{reading, within_memory};
use crate::commands::model_file::LoadedModel;
use crate::failure::{Failure, complain};

/// What rows are scored by.
#[derive(Debug)]
pub struct Scorers {
    /// The model's threshold, if it has one.
    pub model: Option<AnomalyScorer>,
    /// Exact PCA with as many components as the model has latents, if it is known.
    pub pca: Option<Autoencoder>,
}

impl From<ScorerError> for Failure {
    fn from(error: ScorerError) -> Self {
        Self::user(error)
    }
}

impl Scorers {
    /// Those of a model, of which some may be asked for anew; then they are kept.
    pub fn of(
        model: &LoadedModel,
        threshold: ThresholdArguments,
        compute: &mut Compute,
        common: &Common,
    ) -> Result<Self, Failure> {
        let known = model.scorer()?;
        let ThresholdArguments { contamination, fit_on, given } = threshold;
        if let Some(share) = contamination {
            let data = own_data(model, common)?;
            return fit(model, &data, Threshold::Contamination(share), fit_on, compute);
        }
        let scorer = match given {
            Some(threshold) => {
                let scorer = match known {
                    Some(known) => known.with_threshold(threshold)?,
                    None => AnomalyScorer::given(threshold)?,
                };
                model.keep_scorer(&scorer)?;
                Some(scorer)
            }
            None => known,
        };
        Ok(Self { model: scorer, pca: kept_or_fitted_pca(model, compute, common) })
    }
}

/// Fits the model's threshold and exact PCA on a part of its data, and keeps them.
pub fn fit(
    model: &LoadedModel,
    data: &Parts,
    threshold: Threshold,
    part: Part,
    compute: &mut Compute,
) -> Result<Scorers, Failure> {
    let rows = data.get(part).ok_or_else(|| {
        Failure::user(format!(
            "{} has no {part} set to fit a threshold on; leave out --fit-on, or train with --validation-share 0.1",
            data.train().name()
        ))
    })?;
    let scores = anomaly_scores(&model.model.predictor()?, compute, &model.samples(rows)?)?;
    let scorer = AnomalyScorer::fit(&scores, threshold, part)?;
    let pca = fit_pca(model, data, compute)?;
    save_pca(model, &pca)?;
    model.keep_scorer(&scorer)?;
    Ok(Scorers { model: Some(scorer), pca: Some(pca) })
}

/// Exact PCA from beside the model; else fitted on the model's own data, if that is there.
fn kept_or_fitted_pca(model: &LoadedModel, compute: &mut Compute, common: &Common) -> Option<Autoencoder> {
    if model.provenance.training.is_none() && model.model.architecture.is_linear() {
        // It is exact PCA itself.
        return None;
    }
    let path = pca_path(model);
    if let Some(pca) = kept_pca(&path, model) {
        return Some(pca);
    }
    let fitted = own_data(model, common).and_then(|data| fit_pca(model, &data, compute));
    match fitted {
        Ok(pca) => {
            // Where the folder may not be written to, it is fitted again next time.
            let _ = save_pca(model, &pca);
            Some(pca)
        }
        Err(failure) => {
            if let (Failure::User(why) | Failure::Failed(why), false) = (failure, common.quiet) {
                complain(&format!(
                    "exact PCA does not stand beside: the model's own data cannot be had ({why})"
                ));
            }
            None
        }
    }
}

fn kept_pca(path: &Path, model: &LoadedModel) -> Option<Autoencoder> {
    let (pca, provenance) = load(path).ok()?;
    let fits = pca.input == model.model.input && provenance.data_hash == model.provenance.data_hash;
    (fits && pca.architecture.latent() == components(model)).then_some(pca)
}

fn components(model: &LoadedModel) -> usize {
    let architecture = &model.model.architecture;
    architecture.latent().min(architecture.inputs)
}

fn fit_pca(model: &LoadedModel, data: &Parts, compute: &mut Compute) -> Result<Autoencoder, Failure> {
    let pca = Pca::fit(compute, &model.samples(data.train())?).map_err(Failure::user)?;
    Ok(pca.autoencoder(components(model), model.model.input.clone()))
}

fn save_pca(model: &LoadedModel, pca: &Autoencoder) -> Result<(), Failure> {
    let Provenance { data, data_hash, source, narrows, .. } = model.provenance.clone();
    let name = "exact-pca".to_owned();
    let provenance = Provenance { name, data, data_hash, source, narrows, ..Provenance::default() };
    save(&pca_path(model), pca, &provenance).map_err(Failure::failed)
}

/// The data that a model was trained on.
fn own_data(model: &LoadedModel, common: &Common) -> Result<Parts, Failure> {
    let Provenance { source, data, data_hash, .. } = &model.provenance;
    let schema = model.model.input.schema();
    let options = within_memory(source.clone().unwrap_or_else(|| LoadOptions::of(data.clone())));
    let loaded = reading(common, |progress| load_for(schema, &options, common.threads(), progress))?;
    match Identity::of(schema, data_hash.as_deref(), &loaded.parts) {
        Some(Identity::Same | Identity::Unknown) => Ok(loaded.parts),
        _ => Err(Failure::user(format!(
            "{} is no longer the data that {} was trained on; restore it, or give a threshold with --threshold",
            options.path, model.name
        ))),
    }
}
