//! What to train on data of which nothing is said but where it lies. docs/learning.md has the rule, and what it was checked on.

use super::TrainingSettings;
use crate::dataset::load::grouped;
use crate::dataset::{NormalisationKind, Schema};
use crate::model::{HiddenActivation, OutputActivation};
use crate::train::{Optimiser, Schedule};

/// Settings for data, each with its reason in [`Defaults::reasons`].
#[derive(Clone, Debug, PartialEq)]
pub struct Defaults {
    /// From raw values to the model's scale.
    pub normalisation: NormalisationKind,
    /// After the last layer.
    pub output: OutputActivation,
    /// After each hidden layer but the latent.
    pub activation: HiddenActivation,
    /// Sizes of the encoder's layers, the latent's last.
    pub hidden: Vec<usize>,
    /// Rows in a step.
    pub batch_size: usize,
    /// Passes over the training set.
    pub epochs: usize,
    /// How gradients change parameters.
    pub optimiser: Optimiser,
    /// How the learning rate goes.
    pub schedule: Schedule,
    /// Why, a sentence each.
    pub reasons: Vec<String>,
}

/// The published study's images: 28 × 28 pixels.
const STUDY_FEATURES: usize = 784;

/// Muon's greatest rate for them, in the experiment `quick`.
const STUDY_RATE: f64 = 2e-2;

/// The share of the steps in which the rate rises to its greatest.
const RISE: f64 = 0.2;

/// By how much weight decay alone would shrink the weights over a training: to e⁻² of what they were.
const SHRINKAGE: f64 = 2.0;

/// Rows in a step, where there are enough of them.
const BATCH_ROWS: usize = 256;

/// Passes over very many rows; of the real tables and images in docs/learning.md, all had more steps than they needed by then.
const MIN_EPOCHS: usize = 5;

/// Beyond it, few rows are learned by heart: on 569 rows of scikit-learn's breast_cancer the test error rises again.
const MAX_EPOCHS: usize = 100;

/// Steps that a data set is trained for, between these bounds: ten epochs of the study's 60,000 rows.
const STEPS: usize = 2_350;

impl Defaults {
    /// As an experiment has them.
    pub fn training(&self) -> TrainingSettings {
        TrainingSettings {
            epochs: Some(self.epochs),
            batch_size: Some(self.batch_size),
            optimiser: Some(self.optimiser),
            schedule: Some(self.schedule),
            activation: Some(self.activation),
            ..TrainingSettings::default()
        }
    }
}

/// Settings for data with this schema and so many rows to train on.
pub fn defaults(schema: &Schema, rows: usize) -> Defaults {
    let features = schema.features();
    let is_image = schema.image().is_some();
    let hidden = if is_image { hidden_of_images(features) } else { hidden_of_table(features) };
    // At least some ten steps an epoch, as long as a batch has enough rows to average over.
    let batch_size = (rows / 10).next_power_of_two().clamp(16, BATCH_ROWS);
    let steps_an_epoch = rows.div_ceil(batch_size).max(1);
    let epochs = STEPS.div_ceil(steps_an_epoch).clamp(MIN_EPOCHS, MAX_EPOCHS);
    // A step of Muon moves a unit's sum by the rate times √(inputs · longer side), so by the rate times its inputs where they are the
    // more: with the study's rate, images of 3,072 values learned worse.
    let rate = STUDY_RATE * (STUDY_FEATURES as f64 / features as f64).min(1.0);
    // Images and few rows are learned better with it, tables of many rows worse. One cycle's mean rate is half its greatest.
    let weight_decay = match is_image || epochs == MAX_EPOCHS {
        true => two_digits(SHRINKAGE / ((epochs * steps_an_epoch) as f64 * rate / 2.0)),
        false => 0.0,
    };
    let (normalisation, output, scale) = if is_image {
        let why = "pixels have a range: it becomes [-1, 1], which tanh keeps";
        (NormalisationKind::Symmetric, OutputActivation::Tanh, why)
    } else {
        let why = "columns have no common range: each becomes mean 0 and variance 1, which only a linear output reaches";
        (NormalisationKind::Standard, OutputActivation::Linear, why)
    };
    let sizes = hidden.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    let reasons = vec![
        scale.to_owned(),
        format!(
            "hidden sizes {sizes}: for {features} {}",
            if is_image { "values an image" } else { "columns" }
        ),
        format!(
            "SiLU, and Muon at a one-cycle rate of at most {rate:.4} with weight decay {weight_decay}: lower errors than the published study in \
             a fifteenth of its epochs"
        ),
        format!(
            "{epochs} epochs of {steps_an_epoch} steps, with {batch_size} rows a step: for {} rows to train on",
            grouped(rows)
        ),
    ];
    Defaults {
        normalisation,
        output,
        activation: HiddenActivation::Silu,
        hidden,
        batch_size,
        epochs,
        optimiser: Optimiser::muon(rate, weight_decay),
        schedule: Schedule::one_cycle_with_rise(RISE),
        reasons,
    }
}

