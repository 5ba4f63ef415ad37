//! `history.csv`: the losses of every epoch, a line each, for spreadsheets and plots; and for narrows, which draws them again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::LoadError;
use super::read::{MAX_HISTORY_BYTES, read_text};
use crate::train::EpochReport;

/// A line as it is read: columns may be absent, and what is not known here is passed over.
#[derive(Deserialize)]
struct Line {
    epoch: usize,
    training_loss: f64,
    #[serde(default)]
    validation_loss: Option<f64>,
    #[serde(default)]
    test_loss: Option<f64>,
    #[serde(default)]
    seconds: Option<f64>,
}

/// A header, then one line an epoch. The columns `validation_loss` and `test_loss` are there if they were measured; after
/// epochs without a measurement their field is empty, which programs read as a missing number.
pub fn to_csv(history: &[EpochReport]) -> String {
    type Loss = fn(&EpochReport) -> Option<f64>;
    let columns: [(&str, Loss); 2] =
        [("validation_loss", |epoch| epoch.validation_loss), ("test_loss", |epoch| epoch.test_loss)];
    let columns: Vec<(&str, Loss)> =
        columns.into_iter().filter(|(_, loss)| history.iter().any(|epoch| loss(epoch).is_some())).collect();
    let names: String = columns.iter().map(|(name, _)| format!("{name},")).collect();
    let mut csv = format!("epoch,training_loss,{names}seconds\n");
    for report in history {
        csv.push_str(&format!("{},{},", report.epoch, report.training_loss));
        for (_, loss) in &columns {
            csv.push_str(&format!("{},", loss(report).map(|loss| loss.to_string()).unwrap_or_default()));
        }
        csv.push_str(&format!("{:.4}\n", report.duration.as_secs_f64()));
    }
    csv
}

/// Where the history of a model's file is: `history.csv` of `model.safetensors`, `seed-2-history.csv` of `seed-2.safetensors`.
pub fn beside(model: &Path) -> PathBuf {
    let stem = model.file_stem().unwrap_or_default().to_string_lossy();
    let name = if stem == "model" { "history.csv".to_owned() } else { format!("{stem}-history.csv") };
    model.with_file_name(name)
}

/// Reads it back: losses to the bit, times to a tenth of a millisecond.
///
/// # Errors
/// [`LoadError`] if the file cannot be read, or is no history.
pub fn load(path: &Path) -> Result<Vec<EpochReport>, LoadError> {
    let name = path.display().to_string();
    match read_text(path, MAX_HISTORY_BYTES) {
        Ok(text) => from_csv(&text).map_err(|why| LoadError::History { path: name, why: why.to_string() }),
        Err(source) => Err(LoadError::Read { path: name, source }),
    }
}

fn from_csv(text: &str) -> Result<Vec<EpochReport>, csv::Error> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let report = |line: Result<Line, csv::Error>| {
        let Line { epoch, training_loss, validation_loss, test_loss, seconds } = line?;
        let duration = Duration::try_from_secs_f64(seconds.unwrap_or_default()).unwrap_or_default();
        Ok(EpochReport { epoch, training_loss, validation_loss, test_loss, duration })
    };
    reader.deserialize().map(report).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(epoch: usize, test_loss: Option<f64>) -> EpochReport {
        let duration = Duration::from_millis(1500);
        EpochReport { epoch, training_loss: 0.5, validation_loss: None, test_loss, duration }
    }

    #[test]
    fn a_history_has_a_test_loss_only_where_it_was_measured() {
        let never = to_csv(&[epoch(1, None), epoch(2, None)]);
        assert_eq!(never, "epoch,training_loss,seconds\n1,0.5,1.5000\n2,0.5,1.5000\n");
        let every_second = to_csv(&[epoch(1, None), epoch(2, Some(0.25))]);
        assert_eq!(every_second, "epoch,training_loss,test_loss,seconds\n1,0.5,,1.5000\n2,0.5,0.25,1.5000\n");
    }

    #[test]
    fn losses_are_read_back_to_the_bit() {
        let validated =
            EpochReport { validation_loss: Some(1.0 / 3.0), training_loss: 1e-300, ..epoch(3, None) };
        let history = [epoch(1, None), epoch(2, Some(0.1 + 0.2)), validated];
        assert_eq!(from_csv(&to_csv(&history)).unwrap(), history);
        let longer = "epoch,training_loss,later_loss,seconds\n1,0.5,7,1.5\n";
        assert_eq!(from_csv(longer).unwrap(), [epoch(1, None)]);
        for wrong in ["epoch,loss\n1,0.5\n", "epoch,training_loss\n1,much\n", "epoch,training_loss\n1\n"] {
            assert!(from_csv(wrong).is_err(), "{wrong}");
        }
    }
}
