//! Keys: one str object for a key within a document, most often the one of the document before.
//!
//! A small table of short ASCII keys, shared by all decodes of the process, with their hashes computed. Each key knows
//! which one followed it last, so that a record like the one before is read by comparing, not by scanning. A key
//! that the table can't hold, or that another key of the same document drove out, lives in the document's own map, so
//! that equal keys of one document are always one object, as with the standard library. The table is bounded and is
//! never interned into: what an attacker sends is gone with the next collision.

use std::cell::UnsafeCell;
use std::collections::HashMap;

use pyo3::ffi;

use crate::text;

/// Sets of two slots.
const SETS: usize = 1024;
/// Longer keys are not worth comparing.
const LONGEST: usize = 64;

#[derive(Clone, Copy)]
struct Slot {
    key: *mut ffi::PyObject,
    hash: u32,
    /// The document that last asked for it.
    document: u32,
    /// The slot of the key that last followed this one.
    next: u16,
    length: u8,
    /// The key stands in a document as it is, without escapes.
    plain: bool,
}

const EMPTY: Slot = Slot { key: std::ptr::null_mut(), hash: 0, document: 0, next: 0, length: 0, plain: false };

impl Slot {
    /// The key's text.
    ///
    /// # Safety
    /// The slot holds a key, an ASCII str of `length` characters.
    #[inline(always)]
    unsafe fn text(&self) -> &[u8] {
        // SAFETY: the caller's promise.
        unsafe {
            let data = self.key.cast::<u8>().add(size_of::<ffi::PyASCIIObject>());
            std::slice::from_raw_parts(data, self.length.into())
        }
    }
}

struct Table(UnsafeCell<[Slot; 2 * SETS]>);

// SAFETY: touched only by threads that hold the interpreter's lock, which the module needs: it refuses to be imported
// by free-threaded builds. No Python code runs while a reference into it is held (a str has no finalizer).
unsafe impl Sync for Table {}

static TABLE: Table = Table(UnsafeCell::new([EMPTY; 2 * SETS]));

type Own = HashMap<Box<[u8]>, *mut ffi::PyObject>;

/// The keys of one document.
pub struct Keys {
    document: u32,
    /// The slot of the last key.
    last: u16,
    /// Keys that are not in the table; owned.
    own: Option<Box<Own>>,
}

struct Counter(UnsafeCell<u32>);
// SAFETY: as for the table.
unsafe impl Sync for Counter {}
static DOCUMENTS: Counter = Counter(UnsafeCell::new(0));

impl Keys {
    /// # Safety
    /// The caller is attached to the interpreter, here and in every other method.
    #[inline(always)]
    pub unsafe fn new() -> Self {
        let mut keys = Self { document: 0, last: 0, own: None };
        // SAFETY: attached.
        unsafe { keys.restart() };
        keys
    }

    /// Starts the next document.
    ///
    /// # Safety
    /// As for [`Keys::new`].
    #[inline(always)]
    pub unsafe fn restart(&mut self) {
        // SAFETY: attached, so no other thread is here.
        unsafe {
            let documents = &mut *DOCUMENTS.0.get();
            // After a wrap two documents may be taken for one, which costs a place in the map and nothing else.
            *documents = documents.wrapping_add(1);
            self.document = *documents;
            if self.own.is_some() {
                self.clear();
            }
        }
    }

    /// A new reference to the key that is expected next, if that is what stands in front of these bytes, with a quote
    /// behind it; else null.
    ///
    /// # Safety
    /// As for [`Keys::new`].
    #[inline(always)]
    pub unsafe fn expected(&mut self, ahead: &[u8]) -> (*mut ffi::PyObject, usize) {
        // SAFETY: attached; indices in the table are within it.
        unsafe {
            let table = &mut *TABLE.0.get();
            let next = table[usize::from(self.last) % (2 * SETS)].next;
            let slot = &mut table[usize::from(next) % (2 * SETS)];
            let length = usize::from(slot.length);
            if slot.plain && length < ahead.len() && ahead[length] == b'"' && same(&ahead[..length], slot.text()) {
                self.last = next;
                slot.document = self.document;
                ffi::Py_INCREF(slot.key);
                return (slot.key, length);
            }
            (std::ptr::null_mut(), 0)
        }
    }

    /// A new reference to the key; null with an exception set.
    ///
    /// # Safety
    /// As for [`Keys::new`]; `bytes` are what [`text::from_utf8`] takes, ASCII if so said.
    #[inline(always)]
    pub unsafe fn get(&mut self, bytes: &[u8], ascii: bool) -> *mut ffi::PyObject {
        if !ascii || bytes.len() > LONGEST {
            // SAFETY: the caller's promises.
            return unsafe { self.get_own(bytes) };
        }
        let hash = hash(bytes);
        let set = hash as usize % SETS * 2;
        // SAFETY: attached; the table's keys are ASCII str objects of the length noted, owned by the table.
        unsafe {
            let table = &mut *TABLE.0.get();
            for at in [set, set + 1] {
                let slot = &mut table[at];
                if slot.hash == hash
                    && usize::from(slot.length) == bytes.len()
                    && !slot.key.is_null()
                    && same(slot.text(), bytes)
                {
                    slot.document = self.document;
                    let key = slot.key;
                    ffi::Py_INCREF(key);
                    self.follow(at as u16);
                    return key;
                }
            }
            self.miss(set, hash, bytes)
        }
    }

