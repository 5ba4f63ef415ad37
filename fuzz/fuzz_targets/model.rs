#![no_main]

#[path = "../made/file.rs"]
mod made;

use narrows::compute::{Compute, Level};
use narrows::files::{judge, model};

// Bytes are a file; text is the metadata of one.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let whole = std::str::from_utf8(bytes).ok().map(made::with_metadata);
    let bytes = whole.as_deref().unwrap_or(bytes);
    if let Ok((read, provenance)) = model::from_bytes(bytes, "read".to_owned()) {
        let written = model::to_bytes(&read, &provenance).expect("what was read can be written");
        let again = model::from_bytes(&written, "written".to_owned()).expect("it was written");
        assert_eq!(again, (read.clone(), provenance));
        if let Ok(samples) = read.input.rows(vec![1.0; read.architecture.inputs]) {
            read.reconstruct(&mut Compute::single(Level::detect()), &samples).expect("it is such a row");
        }
    }
    if let Ok((judge, data)) = judge::from_bytes(bytes, "read") {
        let written = judge::to_bytes(&judge, &data).expect("what was read can be written");
        let again = judge::from_bytes(&written.expect("it is a classifier"), "written");
        assert_eq!(again.expect("it was written"), (judge, data));
    }
});
