//! One pass over all rows: their scores, reasons, labels and percentiles, written as they come; the strangest are kept.

use narrows::compute::Compute;
use narrows::dataset::Dataset;
use narrows::dataset::output::{OutputColumn, OutputRows};
use narrows::evaluate::anomaly::{
    AnomalyScorer, Comparison, Reason, anomaly_scores, compare, reasons, separation,
};
use narrows::evaluate::anomaly::{Separation, SeparationError};
use narrows::model::Predictor;

use super::Scorers;
use super::told::because;
use crate::arguments::Common;
use crate::commands::blocks::{AllRows, Block};
use crate::commands::model_file::LoadedModel;
use crate::commands::rows_out::RowsFile;
use crate::failure::Failure;

/// A pass.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// What scores.
    pub model: &'a LoadedModel,
    /// Which rows.
    pub rows: &'a AllRows,
    /// Its threshold, and exact PCA.
    pub scorers: &'a Scorers,
    /// What of them.
    pub wanted: &'a Wanted,
}

/// What is to be known of the rows.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Reasons for each row that is written.
    pub reasons: usize,
    /// Rows of the greatest scores that are kept.
    pub strangest: usize,
    /// Whether rows up to the threshold are left out.
    pub flagged: bool,
    /// Classes that are normal; without any, no separation is measured.
    pub normal: Vec<String>,
}

/// What is written.
#[derive(Clone, Debug)]
pub enum Output {
    /// All rows in their order, or those that are flagged.
    All(RowsFile),
    /// The strangest rows, the strangest first.
    Strangest(RowsFile),
    /// All rows in their order, and then the first of the strangest.
    Both {
        /// All rows.
        all: RowsFile,
        /// The strangest.
        strangest: RowsFile,
        /// How many of those.
        most: usize,
    },
    /// Nothing.
    None,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// How many rows there are.
    pub rows: usize,
    /// How many of them have no value, and so no score.
    pub unscored: usize,
    /// How many are above the threshold.
    pub flagged: usize,
    /// The rows of the greatest scores, the greatest first.
    pub strangest: Vec<Strange>,
    /// How well the classes are separated, and how well by exact PCA.
    pub separation: Option<Separated>,
}

/// How well the classes are separated.
#[derive(Clone, Copy, Debug)]
pub enum Separated {
    /// By the model.
    Alone(Separation),
    /// By the model, and by exact PCA.
    BesidePca(Comparison),
}

/// A row that is kept.
#[derive(Clone, Debug)]
pub struct Strange {
    /// What it is called: its name, or part and place.
    pub name: String,
    /// What it looks like.
    pub row: Dataset,
    /// By the model.
    pub score: f64,
    /// By exact PCA.
    pub pca_score: Option<f64>,
    /// Among the scores that the threshold was fitted on.
    pub percentile: Option<f64>,
    /// Whether it is above the threshold.
    pub is_anomaly: Option<bool>,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
}

/// Scores of a block.
struct Scored {
    scores: Vec<f64>,
    pca: Option<Vec<f64>>,
}

/// Takes the next rows.
type Take<'a> = &'a mut dyn FnMut(&OutputRows) -> Result<(), Failure>;

impl Asked<'_> {
    /// Goes over all rows.
    pub fn pass(&self, output: &Output, compute: &mut Compute, common: &Common) -> Result<Found, Failure> {
        let mut pass = Pass::new(self)?;
        if matches!(output, Output::Both { .. }) {
            pass.reasons_of_all = 0;
        }
        match output {
            Output::All(out) | Output::Both { all: out, .. } => {
                let is_array = out.is_array();
                let written = out.write(|take| {
                    let all_rows = self.rows;
                    all_rows.for_each(self.model, common, |block| {
                        pass.add(&block, Some((&mut *take, is_array)), compute)
                    })
                });
                written?;
            }
            Output::Strangest(_) | Output::None => {
                self.rows.for_each(self.model, common, |block| pass.add(&block, None, compute))?;
            }
        }
        let found = pass.finish()?;
        match output {
            Output::Strangest(out) => {
                out.write(|take| take(&rows_of(self, &found.strangest, out.is_array())))?
            }
            Output::Both { strangest: out, most, .. } => {
                let first = &found.strangest[..found.strangest.len().min(*most)];
                out.write(|take| take(&rows_of(self, first, out.is_array())))?;
            }
            Output::All(_) | Output::None => {}
        }
        Ok(found)
    }

    fn scorer(&self) -> Option<&AnomalyScorer> {
        self.scorers.model.as_ref()
    }
}

/// A pass under way.
struct Pass<'a> {
    asked: &'a Asked<'a>,
    predictor: Predictor,
    pca: Option<Predictor>,
    found: Found,
    /// Reasons for each of the rows that are written in their order.
    reasons_of_all: usize,
    /// Of all rows that have a class: their scores, those of exact PCA, and whether they are anomalies.
    judged: (Vec<f64>, Vec<f64>, Vec<bool>),
}

