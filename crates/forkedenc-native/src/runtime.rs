//! The runtime's counters, pool and switches, for `forkedenc._runtime`.

use pyo3::prelude::*;

pub fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
