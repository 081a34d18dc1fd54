//! The way out. `faces` are the functions, `classes` what `json.encoder` is made of; `walk` goes over the values, in the
//! usual styles by the hot loop in `fixed`, `open` opens containers and asks for stand-ins, `leaf` writes the rest; `text` reads str, `layout` what may be read by layout.

use pyo3::prelude::*;

mod classes;
mod error;
mod faces;
mod fixed;
mod layout;
mod leaf;
mod open;
mod options;
mod text;
mod walk;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    layout::self_test(module.py())?;
    leaf::find_digits_limit(module.py())?;
    faces::register(module)?;
    classes::register(module)
}
