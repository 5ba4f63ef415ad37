//! What tables of the report are made of: columns, and numbers as they are written.

/// `60,000`
pub(in crate::experiment) use crate::dataset::load::grouped as thousands;
use crate::report::page::{Align, Cell, Column, Emphasis};

/// Columns: the first of names, then words, then numbers.
pub(in crate::experiment) fn columns(names: &[&str], words: &[&str], numbers: &[&str]) -> Vec<Column> {
    let column = |align| move |heading: &&str| Column { heading: (*heading).to_owned(), align };
    names
        .iter()
        .chain(words)
        .map(column(Align::Left))
        .chain(numbers.iter().map(column(Align::Right)))
        .collect()
}

/// An error with four digits, as the published study writes them.
pub(super) fn error(value: f64) -> String {
    format!("{value:.4}")
}

/// `0.0517`, or a dash.
pub(super) fn error_cell(value: Option<f64>) -> Cell {
    value.map_or(Cell::default(), |value| error(value).into())
}

/// A text that is the best of its column if it reads like the best one: what looks equal is equally good.
pub(in crate::experiment) fn marked(text: String, best: Option<&str>) -> Cell {
    let emphasis = if best == Some(text.as_str()) { Emphasis::Best } else { Emphasis::None };
    Cell { emphasis, ..text.into() }
}

/// `34.6 %`, with a minus where it is one.
pub(super) fn percent(share: f64, digits: usize) -> String {
    // Adding 0 makes a negative zero positive.
    format!("{:.digits$} %", 100.0 * share + 0.0).replace('-', "−")
}

/// A number with a sign of its own length where it is negative.
pub(super) fn number(value: f64) -> String {
    let text = if value.abs() < 10.0 { format!("{value:.3}") } else { format!("{value:.1}") };
    text.replace('-', "−")
}

/// The same with a sign always: of differences.
pub(super) fn signed(value: f64) -> String {
    let text = number(value);
    if text.starts_with('−') { text } else { format!("+{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_threes() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn what_looks_equal_is_equally_good() {
        let best = error(0.107_41);
        assert_eq!(marked(error(0.107_44), Some(&best)).emphasis, Emphasis::Best);
        assert_eq!(marked(error(0.107_51), Some(&best)).emphasis, Emphasis::None);
    }

    #[test]
    fn signs_are_minus_signs() {
        assert_eq!([number(-0.0181), signed(0.035), signed(-39.21)], ["−0.018", "+0.035", "−39.2"]);
        assert_eq!([percent(-0.5, 0), percent(0.0, 1)], ["−50 %", "0.0 %"]);
    }
}
