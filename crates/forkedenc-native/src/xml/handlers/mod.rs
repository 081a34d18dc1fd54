//! A parser that calls handlers, with pyexpat's interface, on which the faces of SAX and minidom stand: `HandlerParser`.
//! And `RelayParser`, which gives a document back as bytes that any parser may have.
//!
//! `shared` is what a handler may look at and change meanwhile, `memory` what a parse remembers, `sink` calls the
//! handlers, `content` a handler of SAX, `model` makes content models, `relay` writes.

use forkedenc_core::xml::{DtdMode, Options};
use pyo3::prelude::*;

use super::options::{Face, options};

mod content;
mod memory;
mod model;
mod parser;
mod relay;
mod relay_parser;
mod shared;
mod sink;

/// The keywords of the replacement faces.
struct Arguments<'a, 'py> {
    limits: Option<&'a Bound<'py, PyAny>>,
    dtd: Option<&'a str>,
    encodings: Option<&'a Bound<'py, PyAny>>,
    encoding: Option<&'a str>,
    /// defusedxml's.
    forbid_dtd: bool,
    forbid_entities: bool,
    forbid_external: bool,
}

impl Arguments<'_, '_> {
    fn options(self, face: Face, namespaces: bool) -> PyResult<Options> {
        let mut options = options(face, self.limits, self.dtd, namespaces, self.encodings, self.encoding)?;
        if self.forbid_dtd {
            options.rules.dtd = DtdMode::Forbid;
        }
        options.rules.forbid_entities = self.forbid_entities;
        options.rules.forbid_external = self.forbid_external;
        Ok(options)
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<parser::HandlerParser>()?;
    module.add_class::<relay_parser::RelayParser>()
}
