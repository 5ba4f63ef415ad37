#![no_main]

use narrows::dataset::format::{Format, Limits, Source, npy};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { bytes: 1 << 20 };
    if let Ok(source) = Source::from_reader("fuzz".as_ref(), std::io::Cursor::new(bytes.to_vec()))
        && source.format() == Format::Npz
        && let Ok(mut archive) = npy::Archive::open(source, &limits)
    {
        let _ = archive.choose();
        for name in archive.names().to_vec() {
            let _ = archive.read(&name, &limits);
        }
    }
});
