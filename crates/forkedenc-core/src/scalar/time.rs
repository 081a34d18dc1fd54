//! Dates and times of day as RFC 3339 section 5.6 writes them, of the years 1 to 9999.
//!
//! Beyond that section: the offset may be missing, which gives a local time, and a space may stand for the `T` (its own
//! NOTE). Digits past the microseconds are dropped, never rounded: no value moves into the next second, day or year. A leap
//! second is read where one can be, at 23:59:60 UTC (and, of a datetime, on the last day of a month), as the last
//! microsecond before it, since nothing else would keep the order of times.

use super::{Fault, digits, microseconds, put, put_fraction, take};

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// 1 to 9999.
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub microsecond: u32,
    /// Minutes east of UTC, within a day; none: local.
    pub offset: Option<i16>,
}

const SECONDS_PER_DAY: i64 = 86_400;
/// Days from 0001-01-01 to 1970-01-01.
const EPOCH: i64 = 719_162;

impl Date {
    fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let fits = year >= 1 && (1..=12).contains(&month) && day >= 1 && day <= days_of(year, month);
        fits.then_some(Self { year, month, day })
    }

    fn ends_month(self) -> bool {
        self.day == days_of(self.year, self.month)
    }

    /// The day so many days after 1970-01-01.
    #[must_use]
    pub fn from_days(days: i64) -> Option<Self> {
        // Years begin in March, so that the day which some of them lack is the last; 400 of them have 146,097 days.
        let days = days.checked_add(EPOCH + 306)?;
        let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let of_era = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * of_era + of_era / 4 - of_era / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        let year = era.checked_mul(400)?.checked_add(of_era + carry)?;
        Self::new(u16::try_from(year).ok().filter(|year| *year <= 9999)?, month as u8, day as u8)
    }
}

fn days_of(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Takes a number of exactly so many digits.
#[inline]
fn number<const WIDTH: usize>(text: &mut &[u8]) -> Result<u16, Fault> {
    let (number, rest) = text.split_first_chunk::<WIDTH>().ok_or(Fault::Form)?;
    *text = rest;
    let mut value = 0;
    for byte in number {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(Fault::Form);
        }
        value = 10 * value + u16::from(digit);
    }
    Ok(value)
}

#[inline]
fn two(text: &mut &[u8]) -> Result<u8, Fault> {
    number::<2>(text).map(|value| value as u8)
}

#[inline]
fn expect(text: &mut &[u8], wanted: &[u8]) -> Result<u8, Fault> {
    take(text, wanted).ok_or(Fault::Form)
}

fn end(text: &[u8]) -> Result<(), Fault> {
    if text.is_empty() { Ok(()) } else { Err(Fault::Form) }
}

/// `full-date`, as it is written.
fn full_date(text: &mut &[u8]) -> Result<(u16, u8, u8), Fault> {
    let year = number::<4>(text)?;
    expect(text, b"-")?;
    let month = two(text)?;
    expect(text, b"-")?;
    Ok((year, month, two(text)?))
}

/// `time-offset` or nothing, as it is written: minutes, past their range if they are.
fn offset(text: &mut &[u8]) -> Result<Option<i32>, Fault> {
    let Some(sign) = take(text, b"Zz+-") else { return Ok(None) };
    if matches!(sign, b'Z' | b'z') {
        return Ok(Some(0));
    }
    let hours = two(text)?;
    expect(text, b":")?;
    let minutes = two(text)?;
    let total = if hours < 24 && minutes < 60 { 60 * i32::from(hours) + i32::from(minutes) } else { i32::MAX };
    Ok(Some(if sign == b'-' { -total } else { total }))
}

/// `partial-time` with its offset. The second may still be 60.
fn full_time(text: &mut &[u8]) -> Result<(Time, bool), Fault> {
    let hour = two(text)?;
    expect(text, b":")?;
    let minute = two(text)?;
    expect(text, b":")?;
    let second = two(text)?;
    let mut microsecond = 0;
    if take(text, b".").is_some() {
        let fraction = digits(text);
        if fraction.is_empty() {
            return Err(Fault::Form);
        }
        microsecond = microseconds(fraction);
    }
    let offset = offset(text)?;
    // Whatever is out of range, another form beats it.
    end(text)?;
    let offset = match offset {
        Some(minutes) if minutes.abs() >= 24 * 60 => return Err(Fault::Range),
        Some(minutes) => Some(minutes as i16),
        None => None,
    };
    if hour > 23 || minute > 59 || second > 60 {
        return Err(Fault::Range);
    }
    Ok((Time { hour, minute, second, microsecond, offset }, second == 60))
}

impl Time {
    /// Minutes of the day in UTC, before 0 or past the day's end where that is another day.
    fn utc_minutes(self) -> i32 {
        60 * i32::from(self.hour) + i32::from(self.minute) - i32::from(self.offset.unwrap_or(0))
    }

    /// What stands for the leap second at the end of the minute.
    fn before_leap(self) -> Self {
        Self { second: 59, microsecond: 999_999, ..self }
    }
}

