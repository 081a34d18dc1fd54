//! From a type to its plan. `forkedenc.json` registers what compiles one; plans of the types last asked for are kept.

use std::sync::Mutex;

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::plan::PlanObject;
use crate::fallible;
use crate::json::decode::values::Target;

/// What was registered last, and the plans of types; a module that is loaded anew replaces both.
static COMPILER: Mutex<Option<(Py<PyAny>, Py<PyDict>)>> = Mutex::new(None);

/// More types than this are not kept: then all are forgotten.
const KEPT: usize = 1024;

/// Take `compile(type, strict, unknown, has_hook)`, which returns a `Plan`, or None where everything fits.
#[pyfunction]
fn register_schema_compiler(compiler: Bound<'_, PyAny>) -> PyResult<()> {
    let plans = fallible::dict(compiler.py())?.unbind();
    let old = slot().replace((compiler.unbind(), plans));
    drop(old);
    Ok(())
}

fn slot() -> std::sync::MutexGuard<'static, Option<(Py<PyAny>, Py<PyDict>)>> {
    COMPILER.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The target for `type=`.
pub fn target(
    py: Python<'_>,
    kind: &Bound<'_, PyAny>,
    strict: bool,
    unknown: Option<&str>,
    hook: Option<Py<PyAny>>,
) -> PyResult<Target> {
    let registered = slot().as_ref().map(|(compiler, plans)| (compiler.clone_ref(py), plans.clone_ref(py)));
    let Some((compiler, plans)) = registered else {
        return Err(PyRuntimeError::new_err("forkedenc._native was imported without forkedenc.json"));
    };
    let plans = plans.bind(py);
    let unknown = match unknown {
        Some(unknown) => fallible::text(py, unknown)?,
        None => py.None().into_bound(py),
    };
    let has_hook = fallible::truth(py, hook.is_some());
    let arguments = fallible::tuple(py, [kind.clone(), fallible::truth(py, strict), unknown, has_hook])?;
    let known = match plans.get_item(&arguments) {
        Ok(found) => found,
        // A type that can't be hashed, such as one annotated with a list, is compiled each time.
        Err(error) if error.is_instance_of::<PyTypeError>(py) => None,
        Err(error) => return Err(error),
    };
    let plan = match known {
        Some(plan) => plan,
        None => {
            let plan = compiler.bind(py).call1(&arguments)?;
            if plans.len() >= KEPT {
                plans.clear();
            }
            match plans.set_item(&arguments, &plan) {
                Err(error) if !error.is_instance_of::<PyTypeError>(py) => return Err(error),
                _ => {}
            }
            plan
        }
    };
    if plan.is_none() {
        return Ok(Target::ANY);
    }
    Ok(Target::new(Some(plan.cast_into::<PlanObject>()?.unbind()), hook))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(register_schema_compiler, module)?)
}
