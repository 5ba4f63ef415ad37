//! One training by several processes: each computes some chunks of every batch and writes them to a file; whoever adds the files and
//! applies the sum has the bits of a training in one process.

use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::process::Command;

use narrows::compute::Level;
use narrows::dataset::Samples;
use narrows::files::checkpoint::{self, Checkpoint};
use narrows::model::{Architecture, Parameters};
use narrows::train::{Event, Gradients, Objective, Optimiser, Trainer, Training, Watch};

use crate::support::{FEATURES, all_bits, architecture, as_bytes, compute, sparse_bytes};

const FOLDER: &str = "NARROWS_TEST_FOLDER";
const CHUNKS: &str = "NARROWS_TEST_CHUNKS";

fn model() -> Architecture {
    architecture(&[35, 5])
}

/// A batch of 1,200 rows has five chunks, the last of them short; the second batch of an epoch two.
fn settings() -> Training {
    Training { epochs: 2, batch_size: 1200, optimiser: Optimiser::muon(1e-2, 0.1), ..Training::default() }
}

fn samples() -> Samples {
    as_bytes(&sparse_bytes(1600, FEATURES, 1), FEATURES)
}

fn begin(samples: &Samples) -> Trainer {
    Trainer::towards(&model(), &settings(), samples, Objective::default()).unwrap()
}

/// Loss and numbers of each chunk, as a file holds them.
fn to_bytes(gradients: &[Gradients]) -> Vec<u8> {
    let of_chunk = |chunk: &Gradients| {
        let mut bytes = chunk.loss.to_le_bytes().to_vec();
        chunk.by_parameter.values().iter().for_each(|x| bytes.extend(x.to_le_bytes()));
        bytes
    };
    gradients.iter().flat_map(of_chunk).collect()
}

fn from_bytes(bytes: &[u8]) -> Vec<Gradients> {
    let zeros = Parameters::zeros(&model());
    let (loss_len, len) = (size_of::<f64>(), size_of::<f64>() + size_of_val(zeros.values()));
    let of_chunk = |bytes: &[u8]| {
        let (loss, numbers) = bytes.split_at(loss_len);
        let mut by_parameter = zeros.clone();
        let numbers = numbers.as_chunks().0.iter().map(|&x| f32::from_le_bytes(x));
        by_parameter.values_mut().iter_mut().zip(numbers).for_each(|(to, from)| *to = from);
        Gradients { loss: f64::from_le_bytes(loss.try_into().unwrap()), by_parameter }
    };
    bytes.chunks_exact(len).map(of_chunk).collect()
}

/// What another process does, which this program is run as: some chunks of the batch after a checkpoint.
#[test]
#[ignore = "a part of the test below, which runs it in processes of its own"]
fn some_chunks_of_a_batch() {
    let folder = std::env::var(FOLDER).unwrap();
    let chunks = std::env::var(CHUNKS).unwrap();
    let (start, end) = chunks.split_once("..").unwrap();
    let chunks: Range<usize> = start.parse().unwrap()..end.parse().unwrap();
    let samples = samples();
    let state = checkpoint::load(&Path::new(&folder).join("checkpoint")).unwrap().state;
    // With other threads and another level in each.
    let levels = Level::available();
    let mut compute = compute(levels[chunks.start % levels.len()], 1 + chunks.start % 2);
    let mut trainer = begin(&samples).restore(state).unwrap();
    let gradients = trainer.gradients(&mut compute, chunks.clone()).unwrap();
    std::fs::write(Path::new(&folder).join(format!("{}", chunks.start)), to_bytes(&gradients)).unwrap();
}

fn in_processes(folder: &Path, trainer: &mut Trainer, processes: usize) -> Gradients {
    let (architecture, training) = (model(), settings());
    let state = Checkpoint { architecture, training, data_hash: String::new(), state: trainer.state() };
    std::fs::write(folder.join("checkpoint"), checkpoint::to_bytes(&state)).unwrap();
    let all = trainer.chunks().unwrap();
    let parts = (0..processes).map(|i| i * all / processes..(i + 1) * all / processes);
    let parts: Vec<Range<usize>> = parts.filter(|part| !part.is_empty()).collect();
    let children = parts.iter().map(|part| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "processes::some_chunks_of_a_batch", "--ignored"])
            .env(FOLDER, folder)
            .env(CHUNKS, format!("{}..{}", part.start, part.end))
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    });
    for mut child in children.collect::<Vec<_>>() {
        assert!(child.wait().unwrap().success());
    }
    let files = parts.iter().map(|part| std::fs::read(folder.join(part.start.to_string())).unwrap());
    let chunks: Vec<Gradients> = files.flat_map(|bytes| from_bytes(&bytes)).collect();
    assert_eq!(chunks.len(), all);
    Gradients::sum(chunks).unwrap()
}

#[test]
fn any_number_of_processes_gives_the_same_bits() {
    let samples = samples();
    let mut one_process = begin(&samples);
    let mut compute = compute(Level::detect(), 2);
    let mut go_on = |_: &Event<'_>| ControlFlow::Continue(());
    while one_process.outcome().is_none() {
        one_process.epoch(Watch::default(), &mut compute, &mut go_on).unwrap();
    }
    for processes in [1, 2, 3, 5] {
        let folder = tempfile::tempdir().unwrap();
        let mut trainer = begin(&samples);
        while trainer.outcome().is_none() {
            while trainer.position().step < trainer.steps() {
                let sum = in_processes(folder.path(), &mut trainer, processes);
                assert!(trainer.apply(&mut compute, &sum).unwrap());
            }
            trainer.epoch(Watch::default(), &mut compute, &mut go_on).unwrap();
        }
        let bits = |trainer: &Trainer| all_bits(trainer.parameters().values());
        assert_eq!(bits(&trainer), bits(&one_process), "{processes} processes");
        for (a, b) in trainer.history().iter().zip(one_process.history()) {
            assert_eq!(a.training_loss.to_bits(), b.training_loss.to_bits(), "{processes} processes");
        }
    }
}
