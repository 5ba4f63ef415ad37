//! Four steps of each golden file, from PyTorch's parameters on PyTorch's batches.

use std::collections::BTreeSet;

use narrows::compute::Level;
use narrows::dataset::Samples;
use narrows::model::{Architecture, HiddenActivation, OutputActivation, Parameters};
use narrows::train::{Objective, Optimiser, Schedule, Step};
use serde::{Deserialize, Deserializer};

use crate::golden::{Golden, folder, read};
use crate::support::{assert_all_close, assert_close, autoencoder, compute};

/// What a file's metadata says. A field that is not known here could change what the numbers mean, so it is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "naming a field is knowing it")]
struct Case {
    name: String,
    written_by: String,
    seed: u64,
    kind: String,
    inputs: usize,
    hidden: Vec<usize>,
    hidden_activation: HiddenActivation,
    output_activation: OutputActivation,
    input_range: [f64; 2],
    batch_rows: Vec<usize>,
    loss: Loss,
    #[serde(deserialize_with = "optimiser")]
    optimiser: Optimiser,
    schedule: Option<Scheduler>,
    learning_rate_per_step: Vec<f64>,
    beta1_per_step: Vec<Option<f64>>,
    float32_distance: PerGroup,
    movement_by_gradient_noise: f64,
    /// Of Muon alone.
    #[serde(default)]
    movement_by_gram_noise: f64,
    largest_magnitude: PerGroup,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Loss {
    MeanSquaredError,
}

#[derive(Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", rename_all_fields = "snake_case", deny_unknown_fields)]
enum Scheduler {
    OneCycle { total_steps: u64, max_learning_rate: f64 },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "naming a field is knowing it")]
struct PerGroup {
    latent: f64,
    output: f64,
    loss: f64,
    gradient: f64,
    after: f64,
}

/// An optimiser says `kind` where the files say `name`. No number may be left to a default.
fn optimiser<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Optimiser, D::Error> {
    use serde::de::Error;
    let mut table = serde_json::Map::deserialize(deserializer)?;
    let kind = table.remove("name").ok_or_else(|| D::Error::missing_field("name"))?;
    table.insert("kind".to_owned(), kind);
    let optimiser: Optimiser = serde_json::from_value(table.clone().into()).map_err(D::Error::custom)?;
    let written = serde_json::to_value(optimiser).map_err(D::Error::custom)?;
    if written.as_object() != Some(&table) {
        return Err(D::Error::custom(format!("{written} was read from {table:?}")));
    }
    Ok(optimiser)
}

/// golden/README.md argues for these two. A float32 run of PyTorch stays below a quarter of the first; no wrong formula
/// stays within the second.
impl Case {
    fn tolerance(&self, group: impl Fn(&PerGroup) -> f64) -> f64 {
        (-20_f64).exp2() * group(&self.largest_magnitude)
    }

    fn tolerance_after(&self) -> f64 {
        2.0 * self.movement() + 2e-7
    }

    fn movement(&self) -> f64 {
        self.movement_by_gradient_noise + self.movement_by_gram_noise
    }
}

#[test]
fn steps_are_those_of_pytorch() {
    let mut files: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("step-"))
        .collect();
    files.sort();
    // As golden/README.md lists them: three sizes with seven optimisers, one and six and two other activations, three
    // unusual settings.
    assert_eq!(files.len(), 3 * 7 + 1 + 6 + 2 + 3, "{files:?}");

    let mut seen = Seen::default();
    for file in files {
        let golden: Golden<Case> = read(&file);
        seen.add(&golden.description);
        for level in Level::available() {
            run(&golden, level);
        }
    }
    seen.assert_all();
}

