#![no_main]

use narrows::dataset::format::{Format, Limits, Source, columnar};

libfuzzer_sys::fuzz_target!(|bytes: Vec<u8>| {
    if let Ok(source) = Source::from_reader("fuzz".as_ref(), std::io::Cursor::new(bytes))
        && matches!(source.format(), Format::Parquet | Format::Arrow)
    {
        let _ = columnar::read(source, &Limits { bytes: 1 << 20 });
    }
});
