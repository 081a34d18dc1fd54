//! XML and instances of classes. Decoding makes them straight from the parser's events: `plan` is what a class was compiled to,
//! `frames` what a decode holds between two events, `builder` the sink with `attributes`, `marks` and `texts`, `decoder` reads whole documents, `stream` gives values
//! as they end. `encode` is the way out.

use pyo3::prelude::*;

mod attributes;
mod builder;
mod decoder;
mod encode;
mod frames;
mod marks;
mod plan;
mod stream;
mod texts;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    plan::register(module)?;
    decoder::register(module)?;
    stream::register(module)?;
    encode::register(module)
}
