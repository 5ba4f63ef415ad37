#![no_main]

use narrows::dataset::format::images::{self, Options};
use narrows::dataset::format::{Format, Limits, Source};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(source) = Source::from_reader("fuzz".as_ref(), std::io::Cursor::new(bytes.to_vec()))
        && source.format() == Format::Image
    {
        let _ = images::read_one(
            source,
            &Options { size: Some((8, 8)), ..Options::default() },
            &Limits { bytes: 1 << 20 },
        );
    }
});
