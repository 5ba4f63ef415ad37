//! Dates as tables write them, as seconds.

use chrono::format::{Parsed, StrftimeItems, parse};
use chrono::{Datelike, NaiveDate, NaiveTime};

const DATES: [&str; 3] = ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y"];
const TIMES: [&str; 2] = ["%H:%M:%S%.f", "%H:%M"];

/// How dates are written that are read, for messages.
pub(crate) const READ: &str =
    "2024-03-01, 2024/03/01 or 01.03.2024, alone or followed by a time such as 17:30 or 17:30:05.25";

/// Seconds since the beginning of 1970 in UTC.
///
/// Read are `2024-03-01`, `2024/03/01` and `01.03.2024`, alone or followed by a blank or `T` and `17:30`, `17:30:05` or `17:30:05.25`, and
/// then by nothing (UTC), `Z`, or a distance from UTC such as `+02:00`. Dates such as `03/01/2024` are not: they name two days.
pub(super) fn seconds_since_1970(text: &str) -> Option<f64> {
    let date = |format: &&str| NaiveDate::parse_and_remainder(text.trim(), format).ok();
    let (date, rest) = DATES.iter().find_map(date)?;
    // Two digits are no year: of 01.03.24 it is not known which part is.
    if !(1000..=9999).contains(&date.year()) {
        return None;
    }
    let (time, offset) = match rest {
        "" => (NaiveTime::MIN, 0),
        _ => {
            let rest = rest.strip_prefix(['T', ' '])?;
            let time = |format: &&str| NaiveTime::parse_and_remainder(rest, format).ok();
            let (time, rest) = TIMES.iter().find_map(time)?;
            (time, if rest.is_empty() { 0 } else { seconds_ahead_of_utc(rest.trim_start())? })
        }
    };
    let moment = date.and_time(time).and_utc();
    let second = moment.timestamp() - i64::from(offset);
    Some(second as f64 + f64::from(moment.timestamp_subsec_nanos()) / 1e9)
}

/// The date of so many seconds since 1970, as [`seconds_since_1970`] reads it: `2024-03-01`, or `2024-03-01T17:30:05.250`.
#[cfg(feature = "parquet")]
pub(super) fn text_of(seconds: i64, nanoseconds: u32) -> String {
    match chrono::DateTime::from_timestamp(seconds, nanoseconds) {
        Some(moment) if moment.time() == NaiveTime::MIN => moment.format("%Y-%m-%d").to_string(),
        Some(moment) => moment.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
        None => format!("{seconds} seconds since 1970"),
    }
}

fn seconds_ahead_of_utc(text: &str) -> Option<i32> {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, StrftimeItems::new("%#z")).ok()?;
    parsed.offset()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds are those of Python's `datetime.timestamp()`.
    #[test]
    fn dates_are_the_seconds_that_python_gives() {
        for (text, seconds) in [
            ("1970-01-01", 0.0),
            ("2000-02-29", 951_782_400.0),
            ("2024-03-01 17:30", 1_709_314_200.0),
            ("2024/03/01", 1_709_251_200.0),
            ("01.03.2024", 1_709_251_200.0),
            ("2024-03-01T17:30:05.25Z", 1_709_314_205.25),
            ("2024-03-01T17:30:05+02:00", 1_709_307_005.0),
            ("2024-03-01T17:30:05-0330", 1_709_326_805.0),
            ("2024-3-1 7:05 +0200", 1_709_269_500.0),
            ("1899-12-31", -2_209_075_200.0),
        ] {
            assert_eq!(seconds_since_1970(text), Some(seconds), "{text}");
        }
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn a_date_that_is_written_is_read_as_the_same() {
        assert_eq!(text_of(951_782_400, 0), "2000-02-29");
        assert_eq!(text_of(1_709_314_205, 250_000_000), "2024-03-01T17:30:05.250");
        for days in (-100_000..100_000).step_by(37) {
            let seconds = i64::from(days) * 86_400;
            assert_eq!(seconds_since_1970(&text_of(seconds, 0)), Some(seconds as f64));
            assert_eq!(
                seconds_since_1970(&text_of(seconds + 86_399, 500_000_000)),
                Some(seconds as f64 + 86_399.5)
            );
        }
    }

    #[test]
    fn what_is_no_day_is_no_date() {
        for text in [
            "",
            "2024",
            "2024-13-01",
            "2023-02-29",
            "2024-03-01T",
            "2024-03-01 25:00",
            "03/01/2024",
            "01.03.24",
            "24-03-01",
            "1.5",
            "2024-03-01x",
            "2024-03-01 17",
            "ä2024-03-01",
            "2024-03-0ä",
            "0x24-03-01",
            "2024-03-01 1:2:3:4",
            "2024-03-01 12:00+ä",
            "2024-03-01 12:00+",
        ] {
            assert_eq!(seconds_since_1970(text), None, "{text}");
        }
    }
}
