//! The builder that makes Python objects, by documented calls, or by layout where [`crate::pyraw`] says that it may.
//!
//! Values lie on a stack that owns a reference to each. A container takes what lies above its mark when it closes. An
//! open container that has become wide is spilled: its values move into the list or dict they will end in, so the
//! stack stays short.

use forkedenc_core::json::builder::Member;
use forkedenc_core::json::number::careful;
use forkedenc_core::json::{Builder, Constant};
use forkedenc_core::path::SHOWN;
use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::{ffi, intern};

use super::keys::Keys;
use crate::pyraw;
use crate::schema::scalar::integer;
use crate::text;

/// What becomes of a key that stood in its object before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    Last,
    First,
    Error,
}

/// A container with more values than this on the stack is spilled when the stack is full.
const WIDE: usize = 1 << 15;
/// Keys of an object that are compared one by one before a set is made.
const FEW: usize = 8;

pub struct ObjectBuilder {
    /// Owned references; null where a typed builder keeps a place for a value that has not come.
    pub(super) values: Vec<*mut ffi::PyObject>,
    /// Where the open container's values begin.
    mark: usize,
    in_object: bool,
    /// Objects are wanted as pairs.
    pairs: bool,
    /// Wide containers: their mark and the list or dict that holds their first values.
    spilled: Vec<(usize, *mut ffi::PyObject)>,
    /// With `Duplicates::Error`, for objects of more than a few members: their mark and a set of their keys.
    seen: Vec<(usize, *mut ffi::PyObject)>,
    duplicates: Duplicates,
    keys: Keys,
    /// The most digits of an integer, where the interpreter's setting rules.
    pub interpreter_digits: bool,
    /// That setting, and whether the integer that crossed it is negative.
    pub too_many_digits: Option<(u64, bool)>,
}

// SAFETY: every method needs the interpreter's lock (obligation of `new`), and so does dropping: the objects that hold
// builders are Python objects.
unsafe impl Send for ObjectBuilder {}
// SAFETY: shared references are only read under that lock.
unsafe impl Sync for ObjectBuilder {}

impl ObjectBuilder {
    // In place: a builder that is moved after its fields were written stalls on every load.
    #[inline(always)]
    pub fn new(_: Python<'_>, duplicates: Duplicates, values: Vec<*mut ffi::PyObject>) -> Self {
        debug_assert!(values.is_empty());
        Self {
            values,
            mark: 0,
            in_object: false,
            pairs: false,
            spilled: Vec::new(),
            seen: Vec::new(),
            duplicates,
            // SAFETY: attached.
            keys: unsafe { Keys::new() },
            interpreter_digits: false,
            too_many_digits: None,
        }
    }

