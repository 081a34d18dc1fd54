//! Typed decoding: `compile` asks Python for a type's schema, `plan` is what a type was compiled to, `builder` walks it with the machine, `members` says which field a key is of, `odd` makes the less common
//! scalars, `frames` are open containers and what becomes of them.

use pyo3::prelude::*;

mod builder;
pub mod compile;
mod frames;
mod members;
mod odd;
mod plan;

pub use builder::TypedBuilder;
pub use frames::Frame;
pub use plan::PlanObject;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    compile::register(module)?;
    module.add_class::<PlanObject>()
}
