//! A parser that calls handlers, with pyexpat's interface, on which the faces of SAX and minidom stand: `HandlerParser`.
//! And `RelayParser`, which gives a document back as bytes that any parser may have.
//!
//! `shared` is what a handler may look at and change meanwhile, `memory` what a parse remembers, `sink` calls the
//! handlers, `model` makes content models, `relay` writes.

use pyo3::prelude::*;

mod memory;
mod model;
mod parser;
mod relay;
mod relay_parser;
mod shared;
mod sink;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<parser::HandlerParser>()?;
    module.add_class::<relay_parser::RelayParser>()
}
