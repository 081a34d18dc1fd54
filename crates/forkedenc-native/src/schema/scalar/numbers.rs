//! Ints, floats, Decimals and strs.

use forkedenc_core::json::number::careful;
use forkedenc_core::scalar::{Fault, number};
use pyo3::exceptions::PyArithmeticError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};

use super::integer;
use crate::{fallible, text};

/// What a text gives: a value, or why there is none. Python's own failures are errors of their own.
pub type Made<'py> = PyResult<Result<Bound<'py, PyAny>, Fault>>;

/// A str of UTF-8 that the machine has checked.
pub fn text<'py>(py: Python<'py>, bytes: &[u8], ascii: bool) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached; the bytes are what the machine has checked, and the result is new.
    unsafe {
        let made = if ascii { text::from_ascii(bytes) } else { text::from_utf8(bytes) };
        Bound::from_owned_ptr_or_err(py, made)
    }
}

pub fn int(py: Python<'_>, value: i64) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: attached; the result is new.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyLong_FromLongLong(value)) }
}

/// The int of a float without a fraction.
pub fn int_of_float(py: Python<'_>, value: f64) -> Made<'_> {
    if !value.is_finite() {
        return Ok(Err(Fault::Range));
    }
    if value.fract() != 0.0 {
        return Ok(Err(Fault::Form));
    }
    // SAFETY: attached; the result is new.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyLong_FromDouble(value)).map(Ok) }
}

/// The int of a string that holds a number as JSON writes it, without a fraction.
pub fn int_of_json<'py>(py: Python<'py>, text: &[u8]) -> Made<'py> {
    if number::is_plain_integer(text) {
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        return parsed(py, text.len() > digits.len(), digits).map(Ok);
    }
    if !number::is_json_number(text) {
        return Ok(Err(Fault::Form));
    }
    match number::double(text) {
        Ok(value) => int_of_float(py, value),
        Err(fault) => Ok(Err(fault)),
    }
}

/// `xs:integer`.
pub fn int_of_xml<'py>(py: Python<'py>, text: &[u8]) -> Made<'py> {
    match number::integer(text) {
        Ok((negative, digits)) => parsed(py, negative, digits).map(Ok),
        Err(fault) => Ok(Err(fault)),
    }
}

fn parsed<'py>(py: Python<'py>, negative: bool, digits: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    match std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<i64>().ok()) {
        Some(value) => int(py, if negative { -value } else { value }),
        None => {
            let value = integer::parse(py, digits)?;
            if negative { value.neg() } else { Ok(value) }
        }
    }
}

/// The float of an integer's digits or of `xs:double` but for NaN and infinities.
pub fn float_of_text<'py>(py: Python<'py>, text: &[u8]) -> Made<'py> {
    match number::double(text) {
        Ok(value) => fallible::float(py, value).map(Ok),
        Err(fault) => Ok(Err(fault)),
    }
}

/// `decimal.Decimal`, once a type has asked for it or one has been written.
pub static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// The same, imported.
pub fn decimal_class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let class = DECIMAL
        .get_or_try_init(py, || Ok::<_, PyErr>(imported(py, "decimal", "Decimal")?.cast_into::<PyType>()?.unbind()))?;
    Ok(class.bind(py))
}

/// A module's attribute, without panics where memory is out.
pub fn imported<'py>(py: Python<'py>, module: &str, name: &str) -> PyResult<Bound<'py, PyAny>> {
    let module = py.import(fallible::text(py, module)?.cast_into::<PyString>()?)?;
    module.getattr(fallible::text(py, name)?.cast_into::<PyString>()?)
}

/// The Decimal of a number's text, digit by digit.
pub fn decimal<'py>(py: Python<'py>, text: &[u8]) -> Made<'py> {
    if let Err(fault) = number::decimal(text) {
        return Ok(Err(fault));
    }
    decimal_of(py, self::text(py, text, true)?)
}

pub fn decimal_of_int(py: Python<'_>, value: i64) -> Made<'_> {
    decimal_of(py, int(py, value)?)
}

/// The Decimal of the shortest text that reads back as this float.
pub fn decimal_of_float(py: Python<'_>, value: f64) -> Made<'_> {
    if !value.is_finite() {
        return Ok(Err(Fault::Range));
    }
    decimal_of(py, fallible::float(py, value)?.repr()?.into_any())
}

fn decimal_of<'py>(py: Python<'py>, value: Bound<'py, PyAny>) -> Made<'py> {
    match decimal_class(py)?.call1((value,)) {
        Ok(made) => Ok(Ok(made)),
        // More digits than any context allows.
        Err(error) if error.is_instance_of::<PyArithmeticError>(py) => Ok(Err(Fault::Range)),
        Err(error) => Err(error),
    }
}

/// The nearest float of digits that the machine has read; past its range it is infinite.
#[must_use]
pub fn nearest(text: &[u8]) -> f64 {
    careful(text)
}
