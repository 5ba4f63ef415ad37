//! `narrows detect`: from a file without labels to its strangest rows, with reasons.

use std::path::{Path, PathBuf};

use clap::Args;
use narrows::compute::Compute;
use narrows::dataset::format::STANDARD_INPUT;
use narrows::dataset::load::{LoadOptions, Loaded};
use narrows::dataset::output::RowFormat;
use narrows::dataset::{Part, Parts};
use narrows::evaluate::anomaly::Threshold;
use narrows::experiment::{Experiment, ModelSettings, TrainingSettings, defaults};
use narrows::report::page::{Align, Block, Cell, Column, Figure, Image, Page, Section, Table};
use narrows::report::panels::{Key, panels};

use crate::arguments::{Common, count};
use crate::commands::blocks::AllRows;
use crate::commands::data_arguments::{DataArguments, read_masked};
use crate::commands::model_file::{LoadedModel, Models, only};
use crate::commands::output::{print, write_file};
use crate::commands::profiles::{GREY, Line, Profiles, SCALE};
use crate::commands::rows_out::RowsFile;
use crate::commands::run::{GoingOn, carry_out};
use crate::commands::score::{
    Asked, Found, Output, Scorers, Strange, Wanted, because, fit, heat_figure, number, summary,
};
use crate::failure::Failure;

/// What the model is called.
const NAME: &str = "detector";

/// The strangest rows: in the table of the page, and those that are drawn.
const SHOWN: usize = 25;
const DRAWN: usize = 10;

/// Columns or pixels that are named for each row.
const REASONS: usize = 3;

/// Two panels stand side by side.
const HALF_PANEL: (f64, f64) = (400.0, 150.0);

/// Of each row that is drawn, the colour of what the model expects.
const EXPECTED: [u8; 3] = [0xb3, 0x3a, 0x1e];

/// Find the strangest rows of data without labels, and say why: trains a model, scores every row, and shows those of the greatest scores
///
/// What is trained is what `narrows train` trains if nothing is said. It leaves a run's folder, and in it: anomalies.html, the strangest rows
/// to look at; anomalies.csv, the strangest rows with reasons, the strangest first; scores.csv, the score of every row in the order of the
/// data. A greater score is more anomalous. Where values are missing, they are masked.
#[derive(Debug, Args)]
pub struct Detect {
    #[command(flatten)]
    data: DataArguments,

    /// The share of the rows that are taken for anomalies
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    contamination: f64,

    /// Rows in anomalies.csv
    #[arg(long, value_name = "N", value_parser = count, default_value_t = 1000)]
    top: usize,

    /// The classes that are normal, of the column that --label names, to measure how well the scores separate the others from them
    #[arg(long, value_name = "CLASS", num_args = 1.., value_delimiter = ',')]
    normal: Vec<String>,

    /// Passes over the rows [default: chosen for the data]
    #[arg(long, value_name = "N", value_parser = count)]
    epochs: Option<usize>,

    /// The folder for the results [default: runs/DATA-anomalies]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    #[command(flatten)]
    going_on: GoingOn,
}

impl Detect {
    /// Does it.
    pub fn run(&self, common: &Common) -> Result<(), Failure> {
        // Refused before anything is trained.
        if !(self.contamination > 0.0 && self.contamination <= 0.5) {
            return Err(Failure::user(format!(
                "--contamination {}: expected a share above 0 and at most 0.5",
                self.contamination
            )));
        }
        let mut data = self.options()?;
        let out =
            self.out.clone().unwrap_or_else(|| Path::new("runs").join(format!("{}-anomalies", data.name())));
        let loaded = read_masked(&mut data, common)?;
        let parts = loaded.parts.clone();
        let experiment = self.experiment(data, &loaded);
        carry_out(&experiment, loaded, &out, &self.going_on, false, None, common)?;

        let model = only(Models::of(&out).load()?)?;
        let mut compute = common.compute()?;
        let scorers =
            fit(&model, &parts, Threshold::Contamination(self.contamination), Part::Train, &mut compute)?;
        let found = self.scored(&model, &scorers, &out, &mut compute, common)?;
        let text = summary(&model, scorers.model.as_ref(), &found);
        let page = page(&model, &parts, &found, &text, &mut compute)?;
        let path = out.join("anomalies.html");
        write_file(&path, page.html().as_bytes())?;
        print(&format!("\n{text}\n{}\n", path.display()))
    }

    fn options(&self) -> Result<LoadOptions, Failure> {
        match self.data.path() {
            None => {
                Err(Failure::user("which data? Give a file or folder: narrows detect --data sensors.csv"))
            }
            Some(STANDARD_INPUT) => Err(Failure::user(
                "detect reads its data twice, so it cannot be the standard input; write it to a file",
            )),
            Some(_) => Ok(self.data.options()),
        }
    }

    fn experiment(&self, data: LoadOptions, loaded: &Loaded) -> Experiment {
        let chosen = defaults(loaded.parts.schema(), loaded.parts.train().rows());
        let epochs = Some(self.epochs.unwrap_or(chosen.epochs));
        let training = TrainingSettings { epochs, ..chosen.training() };
        let model = ModelSettings {
            name: NAME.to_owned(),
            hidden: chosen.hidden,
            output: Some(chosen.output),
            ..ModelSettings::default()
        };
        Experiment {
            title: format!("Anomalies in {}", data.name()),
            data,
            normalisation: chosen.normalisation,
            training,
            models: vec![model],
            ..Experiment::default()
        }
    }

