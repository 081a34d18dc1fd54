//! JSON between Python objects and the core: the way in and the way out.

use pyo3::prelude::*;

mod decode;
mod encode;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    decode::register(module)?;
    encode::register(module)
}
