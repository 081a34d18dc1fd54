//! JSON between Python objects and the core: `loads`, decoders and streams on the way in, the encoder on the way out.

use pyo3::prelude::*;

mod audit;
mod decoder;
mod encode_classes;
mod encode_error;
mod encode_faces;
mod encode_layout;
mod encode_leaf;
mod encode_open;
mod encode_options;
mod encode_text;
mod encode_walk;
mod gc;
mod hooks;
mod input;
mod integer;
mod keys;
mod loads;
mod objects;
mod scanner;
mod session;
mod stream;
mod text;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    encode_layout::self_test(module.py())?;
    audit::register(module)?;
    loads::register(module)?;
    decoder::register(module)?;
    stream::register(module)?;
    scanner::register(module)?;
    encode_faces::register(module)?;
    encode_classes::register(module)
}
