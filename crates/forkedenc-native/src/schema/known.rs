//! What is known of classes, each held by a weak reference whose end takes what is known away, so that no class lives for
//! being known. A class that is changed later stays what it was.

use std::collections::HashMap;
use std::sync::Arc;

use pyo3::exceptions::PyMemoryError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;

pub struct Entry<P> {
    /// Keeps the weak reference, and so its callback.
    weak: Py<PyAny>,
    plan: Option<Arc<P>>,
}

/// Classes by their address, each with its plan or the word that it has none.
pub struct Classes<P> {
    entries: Option<HashMap<usize, Entry<P>>>,
    /// The class of a weak reference, by the address of that.
    weak: Option<HashMap<usize, usize>>,
}

impl<P> Classes<P> {
    pub const fn new() -> Self {
        Self { entries: None, weak: None }
    }

    /// The plan of the class at this address, or the word that it has none.
    pub fn get(&self, class: usize) -> Option<&Option<Arc<P>>> {
        self.entries.as_ref()?.get(&class).map(|entry| &entry.plan)
    }

    /// Notes a class. What was known of it comes back, to be dropped where Python code may run.
    pub fn keep(&mut self, class: usize, weak: Py<PyAny>, plan: Option<Arc<P>>) -> PyResult<Option<Entry<P>>> {
        let (entries, classes) = (self.entries.get_or_insert_default(), self.weak.get_or_insert_default());
        if entries.try_reserve(1).is_err() || classes.try_reserve(1).is_err() {
            return Err(PyMemoryError::new_err(()));
        }
        classes.insert(weak.as_ptr().addr(), class);
        let old = entries.insert(class, Entry { weak, plan });
        if let Some(old) = &old {
            classes.remove(&old.weak.as_ptr().addr());
        }
        Ok(old)
    }

    /// The class of this weak reference is gone: its address, and what was known of it.
    pub fn forget(&mut self, weak: &Bound<'_, PyAny>) -> Option<(usize, Entry<P>)> {
        let class = self.weak.as_mut()?.remove(&weak.as_ptr().addr())?;
        Some((class, self.entries.as_mut()?.remove(&class)?))
    }

    pub fn len(&self) -> usize {
        self.entries.as_ref().map_or(0, HashMap::len)
    }
}

/// Types that are no heap types are the interpreter's and of modules in C: none is a class of fields.
pub fn may_have_fields(class: &Bound<'_, PyType>) -> bool {
    // SAFETY: a type is alive as long as it is borrowed.
    unsafe { (*class.as_type_ptr()).tp_flags & ffi::Py_TPFLAGS_HEAPTYPE != 0 }
}

/// A weak reference to a class, whose end calls `forget` with it.
pub fn weak_reference(class: &Bound<'_, PyType>, forget: &Py<PyAny>) -> PyResult<Py<PyAny>> {
    // SAFETY: attached; both are alive, and the result is new.
    unsafe {
        let weak = ffi::PyWeakref_NewRef(class.as_ptr(), forget.as_ptr());
        Ok(Bound::from_owned_ptr_or_err(class.py(), weak)?.unbind())
    }
}
