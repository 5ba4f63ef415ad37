//! MNIST, embedded: 60,000 training and 10,000 test images of handwritten digits, 28 × 28 pixels.

use super::{Dataset, ImageShape, RawValues, TrainAndTest, ValueRange};

/// Decodes the embedded images and labels.
pub fn load() -> TrainAndTest {
    let narrows_mnist::Mnist { train, test } = narrows_mnist::load();
    TrainAndTest { train: dataset("train", train), test: dataset("test", test) }
}

fn dataset(part: &str, split: narrows_mnist::Split) -> Dataset {
    Dataset {
        name: format!("mnist ({part})"),
        features: narrows_mnist::ROWS * narrows_mnist::COLUMNS,
        raw: RawValues::Bytes(split.images),
        range: ValueRange { low: 0.0, high: 255.0 },
        image: Some(ImageShape { height: narrows_mnist::ROWS, width: narrows_mnist::COLUMNS }),
        labels: Some(split.labels),
    }
}
