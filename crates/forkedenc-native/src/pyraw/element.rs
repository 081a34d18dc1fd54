//! The elements of `xml.etree`, built by their layout: only in the versions that this room knows, and only after the
//! interpreter's own elements have been looked at, and elements made here have been compared with them.
//!
//! An element is allocated and tracked as any object of the collector. What it holds beside tag, text and tail, its attributes
//! and children, lies in a block of its own, made when there is something to hold. Children have room for four in
//! that block and then a block of their own, which grows as a list's.

use std::mem::offset_of;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};

type Object = *mut ffi::PyObject;

/// An element.
#[repr(C)]
pub struct Element {
    references: isize,
    class: *mut ffi::PyTypeObject,
    pub tag: Object,
    /// A str, None, or what user code put there; the lowest bit marks a list that is still to be joined.
    pub text: Object,
    pub tail: Object,
    pub extra: *mut Extra,
    weak: Object,
}

const INLINE: usize = 4;

/// What an element has beside its texts; null where it has nothing.
#[repr(C)]
pub struct Extra {
    /// A dict, or null where there was no need of one.
    pub attributes: Object,
    pub length: isize,
    allocated: isize,
    /// The places in this block, or a block of their own.
    pub children: *mut Object,
    inline: [Object; INLINE],
}

/// A new element, the last child of `parent` if there is one; a new reference, or null with an exception set.
///
/// # Safety
/// The caller is attached and [`usable`] was true for `class`; `tag` is alive, `parent` null or an exact element.
#[inline(always)]
pub unsafe fn make(class: *mut ffi::PyTypeObject, parent: Object, tag: Object) -> Object {
    // SAFETY: attached. Every field is written before anybody, the collector too, sees the element.
    unsafe {
        let element = ffi::PyObject_GC_New::<Element>(class);
        if element.is_null() {
            return element.cast();
        }
        let none = ffi::Py_None();
        (*element).tag = ffi::Py_NewRef(tag);
        (*element).text = ffi::Py_NewRef(none);
        (*element).tail = ffi::Py_NewRef(none);
        (*element).extra = std::ptr::null_mut();
        (*element).weak = std::ptr::null_mut();
        ffi::PyObject_GC_Track(element.cast());
        if !parent.is_null() && !append(parent, element.cast()) {
            ffi::Py_DECREF(element.cast());
            return std::ptr::null_mut();
        }
        element.cast()
    }
}

/// The block of an element, made if there is none; null with MemoryError set.
#[inline(always)]
unsafe fn extra(element: Object) -> *mut Extra {
    let element = element.cast::<Element>();
    // SAFETY: attached; an element, whose block is its own. The new one is written in full but for places without a child.
    unsafe {
        if !(*element).extra.is_null() {
            return (*element).extra;
        }
        let block = ffi::PyObject_Malloc(size_of::<Extra>()).cast::<Extra>();
        if block.is_null() {
            return ffi::PyErr_NoMemory().cast();
        }
        (*block).attributes = std::ptr::null_mut();
        (*block).length = 0;
        (*block).allocated = INLINE.cast_signed();
        (*block).children = (&raw mut (*block).inline).cast();
        (*element).extra = block;
        block
    }
}

/// Makes `child`, which stays the caller's, the last one of `parent`.
#[inline(always)]
unsafe fn append(parent: Object, child: Object) -> bool {
    // SAFETY: attached; both are alive, and there is room for `allocated` children.
    unsafe {
        let block = extra(parent);
        if block.is_null() || ((*block).length == (*block).allocated && !grow(block)) {
            return false;
        }
        *(*block).children.add((*block).length.cast_unsigned()) = ffi::Py_NewRef(child);
        (*block).length += 1;
    }
    true
}

/// Room for another child, as much as the interpreter would make; false with MemoryError set.
#[cold]
#[inline(never)]
unsafe fn grow(block: *mut Extra) -> bool {
    // SAFETY: attached; the children are in the block, or in one from the same allocator.
    unsafe {
        let length = (*block).length.cast_unsigned();
        let wanted = length + 1;
        let allocated = wanted + (wanted >> 3) + if wanted < 9 { 3 } else { 6 };
        let inline = (&raw mut (*block).inline).cast::<Object>();
        let bytes = allocated * size_of::<Object>();
        let children = if (*block).children == inline {
            let children = ffi::PyObject_Malloc(bytes).cast::<Object>();
            if !children.is_null() {
                std::ptr::copy_nonoverlapping(inline, children, length);
            }
            children
        } else {
            ffi::PyObject_Realloc((*block).children.cast(), bytes).cast()
        };
        if children.is_null() {
            ffi::PyErr_NoMemory();
            return false;
        }
        (*block).children = children;
        (*block).allocated = allocated.cast_signed();
    }
    true
}

