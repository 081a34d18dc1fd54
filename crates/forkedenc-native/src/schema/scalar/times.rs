//! Datetimes, dates, times and timedeltas, made through the C API of `datetime`.

use forkedenc_core::scalar::duration::{self, Duration};
use forkedenc_core::scalar::time::{self, Date, Time};
use forkedenc_core::scalar::{Fault, number};
use pyo3::prelude::*;
use pyo3::types::{PyDate, PyDateTime, PyDelta, PyTime, PyTzInfo};

use super::numbers::Made;

/// The zone of an offset in minutes: `timezone.utc` for 0.
fn zone(py: Python<'_>, offset: Option<i16>) -> PyResult<Option<Bound<'_, PyTzInfo>>> {
    Ok(match offset {
        None => None,
        Some(0) => Some(PyTzInfo::utc(py)?.to_owned()),
        Some(minutes) => Some(PyTzInfo::fixed_offset(py, PyDelta::new(py, 0, 60 * i32::from(minutes), 0, true)?)?),
    })
}

fn made_datetime(py: Python<'_>, read: Result<(Date, Time), Fault>) -> Made<'_> {
    let (date, time) = match read {
        Ok(read) => read,
        Err(fault) => return Ok(Err(fault)),
    };
    let zone = zone(py, time.offset)?;
    let made = PyDateTime::new(
        py,
        date.year.into(),
        date.month,
        date.day,
        time.hour,
        time.minute,
        time.second,
        time.microsecond,
        zone.as_ref(),
    )?;
    Ok(Ok(made.into_any()))
}

/// RFC 3339's `date-time`; without an offset, a local one.
pub fn datetime<'py>(py: Python<'py>, text: &[u8]) -> Made<'py> {
    made_datetime(py, time::datetime(text))
}

/// Seconds since 1970, in UTC.
pub fn instant(py: Python<'_>, seconds: i64) -> Made<'_> {
    made_datetime(py, time::from_seconds(seconds))
}

pub fn float_instant(py: Python<'_>, seconds: f64) -> Made<'_> {
    made_datetime(py, time::from_float_seconds(seconds))
}

pub fn instant_of_text<'py>(py: Python<'py>, text: &[u8]) -> Made<'py> {
    made_datetime(py, number::double(text).and_then(time::from_float_seconds))
}

/// RFC 3339's `full-date`; `offset`: one may follow, which a date does not keep.
pub fn date<'py>(py: Python<'py>, text: &[u8], offset: bool) -> Made<'py> {
    match if offset { time::date_with_offset(text) } else { time::date(text) } {
        Ok(date) => Ok(Ok(PyDate::new(py, date.year.into(), date.month, date.day)?.into_any())),
        Err(fault) => Ok(Err(fault)),
    }
}

/// RFC 3339's `full-time` or `partial-time`.
pub fn time<'py>(py: Python<'py>, text: &[u8]) -> Made<'py> {
    let time = match time::time(text) {
        Ok(time) => time,
        Err(fault) => return Ok(Err(fault)),
    };
    let zone = zone(py, time.offset)?;
    Ok(Ok(PyTime::new(py, time.hour, time.minute, time.second, time.microsecond, zone.as_ref())?.into_any()))
}

fn made_timedelta(py: Python<'_>, read: Result<Duration, Fault>) -> Made<'_> {
    match read {
        Ok(read) => {
            let (seconds, microseconds) = (read.seconds.cast_signed(), read.microseconds.cast_signed());
            Ok(Ok(PyDelta::new(py, read.days, seconds, microseconds, false)?.into_any()))
        }
        Err(fault) => Ok(Err(fault)),
    }
}

/// A duration of ISO 8601 without years and months.
pub fn timedelta<'py>(py: Python<'py>, text: &[u8]) -> Made<'py> {
    made_timedelta(py, duration::duration(text))
}

pub fn seconds(py: Python<'_>, seconds: i64) -> Made<'_> {
    made_timedelta(py, Duration::from_seconds(seconds))
}

pub fn float_seconds(py: Python<'_>, seconds: f64) -> Made<'_> {
    made_timedelta(py, Duration::from_float_seconds(seconds))
}

pub fn seconds_of_text<'py>(py: Python<'py>, text: &[u8]) -> Made<'py> {
    made_timedelta(py, number::double(text).and_then(Duration::from_float_seconds))
}