    /// The finished document.
    #[inline(always)]
    pub fn take<'py>(&mut self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        // SAFETY: attached; the stack's reference goes to the caller.
        unsafe {
            let value = Bound::from_owned_ptr_or_opt(py, self.values.pop()?);
            self.keys.restart();
            value
        }
    }

    /// Gives the empty stack back, for the next builder.
    #[inline(always)]
    pub fn release(&mut self) -> Vec<*mut ffi::PyObject> {
        self.abandon();
        std::mem::take(&mut self.values)
    }

    /// The builder of a forked document: the same values, its own open containers.
    pub fn fork(&self, py: Python<'_>) -> PyResult<Self> {
        let mut fork = Self::new(py, self.duplicates, Vec::new());
        fork.values.try_reserve(self.values.len()).map_err(|_| PyMemoryError::new_err(()))?;
        fork.mark = self.mark;
        fork.in_object = self.in_object;
        fork.interpreter_digits = self.interpreter_digits;
        // SAFETY: attached; every value is alive, and the copies are owned by the fork, which drops them on an early return.
        unsafe {
            fork.keys = self.keys.fork();
            for value in &self.values {
                ffi::Py_XINCREF(*value);
                fork.values.push(*value);
            }
            for (mark, container) in &self.spilled {
                let copy = if ffi::PyDict_CheckExact(*container) != 0 {
                    ffi::PyDict_Copy(*container)
                } else {
                    ffi::PyList_GetSlice(*container, 0, ffi::Py_ssize_t::MAX)
                };
                fork.spilled.push((*mark, owned(py, copy)?));
            }
            for (mark, set) in &self.seen {
                fork.seen.push((*mark, owned(py, ffi::PySet_New(*set))?));
            }
        }
        Ok(fork)
    }

    /// Puts a value on the stack; false where it is null, with an exception set.
    #[inline(always)]
    pub fn put(&mut self, value: *mut ffi::PyObject) -> bool {
        if value.is_null() {
            return false;
        }
        if self.values.len() == self.values.capacity() && !self.grow() {
            // SAFETY: attached; the reference was handed to us.
            unsafe { ffi::Py_DECREF(value) };
            return false;
        }
        self.values.push(value);
        true
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> bool {
        let spills = !self.in_object || (!self.pairs && self.duplicates != Duplicates::First);
        // A typed container's mark is past every place: it is never spilled.
        if spills && self.values.len().saturating_sub(self.mark) > WIDE {
            // SAFETY: attached.
            return unsafe { self.spill() };
        }
        let more = self.values.len().max(64);
        room(&mut self.values, more)
    }

    /// Moves the open container's complete values into the list or dict that it becomes.
    unsafe fn spill(&mut self) -> bool {
        let known = self.spilled.last().is_some_and(|(mark, _)| *mark == self.mark);
        // SAFETY: attached; each value's reference is moved or given up exactly once.
        unsafe {
            if !known {
                let container = if self.in_object { ffi::PyDict_New() } else { ffi::PyList_New(0) };
                if container.is_null() {
                    return false;
                }
                self.spilled.push((self.mark, container));
            }
            let Some(&(_, container)) = self.spilled.last() else { return false };
            if !self.in_object && pyraw::on() {
                let good = pyraw::list::extend(container, &self.values[self.mark..]);
                if good {
                    self.values.set_len(self.mark);
                }
                return good;
            }
            let mut moved = self.mark;
            let complete = self.values.len() - (self.values.len() - self.mark) % if self.in_object { 2 } else { 1 };
            let mut good = true;
            while good && moved < complete {
                let value = self.values[moved];
                if self.in_object {
                    good = ffi::PyDict_SetItem(container, value, self.values[moved + 1]) == 0;
                    if good {
                        ffi::Py_DECREF(value);
                        ffi::Py_DECREF(self.values[moved + 1]);
                        moved += 2;
                    }
                } else {
                    good = ffi::PyList_Append(container, value) == 0;
                    if good {
                        ffi::Py_DECREF(value);
                        moved += 1;
                    }
                }
            }
            self.values.drain(self.mark..moved);
            good
        }
    }

    /// The container at the top, taken off the stack; null with an exception set, the values then still on the stack.
    #[inline(always)]
    pub(super) unsafe fn list(&mut self, mark: usize) -> *mut ffi::PyObject {
        let count = self.values.len() - mark;
        // SAFETY: attached; the new list has room for `count` references, which move into it.
        unsafe {
            if !self.spilled.is_empty() && self.spilled.last().is_some_and(|(spilled, _)| *spilled == mark) {
                return self.unspill();
            }
            if pyraw::on() {
                let list = pyraw::list::build(&self.values[mark..]);
                if !list.is_null() {
                    self.values.set_len(mark);
                }
                return list;
            }
            let list = ffi::PyList_New(count.cast_signed());
            if !list.is_null() && count > 0 {
                let items = (*list.cast::<ffi::PyListObject>()).ob_item;
                std::ptr::copy_nonoverlapping(self.values.as_ptr().add(mark), items, count);
                self.values.set_len(mark);
            }
            list
        }
    }

    #[inline(always)]
    pub(super) unsafe fn dict(&mut self, mark: usize) -> *mut ffi::PyObject {
        // SAFETY: attached; references are moved or given up exactly once.
        unsafe {
            if !self.seen.is_empty() && self.seen.last().is_some_and(|(seen, _)| *seen == mark) {
                self.forget_seen();
            }
            if !self.spilled.is_empty() && self.spilled.last().is_some_and(|(spilled, _)| *spilled == mark) {
                return self.unspill();
            }
            if pyraw::on()
                && let pyraw::dict::Built::Dict(dict) = pyraw::dict::build(&self.values[mark..])
            {
                self.values.set_len(mark);
                return dict;
            }
            let dict = ffi::PyDict_New();
            if dict.is_null() {
                return dict;
            }
            let first = self.duplicates == Duplicates::First;
            let mut good = true;
            let mut moved = mark;
            while moved < self.values.len() {
                let (key, value) = (self.values[moved], self.values[moved + 1]);
                good = if first {
                    !ffi::PyDict_SetDefault(dict, key, value).is_null()
                } else {
                    ffi::PyDict_SetItem(dict, key, value) == 0
                };
                if !good {
                    break;
                }
                moved += 2;
            }
            if !good {
                ffi::Py_DECREF(dict);
                return std::ptr::null_mut();
            }
            for value in &self.values[mark..] {
                ffi::Py_DECREF(*value);
            }
            self.values.set_len(mark);
            dict
        }
    }

    #[cold]
    unsafe fn unspill(&mut self) -> *mut ffi::PyObject {
        // SAFETY: attached.
        unsafe {
            if !self.spill() {
                return std::ptr::null_mut();
            }
            let Some((_, container)) = self.spilled.pop() else { return std::ptr::null_mut() };
            if pyraw::on() && ffi::PyList_CheckExact(container) != 0 {
                pyraw::list::trim(container);
            }
            container
        }
    }

    #[cold]
    unsafe fn forget_seen(&mut self) {
        if let Some((_, set)) = self.seen.pop() {
            // SAFETY: attached; the reference was ours.
            unsafe { ffi::Py_DECREF(set) };
        }
    }

    /// With `Duplicates::Error`: is this key new in the object whose members begin at `mark`?
    #[cold]
    unsafe fn check_new(&mut self, mark: usize, key: *mut ffi::PyObject) -> Member {
        // SAFETY: attached; keys are str objects, so comparing and hashing them runs no other code.
        unsafe {
            let known = self.seen.last().is_some_and(|(seen, _)| *seen == mark);
            if !known {
                let count = self.values.len() - mark;
                if count < 2 * FEW {
                    for earlier in self.values[mark..].iter().step_by(2) {
                        match ffi::PyObject_RichCompareBool(*earlier, key, ffi::Py_EQ) {
                            0 => {}
                            1 => return Member::Duplicate,
                            _ => return Member::Failed,
                        }
                    }
                    return Member::Build;
                }
                let set = ffi::PySet_New(std::ptr::null_mut());
                if set.is_null() {
                    return Member::Failed;
                }
                self.seen.push((mark, set));
                for earlier in self.values[mark..].iter().step_by(2) {
                    if ffi::PySet_Add(set, *earlier) != 0 {
                        return Member::Failed;
                    }
                }
            }
            let Some(&(_, set)) = self.seen.last() else { return Member::Failed };
            match ffi::PySet_Contains(set, key) {
                0 if ffi::PySet_Add(set, key) == 0 => Member::Build,
                1 => Member::Duplicate,
                _ => Member::Failed,
            }
        }
    }

    /// Puts a key on the stack.
    #[inline(always)]
    fn put_key(&mut self, key: *mut ffi::PyObject) -> Member {
        self.put_key_above(self.mark, key)
    }

    /// Puts a key of the object whose members begin at `mark` on the stack.
    #[inline(always)]
    pub(super) fn put_key_above(&mut self, mark: usize, key: *mut ffi::PyObject) -> Member {
        if self.duplicates == Duplicates::Error {
            // SAFETY: attached; the key is ours, and given up where it is refused.
            unsafe {
                let answer = self.check_new(mark, key);
                if answer != Member::Build {
                    ffi::Py_DECREF(key);
                    return answer;
                }
            }
        }
        if self.put(key) { Member::Build } else { Member::Failed }
    }

    /// A key of the object whose members begin at `mark`, which is not the one this builder has open.
    #[inline]
    pub(super) fn key_above(&mut self, mark: usize, bytes: &[u8], ascii: bool) -> Member {
        // SAFETY: attached; the machine has checked the bytes.
        let key = unsafe { self.keys.get(bytes, ascii) };
        if key.is_null() { Member::Failed } else { self.put_key_above(mark, key) }
    }

    /// Puts a value, or the null of a place that stays empty, on the stack.
    pub(super) fn put_any(&mut self, value: *mut ffi::PyObject) -> bool {
        if !value.is_null() {
            return self.put(value);
        }
        let good = room(&mut self.values, 1);
        if good {
            self.values.push(value);
        }
        good
    }

    /// The dict of members from `mark` on whose keys are of any type.
    pub(super) unsafe fn dict_of_any(&mut self, mark: usize) -> *mut ffi::PyObject {
        // SAFETY: attached; every reference is taken off the stack and given up once, or moved by the dict.
        unsafe {
            if self.seen.last().is_some_and(|(seen, _)| *seen == mark) {
                self.forget_seen();
            }
            let dict = ffi::PyDict_New();
            let members: Vec<_> = self.values.drain(mark..).collect();
            let mut good = !dict.is_null();
            for member in members.chunks_exact(2) {
                good = good
                    && match self.duplicates {
                        Duplicates::First => !ffi::PyDict_SetDefault(dict, member[0], member[1]).is_null(),
                        _ => ffi::PyDict_SetItem(dict, member[0], member[1]) == 0,
                    };
            }
            for value in members {
                ffi::Py_DECREF(value);
            }
            if !good {
                ffi::Py_XDECREF(dict);
                return std::ptr::null_mut();
            }
            dict
        }
    }

    pub(super) fn duplicates(&self) -> Duplicates {
        self.duplicates
    }

    /// A new str, or null with an exception set.
    ///
    /// # Safety
    /// Attached; the bytes are what the machine has checked.
    #[inline(always)]
    pub(super) unsafe fn text(bytes: &[u8], ascii: bool) -> *mut ffi::PyObject {
        // SAFETY: the caller's promise.
        unsafe {
            match ascii {
                true if bytes.len() > 1 && pyraw::on() => pyraw::scalar::ascii(bytes),
                true => text::from_ascii(bytes),
                false => text::from_utf8(bytes),
            }
        }
    }

    /// The key that lies at a place of the stack, as far as a path shows it.
    pub(super) fn key_at(&self, place: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Some(key) = self.values.get(place).filter(|key| !key.is_null()) {
            // SAFETY: attached; the value is alive. Only a str is read as one.
            unsafe {
                if ffi::PyUnicode_Check(*key) != 0 {
                    let units = text::Units::of(*key);
                    if !units.encode(0, units.len().min(SHOWN), &mut bytes) {
                        bytes.clear();
                    }
                }
            }
        }
        bytes
    }

    /// The value on top of the stack, within a document.
    pub fn pop<'py>(&mut self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        // SAFETY: attached; the stack's reference goes to the caller.
        unsafe { Bound::from_owned_ptr_or_opt(py, self.values.pop()?) }
    }

    /// An object whose members are wanted as they stand: it is never spilled into a dict.
    pub fn begin_pairs(&mut self) -> u64 {
        let mark = self.begin_object();
        self.pairs = true;
        mark
    }

    /// The values of the innermost container, from its mark on: for hooks that make something else of them.
    pub fn drain(&mut self, mark: u64) -> std::vec::Drain<'_, *mut ffi::PyObject> {
        self.values.drain(place(mark)..)
    }

    /// The container around the one that closed is the open one again.
    #[inline(always)]
    pub fn back_to(&mut self, outer: u64) {
        self.mark = place(outer);
        self.in_object = outer & 1 != 0;
    }
}

