//! What a parse with handlers remembers from event to event: the strs of names, text that waits for its run to end, and
//! what the DOCTYPE has declared.

use std::collections::{HashMap, HashSet};

use forkedenc_core::xml::{ExpandedId, Name, Names, UriId};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::text;

pub type Object = *mut ffi::PyObject;

/// The str of a name as written, for what it stood for last.
#[derive(Clone, Copy)]
struct Known {
    expanded: ExpandedId,
    object: Object,
}

const UNKNOWN: Known = Known { expanded: ExpandedId(u32::MAX), object: std::ptr::null_mut() };

/// What an external entity was declared with.
pub struct External {
    pub public_id: Option<Box<[u8]>>,
    pub system_id: Option<Box<[u8]>>,
}

pub struct Memory {
    /// Between namespace, local name and prefix; `None` with namespaces off.
    pub separator: Option<u8>,
    /// The dict in which strs of names are found again: pyexpat's `intern`.
    intern: Py<PyDict>,
    /// By the number of the name as written. One written name stands for different things in elements and attributes.
    elements: Vec<Known>,
    attributes: Vec<Known>,
    /// Names carry their prefix behind the separator.
    pub prefixes: bool,
    /// Text that waits: pyexpat's `buffer_text`.
    pub text: Vec<u8>,
    scratch: Vec<u8>,
    /// Entities declared so far. The first declaration counts, and it alone is told.
    declared: HashSet<(bool, Box<[u8]>)>,
    external: HashMap<Box<[u8]>, External>,
}

// SAFETY: the pointers are owned references, used only by threads that hold the interpreter's lock.
unsafe impl Send for Memory {}

/// Which table of names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Element,
    Attribute,
}

impl Memory {
    pub fn new(separator: Option<u8>, intern: Py<PyDict>) -> Self {
        Self {
            separator,
            intern,
            elements: Vec::new(),
            attributes: Vec::new(),
            prefixes: false,
            text: Vec::new(),
            scratch: Vec::new(),
            declared: HashSet::new(),
            external: HashMap::new(),
        }
    }

    /// The strs of names are to be made anew.
    pub fn forget_names(&mut self) {
        for table in [&mut self.elements, &mut self.attributes] {
            for known in table.drain(..) {
                // SAFETY: attached by the type's contract; the table owns its objects, and a str has no finalizer.
                unsafe { ffi::Py_XDECREF(known.object) };
            }
        }
    }

    /// The str of an element's or attribute's name, borrowed until names are forgotten. Null with an exception set.
    ///
    /// # Safety
    /// The caller is attached; `names` are those of the document.
    #[inline(always)]
    pub unsafe fn name(&mut self, names: &Names, name: Name, role: Role) -> Object {
        let table = if role == Role::Element { &self.elements } else { &self.attributes };
        match table.get(name.written.0 as usize) {
            Some(known) if known.expanded == name.expanded => known.object,
            // SAFETY: the caller's promise.
            _ => unsafe { self.make_name(names, name, role) },
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn make_name(&mut self, names: &Names, name: Name, role: Role) -> Object {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        match (self.separator, names.expanded(name.expanded)) {
            (Some(separator), (uri, local)) if uri != UriId::NONE => {
                scratch.extend_from_slice(names.uri(uri));
                scratch.push(separator);
                scratch.extend_from_slice(local);
                let prefix = names.written(names.prefix(name.written));
                if self.prefixes && !prefix.is_empty() {
                    scratch.push(separator);
                    scratch.extend_from_slice(prefix);
                }
            }
            _ => scratch.extend_from_slice(names.written(name.written)),
        }
        // SAFETY: the caller's promise; names and URIs are UTF-8 that the core has checked.
        let object = unsafe { self.interned(&scratch) };
        self.scratch = scratch;
        let table = if role == Role::Element { &mut self.elements } else { &mut self.attributes };
        let index = name.written.0 as usize;
        // SAFETY: attached; the table owns what it holds.
        unsafe {
            if object.is_null() {
                return object;
            }
            if index >= table.len() {
                if table.try_reserve(index + 1 - table.len()).is_err() {
                    ffi::Py_DECREF(object);
                    return ffi::PyErr_NoMemory();
                }
                table.resize(index + 1, UNKNOWN);
            }
            let old = std::mem::replace(&mut table[index], Known { expanded: name.expanded, object });
            ffi::Py_XDECREF(old.object);
        }
        object
    }

    /// A str, the one that `intern` has where it has one: a new reference. Null with an exception set.
    ///
    /// # Safety
    /// The caller is attached; `bytes` are UTF-8 that the core has checked.
    pub unsafe fn interned(&self, bytes: &[u8]) -> Object {
        // SAFETY: the caller's promises; `intern` is a dict, and what it lends is taken before anything else runs.
        unsafe {
            let made = text::from_utf8(bytes);
            if made.is_null() {
                return made;
            }
            let object = ffi::PyDict_SetDefault(self.intern.as_ptr(), made, made);
            ffi::Py_XINCREF(object);
            ffi::Py_DECREF(made);
            object
        }
    }

    /// Notes a declaration of an entity. False where it is not the first of that name, or one of the five of XML itself.
    pub fn declare(
        &mut self,
        name: &[u8],
        parameter: bool,
        public_id: Option<&[u8]>,
        system_id: Option<&[u8]>,
        unparsed: bool,
    ) -> bool {
        if !parameter && matches!(name, b"lt" | b"gt" | b"amp" | b"apos" | b"quot") {
            return false;
        }
        if !self.declared.insert((parameter, name.into())) {
            return false;
        }
        if !parameter && !unparsed && system_id.is_some() {
            let external = External { public_id: public_id.map(Into::into), system_id: system_id.map(Into::into) };
            self.external.insert(name.into(), external);
        }
        true
    }

    /// The external entity of that name.
    pub fn external(&self, name: &[u8]) -> Option<&External> {
        self.external.get(name)
    }

    /// For the collector.
    pub fn traverse(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        // It may have been given by the caller, and hold anything.
        visit.call(&self.intern)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.forget_names();
    }
}
