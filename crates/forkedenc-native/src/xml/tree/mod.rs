//! `xml.etree.ElementTree`: trees of the standard library's own elements.
//!
//! `elements` makes and fills elements, by their layout where `pyraw` knows it; `builder` is the sink
//! that builds with them, `target` the sink that calls a target's methods. `parser` is the engine of `XMLParser`, `XMLPullParser`
//! and `iterparse`, `fromstring` the function, `batches` what `iterparse` iterates by.

use pyo3::prelude::*;

mod batches;
mod builder;
mod elements;
mod fromstring;
pub mod parser;
mod target;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    batches::register(module)?;
    elements::register(module)?;
    fromstring::register(module)?;
    parser::register(module)
}
