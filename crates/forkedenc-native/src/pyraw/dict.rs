//! A dict of known members, built with its table of keys in one go.
//!
//! The table is the one that setting the members one by one ends in: the smallest that holds them, with the same index.
//! Where two keys are equal nothing is built, and the documented calls say which of them stays.

use pyo3::ffi;

/// How a dict's table of keys begins. The index follows, then the entries: in a general table a hash, then a key and a
/// value each.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Table {
    references: isize,
    log2_size: u8,
    pub log2_index_bytes: u8,
    pub kind: u8,
    version: u32,
    usable: isize,
    pub entries: isize,
}

const _: () = assert!(size_of::<Table>() == 32 && std::mem::offset_of!(Table, version) == 12);

/// A dict.
#[repr(C)]
pub(super) struct Dict {
    head: super::Head,
    pub used: isize,
    /// A new dict's, which no cache has seen yet.
    version: u64,
    pub table: *mut Table,
    /// Null in a dict that has its values in the table.
    pub values: *mut ffi::PyObject,
}

#[cfg(not(any(PyPy, GraalPy)))]
const _: () = assert!(
    !super::KNOWN
        || (size_of::<Dict>() == size_of::<ffi::PyDictObject>()
            && std::mem::offset_of!(Dict, used) == std::mem::offset_of!(ffi::PyDictObject, ma_used)
            && std::mem::offset_of!(Dict, table) == std::mem::offset_of!(ffi::PyDictObject, ma_keys)
            && std::mem::offset_of!(Dict, values) == std::mem::offset_of!(ffi::PyDictObject, ma_values))
);

/// A table for keys of any type, each with its hash before it.
pub const GENERAL: u8 = 0;
/// A table whose keys are all exact strs, which keep their hashes themselves. Kinds past it share their keys.
pub const UNICODE: u8 = 1;
/// The smallest table has eight slots.
const SMALLEST: u32 = 3;
/// More members than this are left to the documented calls: slots of the index have at most four bytes.
const MOST: usize = 1 << 28;

/// Binary logarithms of a table's slots and of its index's bytes.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    log2_size: u32,
    log2_index_bytes: u32,
}

impl Shape {
    /// The smallest table for `count` members, of which there are some, up to [`MOST`].
    #[inline(always)]
    pub fn of(count: usize) -> Self {
        // Two thirds of the slots may be used: 2^n slots hold `count` where 2^(n + 1) is at least three times as many.
        let log2_size = (usize::BITS - (3 * count - 1).leading_zeros() - 1).max(SMALLEST);
        let log2_slot_bytes = match log2_size {
            0..8 => 0,
            8..16 => 1,
            _ => 2,
        };
        Self { log2_size, log2_index_bytes: log2_size + log2_slot_bytes }
    }

    #[inline(always)]
    fn usable(self) -> usize {
        (2 << self.log2_size) / 3
    }

    /// Bytes of the whole table.
    #[inline(always)]
    pub fn bytes(self) -> usize {
        size_of::<Table>() + (1 << self.log2_index_bytes) + self.usable() * size_of::<[usize; 2]>()
    }
}

impl Table {
    /// The head of a new table with `count` entries.
    #[inline(always)]
    pub(super) fn new(shape: Shape, count: usize) -> Self {
        Self {
            references: 1,
            log2_size: shape.log2_size as u8,
            log2_index_bytes: shape.log2_index_bytes as u8,
            kind: UNICODE,
            version: 0,
            usable: (shape.usable() - count).cast_signed(),
            entries: count.cast_signed(),
        }
    }
}

/// What comes of members.
pub enum Built {
    /// A dict that owns the members' references, tracked by the collector as it has to be.
    Dict(*mut ffi::PyObject),
    /// Nothing has changed: keys are equal, or memory is out. The documented calls will find out.
    Nothing,
}

/// A new dict of members, each a key and a value.
///
/// # Safety
/// The caller is attached and [`super::on`] is true (or the self-test asks). `members` are owned references, in turns a key,
/// which is an exact str, and a value; their references move into the dict, if one is built.
#[inline(always)]
pub unsafe fn build(members: &[*mut ffi::PyObject]) -> Built {
    let count = members.len() / 2;
    if count == 0 || count > MOST {
        return Built::Nothing;
    }
    let shape = Shape::of(count);
    // SAFETY: attached. The table has room for its head, the index and the entries, by its shape; the dict that takes it
    // is new and empty, so that the shared empty table is all that it gives up.
    unsafe {
        let table = allocate(shape.bytes()).cast::<Table>();
        if table.is_null() {
            return Built::Nothing;
        }
        table.write(Table::new(shape, count));
        let (distinct, tracked) = match shape.log2_size {
            SMALLEST => fill::<i8>(table, SMALLEST, members),
            4..8 => fill::<i8>(table, shape.log2_size, members),
            8..16 => fill_wide::<i16>(table, shape.log2_size, members),
            _ => fill_wide::<i32>(table, shape.log2_size, members),
        };
        let dict = if distinct { ffi::PyDict_New().cast::<Dict>() } else { std::ptr::null_mut() };
        if dict.is_null() {
            return give_up(table);
        }
        leave_empty_table((*dict).table);
        (*dict).table = table;
        (*dict).used = count.cast_signed();
        if tracked {
            ffi::PyObject_GC_Track(dict.cast());
        }
        Built::Dict(dict.cast())
    }
}

