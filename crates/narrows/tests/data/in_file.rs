//! Rows that stay in their file give what the same rows in memory give.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use narrows::dataset::format::{ArrayFile, FileProblem, Values as FileValues, idx, npy};
use narrows::dataset::{DataError, Missing, NormalisationKind, ReadAhead};
use narrows::evaluate::reconstruction_error;
use narrows::model::{ClassifierArchitecture, MismatchError};
use narrows::pca::Pca;
use narrows::train::{Event, Trained, Trainer, Training, TrainingError, Watch, train, train_classifier};

use super::*;

const ROWS: usize = 1000;

/// Each test has names of its own; the next run overwrites them.
fn place(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("files");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

/// Windows of 200 rows of numbers, and blocks of 7, which divide nothing.
fn small() -> ReadAhead {
    let row = 4 * FEATURES as u64 + 4;
    ReadAhead::new(7 * row, 200 * row)
}

fn numbers(rows: usize) -> Vec<f32> {
    (0..rows * FEATURES).map(|i| ((i * 7919 + i / 41) % 1013) as f32 / 100.0 - 3.0).collect()
}

fn bytes(rows: usize) -> Vec<u8> {
    (0..rows * FEATURES).map(|i| if i % 3 == 0 { (i * 31 % 251) as u8 } else { 0 }).collect()
}

/// The rows of numbers in a file, and in memory.
fn both(name: &str, rows: usize, ahead: ReadAhead) -> (Dataset, Dataset) {
    let path = place(name);
    npy::write(&path, &[rows, FEATURES], &FileValues::Numbers(numbers(rows))).unwrap();
    let schema = Schema::rows(FEATURES).unwrap();
    let memory = Dataset::new("memory", schema, Values::Numbers(numbers(rows)), None).unwrap();
    (open(&path, ahead).unwrap(), memory)
}

fn open(path: &Path, ahead: ReadAhead) -> Result<Dataset, DataError> {
    let array = ArrayFile::open(path).unwrap();
    Dataset::open_file("file", Schema::rows(FEATURES).unwrap(), array, None, ahead)
}

fn learn(dataset: &Dataset, threads: usize, training: &Training) -> Result<Trained, TrainingError> {
    let samples = InputSpec::fit(NormalisationKind::Standard, dataset).unwrap().samples(dataset).unwrap();
    let mut compute = Compute::at(Level::detect(), NonZeroUsize::new(threads).unwrap()).unwrap();
    let mut go_on = |_: &Event| ControlFlow::Continue(());
    train(&architecture(&[8, 2]), training, &samples, Some(&samples), &mut compute, &mut go_on)
}

fn settings() -> Training {
    Training { epochs: 3, batch_size: 32, test_every: 1, ..Training::default() }
}

fn bits(trained: &Trained) -> (Vec<u32>, Vec<(u64, u64)>) {
    let losses = trained.history.iter().map(|e| (e.training_loss.to_bits(), e.test_loss.unwrap().to_bits()));
    (trained.parameters.values().iter().map(|x| x.to_bits()).collect(), losses.collect())
}

#[test]
fn training_from_a_file_gives_the_same_bits_on_any_threads_and_learns_what_memory_learns() {
    let (file, memory) = both("bits.npy", ROWS, small());
    let once = learn(&file, 1, &settings()).unwrap();
    for threads in [1, 2, 3] {
        assert_eq!(bits(&learn(&file, threads, &settings()).unwrap()), bits(&once), "{threads} threads");
    }
    let other = learn(&file, 1, &Training { seed: 1, ..settings() }).unwrap();
    assert_ne!(bits(&other), bits(&once));
    // Another order of the rows, and the same task: losses of the third epoch that are near each other.
    let in_memory = learn(&memory, 1, &settings()).unwrap();
    assert_ne!(bits(&in_memory), bits(&once));
    let [a, b] = [&once, &in_memory].map(|trained| trained.history[2].training_loss);
    assert!((a / b - 1.0).abs() < 0.05, "{a} from a file, {b} in memory");
}

#[test]
fn an_epoch_has_every_row_once_whatever_the_sizes() {
    // With momentum and rates of 0 the parameters stay, so an epoch's loss is the mean over its rows, whatever their order.
    let frozen = Training {
        optimiser: narrows::train::Optimiser::adam(1e-30, 0.0),
        batch_size: 1,
        epochs: 2,
        ..settings()
    };
    for (index, rows) in [1, 2, 6, 7, 8, 199, 200, 201, 453].into_iter().enumerate() {
        let row = 4 * FEATURES as u64 + 4;
        for (block, window) in [(7, 200), (1, 1), (1, 3), (500, 500), (3, 10)] {
            let ahead = ReadAhead::new(block * row, window * row);
            let (file, memory) = both(&format!("sizes-{index}.npy"), rows, ahead);
            let [a, b] = [&file, &memory].map(|data| learn(data, 1, &frozen).unwrap());
            for (a, b) in a.history.iter().zip(&b.history) {
                let close = (a.training_loss / b.training_loss - 1.0).abs() < 1e-6;
                assert!(close, "{rows} rows, blocks of {block}, windows of {window}: {a:?}, {b:?}");
                assert_eq!(a.test_loss, b.test_loss);
            }
        }
    }
}

#[test]
fn what_asks_for_all_rows_gives_the_bits_of_memory() {
    let (file, memory) = both("whole.npy", ROWS, small());
    assert_eq!(file.content_hash(), memory.content_hash());
    assert_eq!(file.moments().unwrap(), memory.moments().unwrap());
    let some: Vec<usize> = (0..ROWS).filter(|row| row % 7 < 5).chain([3, 2, 999]).collect();
    for (file, memory) in [(file.clone(), memory.clone()), (file.subset(&some), memory.subset(&some))] {
        let mut compute = compute();
        let model = model();
        let samples = [&file, &memory].map(|data| model.input.samples(data).unwrap());
        let [a, b] = [&samples[0], &samples[1]].map(|rows| Pca::fit(&mut compute, rows).unwrap());
        assert_eq!((a.mean, a.variances, a.components), (b.mean, b.variances, b.components));
        let errors = [0, 1].map(|i| reconstruction_error(&model, &mut compute, &samples[i]).unwrap());
        assert_eq!(errors[0], errors[1]);
        let predictor = model.predictor().unwrap();
        let codes = [0, 1].map(|i| predictor.encode(&mut compute, &samples[i]).unwrap());
        assert_eq!(codes[0], codes[1]);
        let read = file.read_rows(&[5, 0]).unwrap();
        assert_eq!([read.raw_row(0), read.raw_row(1)], [memory.raw_row(5), memory.raw_row(0)]);
    }
    // Reconstructions are as large as the data.
    let predictor = model().predictor().unwrap();
    let samples = predictor.samples(&file).unwrap();
    let refused = predictor.reconstruct(&mut compute(), &samples).unwrap_err();
    assert!(matches!(refused, MismatchError::Reconstructions { rows: ROWS, .. }), "{refused}");
    let few = predictor.samples(&file.subset(&[4])).unwrap();
    assert_eq!(predictor.reconstruct(&mut compute(), &few).unwrap().len(), FEATURES);
}

#[test]
fn bytes_and_numbers_of_every_width_and_order_are_read() {
    let whole: Vec<f32> = bytes(ROWS).into_iter().map(f32::from).collect();
    let memory =
        Dataset::new("m", Schema::rows(FEATURES).unwrap(), Values::Numbers(whole.clone()), None).unwrap();
    let big_endian = |kind: &str, data: Vec<u8>| {
        let path = place(&format!("big-{}.npy", &kind[1..]));
        let header =
            format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({ROWS}, {FEATURES}), }}");
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend(data);
        std::fs::write(&path, file).unwrap();
        path
    };
    let doubles = whole.iter().flat_map(|&x| f64::from(x).to_be_bytes()).collect();
    let shorts = whole.iter().flat_map(|&x| (x as i16).to_be_bytes()).collect();
    let (as_idx, as_bytes) = (place("bytes-idx3-ubyte"), place("bytes.npy"));
    idx::write(&as_idx, &[ROWS, 5, 6], &FileValues::Bytes(bytes(ROWS))).unwrap();
    npy::write(&as_bytes, &[ROWS, FEATURES], &FileValues::Bytes(bytes(ROWS))).unwrap();
    let mut numbers = BTreeSet::new();
    for path in [big_endian(">f8", doubles), big_endian(">i2", shorts)] {
        let file = open(&path, small()).unwrap();
        assert_eq!(file.content_hash(), memory.content_hash(), "{}", path.display());
        numbers.insert(bits(&learn(&file, 2, &settings()).unwrap()));
    }
    assert_eq!(numbers.len(), 1, "one order and one result for all kinds of numbers");

    // A third of the bytes are not 0: they are picked, in memory and in windows.
    let of_bytes =
        Dataset::new("b", Schema::rows(FEATURES).unwrap(), Values::Bytes(bytes(ROWS)), None).unwrap();
    let scale = Normalisation::new(vec![2.0 / 255.0], vec![-1.0]).unwrap();
    let mut results = BTreeSet::new();
    for path in [&as_idx, &as_bytes] {
        let file = open(path, small()).unwrap();
        assert_eq!(file.content_hash(), of_bytes.content_hash());
        for threads in [1, 2, 3] {
            let mut compute = Compute::at(Level::detect(), NonZeroUsize::new(threads).unwrap()).unwrap();
            let wide = architecture(&[40, 2]);
            let mut go_on = |_: &Event| ControlFlow::Continue(());
            let samples = scale.apply(&file).unwrap();
            results.insert(bits(
                &train(&wide, &settings(), &samples, Some(&samples), &mut compute, &mut go_on).unwrap(),
            ));
        }
    }
    assert_eq!(results.len(), 1, "the same bits from every file and on any threads");
}

