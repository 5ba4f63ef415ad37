//! `narrows compare`: what several models' latent spaces are worth, and which linear ones are PCA.

use clap::Args;
use narrows::compute::Compute;
use narrows::dataset::Parts;
use narrows::evaluate::{
    Certificate, CertificateError, LatentQuality, LatentSettings, ReconstructionError, latent_quality,
    reconstruction_error,
};
use narrows::model::{Autoencoder, InputSpec};
use narrows::pca::Pca;
use serde::Serialize;

use crate::arguments::Common;
use crate::commands::data_arguments::{DataArguments, DataForModels};
use crate::commands::model_file::{LoadedModel, Models};
use crate::commands::output::{print, print_json};
use crate::failure::Failure;
use crate::table::Table;

/// Compare models: their errors, what their latent spaces keep, and whether linear ones are PCA
///
/// Classes, neighbourhoods, directions and dead units are measured on the test set; docs/measures.md says how, and what each
/// measure cannot tell.
#[derive(Debug, Args)]
pub struct Compare {
    #[command(flatten)]
    models: Models,

    #[command(flatten)]
    data: DataArguments,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is printed as JSON.
#[derive(Debug, Serialize)]
struct Comparison {
    data: String,
    models: Vec<Compared>,
}

#[derive(Debug, Serialize)]
struct Compared {
    model: String,
    description: String,
    latents: usize,
    train: ReconstructionError,
    test: ReconstructionError,
    certificate: Option<Certificate>,
    latent: LatentQuality,
}

impl Compare {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        let loaded = self.models.load()?;
        let DataForModels { parts: data, name } = self.data.load_for(&loaded, common)?;
        for model in &loaded {
            model.samples(data.test())?;
        }
        let mut compute = common.compute()?;
        let mut principal = Principal::default();
        let mut models = Vec::new();
        for model in &loaded {
            models.push(compared(model, &data, &mut principal, &mut compute)?);
        }
        let comparison = Comparison { data: name, models };
        if self.json { print_json(&comparison) } else { print(&comparison.text()) }
    }
}

/// Exact PCA of the training set as some model reads it: models with the same input share it.
#[derive(Default)]
struct Principal(Option<(InputSpec, Pca)>);

impl Principal {
    fn of(&mut self, model: &Autoencoder, data: &Parts, compute: &mut Compute) -> Result<&Pca, Failure> {
        if self.0.as_ref().is_none_or(|(input, _)| *input != model.input) {
            let pca = Pca::fit(compute, &model.samples(data.train())?).map_err(Failure::failed)?;
            self.0 = Some((model.input.clone(), pca));
        }
        Ok(&self.0.as_ref().expect("it was just put there").1)
    }
}

fn compared(
    loaded: &LoadedModel,
    data: &Parts,
    principal: &mut Principal,
    compute: &mut Compute,
) -> Result<Compared, Failure> {
    let model = &loaded.model;
    let train = reconstruction_error(model, compute, &loaded.samples(data.train())?)?;
    let test = reconstruction_error(model, compute, &loaded.samples(data.test())?)?;
    let certificate = match model.architecture.is_linear() {
        true => {
            let pca = principal.of(model, data, compute)?;
            match Certificate::of(model, pca, &train) {
                Ok(certificate) => Some(certificate),
                // Whether a linear model is PCA is not defined where it has learned around missing values.
                Err(CertificateError::Missing { .. }) => None,
                Err(error) => return Err(Failure::failed(error)),
            }
        }
        false => None,
    };
    let latent = latent_quality(model, compute, data, &LatentSettings::default()).map_err(Failure::failed)?;
    Ok(Compared {
        model: loaded.name.clone(),
        description: model.architecture.to_string(),
        latents: model.architecture.latent(),
        train,
        test,
        certificate,
        latent,
    })
}

impl Comparison {
    fn text(&self) -> String {
        let mut text = self.table().text();
        for model in &self.models {
            if let Some(certificate) = &model.certificate {
                text += &format!("\n{} {certificate}.\n", model.model);
            }
        }
        text
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&[
            "model",
            "latents",
            "test error",
            "5-NN",
            "linear probe",
            "trustworthy",
            "continuous",
            "effective rank",
            "dead latents",
            "dead units",
        ]);
        let percent = |share: Option<f64>| share.map_or("–".to_owned(), |x| format!("{:.2} %", 100.0 * x));
        let share = |share: Option<f64>| share.map_or("–".to_owned(), |x| format!("{x:.4}"));
        for Compared { model, latents, test, latent, .. } in &self.models {
            table.row(vec![
                model.clone(),
                latents.to_string(),
                format!("{:.4}", test.model_scale),
                percent(latent.knn_accuracy),
                percent(latent.linear_probe.map(|probe| probe.accuracy)),
                share(latent.trustworthiness),
                share(latent.continuity),
                format!("{:.1}", latent.effective_rank),
                latent.dead_latents.to_string(),
                match latent.hidden_units {
                    // A linear model of one layer has none that could be dead.
                    0 => "–".to_owned(),
                    units => format!("{} of {units}", latent.dead_hidden_units),
                },
            ]);
        }
        table
    }
}
