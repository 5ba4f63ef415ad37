//! Model files and checkpoints for whose metadata any text can stand.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, TensorView};

/// A file with the tensors of a model of two inputs and one latent, all 0.
pub fn with_metadata(metadata: &str) -> Vec<u8> {
    of_groups(&[""], metadata)
}

/// Files with the tensors of a checkpoint of such a model: with or without those within an epoch, and those of the best epoch.
#[allow(dead_code, reason = "each target has a use for some of these")]
pub fn checkpoints(metadata: &str) -> [Vec<u8>; 4] {
    let always = ["parameters/", "first/", "second/"];
    [&[][..], &["settled/"], &["best/"], &["settled/", "best/"]]
        .map(|more| of_groups(&[&always[..], more].concat(), metadata))
}

fn of_groups(groups: &[&str], metadata: &str) -> Vec<u8> {
    let shapes = [
        ("encoder.0.weight", vec![1, 2]),
        ("encoder.0.bias", vec![1]),
        ("decoder.0.weight", vec![2, 1]),
        ("decoder.0.bias", vec![2]),
    ];
    let views = groups.iter().flat_map(|group| {
        shapes.clone().map(|(name, shape)| {
            let bytes = &[0; 8][..4 * shape.iter().product::<usize>()];
            let view = TensorView::new(Dtype::F32, shape, bytes).expect("4 bytes a number");
            (format!("{group}{name}"), view)
        })
    });
    let metadata = HashMap::from([("narrows".to_owned(), metadata.to_owned())]);
    safetensors::serialize(views, Some(metadata)).expect("shapes and bytes agree")
}