/// The published study's 128 → 64 → 16 for its images; by powers of two wider or narrower, as the square root of the size goes.
fn hidden_of_images(features: usize) -> Vec<usize> {
    let scale = (features as f64 / STUDY_FEATURES as f64).sqrt();
    let wide = nearest_power_of_two(128.0 * scale).clamp(32, 512);
    vec![wide, wide / 2, (wide / 8).clamp(2, features)]
}

/// One layer about as wide as the table, and one latent for about eight columns, which are rarely independent.
fn hidden_of_table(columns: usize) -> Vec<usize> {
    let wide = nearest_power_of_two(columns as f64).clamp(16, 128);
    let latent = columns.div_ceil(8).clamp(2, 32).min(columns);
    vec![wide, latent]
}

/// A number as one would write it down, with two digits that count.
fn two_digits(x: f64) -> f64 {
    format!("{x:.1e}").parse().expect("a number reads what it has written")
}

fn nearest_power_of_two(size: f64) -> usize {
    1 << libm::log2(size.max(1.0)).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::ImageShape;

    #[test]
    fn the_studys_images_get_the_studys_widths_and_its_quick_schedule() {
        let mnist = defaults(&Schema::images(ImageShape::grey(28, 28)).unwrap(), 60_000);
        assert_eq!((mnist.hidden, mnist.batch_size, mnist.epochs), (vec![128, 64, 16], 256, 10));
        assert_eq!(
            (mnist.normalisation, mnist.output),
            (NormalisationKind::Symmetric, OutputActivation::Tanh)
        );
    }

    #[test]
    fn weights_decay_where_there_are_images_or_few_rows() {
        let decay = |schema: &Schema, rows| match defaults(schema, rows).optimiser {
            Optimiser::Muon { weight_decay, .. } => weight_decay,
            other => panic!("{other}"),
        };
        let (images, table) = (Schema::images(ImageShape::grey(28, 28)).unwrap(), Schema::rows(30).unwrap());
        // 10 epochs of 235 steps at a mean rate of 0.01; 100 epochs of 8.
        assert_eq!((decay(&images, 60_000), decay(&table, 512), decay(&table, 100_000)), (0.085, 0.25, 0.0));
    }

    #[test]
    fn wide_rows_get_a_lower_rate() {
        let rate = |shape| defaults(&Schema::images(shape).unwrap(), 2_700).optimiser.learning_rate();
        assert_eq!(rate(ImageShape::grey(28, 28)), 2e-2);
        assert_eq!(rate(ImageShape::grey(8, 8)), 2e-2);
        let colour = ImageShape { height: 32, width: 32, channels: 3 };
        assert!((rate(colour) - 2e-2 * 784.0 / 3072.0).abs() < 1e-12);
    }

    #[test]
    fn a_table_is_standardised_and_its_output_linear() {
        let table = defaults(&Schema::rows(30).unwrap(), 45_000);
        assert_eq!((table.hidden, table.epochs), (vec![32, 4], 14));
        assert_eq!(
            (table.normalisation, table.output),
            (NormalisationKind::Standard, OutputActivation::Linear)
        );
    }

    #[test]
    fn any_size_of_data_gets_settings_that_can_be() {
        for features in [1, 2, 3, 7, 64, 3_000, 100_000] {
            for rows in [1, 9, 100, 5_000, 10_000_000] {
                let settings = defaults(&Schema::rows(features).unwrap(), rows);
                assert!(
                    settings.hidden.iter().all(|&size| size > 0) && settings.hidden[1] <= features.max(1)
                );
                assert!((MIN_EPOCHS..=MAX_EPOCHS).contains(&settings.epochs));
            }
        }
        let photo = Schema::images(ImageShape { height: 64, width: 64, channels: 3 }).unwrap();
        assert_eq!(defaults(&photo, 4_000).hidden, [512, 256, 64]);
        assert_eq!(defaults(&Schema::images(ImageShape::grey(8, 8)).unwrap(), 1_600).hidden, [32, 16, 4]);
    }
}
