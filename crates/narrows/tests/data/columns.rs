//! Columns that are not numbers: dates, categories, classes and names; and columns without any value.

use narrows::dataset::load::{LoadError, LoadOptions, MissingRule, UnseenRule};
use narrows::dataset::{Part, RowName};

use crate::loading::{file, names, read, read_for};

/// Ten rows with a number of an article, a day, a category, a class that looks like a number, and a number.
fn articles() -> String {
    let row = |row: usize| {
        let (area, kind) = (["01", "10"][row % 2], ["007", "7", "12"][row % 3]);
        format!("A{row:03},2024-03-{:02},{area},{kind},{row}.5\n", row + 1)
    };
    "article,day,area,kind,heat\n".to_owned() + &(0..10).map(row).collect::<String>()
}

fn options(path: String) -> LoadOptions {
    LoadOptions {
        id: Some("article".to_owned()),
        dates: names(&["day"]),
        one_hot: names(&["area"]),
        label: Some("kind".to_owned()),
        ..LoadOptions::of(path)
    }
}

#[test]
fn dates_are_offered_and_become_seconds_since_1970() {
    let path =
        file("dates", "day,heat\n2024-03-01,1\n2024-03-01T17:30,2\n,3\n2024-03-02 00:00:05 +02:00,4\n");
    let offered = read(&LoadOptions::of(path.clone())).unwrap_err().to_string();
    assert!(offered.contains("column `day` holds dates, such as `2024-03-01` in line 2"), "{offered}");
    assert!(offered.contains("--dates day"), "{offered}");

    let dates = LoadOptions { dates: names(&["day"]), ..LoadOptions::of(path) };
    let missing = read(&dates).unwrap_err().to_string();
    assert!(missing.contains("line 4, column `day`"), "{missing}");
    let loaded = read(&LoadOptions { missing: MissingRule::Mask, ..dates }).unwrap();
    let rows = |part: Part| {
        let dataset = loaded.parts.get(part).unwrap();
        (0..dataset.rows()).map(|row| dataset.raw_row(row)).collect::<Vec<_>>()
    };
    // As Python's `datetime.timestamp()` gives them, rounded to 32 bits.
    let expected =
        [1_709_251_200_f64, 1_709_314_200.0, f64::NAN, 1_709_330_405.0].map(|second| second as f32);
    for row in [rows(Part::Train), rows(Part::Test)].concat() {
        let expected = expected[row[1] as usize - 1];
        assert!(row[0] == expected || (row[0].is_nan() && expected.is_nan()), "{row:?}");
    }
    let note = loaded.notes.iter().find(|note| note.contains("`day`")).unwrap();
    assert!(note.contains("seconds since 1970 in UTC, rounded by at most 27 seconds"), "{note}");
}

#[test]
fn what_is_no_date_is_named_with_its_row() {
    let dates = |name: &str, text: &str| {
        let path = file(name, text);
        read(&LoadOptions { dates: names(&["day"]), ..LoadOptions::of(path) }).unwrap_err().to_string()
    };
    let american = dates("american", "day,heat\n2024-03-01,1\n03/02/2024,2\n");
    assert!(american.contains("row 1 (from 0)") && american.contains("`03/02/2024`"), "{american}");
    let number = dates("numbers", "day,heat\n20240301,1\n20240302,2\n");
    assert!(number.contains("holds the number 20240300") && number.contains("2024-03-01"), "{number}");
    let unknown = dates("unknown", "date,heat\n2024-03-01,1\n2024-03-02,1\n");
    assert!(unknown.contains("no column `day`, which --dates names"), "{unknown}");
}

