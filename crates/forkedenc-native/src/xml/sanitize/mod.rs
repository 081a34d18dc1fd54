//! The sanitizer for Python: `plan` reads a compiled policy, `stream` cleans one document as it is fed.

use pyo3::prelude::*;

mod plan;
mod stream;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<plan::SanitizerPlan>()?;
    module.add_class::<stream::SanitizerRemovals>()?;
    module.add_class::<stream::SanitizerStream>()
}
