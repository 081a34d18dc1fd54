//! Python's strs of a document's names, by their numbers, and of values that come again and again.
//!
//! A name's str is made once, its hash with it, and lives as long as the ids of its [`Names`] mean the same. Short values
//! and white space go through a small table; what a newer one displaces is forgotten. Nothing is interned: the
//! input chooses what is here.

use std::cell::UnsafeCell;

use forkedenc_core::xml::{ExpandedId, NameId, Names, UriId};
use pyo3::ffi;

use crate::text;

type Object = *mut ffi::PyObject;

/// Slots for values.
const SLOTS: usize = 256;
/// Values up to this length are looked up, white space up to twice that.
const SHORT: usize = 16;

#[derive(Clone, Copy)]
struct Slot {
    /// The first and the last bytes of the value: all of them, since it is short.
    head: [u64; 4],
    length: usize,
    object: Object,
}

const EMPTY: Slot = Slot { head: [0; 4], length: 0, object: std::ptr::null_mut() };

struct Values(UnsafeCell<[Slot; SLOTS]>);

// SAFETY: touched only by `value`, whose callers hold the interpreter's lock; no Python code runs while a reference into it is
// held (a str has no finalizer).
unsafe impl Sync for Values {}

static VALUES: Values = Values(UnsafeCell::new([EMPTY; SLOTS]));

/// Strs of names by id. It must be used and dropped by a thread that is attached to the interpreter.
#[derive(Default)]
pub struct Strings {
    generation: u64,
    expanded: Vec<Object>,
    written: Vec<Object>,
    uris: Vec<Object>,
    scratch: Vec<u8>,
}

// SAFETY: the pointers are owned references, which any thread that holds the interpreter's lock may use.
unsafe impl Send for Strings {}
// SAFETY: there is nothing to be done with a shared reference.
unsafe impl Sync for Strings {}

impl Drop for Strings {
    fn drop(&mut self) {
        self.forget();
    }
}

impl Strings {
    /// To be called before a document is read: drops the strs of names whose ids mean something else now.
    #[inline]
    pub fn begin(&mut self, names: &Names) {
        if self.generation != names.generation() {
            self.forget();
            self.generation = names.generation();
        }
    }

    /// The ids of namespaces and of expanded names mean something else from now on, in the middle of a document.
    #[cold]
    pub fn ids_end(&mut self) {
        self.forget();
        // No table's: the document that goes on, or the next one, starts anew.
        self.generation = 0;
    }

    fn forget(&mut self) {
        for table in [&mut self.expanded, &mut self.written, &mut self.uris] {
            for object in table.drain(..) {
                // SAFETY: attached; the table owns its objects. A str has no finalizer that could come here.
                unsafe { ffi::Py_XDECREF(object) };
            }
        }
    }

    /// `{uri}local`, borrowed: valid until [`Strings::begin`]. Null with an exception set.
    ///
    /// # Safety
    /// The caller is attached; `names` are those that [`Strings::begin`] was told of. Likewise for the methods below.
    #[inline(always)]
    pub unsafe fn expanded(&mut self, names: &Names, id: ExpandedId) -> Object {
        match self.expanded.get(id.0 as usize) {
            Some(object) if !object.is_null() => *object,
            // SAFETY: the caller's promise.
            _ => unsafe { self.make_expanded(names, id) },
        }
    }

    #[cold]
    unsafe fn make_expanded(&mut self, names: &Names, id: ExpandedId) -> Object {
        self.scratch.clear();
        names.write_expanded(id, &mut self.scratch);
        // SAFETY: attached.
        unsafe { make(&mut self.expanded, id.0, &self.scratch) }
    }

    /// A name as written, or a prefix, borrowed. Null with an exception set.
    ///
    /// # Safety
    /// See [`Strings::expanded`].
    #[inline(always)]
    pub unsafe fn written(&mut self, names: &Names, id: NameId) -> Object {
        match self.written.get(id.0 as usize) {
            Some(object) if !object.is_null() => *object,
            // SAFETY: attached.
            _ => unsafe { make(&mut self.written, id.0, names.written(id)) },
        }
    }

