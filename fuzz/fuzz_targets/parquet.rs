#![no_main]

use narrows::dataset::format::{Format, Limits, Source, parquet};

// The decoder panics on some damaged files and the reader catches that. libFuzzer's hook would end the process before; without
// it, only a panic that leaves the reader does.
libfuzzer_sys::fuzz_target!(init: std::panic::set_hook(Box::new(|_| ())), |bytes: &[u8]| {
    if let Ok(source) = Source::from_reader("fuzz".as_ref(), std::io::Cursor::new(bytes.to_vec()))
        && source.format() == Format::Parquet
    {
        let _ = parquet::read(source, &Limits { bytes: 1 << 20 });
    }
});
