#![no_main]

use std::num::NonZeroUsize;

use narrows::dataset::format::{Format, Limits, Source, csv};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let open = || Source::from_reader("fuzz".as_ref(), std::io::Cursor::new(bytes.to_vec()));
    if let Ok(source) = open()
        && source.format() == Format::Csv
    {
        let options = csv::Options::default();
        let whole = csv::read(source, &options, &Limits { bytes: 1 << 22 }, NonZeroUsize::MIN);
        // What is read block by block is what is read at once.
        let blocks = csv::blocks(open().expect("it was opened before"), &options, NonZeroUsize::MIN);
        let rows = blocks
            .and_then(|blocks| blocks.map(|block| block.map(|block| block.rows)).sum::<Result<usize, _>>());
        if let (Ok((whole, _)), Ok(rows)) = (whole, rows) {
            assert_eq!(whole.rows, rows);
            for column in &whole.columns {
                if let narrows::dataset::format::Cells::Text(text) = &column.cells {
                    let _ = text.as_seconds();
                }
            }
        }
    }
});
