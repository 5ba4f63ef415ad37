#![no_main]

use narrows::dataset::format::{Format, Limits, Source, npy};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(source) = Source::from_reader("fuzz".as_ref(), std::io::Cursor::new(bytes.to_vec()))
        && source.format() == Format::Npy
    {
        let _ = npy::read(source, &Limits { bytes: 1 << 20 });
    }
});
