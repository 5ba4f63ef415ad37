#![no_main]

#[path = "../made/file.rs"]
mod made;

use narrows::files::checkpoint;

// Bytes are a file; text is the metadata of one.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    if let Ok(metadata) = std::str::from_utf8(bytes) {
        made::checkpoints(metadata).iter().for_each(|bytes| read(bytes));
    }
});

/// What is read is written as it was.
fn read(bytes: &[u8]) {
    if let Ok(read) = checkpoint::from_bytes(bytes, "read") {
        let written = checkpoint::to_bytes(&read);
        let again = checkpoint::from_bytes(&written, "written").expect("it was written");
        // Compared as bytes, for NaN does not equal itself.
        assert_eq!(checkpoint::to_bytes(&again), written);
    }
}
