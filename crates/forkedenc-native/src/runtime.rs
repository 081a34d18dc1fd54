//! The runtime's counters, pool and switches, for `forkedenc._runtime`; and its figures as Python objects, for all.

use std::sync::{Mutex, PoisonError};

use forkedenc_core::limits::Limit;
use forkedenc_runtime::{Stats, after_fork, before_fork, pool, process_stats, set_stress, stress};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::fallible;

/// The class that `forkedenc._runtime` registered: a reload registers a new one.
static STATS_CLASS: Mutex<Option<Py<PyAny>>> = Mutex::new(None);

/// The limits that the core counts breaches of, under their numbers.
const LIMITS: [Limit; 30] = [
    Limit::DocumentBytes,
    Limit::StreamBytes,
    Limit::Depth,
    Limit::Tokens,
    Limit::MemoryBytes,
    Limit::StackBytes,
    Limit::StringBytes,
    Limit::KeyBytes,
    Limit::NumberDigits,
    Limit::Items,
    Limit::Members,
    Limit::NameBytes,
    Limit::DistinctNames,
    Limit::Attributes,
    Limit::AttributeBytes,
    Limit::AttributesBytes,
    Limit::Namespaces,
    Limit::NamespaceUriBytes,
    Limit::Children,
    Limit::TextBytes,
    Limit::CommentBytes,
    Limit::PiBytes,
    Limit::DoctypeBytes,
    Limit::Entities,
    Limit::EntityDepth,
    Limit::EntityExpansions,
    Limit::ExpandedBytes,
    Limit::Amplification,
    Limit::RestMembers,
    Limit::RestBytes,
];

/// The figures as a `forkedenc.runtime.Stats`.
pub fn stats_object<'py>(py: Python<'py>, stats: &Stats) -> PyResult<Bound<'py, PyAny>> {
    let class = STATS_CLASS.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|class| class.clone_ref(py));
    let class = class.ok_or_else(|| PyRuntimeError::new_err("no class of stats is registered"))?;
    let segments = fallible::dict(py)?;
    for (size, count) in &stats.segments_by_class {
        segments.set_item(fallible::int(py, *size as u64)?, fallible::int(py, *count)?)?;
    }
    let breaches = fallible::dict(py)?;
    for limit in LIMITS {
        if let Some(count) = stats.breaches.get(&(limit as usize)) {
            fallible::put_int(&breaches, limit.name(), *count)?;
        }
    }
    let keywords = fallible::dict(py)?;
    for (name, value) in [
        ("resumes", stats.resumes),
        ("suspensions", stats.suspensions),
        ("growths", stats.growths),
        ("shrinks", stats.shrinks),
        ("bytes_copied", stats.bytes_copied),
        ("growth_ns", stats.growth_ns),
        ("peak_stack_bytes", stats.peak_stack_bytes),
        ("stack_bytes", stats.stack_bytes),
        ("peak_depth", stats.peak_depth),
        ("pool_hits", stats.pool_hits),
        ("pool_misses", stats.pool_misses),
        ("streams", stats.streams),
    ] {
        fallible::put_int(&keywords, name, value)?;
    }
    fallible::put(&keywords, "segments_by_class", segments.as_any())?;
    fallible::put(&keywords, "breaches", breaches.as_any())?;
    class.into_bound(py).call((), Some(&keywords))
}

#[pyfunction]
fn register_stats_class(class: Py<PyAny>) {
    let before = STATS_CLASS.lock().unwrap_or_else(PoisonError::into_inner).replace(class);
    // Outside the lock: the last reference to a class may run code.
    drop(before);
}

#[pyfunction]
fn runtime_stats(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    stats_object(py, &process_stats())
}

/// Touches all that memory: other threads go on meanwhile.
#[pyfunction]
fn pool_prime(py: Python<'_>, count: usize, bytes: usize) -> usize {
    py.detach(|| pool::prime(count, bytes))
}

#[pyfunction]
fn pool_trim(py: Python<'_>) {
    py.detach(pool::trim);
}

#[pyfunction]
fn pool_held() -> usize {
    pool::held()
}

#[pyfunction]
fn pool_limit() -> usize {
    pool::limit()
}

#[pyfunction]
fn pool_set_limit(py: Python<'_>, bytes: usize) {
    py.detach(|| pool::set_limit(bytes));
}

#[pyfunction(name = "set_stress")]
fn switch_stress(on: bool) {
    set_stress(on);
}

#[pyfunction(name = "stress")]
fn is_stressed() -> bool {
    stress()
}

/// To be called by the forking thread before `fork()`, and `runtime_after_fork` after it on both sides.
#[pyfunction]
fn runtime_before_fork() {
    before_fork();
}

#[pyfunction]
fn runtime_after_fork() {
    after_fork();
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(register_stats_class, module)?)?;
    module.add_function(wrap_pyfunction!(runtime_stats, module)?)?;
    module.add_function(wrap_pyfunction!(pool_prime, module)?)?;
    module.add_function(wrap_pyfunction!(pool_trim, module)?)?;
    module.add_function(wrap_pyfunction!(pool_held, module)?)?;
    module.add_function(wrap_pyfunction!(pool_limit, module)?)?;
    module.add_function(wrap_pyfunction!(pool_set_limit, module)?)?;
    module.add_function(wrap_pyfunction!(switch_stress, module)?)?;
    module.add_function(wrap_pyfunction!(is_stressed, module)?)?;
    module.add_function(wrap_pyfunction!(runtime_before_fork, module)?)?;
    module.add_function(wrap_pyfunction!(runtime_after_fork, module)?)
}
