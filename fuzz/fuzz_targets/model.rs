#![no_main]

use std::collections::HashMap;

use narrows::compute::{Compute, Level};
use narrows::export::{judge, safetensors as file};
use safetensors::tensor::{Dtype, TensorView};

// Bytes are a file; text is the metadata of a file whose tensors are those of a model of 2 inputs and 1 latent.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let whole = std::str::from_utf8(bytes).ok().map(file_with_metadata);
    let bytes = whole.as_deref().unwrap_or(bytes);
    if let Ok((model, provenance)) = file::from_bytes(bytes, "fuzz".to_owned()) {
        let written = file::to_bytes(&model, &provenance).expect("what was read can be written");
        assert_eq!(file::from_bytes(&written, "written".to_owned()).expect("it was written"), (model.clone(), provenance));
        if let Ok(samples) = model.input.rows(vec![1.0; model.architecture.inputs]) {
            let _ = model.reconstruct(&mut Compute::single(Level::detect()), &samples).expect("the row is of its length");
        }
    }
    if let Ok((judge, data)) = judge::from_bytes(bytes, "fuzz") {
        let written = judge::to_bytes(&judge, &data).expect("what was read can be written").expect("it is a classifier");
        assert_eq!(judge::from_bytes(&written, "written").expect("it was written"), (judge, data));
    }
});

fn file_with_metadata(metadata: &str) -> Vec<u8> {
    let shapes = [("encoder.0.weight", vec![1, 2]), ("encoder.0.bias", vec![1]), ("decoder.0.weight", vec![2, 1]), ("decoder.0.bias", vec![2])];
    let view = |shape: Vec<usize>| TensorView::new(Dtype::F32, shape.clone(), &[0; 8][..4 * shape.iter().product::<usize>()]);
    let views = shapes.map(|(name, shape)| (name, view(shape).expect("4 bytes a number")));
    safetensors::serialize(views, Some(HashMap::from([("narrows".to_owned(), metadata.to_owned())]))).expect("shapes and bytes agree")
}