/// A `full-date`.
pub fn date(text: &[u8]) -> Result<Date, Fault> {
    let mut rest = text;
    let (year, month, day) = full_date(&mut rest)?;
    end(rest)?;
    Date::new(year, month, day).ok_or(Fault::Range)
}

/// A `full-date` and an offset behind it, as XML Schema writes some dates (part 2, section 3.3.9); it is checked and not kept.
pub fn date_with_offset(text: &[u8]) -> Result<Date, Fault> {
    let mut rest = text;
    let (year, month, day) = full_date(&mut rest)?;
    let offset = offset(&mut rest)?;
    end(rest)?;
    if offset.is_some_and(|minutes| minutes.abs() >= 24 * 60) {
        return Err(Fault::Range);
    }
    Date::new(year, month, day).ok_or(Fault::Range)
}

/// A `full-time`, or a `partial-time`.
pub fn time(text: &[u8]) -> Result<Time, Fault> {
    let mut rest = text;
    match full_time(&mut rest)? {
        (time, false) => Ok(time),
        (time, true) if time.utc_minutes().rem_euclid(24 * 60) == 24 * 60 - 1 => Ok(time.before_leap()),
        _ => Err(Fault::Range),
    }
}

/// A `date-time`, or one without its offset.
pub fn datetime(text: &[u8]) -> Result<(Date, Time), Fault> {
    let mut rest = text;
    let (year, month, day) = full_date(&mut rest)?;
    expect(&mut rest, b"Tt ")?;
    let (time, leap) = full_time(&mut rest)?;
    let date = Date::new(year, month, day).ok_or(Fault::Range)?;
    if !leap {
        return Ok((date, time));
    }
    // In UTC it is the last minute of this day, of the one before (a day that ends a month is followed by the first), or of
    // the one after.
    let ends_month = match time.utc_minutes() {
        1439 => date.ends_month(),
        -1 => date.day == 1,
        2879 => date.day + 1 == days_of(date.year, date.month),
        _ => false,
    };
    if ends_month { Ok((date, time.before_leap())) } else { Err(Fault::Range) }
}

/// The instant so many seconds after 1970-01-01T00:00:00Z, in UTC.
pub fn from_seconds(seconds: i64) -> Result<(Date, Time), Fault> {
    from_parts(seconds, 0)
}

/// The same for a fraction of seconds, to the nearest microsecond, the even one of two.
pub fn from_float_seconds(seconds: f64) -> Result<(Date, Time), Fault> {
    let (whole, microsecond) = split_seconds(seconds).ok_or(Fault::Range)?;
    from_parts(whole, microsecond)
}

/// Whole seconds, and the microseconds after them.
pub(super) fn split_seconds(seconds: f64) -> Option<(i64, u32)> {
    let whole = seconds.floor();
    // Far past every range, and far from where a double no longer tells seconds.
    if !whole.is_finite() || whole.abs() > 1e15 {
        return None;
    }
    let microseconds = ((seconds - whole) * 1e6).round_ties_even() as u32;
    let (carry, microseconds) = if microseconds == 1_000_000 { (1, 0) } else { (0, microseconds) };
    Some((whole as i64 + carry, microseconds))
}

fn from_parts(seconds: i64, microsecond: u32) -> Result<(Date, Time), Fault> {
    let date = Date::from_days(seconds.div_euclid(SECONDS_PER_DAY)).ok_or(Fault::Range)?;
    let second = seconds.rem_euclid(SECONDS_PER_DAY);
    let time = Time {
        hour: (second / 3600) as u8,
        minute: (second / 60 % 60) as u8,
        second: (second % 60) as u8,
        microsecond,
        offset: Some(0),
    };
    Ok((date, time))
}

/// Writes a `full-date`.
pub fn put_date(out: &mut Vec<u8>, date: Date) {
    put(out, date.year.into(), 4);
    out.push(b'-');
    put(out, date.month.into(), 2);
    out.push(b'-');
    put(out, date.day.into(), 2);
}

/// Writes a `full-time`, or a `partial-time` where there is no offset: a fraction of six digits or none, `Z` for UTC.
pub fn put_time(out: &mut Vec<u8>, time: Time) {
    put(out, time.hour.into(), 2);
    out.push(b':');
    put(out, time.minute.into(), 2);
    out.push(b':');
    put(out, time.second.into(), 2);
    put_fraction(out, time.microsecond, false);
    match time.offset {
        None => {}
        Some(0) => out.push(b'Z'),
        Some(minutes) => {
            out.push(if minutes < 0 { b'-' } else { b'+' });
            put(out, u32::from(minutes.unsigned_abs()) / 60, 2);
            out.push(b':');
            put(out, u32::from(minutes.unsigned_abs()) % 60, 2);
        }
    }
}

/// Writes a `date-time`.
pub fn put_datetime(out: &mut Vec<u8>, date: Date, time: Time) {
    put_date(out, date);
    out.push(b'T');
    put_time(out, time);
}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
