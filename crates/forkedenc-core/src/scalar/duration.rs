//! Durations as ISO 8601 and RFC 3339 appendix A write them, of a fixed length: weeks, or days, hours, minutes and seconds.
//!
//! A sign may stand before the `P`, and small letters are taken too. The last component may have a fraction, of which what
//! is below a microsecond is dropped. Years and months are no fixed length and have no place here.

use super::time::split_seconds;
use super::{Fault, digits, put, put_fraction, take};

const SECOND: u128 = 1_000_000;
const DAY: u128 = 86_400 * SECOND;

/// So many microseconds; normal as Python has it: the sign is that of the days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration {
    /// -999,999,999 to 999,999,999.
    pub days: i32,
    /// 0 to 86,399.
    pub seconds: u32,
    /// 0 to 999,999.
    pub microseconds: u32,
}

impl Duration {
    const LONGEST: i32 = 999_999_999;

    fn from_microseconds(total: i128) -> Result<Self, Fault> {
        let days = i32::try_from(total.div_euclid(DAY as i128)).map_err(|_| Fault::Range)?;
        if !(-Self::LONGEST..=Self::LONGEST).contains(&days) {
            return Err(Fault::Range);
        }
        let rest = total.rem_euclid(DAY as i128) as u128;
        Ok(Self { days, seconds: (rest / SECOND) as u32, microseconds: (rest % SECOND) as u32 })
    }

    fn total(self) -> i128 {
        let seconds = i128::from(self.days) * 86_400 + i128::from(self.seconds);
        seconds * SECOND as i128 + i128::from(self.microseconds)
    }

    /// So many seconds.
    pub fn from_seconds(seconds: i64) -> Result<Self, Fault> {
        Self::from_microseconds(i128::from(seconds) * SECOND as i128)
    }

    /// So many seconds, to the nearest microsecond, the even one of two.
    pub fn from_float_seconds(seconds: f64) -> Result<Self, Fault> {
        let (whole, microseconds) = split_seconds(seconds).ok_or(Fault::Range)?;
        Self::from_microseconds(i128::from(whole) * SECOND as i128 + i128::from(microseconds))
    }
}

/// More digits than any number in range has, and few enough that nothing below overflows.
const MOST_DIGITS: usize = 18;

/// The number of at most [`MOST_DIGITS`] digits.
fn whole(digits: &[u8]) -> Option<u128> {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    let digits = &digits[zeros..];
    (digits.len() <= MOST_DIGITS).then(|| digits.iter().fold(0, |value, digit| 10 * value + u128::from(digit - b'0')))
}

/// The microseconds of a fraction of a unit.
fn part(digits: &[u8], unit: u128) -> u128 {
    let digits = &digits[..digits.len().min(MOST_DIGITS)];
    let numerator = digits.iter().fold(0, |value, digit| 10 * value + u128::from(digit - b'0'));
    numerator * unit / 10u128.pow(digits.len() as u32)
}

/// The letters and lengths of components, in the order in which they may come.
const DATE: [(u8, u128); 2] = [(b'W', 7 * DAY), (b'D', DAY)];
const TIME: [(u8, u128); 3] = [(b'H', 3600 * SECOND), (b'M', 60 * SECOND), (b'S', SECOND)];

/// What has been read of a duration.
#[derive(Default)]
struct Sum {
    total: u128,
    out_of_range: bool,
    /// A component had a fraction, so that no other may follow.
    ended: bool,
}

impl Sum {
    /// Reads the components of one part; how many there are, and the letter of the last.
    fn read(&mut self, text: &mut &[u8], mut units: &[(u8, u128)]) -> Result<(usize, u8), Fault> {
        let (mut count, mut last) = (0, 0);
        while text.first().is_some_and(u8::is_ascii_digit) {
            if self.ended {
                return Err(Fault::Form);
            }
            let number = digits(text);
            let mut fraction: &[u8] = b"";
            if take(text, b".").is_some() {
                fraction = digits(text);
                self.ended = true;
                if fraction.is_empty() {
                    return Err(Fault::Form);
                }
            }
            let (letter, rest) = text.split_first().ok_or(Fault::Form)?;
            *text = rest;
            last = letter.to_ascii_uppercase();
            let place = units.iter().position(|(unit, _)| *unit == last).ok_or(Fault::Form)?;
            let unit = units[place].1;
            units = &units[place + 1..];
            match whole(number) {
                Some(number) => self.total += number * unit + part(fraction, unit),
                None => self.out_of_range = true,
            }
            count += 1;
        }
        Ok((count, last))
    }
}

/// A duration.
pub fn duration(text: &[u8]) -> Result<Duration, Fault> {
    let mut text = text;
    let negative = take(&mut text, b"+-") == Some(b'-');
    take(&mut text, b"Pp").ok_or(Fault::Form)?;
    let mut sum = Sum::default();
    let (days, last) = sum.read(&mut text, &DATE)?;
    let mut times = 0;
    if take(&mut text, b"Tt").is_some() {
        (times, _) = sum.read(&mut text, &TIME)?;
        if times == 0 {
            return Err(Fault::Form);
        }
    }
    // Weeks stand alone.
    let alone = days + times == 1;
    if !text.is_empty() || days + times == 0 || days == 2 || (last == b'W' && !alone) {
        return Err(Fault::Form);
    }
    if sum.out_of_range {
        return Err(Fault::Range);
    }
    let total = i128::try_from(sum.total).map_err(|_| Fault::Range)?;
    Duration::from_microseconds(if negative { -total } else { total })
}

