//! MNIST, embedded: 60,000 training and 10,000 test images of handwritten digits, with their labels.
//!
//! ```
//! let mnist = narrows_mnist::load();
//! assert_eq!(mnist.train.labels[..5], [5, 0, 4, 1, 9]);
//! ```
#![forbid(unsafe_code)]

use std::fmt;
use std::io::Read;
use std::sync::{Mutex, PoisonError};
use std::thread;

use brotli_decompressor::Decompressor;

/// Pixels from the top of an image to its bottom.
pub const ROWS: usize = 28;
/// Pixels from the left of an image to its right.
pub const COLUMNS: usize = 28;
/// Images in [`Mnist::train`].
pub const TRAIN: usize = 60_000;
/// Images in [`Mnist::test`].
pub const TEST: usize = 10_000;

/// The data set, as its authors divided it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mnist {
    /// 60,000 images, in the published order.
    pub train: Split,
    /// 10,000 images by other writers, in the published order.
    pub test: Split,
}

/// Images with their labels: `images[i * ROWS * COLUMNS..][..ROWS * COLUMNS]` shows the digit `labels[i]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Split {
    /// count × [`ROWS`] × [`COLUMNS`], row-major; 0 is background, 255 is full ink.
    pub images: Vec<u8>,
    /// count digits, 0..=9.
    pub labels: Vec<u8>,
}

/// Shows the sizes only: the derived form would print millions of pixels.
impl fmt::Debug for Split {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Split {{ images: [{} bytes], labels: [{} bytes] }}",
            self.images.len(),
            self.labels.len()
        )
    }
}

/// Decodes the data set, on as many threads as the system says it can run at once.
///
/// Each call decodes anew and returns 55 MB: call it once and keep the result.
///
/// There is no error to return: what is decoded is part of the program, and this crate's tests hold it to the
/// published sha256 sums. Should the program's own bytes be damaged all the same, this panics.
pub fn load() -> Mnist {
    load_on(thread::available_parallelism().map_or(1, usize::from))
}

/// Enough parts to keep many threads busy to the end; smaller ones compress worse.
const IMAGES_PER_PART: usize = 5_000;
const PIXELS_PER_PART: usize = IMAGES_PER_PART * ROWS * COLUMNS;

static TRAIN_IMAGES: [&[u8]; TRAIN / IMAGES_PER_PART] = [
    include_bytes!("../data/train-images-00.br"),
    include_bytes!("../data/train-images-01.br"),
    include_bytes!("../data/train-images-02.br"),
    include_bytes!("../data/train-images-03.br"),
    include_bytes!("../data/train-images-04.br"),
    include_bytes!("../data/train-images-05.br"),
    include_bytes!("../data/train-images-06.br"),
    include_bytes!("../data/train-images-07.br"),
    include_bytes!("../data/train-images-08.br"),
    include_bytes!("../data/train-images-09.br"),
    include_bytes!("../data/train-images-10.br"),
    include_bytes!("../data/train-images-11.br"),
];
static TRAIN_LABELS: &[u8] = include_bytes!("../data/train-labels.br");
static TEST_IMAGES: [&[u8]; TEST / IMAGES_PER_PART] =
    [include_bytes!("../data/test-images-00.br"), include_bytes!("../data/test-images-01.br")];
static TEST_LABELS: &[u8] = include_bytes!("../data/test-labels.br");

fn load_on(threads: usize) -> Mnist {
    let mut train = Split { images: vec![0; TRAIN * ROWS * COLUMNS], labels: vec![0; TRAIN] };
    let mut test = Split { images: vec![0; TEST * ROWS * COLUMNS], labels: vec![0; TEST] };

    let parts =
        parts(&mut train, &TRAIN_IMAGES, TRAIN_LABELS).chain(parts(&mut test, &TEST_IMAGES, TEST_LABELS));
    let parts = Mutex::new(parts);
    // A function, so that the lock is released before the part is decoded.
    let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
    let decode_parts = || {
        while let Some((compressed, target)) = next() {
            decode(compressed, target);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(TRAIN_IMAGES.len() + TEST_IMAGES.len()) {
            // A thread that the system refuses costs time only: this one goes on until no part is left.
            let _ = thread::Builder::new().spawn_scoped(scope, decode_parts);
        }
        decode_parts();
    });
    drop(parts);
    Mnist { train, test }
}

