//! The Python module `forkedenc._native`.

use pyo3::prelude::*;

mod interpreter;

// A free-threaded build gets a module that says at import why it can't be had, and nothing that counts on the lock.
#[cfg(not(Py_GIL_DISABLED))]
mod audit;
#[cfg(not(Py_GIL_DISABLED))]
mod errors;
#[cfg(not(Py_GIL_DISABLED))]
mod fallible;
#[cfg(not(Py_GIL_DISABLED))]
mod gc;
#[cfg(not(Py_GIL_DISABLED))]
mod input;
#[cfg(not(Py_GIL_DISABLED))]
mod json;
#[cfg(not(Py_GIL_DISABLED))]
mod limits;
#[cfg(not(Py_GIL_DISABLED))]
mod pyraw;
#[cfg(not(Py_GIL_DISABLED))]
mod runtime;
#[cfg(not(Py_GIL_DISABLED))]
mod schema;
#[cfg(not(Py_GIL_DISABLED))]
mod slot;
#[cfg(not(Py_GIL_DISABLED))]
mod text;
#[cfg(not(Py_GIL_DISABLED))]
mod xml;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    interpreter::check(module.py())?;
    register(module)
}

#[cfg(not(Py_GIL_DISABLED))]
fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    errors::register(module)?;
    audit::register(module)?;
    limits::register(module)?;
    runtime::register(module)?;
    pyraw::register(module)?;
    json::register(module)?;
    xml::register(module)
}

#[cfg(Py_GIL_DISABLED)]
fn register(_: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
