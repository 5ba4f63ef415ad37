//! The table of results: layers, errors and published figures of all models, side by side.

use super::super::{ModelSummary, PcaSummary, Published};
use super::Report;
use super::cells::{columns, error, error_cell, marked, thousands};
use crate::report::page::{Block, Cell, Table};

impl Report<'_> {
    /// The table, and what must be said of models that did not come to their end.
    pub(super) fn results(&self) -> Vec<Block> {
        let mut blocks = vec![Block::Table(self.results_table())];
        let diverged = self.summary.models.iter().filter(|model| model.outcome.starts_with("diverged"));
        blocks.extend(diverged.map(|model| {
            let text = format!("{} {}; its figures are of the last good epoch.", model.name, model.outcome);
            Block::Note(text.into())
        }));
        blocks.extend(self.summary.models_without_epoch.iter().map(|model| {
            Block::Note(format!("{} {} and has no figures.", model.name, model.outcome).into())
        }));
        blocks
    }

    fn results_table(&self) -> Table {
        let models = &self.summary.models;
        let published = models.iter().filter_map(|model| model.published.as_ref());
        let corrected = published.clone().any(|published| published.corrected_test_loss.is_some());
        let published = published.count() > 0;
        let mut headings = vec!["parameters", "epochs", "training loss"];
        headings.extend(published.then_some("published"));
        headings.extend(["training error", "test error"]);
        headings.extend(published.then_some("published"));
        headings.extend(corrected.then_some("corrected"));
        let yardstick = self.summary.yardstick_beside_models();
        let best = |value: fn(&ModelSummary) -> f64, exact: fn(&PcaSummary) -> f64| {
            let values = models.iter().map(value).chain(yardstick.map(exact));
            values.min_by(f64::total_cmp).map(error)
        };
        let best = [
            best(|m| m.train.model_scale, |p| p.train.model_scale),
            best(|m| m.test.model_scale, |p| p.test.model_scale),
        ];
        let note = self.summary.experiment.published_note.as_ref().filter(|_| corrected);
        let shown = Columns { published, corrected, note: note.is_some(), best };
        let mut rows: Vec<Vec<Cell>> = models.iter().map(|model| shown.model(model)).collect();
        rows.extend(yardstick.map(|pca| shown.exact(pca)));
        Table {
            anchor: "table-results".to_owned(),
            caption: format!(
                "All models on {}: the widths of their layers, of which the narrowest is the latent space, and their errors (mean \
                 squared error {}, in {}). The training loss is the mean over the last epoch's batches, each before its step; \
                 training and test error are of the finished model. Bold: the best of all, exact PCA included.",
                self.summary.data.name,
                self.summary.per_feature(),
                self.summary.scale()
            )
            .into(),
            columns: columns(&["model"], &["layers", "output"], &headings),
            rows,
            footnotes: note.map(|note| note.trim().into()).into_iter().collect(),
        }
    }

    /// How every model was trained and what it took, with the test error in the scale that most papers use.
    pub(super) fn costs(&self) -> Table {
        let row = |model: &ModelSummary| {
            let training = model.training.as_ref();
            let word = |text: Option<String>| text.map_or(Cell::default(), Cell::from);
            vec![
                model.name.clone().into(),
                word(training.map(|t| t.optimiser.to_string())),
                word(training.map(|t| t.schedule.to_string())),
                word(training.map(|t| t.batch_size.to_string())),
                format!("{:.1}", model.seconds).into(),
                word(model.seconds_per_epoch.map(|seconds| format!("{seconds:.2}"))),
                word(model.test.unit_scale.map(|error| format!("{error:.5}"))),
            ]
        };
        // A table has no range, and no error in [0, 1].
        let unit = self.summary.models.iter().any(|model| model.test.unit_scale.is_some());
        let mut numbers = vec!["batch", "seconds", "seconds an epoch"];
        numbers.extend(unit.then_some("test error in [0, 1]"));
        let beside = if unit {
            ", how long it took, and the test error in the [0, 1] scale of the data"
        } else {
            ", and how long it took"
        };
        Table {
            anchor: "table-costs".to_owned(),
            caption: format!("How the models were trained{beside}.").into(),
            columns: columns(&["model"], &["optimiser", "schedule"], &numbers),
            rows: self.summary.models.iter().map(row).collect(),
            ..Table::default()
        }
    }
}

/// Which columns there are, and the best of the two that have one.
struct Columns {
    published: bool,
    corrected: bool,
    note: bool,
    best: [Option<String>; 2],
}

impl Columns {
    fn model(&self, model: &ModelSummary) -> Vec<Cell> {
        let of_published = |value: fn(&Published) -> Option<f64>| model.published.as_ref().and_then(value);
        let mut row: Vec<Cell> = vec![
            model.name.clone().into(),
            sizes(model).into(),
            model.architecture.output.to_string().into(),
            thousands(model.parameters).into(),
            epochs(model),
            error_cell(model.training_loss),
        ];
        row.extend(self.published.then(|| error_cell(of_published(|p| p.training_loss))));
        row.push(marked(error(model.train.model_scale), self.best[0].as_deref()));
        row.push(marked(error(model.test.model_scale), self.best[1].as_deref()));
        row.extend(self.published.then(|| error_cell(of_published(|p| p.test_loss))));
        row.extend(self.corrected.then(|| {
            let value = of_published(|p| p.corrected_test_loss);
            let footnote = value.filter(|_| self.note).map(|_| 1);
            Cell { footnote, ..error_cell(value) }
        }));
        row
    }

    /// Exact PCA where it is no model of the experiment.
    fn exact(&self, pca: &PcaSummary) -> Vec<Cell> {
        let mut row: Vec<Cell> = vec![format!("exact PCA, {} components", pca.components).into()];
        row.resize_with(6 + usize::from(self.published), Cell::default);
        row.push(marked(error(pca.train.model_scale), self.best[0].as_deref()));
        row.push(marked(error(pca.test.model_scale), self.best[1].as_deref()));
        row
    }
}

/// `784–64–32–16–32–64–784`
pub(super) fn sizes(model: &ModelSummary) -> String {
    let layers = model.architecture.layers();
    let outputs = layers.iter().map(|layer| layer.shape.outputs);
    let sizes: Vec<String> =
        std::iter::once(model.architecture.inputs).chain(outputs).map(|size| size.to_string()).collect();
    sizes.join("–")
}

fn epochs(model: &ModelSummary) -> Cell {
    match &model.training {
        None => Cell::default(),
        Some(training) if model.epochs == training.epochs => model.epochs.to_string().into(),
        Some(training) => format!("{} of {}", model.epochs, training.epochs).into(),
    }
}
