//! Instances of classes as XML. `faces` are the functions, `walk` goes over instances and nodes, `attributes` and `content`
//! put what is in one in its order, `names` spells names with prefixes, `value` makes texts of scalars, `error` makes exceptions. What is
//! known of a class is a `plan`, which `classes` keeps.

use pyo3::prelude::*;

mod attributes;
mod classes;
mod content;
mod error;
mod faces;
mod names;
mod plan;
mod value;
mod walk;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    classes::register(module)?;
    faces::register(module)
}
