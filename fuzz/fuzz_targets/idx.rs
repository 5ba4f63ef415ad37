#![no_main]

use narrows::dataset::format::{Format, Limits, Source, idx};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(source) = Source::from_reader("fuzz".as_ref(), std::io::Cursor::new(bytes.to_vec()))
        && source.format() == Format::Idx
    {
        let _ = idx::read(source, &Limits { bytes: 1 << 20 });
    }
});
