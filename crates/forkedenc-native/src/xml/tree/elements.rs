//! The standard library's elements: which classes they are, and how one is made and filled.
//!
//! `forkedenc.xml.etree.ElementTree` registers what it took from the standard library. By documented calls a child is made
//! by `SubElement`, and what it holds is set by the functions that its type names for its attributes; where that type is written
//! in Python, by setting the attributes.

use std::ffi::{CStr, c_int, c_void};
use std::sync::Mutex;

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::pyraw::element as layout;

pub type Object = *mut ffi::PyObject;

/// A function of a type that sets an attribute of its instances.
#[derive(Clone, Copy)]
struct Setter {
    call: unsafe extern "C" fn(Object, Object, *mut c_void) -> c_int,
    closure: *mut c_void,
}

/// The classes and functions, all of which live as long as the process.
#[derive(Clone, Copy)]
pub struct Elements {
    class: Object,
    sub_element: Object,
    /// What the tag of a comment and of a processing instruction is.
    pub comment: Object,
    pub pi: Object,
    text: Option<Setter>,
    tail: Option<Setter>,
    attrib: Option<Setter>,
    /// Elements are built by their layout.
    by_layout: bool,
}

// SAFETY: pointers to objects that are never freed, used only by who is attached to the interpreter.
unsafe impl Send for Elements {}

static ELEMENTS: Mutex<Option<Elements>> = Mutex::new(None);

/// Take the standard library's `Element`, `SubElement`, `Comment` and `ProcessingInstruction`.
#[pyfunction]
fn register_tree_elements(
    py: Python<'_>,
    element: Bound<'_, PyType>,
    sub_element: Bound<'_, PyAny>,
    comment: Bound<'_, PyAny>,
    pi: Bound<'_, PyAny>,
) {
    let class = element.as_ptr().cast::<ffi::PyTypeObject>();
    // SAFETY: attached; a type is borrowed for the call, and lives on by the reference that is given away below.
    let [text, tail, attrib] = unsafe { [setter(class, c"text"), setter(class, c"tail"), setter(class, c"attrib")] };
    let by_layout = layout::usable(py, &element);
    let elements = Elements {
        class: element.into_ptr(),
        sub_element: sub_element.into_ptr(),
        comment: comment.into_ptr(),
        pi: pi.into_ptr(),
        text,
        tail,
        attrib,
        by_layout,
    };
    *ELEMENTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(elements);
}

/// True where elements are built by their layout, false where by documented calls alone.
#[pyfunction]
fn elements_by_layout() -> bool {
    ELEMENTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner).is_some_and(|elements| elements.by_layout)
}

/// The function by which a type written in C sets an attribute.
///
/// # Safety
/// The caller is attached; `class` is a type that stays alive.
unsafe fn setter(class: *mut ffi::PyTypeObject, name: &CStr) -> Option<Setter> {
    // SAFETY: attached. The slot is null or leads to an array that ends with an entry without a name, and lives as long as
    // the type.
    unsafe {
        let mut entry = ffi::PyType_GetSlot(class, ffi::Py_tp_getset).cast::<ffi::PyGetSetDef>();
        if entry.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        while !(*entry).name.is_null() {
            if CStr::from_ptr((*entry).name) == name {
                return (*entry).set.map(|call| Setter { call, closure: (*entry).closure });
            }
            entry = entry.add(1);
        }
        None
    }
}

impl Elements {
    /// Those that were registered.
    pub fn get() -> PyResult<Self> {
        let elements = *ELEMENTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        elements.ok_or_else(|| PyRuntimeError::new_err("forkedenc.xml.etree.ElementTree was not imported"))
    }

    /// A new element, the last child of `parent` if there is one; a new reference, or null with an exception set.
    ///
    /// # Safety
    /// The caller is attached; `tag` is alive, `parent` null or an exact element. Likewise for the methods below.
    #[inline(always)]
    pub unsafe fn make(&self, parent: Object, tag: Object) -> Object {
        // SAFETY: the caller's promises; `by_layout` is set only where layouts are known.
        unsafe {
            if self.by_layout {
                return layout::make(self.class.cast(), parent, tag);
            }
            self.call(parent, tag)
        }
    }

    #[inline(never)]
    unsafe fn call(&self, parent: Object, tag: Object) -> Object {
        // SAFETY: attached; the arguments are alive for the call.
        unsafe {
            if parent.is_null() {
                return ffi::PyObject_CallOneArg(self.class, tag);
            }
            let arguments = [parent, tag];
            ffi::PyObject_Vectorcall(self.sub_element, arguments.as_ptr(), arguments.len(), std::ptr::null_mut())
        }
    }

    /// Gives an element a dict of attributes; false with an exception set. The dict's reference is taken either way.
    ///
    /// # Safety
    /// As for [`Elements::make`]; `element` is new, `attributes` an owned dict.
    #[inline(always)]
    pub unsafe fn set_attributes(&self, element: Object, attributes: Object) -> bool {
        // SAFETY: the caller's promises.
        unsafe {
            if self.by_layout {
                return layout::set_attributes(element, attributes);
            }
            let done = set(element, self.attrib, c"attrib", attributes);
            ffi::Py_DECREF(attributes);
            done
        }
    }

    /// Sets the text of an element, or its tail; false with an exception set. The str's reference is taken either way.
    ///
    /// # Safety
    /// As for [`Elements::make`]; `text` is owned.
    #[inline(always)]
    pub unsafe fn set_text(&self, element: Object, text: Object, tail: bool) -> bool {
        // SAFETY: the caller's promises.
        unsafe {
            if self.by_layout {
                layout::set_text(element, text, tail);
                return true;
            }
            let (setter, name) = if tail { (self.tail, c"tail") } else { (self.text, c"text") };
            let done = set(element, setter, name, text);
            ffi::Py_DECREF(text);
            done
        }
    }
}

/// # Safety
/// The caller is attached; the objects are alive.
unsafe fn set(element: Object, setter: Option<Setter>, name: &CStr, value: Object) -> bool {
    // SAFETY: attached; a setter is its type's own, and the element is of that type.
    unsafe {
        match setter {
            Some(setter) => (setter.call)(element, value, setter.closure) == 0,
            None => ffi::PyObject_SetAttrString(element, name.as_ptr(), value) == 0,
        }
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(register_tree_elements, module)?)?;
    module.add_function(wrap_pyfunction!(elements_by_layout, module)?)
}
