//! The classes that the encoder has met, each with its plan or the word that it has none.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};

use super::plan::Plan;
use crate::schema::class::slot_of;
use crate::schema::known::{Classes, may_have_fields, weak_reference};

/// What `forkedenc.xml` registers.
pub struct Registered {
    /// Asked what a class is made of.
    shape_of: Py<PyAny>,
    pub unset: Py<PyAny>,
    pub enumeration: Py<PyType>,
    pub attributes: Py<PyType>,
    pub element: Py<PyType>,
    pub claimed: Py<PyType>,
    pub slots: Slots,
}

/// Where the instances of our own classes have their attributes: bytes from their start.
pub struct Slots {
    pub namespaces: isize,
    pub prefix: isize,
    pub prefixes: isize,
    pub name: isize,
    pub attributes: isize,
    pub nodes: isize,
    pub field: isize,
    pub mark_prefix: isize,
    pub length: isize,
    pub mark_attributes: isize,
}

/// What a slot holds; `None` where it is empty.
///
/// # Safety
/// The object is of a class with a slot there.
#[inline(always)]
pub unsafe fn slot<'py>(object: &Bound<'py, PyAny>, offset: isize) -> Option<Bound<'py, PyAny>> {
    // SAFETY: the caller's promise; what lies there is kept by the reference that is made.
    unsafe {
        let held = object.as_ptr().cast::<u8>().offset(offset).cast::<*mut ffi::PyObject>().read();
        Bound::from_borrowed_ptr_or_opt(object.py(), held)
    }
}

struct Known {
    classes: Classes<Plan>,
    registered: Option<Arc<Registered>>,
}

static KNOWN: Mutex<Known> = Mutex::new(Known { classes: Classes::new(), registered: None });
static FORGET: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

fn known() -> MutexGuard<'static, Known> {
    // Nothing that can panic or run Python code happens while it is held.
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn registered() -> PyResult<Arc<Registered>> {
    let found = known().registered.clone();
    found.ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("no node classes are registered"))
}

/// The plan of a class, if it has one. Python code runs where the class is new.
pub fn plan_of(class: &Bound<'_, PyType>) -> PyResult<Option<Arc<Plan>>> {
    let py = class.py();
    let address = class.as_ptr().addr();
    if !may_have_fields(class) {
        return Ok(None);
    }
    if let Some(plan) = known().classes.get(address) {
        return Ok(plan.clone());
    }
    let shape = registered()?.shape_of.bind(py).call1((class,))?;
    let plan = if shape.is_none() { None } else { Some(Arc::new(Plan::read(class, &shape)?)) };
    drop(shape);
    let callback = FORGET
        .get_or_try_init(py, || pyo3::wrap_pyfunction!(forget, py).map(|function| function.into_any().unbind()))?;
    let weak = weak_reference(class, callback)?;
    let old = known().classes.keep(address, weak, plan.clone());
    // The code that was asked may have been here for the same class; what it found is as good.
    drop(old?);
    Ok(plan)
}

/// The end of a class.
#[pyfunction]
#[pyo3(name = "forget_xml_class")]
fn forget(weak: &Bound<'_, PyAny>) {
    let gone = known().classes.forget(weak);
    drop(gone);
}

/// Take `shape_of(cls)`, which gives the XmlShape of a class or None; UNSET; and Enum, Attributes, Element and Claimed.
#[pyfunction]
fn register_xml_classes(
    shape_of: Py<PyAny>,
    unset: Py<PyAny>,
    enumeration: Py<PyType>,
    attributes: Bound<'_, PyType>,
    element: Bound<'_, PyType>,
    claimed: Bound<'_, PyType>,
) -> PyResult<()> {
    let offset = |class: &Bound<'_, PyType>, name: &str| -> PyResult<isize> {
        let found = slot_of(class, &PyString::intern(class.py(), name))?;
        found.ok_or_else(|| PyTypeError::new_err("a class of nodes lacks a slot"))
    };
    let slots = Slots {
        namespaces: offset(&attributes, "namespaces")?,
        prefix: offset(&attributes, "prefix")?,
        prefixes: offset(&attributes, "prefixes")?,
        name: offset(&element, "name")?,
        attributes: offset(&element, "attributes")?,
        nodes: offset(&element, "nodes")?,
        field: offset(&claimed, "field")?,
        mark_prefix: offset(&claimed, "prefix")?,
        length: offset(&claimed, "length")?,
        mark_attributes: offset(&claimed, "attributes")?,
    };
    let (attributes, element, claimed) = (attributes.unbind(), element.unbind(), claimed.unbind());
    let made = Arc::new(Registered { shape_of, unset, enumeration, attributes, element, claimed, slots });
    let old = known().registered.replace(made);
    drop(old);
    Ok(())
}

/// How many classes are known.
#[pyfunction]
fn known_xml_classes() -> usize {
    known().classes.len()
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(register_xml_classes, module)?)?;
    module.add_function(wrap_pyfunction!(known_xml_classes, module)?)
}