#[test]
fn an_unseen_category_is_an_error_or_zeros() {
    let own = read(&options(file("own-areas", &articles()))).unwrap().parts;
    let columns = names(&["day", "area=01", "area=10", "heat"]);
    assert_eq!(own.schema().columns(), Some(&columns[..]));

    let other = file("other-areas", &articles().replacen(",10,", ",99,", 1));
    let error = read_for(own.schema(), &options(other.clone())).unwrap_err();
    assert!(matches!(&error, LoadError::NewCategory { row: 1, category, .. } if category == "99"), "{error}");
    assert!(error.to_string().contains("--unseen zeros"), "{error}");

    let zeros = LoadOptions { unseen: UnseenRule::Zeros, ..options(other) };
    let loaded = read_for(own.schema(), &zeros).unwrap();
    let found = "@A001".parse::<RowName>().unwrap().find(&loaded.parts).unwrap();
    assert_eq!(found.dataset.raw_row(found.index)[1..3], [0.0, 0.0]);
    let others = "@A003".parse::<RowName>().unwrap().find(&loaded.parts).unwrap();
    assert_eq!(others.dataset.raw_row(others.index)[1..3], [0.0, 1.0]);
    assert!(
        loaded.notes.iter().any(|note| note.contains("1 rows") && note.contains("99")),
        "{:?}",
        loaded.notes
    );
}

#[test]
fn classes_are_names_that_keep_their_zeros() {
    let parts = read(&options(file("classes", &articles()))).unwrap().parts;
    assert_eq!(parts.schema().classes(), Some(&names(&["007", "7", "12"])[..]));
    let path = file("floats", "kind,heat\n1.0,1\n2.0,2\n1.0,3\n");
    let parts = read(&LoadOptions { label: Some("kind".into()), ..LoadOptions::of(path) }).unwrap().parts;
    assert_eq!(parts.schema().classes(), Some(&names(&["1", "2"])[..]), "a fraction of zeros is no name");
}

#[test]
fn rows_keep_their_names_wherever_they_go() {
    let path = file("names", &articles());
    let shares = LoadOptions { test_share: Some(0.2), validation_share: Some(0.2), ..options(path.clone()) };
    let several = LoadOptions { test: Some(path), validation_share: Some(0.3), ..shares.clone() };
    for options in [shares, LoadOptions { test_share: None, ..several }] {
        let parts = read(&LoadOptions { missing: MissingRule::Mean, ..options }).unwrap().parts;
        for part in Part::ALL {
            let dataset = parts.get(part).unwrap();
            assert_eq!(parts.ids(part).unwrap().len(), dataset.rows());
            for row in 0..dataset.rows() {
                let heat = *dataset.raw_row(row).last().unwrap();
                assert_eq!(parts.id(part, row), Some(format!("A{:03}", heat as usize).as_str()));
            }
        }
    }
    // Rows to validate on that have no names of their own take none from the rows that the share would draw.
    let unnamed = file("unnamed", &articles().replace("article", "number"));
    let mixed = LoadOptions {
        validation: Some(unnamed),
        validation_share: Some(0.3),
        ..options(file("mixed", &articles()))
    };
    let parts = read(&mixed).unwrap().parts;
    assert!(parts.ids(Part::Validation).is_none() && parts.ids(Part::Train).is_some());

    let holes = file("nameless", "article,heat\nA1,1\n,2\n");
    let error =
        read(&LoadOptions { id: Some("article".into()), ..LoadOptions::of(holes) }).unwrap_err().to_string();
    assert!(error.contains("--id") && error.contains("line 3"), "{error}");
}

#[test]
fn a_column_without_any_value_is_named_with_what_to_do() {
    let text = "heat,empty,cold\n1,,2\n2,,4\n3,,\n4,,5\n";
    for missing in [MissingRule::Mask, MissingRule::Mean] {
        let options = LoadOptions { missing, ..LoadOptions::of(file("holes", text)) };
        let error = read(&options).unwrap_err().to_string();
        assert!(error.contains("column empty has no value") && error.contains("--drop empty"), "{error}");
        let parts = read(&LoadOptions { drop: names(&["empty"]), ..options }).unwrap().parts;
        assert_eq!(parts.schema().features(), 2);
    }
}
