//! Training as a state: it advances, is saved, and goes on from what was saved with the same bits.
//!
//! Clocks and files are the caller's. [`train`](super::train) is a loop over this.

use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use narrows_kernels::chunks::CHUNK_ROWS;

use super::feed::{Batch, Feed};
use super::objective::Objective;
use super::step::{Gradients, Step};
use super::{EpochReport, Event, Rules, Training, TrainingError};
use crate::compute::Compute;
use crate::dataset::Samples;
use crate::model::network::{Network, WeightOrder};
use crate::model::{Architecture, ClassifierArchitecture, LayerSpec, Parameters};

/// A training under way.
#[derive(Debug)]
pub struct Trainer {
    training: Training,
    layers: Vec<LayerSpec>,
    step: Step,
    feed: Feed,
    /// Whether the feed has begun the epoch that the position is in.
    fed: bool,
    position: Position,
    spent: Duration,
    settled: Parameters,
    /// Memory for the next that are settled.
    candidate: Parameters,
    history: Vec<EpochReport>,
    best: Option<Best>,
}

/// How far a training is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Position {
    /// Epochs that are done.
    pub epoch: usize,
    /// Steps of the next epoch that are done.
    pub step: usize,
    /// The sum of their losses.
    pub losses: f64,
}

/// The parameters with the least validation loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// The epoch that they were learned in, from 1.
    pub epoch: usize,
    /// Their loss on the validation set.
    pub validation_loss: f64,
    /// They.
    pub parameters: Parameters,
}

/// All that a training has come to: [`Trainer::restore`] goes on from it as if it had never stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainerState {
    /// How far it is.
    pub position: Position,
    /// What the steps of the unfinished epoch took.
    pub spent: Duration,
    /// The parameters as they are now.
    pub parameters: Parameters,
    /// The optimiser's first and second moments of each.
    pub moments: [Parameters; 2],
    /// The parameters at the end of the last whole epoch, or as drawn; absent where they are those of now.
    pub settled: Option<Parameters>,
    /// Of the epochs so far, where there is a validation set.
    pub best: Option<Best>,
    /// The epochs that are done.
    pub history: Vec<EpochReport>,
    /// In which order rows come: the same training with another one would go another way.
    pub order: String,
}

/// What is measured after an epoch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watch<'a> {
    /// Measured after every epoch. The best parameters are those with the least loss on it.
    pub validation: Option<&'a Samples>,
    /// Measured after every [`Training::test_every`]-th epoch; where that is 0, neither measured nor checked.
    pub test: Option<&'a Samples>,
}

/// What training has come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// With a validation set the parameters with the least loss on it, else the last good ones: those at the end of the last
    /// whole epoch.
    pub parameters: Parameters,
    /// The epoch of the best parameters, where there was a validation set.
    pub best_epoch: Option<usize>,
    /// All whole epochs.
    pub history: Vec<EpochReport>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All epochs are done.
    Finished,
    /// The validation loss has not become less for [`Training::patience`] epochs.
    StoppedEarly,
    /// The observer stopped it.
    Stopped,
    /// The loss or a parameter is no longer a finite number.
    Diverged {
        /// The epoch in which that was seen, from 1.
        epoch: usize,
        /// The step of the epoch, from 1.
        step: usize,
    },
}

impl Trainer {
    /// A training of an autoencoder that begins.
    ///
    /// # Errors
    /// If a setting is out of range, or the data does not fit the architecture.
    pub fn new(
        architecture: &Architecture,
        training: &Training,
        samples: &Samples,
    ) -> Result<Self, TrainingError> {
        Self::towards(architecture, training, samples, Objective::default())
    }

    /// The same with another objective: another loss, other targets than the rows, or weights by row. The training loss is the objective's;
    /// what is watched is measured by the squared error.
    ///
    /// # Errors
    /// As [`Trainer::new`]; or if the objective does not fit the architecture or the data: a class for each row, targets of another number
    /// of rows or features or, for the binary cross-entropy, not from 0 to 1; weights that are negative, not finite, or all 0; targets or
    /// weights for rows in a file.
    pub fn towards(
        architecture: &Architecture,
        training: &Training,
        samples: &Samples,
        objective: Objective<'_>,
    ) -> Result<Self, TrainingError> {
        architecture.validate()?;
        check("training", samples, architecture.inputs)?;
        objective.check(architecture, samples)?;
        Self::of_layers(&architecture.layers(), training, samples, objective)
    }

