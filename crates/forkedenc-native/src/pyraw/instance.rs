//! The attributes of instances that keep them beside the object, in an array whose places the instances of a class share:
//! written and read there, as the interpreter does once it knows the place. A class whose attributes have no such places
//! (too many, or slots) is left to the documented calls.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};

use super::dict::Table;

/// A table of keys whose values lie elsewhere.
const SHARED: u8 = 2;
#[cfg(Py_3_13)]
const INLINE: std::ffi::c_ulong = 1 << 2;

/// Set at import, once the self-test has found this layout too.
static ON: AtomicBool = AtomicBool::new(false);

/// May attributes be read and written by layout?
#[inline(always)]
pub fn on() -> bool {
    super::KNOWN && ON.load(Ordering::Relaxed)
}

/// The array of an instance's values; null where it has none, or no longer.
///
/// # Safety
/// The caller is attached; the object is alive and of a class that [`places`] has said yes to, or of a subclass.
#[inline(always)]
pub unsafe fn array(object: *mut ffi::PyObject) -> *mut *mut ffi::PyObject {
    // SAFETY: an object whose class has the flag has two words before the collector's, or the array behind its own memory.
    unsafe {
        #[cfg(Py_3_13)]
        {
            let class = ffi::Py_TYPE(object);
            let start = object.cast::<u8>().offset((*class).tp_basicsize);
            // Capacity, size, embedded, valid.
            if *start.add(3) == 0 { std::ptr::null_mut() } else { start.add(8).cast() }
        }
        #[cfg(all(Py_3_12, not(Py_3_13)))]
        {
            let tagged = *object.cast::<*mut u8>().sub(3);
            if tagged as usize & 1 == 0 { std::ptr::null_mut() } else { tagged.add(1).cast() }
        }
        #[cfg(not(Py_3_12))]
        {
            *object.cast::<*mut *mut ffi::PyObject>().sub(4)
        }
    }
}

/// Does a class keep its instances' attributes this way?
unsafe fn fits(class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: the caller's type object.
    unsafe {
        #[cfg(Py_3_13)]
        let flag = INLINE;
        #[cfg(not(Py_3_13))]
        let flag = ffi::Py_TPFLAGS_MANAGED_DICT;
        (*class).tp_flags & flag != 0 && (*class).tp_flags & ffi::Py_TPFLAGS_HEAPTYPE != 0
    }
}

/// The place of each attribute in the arrays of a class's instances; `None` while some have none.
///
/// # Safety
/// The caller is attached, and [`on`] is true or the self-test asks; the class is alive. The names are interned.
pub unsafe fn places(class: *mut ffi::PyTypeObject, names: &[*mut ffi::PyObject]) -> Option<Box<[u8]>> {
    // SAFETY: a heap type with the flag has a table of shared keys, whose entries, keys and values, follow its index.
    unsafe {
        if !fits(class) {
            return None;
        }
        let table = (*class.cast::<ffi::PyHeapTypeObject>()).ht_cached_keys.cast::<Table>();
        if table.is_null() || (*table).kind != SHARED {
            return None;
        }
        let entries = table.cast::<u8>().add(size_of::<Table>() + (1 << (*table).log2_index_bytes));
        let keys =
            std::slice::from_raw_parts(entries.cast::<[*mut ffi::PyObject; 2]>(), (*table).entries.cast_unsigned());
        names
            .iter()
            .map(|name| keys.iter().position(|[key, _]| key == name).and_then(|at| u8::try_from(at).ok()))
            .collect()
    }
}

/// Puts a value where a new instance has none yet. The reference moves.
///
/// # Safety
/// As for [`array`]; `place` is one of [`places`] of this very class, and empty. False: the object has no array, and nothing was done.
#[inline(always)]
pub unsafe fn put(object: *mut ffi::PyObject, place: u8, value: *mut ffi::PyObject) -> bool {
    // SAFETY: the array of a new instance has a place for every shared key, and room to note the order of all.
    unsafe {
        let values = array(object);
        if values.is_null() {
            return false;
        }
        *values.add(place.into()) = value;
        #[cfg(Py_3_13)]
        {
            let head = values.cast::<u8>().sub(8);
            let order = values.add(usize::from(*head)).cast::<u8>();
            let size = head.add(1);
            *order.add(usize::from(*size)) = place;
            *size += 1;
        }
        #[cfg(not(Py_3_13))]
        {
            let size = values.cast::<u8>().sub(2);
            *size += 1;
            *size.sub(usize::from(*size)) = place;
        }
        true
    }
}

/// The value at a place, borrowed; null where there is none, or the attributes are elsewhere.
///
/// # Safety
/// As for [`put`], of any instance of exactly that class.
#[inline(always)]
pub unsafe fn get(object: *mut ffi::PyObject, place: u8) -> *mut ffi::PyObject {
    // SAFETY: as the caller's.
    unsafe {
        let values = array(object);
        if values.is_null() { values.cast() } else { *values.add(place.into()) }
    }
}

/// Looks at instances of a new class, made both ways.
pub(super) fn find(py: Python<'_>) -> PyResult<()> {
    ON.store(super::KNOWN && looks_right(py)?, Ordering::Relaxed);
    Ok(())
}

fn looks_right(py: Python<'_>) -> PyResult<bool> {
    let members = PyDict::new(py);
    let class = py.get_type::<PyType>().call1(("Attributes", (), members))?.cast_into::<PyType>()?;
    let names: Vec<_> = ["a", "b", "c"].iter().map(|name| PyString::intern(py, name)).collect();
    let pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
    let values: Vec<Bound<'_, PyAny>> = (0..3).map(|_| PyList::empty(py).into_any()).collect();
    let theirs = class.call0()?;
    for (name, value) in names.iter().zip(&values) {
        theirs.setattr(name, value)?;
    }
    // SAFETY: attached; the self-test asks, of a new class and instances of its own.
    unsafe {
        let Some(places) = places(class.as_type_ptr(), &pointers) else { return Ok(false) };
        if *places != [0, 1, 2] {
            return Ok(false);
        }
        for (place, value) in places.iter().zip(&values) {
            if get(theirs.as_ptr(), *place) != value.as_ptr() {
                return Ok(false);
            }
        }
        let Some(new) = (*class.as_type_ptr()).tp_new else { return Ok(false) };
        let none = PyTuple::empty(py);
        let ours = Bound::from_owned_ptr_or_err(py, new(class.as_type_ptr(), none.as_ptr(), std::ptr::null_mut()))?;
        for (place, value) in places.iter().zip(&values).rev() {
            if !get(ours.as_ptr(), *place).is_null() || !put(ours.as_ptr(), *place, value.clone().into_ptr()) {
                return Ok(false);
            }
        }
        for (name, value) in names.iter().zip(&values) {
            if !ours.getattr(name)?.is(value) {
                return Ok(false);
            }
        }
        // The order is the one in which they came, and all goes on from here.
        ours.setattr("d", 4)?;
        ours.delattr("b")?;
        let all = ours.getattr("__dict__")?.cast_into::<PyDict>()?;
        let order: Vec<String> = all.keys().extract()?;
        // With a dict of its own there is an array no more, or it is the dict's.
        let expected = PyDict::new(py);
        for (name, value) in [("c", &values[2]), ("a", &values[0])] {
            expected.set_item(name, value)?;
        }
        expected.set_item("d", 4)?;
        Ok(order == ["c", "a", "d"] && all.eq(expected)?)
    }
}
