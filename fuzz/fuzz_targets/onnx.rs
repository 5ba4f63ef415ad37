#![no_main]

use narrows::files::onnx::{self, OnnxModel};
use narrows::files::state_dict::{self, Activations};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(OnnxModel { model, scorer, provenance, part, .. }) = onnx::from_bytes(bytes, "read") {
        let written = onnx::to_bytes(&model, scorer.as_ref(), &provenance, part).expect("it was read");
        let again = onnx::from_bytes(&written, "written").expect("it was written");
        assert_eq!((again.model, again.scorer, again.provenance), (model, scorer, provenance));
    }
    let _ = state_dict::from_bytes(bytes, Activations::default(), "read");
});