#[test]
fn labels_go_with_their_rows() {
    let path = place("labels.npy");
    // The class is told by the first column alone.
    let labels: Vec<u32> = (0..ROWS as u32).map(|row| row / 100 % 2).collect();
    let mut values = numbers(ROWS);
    values
        .chunks_exact_mut(FEATURES)
        .zip(&labels)
        .for_each(|(row, &label)| row[0] = 20.0 * label as f32 - 10.0);
    npy::write(&path, &[ROWS, FEATURES], &FileValues::Numbers(values)).unwrap();
    let schema = Schema::rows(FEATURES).unwrap().with_classes(vec!["a".into(), "b".into()]).unwrap();
    let array = ArrayFile::open(&path).unwrap();
    let dataset = Dataset::open_file("file", schema, array, Some(labels), small()).unwrap();
    let samples = Normalisation::identity().apply(&dataset).unwrap();
    let architecture = ClassifierArchitecture { inputs: FEATURES, hidden: 8, classes: 2 };
    let training = Training { epochs: 10, ..settings() };
    let labels = dataset.labels().unwrap();
    let mut go_on = |_: &Event| ControlFlow::Continue(());
    let trained =
        train_classifier(&architecture, &training, (&samples, labels), &mut compute(), &mut go_on).unwrap();
    assert!(trained.history[9].training_loss < 0.05, "{:?}", trained.history);
}

