//! An owned reference: what lives across code that may run Python's.

use std::mem::ManuallyDrop;

use pyo3::ffi;

/// Dropped where the interpreter is attached, as everything in this room is.
pub struct Ref(*mut ffi::PyObject);

impl Ref {
    /// Takes over a new reference; `None` for null, with its exception still set.
    ///
    /// # Safety
    /// `object` is null or a reference that the caller owns.
    #[inline(always)]
    pub unsafe fn own(object: *mut ffi::PyObject) -> Option<Self> {
        // Not `then_some`, which would make one of null, and drop it.
        if object.is_null() { None } else { Some(Self(object)) }
    }

    /// A reference more to what someone else keeps.
    ///
    /// # Safety
    /// `object` is alive.
    #[inline(always)]
    pub unsafe fn keep(object: *mut ffi::PyObject) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { ffi::Py_NewRef(object) })
    }

    /// What someone else keeps for as long as this is used.
    ///
    /// # Safety
    /// `object` is alive, and stays so.
    #[inline(always)]
    pub unsafe fn lend(object: *mut ffi::PyObject) -> ManuallyDrop<Self> {
        ManuallyDrop::new(Self(object))
    }

    #[inline(always)]
    pub fn ptr(&self) -> *mut ffi::PyObject {
        self.0
    }

    #[inline(always)]
    pub fn is(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// Is this None?
    #[inline(always)]
    pub fn is_none(&self) -> bool {
        // SAFETY: a comparison of addresses.
        self.0 == unsafe { ffi::Py_None() }
    }

    /// Is this a str and of no subclass?
    #[inline(always)]
    pub fn is_exact_str(&self) -> bool {
        // SAFETY: the object is alive.
        unsafe { ffi::PyUnicode_CheckExact(self.0) != 0 }
    }

    #[inline(always)]
    pub fn is_str(&self) -> bool {
        // SAFETY: the object is alive.
        unsafe { ffi::PyUnicode_Check(self.0) != 0 }
    }
}

impl Clone for Ref {
    fn clone(&self) -> Self {
        // SAFETY: alive as long as this reference is.
        unsafe { Self::keep(self.0) }
    }
}

impl Drop for Ref {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: owned, and given up here.
        unsafe { ffi::Py_DECREF(self.0) };
    }
}