    /// Scores all rows, and writes them.
    fn scored(
        &self,
        model: &LoadedModel,
        scorers: &Scorers,
        out: &Path,
        compute: &mut Compute,
        common: &Common,
    ) -> Result<Found, Failure> {
        let rows = AllRows::of(self.data.clone());
        let wanted = Wanted {
            strangest: self.top.max(SHOWN),
            reasons: REASONS,
            normal: self.normal.clone(),
            ..Wanted::default()
        };
        let asked = Asked { model, rows: &rows, scorers, wanted: &wanted };
        let csv = |name: &str| RowsFile::File(out.join(name), RowFormat::Csv);
        let mut found = asked.pass(
            &Output::Both { all: csv("scores.csv"), strangest: csv("anomalies.csv"), most: self.top },
            compute,
            common,
        )?;
        found.strangest.truncate(SHOWN);
        Ok(found)
    }
}

/// What was found, to look at.
fn page(
    model: &LoadedModel,
    data: &Parts,
    found: &Found,
    summary: &str,
    compute: &mut Compute,
) -> Result<Page, Failure> {
    let name = &model.provenance.data;
    let lines = summary.lines().map(|line| Block::Paragraph(line.into()));
    let explained = "The score of a row is its mean squared error in the model's scale: how badly an autoencoder that was trained on all rows \
                     reconstructs this one. A greater score is more anomalous. A share says how much of the row's error lies in a column.";
    let found_section = Section {
        heading: "What was found".to_owned(),
        blocks: lines.chain([Block::Note(explained.into())]).collect(),
    };
    let drawn = &found.strangest[..found.strangest.len().min(DRAWN)];
    let (caption, svg) = match model.model.input.image() {
        Some(_) => (
            "The strangest images, the strangest first; under each what the model makes of it, and where the two differ.",
            heat_figure(model, drawn, compute)?,
        ),
        None => (
            "The strangest rows, and what the model expects there. A gap is a missing value.",
            profiles(model, data, drawn, compute)?,
        ),
    };
    let figure = Figure {
        anchor: "figure-strangest".to_owned(),
        caption: caption.into(),
        alt: caption.to_owned(),
        image: Image::Svg(svg),
    };
    let strangest = Section {
        heading: "The strangest rows".to_owned(),
        blocks: vec![Block::Table(table(model, &found.strangest)), Block::Figure(figure)],
    };
    Ok(Page {
        title: format!("Anomalies in {name}"),
        subtitle: format!("{} rows, scored by {}", found.rows, model.model.architecture),
        answers: None,
        sections: vec![found_section, strangest],
        live: None,
    })
}

/// Each row as a line over its columns, and what the model expects.
fn profiles(
    model: &LoadedModel,
    data: &Parts,
    strangest: &[Strange],
    compute: &mut Compute,
) -> Result<String, Failure> {
    let profiles = Profiles::of(data)?;
    let predictor = model.model.predictor()?;
    let mut drawn = Vec::new();
    for strange in strangest {
        let samples = model.samples(&strange.row)?;
        let expected = model.model.input.raw(&predictor.reconstruct(compute, &samples)?);
        let raw = strange.row.raw_row(0);
        let lines = [Line { raw: &expected, colour: EXPECTED }, Line { raw: &raw, colour: GREY }];
        let title = format!("{}: score {}", strange.name, number(strange.score as f32));
        drawn.push(profiles.panel(title, &lines));
    }
    let key = [("the row", GREY), ("what the model expects", EXPECTED)]
        .map(|(label, colour)| Key { label: label.to_owned(), colour });
    let title = format!("The strangest rows\n{SCALE}{}", profiles.left_out());
    Ok(panels(&title, &key, HALF_PANEL, 2, &drawn))
}

fn table(model: &LoadedModel, strangest: &[Strange]) -> Table {
    let column = |heading: &str, align| Column { heading: heading.to_owned(), align };
    let known = |text: Option<String>| text.map_or_else(Cell::default, Cell::from);
    let row = |strange: &Strange| {
        vec![
            strange.name.clone().into(),
            number(strange.score as f32).into(),
            known(strange.percentile.map(|percentile| format!("{percentile:.1}"))),
            known(
                strange.is_anomaly.map(|is_anomaly| if is_anomaly { "anomaly" } else { "normal" }.to_owned()),
            ),
            known(strange.pca_score.map(|score| number(score as f32))),
            because(model.model.input.schema(), &strange.reasons).into(),
        ]
    };
    Table {
        anchor: "table-strangest".to_owned(),
        caption: "The rows of the greatest scores, and the columns that contribute most. A percentile is among the scores of the rows that the \
                  model was trained on."
            .into(),
        columns: vec![
            column("row", Align::Left),
            column("score", Align::Right),
            column("percentile", Align::Right),
            column("by the threshold", Align::Left),
            column("exact PCA's score", Align::Right),
            column("because", Align::Wrapped),
        ],
        rows: strangest.iter().map(row).collect(),
        footnotes: Vec::new(),
    }
}
