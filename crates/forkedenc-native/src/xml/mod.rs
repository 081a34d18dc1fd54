//! XML between Python objects and the core. `session` holds what every parse needs and what is kept between parses,
//! `strings` the strs of names and of short values, `options` reads the arguments that all faces share, `raise` makes
//! exceptions of failed parses.

use pyo3::prelude::*;

pub mod raise;
pub mod session;
pub mod strings;
mod write;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    write::register(module)
}
