//! temp
use pyo3::prelude::*;
pub fn checked<'py>(py: Python<'py>, text: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    crate::fallible::bytes(py, text)
}
