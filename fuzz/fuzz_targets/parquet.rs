#![no_main]

use narrows::dataset::format::{Format, Limits, Source, parquet};

libfuzzer_sys::fuzz_target!(|bytes: Vec<u8>| {
    if let Ok(source) = Source::from_reader("fuzz".as_ref(), std::io::Cursor::new(bytes))
        && source.format() == Format::Parquet
    {
        let _ = parquet::read(source, &Limits { bytes: 1 << 20 });
    }
});