    /// A training of a classifier towards the label of each row, that begins.
    ///
    /// # Errors
    /// If a setting is out of range, or the data does not fit the architecture.
    pub fn of_classifier(
        architecture: &ClassifierArchitecture,
        training: &Training,
        samples: &Samples,
        labels: &[u32],
    ) -> Result<Self, TrainingError> {
        architecture.validate()?;
        let (expected, found) = (architecture.inputs, samples.features());
        if found != expected {
            return Err(TrainingError::Features { set: "training", expected, found });
        }
        if labels.len() != samples.rows() {
            return Err(TrainingError::setting("labels", "one for each row", labels.len()));
        }
        if let Some(label) = labels.iter().find(|&&label| label as usize >= architecture.classes) {
            return Err(TrainingError::setting("label", "a number below the number of classes", label));
        }
        Self::of_layers(&architecture.layers(), training, samples, Objective::classes(labels))
    }

    /// Of any layers, with an objective that fits them and the data.
    pub(crate) fn of_layers(
        layers: &[LayerSpec],
        training: &Training,
        samples: &Samples,
        objective: Objective<'_>,
    ) -> Result<Self, TrainingError> {
        training.validate()?;
        if samples.rows() == 0 {
            return Err(TrainingError::NoRows { set: "training" });
        }
        let feed = Feed::new(samples, objective.into(), training);
        let settled = training.initialisation.draw_layers(layers, training.seed);
        Ok(Self {
            training: training.clone(),
            layers: layers.to_vec(),
            step: Step::of_layers(layers, &settled, feed.batch_size(), (samples, objective)),
            feed,
            fed: false,
            position: Position::default(),
            spent: Duration::ZERO,
            candidate: settled.clone(),
            settled,
            history: Vec::new(),
            best: None,
        })
    }

    /// The same, beginning with these parameters instead of those that the seed draws: fine-tuning.
    ///
    /// # Errors
    /// If they are of another architecture.
    pub fn beginning_with(self, parameters: &Parameters) -> Result<Self, TrainingError> {
        if parameters.tensors() != self.settled.tensors() {
            return Err(TrainingError::setting("parameters", "those of the model", "those of another model"));
        }
        let step = self.step_from(parameters);
        Ok(Self { step, settled: parameters.clone(), ..self })
    }

    /// Goes on from a state that a training of the same settings, architecture and data gave: to the same bits.
    ///
    /// # Errors
    /// If the state is of another architecture, or beyond the end of this training, or its rows came in another order.
    pub fn restore(self, state: TrainerState) -> Result<Self, TrainingError> {
        let TrainerState { position, spent, parameters, moments, settled, best, history, order } = state;
        let other =
            |what, expected: String, found: String| Err(TrainingError::OtherState { what, expected, found });
        let of_these = |parameters: &Parameters| parameters.tensors() == self.settled.tensors();
        let all = [&parameters, &moments[0], &moments[1]];
        let all = all.into_iter().chain(&settled).chain(best.as_ref().map(|best| &best.parameters));
        if !all.into_iter().all(of_these) {
            return other(
                "the shape of the parameters",
                "that of the model".to_owned(),
                "another".to_owned(),
            );
        }
        let own_order = self.feed.order();
        if order != own_order {
            return other("the order of the rows", own_order, order);
        }
        if history.len() != position.epoch {
            let (expected, found) = (position.epoch.to_string(), history.len().to_string());
            return other("the number of epochs in the history", expected, found);
        }
        let (epochs, steps) = (self.training.epochs, self.feed.steps());
        if position.epoch > epochs || position.step > steps {
            let found = format!("after step {} of epoch {}", position.step, position.epoch + 1);
            return other("its end", format!("at most {epochs} epochs of {steps} steps"), found);
        }
        let mut step = self.step_from(&parameters);
        step.set_moments([&moments[0], &moments[1]]);
        let settled = settled.unwrap_or(parameters);
        Ok(Self { step, fed: false, position, spent, settled, history, best, ..self })
    }

    /// All that is needed to go on later.
    pub fn state(&self) -> TrainerState {
        let [mut parameters, mut first, mut second] = [(); 3].map(|()| self.settled.clone());
        self.step.parameters(&mut parameters);
        self.step.moments([&mut first, &mut second]);
        let Self { position, spent, best, history, .. } = self;
        let settled = (position.step > 0).then(|| self.settled.clone());
        TrainerState {
            position: *position,
            spent: *spent,
            parameters,
            moments: [first, second],
            settled,
            best: best.clone(),
            history: history.clone(),
            order: self.feed.order(),
        }
    }

    /// How far it is.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The epochs that are done.
    pub fn history(&self) -> &[EpochReport] {
        &self.history
    }

    /// The parameters at the end of the last whole epoch; as drawn before the first.
    pub fn parameters(&self) -> &Parameters {
        &self.settled
    }

