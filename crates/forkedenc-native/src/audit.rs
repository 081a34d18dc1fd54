//! Limits that are watched, not enforced: each breach is told to the caller's function.

use forkedenc_core::error::Breach;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;

use crate::{errors, fallible};
use std::sync::Mutex;

static CLASS: Mutex<Option<Py<PyAny>>> = Mutex::new(None);

/// Take the class of breaches, called with limit, maximum, observed, offset, line, column and path as keywords.
#[pyfunction]
fn register_breach_class(cls: Py<PyAny>) {
    let old = CLASS.lock().unwrap_or_else(std::sync::PoisonError::into_inner).replace(cls);
    drop(old);
}

/// `audit=`, checked.
pub fn audit_of(value: Option<Bound<'_, PyAny>>) -> PyResult<Option<Py<PyAny>>> {
    is_callable("audit", value)
}

/// An argument that must be callable, or None.
pub fn is_callable(name: &str, value: Option<Bound<'_, PyAny>>) -> PyResult<Option<Py<PyAny>>> {
    match value.filter(|value| !value.is_none()) {
        Some(value) if !value.is_callable() => Err(PyTypeError::new_err(format!("{name} must be callable"))),
        value => Ok(value.map(Bound::unbind)),
    }
}

/// Calls `audit` once for each breach.
pub fn tell(py: Python<'_>, audit: &Py<PyAny>, breaches: &[Breach]) -> PyResult<()> {
    if breaches.is_empty() {
        return Ok(());
    }
    let class =
        CLASS.lock().unwrap_or_else(std::sync::PoisonError::into_inner).as_ref().map(|class| class.clone_ref(py));
    let class = class.ok_or_else(|| PyRuntimeError::new_err("forkedenc._native was imported without forkedenc"))?;
    for breach in breaches {
        let keywords = fallible::dict(py)?;
        errors::set_limit(&keywords, breach.limit, breach.maximum, breach.observed)?;
        fallible::put_int(&keywords, "offset", breach.place.offset)?;
        fallible::put_int(&keywords, "line", breach.place.line)?;
        fallible::put_int(&keywords, "column", breach.place.column)?;
        fallible::put_text(&keywords, "path", &breach.path)?;
        let breach = class.bind(py).call((), Some(&keywords))?;
        audit.bind(py).call1((breach,))?;
    }
    Ok(())
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(register_breach_class, module)?)
}
