//! `narrows score`: how strange each row is to a model, and why.

mod fitting;
mod heat;
mod passes;
mod told;

use std::path::PathBuf;

use clap::Args;
use narrows::dataset::Part;
use narrows::evaluate::anomaly::AnomalyScorer;

use crate::arguments::{Common, by_name, count};
use crate::commands::blocks::AllRows;
use crate::commands::model_file::{LoadedModel, OneModel};
use crate::commands::output::print;
use crate::commands::pictures::PictureFile;
use crate::commands::rows_out::{Replacing, RowsFile};
use crate::failure::{Failure, complain};

pub use fitting::{Scorers, fit};
pub use heat::figure as heat_figure;
pub use passes::{Asked, Found, Output, Strange, Wanted};
pub use told::{because, number, summary};

/// Strangest rows that are drawn.
const DRAWN: usize = 12;

/// How strange each row is to a model: its reconstruction error as an anomaly score. A greater score is more anomalous
///
/// The score of a row is its mean squared error over the values that are there, in the scale of the model's input. A row whose score is
/// above the threshold is an anomaly: label 1, as in PyOD, and else 0. Exact PCA with as many components stands beside: its score is in the
/// column pca_score. It is fitted on the model's training data, and kept beside the model as exact-pca.safetensors.
///
/// Rows are read and written block by block: as CSV to the standard output, if neither --out nor --top is given.
#[derive(Debug, Args)]
pub struct Score {
    #[command(flatten)]
    model: OneModel,

    #[command(flatten)]
    rows: AllRows,

    #[command(flatten)]
    threshold: ThresholdArguments,

    /// Name the columns or pixels that contribute most to a row's score, so many, with what the model expected
    #[arg(long, value_name = "N", value_parser = count)]
    reasons: Option<usize>,

    /// Only the N rows of the greatest scores, the greatest first
    #[arg(long, value_name = "N", value_parser = count)]
    top: Option<usize>,

    /// Only rows above the threshold
    #[arg(long)]
    flagged: bool,

    /// The classes that are normal, as the column that --label names calls them; all others are anomalies. How well scores separate
    /// them is measured, and compared with exact PCA
    #[arg(long, value_name = "CLASS", num_args = 1.., value_delimiter = ',')]
    normal: Vec<String>,

    /// The file to write: .csv, .tsv, .npy (the scores alone) or .parquet by its ending, or - for CSV on the standard output
    #[arg(long, value_name = "FILE")]
    out: Option<RowsFile>,

    /// Draw the strangest images beside what the model makes of them, and where they differ: PNG or SVG by its ending
    #[arg(long, value_name = "PICTURE")]
    picture: Option<PictureFile>,

    #[command(flatten)]
    replacing: Replacing,
}

/// Where the threshold lies.
#[derive(Clone, Copy, Debug, Args)]
pub struct ThresholdArguments {
    /// Fit a threshold so that this share of the model's training rows is above it, and keep it in the model file
    #[arg(long, value_name = "SHARE", conflicts_with = "given")]
    contamination: Option<f64>,

    /// The rows that --contamination is fitted on: train or validation
    #[arg(long, value_name = "PART", default_value = "train", value_parser = by_name([Part::Train, Part::Validation], Part::name))]
    fit_on: Part,

    /// Take this score for the threshold, and keep it in the model file
    #[arg(id = "given", long = "threshold", value_name = "SCORE", allow_negative_numbers = true)]
    given: Option<f64>,
}

impl Score {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        if let Some(out) = &self.out {
            out.check(self.replacing)?;
        }
        let model = self.model.load()?;
        if self.picture.is_some() && model.model.input.image().is_none() {
            return Err(Failure::user(format!(
                "{} does not read images, so --picture has nothing to draw",
                model.name
            )));
        }
        let mut compute = common.compute()?;
        let scorers = Scorers::of(&model, self.threshold, &mut compute, common)?;
        if self.flagged && scorers.model.is_none() {
            return Err(Failure::user(format!(
                "{} has no threshold, so no row can be flagged; fit one with --contamination 0.01, or give one with --threshold",
                model.name
            )));
        }
        let wanted = self.wanted();
        let asked = Asked { model: &model, rows: &self.rows, scorers: &scorers, wanted: &wanted };
        let found = asked.pass(&self.output(), &mut compute, common)?;
        if let Some(picture) = &self.picture {
            picture.write(&heat::figure(&model, &found.strangest, &mut compute)?)?;
        }
        self.tell(&model, scorers.model.as_ref(), &found, common)
    }

    fn wanted(&self) -> Wanted {
        // A table for people needs no more reasons than fit a line.
        Wanted {
            reasons: self.reasons.unwrap_or(0),
            strangest: self.top.unwrap_or(if self.picture.is_some() { DRAWN } else { 0 }),
            flagged: self.flagged,
            normal: self.normal.clone(),
        }
    }

    fn output(&self) -> Output {
        match (&self.out, self.top) {
            (Some(out), None) => Output::All(out.clone()),
            (Some(out), Some(_)) => Output::Strangest(out.clone()),
            (None, Some(_)) => Output::None,
            (None, None) => Output::All(RowsFile::StandardOutput),
        }
    }

    /// The summary: on the standard output, if no rows go there.
    fn tell(
        &self,
        model: &LoadedModel,
        scorer: Option<&AnomalyScorer>,
        found: &Found,
        common: &Common,
    ) -> Result<(), Failure> {
        let summary = summary(model, scorer, found);
        if let Output::None = self.output() {
            print(&told::table(model, &found.strangest))?;
        }
        match self.output() {
            Output::All(RowsFile::File(..)) | Output::Strangest(RowsFile::File(..)) => {
                print(&(summary + "\n"))
            }
            _ if common.quiet => Ok(()),
            _ => {
                complain(&summary);
                Ok(())
            }
        }
    }
}

/// Where exact PCA is kept, beside a model.
pub fn pca_path(model: &LoadedModel) -> PathBuf {
    model.path.with_file_name("exact-pca.safetensors")
}
