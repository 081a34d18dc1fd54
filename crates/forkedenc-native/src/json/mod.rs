//! JSON between Python objects and the core: the way in and the way out.

use pyo3::prelude::*;

pub mod decode;
mod encode;
pub mod raw;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    decode::register(module)?;
    raw::register(module)?;
    encode::register(module)
}
