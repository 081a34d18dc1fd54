//! XML on its way out of Python objects. `faces` is the function, `walk` goes over a tree of elements and `tag` writes the
//! start of one, `element` reads elements, `raw` by their layout, `names` spells their names with prefixes, `error` makes exceptions. `writer` has `xml.Writer`.

use pyo3::prelude::*;

mod element;
mod error;
mod faces;
mod names;
mod raw;
mod reference;
mod tag;
mod walk;
mod writer;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    faces::register(module)?;
    module.add_class::<writer::Writer>()
}
