#![no_main]

use narrows::dataset::{Dataset, Parts, RowName, Schema, Split, Values};

/// Eight rows of three classes, one of which is called like a count.
fn dataset() -> Dataset {
    let classes = ["cat", "train", "size:3"].map(str::to_owned).to_vec();
    let schema = Schema::rows(1).and_then(|schema| schema.with_classes(classes)).expect("names differ");
    Dataset::new("fuzz", schema, Values::Bytes(vec![1; 8]), Some(vec![0, 1, 2, 0, 1, 2, 0, 0]))
        .expect("rows are whole")
}

// A text is the name of a row and a file of a split.
libfuzzer_sys::fuzz_target!(|text: &str| {
    let data = dataset();
    if let Ok(name) = text.parse::<RowName>() {
        assert_eq!(name.to_string().parse(), Ok(name.clone()));
        let parts = Parts::new(data.clone(), None, data.clone()).expect("they are the same");
        let _ = name.find(&parts);
    }
    if let Ok(split) = Split::from_json(text) {
        assert_eq!(Split::from_json(&split.to_json()), Ok(split.clone()));
        if let Ok(parts) = split.apply(&data) {
            let rows = |part| parts.get(part).map_or(0, Dataset::rows);
            assert_eq!(narrows::dataset::Part::ALL.map(rows).iter().sum::<usize>(), 8);
        }
    }
});
