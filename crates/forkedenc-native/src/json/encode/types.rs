//! The classes that the encoder has met, each with its plan or the word that it has none.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use super::plan::Plan;
use crate::schema::known::{Classes, may_have_fields, weak_reference};

struct Known {
    classes: Classes<Plan>,
    /// What `forkedenc.json` registers: asked what a class is made of.
    shape_of: Option<Py<PyAny>>,
}

static KNOWN: Mutex<Known> = Mutex::new(Known { classes: Classes::new(), shape_of: None });

/// What marks a field that is left out.
static UNSET: AtomicPtr<ffi::PyObject> = AtomicPtr::new(null_mut());

/// A few classes to be found at once.
struct Near {
    class: AtomicPtr<ffi::PyTypeObject>,
    plan: AtomicPtr<Plan>,
}

const NEAR_BITS: u32 = 8;

// Read and written with the interpreter's lock held, so that the two words are those of one class.
static NEAR: [Near; 1 << NEAR_BITS] =
    [const { Near { class: AtomicPtr::new(null_mut()), plan: AtomicPtr::new(null_mut()) } }; 1 << NEAR_BITS];

fn known() -> MutexGuard<'static, Known> {
    // Nothing that can panic or run Python code happens while it is held.
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[inline(always)]
fn place(class: *mut ffi::PyTypeObject) -> &'static Near {
    let product = (class.addr() as u64 >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    &NEAR[(product >> (64 - NEAR_BITS)) as usize]
}

/// The mark, null before anything is registered.
#[inline(always)]
pub fn unset() -> *mut ffi::PyObject {
    UNSET.load(Ordering::Relaxed)
}

/// The plan of a class that was met before, if it has one. Runs no Python code.
///
/// # Safety
/// The interpreter is attached. The plan is there as long as the class, and until Python code runs.
#[inline(always)]
pub unsafe fn find<'a>(class: *mut ffi::PyTypeObject) -> Option<&'a Plan> {
    let near = place(class);
    if near.class.load(Ordering::Relaxed) == class {
        // SAFETY: the entry keeps the plan, and goes from here before it goes.
        return unsafe { near.plan.load(Ordering::Relaxed).as_ref() };
    }
    // SAFETY: as the caller's.
    unsafe { find_apart(class) }
}

#[inline(never)]
unsafe fn find_apart<'a>(class: *mut ffi::PyTypeObject) -> Option<&'a Plan> {
    let known = known();
    let plan = known.classes.get(class.addr())?.as_ref().map_or(null_mut(), |plan| Arc::as_ptr(plan).cast_mut());
    let near = place(class);
    near.class.store(class, Ordering::Relaxed);
    near.plan.store(plan, Ordering::Relaxed);
    // SAFETY: kept by the entry.
    unsafe { plan.as_ref() }
}

/// The plan of a class, if it has one. Python code runs where the class is new.
pub fn plan_of(class: &Bound<'_, PyType>) -> PyResult<Option<Arc<Plan>>> {
    let py = class.py();
    let address = class.as_ptr().addr();
    if !may_have_fields(class) {
        return Ok(None);
    }
    let shape_of = {
        let known = known();
        if let Some(plan) = known.classes.get(address) {
            return Ok(plan.clone());
        }
        known.shape_of.as_ref().map(|shape_of| shape_of.clone_ref(py))
    };
    let Some(shape_of) = shape_of else { return Ok(None) };
    let shape = shape_of.bind(py).call1((class,))?;
    let plan = if shape.is_none() { None } else { Some(Arc::new(Plan::read(class, &shape, unset())?)) };
    drop(shape);
    let callback = FORGET
        .get_or_try_init(py, || pyo3::wrap_pyfunction!(forget, py).map(|function| function.into_any().unbind()))?;
    let weak = weak_reference(class, callback)?;
    let old = {
        let mut known = known();
        clear(address);
        known.classes.keep(address, weak, plan.clone())
    };
    // The code that was asked may have been here for the same class; what it found is as good.
    drop(old?);
    Ok(plan)
}

/// What the registered function says of a class, asked again.
pub fn shape_of<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let shape_of = known().shape_of.as_ref().map(|shape_of| shape_of.clone_ref(py));
    shape_of.map_or_else(|| Ok(py.None().into_bound(py)), |shape_of| shape_of.bind(py).call1((class,)))
}

/// Takes a class from the few that are found at once.
fn clear(address: usize) {
    let near = place(std::ptr::without_provenance_mut(address));
    if near.class.load(Ordering::Relaxed).addr() == address {
        near.class.store(null_mut(), Ordering::Relaxed);
        near.plan.store(null_mut(), Ordering::Relaxed);
    }
}

static FORGET: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The end of a class.
#[pyfunction]
fn forget(weak: &Bound<'_, PyAny>) {
    let gone = {
        let gone = known().classes.forget(weak);
        if let Some((address, _)) = &gone {
            clear(*address);
        }
        gone
    };
    drop(gone);
}

/// Take `shape_of(cls)`, which says what a class is made of, or None; and the mark for fields that are left out.
#[pyfunction]
fn register_shapes(shape_of: Bound<'_, PyAny>, unset: Bound<'_, PyAny>) {
    // Kept for ever: it is compared by its address.
    let _ = UNSET.swap(unset.into_ptr(), Ordering::Relaxed);
    let old = known().shape_of.replace(shape_of.unbind());
    drop(old);
}

/// How many classes are known.
#[pyfunction]
fn known_classes() -> usize {
    known().classes.len()
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(register_shapes, module)?)?;
    module.add_function(wrap_pyfunction!(known_classes, module)?)
}