#[cold]
unsafe fn give_up(table: *mut Table) -> Built {
    // SAFETY: attached; the table is ours and nobody has seen it.
    unsafe {
        ffi::PyErr_Clear();
        free(table.cast());
    }
    Built::Nothing
}

/// A slot of the index: the number of an entry, or minus one.
trait Slot: Copy {
    fn of(entry: usize) -> Self;
    /// The entry's number, if one is here.
    fn entry(self) -> Option<usize>;
}

macro_rules! slot {
    ($($slot:ty)*) => {$(
        impl Slot for $slot {
            #[inline(always)]
            fn of(entry: usize) -> Self {
                entry as Self
            }
            #[inline(always)]
            fn entry(self) -> Option<usize> {
                usize::try_from(self).ok()
            }
        }
    )*};
}
slot!(i8 i16 i32);

#[cold]
#[inline(never)]
unsafe fn fill_wide<S: Slot>(table: *mut Table, log2_size: u32, members: &[*mut ffi::PyObject]) -> (bool, bool) {
    // SAFETY: the caller's promises.
    unsafe { fill::<S>(table, log2_size, members) }
}

/// Writes the index and the entries. Are all keys different, and may a value be tracked by the collector?
///
/// # Safety
/// As for [`build`]; `table` has room for an index of `S` and the entries of that size, which are at least the members.
#[inline(always)]
unsafe fn fill<S: Slot>(table: *mut Table, log2_size: u32, members: &[*mut ffi::PyObject]) -> (bool, bool) {
    let size = 1_usize << log2_size;
    let mask = size - 1;
    let mut tracked = false;
    // SAFETY: places are masked, entries counted; keys are exact strs. The entries' numbers fit their slots, by the
    // table's shape.
    unsafe {
        let slots = table.add(1).cast::<S>();
        let entries = slots.add(size).cast::<[*mut ffi::PyObject; 2]>();
        slots.write_bytes(0xff, size);
        for (entry, member) in members.chunks_exact(2).enumerate() {
            let (key, value) = (member[0], member[1]);
            let hash = hash(key);
            let mut perturb = hash;
            let mut place = hash & mask;
            while let Some(earlier) = (*slots.add(place)).entry() {
                if equal(members[2 * earlier], key, hash) {
                    return (false, tracked);
                }
                perturb >>= 5;
                place = place.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & mask;
            }
            *slots.add(place) = S::of(entry);
            *entries.add(entry) = [key, value];
            tracked = tracked || may_be_tracked(value);
        }
        for entry in members.len() / 2..(2 << log2_size) / 3 {
            *entries.add(entry) = [std::ptr::null_mut(); 2];
        }
    }
    (true, tracked)
}

/// The hash that a str keeps, computed if it is not there yet.
#[inline(always)]
unsafe fn hash(key: *mut ffi::PyObject) -> usize {
    // SAFETY: attached; an exact str, whose hash cannot fail.
    unsafe {
        debug_assert!(ffi::PyUnicode_CheckExact(key) != 0);
        let hash = (*key.cast::<ffi::PyASCIIObject>()).hash;
        if hash == -1 { ffi::PyObject_Hash(key) } else { hash }.cast_unsigned()
    }
}

/// Are these keys, the first of which has been hashed, equal?
#[inline(always)]
unsafe fn equal(earlier: *mut ffi::PyObject, key: *mut ffi::PyObject, hash: usize) -> bool {
    // SAFETY: attached; exact strs, whose comparison runs no other code.
    unsafe {
        earlier == key
            || ((*earlier.cast::<ffi::PyASCIIObject>()).hash.cast_unsigned() == hash
                && ffi::PyUnicode_Compare(earlier, key) == 0)
    }
}

/// Must a dict with this value be tracked? The interpreter's own rule: what is no object of the collector's need not,
/// nor a tuple that is untracked itself.
#[inline(always)]
unsafe fn may_be_tracked(value: *mut ffi::PyObject) -> bool {
    // SAFETY: attached; the value is alive.
    unsafe { ffi::PyType_IS_GC(ffi::Py_TYPE(value)) != 0 && collected(value) }
}

#[inline(always)]
unsafe fn collected(value: *mut ffi::PyObject) -> bool {
    // SAFETY: attached; the value is alive.
    unsafe {
        ffi::PyDict_CheckExact(value) != 0
            || ffi::PyList_CheckExact(value) != 0
            || (ffi::PyObject_IS_GC(value) != 0
                && (ffi::PyTuple_CheckExact(value) == 0 || ffi::PyObject_GC_IsTracked(value) != 0))
    }
}

/// Memory for a table, from where the interpreter will give it back to.
#[inline(always)]
unsafe fn allocate(bytes: usize) -> *mut u8 {
    // SAFETY: attached.
    unsafe { if cfg!(Py_3_13) { ffi::PyMem_Malloc(bytes) } else { ffi::PyObject_Malloc(bytes) }.cast() }
}

unsafe fn free(memory: *mut u8) {
    // SAFETY: attached; from `allocate`.
    unsafe { if cfg!(Py_3_13) { ffi::PyMem_Free(memory.cast()) } else { ffi::PyObject_Free(memory.cast()) } }
}

/// Gives up an empty dict's reference to the table that all of them share. From 3.12 on it is immortal.
#[inline(always)]
unsafe fn leave_empty_table(empty: *mut Table) {
    if cfg!(not(Py_3_12)) {
        // SAFETY: attached; the table has a reference of its own beside the dicts', so it is never the last.
        unsafe { (*empty).references -= 1 };
    }
}
