//! JSON between Python objects and the core: `loads`, decoders and streams on the way in, the encoder on the way out.

use pyo3::prelude::*;

mod decode;
mod encode_classes;
mod encode_error;
mod encode_faces;
mod encode_layout;
mod encode_leaf;
mod encode_open;
mod encode_options;
mod encode_text;
mod encode_walk;
mod text;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    encode_layout::self_test(module.py())?;
    decode::register(module)?;
    encode_faces::register(module)?;
    encode_classes::register(module)
}
