//! The way out. `faces` are the functions, `classes` what `json.encoder` is made of; `walk` goes over the values, in the
//! usual styles by the hot loop in `fixed`, `open` opens containers and asks for stand-ins, `leaf` writes the rest; `text`
//! reads str, `layout` what may be read by layout. Instances of classes are `object`'s (and, in the hot loop, `instance`'s)
//! business, by the plans that `types` keeps and `plan` reads.

use pyo3::prelude::*;

mod classes;
mod error;
mod faces;
mod fixed;
mod instance;
mod layout;
mod leaf;
mod object;
mod open;
mod options;
mod plan;
mod text;
mod types;
mod walk;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    layout::self_test(module.py())?;
    leaf::find_digits_limit(module.py())?;
    types::register(module)?;
    faces::register(module)?;
    classes::register(module)
}