#[test]
fn a_file_that_shrinks_or_changes_while_it_is_trained_on_is_an_error_that_names_it() {
    type Harm = fn(&Path);
    let cut: Harm = |path| OpenOptions::new().write(true).open(path).unwrap().set_len(5000).unwrap();
    let overwritten: Harm = |path| {
        // The clock of a file system may tick a few times in a hundredth of a second only.
        std::thread::sleep(std::time::Duration::from_millis(50));
        let mut file = OpenOptions::new().write(true).open(path).unwrap();
        file.seek(SeekFrom::Start(200)).unwrap();
        file.write_all(&[1, 2, 3, 4]).unwrap();
    };
    for (name, harm) in [("cut.npy", cut), ("overwritten.npy", overwritten)] {
        let (file, _) = both(name, ROWS, small());
        let samples = Normalisation::identity().apply(&file).unwrap();
        let mut harmed = false;
        let result = train(
            &architecture(&[8, 2]),
            &Training { epochs: 50, ..settings() },
            &samples,
            None,
            &mut compute(),
            &mut |_| {
                if !std::mem::replace(&mut harmed, true) {
                    harm(&place(name));
                }
                ControlFlow::Continue(())
            },
        );
        let Err(TrainingError::Data(DataError::File(error))) = result else { panic!("{name}: {result:?}") };
        assert_eq!(error.path, place(name));
        match name {
            "cut.npy" => {
                assert!(matches!(error.problem, FileProblem::CutShort { .. }), "{error}");
                assert_eq!(error.offset, 5000);
            }
            _ => assert_eq!(error.problem, FileProblem::Changed, "{error}"),
        }
        // All else that reads it says so too.
        assert!(file.moments().is_err() && file.read_rows(&[ROWS - 1]).is_err());
        assert!(matches!(Pca::fit(&mut compute(), &samples), Err(narrows::pca::PcaError::Data(_))));
        let predictor = model().predictor().unwrap();
        assert!(predictor.encode(&mut compute(), &samples).is_err());
    }
}

