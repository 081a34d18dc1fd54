//! What a parse with handlers remembers from event to event: the strs of names, text that waits for its run to end, and
//! what the DOCTYPE has declared.

use std::collections::HashMap;

use forkedenc_core::xml::{ExpandedId, Name, Names, UriId};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::text;

pub type Object = *mut ffi::PyObject;

/// The object of a name as written, for what it stood for last.
#[derive(Clone, Copy)]
struct Known {
    expanded: ExpandedId,
    object: Object,
}

const UNKNOWN: Known = Known { expanded: ExpandedId(u32::MAX), object: std::ptr::null_mut() };

/// How handlers are told names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As written: namespaces are off.
    Written,
    /// Namespace, local name and perhaps prefix, with this between them.
    Joined(u8),
    /// `(namespace or None, local name)`, and the names as written of attributes beside.
    Pairs,
}

/// What an external entity was declared with.
pub struct External {
    pub public_id: Option<Box<[u8]>>,
    pub system_id: Option<Box<[u8]>>,
}

pub struct Memory {
    pub form: Form,
    /// The dict in which strs of names are found again: pyexpat's `intern`.
    intern: Py<PyDict>,
    /// It was made for this parse.
    own: bool,
    /// By the number of the name as written. One written name stands for different things in elements and attributes.
    elements: Vec<Known>,
    attributes: Vec<Known>,
    /// Of attributes, as written, where the form is pairs.
    qnames: Vec<Object>,
    /// Names carry their prefix behind the separator.
    pub prefixes: bool,
    /// Text that waits: pyexpat's `buffer_text`.
    pub text: Vec<u8>,
    scratch: Vec<u8>,
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
    pub fn new(form: Form, intern: Py<PyDict>, own: bool) -> Self {
        Self {
            form,
            intern,
            own,
            elements: Vec::new(),
            attributes: Vec::new(),
            qnames: Vec::new(),
            prefixes: false,
            text: Vec::new(),
            scratch: Vec::new(),
            external: HashMap::new(),
        }
    }

    /// A document has more names than are to be kept: those that nobody else holds are let go.
    pub fn forget_all(&mut self) {
        self.forget_names();
        if self.own {
            // SAFETY: attached by the type's contract; it is a dict. What it drops are strs.
            unsafe { ffi::PyDict_Clear(self.intern.as_ptr()) };
        }
    }

    /// The strs of names are to be made anew.
    pub fn forget_names(&mut self) {
        for table in [&mut self.elements, &mut self.attributes] {
            for known in table.drain(..) {
                // SAFETY: attached by the type's contract; the table owns its objects, and strs and pairs have no finalizers.
                unsafe { ffi::Py_XDECREF(known.object) };
            }
        }
        for object in self.qnames.drain(..) {
            // SAFETY: likewise.
            unsafe { ffi::Py_XDECREF(object) };
        }
    }

    /// The str, or pair, of an element's or attribute's name, borrowed until names are forgotten. Null with an exception set.
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
        // SAFETY: the caller's promise; names and URIs are UTF-8 that the core has checked.
        let object = unsafe {
            match (self.form, names.expanded(name.expanded)) {
                (Form::Pairs, (uri, local)) => {
                    let uri = if uri == UriId::NONE { None } else { Some(names.uri(uri)) };
                    self.pair(uri, local)
                }
                (Form::Joined(separator), (uri, local)) if uri != UriId::NONE => {
                    let mut scratch = std::mem::take(&mut self.scratch);
                    scratch.clear();
                    scratch.extend_from_slice(names.uri(uri));
                    scratch.push(separator);
                    scratch.extend_from_slice(local);
                    let prefix = names.written(names.prefix(name.written));
                    if self.prefixes && !prefix.is_empty() {
                        scratch.push(separator);
                        scratch.extend_from_slice(prefix);
                    }
                    let object = self.interned(&scratch);
                    self.scratch = scratch;
                    object
                }
                _ => self.interned(names.written(name.written)),
            }
        };
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

    /// A name in its namespace as a pair: a new reference. Null with an exception set.
    ///
    /// # Safety
    /// See [`Memory::interned`].
    unsafe fn pair(&self, uri: Option<&[u8]>, local: &[u8]) -> Object {
        // SAFETY: the caller's promises; the tuple is new, and takes the references over.
        unsafe {
            let pair = ffi::PyTuple_New(2);
            if pair.is_null() {
                return pair;
            }
            let parts =
                [uri.map_or_else(|| ffi::Py_NewRef(ffi::Py_None()), |uri| self.interned(uri)), self.interned(local)];
            let good = parts.iter().all(|part| !part.is_null());
            for (at, part) in parts.into_iter().enumerate() {
                ffi::PyTuple_SET_ITEM(pair, at.cast_signed(), part);
            }
            if good {
                return pair;
            }
            ffi::Py_DECREF(pair);
            std::ptr::null_mut()
        }
    }

    /// The str of an attribute's name as written, borrowed until names are forgotten. Null with an exception set.
    ///
    /// # Safety
    /// See [`Memory::name`].
    #[inline(always)]
    pub unsafe fn qname(&mut self, names: &Names, name: Name) -> Object {
        match self.qnames.get(name.written.0 as usize) {
            Some(object) if !object.is_null() => *object,
            // SAFETY: the caller's promise.
            _ => unsafe { self.make_qname(names, name) },
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn make_qname(&mut self, names: &Names, name: Name) -> Object {
        let index = name.written.0 as usize;
        // SAFETY: the caller's promise; the table owns what it holds.
        unsafe {
            if index >= self.qnames.len() {
                if self.qnames.try_reserve(index + 1 - self.qnames.len()).is_err() {
                    return ffi::PyErr_NoMemory();
                }
                self.qnames.resize(index + 1, std::ptr::null_mut());
            }
            let object = self.interned(names.written(name.written));
            self.qnames[index] = object;
            object
        }
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
            // Not PyDict_SetDefault: CPython 3.13.0 leaves a broken dict behind where memory is out.
            let known = ffi::PyDict_GetItemWithError(self.intern.as_ptr(), made);
            if !known.is_null() {
                ffi::Py_INCREF(known);
                ffi::Py_DECREF(made);
                return known;
            }
            if !ffi::PyErr_Occurred().is_null() || ffi::PyDict_SetItem(self.intern.as_ptr(), made, made) != 0 {
                ffi::Py_DECREF(made);
                return std::ptr::null_mut();
            }
            made
        }
    }

    /// Notes a declaration of an entity, the first of that name. False where it is one of the five of XML itself.
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