impl Drop for ObjectBuilder {
    fn drop(&mut self) {
        self.abandon();
    }
}

/// Room for more elements, or false with MemoryError set.
fn room<T>(vector: &mut Vec<T>, more: usize) -> bool {
    let room = vector.try_reserve(more).is_ok();
    if !room {
        // SAFETY: attached, as every builder.
        unsafe { ffi::PyErr_NoMemory() };
    }
    room
}

/// Where the values of the container with this mark begin; the mark's lowest bit tells objects from arrays.
#[inline(always)]
fn place(mark: u64) -> usize {
    (mark >> 1) as usize
}

unsafe fn owned(py: Python<'_>, object: *mut ffi::PyObject) -> PyResult<*mut ffi::PyObject> {
    if object.is_null() { Err(PyErr::fetch(py)) } else { Ok(object) }
}

impl Builder for ObjectBuilder {
    const CHECKS_TEXT: bool = true;
    const EXPECTS_KEYS: bool = true;

    #[inline(always)]
    fn null(&mut self) -> bool {
        // SAFETY: attached, as for every method here.
        self.put(unsafe { ffi::Py_NewRef(ffi::Py_None()) })
    }

    #[inline(always)]
    fn boolean(&mut self, value: bool) -> bool {
        // SAFETY: attached.
        self.put(unsafe { ffi::Py_NewRef(if value { ffi::Py_True() } else { ffi::Py_False() }) })
    }

