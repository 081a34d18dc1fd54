//! From a walk's trouble to the exception that is raised for it.

use forkedenc_core::xml::write::Refusal;
use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::PyType;

use super::walk::{Trouble, Walk};
use crate::{errors, fallible};

/// `forkedenc._errors` knows what writes XML by this name.
const FACE: &str = "xmlwrite";

/// The exception for a trouble. Python code may run.
#[cold]
pub fn raise(py: Python<'_>, walk: &Walk<'_, '_>, trouble: Trouble) -> PyErr {
    make(py, walk, trouble).unwrap_or_else(|error| error)
}

fn make(py: Python<'_>, walk: &Walk<'_, '_>, trouble: Trouble) -> PyResult<PyErr> {
    let mut cause = None;
    let detail = fallible::dict(py)?;
    let (kind, message) = match trouble {
        Trouble::Raised(error) => return Ok(error),
        Trouble::Refused(Refusal::Memory) => return Ok(PyMemoryError::new_err(())),
        Trouble::Refused(Refusal::Limit { limit, maximum, observed }) => {
            errors::set_limit(&detail, limit, maximum, observed)?;
            ("limit", String::new())
        }
        Trouble::Refused(refusal @ Refusal::Character(point)) => {
            (refusal.name(), format!("{}, U+{point:04X}", refusal.text()))
        }
        Trouble::Refused(refusal) => (refusal.name(), String::from(refusal.text())),
        Trouble::Missing(error) => {
            cause = error;
            ("missing_field", String::from("a field of the object is not set"))
        }
        Trouble::Type(class, expected) => {
            ("not_serializable", format!("expected {expected}, not {}", type_name(class.bind(py))))
        }
        Trouble::Value { expected, actual, cause: error } => {
            cause = error;
            ("not_serializable", format!("expected {expected}, not {actual}"))
        }
        Trouble::Other(kind, text) => (kind, String::from(text)),
    };
    if !message.is_empty() {
        fallible::put_text(&detail, "message", &message)?;
    }
    let error = errors::raise(py, FACE, kind, walk.out.total(), 1, 1, &walk.path(), detail);
    if cause.is_some() {
        error.set_cause(py, cause);
    }
    Ok(error)
}

fn type_name(class: &Bound<'_, PyType>) -> String {
    class.name().map_or_else(|_| String::from("object"), |name| name.to_string())
}
