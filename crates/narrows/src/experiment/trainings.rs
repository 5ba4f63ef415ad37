//! One model of a run: trained or computed, written, evaluated.

use std::ops::ControlFlow;
use std::time::Instant;

use super::checkpoints::Checkpoints;
use super::jobs::ModelResult;
use super::quality::OfSeed;
use super::resume::snapshots as taken_before;
use super::snapshots::Snapshots;
use super::summary::{EpochSummary, STOPPED};
use super::work::Work;
use super::{ModelSettings, ModelSummary, ModelWithoutEpoch, PcaSummary, RunError, RunEvent};
use crate::compute::Compute;
use crate::evaluate::{ReconstructionError, reconstruction_error};
use crate::files::checkpoint::Checkpoint;
use crate::files::model::Provenance;
use crate::model::{Autoencoder, MismatchError};
use crate::pca::Pca;
use crate::train::{Event, Outcome, Trained, Trainer, Training, Watch};

/// A training of a model with a seed of its own: for the verdict on interpolations, or of a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seeded {
    /// The model's place in the experiment.
    pub model: usize,
    pub seed: u64,
}

/// How far such a training came.
#[derive(Debug)]
pub(super) enum Progress {
    /// To its end; its model is written.
    Finished(OfSeed),
    /// To the epoch that it was to come to; it goes on from its checkpoint.
    Waiting(Trained),
    /// Its loss is no longer a finite number.
    Diverged,
    /// The run was stopped before.
    Stopped,
}

/// One training: of the model at a place, perhaps with a seed of its own, up to an epoch.
#[derive(Clone, Copy)]
struct One<'a> {
    index: usize,
    seed: Option<u64>,
    training: &'a Training,
    until: usize,
}