    #[inline(always)]
    fn integer(&mut self, value: i64) -> bool {
        // SAFETY: attached.
        self.put(unsafe { if pyraw::on() { pyraw::scalar::int(value) } else { ffi::PyLong_FromLongLong(value) } })
    }

    #[cold]
    fn big_integer(&mut self, text: &[u8]) -> bool {
        // SAFETY: attached.
        let py = unsafe { Python::assume_attached() };
        let digits = text.len() - usize::from(text.first() == Some(&b'-'));
        if self.interpreter_digits && digits > 640 {
            match interpreter_limit(py) {
                Ok(limit) if limit > 0 && digits as u64 > limit => {
                    self.too_many_digits = Some((limit, text.first() == Some(&b'-')));
                    return false;
                }
                Ok(_) => {}
                Err(error) => {
                    error.restore(py);
                    return false;
                }
            }
        }
        match integer::parse(py, text) {
            Ok(value) => self.put(value.into_ptr()),
            Err(error) => {
                error.restore(py);
                false
            }
        }
    }

    #[inline(always)]
    fn float(&mut self, value: f64) -> bool {
        // SAFETY: attached.
        self.put(unsafe { if pyraw::on() { pyraw::scalar::float(value) } else { ffi::PyFloat_FromDouble(value) } })
    }

