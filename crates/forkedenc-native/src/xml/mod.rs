//! XML between Python objects and the core. `session` holds what every parse needs and what is kept between parses,
//! `strings` the strs of names and of short values, `options` reads the arguments that all faces share, `raise` makes
//! exceptions of failed parses. `events` has PullParser, `handlers` what sax, minidom and lxml read with, `tree` ElementTree,
//! `typed` instances of classes, `write` the way out, `check` what builds nothing, `sanitize` what is read to be
//! written safe.

use pyo3::prelude::*;

mod check;
pub mod events;
mod handlers;
pub mod options;
pub mod raise;
mod sanitize;
pub mod session;
pub mod strings;
mod tree;
mod typed;
mod write;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    options::register(module)?;
    check::register(module)?;
    events::register(module)?;
    tree::register(module)?;
    sanitize::register(module)?;
    handlers::register(module)?;
    write::register(module)?;
    typed::register(module)
}
