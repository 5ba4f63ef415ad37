//! Small data that is not MNIST: images in colour, and a table with columns of very different scales.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;

use narrows::compute::Level;
use narrows::dataset::{Dataset, ImageShape, Parts, Schema, Values};
use narrows::experiment::{CheckpointEvery, Existing, Experiment, RunOptions, run_on};

/// Pixels on a side of an image.
pub const SIDE: usize = 16;
/// The classes of the images; one name is longer than any figure has room for.
pub const SUBJECTS: [&str; 3] = ["sun", "airplane over the open water at night", "leaf"];
/// The columns of the table.
pub const COLUMNS: [&str; 6] =
    ["temperature_of_the_outer_bearing", "pressure", "rpm", "flow", "power", "seconds_since_1970"];
/// The classes of its rows.
pub const MACHINES: [&str; 2] = ["pump", "fan"];

/// A discs of its class's colour before a ground of its class's, anywhere.
pub fn colour(labels: bool) -> Parts {
    let part = |name: &str, rows: usize, seed: usize| {
        let (mut bytes, mut classes) = (Vec::new(), Vec::new());
        for row in 0..rows {
            let class = row % SUBJECTS.len();
            let [x, y, size] = [1, 2, 3].map(|which| unit(seed + 17 * row + which));
            let (disc, ground) = [
                ([250, 200, 30], [90, 160, 240]),
                ([220, 220, 235], [10, 20, 70]),
                ([40, 160, 50], [120, 80, 40]),
            ][class];
            for pixel in 0..SIDE * SIDE {
                let [across, down] = [pixel % SIDE, pixel / SIDE].map(|place| place as f64 / SIDE as f64);
                let apart = (across - 0.25 - 0.5 * x).hypot(down - 0.25 - 0.5 * y);
                let inside = ((0.16 + 0.12 * size - apart) * 10.0).clamp(0.0, 1.0);
                let mixed = |(disc, ground): (u8, u8)| {
                    (f64::from(ground) + (f64::from(disc) - f64::from(ground)) * inside) as u8
                };
                bytes.extend(disc.into_iter().zip(ground).map(mixed));
            }
            classes.push(class as u32);
        }
        let schema = Schema::images(ImageShape { height: SIDE, width: SIDE, channels: 3 }).unwrap();
        let schema = schema.with_classes(SUBJECTS.map(str::to_owned).into()).unwrap();
        Dataset::new(name, schema, Values::Bytes(bytes), labels.then_some(classes)).unwrap()
    };
    Parts::new(part("discs (training)", 360, 1), None, part("discs (test)", 120, 90_001)).unwrap()
}

/// Six columns that follow from two hidden numbers and a clock, at scales from a thousandth to a billion.
pub fn table(labels: bool) -> Parts {
    let part = |name: &str, rows: usize, seed: usize| {
        let (mut values, mut classes) = (Vec::new(), Vec::new());
        for row in 0..rows {
            let machine = row % MACHINES.len();
            let [load, wear, noise, time] = [1, 2, 3, 4].map(|which| unit(seed + 31 * row + which));
            let speed = if machine == 0 { 1450.0 } else { 2900.0 };
            let row = [
                40.0 + 30.0 * load * load + 8.0 * wear,
                0.004 + 0.003 * load + 0.0004 * noise,
                speed * (1.0 - 0.04 * load) + 5.0 * noise,
                120.0 * load.sqrt() - 15.0 * wear,
                2000.0 * load * (1.0 + 0.2 * wear) + 400.0 * machine as f64,
                1.7e9 + 1.0e6 * time,
            ];
            values.extend(row.map(|value| value as f32));
            classes.push(machine as u32);
        }
        let schema = Schema::table(COLUMNS.map(str::to_owned).into()).unwrap();
        let schema = schema.with_classes(MACHINES.map(str::to_owned).into()).unwrap();
        Dataset::new(name, schema, Values::Numbers(values), labels.then_some(classes)).unwrap()
    };
    Parts::new(part("machines (training)", 800, 5), None, part("machines (test)", 300, 70_001)).unwrap()
}

/// Two models, a linear one among them, on images or on a table.
pub fn experiment(data: &str, ends: [&str; 2], measure: bool) -> String {
    let (normalisation, output) = if data == "discs" { ("unit", "sigmoid") } else { ("standard", "linear") };
    let [from, to] = ends;
    format!(
        "title = \"A study of {data}\"\ndata = \"{data}\"\nnormalisation = \"{normalisation}\"\n[training]\nepochs = 20\n\
         batch_size = 32\nactivation = \"silu\"\noptimiser = {{ kind = \"adam\", learning_rate = 1e-2 }}\n\
         [[models]]\nname = \"pca\"\nkind = \"pca-exact\"\nhidden = [3]\n\
         [[models]]\nname = \"linear\"\nhidden = [3]\noutput = \"linear\"\n\
         [[models]]\nname = \"deep\"\nhidden = [32, 3]\noutput = \"{output}\"\n\
         [interpolation]\nsteps = 50\nseeds = 1\nmeasure = {measure}\npairs = [{{ from = \"{from}\", to = \"{to}\" }}]\n"
    )
}

/// A number from 0 to 1 that looks drawn.
fn unit(index: usize) -> f64 {
    let mixed = (index as u64).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 32)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Runs an experiment on data that is in memory, in place of what the folder holds.
pub fn run(experiment: &Experiment, data: &Parts, folder: &Path) {
    let options = RunOptions {
        level: Level::detect(),
        threads: NonZeroUsize::new(2).unwrap(),
        existing: Existing::Replace,
        cpu: "a test".to_owned(),
        checkpoints: CheckpointEvery::default(),
    };
    run_on(data.clone().into(), experiment, folder, &options, &|_| ControlFlow::Continue(())).unwrap();
}
