//! The way in. `loads`, `decoder`, `stream` and `scanner` are the faces; `objects` builds values (`hooks` asks the caller
//! for them), `typed` builds what a type asks for, `keys` shares their keys, `session` holds what every decode needs.

use pyo3::prelude::*;

mod decoder;
mod hooks;
mod keys;
mod loads;
mod objects;
mod scanner;
mod session;
mod stream;
mod typed;
mod values;

pub use session::raise;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    loads::register(module)?;
    decoder::register(module)?;
    stream::register(module)?;
    scanner::register(module)?;
    typed::register(module)
}