    /// Whether nothing is left to do, and how it ended then.
    pub fn outcome(&self) -> Option<Outcome> {
        if self.position.epoch == self.training.epochs {
            return Some(Outcome::Finished);
        }
        let waited = self.best.as_ref().map_or(0, |best| self.position.epoch - best.epoch);
        let patience = self.training.patience.filter(|&patience| waited >= patience);
        patience.filter(|_| self.position.step == 0).map(|_| Outcome::StoppedEarly)
    }

    /// Goes on to the end of the epoch, unless `observe` stops it. How the training ended, if it has.
    ///
    /// # Errors
    /// If a file of rows can no longer be read, or the sets to watch do not fit the model.
    pub fn epoch(
        &mut self,
        watch: Watch<'_>,
        compute: &mut Compute,
        observe: &mut dyn FnMut(&Event<'_>) -> ControlFlow<()>,
    ) -> Result<Option<Outcome>, TrainingError> {
        if self.position == Position::default() && !self.fed {
            let drawn = Event::Parameters { epoch: 0, parameters: &self.settled };
            if observe(&drawn).is_break() {
                return Ok(Some(Outcome::Stopped));
            }
        }
        let (epoch, steps) = (self.position.epoch + 1, self.feed.steps());
        let (start, before) = (Instant::now(), self.spent);
        while self.position.step < steps {
            let step = self.position.step + 1;
            let is_finite = self.step(compute)?;
            self.spent = before + start.elapsed();
            if !is_finite {
                return Ok(Some(Outcome::Diverged { epoch, step }));
            }
            if observe(&Event::Batch { epoch, step, steps }).is_break() {
                return Ok(Some(Outcome::Stopped));
            }
        }
        let Some(training_loss) = self.settle() else {
            return Ok(Some(Outcome::Diverged { epoch, step: steps }));
        };
        let duration = std::mem::take(&mut self.spent);
        let mut stop = observe(&Event::Parameters { epoch, parameters: &self.settled }).is_break();
        let measured = self.training.test_every > 0 && epoch.is_multiple_of(self.training.test_every);
        let test = watch.test.filter(|_| measured);
        let report = EpochReport {
            epoch,
            training_loss,
            validation_loss: self.loss_on(watch.validation, compute)?,
            test_loss: self.loss_on(test, compute)?,
            duration,
        };
        self.see(&report);
        stop |= observe(&Event::Epoch(&report)).is_break();
        self.history.push(report);
        Ok(self.outcome().or(stop.then_some(Outcome::Stopped)))
    }

    /// What it has come to.
    pub fn end(self, outcome: Outcome) -> Trained {
        let (best_epoch, parameters) = match self.best {
            Some(best) => (Some(best.epoch), best.parameters),
            None => (None, self.settled),
        };
        Trained { parameters, best_epoch, history: self.history, outcome }
    }

    /// Steps in an epoch.
    pub fn steps(&self) -> usize {
        self.feed.steps()
    }

    /// Chunks of rows in the batch that the next step takes, of an epoch with steps left.
    ///
    /// # Errors
    /// If a file of rows can no longer be read.
    pub fn chunks(&mut self) -> Result<usize, TrainingError> {
        self.begin_epoch()?;
        Ok(self.feed.next()?.rows.len().div_ceil(CHUNK_ROWS))
    }

    /// The first half of a step: what each of some [`chunks`](Trainer::chunks) of the next batch contributes to its gradient. Nothing
    /// changes. Different processes may do different chunks; the step has the same bits if [`Trainer::apply`] is given what
    /// [`Gradients::sum`] makes of all of them.
    ///
    /// # Errors
    /// If a file of rows can no longer be read.
    ///
    /// # Panics
    /// If the batch has fewer chunks.
    pub fn gradients(
        &mut self,
        compute: &mut Compute,
        chunks: Range<usize>,
    ) -> Result<Vec<Gradients>, TrainingError> {
        self.begin_epoch()?;
        let Self { step, feed, settled, .. } = self;
        let Batch { samples, objective, rows, .. } = feed.next()?;
        Ok(step.chunk_gradients(compute, samples, objective, (rows, chunks), settled))
    }

    /// The second half of a step, with the gradient of the next batch. Whether its loss was a finite number; otherwise the training has
    /// diverged, and nothing more can be learned. After the last step of an epoch, [`Trainer::epoch`] ends it.
    ///
    /// # Errors
    /// If a file of rows can no longer be read.
    ///
    /// # Panics
    /// If the gradients are of another architecture, or the epoch has no steps left.
    pub fn apply(&mut self, compute: &mut Compute, gradients: &Gradients) -> Result<bool, TrainingError> {
        self.begin_epoch()?;
        let rules = self.rules();
        let Self { step, feed, .. } = self;
        let Batch { samples, rows, .. } = feed.next()?;
        let rows = rows.len();
        step.apply(compute, samples, gradients, rules);
        Ok(self.pass(rows, gradients.loss))
    }

    /// Takes one step; whether its loss is a finite number.
    fn step(&mut self, compute: &mut Compute) -> Result<bool, TrainingError> {
        self.begin_epoch()?;
        let rules = self.rules();
        let Self { step, feed, .. } = self;
        let Batch { samples, objective, rows, following } = feed.next()?;
        step.announce(following);
        let loss = step.take_towards(compute, samples, objective, rows, rules);
        let rows = rows.len();
        Ok(self.pass(rows, loss))
    }

    fn step_from(&self, parameters: &Parameters) -> Step {
        let of_data = (self.feed.samples(), self.feed.objective());
        Step::of_layers(&self.layers, parameters, self.feed.batch_size(), of_data)
    }

    fn begin_epoch(&mut self) -> Result<(), TrainingError> {
        if !self.fed {
            self.feed.begin(self.position.epoch + 1, self.position.step)?;
            self.fed = true;
        }
        Ok(())
    }

    /// Of the next step.
    fn rules(&self) -> Rules {
        let Self { training, position, .. } = self;
        let steps = self.feed.steps() as u64;
        let done = position.epoch as u64 * steps + position.step as u64;
        let all = steps.saturating_mul(training.epochs as u64);
        let rates = training.schedule.rates(training.optimiser.learning_rate(), done, all);
        training.optimiser.rules(done + 1, rates)
    }

    /// Leaves a batch behind whose step is done, if its loss is a finite number.
    fn pass(&mut self, rows: usize, loss: f64) -> bool {
        self.feed.pass(rows);
        if loss.is_finite() {
            self.position.losses += loss;
            self.position.step += 1;
        }
        loss.is_finite()
    }

    /// Ends an epoch whose steps are all done, if the parameters are finite numbers; the mean of its losses.
    fn settle(&mut self) -> Option<f64> {
        self.step.parameters(&mut self.candidate);
        if !self.candidate.values().iter().all(|value| value.is_finite()) {
            return None;
        }
        std::mem::swap(&mut self.settled, &mut self.candidate);
        let Position { epoch, step, losses } = self.position;
        self.position = Position { epoch: epoch + 1, ..Position::default() };
        self.fed = false;
        Some(losses / step as f64)
    }

    /// Keeps the parameters if they are the best so far.
    fn see(&mut self, report: &EpochReport) {
        let Some(validation_loss) = report.validation_loss else { return };
        let better = self
            .best
            .as_ref()
            .is_none_or(|best| validation_loss < best.validation_loss - self.training.min_change);
        if better {
            let (epoch, parameters) = (report.epoch, self.settled.clone());
            self.best = Some(Best { epoch, validation_loss, parameters });
        }
    }

    /// The mean squared error on a set, over the values that are there.
    fn loss_on(&self, set: Option<&Samples>, compute: &mut Compute) -> Result<Option<f64>, TrainingError> {
        let Some(set) = set else { return Ok(None) };
        let network = Network::of_layers(&self.layers, &self.settled, WeightOrder::Tiles);
        let errors = set.map_pieces(|rows| network.squared_errors(compute, rows))?;
        let sum: f64 = errors.iter().map(|&error| f64::from(error)).sum();
        Ok(Some(sum / set.all_present()? as f64))
    }
}

impl Trained {
    /// What the epochs took in all.
    pub fn duration(&self) -> Duration {
        self.history.iter().map(|epoch| epoch.duration).sum()
    }

    /// The epochs that the parameters have seen.
    pub fn epochs(&self) -> usize {
        self.best_epoch.unwrap_or(self.history.len())
    }
}

impl Watch<'_> {
    /// Checks that the sets which are looked at can be.
    ///
    /// # Errors
    /// If one has other rows than the model reads, or none.
    pub fn check(&self, architecture: &Architecture, training: &Training) -> Result<(), TrainingError> {
        let test = self.test.filter(|_| training.test_every > 0);
        for (set, samples) in [("validation", self.validation), ("test", test)] {
            samples.map_or(Ok(()), |samples| check(set, samples, architecture.inputs))?;
        }
        match (training.patience, self.validation) {
            (Some(patience), None) => {
                Err(TrainingError::setting("patience", "none, for there is no validation set", patience))
            }
            _ => Ok(()),
        }
    }
}

fn check(set: &'static str, samples: &Samples, expected: usize) -> Result<(), TrainingError> {
    let found = samples.features();
    if found != expected {
        return Err(TrainingError::Features { set, expected, found });
    }
    if samples.rows() == 0 {
        return Err(TrainingError::NoRows { set });
    }
    if samples.all_present()? == 0 {
        return Err(TrainingError::NoValues { set });
    }
    Ok(())
}
