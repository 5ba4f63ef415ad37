//! MNIST, embedded: 60,000 training and 10,000 test images of handwritten digits, 28 × 28 pixels.

use super::{Dataset, ImageShape, Parts, Schema, Values};

/// Decodes the embedded images and labels.
pub fn load() -> Parts {
    let narrows_mnist::Mnist { train, test } = narrows_mnist::load();
    Parts::new(dataset("train", train), None, dataset("test", test)).expect("both are of one schema")
}

fn dataset(part: &str, split: narrows_mnist::Split) -> Dataset {
    let image = ImageShape::grey(narrows_mnist::ROWS, narrows_mnist::COLUMNS);
    let digits = (0..10).map(|digit| digit.to_string()).collect();
    let schema = Schema::images(image).and_then(|schema| schema.with_classes(digits));
    let labels = split.labels.into_iter().map(u32::from).collect();
    let schema = schema.expect("images of digits are such");
    Dataset::new(format!("mnist ({part})"), schema, Values::Bytes(split.images), Some(labels))
        .expect("the decoder has checked counts and labels")
}
