//! Where an axis puts its ticks, and how it writes them.
//!
//! A tick is a round number. On a linear axis the ticks are the multiples of 1, 2, 2.5 or 5 times a power of
//! ten. On a logarithmic axis they are the densest of the sets in [`MANTISSAS`] that leaves room for its
//! labels, because an axis from 0.04 to 0.3 that labels only 0.1 cannot be read; where even that gives too
//! few, the axis covers so little that linear ticks serve better.

/// The digits that ticks on a logarithmic axis may begin with, densest first.
const MANTISSAS: [&[f64]; 5] = [
    &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0],
    &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
    &[1.0, 2.0, 3.0, 5.0],
    &[1.0, 2.0, 5.0],
    &[1.0, 3.0],
];

/// The least ticks on a logarithmic axis before it falls back to linear ones.
const FEWEST: usize = 3;

/// Round numbers from `low` to `high`, about `count` of them, no closer than `least_step`.
pub(in crate::report) fn linear(low: f64, high: f64, count: usize, least_step: f64) -> Vec<f64> {
    let rough = ((high - low) / count.max(1) as f64).max(least_step);
    if !(rough > 0.0 && rough.is_finite()) {
        return vec![low];
    }
    let power = 10f64.powf(rough.log10().floor());
    // 2.5 only where it stays round: 25 and 0.25 are, 2.5 among whole epochs is not.
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .map(|digit| digit * power)
        .into_iter()
        .find(|step| *step >= rough * 0.999 && (least_step == 0.0 || (step / least_step).fract() < 1e-9))
        .unwrap_or(10.0 * power);
    // A tick within a thousandth of a step outside still belongs: ends are often round themselves.
    let (first, last) = ((low / step - 1e-3).ceil(), (high / step + 1e-3).floor());
    // Counting, not adding, so that no error accumulates; `+ 0.0` makes a negative zero positive.
    (0..=(last - first).max(0.0) as usize).map(|index| rounded((first + index as f64) * step) + 0.0).collect()
}

/// Round numbers from `low` to `high`, both above zero, at least `gap` pixels apart on a logarithmic axis of
/// `length`.
pub(super) fn logarithmic(low: f64, high: f64, length: f64, gap: f64) -> Vec<f64> {
    // The ends of an axis lie a little beyond its curves, and must not leave the numbers for that.
    let (low, high) = (low.max(f64::MIN_POSITIVE), high.min(f64::MAX));
    let pixels_a_decade = length / (high.log10() - low.log10());
    for mantissas in MANTISSAS {
        let ticks = of_mantissas(low, high, mantissas, 1);
        let closest = ticks
            .windows(2)
            .map(|pair| (pair[1] / pair[0]).log10() * pixels_a_decade)
            .fold(f64::INFINITY, f64::min);
        if closest >= gap {
            if ticks.len() >= FEWEST {
                return ticks;
            }
            return linear(low, high, (length / gap / 2.0).clamp(2.0, 6.0) as usize, 0.0);
        }
    }
    of_mantissas(low, high, &[1.0], (gap / pixels_a_decade).ceil() as i32)
}

/// All `mantissa × 10^k` from `low` to `high`, for every `k` that `every` divides.
fn of_mantissas(low: f64, high: f64, mantissas: &[f64], every: i32) -> Vec<f64> {
    let powers = low.log10().floor() as i32..=high.log10().floor() as i32;
    powers
        .filter(|power| power % every == 0)
        .flat_map(|power| mantissas.iter().map(move |mantissa| rounded(mantissa * 10f64.powi(power))))
        .filter(|tick| tick.is_finite() && (low * 0.999..=high * 1.001).contains(tick))
        .collect()
}

