//! JSON between Python objects and the core.

use pyo3::prelude::*;

mod encode_classes;
mod encode_error;
mod encode_faces;
mod encode_layout;
mod encode_leaf;
mod encode_open;
mod encode_options;
mod encode_text;
mod encode_walk;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    encode_layout::self_test(module.py())?;
    encode_faces::register(module)?;
    encode_classes::register(module)
}