impl<'a> Pass<'a> {
    fn new(asked: &'a Asked<'a>) -> Result<Self, Failure> {
        let pca = asked.scorers.pca.as_ref().map(|pca| pca.predictor()).transpose()?;
        let predictor = asked.model.model.predictor()?;
        let (found, reasons_of_all) = (Found::default(), asked.wanted.reasons);
        Ok(Self { asked, predictor, pca, found, reasons_of_all, judged: Default::default() })
    }

    fn add(
        &mut self,
        block: &Block,
        take: Option<(Take<'_>, bool)>,
        compute: &mut Compute,
    ) -> Result<(), Failure> {
        let samples = self.asked.model.samples(&block.rows)?;
        let scores = anomaly_scores(&self.predictor, compute, &samples)?;
        let pca = self.pca.as_ref().map(|pca| anomaly_scores(pca, compute, &samples)).transpose()?;
        let scored = Scored { scores, pca };
        self.found.rows += scored.scores.len();
        self.found.unscored += scored.scores.iter().filter(|score| score.is_nan()).count();
        let is_flagged =
            |&row: &usize| self.asked.scorer().is_some_and(|scorer| scorer.is_anomaly(scored.scores[row]));
        let flagged: Vec<usize> = (0..scored.scores.len()).filter(is_flagged).collect();
        self.found.flagged += flagged.len();
        self.keep_strangest(block, &scored, compute)?;
        self.judge(block, &scored)?;
        let Some((take, is_array)) = take else { return Ok(()) };
        match self.asked.wanted.flagged {
            true if flagged.is_empty() && self.found.rows > scored.scores.len() => Ok(()),
            true => take(&self.written(block, &scored, &flagged, is_array, compute)?),
            false => {
                let all: Vec<usize> = (0..scored.scores.len()).collect();
                take(&self.written(block, &scored, &all, is_array, compute)?)
            }
        }
    }

    /// Some rows of a block, as they are written.
    fn written(
        &self,
        block: &Block,
        scored: &Scored,
        rows: &[usize],
        is_array: bool,
        compute: &mut Compute,
    ) -> Result<OutputRows, Failure> {
        let scores: Vec<f64> = rows.iter().map(|&row| scored.scores[row]).collect();
        if is_array {
            return Ok(scores_alone(&scores));
        }
        let names = match &block.ids {
            Some((column, ids)) => {
                let ids = rows.iter().map(|&row| Some(ids[row].clone()));
                (column.clone(), OutputColumn::Text(ids.collect()))
            }
            None if block.part.is_some() => {
                let names = rows.iter().map(|&row| Some(block.name(row)));
                ("row".to_owned(), OutputColumn::Text(names.collect()))
            }
            None => {
                let places = rows.iter().map(|&row| (block.first + row) as u64);
                ("row".to_owned(), OutputColumn::Counts(places.collect()))
            }
        };
        let pca = scored.pca.as_ref().map(|pca| rows.iter().map(|&row| pca[row]).collect::<Vec<f64>>());
        let mut columns = columns_of(names, self.asked.scorer(), &scores, pca.as_deref());
        if self.reasons_of_all > 0 {
            let because = self.reasons(block, rows, compute)?;
            let because = because.iter().map(|reasons| because_cell(self.asked, reasons));
            columns.push(("because".to_owned(), OutputColumn::Text(because.collect())));
        }
        Ok(OutputRows { columns, ..OutputRows::default() })
    }

    fn reasons(
        &self,
        block: &Block,
        rows: &[usize],
        compute: &mut Compute,
    ) -> Result<Vec<Vec<Reason>>, Failure> {
        if self.asked.wanted.reasons == 0 || rows.is_empty() {
            return Ok(vec![Vec::new(); rows.len()]);
        }
        let samples = self.asked.model.samples(&block.rows.subset(rows))?;
        Ok(reasons(&self.predictor, compute, &samples, self.asked.wanted.reasons)?)
    }

    fn keep_strangest(
        &mut self,
        block: &Block,
        scored: &Scored,
        compute: &mut Compute,
    ) -> Result<(), Failure> {
        let most = self.asked.wanted.strangest;
        if most == 0 {
            return Ok(());
        }
        let full = self.found.strangest.len() == most;
        let least = self.found.strangest.last().filter(|_| full).map_or(f64::NEG_INFINITY, |last| last.score);
        let scorer = self.asked.scorer();
        let is_wanted = |&row: &usize| {
            let score = scored.scores[row];
            score > least
                && (!self.asked.wanted.flagged || scorer.is_some_and(|scorer| scorer.is_anomaly(score)))
        };
        let mut rows: Vec<usize> = (0..scored.scores.len()).filter(is_wanted).collect();
        rows.sort_by(|&a, &b| scored.scores[b].total_cmp(&scored.scores[a]));
        rows.truncate(most);
        let why = self.reasons(block, &rows, compute)?;
        let new = rows.into_iter().zip(why).map(|(row, reasons)| Strange {
            name: block.ids.as_ref().map_or_else(|| block.name(row), |(_, ids)| ids[row].clone()),
            row: block.rows.subset(&[row]),
            score: scored.scores[row],
            pca_score: scored.pca.as_ref().map(|pca| pca[row]),
            percentile: scorer.and_then(|scorer| scorer.percentile(scored.scores[row])),
            is_anomaly: scorer.map(|scorer| scorer.is_anomaly(scored.scores[row])),
            reasons,
        });
        self.found.strangest.extend(new);
        // Of equal scores, the earlier row stays before the later.
        self.found.strangest.sort_by(|a, b| b.score.total_cmp(&a.score));
        self.found.strangest.truncate(most);
        Ok(())
    }

    fn judge(&mut self, block: &Block, scored: &Scored) -> Result<(), Failure> {
        let normal = &self.asked.wanted.normal;
        if normal.is_empty() {
            return Ok(());
        }
        if block.rows.labels().is_none() {
            return Err(Failure::user(format!(
                "{} has no classes, so --normal means nothing; name the column that says each row's class with --label",
                block.rows.name()
            )));
        }
        let is_anomaly =
            |row| !block.rows.class_of(row).is_some_and(|class| normal.iter().any(|name| name == class));
        let (scores, pca, anomalies) = &mut self.judged;
        scores.extend(&scored.scores);
        pca.extend(scored.pca.as_deref().unwrap_or_default());
        anomalies.extend((0..scored.scores.len()).map(is_anomaly));
        Ok(())
    }

    fn finish(mut self) -> Result<Found, Failure> {
        let (scores, pca, anomalies) = &self.judged;
        let one_kind = |error: SeparationError| {
            Failure::user(format!("{error}; --normal names {}", self.asked.wanted.normal.join(", ")))
        };
        if !anomalies.is_empty() {
            self.found.separation = Some(match pca.is_empty() {
                true => Separated::Alone(separation(scores, anomalies).map_err(one_kind)?),
                false => Separated::BesidePca(compare(scores, pca, anomalies).map_err(one_kind)?),
            });
        }
        Ok(self.found)
    }
}

/// The strangest rows, as they are written.
fn rows_of(asked: &Asked<'_>, strangest: &[Strange], is_array: bool) -> OutputRows {
    let scores: Vec<f64> = strangest.iter().map(|strange| strange.score).collect();
    if is_array {
        return scores_alone(&scores);
    }
    let names = strangest.iter().map(|strange| Some(strange.name.clone()));
    let names = ("row".to_owned(), OutputColumn::Text(names.collect()));
    let pca: Option<Vec<f64>> = strangest.iter().map(|strange| strange.pca_score).collect();
    let mut columns = columns_of(names, asked.scorer(), &scores, pca.as_deref());
    if asked.wanted.reasons > 0 {
        let because = strangest.iter().map(|strange| because_cell(asked, &strange.reasons));
        columns.push(("because".to_owned(), OutputColumn::Text(because.collect())));
    }
    OutputRows { columns, ..OutputRows::default() }
}

fn columns_of(
    names: (String, OutputColumn),
    scorer: Option<&AnomalyScorer>,
    scores: &[f64],
    pca: Option<&[f64]>,
) -> Vec<(String, OutputColumn)> {
    let numbers = |of: &dyn Fn(f64) -> f64| {
        OutputColumn::Numbers(scores.iter().map(|&score| of(score) as f32).collect())
    };
    let mut columns = vec![names, ("score".to_owned(), numbers(&|score| score))];
    if let Some(scorer) = scorer {
        if scorer.quantiles().is_some() {
            let rounded = |percentile: f64| (10.0 * percentile).round() / 10.0;
            let percentile = |score| scorer.percentile(score).map_or(f64::NAN, rounded);
            columns.push(("percentile".to_owned(), numbers(&percentile)));
        }
        let label = |score: f64| {
            if score.is_nan() { f64::NAN } else { f64::from(u8::from(scorer.is_anomaly(score))) }
        };
        columns.push(("label".to_owned(), numbers(&label)));
    }
    if let Some(pca) = pca {
        columns.push((
            "pca_score".to_owned(),
            OutputColumn::Numbers(pca.iter().map(|&score| score as f32).collect()),
        ));
    }
    columns
}

fn because_cell(asked: &Asked<'_>, reasons: &[Reason]) -> Option<String> {
    (!reasons.is_empty()).then(|| because(asked.model.model.input.schema(), reasons))
}

/// An array has room for numbers alone.
fn scores_alone(scores: &[f64]) -> OutputRows {
    let numbers = scores.iter().map(|&score| score as f32).collect();
    OutputRows { names: vec!["score".to_owned()], numbers, ..OutputRows::default() }
}