/// Gives an element a dict of attributes, whose reference is taken; false with MemoryError set.
///
/// # Safety
/// As for [`make`]; `attributes` is an owned dict.
#[inline(always)]
pub unsafe fn set_attributes(element: Object, attributes: Object) -> bool {
    // SAFETY: attached; the block is the element's.
    unsafe {
        let block = extra(element);
        if block.is_null() {
            ffi::Py_DECREF(attributes);
            return false;
        }
        let old = std::mem::replace(&mut (*block).attributes, attributes);
        ffi::Py_XDECREF(old);
    }
    true
}

/// Sets text or tail, whose reference is taken.
///
/// # Safety
/// As for [`make`]; `text` is owned.
#[inline(always)]
pub unsafe fn set_text(element: Object, text: Object, tail: bool) {
    let element = element.cast::<Element>();
    // SAFETY: attached; an element owns what it holds, the mark in the lowest bit aside.
    unsafe {
        let place = if tail { &raw mut (*element).tail } else { &raw mut (*element).text };
        let old = std::mem::replace(&mut *place, text);
        ffi::Py_DECREF(old.map_addr(|address| address & !1));
    }
}

/// May elements of this class be built here?
pub fn usable(py: Python<'_>, class: &Bound<'_, PyType>) -> bool {
    // An exception says no as well: something is not as expected.
    super::on() && looks_right(py, class).unwrap_or(false)
}

/// Looks at what the interpreter makes, then compares.
fn looks_right<'py>(py: Python<'py>, class: &Bound<'py, PyType>) -> PyResult<bool> {
    let size: usize = class.getattr("__basicsize__")?.extract()?;
    let weak: usize = class.getattr("__weakrefoffset__")?.extract()?;
    let dict: usize = class.getattr("__dictoffset__")?.extract()?;
    let known = size == size_of::<Element>() && weak == offset_of!(Element, weak) && dict == 0;
    let test = Test { py, class };
    Ok(known && test.theirs()? && test.ours()? && test.changes()?)
}

struct Test<'a, 'py> {
    py: Python<'py>,
    class: &'a Bound<'py, PyType>,
}

