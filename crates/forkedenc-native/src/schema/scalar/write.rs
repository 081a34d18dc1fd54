//! The text of scalars that JSON and XML have no kind for: what the decoders read back as the same value.

use forkedenc_core::scalar::duration::{Duration, put_duration};
use forkedenc_core::scalar::time::{Date, Time, put_date, put_datetime, put_time};
use forkedenc_core::scalar::{base64, uuid};
use pyo3::exceptions::{PyAttributeError, PyMemoryError, PyOverflowError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBytes, PyDate, PyDateAccess, PyDateTime, PyDelta, PyDeltaAccess, PyInt, PyString, PyTime, PyTimeAccess, PyType,
    PyTzInfo, PyTzInfoAccess,
};

use super::numbers;
use crate::schema::Trouble;
use crate::{fallible, input};

/// No text of a fixed length is longer.
const ROOM: usize = 64;

/// Writes the text of a datetime, date or time (RFC 3339), timedelta (ISO 8601), UUID, Decimal, or bytes-like object
/// (base64); false for any other object, of which nothing is written.
///
/// An offset that is not of whole minutes has no text: a datetime with one is written in UTC, a time is refused, and so are
/// Decimals that are not finite. An attribute `tzinfo` may be the caller's code and raise what it likes.
pub fn text_of(py: Python<'_>, value: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> Result<bool, Trouble> {
    out.try_reserve(ROOM).map_err(|_| PyMemoryError::new_err(()))?;
    // Imports `datetime`, which the casts take for granted.
    PyTzInfo::utc(py)?;
    if let Ok(value) = value.cast::<PyDateTime>() {
        datetime(py, value, out)?;
    } else if let Ok(value) = value.cast::<PyDate>() {
        put_date(out, date_of(value));
    } else if let Ok(value) = value.cast::<PyTime>() {
        let offset = match offset_of(value.as_any(), value.get_tzinfo())? {
            Offset::Local => None,
            Offset::Minutes(minutes) => Some(minutes),
            Offset::Odd => {
                return Err(Trouble::refused("time with an offset of whole minutes", "time with another offset"));
            }
        };
        put_time(out, time_of(value, offset));
    } else if let Ok(value) = value.cast::<PyDelta>() {
        let (seconds, microseconds) = (value.get_seconds().cast_unsigned(), value.get_microseconds().cast_unsigned());
        put_duration(out, Duration { days: value.get_days(), seconds, microseconds });
    } else if let Ok(value) = value.cast::<PyBytes>() {
        // SAFETY: the object is alive and never changes.
        base64_of(unsafe { input::bytes_of(value.as_ptr()) }, out)?;
    } else if let Some(digits) = decimal_digits(value)? {
        decimal(&digits, out)?;
    } else if is_of(value, &UUID, intern!(py, "uuid"), intern!(py, "UUID"))? {
        uuid::put(out, number_of(&value.getattr(intern!(py, "int"))?)?);
    } else if is_buffer(value) {
        let mut bytes = Vec::new();
        input::copy_buffer(value, &mut bytes)?;
        base64_of(&bytes, out)?;
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn is_buffer(value: &Bound<'_, PyAny>) -> bool {
    // SAFETY: attached; the types are static.
    unsafe { ffi::PyByteArray_Check(value.as_ptr()) != 0 || ffi::PyMemoryView_Check(value.as_ptr()) != 0 }
}

static UUID: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// Is it of a class whose module somebody has imported? Where nobody has, it is not.
fn is_of(
    value: &Bound<'_, PyAny>,
    known: &PyOnceLock<Py<PyType>>,
    module: &Bound<'_, PyString>,
    class: &Bound<'_, PyString>,
) -> PyResult<bool> {
    let py = value.py();
    if let Some(class) = known.get(py) {
        return value.is_instance(class.bind(py));
    }
    // SAFETY: attached; the module is a new reference or null, an exception apart from that.
    let module = unsafe { Bound::from_owned_ptr_or_opt(py, ffi::PyImport_GetModule(module.as_ptr())) };
    let Some(module) = module else {
        return PyErr::take(py).map_or(Ok(false), Err);
    };
    match module.getattr(class) {
        Ok(class) => match class.cast_into::<PyType>() {
            Ok(class) => {
                let answer = value.is_instance(&class);
                // Somebody else may have been first.
                let _ = known.set(py, class.unbind());
                answer
            }
            Err(_) => Ok(false),
        },
        // A module that another thread is importing.
        Err(error) if error.is_instance_of::<PyAttributeError>(py) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Is it exactly of a type for which [`text_of`] is all that need be asked? A false may be wrong.
///
/// # Safety
/// The interpreter is attached and `value` is alive.
pub unsafe fn is_plain(value: *mut ffi::PyObject) -> bool {
    // SAFETY: as the caller's; the table of `datetime` is null or lives as long as the interpreter.
    unsafe {
        let class = ffi::Py_TYPE(value);
        let times = ffi::PyDateTimeAPI();
        let is_time = !times.is_null()
            && [(*times).DateTimeType, (*times).DateType, (*times).TimeType, (*times).DeltaType].contains(&class);
        is_time
            || ffi::PyBytes_CheckExact(value) != 0
            || UUID.get(Python::assume_attached()).is_some_and(|uuid| uuid.as_ptr() == class.cast())
    }
}

/// Is it exactly a Decimal? A false may be wrong.
///
/// # Safety
/// The interpreter is attached and `value` is alive.
pub unsafe fn is_exact_decimal(value: *mut ffi::PyObject) -> bool {
    // SAFETY: as the caller's.
    unsafe {
        numbers::DECIMAL
            .get(Python::assume_attached())
            .is_some_and(|class| class.as_ptr() == ffi::Py_TYPE(value).cast())
    }
}

/// A number of 128 bits, by documented calls.
fn number_of(value: &Bound<'_, PyAny>) -> PyResult<u128> {
    let py = value.py();
    let value = value.cast::<PyInt>()?;
    // SAFETY: attached; the objects are ints and alive. The high half is asked for errors: no number of a UUID's is
    // negative or longer.
    unsafe {
        let low = ffi::PyLong_AsUnsignedLongLongMask(value.as_ptr());
        let width = fallible::int(py, 64)?;
        let high = Bound::from_owned_ptr_or_err(py, ffi::PyNumber_Rshift(value.as_ptr(), width.as_ptr()))?;
        let high = ffi::PyLong_AsUnsignedLongLong(high.as_ptr());
        match PyErr::take(py) {
            None => Ok(u128::from(high) << 64 | u128::from(low)),
            Some(error) => Err(error),
        }
    }
}

fn date_of(value: &impl PyDateAccess) -> Date {
    Date { year: value.get_year() as u16, month: value.get_month(), day: value.get_day() }
}

fn time_of(value: &impl PyTimeAccess, offset: Option<i16>) -> Time {
    Time {
        hour: value.get_hour(),
        minute: value.get_minute(),
        second: value.get_second(),
        microsecond: value.get_microsecond(),
        offset,
    }
}

enum Offset {
    /// None.
    Local,
    Minutes(i16),
    /// No whole minutes.
    Odd,
}

fn offset_of(value: &Bound<'_, PyAny>, zone: Option<Bound<'_, PyTzInfo>>) -> PyResult<Offset> {
    let py = value.py();
    let Some(zone) = zone else { return Ok(Offset::Local) };
    if zone.is(PyTzInfo::utc(py)?) {
        return Ok(Offset::Minutes(0));
    }
    let offset = value.call_method0(intern!(py, "utcoffset"))?;
    if offset.is_none() {
        return Ok(Offset::Local);
    }
    let offset = offset.cast::<PyDelta>()?;
    // The interpreter has seen to it that it is within a day.
    let seconds = 86_400 * offset.get_days() + offset.get_seconds();
    if seconds % 60 != 0 || offset.get_microseconds() != 0 {
        return Ok(Offset::Odd);
    }
    Ok(Offset::Minutes((seconds / 60) as i16))
}

fn datetime(py: Python<'_>, value: &Bound<'_, PyDateTime>, out: &mut Vec<u8>) -> Result<(), Trouble> {
    let offset = match offset_of(value.as_any(), value.get_tzinfo())? {
        Offset::Local => None,
        Offset::Minutes(minutes) => Some(minutes),
        Offset::Odd => {
            let moved = value.call_method1(intern!(py, "astimezone"), (PyTzInfo::utc(py)?,)).map_err(|error| {
                if error.is_instance_of::<PyOverflowError>(py) {
                    return Trouble::refused(
                        "datetime whose UTC is within the years 1 to 9999",
                        "datetime out of range",
                    );
                }
                Trouble::Raised(error)
            })?;
            let moved = moved.cast::<PyDateTime>().map_err(PyErr::from)?;
            put_datetime(out, date_of(moved), time_of(moved, Some(0)));
            return Ok(());
        }
    };
    put_datetime(out, date_of(value), time_of(value, offset));
    Ok(())
}

/// The text of a Decimal, whatever a subclass says of itself; None if it is none.
pub fn decimal_digits(value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    let py = value.py();
    // SAFETY: attached; `value` is alive.
    if unsafe { is_exact_decimal(value.as_ptr()) } {
        return value.str()?.extract().map(Some);
    }
    if !is_of(value, &numbers::DECIMAL, intern!(py, "decimal"), intern!(py, "Decimal"))? {
        return Ok(None);
    }
    numbers::decimal_class(py)?.call_method1(intern!(py, "__str__"), (value,))?.extract().map(Some)
}

fn decimal(digits: &str, out: &mut Vec<u8>) -> Result<(), Trouble> {
    let digits = digits.as_bytes();
    if !digits.last().is_some_and(u8::is_ascii_digit)
        || digits.iter().any(|byte| byte.is_ascii_alphabetic() && *byte != b'E')
    {
        return Err(Trouble::refused("a finite Decimal", "Decimal that is not finite"));
    }
    out.try_reserve(digits.len()).map_err(|_| PyMemoryError::new_err(()))?;
    out.extend_from_slice(digits);
    Ok(())
}

fn base64_of(bytes: &[u8], out: &mut Vec<u8>) -> PyResult<()> {
    let memory = || PyMemoryError::new_err(());
    let length = base64::encoded_length(bytes.len()).ok_or_else(memory)?;
    out.try_reserve(length).map_err(|_| memory())?;
    let start = out.len();
    out.resize(start + length, 0);
    base64::encode(bytes, &mut out[start..]).map_err(|_| memory())
}