    fn number(&mut self, text: &[u8], integer: bool) -> bool {
        if !integer {
            return self.float(careful(text));
        }
        match std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()) {
            Some(value) => self.integer(value),
            None => self.big_integer(text),
        }
    }

    fn constant(&mut self, constant: Constant) -> bool {
        self.float(match constant {
            Constant::NaN => f64::NAN,
            Constant::Infinity => f64::INFINITY,
            Constant::NegativeInfinity => f64::NEG_INFINITY,
        })
    }

    #[inline(always)]
    fn string(&mut self, bytes: &[u8], ascii: bool) -> bool {
        // SAFETY: attached; the machine has checked the bytes.
        self.put(unsafe { Self::text(bytes, ascii) })
    }

    #[inline(always)]
    fn common_string(&mut self, bytes: &[u8]) -> Option<bool> {
        // SAFETY: attached.
        unsafe { text::from_common(bytes) }.map(|value| self.put(value))
    }

    #[inline(always)]
    fn expected_key(&mut self, ahead: &[u8]) -> Option<(usize, Member)> {
        // SAFETY: attached.
        let (key, length) = unsafe { self.keys.expected(ahead) };
        if key.is_null() { None } else { Some((length, self.put_key(key))) }
    }

    #[inline(always)]
    fn key(&mut self, bytes: &[u8], ascii: bool) -> Member {
        // SAFETY: attached; the machine has checked the bytes.
        unsafe {
            let key = self.keys.get(bytes, ascii);
            if key.is_null() { Member::Failed } else { self.put_key(key) }
        }
    }

    #[inline(always)]
    fn begin_array(&mut self) -> u64 {
        self.mark = self.values.len();
        self.in_object = false;
        (self.mark as u64) << 1
    }

    #[inline(always)]
    fn begin_object(&mut self) -> u64 {
        self.mark = self.values.len();
        self.in_object = true;
        (self.mark as u64) << 1 | 1
    }

    #[inline(always)]
    fn end_array(&mut self, mark: u64, outer: u64) -> bool {
        // SAFETY: attached.
        let list = unsafe { self.list(place(mark)) };
        self.back_to(outer);
        self.put(list)
    }

    #[inline(always)]
    fn end_object(&mut self, mark: u64, outer: u64) -> bool {
        // SAFETY: attached.
        let dict = unsafe { self.dict(place(mark)) };
        self.back_to(outer);
        self.put(dict)
    }

    fn member_key(&self, inner: Option<u64>) -> Vec<u8> {
        self.key_at(inner.map_or(self.values.len(), place).wrapping_sub(1))
    }

    #[inline]
    fn abandon(&mut self) {
        if !self.values.is_empty() || !self.spilled.is_empty() || !self.seen.is_empty() {
            self.drop_values();
        }
        self.mark = 0;
        // SAFETY: attached.
        unsafe { self.keys.clear() };
    }
}

impl ObjectBuilder {
    #[cold]
    fn drop_values(&mut self) {
        // SAFETY: attached; every reference is the builder's. They are taken out first: a finalizer may run Python code.
        unsafe {
            let values = std::mem::take(&mut self.values);
            for value in &values {
                ffi::Py_XDECREF(*value);
            }
            for (_, container) in std::mem::take(&mut self.spilled).into_iter().chain(std::mem::take(&mut self.seen)) {
                ffi::Py_DECREF(container);
            }
            self.values = values;
            self.values.clear();
        }
    }
}

/// `sys.get_int_max_str_digits()`; 0 is no limit.
#[cold]
pub fn interpreter_limit(py: Python<'_>) -> PyResult<u64> {
    py.import(intern!(py, "sys"))?.call_method0(intern!(py, "get_int_max_str_digits"))?.extract()
}