/// The nearest number of twelve significant digits: 0.30000000000000004 is meant as 0.3.
fn rounded(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// How the ticks of one axis are written: all with as many decimals as the one that needs most, unless they
/// span so many powers of ten that zeros would fill the page.
pub(in crate::report) fn labels(ticks: &[f64]) -> Vec<String> {
    let largest = ticks.iter().fold(0.0f64, |largest, tick| largest.max(tick.abs()));
    let smallest =
        ticks.iter().filter(|tick| **tick != 0.0).fold(f64::INFINITY, |least, tick| least.min(tick.abs()));
    if largest >= 1e6 || smallest < 1e-4 {
        return ticks.iter().map(|tick| scientific(*tick)).collect();
    }
    let decimals =
        |tick: f64| format!("{}", rounded(tick)).split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let most = ticks.iter().map(|tick| decimals(*tick)).max().unwrap_or(0);
    let alike = largest < smallest * 100.0 || ticks.contains(&0.0);
    ticks
        .iter()
        .map(|tick| format!("{tick:.*}", if alike { most } else { decimals(*tick) }).replace('-', "−"))
        .collect()
}

/// `2·10⁻⁵`, and `10⁻⁵` for a power of ten.
fn scientific(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = format!("{:e}", rounded(value));
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: String = power
        .chars()
        .map(|digit| match digit {
            '-' => '⁻',
            digit => {
                digit.to_digit(10).and_then(|digit| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(digit as usize)).unwrap_or(digit)
            }
        })
        .collect();
    match mantissa {
        "1" => format!("10{power}"),
        "-1" => format!("−10{power}"),
        mantissa => format!("{}·10{power}", mantissa.replace('-', "−")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(ticks: Vec<f64>) -> String {
        labels(&ticks).join(" ")
    }

    #[test]
    fn linear_ticks_are_round() {
        assert_eq!(written(linear(0.0, 0.26, 6, 0.0)), "0.00 0.05 0.10 0.15 0.20 0.25");
        assert_eq!(written(linear(0.0, 149.0, 7, 1.0)), "0 25 50 75 100 125");
        assert_eq!(written(linear(0.0, 150.0, 7, 1.0)), "0 25 50 75 100 125 150");
        assert_eq!(written(linear(-1.0, 1.0, 4, 0.0)), "−1.0 −0.5 0.0 0.5 1.0");
        assert_eq!(written(linear(0.0, 12.0, 5, 1.0)), "0 5 10");
        assert_eq!(written(linear(0.0, 2.0, 8, 1.0)), "0 1 2", "no half epochs");
        assert_eq!(written(linear(0.052, 0.0551, 4, 0.0)), "0.052 0.053 0.054 0.055");
    }

    #[test]
    fn a_logarithmic_axis_within_one_decade_has_several_ticks() {
        assert_eq!(written(logarithmic(0.04, 0.3, 300.0, 26.0)), "0.04 0.05 0.06 0.08 0.10 0.15 0.20 0.30");
        assert_eq!(written(logarithmic(0.04, 0.3, 250.0, 26.0)), "0.05 0.07 0.10 0.15 0.20 0.30");
        assert_eq!(written(logarithmic(0.04, 0.3, 170.0, 26.0)), "0.05 0.10 0.20 0.30");
        assert_eq!(written(logarithmic(0.01, 1.0, 300.0, 26.0)), "0.01 0.02 0.03 0.05 0.1 0.2 0.3 0.5 1");
    }

    #[test]
    fn a_logarithmic_axis_over_many_decades_thins_out() {
        assert_eq!(
            written(logarithmic(1e-8, 1.0, 300.0, 26.0)),
            "10⁻⁸ 10⁻⁷ 10⁻⁶ 10⁻⁵ 10⁻⁴ 10⁻³ 10⁻² 10⁻¹ 10⁰"
        );
        let ticks = logarithmic(1e-100, 1.0, 300.0, 26.0);
        assert!((5..=12).contains(&ticks.len()), "{ticks:?}");
    }

    #[test]
    fn a_logarithmic_axis_over_almost_nothing_is_ticked_linearly() {
        let ticks = logarithmic(0.0525, 0.0548, 300.0, 26.0);
        assert!(ticks.len() >= 3, "{ticks:?}");
        assert!(ticks.iter().all(|tick| (0.0524..0.0549).contains(tick)));
    }

    #[test]
    fn no_ends_make_it_panic_or_run_away() {
        for (low, high) in
            [(0.0, 0.0), (1.0, 1.0), (-1e300, 1e300), (0.0, 5e-324), (1e15, 1e15 + 1.0), (f64::NAN, 1.0)]
        {
            assert!(linear(low, high, 6, 0.0).len() <= 20, "{low} {high}");
        }
        for (low, high) in
            [(1e-300, 1e300), (1.0, 1.0 + 1e-15), (5e-324, 1.0), (0.0, f64::INFINITY), (f64::NAN, 1.0)]
        {
            assert!(logarithmic(low, high, 300.0, 26.0).len() <= 20, "{low} {high}");
        }
    }
}
