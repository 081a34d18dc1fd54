//! JSON between Python objects and the core: `loads`, decoders and streams on the way in.

use pyo3::prelude::*;

mod gc;
mod hooks;
mod input;
mod integer;
mod keys;
mod loads;
mod objects;
mod session;
mod text;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    loads::register(module)
}
