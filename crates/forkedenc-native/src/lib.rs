//! The Python module `forkedenc._native`.

use pyo3::prelude::*;

mod errors;
mod fallible;
mod json;
mod limits;
mod pyraw;
mod runtime;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    errors::register(module)?;
    limits::register(module)?;
    runtime::register(module)?;
    pyraw::register(module)?;
    json::register(module)
}
