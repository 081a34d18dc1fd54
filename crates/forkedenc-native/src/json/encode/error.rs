//! From a walk's trouble to the exception that is raised for it.

use forkedenc_core::json::encode::Failure;
use forkedenc_core::limits::Limit;
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBool;
use pyo3::{ffi, intern};

use super::open::path;
use super::options::{Face, Options};
use super::walk::{Trouble, Walk};
use crate::{errors, fallible};

/// Sets the exception for what ended `walk`.
///
/// # Safety
/// The interpreter is attached and the walk has failed. Python code may run.
pub unsafe fn raise(walk: &Walk, options: &Options) {
    if matches!(walk.trouble, Some(Trouble::Raised) | None) {
        return;
    }
    // SAFETY: as the caller's.
    let place = unsafe { path(walk) };
    Python::attach(|py| {
        // What asking for an attribute raised; other troubles come without.
        let cause = PyErr::take(py);
        let error = match error(py, walk, options, &place) {
            Ok(error) => {
                if cause.is_some() {
                    error.set_cause(py, cause);
                }
                error
            }
            Err(error) => error,
        };
        error.restore(py);
    });
}

fn error(py: Python<'_>, walk: &Walk, options: &Options, place: &str) -> PyResult<PyErr> {
    let detail = fallible::dict(py)?;
    let limit = |limit: Limit, maximum: u64, observed: u64| -> PyResult<&str> {
        errors::set_limit(&detail, limit, maximum, observed)?;
        Ok("limit")
    };
    let (kind, message) = match &walk.trouble {
        Some(Trouble::Limit { limit: which, maximum, observed }) => {
            (limit(*which, *maximum, *observed)?, String::new())
        }
        Some(Trouble::Writer(Failure::Limit)) => {
            let maximum = options.limits.document_bytes;
            (limit(Limit::DocumentBytes, maximum, maximum.saturating_add(1))?, String::new())
        }
        Some(Trouble::Writer(Failure::Memory)) => return Ok(PyMemoryError::new_err(())),
        Some(Trouble::Writer(Failure::LoneSurrogate)) => {
            ("lone_surrogate", String::from("a string holds half of a surrogate pair, which no UTF-8 can say"))
        }
        Some(Trouble::Circular) => ("circular", String::from("Circular reference detected")),
        Some(Trouble::NotFinite) => ("nan", not_finite(py, walk, options)?),
        Some(Trouble::NotSerializable) => {
            let class = culprit(py, walk)?.getattr(intern!(py, "__class__"))?.getattr(intern!(py, "__name__"))?;
            ("not_serializable", format!("Object of type {} is not JSON serializable", class.str()?.to_string_lossy()))
        }
        Some(Trouble::InvalidKey) => {
            let found = culprit(py, walk)?;
            // SAFETY: a type's name is a C string that lives as long as the type.
            let name = unsafe { std::ffi::CStr::from_ptr((*ffi::Py_TYPE(found.as_ptr())).tp_name) };
            ("invalid_key", format!("keys must be str, int, float, bool or None, not {}", name.to_string_lossy()))
        }
        Some(Trouble::Missing) => ("missing_field", String::from("a field of the object is not set")),
        Some(Trouble::RestClash) => ("rest_clash", String::from("a member of the rest has the name of a field")),
        Some(Trouble::RestNotDict) => {
            let class = culprit(py, walk)?.get_type().name()?;
            ("invalid_rest", format!("the rest must be a dict, not {}", class.to_string_lossy()))
        }
        Some(Trouble::Refused(refusal)) => {
            ("no_text", format!("expected {}, not {}", refusal.expected, refusal.actual))
        }
        Some(Trouble::Changed) => ("changed", String::from("an object got another class while it was encoded")),
        Some(Trouble::NotPairs) => return Ok(PyValueError::new_err("items must return 2-tuples")),
        Some(Trouble::Raised) | None => return Ok(PyErr::fetch(py)),
    };
    if !message.is_empty() {
        fallible::put_text(&detail, "message", &message)?;
    }
    fallible::put(&detail, "stdlib", PyBool::new(py, options.face == Face::Dumps).as_any())?;
    Ok(errors::raise(py, "json.encode", kind, walk.out.used() as u64, 1, 1, place, detail))
}

/// The running interpreter's words: before 3.12 only its Python part, which indents and writes in pieces, shows the value.
fn not_finite(py: Python<'_>, walk: &Walk, options: &Options) -> PyResult<String> {
    let text = "Out of range float values are not JSON compliant";
    if py.version_info() < (3, 12) && options.indent.is_none() && walk.is_whole() {
        return Ok(String::from(text));
    }
    Ok(format!("{text}: {}", culprit(py, walk)?.repr()?.to_string_lossy()))
}

fn culprit<'py>(py: Python<'py>, walk: &Walk) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the walk owns a reference, or has null.
    unsafe { Bound::from_borrowed_ptr_or_opt(py, walk.culprit) }
        .ok_or_else(|| PyValueError::new_err("nothing is known of the failure"))
}
