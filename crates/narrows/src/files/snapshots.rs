//! Snapshots of a model's training as one safetensors file, `snapshots.safetensors`: how it reconstructed the same few test
//! images after some epochs.
//!
//! ```text
//! epochs  I64 (snapshots)                    epochs that the model had seen, in rising order
//! rows    I64 (images)                       which test images
//! pixels  U8  (snapshots, images, features)  0 is the low end of the data's value range, 255 its high end
//! ```

use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::Serialize;

use super::LoadError;
use super::container::{check_version, of_tensors, open, read};
use crate::report::live::Snapshot;

const VERSION: u32 = 1;

#[derive(Serialize)]
struct Metadata {
    version: u32,
}

/// The bytes of a file of snapshots that show the test images `rows`.
pub fn to_bytes(rows: &[usize], snapshots: &[Snapshot]) -> Vec<u8> {
    let pixels: Vec<u8> = snapshots.iter().flat_map(|snapshot| snapshot.pixels.iter().copied()).collect();
    let features = pixels.len() / (rows.len() * snapshots.len()).max(1);
    let whole = |numbers: Vec<usize>| -> Vec<u8> {
        numbers.into_iter().flat_map(|number| (number as i64).to_le_bytes()).collect()
    };
    let epochs = whole(snapshots.iter().map(|snapshot| snapshot.epoch).collect());
    let row_bytes = whole(rows.to_vec());
    let tensors = [
        ("epochs", Dtype::I64, vec![snapshots.len()], &epochs),
        ("rows", Dtype::I64, vec![rows.len()], &row_bytes),
        ("pixels", Dtype::U8, vec![snapshots.len(), rows.len(), features], &pixels),
    ];
    let views = tensors.map(|(name, dtype, shape, bytes)| {
        (name, TensorView::new(dtype, shape, bytes).expect("every snapshot shows all images"))
    });
    of_tensors(&Metadata { version: VERSION }, views)
}

/// Reads which test images snapshots show, and the snapshots, of images of so many features.
///
/// # Errors
/// [`LoadError`] if the file cannot be read, or does not hold such snapshots.
pub fn load(path: &Path, features: usize) -> Result<(Vec<usize>, Vec<Snapshot>), LoadError> {
    from_bytes(&read(path)?, features, &path.display().to_string())
}

fn from_bytes(bytes: &[u8], features: usize, path: &str) -> Result<(Vec<usize>, Vec<Snapshot>), LoadError> {
    let (tensors, metadata) = open(bytes, path)?;
    let wrong = |what: String| LoadError::Tensor { path: path.to_owned(), what };
    check_version(&metadata, VERSION, path)?;
    let epochs = whole_numbers(&tensors, "epochs").map_err(wrong)?;
    let rows = whole_numbers(&tensors, "rows").map_err(wrong)?;
    if !epochs.is_sorted_by(|a, b| a < b) {
        return Err(wrong(format!("the epochs of snapshots should rise, they are {epochs:?}")));
    }
    let pixels = tensors.tensor("pixels").map_err(|_| wrong("tensor `pixels` is missing".to_owned()))?;
    let expected = [epochs.len(), rows.len(), features];
    if pixels.dtype() != Dtype::U8 || pixels.shape() != expected {
        let (dtype, shape) = (pixels.dtype(), pixels.shape());
        return Err(wrong(format!("tensor `pixels` should be U8 {expected:?}, it is {dtype:?} {shape:?}")));
    }
    let each = rows.len() * features;
    let snapshots = epochs
        .into_iter()
        .enumerate()
        .map(|(i, epoch)| Snapshot { epoch, pixels: pixels.data()[i * each..][..each].to_vec() })
        .collect();
    Ok((rows, snapshots))
}

/// A tensor of whole numbers that are not negative, or what is wrong with it.
fn whole_numbers(tensors: &SafeTensors<'_>, name: &str) -> Result<Vec<usize>, String> {
    let view = tensors.tensor(name).map_err(|_| format!("tensor `{name}` is missing"))?;
    if view.dtype() != Dtype::I64 || view.shape().len() != 1 {
        let (dtype, shape) = (view.dtype(), view.shape());
        return Err(format!("tensor `{name}` should be I64 of one axis, it is {dtype:?} {shape:?}"));
    }
    let numbers = view.data().as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes));
    numbers
        .map(|number| {
            usize::try_from(number).map_err(|_| format!("tensor `{name}` has {number}; expected 0 or more"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshots() -> Vec<Snapshot> {
        [0, 1, 5].map(|epoch| Snapshot { epoch, pixels: vec![epoch as u8, 1, 2, 3, 4, 255] }).into()
    }

    #[test]
    fn snapshots_are_read_back_as_they_were() {
        let bytes = to_bytes(&[3, 18], &snapshots());
        assert_eq!(bytes, to_bytes(&[3, 18], &snapshots()), "equal snapshots are equal bytes");
        assert_eq!(from_bytes(&bytes, 3, "snapshots").unwrap(), (vec![3, 18], snapshots()));
    }

    #[test]
    fn a_file_that_is_cut_or_of_other_images_is_refused() {
        let bytes = to_bytes(&[3, 18], &snapshots());
        for length in 0..bytes.len() {
            assert!(from_bytes(&bytes[..length], 3, "cut").is_err(), "{length} bytes of {}", bytes.len());
        }
        let other = from_bytes(&bytes, 4, "snapshots").unwrap_err().to_string();
        assert_eq!(other, "snapshots: tensor `pixels` should be U8 [3, 2, 4], it is U8 [3, 2, 3]");
        let mut falling = snapshots();
        falling.reverse();
        let falling = from_bytes(&to_bytes(&[3, 18], &falling), 3, "snapshots").unwrap_err().to_string();
        assert!(falling.contains("should rise"), "{falling}");
    }
}
