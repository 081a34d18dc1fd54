//! Lists whose items move in as a block: made of known items, or extended while a wide array is read.

use pyo3::ffi;

/// A new list of these references, which move into it; null with MemoryError set, and they stay where they were.
///
/// # Safety
/// The caller is attached and [`super::on`] is true (or the self-test asks); the items are owned.
#[inline(always)]
pub unsafe fn build(items: &[*mut ffi::PyObject]) -> *mut ffi::PyObject {
    // SAFETY: attached; the list is new and empty.
    unsafe {
        let list = ffi::PyList_New(0);
        if list.is_null() || items.is_empty() {
            return list;
        }
        let block = ffi::PyMem_Malloc(size_of_val(items)).cast::<*mut ffi::PyObject>();
        if block.is_null() {
            ffi::Py_DECREF(list);
            return ffi::PyErr_NoMemory();
        }
        std::ptr::copy_nonoverlapping(items.as_ptr(), block, items.len());
        let fields = list.cast::<ffi::PyListObject>();
        (*fields).ob_item = block;
        (*fields).allocated = items.len().cast_signed();
        (*fields).ob_base.ob_size = items.len().cast_signed();
        list
    }
}

/// Moves references to the end of a list; false with MemoryError set, and they stay where they were.
///
/// # Safety
/// As for [`build`]; `list` is an exact list that nobody iterates or sorts.
pub unsafe fn extend(list: *mut ffi::PyObject, items: &[*mut ffi::PyObject]) -> bool {
    let list = list.cast::<ffi::PyListObject>();
    // SAFETY: attached; the list's block has room for `allocated` items, of which `ob_size` are there.
    unsafe {
        let length = (*list).ob_base.ob_size.cast_unsigned();
        let allocated = (*list).allocated.cast_unsigned();
        let wanted = length + items.len();
        if wanted > allocated && !resize(list, wanted.max(allocated + allocated / 2)) {
            return false;
        }
        std::ptr::copy_nonoverlapping(items.as_ptr(), (*list).ob_item.add(length), items.len());
        (*list).ob_base.ob_size = wanted.cast_signed();
    }
    true
}

/// Gives back what an extended list has room for beyond its items.
///
/// # Safety
/// As for [`extend`].
pub unsafe fn trim(list: *mut ffi::PyObject) {
    let list = list.cast::<ffi::PyListObject>();
    // SAFETY: attached; shrinking to the items there are. Where it fails the list is as it was.
    unsafe {
        let length = (*list).ob_base.ob_size.cast_unsigned();
        if length > 0 && (*list).allocated.cast_unsigned() > length && !resize(list, length) {
            ffi::PyErr_Clear();
        }
    }
}

/// Room for `allocated` items; false with MemoryError set and nothing changed.
unsafe fn resize(list: *mut ffi::PyListObject, allocated: usize) -> bool {
    // SAFETY: attached; the block is the list's own, from the same allocator, or null.
    unsafe {
        let block = match allocated.checked_mul(size_of::<*mut ffi::PyObject>()) {
            Some(bytes) => ffi::PyMem_Realloc((*list).ob_item.cast(), bytes),
            None => std::ptr::null_mut(),
        };
        if block.is_null() {
            ffi::PyErr_NoMemory();
            return false;
        }
        (*list).ob_item = block.cast();
        (*list).allocated = allocated.cast_signed();
    }
    true
}