fn run(golden: &Golden<Case>, level: Level) {
    let Golden { description: case, tensors } = golden;
    let name = format!("{} at {level}", case.name);
    let mut compute = compute(level, 2);
    let architecture = Architecture {
        inputs: case.inputs,
        hidden: case.hidden.clone(),
        activation: case.hidden_activation,
        output: case.output_activation,
    };
    let before = golden.parameters(Parameters::zeros(&architecture), "before");

    let mut values = Vec::new();
    let mut batches: Vec<Vec<u32>> = Vec::new();
    let mut rows = 0;
    for (i, &count) in case.batch_rows.iter().enumerate() {
        let tensor = &tensors[&format!("batch/{i}")];
        assert_eq!(tensor.shape, [count, case.inputs], "{name}, batch {i}");
        values.extend(tensor.singles());
        batches.push((rows..rows + count as u32).collect());
        rows += count as u32;
    }
    let first = case.batch_rows[0] * case.inputs;
    let first_batch = Samples::in_model_scale(case.inputs, values[..first].to_vec()).unwrap();
    let samples = Samples::in_model_scale(case.inputs, values).unwrap();

    let model = autoencoder(&architecture, &before);
    let latent = model.encode(&mut compute, &first_batch).unwrap();
    let tolerance = case.tolerance(|group| group.latent);
    assert_all_close(&latent, &tensors["latent"].values, tolerance, format_args!("{name}, latent"));
    let output = model.reconstruct(&mut compute, &first_batch).unwrap();
    let tolerance = case.tolerance(|group| group.output);
    assert_all_close(&output, &tensors["output"].values, tolerance, format_args!("{name}, output"));

    let most_rows = *case.batch_rows.iter().max().unwrap();
    let mut step = Step::new(&architecture, &before, most_rows);
    let zeros = Parameters::zeros(&architecture);
    let gradients = step.gradients(&mut compute, &samples, Objective::default(), &batches[0], &zeros);
    let losses = &tensors["loss"].values;
    let tolerance = case.tolerance(|group| group.loss);
    assert_close(gradients.loss, losses[0], tolerance, format_args!("{name}, loss beside the gradients"));
    let tolerance = case.tolerance(|group| group.gradient);
    golden.compare(&gradients.by_parameter, "gradient", tolerance, &name);

    let gradients = tensors.iter().filter(|(name, _)| name.starts_with("gradient/"));
    let slope: f64 = gradients.flat_map(|(_, tensor)| &tensor.values).map(|gradient| gradient.abs()).sum();
    let mut step = Step::new(&architecture, &before, most_rows);
    assert_eq!(losses.len(), batches.len(), "{name}");
    for (i, (batch, &expected)) in batches.iter().zip(losses).enumerate() {
        let (number, what) = (i as u64, format!("{name}, step {i}"));
        let rates = match &case.schedule {
            None => Schedule::Constant.rates(case.optimiser.learning_rate(), number, batches.len() as u64),
            Some(Scheduler::OneCycle { total_steps, max_learning_rate }) => {
                Schedule::one_cycle().rates(*max_learning_rate, number, *total_steps)
            }
        };
        let close = (-50_f64).exp2();
        assert_close(
            rates.learning_rate,
            case.learning_rate_per_step[i],
            close,
            format_args!("{what}, rate"),
        );
        if let (Some(actual), Some(expected)) = (rates.momentum, case.beta1_per_step[i]) {
            assert_close(actual, expected, close, format_args!("{what}, momentum"));
        }
        assert_eq!(rates.momentum.is_some(), case.schedule.is_some(), "{what}");
        let loss = step.take(&mut compute, &samples, batch, case.optimiser.rules(number + 1, rates));
        // Parameters that may move bring a loss that may, by as much as its slope in all of them.
        let moved = if i == 0 { 0.0 } else { case.movement() * slope };
        let tolerance = case.tolerance(|group| group.loss) + moved;
        assert_close(loss, expected, tolerance, format_args!("{what}, loss"));
    }
    let mut after = Parameters::zeros(&architecture);
    step.parameters(&mut after);
    golden.compare(&after, "after", case.tolerance_after(), &name);
}

/// What the files cover, lest a mistake in the program that writes them leave something untested.
#[derive(Default)]
struct Seen {
    hidden: BTreeSet<String>,
    output: BTreeSet<String>,
    optimisers: BTreeSet<&'static str>,
    depths: BTreeSet<usize>,
    schedules: usize,
}

impl Seen {
    fn add(&mut self, case: &Case) {
        self.hidden.insert(case.hidden_activation.to_string());
        self.output.insert(case.output_activation.to_string());
        self.depths.insert(case.hidden.len());
        self.schedules += usize::from(case.schedule.is_some());
        self.optimisers.insert(match case.optimiser {
            Optimiser::Adam { weight_decay: 0.0, .. } => "Adam",
            Optimiser::Adam { .. } => "Adam with weight decay",
            Optimiser::AdamW { .. } => "AdamW",
            Optimiser::Sgd { nesterov: true, .. } => "SGD, Nesterov",
            Optimiser::Sgd { momentum: 0.0, .. } => "SGD",
            Optimiser::Sgd { .. } => "SGD, momentum",
            Optimiser::Muon { nesterov: true, .. } => "Muon, Nesterov",
            Optimiser::Muon { .. } => "Muon",
        });
    }

    fn assert_all(&self) {
        assert_eq!((self.hidden.len(), self.output.len()), (7, 3), "{:?}, {:?}", self.hidden, self.output);
        assert_eq!(self.optimisers.len(), 8, "{:?}", self.optimisers);
        assert_eq!(self.depths, BTreeSet::from([1, 2, 3]));
        assert_eq!(self.schedules, 1);
    }
}