/// Writes a duration: days, hours, minutes and seconds that are not 0, `PT0S` where all are.
pub fn put_duration(out: &mut Vec<u8>, duration: Duration) {
    let total = duration.total();
    if total == 0 {
        out.extend_from_slice(b"PT0S");
        return;
    }
    if total < 0 {
        out.push(b'-');
    }
    let total = total.unsigned_abs();
    let (days, rest) = ((total / DAY) as u32, total % DAY);
    let (seconds, microseconds) = ((rest / SECOND) as u32, (rest % SECOND) as u32);
    out.push(b'P');
    put_component(out, days, b'D');
    if rest > 0 {
        out.push(b'T');
    }
    put_component(out, seconds / 3600, b'H');
    put_component(out, seconds / 60 % 60, b'M');
    if seconds % 60 > 0 || microseconds > 0 {
        put(out, seconds % 60, 1);
        put_fraction(out, microseconds, true);
        out.push(b'S');
    }
}

fn put_component(out: &mut Vec<u8>, value: u32, letter: u8) {
    if value > 0 {
        put(out, value, 1);
        out.push(letter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<i128, Fault> {
        duration(text.as_bytes()).map(Duration::total)
    }

    #[test]
    fn components_add_up() {
        for (text, seconds) in [
            ("PT90S", 90),
            ("P1D", 86_400),
            ("P2W", 14 * 86_400),
            ("P1DT2H3M4S", 93_784),
            ("-P1DT1H", -90_000),
            ("+PT1S", 1),
            ("pt1m", 60),
            ("P0D", 0),
            ("PT000000000000000000000000000001S", 1),
            ("PT1H1S", 3601),
        ] {
            assert_eq!(read(text), Ok(seconds * 1_000_000), "{text}");
        }
    }

    #[test]
    fn only_the_last_component_has_a_fraction_and_what_is_below_a_microsecond_is_dropped() {
        assert_eq!(read("PT1.5H"), Ok(5_400_000_000));
        assert_eq!(read("P0.5W"), Ok(302_400_000_000));
        assert_eq!(read("PT0.1234569S"), Ok(123_456));
        assert_eq!(read("-PT0.0000009S"), Ok(0));
        assert_eq!(read(&format!("PT0.{}S", "9".repeat(1000))), Ok(999_999));
        for text in ["P1.5DT1S", "PT1.5H1M", "PT1.S", "PT.5S", "PT1,5S"] {
            assert_eq!(read(text), Err(Fault::Form), "{text}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "P",
            "PT",
            "P1DT",
            "P1Y",
            "P1M",
            "P1W1D",
            "P1WT1S",
            "P0W0D",
            "P1D1D",
            "PT1M1H",
            "1S",
            "P1",
            "PT1",
            "P-1D",
            "--P1D",
            "P1D ",
            " P1D",
            "PT1S1",
            "PT1\u{661}S",
            "ninety",
            "P1S",
            "PT1D",
            "P1H",
        ] {
            assert_eq!(read(text), Err(Fault::Form), "{text}");
        }
    }

    #[test]
    fn what_no_timedelta_holds_is_out_of_range() {
        assert_eq!(read("P999999999D"), Ok(999_999_999 * 86_400_000_000));
        assert_eq!(read("-P999999999D"), Ok(-999_999_999 * 86_400_000_000));
        assert_eq!(read("P999999999DT23H59M59.999999S"), Ok(86_399_999_999_999_999_999));
        for text in ["P1000000000D", "-P999999999DT0.000001S", "PT99999999999999999999999999S", "P999999999999999999W"]
        {
            assert_eq!(read(text), Err(Fault::Range), "{text}");
        }
        assert_eq!(read(&format!("PT{}S", "9".repeat(1_000_000))), Err(Fault::Range));
        assert_eq!(read(&format!("PT{}", "9".repeat(1_000_000))), Err(Fault::Form));
    }

    #[test]
    fn what_is_written_reads_back() {
        for (text, written) in [
            ("PT90S", "PT1M30S"),
            ("P0D", "PT0S"),
            ("-PT0.5S", "-PT0.5S"),
            ("P1DT3661.000005S", "P1DT1H1M1.000005S"),
            ("-P999999999D", "-P999999999D"),
            ("P2W", "P14D"),
        ] {
            let value = duration(text.as_bytes()).unwrap();
            let mut out = Vec::new();
            put_duration(&mut out, value);
            assert_eq!(out, written.as_bytes());
            assert_eq!(duration(&out), Ok(value));
        }
    }

    #[test]
    fn seconds_round_to_the_nearest_microsecond() {
        assert_eq!(Duration::from_float_seconds(1.5).map(Duration::total), Ok(1_500_000));
        assert_eq!(Duration::from_float_seconds(-0.25).map(Duration::total), Ok(-250_000));
        assert_eq!(Duration::from_float_seconds(0.999_999_9).map(Duration::total), Ok(1_000_000));
        for seconds in [f64::NAN, f64::INFINITY, 1e300, -1e14] {
            assert_eq!(Duration::from_float_seconds(seconds), Err(Fault::Range));
        }
        assert_eq!(Duration::from_seconds(-1), Ok(Duration { days: -1, seconds: 86_399, microseconds: 0 }));
        assert_eq!(Duration::from_seconds(i64::MIN), Err(Fault::Range));
    }
}