/// Each compressed part of a split, with the bytes that it fills.
fn parts<'split>(
    split: &'split mut Split,
    images: &'static [&'static [u8]],
    labels: &'static [u8],
) -> impl Iterator<Item = (&'static [u8], &'split mut [u8])> {
    let pixels = split.images.chunks_exact_mut(PIXELS_PER_PART);
    images.iter().copied().zip(pixels).chain([(labels, split.labels.as_mut_slice())])
}

/// Decodes a part that holds exactly `target.len()` bytes.
fn decode(compressed: &[u8], target: &mut [u8]) {
    Decompressor::new(compressed, 1 << 16)
        .read_exact(target)
        .expect("an embedded part is a whole brotli stream: the tests of narrows-mnist decode every one");
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    /// sha256 of the four IDX files as published, each a header and then the content.
    #[test]
    fn the_decoded_data_is_the_published_data() {
        let Mnist { train, test } = load();
        let images_header = |count: usize| idx_header(3, &[count, ROWS, COLUMNS]);
        let labels_header = |count: usize| idx_header(1, &[count]);
        for (name, header, content, sha256) in [
            (
                "train-images-idx3-ubyte",
                images_header(TRAIN),
                train.images,
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            ),
            (
                "train-labels-idx1-ubyte",
                labels_header(TRAIN),
                train.labels,
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            ),
            (
                "t10k-images-idx3-ubyte",
                images_header(TEST),
                test.images,
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            ),
            (
                "t10k-labels-idx1-ubyte",
                labels_header(TEST),
                test.labels,
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        ] {
            let sum = Sha256::new().chain_update(header).chain_update(content).finalize();
            let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(sum, sha256, "{name}");
        }
    }

    /// Two zero bytes, 0x08 for unsigned bytes, the number of dimensions; then each dimension, big-endian.
    fn idx_header(dimensions: u8, sizes: &[usize]) -> Vec<u8> {
        let sizes = sizes.iter().flat_map(|&size| (size as u32).to_be_bytes());
        [0, 0, 0x08, dimensions].into_iter().chain(sizes).collect()
    }

    #[test]
    fn counts_and_labels_are_the_known_ones() {
        let Mnist { train, test } = load();
        for (split, count) in [(&train, 60_000), (&test, 10_000)] {
            assert_eq!(split.images.len(), count * 28 * 28);
            assert_eq!(split.labels.len(), count);
        }
        assert_eq!(train.labels[..5], [5, 0, 4, 1, 9]);
        assert_eq!(test.labels[..5], [7, 2, 1, 0, 4]);

        let histogram = |labels: &[u8]| {
            let mut counts = [0; 10];
            labels.iter().for_each(|&digit| counts[usize::from(digit)] += 1);
            counts
        };
        assert_eq!(histogram(&train.labels), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
        assert_eq!(histogram(&test.labels), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    }

    #[test]
    fn every_number_of_threads_decodes_the_same() {
        let one = load_on(1);
        for threads in [0, 2, 3, 100] {
            assert_eq!(load_on(threads), one, "{threads} threads");
        }
    }

    /// `read_exact` stops at the target's end; a part that held more would go unnoticed.
    #[test]
    fn a_part_holds_no_more_than_its_target() {
        for part in TRAIN_IMAGES.iter().chain(&TEST_IMAGES) {
            let mut pixels = Vec::with_capacity(PIXELS_PER_PART);
            Decompressor::new(*part, 1 << 16).read_to_end(&mut pixels).unwrap();
            assert_eq!(pixels.len(), PIXELS_PER_PART);
        }
    }

    #[test]
    #[should_panic(expected = "an embedded part is a whole brotli stream")]
    fn a_truncated_part_is_refused() {
        let part = TEST_LABELS;
        decode(&part[..part.len() / 2], &mut [0; TEST]);
    }
}