#[test]
fn a_file_that_is_replaced_is_read_as_it_was() {
    let (file, memory) = both("replaced.npy", ROWS, small());
    let path = place("replaced.npy");
    npy::write(&path, &[2, FEATURES], &FileValues::Numbers(vec![0.0; 2 * FEATURES])).unwrap();
    assert_eq!(file.read_rows(&[999]).unwrap().raw_row(0), memory.raw_row(999));
}

#[test]
fn a_file_of_another_size_or_kind_is_refused_when_it_is_opened() {
    let path = place("size.npy");
    npy::write(&path, &[10, FEATURES], &FileValues::Numbers(numbers(10))).unwrap();
    let length = std::fs::metadata(&path).unwrap().len();
    let other =
        Dataset::open_file("d", Schema::rows(29).unwrap(), ArrayFile::open(&path).unwrap(), None, small());
    assert!(matches!(other, Err(DataError::Features { expected: 29, found: FEATURES, .. })));
    for (change, says) in [(-1, "ends too early"), (1, "goes on after")] {
        File::options().write(true).open(&path).unwrap().set_len(length.strict_add_signed(change)).unwrap();
        let error = ArrayFile::open(&path).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("size.npy"), "{error}");
    }
    let text = place("text.csv");
    std::fs::write(&text, "a,b\n1,2\n").unwrap();
    assert!(ArrayFile::open(&text).unwrap_err().to_string().contains(".npy"));
}

#[test]
fn a_value_that_is_not_finite_is_found_when_the_file_is_opened_and_named_by_its_row() {
    let path = place("nan.npy");
    // Beyond the first 256 rows, which are read at a time.
    let rows = 700;
    let mut values = numbers(rows);
    values[650 * FEATURES + 3] = f32::NAN;
    npy::write(&path, &[rows, FEATURES], &FileValues::Numbers(values.clone())).unwrap();
    let error = open(&path, small()).unwrap_err();
    assert!(matches!(error, DataError::NotFinite { row: 650, .. }), "{error}");
    let filled = Schema::rows(FEATURES).unwrap().with_missing(Missing::Fill(vec![0.5; FEATURES])).unwrap();
    let array = ArrayFile::open(&path).unwrap();
    let file = Dataset::open_file("d", filled.clone(), array, None, small()).unwrap();
    let memory = Dataset::new("d", filled, Values::Numbers(values), None).unwrap();
    assert_eq!(file.content_hash(), memory.content_hash());
    assert_eq!(file.read_rows(&[650]).unwrap().raw_row(0)[3], 0.5);
}

#[test]
fn a_training_from_a_file_goes_on_at_every_step_of_every_window() {
    let (file, _) = both("resumed.npy", ROWS, small());
    let samples = InputSpec::fit(NormalisationKind::Standard, &file).unwrap().samples(&file).unwrap();
    // 32 steps in an epoch, six in a window.
    let training = Training { epochs: 2, ..settings() };
    let begin = || Trainer::new(&architecture(&[8, 2]), &training, &samples).unwrap();
    let stopped_after = |steps: usize, mut trainer: Trainer| {
        let mut taken = 0;
        let mut observe = |event: &Event<'_>| {
            taken += usize::from(matches!(event, Event::Batch { .. }));
            if taken == steps { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        loop {
            let ended = trainer.epoch(Watch::default(), &mut compute(), &mut observe).unwrap();
            if ended.is_some() {
                return trainer;
            }
        }
    };
    let bits = |trainer: &Trainer| -> (Vec<u32>, Vec<u64>) {
        let losses = trainer.history().iter().map(|epoch| epoch.training_loss.to_bits());
        (trainer.parameters().values().iter().map(|x| x.to_bits()).collect(), losses.collect())
    };
    let whole = stopped_after(usize::MAX, begin());
    assert_eq!(whole.history().len(), 2);
    for steps in 1..64 {
        let left = stopped_after(steps, begin()).state();
        assert!(left.order.contains("windows"), "{}", left.order);
        let resumed = stopped_after(usize::MAX, begin().restore(left).unwrap());
        assert!(bits(&resumed) == bits(&whole), "stopped after {steps} of 64 steps");
    }
}
