//! Progress on standard error: a bar a model on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressStyle};
use narrows::train::{EpochReport, Event};

use crate::failure::complain;

/// On no terminal, a line about so many times a run.
const PLAIN_LINES: usize = 10;

/// How the user sees what goes on.
#[derive(Debug)]
pub enum Progress {
    /// Not at all.
    Quiet,
    /// A line now and then.
    Plain,
    /// Bars that move.
    Bars(MultiProgress, Vec<ProgressBar>),
}

impl Progress {
    /// Progress of some models, by name and epochs.
    pub fn new(quiet: bool, models: &[(String, usize)]) -> Self {
        if quiet {
            return Self::Quiet;
        }
        if !std::io::stderr().is_terminal() {
            return Self::Plain;
        }
        let width = models.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let style = ProgressStyle::with_template("{prefix} {bar:12.cyan/dim} {pos:>4}/{len} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━━─");
        let all = MultiProgress::new();
        let bars = models
            .iter()
            .map(|(name, epochs)| {
                let bar = all.add(ProgressBar::new(*epochs as u64).with_style(style.clone()));
                bar.set_prefix(format!("{name:width$}"));
                bar.set_message("waiting");
                bar.tick();
                bar
            })
            .collect();
        Self::Bars(all, bars)
    }

    /// Says a sentence.
    pub fn say(&self, sentence: &str) {
        match self {
            Self::Quiet => {}
            Self::Plain => complain(sentence),
            // Fails only if standard error is gone.
            Self::Bars(all, _) => all.println(sentence).unwrap_or_default(),
        }
    }

    /// Shows what a model's training says.
    pub fn training(&self, model: usize, name: &str, epochs: usize, event: &Event) {
        if let (Event::Batch { epoch: 1, step: 1, .. }, Self::Bars(_, bars)) = (event, self) {
            bars[model].set_message("in its first epoch");
        }
        let Event::Epoch(EpochReport { epoch, training_loss, duration, .. }) = event else { return };
        let seconds = duration.as_secs_f64();
        match self {
            Self::Quiet => {}
            Self::Plain => {
                if *epoch == 1 || *epoch == epochs || epoch % epochs.div_ceil(PLAIN_LINES) == 0 {
                    self.say(&format!(
                        "{name}: epoch {epoch}/{epochs}, loss {training_loss:.4}, {seconds:.2} s"
                    ));
                }
            }
            Self::Bars(_, bars) => {
                let left = Duration::from_secs_f64(seconds * (epochs - epoch) as f64);
                bars[model].set_position(*epoch as u64);
                let left = HumanDuration(left);
                bars[model]
                    .set_message(format!("loss {training_loss:.4}  {seconds:.2} s/epoch  {left:#} left"));
            }
        }
    }

    /// A model is done.
    pub fn finish(&self, model: usize, name: &str, sentence: &str) {
        match self {
            // `finish` would show epochs that were not done.
            Self::Bars(_, bars) => bars[model].abandon_with_message(sentence.to_owned()),
            _ => self.say(&format!("{name}: {sentence}")),
        }
    }

    /// Nothing goes on any more.
    pub fn end(&self) {
        if let Self::Bars(_, bars) = self {
            let left = bars.iter().filter(|bar| !bar.is_finished());
            left.for_each(|bar| bar.abandon_with_message("not begun"));
        }
    }
}