    /// A namespace URI, `""` for none, borrowed. Null with an exception set.
    ///
    /// # Safety
    /// See [`Strings::expanded`].
    #[inline(always)]
    pub unsafe fn uri(&mut self, names: &Names, id: UriId) -> Object {
        match self.uris.get(id.0 as usize) {
            Some(object) if !object.is_null() => *object,
            // SAFETY: attached.
            _ => unsafe { make(&mut self.uris, id.0, names.uri(id)) },
        }
    }

    /// [`value`].
    ///
    /// # Safety
    /// As for [`value`].
    #[inline(always)]
    #[expect(clippy::unused_self, reason = "whoever makes strs has one of these")]
    pub unsafe fn text(&mut self, bytes: &[u8]) -> Object {
        // SAFETY: the caller's promises.
        unsafe { value(bytes) }
    }
}

/// A text or value of the document, as a new reference. Null with an exception set.
///
/// # Safety
/// The caller is attached; `bytes` are UTF-8 that the core has checked.
#[inline(always)]
pub unsafe fn value(bytes: &[u8]) -> Object {
    // SAFETY: the caller's promises.
    unsafe {
        if bytes.len() > SHORT && (bytes.len() > 2 * SHORT || !is_space(bytes)) || bytes.len() < 2 {
            // One character, or none, comes from the interpreter's own table.
            return text::from_utf8(bytes);
        }
        let head = head_of(bytes);
        let slot = &mut (*VALUES.0.get())[slot_of(head, bytes.len())];
        if slot.head == head && slot.length == bytes.len() {
            ffi::Py_INCREF(slot.object);
            return slot.object;
        }
        replace(slot, head, bytes)
    }
}

#[inline(never)]
unsafe fn replace(slot: &mut Slot, head: [u64; 4], bytes: &[u8]) -> Object {
    // SAFETY: attached, and checked UTF-8, as the caller promises. The slot owns its object.
    unsafe {
        let object = text::from_utf8(bytes);
        if !object.is_null() {
            ffi::Py_INCREF(object);
            let old = std::mem::replace(slot, Slot { head, length: bytes.len(), object });
            ffi::Py_XDECREF(old.object);
        }
        object
    }
}

/// Makes the str of an id, its hash with it, and keeps it.
#[cold]
#[inline(never)]
unsafe fn make(table: &mut Vec<Object>, id: u32, bytes: &[u8]) -> Object {
    let index = id as usize;
    // SAFETY: attached; names and URIs are UTF-8 that the core has checked.
    unsafe {
        if index >= table.len() {
            let more = index + 1 - table.len();
            if table.try_reserve(more).is_err() {
                return ffi::PyErr_NoMemory();
            }
            table.resize(index + 1, std::ptr::null_mut());
        }
        let object = text::from_utf8(bytes);
        if object.is_null() || ffi::PyObject_Hash(object) == -1 {
            ffi::Py_XDECREF(object);
            return std::ptr::null_mut();
        }
        table[index] = object;
        object
    }
}

/// All bytes are white space. (Nothing below U+0020 gets here but white space.)
#[inline(always)]
fn is_space(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte <= b' ')
}

#[inline(always)]
fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk))
}

#[inline(always)]
fn half(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |chunk| u64::from(u32::from_le_bytes(*chunk)))
}

/// The bytes of a short value, the ends of its words overlapping in the middle: with its length, all of it.
#[inline(always)]
fn head_of(bytes: &[u8]) -> [u64; 4] {
    let length = bytes.len();
    if length > SHORT {
        return [word(bytes), word(&bytes[8..]), word(&bytes[length - 16..]), word(&bytes[length - 8..])];
    }
    if length >= 8 {
        return [word(bytes), word(&bytes[length - 8..]), 0, 0];
    }
    if length >= 4 {
        return [half(bytes) | half(&bytes[length - 4..]) << 32, 0, 0, 0];
    }
    let pair = u64::from(bytes[0]) | u64::from(bytes[length / 2]) << 8 | u64::from(bytes[length - 1]) << 16;
    [pair, 0, 0, 0]
}

#[inline(always)]
fn slot_of(head: [u64; 4], length: usize) -> usize {
    let mixed = head[0] ^ head[1].rotate_left(29) ^ head[2].rotate_left(47) ^ head[3].rotate_left(13);
    let spread = (mixed ^ length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (spread >> 56) as usize % SLOTS
}