    /// The key of this slot follows the last one.
    #[inline(always)]
    unsafe fn follow(&mut self, at: u16) {
        // SAFETY: attached.
        unsafe { (&mut *TABLE.0.get())[usize::from(self.last) % (2 * SETS)].next = at };
        self.last = at;
    }

    #[cold]
    #[inline(never)]
    unsafe fn miss(&mut self, set: usize, hash: u32, bytes: &[u8]) -> *mut ffi::PyObject {
        // SAFETY: attached; see `get`.
        unsafe {
            if let Some(found) = self.own.as_ref().and_then(|own| own.get(bytes)) {
                ffi::Py_INCREF(*found);
                return *found;
            }
            let key = text::from_ascii(bytes);
            if key.is_null() || ffi::PyObject_Hash(key) == -1 {
                return std::ptr::null_mut();
            }
            let table = &mut *TABLE.0.get();
            let at = if table[set].document == self.document && table[set + 1].document != self.document {
                set + 1
            } else {
                set
            };
            let old = table[at];
            ffi::Py_INCREF(key);
            let plain = !bytes.iter().any(|byte| matches!(byte, b'"' | b'\\' | ..0x20));
            table[at] = Slot { key, hash, document: self.document, next: old.next, length: bytes.len() as u8, plain };
            self.follow(at as u16);
            if !old.key.is_null() {
                if old.document == self.document {
                    if let Some(twice) = self.own.get_or_insert_default().insert(old.text().into(), old.key) {
                        ffi::Py_DECREF(twice);
                    }
                } else {
                    ffi::Py_DECREF(old.key);
                }
            }
            key
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn get_own(&mut self, bytes: &[u8]) -> *mut ffi::PyObject {
        // SAFETY: attached; the map owns a reference to each of its keys.
        unsafe {
            let own = self.own.get_or_insert_default();
            if let Some(found) = own.get(bytes) {
                ffi::Py_INCREF(*found);
                return *found;
            }
            let mut copy = Vec::new();
            if copy.try_reserve_exact(bytes.len()).is_err() || own.try_reserve(1).is_err() {
                return ffi::PyErr_NoMemory();
            }
            copy.extend_from_slice(bytes);
            let key = text::from_utf8(bytes);
            if !key.is_null() {
                ffi::Py_INCREF(key);
                own.insert(copy.into_boxed_slice(), key);
            }
            key
        }
    }

    /// The same keys for a forked document.
    ///
    /// # Safety
    /// As for [`Keys::new`].
    pub unsafe fn fork(&self) -> Self {
        if let Some(own) = &self.own {
            for key in own.values() {
                // SAFETY: attached; the map's keys are alive.
                unsafe { ffi::Py_INCREF(*key) };
            }
        }
        Self { document: self.document, last: self.last, own: self.own.clone() }
    }

    /// Drops the document's own keys.
    ///
    /// # Safety
    /// As for [`Keys::new`].
    #[inline(always)]
    pub unsafe fn clear(&mut self) {
        if self.own.is_some() {
            // SAFETY: attached.
            unsafe { self.clear_own() };
        }
    }

    #[cold]
    unsafe fn clear_own(&mut self) {
        if let Some(own) = self.own.take() {
            for key in own.into_values() {
                // SAFETY: attached; the reference was the map's.
                unsafe { ffi::Py_DECREF(key) };
            }
        }
    }
}

#[inline(always)]
fn read8(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

#[inline(always)]
fn read4(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |chunk| u64::from(u32::from_le_bytes(*chunk)))
}

/// Where a key goes: any spread will do, since a collision only costs a miss.
#[inline(always)]
fn hash(bytes: &[u8]) -> u32 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let length = bytes.len();
    let mixed = if length >= 8 {
        let middle = if length > 16 { read8(bytes, length / 2 - 4) } else { 0 };
        read8(bytes, 0) ^ read8(bytes, length - 8).rotate_left(29) ^ middle.rotate_left(47)
    } else if length >= 4 {
        read4(bytes, 0) | read4(bytes, length - 4) << 32
    } else if length > 0 {
        u64::from(bytes[0]) | u64::from(bytes[length / 2]) << 8 | u64::from(bytes[length - 1]) << 16
    } else {
        0
    };
    ((mixed ^ length as u64).wrapping_mul(MULTIPLIER) >> 32) as u32
}

/// Equality of equally long short slices, eight bytes at a time; a call would cost more than the comparison.
#[inline(always)]
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    let length = one.len();
    if length >= 8 {
        let mut at = 0;
        while at + 8 <= length {
            if read8(one, at) != read8(other, at) {
                return false;
            }
            at += 8;
        }
        return read8(one, length - 8) == read8(other, length - 8);
    }
    if length >= 4 {
        return read4(one, 0) == read4(other, 0) && read4(one, length - 4) == read4(other, length - 4);
    }
    length == 0 || (one[0] == other[0] && one[length / 2] == other[length / 2] && one[length - 1] == other[length - 1])
}
