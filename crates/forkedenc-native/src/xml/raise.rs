//! Errors of the core made Python's.

use forkedenc_core::xml::{Error, Kind};
use pyo3::exceptions::{PyMemoryError, PyRuntimeError};
use pyo3::prelude::*;

use crate::{errors, fallible};

/// The exception of a failed parse. For [`Kind::Sink`] it is the one that is set: the sink left it there.
///
/// `face` chooses the class: `"xml"`, `"xml.etree"`, `"xml.sax"` and so on. Besides its own place each failure carries the
/// place where expat would say that the input ended, as `token_offset`, `token_line` and `token_column`.
#[cold]
pub fn raise(py: Python<'_>, face: &str, error: &Error) -> PyErr {
    match error.kind {
        Kind::OutOfMemory => return PyMemoryError::new_err(()),
        Kind::Sink => {
            return PyErr::take(py).unwrap_or_else(|| PyRuntimeError::new_err("a sink failed without a reason"));
        }
        _ => {}
    }
    let detail = || {
        let detail = fallible::dict(py)?;
        if let Kind::Limit { limit, maximum, observed } = error.kind {
            errors::set_limit(&detail, limit, maximum, observed)?;
        }
        fallible::put_int(&detail, "token_offset", error.token.offset)?;
        fallible::put_int(&detail, "token_line", error.token.line)?;
        fallible::put_int(&detail, "token_column", error.token.column)?;
        Ok(detail)
    };
    match detail() {
        Ok(detail) => {
            let place = error.place;
            errors::raise(py, face, error.kind.name(), place.offset, place.line, place.column, &error.path, detail)
        }
        Err(failed) => failed,
    }
}