impl<'py> Test<'_, 'py> {
    fn fields<'a>(element: &'a Bound<'py, PyAny>) -> &'a Element {
        // SAFETY: as large as the type says an element is.
        unsafe { &*element.as_ptr().cast::<Element>() }
    }

    fn block<'a>(element: &'a Bound<'py, PyAny>) -> Option<&'a Extra> {
        // SAFETY: null, or what `theirs` has looked at step by step.
        unsafe { Self::fields(element).extra.as_ref() }
    }

    /// What the interpreter's own elements look like.
    fn theirs(&self) -> PyResult<bool> {
        let (tag, text, tail) = (self.text("tag"), self.text("text"), self.text("tail"));
        let none = self.py.None();
        let element = self.class.call1((&tag,))?;
        let fields = Self::fields(&element);
        let fresh = fields.references == 1
            && fields.class == self.class.as_type_ptr()
            && fields.tag == tag.as_ptr()
            && fields.text == none.as_ptr()
            && fields.tail == none.as_ptr()
            && fields.extra.is_null()
            && fields.weak.is_null();
        element.setattr("text", &text)?;
        element.setattr("tail", &tail)?;
        let fields = Self::fields(&element);
        if !fresh || fields.text != text.as_ptr() || fields.tail != tail.as_ptr() || !fields.extra.is_null() {
            return Ok(false);
        }
        let mut children = Vec::new();
        for count in 1..40_usize {
            let child = self.class.call1((&tag,))?;
            element.call_method1("append", (&child,))?;
            children.push(child);
            let Some(block) = Self::block(&element) else { return Ok(false) };
            let room = block.allocated.cast_unsigned();
            if block.length.cast_unsigned() != count || room < count || room > 64 || !block.attributes.is_null() {
                return Ok(false);
            }
            let inline = std::ptr::eq(block.children, block.inline.as_ptr());
            // SAFETY: so many children are there, and at least one.
            let found = unsafe { std::slice::from_raw_parts(block.children, count) };
            if inline != (count <= INLINE)
                || !found.iter().zip(&children).all(|(found, child)| *found == child.as_ptr())
            {
                return Ok(false);
            }
        }
        let attributes = element.getattr("attrib")?;
        Ok(Self::block(&element).is_some_and(|block| block.attributes == attributes.as_ptr()))
    }

    fn text(&self, text: &str) -> Bound<'py, PyString> {
        PyString::new(self.py, text)
    }

    fn own(&self, object: Object) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: attached; a new reference, or null with an exception set.
        unsafe { Bound::from_owned_ptr_or_err(self.py, object) }
    }

    /// The same element twice: of our making, and of the interpreter's.
    fn pair(&self, count: usize) -> PyResult<[Bound<'py, PyAny>; 2]> {
        let (tag, text) = (self.text("tag"), self.text("some text"));
        let attributes = |number: usize| -> PyResult<Bound<'py, PyDict>> {
            let dict = PyDict::new(self.py);
            dict.set_item("key", number)?;
            Ok(dict)
        };
        let class = self.class.as_type_ptr();
        // SAFETY: attached; the self-test asks. Owned references are given away where they are taken.
        let ours = unsafe {
            let ours = self.own(make(class, std::ptr::null_mut(), tag.as_ptr()))?;
            set_text(ours.as_ptr(), text.clone().into_ptr(), false);
            for number in 0..count {
                let child = self.own(make(class, ours.as_ptr(), tag.as_ptr()))?;
                set_text(child.as_ptr(), text.clone().into_ptr(), true);
                if !set_attributes(child.as_ptr(), attributes(number)?.into_ptr()) {
                    return Err(PyErr::fetch(self.py));
                }
            }
            ours
        };
        let theirs = self.class.call1((&tag,))?;
        theirs.setattr("text", &text)?;
        for number in 0..count {
            let child = self.class.call1((&tag, attributes(number)?))?;
            child.setattr("tail", &text)?;
            theirs.call_method1("append", (child,))?;
        }
        Ok([ours, theirs])
    }

    fn ours(&self) -> PyResult<bool> {
        for count in [0, 1, 4, 5, 9, 40] {
            let [ours, theirs] = self.pair(count)?;
            if !self.same(&ours, &theirs)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn same(&self, ours: &Bound<'py, PyAny>, theirs: &Bound<'py, PyAny>) -> PyResult<bool> {
        let tracked = |object: &Bound<'py, PyAny>| {
            // SAFETY: attached; alive.
            unsafe { (ffi::PyObject_GC_IsTracked(object.as_ptr()), ffi::Py_REFCNT(object.as_ptr())) }
        };
        let sizes = |object: &Bound<'py, PyAny>| -> PyResult<(usize, usize)> {
            Ok((object.call_method0("__sizeof__")?.extract()?, object.len()?))
        };
        let alike = ours.get_type().is(theirs.get_type())
            && tracked(ours) == tracked(theirs)
            && sizes(ours)? == sizes(theirs)?
            && ["tag", "text", "tail", "attrib"].iter().try_fold(true, |same, name| -> PyResult<bool> {
                Ok(same && ours.getattr(*name)?.eq(theirs.getattr(*name)?)?)
            })?;
        if !alike {
            return Ok(false);
        }
        for at in 0..ours.len()? {
            let (ours, theirs) = (ours.get_item(at)?, theirs.get_item(at)?);
            if tracked(&ours) != tracked(&theirs) || sizes(&ours)? != sizes(&theirs)? {
                return Ok(false);
            }
            for name in ["tag", "text", "tail", "attrib"] {
                if !ours.getattr(name)?.eq(theirs.getattr(name)?)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Both go on in the same way when the interpreter works with them.
    fn changes(&self) -> PyResult<bool> {
        for count in [0, 1, 4, 5, 30] {
            let pair = self.pair(count)?;
            for element in &pair {
                for number in 0..7 {
                    let child = self.class.call1((self.text("more"),))?;
                    element.call_method1("insert", (number % 3, child))?;
                }
                let first = element.get_item(0)?;
                element.call_method1("remove", (first,))?;
                element.del_item(2)?;
                element.call_method1("set", ("another", "attribute"))?;
                element.setattr("text", self.py.None())?;
            }
            let [ours, theirs] = &pair;
            if !self.same(ours, theirs)? {
                return Ok(false);
            }
            let copy = ours.call_method0("__copy__")?;
            ours.call_method0("clear")?;
            if ours.len()? != 0 || copy.len()? != theirs.len()? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
