//! XML and instances of classes. `encode` is the way out.

use pyo3::prelude::*;

mod encode;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    encode::register(module)
}