impl Work<'_> {
    /// Trains, evaluates and writes one model.
    pub fn train(
        &self,
        index: usize,
        training: Training,
        compute: &mut Compute,
    ) -> Result<ModelResult, RunError> {
        let settings: &ModelSettings = &self.experiment.models[index];
        let architecture = self.experiment.architecture(settings, self.data.schema().features());
        let mut snapshots =
            Snapshots::new(&architecture, &self.input, &self.data, training.epochs, compute.level)?;
        let mut observe = |event: &Event<'_>| self.say(RunEvent::Training { model: index, event });
        let one = One { index, seed: None, training: &training, until: training.epochs };
        let trained = self.go_on(one, Some(&mut snapshots), compute, &mut observe)?;
        let outcome = match trained.outcome {
            Outcome::Finished => "finished".to_owned(),
            Outcome::StoppedEarly => "stopped early".to_owned(),
            Outcome::Stopped => STOPPED.to_owned(),
            Outcome::Diverged { epoch, step } => format!("diverged in step {step} of epoch {epoch}"),
        };
        let provenance = self.provenance(settings, Some((&training, &trained)));
        match trained.outcome {
            Outcome::Stopped => snapshots.leave(trained.epochs(), &trained.parameters),
            _ => snapshots.end(trained.epochs(), &trained.parameters),
        }
        let Snapshots { rows, taken: snapshots, .. } = snapshots;
        let (duration, epochs) = (trained.duration(), trained.epochs());
        let model = Autoencoder { architecture, parameters: trained.parameters, input: self.input.clone() };
        if trained.outcome != Outcome::Stopped || !trained.history.is_empty() {
            self.directory.write_model(&model, &provenance, &trained.history)?;
            self.directory.write_snapshots(&settings.name, &rows, &snapshots)?;
        }
        let Some(last) = trained.history.get(epochs.max(1) - 1) else {
            let why = ModelWithoutEpoch { name: settings.name.clone(), outcome };
            let _ = self.say(RunEvent::WithoutEpoch { model: index, why: &why });
            return Ok(ModelResult::WithoutEpoch(why));
        };

        let seconds = duration.as_secs_f64();
        let mut epoch_seconds: Vec<f64> =
            trained.history.iter().map(|epoch| epoch.duration.as_secs_f64()).collect();
        epoch_seconds.sort_by(f64::total_cmp);
        let [train_error, test_error] = self.errors(&model, compute)?;
        let summary = ModelSummary {
            name: settings.name.clone(),
            description: model.architecture.to_string(),
            parameters: model.architecture.parameter_count(),
            architecture: model.architecture.clone(),
            training: Some(training),
            epochs,
            outcome,
            training_loss: Some(last.training_loss),
            train: train_error,
            test: test_error,
            published: settings.published.clone(),
            excess_over_exact_pca: None,
            certificate: None,
            latent: None,
            not_measured: Vec::new(),
            seconds,
            seconds_per_epoch: Some(epoch_seconds[epoch_seconds.len() / 2]),
            history: trained.history.iter().map(EpochSummary::from).collect(),
        };
        let _ = self.say(RunEvent::Trained { model: index, summary: &summary });
        Ok(ModelResult::Trained(Box::new(summary), model, snapshots))
    }

    /// Trains a model with a seed of its own up to an epoch, and writes it if that is its end; an earlier run may have done so.
    pub fn train_with_seed(
        &self,
        of: Seeded,
        until: usize,
        compute: &mut Compute,
    ) -> Result<Progress, RunError> {
        let Seeded { model: index, seed } = of;
        let settings: &ModelSettings = &self.experiment.models[index];
        // Nothing in exact PCA is drawn by a seed: the one model serves them all.
        let Some(training) = self.training_of(of) else { return Ok(Progress::Stopped) };
        if let Some((autoencoder, epochs)) =
            self.resumed.of_seed(&self.directory, &settings.name, &training, &self.data)?
        {
            // A run that was killed just after it wrote the model has left them.
            self.directory.remove_checkpoints(&settings.name, Some(seed))?;
            return Ok(Progress::Finished(OfSeed { model: index, seed, epochs, autoencoder }));
        }
        let mut observe = |event: &Event<'_>| self.say(RunEvent::OtherSeed { model: index, seed, event });
        let one = One { index, seed: Some(seed), training: &training, until };
        let trained = self.go_on(one, None, compute, &mut observe)?;
        Ok(match trained.outcome {
            Outcome::Finished | Outcome::StoppedEarly => Progress::Finished(self.write_of_seed(of, trained)?),
            Outcome::Stopped if trained.history.len() >= until => Progress::Waiting(trained),
            Outcome::Stopped => Progress::Stopped,
            Outcome::Diverged { .. } => Progress::Diverged,
        })
    }

    /// Writes a model that was trained with a seed of its own, with its history. It needs no checkpoint any more.
    pub fn write_of_seed(&self, of: Seeded, trained: Trained) -> Result<OfSeed, RunError> {
        let Seeded { model: index, seed } = of;
        let settings: &ModelSettings = &self.experiment.models[index];
        let training = self.training_of(of).expect("it was trained");
        let provenance = self.provenance(settings, Some((&training, &trained)));
        let epochs = trained.epochs();
        let architecture = self.experiment.architecture(settings, self.data.schema().features());
        let autoencoder =
            Autoencoder { architecture, parameters: trained.parameters, input: self.input.clone() };
        self.directory.write_model_of_seed(&autoencoder, &provenance, &trained.history, seed)?;
        self.directory.remove_checkpoints(&settings.name, Some(seed))?;
        Ok(OfSeed { model: index, seed, epochs, autoencoder })
    }

    /// How a model is trained with a seed of its own; nothing of exact PCA.
    fn training_of(&self, Seeded { model, seed }: Seeded) -> Option<Training> {
        let training = self.experiment.training(&self.experiment.models[model])?;
        Some(Training { seed, ..training })
    }

    /// Trains a model, or goes on where it was left, writing checkpoints; if it is stopped, or comes to where it is to wait, the last
    /// of them is of where it stands.
    fn go_on(
        &self,
        one: One<'_>,
        mut snapshots: Option<&mut Snapshots<'_>>,
        compute: &mut Compute,
        observe: &mut dyn FnMut(&Event<'_>) -> ControlFlow<()>,
    ) -> Result<Trained, RunError> {
        let One { index, seed, training, until } = one;
        let name = &self.experiment.models[index].name;
        let failed = |source| RunError::Training { model: name.clone(), source };
        let architecture =
            self.experiment.architecture(&self.experiment.models[index], self.data.schema().features());
        let samples = self.input.samples(self.data.train())?;
        let validation = self.data.validation().map(|data| self.input.samples(data)).transpose()?;
        let test = self.input.samples(self.data.test())?;
        let watch = Watch { validation: validation.as_ref(), test: Some(&test).filter(|_| seed.is_none()) };
        watch.check(&architecture, training).map_err(failed)?;
        let mut trainer = Trainer::new(&architecture, training, &samples).map_err(failed)?;
        if let Some(parameters) = &self.beginnings[index] {
            trainer = trainer.beginning_with(parameters).map_err(failed)?;
        }
        let of = (&architecture, training);
        if let Some(checkpoint) = self.resumed.checkpoint(&self.directory, name, seed, of, &self.data)? {
            let epoch = checkpoint.state.position.epoch;
            trainer = trainer.restore(checkpoint.state).map_err(failed)?;
            if let Some(snapshots) = snapshots.as_deref_mut() {
                snapshots.go_on(taken_before(&self.directory, name, &self.data)?, epoch);
            }
            if seed.is_none() {
                let _ = self.say(RunEvent::Resumed { model: index, epoch });
            }
        }
        let mut checkpoints = Checkpoints::new(self.options.checkpoints);
        loop {
            if let Some(outcome) = trainer.outcome() {
                return Ok(trainer.end(outcome));
            }
            if trainer.position().epoch >= until {
                return Ok(trainer.end(Outcome::Stopped));
            }
            let mut see = |event: &Event<'_>| {
                if let (Event::Parameters { epoch, parameters }, Some(snapshots)) =
                    (event, snapshots.as_deref_mut())
                {
                    snapshots.see(*epoch, parameters);
                }
                let told = observe(event);
                let overdue = matches!(event, Event::Batch { .. }) && checkpoints.overdue();
                if overdue { ControlFlow::Break(()) } else { told }
            };
            let ended = trainer.epoch(watch, compute, &mut see).map_err(failed)?;
            let asked_to_stop = self.going_on().is_break();
            let stands = trainer.position();
            let due = match ended {
                Some(Outcome::Stopped) => true,
                Some(_) => false,
                None => stands.epoch >= until || checkpoints.due_after(stands.epoch),
            };
            if due && (stands.epoch, stands.step) != (0, 0) {
                checkpoints.write(|| {
                    if let Some(snapshots) = snapshots.as_deref() {
                        self.directory.write_snapshots(name, &snapshots.rows, &snapshots.taken)?;
                    }
                    let (architecture, training) = (architecture.clone(), training.clone());
                    let data_hash = self.data.train().content_hash().to_owned();
                    let checkpoint = Checkpoint { architecture, training, data_hash, state: trainer.state() };
                    self.directory.write_checkpoint(name, seed, &checkpoint)
                })?;
            }
            match ended {
                // It stopped for a checkpoint alone.
                Some(Outcome::Stopped) if !asked_to_stop => {}
                Some(outcome) => return Ok(trainer.end(outcome)),
                None => {}
            }
        }
    }

    /// Exact PCA with as many components as the linear models of the experiment have.
    pub fn exact_pca(&self, compute: &mut Compute) -> Result<Option<PcaSummary>, RunError> {
        let features = self.data.schema().features();
        let architectures =
            self.experiment.models.iter().map(|model| self.experiment.architecture(model, features));
        let linear = architectures.into_iter().find(|architecture| architecture.is_linear());
        let Some(components) = linear.map(|architecture| architecture.latent()).filter(|&k| k <= features)
        else {
            return Ok(None);
        };
        let (pca, seconds) = self.pca(compute)?;
        let model = pca.autoencoder(components, self.input.clone());
        let [train, test] = self.errors(&model, compute)?;
        let explained_variance_ratio = pca.explained_variance_ratio(components);
        Ok(Some(PcaSummary { components, train, test, explained_variance_ratio, seconds: *seconds }))
    }

    /// The decomposition of the training set, which all that want it share, and the seconds it took.
    pub fn pca(&self, compute: &mut Compute) -> Result<&(Pca, f64), RunError> {
        let samples = self.input.samples(self.data.train())?;
        let fit = || {
            let start = Instant::now();
            let pca = Pca::fit(compute, &samples)?;
            Ok((pca, start.elapsed().as_secs_f64()))
        };
        self.pca.get_or_init(fit).as_ref().map_err(|error| RunError::Pca(error.clone()))
    }

    /// Exact PCA as one of the models: computes, evaluates and writes it.
    pub fn compute_exactly(&self, index: usize, compute: &mut Compute) -> Result<ModelResult, RunError> {
        let settings = &self.experiment.models[index];
        let (pca, seconds) = self.pca(compute)?;
        let architecture = self.experiment.architecture(settings, self.data.schema().features());
        let model = pca.autoencoder(architecture.latent(), self.input.clone());
        let provenance = self.provenance(settings, None);
        self.directory.write_model(&model, &provenance, &[])?;
        let [train, test] = self.errors(&model, compute)?;
        let summary = ModelSummary {
            name: settings.name.clone(),
            description: architecture.to_string(),
            parameters: architecture.parameter_count(),
            architecture,
            training: None,
            epochs: 0,
            outcome: "finished".to_owned(),
            training_loss: None,
            train,
            test,
            published: settings.published.clone(),
            excess_over_exact_pca: None,
            certificate: None,
            latent: None,
            not_measured: Vec::new(),
            seconds: *seconds,
            seconds_per_epoch: None,
            history: Vec::new(),
        };
        let _ = self.say(RunEvent::Trained { model: index, summary: &summary });
        Ok(ModelResult::Trained(Box::new(summary), model, Vec::new()))
    }

    /// The decomposition, if somebody has asked for it.
    pub fn fitted_pca(&self) -> Option<&Pca> {
        self.pca.get().and_then(|fitted| fitted.as_ref().ok()).map(|(pca, _)| pca)
    }

    /// How a model came about, for its file.
    fn provenance(&self, settings: &ModelSettings, training: Option<(&Training, &Trained)>) -> Provenance {
        let (training, trained) = training.unzip();
        Provenance {
            name: settings.name.clone(),
            data: self.experiment.data.name(),
            source: Some(self.experiment.data.clone()),
            data_hash: Some(self.data.train().content_hash().to_owned()),
            training: training.cloned(),
            epochs: trained.map_or(0, Trained::epochs),
            training_loss: trained
                .and_then(|trained| trained.history.get(trained.epochs().checked_sub(1)?))
                .map(|epoch| epoch.training_loss),
            narrows: env!("CARGO_PKG_VERSION").to_owned(),
            unread: Default::default(),
        }
    }

    fn errors(
        &self,
        model: &Autoencoder,
        compute: &mut Compute,
    ) -> Result<[ReconstructionError; 2], MismatchError> {
        let mut error = |part| reconstruction_error(model, compute, &self.input.samples(part)?);
        Ok([error(self.data.train())?, error(self.data.test())?])
    }
}
