//! Dates as tables write them, as seconds.

const SECONDS_A_DAY: f64 = 86_400.0;

/// Seconds since the beginning of 1970 in UTC.
///
/// Read are `2024-03-01`, `2024/03/01` and `01.03.2024`, alone or followed by a blank or `T` and `17:30`, `17:30:05` or `17:30:05.25`, and
/// then by nothing (UTC), `Z`, or a distance from UTC such as `+02:00`. Dates such as `03/01/2024` are not: they name two days.
pub(super) fn seconds_since_1970(text: &str) -> Option<f64> {
    let text = text.trim();
    let (date, time) = text.split_at_checked(10)?;
    let day = match *date.as_bytes() {
        [_, _, _, _, separator @ (b'-' | b'/'), _, _, after, _, _] if after == separator => {
            days(number(&date[..4])?, number(&date[5..7])?, number(&date[8..])?)?
        }
        [_, _, b'.', _, _, b'.', ..] => days(number(&date[6..])?, number(&date[3..5])?, number(&date[..2])?)?,
        _ => return None,
    };
    let seconds = if time.is_empty() { 0.0 } else { seconds_of_day(time.strip_prefix(['T', ' '])?)? };
    Some(f64::from(day) * SECONDS_A_DAY + seconds)
}

/// The date of so many seconds since 1970, as [`seconds_since_1970`] reads it: `2024-03-01`, or `2024-03-01T17:30:05.25`.
#[cfg(feature = "parquet")]
pub(super) fn text_of(seconds: i64, nanoseconds: u32) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years begin in March, as in `days`.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let date = format!("{year:04}-{month:02}-{day:02}");
    if second == 0 && nanoseconds == 0 {
        return date;
    }
    let fraction = format!(".{nanoseconds:09}");
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    format!("{date}T{:02}:{:02}:{:02}{fraction}", second / 3600, second / 60 % 60, second % 60)
}

fn seconds_of_day(text: &str) -> Option<f64> {
    let (time, distance) = match text.find(['Z', '+', '-']) {
        Some(end) if &text[end..] == "Z" => (&text[..end], 0.0),
        Some(end) => {
            let (hours, minutes) =
                text[end + 1..].split_once(':').or_else(|| text[end + 1..].split_at_checked(2))?;
            let sign = if text[end..].starts_with('-') { -1.0 } else { 1.0 };
            let minutes = if minutes.is_empty() { 0 } else { number(minutes)? };
            (&text[..end], sign * f64::from(number(hours)? * 3600 + minutes * 60))
        }
        None => (text, 0.0),
    };
    let mut parts = time.trim_end().split(':');
    let (hours, minutes) = (number(parts.next()?)?, number(parts.next()?)?);
    let seconds = match parts.next() {
        Some(text) if text.starts_with(|c: char| c.is_ascii_digit()) => text.parse().ok()?,
        Some(_) => return None,
        None => 0.0_f64,
    };
    if parts.next().is_some() || hours > 23 || minutes > 59 || !(0.0..61.0).contains(&seconds) {
        return None;
    }
    Some(f64::from(hours * 3600 + minutes * 60) + seconds - distance)
}

/// At most four digits.
fn number(digits: &str) -> Option<i32> {
    let all_digits =
        !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits { digits.parse().ok() } else { None }
}

/// Days since 1970-01-01 in the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms").
fn days(year: i32, month: i32, day: i32) -> Option<i32> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Years begin in March, so that the leap day is the last.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
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
            ("1899-12-31", -2_209_075_200.0),
        ] {
            assert_eq!(seconds_since_1970(text), Some(seconds), "{text}");
        }
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn a_date_that_is_written_is_read_as_the_same() {
        assert_eq!(text_of(951_782_400, 0), "2000-02-29");
        assert_eq!(text_of(1_709_314_205, 250_000_000), "2024-03-01T17:30:05.25");
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
            "2024-3-1",
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
