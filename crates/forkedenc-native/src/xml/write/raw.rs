//! The walk where elements are the standard library's and read by their layout: no Python code runs as long as names and
//! texts are plain strs, so nothing but what is opened has to be kept. What is unusual goes to the common way.

use forkedenc_core::xml::write::Context;
use pyo3::ffi;

use super::element::Access;
use super::names::{BARE, COLON, PREFIXED, XMLNS};
use super::reference::Ref;
use super::walk::{Trouble, Walk};
use crate::pyraw::element::Element;

/// The child of an element read by layout, lent by it; `None` behind the last.
#[inline(always)]
pub fn child(element: &Ref, index: usize) -> Option<*mut ffi::PyObject> {
    // SAFETY: an exact element, whose layout was tested, alive; the count is read each time.
    unsafe {
        let extra = (*element.ptr().cast::<Element>()).extra;
        if extra.is_null() || index >= (*extra).length.cast_unsigned() {
            return None;
        }
        Some(*(*extra).children.add(index))
    }
}

/// Is this a str of no subclass, or None? (The lowest bit marks a list that is still to be joined.)
#[inline(always)]
unsafe fn is_plain(object: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller's object is alive where it is one.
    object.addr() & 1 == 0 && unsafe { object == ffi::Py_None() || ffi::PyUnicode_CheckExact(object) != 0 }
}

impl Walk<'_> {
    /// Writes a child as far as its own children. It stays its parent's until Python code can run.
    #[inline(always)]
    pub fn start_raw(&mut self, child: *mut ffi::PyObject) -> Result<(), Trouble> {
        // SAFETY: `child` is an object that its parent keeps. Where it is an exact element its layout was tested; it is
        // read only while no Python code has run since it was found, and kept before any can.
        unsafe {
            let element = child.cast::<Element>();
            let exact = ffi::Py_TYPE(child).cast() == self.known.element.ptr();
            if !exact || ffi::PyUnicode_CheckExact((*element).tag) == 0 {
                return self.start_apart(child);
            }
            let (text, tail, extra) = ((*element).text, (*element).tail, (*element).extra);
            if !is_plain(text) || !is_plain(tail) {
                return self.start_apart(child);
            }
            self.check_depth()?;
            let tag = Ref::lend((*element).tag);
            let spelled = self.open_tag(&tag)?;
            let (mut children, mut attributes) = (0, std::ptr::null_mut());
            if !extra.is_null() {
                children = (*extra).length;
                attributes = (*extra).attributes;
            }
            let any = !attributes.is_null() && (*attributes.cast::<ffi::PyDictObject>()).ma_used != 0;
            let unusual = spelled.flags & COLON != 0 && self.options.checked();
            if unusual || any && !self.raw_attributes(attributes)? {
                // From here on Python code may run, if only that of a collector's finalizers.
                let (element, tag) = (Ref::keep(child), (*tag).clone());
                self.attributes(&element, Access::Raw, &tag, spelled)?;
                return self.content(element, Access::Raw, tag, spelled);
            }
            let has_text = text != ffi::Py_None() && (*text.cast::<ffi::PyASCIIObject>()).length != 0;
            if self.options.html || !has_text && children == 0 && !self.options.short_empty {
                return self.content(Ref::keep(child), Access::Raw, (*tag).clone(), spelled);
            }
            if !has_text && children == 0 {
                let written = self.out.put(*b" />");
                self.done(written)?;
                self.scope_end();
                return self.text(&Ref::lend(tail), Context::Text);
            }
            let written = self.out.put([b'>']);
            self.done(written)?;
            if has_text {
                self.string(&Ref::lend(text), Context::Text)?;
            }
            if children != 0 {
                return self.push(Ref::keep(child), Access::Raw, Some((*tag).clone()), spelled.flags);
            }
            self.end_tag(&tag)?;
            self.scope_end();
            self.text(&Ref::lend(tail), Context::Text)
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn start_apart(&mut self, child: *mut ffi::PyObject) -> Result<(), Trouble> {
        // SAFETY: alive, and kept from here on.
        self.start(unsafe { Ref::keep(child) })
    }

    /// Writes the attributes in a dict; false, with nothing written, where one is no plain str or needs a look at the others.
    ///
    /// # Safety
    /// The dict is alive, and stays so while no Python code runs.
    #[inline(always)]
    unsafe fn raw_attributes(&mut self, attributes: *mut ffi::PyObject) -> Result<bool, Trouble> {
        let (mut position, mut key, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
        let start = self.out.used();
        let unusual = match self.options.checked() {
            true if self.splice.is_none() => COLON | BARE | XMLNS | PREFIXED,
            true => COLON | BARE | XMLNS,
            false => 0,
        };
        // SAFETY: the dict is alive; strs are written without Python code.
        unsafe {
            while ffi::PyDict_Next(attributes, &raw mut position, &raw mut key, &raw mut value) != 0 {
                let plain = ffi::PyUnicode_CheckExact(key) != 0 && ffi::PyUnicode_CheckExact(value) != 0;
                if !plain {
                    self.out.truncate(start);
                    return Ok(false);
                }
                let (key, value) = (Ref::lend(key), Ref::lend(value));
                let name = self.names.spell(&key, &self.known.prefixes).and_then(|name| self.names.check(name));
                let name = name.map_err(|trouble| self.at(&key, trouble))?;
                if name.flags & unusual != 0 {
                    self.out.truncate(start);
                    return Ok(false);
                }
                let written = self.names.put(&mut self.out, [b' '], name, *b"=\"");
                self.done(written)?;
                self.value(&value).map_err(|trouble| self.at(&key, trouble))?;
                let written = self.out.put([b'"']);
                self.done(written)?;
            }
        }
        Ok(true)
    }
}
