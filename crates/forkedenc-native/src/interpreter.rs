//! Which interpreters may import this module: the main one of a process, in a build of CPython that has the lock.
//!
//! The key table, the interned strings and the objects made by layout belong to one interpreter and are guarded by its
//! lock. A second interpreter would be handed the first one's objects, and threads without the lock would race on them.

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;

const WITHOUT_LOCK: &str = "forkedenc does not support free-threaded builds of Python; use one with the GIL";
const SECOND: &str = "forkedenc does not support subinterpreters; import it in the main interpreter";

/// Refuses an interpreter that this module was not made for.
///
/// # Errors
/// ImportError, in a free-threaded build and in any interpreter but the main one.
pub fn check(_: Python<'_>) -> PyResult<()> {
    if cfg!(Py_GIL_DISABLED) {
        return Err(PyImportError::new_err(WITHOUT_LOCK));
    }
    // SAFETY: attached, as the token says; both calls only read.
    let main = unsafe { ffi::PyInterpreterState_Get() == ffi::PyInterpreterState_Main() };
    if main { Ok(()) } else { Err(PyImportError::new_err(SECOND)) }
}
