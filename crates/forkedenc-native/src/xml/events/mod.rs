//! Events as Python objects, and `xml.PullParser`, which hands them out.
//!
//! During a feed events are only packed (`packed`); objects are made of them when they are read (`make`). `types` has their
//! classes, `pull` the parser.

use pyo3::prelude::*;

pub mod make;
mod packed;
mod pull;
pub mod types;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    types::register(module)?;
    pull::register(module)
}
