//! JSON between Python objects and the core: `loads`, decoders and streams on the way in.

use pyo3::prelude::*;

mod audit;
mod decoder;
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
    audit::register(module)?;
    loads::register(module)?;
    decoder::register(module)?;
    stream::register(module)?;
    scanner::register(module)
}
