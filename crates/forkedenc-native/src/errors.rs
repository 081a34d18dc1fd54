//! The way out for errors: positions and kinds become the exceptions that `forkedenc._errors` makes of them.
//!
//! Nothing here knows an exception class. `_errors` registers one factory when it is imported; whoever fails calls
//! [`raise`] with a face ("json", "json.loads", "json.encode"), a kind and numbers, and raises what it is given.
//! Texts, classes and the standard library's wording are all on the Python side.

use std::sync::Mutex;

use forkedenc_core::error::Kind;
use forkedenc_core::limits::Limit;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::fallible;

/// What `_errors` registered last; a module that is loaded anew replaces it.
static FACTORY: Mutex<Option<Py<PyAny>>> = Mutex::new(None);

/// Take `factory(face, kind, offset, line, column, path, detail)`, which returns the exception to raise.
#[pyfunction]
fn register_error_factory(factory: Bound<'_, PyAny>) -> PyResult<()> {
    if !factory.is_callable() {
        return Err(PyTypeError::new_err("an error factory must be callable"));
    }
    // The old one is dropped outside the lock: its finalizer is Python code and may come here again.
    let old = slot().replace(factory.unbind());
    drop(old);
    Ok(())
}

fn slot() -> std::sync::MutexGuard<'static, Option<Py<PyAny>>> {
    // Nothing panics while it is held, and an Option is whole after any panic anyway.
    FACTORY.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The exception for a failure; when making it fails, the failure of making it.
///
/// `offset` counts bytes from 0, `line` and `column` count from 1.
#[expect(clippy::too_many_arguments, reason = "one value each of the factory's arguments")]
pub fn raise(
    py: Python<'_>,
    face: &str,
    kind: &str,
    offset: u64,
    line: u64,
    column: u64,
    path: &str,
    detail: Bound<'_, PyDict>,
) -> PyErr {
    let factory = slot().as_ref().map(|factory| factory.clone_ref(py));
    let Some(factory) = factory else {
        return PyRuntimeError::new_err("forkedenc._native was imported without forkedenc");
    };
    let make = || {
        let (face, kind, path) = (fallible::text(py, face)?, fallible::text(py, kind)?, fallible::text(py, path)?);
        let [offset, line, column] = [fallible::int(py, offset)?, fallible::int(py, line)?, fallible::int(py, column)?];
        factory.bind(py).call1(fallible::tuple(py, [face, kind, offset, line, column, path, detail.into_any()])?)
    };
    match make() {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}

/// What the factory needs beside the position: the numbers of a limit, nothing for the other kinds.
pub fn detail<'py>(py: Python<'py>, kind: &Kind) -> PyResult<Bound<'py, PyDict>> {
    let dict = fallible::dict(py)?;
    if let Kind::Limit { limit, maximum, observed } = kind {
        set_limit(&dict, *limit, *maximum, *observed)?;
    }
    Ok(dict)
}

/// The three numbers of a limit error: the field of `Limits`, what it allows, what would have been reached.
pub fn set_limit(detail: &Bound<'_, PyDict>, limit: Limit, maximum: u64, observed: u64) -> PyResult<()> {
    fallible::put_text(detail, "limit", limit.name())?;
    if limit == Limit::Amplification {
        // A ratio, as its bits.
        fallible::put_float(detail, "maximum", f64::from_bits(maximum))?;
        return fallible::put_float(detail, "observed", f64::from_bits(observed));
    }
    fallible::put_int(detail, "maximum", maximum)?;
    fallible::put_int(detail, "observed", observed)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(register_error_factory, module)?)
}
