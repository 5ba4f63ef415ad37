//! One cell: a number, a missing value, or text.

/// What a cell is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Number(f64),
    Missing,
    Text(&'a [u8]),
}

/// What pandas takes for a missing value, and `?`, which the files of the UCI repository write.
const MISSING: [&[u8]; 19] = [
    b"",
    b"?",
    b"#N/A",
    b"#N/A N/A",
    b"#NA",
    b"-1.#IND",
    b"-1.#QNAN",
    b"-NaN",
    b"-nan",
    b"1.#IND",
    b"1.#QNAN",
    b"<NA>",
    b"N/A",
    b"NA",
    b"NULL",
    b"NaN",
    b"None",
    b"n/a",
    b"nan",
];

/// Longer texts are no numbers worth reading: the shortest decimal of an `f64` has at most 24 characters.
const MAX_DECIMAL_COMMA: usize = 64;

/// Blanks around the cell do not count.
pub(super) fn parse(cell: &[u8], decimal_comma: bool) -> Cell<'_> {
    let cell = cell.trim_ascii();
    match number(cell, decimal_comma) {
        Some(number) if !number.is_nan() => Cell::Number(number),
        _ if is_missing(cell) => Cell::Missing,
        Some(_) | None => match cell {
            b"true" | b"True" | b"TRUE" => Cell::Number(1.0),
            b"false" | b"False" | b"FALSE" => Cell::Number(0.0),
            _ => Cell::Text(cell),
        },
    }
}

/// Whether a number is so great that its text is finite and its `f32` is not.
#[allow(clippy::cast_possible_truncation, reason = "it is what is asked")]
pub(super) fn is_beyond_single(number: f64, cell: &[u8]) -> bool {
    (number as f32).is_infinite() && cell.iter().any(u8::is_ascii_digit)
}

fn number(cell: &[u8], decimal_comma: bool) -> Option<f64> {
    if !decimal_comma {
        return fast_float2::parse(cell).ok();
    }
    if cell.len() > MAX_DECIMAL_COMMA || cell.contains(&b'.') {
        return None;
    }
    let mut pointed = [0; MAX_DECIMAL_COMMA];
    let pointed = &mut pointed[..cell.len()];
    pointed.copy_from_slice(cell);
    for byte in pointed.iter_mut().filter(|byte| **byte == b',') {
        *byte = b'.';
    }
    fast_float2::parse(pointed).ok()
}

fn is_missing(cell: &[u8]) -> bool {
    cell == b"null" || MISSING.contains(&cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_standard_library() {
        for text in [
            "0",
            "-0.0",
            "1.5",
            "+2",
            ".5",
            "5.",
            "1e5",
            "-1.25E-3",
            "9007199254740993",
            "4.9e-324",
            "inf",
            "-inf",
        ] {
            let expected: f64 = text.parse().unwrap();
            assert_eq!(parse(text.as_bytes(), false), Cell::Number(expected), "{text}");
            assert_eq!(
                parse(format!(" {text} ").as_bytes(), false),
                Cell::Number(expected),
                "{text} with blanks"
            );
        }
    }

    #[test]
    fn text_is_no_number() {
        for text in ["1,5", "0x10", "1_000", "5%", "1 2", "--1", "e5", "1e", "12a", "-", "."] {
            assert_eq!(parse(text.as_bytes(), false), Cell::Text(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_comma_is_a_point_only_where_that_was_found() {
        assert_eq!(parse(b"-1,5", true), Cell::Number(-1.5));
        assert_eq!(parse(b"1.234,5", true), Cell::Text(b"1.234,5"));
        assert_eq!(parse(b"12", true), Cell::Number(12.0));
    }

    #[test]
    fn missing_values_have_many_names() {
        for text in ["", " ", "?", "NA", "n/a", "NaN", "nan", "null", "NULL", "None", "-nan"] {
            assert_eq!(parse(text.as_bytes(), false), Cell::Missing, "{text}");
        }
    }
}
