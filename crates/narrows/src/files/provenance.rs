//! How a model came about. Nothing of it is needed to predict, so it is read leniently: what a later narrows says and this one does
//! not know is kept, and written again where it was.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::lenient::{put_back, unread};
use super::source::SourceRecord;
use crate::dataset::load::{LoadOptions, is_default};
use crate::model::Initialisation;
use crate::train::{Optimiser, Schedule, Training};

/// How a model came about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provenance {
    /// What it is called.
    pub name: String,
    /// The data it was trained on.
    pub data: String,
    /// The [`content_hash`](crate::dataset::Dataset::content_hash) of its training set; unknown in files of narrows 0.1.
    pub data_hash: Option<String>,
    /// Where that data was read from, and how; unknown in files of narrows 0.1.
    pub source: Option<LoadOptions>,
    /// How it was trained; absent for exact PCA, and where a later narrows trained in another way.
    pub training: Option<Training>,
    /// Epochs that were done.
    pub epochs: usize,
    /// The last epoch's average training loss.
    pub training_loss: Option<f64>,
    /// The narrows that made it.
    pub narrows: String,
    /// What its file says beside, which a later narrows wrote: by the keys of the file.
    pub unread: Map<String, Value>,
}

/// As a file has it.
#[derive(Serialize)]
struct ProvenanceRecord<'a> {
    name: &'a str,
    data: &'a str,
    data_hash: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<ReadFrom>,
    training: Option<Trained>,
    epochs: usize,
    training_loss: Option<f64>,
    narrows: &'a str,
}

