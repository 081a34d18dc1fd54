//! The Python module `forkedenc._native`.

use pyo3::prelude::*;

mod json;
mod runtime;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    runtime::register(module)?;
    json::register(module)
}