/// A way of training, as files have it.
#[derive(Serialize, Deserialize)]
pub(super) struct Trained(#[serde(with = "TrainingRecord")] pub Training);

#[derive(Serialize, Deserialize)]
struct ReadFrom(#[serde(with = "SourceRecord")] LoadOptions);

/// What a later version adds here needs a default, for the files of before.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Training")]
struct TrainingRecord {
    epochs: usize,
    batch_size: usize,
    #[serde(with = "OptimiserRecord")]
    optimiser: Optimiser,
    #[serde(with = "ScheduleRecord")]
    schedule: Schedule,
    #[serde(with = "InitialisationRecord")]
    initialisation: Initialisation,
    seed: u64,
    test_every: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    patience: Option<usize>,
    #[serde(default, skip_serializing_if = "is_default")]
    min_change: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Optimiser", tag = "kind", rename_all = "lowercase")]
enum OptimiserRecord {
    Adam {
        learning_rate: f64,
        beta1: f64,
        beta2: f64,
        epsilon: f64,
        weight_decay: f64,
    },
    AdamW {
        learning_rate: f64,
        beta1: f64,
        beta2: f64,
        epsilon: f64,
        weight_decay: f64,
    },
    Sgd {
        learning_rate: f64,
        momentum: f64,
        weight_decay: f64,
        nesterov: bool,
    },
    Muon {
        learning_rate: f64,
        momentum: f64,
        nesterov: bool,
        weight_decay: f64,
        ns_steps: usize,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ns_coefficients: Option<[f64; 3]>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Schedule", tag = "kind", rename_all = "snake_case")]
enum ScheduleRecord {
    Constant,
    Cosine { warm_up: f64 },
    OneCycle { rise: f64, start_divisor: f64, end_divisor: f64, cycle_momentum: bool },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Initialisation", rename_all = "snake_case")]
enum InitialisationRecord {
    Pytorch,
    Xavier,
    He,
}

impl Provenance {
    fn record(&self) -> ProvenanceRecord<'_> {
        ProvenanceRecord {
            name: &self.name,
            data: &self.data,
            data_hash: self.data_hash.as_deref(),
            source: self.source.clone().map(ReadFrom),
            training: self.training.clone().map(Trained),
            epochs: self.epochs,
            training_loss: self.training_loss,
            narrows: &self.narrows,
        }
    }
}

impl Serialize for Provenance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.unread.is_empty() {
            return self.record().serialize(serializer);
        }
        let mut value = serde_json::to_value(self.record()).map_err(serde::ser::Error::custom)?;
        put_back(&self.unread, &mut value);
        value.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Provenance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let mut provenance = Self {
            name: known(&value, "name").unwrap_or_default(),
            data: known(&value, "data").unwrap_or_default(),
            data_hash: known(&value, "data_hash"),
            source: known(&value, "source").map(|ReadFrom(source)| source),
            training: known(&value, "training").map(|Trained(training)| training),
            epochs: known(&value, "epochs").unwrap_or_default(),
            training_loss: known(&value, "training_loss"),
            narrows: known(&value, "narrows").unwrap_or_default(),
            unread: Map::new(),
        };
        let record = serde_json::to_value(provenance.record()).map_err(serde::de::Error::custom)?;
        provenance.unread = unread(&value, &record);
        Ok(provenance)
    }
}

/// What an object says under a key, if that is understood.
fn known<T: DeserializeOwned>(object: &Value, key: &str) -> Option<T> {
    serde_json::from_value(object.get(key)?.clone()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dataset::load::{MissingRule, UnseenRule};

    fn of(training: Option<Training>) -> Provenance {
        Provenance {
            name: "model".to_owned(),
            data: "sensors".to_owned(),
            data_hash: Some("0123".to_owned()),
            source: Some(LoadOptions::of("sensors.csv")),
            training,
            epochs: 3,
            training_loss: Some(0.1),
            narrows: "0.1.0".to_owned(),
            unread: Map::new(),
        }
    }

    fn read(value: Value) -> Provenance {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn every_way_of_training_is_read_back_as_it_was() {
        let optimisers = [
            Optimiser::adam(1e-3, 1e-5),
            Optimiser::adamw(0.1, 0.2),
            Optimiser::Sgd { learning_rate: 0.1, momentum: 0.9, weight_decay: 0.0, nesterov: true },
            Optimiser::muon(1e-2, 0.1),
        ];
        let schedules = [Schedule::Constant, Schedule::Cosine { warm_up: 0.1 }, Schedule::one_cycle()];
        let initialisations = [Initialisation::Pytorch, Initialisation::Xavier, Initialisation::He];
        for optimiser in optimisers {
            for (schedule, initialisation) in schedules.into_iter().zip(initialisations) {
                let training =
                    Training { optimiser, schedule, initialisation, seed: 7, ..Training::default() };
                let provenance = of(Some(training));
                let text = serde_json::to_string(&provenance).unwrap();
                assert_eq!(serde_json::from_str::<Provenance>(&text).unwrap(), provenance, "{text}");
            }
        }
        let exact = of(None);
        assert_eq!(read(serde_json::to_value(&exact).unwrap()), exact);
    }

    #[test]
    fn every_way_of_reading_data_is_read_back_as_it_was_and_is_that_of_experiments() {
        let text = |text: &str| Some(text.to_owned());
        let all = LoadOptions {
            path: "a".to_owned(),
            test: text("b"),
            validation: text("c"),
            label: text("d"),
            id: text("e"),
            drop: vec!["f".to_owned()],
            columns: vec!["g".to_owned()],
            one_hot: vec!["h".to_owned()],
            unseen: UnseenRule::Zeros,
            dates: vec!["l".to_owned()],
            rename: [("i".to_owned(), "j".to_owned())].into(),
            missing: MissingRule::Mask,
            size: "4x5".parse().ok(),
            grey: true,
            skip_unreadable: true,
            test_share: Some(0.25),
            validation_share: Some(0.125),
            split: text("k"),
            split_seed: 3,
            memory: "200MB".parse().ok(),
            cache: None,
        };
        for source in
            [LoadOptions::of("a"), LoadOptions { missing: MissingRule::Mean, ..LoadOptions::of("a") }, all]
        {
            let provenance = Provenance { source: Some(source.clone()), ..of(None) };
            let written = serde_json::to_value(&provenance).unwrap();
            assert_eq!(written["source"], serde_json::to_value(&source).unwrap());
            assert_eq!(read(written), provenance);
        }
    }

    #[test]
    fn what_a_later_version_says_is_kept_and_written_again() {
        let mut later = serde_json::to_value(of(Some(Training::default()))).unwrap();
        later["training"]["calm"] = json!(5);
        later["training"]["optimiser"]["amsgrad"] = json!(true);
        later["source"]["sheet"] = json!("second");
        later["licence"] = json!({ "name": "MIT" });
        let read = read(later.clone());
        assert_eq!(read.training, Some(Training::default()), "one setting more hides none of the others");
        assert_eq!(read.source, Some(LoadOptions::of("sensors.csv")));
        assert_eq!(read.unread["training"], json!({ "calm": 5, "optimiser": { "amsgrad": true } }));
        assert_eq!(serde_json::to_value(&read).unwrap(), later);
    }

    #[test]
    fn an_optimiser_that_is_not_known_hides_the_training_alone() {
        let mut later = serde_json::to_value(of(Some(Training::default()))).unwrap();
        later["training"]["optimiser"] = json!({ "kind": "muon", "learning_rate": 0.02 });
        let read = read(later.clone());
        assert_eq!((&read.training, &read.unread["training"]), (&None, &later["training"]));
        assert_eq!(Provenance { unread: Map::new(), ..read.clone() }, of(None));
        assert_eq!(serde_json::to_value(&read).unwrap(), later);
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_no_error() {
        for value in [json!({}), json!({ "name": null }), json!(null), json!([1])] {
            assert_eq!(read(value), Provenance::default());
        }
        let odd = json!({ "name": 3, "epochs": "many", "data": "x" });
        let read = read(odd);
        assert_eq!((&*read.name, read.epochs, &*read.data), ("", 0, "x"));
        assert_eq!(Value::Object(read.unread), json!({ "name": 3, "epochs": "many" }));
    }
}
